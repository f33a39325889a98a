"""Dual averaging with any mirror map, on any array library."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from array_api_compat import array_namespace, device

from gradproof.experiments.engine.run import Method

Array = Any
Map = Callable[[Array], Array]


class Dual(NamedTuple):
    """Y_n and X_n = Q(Y_n), (setting, seed, d); n and the weighted sum of the gaps so far, (setting, seed, 1)."""

    y: Array
    x: Array
    n: Array
    gaps: Array


def projection_simplex(y: Array) -> Array:
    """The nearest point of the simplex to y (..., d): ``(y - t)_+``, t the largest mean excess of the top entries over 1."""
    xp = array_namespace(y)
    d = y.shape[-1]
    index = xp.arange(1, d + 1, dtype=y.dtype, device=device(y))
    falling = -xp.sort(-y, axis=-1)
    total = xp.cumulative_sum(falling, axis=-1)
    t = xp.max((total - 1) / index, axis=-1, keepdims=True)
    return xp.maximum(y - t, xp.zeros_like(y))


def softmax(y: Array) -> Array:
    """The mirror map of the entropy on the simplex."""
    xp = array_namespace(y)
    p = xp.exp(y - xp.max(y, axis=-1, keepdims=True))
    return p / xp.sum(p, axis=-1, keepdims=True)


def projection_ball(y: Array) -> Array:
    """The nearest point of the unit ball."""
    xp = array_namespace(y)
    norm = xp.sqrt(xp.sum(y * y, axis=-1, keepdims=True))
    return y / xp.maximum(norm, xp.ones_like(norm))


def vertex_margin(y: Array) -> Array:
    """``y_1 - max_{j>1} y_j`` of y (..., d): the projection is e_1 iff this is at least 1. (..., 1)."""
    xp = array_namespace(y)
    return y[..., :1] - xp.max(y[..., 1:], axis=-1, keepdims=True)


def polar_gradient(x1: Any, x2: Any, root: Callable[[Any], Any]) -> tuple[Any, Any]:
    """Gradient of ``(3 + sin 5t + cos 3t) r^2 (5/3 - r)`` at x != 0, by the product rule in Cartesian coordinates.

    ``r^5 sin 5t`` and ``r^3 cos 3t`` are parts of powers of ``z = x1 + i x2``. Numbers of any kind, with their square ``root``.
    """
    a2, b2 = x1 * x1 - x2 * x2, 2 * x1 * x2  # z^2
    a4, b4 = a2 * a2 - b2 * b2, 2 * a2 * b2
    im5, re3 = a4 * x2 + b4 * x1, a2 * x1 - b2 * x2
    r2 = x1 * x1 + x2 * x2
    r = root(r2)
    u = 3 * r2 + im5 / (r2 * r) + re3 / r  # r^2 times the angular factor
    fall = 5 / (x1 * 0 + 3) - r
    of_u = (
        6 * x1 + 5 * b4 / (r2 * r) - 3 * im5 * x1 / (r2 * r2 * r) + 3 * a2 / r - re3 * x1 / (r2 * r),
        6 * x2 + 5 * a4 / (r2 * r) - 3 * im5 * x2 / (r2 * r2 * r) - 3 * b2 / r - re3 * x2 / (r2 * r),
    )
    return of_u[0] * fall - u * x1 / r, of_u[1] * fall - u * x2 / r


def polar(x: Array) -> Array:
    """The gradient of the polar example at x (..., 2); 0 at 0."""
    xp = array_namespace(x)
    tiny = xp.sum(x * x, axis=-1, keepdims=True) < 1e-40
    away = xp.where(tiny, xp.ones_like(x), x)
    g1, g2 = polar_gradient(away[..., :1], away[..., 1:], xp.sqrt)
    return xp.where(tiny, xp.zeros_like(x), xp.concat([g1, g2], axis=-1))


def mirror_descent(mirror: Map, gradient: Map, scale: float, power: float, target: Array) -> Method:
    """``Y_{n+1} = Y_n - alpha_n (gradient(Q(Y_n)) + draw)``, ``alpha_n = scale n^-power``; the start is Y_1.

    ``target`` (d,): the point x_* of the gaps ``<gradient(X_n), X_n - x_*>``.
    """

    def init(y1: Array) -> Dual:
        return Dual(y1, mirror(y1), y1[..., :1] * 0 + 1, y1[..., :1] * 0)

    def step(s: Dual, draw: Array = None) -> Dual:
        xp = array_namespace(s.y)
        alpha, g = scale * s.n**-power, gradient(s.x)
        gap = xp.sum(g * (s.x - target), axis=-1, keepdims=True)
        y = s.y - alpha * (g if draw is None else g + draw)
        return Dual(y, mirror(y), s.n + 1, s.gaps + alpha * gap)

    return Method(init, step)
