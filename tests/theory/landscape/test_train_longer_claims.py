"""The claims of train-longer as data: reference values, domains, and derivations that end in them and in nothing else."""

import math
from dataclasses import replace
from fractions import Fraction as F

import pytest
import sympy as sp

from gradproof.theory import registry
from gradproof.theory.derivation import derivation_of
from gradproof.theory.errors import DomainError, GradproofError
from gradproof.theory.landscape import train_longer as paper
from gradproof.theory.tie import check_derivation

ALL = registry.claims(paper.PAPER.key)
PROVED = [c for c in ALL if derivation_of(c) is not None]
C, S, G2 = F(124, 25), F(37, 5), F(61, 25)  # of the five points


def test_reference_values():
    assert paper.WITH_REPLACEMENT.bound(M=2, C=C) == sp.Rational(62, 25)
    assert paper.WITHOUT_REPLACEMENT.bound(M=2, n=5, C=C) == sp.Rational(93, 50)
    assert paper.POISSON_SAMPLING.bound(M=2, n=5, S=S) == sp.Rational(111, 50)
    assert paper.ACROSS_BATCHES.bound(n=5, C=C) == sp.Rational(-31, 25)
    assert paper.WOR_PUBLISHED.bound(M=2, n=5, S=S, g2=G2) == sp.Rational(123, 50)
    assert paper.ACROSS_PUBLISHED.bound(n=5, g2=G2) == sp.Rational(61, 100)
    assert math.sqrt(paper.EXACT_RATIO.bound(m=128, M=4096, n=50000)) == pytest.approx(5.89628023414, abs=1e-11)
    at = {"h": 1, "s2": 1}
    assert float(paper.STATIONARY.bound(eta=F(1, 10), M=1, **at)) == pytest.approx(0.0526315789474, abs=1e-13)
    assert paper.STATIONARY.bound(eta=F(2, 5), M=16, **at) == sp.Rational(1, 64)
    assert paper.STATIONARY.bound(eta=F(8, 5), M=16, **at) == sp.Rational(1, 4)
    assert math.log(paper.LINEAR_POTENTIAL.bound(L=40, rho=math.exp(0.5))) == pytest.approx(22.0586513947, abs=1e-10)


def test_the_two_rules_differ_by_the_root():
    at = {"eta_m": F(1, 1000), "m": 1, "M": 16, "h": 1}
    assert float(paper.SQRT_VS_LINEAR.bound(eta_M=F(4, 1000), **at)) == pytest.approx(1 / 4, rel=0.01)
    assert float(paper.SQRT_VS_LINEAR.bound(eta_M=F(16, 1000), **at)) == pytest.approx(1, rel=0.01)


def test_domains_are_kept():
    with pytest.raises(DomainError, match="stable_step"):
        paper.STATIONARY.bound(eta=2, h=1, M=1, s2=1)
    with pytest.raises(DomainError, match="at_most_all"):
        paper.WITHOUT_REPLACEMENT.bound(M=6, n=5, C=1)
    with pytest.raises(DomainError, match="smaller_batch"):
        paper.EXACT_RATIO.bound(m=3, M=3, n=9)
    with pytest.raises(DomainError, match="short_time"):
        paper.NEAR_MINIMUM.bound(eta0=F(1, 100), lam_max=1, M=4, t=20)
    with pytest.raises(DomainError):
        paper.DOWNHILL.bound(L=3, r=1)


def test_most_claims_are_proved():
    true = [c for c in ALL if not c.false_as_published]
    assert len(PROVED) == 22
    assert len(PROVED) >= 0.6 * len(true)


@pytest.mark.parametrize("claim", PROVED, ids=lambda c: c.id)
def test_its_derivation_ends_in_the_claim_and_in_no_other(claim):
    derivation = derivation_of(claim)
    *_, used = check_derivation(derivation, claim).used
    last = max(claim.expression.free_symbols, key=str)
    without = replace(claim, assumptions=tuple(a for a in claim.assumptions if a.name != used))
    for variant in (*(claim.with_bound(c * claim.expression) for c in (sp.Rational(99, 100), last)), without):
        with pytest.raises(GradproofError):
            check_derivation(derivation, variant)


def test_the_exact_ratio_tends_to_that_of_the_sizes():
    m, M, n = (paper.EXACT_RATIO.parameter(name).symbol for name in ("m", "M", "n"))
    assert sp.simplify(sp.limit(paper.EXACT_RATIO.expression, n, sp.oo) - M / m) == 0
