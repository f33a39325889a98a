"""Evidence on limits of SGD: every claim is held and controlled, false variants are refuted, and the card's pass rules hold."""

from math import erf, sqrt

import numpy as np
import pytest
import sympy as sp
from scipy.stats import binomtest

from gradproof.experiments.engine.draws import keys
from gradproof.experiments.limits.sgd_limits import measures_networks, methods
from gradproof.theory import registry
from gradproof.theory.limits import sgd_limits as paper

CLAIMS = registry.claims(paper.PAPER.key)


@pytest.mark.parametrize("claim", [c for c in CLAIMS if not c.false_as_published], ids=lambda c: c.id)
def test_every_claim_is_held_and_controlled(claim, confront):
    confront(claim)


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda c: c.id)
def test_false_variants_are_refuted(claim, refuted):
    """A constant, an exponent, and a parameter."""
    assert refuted(claim, claim.expression * sp.Rational(98, 100))
    assert refuted(claim, claim.expression**3)
    free = sorted(claim.expression.free_symbols, key=str)
    assert not free or refuted(claim, claim.expression.subs(free[-1], 2 * free[-1]))


def test_the_statement_as_printed_is_refuted(refuted):
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


# --- laws, at the level 1e-6 of a binomial test ------------------------------------------------------------------------


def tensors_above_chains(h, n, k, lam, c, time, runs, noise="normal"):
    """h(m_T, r_T) > h of an independent closed chain, pairs from x_0 ~ N(0, I/n), step c/n: a fair coin if the laws are one."""
    above, steps, delta, rng = [], round(time * n / c), c / n, np.random.default_rng(0)
    for _ in range(max(runs // 300, 1)):
        x = rng.standard_normal((min(runs, 300), n)) / np.sqrt(n)
        of_tensors = h(*methods.tensor_sgd(x, k, lam, delta, steps, rng, noise=noise))
        chain = methods.closed_chain(x[:, 0], (x[:, 1:] ** 2).sum(-1), n, k, lam, delta, steps, rng)
        above.append(of_tensors > h(*chain))
    return np.concatenate(above)


def within_one_deviation(lam, n, runs, time, spread=1.0):
    """|u| <= its standard deviation in the limit, for closed chains from the limit's stationary law times ``spread``, c = 1."""
    variance, rng = 1 / (1 - lam), np.random.default_rng(0)
    m = spread * np.sqrt(variance / n) * rng.standard_normal(runs)
    m, _ = methods.closed_chain(m, np.ones(runs), n, 2, lam, 1 / n, round(time * n), rng)
    return abs(m) <= np.sqrt(variance / n)


def level(found, share):
    return binomtest(int(found.sum()), len(found), share).pvalue


SQUARED = {"overlap": lambda m, r2: m * m, "radius": lambda m, r2: r2}
MATRICES = {"n": 40, "k": 2, "lam": 1.2, "c": 1.0, "time": 0.2, "runs": 200}
CUBES = {"n": 12, "k": 3, "lam": 3.0, "c": 0.25, "time": 0.2, "runs": 200}
MORE = {"n": 60, "k": 2, "lam": 1.2, "c": 1.0, "time": 1.0, "runs": 3000}


@pytest.mark.parametrize("h", SQUARED)
@pytest.mark.parametrize(
    "sizes", [MATRICES, CUBES, pytest.param(MORE, marks=pytest.mark.slow)], ids=["k=2", "k=3", "more"]
)
def test_sgd_on_tensors_and_the_chain_of_two_numbers_have_one_law(h, sizes):
    assert level(tensors_above_chains(SQUARED[h], **sizes), 0.5) > 1e-6


def test_symmetric_noise_has_another_law():
    assert level(tensors_above_chains(SQUARED["radius"], **MATRICES, noise="symmetric"), 0.5) < 1e-6


@pytest.mark.parametrize(
    ("lam", "n", "runs", "time"), [(0.4, 1500, 2500, 0.3), pytest.param(0.0, 2000, 6000, 2.0, marks=pytest.mark.slow)]
)
def test_the_overlap_is_normal_in_the_limit(lam, n, runs, time):
    assert level(within_one_deviation(lam, n, runs, time), erf(1 / sqrt(2))) > 1e-6


def test_the_overlap_has_another_law_at_the_start_and_in_three_dimensions():
    assert level(within_one_deviation(0.4, 1000, 2000, 0.1, spread=0.0), erf(1 / sqrt(2))) < 1e-6
    assert level(within_one_deviation(0.4, 3, 1000, 3.0), erf(1 / sqrt(2))) < 1e-6
