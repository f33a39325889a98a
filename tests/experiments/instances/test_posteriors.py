"""Posteriors with an exact evidence: the noisy cone, and a belief net on digits."""

import math

import numpy as np
import pytest
from scipy.optimize import minimize, minimize_scalar

from gradproof.experiments.instances import belief_nets, noisy_cone


def test_the_noisy_cone():
    assert noisy_cone.log_evidence()[0] == pytest.approx(-5.32323207, abs=1e-8)
    found = minimize(lambda t: -noisy_cone.gaussian_elbo(t), [2.2, 0.0, -3.4, -1.3], method="BFGS")
    assert -found.fun == pytest.approx(-8.07454, abs=1e-5)
    assert found.x == pytest.approx([2.219, 0, -3.387, -1.276], abs=1e-3)
    best = minimize_scalar(
        lambda s: -noisy_cone.ring(math.exp(s)).plain(noisy_cone.log_joint)[0], bounds=(-4, -2), method="bounded"
    )
    assert best.x == pytest.approx(-3.05, abs=0.01)
    assert -best.fun == pytest.approx(-9.749, abs=2e-3)
    drawn = noisy_cone.ring(math.exp(-3.1)).hierarchical(noisy_cone.log_joint, 4, np.random.default_rng(1), 20_000)
    assert drawn.mean() == pytest.approx(-8.187, abs=0.03)


def test_the_belief_net_explains_digits():
    x = belief_nets.binary_digits()[:100]
    joint = belief_nets.trained().log_joint(x)
    share = x.mean(axis=0).clip(0.02, 0.98)
    independent = (x * np.log(share) + (1 - x) * np.log(1 - share)).sum(axis=1).mean()
    assert np.logaddexp.reduce(joint, axis=1).mean() > independent + 4
    assert belief_nets.posterior(joint).sum(axis=1) == pytest.approx(np.ones(100))
