"""Logistic regression on handwritten digits: GD, SGD, LSGD and mLSGD at equal steps."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from array_api_compat import array_namespace

from gradproof.experiments.engine.backend import backend as array_library
from gradproof.experiments.engine.draws import ahead, keys
from gradproof.experiments.engine.run import run, start
from gradproof.experiments.instances.data import pixels
from gradproof.experiments.instances.finite_sums import Logistic
from gradproof.experiments.instances.minibatches import over_rows
from gradproof.experiments.landscape.laplacian_smoothing.methods import constant, smoothed_gd, smoothed_sgd
from gradproof.theory.landscape.laplacian_smoothing import mlsgd_schedule

Array = Any


@dataclass(frozen=True)
class Digits:
    """Logistic regression with a ridge, one client, and rows held out for testing, (m', n) with labels +-1, (m',).

    The pixels of a row are in image order, so that neighbours are neighbours.
    """

    train: Logistic
    test_features: np.ndarray
    test_labels: np.ndarray

    def grad(self, w: Array, batch: Array | None = None) -> Array:
        """Gradient at w (..., n) over all rows, or over the rows of a batch (..., b)."""
        return self.train.gradient(w) if batch is None else over_rows(self.train, w, batch)

    def accuracy(self, w: Array) -> Array:
        """Share of the held-out rows that are classified correctly, (..., n) -> (...)."""
        xp = array_namespace(w)
        right = w @ self.test_features.T * self.test_labels > 0
        return xp.mean(xp.astype(right, w.dtype), axis=-1)


@cache
def even_against_odd() -> Digits:
    """The 8 x 8 digits of scikit-learn, even against odd; every third row held out; pixels in [0, 1] and an intercept."""
    X, digit = pixels()
    x, y = np.c_[X, np.ones(len(X))], np.where(digit % 2 == 0, 1.0, -1.0)
    test = np.arange(len(y)) % 3 == 2
    return Digits(Logistic(x[None, ~test], y[None, ~test], ridge=1e-3), x[test], y[test])


def compare_on_digits(
    *, steps: int = 300, batch: int = 8, seeds: int = 5, every: int = 10, seed: int = 0, backend: str = "numpy"
) -> Any:
    """Loss and test accuracy of full-gradient and mini-batch methods at equal steps and step size 1/L.

    Returns:
        ``xarray.Dataset``: ``loss`` and ``accuracy`` with dims (method, seed, step).
    """
    import xarray as xr

    problem, on = even_against_odd(), array_library(backend)
    eta, m, moved = 1 / problem.train.L, problem.train.m, on.move(problem)
    schedules: dict[str, Callable[[int], Any]] = {"": constant(0), "ls": constant(1), "mls": mlsgd_schedule}
    # every method sees the same batches
    words = on.asarray(keys("digits", batch, settings=[seed], seeds=range(seeds)))
    draw = ahead(words, lambda d: d.integers(m, (batch,)))
    record = {"loss": lambda s: moved.train(s.x), "accuracy": lambda s: moved.accuracy(s.x)}
    units = {"loss": "nat", "accuracy": "1"}
    found: dict[str, Any] = {}
    for kind in ("gd", "sgd"):
        for prefix, schedule in schedules.items():
            stochastic = kind == "sgd"
            method = smoothed_sgd(moved.grad, eta, schedule) if stochastic else smoothed_gd(moved.grad, eta, schedule)
            # without randomness one run stands for all seeds
            x0 = on.asarray(start(np.zeros(problem.train.d), seeds=seeds if stochastic else 1))
            out = run(method, x0, steps, record=record, draw=draw if stochastic else None, every=every, units=units)
            out = out.isel(setting=0) if stochastic else out.isel(setting=0, seed=[0] * seeds)
            found[f"{prefix}-{kind}".strip("-")] = out
    data = xr.concat(list(found.values()), xr.Variable("method", list(found)), combine_attrs="override")
    attrs = {"eta": eta, "batch": batch, "ridge": problem.train.ridge, "seed": seed}
    return data.transpose("method", "seed", "step").assign_coords(seed=np.arange(seeds)).assign_attrs(attrs)
