"""Subgradient steps on J-walk, on the whole sample or on draws, on any array library."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

from array_api_compat import array_namespace, device

from gradproof.experiments.engine.run import Method

Array = Any


@dataclass(frozen=True)
class Loss:
    """J-walk for samples of n. ``smoothing``: tau of ``tau log(1 + sum_i exp(w_i/tau))`` in the place of the maximum."""

    n: int
    gamma: float
    b: float
    smoothing: float = 0.0

    def subgradient(self, w: Array, V: Array) -> Array:
        """The mean over the samples, w (..., d), V (..., m, d) of bits -> (..., d); the smallest maximiser is taken."""
        xp = array_namespace(w)
        V = xp.astype(V, w.dtype)
        h = xp.maximum(-w - self.gamma, xp.zeros_like(w))[..., None, :] * V
        norm = xp.sqrt(xp.sum(h * h, axis=-1, keepdims=True))
        root = h / xp.where(norm > 0, norm, xp.ones_like(norm))
        u = V - (1 - V) / (2 * self.n)
        return xp.mean(self.b * u - root, axis=-2) + self._of_maximum(w)

    def _of_maximum(self, w: Array) -> Array:
        xp = array_namespace(w)
        top = xp.max(w, axis=-1, keepdims=True)
        if self.smoothing:
            peak = xp.maximum(top, xp.zeros_like(top)) / self.smoothing
            weights = xp.exp(w / self.smoothing - peak)
            return weights / (xp.exp(-peak) + xp.sum(weights, axis=-1, keepdims=True))
        chosen = xp.argmax(w, axis=-1)[..., None] == xp.arange(w.shape[-1], device=device(w))
        return xp.astype(xp.logical_and(chosen, top > 0), w.dtype)

    def value(self, w: Array, V: Array) -> Array:
        """f(w; V) of w (..., d) at each of the samples V (..., m, d): (..., m)."""
        xp = array_namespace(w)
        V = xp.astype(V, w.dtype)
        h = xp.maximum(-w - self.gamma, xp.zeros_like(w))[..., None, :] * V
        u = V - (1 - V) / (2 * self.n)
        top = xp.max(w, axis=-1)[..., None]
        linear = self.b * xp.sum(u * w[..., None, :], axis=-1)
        return xp.sqrt(xp.sum(h * h, axis=-1)) + linear + xp.maximum(top, xp.zeros_like(top))


class Walked(NamedTuple):
    """The iterate and the sum of those before it, (setting, seed, d) each."""

    w: Array
    total: Array


def descent(loss: Loss, eta: Array, sample: Array | None = None) -> Method:
    """``w+ = w - eta g``: g on ``sample`` (m, d), or on what is drawn for the step, (setting, seed, m, d)."""

    def init(x0: Array) -> Walked:
        return Walked(x0, x0 - x0)

    def step(s: Walked, draw: Array = None) -> Walked:
        g = loss.subgradient(s.w, draw if sample is None else sample)
        return Walked(s.w - eta * g, s.total + s.w)

    return Method(init, step)
