"""The claims on small starts as data, their derivations, and false variants that no derivation ends in."""

from dataclasses import replace

import pytest
import sympy as sp

from gradproof.theory import registry
from gradproof.theory.derivation import derivation_of
from gradproof.theory.errors import DomainError, GradproofError
from gradproof.theory.evidence import Relation
from gradproof.theory.landscape import small_init as paper
from gradproof.theory.tie import check_derivation

CLAIMS = registry.claims(paper.PAPER.key)
DERIVED = [c for c in CLAIMS if derivation_of(c) is not None]
HALF, TENTH = sp.Rational(1, 2), sp.Rational(1, 10)


def test_three_of_four_are_derived_without_facts():
    assert len(DERIVED) == 12 >= 0.75 * len(CLAIMS)
    for claim in DERIVED:
        accepted = check_derivation(derivation_of(claim), claim)
        assert accepted.facts == () == accepted.unused


@pytest.mark.parametrize("claim", DERIVED, ids=lambda c: c.id)
def test_no_derivation_ends_in_a_false_variant(claim):
    flip = {Relation.LE: Relation.GE, Relation.GE: Relation.LE, Relation.EQ: Relation.LE}
    times = sp.Rational(100, 99) if claim.relation is Relation.GE else sp.Rational(99, 100)
    variants = [claim.with_bound(claim.expression * times), replace(claim, relation=flip[claim.relation])]
    variants += [
        replace(claim, assumptions=claim.assumptions[:k] + claim.assumptions[k + 1 :])
        for k in range(len(claim.assumptions))
    ]
    variants += [
        claim.with_bound(claim.expression.subs(s, s + 1)) for s in claim.expression.free_symbols if str(s) == "t"
    ]
    for variant in variants:
        with pytest.raises(GradproofError):
            check_derivation(derivation_of(claim), variant)


def test_values_at_exact_numbers():
    assert paper.POWER_PHASE.bound(mu=TENTH, lam=1, n0=HALF, t=1) == TENTH / 8
    assert paper.NULL_DECAY.bound(mu=TENTH, q=1, t=5) == HALF
    assert paper.NULL_FLOOR.bound(mu=HALF, alpha=1, t=2) == sp.Rational(1, 9)
    assert paper.SIGNAL_GROWTH.bound(mu=1, lam_r=1, sigma0=2, t=2) == 64
    assert paper.DECOUPLED.bound(mu=TENTH, lam_i=1, s=HALF) == sp.Rational(43, 80)
    assert float(paper.ESCAPE_NOT_BEFORE.bound(mu=1, lam_i=1, alpha=sp.sqrt(HALF) / 8)) == pytest.approx(3)
    assert float(paper.ESCAPE_NOT_AFTER.bound(mu=2, lam_i=1, alpha=sp.sqrt(HALF) / 8)) == pytest.approx(4)


def test_the_second_form_of_the_power_phase_is_weaker():
    """The bound that is easier to remember, ||U_0||^3 (1 + mu lam)^(3t)/(2 lam), is never below the sharp one."""
    mu, lam, n0, t = (paper.POWER_PHASE.parameter(name).symbol for name in ("mu", "lam", "n0", "t"))
    for m, k in ((TENTH, 1), (HALF, 3), (sp.Rational(1, 100), 50)):
        at = {mu: m, lam: 1, n0: 1, t: k}
        assert paper.POWER_PHASE.expression.subs(at) <= ((1 + mu * lam) ** (3 * t) / (2 * lam)).subs(at)


def test_domains_are_kept():
    with pytest.raises(DomainError, match="small_step"):
        paper.NORM_INVARIANT.bound(mu=1, lam=1)
    with pytest.raises(DomainError, match="null_step"):
        paper.NULL_FLOOR.bound(mu=1, alpha=1, t=1)
    with pytest.raises(DomainError, match="small_alpha"):
        paper.ESCAPE_NOT_AFTER.bound(mu=TENTH, lam_i=1, alpha=1)
    with pytest.raises(DomainError, match="enough_columns"):
        paper.SENSING.bound(alpha=TENTH, k=1, r=2)


def test_the_main_theorem_stays_recalled():
    assert paper.SENSING.confidence == "recalled"
    assert "not checked" in paper.SENSING.where
    assert derivation_of(paper.SENSING) is None
