"""Losses of a margin, on any array library, and on exact numbers in object arrays."""

from __future__ import annotations

from typing import Any

from array_api_compat import array_namespace

Array = Any


def logistic(s: Array) -> Array:
    """``log(1 + exp(-s))``, without overflow; any shape."""
    xp = array_namespace(s)
    return xp.log1p(xp.exp(-xp.abs(s))) + xp.where(s < 0, -s, 0 * s)


def logistic_slope(s: Array) -> Array:
    """Its derivative ``-1/(1 + exp(s))``, as ``(tanh(s/2) - 1)/2``: several times cheaper than the exponential."""
    return (array_namespace(s).tanh(s / 2) - 1) / 2
