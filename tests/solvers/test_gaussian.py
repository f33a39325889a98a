"""Gaussian laws: reference values, exact against float, cross-checks by other means, bad input."""

from fractions import Fraction
from itertools import product

import numpy as np
import pytest
import scipy.linalg
from hypothesis import given
from hypothesis import strategies as st

from gradproof.solvers import gaussian
from gradproof.solvers.gaussian.delay import companion
from gradproof.solvers.gaussian.langevin import METHODS, posterior
from gradproof.solvers.gaussian.line import remainder, scaled_mean
from gradproof.solvers.gaussian.moments import random_matrices
from gradproof.theory.errors import DomainError, ParameterError

F = Fraction


def sines():
    i, j = np.arange(1, 51)[:, None], np.arange(3)[None, :]
    X = np.sin(1 + i * (j + 1))
    return gaussian.regression(X, np.cos(2 * i[:, 0]) + X[:, 0] / 2)


def bend(x):
    return x + 3 / (1 + np.exp(1 - 3 * x))


# --- Langevin samplers -------------------------------------------------------------------------------------------------


def test_reference_values_of_a_regression():
    problem = sines()
    limit = gaussian.threshold(problem)
    assert limit.value == pytest.approx(0.02269949960, rel=1e-9)
    assert 2 / np.linalg.eigvalsh(problem.H)[-1] / limit.value == pytest.approx(3.372, rel=1e-3)
    C = {m: gaussian.covariance(problem, limit.value / 4, m) for m in METHODS}
    traces = [float(C[m].trace) for m in METHODS] + [float(posterior(problem).trace)]
    assert traces == pytest.approx([0.1271478771, 0.1552438990, 0.2209944975, 0.0657505985, 0.1179728859], rel=1e-9)
    target = posterior(problem).matrix
    assert gaussian.bures(C["lmc"].matrix, target)[0] == pytest.approx(1.719433329e-4, rel=1e-9)
    assert gaussian.bures(C["sgld"].matrix, target)[0] == pytest.approx(0.01657091187, rel=1e-9)


def test_reference_values_of_a_mean():
    for N, lmc, sgld in ((100, 0.01333333333, 0.1808940860), (10_000, 1.333333333e-4, 0.1667984337)):
        x = np.sin(np.arange(1, N + 1))
        problem = gaussian.quadratic(np.ones((N, 1, 1)), (x.mean() - x)[:, None])
        found = [gaussian.covariance(problem, 0.5 / N, m).matrix[0, 0] for m in ("lmc", "sgld")]
        assert found == pytest.approx([lmc, sgld], rel=1e-9)


def test_reference_value_on_the_line():
    ((mean, error),) = gaussian.langevin_on_the_line([bend], 0.05, [lambda x: x], centre=-0.5, reach=9.0)
    assert abs(mean + 0.5449679857) < error + 1e-10
    assert error < 1e-9


def test_the_line_agrees_with_a_gaussian():
    (mean, e1), (square, e2) = gaussian.langevin_on_the_line(
        [lambda x: 2 * x - 2], 0.1, [lambda x: x, lambda x: (x - 1) ** 2], centre=1.0, reach=7.0
    )
    assert abs(mean - 1) < e1 < 1e-9
    assert abs(square - 1 / (2 * (1 - 0.1))) < e2 < 1e-9


rows = st.lists(st.lists(st.integers(-4, 4), min_size=2, max_size=2), min_size=2, max_size=5)


@given(rows, st.integers(1, 3), st.fractions("1/20", "9/10", max_denominator=40))
def test_exact_and_float_agree_with_iteration(X, p, share):
    y = [(3 * k) % 5 - 2 for k in range(len(X))]
    exact = gaussian.regression(X, y)
    floats = gaussian.regression(np.array(X, float), np.array(y, float))
    gamma = F(float(share) * gaussian.threshold(floats, p).value)
    for method in METHODS:
        C, c = gaussian.covariance(exact, gamma, method, p), gaussian.covariance(floats, float(gamma), method, p)
        assert np.linalg.norm(C.matrix.astype(float) - c.matrix) <= c.error + 1e-12 * np.linalg.norm(c.matrix)
        H, A = exact.H, exact.data  # the equation, from its definition
        noise = sum((h @ C.matrix @ h for h in exact.hessians), start=0 * H) * exact.N - A @ C.matrix @ A
        left = H @ C.matrix + C.matrix @ H - gamma * H @ C.matrix @ H
        right = 0 * H if method == "lmc" else gamma * noise / p
        if method in ("sgld", "sgd"):
            g = exact.gradients
            right = right + gamma * (exact.N * g.T @ g - np.outer(g.sum(axis=0), g.sum(axis=0))) / p
        if method != "sgd":
            right = right + 2 * np.array([[F(1), F(0)], [F(0), F(1)]])
        assert (left == right).all()


