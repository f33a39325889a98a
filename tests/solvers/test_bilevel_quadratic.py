"""Quadratic lower levels, least constants of relaxed smoothness, Newton's method: the card's numbers, and what is refused."""

from fractions import Fraction as F

import numpy as np
import pytest

from gradproof.experiments.adaptive.bilevel_unbounded.instances import CARD
from gradproof.solvers.bilevel_quadratic import QuadraticLower, norm, real_roots, times, to_flint
from gradproof.solvers.newton_cg import minimise
from gradproof.solvers.relaxed_smoothness import greatest, least_constant, pareto
from gradproof.theory.errors import ParameterError


def test_the_steady_lag_of_the_card():
    low, high = CARD.speed()
    assert high - low < F(1, 10**30)
    rho = F(3, 4) ** 5
    assert float(rho * low * 4 / 20 / (1 - rho)) == pytest.approx(0.04756271984, abs=5e-12)


def test_the_neumann_bias_of_the_card():
    line = QuadraticLower([[F(1)]], [[F(1)]])
    (found,) = line.neumann([F(1)], 10, F(4))
    assert 1 - found == F(3, 4) ** 10
    assert float(1 - found) == pytest.approx(0.05631351471, abs=5e-12)


def test_solutions_steps_and_tracking_agree():
    level = QuadraticLower([[F(2), F(1)], [F(1), F(3)]], [[F(1)], [F(2)]])
    best = level.solution([F(3)])
    assert times(level.A, best) == times(level.B, [F(3)])
    assert level.steps([F(3)], best, 5, F(4)) == best
    tracked = list(level.track([[F(t)] for t in range(5)], best, 2, 2, F(4)))
    assert [due for due, _ in tracked] == [False, False, True, False, True]


def test_norms_of_matrices():
    low, high = norm([[F(3), F(0)], [F(4), F(0)]])
    assert low <= 5 <= high
    assert high - low < F(1, 10**30)
    assert len(real_roots(to_flint([[F(2), F(0)], [F(0), F(2)]]).charpoly())) == 1


def test_the_pareto_curve_of_the_quartic():
    low, high = least_constant([0, 0, 0, 1], F(1), F(1))
    assert float(low) == pytest.approx(11.65685425, abs=5e-9)
    assert (float(low) / 2 - 3) ** 2 == pytest.approx(8)  # 6 + 4 sqrt 2
    assert least_constant([0, 0, 0, 1], F(1), F(0))[0] <= 4 <= least_constant([0, 0, 0, 1], F(1), F(0))[1]
    falling = pareto([0, 0, 0, 1], [F(1), F(2), F(4)], F(1, 5))
    assert falling[0][0] > falling[1][1] > falling[2][1]
    grid = max(3 * x * x + 3 * x + 1 - x**3 for x in np.linspace(0, 6, 20001))
    assert grid == pytest.approx(float(high), rel=1e-7)


def test_the_greatest_value_may_be_at_zero():
    assert greatest([F(2), F(-1)]) == (2, 2)


@pytest.mark.parametrize(
    "wrong", [([0, 1, 1], F(1), F(1)), ([0, 1], F(0), F(1)), ([0, -1], F(1), F(1)), ([0, 1], F(1), F(-1))]
)
def test_what_is_refused(wrong):
    with pytest.raises(ParameterError, match="odd"):
        least_constant(*wrong)


def test_values_without_end_and_singular_levels_are_refused():
    with pytest.raises(ParameterError, match="grows without bound"):
        greatest([F(0), F(1)])
    with pytest.raises(ParameterError, match="singular"):
        QuadraticLower([[F(0)]], [[F(1)]]).solution([F(1)])
    with pytest.raises(ParameterError, match="strong convexity"):
        minimise(lambda y: y, lambda y, v: v, np.zeros(2), 0.0)


def test_the_error_of_a_minimiser_is_a_bound():
    b = np.array([[1.0, -2.0], [30.0, 0.1]])
    best, error = minimise(lambda y: y + y**3 - b, lambda y, v: v + 3 * y * y * v, np.zeros((2, 2)), 1.0)
    assert error < 1e-9
    np.testing.assert_allclose(best + best**3, b, atol=1e-8)
