"""Evidence on limits of SGD: every claim is held and controlled, false variants are refuted, and the card's pass rules hold."""

from functools import cache

import numpy as np
import pytest
import sympy as sp

from gradproof.experiments.engine.check import Context, checks_of
from gradproof.experiments.engine.draws import keys
from gradproof.experiments.engine.judge import judge
from gradproof.experiments.engine.measure import confront as set_beside
from gradproof.experiments.limits.sgd_limits import measures_networks, methods
from gradproof.theory import registry
from gradproof.theory.evidence import Level, Outcome
from gradproof.theory.limits import sgd_limits as paper

CLAIMS = registry.claims(paper.PAPER.key)


@pytest.mark.parametrize("claim", [c for c in CLAIMS if not c.false_as_published], ids=lambda c: c.id)
def test_every_claim_is_held_and_controlled(claim, confront):
    confront(claim)


@cache
def taken(claim, name):
    (check,) = [c for c in checks_of(claim, "quick") if c.name == name]
    return list(check.measured.take(Context(claim, scope=name)))


def refuted(claim, bound):
    wrong = claim.with_bound(bound)
    checks = checks_of(claim, "quick")
    level = Level.EXACT if any(c.level is Level.EXACT for c in checks) else Level.EMPIRICAL
    numeric = [c for c in checks if c.level is level]
    return any(
        judge(c.level, claim.relation, set_beside(wrong, c.measured, taken(claim, c.name))).outcome is Outcome.REFUTED
        for c in numeric
    )


EMPIRICAL = {"closed-chain-copies": sp.Rational(1, 2), "ou-law": sp.Rational(4, 5)}


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda c: c.id)
def test_false_variants_are_refuted(claim):
    """A constant, an exponent, and a parameter."""
    factor = EMPIRICAL.get(claim.id.split(".")[1], sp.Rational(98, 100))
    assert refuted(claim, claim.expression * factor)
    assert refuted(claim, claim.expression**3)
    free = sorted(claim.expression.free_symbols, key=str)
    assert not free or refuted(claim, claim.expression.subs(free[-1], 2 * free[-1]))


def test_the_statement_as_printed_is_refuted():
    assert refuted(paper.PUBLISHED, paper.PUBLISHED.expression)


@pytest.mark.parametrize("k", [2, 3])
def test_one_step_on_tensors_has_the_drift_of_the_chain(k):
    """z-tests at 4.5 standard errors of the mean steps, of tensors and of the chain."""
    n, runs, delta, rng = 8, 4000, 1 / 8, np.random.default_rng(k)
    x = np.zeros((runs, n))
    x[:, 0], x[:, 1] = 0.5, 0.8
    R2 = 0.89
    drift = (
        float(paper.CHAIN_MEAN.bound(k=k, lam=1.5, R2=R2, m=0.5)),
        float(paper.CHAIN_RADIUS.bound(k=k, n=n, R2=R2, r2=0.64, delta=delta)),
    )
    for m, r2 in (
        methods.tensor_sgd(x, k, 1.5, delta, 1, rng),
        methods.closed_chain(x[:, 0], np.full(runs, 0.64), n, k, 1.5, delta, 1, rng),
    ):
        for steps, mean in ((m - 0.5, drift[0]), (r2 - 0.64, drift[1])):
            assert abs(steps.mean() / delta - mean) < 4.5 * steps.std() / delta / np.sqrt(runs)


@pytest.mark.slow
def test_networks_learn_as_flows_do_on_another_backend():
    """The code of the runs for a GPU, in small."""
    pytest.importorskip("torch")

    def words(*names, settings, seeds):
        return keys(*names, settings=settings, seeds=range(seeds))

    found = measures_networks.trained(4, 4, 12, 1000.0, 0.05, 2.0, 2.0, 3, words, "torch")
    assert found.shape == (3, 4)
    assert np.isfinite(found).all()


def test_quarter_circles_attract():
    """Two units on one point: every point of the circle |v|^2 = C rests, and what is off it comes back along its ray."""
    C, alpha = np.log(4), 0.1
    v = np.sqrt(C) * np.array([0.6, 0.8])
    dv, dW = methods.flow(v, v[:, None].copy(), methods.BINARY, alpha)
    assert abs(dv).max() < 1e-15
    assert abs(dW).max() < 1e-15
    after, W = methods.follow(1.3 * v, 0.8 * v[:, None], methods.BINARY, alpha, 80.0)
    np.testing.assert_allclose(after, v, rtol=1e-3)
    np.testing.assert_allclose(W[:, 0], v, rtol=1e-3)


@pytest.mark.slow
def test_the_variance_near_the_threshold():
    """n E m^2 of 6000 chains at n = 2000 against 1/(1 - lambda): within 5 sqrt(2/6000) of it, and 20/n."""
    n, chains, lam = 2000, 6000, 0.4
    rng = np.random.default_rng(4)
    m, _ = methods.closed_chain(np.zeros(chains), np.ones(chains), n, 2, lam, 1 / n, 2 * n, rng)
    expected = float(paper.OU_VARIANCE.bound(lam=lam, c=1))
    assert abs(n * (m * m).mean() / expected - 1) < 5 * np.sqrt(2 / chains) + 20 / n
