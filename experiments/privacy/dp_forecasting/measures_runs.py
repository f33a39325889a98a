"""Forecasters that are trained privately, on synthetic and on the published counts: their error over that without privacy."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from gradproof.experiments.engine.backend import backend as array_library
from gradproof.experiments.engine.backend import to_numpy
from gradproof.experiments.engine.draws import ahead
from gradproof.experiments.engine.measure import Sample, cases, instead, measure
from gradproof.experiments.engine.run import run, start
from gradproof.experiments.privacy.dp_forecasting import instances, methods
from gradproof.theory.privacy import dp_forecasting as paper

Array = Any
#: a clip norm that no gradient reaches
UNCLIPPED = 1e12
TABLES = cases(table={"synthetic": instances.synthetic}, sigma=[160.0])
REAL = cases(table={"published": instances.published}, sigma=[160.0])


def ridge_ratio(table, sigma, rng, seeds=32):
    """Ridge regression on noisy counts over the same on the counts, for some draws of the noise."""
    counts = table()
    plain = instances.ridge_rmse(counts, counts)
    noisy = [instances.ridge_rmse(instances.perturbed(counts, sigma, rng), counts) for _ in range(seeds)]
    return Sample(np.array(noisy) / plain), {"rmse": plain}


measure(paper.UTILITY, TABLES.guaranteeing("independent_noise"))(ridge_ratio)
measure(paper.UTILITY, REAL.guaranteeing("independent_noise"), budget="full", name="ridge_ratio_on_published_counts")(
    ridge_ratio
)


def trained_rmse(
    model: Any, data: instances.Windows, *, steps: int, batch: int, C: float, z: float, eta: float, keys: Array, rng: Any,
    backend: str,
) -> np.ndarray:  # fmt: skip
    """Test errors of DP-SGD, (seeds,), after ``steps`` steps; z = 0 and C = UNCLIPPED: without privacy."""
    on, n, seeds = array_library(backend), len(data.lags), keys.shape[1]
    recurrent = isinstance(model, methods.GRU)
    x, test = (
        (data.lags, data.test_lags)
        if recurrent
        else (instances.design(data.lags, data.calendar), instances.design(data.test_lags, data.test_calendar))
    )
    w0 = model.init(rng) if recurrent else np.zeros(model.size)
    x, y, words, inputs = on.move((x, data.targets, keys, test))
    draw = methods.poisson_batches(n, batch / n, model.size, min(batch + 7 * math.isqrt(batch) + 7, n))
    out = run(
        methods.dp_sgd(model, x, y, eta, C, z, float(batch)), on.asarray(start(w0, seeds=seeds)), steps, at=[steps],
        record={"w": lambda s: s.w}, draw=ahead(words, draw, block=8),
    )  # fmt: skip
    found = []
    for k in range(seeds):
        w = on.asarray(np.asarray(out.w.values[:, k : k + 1, 0]))
        found.append(data.rmse(to_numpy(model.forward(w, inputs)[0])[0, 0]))
    return np.array(found)


def private_ratio(
    table, sigma, z, C, hidden, steps, batch, eta, seeds, keys: Any, rng: np.random.Generator, backend: str
):
    """DP-SGD over the same without noise and clipping (z > 0), or without noise on the counts (sigma > 0), seed by seed."""
    counts = table()
    clean = instances.windows(counts, counts)
    data = instances.windows(instances.perturbed(counts, sigma, rng), counts) if sigma else clean
    model = (
        methods.GRU(6, hidden, 6)
        if hidden
        else methods.Linear(instances.design(clean.lags, clean.calendar).shape[1], 6)
    )
    seed, words = int(rng.integers(2**32)), keys(seeds=seeds)
    common = {"steps": steps, "batch": batch, "eta": eta, "keys": words, "backend": backend}
    rmse = trained_rmse(model, data, C=C if z else UNCLIPPED, z=z, rng=np.random.default_rng(seed), **common)
    plain = trained_rmse(model, clean, C=UNCLIPPED, z=0.0, rng=np.random.default_rng(seed), **common)
    return Sample(rmse / plain), {"rmse": float(plain.mean())}


INPUT = {"z": 0.0, "C": 2.0, "sigma": 160.0, "batch": 32, "seeds": 6}
#: the least of the published noise multipliers, which was used with batches of 5
GRADIENT = {"z": 35.0, "C": 2.0, "sigma": 0.0, "batch": 10, "seeds": 20}
SMALL = {"hidden": 8, "steps": 800, "eta": 0.01}
LARGE = {"hidden": 200, "steps": 31_200, "eta": 3e-4}


def _recurrent(how, sizes):
    return cases(table={"published": instances.published}, how=[how], sizes=[sizes]).guaranteeing("independent_noise")


for _budget, _sizes in (("full", SMALL), ("gpu", LARGE)):
    measure(paper.UTILITY, _recurrent(INPUT, _sizes), budget=_budget, name=f"gru_ratio_{_budget}")(private_ratio)
    instead(
        paper.UTILITY, "gradients are perturbed, with the least of the published noise multipliers", private_ratio,
        _recurrent(GRADIENT, _sizes), budget=_budget, name=f"gru_ratio_of_perturbed_gradients_{_budget}",
    )  # fmt: skip
