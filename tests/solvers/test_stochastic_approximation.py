"""Limits of stochastic approximation on the line: reference values, simulations, and what they refuse."""

import math

import numpy as np
import pytest

from gradproof.solvers.stochastic_approximation import NotSettled, Smooth, kinked_mean, limits, moments
from gradproof.theory.errors import ParameterError

TANH = math.tanh(1)
BENT = Smooth(2 - TANH**2, 2 * TANH * (1 - TANH**2), 2.0, 1.0, 2.0)


def test_reference_values_lie_between():
    assert BENT.h == pytest.approx(1.419974342, rel=5e-10)
    assert BENT.c3 == pytest.approx(0.6397000084, rel=5e-10)
    second, mean = limits(BENT, 2.0, 4.0, 1.0, 3.0, 100_000)
    assert second[0] < 0.8547195990 < second[1] < 1.005 * second[0]
    assert mean[0] < -0.2971627087 < mean[1] < 0.98 * mean[0]


def test_on_a_parabola_the_moments_are_those_of_the_recursion():
    line = Smooth(1.0, 0.0, 0.0, 1.0, 1.0)
    found, second = moments(line, 2.0, 3.0, 1.0, 3.0, 200), 0.0
    for t in range(200):
        eta = 2 / (3 + t)
        second = (1 - eta) ** 2 * second + eta**2
    assert found.second[0] <= second <= found.second[1] <= second * (1 + 1e-9)
    assert found.mean == (0.0, 0.0)
    assert found.fourth == pytest.approx(3 * second**2)  # a normal law


def test_moments_hold_what_a_simulation_finds():
    rng = np.random.default_rng(1)
    x, T = np.zeros(200_000), 60
    for t in range(T):
        x -= 2 / (4 + t) * (x + np.tanh(x - 1) + TANH + rng.standard_normal(x.size))
    found = moments(BENT, 2.0, 4.0, 1.0, 3.0, T)
    for power, (low, high) in ((1, found.mean), (2, found.second)):
        five_errors = 5 * (x**power).std() / math.sqrt(x.size)
        assert low - five_errors < (x**power).mean() < high + five_errors
    assert (x**4).mean() < found.fourth


@pytest.mark.parametrize(("h_plus", "h_minus"), [(2.0, 1.0), (1.0, 4.0)])
def test_the_kinked_limit(h_plus, h_minus):
    closed = math.sqrt(2 / math.pi) * (2 / math.sqrt(4 * h_plus - 1) - 2 / math.sqrt(4 * h_minus - 1))
    found = kinked_mean(2.0, 8.0, h_plus, h_minus, 1.0, 300, spacing=0.01)
    assert abs(found.mean - closed) <= found.error + found.distance
    assert found.mean == pytest.approx(closed, rel=0.02)
    assert (
        abs(kinked_mean(2.0, 8.0, h_plus, h_minus, 3.0, 300, spacing=0.01).mean / found.mean - 3) < 1e-9
    )  # scales with the noise


def test_the_law_on_the_lattice_is_that_of_a_simulation():
    rng = np.random.default_rng(2)
    x, T = np.zeros(200_000), 40
    for t in range(T):
        x -= 2 / (4 + t) * (np.where(x > 0, 2, 1) * x + rng.standard_normal(x.size))
    u = math.sqrt(4 + T) * x
    found = kinked_mean(2.0, 4.0, 2.0, 1.0, 1.0, T)
    assert abs(found.mean - u.mean()) < found.error + 5 * u.std() / math.sqrt(u.size)


def test_the_lattice_error_bounds_what_refining_changes():
    coarse, fine = (kinked_mean(2.0, 4.0, 2.0, 1.0, 1.0, 100, spacing=s) for s in (0.02, 0.0025))
    assert abs(coarse.mean - fine.mean) <= coarse.error + fine.error
    assert coarse.distance == fine.distance


def test_the_distance_to_the_limit_falls():
    near = [kinked_mean(2.0, 4.0, 2.0, 1.0, 1.0, T, spacing=0.05).distance for T in (50, 200, 800)]
    assert near[0] > 2 * near[1] > 4 * near[2] > 0


def test_what_is_not_settled_is_said():
    with pytest.raises(NotSettled, match="theta h"):
        limits(BENT, 0.2, 4.0, 1.0, 3.0, 1000)
    with pytest.raises(NotSettled):
        limits(BENT, 2.0, 4.0, 1.0, 3.0, 20)
    with pytest.raises(ParameterError, match="raise b"):
        moments(BENT, 8.0, 4.0, 1.0, 3.0, 10)
    with pytest.raises(ParameterError, match="theta min"):
        kinked_mean(1.0, 4.0, 2.0, 1.0, 1.0, 10)
