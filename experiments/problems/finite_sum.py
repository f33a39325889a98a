"""Finite sums over clients with a nonconvex regulariser, and their exact smoothness constants.

f(x) = (1/n) sum_i f_i(x), f_i(x) = (1/m_i) sum_j loss(a_ij, x) + lam sum_k x_k^2/(1 + x_k^2). All f_i are >= 0, so
f_inf = 0 is admissible. The regulariser has second derivative (2 - 6x^2)/(1 + x^2)^3 in [-1/2, 2] a coordinate; it is 2
at x = 0, where the curvature of the logistic loss is largest too, so the constants below are the best possible.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

import numpy as np
from array_api_compat import array_namespace, is_numpy_array

from gradproof.theory.errors import ParameterError

Array = Any  # an array of any namespace that array-api-compat knows


class Problem(Protocol):
    """What a method and a check need of f = (1/n) sum f_i on R^d.

    ``values``: x (..., d) -> f_i(x), (..., n). ``gradients``: x (..., d) -> grad f_i(x), (..., n, d).
    ``L_i``: best smoothness constants (n,). ``L``: that of f. ``f_inf``: a lower bound of f.
    """

    @property
    def n(self) -> int: ...
    @property
    def d(self) -> int: ...
    @property
    def L(self) -> float: ...
    @property
    def L_i(self) -> Array: ...
    @property
    def f_inf(self) -> float: ...
    def values(self, x: Array) -> Array: ...
    def gradients(self, x: Array) -> Array: ...


def _regulariser(x: Array) -> Array:
    xp = array_namespace(x)
    return xp.sum(x * x / (1 + x * x), axis=-1)


def _regulariser_gradient(x: Array) -> Array:
    return 2 * x / (1 + x * x) ** 2


@dataclass(frozen=True, eq=False)
class _Rows:
    """n clients with m rows each.

    Args:
        A: rows a_ij, shape (n, m, d), float64.
        b: labels or right-hand sides, shape (n, m).
        lam: weight of the regulariser, >= 0.

    Raises:
        ParameterError: shapes that do not fit, entries that are not finite, or lam < 0.
    """

    A: Array
    b: Array
    lam: float

    def __post_init__(self) -> None:
        if self.A.ndim != 3 or self.b.shape != self.A.shape[:2]:
            raise ParameterError(
                f"need A of shape (n, m, d) and b of shape (n, m), got {self.A.shape} and {self.b.shape}"
            )
        if not self.lam >= 0:
            raise ParameterError(f"lam={self.lam} must be >= 0; lam=0 leaves the regulariser out")
        xp = array_namespace(self.A)
        if not bool(xp.all(xp.isfinite(self.A))):
            raise ParameterError("A has entries that are not finite; clean the data first")

    @property
    def n(self) -> int:
        return self.A.shape[0]

    @property
    def m(self) -> int:
        return self.A.shape[1]

    @property
    def d(self) -> int:
        return self.A.shape[2]

    @property
    def f_inf(self) -> float:
        return 0.0

    @cached_property
    def _At(self) -> Array:
        # contiguous A^T a client: the forward product then runs at full speed
        xp = array_namespace(self.A)
        return xp.asarray(xp.permute_dims(self.A, (0, 2, 1)), copy=True)

    @cached_property
    def _gram(self) -> tuple[Any, Any]:
        """Largest eigenvalues of A_i'A_i/m, (n,), and of their mean over clients."""
        A = np.asarray(self.A)
        G = np.stack([a @ a.T if self.m < self.d else a.T @ a for a in A]) / self.m
        flat = A.reshape(-1, self.d)
        mean = (flat @ flat.T if len(flat) < self.d else flat.T @ flat) / len(flat)
        return np.linalg.eigvalsh(G)[:, -1], float(np.linalg.eigvalsh(mean)[-1])

    def _curvature(self) -> float:
        """Largest second derivative of the loss in its margin."""
        raise NotImplementedError

    @cached_property
    def L_i(self) -> Array:
        """Smoothness constants of the f_i, (n,)."""
        return self._curvature() * self._gram[0] + 2 * self.lam

    @cached_property
    def L(self) -> float:
        """Smoothness constant of f: the mean Gram matrix, rows weighted alike since all clients have m rows."""
        return self._curvature() * self._gram[1] + 2 * self.lam

    def _products(self, x: Array) -> Array:
        """(B, d) -> (n, B, m): a_ij.x, one product a client so that A_i is read once for the whole batch."""
        return array_namespace(x).matmul(x[None, :, :], self._At)

    def _gather(self, x: Array, loss: Callable[[Array], Array], trailing: int) -> Array:
        """Flatten the batch axes of x, apply ``loss`` (B, d) -> (n, B, ...), and put the client axis behind the batch."""
        xp = array_namespace(x)
        out = xp.moveaxis(loss(xp.reshape(x, (-1, self.d))), 0, 1)
        return xp.reshape(out, (*x.shape[:-1], *out.shape[1 : 2 + trailing]))


