"""The claims of bilevel-unbounded: the card's numbers, and derivations that end in these claims and in no better ones."""

import pytest
import sympy as sp

from gradproof.theory import registry
from gradproof.theory.adaptive import bilevel_unbounded as paper
from gradproof.theory.derivation import derivation_of
from gradproof.theory.errors import GradproofError
from gradproof.theory.evidence import Relation
from gradproof.theory.tie import check_derivation

CLAIMS = registry.claims(paper.PAPER.key)


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda c: c.id)
def test_a_derivation_ends_in_each_claim_and_in_no_better_one(claim):
    derivation = derivation_of(claim)
    assert not check_derivation(derivation, claim).unused
    better = claim.expression - sp.Rational(1, 100) * abs(claim.expression)
    if claim.relation is Relation.LE:
        better = sp.Rational(99, 100) * claim.expression
    with pytest.raises(GradproofError):
        check_derivation(derivation, claim.with_bound(better))


def test_the_constants_of_the_card():
    given = {
        "L_x0": paper.quartic_K0(1, sp.Rational(1, 5)),
        "L_x1": 1,
        "L_y0": 1,
        "L_y1": 0,
        "M": sp.sqrt(3),
        "kappa": 4,
        "mu": 1,
        "l_g2": 0,
    }
    K0 = paper.smooth_factor(**given, gradient=0)
    assert float(K0) == pytest.approx(66.78306127, abs=5e-9)
    assert float(paper.smooth_factor(**given, gradient=1) - K0) == pytest.approx(4.123105626, abs=5e-10)
    assert sp.simplify(paper.quartic_K0(1, 1) - 6 - 4 * sp.sqrt(2)) == 0


def test_the_numbers_of_the_lower_level():
    bias = sp.sqrt(paper.NEUMANN.bound(mu=1, L=4, Q=10, v2=1))
    assert float(bias) == pytest.approx(0.05631351471, abs=5e-12)
    assert paper.TRACKING_STEADY.bound(rho=sp.Rational(1, 2), s=1) == 1
    x, d = 5, sp.Rational(1, 2)  # of f = e^x y: 74.2, a twelfth of the gradient
    error = paper.ERROR_GROWS.bound(x=x, d=d, G=(x + 1) * sp.exp(5))
    assert float(error) == pytest.approx(74.2, abs=0.05)
    assert error / ((x + 1) * sp.exp(5)) == sp.Rational(1, 12)


def test_the_order_of_the_theorem():
    """Steps that the theorem asks for grow with the fourth power of the accuracy."""
    long = paper.PAPER_THEOREM.assumption("long").relation
    eps = paper.PAPER_THEOREM.parameter("eps").symbol
    assert sp.simplify(long.rhs.subs(eps, eps / 2) / long.rhs) == 16


def test_the_radius_costs_nothing_in_the_limit():
    K1, R = (paper.QUARTIC_RADIUS.parameter(n).symbol for n in ("K1", "R"))
    L1 = paper.QUARTIC_L0L1.parameter("L1").symbol
    assert sp.limit(paper.QUARTIC_RADIUS.expression, R, 0) == paper.QUARTIC_L0L1.expression.subs(L1, K1)
