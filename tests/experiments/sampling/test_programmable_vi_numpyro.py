"""The gradient estimators of a library in use, NumPyro, against exact gradients; without it these tests are skipped."""

import numpy as np
import pytest

from gradproof.experiments.engine.measure import Sample
from gradproof.experiments.instances import noisy_cone
from gradproof.experiments.sampling.programmable_vi import models
from gradproof.solvers.dual_estimators import Exact, inputs, variance

DRAWS = 20_000


@pytest.fixture
def draws(optional):
    """Of gradients: (name of an objective, programs made of numpyro and its distributions, parameters) -> (DRAWS, D)."""
    numpyro, infer, dist = (optional(n) for n in ("numpyro", "numpyro.infer", "numpyro.distributions"))
    jax = optional("jax")

    def made(objective, programs, t):
        elbo, (model, guide) = getattr(infer, objective)(), programs(numpyro, dist)
        gain = jax.grad(lambda at, key: -elbo.loss(key, {"t": at}, model, guide))
        with jax.enable_x64(True):
            keys = jax.random.split(jax.random.PRNGKey(1), DRAWS)
            return np.asarray(jax.jit(jax.vmap(gain, in_axes=(None, 0)))(jax.numpy.asarray(t), keys))

    return made


def two_sites(numpyro, dist):
    """The two-site model and its guide as NumPyro programs."""

    def model():
        z1 = numpyro.sample("z1", dist.Bernoulli(0.3))
        z2 = numpyro.sample("z2", dist.Bernoulli(0.8 * z1 + 0.1 * (1 - z1)))
        numpyro.sample("y", dist.Bernoulli(models.pick(models.SEEN, z1, z2)), obs=1)

    def guide():
        t = numpyro.param("t", np.array(models.START))
        z1 = numpyro.sample("z1", dist.Bernoulli(logits=t[0]))
        numpyro.sample("z2", dist.Bernoulli(logits=t[1] + t[2] * z1))

    return model, guide


def cone(numpyro, dist):
    def model():
        x, y = (numpyro.sample(name, dist.Normal(0, noisy_cone.WIDE)) for name in "xy")
        numpyro.sample("z", dist.Normal(x * x + y * y, 0.1 + (x * x + y * y) / 100), obs=noisy_cone.SEEN)

    def guide():
        t = numpyro.param("t", np.zeros(4))
        for j, name in enumerate("xy"):
            numpyro.sample(name, dist.Normal(t[j], np.e ** t[j + 2]))

    return model, guide


@pytest.mark.parametrize(("objective", "unbiased"), [("TraceGraph_ELBO", True), ("Trace_ELBO", False)])
def test_gradients_of_discrete_choices(draws, objective, unbiased):
    """Limits that fail once in a million. Trace_ELBO differentiates along the drawn bits alone: what is left has mean zero."""
    plain = variance(models.two_sites("reinforce", "reinforce")(Exact(), inputs(models.START)))
    inside = []
    for x, true, most in zip(
        draws(objective, two_sites, models.START).T, models.gradient_of_two_sites(models.START), plain, strict=True
    ):
        found = Sample(x, at_least=-30.0, at_most=30.0).interval(1e-6)
        inside.append(found.low <= true <= found.high)
        assert found.low <= (true if unbiased else 0) <= found.high
        assert x.var() < 1.05 * float(most)  # rerunning nothing that lies before a choice
    assert all(inside) is unbiased


def test_reparameterised_gradients_of_the_cone(draws):
    """Against the derivative of the quadrature, by central differences of step 1e-4."""
    at = np.array([2.2, 0.1, -2.5, -1.5])
    for x, h in zip(draws("Trace_ELBO", cone, at).T, 1e-4 * np.eye(4), strict=True):
        true = (noisy_cone.gaussian_elbo(at + h) - noisy_cone.gaussian_elbo(at - h)) / 2e-4
        assert x.mean() == pytest.approx(true, abs=5 * x.std() / DRAWS**0.5)
