"""Errors of local SGD in a fixed number of rounds, where one-shot averaging stops, and what schedules cost.

(a) Errors times NT: on a smooth function a fixed number of rounds, and even one, has the error of averaging at every
step, which tends to hV/2 (thin line); with a kink in F' one-shot averaging stays above. Bands: two standard errors.
Dash-dotted: local-sgd.main. (b) With a kink the speed-up of one-shot averaging stops at a number that is known in
closed form; N growing rounds keep it nearly linear, the root of N does not. (c) S, what a schedule adds to the error:
growing blocks lie close to the best schedule of as many rounds.
"""

import math
from typing import Any

import numpy as np
import xarray as xr

from gradproof.experiments.communication.local_sgd import Bent, TwoSlopes, errors
from gradproof.experiments.communication.local_sgd.methods import normal
from gradproof.paper_figures.style import COLOURS
from gradproof.solvers.averaging_times import best_schedule, cost, equal_blocks, every, growing_evenly
from gradproof.theory.communication import local_sgd as ls
from gradproof.theory.communication.local_sgd import claims

WORKERS, ROUNDS, BETA = 64, 64, 8.0
HORIZONS = {"quick": (100, 300, 900), "full": (100, 300, 900, 2700, 8100)}
COSTED = 2000  # steps, of the third panel


def compute(*, budget: str = "quick") -> xr.Dataset:
    """Mean errors with their standard errors, limits in closed form, and costs of schedules with the least ones."""
    rng = np.random.default_rng(0)
    horizons, seeds = HORIZONS[budget], 100 if budget == "quick" else 200
    names = ("every step", "growing", "once")
    problems = {"smooth": Bent(), "kink": TwoSlopes(2.0, 1.0)}
    shape = (len(problems), len(names), len(horizons))
    mean, spread = np.empty(shape), np.empty(shape)
    for k, T in enumerate(horizons):
        schedules = (every(T, 1), growing_evenly(T, ROUNDS), (0,))
        for i, problem in enumerate(problems.values()):
            noise = normal(rng, 1, seeds, WORKERS, 1)
            out = errors(problem, WORKERS, lambda t: 2 / (t + BETA), schedules, [0.0], noise, T, seeds=seeds)
            error = out["error"].values[:, :, -1] * WORKERS * T
            mean[i, :, k], spread[i, :, k] = error.mean(axis=1), error.std(axis=1) / math.sqrt(seeds)
    data = xr.Dataset(
        {"error": (("problem", "schedule", "T"), mean, {"units": "N T (E F - F*)"}),
         "error_spread": (("problem", "schedule", "T"), spread, {"units": "N T (E F - F*)"}),
         "limit": ("problem", _limits(problems)), "bound": ("T", _bounds(horizons))},
        coords={"problem": list(problems), "schedule": list(names), "T": list(horizons)},
        attrs={"source": ls.PAPER.citation},
    )  # fmt: skip
    return data.merge(_speed_ups(rng, budget)).merge(_costs())


def _at(expression: Any, **values: float) -> float:
    return float(expression.subs({s: values[s.name] for s in expression.free_symbols}))


def _limits(problems: dict[str, Any]) -> list[float]:
    """N T (E F - F*) of synchronised SGD in the limit: h V/2, and that of one worker where there is a kink."""
    smooth = problems["smooth"].smooth
    V = _at(ls.ONE_SHOT.expression, theta=2.0, h=smooth.h, sigma2=1.0)
    return [smooth.h * V / 2, _at(claims.SINGLE, theta=2.0, h_plus=2.0, h_minus=1.0, sigma2=1.0)]


def _bounds(horizons: tuple[int, ...]) -> list[float]:
    """N T times the bound of local-sgd.main for the growing schedule."""
    at = {"mu": 1.0, "L": 2.0, "sigma2": 1.0, "n": WORKERS, "beta": BETA, "a0": 0.0}
    costs = [cost(T, growing_evenly(T, ROUNDS), BETA) for T in horizons]
    return [WORKERS * T * float(ls.MAIN.bound(T=T, S=S, **at)) for T, S in zip(horizons, costs, strict=True)]


def _speed_ups(rng: Any, budget: str) -> xr.Dataset:
    """One worker's error in the limit over that of the mean of N, on the kinked example after T steps."""
    T, chains = (500, 6400) if budget == "quick" else (4000, 51200)
    sizes = (4, 8, 16, 32, 64) if budget == "quick" else (4, 8, 16, 32, 64, 128, 256)
    problem, single = TwoSlopes(2.0, 1.0), _limits({"smooth": Bent()})[1] / T
    rounds = {"$N$": lambda n: n, r"$\sqrt{N}$": lambda n: round(math.sqrt(n)), "1 (once)": lambda n: 1}
    mean, error = np.empty((len(rounds), len(sizes))), np.empty((len(rounds), len(sizes)))
    for k, n in enumerate(sizes):
        seeds, schedules = chains // n, [growing_evenly(T, r(n)) for r in rounds.values()]
        out = errors(problem, n, lambda t: 2 / (t + 4), schedules, [0.0], normal(rng, 1, seeds, n, 1), T, seeds=seeds)
        values = out["error"].values[:, :, -1]
        mean[:, k] = single / values.mean(axis=1)
        error[:, k] = mean[:, k] * values.std(axis=1) / values.mean(axis=1) / math.sqrt(seeds)
    floor = (
        _at(ls.NECESSITY.expression, theta=2.0, h_plus=2.0, h_minus=1.0, sigma2=1.0) ** 2 / 2
    )  # F to the left, of slope 1
    return xr.Dataset(
        {"speedup": (("rounds", "N"), mean), "speedup_spread": (("rounds", "N"), error), "ceiling": single * T / floor},
        coords={"rounds": list(rounds), "N": list(sizes)},
    )