@pytest.mark.parametrize("p", [1, 2, 5])
def test_the_threshold_is_that_of_the_generalised_eigenvalue(p):
    problem = sines()
    A, B = problem.drift_operator(), problem.noise_operator(p)
    eigenvalues = scipy.linalg.eigvals(A, B)
    real = eigenvalues[abs(eigenvalues.imag) < 1e-10 * abs(eigenvalues)].real
    assert gaussian.threshold(problem, p).value == pytest.approx(real[real > 0].min(), rel=1e-9)


def test_past_the_threshold_there_is_no_covariance():
    problem = sines()
    limit = gaussian.threshold(problem).value
    gaussian.covariance(problem, 0.999 * limit, "sgld")
    for method in ("sgld", "sgldfp", "sgd"):
        with pytest.raises(DomainError, match="past stability"):
            gaussian.covariance(problem, 1.001 * limit, method)
    gaussian.covariance(problem, 1.001 * limit, "lmc")
    one = gaussian.regression([[1]], [1])  # h = 2, T = 0: the limit is 1 exactly
    with pytest.raises(DomainError):
        gaussian.covariance(one, 1, "lmc")
    assert gaussian.covariance(one, F(1, 2), "lmc").matrix[0, 0] == 1


# --- distances -----------------------------------------------------------------------------------------------------------


@given(st.lists(st.integers(-3, 3), min_size=8, max_size=8))
def test_the_float_distance_lies_in_the_enclosure(entries):
    R, Q = np.array(entries[:4]).reshape(2, 2), np.array(entries[4:]).reshape(2, 2)
    A, B = R @ R.T, Q @ Q.T  # singular ones included
    low, high = gaussian.bures_between(A, B)
    value, error = gaussian.bures(A, B)
    assert float(low) - error <= value <= float(high) + error
    assert high - low <= F(1, 10**20)
    assert value == pytest.approx(gaussian.bures(B, A)[0], abs=2 * error)


def test_distances_of_one_dimension():
    assert gaussian.bures([[4.0]], [[9.0]])[0] == pytest.approx(1, abs=1e-12)
    assert gaussian.wasserstein([0.0], [[4.0]], [2.0], [[9.0]])[0] == pytest.approx(5, abs=1e-12)
    assert gaussian.kullback_leibler([1.0], [[4.0]], [0.0], [[9.0]]) == pytest.approx(
        np.log(3 / 2) + (4 + 1) / 18 - 0.5, rel=1e-12
    )
    assert gaussian.bures_between([[4]], [[9]])[0] <= 1 <= gaussian.bures_between([[4]], [[9]])[1]


# --- delays ----------------------------------------------------------------------------------------------------------------


def test_reference_values_of_delays():
    ends = [[float(x) for x in gaussian.critical(t)] for t in (0, 1, 2, 4)]
    assert [x for x, _ in ends] == pytest.approx([2, 1, 0.6180339887, 0.3472963553], rel=1e-9)
    assert gaussian.Delay(1, 0.1, 4).variance == pytest.approx(1.595942911, rel=1e-9)
    assert gaussian.Delay(2, 0.05, 10).variance == pytest.approx(1.880544631, rel=1e-9)
    scaled = [2000 * 0.05 * gaussian.Delay(1, 0.05, t).average_variance(2000, k) for t in (0, 5) for k in (1, 2)]
    assert scaled == pytest.approx([1.980512821, 2.042643837, 1.986432856, 2.885959841], rel=1e-9)
    assert gaussian.random_delay(1, 0.1, [0.2] * 5).matrix[0, 0] == pytest.approx(1.286314804, rel=1e-9)
    late, fresh = (gaussian.Delay(1, 0.1, t).average_variance(2000, 2) for t in (8, 0))
    assert late / fresh == pytest.approx(8.373, rel=1e-3)