class LeastSquares(_Rows):
    """f_i(x) = (1/m)|A_i x - b_i|^2 + lam sum x_k^2/(1 + x_k^2); L_i = (2/m) lambda_max(A_i'A_i) + 2 lam."""

    def _curvature(self) -> float:
        return 2.0

    def values(self, x: Array) -> Array:
        xp = array_namespace(x)
        loss = self._gather(x, lambda z: xp.mean((self._products(z) - self.b[:, None, :]) ** 2, axis=-1), 0)
        return loss + (self.lam * _regulariser(x))[..., None]

    def gradients(self, x: Array) -> Array:
        xp = array_namespace(x)

        def loss(z: Array) -> Array:
            return xp.matmul(self._products(z) - self.b[:, None, :], self.A) * (2 / self.m)

        return self._gather(x, loss, 1) + (self.lam * _regulariser_gradient(x))[..., None, :]


class Logistic(_Rows):
    """f_i(x) = (1/m) sum_j log(1 + exp(-b_ij a_ij.x)) + lam sum x_k^2/(1 + x_k^2), b_ij = +-1.

    L_i = lambda_max(A_i'A_i)/(4m) + 2 lam.
    """

    def __post_init__(self) -> None:
        super().__post_init__()
        xp = array_namespace(self.b)
        if not bool(xp.all(xp.abs(self.b) == 1)):
            raise ParameterError("labels must be -1 or +1; map them where the data is read")

    def _curvature(self) -> float:
        return 0.25

    @cached_property
    def _signed(self) -> tuple[Array, Array, Array]:
        """b_ij a_ij as (n, m, d), half its transpose, and its sum over rows (n, 1, d)."""
        xp = array_namespace(self.A)
        A = self.A * self.b[:, :, None]
        return A, xp.asarray(xp.permute_dims(A / 2, (0, 2, 1)), copy=True), xp.sum(A, axis=1)[:, None, :]

    def values(self, x: Array) -> Array:
        xp = array_namespace(x)
        _, At, _ = self._signed

        def loss(z: Array) -> Array:
            s = 2 * xp.matmul(z[None, :, :], At)
            return xp.mean(xp.log1p(xp.exp(-xp.abs(s))) + xp.where(s < 0, -s, 0 * s), axis=-1)

        return self._gather(x, loss, 0) + (self.lam * _regulariser(x))[..., None]

    def gradients(self, x: Array) -> Array:
        xp = array_namespace(x)
        A, At, total = self._signed

        def loss(z: Array) -> Array:
            # -sigmoid(-s) = (tanh(s/2) - 1)/2, and tanh is several times cheaper than the exponential forms
            if not is_numpy_array(z):
                return (xp.matmul(xp.tanh(xp.matmul(z[None, :, :], At)), A) - total) * (0.5 / self.m)
            out = np.empty((len(z), self.n, self.d), z.dtype)
            for i in range(self.n):  # a client's rows stay in the cache from one product to the other
                t = z @ At[i]
                np.matmul(np.tanh(t, out=t), A[i], out=out[:, i])
            return (np.moveaxis(out, 1, 0) - total) * (0.5 / self.m)

        return self._gather(x, loss, 1) + (self.lam * _regulariser_gradient(x))[..., None, :]


@dataclass(frozen=True, eq=False)
class Quadratics:
    """f_i(x) = x'H_i x/2, H of shape (n, d, d) symmetric; the mean of the H_i must be positive semidefinite."""

    H: Array

    def __post_init__(self) -> None:
        H = np.asarray(self.H)
        if H.ndim != 3 or H.shape[1] != H.shape[2] or not np.array_equal(H, H.swapaxes(1, 2)):
            raise ParameterError(f"need symmetric matrices H of shape (n, d, d), got shape {H.shape}")

    @property
    def n(self) -> int:
        return self.H.shape[0]

    @property
    def d(self) -> int:
        return self.H.shape[1]

    @property
    def f_inf(self) -> float:
        return 0.0

    @cached_property
    def L_i(self) -> Array:
        return np.abs(np.linalg.eigvalsh(np.asarray(self.H))).max(axis=-1)

    @cached_property
    def L(self) -> float:
        return float(np.abs(np.linalg.eigvalsh(np.asarray(self.H).mean(axis=0))).max())

    def values(self, x: Array) -> Array:
        xp = array_namespace(x)
        return xp.sum(self.gradients(x) * x[..., None, :], axis=-1) / 2

    def gradients(self, x: Array) -> Array:
        xp = array_namespace(x)
        return xp.matmul(self.H, x[..., None, :, None])[..., 0]
