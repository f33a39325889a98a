"""Small initialisation: singular values of descent, alignment with the signal, and the error of sensing by the size of the start.

(a) One population run, n = 8, alpha = 10^-4: each eigenvalue is learned after its own time. Dashed: the power method;
black: the bound on the part outside the signal. (b) ``||PU_t||/sigma_r(V'U_t)`` of this run, the power method, and its bound.
(c) Sensing with fewer measurements than unknowns after 4 log(1/alpha)/mu steps: median and range over seeds; dashed half the
error of a ten times larger start, dotted the nuclear-norm program. (d) Sensing: sine of the largest angle between what descent has
found and the signal, and what the power method has: descent is one at first, and leaves it where it learns the signal.
"""

from typing import Any

import numpy as np
import xarray as xr

from gradproof.experiments.landscape.small_init.instances import SPECTRUM, Measurements, gaussian, measurements
from gradproof.experiments.landscape.small_init.measures_runs import MU, descend, iterates, window
from gradproof.paper_figures.style import COLOURS
from gradproof.solvers.low_rank import nuclear_norm
from gradproof.theory.landscape import small_init as paper

ALPHA, STEPS, R = 1e-4, 300, 3
SIZES = (1.0, 0.1, 0.01, 0.001, 0.0001)
SENSED = 240


def compute(*, budget: str = "quick") -> xr.Dataset:
    """``value`` (i, step): singular values of U_t; ``power`` (mode, step): ``||Y_t'v_i||``; ``null_bound``: of ``||PU_t||``.

    ``ratio`` (iterate, step): null part over the least signal; ``ratio_bound``. ``error`` (alpha, seed): ``||UU' - M||_F`` of
    sensing, n = 16, rank 2, 110 measurements; ``nuclear`` (solved): of the program, for two of them.
    ``sine`` (to, sensed): of the largest angle.
    """
    seeds = 5 if budget == "quick" else 24
    path, steps = gaussian(8, ALPHA, STEPS).path, np.arange(STEPS + 1)
    values = np.array([np.linalg.svd(it.U[0], compute_uv=False)[: R + 1] for it in path]).T
    power = np.array([np.linalg.norm(it.Y[0][:R], axis=1) for it in path]).T
    null = float(np.linalg.norm(path[0].U[0][R:], 2)) ** 2
    decay = [null, *paper.NULL_DECAY.bound(mu=MU, q=null, t=steps[1:].astype(float))]
    ratio = np.array([[_ratio(part[0]) for part in (it.U, it.Y)] for it in path]).T
    lam_r = float(SPECTRUM[R - 1])
    bound = paper.POWER_ALIGNMENT.bound(mu=MU, lam_r=lam_r, rho0=ratio[1, 0], t=steps[1:].astype(float))
    errors, nuclear = [], []
    for seed in range(seeds):
        problem = measurements(seed=seed)
        ends = [descend(problem, a, window(min(a, 0.1)), seed=seed) for a in SIZES]
        errors.append([np.linalg.norm(U @ U.T - problem.M) for U in ends])
        if seed < 2:
            nuclear.append(np.linalg.norm(nuclear_norm(problem.A, problem.y).Z - problem.M))
    return xr.Dataset(
        {
            "value": (["i", "step"], values), "power": (["mode", "step"], power), "null_bound": (["step"], np.sqrt(decay)),
            "ratio": (["iterate", "step"], ratio), "ratio_bound": (["step"], [ratio[1, 0], *bound]),
            "error": (["alpha", "seed"], np.array(errors).T), "nuclear": (["solved"], nuclear),
            "sine": (["to", "sensed"], _sines(measurements(), 1e-3)),
        },
        coords={
            "i": range(R + 1), "mode": range(R), "step": steps, "alpha": list(SIZES), "seed": range(seeds),
            "iterate": ["U", "Y"], "to": ["signal", "power"], "sensed": np.arange(SENSED + 1),
        },
        attrs={"source": "Stöger, Soltanolkotabi (2021), arXiv:2106.15013", "mu": MU, "alpha": ALPHA, "budget": budget},
    )  # fmt: skip


