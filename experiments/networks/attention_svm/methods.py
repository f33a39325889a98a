"""Gradient descent on one attention layer, plain, normalised and in factors, as batched pure methods."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

from array_api_compat import array_namespace

from gradproof.experiments.engine.run import Method
from gradproof.experiments.instances import losses

Array = Any


@dataclass(frozen=True, eq=False)
class Attention:
    """Tokens X (n, T, d), queries z (n, d), scores gamma (n, T); loss ``-x``, or log(1 + exp(-x)) if ``logistic``."""

    X: Array
    z: Array
    gamma: Array
    logistic: bool = False

    def attention(self, W: Array) -> Array:
        """Softmax probabilities, (..., n, T), for W (..., d, d)."""
        xp = array_namespace(W)
        queries = xp.matrix_transpose(W @ self.z.T)  # (..., n, d)
        a = xp.sum(self.X * queries[..., :, None, :], axis=-1)
        a = xp.exp(a - xp.max(a, axis=-1, keepdims=True))
        return a / xp.sum(a, axis=-1, keepdims=True)

    def slopes(self, s: Array) -> Array:
        """l' at the outputs, (..., n)."""
        xp = array_namespace(s)
        out = xp.sum(s * self.gamma, axis=-1)
        return losses.logistic_slope(out) if self.logistic else -xp.ones_like(out)

    def gradient(self, W: Array) -> Array:
        """grad L(W), (..., d, d), by the pairwise form, which keeps its digits when the softmax saturates."""
        xp = array_namespace(W)
        s = self.attention(W)
        gaps = self.gamma[:, :, None] - self.gamma[:, None, :]
        weight = s * xp.sum(gaps * s[..., :, None, :], axis=-1)  # s_t sum_u s_u (gamma_t - gamma_u)
        return self._assemble(weight, s)

    def naive_gradient(self, W: Array) -> Array:
        """The same by ``s (gamma - gamma . s)``: all digits cancel when the softmax saturates."""
        xp = array_namespace(W)
        s = self.attention(W)
        return self._assemble(s * (self.gamma - xp.sum(s * self.gamma, axis=-1, keepdims=True)), s)

    def _assemble(self, weight: Array, s: Array) -> Array:
        xp = array_namespace(s)
        rows = xp.sum(weight[..., None] * self.X, axis=-2) * self.slopes(s)[..., None]  # (..., n, d)
        return xp.matrix_transpose(rows) @ self.z / self.X.shape[0]

    def excess(self, W: Array) -> Array:
        """L(W) - L*, (...), without cancellation; the optimal token is that of the largest score."""
        xp = array_namespace(W)
        best = xp.max(self.gamma, axis=-1)
        Q = xp.sum(self.attention(W) * (best[:, None] - self.gamma), axis=-1)
        if not self.logistic:
            return xp.mean(Q, axis=-1)
        return xp.mean(xp.log1p(xp.exp(-best) * xp.expm1(Q) / (1 + xp.exp(-best))), axis=-1)


def correlation(W: Array, V: Array) -> Array:
    """<W, V>/(||W|| ||V||), (...)."""
    xp = array_namespace(W)
    inner = xp.sum(W * V, axis=(-2, -1))
    return inner / xp.sqrt(xp.sum(W * W, axis=(-2, -1)) * xp.sum(V * V, axis=(-2, -1)))


class AttentionState(NamedTuple):
    """Weights W, (..., d, d)."""

    W: Array


def attention_gd(p: Attention, eta: Any, *, naive: bool = False) -> Method:
    """W <- W - eta grad L(W), from the start."""
    gradient = p.naive_gradient if naive else p.gradient

    def step(q: AttentionState, draw: Any = None) -> AttentionState:
        return AttentionState(q.W - eta * gradient(q.W))

    return Method(AttentionState, step)


def normalised_gd(p: Attention, eta: Any, *, naive: bool = False) -> Method:
    """W <- W - eta grad/||grad||; it stays where the gradient is zero."""
    gradient = p.naive_gradient if naive else p.gradient

    def step(q: AttentionState, draw: Any = None) -> AttentionState:
        xp = array_namespace(q.W)
        g = gradient(q.W)
        size = xp.sqrt(xp.sum(g * g, axis=(-2, -1), keepdims=True))
        return AttentionState(q.W - eta * g / xp.where(size > 0, size, xp.ones_like(size)))

    return Method(lambda W0: AttentionState(W0), step)


class FactorState(NamedTuple):
    """Key and query weights K, Q, (..., d, m)."""

    K: Array
    Q: Array


def factored_gd(p: Attention, eta: Any) -> Method:
    """Normalised descent on K and Q of W = K Q'; the start stacks them, (..., 2, d, m)."""

    def step(q: FactorState, draw: Any = None) -> FactorState:
        xp = array_namespace(q.K)
        g = p.gradient(q.K @ xp.matrix_transpose(q.Q))
        gK, gQ = g @ q.Q, xp.matrix_transpose(g) @ q.K
        size = xp.sqrt(xp.sum(gK * gK, axis=(-2, -1), keepdims=True) + xp.sum(gQ * gQ, axis=(-2, -1), keepdims=True))
        size = xp.where(size > 0, size, xp.ones_like(size))
        return FactorState(q.K - eta * gK / size, q.Q - eta * gQ / size)

    return Method(lambda x0: FactorState(x0[..., 0, :, :], x0[..., 1, :, :]), step)
