"""Thresholds of mean-square stability: reference values, agreement of the solvers, bounds, bad input."""

import math
from itertools import combinations, product

import mpmath
import numpy as np
import pytest

from gradproof.solvers.moments import (
    alignment,
    bounds,
    from_jacobian,
    gaussian_threshold,
    second_moments,
    spectral_radius,
    stability_report,
    stability_threshold,
    stationary_covariance,
    uniformity,
)
from gradproof.theory.errors import ParameterError

R4 = np.array([[1, 0, 1], [0, 2, -1], [1, 1, 0], [-1, 1, 2]], dtype=float)
F3 = np.array([[[2, 1], [1, 1]], [[1, -1], [-1, 3]], [[0, 0], [0, 4]]], dtype=float)
COUNTER = np.array([[1, 2], [-1, 3], [3, -1], [-2, -1]], dtype=float)
METHODS = ("dense", "matrix-free", "dual")


def sines(n, d):
    """S(n, d)[i, a] = sin((i + 1)(a + 1)) + [a == 0]."""
    return np.sin(np.outer(np.arange(1, n + 1), np.arange(1, d + 1))) + (np.arange(d) == 0)


S12 = sines(12, 5)
# values published to 13 digits are compared at half a unit of the last; R4 at B = 1 to the rounding of a double
REFERENCE = [
    (R4, 1, False, 0.340512860164096005942230805568, 1e-15),
    (R4, 2, False, 0.6716890165463, 5e-14),
    (R4, 3, False, 0.98875323824, 5e-12),
    (R4, 4, False, 1.269282052832, 5e-13),
    (S12, 1, False, 0.4334804182605, 5e-14),
    (S12, 4, False, 1.0489794198544, 5e-14),
    (S12, 4, True, 0.951640843936, 5e-13),
    (F3, 1, False, 0.5876196264557, 5e-14),
    (F3, 2, False, 0.7077052164550, 5e-14),
    (COUNTER, 1, False, 0.2283637132414, 5e-14),
]


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(("curvatures", "B", "replacement", "value", "digits"), REFERENCE)
def test_reference_thresholds(curvatures, B, replacement, value, digits, method):
    if method == "dual" and curvatures.ndim == 3:
        pytest.skip("the dual needs rank one")
    t = stability_threshold(curvatures, batch_size=B, replacement=replacement, method=method)
    assert abs(t.value - value) <= digits + 4e-16
    assert t.lower <= t.value <= t.upper
    assert t.error <= 1e-9 * t.value


def dual_in_30_digits(G):
    """2/eta* = lambda_max(K) for B = 1, in 40-digit arithmetic, from the definition of K."""
    mpmath.mp.dps = 40
    n, d = G.shape
    J = mpmath.matrix(G.tolist())
    w, U = mpmath.eigsy(J.T * J / n)
    Z = J * U
    K = mpmath.matrix(n, n)
    for i in range(n):
        for j in range(i, n):
            u = [Z[i, a] * Z[j, a] for a in range(d)]
            total = mpmath.fsum(u[a] * u[b] * 2 / (w[a] + w[b]) for a in range(d) for b in range(d))
            K[i, j] = K[j, i] = total / n
    return 2 / max(mpmath.eigsy(K, eigvals_only=True))


@pytest.mark.parametrize(("n", "d"), [(3, 2), (8, 5), (20, 12)])
def test_twelve_digits_against_a_40_digit_reference(n, d):
    G = np.random.default_rng(n).standard_normal((n, d))
    reference = dual_in_30_digits(G)
    for method in METHODS:
        t = stability_threshold(G, batch_size=1, method=method)
        assert abs(t.value / reference - 1) < 1e-12
        assert t.lower <= reference <= t.upper


def brute_force_operator(H, eta, B, replacement):
    """E (I - eta H_b) kron (I - eta H_b) by enumeration of all batches."""
    n, d = len(H), H.shape[1]
    batches = list(product(range(n), repeat=B)) if replacement else list(combinations(range(n), B))
    T = np.zeros((d * d, d * d))
    for b in batches:
        A = np.eye(d) - eta * H[list(b)].mean(axis=0)
        T += np.kron(A, A) / len(batches)
    return T


