"""Leader SGD's bounds: reference values, derivations and what they refuse, and what the claims refuse."""

from dataclasses import replace
from fractions import Fraction as F

import pytest
import sympy as sp

from gradproof.theory import registry
from gradproof.theory.communication import leader_sgd as paper
from gradproof.theory.derivation import derivation_of
from gradproof.theory.errors import DomainError, GradproofError
from gradproof.theory.tie import check_derivation

PROVED = [
    paper.ONE_STEP, paper.RATE, paper.DECREASING, paper.SELECTION, paper.STOCHASTIC, paper.STOCHASTIC_DECREASING,
    paper.EXACT_CONVEX, paper.EXACT_STRONG, paper.COMBINATION, paper.FIXED_POINTS,
]  # fmt: skip


def test_which_claims_are_derived():
    """That each derivation is accepted and uses every assumption is a test of tests/theory/test_derivation.py."""
    assert [c for c in registry.claims("leader-sgd") if derivation_of(c) is not None] == PROVED


@pytest.mark.parametrize("claim", [paper.SELECTION, paper.FIXED_POINTS, paper.EXACT_CONVEX], ids=lambda c: c.id)
def test_it_proves_no_stronger_claim(claim):
    with pytest.raises(GradproofError):
        check_derivation(derivation_of(claim), replace(claim, expression=claim.expression * sp.Rational(99, 100)))


@pytest.mark.parametrize(
    ("claim", "name"),
    [(paper.RATE, "leader"), (paper.RATE, "pull"), (paper.EXACT_STRONG, "weak_pull"), (paper.EXACT_CONVEX, "mixing")],
)
def test_it_needs_the_assumption(claim, name):
    less = replace(claim, assumptions=tuple(a for a in claim.assumptions if a.name != name))
    with pytest.raises(GradproofError):
        check_derivation(derivation_of(claim), less)


def test_reference_values():
    assert float(paper.EXACT_STRONG.bound(eta=F(2, 5), lam=1, M=1, m=F(1, 10))) == pytest.approx(0.9216)
    assert paper.EXACT_CONVEX.bound(eta=F(2, 5), lam=F(9, 4), M=1) == sp.Rational(36, 25)
    at = {"eta": F(3, 10), "lam": F(1, 10), "M": 1, "m": F(1, 10), "nu": 0, "sigma2": F(1, 4)}
    assert float(paper.RATE.bound(**at, N=200, gap=F(1, 2))) == pytest.approx(0.376, abs=1e-3)
    assert float(paper.RATE.bound(**at, N=4000, gap=F(1, 2))) == pytest.approx(0.375, abs=1e-9)  # the noise floor


@pytest.mark.parametrize(("x2", "share"), [("0.8", 0.9)])
def test_the_share_is_a_half_at_the_centre_and_one_at_the_end(x2, share):
    assert paper.HALF_VOLUME.bound(h=0.0, d=7) == pytest.approx(0.5)
    assert paper.HALF_VOLUME.bound(h=1.0, d=7) == pytest.approx(1.0)
    assert paper.HALF_VOLUME.bound(h=float(x2), d=1) == pytest.approx(share)


def test_the_function_in_the_gap_meets_both_ends():
    """At eta (M + 2 lam) = 2 its factor is 1; below, it exceeds that of the parabola."""
    eta, m = F(4, 5), F(3, 10)
    assert float(paper.BETWEEN.bound(eta=eta, lam=(2 / eta - 1) / 2, M=1, m=m)) == pytest.approx(1, abs=1e-12)
    for lam in (F(13, 20), F(7, 10)):
        assert float(paper.BETWEEN.bound(eta=eta, lam=lam, M=1, m=m)) > float((1 - eta * (1 + 2 * lam)) ** 2)


def test_the_weak_pull_ends_where_gradient_descent_does():
    assert paper.weak_pull_limit(F(1, 2), 0, F(1, 5)) == 2 / F(1, 2) - F(1, 5)


@pytest.mark.parametrize(
    "call",
    [
        lambda: paper.RATE.bound(eta=1, lam=0, M=1, m=F(1, 2), nu=0, sigma2=0, N=1, gap=1),
        lambda: paper.RATE.bound(eta=F(1, 2), lam=1, M=1, m=F(1, 2), nu=0, sigma2=0, N=1, gap=1),
        lambda: paper.EXACT_CONVEX.bound(eta=1, lam=2, M=1),
        lambda: paper.EXACT_STRONG.bound(eta=F(2, 5), lam=F(9, 4), M=1, m=F(1, 10)),
        lambda: paper.EXACT_STRONG.bound(eta=F(1, 2), lam=F(29, 10), M=1, m=F(1, 100)),
        lambda: paper.SELECTION.bound(p=1, sigma_f=1),
        lambda: paper.DECREASING.bound(lam=0, M=1, m=1, nu=0, sigma2=0, a=3, N=1, gap=1),
        lambda: paper.LARGE_ANGLE.bound(tan=0.35, width=0.89),
    ],
)
def test_outside_the_assumptions(call):
    with pytest.raises(DomainError):
        call()
