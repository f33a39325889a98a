"""The claims on programmable inference as data, their derivations, and false variants that no derivation ends in."""

from dataclasses import replace

import pytest
import sympy as sp

from gradproof.theory import registry
from gradproof.theory.derivation import derivation_of
from gradproof.theory.errors import DomainError, GradproofError
from gradproof.theory.evidence import Relation
from gradproof.theory.sampling import programmable_vi as paper
from gradproof.theory.tie import check_derivation

CLAIMS = registry.claims(paper.PAPER.key)
DERIVED = [c for c in CLAIMS if derivation_of(c) is not None]
OPEN = {"continuous-unbiased", "gaussian-mvd-variance", "iwelbo-rate"}


def test_all_but_three_are_derived_and_use_what_they_assume():
    assert {c.id.split(".")[1] for c in CLAIMS if c not in DERIVED} == OPEN
    assert len(DERIVED) == 19 > 0.8 * len(CLAIMS)
    for claim in DERIVED:
        accepted = check_derivation(derivation_of(claim), claim)
        assert set(accepted.facts) <= {"expectation", "tower", "jensen"}
        assert accepted.unused == ()


@pytest.mark.parametrize("claim", DERIVED, ids=lambda c: c.id)
def test_no_derivation_ends_in_a_false_variant(claim):
    flip = {Relation.LE: Relation.GE, Relation.EQ: Relation.LE}
    variants = [
        claim.with_bound(claim.expression * sp.Rational(99, 100)),
        replace(claim, relation=flip[claim.relation]),
    ]
    variants += [
        replace(claim, assumptions=tuple(b for b in claim.assumptions if b is not a)) for a in claim.assumptions
    ]
    for variant in variants:
        with pytest.raises(GradproofError):
            check_derivation(derivation_of(claim), variant)


def test_values_of_the_card():
    assert paper.SCORE_VARIANCE.bound(mu=1, s=1, base=0) == 30
    assert paper.SCORE_VARIANCE.bound(mu=1, s=1, base=4) == 14
    assert paper.REPARAM_VARIANCE.bound(L=2, s=1, d=1) == 4
    assert float(paper.GAUSSIAN_MVD.bound(mu=1)) == pytest.approx(1.092958179, abs=1e-9)
    known = {"dp": 1, "f1": 5, "f0": -1, "g1": 0, "g0": 0}
    assert paper.REINFORCE_VARIANCE.bound(p=sp.Rational(1, 3), base=0, **known) == sp.Rational(81, 2)
    assert paper.REINFORCE_VARIANCE.bound(p=sp.Rational(1, 3), base=3, **known) == 0
    with pytest.raises(DomainError, match="p"):
        paper.REINFORCE.bound(p=1, **known)
    with pytest.raises(DomainError, match="step_size"):
        paper.ASCENT.bound(eta=2, T=1, L=1, sigma2=0, gap0=1)
