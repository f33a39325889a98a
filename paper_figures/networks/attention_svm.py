r"""One attention layer: directions of descent, and of the regularisation paths of $W$ (with its bound) and of $K$ and $Q$."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr

from gradproof.experiments.networks.attention_svm.directions import local_run, normalised_run, plain_run
from gradproof.experiments.networks.attention_svm.instances import layer
from gradproof.experiments.networks.attention_svm.methods import correlation
from gradproof.experiments.networks.attention_svm.paths import factored_point, path_point
from gradproof.paper_figures.style import COLOURS
from gradproof.theory.networks.attention_svm import PATH_FINITE_R


def compute(*, budget: str = "quick") -> xr.Dataset:
    """Runs on A and on the layer with a local selection; path points of A and B and of the factors of A."""
    steps = 2000 if budget == "quick" else 20_000
    found = layer("A")
    normalised, plain, local = normalised_run("A", steps), plain_run("A", steps), local_run(steps)
    radii = np.geomspace(10, 160, 9)
    factored = [factored_point("A", float(r)) for r in radii]
    paths, bounds = [], []
    for name in "AB":
        f = layer(name)
        n, T, _ = f.problem.X.shape
        paths.append([1 - float(correlation(path_point(name, float(r)), f.svm.W)) for r in radii])
        bounds.append(
            [1 - float(PATH_FINITE_R.bound(n=n, T=T, kappa=f.kappa, R=float(r), Xi=1 / f.svm.upper)) for r in radii]
        )
    return xr.Dataset(
        {
            "normalised": ("step", 1 - normalised.correlation.values[0, 0]),
            "plain": ("step", 1 - plain.correlation.values[0, 0]),
            "local_best": ("local_step", local.correlation.values[0, 0]),
            "local_second": ("local_step", local.second.values[0, 0]),
            "nuclear": ("R", [float(correlation(W, found.svm_nuclear.W)) for W in factored]),
            "frobenius": ("R", [float(correlation(W, found.svm.W)) for W in factored]),
            "path": (("data", "R"), paths),
            "bound": (("data", "R"), bounds),
            "margin": ((), 1 / found.svm.upper),
        },
        coords={
            "step": normalised.step.values, "local_step": local.step.values, "data": ["A", "B"], "R": radii,
        },
        attrs={"source": "Ataee Tarzanagh, Li, Thrampoulidis, Oymak (2023), arXiv:2308.16898"},
    )  # fmt: skip


def draw(data: xr.Dataset) -> Any:
    """Three panels at a paper's text width."""
    import matplotlib.pyplot as plt

    figure, (left, middle, right) = plt.subplots(1, 3, figsize=(7.2, 2.5))
    left.semilogx(data.step, 1 - data.normalised, "-", color=COLOURS[0], label="normalised, from 0")
    left.semilogx(data.step, 1 - data.plain, "--", color=COLOURS[1], label="plain, from 0")
    left.semilogx(data.local_step, data.local_best, ":", color=COLOURS[3], label="plain, local start")
    left.set_xlabel("step")
    left.set_ylabel(r"correlation with $W^{\mathrm{svm}}$")
    left.legend()
    left.set_title("(a) Gradient descent on $W$")
    middle.semilogx(data.R, data.nuclear, "o-", ms=3, color=COLOURS[0], label="nuclear solution")
    middle.semilogx(data.R, data.frobenius, "s--", ms=3, color=COLOURS[1], label="Frobenius solution")
    middle.set_xlabel("radius $R$")
    middle.set_ylabel(r"correlation of $KQ^\top$ with the")
    middle.legend()
    middle.set_title("(b) Path of $K$ and $Q$")
    for colour, name in ((COLOURS[0], "A"), (COLOURS[1], "B")):
        at = data.sel(data=name)
        right.loglog(at.R, at.path, "o-", ms=3, color=colour, label=f"path, {name}")
        right.loglog(at.R, at.bound, "--", color=colour, label=f"bound, {name}")
    right.set_xlabel("radius $R$")
    right.set_ylabel("$1 -$ correlation")
    right.set_ylim(top=30)  # room for the legend
    right.legend(ncols=2, loc="upper right", columnspacing=1, handlelength=1.5)
    right.set_title("(c) Regularisation path")
    return figure
