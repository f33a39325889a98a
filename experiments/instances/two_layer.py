"""Training objectives of two-layer ReLU networks with weight decay: not convex, with a kink at each inactive neuron."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from array_api_compat import array_namespace

Array = Any


@dataclass(frozen=True, eq=False)
class Training:
    """Data X (n, d), targets y (n,), weight decay, and width m: what the non-convex methods descend on."""

    X: Array
    y: Array
    beta: float
    m: int

    def split(self, w: Array) -> tuple[Array, Array]:
        """Input weights (..., m, d) and output weights (..., m) of parameters (..., m (d + 1))."""
        xp = array_namespace(w)
        d = self.X.shape[1]
        return xp.reshape(w[..., : self.m * d], (*w.shape[:-1], self.m, d)), w[..., self.m * d :]

    def objective(self, w: Array) -> Array:
        """Training objective, (...)."""
        xp = array_namespace(w)
        r = self._residual(w)[0]
        return xp.sum(r * r, axis=-1) / 2 + self.beta * xp.sum(w * w, axis=-1) / 2

    def gradient(self, w: Array) -> Array:
        """Its gradient, (..., m (d + 1)); at a kink the derivative of the inactive side."""
        xp = array_namespace(w)
        r, hidden, _, a = self._residual(w)
        back = r[..., :, None] * xp.where(hidden > 0, xp.ones_like(hidden), xp.zeros_like(hidden)) * a[..., None, :]
        gu = xp.matrix_transpose(back) @ self.X
        ga = xp.sum(hidden * r[..., :, None], axis=-2)
        flat = xp.reshape(gu, (*gu.shape[:-2], gu.shape[-2] * gu.shape[-1]))
        return xp.concat([flat, ga], axis=-1) + self.beta * w

    def _residual(self, w: Array) -> tuple[Array, Array, Array, Array]:
        xp = array_namespace(w)
        u, a = self.split(w)
        before = xp.matrix_transpose(u @ self.X.T)
        hidden = xp.where(before > 0, before, xp.zeros_like(before))
        return xp.sum(hidden * a[..., None, :], axis=-1) - self.y, hidden, u, a
