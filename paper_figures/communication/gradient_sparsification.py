"""Gradient sparsification: loss against what is sent, and least density against the allowed second moment."""

from typing import Any

import numpy as np
import xarray as xr

from gradproof.experiments.communication import gradient_sparsification as gs
from gradproof.experiments.communication._sparse_methods import everything, uniform_like
from gradproof.experiments.engine.draws import keys
from gradproof.paper_figures.style import COLOURS
from gradproof.solvers.sparsification import minimal_density

SCHEMES = {"dense": lambda optimal: everything, "uniform": uniform_like, "optimal": lambda optimal: optimal}
POWERS = (0.5, 1.0, 1.5, 2.0)


def compute(*, budget: str = "quick") -> xr.Dataset:
    """Logistic loss of four workers on features of few large magnitudes, and densities of the power laws ``i^-a``.

    ``loss``, ``sent`` (scheme, step): medians over seeds at eps = 1 and one step size. ``density`` (a, eps): share of 1000
    entries that the sparsest scheme sends.
    """
    steps, seeds = (150, 8) if budget == "quick" else (1000, 32)
    problem, eps = gs.four_workers(gs.sparse_features()), np.array([1.0])
    stream = keys("figure", settings=[1.0], seeds=range(seeds))
    runs = [gs.sparsified_runs(problem, eps, stream, steps, scheme=scheme) for scheme in SCHEMES.values()]
    caps = np.geomspace(0.01, 10, 40)
    indices = np.arange(1, 1001)
    density = [[minimal_density(indices**-a, e).density / 1000 for e in caps] for a in POWERS]
    f, sent = (np.array([out[name].values[0] for out in runs]) for name in ("f", "sent"))  # (scheme, seed, step)
    curves = {
        "loss": (np.median(f, axis=1), "nat"), "loss_low": (np.quantile(f, 0.25, axis=1), "nat"),
        "loss_high": (np.quantile(f, 0.75, axis=1), "nat"), "sent": (np.median(sent, axis=1), "entries"),
    }  # fmt: skip
    return xr.Dataset(
        {k: (["scheme", "step"], v, {"units": unit}) for k, (v, unit) in curves.items()}
        | {"density": (["a", "eps"], density, {"units": "1"})},
        coords={"scheme": list(SCHEMES), "step": runs[0].step.values, "a": list(POWERS), "eps": caps},
        attrs={
            "source": "Wangni et al. (2018), arXiv:1710.09854", "cap": float(eps[0]), "seeds": seeds,
            "saving": _saving(curves["loss"][0], curves["sent"][0]),
        },
    )  # fmt: skip


def _saving(loss: np.ndarray, sent: np.ndarray) -> float:
    """What dense descent sends for each entry that the sparsest scheme sends until both reach the same loss."""
    target = max(loss[0].min(), loss[2].min())
    dense, optimal = (sent[k, np.argmax(loss[k] <= target)] for k in (0, 2))
    return float(dense / optimal)


def draw(data: xr.Dataset) -> Any:
    """Two panels at a paper's text width."""
    import matplotlib.pyplot as plt

    figure, (left, right) = plt.subplots(1, 2, figsize=(6.6, 2.6))
    for colour, style, scheme in zip(COLOURS, (":", "--", "-"), data.scheme.values, strict=False):
        one = data.sel(scheme=scheme)
        left.semilogx(one.sent[1:], one.loss[1:], style, color=colour, label=str(scheme))
        left.fill_between(one.sent[1:], one.loss_low[1:], one.loss_high[1:], color=colour, alpha=0.2, lw=0)
    left.set(xlabel="entries sent by all workers", ylabel="loss (nat)")
    cap, seeds = data.attrs["cap"], data.attrs["seeds"]
    left.set_title(rf"(a) Four workers, $\varepsilon = {cap:g}$; quartiles of {seeds} seeds")
    left.legend()
    for colour, a in zip(COLOURS, data.a.values, strict=False):
        right.loglog(data.eps, data.density.sel(a=a), color=colour, label=f"$i^{{-{a:g}}}$")
    right.set(xlabel=r"allowed increase $\varepsilon$ of the second moment", ylabel=r"least density $\sum p_i / d$")
    right.set_title("(b) Power laws, $d = 1000$")
    right.set_ylim(top=8)  # room for the legend
    right.legend(ncols=4, loc="upper center", columnspacing=1, handlelength=1.2)
    return figure
