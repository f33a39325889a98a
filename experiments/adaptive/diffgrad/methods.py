"""The three synthetic functions, the cycle of linear losses, and the published buffer of the gradient."""

from collections.abc import Callable, Sequence
from fractions import Fraction
from functools import cache
from typing import Any

from array_api_compat import array_namespace

from gradproof.experiments.adaptive._adam import Variant, adam_family
from gradproof.experiments.engine.run import Method, run, start

Array = Any


# --- the synthetic functions -------------------------------------------------------------------------------------------


def _branches(x: Array, *cases: tuple[Array, Array], otherwise: Array) -> Array:
    xp = array_namespace(x)
    value = otherwise
    for condition, then in reversed(cases):
        value = xp.where(condition, then, value)
    return value


def f1(x: Array) -> Array:
    """Two parabolas that meet in a kink at 0."""
    return _branches(x, (x <= 0, (x + 0.3) ** 2), otherwise=(x - 0.2) ** 2 + 0.05)


def f1_gradient(x: Array) -> Array:
    """Its derivative, from the left at 0."""
    return _branches(x, (x <= 0, 2 * (x + 0.3)), otherwise=2 * (x - 0.2))


def f2(x: Array) -> Array:
    """``x^3 + x sin 8x + 0.85``, continued by a line below -0.9."""
    xp = array_namespace(x)
    return _branches(x, (x <= -0.9, -40 * x - 35.15), otherwise=x**3 + x * xp.sin(8 * x) + 0.85)


def f2_gradient(x: Array, *, factor: float = 8) -> Array:
    """Its derivative. ``factor=1`` is the gradient of the published notebook, which lacks the inner derivative."""
    xp = array_namespace(x)
    right = factor * x * xp.cos(8 * x) + xp.sin(8 * x) + 3 * x**2
    return _branches(x, (x <= -0.9, -40 + 0 * x), otherwise=right)


def f3(x: Array) -> Array:
    """A V around 0, two slopes downwards, and a parabola outside."""
    size = array_namespace(x).abs(x)
    return _branches(x, (size >= 0.5, x**2), (size > 0.4, 0.75 - size), otherwise=7 / 8 * size)


def f3_gradient(x: Array) -> Array:
    """Its derivative; 0 at 0."""
    xp = array_namespace(x)
    size, sign = xp.abs(x), xp.sign(x)
    return _branches(x, (size >= 0.5, 2 * x), (size > 0.4, -sign), otherwise=7 / 8 * sign)


#: name -> (function, gradient)
SYNTHETIC: dict[str, tuple[Callable[[Array], Array], Callable[[Array], Array]]] = {
    "F1": (f1, f1_gradient),
    "F2": (f2, f2_gradient),
    "F2 published gradient": (f2, lambda x: f2_gradient(x, factor=1)),
    "F3": (f3, f3_gradient),
}


def synthetic_method(name: str, variant: Variant) -> Method:
    """The published setting: alpha = 0.1, beta = (0.95, 0.999), eps = 1e-8."""
    gradient = SYNTHETIC[name][1]
    return adam_family(lambda x, draw: gradient(x), alpha=0.1, variant=variant, beta1=0.95, beta2=0.999, eps=1e-8)


@cache
def synthetic_path(name: str, variant: Variant) -> Array:
    """x_0 = -1, ..., x_299."""
    return run(synthetic_method(name, variant), start([-1.0]), 299, record={"x": lambda s: s.x[..., 0]}).x.values[0, 0]


# --- the cycle, and the buffer ------------------------------------------------------------------------------------------

#: gradients of the linear losses that refute the published bound, exact
CYCLE = (Fraction(1), Fraction(1), Fraction(-19, 10))


def linear_loss(x: Array, draw: Any) -> Array:
    """The gradient of ``draw * x``."""
    return 0 * x + draw


def implementation(gradients: Sequence[Fraction], *, by_reference: bool) -> list[Fraction]:
    """|g_t - previous| as a program sees it that keeps the previous gradient in one buffer, by reference or as a copy."""
    buffer, previous, changes = [Fraction(0)], [Fraction(0)], []
    for g in gradients:
        buffer[0] = g  # the framework writes each gradient into the same memory
        changes.append(abs(buffer[0] - previous[0]))
        previous = buffer if by_reference else list(buffer)
    return changes
