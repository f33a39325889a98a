"""Krum's claims: all evidence good, all controls caught, known false variants refuted; SGD with robust rules."""

import numpy as np
import pytest

from gradproof.experiments.communication.krum import methods
from gradproof.theory import registry

CLAIMS = registry.claims("krum")


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda c: c.id)
def test_evidence_and_controls(claim, confront):
    confront(claim)


@pytest.mark.parametrize("claim", [c for c in CLAIMS if c.tight], ids=lambda c: c.id)
def test_false_variants(claim, false_variants_are_caught):
    false_variants_are_caught(claim)


def test_the_gradient_oracle():
    """The full gradient is the derivative of the loss; samples have its mean and the stated variance."""
    rows, rng = methods.problem(4), np.random.default_rng(0)
    x, h = 0.1 * rng.standard_normal((1, 1, 30)), 1e-5
    basis = np.eye(30)
    slope = np.array([(rows.values(x + h * e) - rows.values(x - h * e)).item() for e in basis]) / (2 * h)
    np.testing.assert_allclose(slope, rows.gradient(x)[0, 0], atol=1e-8)  # h^2 times third derivatives of size one
    G = rows.sample(x, rng.random((1, 1, 20_000, 4)))[0, 0]
    deviations = np.sum((G - rows.gradient(x)[0, 0]) ** 2, axis=-1)
    error = deviations.std() / np.sqrt(len(G))
    assert abs(deviations.mean() - rows.variance(x).item()) < 6 * error
    assert np.sum((G.mean(axis=0) - rows.gradient(x)[0, 0]) ** 2) < 6 * rows.variance(x).item() / len(G)


def test_one_attacker_ruins_the_mean_but_not_krum():
    loss = {}
    for name, rule in (("mean", methods.mean_rule), ("krum", methods.krum_rule), ("median", methods.median_rule)):
        out = methods.train(
            methods.problem(),
            20,
            6,
            methods.reversed_mean(5.0),
            rule,
            gamma=0.1,
            steps=40,
            seeds=1,
            stream=("t",),
            every=40,
        )
        loss[name] = float(out.loss[0, 0, -1])
    assert loss["krum"] < 0.3 < np.log(2) < loss["mean"]
    assert loss["median"] < 0.5


def test_the_same_run_on_torch():
    pytest.importorskip("torch")
    options = {"gamma": 0.1, "steps": 5, "seeds": 2, "stream": ("t",)}
    for attack in methods.ATTACKS.values():
        a, b = (
            methods.train(methods.problem(), 9, 2, attack, methods.krum_rule, on=on, **options)
            for on in ("numpy", "torch")
        )
        np.testing.assert_allclose(a.loss, b.loss, rtol=1e-10)  # five steps of products of 30 terms
