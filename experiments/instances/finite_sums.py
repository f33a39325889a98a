"""Finite sums over clients with a nonconvex regulariser, a ridge, or none, and their exact smoothness constants.

f(x) = (1/n) sum_i f_i(x), f_i(x) = (1/m) sum_j loss(a_ij, x) + lam sum_k x_k^2/(1 + x_k^2) + ridge |x|^2/2. All f_i
are >= 0, so f_inf = 0 is admissible. The nonconvex regulariser has second derivative (2 - 6x^2)/(1 + x^2)^3 in [-1/2, 2] a
coordinate; it is 2 at x = 0, where the curvature of the logistic loss is largest too, so the constants below are the best
possible. Values and gradients also run on exact numbers in object arrays.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

import numpy as np
from array_api_compat import array_namespace, is_numpy_array

from gradproof.experiments.instances import losses
from gradproof.experiments.instances.exact import Inexact
from gradproof.theory.errors import ParameterError

Array = Any  # an array of any namespace that array-api-compat knows
SMOOTH = frozenset({"smooth", "smooth_f", "smooth_fi", "l_smooth"})
BELOW = frozenset({"lower_bounded", "lower-bounded"})


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
    return xp.sum(x * x / (1 + x * x), axis=-1, keepdims=True)


def _regulariser_gradient(x: Array) -> Array:
    return 2 * x / (1 + x * x) ** 2


@dataclass(frozen=True, eq=False)
class _Rows:
    """n clients with m rows each.

    Args:
        A: rows a_ij, shape (n, m, d), float64; or (n, d), one row a client.
        b: labels or right-hand sides, shape (n, m), or (n,).
        lam: weight of the nonconvex regulariser, >= 0. ridge: weight of |x|^2/2, >= 0.

    Raises:
        ParameterError: shapes that do not fit, entries that are not finite, or a negative weight.
    """

    A: Array
    b: Array
    lam: float = 0.0
    ridge: float = 0.0

    def __post_init__(self) -> None:
        if self.A.ndim not in (2, 3) or self.b.shape != self.A.shape[:-1]:
            raise ParameterError(
                f"need A of shape (n, m, d) and b of shape (n, m), got {self.A.shape} and {self.b.shape}"
            )
        if not (self.lam >= 0 and self.ridge >= 0):
            raise ParameterError(f"lam={self.lam} and ridge={self.ridge} must be >= 0; 0 leaves the regulariser out")
        xp = array_namespace(self.A)
        if not bool(xp.all(xp.isfinite(self.A))):
            raise ParameterError("A has entries that are not finite; clean the data first")

    @cached_property
    def rows(self) -> tuple[Array, Array]:
        """A as (n, m, d) and b as (n, m)."""
        return (self.A, self.b) if self.A.ndim == 3 else (self.A[:, None, :], self.b[:, None])

    @property
    def n(self) -> int:
        return self.A.shape[0]

    @property
    def m(self) -> int:
        return self.A.shape[1] if self.A.ndim == 3 else 1

    @property
    def d(self) -> int:
        return self.A.shape[-1]

    @property
    def dim(self) -> int:
        return self.d

    @property
    def guarantees(self) -> frozenset[str]:
        """Smooth with the constants below; convex without the nonconvex regulariser, strongly with a ridge."""
        found = SMOOTH | BELOW | {"loss"}
        if self.lam == 0:
            found |= {"convex"} | ({"strongly-convex", "pl", "PL", "minimiser"} if self.ridge > 0 else frozenset())
        return found

    @property
    def f_inf(self) -> float:
        return 0.0

    @cached_property
    def _At(self) -> Array:
        # contiguous A^T a client: the forward product then runs at full speed
        A, _ = self.rows
        xp = array_namespace(A)
        return xp.asarray(xp.permute_dims(A, (0, 2, 1)), copy=True)

    @cached_property
    def _gram(self) -> tuple[Any, Any]:
        """Largest eigenvalues of A_i'A_i/m, (n,), and of their mean over clients."""
        A = np.asarray(self.rows[0])
        flat = A.reshape(-1, self.d)
        mean = (flat @ flat.T if len(flat) < self.d else flat.T @ flat) / len(flat)
        G = np.stack([a @ a.T if self.m < self.d else a.T @ a for a in A]) / self.m
        return _largest_eigenvalues(G), _largest_eigenvalues(mean[None])[0]

    def _curvature(self) -> float:
        """Largest second derivative of the loss in its margin."""
        raise NotImplementedError

    def values(self, x: Array) -> Array:
        """f_i(x), (..., d) -> (..., n)."""
        raise NotImplementedError

    def gradients(self, x: Array) -> Array:
        """grad f_i(x), (..., d) -> (..., n, d)."""
        raise NotImplementedError

    def slopes(self, margins: Array, b: Array) -> Array:
        """Derivative of a row's loss in its margin a.x, for labels or right-hand sides b of the same shape."""
        raise NotImplementedError

    def __call__(self, x: Array) -> Array:
        """f(x), (..., d) -> (...)."""
        return array_namespace(x).mean(self.values(x), axis=-1)

    def gradient(self, x: Array) -> Array:
        """grad f(x), (..., d) -> (..., d)."""
        return array_namespace(x).mean(self.gradients(x), axis=-2)

    def part_gradient(self, i: int, x: Array) -> Array:
        """grad f_i(x) of one client, (..., d) -> (..., d)."""
        return self.gradients(x)[..., i, :]

    def penalty(self, x: Array) -> Array:
        """The regularisers at x, (..., d) -> (..., 1)."""
        found = self.lam * _regulariser(x)
        return found + self.ridge / 2 * array_namespace(x).sum(x * x, axis=-1, keepdims=True) if self.ridge else found

    def penalty_gradient(self, x: Array) -> Array:
        """The gradient of the regularisers, (..., d) -> (..., d)."""
        found = self.lam * _regulariser_gradient(x)
        return found + self.ridge * x if self.ridge else found

    @cached_property
    def L_i(self) -> Array:
        """Smoothness constants of the f_i, (n,)."""
        return self._curvature() * self._gram[0] + 2 * self.lam + self.ridge

    @cached_property
    def L(self) -> float:
        """Smoothness constant of f: the mean Gram matrix, rows weighted alike since all clients have m rows."""
        return self._curvature() * self._gram[1] + 2 * self.lam + self.ridge

    def _products(self, x: Array) -> Array:
        """(B, d) -> (n, B, m): a_ij.x, one product a client so that A_i is read once for the whole batch."""
        return array_namespace(x).matmul(x[None, :, :], self._At)

    def _gather(self, x: Array, loss: Callable[[Array], Array], trailing: int) -> Array:
        """Flatten the batch axes of x, apply ``loss`` (B, d) -> (n, B, ...), and put the client axis behind the batch."""
        xp = array_namespace(x)
        out = xp.moveaxis(loss(xp.reshape(x, (-1, self.d))), 0, 1)
        return xp.reshape(out, (*x.shape[:-1], *out.shape[1 : 2 + trailing]))


