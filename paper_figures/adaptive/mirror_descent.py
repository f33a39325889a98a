r"""Stochastic mirror descent: a coherent landscape that is not convex, and a vertex that is found in finite time, or never.

(a) Level sets of the polar example and four runs (projection onto the disc, noise of standard deviation 0.5, steps 0.3 n^-3/4):
they go to the only minimiser, the centre, though the sets are not convex. (b) Sum of the weighted gaps of 60 such runs, mean and
range, and the ergodic bound. (c) A linear program on the simplex, costs 0, 1/2, 1, 3/2, noise of standard deviation 0.5, steps
n^-3/4: distance of the last iterate from the vertex, mean and the range of 80 % of 200 runs. All projections are at the vertex,
exactly, from where the line ends; the softmax never is. (d) Chance that the projection is not at the vertex: share of the runs with
its interval at level 1 %, and the bounds by exponential and by second moments; the softmax is never there.
"""

from functools import partial
from typing import Any

import numpy as np
import xarray as xr
from scipy.stats import beta

from gradproof.experiments.adaptive.mirror_descent import measures_runs as runs
from gradproof.experiments.adaptive.mirror_descent.methods import projection_simplex, softmax
from gradproof.experiments.engine.draws import keys
from gradproof.experiments.engine.run import logarithmic
from gradproof.paper_figures.style import COLOURS
from gradproof.theory.adaptive import mirror_descent as paper

SD, SEEDS = 0.5, 200
STEPS = {"quick": 300, "full": 3000}
POLAR = {"quick": 1000, "full": 5000}


def _keys(name: str, settings: list[Any], seeds: int) -> np.ndarray:
    return keys("figure", name, settings=settings, seeds=range(seeds))


def compute(*, budget: str = "quick") -> xr.Dataset:
    """``x`` (run, t, axis), ``gaps`` (seed, n), ``bound`` (n); ``far`` (map, chain, t), ``off``, ``chernoff``, ``moments`` (t)."""
    steps = STEPS[budget]
    t = [s for s in logarithmic(steps) if s]
    long = POLAR[budget]
    n = [k for k in logarithmic(long) if k]
    polar = runs.polar_runs(partial(_keys, "polar"), "numpy", long, 60, range(long + 1)).isel(setting=0)
    squares = runs.SCALE**2 * np.cumsum(runs.powers(long) ** 2)
    bound = [float(paper.ERGODIC.bound(F1=1.5, K=1, V=runs.POLAR_V2**0.5, B_n=squares[k - 1])) for k in n]
    far, off = [], None
    for mirror in (projection_simplex, softmax):
        out = runs.program_runs(partial(_keys, "program"), "numpy", runs.COSTS, SD, steps, SEEDS, t, mirror)
        away = out["margin"].values < 1
        # sums of floats may leave 1e-16 at a vertex: the normal cone decides
        inside = np.ones_like(away) if mirror is softmax else away
        far.append(np.where(inside, np.linalg.norm(out["x"].values - np.eye(4)[0], axis=-1), 0.0))
        off = away.mean(0) if off is None else off
    alpha = runs.powers(steps)
    A, B = np.cumsum(alpha), np.cumsum(alpha**2)
    known = {"m": 3, "c": runs.COSTS[1], "theta": 1, "sigma": SD * 2**0.5}
    moments = [
        float(paper.FINITE_MOMENTS.bound(A_n=A[s - 1], B_n=B[s - 1], **known)) if A[s - 1] * known["c"] > 1 else np.nan
        for s in t
    ]
    return xr.Dataset(
        {
            "x": (["run", "time", "axis"], polar.x.values[:4]), "gaps": (["seed", "n"], polar.gaps.sel(step=n).values),
            "bound": (["n"], bound), "far": (["map", "chain", "t"], far), "off": (["t"], off),
            "chernoff": (["t"], runs.chances(runs.COSTS, SD, steps)[np.array(t) - 1]), "moments": (["t"], moments),
        },
        coords={"t": t, "n": n, "map": ["projection", "softmax"]},
        attrs={"source": "Zhou, Mertikopoulos, Bambos, Boyd, Glynn (2017), arXiv:1706.05681", "budget": budget, "runs": SEEDS},
    )  # fmt: skip