@given(st.integers(0, 8), st.fractions("1/20", "19/20", max_denominator=30), st.integers(0, 3))
def test_delays_against_the_lyapunov_equation(tau, share, sigma):
    a = share * gaussian.critical(tau)[0]
    a = F(round(a * 10**6), 10**6)
    law = gaussian.Delay(1, a, tau, sigma)
    A = companion(float(a), tau, tau + 1)
    Q = np.zeros_like(A)
    Q[0, 0] = float(law.noise)
    P = scipy.linalg.solve_discrete_lyapunov(A, Q)
    assert pytest.approx(law.history.astype(float), rel=1e-6) == P
    floats = gaussian.Delay(1.0, float(a), tau, float(sigma))
    assert abs(floats.variance - float(law.variance)) <= floats.error + 1e-12 * float(law.variance)


@given(st.integers(0, 9), st.fractions("1/100", 2, max_denominator=1000))
def test_stability_agrees_with_the_roots(tau, a):
    low, high = gaussian.critical(tau)
    assert gaussian.is_stable(a, tau) == (a < low)
    assert not low <= a <= high or tau in (0, 1)  # 2 and 1 are the rational thresholds
    radius = abs(np.roots([1, -1, *[0] * (tau - 1), float(a)] if tau else [1, float(a) - 1])).max()
    assert abs(radius - 1) < 1e-6 or gaussian.is_stable(a, tau) == (radius < 1)


def test_one_delay_for_sure_is_a_random_delay():
    exact = gaussian.random_delay(1, F(1, 10), [0, 0, 1])
    assert exact.matrix[0, 0] == gaussian.Delay(1, F(1, 10), 2).variance


def test_a_cycle_of_one_delay_and_moments_along_a_cycle():
    (law,) = gaussian.cyclic_delay(1, F(1, 10), [2])
    assert law.matrix[0, 0] == gaussian.Delay(1, F(1, 10), 2).variance
    cycle = (0, 3, 1)
    laws = gaussian.cyclic_delay(1, 0.1, cycle, 0.5)
    P, Q = np.zeros((4, 4)), np.diag([0.2 + 0.0025, 0, 0, 0])
    for k in range(3 * 400):
        if k >= 3 * 399:
            assert laws[k % 3].matrix == pytest.approx(P, rel=1e-9)
        A = companion(0.1, cycle[k % 3], 4)
        P = A @ P @ A.T + Q


def test_random_delays_by_simulation_of_moments():
    h, weights = 0.1, [0.5, 0.25, 0.25]
    P = np.zeros((3, 3))
    Q = np.diag([2 * h, 0, 0])
    for _ in range(2000):
        P = Q + sum(w * companion(h, t, 3) @ P @ companion(h, t, 3).T for t, w in enumerate(weights))
    assert gaussian.random_delay(1, h, weights).matrix == pytest.approx(P, rel=1e-9)


def test_long_run_sums():
    for tau, h in product((0, 1, 3), (F(1, 10), F(1, 5))):
        law = gaussian.Delay(1, h, tau)
        r = np.array([float(x) for x in law.autocovariances(1500)])
        assert float(law.long_run(1)) == pytest.approx(2 * r.sum() - r[0], rel=1e-9)
        assert float(law.long_run(2)) == pytest.approx(2 * (2 * (r**2).sum() - r[0] ** 2), rel=1e-9)
        assert law.long_run(1) == 2 / h
        brute = sum(float(law.autocovariances(7)[abs(i - j)]) for i in range(7) for j in range(7)) / 49
        assert float(law.average_variance(7)) == pytest.approx(brute, rel=1e-12)


def test_settling_is_decided_exactly_at_the_limit():
    for a, stable in ((F(999, 1000), True), (F(1), False), (F(1001, 1000), False)):
        assert gaussian.settles(random_matrices([1], [companion(a, 1, 2)])) is stable
        assert gaussian.is_stable(a, 1) is stable


# --- bad input -------------------------------------------------------------------------------------------------------------

ONE = np.ones((1, 1))