@pytest.mark.parametrize("replacement", [False, True])
@pytest.mark.parametrize("B", [1, 2, 3])
@pytest.mark.parametrize("rank_one", [True, False])
def test_radius_and_moments_against_all_batches(B, replacement, rank_one):
    rng = np.random.default_rng(B)
    G = rng.standard_normal((4, 3))
    A = rng.standard_normal((4, 3, 2))
    H = np.einsum("ia,ib->iab", G, G) if rank_one else A @ A.transpose(0, 2, 1)
    given = G if rank_one else H
    delta = rng.standard_normal(3)
    for eta in (0.05, 0.3):
        T = brute_force_operator(H, eta, B, replacement)
        rho = np.abs(np.linalg.eigvalsh(T)).max()
        for method in ("dense", "matrix-free"):
            got = spectral_radius(given, eta, batch_size=B, replacement=replacement, method=method)
            assert got == pytest.approx(rho, rel=1e-12)
        x = np.kron(delta, delta)
        for _ in range(3):
            x = T @ x
        moment = second_moments(given, delta, eta, 3, batch_size=B, replacement=replacement)
        assert moment[-1] == pytest.approx(np.trace(x.reshape(3, 3)), rel=1e-12)
    t = stability_threshold(given, batch_size=B, replacement=replacement)
    T = brute_force_operator(H, t.value, B, replacement)
    assert np.linalg.eigvalsh(T)[-1] == pytest.approx(1, abs=1e-12)
    X = t.eigenmatrix
    assert np.allclose(T @ X.ravel(), X.ravel(), atol=1e-10)
    assert np.linalg.eigvalsh(X)[0] > -1e-12


@pytest.mark.parametrize(("n", "d"), [(30, 20), (12, 40), (60, 25)])
@pytest.mark.parametrize("B", [1, 5])
def test_the_solvers_agree(n, d, B):
    G = np.random.default_rng(n).standard_t(3, (n, d))
    values = [stability_threshold(G, batch_size=B, method=m).value for m in METHODS]
    assert max(values) - min(values) <= 1e-12 * values[0]
    H = np.einsum("ia,ib->iab", G, G)
    assert stability_threshold(H, batch_size=B).value == pytest.approx(values[0], rel=1e-11)


def test_more_outputs_than_one_agree_with_hessians():
    J = np.random.default_rng(5).standard_normal((6, 3, 4))
    H = np.einsum("ika,ikb->iab", J, J)
    a = stability_threshold(from_jacobian(J), batch_size=2).value
    assert a == pytest.approx(stability_threshold(H, batch_size=2).value, rel=1e-12)


@pytest.mark.parametrize("B", [1, 2, 5])
@pytest.mark.parametrize("method", METHODS)
def test_orthogonal_design_is_known(B, method):
    t = stability_threshold(3 * np.eye(5), batch_size=B, method=method)
    assert t.value == pytest.approx(2 * B / 9, rel=1e-14)
    assert t.lower <= 2 * B / 9 <= t.upper


def test_rows_of_one_length():
    G = np.random.default_rng(3).standard_normal((50, 20))
    G *= 1.5 / np.linalg.norm(G, axis=1, keepdims=True)
    assert stability_threshold(G, batch_size=1).value == pytest.approx(2 / 1.5**2, rel=1e-13)


def test_decoupled_samples_still_have_an_error_bound():
    t = stability_threshold(np.diag([3, 2, 2.5, 1, 0.5, 0.1, 1, 1, 2.0]), batch_size=1)
    assert t.value == pytest.approx(2 / 9, rel=1e-14)
    assert t.error <= 1e-9


@pytest.mark.parametrize("units", [1e-50, 1e50])
def test_units_do_not_matter(units):
    t = stability_threshold(units * R4, batch_size=2)
    assert t.value * units**2 == pytest.approx(stability_threshold(R4, batch_size=2).value, rel=1e-12)


# --- bounds ----------------------------------------------------------------------------------------------------------


