"""Identities and inequalities are proved, refuted with a point, or left undecided."""

import pytest
import sympy as sp

from gradproof.theory.evidence import Outcome
from gradproof.theory.field import Interval
from gradproof.theory.symbolic import Identity, Inequality

x, y = sp.symbols("x y", positive=True)


def test_a_true_identity_is_proved():
    assert Identity((x + y) ** 2 - x**2 - 2 * x * y - y**2).decide()[0] is Outcome.PROVED
    assert Identity(1 / (sp.sqrt(x + 1) - sp.sqrt(x)) - sp.sqrt(x + 1) - sp.sqrt(x)).decide()[0] is Outcome.PROVED


@pytest.mark.parametrize("factor", [sp.Rational(99, 100), sp.Rational(1001, 1000), -1])
def test_a_false_identity_is_refuted_with_a_point(factor):
    outcome, reason = Identity(factor * (x + y) ** 2 - x**2 - 2 * x * y - y**2, "square").decide()
    assert outcome is Outcome.REFUTED
    assert "square fails at x =" in reason


def test_points_do_not_keep_integers_at_one_distance():
    """n - f is one at no more than one of the points: powers of it are told apart."""
    f, n = sp.symbols("f n", integer=True, positive=True)
    assert Identity(sp.sqrt(n - f) - 1 / sp.sqrt(n - f)).decide()[0] is Outcome.REFUTED
    assert Identity(sp.sqrt(n) / (n - f - 1) - 1).decide()[0] is Outcome.REFUTED


def test_an_identity_that_algebra_cannot_decide_is_not_proved():
    f = sp.Function("f")
    assert Identity(f(x) - f(y)).decide()[0] is Outcome.UNDECIDED


DOMAIN = (Interval("x", "0", "1"), Interval("y"))


def test_inequalities():
    assert Inequality(1 - x + y, DOMAIN, strict=True).decide()[0] is Outcome.PROVED
    assert Inequality((x - y) ** 2, DOMAIN).decide()[0] is Outcome.PROVED
    outcome, reason = Inequality(x - y, DOMAIN, what="order").decide()
    assert outcome is Outcome.REFUTED
    assert "order fails at" in reason
    # a root inside the domain that no sample point meets: undecided, never proved
    assert Inequality((x - sp.Rational(2, 7)) * (x - sp.Rational(3, 7)), DOMAIN).decide()[0] is not Outcome.PROVED
    assert Inequality(sp.sqrt(x), DOMAIN).decide()[0] is Outcome.UNDECIDED
