"""The minimiser of a strongly convex function by Newton steps with conjugate gradients, in floats, with a bound on its error."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from gradproof.theory.errors import ParameterError

Array = Any
STEPS, INNER = 30, 60


def minimise(
    slope: Callable[[Array], Array], curve: Callable[[Array, Array], Array], y: Array, mu: float, *, tolerance: float = 1e-9
) -> tuple[Array, float]:  # fmt: skip
    """The minimiser from y (..., e), a function each; and ``|slope|/mu``, a bound on how far any of them is off.

    Args:
        slope: y -> gradient. curve: (y, v) -> Hessian times v. mu: strong convexity.
        tolerance: of the error; the steps end there, or after thirty. Beyond it the returned bound says so.

    Raises:
        ParameterError: mu is not positive.
    """
    if not mu > 0:
        raise ParameterError(f"mu = {mu}: the error is |slope|/mu; give a strong convexity > 0")
    y, g = np.asarray(y, float), slope(y)
    for _ in range(STEPS):
        if _longest(g) <= tolerance * mu:
            break
        v, r = y * 0, g
        p, size = r, _squares(r)
        for _ in range(INNER):
            Hp = curve(y, p)
            step = size / np.maximum((p * Hp).sum(-1, keepdims=True), 1e-300)
            v, r = v + step * p, r - step * Hp
            after = _squares(r)
            p, size = r + after / np.maximum(size, 1e-300) * p, after
            if float(np.sqrt(size).max()) < 1e-2 * _longest(g):
                break
        y = y - v
        g = slope(y)
    return y, _longest(g) / mu


def _squares(v: Array) -> Array:
    return (v * v).sum(-1, keepdims=True)


def _longest(v: Array) -> float:
    return float(np.sqrt(_squares(v)).max())
