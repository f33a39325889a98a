"""The curvatures at a minimum, reduced to the range of their mean and written in its eigenbasis."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import scipy.linalg

from gradproof.theory.errors import ParameterError

EPS = float(np.finfo(float).eps)


@dataclass(frozen=True)
class Curvatures:
    """``H_i = F_i' F_i`` in the eigenbasis of ``H = mean H_i``, restricted to range(H), on which alone SGD moves.

    Args:
        factors: (n, k, r); k = 1 for a square loss with one output, where ``H_i = J_i J_i'``.
        w: (r,) positive eigenvalues of H, descending.
        basis: (d, r) orthonormal columns; original coordinates are ``basis @ reduced``.
    """

    factors: np.ndarray
    w: np.ndarray
    basis: np.ndarray

    @property
    def n(self) -> int:
        return int(self.factors.shape[0])

    @property
    def rank(self) -> int:
        return int(self.w.size)

    @property
    def dimension(self) -> int:
        return int(self.basis.shape[0])

    @property
    def rank_one(self) -> bool:
        """True where every ``H_i`` has rank at most one."""
        return self.factors.shape[1] == 1

    @property
    def rows(self) -> np.ndarray:
        """(n, r) Jacobian rows in the eigenbasis, for rank-one curvatures."""
        return self.factors[:, 0, :]

    @cached_property
    def traces(self) -> np.ndarray:
        """(n,) ``Tr(H_i)``."""
        return np.einsum("ika,ika->i", self.factors, self.factors)

    @property
    def trace(self) -> float:
        """``Tr(H)``."""
        return float(self.w.sum())

    @property
    def sharpness(self) -> float:
        """``lambda_max(H)``."""
        return float(self.w[0]) if self.rank else 0.0

    def noise(self, X: np.ndarray) -> np.ndarray:
        """``mean_i H_i X H_i`` for a symmetric (r, r) X, in O(n k r^2)."""
        if self.rank_one:
            G = self.rows
            q = np.einsum("ia,ia->i", G @ X, G)
            return (G.T * (q / self.n)) @ G
        n, k, r = self.factors.shape
        flat = self.factors.reshape(n * k, r)
        inner = (flat @ X).reshape(n, k, r) @ self.factors.transpose(0, 2, 1)
        return flat.T @ (inner @ self.factors).reshape(n * k, r) / n

    def reduce(self, X: Any) -> np.ndarray:
        """A symmetric (d, d) matrix projected on range(H), in the eigenbasis."""
        return self.basis.T @ np.asarray(X, dtype=float) @ self.basis

    def lift(self, X: np.ndarray) -> np.ndarray:
        """The (d, d) matrix of a reduced one."""
        return self.basis @ X @ self.basis.T


def read(curvatures: Any) -> Curvatures:
    """Curvatures from ``(n, d)`` Jacobian rows (``H_i = J_i J_i'``) or ``(n, d, d)`` Hessians; NumPy, JAX or torch arrays.

    Raises:
        ParameterError: wrong shape, NaN or infinite entries, Hessians that are not symmetric or not positive
        semidefinite.
    """
    if isinstance(curvatures, Curvatures):
        return curvatures
    a = as_array(curvatures, "curvatures")
    if a.ndim == 2:
        return _reduce(a[:, None, :])
    if a.ndim == 3 and a.shape[1] == a.shape[2]:
        return _reduce(_factor(a))
    raise ParameterError(
        f"curvatures have shape {a.shape}; need (n, d) Jacobian rows or (n, d, d) Hessians. "
        "For (n, k, d) Jacobians of k outputs use from_jacobian."
    )


def from_jacobian(jacobian: Any) -> Curvatures:
    """Curvatures of a square loss with k outputs a sample: ``H_i = sum_k J_ik J_ik'`` from an (n, k, d) or (n, d) Jacobian.

    Raises:
        ParameterError: wrong shape, NaN or infinite entries.
    """
    a = as_array(jacobian, "jacobian")
    if a.ndim not in (2, 3):
        raise ParameterError(f"the Jacobian has shape {a.shape}; need (n, d), or (n, k, d) for k outputs")
    return _reduce(a[:, None, :] if a.ndim == 2 else a)


def as_array(x: Any, what: str) -> np.ndarray:
    """A float64 NumPy array from what the user brings; narrower floats are widened, which is exact.

    Raises:
        ParameterError: not numbers, empty, or not finite.
    """
    if hasattr(x, "detach"):  # torch
        x = x.detach().cpu()
    try:
        raw = np.asarray(x)
        if np.iscomplexobj(raw):
            raise TypeError("complex numbers")
        a = raw.astype(float)
    except (TypeError, ValueError) as error:
        raise ParameterError(
            f"{what}: need an array of real numbers, got {type(x).__name__} ({str(error)[:80]})"
        ) from None
    if a.size == 0:
        raise ParameterError(f"{what} is empty (shape {a.shape}); need at least one sample and one parameter")
    if not np.isfinite(a).all():
        where = tuple(int(i) for i in np.argwhere(~np.isfinite(a))[0])
        raise ParameterError(f"{what}[{', '.join(map(str, where))}] = {a[where]}; all entries must be finite")
    return a


def noise_fraction(n: int, batch_size: Any, replacement: bool) -> float:
    """The weight p of single-sample noise: 1/B with replacement, (n - B)/(B (n - 1)) without (0 at B = n).

    Raises:
        ParameterError: unless B is an integer >= 1, and <= n without replacement.
    """
    numerator, denominator = noise_ratio(n, batch_size, replacement)
    return numerator / denominator


def noise_ratio(n: int, batch_size: Any, replacement: bool) -> tuple[int, int]:
    """p as an exact ratio of integers; see ``noise_fraction``."""
    B = batch_size
    if isinstance(B, bool) or not hasattr(B, "__index__") or int(B) < 1:
        raise ParameterError(f"batch_size = {B!r}; need an integer >= 1")
    B = int(B)
    if replacement:
        return 1, B
    if n < B:
        raise ParameterError(f"batch_size = {B} exceeds n = {n} samples; take at most n, or replacement=True")
    return (0, 1) if n == B else (n - B, B * (n - 1))


def _factor(hessians: np.ndarray) -> np.ndarray:
    """``F_i`` with ``H_i = F_i' F_i`` from the eigendecompositions, with as few rows as the ranks need."""
    d = hessians.shape[1]
    size = np.abs(hessians).max(axis=(1, 2))
    skew = np.abs(hessians - hessians.transpose(0, 2, 1)).max(axis=(1, 2))
    # d * eps: what accumulating a Hessian in floats in two orders may leave
    if (skew > 8 * d * EPS * size).any():
        i = int(np.argmax(skew - 8 * d * EPS * size))
        raise ParameterError(
            f"Hessian {i} is not symmetric: |H - H'| reaches {skew[i]:.3g}; pass (H + H')/2 if that is meant"
        )
    w, V = np.linalg.eigh((hessians + hessians.transpose(0, 2, 1)) / 2)
    rounding = 8 * d * EPS * np.abs(w).max(axis=1)  # backward error of eigh
    if (w[:, 0] < -rounding).any():
        i = int(np.argmin(w[:, 0] + rounding))
        raise ParameterError(
            f"Hessian {i} has the eigenvalue {w[i, 0]:.6g} < 0; stability at a minimum needs positive semidefinite Hessians"
        )
    w = np.where(w > rounding[:, None], w, 0.0)
    k = max(1, int((w > 0).sum(axis=1).max()))
    return np.sqrt(w[:, -k:, None]) * V.transpose(0, 2, 1)[:, -k:, :]


def _reduce(factors: np.ndarray) -> Curvatures:
    n, k, d = factors.shape
    flat = factors.reshape(n * k, d)
    scale = np.abs(flat).max()
    if scale == 0:
        return Curvatures(np.zeros((n, k, 0)), np.zeros(0), np.zeros((d, 0)))
    if not 1e-60 < scale < 1e60:  # fourth powers must fit into a double
        raise ParameterError(
            f"the largest |Jacobian| entry is {scale:.3g}; rescale to about 1: eta* goes with its inverse square"
        )
    U, s, Vt = scipy.linalg.svd(flat / scale, full_matrices=False, check_finite=False)
    r = int((s > max(n * k, d) * EPS * s[0]).sum())
    s = s[:r] * scale
    return Curvatures(np.ascontiguousarray((U[:, :r] * s).reshape(n, k, r)), s**2 / n, Vt[:r].T)
