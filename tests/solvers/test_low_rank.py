"""Low-rank recovery: reference values, the closed form against a series that does not know it, the programs of sensing."""

from fractions import Fraction as F

import numpy as np
import pytest

from gradproof.solvers import low_rank
from gradproof.theory.errors import DomainError, GradproofError, ParameterError

M = np.diag([2.0, 1.0, 0.0, 0.0])
COSINES = np.array([[np.cos(1 + 3 * i + 2 * j + i * j) for j in range(4)] for i in range(4)])


@pytest.mark.parametrize(("lam", "steps"), [(F(3), 28), (F(1), 72), (F(1, 2), 134)])
def test_hitting_times(lam, steps):
    assert low_rank.hitting_time(lam, F(1, 1000), F(1, 10)) == steps


def test_flow_from_three_columns():
    found = low_rank.flow(M, 0.05 * COSINES[:, :3], 3)
    assert np.diag(found.W)[:3] == pytest.approx([1.98579366663, 0.277272007943, 0.00252141565796], rel=1e-11)
    assert found.error < 1e-14


def test_gradient_descent():
    *_, last = low_rank.descend(M, 0.05 * COSINES[:, :3], 0.1, 40)
    assert np.linalg.norm(last.U[0] @ last.U[0].T - M) == pytest.approx(0.310217005744, rel=1e-11)


@pytest.mark.parametrize(
    ("alpha", "error"), [(0.1, 0.00992778400539), (0.01, 0.000453978043890), (0.001, 4.70895562e-06)]
)
def test_best_error_of_the_flow(alpha, error):
    found = low_rank.best_time(M, alpha * (COSINES + np.eye(4)), np.linspace(0.5, 40, 1600))[1]
    assert found == pytest.approx(error, rel=1e-8)


@pytest.mark.parametrize("columns", [1, 2, 4, 6])
def test_three_ways_to_the_flow_agree(columns):
    rng = np.random.default_rng(columns)
    B = rng.normal(size=(4, 2))
    S, U0 = B @ B.T, 0.3 * rng.normal(size=(4, columns))
    S = (S + S.T) / 2
    closed, series = low_rank.flow(S, U0, 0.7), low_rank.integrate(S, U0, 0.7)
    assert np.linalg.norm(closed.W - series.W) <= closed.error + series.error < 1e-8
    if columns >= 4:
        assert low_rank.flow_at(S, U0, [0.7])[0] == pytest.approx(closed.W, abs=1e-9)
    else:
        with pytest.raises(ParameterError, match="not invertible"):
            low_rank.flow_at(S, U0, [0.7])


def test_the_flow_stays_stable_for_long_times():
    U0 = 1e-3 * (COSINES + np.eye(4))
    found = low_rank.flow(M, U0, 60)
    assert low_rank.flow_at(M, U0, [60.0])[0] == pytest.approx(found.W, abs=1e-13)
    assert found.W[0, 0] == pytest.approx(2, abs=1e-12)


def test_fewer_columns_than_the_rank_cannot_reach_it():
    error = np.linalg.norm(low_rank.flow(M, 0.1 * COSINES[:, :1], 30).W - M)
    assert error >= 1 - 1e-12


def test_the_power_method_and_its_distance():
    U0 = 1e-3 * COSINES
    last = list(low_rank.descend(M, U0, F(1, 10), 3))[-1]
    power = np.linalg.matrix_power(np.eye(4) + 0.1 * M, 3) @ U0
    assert last.Y[0] == pytest.approx(power, rel=1e-13)
    assert last.apart[0] == pytest.approx(last.U[0] - last.Y[0], abs=1e-17)
    assert last.apart[1] < 1e-20
    values, error = low_rank.singular_values(last.U)
    assert abs(values[0] - np.linalg.norm(last.U[0], 2)) <= error < 1e-14


def test_nuclear_norm_recovers_with_a_dual_that_says_so():
    rng = np.random.default_rng(0)
    B = rng.normal(size=(20, 6, 6))
    A, u = (B + B.transpose(0, 2, 1)) / 2, np.array([1.0, 2, 0, 0, -1, 0])
    found = low_rank.nuclear_norm(A, np.einsum("mij,i,j->m", A, u, u))
    assert pytest.approx(np.outer(u, u), abs=1e-5) == found.Z
    assert found.dual <= 6 + 1e-12
    assert found.dual == pytest.approx(found.value, rel=1e-6)
    assert np.linalg.eigvalsh(np.tensordot(found.nu, A, 1))[-1] <= 1


def test_too_few_measurements_leave_other_solutions():
    A = np.zeros((2, 3, 3))
    A[0, 0, 0] = A[1, 1, 1] = 1
    found = low_rank.nuclear_norm(A, np.array([1.0, 2.0]))
    assert found.value == pytest.approx(3, rel=1e-6)


@pytest.mark.parametrize(
    ("call", "error"),
    [
        (lambda: low_rank.flow(M, COSINES, -1), DomainError),
        (lambda: low_rank.flow([[1, 2], [3, 4]], [[1], [1]], 1), ParameterError),
        (lambda: low_rank.flow(M, COSINES[:3], 1), ParameterError),
        (lambda: low_rank.integrate(np.zeros((2, 2)), np.eye(2), 1), DomainError),
        (lambda: list(low_rank.descend(M, COSINES, float("nan"), 1)), ParameterError),
        (lambda: list(low_rank.descend(M, COSINES, 0.1, -1)), GradproofError),
        (lambda: list(low_rank.descend(M, 3 * COSINES, 5.0, 40)), ParameterError),
        (lambda: low_rank.hitting_time(1, 0, F(1, 10)), DomainError),
        (lambda: low_rank.hitting_time(F(1), F(1, 100), F(1, 10), most=3), DomainError),
        (lambda: low_rank.nuclear_norm(np.ones((2, 3, 4)), np.ones(2)), ParameterError),
        (lambda: low_rank.nuclear_norm(np.ones((2, 3, 3)), np.array([1.0, 2.0])), ParameterError),
        (lambda: low_rank.nuclear_norm(np.eye(3)[None], np.array([-1.0])), GradproofError),
    ],
)
def test_bad_arguments(call, error):
    with pytest.raises(error):
        call()
