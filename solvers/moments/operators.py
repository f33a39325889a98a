"""The second-moment operator of linearised SGD, and the top eigenvalue of ``C^-1 D`` and of T by three routes.

On symmetric matrices, in the eigenbasis of H (eigenvalues w): ``C(X) = (HX + XH)/2`` multiplies entry (a, b) by
``(w_a + w_b)/2``; ``D(X) = (1 - p) HXH + p mean_i H_i X H_i``; ``T = Id - 2 eta C + eta^2 D`` maps the second moment of
the distance to the minimum to the next one. All three are self-adjoint, and D and T keep positive semidefiniteness.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import scipy.linalg
from scipy.sparse.linalg import ArpackNoConvergence, LinearOperator, cg, eigsh

from gradproof.solvers.moments.curvatures import EPS, Curvatures
from gradproof.theory.errors import GradproofError


class NotConverged(GradproofError, RuntimeError):
    """An iteration did not reach its tolerance; nothing is known of the value."""


@dataclass(frozen=True)
class Moments:
    """The operators C, D and T of one set of curvatures and one noise fraction p, on reduced (r, r) matrices."""

    curvatures: Curvatures
    p: float

    @cached_property
    def c(self) -> np.ndarray:
        """(r, r): what C multiplies by."""
        w = self.curvatures.w
        return (w[:, None] + w[None, :]) / 2

    @cached_property
    def mean_part(self) -> np.ndarray:
        """(r, r): what ``(1 - p) HXH`` multiplies by."""
        w = self.curvatures.w
        return (1 - self.p) * np.multiply.outer(w, w)

    def D(self, X: np.ndarray) -> np.ndarray:
        if self.p == 0:
            return self.mean_part * X
        noise = self.p * self.curvatures.noise(X)
        return noise if self.p == 1 else noise + self.mean_part * X

    def T(self, X: np.ndarray, eta: float) -> np.ndarray:
        return (1 - 2 * eta * self.c) * X + eta**2 * self.D(X)

    def whitened(self, x: np.ndarray) -> np.ndarray:
        """``C^-1/2 D C^-1/2`` on raveled matrices: symmetric, with the eigenvalues of ``C^-1 D``."""
        r = self.curvatures.rank
        root = np.sqrt(self.c)
        return (self.D(x.reshape(r, r) / root) / root).ravel()


def top(apply: Callable[[np.ndarray], np.ndarray], start: np.ndarray) -> tuple[float, np.ndarray]:
    """Largest eigenvalue and unit eigenvector of a symmetric operator, by Lanczos.

    Raises:
        NotConverged: after 500 restarts, neither to rounding nor to 1e-12.
    """
    size = start.size
    if size == 1:
        return float(apply(np.ones(1))[0]), np.ones(1)
    if size <= 12:  # ARPACK needs room for its Krylov space
        values, vectors = scipy.linalg.eigh(np.column_stack([apply(e) for e in np.eye(size)]))
        return float(values[-1]), vectors[:, -1]
    operator = LinearOperator((size, size), matvec=apply, dtype=float)
    options: dict[str, Any] = {"k": 1, "which": "LA", "v0": start, "ncv": min(10, size - 1), "maxiter": 500}
    try:
        values, vectors = eigsh(operator, **options)
    except ArpackNoConvergence:  # to the last bit; what is left is seen by the bounds from the eigenvector
        try:
            values, vectors = eigsh(operator, tol=1e-12, **options)
        except ArpackNoConvergence as error:
            raise NotConverged(f"Lanczos did not converge on an operator of size {size}: {str(error)[:80]}") from None
    return float(values[0]), vectors[:, 0]


# --- three routes to lambda_max(C^-1 D), each with its eigenmatrix ---------------------------------------------------


def dense(m: Moments) -> tuple[float, np.ndarray]:
    """All of ``C^-1/2 D C^-1/2`` on the r(r+1)/2 independent entries, and LAPACK. Memory r^4/4 numbers."""
    values, vectors = scipy.linalg.eigh(symmetric_matrix(m), subset_by_index=[len(half(m)[0]) - 1] * 2)
    return float(values[0]), _unfold(vectors[:, 0], m) / np.sqrt(m.c)


def matrix_free(m: Moments) -> tuple[float, np.ndarray]:
    """Lanczos on (r, r) matrices from the identity: O(n k r^2) an application, memory ten matrices."""
    r = m.curvatures.rank
    value, x = top(m.whitened, (np.sqrt(m.c) * np.eye(r)).ravel())
    X = x.reshape(r, r) / np.sqrt(m.c)
    return value, (X + X.T) / 2


def dual(m: Moments) -> tuple[float, np.ndarray]:
    """Rank-one curvatures: the n x n matrix ``K_ij = (p/n) <J_iJ_i', (lambda C - (1-p) H.H)^-1 [J_jJ_j']>``.

    With p = 1 the factor lambda comes out and ``lambda = lambda_max(K)``. With p < 1 lambda solves
    ``lambda_max(K(lambda)) = 1``, a decreasing convex function: Newton from below converges monotonically.
    """
    if m.p == 0:
        return m.curvatures.sharpness, _top_direction(m)
    if m.p == 1:
        value, q = _dual_top(m, 1 / m.c, np.ones(m.curvatures.n))
        return value, _span(m, q) / m.c
    # the weight has its pole at (1-p) lambda_max(H); the Rayleigh quotient at the top eigenvector of H lies above it
    value = max(rayleigh(m, np.eye(m.curvatures.rank)), rayleigh(m, _top_direction(m)))
    q, last = np.ones(m.curvatures.n), math.inf
    for _ in range(60):
        weight = 1 / (value * m.c - m.mean_part)
        at, q = _dual_top(m, weight, q)
        X = _span(m, q) * weight
        slope = -m.p / m.curvatures.n * float((X * m.c * X).sum())  # d lambda_max(K) / d lambda, q of unit norm
        step = (1 - at) / slope
        value += step
        # to the last bit, or until the rounding of the eigenvalue is all that moves it
        if abs(step) <= 4 * EPS * value or last / 2 <= abs(step) <= rounding(m) * value:
            return value, X
        last = abs(step)
    raise NotConverged(f"Newton's iteration for the dual threshold still moves by {step:.2g} after 60 steps")


def _dual_top(m: Moments, weight: np.ndarray, start: np.ndarray) -> tuple[float, np.ndarray]:
    G, scale = m.curvatures.rows, m.p / m.curvatures.n

    def apply(q: np.ndarray) -> np.ndarray:
        return scale * np.einsum("ia,ia->i", G @ (weight * _span(m, q)), G)

    return top(apply, start)


def _span(m: Moments, q: np.ndarray) -> np.ndarray:
    """``sum_i q_i J_i J_i'``."""
    G = m.curvatures.rows
    return (G.T * q) @ G


