"""diffGrad: traces on the three synthetic functions, and the average regret on the cycle that refutes the published bound."""

from typing import Any

import numpy as np
import xarray as xr

from gradproof.experiments.adaptive._adam import Variant
from gradproof.experiments.adaptive.diffgrad.instances import played, regrets
from gradproof.experiments.adaptive.diffgrad.methods import CYCLE, SYNTHETIC, synthetic_path
from gradproof.paper_figures.style import COLOURS
from gradproof.solvers.periodic_regret import Optimiser, average_regret

FUNCTIONS = ("F1", "F2", "F3")
VARIANTS: tuple[Variant, ...] = ("adam", "diffgrad", "aliased")
LABELS = {"adam": "Adam", "diffgrad": "diffGrad", "aliased": "diffGrad by reference"}


def compute(*, budget: str = "quick") -> xr.Dataset:
    """Traces from -1, the functions themselves, and R_T/T on (1, 1, -1.9) from the optimum, beta1 = 0."""
    grid = np.linspace(-1.1, 1.1, 881)
    T = 6_000 if budget == "quick" else 30_000
    times = 3 * np.unique(np.geomspace(3, T // 3, 200).astype(int))  # ends of periods
    regret = []
    for variant in VARIANTS:
        x = played(CYCLE, T, variant, x1=-1.0, alpha=0.5, beta1=0.0, beta2=0.999, eps=1e-8)
        regret.append((regrets(x, CYCLE) / np.arange(1, T + 1))[times - 1])
    return xr.Dataset(
        {
            "value": (("function", "x"), [SYNTHETIC[f][0](grid) for f in FUNCTIONS]),
            "trace": (("function", "variant", "t"), [[synthetic_path(f, v) for v in VARIANTS] for f in FUNCTIONS]),
            "regret": (("variant", "T"), regret, {"units": "loss a round"}),
            "limit": ((), float(average_regret(CYCLE, Optimiser())), {"units": "loss a round"}),
        },
        coords={"function": list(FUNCTIONS), "variant": list(VARIANTS), "x": grid, "t": np.arange(300), "T": times},
        attrs={"source": "Dubey et al. (2020), arXiv:1909.11015"},
    )


def draw(data: xr.Dataset) -> Any:
    """Functions on the left, traces on the right, the average regret below."""
    import matplotlib.pyplot as plt

    figure = plt.figure(figsize=(6.6, 7.2))
    grid = figure.add_gridspec(4, 2, height_ratios=(1, 1, 1, 1.2))
    styles = dict(zip(VARIANTS, (("--", COLOURS[1]), ("-", COLOURS[0]), (":", COLOURS[2])), strict=True))
    for row, name in enumerate(data.function.values):
        left, right = figure.add_subplot(grid[row, 0]), figure.add_subplot(grid[row, 1])
        at = data.sel(function=name)
        left.plot(data.x, at.value, color="0.3")
        for variant, (style, colour) in styles.items():
            trace = at.trace.sel(variant=variant)
            right.plot(data.t, trace, style, color=colour, label=LABELS[variant])
            end, inside = float(trace[-1]), "none" if style == ":" else colour
            left.plot(end, float(np.interp(end, data.x, at.value)), "o", color=colour, ms=5, mfc=inside)
        left.set(ylabel=f"$F_{name[-1]}(x)$", ylim=(-0.1, 1.25), xlabel="$x$" if row == 2 else "")
        right.set(ylabel="$x_t$", ylim=(-1.1, 0.8), xlabel="step $t$" if row == 2 else "")
        if row == 0:
            left.set_title("(a) Where 299 steps from $-1$ end")
            right.set_title("(b) Iterates")
            right.legend(loc="lower right")
    below = figure.add_subplot(grid[3, :])
    for variant, (style, colour) in styles.items():
        below.semilogx(data["T"], data.regret.sel(variant=variant), style, color=colour, label=LABELS[variant])
    below.axhline(float(data.limit), color="0.6", lw=0.8)
    last = (float(data["T"][-1]), float(data.limit))
    below.annotate("certified limit 1/15", last, xytext=(0, -9), textcoords="offset points", ha="right", color="0.4")
    below.set(xlabel="rounds $T$", ylabel="$R_T/T$")
    below.set_title("(c) Average regret on the losses $x$, $x$, $-1.9x$, repeated")
    below.legend(loc="upper right")
    return figure
