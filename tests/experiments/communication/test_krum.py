"""Krum's claims: all evidence good, all controls caught, known false variants refuted; SGD with robust rules."""

import itertools
import math
from fractions import Fraction

import numpy as np
import pytest

from gradproof.experiments.communication.krum import instances, methods
from gradproof.experiments.instances.attacks import ATTACKS, along_an_axis, reversed_mean
from gradproof.solvers.order_statistics import median, search_attack, select
from gradproof.theory import registry
from gradproof.theory.communication import krum

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


def test_reference_error_under_attack():
    """n = 9, f = 2, d = 3, N(0, I), colluders at the farthest accepted place: E||Kr||^2/d is about 0.60."""
    x = methods.of_gaussians(9, 2, 3, 20_000, along_an_axis, np.random.default_rng(0)) / 3
    assert x.mean() == pytest.approx(0.60, abs=0.05)
    assert x.std() / np.sqrt(x.size) < 0.01


def test_the_moment_bound_about_any_centre():
    """||Kr - z||^2 <= C^2 mean ||V_j - z||^2 for every z, with no probability: no searched attack breaks it."""
    rng = np.random.default_rng(1)
    for n, f, d in ((5, 1, 1), (7, 2, 2), (11, 4, 3), (20, 8, 2)):
        c2 = float(krum.MOMENTS.bound(moment=1, r=2, n=n, f=f))
        for _ in range(20):
            G, z = rng.standard_normal((n - f, d)), 3 * rng.standard_normal(d)
            V = np.vstack([G, search_attack(G, f, rng, tries=60)])
            chosen = V[select(V, f)]
            assert np.sum((chosen - z) ** 2) <= c2 * np.mean(np.sum((G - z) ** 2, axis=1)) * (1 + 1e-12)


def test_one_attacker_ruins_the_mean_but_not_krum():
    loss = {}
    for name, rule in (("mean", methods.mean_rule), ("krum", methods.krum_rule), ("median", median)):
        out = methods.train(
            methods.problem(),
            20,
            6,
            reversed_mean(5.0),
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


def test_the_same_run_on_torch(optional):
    optional("torch")
    options = {"gamma": 0.1, "steps": 5, "seeds": 2, "stream": ("t",)}
    for attack in ATTACKS.values():
        a, b = (
            methods.train(methods.problem(), 9, 2, attack, methods.krum_rule, on=on, **options)
            for on in ("numpy", "torch")
        )
        np.testing.assert_allclose(a.loss, b.loss, rtol=1e-10)  # five steps of products of 30 terms


def test_the_worst_outcome_on_a_grid_is_the_worst():
    """The reference bias without attack; against a colluder the expectation of the greatest of 13 errors, one by one."""
    law, g = instances.LAWS["lopsided"], Fraction(1, 5)
    free = instances.expected(instances.errors(law, 3, 0, "far", instances.GRID))
    assert free == Fraction(104, 1000) - g
    worst = 0
    for bits in itertools.product((0, 1), repeat=4):
        weight = math.prod(g if b else 1 - g for b in bits)
        received = ([(b - g,) for b in bits] + [(Fraction(2 * k, 5),)] for k in range(-6, 7))  # 3 times 4/5, the spread
        worst += weight * max(V[select(V, 1)][0] ** 2 for V in received)
    assert instances.expected(instances.errors(law, 5, 1, "far", instances.GRID), lambda y: y * y) == worst
    ruined = instances.errors(law, 5, 1, "far", instances.ON_THE_MEAN)
    assert min(abs(y) for _, y in ruined) > 40