@pytest.mark.parametrize(
    ("call", "error"),
    [
        (lambda: gaussian.regression([], []), ParameterError),
        (lambda: gaussian.regression([[1.0, np.nan]], [1.0]), ParameterError),
        (lambda: gaussian.regression([[1, 2], [3]], [1, 2]), ParameterError),
        (lambda: gaussian.regression([[1, 2]], [1, 2]), ParameterError),
        (lambda: gaussian.regression([[1, 2]], [1], prior=0), DomainError),  # two unknowns, one row
        (lambda: gaussian.regression([[1.0, 2.0]], [1.0], prior=0), DomainError),
        (lambda: gaussian.regression([[1]], [1], noise=0), DomainError),
        (lambda: gaussian.regression([[1]], [1], prior=-1), DomainError),
        (lambda: gaussian.regression([[1]], [1], noise=0.5), ParameterError),  # a float among exact data
        (lambda: gaussian.quadratic([[[1, 2], [0, 1]]], [[0, 0]]), ParameterError),  # not symmetric
        (lambda: gaussian.quadratic(-np.ones((1, 1, 1)), np.zeros((1, 1))), DomainError),
        (lambda: gaussian.quadratic([[[-1]]], [[0]]), DomainError),
        (lambda: gaussian.quadratic(np.ones((2, 1, 1)), np.zeros((1, 1))), ParameterError),
        (lambda: gaussian.covariance(gaussian.regression([[1]], [1]), 0, "lmc"), DomainError),
        (lambda: gaussian.covariance(gaussian.regression([[1]], [1]), -1, "lmc"), DomainError),
        (lambda: gaussian.covariance(gaussian.regression([[1.0]], [1.0]), float("nan"), "lmc"), ParameterError),
        (lambda: gaussian.covariance(gaussian.regression([[1]], [1]), 0.1, "lmc"), ParameterError),
        (lambda: gaussian.covariance(gaussian.regression([[1]], [1]), 1, "hmc"), ParameterError),
        (lambda: gaussian.covariance(gaussian.regression([[1]], [1]), F(1, 9), "sgld", 0), ParameterError),
        (lambda: gaussian.covariance(gaussian.regression([[1]], [1]), F(1, 9), "sgld", 1.5), ParameterError),
        (lambda: gaussian.bures(ONE, np.eye(2)), ParameterError),
        (lambda: gaussian.bures(-ONE, ONE), DomainError),
        (lambda: gaussian.bures([[1.0, 2.0], [0.0, 1.0]], np.eye(2)), ParameterError),
        (lambda: gaussian.bures([[np.nan]], ONE), ParameterError),
        (lambda: gaussian.bures_between([[1.5]], [[1]]), ParameterError),
        (lambda: gaussian.bures_between([[-1]], [[1]]), DomainError),
        (lambda: gaussian.kullback_leibler([0.0], [[0.0]], [0.0], ONE), DomainError),
        (lambda: gaussian.kullback_leibler([0.0, 0.0], -np.eye(2), [0.0, 0.0], np.eye(2)), DomainError),
        (lambda: gaussian.kullback_leibler([0.0, 0.0], ONE, [0.0], ONE), ParameterError),
        (lambda: gaussian.kullback_leibler([0.0], ONE, [0.0], np.eye(2)), ParameterError),
        (lambda: gaussian.wasserstein([0.0, 0.0], ONE, [0.0], ONE), ParameterError),
        (lambda: gaussian.threshold(gaussian.regression([[1]], [1]), float("inf")), ParameterError),
        (lambda: gaussian.covariance(gaussian.regression([[1]], [1]), F(1, 9), "sgld", None), ParameterError),
        (lambda: gaussian.Delay(1, F(1, 10), 1).autocovariances(-1), ParameterError),
        (lambda: gaussian.Delay(1, F(1, 10), 1).average_variance(2.5), ParameterError),
        (lambda: gaussian.langevin_on_the_line([bend], 0.1, [], centre=float("nan"), reach=5), DomainError),
        (lambda: gaussian.Delay(1, F(1, 10), -1), ParameterError),
        (lambda: gaussian.Delay(1, F(1, 10), 1.5), ParameterError),
        (lambda: gaussian.Delay(1, 0, 1), DomainError),
        (lambda: gaussian.Delay(0, 1, 1), DomainError),
        (lambda: gaussian.Delay(1, 1, 1), DomainError),  # exactly at a_max(1) = 1
        (lambda: gaussian.Delay(1, 0.36, 4), DomainError),
        (lambda: gaussian.Delay(1, float("nan"), 1), ParameterError),
        (lambda: gaussian.Delay(1, 0.1, 1, -1.0), DomainError),
        (lambda: gaussian.Delay(1, 0.1, 1).average_variance(0), ParameterError),
        (lambda: gaussian.Delay(1, 0.1, 1).long_run(3), ParameterError),
        (lambda: gaussian.is_stable(0.5, 1), ParameterError),
        (lambda: gaussian.cyclic_delay(1, F(1, 10), []), ParameterError),
        (lambda: gaussian.cyclic_delay(1, F(1, 10), [1, -1]), ParameterError),
        (lambda: gaussian.cyclic_delay(0, F(1, 10), [1]), DomainError),
        (lambda: gaussian.cyclic_delay(1, float("nan"), [1]), ParameterError),
        (lambda: gaussian.cyclic_delay(1, 1, [1]), DomainError),  # exactly at a_max(1) = 1
        (lambda: gaussian.cyclic_delay(1, 3, [0, 1]), DomainError),
        (lambda: gaussian.random_delay(1, F(1, 10), []), ParameterError),
        (lambda: gaussian.random_delay(1, F(1, 10), [F(1, 2), F(1, 3)]), ParameterError),
        (lambda: gaussian.random_delay(1, F(1, 10), [2, -1]), ParameterError),
        (lambda: gaussian.random_delay(1, 3, [F(1, 2), F(1, 2)]), DomainError),
        (lambda: gaussian.langevin_on_the_line([], 0.1, [], centre=0, reach=5), ParameterError),
        (lambda: gaussian.langevin_on_the_line([bend], -1, [], centre=0, reach=5), DomainError),
        (lambda: gaussian.langevin_on_the_line([bend], 0.1, [], centre=0, reach=1), DomainError),
        (lambda: gaussian.langevin_on_the_line([lambda x: x], 2.5, [], centre=0, reach=20), DomainError),
    ],
)
def test_bad_input(call, error):
    with pytest.raises(error) as caught:
        call()
    assert "\n" not in str(caught.value)


