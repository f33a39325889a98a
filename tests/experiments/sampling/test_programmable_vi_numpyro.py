"""The gradient estimators of a library in use, NumPyro, against exact gradients; without it these tests are skipped."""

import math

import numpy as np
import pytest

from gradproof.experiments.engine.measure import Sample
from gradproof.experiments.instances import noisy_cone
from gradproof.experiments.sampling.programmable_vi import models
from gradproof.solvers.dual_estimators import Exact, inputs, variance

LEVEL, DRAWS = 1e-6, 20_000


@pytest.fixture
def library(optional):
    """numpyro, its distributions, and a function that draws gradients of an objective: (objective, model, guide, t) -> (n, D)."""
    numpyro = optional("numpyro")
    infer, dist, jax = optional("numpyro.infer"), optional("numpyro.distributions"), optional("jax")

    def draws(objective, model, guide, t):
        elbo = getattr(infer, objective)()
        loss = lambda key, at: elbo.loss(key, {"t": at}, model, guide)  # noqa: E731
        ascent = jax.jit(jax.vmap(jax.grad(lambda at, key: -loss(key, at)), in_axes=(None, 0)))
        with jax.enable_x64(True):
            return np.asarray(ascent(jax.numpy.asarray(t), jax.random.split(jax.random.PRNGKey(1), DRAWS)))

    return numpyro, dist, draws


@pytest.fixture
def two_sites(library):
    """The two-site model and its guide as NumPyro programs."""
    numpyro, dist, _ = library
    seen = np.array(models.SEEN)

    def model():
        z1 = numpyro.sample("z1", dist.Bernoulli(0.3))
        z2 = numpyro.sample("z2", dist.Bernoulli(0.8 * z1 + 0.1 * (1 - z1)))
        numpyro.sample("y", dist.Bernoulli(models.pick(seen, z1, z2)), obs=1)

    def guide():
        t = numpyro.param("t", np.array(models.START))
        z1 = numpyro.sample("z1", dist.Bernoulli(logits=t[0]))
        numpyro.sample("z2", dist.Bernoulli(logits=t[1] + t[2] * z1))

    return model, guide


def test_the_score_function_estimator_is_unbiased(library, two_sites):
    """Each coordinate lies between limits that fail once in a million; its variance is at most that of plain REINFORCE."""
    d = library[2]("TraceGraph_ELBO", *two_sites, models.START)
    plain = variance(models.two_sites("reinforce", "reinforce")(Exact(), inputs(models.START)))
    for x, true, most in zip(d.T, models.gradient_of_two_sites(models.START), plain, strict=True):
        found = Sample(x, at_least=-30.0, at_most=30.0).interval(LEVEL)
        assert found.low <= true <= found.high
        assert found.high - found.low < 0.4
        assert x.var() < 1.05 * float(most)


def test_the_pathwise_estimator_is_biased_where_nothing_is_reparameterised(library, two_sites):
    """Trace_ELBO differentiates through the drawn bits alone: what is left has the mean of -d log q, which is zero."""
    d = library[2]("Trace_ELBO", *two_sites, models.START)
    refuted = 0
    for x, true in zip(d.T, models.gradient_of_two_sites(models.START), strict=True):
        found = Sample(x, at_least=-30.0, at_most=30.0).interval(LEVEL)
        assert found.low <= 0 <= found.high
        refuted += not found.low <= true <= found.high
    assert refuted >= 1


def test_reparameterised_gradients_of_the_cone(library):
    """Against the derivative of the quadrature, by central differences of step 1e-4."""
    numpyro, dist, draws = library

    def model():
        x = numpyro.sample("x", dist.Normal(0, noisy_cone.WIDE))
        y = numpyro.sample("y", dist.Normal(0, noisy_cone.WIDE))
        r = x * x + y * y
        numpyro.sample("z", dist.Normal(r, 0.1 + r / 100), obs=noisy_cone.SEEN)

    def guide():
        t = numpyro.param("t", np.zeros(4))
        numpyro.sample("x", dist.Normal(t[0], np.e ** t[2]))
        numpyro.sample("y", dist.Normal(t[1], np.e ** t[3]))

    at = np.array([2.2, 0.1, -2.5, -1.5])
    d = draws("Trace_ELBO", model, guide, at)
    for j, x in enumerate(d.T):
        h = 1e-4 * np.eye(4)[j]
        true = (noisy_cone.gaussian_elbo(at + h) - noisy_cone.gaussian_elbo(at - h)) / 2e-4
        assert x.mean() == pytest.approx(true, abs=5 * x.std() / math.sqrt(DRAWS))
