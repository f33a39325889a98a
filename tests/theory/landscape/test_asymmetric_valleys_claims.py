"""Claims on asymmetric valleys: which are proved, what their bounds say, and that false variants lose their proof."""

from dataclasses import replace
from fractions import Fraction as F

import pytest
import sympy as sp

from gradproof.theory import registry
from gradproof.theory.derivation import derivation_of
from gradproof.theory.errors import DomainError, GradproofError
from gradproof.theory.landscape import asymmetric_valleys as paper
from gradproof.theory.tie import check_derivation

CLAIMS = registry.claims(paper.PAPER.key)
PROVED = [c for c in CLAIMS if derivation_of(c) is not None]


def test_most_claims_are_proved():
    assert len(CLAIMS) == 17
    assert {c.id.split(".")[1] for c in CLAIMS} - {c.id.split(".")[1] for c in PROVED} == {
        "optimal-bias-gaussian", "gaussian-minimum", "stationary-share", "stationary-loss", "cycle-mean", "swa-test-loss",
    }  # fmt: skip


@pytest.mark.parametrize("claim", PROVED, ids=lambda c: c.id)
def test_a_derivation_uses_every_assumption(claim):
    assert check_derivation(derivation_of(claim), claim).unused == ()


@pytest.mark.slow
@pytest.mark.parametrize("claim", PROVED, ids=lambda c: c.id)
def test_a_false_variant_has_no_proof(claim):
    """A constant, an exponent, the relation, and each assumption in turn."""
    derivation = derivation_of(claim)
    free = sorted(claim.expression.free_symbols, key=str)
    variants = [claim.with_bound(claim.expression * by) for by in (sp.Rational(99, 100), sp.Rational(100, 99))]
    variants += [claim.with_bound(claim.expression.subs(free[0], free[0] ** 2))]
    variants += [replace(claim, assumptions=tuple(b for b in claim.assumptions if b != a)) for a in claim.assumptions]
    for variant in variants:
        with pytest.raises(GradproofError):
            check_derivation(derivation, variant)


def test_values():
    assert paper.SHIFT_GAIN.bound(c=3, p=1, l=1, room=1, xi=0) == 1
    assert paper.SHIFT_GAIN.bound(c=3, p=1, l=1, room=1, xi=F(1, 2)) == 0  # l = 4 xi/((c - 1) p)
    assert paper.MOST_GAIN.bound(c=3, p=1, dbar=1) == paper.SHIFT_GAIN.bound(c=3, p=1, l=1, room=1, xi=0)
    assert abs(sp.N(paper.GAUSSIAN_BIAS.bound(c=3, s=1) - sp.Float("0.674489750196", 20), 20)) < 5e-13
    at_zero = 4 / sp.sqrt(2 * sp.pi)
    assert abs(sp.N(at_zero - paper.GAUSSIAN_LEAST.bound(c=3, p=1, s=1), 20) - sp.Float("0.324662830869", 20)) < 5e-13
    assert paper.QUADRATIC.bound(a=1, b=4, dbar=F(1, 2)) == F(1, 5)
    assert paper.SHARE.bound(c=3) == F(3, 4)
    assert paper.LOSS.bound(c=3, p=2, eta=1, s2=1) == F(13, 2)
    assert paper.CYCLE_MEAN.bound(c=3, p=1, eta=1, w_low=0) == F(3, 2)
    # the diffusion's mean lies in the middle of two bounds that are (c + 1) p/2 + nu apart
    at = {"c": 3, "p": 1, "eta": 1, "s2": 1600, "nu": 40}
    low, high = paper.DIFFUSION_BELOW.bound(**at), paper.DIFFUSION_ABOVE.bound(**at)
    assert (low + (1 + F(40)) / 2, high - low) == (F(1600, 3), 42)


def test_where_average_bias_is_vacuous():
    """Noise that is large and a ratio near 1: the bound is negative."""
    at = {"c": F(11, 10), "p": 1, "eta": 1, "s2": 1, "nu": 1}
    assert paper.AVERAGE.bound(**at) < 0
    with pytest.raises(DomainError, match="steep_beats_noise"):
        paper.AVERAGE.bound(**at | {"nu": 2})


def test_a_bias_beyond_the_range_is_refused():
    with pytest.raises(DomainError, match="bias_range"):
        paper.SHIFT_GAIN.bound(c=3, p=1, l=2, room=1, xi=0)