@dataclass(frozen=True, eq=False)
class LeastSquares(_Rows):
    """f_i(x) = (weight/m)|A_i x - b_i|^2 and the regularisers; L_i = (2 weight/m) lambda_max(A_i'A_i) + 2 lam + ridge."""

    weight: float = 1.0

    @property
    def guarantees(self) -> frozenset[str]:
        """As above; without the nonconvex regulariser there is a minimiser, and the Polyak-Lojasiewicz inequality."""
        return super().guarantees | ({"minimiser", "pl", "PL"} if self.lam == 0 else frozenset())

    def _curvature(self) -> float:
        return 2 * self.weight

    def slopes(self, margins: Array, b: Array) -> Array:
        return (2 * self.weight) * (margins - b)

    def values(self, x: Array) -> Array:
        xp = array_namespace(x)
        b = self.rows[1][:, None, :]
        loss = self._gather(x, lambda z: xp.mean((self._products(z) - b) ** 2, axis=-1) * self.weight, 0)
        return loss + self.penalty(x)

    def gradients(self, x: Array) -> Array:
        xp = array_namespace(x)

        A, b = self.rows

        def loss(z: Array) -> Array:
            return xp.matmul(self._products(z) - b[:, None, :], A) * (2 * self.weight / self.m)

        return self._gather(x, loss, 1) + self.penalty_gradient(x)[..., None, :]