def test_power_series_in_the_step():
    tau = 3
    found = gaussian.small_steps([{tau: 1}], 3)
    assert found == [1, tau + Fraction(1, 2), Fraction(tau * tau + tau, 2) + Fraction(1, 4)]
    law = {0: Fraction(1, 3), 2: Fraction(2, 3)}
    h = Fraction(1, 10**6)
    first = (gaussian.random_delay(1, h, [law[0], Fraction(0), law[2]]).matrix[0, 0] - 1) / h
    assert abs(gaussian.small_steps([law], 2)[1] - first) < Fraction(1, 10**5)
    for bad in ([], [{0: Fraction(1, 2)}], [{0: 2, 1: -1}]):
        with pytest.raises(ParameterError):
            gaussian.small_steps(bad, 2)


def test_averages_from_zero():
    """L = 2: x_1 and x_2 = x_1 - a x_{1 - tau} + noise."""
    law = gaussian.Delay(1.0, 0.1, 1)
    assert law.average_variance_from_zero(2) == pytest.approx(0.2 * (1 + 4) / 4, rel=1e-14)


def test_symmetry_is_to_rounding_of_the_largest_entry():
    nearly = np.diag([1.0, 4.0]) + [[0.0, 1e-17], [-3e-18, 0.0]]
    assert gaussian.bures(nearly, np.eye(2))[0] == pytest.approx(1, rel=1e-12)
    with pytest.raises(ParameterError, match="no symmetric matrix"):
        gaussian.bures(np.diag([1.0, 4.0]) + [[0.0, 1e-12], [0.0, 0.0]], np.eye(2))


def test_the_remainder_bounds_the_distance_to_the_limit():
    """u = t^2/2 + log(1 + e^t): its limit in closed form, and N = 1000 nearer to it than the bound says, but not at it."""
    zero = -0.4010581375415

    def gradient(t):
        return t + 1 / (1 + np.exp(-t))

    s = 1 / (1 + np.exp(-zero))
    known = {"u2": 1 + s * (1 - s), "u3": s * (1 - s) * (1 - 2 * s), "smoothness": 1.25, "fourth": 1 / 8}
    far, near = (scaled_mean(gradient, zero, 0.8, N, smoothness=1.25) for N in (1e3, 1e7))
    assert (
        abs(near[0] + known["u3"] / (2 * known["u2"] ** 2 * (1 - 0.4 * known["u2"])))
        < remainder(0.8, 1e7, **known) + near[1]
    )
    assert far[1] < abs(far[0] - near[0]) < remainder(0.8, 1e3, **known)
    with pytest.raises(DomainError, match="too long"):
        remainder(1.7, 1e3, **known)


def test_hessians_are_symmetric_up_to_their_rounding():
    H = np.linalg.inv(np.kron(np.eye(3), np.array([[2.0, 1.0, 0.3], [1.0, 3.0, 0.7], [0.3, 0.7, 1.0]])))
    skew = H.copy()
    skew[0, 5] = 1e-17  # a zero of the inverse, as some kernels leave it
    problem = gaussian.quadratic(skew[None], np.zeros((1, 9)))
    assert (problem.H == problem.H.T).all()
    skew[0, 5] = 1e-12
    with pytest.raises(ParameterError, match="no symmetric matrix"):
        gaussian.quadratic(skew[None], np.zeros((1, 9)))
