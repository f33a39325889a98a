r"""Two time scales: who reaches the saddle, which steps a game bears, and what the Frechet distance says of digits.

(a) The paper's toy with noise of standard deviation 1 and its four pairs of steps (a of the generator, b of the discriminator):
distance from the saddle, median and the range of 80 % of the runs; dotted lines are the stationary levels (root of the mean square)
of the linear part. At a = 0.01, the boundary of stability, there is none, and the runs wander. The two time scales (1e-4, 1e-2)
are first.
(b) The linear game p = 2, q = -3, r = s = 1: steps at which its noiseless step contracts (shaded), and the ratio a/b = s/p beyond
which no small step does. (c) FID of zeros against a mixture with ones, digits of scikit-learn in eight principal components: by the
moments of the mixture (line), and of 600 drawn digits, mean and range of 20 draws; the part of the covariances alone falls beyond
a half. (d) FID of n drawn digits against all of them, mean and range of 20 draws, and the proved lower bound of the mean, tr C/n.
"""

from functools import partial
from typing import Any

import numpy as np
import xarray as xr

from gradproof.experiments.adaptive.ttur import measures_games as games
from gradproof.experiments.adaptive.ttur.instances import contaminated, images, principal, statistics
from gradproof.experiments.engine.draws import keys
from gradproof.experiments.engine.run import logarithmic
from gradproof.paper_figures.style import COLOURS
from gradproof.solvers.gaussian import wasserstein
from gradproof.theory.adaptive import ttur as paper

SEEDS = {"quick": 60, "full": 400}
STEPS, DRAWS, DRAWN = 4000, 20, 600
RATIO = 0.5  # s/p of the game in (b)


def _keys(name: str, settings: list[Any], seeds: int) -> np.ndarray:
    return keys("figure", name, settings=settings, seeds=range(seeds))


def _level(a: float, b: float) -> float:
    """Root of the stationary mean square of both coordinates; not a number where there is none."""
    if 200 * a >= 2:
        return float("nan")
    return float(sum(float(paper.TOY_STATIONARY.bound(h=h, t=t, sigma2=1)) for h, t in ((200, a), (2, b))) ** 0.5)


def compute(*, budget: str = "quick") -> xr.Dataset:
    """``far`` (pair, seed, step), ``level`` (pair); ``radius`` (b, a); ``exact``, ``part`` (share), ``drawn`` (draw, level);
    ``sample`` (draw, n), ``bound`` (n)."""
    steps = [k for k in logarithmic(STEPS) if k]
    runs = games.toy_runs(partial(_keys, "toy"), "numpy", games.RATES, STEPS, SEEDS[budget], at=steps)
    far = np.hypot(runs.x.values, runs.y.values)
    a, b = np.linspace(0.005, 0.8, 120), np.linspace(0.01, 2.4, 120)
    A, B = np.meshgrid(a, b)
    step = np.stack([np.stack([1 + 2 * A, -3 * A], -1), np.stack([B, 1 - B], -1)], -2)
    radius = np.abs(np.linalg.eigvals(step)).max(-1)
    rng = np.random.default_rng(0)
    X, y = images()
    Z = X @ principal(X).T
    zeros, ones = Z[y == 0], Z[y == 1]
    share, levels = np.linspace(0, 1, 41), np.linspace(0, 1, 6)
    exact = np.array(contaminated(tuple(share)))

    def mixture(e: float) -> float:
        other = rng.random(DRAWN) < e
        drawn = np.where(
            other[:, None], ones[rng.integers(len(ones), size=DRAWN)], zeros[rng.integers(len(zeros), size=DRAWN)]
        )
        return wasserstein(*statistics(zeros), *statistics(drawn))[0]

    n = np.array([20, 40, 80, 160, 320, 640, 1280])
    m, C = Z.mean(0), np.cov(Z, rowvar=False, bias=True)

    def sample(size: int) -> float:
        return wasserstein(m, C, *statistics(Z[rng.integers(len(Z), size=size)]))[0]

    return xr.Dataset(
        {
            "far": (["pair", "seed", "step"], far), "level": (["pair"], [_level(*pair) for pair in games.RATES]),
            "radius": (["b", "a"], radius), "exact": (["share"], exact[:, 0]), "part": (["share"], exact[:, 1]),
            "drawn": (["draw", "level_of"], [[mixture(e) for e in levels] for _ in range(DRAWS)]),
            "sample": (["draw", "n"], [[sample(int(k)) for k in n] for _ in range(DRAWS)]),
            "bound": (["n"], [float(paper.BIASED.bound(n=int(k), t=float(np.trace(C)))) for k in n]),
        },
        coords={
            "pair": [f"a = {a:g}, b = {b:g}" for a, b in games.RATES], "step": steps, "a": a, "b": b, "share": share,
            "level_of": levels, "n": n,
        },
        attrs={"source": "Heusel, Ramsauer, Unterthiner, Nessler, Hochreiter (2017), arXiv:1706.08500",
        "budget": budget},
    )  # fmt: skip


