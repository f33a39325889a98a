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


# --- by symbol objects, not by text ---------------------------------------------------------------------------------

POSITIVE = (Interval("E"), Interval("pi"), Interval("oo1"), Interval("x"))
e_, pi_ = sp.symbols("E pi")


def test_number_symbols_are_no_parameters_of_their_names():
    """``E - e`` with the number e is not 0 on E in (0, inf)."""
    for expression in (e_ - sp.E, sp.E - e_, pi_ - sp.pi, sp.pi, sp.I, sp.EulerGamma, sp.GoldenRatio, sp.E**2):
        for strict in (False, True):
            outcome, reason = Inequality(expression, POSITIVE, strict=strict).decide()
            assert outcome is Outcome.UNDECIDED
            assert "\n" not in reason
    assert Inequality(e_ - e_ / 2, POSITIVE, strict=True).decide()[0] is Outcome.PROVED  # a parameter may be called E
    assert Inequality("E - E/2", POSITIVE, strict=True).decide()[0] is Outcome.PROVED


@pytest.mark.parametrize("expression", [sp.true, sp.Matrix([x])])
def test_what_is_no_number_is_no_side_of_an_inequality(expression):
    with pytest.raises(TypeError, match="give a sympy expression or a text"):
        Inequality(expression, POSITIVE)


@pytest.mark.parametrize("expression", [sp.oo, -sp.oo, sp.zoo, sp.nan, sp.Float("0.5"), sp.sqrt(2), sp.Max(x, y)])
def test_what_is_no_rational_function_is_left_in_one_line(expression):
    outcome, reason = Inequality(expression, DOMAIN).decide()
    assert outcome is Outcome.UNDECIDED
    assert "\n" not in reason


def test_an_infinity_is_no_parameter():
    for domain in ((Interval("oo"),), (Interval("inf"), Interval("x", "0", "inf"))):
        assert Inequality(sp.Symbol("oo"), domain).decide()[0] is Outcome.UNDECIDED


def test_two_objects_of_one_name_are_refused():
    plain, other = sp.Symbol("x"), sp.Symbol("x", positive=True)
    assert Inequality((plain - other) ** 2 + 1, DOMAIN).decide()[0] is Outcome.UNDECIDED
    assert Identity(plain - other).decide()[0] is Outcome.UNDECIDED
    one, two = sp.Dummy("x"), sp.Dummy("x")
    for expression in (one - two, one**2 - 2 * one * two + two**2, one):
        outcome, reason = Inequality(expression, DOMAIN).decide()
        assert outcome is Outcome.UNDECIDED
        assert "Dummy" in reason or "two symbols" in reason
    assert Identity(one - two).decide()[0] is Outcome.UNDECIDED


@pytest.mark.parametrize("name", ["a-b", "a*b", "(a)", "1", "a - a", "2*a", "-a", "a/b", ""])
def test_a_name_is_not_an_expression(name):
    """``a-b`` on a, b in (0, inf) is one thing without a domain, not a difference."""
    domain = (Interval("a"), Interval("b", "0", "a"))
    outcome, reason = Inequality(sp.Symbol(name), domain).decide()
    assert outcome is Outcome.UNDECIDED
    assert "no parameter" in reason


def test_what_sympy_assumed_of_a_symbol_holds_on_the_domain():
    """``x + |x|`` is ``2 x`` for the positive symbol x, which would be "refuted" on (-1, 1)."""
    around = (Interval("x", "-1", "1"),)
    assert Inequality(x + sp.Abs(x), around).decide()[0] is Outcome.UNDECIDED
    assert Inequality(x + 1 - sp.sign(x), (Interval("x", "0", "1", closed_low=True),)).decide()[0] is Outcome.UNDECIDED
    for wrong in (
        {"negative": True},
        {"imaginary": True},
        {"zero": True},
        {"even": True},
        {"prime": True},
        {"commutative": False},
    ):
        assert Inequality(sp.Symbol("x", **wrong) ** 2 + 1, around).decide()[0] is Outcome.UNDECIDED
    for right in ({}, {"real": True}, {"complex": True}, {"nonzero": True}):
        found = Inequality(sp.Symbol("x", **right) ** 2 + 1, around).decide()[0]
        assert found is (Outcome.UNDECIDED if right == {"nonzero": True} else Outcome.PROVED)


