"""Layered SGD's bounds: reference values, proofs of exactly the claims, what the claims refuse."""

from dataclasses import replace
from fractions import Fraction as F

import pytest
import sympy as sp

from gradproof.theory import registry
from gradproof.theory.communication import layered_sgd as ls
from gradproof.theory.derivation import derivation_of
from gradproof.theory.errors import DomainError, GradproofError
from gradproof.theory.evidence import Relation
from gradproof.theory.tie import check_derivation

CLAIMS = registry.claims("layered-sgd")
PROVED = [c for c in CLAIMS if derivation_of(c) is not None]


def test_reference_bounds():
    assert float(ls.STRAGGLER.bound(tau=1, N=16)) == pytest.approx(3.380728993, rel=1e-9)
    assert ls.LINEAR_SCALING.bound(k=8, z=F(1, 20)) == F(7, 100)
    assert 0 <= F(19, 20) ** 8 - (1 - F(8, 20)) <= F(7, 100)
    assert float(F(19, 20) ** 8 - (1 - F(8, 20))) == pytest.approx(0.06342043129, rel=1e-9)
    assert ls.ROUNDING_DEPTH.bound(N=64) == 15
    free = ls.HIDDEN_COMMUNICATION.bound(T_io=F(3, 25), alpha2=F(1, 20000), beta2=F(1, 10**10), m=10**8)
    assert float(free) == pytest.approx(1001.1997603354729, rel=1e-12)


def test_most_claims_are_proved():
    assert len(CLAIMS) == 15
    assert len(PROVED) == 9


@pytest.mark.parametrize("claim", PROVED, ids=lambda c: c.id)
def test_a_derivation_ends_in_the_claim_and_in_no_false_variant(claim):
    """It uses every assumption; another factor, relation or horizon, and a claim without an assumption, are refused."""
    made = derivation_of(claim)
    assert not check_derivation(made, claim).unused
    flipped = {Relation.LE: Relation.GE, Relation.GE: Relation.LE, Relation.EQ: Relation.LE}[claim.relation]
    variants = [
        replace(claim, expression=claim.expression * sp.Rational(99, 100)),
        replace(claim, relation=flipped),
        *(replace(claim, assumptions=tuple(b for b in claim.assumptions if b != a)) for a in claim.assumptions),
    ]
    for variant in variants:
        with pytest.raises(GradproofError):
            check_derivation(made, variant)


@pytest.mark.parametrize(
    "call",
    [
        lambda: ls.CONVERGENCE.bound(eta=2, L=1, T=1, Delta=1, sigma2=1, B_tot=1),
        lambda: ls.ROUNDING_DRIFT.bound(eta=3, L=1, T=1, eps=1),
        lambda: ls.FLOAT.bound(u=1, h=1, M=1),
        lambda: ls.OVERLAP_LIMIT.bound(T_comp=1, T_io=1, R=0, B=0, A_G=1, A_N=2),
        lambda: ls.LINEAR_SCALING.bound(k=2, z=F(3, 2)),
        lambda: ls.WARM_UP_SHIFT.bound(eta0=1, b=1, h=1, T=1, x=1),
        lambda: ls.MEAN_OF_MEANS.bound(n=[1, 2], s=[1], N=3),
        lambda: ls.MEAN_OF_MEANS_BIAS.bound(chi2=0, zeta2=1),
    ],
)
def test_outside_the_assumptions(call):
    with pytest.raises(DomainError):
        call()
