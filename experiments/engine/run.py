"""Run a method: a loop over steps, all settings and seeds at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np

Array = Any
State = Any
Draw = Any


class Method(NamedTuple):
    """An algorithm as two pure functions.

    ``init(x0)``: start (setting, seed, d) -> state, a NamedTuple of arrays with leading axes (setting, seed).
    ``step(state, draw)``: the next state; ``draw`` is the random numbers of the step, None where there are none.
    """

    init: Callable[[Array], State]
    step: Callable[[State, Draw], State]


def start(x0: Array, *, settings: int = 1, seeds: int = 1) -> Array:
    """Repeat one point (d,) for all settings and seeds: (settings, seeds, d)."""
    return np.broadcast_to(np.asarray(x0, float), (settings, seeds, len(x0))).copy()


def run(
    method: Method,
    x0: Array,
    steps: int,
    *,
    record: Mapping[str, Callable[[State], Array]],
    draw: Callable[[int], Draw] | None = None,
    every: int = 1,
) -> Any:
    """Take ``steps`` steps and record every ``every``-th state, the first and the last included.

    Args:
        method: what to run. x0: start, (setting, seed, d).
        record: what to keep of a state, arrays (setting, seed, ...) each.
        draw: step number t -> random numbers that ``method.step`` wants for the step from t to t + 1.

    Returns:
        ``xarray.Dataset``, one variable a record with dims (setting, seed, step, ...), and coordinate ``step``.
    """
    import xarray as xr

    at: list[int] = []
    rows: dict[str, list[Array]] = {name: [] for name in record}

    def keep(t: int, state: State) -> None:
        at.append(t)
        for name, f in record.items():
            rows[name].append(np.asarray(f(state)))

    state = method.init(x0)
    keep(0, state)
    for t in range(steps):
        state = method.step(state, draw(t) if draw else None)
        if (t + 1) % every == 0 or t + 1 == steps:
            keep(t + 1, state)
    variables = {}
    for name, values in rows.items():
        stacked = np.stack(values, axis=2)
        extra = [f"{name}_{k}" for k in range(stacked.ndim - 3)]
        variables[name] = (["setting", "seed", "step", *extra], stacked)
    return xr.Dataset(variables, coords={"step": at})
