"""The two parts of the Hessian of a two-layer network as dense matrices, with a bound on their rounding errors."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradproof.theory.errors import ParameterError

EPS = 2.0**-52
#: roundings of one entry of a Jacobian or of a residual, exponentials and quotients of softmax included
ROUNDINGS = 64

Array = NDArray[np.float64]


def _tanh(z: Array) -> tuple[Array, Array, Array]:
    h = np.tanh(z)
    return h, 1 - h * h, -2 * h * (1 - h * h)


def _softplus(z: Array) -> tuple[Array, Array, Array]:
    p = 1 / (1 + np.exp(-z))
    return np.logaddexp(0, z), p, p * (1 - p)


def _relu(z: Array) -> tuple[Array, Array, Array]:
    return np.maximum(z, 0), (z > 0).astype(float), np.zeros_like(z)


#: name of a unit -> its values, first and second derivatives
UNITS = {"tanh": _tanh, "softplus": _softplus, "relu": _relu}


@dataclass(frozen=True, eq=False)
class Split:
    """G, R (P, P), the gradient (P,), the loss, the rows Z (n, K, P) with G = (1/n) sum z z', and how far G, R may be off.

    Parameters are ordered W row by row, then V row by row. ``error`` bounds the Frobenius norm of the rounding error of
    either part. ``residual_bound`` is (1/n) sum_i |r_i|_1 max_k |Hess f_ik|_2.
    """

    G: Array
    R: Array
    gradient: Array
    loss: float
    rows: Array
    error: float
    residual_bound: float

    @cached_property
    def H(self) -> Array:
        """The Hessian."""
        return self.G + self.R


def split(W: Any, V: Any, X: Any, Y: Any, *, unit: str = "tanh", loss: str = "square") -> Split:
    r"""The Hessian of :math:`\frac1n\sum_i l(V s(Wx_i), y_i)` as Gauss-Newton part and residual part.

    Args:
        W: (m, d). V: (K, m). X: (n, d).
        Y: targets (n, K) of the square loss |f - y|^2/2, or labels (n,) of softmax cross-entropy.
        unit: tanh, softplus or relu (away from its kinks). loss: square or softmax.

    Raises:
        ParameterError: an unknown unit or loss, or shapes that do not fit.
    """
    W, V, X = (np.asarray(a, float) for a in (W, V, X))
    if unit not in UNITS or loss not in ("square", "softmax"):
        raise ParameterError(f"unit={unit}, loss={loss}; units are {', '.join(UNITS)}, losses square and softmax")
    if W.ndim != 2 or V.ndim != 2 or X.ndim != 2 or W.shape != (V.shape[1], X.shape[1]):
        raise ParameterError(f"W (m, d), V (K, m), X (n, d) are needed, got {W.shape}, {V.shape}, {X.shape}")
    (n, d), (K, m) = X.shape, V.shape
    h, s1, s2 = UNITS[unit](X @ W.T)
    f = h @ V.T
    r, factor, value = _loss(f, np.asarray(Y), loss)
    J = np.concatenate(
        [
            np.einsum("kj,ij,id->ikjd", V, s1, X).reshape(n, K, m * d),
            np.einsum("kl,ij->iklj", np.eye(K), h).reshape(n, K, K * m),
        ],
        axis=2,
    )
    Z = factor @ J
    flat = Z.reshape(n * K, -1)
    G, absolute = flat.T @ flat / n, np.abs(factor) @ np.abs(J)
    R, size = np.zeros_like(G), np.zeros_like(G)
    for target, a, b, c in ((R, r, V, X), (size, np.abs(r), np.abs(V), np.abs(X))):
        pull = (a @ b) * (s2 if target is R else np.abs(s2))
        to_W = np.einsum("ij,id,ie->jde", pull, c, c) / n
        to_V = np.einsum("ik,ij,id->kjd", a, s1 if target is R else np.abs(s1), c) / n
        for j in range(m):
            block = slice(j * d, (j + 1) * d)
            target[block, block] = to_W[j]
            for k in range(K):
                target[block, m * d + k * m + j] = target[m * d + k * m + j, block] = to_V[k, j]
    flat = absolute.reshape(n * K, -1)
    error = (ROUNDINGS + n * K + d + m) * EPS * max(np.linalg.norm(flat.T @ flat / n), np.linalg.norm(size))
    return Split(G, R, np.einsum("ik,ikp->p", r, J) / n, value, Z, float(error), _bound(r, V, s1, s2, X))


def _loss(f: Array, Y: Any, loss: str) -> tuple[Array, Array, float]:
    """r (n, K), a factor B_i (n, K, K) with A_i = B_i'B_i, and the mean loss."""
    n, K = f.shape
    if loss == "square":
        r = f - Y.reshape(n, K)
        return r, np.tile(np.eye(K), (n, 1, 1)), float((r * r).sum() / (2 * n))
    top = f.max(axis=1, keepdims=True)
    p = np.exp(f - top)
    total = p.sum(axis=1, keepdims=True)
    p = p / total
    value = float((np.log(total[:, 0]) + top[:, 0] - f[np.arange(n), Y]).mean())
    return p - np.eye(K)[Y], np.sqrt(p)[:, :, None] * (np.eye(K) - p[:, None, :]), value


def _bound(r: Array, V: Array, s1: Array, s2: Array, X: Array) -> float:
    """Hess f_ik is block diagonal over the units: [[v s'' xx', s' x], [s' x', 0]] on (w_j, v_kj)."""
    norm2 = (X * X).sum(axis=1)[:, None, None]
    a = np.abs(V[None] * s2[:, None, :]) * norm2
    blocks = (a + np.sqrt(a * a + 4 * (s1 * s1)[:, None, :] * norm2)) / 2
    return float((np.abs(r).sum(axis=1) * blocks.max(axis=(1, 2))).mean())


def eigenvalues(M: Array, error: float = 0.0) -> tuple[Array, float]:
    """Eigenvalues in descending order and a bound on their errors, from the residual of the computed eigenvectors.

    Args:
        error: bound on the norm of the rounding error of M itself.
    """
    values, vectors = np.linalg.eigh(M)
    P, size = len(M), float(np.linalg.norm(M))
    computing = 4 * P * EPS
    residual = np.linalg.norm(M @ vectors - vectors * values) + computing * size * np.sqrt(P)
    skew = np.linalg.norm(vectors.T @ vectors - np.eye(P)) + computing * np.sqrt(P)
    return values[::-1], float(residual + 2 * skew * size + error)