class Logistic(_Rows):
    """f_i(x) = (1/m) sum_j log(1 + exp(-b_ij a_ij.x)) and the regularisers, b_ij = +-1.

    L_i = lambda_max(A_i'A_i)/(4m) + 2 lam + ridge.
    """

    def __post_init__(self) -> None:
        super().__post_init__()
        xp = array_namespace(self.b)
        if not bool(xp.all(xp.abs(self.b) == 1)):
            raise ParameterError("labels must be -1 or +1; map them where the data is read")

    def _curvature(self) -> float:
        return 0.25

    @property
    def heterogeneity(self) -> float:
        """A bound on (1/n) sum ||grad f_i - grad f||^2 at every x, (h + r)^2: h^2 is its value at 0, where all slopes are 1/2.

        Elsewhere slopes differ from 1/2 by at most 1/2, so that grad f_i moves by at most sqrt(lambda_max(A_i'A_i/m))/2 besides
        the regularisers, which are the same for all; the square of that is L_i - 2 lam - ridge, and r^2 its mean.
        """
        G = np.asarray(self.gradients(np.zeros(self.d)))
        at_zero = np.mean(np.sum((G - G.mean(axis=0)) ** 2, axis=-1))
        return float((np.sqrt(at_zero) + np.sqrt(np.mean(self.L_i) - 2 * self.lam - self.ridge)) ** 2)

    def slopes(self, margins: Array, b: Array) -> Array:
        return b * losses.logistic_slope(b * margins)

    @cached_property
    def _signed(self) -> tuple[Array, Array, Array]:
        """b_ij a_ij as (n, m, d), half its transpose, and its sum over rows (n, 1, d)."""
        A, b = self.rows
        xp = array_namespace(A)
        A = A * b[:, :, None]
        return A, xp.asarray(xp.permute_dims(A / 2, (0, 2, 1)), copy=True), xp.sum(A, axis=1)[:, None, :]

    def values(self, x: Array) -> Array:
        xp = array_namespace(x)
        _, At, _ = self._signed

        def loss(z: Array) -> Array:
            return xp.mean(losses.logistic(2 * xp.matmul(z[None, :, :], At)), axis=-1)

        return self._gather(x, loss, 0) + self.penalty(x)

    def gradients(self, x: Array) -> Array:
        xp = array_namespace(x)
        A, At, total = self._signed

        def loss(z: Array) -> Array:
            # the slope is (tanh(s/2) - 1)/2
            if not is_numpy_array(z):
                return (xp.matmul(xp.tanh(xp.matmul(z[None, :, :], At)), A) - total) * (0.5 / self.m)
            out = np.empty((len(z), self.n, self.d), z.dtype)
            for i in range(self.n):  # a client's rows stay in the cache from one product to the other
                t = z @ At[i]
                np.matmul(np.tanh(t, out=t), A[i], out=out[:, i])
            return (np.moveaxis(out, 1, 0) - total) * (0.5 / self.m)

        return self._gather(x, loss, 1) + self.penalty_gradient(x)[..., None, :]


def _largest_eigenvalues(G: Array) -> Array:
    """Largest eigenvalue of symmetric matrices (k, r, r), (k,); of exact numbers in closed form, for r <= 2.

    Raises:
        Inexact: exact matrices of more rows.
    """
    if G.dtype != object:
        return np.linalg.eigvalsh(G)[:, -1]
    if G.shape[-1] == 1:
        return G[:, 0, 0]
    if G.shape[-1] > 2:
        raise Inexact("the largest eigenvalue of more than two rows or columns is found in floats only")
    a, b, c = G[:, 0, 0], G[:, 0, 1], G[:, 1, 1]
    return (a + c + np.sqrt((a - c) ** 2 + 4 * b * b)) / 2


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
    def guarantees(self) -> frozenset[str]:
        """Convex, and quadratic as the claims want it, where the mean curvature says so."""
        each = np.linalg.eigvalsh(np.asarray(self.H))[:, 0]
        mean = np.linalg.eigvalsh(np.asarray(self.H).mean(axis=0))[0]
        found = SMOOTH | BELOW | ({"psd_hessians"} if each.min() >= 0 else frozenset())
        return found | {"convex", "strongly-convex", "pl", "PL", "minimiser", "quadratic"} if mean > 0 else found

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


def sine_least_squares(L_i: Sequence[float], *, m: int = 8, d: int = 5, lam: float = 0.1) -> LeastSquares:
    """Regularised least squares whose clients have exactly the smoothness constants ``L_i``.

    A_i[j, k] = sin(0.7i + 1.3j + 2.1k + 0.5jk + 0.3ik), rescaled; b_i = A_i (1, -1, 1, ...) + 0.1 cos(i + j); indices
    from 0.

    Raises:
        ParameterError: some L_i <= 2 lam, which the regulariser alone exceeds.
    """
    target = np.asarray(L_i, float)
    if not (target > 2 * lam).all():
        raise ParameterError(f"every L_i must exceed 2 lam = {2 * lam}, got {target.min()}; lower lam")
    i, j, k = np.meshgrid(np.arange(len(target)), np.arange(m), np.arange(d), indexing="ij")
    A = np.sin(0.7 * i + 1.3 * j + 2.1 * k + 0.5 * j * k + 0.3 * i * k)
    top = np.linalg.eigvalsh(A.transpose(0, 2, 1) @ A)[:, -1]
    A = A * np.sqrt((target - 2 * lam) * m / (2 * top))[:, None, None]
    b = A @ (-1.0) ** np.arange(d) + 0.1 * np.cos(i + j)[..., 0]
    return LeastSquares(A, b, lam)
