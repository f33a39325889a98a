r"""diffGrad: which minimum it ends at, and the average regret that grows past the published bound.

(a) The three synthetic functions, and where 299 steps from -1 end (alpha = 0.1, beta = (0.95, 0.999)): diffGrad at the global
minimum of the first two, Adam at a local one. So does the first public implementation, which compares the gradient with itself and
is Adam with half the step: it is the length of the steps that counts here. (b) The iterates. (c) Average regret on the losses x, x,
-1.9 x, repeated, on [-1, 1] from the best point -1 (alpha = 1/2, beta1 = 0, beta2 = 0.9); longer runs in balls.
diffGrad's tends to 1/15, and Theorem 1 of the paper (lambda = 0.1) lies below it from about 30000 rounds on; Adam's vanishes.
"""

from dataclasses import replace
from typing import Any

import numpy as np
import xarray as xr

from gradproof.experiments.adaptive._adam import Variant
from gradproof.experiments.adaptive.diffgrad.instances import FROM_THE_OPTIMUM, played, regrets
from gradproof.experiments.adaptive.diffgrad.methods import CYCLE, SYNTHETIC, synthetic_path
from gradproof.paper_figures.style import COLOURS
from gradproof.solvers.periodic_regret import Optimiser, average_regret, play, second_moments
from gradproof.theory.adaptive import diffgrad

FUNCTIONS = ("F1", "F2", "F3")
VARIANTS: tuple[Variant, ...] = ("adam", "diffgrad", "aliased")
LABELS = {"adam": "Adam", "diffgrad": "diffGrad", "aliased": "diffGrad by reference"}


def compute(*, budget: str = "quick") -> xr.Dataset:
    """Traces from -1, the functions themselves, and R_T/T on (1, 1, -1.9) from the optimum, beta1 = 0, beta2 = 0.9.

    Runs in double precision, and enclosures of longer ones beside Theorem 1 of the paper with lambda = 0.1.
    """
    grid = np.linspace(-1.1, 1.1, 881)
    T = 6_000 if budget == "quick" else 60_000
    constants: dict[str, Any] = {"alpha": 0.5, "beta1": 0.0, "beta2": 0.9}
    rounds = FROM_THE_OPTIMUM
    long = [300, 1_200, 4_500, 12_000, 24_000, 39_999, 60_000]
    v = float(second_moments(CYCLE, rounds.method.beta2)[-1])  # at the end of every period
    times = 3 * np.unique(np.geomspace(3, T // 3, 200).astype(int))  # ends of periods
    reach = np.geomspace(300, 60_000, 40)
    regret = []
    for variant in VARIANTS:
        x = played(CYCLE, T, variant, x1=-1.0, eps=1e-7, **constants)
        regret.append((regrets(x, CYCLE) / np.arange(1, T + 1))[times - 1])
    return xr.Dataset(
        {
            "value": (("function", "x"), [SYNTHETIC[f][0](grid) for f in FUNCTIONS]),
            "trace": (("function", "variant", "t"), [[synthetic_path(f, v) for v in VARIANTS] for f in FUNCTIONS]),
            "regret": (("variant", "T"), regret, {"units": "loss a round"}),
            "enclosed": (("played", "long"), [_averages(rounds.method, f, long) for f in (False, True)]),
            "published": ("reach", [_published(constants, v, n) / n for n in reach], {"units": "loss a round"}),
            "limit": ((), float(average_regret(CYCLE, rounds.method)), {"units": "loss a round"}),
        },
        coords={
            "function": list(FUNCTIONS),
            "variant": list(VARIANTS),
            "x": grid,
            "t": np.arange(300),
            "T": times,
            "played": ["adam", "diffgrad"],
            "long": long,
            "reach": reach,
        },
        attrs={"source": "Dubey et al. (2020), arXiv:1909.11015"},
    )


def _averages(method: Optimiser, friction: bool, rounds: list[int]) -> list[float]:
    """R_T/T in ball arithmetic."""
    of = replace(method, friction=friction)
    return [float(play(CYCLE, of, n).regret[0]) / n for n in rounds]


def _published(constants: dict[str, float], v: float, T: float) -> float:
    """The right side of equation (22)."""
    of: dict[str, Any] = {"lam": 0.1, "D": 2, "D_inf": 2, "G_inf": 1.9, "g_1": [1.0], "v_T": [v], "T": 3 * round(T / 3)}
    return float(diffgrad.PAPER_REGRET.bound(**constants, **of, g_norm=[(1.87 * of["T"]) ** 0.5]))


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
        if row == 2:
            right.legend(loc="lower right")
    below = figure.add_subplot(grid[3, :])
    for variant, (style, colour) in styles.items():
        below.plot(data["T"], data.regret.sel(variant=variant), style, color=colour, label=LABELS[variant])
    for variant in data.played.values:
        colour, mark = styles[variant][1], "o" if variant == "diffgrad" else "s"
        label = f"{LABELS[variant]}, in balls"
        below.plot(data.long, data.enclosed.sel(played=variant), mark, color=colour, ms=4, mfc="none", label=label)
    below.plot(data.reach, data.published, "-.", color="0.15", label="published bound, Theorem 1")
    below.axhline(float(data.limit), color="0.6", lw=0.8)
    below.annotate(
        "certified limit 1/15", (250, float(data.limit)), xytext=(0, 6), textcoords="offset points", color="0.4"
    )
    below.set(xlabel="rounds $T$", ylabel="$R_T/T$", xscale="log", yscale="log", ylim=(5e-4, 1))
    below.set_title(r"(c) Average regret on the losses $x$, $x$, $-1.9x$, repeated ($\beta_1 = 0$, $\beta_2 = 0.9$)")
    below.legend(loc="lower left", ncols=2)
    return figure
