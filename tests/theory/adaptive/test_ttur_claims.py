"""The claims of ttur: the card's numbers, and derivations that end in these claims and in no better ones."""

import pytest
import sympy as sp

from gradproof.theory import registry
from gradproof.theory.adaptive import ttur as paper
from gradproof.theory.derivation import derivation_of
from gradproof.theory.errors import DomainError, GradproofError
from gradproof.theory.evidence import Relation
from gradproof.theory.tie import check_derivation

CLAIMS = registry.claims(paper.PAPER.key)
PROVED = [c for c in CLAIMS if derivation_of(c) is not None]
F = sp.Rational


def test_two_thirds_of_the_claims_are_derived():
    assert {c.id.split(".")[1] for c in CLAIMS if c not in PROVED} == {
        "borkar", "block-threshold", "toy-first", "adam-order-stability", "fid-noise", "fid-digits", "fid-finite-sample",
        "fid-underestimated", "small-gan",
    }  # fmt: skip


@pytest.mark.parametrize("claim", PROVED, ids=lambda c: c.id)
def test_a_derivation_ends_in_each_claim_and_in_no_better_one(claim):
    derivation = derivation_of(claim)
    assert not check_derivation(derivation, claim).unused
    factor = F(101, 100) if claim.relation is Relation.GE else F(99, 100)
    with pytest.raises(GradproofError):
        check_derivation(derivation, claim.with_bound(factor * claim.expression))


def test_equal_time_scales_are_unstable_though_both_players_are_stable():
    game = {"p": 2, "q": -3, "r": 1, "s": 1}
    assert paper.THRESHOLD.bound(**game) == F(1, 2)
    assert paper.LYAPUNOV.bound(eps=1, **game) == 2
    with pytest.raises(DomainError, match="schur"):
        paper.THRESHOLD.bound(**game | {"q": -1})


def test_the_papers_rate_of_the_generator_is_on_the_boundary():
    assert paper.TOY_SADDLE.bound(h=200) == F(1, 100)
    assert paper.TOY_SADDLE.bound(h=2) == 1
    with pytest.raises(DomainError, match="stable_step"):
        paper.TOY_STATIONARY.bound(h=200, t=F(1, 100), sigma2=1)
    assert paper.TOY_STATIONARY.bound(h=200, t=F(1, 1000), sigma2=1) == F(1, 1000) / (200 * (2 - F(1, 5)))


def test_stability_of_adam():
    """a = 1 at lambda = 2 and r = 1 in Adam's order, a lambda < 1 in that of the theorem."""
    assert paper.ORDER_STABILITY.bound(a=1, beta=0) == 2
    assert paper.FROZEN_STABILITY.bound(a=F(1, 2), beta=F(1, 2)) == 2
    a = (sp.sqrt(1 + 4 * 2) - 1) / 2  # a = (sqrt(r^2 + 4 r lam) - r)/(r lam)
    assert a == 1


def test_values_of_the_distance():
    assert paper.CONTAMINATION.bound(e=F(3, 10), M=9) == F(13, 10)
    assert float(paper.FINITE.bound(n=50, s=1)) == pytest.approx(0.03017739066, abs=5e-12)
    assert 300 * paper.FINITE.bound(n=300, s=1.0) == pytest.approx(1.5, abs=2e-3)


def test_the_papers_table_is_quoted_with_its_rates():
    """All runs of DCGAN have the generator faster: the theorem does not speak of them."""
    slower = {method: {a < b for _, m, (b, a), *_ in paper.SCORES if m == method} for method in ("DCGAN", "WGAN-GP")}
    assert slower == {"DCGAN": {False}, "WGAN-GP": {True}}
    assert all(two < one for _, _, _, two, _, one in paper.SCORES)