def draw(data: xr.Dataset) -> Any:
    """Four panels from the dataset alone."""
    import matplotlib.pyplot as plt

    figure, ((disc, ergodic), (distance, chance)) = plt.subplots(2, 2, figsize=(6.75, 5.4))
    r, angle = np.meshgrid(np.linspace(0, 1, 80), np.linspace(0, 2 * np.pi, 241))
    g = (3 + np.sin(5 * angle) + np.cos(3 * angle)) * r**2 * (5 / 3 - r)
    filled = disc.contourf(r * np.cos(angle), r * np.sin(angle), g, levels=12, cmap="Greys", alpha=0.6)
    figure.colorbar(filled, ax=disc, shrink=0.8, label="$g$")
    for k, style in enumerate(("-", "--", "-.", ":")):
        x = data.x.isel(run=k)
        disc.plot(x[:, 0], x[:, 1], style, lw=0.9, color=COLOURS[k])
        disc.plot(x[0, 0], x[0, 1], "o", ms=4, color=COLOURS[k])
    disc.plot(0, 0, "*", ms=8, color="black")
    disc.set(
        title="(a) Runs on the polar example",
        aspect="equal",
        xlabel="$x_1$",
        ylabel="$x_2$",
        xticks=[-1, 0, 1],
        yticks=[-1, 0, 1],
    )
    disc.grid(False)

    ergodic.fill_between(data.n, data.gaps.min("seed"), data.gaps.max("seed"), color=COLOURS[0], alpha=0.25, lw=0)
    ergodic.semilogx(data.n, data.gaps.mean("seed"), color=COLOURS[0], label="runs: mean, range")
    ergodic.semilogx(data.n, data.bound, "--", color="black", label=r"bound $F_1 + V^2B_n/2$")
    ergodic.set(
        xlabel="steps $n$",
        ylabel=r"$\sum_k\alpha_k\langle\nabla g(X_k), X_k\rangle$",
        title="(b) The ergodic bound",
        ylim=(0, None),
    )
    ergodic.legend(loc="center right")

    for k, (name, style) in enumerate((("projection", "-"), ("softmax", "--"))):
        far = data.far.sel(map=name)
        (low, high), middle = (far.quantile(q, "chain") for q in (0.1, 0.9)), far.mean("chain")
        floor = 2e-6
        distance.fill_between(data.t, low.clip(floor), high.clip(floor), color=COLOURS[k], alpha=0.25, lw=0)
        distance.loglog(data.t, middle.where(middle > 0), style, color=COLOURS[k], label=name)
    distance.set(
        xlabel="steps $n$", ylabel="$|X_{n+1} - e_1|$", title="(c) Last iterate of a linear program", ylim=(2e-6, 3)
    )
    distance.legend(loc="lower right")

    hits, runs_ = data.off * data.attrs["runs"], data.attrs["runs"]
    low = np.nan_to_num(beta.ppf(0.005, hits, runs_ - hits + 1))
    high = np.nan_to_num(beta.ppf(0.995, hits + 1, runs_ - hits), nan=1.0)
    chance.fill_between(data.t, np.maximum(low, 1e-6), high, where=hits > 0, color=COLOURS[0], alpha=0.25, lw=0)
    chance.loglog(data.t, data.off.where(data.off > 0), "o", ms=3, color=COLOURS[0], label="share of runs")
    chance.loglog(data.t, data.moments.clip(max=3), "-.", color=COLOURS[2], label="bound, second moments")
    chance.loglog(data.t, data.chernoff, "-", color="black", label="bound, exponential moments")
    chance.axhline(1, ls=":", color=COLOURS[1], label="softmax")
    chance.set(xlabel="steps $n$", ylabel="$P(X_{n+1} \\neq e_1)$", title="(d) Not yet at the vertex", ylim=(1e-4, 2e3))
    chance.legend(loc="upper right")
    return figure