def _costs() -> xr.Dataset:
    """R S/T of three schedules, with the bounds of the claims."""
    T, beta, sizes = COSTED, 20.0, (3, 5, 10, 20, 40, 80)
    found = {
        "equal blocks": [cost(T, equal_blocks(T, R), beta) for R in sizes],
        "growing": [cost(T, growing_evenly(T, R), beta) for R in sizes],
        "best (dynamic programming)": [best_schedule(T, R, beta).cost for R in sizes],
        "no schedule below": [float(ls.ANY_SCHEDULE.bound(T=T, R=R, beta=beta)) for R in sizes],
        "bound for equal blocks": [float(ls.FIXED_SCHEDULE.bound(T=T, R=R, beta=beta)) for R in sizes],
    }
    scaled = [np.array(v) * sizes / T for v in found.values()]
    return xr.Dataset(
        {"cost": (("kind", "R"), scaled, {"units": "T/R"})}, coords={"kind": list(found), "R": list(sizes)}
    )


def draw(data: xr.Dataset) -> Any:
    """Three panels at a paper's text width."""
    import matplotlib.pyplot as plt

    figure, (left, middle, right) = plt.subplots(1, 3, figsize=(7.2, 2.9))
    said = {"smooth": "$F$ smooth", "kink": "$F'$ with a kink"}
    marks = {"every step": ("-", "o"), "growing": ("--", "s"), "once": (":", "^")}
    for colour, problem in zip(COLOURS, data.problem.values, strict=False):
        here = data.sel(problem=problem)
        left.axhline(float(here.limit), color=colour, lw=0.7, alpha=0.7)
        for name, (line, mark) in marks.items():
            y, e = here.error.sel(schedule=name), here.error_spread.sel(schedule=name)
            left.plot(data.T, y, line, marker=mark, ms=3.5, mfc="none", color=colour)
            left.fill_between(data.T, y - 2 * e, y + 2 * e, color=colour, alpha=0.12, lw=0)
        left.plot([], [], "-", color=colour, lw=3, label=said[str(problem)])
    for name, (line, mark) in marks.items():
        left.plot([], [], line, marker=mark, ms=3.5, mfc="none", color="grey", label=name)
    left.plot(data.T, data.bound, "-.", color=COLOURS[6], label="bound (growing)")
    left.set(xscale="log", yscale="log", xlabel="steps $T$", ylabel=r"$N\,T\,(\mathbb{E}F(\bar x^T) - F^*)$")
    left.set(ylim=(0.25, 600), title=f"(a) $N = {WORKERS}$ workers, {ROUNDS} rounds")
    left.set(xticks=data.T.values, xticklabels=[str(t) for t in data.T.values])
    left.minorticks_off()
    left.legend(fontsize=6, loc="upper left", ncols=2, columnspacing=0.8, handlelength=1.9, borderaxespad=0.2)
    middle.plot(data.N, data.N, "-", color=COLOURS[6], lw=0.7, label="linear")
    middle.axhline(float(data.ceiling), color=COLOURS[3], lw=0.7, label=f"limit of once: {float(data.ceiling):.1f}")
    for colour, line, mark, name in zip(COLOURS, ("--", "-.", ":"), "sD^", data.rounds.values, strict=False):
        y, e = data.speedup.sel(rounds=name), data.speedup_spread.sel(rounds=name)
        middle.plot(data.N, y, line, marker=mark, ms=3.5, mfc="none", color=colour, label=f"$R$ = {name}")
        middle.fill_between(data.N, y - 2 * e, y + 2 * e, color=colour, alpha=0.2, lw=0)
    middle.set(xscale="log", yscale="log", xlabel="workers $N$", ylabel="speed-up", title="(b) Kink: rounds must grow")
    middle.set(xticks=data.N.values, xticklabels=[str(n) for n in data.N.values], ylim=(2.5, 500))
    middle.minorticks_off()
    middle.legend(fontsize=6, loc="upper left", borderaxespad=0.2)
    styles = {
        "equal blocks": ("--", "s"),
        "growing": ("-", "o"),
        "best (dynamic programming)": (":", "x"),
        "no schedule below": ("-.", ""),
    }
    for colour, (name, (line, mark)) in zip(COLOURS, styles.items(), strict=False):
        right.plot(data.R, data.cost.sel(kind=name), line, marker=mark, ms=3.5, mfc="none", color=colour, label=name)
    right.plot(
        data.R,
        data.cost.sel(kind="bound for equal blocks"),
        "--",
        lw=0.7,
        color=COLOURS[0],
        label="bound for equal blocks",
    )
    right.set(
        xscale="log",
        xlabel="rounds $R$",
        ylabel="$S R/T$",
        ylim=(0, 6.6),
        title=rf"(c) Cost of schedules, $T = {COSTED}$",
    )
    right.set(xticks=data.R.values, xticklabels=[str(r) for r in data.R.values])
    right.minorticks_off()
    right.legend(fontsize=6, loc="upper left", borderaxespad=0.2)
    return figure
