"""What A_sigma does to a vector: spectrum, traces, means, norms, noise."""

from collections.abc import Callable
from fractions import Fraction
from functools import partial
from typing import Any

import flint
import numpy as np
from scipy.linalg import solve_discrete_lyapunov

from gradproof.experiments.engine.backend import backend as array_library
from gradproof.experiments.engine.draws import Draws, split
from gradproof.experiments.engine.measure import Sample, Supremum, around, cases, measure, rounded
from gradproof.experiments.engine.run import run, start
from gradproof.experiments.landscape.laplacian_smoothing.instances import exact_inverse
from gradproof.experiments.landscape.laplacian_smoothing.methods import constant, matrix, smoothed_sgd
from gradproof.solvers.circulant import periodic_laplacian, smooth, worst_variance_ratio
from gradproof.theory.landscape import laplacian_smoothing as ls

EPS = float(np.finfo(float).eps)
SIZES = [{"n": 2, "sigma": 0.5}, {"n": 3, "sigma": 1.0}, {"n": 10, "sigma": 1.0}, {"n": 31, "sigma": 7.5}]
SMOOTHED = ("periodic_laplacian", "nonnegative_sigma", "noise_condition", "white_noise")
PERIODIC = cases(size=SIZES, laplacian=periodic_laplacian).guaranteeing(*SMOOTHED)


