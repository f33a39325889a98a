"""Top eigenvalues of Hessians that are too large to write down, and a bound on what Lanczos has missed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from array_api_compat import array_namespace
from scipy.sparse.linalg import ArpackNoConvergence, LinearOperator, eigsh

from gradproof.solvers.two_layer_hessian.floats import EPS, ROUNDINGS
from gradproof.theory.errors import GradproofError

Product = Callable[[Any], Any]


class NotConverged(GradproofError):
    """Lanczos did not find the eigenvalues that were asked for."""


@dataclass(frozen=True)
class Network:
    """A two-layer tanh network under softmax cross-entropy on n samples, on any array library.

    Args:
        W: (m, d). V: (K, m). X: (n, d). onehot: (n, K).
    """

    W: Any
    V: Any
    X: Any
    onehot: Any

    @property
    def P(self) -> int:
        return int(self.W.shape[0] * self.W.shape[1] + self.V.shape[0] * self.V.shape[1])

    def forward(self) -> tuple[Any, Any, Any]:
        """Hidden values (n, m), probabilities (n, K) and residuals (n, K)."""
        xp = array_namespace(self.W)
        h = xp.tanh(self.X @ xp.matrix_transpose(self.W))
        f = h @ xp.matrix_transpose(self.V)
        p = xp.exp(f - xp.max(f, axis=1, keepdims=True))
        p = p / xp.sum(p, axis=1, keepdims=True)
        return h, p, p - self.onehot

    def products(self) -> tuple[Product, Product]:
        """v -> Gv and v -> Hv for v (P,), each by one pass forward and one back (Pearlmutter 1994)."""
        xp = array_namespace(self.W)
        h, p, r = self.forward()
        s1, n, (m, d), K = 1 - h * h, self.X.shape[0], self.W.shape, self.V.shape[0]
        T = xp.matrix_transpose

        def product(v: Any, residual: bool) -> Any:
            dW, dV = xp.reshape(v[: m * d], (m, d)), xp.reshape(v[m * d :], (K, m))
            dz = self.X @ T(dW)
            dh = s1 * dz
            df = dh @ T(self.V) + h @ T(dV)
            u = (p * df - p * xp.sum(p * df, axis=1, keepdims=True)) / n
            to_V, back = T(u) @ h, (u @ self.V) * s1
            if residual:
                to_V = to_V + T(r) @ dh / n
                back = back + ((r @ dV) * s1 - 2 * (r @ self.V) * h * s1 * dz) / n
            return xp.concat([xp.reshape(T(back) @ self.X, (-1,)), xp.reshape(to_V, (-1,))])

        return (lambda v: product(v, False)), (lambda v: product(v, True))

    def trace(self) -> float:
        """Trace of G: sum over samples of tr A (h'h) + |x|^2 sum_j s'_j^2 v_j'A v_j, over n."""
        xp = array_namespace(self.W)
        h, p, _ = self.forward()
        s1 = 1 - h * h
        spread = 1 - xp.sum(p * p, axis=1)  # tr A
        form = p @ (self.V * self.V) - (p @ self.V) ** 2  # v_j'A v_j, (n, m)
        norm2 = xp.sum(self.X * self.X, axis=1)
        total = spread * xp.sum(h * h, axis=1) + norm2 * xp.sum(s1 * s1 * form, axis=1)
        return float(xp.sum(total)) / self.X.shape[0]

    def residual_bound(self) -> float:
        """(1/n) sum_i |r_i|_1 max_k |Hess f_ik|_2, which bounds |R|_2."""
        xp = array_namespace(self.W)
        h, _, r = self.forward()
        s1, norm2 = 1 - h * h, xp.sum(self.X * self.X, axis=1)[:, None]
        a = 2 * xp.max(xp.abs(self.V), axis=0)[None, :] * xp.abs(h) * s1 * norm2
        blocks = (a + xp.sqrt(a * a + 4 * s1 * s1 * norm2)) / 2
        return float(xp.mean(xp.sum(xp.abs(r), axis=1) * xp.max(blocks, axis=1)))


@dataclass(frozen=True)
class Ritz:
    """What Lanczos found.

    Args:
        values: (k,), descending. vectors: (P, k).
        residuals: (k,): an eigenvalue lies within that distance of each value (symmetric matrices).
        skew: bound on the norm of Q'Q - I.
        missed: upper bound on the largest eigenvalue besides k others, or infinite where no trace was given.
    """

    values: np.ndarray
    vectors: np.ndarray
    residuals: np.ndarray
    skew: float
    missed: float


def top(product: Product, P: int, k: int, *, trace: float | None = None, seed: int = 0) -> Ritz:
    """The k largest eigenvalues of a symmetric product, by scipy's Lanczos (ARPACK), with residuals.

    Args:
        product: v (P,) -> Mv (P,), NumPy arrays.
        trace: of M, if M is positive semidefinite: then lambda_{k+1} <= trace - sum of the quotients.

    Raises:
        NotConverged: ARPACK stopped before it had all k.
    Source: Lehoucq, Sorensen, Yang (1998); the bound by Courant's principle, docs/derivations/overparam_hessian.md.
    """
    start = np.random.default_rng(seed).standard_normal(P)
    try:
        values, vectors = eigsh(LinearOperator((P, P), matvec=product, dtype=float), k=k, which="LA", v0=start)
    except ArpackNoConvergence as error:
        raise NotConverged(f"Lanczos found {len(error.eigenvalues)} of {k} eigenvalues; ask for fewer") from None
    order = np.argsort(values)[::-1]
    values, vectors = values[order], vectors[:, order]
    images = np.stack([product(q) for q in vectors.T], axis=1)
    skew = float(np.linalg.norm(vectors.T @ vectors - np.eye(k)) + 4 * P * EPS)
    quotients = np.einsum("pk,pk->k", vectors, images)
    missed = np.inf
    if trace is not None:
        # orthonormal vectors with the same span have quotients that differ by 2 skew in sum, relative to the trace
        missed = trace - quotients.sum() + trace * (2 * skew + (ROUNDINGS + P) * EPS)
    return Ritz(values, vectors, np.linalg.norm(images - vectors * values, axis=0), skew, float(missed))