def test_reference_bounds():
    b = bounds(R4, batch_size=1)
    expected = {
        "per_sample": 1 / 3,
        "identity": 0.3348085523597,
        "rank_one": 0.3405987312611,
        "top": 0.5115989551766,
        "trace": 10 / 23,
        "gd": 1.269282052832,
    }
    for name, value in expected.items():
        assert getattr(b, name) == pytest.approx(value, abs=6e-13)
    assert alignment(R4) == pytest.approx(0.2510870867497, abs=5e-14)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("B", [1, 3, 6])
def test_order_of_the_bounds(seed, B):
    G = np.random.default_rng(seed).standard_normal((6, 4))
    t = stability_threshold(G, batch_size=B)
    b = bounds(G, batch_size=B, threshold=t)
    slack = 1 + 1e-12
    assert b.per_sample <= b.identity * slack
    assert b.identity <= t.value * slack
    assert t.value <= min(b.rank_one, b.trace) * slack
    assert b.rank_one <= b.top * slack
    assert b.top <= b.gd * slack


def test_non_uniformity_is_no_necessary_condition():
    t = stability_threshold(COUNTER, batch_size=1)
    assert uniformity(COUNTER) * t.value == pytest.approx(1.0996489391482, abs=5e-13)


def test_identical_rows_have_no_alignment():
    assert abs(alignment(np.ones((4, 3)))) < 1e-14


# --- stationary covariance, Gaussian features ------------------------------------------------------------------------


def test_stationary_covariance_reference():
    got = stationary_covariance(F3, [[1, 0], [0, 1], [-1, -1]], 0.2, batch_size=1)
    expected = [[0.084768953293, 0.020990111325], [0.020990111325, 0.038621804839]]
    assert np.allclose(got, expected, rtol=0, atol=5e-13)


@pytest.mark.parametrize("eta", [0.6, 0.5876196264557])
def test_no_stationary_covariance_above_the_threshold(eta):
    with pytest.raises(ParameterError, match="not below the threshold"):
        stationary_covariance(F3, [[1, 0], [0, 1], [-1, -1]], eta, batch_size=1)


def test_gaussian_reference():
    assert gaussian_threshold(1 / np.arange(1, 21), batch_size=1) == pytest.approx(0.4298248300682, abs=5e-14)


@pytest.mark.parametrize("B", [1, 2, 7])
@pytest.mark.parametrize("d", [1, 3, 50])
def test_isotropic_gaussian(B, d):
    assert gaussian_threshold(np.full(d, 4.0), batch_size=B) == pytest.approx(2 * B / (4 * (d + B + 1)), rel=1e-14)


def test_second_moment_reference():
    got = second_moments(R4, [1, -1, 1], 0.15, 8, batch_size=1)[-1]
    assert got == pytest.approx(0.438328558011, abs=5e-13)


# --- edges and bad input ---------------------------------------------------------------------------------------------


def test_no_curvature_means_no_threshold():
    t = stability_threshold(np.zeros((3, 2)), batch_size=1)
    assert math.isinf(t.value)
    assert t.error == 0
    assert t.eigenmatrix.shape == (2, 2)
    assert bounds(np.zeros((3, 2)), batch_size=1).gd == math.inf
    assert spectral_radius(np.zeros((3, 2)), 1.0, batch_size=1) == 0


@pytest.mark.parametrize("replacement", [False, True])
def test_one_sample_is_gradient_descent(replacement):
    t = stability_threshold([[3.0, 4.0]], batch_size=1, replacement=replacement)
    assert t.value == pytest.approx(2 / 25, rel=1e-14)


def test_one_dimension():
    t = stability_threshold([[1.0], [2.0]], batch_size=1)  # h = 1, 4: 2 E h / E h^2
    assert t.value == pytest.approx(10 / 17, rel=1e-14)


def test_duplicate_rows_are_one_sample():
    assert stability_threshold(np.ones((5, 3)), batch_size=2).value == pytest.approx(2 / 3, rel=1e-13)


