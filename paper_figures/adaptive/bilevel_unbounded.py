r"""Bilevel optimisation where the curvature of the upper level grows with its gradient: steps of a fixed length.

(a) Steps of the length 0.1 on a closed-form problem, 20 runs with momentum 0.9 and noise of standard deviation 0.5 (mean and
range), one lower step every 1 or 16 of them; the mean over all steps so far for the longer period, and its bound with the
measured error of the momentum; gradient steps with the factor 0.1 leave at once. (b) How far the lower iterate lags behind
before its next update, steps of 0.02 and 5 lower steps every 4 or 16 of them; bounds after the refinement. (c) Local Lipschitz
constants of the gradient against the gradient, 4000 pairs, and the line $K_0 + K_1|\nabla\Phi|$ of the lemma: no constant
bounds them. (d) The least $K_0$ of $x^4/4$ for each $K_1$, within three radii: closed form (lines) and roots of polynomials in
balls (circles). (e) Cleaning 200 training labels of digits, of which 30 % are wrong, by weights $e^{x_i}$: loss on validation
images for steps of the length 0.6, and for steps along the gradient that have the same first step; a cross where their weights
overflow. (f) Mean logarithm of the weights of right and of wrong labels in the same two runs.
"""

from typing import Any

import numpy as np
import xarray as xr

from gradproof.experiments.adaptive.bilevel_unbounded import instances, measures_lower, measures_steps
from gradproof.experiments.adaptive.bilevel_unbounded.methods import length
from gradproof.experiments.engine.backend import backend
from gradproof.experiments.engine.draws import keys
from gradproof.experiments.engine.run import logarithmic
from gradproof.experiments.instances.bilevel import noisy_digits
from gradproof.paper_figures.style import COLOURS
from gradproof.solvers.relaxed_smoothness import pareto
from gradproof.theory.adaptive import bilevel_unbounded as paper

STEPS = {"quick": 400, "full": 4000}
PERIODS, SEEDS, ETA, SIGMA = (1, 4, 16), 20, 0.1, 0.5
RADII = (0.01, 0.2, 1.0)
START = (5.0, -4.0)


def _means(sizes: np.ndarray, T: list[int]) -> np.ndarray:
    """Over the first T steps."""
    return (np.cumsum(sizes, -1) / np.arange(1, sizes.shape[-1] + 1))[..., np.array(T) - 1]


def _runs(steps: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, list[int], list[float]]:
    """Gradients, their running mean for the longest period, those of gradient steps, at which steps, and the bound."""
    words = keys("figure", "bilevel", settings=PERIODS, seeds=range(SEEDS))
    out = measures_lower.smooth_runs("numpy", PERIODS, 1, ETA, steps, keys=words, sd=SIGMA / 2**0.5, x0=START)
    plain = measures_lower.smooth_runs("numpy", (1,), 40, ETA, steps, beta=0.0, normalised=False, x0=START)
    T = [t for t in logarithmic(steps, per_decade=12) if t]
    task = instances.smooth(backend("numpy"))
    wrong = length(out.m.values[-1, :, 1:] - task.gradient(out.x.values[-1, :, :-1]))[..., 0].mean(0)
    given = measures_steps.CONSTANTS | {"L_x0": float(paper.quartic_K0(1.0, ETA * 17**0.5))}
    K0 = float(paper.smooth_factor(**given, gradient=0.0))
    at = {"K0": K0, "K1": measures_steps.K1, "eta": ETA, "Delta": measures_steps.fall(START)}
    bound = [
        float(paper.NORMALIZED_AVERAGE.bound(T=t, err=float(e), **at)) for t, e in zip(T, _means(wrong, T), strict=True)
    ]
    sizes, now = out.gradient.values[..., :-1], np.array(T) - 1
    return sizes[..., now], _means(sizes[-1].mean(0), T), plain.gradient.values[0, 0, now], T, bound


def _pairs(count: int) -> tuple[np.ndarray, np.ndarray]:
    """|grad Phi(x')|, and the change of the gradient over the distance, for pairs within R' = R/sqrt(1 + kappa^2)."""
    rng, task = np.random.default_rng(0), instances.smooth(backend("numpy"))
    x = rng.uniform(-6, 6, size=(count, 2))
    turn, r = rng.uniform(0, 2 * np.pi, count), 0.2 / 17**0.5 * rng.uniform(0.05, 1, count)
    to = x + r[:, None] * np.stack([np.cos(turn), np.sin(turn)], -1)
    change = length(task.gradient(to) - task.gradient(x))[:, 0] / r
    return length(task.gradient(x))[:, 0], change


def _cleaned(steps: int, normalised: bool) -> tuple[np.ndarray, np.ndarray]:
    """Loss on validation images, (step), and mean logarithms of the weights of right and wrong labels, (2, step)."""
    _, out = measures_lower.cleaning_run("numpy", steps, normalised, L=5.5, period=2, lower=10)
    wrong, x = noisy_digits().wrong, out.x.values[0, 0]
    with np.errstate(all="ignore"):
        loss = np.where(np.isfinite(np.exp(x)).all(-1), out.loss.values[0, 0], np.nan)
        return loss, np.stack([x[:, ~wrong].mean(-1), x[:, wrong].mean(-1)])


