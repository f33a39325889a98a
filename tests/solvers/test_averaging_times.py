"""Schedules of averagings: reference costs, and the least ones against trying all schedules."""

from fractions import Fraction
from itertools import combinations

import numpy as np
import pytest

from gradproof.solvers.averaging_times import (
    best_schedule,
    blocks,
    cost,
    equal_blocks,
    every,
    growing,
    growing_evenly,
    since,
)
from gradproof.theory.errors import ParameterError


@pytest.mark.parametrize(
    ("times", "S"),
    [(growing(1000, 10), 165.2866426), (growing(1000, 32), 53.79701206), (equal_blocks(1000, 10), 194.6720644)],
)
def test_reference_costs(times, S):
    assert float(cost(1000, times, 4)) == pytest.approx(S, rel=5e-10)
    assert cost(1000, times, 4.0) == pytest.approx(S, rel=5e-10)


@pytest.mark.parametrize(("R", "fixed", "grown"), [(10, 1.99, 1.69), (30, 2.43, 1.84), (100, 2.78, 1.82)])
def test_reference_growth_with_the_rounds(R, fixed, grown):
    T = 10_000
    assert cost(T, equal_blocks(T, R), 20.0) * R / T == pytest.approx(fixed, abs=0.006)
    assert cost(T, growing(T, R), 20.0) * R / T == pytest.approx(grown, abs=0.006)


def test_the_families():
    assert growing(1000, 10) == (0, 20, 60, 120, 200, 300, 420, 560, 720, 900)
    assert growing_evenly(1000, 4) == (0, 100, 300, 600)
    assert equal_blocks(10, 3) == (0, 3, 6)
    assert every(7, 3) == (0, 3, 6)
    assert blocks(7, (0, 3)) == [(0, 3), (3, 7)]
    assert since(7, (0, 3)).tolist() == [0, 1, 2, 0, 1, 2, 3]
    for R in (1, 7, 40, 1000):
        assert len(growing(1000, R)) <= R
        assert len(growing_evenly(1000, R)) <= R


@pytest.mark.parametrize("beta", [Fraction(3, 2), 4, Fraction(41, 2)])
@pytest.mark.parametrize("T", [1, 2, 5, 9])
@pytest.mark.parametrize("R", [1, 2, 3, 8])
def test_no_schedule_is_cheaper_than_the_best(T, R, beta):
    least = min(cost(T, (0, *later), beta) for k in range(min(R, T)) for later in combinations(range(1, T), k))
    best = best_schedule(T, R, float(beta))
    assert abs(best.cost - float(least)) <= best.error < 1e-9
    assert abs(float(cost(T, best.taus, beta)) - float(least)) <= best.error
    assert len(best.taus) <= R


def _by_loops(T, R, beta):
    """The textbook's dynamic programming over all last blocks."""
    G = np.concatenate([[0.0], np.cumsum(np.arange(T) / (np.arange(T) + beta - 1))])
    W = np.concatenate([[0.0], np.cumsum(1 / (np.arange(T) + beta - 1))])
    least = G.copy()
    for _ in range(R - 1):
        least = np.array([min(least[i] + G[j] - G[i] - i * (W[j] - W[i]) for i in range(j + 1)) for j in range(T + 1)])
    return least[T]


@pytest.mark.parametrize(("T", "R"), [(60, 7), (64, 3), (65, 9), (127, 20), (90, 60)])
def test_longer_horizons_against_loops(T, R):
    best = best_schedule(T, R, 4.0)
    assert abs(best.cost - _by_loops(T, R, 4.0)) <= best.error
    assert abs(cost(T, best.taus, 4.0) - best.cost) <= best.error


def test_more_rounds_cost_less_and_enough_cost_nothing():
    costs = [best_schedule(300, R, 6.0).cost for R in (1, 2, 5, 20, 100)]
    assert costs == sorted(costs, reverse=True)
    assert best_schedule(300, 300, 6.0).cost == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize("times", [(), (1, 2), (0, 3, 3), (0, 9), (0, 5, 4)])
def test_what_is_no_schedule_is_refused(times):
    with pytest.raises(ParameterError, match="begins at 0"):
        cost(9, times, 4)


def test_bad_sizes_are_refused():
    for call in (lambda: growing(0, 3), lambda: best_schedule(5, 0, 4.0)):
        with pytest.raises(ParameterError, match="at least 1"):
            call()
    for beta in (1, 0.5, float("nan")):
        with pytest.raises(ParameterError, match="beta"):
            best_schedule(5, 2, beta)
        with pytest.raises(ParameterError, match="beta"):
            cost(5, (0,), beta)
