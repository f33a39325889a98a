"""The claims of mirror-descent: the card's numbers, and derivations that end in these claims and in no better ones."""

import pytest
import sympy as sp

from gradproof.theory import registry
from gradproof.theory.adaptive import mirror_descent as paper
from gradproof.theory.derivation import derivation_of
from gradproof.theory.errors import GradproofError
from gradproof.theory.evidence import Relation
from gradproof.theory.tie import check_derivation

CLAIMS = registry.claims(paper.PAPER.key)
PROVED = [c for c in CLAIMS if derivation_of(c) is not None]


def test_most_claims_are_derived():
    assert {c.id.split(".")[1] for c in CLAIMS if c not in PROVED} == {
        "entropy-step", "almost-sure", "finite-time-line", "finite-time-simplex", "noiseless-entropy",
    }  # fmt: skip


@pytest.mark.parametrize("claim", PROVED, ids=lambda c: c.id)
def test_a_derivation_ends_in_each_claim_and_in_no_better_one(claim):
    derivation = derivation_of(claim)
    accepted = check_derivation(derivation, claim)
    assert not accepted.unused
    factor = sp.Rational(101, 100) if claim.relation is Relation.GE else sp.Rational(99, 100)
    with pytest.raises(GradproofError):
        check_derivation(derivation, claim.with_bound(factor * claim.expression))


def test_the_excluded_steps():
    assert paper.CONSTANT_STEP.bound(a=sp.Rational(1, 2), sigma2=1) == sp.Rational(1, 3)
    assert sp.limit(paper.SUMMABLE_STEPS.expression, paper.SUMMABLE_STEPS.parameter("n").symbol, sp.oo) == sp.Rational(
        1, 2
    )


def test_the_modulus_of_the_example():
    modulus = paper.VC_MODULUS.bound(m=paper.VC_ANGULAR.bound(t=0), r=1)
    assert modulus == sp.Rational(10361, 30000) < 0.3453837615
    with pytest.raises(GradproofError):  # one more in the last place is too much
        check_derivation(derivation_of(paper.VC_ANGULAR), paper.VC_ANGULAR.with_bound(sp.Rational(10362, 10**4)))
