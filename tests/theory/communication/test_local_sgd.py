"""The claims of local SGD: reference values, what they are proved from, and domains."""

from dataclasses import replace

import pytest

from gradproof.solvers.averaged_sgd import bound
from gradproof.solvers.averaging_times import cost, growing
from gradproof.theory import registry
from gradproof.theory.communication import local_sgd as ls
from gradproof.theory.derivation import derivation_of
from gradproof.theory.errors import DomainError, GradproofError
from gradproof.theory.tie import check_derivation

PROVED = [c for c in registry.claims("local-sgd") if derivation_of(c) is not None]
TANH = {"theta": 2.0, "mu": 1.0, "h": 1.419974342, "c3": 0.6397000084, "sigma2": 1.0}


def test_reference_values():
    times = growing(1000, 10)
    at = {"mu": 1, "L": 2, "sigma2": 1, "n": 10, "beta": 4, "T": 1000, "a0": 1}
    assert ls.MAIN.bound(S=cost(1000, times, 4), **at) == bound(1000, times, 4, 2, 1, 1, 10, 1)
    assert float(ls.MAIN.bound(S=165.2866426, **at)) == pytest.approx(2.772249771e-3, rel=5e-10)
    rate = ls.QUADRATIC_RATE.bound(mu=1, L=1, sigma2=1, n=4, beta=3, T=200, D0=1)
    assert float(rate) / 2 == pytest.approx(8.271358622e-4, rel=5e-10)
    assert float(ls.SPREAD.bound(mu=1, L=1, sigma2=1, n=4, beta=3, tau=0, H=200)) == pytest.approx(
        4.962807894e-3, rel=5e-10
    )
    assert ls.ONE_SHOT.bound(theta=2.0, mu=1.0, h=TANH["h"], sigma2=1.0) == pytest.approx(0.8547195990, rel=5e-10)
    assert ls.ONE_SHOT_BIAS.bound(**TANH) == pytest.approx(-0.2971627087, rel=5e-9)


def test_the_limits_with_a_kink_are_those_that_simulations_show():
    """About 0.52 and -0.323 from 40000 chains; a ceiling of 12.0(3) at finite times."""
    assert ls.NECESSITY.bound(theta=2.0, h_plus=1.0, h_minus=4.0, sigma2=1.0) == pytest.approx(0.52, abs=0.02)
    left = ls.NECESSITY.bound(theta=2.0, h_plus=2.0, h_minus=1.0, sigma2=1.0)
    assert left == pytest.approx(-0.323, abs=0.006)
    single = ls.LOWER_ROUNDS.bound(theta=2.0, h_plus=2.0, h_minus=1.0, sigma2=64.0, n=1, R=1, T=1) / 2
    assert single / 1000 == pytest.approx(0.04103, rel=0.03)
    assert single / (64 * left**2 / 2) == pytest.approx(12.4, abs=0.05)


def test_two_thirds_are_proved():
    assert len(PROVED) == 18
    assert len(PROVED) >= 0.6 * len(registry.claims("local-sgd"))


@pytest.mark.parametrize("claim", PROVED, ids=lambda c: c.id)
def test_a_derivation_ends_in_its_claim_and_in_no_other(claim):
    derivation = derivation_of(claim)
    assert not check_derivation(derivation, claim).unused


@pytest.mark.slow
@pytest.mark.parametrize("claim", PROVED, ids=lambda c: c.id)
def test_no_variant_keeps_the_derivation(claim):
    derivation = derivation_of(claim)
    variants = [
        replace(claim, assumptions=tuple(a for a in claim.assumptions if a is not gone)) for gone in claim.assumptions
    ]
    variants += [claim.with_bound(claim.expression * f) for f in (0.5, 2) if claim.expression != 0]
    for variant in variants:
        with pytest.raises(GradproofError):
            check_derivation(derivation, variant)


def test_the_spread_is_never_above_the_drift():
    for tau, H in ((0, 1), (0, 50), (9, 3), (100, 1000)):
        at = {"mu": 1, "L": 2, "sigma2": 1, "n": 5, "beta": 4, "tau": tau, "H": H}
        assert ls.SPREAD.bound(**at) <= ls.DRIFT.bound(**at)
    long = {"mu": 1, "L": 2, "sigma2": 1, "n": 5, "beta": 4, "tau": 0, "H": 10**6}
    assert float(ls.DRIFT.bound(**long) / ls.SPREAD.bound(**long)) == pytest.approx(3, rel=1e-4)


def test_the_relative_claims_are_the_plain_ones_where_c_is_zero():
    at = {"mu": 1, "L": 2, "sigma2": 1, "n": 5, "beta": 4, "T": 9, "a0": 1}
    assert ls.RELATIVE_SYNCHRONISED.bound(c=0, **at) == ls.SYNCHRONISED.bound(**at)
    assert ls.RELATIVE_WORST_SCHEDULE.bound(c=0, **at) == ls.MAIN.bound(S=9, **at)
    with pytest.raises(DomainError, match="beta_2kappa"):
        ls.RELATIVE_SYNCHRONISED.bound(c=1, **at)


def test_parameters_outside_their_domain_are_refused():
    with pytest.raises(DomainError, match="beta_2kappa"):
        ls.MAIN.bound(mu=1, L=2, sigma2=1, n=2, beta=3, T=9, a0=1, S=1)
    with pytest.raises(DomainError, match="mu_at_most_L"):
        ls.RECURSION.bound(eta=0.1, mu=2, L=1, sigma2=1, n=2, a_t=1, V_t=0)
    with pytest.raises(DomainError, match="fast_steps"):
        ls.ONE_SHOT_BIAS.bound(theta=1, mu=1, h=1, c3=1, sigma2=1)
    with pytest.raises(DomainError, match="enough_rounds"):
        ls.LOWER_ROUNDS.bound(theta=2, h_plus=2, h_minus=1, sigma2=1, n=64, R=8, T=100)
