"""Byzantine vectors: attacks on a rule that aggregates n vectors, f of them arbitrary, batched."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from array_api_compat import array_namespace

from gradproof.solvers.order_statistics import colluders, farthest_accepted

Array = Any
Attack = Callable[[Array, Array], Array]  # correct vectors (..., n - f, d), noise (..., f, d) -> (..., f, d)


def reversed_mean(kappa: float) -> Attack:
    """All at -kappa times the mean of the correct vectors."""
    return lambda V, noise: colluders(-kappa * array_namespace(V).mean(V, axis=-2), noise.shape[-2])


def loud_noise(scale: float) -> Attack:
    """Independent Gaussian vectors of a large standard deviation."""
    return lambda V, noise: scale * noise


def against_the_mean(V: Array, noise: Array) -> Array:
    """All at the farthest place that Krum accepts, from the mean of the correct vectors towards zero and beyond."""
    xp, f = array_namespace(V), noise.shape[-2]
    mean = xp.mean(V, axis=-2)
    spread = xp.sqrt(xp.mean(xp.sum((V - mean[..., None, :]) ** 2, axis=-1), axis=-1))[..., None]
    length = xp.sqrt(xp.sum(mean**2, axis=-1))[..., None]
    return colluders(farthest_accepted(V, f, -mean / length * spread, [0.2 * j for j in range(1, 12)]), f)


#: By name.
ATTACKS: dict[str, Attack] = {"reversed": reversed_mean(3), "farthest": against_the_mean, "noise": loud_noise(20)}


def along_an_axis(V: Array, noise: Array) -> Array:
    """All at the farthest accepted multiple of 1/5 along the first axis; NumPy alone."""
    f, axis = noise.shape[-2], np.eye(V.shape[-1])[0]
    return colluders(farthest_accepted(V, f, axis, np.arange(0.2, 6, 0.2)), f)
