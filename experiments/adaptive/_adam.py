"""Adam and its relatives: shared by the papers on adaptive steps."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, NamedTuple

from array_api_compat import array_namespace

from gradproof.experiments.engine.run import Method

Array = Any
Variant = Literal["adam", "diffgrad", "aliased"]


class AdamState(NamedTuple):
    """Iterate, moments and previous gradient, (setting, seed, d) each, and the number of steps taken, (setting, seed, 1)."""

    x: Array
    m: Array
    v: Array
    g: Array
    t: Array


def friction(change: Array) -> Array:
    """The sigmoid of the absolute change of the gradient."""
    xp = array_namespace(change)
    return 1 / (1 + xp.exp(-xp.abs(change)))


def direction(
    state: AdamState, g: Array, *, variant: Variant, beta1: Any, beta2: Any, eps: Any, lam: float = 1.0
) -> AdamState:
    """The state after a gradient, with the step's direction ``xi mhat / (sqrt(vhat) + eps)`` in the place of x."""
    xp = array_namespace(g)
    t, now = state.t + 1, beta1 * lam**state.t
    m, v = now * state.m + (1 - now) * g, beta2 * state.v + (1 - beta2) * g * g
    adam = m / (1 - beta1**t) / (xp.sqrt(v / (1 - beta2**t)) + eps)
    if variant == "diffgrad":
        adam = friction(g - state.g) * adam
    elif variant == "aliased":
        adam = xp.where(t == 1, friction(g), 0.5) * adam
    return AdamState(adam, m, v, g, t)


def adam_family(
    gradient: Callable[[Array, Any], Array],
    *,
    alpha: Any,
    variant: Variant,
    beta1: Any = 0.9,
    beta2: Any = 0.999,
    eps: Any = 1e-8,
    lam: float = 1.0,
    radius: float | None = None,
    decay: bool = False,
) -> Method:
    """``x_{t+1} = x_t - alpha_t xi_t mhat_t / (sqrt(vhat_t) + eps)``, projected onto [-radius, radius] if one is given.

    Args:
        gradient: (x, draw) -> gradient, shaped as x. ``draw`` is the step's random numbers, or its term of a sequence.
        alpha, beta1, beta2, eps: numbers, or arrays (setting, 1, 1).
        lam: decay of ``beta_{1,t} = beta1 lam^(t-1)``.
        variant: the friction: 1 (adam), the sigmoid of the change (diffgrad), 1/2 after the first step (aliased).
        decay: ``alpha_t = alpha / sqrt t`` where True, ``alpha`` where False.
    """

    def init(x0: Array) -> AdamState:
        zero = 0 * x0
        return AdamState(x0, zero, zero, zero, zero[..., :1])

    def step(state: AdamState, draw: Any = None) -> AdamState:
        xp = array_namespace(state.x)
        g = gradient(state.x, draw)
        new = direction(state, g, variant=variant, beta1=beta1, beta2=beta2, eps=eps, lam=lam)
        x = state.x - (alpha / xp.sqrt(new.t) if decay else alpha) * new.x
        return new._replace(x=x if radius is None else xp.clip(x, -radius, radius))

    return Method(init, step)
