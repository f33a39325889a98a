"""Claims on limits of SGD: which are proved, the card's reference values, and false variants that lose their proof."""

from dataclasses import replace
from fractions import Fraction as F

import pytest
import sympy as sp

from gradproof.theory import registry
from gradproof.theory.derivation import derivation_of
from gradproof.theory.errors import DomainError, GradproofError
from gradproof.theory.limits import sgd_limits as paper
from gradproof.theory.tie import check_derivation

CLAIMS = registry.claims(paper.PAPER.key)
PROVED = [c for c in CLAIMS if derivation_of(c) is not None]


def test_most_claims_are_proved():
    assert {c.id.split(".")[1] for c in CLAIMS} - {c.id.split(".")[1] for c in PROVED} == {
        "closed-chain", "ballistic-matrix", "critical-snr", "diffusive-tensor-published",
    }  # fmt: skip
    assert len(PROVED) >= 0.7 * len(CLAIMS)


@pytest.mark.parametrize("claim", PROVED, ids=lambda c: c.id)
def test_a_derivation_uses_every_assumption(claim):
    assert check_derivation(derivation_of(claim), claim).unused == ()


@pytest.mark.slow
@pytest.mark.parametrize("claim", PROVED, ids=lambda c: c.id)
def test_a_false_variant_has_no_proof(claim):
    """A constant, another power of a parameter, and each assumption in turn."""
    derivation = derivation_of(claim)
    variants = [claim.with_bound(claim.expression * sp.Rational(99, 100))]
    free = sorted(claim.expression.free_symbols, key=str)
    variants += [claim.with_bound(claim.expression.subs(free[0], free[0] ** 2))] if free else []
    variants += [replace(claim, assumptions=tuple(b for b in claim.assumptions if b != a)) for a in claim.assumptions]
    for variant in variants:
        with pytest.raises(GradproofError):
            check_derivation(derivation, variant)


def test_the_reference_values():
    q, r2 = paper.trajectory(0.3, 0.5, 1.6, 1, 1)
    assert abs(sp.sqrt(q).evalf() - 0.76726144008) < 5e-12
    assert abs(sp.sympify(r2).evalf() - 0.99999097089) < 5e-12
    assert abs(sp.N(paper.CRITICAL_SNR.bound(k=3, c=1), 15) - 3.07920143568) < 5e-12
    assert paper.CRITICAL_SNR.bound(k=4, c=1) == F(27, 4)
    assert sp.sqrt(paper.CUBIC.bound(c=1)) == sp.simplify(paper.CRITICAL_SNR.bound(k=3, c=1)) == 16 * sp.sqrt(3) / 9
    # k = 3, lambda = 4, c = 1: both fixed points
    for m in (sp.Float("0.295597742522", 20), 1):
        assert abs(paper.FIXED_POINTS.expression.subs({"k": 3}).subs({s: {"m": m, "c": 1, "k": 3}[s.name]
            for s in paper.FIXED_POINTS.expression.free_symbols}) - 4 * m) < 5e-11  # fmt: skip
    assert abs(sp.log(paper.MARGIN.bound(alpha=F(1, 10), q=2)).evalf() - 1.38629436112) < 5e-12
    assert abs(sp.log(paper.MARGIN.bound(alpha=F(1, 10), q=4)).evalf() - 0.405465108108) < 5e-13
    assert [paper.XOR_PROBABILITY.bound(K=K) for K in (0, 3, 4, 8)] == [0, 0, F(3, 32), F(5103, 8192)]
    assert paper.OU_VARIANCE.bound(lam=F(2, 5), c=1) == F(5, 3)


def test_which_fixed_points_are_stable():
    """k = 3, lambda = 4, c = 1: m = 1 is stable, 0.2956 is a saddle; they part at m^2 = 1/3."""
    assert paper.RATE.bound(k=3, c=1, m=1) < 0 < paper.RATE.bound(k=3, c=1, m=F(3, 10))
    assert paper.RATE.bound(k=3, c=3, m=1) == 0


def test_domains_are_kept():
    with pytest.raises(DomainError, match="below_recovery"):
        paper.OU_VARIANCE.bound(lam=2, c=1)
    with pytest.raises(DomainError):
        paper.MARGIN.bound(alpha=F(1, 10), q=3)