def _top_direction(m: Moments) -> np.ndarray:
    X = np.zeros_like(m.c)
    X[0, 0] = 1.0
    return X


def half(m: Moments) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Indices a <= b of the independent entries, and sqrt(2) off the diagonal, which keeps the inner product."""
    a, b = np.triu_indices(m.curvatures.rank)
    return a, b, np.where(a == b, 1.0, np.sqrt(2))


def symmetric_matrix(m: Moments, eta: float | None = None) -> np.ndarray:
    """(r(r+1)/2, r(r+1)/2): ``C^-1/2 D C^-1/2``, or T at ``eta``, in the orthonormal basis of symmetric matrices."""
    a, b, two = half(m)
    F, n, r = m.curvatures.factors, m.curvatures.n, m.curvatures.rank
    root = np.sqrt(m.c)[a, b] if eta is None else np.ones(a.size)
    if m.curvatures.rank_one:
        phi = F[:, 0, a] * F[:, 0, b] * (two / root)
        out = m.p / n * (phi.T @ phi)
    else:
        H = np.einsum("ika,ikb->iab", F, F).reshape(n, r * r)
        kron = (H.T @ H / n).reshape(r, r, r, r)  # [a, c, b, d]: H_ac H_bd
        ac_bd = kron[a[:, None], a[None, :], b[:, None], b[None, :]]
        ad_bc = kron[a[:, None], b[None, :], b[:, None], a[None, :]]
        out = m.p * np.outer(two / root, two / root) * (ac_bd + ad_bc) / 2
    if eta is None:
        return out + np.diag(m.mean_part[a, b] / m.c[a, b])
    return eta**2 * out + np.diag(1 - 2 * eta * m.c[a, b] + eta**2 * m.mean_part[a, b])


def _unfold(x: np.ndarray, m: Moments) -> np.ndarray:
    a, b, two = half(m)
    X = np.zeros_like(m.c)
    X[a, b] = X[b, a] = x / two
    return X


# --- upper bounds ----------------------------------------------------------------------------------------------------


def rounding(m: Moments) -> float:
    """Relative rounding error allowed for sums over samples and coordinates: a unit roundoff for each term of the longest."""
    n, k, r = m.curvatures.factors.shape
    return (n * k + r) * EPS


def rayleigh(m: Moments, X: np.ndarray) -> float:
    """``<X, D X> / <X, C X>``, at most ``lambda_max(C^-1 D)``."""
    return float((X * m.D(X)).sum() / (X * m.c * X).sum())


def ceiling(m: Moments, value: float, X: np.ndarray) -> float:
    """The least r found with ``D(M) <= r C(M)`` for a positive definite M: then ``lambda_max(C^-1 D) <= r``.

    (If ``D P = lambda C P`` with P PSD, then ``lambda <P, C M> = <P, D M> <= r <P, C M>``.) M is the top eigenmatrix;
    where that is too nearly singular, M solves ``(r C - D) M = C(I)``. Definiteness is decided by Cholesky of the
    diagonally scaled matrix less its rounding error.
    """
    eps = rounding(m)
    X = X if np.trace(X) >= 0 else -X
    if definite(X, X, eps):
        CM, DM = m.c * X, m.D(X)
        for gap in (1e-14, 1e-13, 1e-12, 1e-11, 1e-10):
            if definite(value * (1 + gap) * CM - DM, CM * value, eps):
                return value * (1 + gap)
    for gap in (1e-12, 1e-11, 1e-10, 1e-8, 1e-6, 1e-3):
        r = value * (1 + gap)
        try:
            M = resolvent(m, r, value, X)
        except NotConverged:
            continue
        if definite(M, M, eps) and definite(r * (m.c * M) - m.D(M), r * (m.c * M), eps):
            return r
    return float("inf")


def solve(m: Moments, r: float, target: np.ndarray, start: np.ndarray | None = None) -> np.ndarray:
    """The symmetric M with ``(r C - D) M = target``, for r above the top eigenvalue, by conjugate gradients.

    Raises:
        NotConverged: the relative residual stays above 1e-10.
    """
    size, root = m.curvatures.rank, np.sqrt(m.c)

    def apply(z: np.ndarray) -> np.ndarray:
        return r * z - m.whitened(z)

    b = (target / root).ravel()
    x0 = None if start is None else (root * start).ravel()
    operator = LinearOperator((b.size, b.size), matvec=apply, dtype=float)
    z, _ = cg(operator, b, x0=x0, rtol=1e-14, maxiter=200)
    residual = np.linalg.norm(apply(z) - b) / (np.linalg.norm(b) or 1.0)
    # where r is within eps of the eigenvalue, the rounding of r z alone exceeds b: allow for it
    if not residual <= 1e-10 + 8 * EPS * r * np.linalg.norm(z) / (np.linalg.norm(b) or 1.0):
        raise NotConverged(
            f"conjugate gradients left a relative residual of {residual:.2g}; move eta away from the threshold"
        )
    M = z.reshape(size, size) / root
    return (M + M.T) / 2


def resolvent(m: Moments, r: float, value: float, X: np.ndarray) -> np.ndarray:
    """M with ``(r C - D) M = C(I)``: positive definite, whatever the top eigenmatrix X of eigenvalue ``value`` is."""
    target = np.diag(m.curvatures.w)
    # CG would need many steps for the component along X, of size 1/(r - value)
    along = float((X * target).sum()) / float((X * m.c * X).sum()) / (r - value)
    return solve(m, r, target, along * X)


def definite(A: np.ndarray, magnitude: np.ndarray, eps: float) -> bool:
    """Cholesky of A scaled to unit diagonal of ``magnitude``, less eps for the rounding of A and of Cholesky itself."""
    size = np.sqrt(np.maximum(np.diag(magnitude), 0))
    if not (size > 0).all() or not np.isfinite(A).all():
        return False
    scaled = A / np.multiply.outer(size, size)
    scaled[np.diag_indices_from(scaled)] -= eps
    try:
        np.linalg.cholesky(scaled)
    except np.linalg.LinAlgError:
        return False
    return True