def compute(*, budget: str = "quick") -> xr.Dataset:
    """``mean`` (period, seed, T), ``bound`` (T); ``behind``, ``between`` (period, t); pairs; Pareto curve; digits."""
    sizes, mean, plain, T, bound = _runs(STEPS[budget])
    eta, N = 0.02, 5
    lag = measures_lower.smooth_runs("numpy", PERIODS, N, eta, 300).behind.values[:, 0]
    between = [float(paper.TRACKING_BETWEEN.bound(rho=0.75**N, s=measures_lower.KP * eta * p, E0=0.0)) for p in PERIODS]
    gradient, change = _pairs(4000)
    K1 = np.geomspace(0.1, 10, 25)
    exact = [[float(low) for low, _ in pareto((0, 0, 0, 1), map(_fraction, K1[::4]), _fraction(R))] for R in RADII]
    formula = [[float(paper.quartic_K0(k, R)) for k in K1] for R in RADII]
    digits = [_cleaned(80, normalised) for normalised in (True, False)]
    return xr.Dataset(
        {
            "size": (["period", "seed", "T"], sizes), "mean": (["T"], mean), "plain": (["T"], plain), "bound": (["T"], bound),
            "behind": (["period", "t"], lag), "between": (["period"], between),
            "gradient": (["pair"], gradient), "change": (["pair"], change),
            "K0": (["R", "K1"], formula), "K0_exact": (["R", "K1_exact"], exact),
            "loss": (["steps", "step"], [d[0] for d in digits]),
            "weight": (["steps", "labels", "step"], [d[1] for d in digits]),
        },
        coords={"T": T, "period": list(PERIODS), "R": list(RADII), "K1": K1, "K1_exact": K1[::4],
                "steps": ["normalised", "not normalised"], "labels": ["right", "wrong"]},
        attrs={"source": "Hao, Gong, Liu (2024), arXiv:2401.09587", "budget": budget,
               "lemma": [measures_steps.K0, measures_steps.K1]},
    )  # fmt: skip


def _fraction(x: float) -> Any:
    from fractions import Fraction

    return Fraction(float(x))


def draw(data: xr.Dataset) -> Any:
    """Six panels from the dataset alone."""
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(3, 2, figsize=(6.75, 8.1))
    (now, lag), (pairs, curve), (loss, weights) = axes
    styles = ("-", "--", "-.")
    for k, p in enumerate(data.period.values[::2]):
        one = data["size"].sel(period=p)
        now.fill_between(data["T"], one.min("seed"), one.max("seed"), color=COLOURS[2 * k], alpha=0.25, lw=0)
        now.loglog(data["T"], one.mean("seed"), styles[2 * k], color=COLOURS[2 * k], label=f"period {p}")
    now.loglog(data["T"], data["mean"], "-", color="black", lw=0.9, label="mean so far")
    now.loglog(data["T"], data.bound, ":", color="black", lw=1.4, label="its bound")
    now.loglog(data["T"], data.plain.where(data.plain < 1e12), "--", color=COLOURS[1], lw=0.9, label="gradient steps")
    now.set(xlabel="steps", ylabel=r"$|\nabla\Phi(x_t)|$", title="(a) Normalised momentum", ylim=(0.01, 1e5))
    now.legend(loc="lower left", fontsize="small")

    for k, p in enumerate(data.period.values[1:], 1):
        lag.plot(data.behind.sel(period=p), styles[k], color=COLOURS[k], lw=0.9, label=f"period {p}")
        lag.axhline(float(data.between.sel(period=p)), ls=":", color=COLOURS[k], lw=1.4, label="its bound")
    lag.set(
        xlabel="step $t$",
        ylabel="$|y_t - y_*(x_t)|$",
        title="(b) The lower level follows",
        xlim=(0, 150),
        ylim=(0, 0.5),
    )
    lag.legend(loc="upper right", ncols=2)

    K0, K1 = data.attrs["lemma"]
    line = np.geomspace(max(float(data.gradient.min()), 0.5), float(data.gradient.max()), 50)
    pairs.loglog(data.gradient, data.change, ".", ms=1.5, color=COLOURS[0], rasterized=True, label="pairs")
    pairs.loglog(line, K0 + K1 * line, "-", color="black", label=r"$K_0 + K_1|\nabla\Phi|$")
    pairs.set(xlabel=r"$|\nabla\Phi(x')|$", ylabel="change over distance", title="(c) Unbounded smoothness")
    pairs.legend(loc="lower right")

    for k, R in enumerate(data.R.values):
        curve.loglog(data.K1, data.K0.sel(R=R), styles[k], color=COLOURS[k], label=f"$R = {R:g}$")
        curve.loglog(data.K1_exact, data.K0_exact.sel(R=R), "o", ms=4, mfc="none", color=COLOURS[k])
    curve.set(xlabel="$K_1$", ylabel="least $K_0$", title="(d) Pareto curve of $x^4/4$")
    curve.legend(loc="upper right")

    for k, how in enumerate(data.steps.values):
        loss.plot(data.loss.sel(steps=how), styles[k], color=COLOURS[k], label=str(how))
        for labels, thick in (("right", 1.5), ("wrong", 0.8)):
            name = f"{how}, {labels}"
            weights.plot(data.weight.sel(steps=how, labels=labels), styles[k], color=COLOURS[k], lw=thick, label=name)
        end = int(np.isfinite(data.loss.sel(steps=how)).sum()) - 1
        if end < data.sizes["step"] - 1:
            loss.plot(end, float(data.loss.sel(steps=how)[end]), "x", color=COLOURS[k], ms=7, mew=2)
    loss.set(xlabel="step $t$", ylabel="loss, validation", title="(e) Cleaning labels of digits", ylim=(0, 2.6))
    loss.legend(loc="upper right")
    weights.set(xlabel="step $t$", ylabel="mean of $x_i$", title="(f) Logarithms of the weights", ylim=(-6, 12))
    weights.legend(loc="upper left", fontsize="x-small", handlelength=1.2)
    return figure
