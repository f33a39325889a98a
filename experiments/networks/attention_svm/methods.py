"""One attention layer: gradient descent, plain, normalised and in factors, and points of regularisation paths."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from array_api_compat import array_namespace
from scipy.optimize import minimize

from gradproof.experiments.engine.run import Method
from gradproof.experiments.instances import losses

Array = Any


@dataclass(frozen=True, eq=False)
class Attention:
    """Tokens X (n, T, d), queries z (n, d), scores gamma (n, T); loss ``-x``, log(1 + exp(-x)) or ``x``."""

    X: Array
    z: Array
    gamma: Array
    loss: str = "linear"  # or "logistic", "increasing"

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
        if self.loss == "logistic":
            return losses.logistic_slope(out)
        return xp.ones_like(out) * (1 if self.loss == "increasing" else -1)

    def gradient(self, W: Array, *, naive: bool = False) -> Array:
        """grad L(W), (..., d, d), by pairs of tokens; the ``naive`` form loses its digits when the softmax saturates."""
        xp = array_namespace(W)
        s = self.attention(W)
        if naive:
            weight = s * (self.gamma - xp.sum(s * self.gamma, axis=-1, keepdims=True))
        else:
            gaps = self.gamma[:, :, None] - self.gamma[:, None, :]
            weight = s * xp.sum(gaps * s[..., :, None, :], axis=-1)  # s_t sum_u s_u (gamma_t - gamma_u)
        rows = xp.sum(weight[..., None] * self.X, axis=-2) * self.slopes(s)[..., None]  # (..., n, d)
        return xp.matrix_transpose(rows) @ self.z / self.X.shape[0]

    def excess(self, W: Array) -> Array:
        """L(W) - L*, (...), of a decreasing loss, without cancellation."""
        xp = array_namespace(W)
        best = xp.max(self.gamma, axis=-1)
        Q = xp.sum(self.attention(W) * (best[:, None] - self.gamma), axis=-1)
        if self.loss == "linear":
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


def attention_gd(p: Attention, eta: Any, *, normalised: bool = False, naive: bool = False) -> Method:
    """W <- W - eta grad L(W), or W - eta grad/||grad||, which stays where the gradient is zero."""

    def step(q: AttentionState, draw: Any = None) -> AttentionState:
        xp = array_namespace(q.W)
        g = p.gradient(q.W, naive=naive)
        if normalised:
            size = xp.sqrt(xp.sum(g * g, axis=(-2, -1), keepdims=True))
            g = g / xp.where(size > 0, size, xp.ones_like(size))
        return AttentionState(q.W - eta * g)

    return Method(AttentionState, step)


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


# --- regularisation paths ----------------------------------------------------------------------------------------------


def _least_loss(p: Attention, start: Array, square: float, weights: Callable[[Array], tuple[Array, Callable]]) -> Array:
    """W of the least log(L - L*) that SLSQP finds from ``start`` in variables of at most that squared norm, and none worse.

    ``weights``: variables -> W and the map from a gradient in W to one in the variables.
    """

    def objective(w: Array) -> tuple[float, Array]:
        W, back = weights(w)
        excess = float(p.excess(W))
        return float(np.log(excess)), back(p.gradient(W) / excess)

    inside = {"type": "ineq", "fun": lambda w: square - w @ w, "jac": lambda w: -2 * w}
    w = minimize(objective, start, jac=True, method="SLSQP", constraints=[inside], options={"maxiter": 300}).x
    w = w * min(1.0, float(np.sqrt(square / (w @ w))))
    return min((weights(w)[0], weights(start)[0]), key=lambda W: float(p.excess(W)))


def on_the_path(layer: Any, R: float) -> Array:
    """The best W found in the Frobenius ball of radius R, from the max-margin direction and no worse; of a ``Layer``."""
    start = (R * layer.svm.W / np.linalg.norm(layer.svm.W)).ravel()
    return _least_loss(layer.problem, start, R**2, lambda w: (w.reshape(layer.svm.W.shape), np.ravel))


def factored(layer: Any, R: float) -> Array:
    """The best K Q' found with ||K||^2 + ||Q||^2 <= 2 R, from balanced factors of the nuclear one and no worse; of a ``Layer``."""
    U, S, Vt = np.linalg.svd(layer.svm_nuclear.W)
    root = np.sqrt(R * S / S.sum())

    def weights(w: Array) -> tuple[Array, Callable]:
        K, Q = w.reshape(2, *layer.svm.W.shape)
        return K @ Q.T, lambda g: np.stack([g @ Q, g.T @ K]).ravel()

    return _least_loss(layer.problem, np.stack([U * root, Vt.T * root]).ravel(), 2 * R, weights)
