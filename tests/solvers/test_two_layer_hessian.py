"""Hessians of two-layer networks: reference values, finite differences, rationals against floats, Lanczos against dense."""

from fractions import Fraction

import flint
import numpy as np
import pytest

from gradproof.solvers import spiked_covariance
from gradproof.solvers.exact.inertia import eigenvalues as exact_eigenvalues
from gradproof.solvers.exact.inertia import inertia
from gradproof.solvers.exact.linear import from_flint
from gradproof.solvers.two_layer_hessian import Network, Rational, eigenvalues, quadratic_form, split, top
from gradproof.theory.errors import ParameterError

W, V, X, Y = [[1, 0], [1, -1]], [[1, 2]], [[1, 1], [2, -1]], [[0], [1]]


def test_the_tiny_net():
    at = split(W, V, X, Y)
    assert at.loss == pytest.approx(1.09966935373268, abs=1e-13)
    values, error = eigenvalues(at.H, at.error)
    reference = [-0.870555134997, -0.397503243629, -0.175923939442, 0.197933177179, 0.733084871782, 4.608040120527]
    assert values[::-1] == pytest.approx(reference, abs=1e-11)
    assert error < 1e-10
    assert eigenvalues(at.G)[0][:2] == pytest.approx([4.511982068705, 0.927603011617], abs=1e-11)
    assert np.abs(eigenvalues(at.G)[0][2:]).max() < 1e-12
    assert np.linalg.norm(at.R, 2) == pytest.approx(0.877327216682, abs=1e-11)
    # the residuals are not small: R is comparable to G, and three of six eigenvalues are negative
    assert (values < -error).sum() == 3


def random(seed, n, d, m, K):
    rng = np.random.default_rng(seed)
    return rng.standard_normal((m, d)), rng.standard_normal((K, m)), rng.standard_normal((n, d)), rng


def test_generic_ranks():
    W, V, X, rng = random(0, 3, 2, 4, 3)
    at = split(W, V, X, rng.integers(3, size=3), loss="softmax")
    assert len(at.G) == 20
    assert np.linalg.matrix_rank(at.G, tol=1e-9 * np.linalg.norm(at.G)) == 6
    W, V, X, _ = random(1, 5, 3, 8, 2)
    at = split(W, V, X, np.tanh(X @ W.T) @ V.T)
    values, error = eigenvalues(at.H, at.error)
    assert len(values) == 40
    assert np.abs(at.R).max() < 1e-14
    assert (np.abs(values) <= error).sum() == 30
    assert error < 1e-9 * values[0]


@pytest.mark.parametrize("unit", ["tanh", "softplus", "relu"])
@pytest.mark.parametrize("loss", ["square", "softmax"])
def test_against_central_differences(unit, loss):
    for seed in range(5):
        n, d, m, K = np.random.default_rng(seed).integers(2, 5, size=4)
        W, V, X, rng = random(seed + 10, n, d, m, K)
        Y = rng.standard_normal((n, K)) if loss == "square" else rng.integers(K, size=n)
        at, v, h = split(W, V, X, Y, unit=unit, loss=loss), rng.standard_normal((K + d) * m), 1e-6
        dW, dV = v[: m * d].reshape(m, d), v[m * d :].reshape(K, m)
        up, down = (split(W + e * dW, V + e * dV, X, Y, unit=unit, loss=loss) for e in (h, -h))
        assert at.H @ v == pytest.approx((up.gradient - down.gradient) / (2 * h), rel=1e-6, abs=1e-7)
        assert at.gradient @ v == pytest.approx((up.loss - down.loss) / (2 * h), rel=1e-6, abs=1e-8)
        assert at.rows.reshape(n * K, -1).T @ at.rows.reshape(n * K, -1) / n == pytest.approx(at.G, abs=1e-12)
        assert np.linalg.norm(at.R, 2) <= at.residual_bound * (1 + 1e-12)


def rational(seed, n=3, d=2, m=3, K=2, softmax=False):
    rng = np.random.default_rng(seed)
    draw = lambda *shape: [[int(c) for c in row] for row in rng.integers(-3, 4, size=shape)]  # noqa: E731
    labels = [int(y) for y in rng.integers(K, size=n)] if softmax else draw(n, K)
    return Rational(draw(m, d), draw(K, m), draw(n, d), labels, softmax=softmax)


