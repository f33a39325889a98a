"""Langevin dynamics with stale gradients: one pure step over a queue of past points, the newest first.

A parameter server with P workers in turn is the same queue: the worker whose gradient arrives read its point P - 1
updates ago, and reads the new one, which goes to the front.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

from array_api_compat import array_namespace, device

from gradproof.experiments.engine.draws import Draws
from gradproof.experiments.engine.run import Method

Array = Any


class State(NamedTuple):
    history: Array  # (setting, seed, tau + 1, d), newest first
    total: Array  # sum of the points so far, the start left out, or of the gradients that drove the steps; (setting, seed, d)


class Draw(NamedTuple):
    normal: Array  # (setting, seed, d)
    extra: Array = None  # (setting, seed, d): noise of the gradient, where there is any
    delay: Array = None  # (setting, seed, 1, 1), int64, where it is random


def numbers(d: int, *, noisy: bool = False, delays: int = 1) -> Callable[[Draws], Draw]:
    """The random numbers of a step; with ``delays`` > 1 the delay is uniform on 0..delays - 1."""

    def draw(source: Draws) -> Draw:
        extra = source.normal((d,), slot=1) if noisy else None
        delay = source.integers(delays, (1, 1), slot=2) if delays > 1 else None
        return Draw(source.normal((d,), slot=0), extra, delay)

    return draw


def stale(
    gradient: Callable[[Array], Array],
    h: Any,
    tau: int,
    *,
    sigma: float = 0.0,
    random: bool = False,
    of_gradients: bool = False,
) -> Method:
    """x - h grad U(x_{l - tau}) + sqrt(2 h) z + h sigma xi, from a constant history.

    ``random``: the delay is drawn in each step (at most tau) instead of being tau. ``of_gradients``: the total is theirs.
    """

    def init(x: Array) -> State:
        xp = array_namespace(x)
        return State(xp.stack([x] * (tau + 1), axis=-2), 0 * x)

    def step(s: State, noise: Draw) -> State:
        xp = array_namespace(s.history)
        if random:
            ages = xp.reshape(xp.arange(tau + 1, dtype=xp.int64, device=device(s.history)), (tau + 1, 1))
            old = xp.sum(xp.where(ages == noise.delay, s.history, 0 * s.history), axis=-2)
        else:
            old = s.history[..., tau, :]
        kick = (2 * h) ** 0.5 * noise.normal
        if sigma:
            kick = kick + h * sigma * noise.extra
        g = gradient(old)
        x = s.history[..., 0, :] - h * g + kick
        queue = xp.concat([x[..., None, :], s.history[..., :tau, :]], axis=-2)
        return State(queue, s.total + (g if of_gradients else x))

    return Method(init, step)
