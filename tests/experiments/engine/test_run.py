"""Runs: schedules, datasets, and what a step may not do."""

from typing import NamedTuple

import matplotlib
import numpy as np
import pytest
import xarray as xr

from gradproof.experiments.engine.draws import Draws, keys
from gradproof.experiments.engine.run import Method, StepError, logarithmic, plot, run, start
from gradproof.theory.errors import ParameterError


class State(NamedTuple):
    x: object


X = {"x": lambda s: s.x[..., 0]}
HALVE = Method(State, lambda s, draw: State(s.x / 2))


def with_step(step):
    return Method(State, step)


def test_schedules():
    out = run(HALVE, start([1.0]), 10, record=X, every=4)
    assert out.step.values.tolist() == [0, 4, 8, 10]
    assert out.x.values[0, 0].tolist() == [2.0**-t for t in (0, 4, 8, 10)]
    assert run(HALVE, start([1.0]), 9, record=X, at=[3, 3, 9]).step.values.tolist() == [3, 9]
    assert run(HALVE, start([1.0]), 0, record=X).x.values.tolist() == [[[1.0]]]
    steps = logarithmic(1000, per_decade=5)
    assert (steps[0], steps[-1]) == (0, 1000)
    assert len(steps) < 20
    for bad in ({"every": 0}, {"at": [11]}, {"at": [-1]}, {"at": []}):
        with pytest.raises(ParameterError):
            run(HALVE, start([1.0]), 10, record=X, **bad)
    with pytest.raises(ParameterError):
        run(HALVE, start([1.0]), -1, record=X)


@pytest.mark.parametrize("name", ["numpy", "jax"])
def test_datasets(on_backend, name, tmp_path):
    on = on_backend(name)
    gammas = np.array([0.1, 0.2, 0.4])
    method = Method(State, lambda s, draw: State(s.x * (1 - on.asarray(gammas)[:, None, None]) * draw))
    words = on.asarray(keys("c", settings=gammas.tolist(), seeds=range(2)))
    out = run(
        method,
        on.asarray(start([1.0, 2.0], settings=3, seeds=2)),
        20,
        record={"x": lambda s: s.x, "size": lambda s: s.x[..., 0]},
        draw=lambda t: Draws(words, t).uniform((2,)),
        at=logarithmic(20),
        settings={"gamma": gammas},
        units={"size": "1/L"},
        attrs={"claim": "a.claim", "seed": 0},
    )
    assert dict(out.sizes) == {"setting": 3, "seed": 2, "step": len(logarithmic(20)), "x_0": 2}
    assert (out["size"].units, out.attrs["claim"], out.attrs["backend"]) == ("1/L", "a.claim", name)
    assert "numpy" in out.attrs["versions"]
    out.to_netcdf(tmp_path / "d.nc", engine="h5netcdf")
    xr.testing.assert_identical(xr.load_dataset(tmp_path / "d.nc", engine="h5netcdf"), out)
    matplotlib.use("Agg")
    ax = plot(out, "size", by="gamma")
    assert ax.get_ylabel() == "size [1/L]"
    assert [t.get_text() for t in ax.get_legend().get_texts()] == ["gamma = 0.1", "gamma = 0.2", "gamma = 0.4"]
    matplotlib.pyplot.close(ax.figure)


def test_a_run_is_replayed_bit_by_bit_alone_or_in_a_batch():
    def go(gammas, seeds):
        words = keys("c", settings=list(gammas), seeds=seeds)
        g = np.array(gammas)[:, None, None]
        method = with_step(lambda s, draw: State(s.x - g * s.x + draw))
        first = start([1.0, -2.0], settings=len(gammas), seeds=len(seeds))
        return run(
            method, first, 30, record={"x": lambda s: s.x}, draw=lambda t: Draws(words, t).uniform((2,))
        ).x.values

    batch = go((0.1, 0.2, 0.3), (0, 1, 2, 3))
    assert (go((0.1, 0.2, 0.3), (0, 1, 2, 3)) == batch).all()
    assert (go((0.2,), (3,))[0, 0] == batch[1, 3]).all()


def _in_place(s, draw=None):
    s.x[..., 0] = 0.0
    return s


def _clip_sometimes(s, draw=None):
    if float(s.x[0, 0, 0]) < 0.3:
        s.x[...] = 0.0
    return State(s.x / 2)


@pytest.mark.parametrize("name", ["numpy", "torch"])
@pytest.mark.parametrize("step", [_in_place, _clip_sometimes])
def test_a_step_may_not_write_into_its_state(on_backend, name, step):
    on = on_backend(name)
    x0 = on.asarray(start([1.0]))
    with pytest.raises(StepError, match="writes into its state"):
        run(with_step(step), x0, 5, record=X)


def test_the_callers_start_stays_writable():
    x0 = start([1.0])
    run(HALVE, x0, 2, record=X)
    x0[...] = 3.0


BAD_STEPS = {
    "shape": (lambda s, draw: State(s.x[..., :1]), r"x from .* of shape \(1, 1, 2\) to .* of shape \(1, 1, 1\)"),
    "dtype": (lambda s, draw: State(s.x.astype("float32")), "x from float64 .* to float32"),
    "type": (lambda s, draw: s.x, "must return a State"),
    "batch": (lambda s, draw: State(s.x[0]), "changes x"),
}


@pytest.mark.parametrize("name", ["numpy", "jax"])
@pytest.mark.parametrize("bad", BAD_STEPS)
def test_a_step_may_not_change_the_layout(on_backend, name, bad):
    on = on_backend(name)
    step, message = BAD_STEPS[bad]
    with pytest.raises(StepError, match=message):
        run(with_step(step), on.asarray(start([1.0, 2.0])), 3, record=X)


@pytest.mark.parametrize("name", ["numpy", "jax"])
def test_one_setting_that_diverges_harms_no_other(on_backend, name):
    on = on_backend(name)
    factor = on.asarray(np.array([0.5, 1e300, np.nan])[:, None, None])
    out = run(
        with_step(lambda s, draw: State(s.x * factor)), on.asarray(start([1.0], settings=3)), 5, record=X
    ).x.values
    assert out[0, 0, -1] == 2.0**-5
    assert np.isinf(out[1, 0, -1])
    assert np.isnan(out[2, 0, 1:]).all()


def test_single_precision_on_request():
    x0 = start([1.0]).astype(np.float32)
    assert run(HALVE, x0, 3, record=X, dtype="float32").x.dtype == np.float32
    with pytest.raises(ParameterError, match="float64, got float32"):
        run(HALVE, x0, 3, record=X)


def test_a_record_must_keep_the_batch():
    with pytest.raises(ParameterError, match=r"begin with \(setting, seed\)"):
        run(HALVE, start([1.0], settings=2), 3, record={"x": lambda s: s.x.sum(axis=0)})


def test_progress():
    seen = []
    run(HALVE, start([1.0]), 10, record=X, every=5, on_record=lambda taken, planned: seen.append((taken, planned)))
    assert seen == [(0, 10), (5, 10), (10, 10)]