def test_rationals_agree_with_floats():
    for seed in range(5):
        net = rational(seed)
        at = split(net.W, net.V, net.X, np.array(net.Y), unit="relu")
        for mine, theirs in ((net.G, at.G), (net.R, at.R)):
            assert np.array(from_flint(mine), float) == pytest.approx(theirs, abs=1e-12)
        assert np.array(net.gradient, float) == pytest.approx(at.gradient, abs=1e-12)
        exact = exact_eigenvalues(net.H)
        assert [float(low) for low, _ in exact] == pytest.approx(eigenvalues(at.H)[0], abs=1e-11)
        assert all(low <= high for low, high in exact)


def test_losses_along_a_line_know_the_hessian():
    net = next(net for net in map(rational, range(20)) if net.smooth)
    v = [Fraction(k % 3 - 1, 2) for k in range(net.P)]
    first, second = net.along(v, Fraction(1, 1000))
    assert first == sum(g * c for g, c in zip(net.gradient, v, strict=True))
    assert second == quadratic_form(net.H, v)


def test_softmax_to_the_base_two():
    net = rational(3, softmax=True)
    p = np.array(net.probabilities, float)
    J = np.array(net.jacobian, float).reshape(net.n, net.K, -1)
    A = np.einsum("ik,kl->ikl", p, np.eye(net.K)) - np.einsum("ik,il->ikl", p, p)
    assert np.array(from_flint(net.G), float) == pytest.approx(np.einsum("ikp,ikl,ilq->pq", J, A, J) / net.n)
    with pytest.raises(ParameterError, match="integer"):
        Rational([[1]], [[Fraction(1, 2)]], [[1]], [0], softmax=True)


def test_inertia_counts_signs():
    M = flint.fmpq_mat([[1, 2, 0, 0], [2, 1, 0, 0], [0, 0, 0, 0], [0, 0, 0, 5]])
    assert inertia(M) == (1, 1, 2)
    assert exact_eigenvalues(M) == [(5, 5), (3, 3), (0, 0), (-1, -1)]
    with pytest.raises(ParameterError, match="symmetric"):
        inertia(flint.fmpq_mat([[0, 1], [2, 0]]))


def test_products_and_lanczos_agree_with_dense_matrices():
    W, V, X, rng = random(5, 20, 5, 8, 3)
    labels = rng.integers(3, size=20)
    at, net = split(W, V, X, labels, loss="softmax"), Network(W, V, X, np.eye(3)[labels])
    gauss_newton, hessian = net.products()
    v = rng.standard_normal(net.P)
    assert gauss_newton(v) == pytest.approx(at.G @ v, abs=1e-13)
    assert hessian(v) == pytest.approx(at.H @ v, abs=1e-13)
    assert net.trace() == pytest.approx(np.trace(at.G))
    assert net.residual_bound() == pytest.approx(at.residual_bound)
    dense = eigenvalues(at.G)[0]
    found = top(gauss_newton, net.P, 6, trace=net.trace())
    assert found.values == pytest.approx(dense[:6], abs=1e-12)
    assert found.residuals.max() < 1e-12
    assert dense[6] <= found.missed <= dense[6:].sum() * (1 + 1e-10)
    assert top(hessian, net.P, 6).values == pytest.approx(eigenvalues(at.H)[0][:6], abs=1e-12)


def test_the_limit_of_a_spiked_covariance():
    low, high = spiked_covariance.limit(Fraction(3), Fraction(1, 4))
    assert low <= Fraction(13, 3) <= high
    assert high - low < Fraction(1, 10**11)
    low, high = spiked_covariance.limit(Fraction(1, 4), Fraction(1, 4))
    assert low <= Fraction(9, 4) <= high
    assert spiked_covariance.density(np.array([0.24, 2.26]), 0.25) == pytest.approx([0, 0])
    y = np.linspace(0.25, 2.25, 20001)
    assert np.trapezoid(spiked_covariance.density(y, 0.25), y) == pytest.approx(1, abs=1e-4)
    with pytest.raises(ParameterError):
        spiked_covariance.limit(Fraction(3), Fraction(1))
