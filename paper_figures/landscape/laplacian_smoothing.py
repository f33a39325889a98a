"""Attraction regions of GD, LSGD and mLSGD in the plane; the two dimensions; noise on a badly scaled quadratic."""

from fractions import Fraction
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import xarray as xr
from matplotlib.figure import Figure
from scipy import stats

from gradproof.experiments.landscape import laplacian_smoothing as smoothing
from gradproof.experiments.landscape.laplacian_smoothing import constant, norms_after, saddle, smoothed_sgd
from gradproof.paper_figures.style import COLOURS
from gradproof.solvers.subspaces import stable_slope_enclosure
from gradproof.theory.landscape.laplacian_smoothing import mlsgd_schedule

SCHEDULES = {"GD": constant(0), "LSGD": constant(1), "mLSGD": mlsgd_schedule}
SIGMAS = (0.0, 1.0, 10.0)
LONG = np.unique(np.geomspace(1, 10**6, 121).astype(int))


def compute(*, budget: str = "quick", seed: int = 0) -> xr.Dataset:
    """Norms after 100 steps on a grid, certified slopes, the dimension table, and the loss under gradient noise."""
    points, seeds, steps, largest = (201, 8, 4000, 12) if budget == "quick" else (401, 32, 20_000, 30)
    t = np.linspace(-1, 1, points)
    starts = np.stack(np.meshgrid(t, t), axis=-1)
    norms = [norms_after(saddle(2), schedule, 0.1, starts, 100) for schedule in SCHEDULES.values()]
    exact = [lambda k, f=schedule: Fraction(f(k)) for schedule in SCHEDULES.values()]  # type: ignore[misc]
    lines = [stable_slope_enclosure(Fraction(1, 10), schedule, 500) for schedule in exact]
    sizes = list(range(2, largest + 1))
    table = smoothing.dimension_table(sizes)
    at, loss, spread, expected = _noisy_quadratic(steps, seeds, seed)
    return xr.Dataset(
        {
            "log_norm": (["method", "x2", "x1"], np.log10(np.maximum(norms, 1e-300))),
            "slope": (["method"], [float((low + high) / 2) for low, high in lines]),
            "slope_width": (["method"], [float(high - low) for low, high in lines]),
            "dimension": (["n", "notion"], [[*table[n]] for n in sizes]),
            "loss": (["sigma", "step"], loss),
            "loss_error": (["sigma", "step"], spread),
            "expected_loss": (["sigma", "long_step"], expected),
        },
        coords={
            "method": list(SCHEDULES), "notion": [*SCHEDULES, "every schedule"], "sigma": list(SIGMAS),
            "x1": t, "x2": t, "n": sizes, "step": at, "long_step": LONG,
        },
        attrs={"eta": 0.1, "steps": 100, "seeds": seeds, "seed": seed},
    )  # fmt: skip


def _noisy_quadratic(steps: int, seeds: int, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, list[np.ndarray]]:
    """Loss of ``sum ((x_i - 2)/s_i)^2``, s = 10, 1, 10, ..., n = 100, noise 0.1 N(0, I), eta = 1e-3: runs, and exactly.

    Returns steps, means over the runs, half-widths of their 95 % intervals (Student's t, an approximation:
    the losses are sums of squares, not normal), and the exact expectation.
    """
    n, eta, noise = 100, 1e-3, 0.1
    curvature = 2 / np.resize([100.0, 1.0], n)
    at = LONG[steps >= LONG]
    (loss, spread), expected = np.zeros((2, len(SIGMAS), len(at))), []
    student = float(stats.t.ppf(0.975, seeds - 1)) / np.sqrt(seeds)
    for i, sigma in enumerate(SIGMAS):
        rng = np.random.default_rng(seed)  # the same noise for every sigma
        method = smoothed_sgd(lambda x, xi: curvature * (x - 2) + noise * xi, eta, constant(sigma))
        state = method.init(-np.ones((seeds, n)))
        for k in range(1, steps + 1):
            state = method.step(state, rng.normal(size=(seeds, n)))
            if k in at:
                runs = np.sum(curvature * (state.x - 2) ** 2, axis=-1) / 2
                j = np.searchsorted(at, k)
                loss[i, j], spread[i, j] = runs.mean(), student * runs.std(ddof=1)
        expected.append(smoothing.expected_loss(np.diag(curvature), sigma, eta, noise**2, -3 * np.ones(n), LONG))
    return at, loss, spread, expected


def draw(data: xr.Dataset) -> Figure:
    """Five axes: three maps, the dimensions, the losses."""
    panels: Any = [["GD", "LSGD", "mLSGD"], ["dimension", "loss", "loss"]]
    figure, axes = plt.subplot_mosaic(panels, figsize=(6.75, 4.4), layout="constrained")
    low, high = float(data.log_norm.min()), float(data.log_norm.max())
    for name in data.method.values:
        ax, one = axes[name], data.sel({"method": name})
        look: dict[str, Any] = {"vmin": max(low, high - 5), "vmax": high, "cmap": "viridis"}
        image = ax.imshow(one.log_norm, origin="lower", extent=(-1, 1, -1, 1), **look)
        m = float(one.slope)
        ax.grid(False)
        ax.plot([-1, 1], [-m, m], color="white", linestyle=(0, (2, 4)), linewidth=1.2)
        ax.set(title=f"{name}: $x_2 = {m:.6g}\\,x_1$", xlabel="$x_1$", ylabel="$x_2$")
    bar = figure.colorbar(image, ax=[axes[str(name)] for name in data.method.values], fraction=0.02)
    bar.set_label(rf"$\log_{{10}} \|x_{{{data.attrs['steps']}}}\|$")
    _dimensions(axes["dimension"], data)
    _losses(axes["loss"], data)
    return figure


def _dimensions(ax: Any, data: xr.Dataset) -> None:
    for k, (name, marker) in enumerate((("GD", "o"), ("LSGD", "x"), ("mLSGD", "+"))):
        found, look = data.dimension.sel(notion=name), {"linestyle": "none", "markersize": 5, "color": COLOURS[k]}
        ax.plot(data.n, found, marker, label=f"by {name}", **look)
    ax.plot(data.n, data.n - 1, "k-", linewidth=0.8, label="$n - 1$")
    every = data.dimension.sel(notion="every schedule")
    ax.plot(data.n, every, "s", color=COLOURS[3], markersize=4, label="by every schedule")
    ax.plot(data.n, (data.n - 1) // 2, "-", color=COLOURS[3], linewidth=0.8, label=r"$\lfloor (n-1)/2 \rfloor$")
    ax.set(xlabel="dimension $n$ of the space", ylabel="dimension", title="Starts attracted to the saddle")
    ax.set_ylim(-0.5, 2.4 * float(data.n.max()))
    ax.legend(loc="upper left")


def _losses(ax: Any, data: xr.Dataset) -> None:
    for k, sigma in enumerate(data.sigma.values):
        one = data.sel(sigma=sigma)
        ax.loglog(data.long_step, one.expected_loss, color=COLOURS[k], label=f"$\\sigma = {sigma:g}$")
        low, high = one.loss - one.loss_error, one.loss + one.loss_error
        ax.fill_between(data.step, low, high, color=COLOURS[k], alpha=0.3, lw=0)
        ax.loglog(data.step, one.loss, ".", color=COLOURS[k], markersize=3)
    ax.set(xlabel="step", ylabel="loss $f - f_*$")
    bands = f"means of {data.attrs['seeds']} runs, 95 % bands (Student's t, approximate)"
    ax.set_title(f"Noisy quadratic: exact expectation (lines);\n{bands}")
    ax.legend()
