"""Starts that one schedule takes to the saddle: the orthogonal complement of the adjoint's growing directions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from gradproof.solvers.circulant import periodic_laplacian, smooth
from gradproof.solvers.subspaces.invariant import symmetric_eigen
from gradproof.theory.errors import DomainError, ParameterError

DENSE = 128  # up to this n two dense products are faster than two FFTs
Schedule = Callable[[int], Any] | Sequence[Any]


@dataclass(frozen=True)
class PointwiseSubspace:
    """``E^s = {x_0 : x_k -> 0}`` for one schedule.

    Args:
        basis: orthonormal rows, shape (dim, n).
        normals: orthonormal rows that span its complement, shape (n - dim, n).
        exponents: finite-time Lyapunov exponents, shape (n,), per step, largest first; positive ones number n - dim.
        truncation: proved bound on the sine of the angle to the true subspace, for the ``steps`` that were used.
        rounding: estimate of the same for rounding.
        steps: how many steps of the schedule were used.
    """

    basis: np.ndarray
    normals: np.ndarray
    exponents: np.ndarray
    truncation: float
    rounding: float
    steps: int

    @property
    def dimension(self) -> int:
        """n minus the number of negative eigenvalues of B, whatever the schedule."""
        return len(self.basis)

    @property
    def error(self) -> float:
        """Truncation and rounding together, at most 1."""
        return min(1.0, self.truncation + self.rounding)


def pointwise_stable_subspace(
    B: Any, schedule: Schedule, eta: float, steps: int, *, generator: Any = None
) -> PointwiseSubspace:
    """The starts x_0 from which ``x_{k+1} = x_k - eta A_{sigma_k}^{-1} B x_k`` converges to 0.

    Backward QR of the adjoint steps ``M_k' = I - eta B A_k^{-1}``, from the eigenvectors of B at step ``steps`` to 0.

    Args:
        B: symmetric nonsingular, (n, n).
        schedule: sigma_0, sigma_1, ... >= 0, bounded: a sequence of at least ``steps`` entries, or a function of k.
        eta: step size in (0, 2 / ||B||).
        steps: how many steps to look ahead; the error contracts geometrically with it.
        generator: G in ``A_sigma = I + sigma G``, positive semidefinite; the periodic Laplacian by default.

    Raises:
        ParameterError: B not square or symmetric, too short a schedule, G not positive semidefinite.
        DomainError: eta outside (0, 2 / ||B||), a negative sigma, n = 1, steps < 1.
        UndecidedSubspace: an eigenvalue of B has no certain sign.
    """
    b, values, vectors = symmetric_eigen(B)
    n = len(b)
    norm, small = float(np.max(np.abs(values))), float(np.min(np.abs(values)))
    check_step(eta, norm)
    solve, top = _solver(n, generator)
    sigmas = read_schedule(schedule, steps)
    negative = int(np.sum(values < 0))
    w = vectors
    logs = np.zeros(n)
    inverse = np.eye(negative)  # of the product of the triangular factors of the growing block
    with np.errstate(divide="ignore"):
        for sigma in reversed(sigmas):
            w, r = np.linalg.qr(w - eta * (b @ solve(w, sigma)))
            logs += np.log(np.abs(np.diag(r)))
            inverse = np.linalg.solve(r[:negative, :negative].T, inverse.T).T
    exponents = logs / steps
    gap = exponents[:negative].min(initial=np.inf) - exponents[negative:].max(initial=-np.inf)
    truncation = _truncation(inverse, w[:, :negative].T @ vectors[:, :negative], eta, norm, small, 1 + top * sigmas[-1])
    eps = np.finfo(np.float64).eps
    # a QR step is backward stable to a few n eps, whatever the machine's kernels
    rounding = 16 * n * eps * (1 + eta * norm) / -np.expm1(-gap) if gap > 0 else 1.0
    return PointwiseSubspace(
        basis=w[:, negative:].T,
        normals=w[:, :negative].T,
        exponents=np.sort(exponents)[::-1],
        truncation=truncation,
        rounding=float(rounding) if 0 < negative < n else n * eps,
        steps=steps,
    )


def _truncation(inverse: np.ndarray, overlap: np.ndarray, eta: float, norm: float, small: float, stiff: float) -> float:
    """Bound on ``sup |W_0' x|`` over unit x in E^s; derived in docs/derivations/laplacian_smoothing.md, section 6.

    Args:
        inverse: of the product of the growing triangular factors. overlap: W_0'E_-. norm, small: largest and smallest
            absolute eigenvalue of B. stiff: largest eigenvalue of the last A_sigma.
    """
    if not len(inverse):
        return 0.0
    slack = 2 * eta * (1 - eta * norm / 2) * small**2 / (stiff * (1 + eta * norm) ** 2 * norm)
    one_minus_theta = -np.expm1(0.5 * np.log1p(-slack))
    tilt = float(np.min(np.linalg.svd(overlap, compute_uv=False)))
    shrink = float(np.linalg.norm(inverse, 2))
    left = one_minus_theta * np.sqrt(small) - shrink * np.sqrt(norm) / tilt
    return min(1.0, float(shrink * np.sqrt(norm) / left)) if left > 0 else 1.0


def _solver(n: int, generator: Any) -> tuple[Callable[[np.ndarray, float], np.ndarray], float]:
    """``(W, sigma) -> A_sigma^{-1} W`` on columns, and the largest eigenvalue of G."""
    if generator is None:
        if n == 1:
            raise DomainError(
                "n = 1: the periodic Laplacian needs two coordinates at least; give a generator of your own"
            )
        if n > DENSE:
            return lambda w, sigma: smooth(w, sigma, axis=0, method="fft"), 4.0
        generator = -periodic_laplacian(n)
    g, values, basis = symmetric_eigen(generator, nonsingular=False)
    if len(g) != n:
        raise ParameterError(f"the generator is {len(g)} x {len(g)} but B is {n} x {n}")
    if values[0] < -8 * n * np.finfo(np.float64).eps * abs(values[-1]):
        raise ParameterError(
            f"the generator has the eigenvalue {values[0]:.3g} < 0; A = I + sigma G must be positive definite"
        )
    values = np.maximum(values, 0.0)
    return lambda w, sigma: basis @ ((basis.T @ w) / (1 + sigma * values)[:, None]), float(values[-1])


def check_step(eta: Any, norm: Any) -> None:
    """Raise ``DomainError`` unless 0 < eta < 2 / norm."""
    if not 0 < eta * norm < 2:
        raise DomainError(
            f"eta = {eta} is outside (0, 2/||B||) = (0, {2 / float(norm):.6g}); beyond it f need not decrease and the "
            "dimension can drop"
        )


def read_schedule(schedule: Schedule, steps: int) -> list[float]:
    """sigma_0 .. sigma_{steps-1} as floats. Raises ``DomainError`` or ``ParameterError`` where it is no schedule."""
    if steps < 1:
        raise DomainError(f"steps = {steps}: look at least one step ahead")
    if not callable(schedule) and len(schedule) < steps:
        raise ParameterError(
            f"the schedule has {len(schedule)} entries but steps = {steps}; give more, or a function of k"
        )
    sigmas = [float(schedule(k) if callable(schedule) else schedule[k]) for k in range(steps)]
    for k, sigma in enumerate(sigmas):
        if not 0 <= sigma < np.inf:
            raise DomainError(f"sigma_{k} = {sigma}: A_sigma is positive definite for finite sigma >= 0")
    return sigmas