@measure(ls.SPECTRUM, PERIODIC)
def eigenvalues(n: int, sigma: float, laplacian: Any) -> Any:
    """$\\lambda_j$ of the dense matrix, sorted: each positive frequency below $n/2$ twice."""
    found = np.linalg.eigvalsh(matrix(n, sigma, laplacian))
    return rounded(found, n * n, 1 + 4 * sigma), {"j": (np.arange(n) + 1) // 2}


@measure(ls.BETA1, PERIODIC.let(power=lambda: 1))
@measure(ls.BETA2, PERIODIC.let(power=lambda: 2))
def trace(n: int, sigma: float, laplacian: Any, power: int) -> Any:
    """$\\frac1n\\mathrm{Tr}\\,A_\\sigma^{-p}$ of the dense inverse."""
    inverse = np.linalg.inv(matrix(n, sigma, laplacian))
    return rounded(float(np.trace(np.linalg.matrix_power(inverse, power)) / n), n * n, 1 + 4 * sigma)


# --- means and norms -------------------------------------------------------------------------------------------------

STRENGTHS = [Fraction(0), Fraction(1, 2), Fraction(5, 2)]


@measure(ls.AVERAGING, cases(n=[2, 3, 8], sigma=STRENGTHS, q=[1, 2]).guaranteeing(*SMOOTHED))
def operator_norm(n: int, sigma: Fraction, q: int) -> Any:
    """$\\sup_g\\|A^{-1}g\\|_q/\\|g\\|_q$: the largest absolute row sum of the rational inverse ($q = 1, \\infty$), and $q = 2$."""
    if q == 2:
        return Supremum(
            rounded(float(np.linalg.norm(np.linalg.inv(matrix(n, float(sigma))), 2)), 16 * n * n, 1 + 4 * sigma)
        )
    return Supremum(max(sum((abs(x) for x in row), flint.fmpq(0)) for row in exact_inverse(n, sigma).tolist()))


VECTORS = cases(size=SIZES, q=[1, 2, 3.5, np.inf], mean=[0, 1000]).guaranteeing(*SMOOTHED)


@measure(ls.AVERAGING, VECTORS.where(lambda q, mean: q > 1 or mean == 0))  # a positive vector keeps its sum
def norms_of_random_vectors(n: int, sigma: float, q: float, mean: float, rng: Any) -> Any:
    """$\\|A^{-1}g\\|_q/\\|g\\|_q$ of vectors of mean zero, light and heavy tails, and of nearly constant ones, near 1."""
    g = np.concatenate([rng.standard_t(2, size=(200, n)), rng.normal(size=(200, n))])
    g = (g - g.mean(axis=1, keepdims=True)) / np.abs(g).max(axis=1, keepdims=True) + mean
    ratio = np.linalg.norm(smooth(g, sigma), q, axis=1) / np.linalg.norm(g, q, axis=1)
    return rounded(ratio, 8 * n)


SOLVERS = {method: partial(smooth, method=method) for method in ("fft", "sweeps")}


@measure(ls.MEAN, cases(size=SIZES, solver=SOLVERS).guaranteeing(*SMOOTHED))
def mean_kept(n: int, sigma: float, solver: Callable[..., Any]) -> Any:
    """$\\mathbf 1'A^{-1}g/\\mathbf 1'g$ of a vector of positive entries."""
    g = np.arange(1.0, n + 1) ** 2
    return rounded(float(np.sum(solver(g, sigma)) / np.sum(g)), n * n)


# --- noise -----------------------------------------------------------------------------------------------------------


@measure(ls.VARIANCE, cases(size=SIZES, kappa=[1.001, 3.0, 100.0]).guaranteeing(*SMOOTHED))
def worst_covariance(n: int, sigma: float, kappa: float) -> Any:
    """$\\max_S\\mathrm{Tr}(A^{-1}SA^{-1})/\\mathrm{Tr}\\,S$ over the vertices; nearly white noise nearly attains the bound."""
    return Supremum(rounded(worst_variance_ratio(n, sigma, kappa), 16 * n, 1.0))


def turned(n: int, kappa: float, rng: Any) -> np.ndarray:
    """A random covariance with eigenvalues 1 and kappa and random eigenvectors, (n, n)."""
    q = np.linalg.qr(rng.normal(size=(n, n)))[0]
    return (q * rng.choice([1.0, kappa], size=n)) @ q.T


COVARIANCES = cases(size=SIZES, kappa=[2.0, 30.0], covariance=turned, laplacian=periodic_laplacian)


@measure(ls.VARIANCE, COVARIANCES.guaranteeing(*SMOOTHED))
def random_covariances(n: int, sigma: float, kappa: float, covariance: Any, laplacian: Any, rng: Any) -> Any:
    """$\\mathrm{Tr}(A^{-1}SA^{-1})/\\mathrm{Tr}\\,S$ of 50 covariances $S$."""
    p = np.linalg.inv(matrix(n, sigma, laplacian))
    found = [covariance(n, kappa, rng) for _ in range(50)]
    return rounded(np.array([np.trace(p @ s @ p) / np.trace(s) for s in found]), n * n, 1.0)


GIVEN = ((2, 1.0, 0.5, 1.0), (10, 10.0, 0.1, 1.0), (12, 0.3, 0.6, 3.0))
LEVELS = [{"n": n, "sigma": sigma, "eta": eta, "c": c} for n, sigma, eta, c in GIVEN]


@measure(ls.STATIONARY, cases(at=LEVELS, s2=2.0, laplacian=periodic_laplacian).guaranteeing(*SMOOTHED))
def lyapunov_equation(n: int, sigma: float, eta: float, c: float, s2: float, laplacian: Any) -> Any:
    """$\\lim_k\\mathrm E f(x_k)$ from the dense Lyapunov equation $P = MPM + \\eta^2s^2A^{-2}$; error from its residual."""
    p = np.linalg.inv(matrix(n, sigma, laplacian))
    m = np.eye(n) - eta * c * p
    noise = eta**2 * s2 * p @ p
    found = solve_discrete_lyapunov(m, noise)
    residual = np.linalg.norm(found - m @ found @ m - noise, 2) + n * n * EPS * np.linalg.norm(found, 2)
    contraction = float(np.linalg.norm(m, 2)) ** 2  # the error E obeys E = MEM + residual
    return around(c / 2 * float(np.trace(found)), c / 2 * n * float(residual) / (1 - contraction), "solver gap")


def runs(sizes: list[Any], sigmas: list[float], seeds: int, apart: int, *, common: bool = False) -> Any:
    """Runs with the step 1/2; ``common``: all coordinates see the same noise."""
    return cases(n=sizes, sigma=sigmas, eta=0.5, c=1.0, s2=1.0, seeds=seeds, apart=apart, common=common)


@measure(ls.STATIONARY, runs([8], [0.0, 1.0, 2.0], 4000, 8).guaranteeing(*SMOOTHED))
def simulated_sgd(
    n: int, sigma: float, eta: float, common: bool, seeds: int, apart: int, keys: Any, backend: str
) -> Any:
    """$\\frac n2x_1^2$ after runs from 0: all coordinates have one variance, and $x_1$ is exactly normal with mean 0.

    Coordinates ``apart`` from each other are taken as independent: their correlation is far below the unit of rounding
    for the distances given here (it falls as the decay ratio of a smoothing matrix), or one coordinate is taken.
    """
    on = array_library(backend)
    words = on.asarray(split(keys("noise")[:, 0], seeds))
    slowest = 1 - eta / (1 + 4 * sigma)
    steps = int(np.ceil(np.log(1e-9) / (2 * np.log(slowest))))
    method = smoothed_sgd(lambda x, noise: x + noise, eta, constant(sigma))
    x0, record = on.asarray(start(np.zeros(n), seeds=seeds)), {"x": lambda s: s.x[..., ::apart]}
    shape = (1 if common else n,)
    out = run(method, x0, steps, record=record, at=[steps], draw=lambda t: Draws(words, t).normal(shape))
    forgotten = 1e-9 * n * eta**2 / (2 * (1 - slowest**2))  # what is missing of a level that unsmoothed noise bounds
    return Sample(n * out.x.values.ravel() ** 2 / 2, law="square of normal", bias=forgotten)


HIGH = runs([10**5, 10**6], [1.0, 10.0], 100, 1000).guaranteeing(*SMOOTHED)
measure(ls.STATIONARY, HIGH, budget="gpu", name="simulated_sgd_in_high_dimension")(simulated_sgd)
