"""ATOMO: second moment against the budget, and singular triplets against entries."""

from typing import Any

import numpy as np
import xarray as xr

from gradproof.paper_figures.style import COLOURS
from gradproof.solvers.sparsification import minimal_variance

DRAWS = 20  # of singular vectors, for each decay


def compute(*, budget: str = "quick") -> xr.Dataset:
    """Exact second moments, relative to ||g||^2, on a decaying vector of 40 entries and on random matrices."""
    rng = np.random.default_rng(0)
    g = np.exp(-np.arange(40) / 8.0)
    budgets = np.geomspace(0.5, 39, 60 if budget == "quick" else 400)
    l1, norm2 = g.sum(), g @ g
    squares = np.minimum(1, budgets[:, None] * g**2 / norm2)
    curves = {
        "optimal": [minimal_variance(g, s).second_moment for s in budgets],
        "uniform": norm2 * g.size / budgets,
        "squares": (g**2 / squares).sum(axis=1),
        "bound": l1**2 / budgets,
    }
    marks = {"QSGD": np.sqrt(norm2), "TernGrad": g.max()}
    decays = np.linspace(0.05, 3, 25)
    spectral, entrywise = [], []
    for sigma in np.exp(-decays[:, None] * np.arange(20)):
        spectral.append(minimal_variance(sigma, 2.0).second_moment / (sigma @ sigma))
        drawn = []
        for _ in range(DRAWS):  # singular vectors at random; the singular values are given
            U, V = (np.linalg.qr(rng.standard_normal((m, 20)))[0] for m in (20, 30))
            drawn.append(minimal_variance(((U * sigma) @ V.T).ravel(), 2.0).second_moment / (sigma @ sigma))
        entrywise.append(np.quantile(drawn, (0.1, 0.5, 0.9)))
    return xr.Dataset(
        {
            **{k: ("s", np.asarray(v) / norm2, {"units": "relative to ||g||^2"}) for k, v in curves.items()},
            "mark_s": ("scheme", [l1 / q for q in marks.values()]),
            "mark": ("scheme", [l1 * q / norm2 for q in marks.values()]),
            "spectral": ("decay", spectral),
            "entrywise": (("decay", "quantile"), entrywise),
        },
        coords={"s": budgets, "scheme": list(marks), "decay": decays, "quantile": [0.1, 0.5, 0.9]},
        attrs={"source": "Wang et al. (2018), arXiv:1806.04090"},
    )


def draw(data: xr.Dataset) -> Any:
    """Two panels at a paper's text width."""
    import matplotlib.pyplot as plt

    figure, (left, right) = plt.subplots(1, 2, figsize=(6.6, 2.6))
    styles = {
        "optimal": ("-", "least second moment"), "uniform": ("--", "uniform"), "squares": ("-.", r"$p_i \propto \lambda_i^2$"),
        "bound": (":", r"lower bound $\|\lambda\|_1^2/s$"),
    }  # fmt: skip
    for colour, (name, (style, label)) in zip(COLOURS, styles.items(), strict=False):
        left.loglog(data.s, data[name], style, color=colour, label=label)
    for marker, name in zip("os", data.scheme.values, strict=True):
        at = data.sel(scheme=name)
        left.plot(at.mark_s, at.mark, marker, color=COLOURS[6], label=str(name), zorder=3)
    left.set(xlabel="budget $s$ (expected atoms sent)", ylabel=r"second moment $\mathbb{E}\|\hat g\|^2 / \|g\|^2$")
    left.set(ylim=(0.5, 2e3), title="(a) Water filling and the classics")  # room for the legend
    left.legend(ncols=2, loc="upper right", columnspacing=1)
    low, median, high = (data.entrywise.isel(quantile=k) for k in range(3))
    right.semilogy(data.decay, median, "--", color=COLOURS[1], label=f"entries ({DRAWS} draws, 10 to 90 %)")
    right.fill_between(data.decay, low, high, color=COLOURS[1], alpha=0.25, lw=0)
    right.semilogy(data.decay, data.spectral, "-", color=COLOURS[0], label="singular triplets")
    right.set(xlabel="decay rate of the singular values", ylabel=r"$\mathbb{E}\|\hat X\|^2 / \|X\|^2$ at $s = 2$")
    right.set_title("(b) Atoms of a $20 \\times 30$ matrix")
    right.legend(loc="center right")
    return figure
