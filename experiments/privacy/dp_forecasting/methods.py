"""Noisy gradient descent on least squares, and DP-SGD on a GRU or a linear forecaster, for every array library."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from array_api_compat import array_namespace

from gradproof.experiments.engine.draws import Draws
from gradproof.experiments.engine.run import Method

Array = Any


class Point(NamedTuple):
    w: Array  # (setting, seed, d)


def noisy_gradient(R: Array, c: Array, eta: Any, nu: Any, clip: Any = None) -> Method:
    """``w+ = w - eta (R w - c + nu xi)``: the full gradient of least squares, with noise; ``draw``: xi (setting, seed, d).

    ``R`` (d, d), ``c`` (d,); ``eta``, ``nu`` broadcast against (setting, seed, d); ``clip``: a bound on the gradient's norm,
    if any.
    """

    def step(s: Point, draw: Array) -> Point:
        xp = array_namespace(s.w)
        g = xp.matmul(s.w, R) - c
        if clip is not None:
            g = clipped(g, clip)
        return Point(s.w - eta * (g + nu * draw))

    return Method(Point, step)


def clipped(g: Array, C: Any) -> Array:
    """Gradients (..., d) scaled to norms of at most C."""
    xp = array_namespace(g)
    norm = xp.sqrt(xp.sum(g * g, axis=-1, keepdims=True))
    return g / xp.where(norm > C, norm / C, xp.ones_like(norm))


# --- a recurrent network --------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class GRU:
    """One gated recurrent layer of ``hidden`` units and a linear output; weights are one vector (..., size)."""

    inputs: int
    hidden: int
    outputs: int

    @property
    def shapes(self) -> list[tuple[int, ...]]:
        h = self.hidden
        return [(3 * h, self.inputs), (3 * h, h), (3 * h,), (self.outputs, h), (self.outputs,)]

    @property
    def size(self) -> int:
        return sum(math.prod(s) for s in self.shapes)

    def init(self, rng: np.random.Generator) -> np.ndarray:
        """Uniform in +-1/sqrt(hidden), (size,)."""
        return rng.uniform(-1, 1, self.size) / math.sqrt(self.hidden)

    def parts(self, w: Array) -> list[Array]:
        xp, out, k = array_namespace(w), [], 0
        for shape in self.shapes:
            n = math.prod(shape)
            out.append(xp.reshape(w[..., k : k + n], (*w.shape[:-1], *shape)))
            k += n
        return out

    def forward(self, w: Array, x: Array) -> tuple[Array, list[tuple[Array, ...]]]:
        """Forecast (..., B, outputs) from lags x (..., B, time, inputs), and what the backward pass needs of each time."""
        xp, (W, U, b, V, c) = array_namespace(w), self.parts(w)
        n = self.hidden
        kept: list[tuple[Array, ...]] = []
        h = xp.zeros((*x.shape[:-2], n), dtype=w.dtype)
        for t in range(x.shape[-2]):
            a = xp.matmul(x[..., t, :], xp.matrix_transpose(W)) + b[..., None, :]
            of_gates, candidate = U[..., : 2 * n, :], U[..., 2 * n :, :]
            gates = 1 / (1 + xp.exp(-(a[..., : 2 * n] + xp.matmul(h, xp.matrix_transpose(of_gates)))))
            r, u = gates[..., :n], gates[..., n:]
            inner = xp.matmul(h, xp.matrix_transpose(candidate))
            new = xp.tanh(a[..., 2 * n :] + r * inner)
            kept.append((h, r, u, inner, new))
            h = (1 - u) * new + u * h
        kept.append((h,))
        return xp.matmul(h, xp.matrix_transpose(V)) + c[..., None, :], kept

    def gradients(self, w: Array, x: Array, y: Array) -> Array:
        """Gradient of half the squared error of each window, (..., B, size): back through time by hand."""
        xp, (_, U, _, V, _) = array_namespace(w), self.parts(w)
        forecast, kept = self.forward(w, x)
        dy = forecast - y
        dh = xp.matmul(dy, V)
        to_V = _outer(dy, kept[-1][0])
        before, through = [], []  # what reaches the sums of the gates, from the inputs' side and from the last state's
        for t in range(x.shape[-2] - 1, -1, -1):
            h, r, u, inner, new = kept[t]
            da = dh * (1 - u) * (1 - new * new)
            dr, du = da * inner * r * (1 - r), dh * (h - new) * u * (1 - u)
            before.append(xp.concat([dr, du, da], axis=-1))
            through.append(xp.concat([dr, du, da * r], axis=-1))
            dh = dh * u + xp.matmul(through[-1], U)
        over, states = xp.stack(before[::-1], axis=-2), xp.stack([k[0] for k in kept[:-1]], axis=-2)
        to_W = xp.matmul(xp.matrix_transpose(over), x)
        to_U = xp.matmul(xp.matrix_transpose(xp.stack(through[::-1], axis=-2)), states)
        return xp.concat([_flat(to_W), _flat(to_U), xp.sum(over, axis=-2), _flat(to_V), dy], axis=-1)


@dataclass(frozen=True)
class Linear:
    """A linear forecaster from ``inputs`` numbers; weights (..., outputs * inputs)."""

    inputs: int
    outputs: int

    @property
    def size(self) -> int:
        return self.inputs * self.outputs

    def forward(self, w: Array, x: Array) -> tuple[Array, list[Any]]:
        xp = array_namespace(w)
        return xp.matmul(x, xp.matrix_transpose(xp.reshape(w, (*w.shape[:-1], self.outputs, self.inputs)))), []

    def gradients(self, w: Array, x: Array, y: Array) -> Array:
        return _flat(_outer(self.forward(w, x)[0] - y, x))


def _outer(a: Array, b: Array) -> Array:
    return a[..., :, None] * b[..., None, :]


def _flat(a: Array) -> Array:
    return array_namespace(a).reshape(a, (*a.shape[:-2], -1))


# --- DP-SGD ---------------------------------------------------------------------------------------------------------------


class Adam(NamedTuple):
    """Weights, and Adam's two averages; (setting, seed, size)."""

    w: Array
    m: Array
    v: Array


