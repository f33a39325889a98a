"""Dimensions, bases and enclosures of attraction regions; what is refused, and what is left undecided."""

from fractions import Fraction
from itertools import pairwise
from math import gcd

import mpmath as mp
import numpy as np
import pytest
import sympy as sp
from numpy.testing import assert_allclose

from gradproof.solvers import subspaces
from gradproof.solvers.circulant import periodic_laplacian
from gradproof.theory.errors import DomainError, ParameterError

TENTH = Fraction(1, 10)


def mlsgd(k: int) -> Fraction:
    return Fraction(k + 1, k + 2)


def diagonal(n: int, negatives=None) -> np.ndarray:
    """diag(+-1) with -1 at the given places (the last, by default)."""
    d = np.ones(n, dtype=np.int64)
    d[[n - 1] if negatives is None else list(negatives)] = -1
    return np.diag(d)


def neumann(n: int) -> np.ndarray:
    L = periodic_laplacian(n)
    L[0, 0] = L[-1, -1] = -1
    L[0, -1] = L[-1, 0] = 0
    return L


# --- the subspace common to all sigma -----------------------------------------------------------------------------------


@pytest.mark.parametrize("n", range(2, 31))
def test_one_negative_coordinate(n):
    basis = subspaces.invariant_stable_subspace(diagonal(n), [periodic_laplacian(n)])
    assert basis.shape == ((n - 1) // 2, n)
    for row in basis:  # the antisymmetric vectors: x_n = 0 and x_i = -x_{n-i}
        assert row[n - 1] == 0
        assert all(row[i - 1] == -row[n - i - 1] for i in range(1, n))


@pytest.mark.parametrize("n", [6, 8, 9, 12])
def test_several_negative_coordinates(n):
    rng = np.random.default_rng(n)
    for _ in range(12):
        places = sorted(rng.choice(n, size=rng.integers(1, 4), replace=False).tolist())
        g = gcd(n, *(2 * (i - places[0]) for i in places[1:]))
        basis = subspaces.invariant_stable_subspace(diagonal(n, places), [periodic_laplacian(n)])
        assert len(basis) == (g - 1) // 2, places


def test_reference_dimensions():
    assert [len(subspaces.invariant_stable_subspace(diagonal(8, [0, d]), [periodic_laplacian(8)])) for d in (1, 2, 3, 4)] == [
        0, 1, 0, 3,
    ]  # fmt: skip
    assert len(subspaces.invariant_stable_subspace(diagonal(6, [0, 3]), [periodic_laplacian(6)])) == 2


@pytest.mark.parametrize("n", [3, 6, 9])
def test_without_the_reflection_nothing_is_left(n):
    assert len(subspaces.invariant_stable_subspace(diagonal(n), [neumann(n)])) == 0


def test_rational_matrices_with_known_subspaces():
    rng = np.random.default_rng(7)
    for _ in range(10):  # a hidden block structure Q = P (B1 + B2) P', P integer orthogonal up to scale
        v = [Fraction(int(c)) for c in rng.integers(-3, 4, size=5)]
        v[0] += 7
        norm = sum(c * c for c in v)
        P = [[Fraction(int(i == j)) - 2 * v[i] * v[j] / norm for j in range(5)] for i in range(5)]  # a reflection
        B = _conjugate(P, [[2, 1, 0, 0, 0], [1, 3, 0, 0, 0], [0, 0, 1, 2, 0], [0, 0, 2, 1, 0], [0, 0, 0, 0, 4]])
        G = _conjugate(P, [[1, 0, 0, 0, 0], [0, 5, 0, 0, 0], [0, 0, 1, 0, 1], [0, 0, 0, 2, 0], [0, 0, 1, 0, 3]])
        basis = subspaces.invariant_stable_subspace(B, [G])
        assert basis.shape == (2, 5)  # the first block is positive definite; the second is tied to an eigenvalue -1
        assert all(sum(row[i] * P[j][i] for i in range(5)) == 0 for row in basis for j in (2, 3, 4))


def _conjugate(P, M):
    n = len(P)
    PM = [[sum(P[i][k] * M[k][j] for k in range(n)) for j in range(n)] for i in range(n)]
    return [[sum(PM[i][k] * P[j][k] for k in range(n)) for j in range(n)] for i in range(n)]


def test_an_irreducible_polynomial_of_mixed_signs_is_decided_where_the_algebra_is_irreducible():
    rng = np.random.default_rng(8)
    M = rng.integers(-3, 4, size=(9, 9))
    assert subspaces.inertia(M + M.T)[2] > 0
    assert subspaces.invariant_stable_subspace(M + M.T, [periodic_laplacian(9)]).shape == (0, 9)


def test_an_irrational_subspace_is_undecided_over_the_rationals_and_found_in_floats():
    B = np.array([[1, 2], [2, 0]])  # eigenvalues (1 +- sqrt(17)) / 2
    zero = np.zeros((2, 2), dtype=int)
    with pytest.raises(subspaces.UndecidedSubspace, match="roots of both signs"):
        subspaces.invariant_stable_subspace(B, [zero])
    basis = subspaces.invariant_stable_subspace_float(B, [zero])
    assert_allclose(B @ basis[0], (1 + np.sqrt(17)) / 2 * basis[0], atol=1e-14)


def test_floats_and_fractions_agree():
    for n in range(2, 20):
        exact = subspaces.invariant_stable_subspace(diagonal(n), [periodic_laplacian(n)])
        basis = subspaces.invariant_stable_subspace_float(diagonal(n), [periodic_laplacian(n)])
        assert basis.shape == exact.shape
        if len(basis):
            rows = exact.astype(float)
            assert_allclose(rows @ basis.T @ basis, rows, atol=1e-12)


def test_inertia():
    assert subspaces.inertia([[0, 1], [1, 0]]) == (1, 0, 1)
    assert subspaces.inertia([[1, 1], [1, 1]]) == (1, 1, 0)
    assert subspaces.inertia(diagonal(7, [1, 4])) == (5, 0, 2)


# --- the starts that one schedule attracts ----------------------------------------------------------------------------------


@pytest.mark.parametrize("n", [2, 3, 5, 10, 30])
@pytest.mark.parametrize("schedule", [lambda k: 0, lambda k: 1, mlsgd], ids=["gd", "lsgd", "mlsgd"])
def test_dimension_is_the_number_of_positive_eigenvalues(n, schedule):
    for negatives in ([n - 1], [0, n // 2]):
        s = subspaces.pointwise_stable_subspace(diagonal(n, negatives), schedule, 0.4, 500)
        expected = n - len(set(negatives))
        assert s.dimension == expected
        assert s.basis.shape == (expected, n)
        assert np.sum(s.exponents < 0) == expected
        assert s.error < 1e-12
        assert_allclose(s.basis @ s.basis.T, np.eye(expected), atol=1e-13)


def test_a_basis_is_attracted_and_a_neighbour_is_not():
    n, eta, steps = 4, 0.4, 200
    s = subspaces.pointwise_stable_subspace(diagonal(n), mlsgd, eta, 600)
    x = s.basis.T
    y = x + 1e-3 * s.normals.T
    for k in range(steps):
        A = np.eye(n) - float(mlsgd(k)) * periodic_laplacian(n)
        x, y = (v - eta * np.linalg.solve(A, diagonal(n) @ v) for v in (x, y))
        if k % 10 == 9:  # without this, rounding grows along the normal
            later = subspaces.pointwise_stable_subspace(diagonal(n), lambda j, k=k: mlsgd(j + k + 1), eta, 120)
            x = later.basis.T @ (later.basis @ x)
    assert np.max(np.abs(x)) < 1e-6
    assert np.min(np.max(np.abs(y), axis=0)) > 1e3


def test_reference_hyperplane_and_line():
    s = subspaces.pointwise_stable_subspace(diagonal(5), mlsgd, 0.4, 400)
    normal = s.normals[0] / s.normals[0, -1]
    assert_allclose(normal, [-0.150897063397, -0.022642252202, -0.022642252202, -0.150897063397, 1], atol=1e-12)
    line = subspaces.pointwise_stable_subspace(diagonal(2), mlsgd, 0.1, 900).basis[0]
    low, high = subspaces.stable_slope_enclosure(TENTH, mlsgd, 500)
    assert abs(line[1] / line[0] - float(low)) < 1e-13
    assert float(low) == pytest.approx(0.3474950380323956, abs=1e-16)
    assert high - low < Fraction(1, 10**19)


def test_the_proved_truncation_covers_the_error():
    truth = subspaces.pointwise_stable_subspace(diagonal(5), mlsgd, 0.4, 600)
    seen = []
    for steps in (20, 40, 60, 80):
        s = subspaces.pointwise_stable_subspace(diagonal(5), mlsgd, 0.4, steps)
        sine = float(np.linalg.norm(s.normals @ truth.basis.T, 2))
        assert sine <= s.truncation + truth.error
        seen.append(s.truncation)
    assert seen == sorted(seen, reverse=True)
    assert seen[-1] < 1e-3


def test_truncation_bound_on_random_saddles():
    rng = np.random.default_rng(9)
    for _ in range(8):
        n = int(rng.integers(2, 7))
        q = np.linalg.qr(rng.normal(size=(n, n)))[0]
        values = rng.choice([-1, 1], size=n) * rng.uniform(0.5, 1, size=n)
        B = (q * values) @ q.T
        B = (B + B.T) / 2
        schedule = rng.uniform(0, 2, size=2000)
        truth = subspaces.pointwise_stable_subspace(B, schedule, 1.1, 2000)
        assert truth.dimension == np.sum(values > 0)
        short = subspaces.pointwise_stable_subspace(B, schedule, 1.1, 60)
        apart = short.normals @ truth.basis.T
        assert not apart.size or np.linalg.norm(apart, 2) <= short.truncation + truth.error


def test_long_sequences_and_other_generators():
    n = 5
    s = subspaces.pointwise_stable_subspace(diagonal(n), [1.0] * 300, 0.3, 300, generator=-neumann(n))
    A = np.eye(n) - neumann(n)
    values, vectors = np.linalg.eig(np.linalg.solve(A, diagonal(n)).T)
    v = vectors[:, np.argmin(values.real)].real  # the normal of E^s is the left eigenvector
    v /= np.linalg.norm(v)
    assert abs(abs(v @ s.normals[0]) - 1) < 1e-12
    large = subspaces.pointwise_stable_subspace(diagonal(130), mlsgd, 0.4, 150)  # the FFT route
    normal = large.normals[0] / large.normals[0, -1]
    small = subspaces.pointwise_stable_subspace(diagonal(120), mlsgd, 0.4, 150)
    assert_allclose(normal[:10], (small.normals[0] / small.normals[0, -1])[:10], atol=1e-12)


# --- two dimensions, between rationals -----------------------------------------------------------------------------------------


def test_constant_sigma_gives_the_eigenvector_slopes():
    for sigma, slope in ((Fraction(1, 2), 2 - sp.sqrt(3)), (Fraction(1), (3 - sp.sqrt(5)) / 2)):
        low, high = subspaces.stable_slope_enclosure(TENTH, lambda k, s=sigma: s, 400)
        assert sp.Rational(low.numerator, low.denominator) <= slope <= sp.Rational(high.numerator, high.denominator)
        assert high - low < Fraction(1, 10**12)


@pytest.mark.parametrize("eta", [TENTH, Fraction(1), Fraction(3, 2), Fraction(19, 10)])
def test_enclosures_are_nested_for_every_step_below_two(eta):
    intervals = [subspaces.stable_slope_enclosure(eta, mlsgd, k) for k in (1, 5, 20, 60)]
    for (a, b), (c, d) in pairwise(intervals):
        assert a <= c <= d <= b
    assert intervals[0][1] - intervals[0][0] > intervals[-1][1] - intervals[-1][0]


def test_the_start_beside_the_line_escapes_and_the_line_does_not():
    """120-digit arithmetic: on the line ||x_600|| = 1.149e-12, one unit in the tenth digit away it does not come near 0."""
    low, _ = subspaces.stable_slope_enclosure(TENTH, mlsgd, 1500, bits=600)
    with mp.workdps(120):
        slope = mp.mpf(low.numerator) / low.denominator
        norms = []
        for start in (slope, slope + mp.mpf(10) ** -10):
            x, y = mp.mpf(1), start
            for k in range(600):
                s = mp.mpf(k + 1) / (k + 2)
                a, b = (1 + 2 * s) / (1 + 4 * s), 2 * s / (1 + 4 * s)
                x, y = x - (a * x - b * y) / 10, y - (b * x - a * y) / 10
            norms.append(mp.sqrt(x * x + y * y))
    assert float(norms[0]) == pytest.approx(1.149e-12, rel=1e-3)
    assert norms[1] > 1


def test_symbolic_spectra():
    sigma = sp.Symbol("sigma", positive=True)
    at = sp.Rational(3, 4)
    for n in range(2, 6):
        found = subspaces.symbolic_spectrum(diagonal(n), sigma)
        values = sorted(complex(v.subs(sigma, at)).real for v, m in found.items() for _ in range(m))
        A = np.eye(n) - 0.75 * periodic_laplacian(n)
        assert_allclose(values, np.sort(np.linalg.eigvals(np.linalg.solve(A, diagonal(n))).real), atol=1e-13)
    exact = subspaces.symbolic_spectrum(diagonal(6), at)
    A = np.eye(6) - 0.75 * periodic_laplacian(6)
    values = sorted(float(v) for v, m in exact.items() for _ in range(m))
    assert_allclose(values, np.sort(np.linalg.eigvals(np.linalg.solve(A, diagonal(6))).real), atol=1e-13)
    assert sum(v < 0 for v in values) == 1
    factors = subspaces.characteristic_factors(diagonal(6), sigma)
    assert sorted((p.degree(), m) for p, m in factors) == [(1, 1), (1, 1), (4, 1)]  # the antisymmetric modes split off


# --- bad input -------------------------------------------------------------------------------------------------------------------


def test_exact_functions_refuse_what_is_not_exact_or_not_a_hessian():
    L = periodic_laplacian(3)
    with pytest.raises(ParameterError, match="exact answers need int or Fraction"):
        subspaces.invariant_stable_subspace(np.eye(3), [L])
    with pytest.raises(ParameterError, match="not symmetric"):
        subspaces.invariant_stable_subspace([[1, 2, 0], [0, 1, 0], [0, 0, 1]], [L])
    with pytest.raises(ParameterError, match="square"):
        subspaces.invariant_stable_subspace([[1, 2, 3]], [L])
    with pytest.raises(ParameterError, match="3 x 3"):
        subspaces.invariant_stable_subspace(diagonal(3), [periodic_laplacian(4)])
    with pytest.raises(DomainError, match="singular"):
        subspaces.invariant_stable_subspace([[1, 1], [1, 1]], [periodic_laplacian(2)])
    with pytest.raises(ParameterError, match="not an exact number"):
        subspaces.invariant_stable_subspace([["a"]], [])


def test_step_schedule_and_size_are_checked():
    B = diagonal(3)
    for eta in (0, -1, 2.0, 5):
        with pytest.raises(DomainError, match=r"outside \(0, 2/\|\|B\|\|\)"):
            subspaces.pointwise_stable_subspace(B, mlsgd, eta, 10)
    with pytest.raises(DomainError, match=r"sigma_3 = -1"):
        subspaces.pointwise_stable_subspace(B, [1, 1, 1, -1], 0.1, 4)
    with pytest.raises(ParameterError, match="2 entries but steps = 5"):
        subspaces.pointwise_stable_subspace(B, [1, 1], 0.1, 5)
    with pytest.raises(DomainError, match="n = 1"):
        subspaces.pointwise_stable_subspace([[1.0]], mlsgd, 0.1, 5)
    with pytest.raises(DomainError, match="steps = 0"):
        subspaces.pointwise_stable_subspace(B, mlsgd, 0.1, 0)
    with pytest.raises(ParameterError, match="not symmetric"):
        subspaces.pointwise_stable_subspace([[1.0, 2.0], [0.0, 1.0]], mlsgd, 0.1, 5)
    with pytest.raises(ParameterError, match="must be positive definite"):
        subspaces.pointwise_stable_subspace(B, mlsgd, 0.1, 5, generator=periodic_laplacian(3))
    with pytest.raises(ParameterError, match="generator is 4 x 4"):
        subspaces.pointwise_stable_subspace(B, mlsgd, 0.1, 5, generator=-periodic_laplacian(4))
    with pytest.raises(ParameterError, match="exact number"):
        subspaces.stable_slope_enclosure(0.1, mlsgd, 5)
    with pytest.raises(DomainError, match="outside"):
        subspaces.stable_slope_enclosure(2, mlsgd, 5)
    with pytest.raises(DomainError, match="sigma_1 = -1"):
        subspaces.stable_slope_enclosure(TENTH, [0, -1], 2)
    with pytest.raises(DomainError, match="n <= 6"):
        subspaces.symbolic_spectrum(diagonal(7), 1)
    with pytest.raises(ParameterError, match="characteristic_factors"):
        subspaces.symbolic_spectrum(diagonal(6), sp.Symbol("sigma", positive=True))


def test_a_float_eigenvalue_without_a_certain_sign_is_undecided():
    q = np.linalg.qr(np.random.default_rng(0).normal(size=(4, 4)))[0]
    for tiny in (1e-16, -1e-16, 0.0):
        B = (q * [1.0, 0.5, -0.5, tiny]) @ q.T
        with pytest.raises(subspaces.UndecidedSubspace, match="sign is not decided"):
            subspaces.pointwise_stable_subspace((B + B.T) / 2, mlsgd, 0.1, 10)
    # clusters of one sign do no harm; the answer is the sum of their eigenspaces
    B = (q * [1.0, 1.0, -1.0, -1.0 + 1e-15]) @ q.T
    assert subspaces.pointwise_stable_subspace((B + B.T) / 2, mlsgd, 0.1, 50).dimension == 2


def test_a_float_direction_between_rounding_and_new_is_undecided():
    B = np.diag([1.0, 2.0, -1.0])
    G = np.diag([1.0, 2.0, 3.0])
    G[0, 2] = G[2, 0] = 1e-7  # ties e_1 to the negative direction, by how much?
    with pytest.raises(subspaces.UndecidedSubspace, match="between"):
        subspaces.invariant_stable_subspace_float(B, [G])
    assert len(subspaces.invariant_stable_subspace_float(B, [G], rtol=1e-12)) == 1
    assert len(subspaces.invariant_stable_subspace_float(B, [G], rtol=1e-5)) == 2


def test_not_finite_is_refused():
    with pytest.raises(ParameterError, match="not finite"):
        subspaces.pointwise_stable_subspace([[float("nan"), 0.0], [0.0, 1.0]], mlsgd, 0.1, 5)
