"""Run a method: all settings and seeds at once, on the array library that the start belongs to."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from array_api_compat import array_namespace, is_numpy_array, is_torch_array

from gradproof.experiments.engine.backend import arrays_of, backend_of, map_arrays, to_numpy
from gradproof.experiments.engine.versions import versions
from gradproof.theory.errors import GradproofError, ParameterError

Array = Any
State = Any
Draw = Any
Record = Mapping[str, Callable[[State], Array]]


class Method(NamedTuple):
    """An algorithm as two pure functions.

    ``init(x0)``: start (setting, seed, d) -> state, a NamedTuple of arrays with leading axes (setting, seed).
    ``step(state, draw)``: the next state; ``draw`` is the random numbers of the step, None where there are none.
    """

    init: Callable[[Array], State]
    step: Callable[[State, Draw], State]


class StepError(GradproofError, ValueError):
    """A method that is not pure, or whose state changes its shape or dtype on the way."""


def start(x0: Array, *, settings: int = 1, seeds: int = 1) -> Array:
    """Repeat one point (d,) for all settings and seeds: (settings, seeds, d), on NumPy; ``Backend.move`` it elsewhere."""
    return np.broadcast_to(np.asarray(x0, float), (settings, seeds, len(x0))).copy()


def logarithmic(steps: int, *, per_decade: int = 20) -> list[int]:
    """Steps to record at: 0, about ``per_decade`` a factor of ten, and the last."""
    count = 2 + int(per_decade * np.log10(max(steps, 1)))
    return sorted({0, steps, *np.geomspace(1, max(steps, 1), count).round().astype(int).tolist()})


def run(
    method: Method,
    x0: Array,
    steps: int,
    *,
    record: Record,
    draw: Callable[[Any], Draw] | None = None,
    every: int = 1,
    at: Sequence[int] | None = None,
    dtype: str = "float64",
    settings: Mapping[str, Any] | None = None,
    units: Mapping[str, str] | None = None,
    attrs: Mapping[str, str | int | float] | None = None,
    on_record: Callable[[int, int], None] | None = None,
) -> Any:
    """Take ``steps`` steps and record some of the states. Memory grows with what is recorded, not with steps.

    Runs on the library of ``x0``, to which the arrays inside ``method`` must belong too (``Backend.move``). On JAX all
    steps are one compiled program.

    Args:
        method: what to run. x0: start, (setting, seed, d).
        record: what to keep of a state, arrays (setting, seed, ...) each.
        draw: step number t -> random numbers that ``method.step`` wants for the step from t to t + 1, for instance
            ``lambda t: Draws(keys, t).uniform((n,))``; JAX traces it.
        every: record every ``every``-th state, the first and the last included; or
        at: the steps to record at, e.g. ``logarithmic(steps)``.
        dtype: of all floating-point arrays of the state; another than float64 must be asked for.
        settings: coordinates of the setting axis, one value a setting each, e.g. step sizes.
        units: unit of a recorded variable. attrs: e.g. claim and seed, kept with the dataset.
        on_record: called with the number of steps taken and planned (not on JAX).

    Returns:
        ``xarray.Dataset`` on the host, one variable a record with dims (setting, seed, step, ...).

    Raises:
        StepError: the step changes its state in place, or the shape or dtype of a part of it.
        ParameterError: another dtype than asked for, or a schedule outside 0..steps.
    """
    wanted = _schedule(steps, every, at)
    on = backend_of(x0)
    # one of many settings may diverge: its infinities and NaNs are data, which the judge reads
    with on.scope(), np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        state = method.init(x0)
        _check_dtype(state, dtype)
        trajectory = _on_jax if on.name == "jax" else _step_by_step
        rows = trajectory(method, state, wanted, record, draw, on_record or (lambda taken, planned: None))
    return _dataset(
        rows, wanted, tuple(x0.shape[:2]), settings or {}, units or {}, {**(attrs or {}), "backend": on.name}
    )


# --- two ways to take steps ------------------------------------------------------------------------------------------


def _step_by_step(
    method: Method, state: State, wanted: list[int], record: Record, draw: Any, on_record: Any
) -> dict[str, Array]:
    rows: dict[str, list[Array]] = {name: [] for name in record}
    taken = 0
    for stop in wanted:
        for t in range(taken, stop):
            state = _pure_step(method, state, draw(t) if draw else None)
        taken = stop
        for name, f in record.items():
            rows[name].append(to_numpy(f(state)))
        on_record(taken, wanted[-1])
    return {name: np.stack(values, axis=0) for name, values in rows.items()}


def _on_jax(
    method: Method, state: State, wanted: list[int], record: Record, draw: Any, on_record: Any
) -> dict[str, Array]:
    import jax

    def step(t: Any, s: State) -> State:
        return method.step(s, draw(t) if draw else None)

    def segment(s: State, ends: tuple[Any, Any]) -> tuple[State, dict[str, Array]]:
        s = jax.lax.fori_loop(ends[0], ends[1], step, s)
        return s, {name: f(s) for name, f in record.items()}

    # once outside the trace: what a problem computes once and keeps must be arrays, not tracers
    _same_layout(state, step(0, state))
    for f in record.values():
        f(state)
    stops = np.asarray(wanted)
    ends = (np.concatenate([[0], stops[:-1]]), stops)
    _, rows = jax.jit(lambda s: jax.lax.scan(segment, s, ends))(state)
    on_record(wanted[-1], wanted[-1])
    return {name: to_numpy(values) for name, values in rows.items()}


# --- what a step may not do ------------------------------------------------------------------------------------------


def _pure_step(method: Method, state: State, draw: Draw) -> State:
    state = map_arrays(_frozen, state)
    before = [a._version for a in arrays_of(state) if is_torch_array(a)]  # torch counts writes
    try:
        new = method.step(state, draw)
    except ValueError as error:
        if "read-only" in str(error):
            raise StepError(f"step writes into its state ({error}); return new arrays instead") from None
        raise
    if before and before != [a._version for a in arrays_of(state) if is_torch_array(a)]:
        raise StepError("step writes into its state; return new arrays instead")
    _same_layout(state, new)
    return new


def _frozen(x: Any) -> Any:
    if not is_numpy_array(x) or not isinstance(x, np.ndarray):
        return x
    view = x.view()
    view.flags.writeable = False
    return view


def _same_layout(old: State, new: State) -> None:
    before, after = list(_layout(old)), list(_layout(new))
    if type(old) is not type(new) or len(before) != len(after):
        raise StepError(f"step must return a {type(old).__name__} like the one it is given, got {type(new).__name__}")
    for (name, *was), (_, *now) in zip(before, after, strict=True):
        if was != now:
            raise StepError(f"step changes {name} from {was[1]} of shape {was[0]} to {now[1]} of shape {now[0]}")


def _layout(state: State) -> Iterator[tuple[str, Any, Any]]:
    names = getattr(state, "_fields", None) or range(len(state))
    for name, x in zip(names, state, strict=True):
        yield str(name), tuple(getattr(x, "shape", ())), getattr(x, "dtype", type(x))


def _check_dtype(state: State, dtype: str) -> None:
    for x in arrays_of(state):
        xp = array_namespace(x)
        if xp.isdtype(x.dtype, "real floating") and x.dtype != getattr(xp, dtype):
            raise ParameterError(f"claims are checked in {dtype}, got {x.dtype}; cast x0, or ask for it with dtype=...")


def _schedule(steps: int, every: int, at: Sequence[int] | None) -> list[int]:
    if steps < 0 or every < 1:
        raise ParameterError(f"steps={steps} must be >= 0 and every={every} >= 1")
    if at is None:
        return sorted({*range(0, steps + 1, every), steps})
    wanted = sorted({int(t) for t in at})
    if not wanted or wanted[0] < 0 or wanted[-1] > steps:
        raise ParameterError(f"at must hold steps between 0 and {steps}, got {list(at)[:6]}")
    return wanted


# --- what comes out --------------------------------------------------------------------------------------------------


def _dataset(
    rows: Mapping[str, Array], wanted: list[int], batch: tuple[int, ...], settings: Mapping[str, Any],
    units: Mapping[str, str], attrs: Mapping[str, Any],
) -> Any:  # fmt: skip
    import xarray as xr

    variables = {}
    for name, values in rows.items():
        if values.shape[1:3] != batch:
            raise ParameterError(
                f"record {name!r} gives shape {values.shape[1:]}, which must begin with (setting, seed) = {batch}"
            )
        extra = [f"{name}_{k}" for k in range(values.ndim - 3)]
        unit = {"units": units[name]} if name in units else {}
        variables[name] = (["setting", "seed", "step", *extra], np.moveaxis(values, 0, 2), unit)
    coords: dict[str, Any] = {"step": ("step", wanted, {"units": "1"})}
    coords |= {name: ("setting", np.asarray(to_numpy(v))) for name, v in settings.items()}
    return xr.Dataset(variables, coords=coords, attrs={**attrs, "versions": json.dumps(versions())})


def plot(data: Any, name: str, *, by: str | None = None, ax: Any = None) -> Any:
    """One line a setting, the median over seeds in a band from the least to the greatest; logarithmic vertical axis.

    Args:
        data: what ``run`` returns. name: a scalar variable of it. by: coordinate that labels the lines.

    Returns:
        The matplotlib axes.
    """
    import matplotlib.pyplot as plt

    ax = ax or plt.subplots(layout="constrained")[1]
    for k in range(data.sizes["setting"]):
        y = data[name].isel(setting=k)
        label = f"{by} = {float(data[by][k]):.4g}" if by else None
        (line,) = ax.plot(data.step, y.median("seed"), label=label)
        if data.sizes["seed"] > 1:
            ax.fill_between(data.step, y.min("seed"), y.max("seed"), alpha=0.2, color=line.get_color(), lw=0)
    ax.set(xlabel="step", ylabel=f"{name} [{data[name].units}]" if "units" in data[name].attrs else name, yscale="log")
    if by:
        ax.legend()
    return ax
