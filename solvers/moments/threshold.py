"""The exact step-size threshold of mean-square stability, and the spectral radius at a given step."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import scipy.linalg
import scipy.optimize

from gradproof.solvers.moments import operators
from gradproof.solvers.moments.curvatures import Curvatures, as_array, noise_fraction, read
from gradproof.solvers.moments.operators import Moments
from gradproof.theory.errors import ParameterError

METHODS = ("auto", "dense", "matrix-free", "dual")
DENSE_RANK = 8  # up to here the dense eigenproblem, of size r(r+1)/2 <= 36, is the fastest
DENSE_LIMIT = 100  # r(r+1)/2 = 5050: 200 MB a matrix


@dataclass(frozen=True)
class Threshold:
    """``eta*``: SGD stays near the minimum in mean square iff ``eta <= eta*``.

    Args:
        value: eta*, in the unit of 1/curvature; infinite where there is no curvature.
        lower, upper: ``lower <= eta* <= upper``. The lower end comes from a positive definite matrix
            (Collatz-Wielandt), the upper one from a Rayleigh quotient, each with an allowance for rounding. For a
            proof take ``certify_threshold``.
        method: ``dense``, ``matrix-free`` or ``dual``.
        batch_size, replacement: the sampling; ``p`` is the noise fraction that it gives.
    """

    value: float
    lower: float
    upper: float
    method: str
    batch_size: int
    replacement: bool
    p: float
    curvatures: Curvatures = field(repr=False)
    reduced_eigenmatrix: np.ndarray = field(repr=False)

    @property
    def error(self) -> float:
        """Bound on ``|value - eta*|``."""
        return 0.0 if math.isinf(self.value) else max(self.upper - self.value, self.value - self.lower)

    @property
    def eigenmatrix(self) -> np.ndarray:
        """(d, d) PSD matrix of unit Frobenius norm: the second moment that neither grows nor shrinks at eta*."""
        return self.curvatures.lift(self.reduced_eigenmatrix)


def moments(curvatures: Any, *, batch_size: int, replacement: bool = False) -> Moments:
    """The operators C, D, T for these curvatures and this sampling.

    Raises:
        ParameterError: see ``read`` and ``noise_fraction``.
    """
    reduced = read(curvatures)
    return Moments(reduced, noise_fraction(reduced.n, batch_size, replacement))


def stability_threshold(
    curvatures: Any, *, batch_size: int, replacement: bool = False, method: str = "auto"
) -> Threshold:
    r"""``eta* = 2 / lambda_max(C^+ D)``: the largest step size at which SGD is mean-square stable at a minimum.

    Args:
        curvatures: (n, d) per-sample Jacobian rows ``J_i`` (square loss: ``H_i = J_i J_i'``), or (n, d, d) per-sample
            Hessians, or the result of ``from_jacobian``. NumPy, JAX or torch.
        batch_size: B, samples in a step.
        replacement: whether a batch may hold a sample twice.
        method: ``dense`` (all of the operator), ``matrix-free`` (Lanczos on matrices), ``dual`` (n x n, rank-one
            curvatures only), or ``auto``: dense for rank <= 8, else dual for rank one and p = 1, else matrix-free.

    Raises:
        ParameterError: bad shapes or values, with what was given and what is needed.
        NotConverged: an iteration failed.

    Source: Mulayoff, Michaeli (2024), Theorem 3, arXiv:2306.07850; dual form: docs/derivations/sgd_stability.md.
    """
    m = moments(curvatures, batch_size=batch_size, replacement=replacement)
    method = _choose(m, method)
    if m.curvatures.rank == 0:
        value = lower = upper = math.inf
        X = np.zeros((0, 0))
    else:
        solve = {"dense": operators.dense, "matrix-free": operators.matrix_free, "dual": operators.dual}[method]
        top, X = solve(m)
        X = X * (np.sign(np.trace(X)) or 1.0) / np.linalg.norm(X)
        eps = operators.rounding(m)
        value = 2 / top
        lower = 2 / operators.ceiling(m, top, X) * (1 - eps)
        upper = 2 / operators.rayleigh(m, X) * (1 + eps)
    return Threshold(
        value, min(lower, value), max(upper, value), method, int(batch_size), replacement, m.p, m.curvatures, X
    )


def spectral_radius(
    curvatures: Any, eta: float, *, batch_size: int, replacement: bool = False, method: str = "auto"
) -> float:
    """``rho(T) = lambda_max(T)`` on range(H) at the step ``eta``: the factor by which second moments grow in a step.

    Returns 0 where there is no curvature (range(H) is then trivial). Methods as in ``stability_threshold``, without
    the dual.

    Raises:
        ParameterError: ``eta`` is negative or not finite, or bad curvatures.
        NotConverged: an iteration failed.
    """
    eta = _step(eta)
    m = moments(curvatures, batch_size=batch_size, replacement=replacement)
    if method == "dual":
        raise ParameterError("method 'dual' gives the threshold only; for the spectral radius use dense or matrix-free")
    method = _choose(m, method, dual=False)
    r = m.curvatures.rank
    if r == 0:
        return 0.0
    if method == "dense":
        size = r * (r + 1) // 2
        A = operators.symmetric_matrix(m, eta)
        return float(scipy.linalg.eigh(A, eigvals_only=True, subset_by_index=[size - 1, size - 1])[0])
    return operators.top(lambda x: m.T(x.reshape(r, r), eta).ravel(), np.eye(r).ravel())[0]


def second_moments(
    curvatures: Any, start: Any, eta: float, steps: int, *, batch_size: int, replacement: bool = False
) -> np.ndarray:
    """``E ||delta_t||^2`` for t = 0..steps on range(H), of linearised SGD from ``start``: (d,) a vector, (d, d) a second moment.

    Raises:
        ParameterError: wrong shapes, or a negative step size.
    """
    eta = _step(eta)
    m = moments(curvatures, batch_size=batch_size, replacement=replacement)
    s = as_array(start, "start")
    d = m.curvatures.dimension
    if s.shape not in ((d,), (d, d)):
        raise ParameterError(f"start has shape {s.shape}; need ({d},) or ({d}, {d})")
    X = m.curvatures.reduce(np.outer(s, s) if s.ndim == 1 else s)
    out = [float(np.trace(X))]
    for _ in range(steps):
        X = m.T(X, eta)
        out.append(float(np.trace(X)))
    return np.array(out)


def stationary_covariance(
    curvatures: Any, gradients: Any, eta: float, *, batch_size: int, replacement: bool = False
) -> np.ndarray:
    """(d, d) limit of ``E delta delta'`` at a regular minimum: ``eta p (2C - eta D)^+`` of the gradients' second moment.

    Args:
        gradients: (n, d) per-sample gradients at the minimum; their mean is zero.

    Raises:
        ParameterError: wrong shape, gradients whose mean is not zero, or eta not below the threshold.

    Source: Mulayoff, Michaeli (2024), Theorem 5, arXiv:2306.07850.
    """
    eta = _step(eta)
    m = moments(curvatures, batch_size=batch_size, replacement=replacement)
    g = as_array(gradients, "gradients")
    n, d = m.curvatures.n, m.curvatures.dimension
    if g.shape != (n, d):
        raise ParameterError(f"gradients have shape {g.shape}; need one for each sample, ({n}, {d})")
    drift = np.abs(g.mean(axis=0)).max()
    if drift > 1e-8 * np.abs(g).max():  # half of the digits: what training to rounding leaves
        raise ParameterError(f"the mean gradient reaches {drift:.3g}: not a minimum; subtract it, or train further")
    threshold = stability_threshold(m.curvatures, batch_size=batch_size, replacement=replacement)
    if eta >= threshold.value:
        raise ParameterError(
            f"eta = {eta:.9g} is not below the threshold {threshold.value:.9g}: second moments do not settle"
        )
    if m.curvatures.rank == 0 or eta == 0:
        return np.zeros((d, d))
    target = m.curvatures.reduce(g.T @ g / n)
    return m.curvatures.lift(operators.solve(m, 2 / eta, target) * m.p)


def gaussian_threshold(eigenvalues: Any, *, batch_size: int) -> float:
    r"""``eta*`` for fresh Gaussian features ``J ~ N(0, H)``, B new ones a step.

    The root of ``sum_j (eta lambda_j / B) / (2 - (1 + 1/B) eta lambda_j) = 1`` below the first pole.

    Args:
        eigenvalues: (d,) eigenvalues of H, >= 0.

    Raises:
        ParameterError: negative eigenvalues, wrong shape, bad batch size.
    """
    w = as_array(eigenvalues, "eigenvalues")
    if w.ndim != 1 or (w < 0).any():
        raise ParameterError(
            f"eigenvalues of a covariance form a (d,) array of numbers >= 0, got shape {w.shape}, min {w.min()}"
        )
    B = 1 / noise_fraction(1, batch_size, True)
    if w.max() == 0:
        return math.inf
    scale = w.max()
    w = w / scale

    def excess(eta: float) -> float:
        return float(np.sum(eta * w / B / (2 - (1 + 1 / B) * eta * w))) - 1

    # the largest term alone is 1 at 2B/(B + 2), and infinite at 2B/(B + 1): between them the excess is positive
    high = (2 * B / (B + 2) + 2 * B / (B + 1)) / 2
    return float(scipy.optimize.brentq(excess, 0.0, high, xtol=1e-300, rtol=4 * np.finfo(float).eps)) / scale


def _choose(m: Moments, method: str, *, dual: bool = True) -> str:
    if method not in METHODS:
        raise ParameterError(f"method = {method!r}; choose one of {', '.join(METHODS)}")
    if method == "dual" and not m.curvatures.rank_one:
        raise ParameterError("method 'dual' needs rank-one curvatures ((n, d) Jacobian rows); use matrix-free")
    r = m.curvatures.rank
    if method == "dense" and r > DENSE_LIMIT:
        raise ParameterError(
            f"method 'dense' at rank {r} needs {r**4 * 2 / 2**30:.0f} GiB; use matrix-free (limit {DENSE_LIMIT})"
        )
    if method != "auto":
        return method
    if r <= DENSE_RANK:
        return "dense"
    return "dual" if dual and m.curvatures.rank_one and m.p == 1 else "matrix-free"


def _step(eta: Any) -> float:
    try:
        value = float(eta)
    except (TypeError, ValueError):
        raise ParameterError(f"eta = {eta!r} is not a number") from None
    if not (0 <= value < math.inf):
        raise ParameterError(f"eta = {value}; a step size is finite and >= 0")
    return value