def _band(ax: Any, x: Any, y: Any, low: Any, high: Any, colour: str, style: str, label: str) -> None:
    ax.fill_between(x, low, high, color=colour, alpha=0.2, lw=0)
    ax.plot(x, y, style, color=colour, label=label, ms=3)


def draw(data: xr.Dataset) -> Any:
    """Four panels from the dataset alone."""
    import matplotlib.pyplot as plt

    figure, ((toy, region), (mixed, finite)) = plt.subplots(2, 2, figsize=(6.75, 5.6))
    for k, style in enumerate(("-", "--", "-.", ":")):
        far = data.far.isel(pair=k)
        low, high = (far.quantile(q, "seed") for q in (0.1, 0.9))
        _band(toy, data.step, far.median("seed"), low, high, COLOURS[k], style, str(data.pair.values[k]))
        if np.isfinite(data.level[k]):
            toy.axhline(data.level[k], color=COLOURS[k], ls=(0, (1, 3)), lw=0.9)
    toy.set(xscale="log", yscale="log", xlabel="step", ylabel="$|(x, y)|$", title="(a) The toy", ylim=(2e-3, 20))
    toy.legend(loc="upper left", fontsize="x-small")

    region.contourf(data.a, data.b, data.radius, levels=[0, 1], colors=[COLOURS[0]], alpha=0.25)
    region.contour(data.a, data.b, data.radius, levels=[1], colors=[COLOURS[0]], linewidths=1)
    region.plot(data.a, data.a / RATIO, "--", color="black", label="$a/b = s/p$")
    region.plot(data.a, data.a, ":", color=COLOURS[1], label="$a = b$")
    region.text(0.12, 1.35, "contracts", color=COLOURS[0])
    region.set(xlabel="$a$", ylabel="$b$", title="(b) Steps that a game bears", xlim=(0, 0.8), ylim=(0, 2.4))
    region.legend(loc="lower right")

    mixed.plot(data.share, data.exact, "-", color="black", label="by moments")
    mixed.plot(data.share, data.part, "--", color=COLOURS[1], label="covariances alone")
    drawn = data.drawn
    mixed.errorbar(
        data.level_of, drawn.mean("draw"), [drawn.mean("draw") - drawn.min("draw"), drawn.max("draw") - drawn.mean("draw")],
        fmt="o", ms=3, color=COLOURS[0], capsize=2, label="drawn digits",
    )  # fmt: skip
    mixed.set(xlabel="share of ones among zeros", ylabel="FID", title="(c) Contaminated digits")
    mixed.legend(loc="upper left")

    _band(
        finite,
        data.n,
        data["sample"].mean("draw"),
        data["sample"].min("draw"),
        data["sample"].max("draw"),
        COLOURS[0],
        "o-",
        "drawn digits",
    )
    finite.plot(data.n, data.bound, "--", color="black", label=r"bound $\mathrm{tr}\,C/n$")
    finite.set(xscale="log", yscale="log", xlabel="sample $n$", ylabel="FID", title="(d) A sample against its own law")
    finite.legend(loc="upper right")
    return figure
