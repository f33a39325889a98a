"""Claims of pac-sq: which are proved, reference values, and that false variants lose their proof."""

from dataclasses import replace
from fractions import Fraction as F

import pytest
import sympy as sp

from gradproof.theory import registry
from gradproof.theory.derivation import derivation_of
from gradproof.theory.errors import DomainError, GradproofError
from gradproof.theory.limits import pac_sq as paper
from gradproof.theory.tie import check_derivation

CLAIMS = registry.claims(paper.PAPER.key)
PROVED = [c for c in CLAIMS if derivation_of(c) is not None]


def test_most_claims_are_proved():
    assert len(CLAIMS) == 18
    assert {c.id.split(".")[1] for c in CLAIMS} - {c.id.split(".")[1] for c in PROVED} == {
        "sq-simulates-sgd", "pac-parity", "precision-map", "parity-training",
    }  # fmt: skip


@pytest.mark.parametrize("claim", PROVED, ids=lambda c: c.id)
def test_a_derivation_uses_every_assumption_and_proves_no_false_variant(claim):
    """A constant, an exponent, and each assumption in turn."""
    derivation = derivation_of(claim)
    assert check_derivation(derivation, claim).unused == ()
    factor = sp.Rational(99, 100)
    variants = [claim.with_bound((claim.expression or sp.S.One) * by) for by in (factor, 1 / factor)]
    variants += [
        claim.with_bound(claim.expression.subs(s, s**2)) for s in sorted(claim.expression.free_symbols, key=str)[:1]
    ]
    variants += [replace(claim, assumptions=tuple(b for b in claim.assumptions if b != a)) for a in claim.assumptions]
    for variant in variants:
        with pytest.raises(GradproofError):
            check_derivation(derivation, variant)


def test_values():
    exact = F(39311514153990139331708521308225, 40564819207303340847894502572032)
    assert paper.PAC_PARITY.bound(n=10, m=15) == exact
    assert float(paper.LOWER_BOUND.bound(queries=10**3 * 10**4, tau=F(1, 100), D=2**50)) == pytest.approx(
        8.8817842e-05, rel=1e-8
    )
    assert float(paper.SQ_SIMULATES_SGD.bound(b=200, tau=F(3, 20), T=1, p=1)) == pytest.approx(0.2108, abs=5e-5)
    at = {"tau": F(1, 20), "T": 100, "p": 50}
    assert paper.SQ_SIMULATES_SGD.bound(b=11053, **at) <= F(1, 100) < paper.SQ_SIMULATES_SGD.bound(b=11052, **at)
    for tau, dev in ((F(1, 8), F(1, 8)), (F(0), F(1, 4))):  # what is legal
        assert paper.LEGAL_ROUNDING.bound(rho=1, tau=tau, dev=dev) == F(3, 4)
    assert paper.HISTOGRAM.bound(b=4, B=5) == 1
    assert paper.PAC_PARITY_BOUND.bound(W=2**10 - 1, m=20) < F(1, 2**10)


def test_a_base_that_is_too_small_is_refused():
    with pytest.raises(DomainError, match="base"):
        paper.HISTOGRAM.bound(b=4, B=3)
