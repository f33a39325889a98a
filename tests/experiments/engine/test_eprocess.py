"""Calibration and power of the e-process."""

import numpy as np
import pytest

from gradproof.experiments.engine.eprocess import e_process, e_value, lower_limit
from gradproof.theory.errors import ParameterError

LAWS = {
    "exponential": lambda rng, n: rng.exponential(1.0, n),
    "two points": lambda rng, n: 100.0 * (rng.random(n) < 0.01),
    "heavy tail": lambda rng, n: rng.pareto(1.5, n) * 0.5,  # mean 1, infinite variance
    "constant": lambda rng, n: np.ones(n),
}


@pytest.mark.parametrize("law", LAWS)
def test_a_true_bound_is_refuted_no_more_often_than_the_level(law):
    level, runs = 0.05, 1000
    rng = np.random.default_rng(1)
    refuted = sum(e_value(LAWS[law](rng, 200), 1.0) >= 1 / level for _ in range(runs))
    # the expected number is at most 50, wherever one stops; 5 standard deviations above
    assert refuted <= level * runs + 5 * np.sqrt(level * (1 - level) * runs)


def test_the_mean_of_w_is_at_most_one():
    rng = np.random.default_rng(2)
    final = np.array([e_process(rng.random(20) * 2, 1.0)[-1] for _ in range(4000)])
    assert final.mean() <= 1 + 5 * final.std() / np.sqrt(len(final))
    assert final.mean() > 0.8


def test_a_false_bound_is_refuted():
    x = np.random.default_rng(3).exponential(1.3, 3000)
    assert e_value(x, 1.0) >= 1e6
    assert e_value(x, 1.6) < 10


def test_lower_limit_is_below_the_mean_and_near_it():
    x = np.random.default_rng(4).exponential(1.0, 5000)
    low = lower_limit(x, level=1e-6)
    assert 0.8 < low < 1.0
    assert e_value(x, low * 0.999) >= 1e6 > e_value(x, low * 1.001)
    assert lower_limit(np.zeros(5), level=0.1) == 0


def test_zero_bound_and_no_overflow():
    assert e_value([0.0, 0.0], 0.0) == 1
    assert e_value([0.0, 1e-300], 0.0) == np.inf
    assert np.isfinite(e_value(np.full(1000, 1e6), 1.0))


@pytest.mark.parametrize("bad", [([-1.0], 1.0), ([np.nan], 1.0), ([1.0], -1.0), ([[1.0]], 1.0)])
def test_bad_arguments(bad):
    with pytest.raises(ParameterError):
        e_value(*bad)
    with pytest.raises(ParameterError):
        e_value([1.0], 1.0, lambdas=[1.0])
    with pytest.raises(ParameterError):
        lower_limit([1.0], level=0)
