r"""One attention layer: directions of descent, and of the regularisation paths of $W$ (with its bound) and of $K$ and $Q$."""

from typing import Any

import numpy as np
import xarray as xr

from gradproof.experiments.networks.attention_svm.instances import LINEAR, LOCAL, A
from gradproof.experiments.networks.attention_svm.measures_runs import iterates
from gradproof.experiments.networks.attention_svm.methods import correlation, factored, on_the_path
from gradproof.paper_figures.style import COLOURS
from gradproof.solvers.max_margin import constraints, frobenius
from gradproof.theory.networks.attention_svm import PATH_FINITE_R


def compute(*, budget: str = "quick") -> xr.Dataset:
    """Runs on A and on the layer with a local selection; path points of A and B and of the factors of A."""
    steps = 2000 if budget == "quick" else 20_000
    at = np.unique(np.geomspace(1, steps, 40).astype(int))
    second = frobenius(constraints(LOCAL.problem.X, LOCAL.problem.z, [1])).W
    local = iterates(LOCAL, 1.0, steps, start=(5.0, 0.0, 0.0, 0.0))[at]
    radii = np.geomspace(10, 160, 9)
    products = [factored(A, float(r)) for r in radii]
    paths = [[1 - correlation(on_the_path(layer, float(r)), layer.svm.W) for r in radii] for layer in LINEAR]
    known = [{**layer.sizes, "Xi": 1 / layer.svm.upper} for layer in LINEAR]
    bounds = [[1 - PATH_FINITE_R.bound(**at, R=float(r)) for r in radii] for at in known]
    return xr.Dataset(
        {
            "normalised": ("step", 1 - correlation(iterates(A, 0.05, steps, normalised=True)[at], A.svm.W)),
            "plain": ("step", 1 - correlation(iterates(A, 1 / A.smoothness, steps)[at], A.svm.W)),
            "local_best": ("step", correlation(local, LOCAL.svm.W)),
            "local_second": ("step", correlation(local, second)),
            "nuclear": ("R", [float(correlation(W, A.svm_nuclear.W)) for W in products]),
            "frobenius": ("R", [float(correlation(W, A.svm.W)) for W in products]),
            "path": (("data", "R"), np.array(paths, float)),
            "bound": (("data", "R"), np.array(bounds, float)),
        },
        coords={"step": at, "data": ["A", "B"], "R": radii},
        attrs={"source": "Ataee Tarzanagh, Li, Thrampoulidis, Oymak (2023), arXiv:2308.16898"},
    )  # fmt: skip


def draw(data: xr.Dataset) -> Any:
    """Three panels at a paper's text width."""
    import matplotlib.pyplot as plt

    figure, (left, middle, right) = plt.subplots(1, 3, figsize=(7.2, 2.5))
    left.semilogx(data.step, 1 - data.normalised, "-", color=COLOURS[0], label="normalised, from 0")
    left.semilogx(data.step, 1 - data.plain, "--", color=COLOURS[1], label="plain, from 0")
    left.semilogx(data.step, data.local_best, ":", color=COLOURS[3], label="plain, local start")
    left.set(xlabel="step", ylabel=r"correlation with $W^{\mathrm{svm}}$", title="(a) Gradient descent on $W$")
    middle.semilogx(data.R, data.nuclear, "o-", ms=3, color=COLOURS[0], label="nuclear solution")
    middle.semilogx(data.R, data.frobenius, "s--", ms=3, color=COLOURS[1], label="Frobenius solution")
    middle.set(xlabel="radius $R$", ylabel=r"correlation of $KQ^\top$ with the", title="(b) Path of $K$ and $Q$")
    for colour, name in ((COLOURS[0], "A"), (COLOURS[1], "B")):
        at = data.sel(data=name)
        right.loglog(at.R, at.path, "o-", ms=3, color=colour, label=f"path, {name}")
        right.loglog(at.R, at.bound, "--", color=colour, label=f"bound, {name}")
    right.set(xlabel="radius $R$", ylabel="$1 -$ correlation", title="(c) Regularisation path")
    right.set_ylim(top=30)  # room for the legend
    left.legend()
    middle.legend()
    right.legend(ncols=2, loc="upper right", columnspacing=1, handlelength=1.5)
    return figure