def test_semidefinite_curvature_is_restricted_to_its_range():
    wide = np.hstack([R4, np.zeros((4, 2))]) @ np.linalg.qr(np.random.default_rng(0).standard_normal((5, 5)))[0]
    t = stability_threshold(wide, batch_size=1)
    assert t.curvatures.rank == 3
    assert t.value == pytest.approx(0.340512860164096, rel=1e-14)


@pytest.mark.parametrize(
    ("curvatures", "options", "message"),
    [
        (R4, {"batch_size": 0}, "integer >= 1"),
        (R4, {"batch_size": 1.5}, "integer >= 1"),
        (R4, {"batch_size": True}, "integer >= 1"),
        (R4, {"batch_size": 5}, "exceeds n = 4"),
        (R4, {"batch_size": 1, "method": "guess"}, "choose one of"),
        (F3, {"batch_size": 1, "method": "dual"}, "rank-one"),
        (np.ones(3), {"batch_size": 1}, "need \\(n, d\\)"),
        (np.ones((2, 3, 4)), {"batch_size": 1}, "from_jacobian"),
        (np.zeros((0, 3)), {"batch_size": 1}, "empty"),
        ([[1e80, 1]], {"batch_size": 1}, "rescale"),
        ([[1, math.nan]], {"batch_size": 1}, "finite"),
        ([[1, math.inf]], {"batch_size": 1}, "finite"),
        ([["a"]], {"batch_size": 1}, "real numbers"),
        ([[1j]], {"batch_size": 1}, "real numbers"),
        ([[1, 2], [3]], {"batch_size": 1}, "real numbers"),
        ([[[1, 2], [0, 1]]], {"batch_size": 1}, "not symmetric"),
        ([[[1, 0], [0, -1e-3]]], {"batch_size": 1}, "positive semidefinite"),
    ],
)
def test_bad_input(curvatures, options, message):
    with pytest.raises(ParameterError, match=message):
        stability_threshold(curvatures, **options)


@pytest.mark.parametrize("eta", [-0.1, math.nan, math.inf, "x"])
def test_bad_step(eta):
    with pytest.raises(ParameterError, match="eta"):
        spectral_radius(R4, eta, batch_size=1)


@pytest.mark.slow
def test_wide_problems_need_no_big_matrices():
    import resource

    G = np.random.default_rng(0).standard_normal((2000, 2000))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    t = stability_threshold(G, batch_size=1)
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 2**20  # GiB
    assert grown < 4
    assert t.error < 1e-9 * t.value


# --- the report ------------------------------------------------------------------------------------------------------


@pytest.mark.slow  # the imports
def test_report_from_numpy_jax_and_torch(optional):
    jax, torch = optional("jax"), optional("torch")
    expected = stability_threshold(R4, batch_size=1).value
    for rows in (R4, R4.tolist(), torch.tensor(R4, requires_grad=True), jax.numpy.asarray(R4)):
        assert stability_report(rows).threshold.value == pytest.approx(expected, rel=1e-12)
    features = jax.numpy.asarray(R4)
    report = stability_report(jax.jacrev(lambda theta: features @ theta), jax.numpy.zeros(3), eta=0.341)
    assert report.stable is False
    assert report.threshold.value == pytest.approx(expected, rel=1e-6)


def test_report_says_how_tight_each_bound_is():
    report = stability_report(R4, eta=0.34)
    assert report.stable is True
    assert report.tightness["trace"] == pytest.approx(1.2768463, abs=1e-6)
    assert report.trace == pytest.approx(3.75)
    steps = [row[2] for row in report.rows()]
    assert steps == sorted(steps)
    assert "stable" in str(report)
    assert "eta_star" in report._repr_html_()
    assert stability_report(R4, eta=report.threshold.value).stable is None
    axes = report.plot()
    assert len(axes.lines) == 8  # seven step sizes and the run's own
    axes.figure.clear()


def test_report_refuses_what_it_cannot_read():
    with pytest.raises(ParameterError, match="pass a function"):
        stability_report(R4, 1)
    with pytest.raises(ParameterError, match="step size"):
        stability_report(R4, eta=-1)
