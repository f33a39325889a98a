"""The worst case of EF21 with one worker."""

import numpy as np
import pytest

from gradproof.solvers import semidefinite
from gradproof.solvers.ef_pep import pep
from gradproof.theory.errors import ParameterError


@pytest.mark.parametrize(("T", "value"), [(1, 2.0), (2, (3 + 5**0.5) / 4), (3, 0.95078456)])
def test_reference_values(T, value):
    found = pep(T, 0.5, q=0.5, c=0.5)
    assert found.error < 1e-6
    assert abs(found.value - value) <= found.error + 5e-9


def test_reference_values_with_an_exact_start():
    assert pep(3, 0.5, q=0.5).value == pytest.approx(89 / 96, abs=1e-9)  # 0.92708333
    at_best = pep(3, 0.82437, q=0.5).value
    assert at_best == pytest.approx(0.77881286, abs=5e-7)
    assert all(pep(3, gamma, q=0.5).value > at_best for gamma in (0.8, 0.81, 0.835, 0.85))


@pytest.mark.parametrize(
    ("q", "T", "ratio"),
    [(0.5, 1, 2.0), (0.5, 2, 1.53), (0.5, 3, 1.40), (0.75, 1, 4.0), (0.75, 2, 2.52), (0.75, 3, 2.05)]
    + [(0.9, 1, 10.0), (0.9, 2, 5.51), (0.9, 3, 4.03), (0.5, 6, 1.32), (0.75, 6, 1.62), (0.9, 6, 2.60)],
)
def test_looseness_of_the_theorem(q, T, ratio):
    bound = 2 / ((1 - q) * T)
    assert bound / pep(T, 1 - q, q=q, c=0.5).value == pytest.approx(ratio, abs=5e-3)


def test_without_compression_it_is_gradient_descent():
    # q = 0: min |g_k|^2 over k <= T-1 after steps 1/L, f0 - f_inf <= 1, is 4/(3(T-1) + 2)
    for T in (2, 4):
        found = pep(T, 1.0, q=0.0, metric="min")
        assert abs(found.value - 4 / (3 * (T - 1) + 2)) <= found.error + 1e-9


def test_the_gram_matrix_is_an_instance():
    found = pep(3, 0.25, q=0.75, c=0.5)
    G = found.gram
    assert np.linalg.eigvalsh(G).min() > -1e-7
    assert np.trace(G[:3, :3]) / 3 == pytest.approx(found.primal, rel=1e-9)
    # basis (p_0, p_1, p_2, g_0, g_1): the compressor contracts at step 1
    after, before = np.array([0, -1, 0, 0, 1]), np.array([0, -1, 0, 1, 0])
    assert after @ G @ after <= 0.75**2 * (before @ G @ before) + 1e-7
    assert after @ G @ after > 0


def test_more_compression_is_worse():
    values = [pep(3, 0.3, q=q, c=1.0).value for q in (0.0, 0.3, 0.6)]
    assert values == sorted(values)
    assert values[2] > values[0] + 1e-3


@pytest.mark.parametrize(
    "bad", [{"T": 0, "gamma": 1, "q": 0.5}, {"T": 2, "gamma": 0, "q": 0.5}, {"T": 2, "gamma": 1, "q": 1.5}]
)
def test_arguments_outside_the_domain_are_named(bad):
    with pytest.raises(ParameterError, match="need T >= 1"):
        pep(bad.pop("T"), bad.pop("gamma"), **bad)


def test_an_infeasible_program_is_no_value():
    # y >= 1 and y <= 0
    found = semidefinite.minimise(np.ones(1), [(-np.ones((1, 1)), np.ones((1, 1, 1)))], np.ones((1, 1)), np.zeros(1))
    assert not found.solved
    assert np.isnan(found.primal)
    assert found.error == float("inf")


def test_a_known_semidefinite_optimum():
    # min t with [[t, 1], [1, 4]] >= 0 is 1/4
    F0, F = np.array([[0.0, 1.0], [1.0, 4.0]]), np.array([[[1.0, 0.0], [0.0, 0.0]]])
    found = semidefinite.minimise(np.ones(1), [(F0, F)])
    assert abs(found.primal - 0.25) <= found.error


@pytest.mark.parametrize("tolerance", [1e-11, 1e-18])
def test_a_solver_that_cannot_reach_its_gap_returns_the_one_that_it_has(tolerance):
    F0, F = np.array([[0.0, 1.0], [1.0, 4.0]]), np.array([[[1.0, 0.0], [0.0, 0.0]]])
    found = semidefinite.minimise(np.ones(1), [(F0, F)], tolerance=tolerance)
    assert (found.status == "Solved") == (tolerance > 1e-16)
    assert found.solved
    assert abs(found.primal - 0.25) <= found.error < 1e-8