@pytest.mark.parametrize("text", [True, False])
def test_an_inequality_needs_a_value_on_the_whole_domain(text):
    """``1/x`` has none at 0, though ``x (1/x)`` is 1 as an element of a field."""
    closed, s = (Interval("x", "0", "1", closed_low=True),), sp.Symbol("x")
    with sp.evaluate(False):
        inverse = sp.Pow(s, -1)
        expressions = [sp.Mul(s, inverse), sp.Add(inverse, sp.Mul(-1, inverse)), sp.Pow(s - sp.Rational(1, 2), -2)]
    texts = ["x*(1/x)", "1/x - 1/x", "1/(x - 1/2)^2"]
    for e in texts if text else expressions:
        assert Inequality(e, closed).decide()[0] is Outcome.UNDECIDED
    open_ = (Interval("x", "0", "1"),)
    for e in texts[:2] if text else expressions[:2]:
        assert Inequality(e, open_).decide()[0] is Outcome.PROVED


@pytest.mark.parametrize("power", [40, 10**6])
def test_an_inequality_does_not_run_away(power):
    a, b, c, d = sp.symbols("a b c d")
    domain = tuple(Interval(n) for n in "abcd")
    outcome, reason = Inequality((a + b + c + d + 1) ** power, domain).decide()
    assert outcome is Outcome.UNDECIDED
    assert "too large" in reason
    assert Inequality(sum(1 / (a + k) for k in range(1, 80)), domain).decide()[0] is Outcome.UNDECIDED


# --- where an identity holds ------------------------------------------------------------------------------------------

r = sp.Symbol("r", real=True)
PARTIAL = {
    "a pole": ((r**2 - 1) / (r - 1) - r - 1, "r - 1 != 0"),
    "poles that cancel": (1 / r - 2 / r + 1 / (r * (r + 1)) + 1 / (r + 1), "r != 0, r + 1 != 0"),
    "a root that stays": (sp.sqrt(r - 1) * (r + 1) - sp.sqrt(r - 1) * r - sp.sqrt(r - 1), "r - 1 >= 0"),
    "a logarithm": (sp.log(r) * (r + 1) - sp.log(r) * r - sp.log(r), "r > 0"),
    "a tangent": (sp.tan(r) * sp.cos(r) - sp.sin(r), "cos(r) != 0"),
}


@pytest.mark.parametrize("name", PARTIAL)
def test_where_an_identity_holds_is_part_of_what_is_proved(name):
    expression, where = PARTIAL[name]
    outcome, reason = Identity(expression).decide()
    assert outcome is Outcome.PROVED
    assert sorted(reason.removeprefix("where ").split(", ")) == sorted(where.split(", "))


def test_an_identity_on_a_domain_has_a_value_on_all_of_it():
    s = sp.Symbol("x")
    pole = (s**2 - 1) / (s - 1) - s - 1
    inside, outside = (Interval("x", "0", "2"),), (Interval("x", "1", "2"),)
    outcome, reason = Identity(pole, domain=inside).decide()
    assert outcome is Outcome.UNDECIDED
    assert "x - 1 != 0" in reason
    assert Identity(pole, domain=outside).decide() == (Outcome.PROVED, "")
    inverse = sp.log(1 / s) + sp.log(s)
    assert Identity(inverse, domain=(Interval("x", "0", "1", closed_low=True),)).decide()[0] is Outcome.UNDECIDED
    assert Identity(s - s**2, domain=outside).decide()[0] is Outcome.REFUTED
    assert Identity(s - sp.Symbol("z"), domain=outside).decide()[0] is Outcome.UNDECIDED  # z is no parameter of it


def test_an_identity_is_refuted_only_where_its_symbols_may_be():
    negative, even = sp.Symbol("a", negative=True), sp.Symbol("m", even=True)
    assert Identity(sp.sqrt(negative**2) + negative).decide()[0] is Outcome.PROVED
    assert Identity(sp.Abs(r) - sp.sqrt(r**2)).decide()[0] is Outcome.PROVED
    assert Identity((-1) ** even - 1).decide()[0] is Outcome.PROVED
    outcome, reason = Identity(negative + 1).decide()
    assert outcome is Outcome.REFUTED
    assert "a = -" in reason


@pytest.mark.parametrize("expression", [sp.nan, sp.zoo, sp.oo])
def test_what_has_no_value_is_no_identity(expression):
    assert Identity(expression).decide()[0] is Outcome.UNDECIDED