def _ratio(part: np.ndarray) -> float:
    """Norm outside the signal over the least singular value along it."""
    return float(np.linalg.norm(part[R:], 2) / np.linalg.svd(part[:R], compute_uv=False)[-1])


def _sines(problem: Measurements, alpha: float) -> np.ndarray:
    """Largest angle of the two leading left singular vectors of U_t to M and to those of Y_t, (2, steps)."""
    n, A = len(problem.M), problem.A.reshape(len(problem.A), -1)
    Y = alpha * np.random.default_rng([0, n, n]).normal(size=(n, n)) / np.sqrt(n)
    seen = (A.T @ problem.y / len(A)).reshape(n, n)
    signal, sines = np.linalg.eigh(problem.M)[1][:, -2:], []
    for U in iterates(problem, alpha, SENSED):
        found, power = (np.linalg.svd(X)[0][:, :2] for X in (U, Y))
        sines.append([np.linalg.norm(found - B @ (B.T @ found), 2) for B in (signal, power)])
        Y = Y + MU * seen @ Y
    return np.array(sines).T


def draw(data: xr.Dataset) -> Any:
    """Four panels from the dataset alone."""
    import matplotlib.pyplot as plt

    figure, ((values, ratio), (error, angle)) = plt.subplots(2, 2, figsize=(6.75, 4.8))
    for i, style in enumerate(("-", "-.", (0, (6, 1)), ":")):
        label = rf"$\sigma_{i + 1}$" if i < R else r"$\sigma_4$, outside"
        values.semilogy(data.step, data["value"].sel(i=i), ls=style, color=COLOURS[i], label=label)
        if i < R:
            values.semilogy(
                data.step, data.power.sel(mode=i), "--", color="0.5", lw=0.7, label="power method" if not i else None
            )
    values.semilogy(data.step, data.null_bound, color="black", lw=0.7, label=r"bound on $\|PU_t\|$")
    values.set(xlabel="step $t$", ylabel="singular values of $U_t$", ylim=(1e-8, 20))
    values.set_title("(a) One eigenvalue after the other")
    values.legend(ncols=2, loc="lower right", columnspacing=0.8)

    labels = {"U": ("descent $U_t$", "-"), "Y": ("power method $Y_t$", "--")}
    for (iterate, (label, style)), colour in zip(labels.items(), COLOURS, strict=False):
        ratio.semilogy(data.step, data.ratio.sel(iterate=iterate), style, color=colour, label=label)
    ratio.semilogy(data.step, data.ratio_bound, ":", color="black", label="bound for $Y_t$")
    ratio.set(
        xlabel="step $t$", ylabel=r"$\|PU_t\|\,/\,\sigma_{r_*}(V^\top U_t)$", title="(b) Alignment with the signal"
    )
    ratio.legend(loc="upper right")

    median = data.error.median("seed")
    error.fill_between(data.alpha, data.error.min("seed"), data.error.max("seed"), color=COLOURS[0], alpha=0.2, lw=0)
    error.loglog(data.alpha, median, "o-", ms=3, color=COLOURS[0], label=f"descent, {data.sizes['seed']} seeds")
    error.loglog(
        data.alpha[1:], median.values[:-1] / 2, "--", color=COLOURS[1], label=r"half of the error from $10\alpha$"
    )
    error.axhline(float(data.nuclear.max()), ls=":", color=COLOURS[2], label="nuclear-norm program")
    error.set(
        xlabel=r"size $\alpha$ of the start",
        ylabel=r"$\|UU^\top - M\|_F$",
        title="(c) Error of sensing",
        ylim=(1e-12, 5),
    )
    error.legend(loc="lower right")

    labels = {"signal": ("to the signal", "-"), "power": ("to the power method", "--")}
    for (to, (label, style)), colour in zip(labels.items(), COLOURS, strict=False):
        angle.semilogy(data.sensed[1:], data.sine.sel(to=to)[1:], style, color=colour, label=label)
    angle.set(
        xlabel="step $t$", ylabel="sine of the largest angle of $U_t$", title="(d) Sensing leaves the power method"
    )
    angle.set_ylim(1e-8, 3)
    angle.legend(loc="lower right")
    return figure
