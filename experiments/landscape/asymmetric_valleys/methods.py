"""SGD on the valley, and averaged SGD on any problem with gradients over batches; two pure functions each."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from array_api_compat import array_namespace

from gradproof.experiments.engine.run import Method

Array = Any


class Walk(NamedTuple):
    """SGD on the valley: the iterate and sums over the iterates so far, without the last, (setting, seed, 1) each."""

    w: Array
    loss: Array  # of V
    flat: Array  # of 1{w > 0}
    total: Array  # of w


def valley_sgd(c: Array, p: Array, eta: Array) -> Method:
    """``w+ = w - eta (g(w) + omega)``, g = p for w > 0 and -c p for w <= 0; ``draw``: omega, (setting, seed, 1)."""

    def init(x0: Array) -> Walk:
        nothing = x0 - x0
        return Walk(x0, nothing, nothing, nothing)

    def step(s: Walk, omega: Array) -> Walk:
        xp = array_namespace(s.w)
        one, zero = xp.ones_like(s.w), xp.zeros_like(s.w)
        flat = xp.where(s.w > 0, one, zero)
        slope = p * flat - c * p * (1 - flat)
        return Walk(s.w - eta * (slope + omega), s.loss + slope * s.w, s.flat + flat, s.total + s.w)

    return Method(init, step)


class Averaged(NamedTuple):
    """Iterate x and average of the iterates since the averaging began, (setting, seed, P); steps taken."""

    x: Array
    mean: Array
    t: Array


def averaged_sgd(
    gradient: Callable[[Array, Array], Array], eta: Any, begin: int, decay: Callable[[Any], Any] | None = None
) -> Method:
    """SGD with step ``eta decay(t)`` (constant without ``decay``), and the running average of x_t over t > ``begin``.

    ``gradient``: of parameters (setting, seed, P) and of the draw, which is a batch.
    """

    def init(x0: Array) -> Averaged:
        return Averaged(x0, x0, 0)

    def step(s: Averaged, draw: Array) -> Averaged:
        xp = array_namespace(s.x)
        x = s.x - (eta if decay is None else eta * decay(s.t)) * gradient(s.x, draw)
        since = xp.asarray(s.t + 1 - begin, dtype=s.x.dtype)
        # before the averaging begins the average is the iterate
        share = 1 / xp.where(since > 1, since, xp.ones_like(since))
        return Averaged(x, s.mean + share * (x - s.mean), s.t + 1)

    return Method(init, step)