class Batch(NamedTuple):
    """Which windows, (setting, seed, B), whether each is in the batch, and noise of unit variance (setting, seed, size)."""

    which: Array
    present: Array
    noise: Array


def dp_sgd(model: Any, x: Array, y: Array, eta: Any, C: Any, z: Any, batch: float, beta: float = 0.9) -> Method:
    """Clip each window's gradient to C, add noise of deviation z C to their sum, divide by the expected batch, step by Adam.

    ``x`` (n, ...), ``y`` (n, outputs); eta, C, z broadcast against (setting, seed, size). z = 0 and a C beyond reach: no privacy.
    """

    def step(s: Adam, draw: Batch) -> Adam:
        xp = array_namespace(s.w)
        g = clipped(model.gradients(s.w, _taken(x, draw.which), _taken(y, draw.which)), C)
        total = xp.sum(g * draw.present[..., None], axis=-2) + z * C * draw.noise
        g = total / batch
        m, v = beta * s.m + (1 - beta) * g, 0.999 * s.v + 0.001 * g * g
        return Adam(s.w - eta * m / (xp.sqrt(v) + 1e-3), m, v)

    return Method(lambda w: Adam(w, 0 * w, 0 * w), step)


def _taken(table: Array, which: Array) -> Array:
    xp = array_namespace(which)
    return xp.reshape(xp.take(table, xp.reshape(which, (-1,)), axis=0), (*which.shape, *table.shape[1:]))


def poisson_batches(n: int, q: float, size: int, slots: int) -> Callable[[Draws], Batch]:
    """Each of n windows is in with probability q; at most ``slots`` of them are used, which cuts off next to nothing."""

    def draw(d: Draws) -> Batch:
        u = d.uniform((n,))
        xp = array_namespace(u)
        which = xp.argsort(u, axis=-1)[..., :slots]
        present = xp.astype(xp.sort(u, axis=-1)[..., :slots] < q, u.dtype)
        return Batch(which, present, d.normal((size,), slot=1))

    return draw
