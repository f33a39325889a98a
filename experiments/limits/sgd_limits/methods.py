"""SGD on spiked tensors and its chain of two numbers, SGD on mixtures with a two-layer network, and its flow in the limit."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from array_api_compat import array_namespace
from numpy.typing import NDArray

from gradproof.experiments.engine.draws import Draws
from gradproof.experiments.engine.run import Method

Array = Any
Floats = NDArray[np.float64]

# --- spiked tensors ----------------------------------------------------------------------------------------------------


def closed_chain(
    m: Floats, r2: Floats, n: int, k: int, lam: float | Floats, delta: float, steps: int, rng: np.random.Generator
) -> tuple[Floats, Floats]:
    """The chain of (m, r^2) after ``steps`` steps, any number of copies (each may have its own lambda), at one cost for every n.

    Where n is small or the step long it may blow up, to NaN: data, which every comparison takes for failure.
    """
    with np.errstate(over="ignore", invalid="ignore"):
        for _ in range(steps):
            R2 = m * m + r2
            s = 2 * delta * np.sqrt(k) * R2 ** ((k - 1) / 2)
            z1, z2, xi = rng.standard_normal((3, *m.shape))
            a = 1 - 2 * delta * k * R2 ** (k - 1) + 2 * delta * np.sqrt(k * (k - 1)) * R2 ** ((k - 2) / 2) * xi
            r2 = (a * np.sqrt(r2) + s * z2) ** 2 + (s * s * rng.chisquare(n - 2, m.shape) if n > 2 else 0)
            m = a * m + 2 * delta * lam * k * m ** (k - 1) + s * z1
    return m, r2


def tensor_sgd(
    x: Floats, k: int, lam: float, delta: float, steps: int, rng: np.random.Generator, *, noise: str = "normal"
) -> tuple[Floats, Floats]:
    """SGD itself on fresh tensors with n^k entries, v = e_1; x (copies, n). Returns (m, r^2).

    ``noise``: ``normal``, ``symmetric`` (k = 2, variance 1 off the diagonal), or ``heavy`` (one entry in a hundred, variance 1).
    """
    n = x.shape[-1]
    for _ in range(steps):
        W = rng.standard_normal((len(x), *[n] * k))
        if noise == "symmetric":
            W = (W + W.swapaxes(1, 2)) / np.sqrt(2)
        elif noise == "heavy":
            W = 10 * W * (rng.random(W.shape) < 0.01)
        total = np.zeros_like(x)
        for slot in range(k):
            part = np.moveaxis(W, slot + 1, 1)
            for _ in range(k - 1):
                part = np.matmul(part, x.reshape(len(x), *[1] * (part.ndim - 3), n, 1))[..., 0]
            total += part
        m = x[:, :1]
        gradient = 2 * k * (x * x).sum(-1, keepdims=True) ** (k - 1) * x - 2 * total
        gradient[:, :1] -= 2 * k * lam * m ** (k - 1)
        x = x - delta * gradient
    return x[:, 0], (x[:, 1:] ** 2).sum(-1)


# --- two-layer networks ------------------------------------------------------------------------------------------------

#: (axis, sign, label) of the points that the clusters are around
BINARY = ((0, 1.0, 1.0), (0, -1.0, 0.0))
XOR = ((0, 1.0, 1.0), (0, -1.0, 1.0), (1, 1.0, 0.0), (1, -1.0, 0.0))


class Network(NamedTuple):
    v: Array  # (setting, seed, K)
    W: Array  # (setting, seed, K, N)


def two_layer_sgd(points: Array, labels: Array, K: int, lam: float, alpha: float, delta: float) -> Method:
    """Online SGD with the logistic loss and a ridge, from (setting, seed, K + K N); points (q, N), labels (q,).

    ``draw``: the cluster, int64 (setting, seed), and standard normal numbers (setting, seed, N).
    """
    N = points.shape[-1]

    def init(x0: Array) -> Network:
        xp = array_namespace(x0)
        return Network(x0[..., :K], xp.reshape(x0[..., K:], (*x0.shape[:-1], K, N)))

    def step(s: Network, draw: tuple[Array, Array]) -> Network:
        which, normal = draw
        xp = array_namespace(s.v)
        flat = xp.reshape(which, (-1,))
        X = xp.reshape(xp.take(points, flat, axis=0), normal.shape) + normal / lam**0.5
        y = xp.reshape(xp.take(labels, flat, axis=0), (*which.shape, 1))
        z = xp.matmul(s.W, X[..., None])[..., 0]
        on = xp.astype(z >= 0, s.v.dtype)
        g = 1 / (1 + xp.exp(-xp.sum(s.v * on * z, axis=-1, keepdims=True))) - y
        back = (g * s.v * on)[..., None] * X[..., None, :]
        return Network(s.v - delta * (g * on * z + alpha * s.v), s.W - delta * (back + alpha * s.W))

    return Method(init, step)


def clusters(q: int, N: int) -> Callable[[Draws], tuple[Array, Array]]:
    """What a step of ``two_layer_sgd`` draws."""
    return lambda d: (d.integers(q, slot=0), d.normal((N,), slot=1))


def margins(v: Array, W: Array, where: tuple[tuple[int, float, float], ...]) -> Array:
    """(2y - 1) f(X) at the points, (..., q)."""
    xp = array_namespace(v)
    columns = []
    for axis, sign, y in where:
        z = sign * W[..., axis]
        columns.append((2 * y - 1) * xp.sum(v * xp.where(z > 0, z, 0 * z), axis=-1))
    return xp.stack(columns, axis=-1)


def flow(v: Floats, W: Floats, where: tuple[tuple[int, float, float], ...], alpha: float) -> tuple[Floats, Floats]:
    """(v', W') of the limit: gradient flow on the points with equal weight; W (..., K, 1 or 2)."""
    t = margins(v, W, where)
    dv, dW = -alpha * v, -alpha * W
    for j, (axis, sign, y) in enumerate(where):
        push = (2 * y - 1) / len(where) / (1 + np.exp(t[..., j, None]))
        z = sign * W[..., axis]
        dv = dv + push * np.maximum(z, 0)
        dW[..., axis] += push * v * sign * (z > 0)
    return dv, dW


def follow(
    v: Floats, W: Floats, where: tuple[tuple[int, float, float], ...], alpha: float, time: float, *, step: float = 0.1
) -> tuple[Floats, Floats]:
    """Euler steps of the flow."""
    for _ in range(round(time / step)):
        dv, dW = flow(v, W, where, alpha)
        v, W = v + step * dv, W + step * dW
    return v, W
