"""Linear softmax models, gradient descent and sign descent on them. Adam is that of ``experiments.adaptive._adam``."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from array_api_compat import array_namespace

from gradproof.experiments.engine.run import Method

Array = Any
Gradient = Callable[[Array, Any], Array]


class WeightState(NamedTuple):
    """Weights, (setting, seed, classes, inputs)."""

    x: Array


def gradient_descent(gradient: Gradient, eta: Any) -> Method:
    """``W - eta gradient(W)``; eta a number, or (setting, 1, 1, 1)."""
    return Method(WeightState, lambda s, draw: WeightState(s.x - eta * gradient(s.x, draw)))


def sign_descent(gradient: Gradient, eta: Any) -> Method:
    """``W - eta sign(gradient(W))``, entry by entry."""

    def step(state: WeightState, draw: Any) -> WeightState:
        g = gradient(state.x, draw)
        return WeightState(state.x - eta * array_namespace(g).sign(g))

    return Method(WeightState, step)


def softmax(W: Array) -> Array:
    """Probabilities of the classes, over the axis before the last."""
    xp = array_namespace(W)
    e = xp.exp(W - xp.max(W, axis=-2, keepdims=True))
    return e / xp.sum(e, axis=-2, keepdims=True)


def one_hot(pi: Array, identity: Array) -> Gradient:
    """Gradient of ``sum pi_k l_k`` for the inputs e_k: column k is ``pi_k (softmax(W[:, k]) - e_k)``.

    Args:
        pi: frequencies (c,). identity: the c x c identity, of the same library. Where W has the columns of some classes only,
            both have these alone: no column moves another. ``draw``, where there is one, holds the frequencies of the classes
            in a minibatch, (setting, seed, c).
    """

    def gradient(W: Array, draw: Any = None) -> Array:
        return (softmax(W) - identity) * (pi if draw is None else draw[..., None, :])

    return gradient


def bias_only(pi: Array) -> Gradient:
    """The same with one input x = 1 for all classes: W is (..., c, 1), its gradient ``softmax(W) - pi``."""
    return lambda W, draw: softmax(W) - pi[:, None]


def linear(X: Array, Y: Array, weights: Array | None = None) -> Gradient:
    """Gradient of the mean loss of ``logits = W x``: rows X (n, inputs), one-hot labels Y (n, classes).

    ``weights`` (n,) of the rows sum to one; all are equal where none are given.
    """

    def gradient(W: Array, draw: Any = None) -> Array:
        off = softmax(W @ X.T) - Y.T
        return off @ X / X.shape[0] if weights is None else (off * weights) @ X

    return gradient


def margins(W: Array, classes: Any = None) -> Array:
    """``W_kk - W_ik`` for all i and the classes k of the columns (all, where none are given); (..., c, columns)."""
    xp = array_namespace(W)
    of = xp.arange(W.shape[-1]) if classes is None else classes
    own = xp.astype(xp.arange(W.shape[-2])[:, None] == of, W.dtype)
    return xp.sum(W * own, axis=-2, keepdims=True) - W


def losses(W: np.ndarray) -> np.ndarray:
    """Loss of every class with one-hot inputs, (..., c)."""
    u = margins(W)
    top = np.maximum(-u.min(axis=-2), 0)
    return np.log(np.exp(-u - top[..., None, :]).sum(axis=-2)) + top


def zipf(c: int) -> np.ndarray:
    """Frequencies proportional to 1/k."""
    weights = 1 / np.arange(1, c + 1)
    return weights / weights.sum()


def zeros(c: int, inputs: int | None = None, settings: int = 1) -> np.ndarray:
    """W = 0, (settings, 1, c, inputs)."""
    return np.zeros((settings, 1, c, c if inputs is None else inputs))
