"""Hessians after training: a wider network has a wider bulk at zero and as few outliers; so a random matrix, with a spike.

(a) Eigenvalues in descending order after training a tanh network on digits of three classes. Dashed: the number of classes; the
shaded strip is what the residual part can reach, plus and minus its norm (m = 32): no eigenvalue lies below it, at most n(K - 1)
above. (b) Against the number of parameters: eigenvalues above the norm of the residual part, with their bound n(K - 1), and the
share below a hundredth of the largest one. Bands: least to greatest of several starts. (c) Gaussian matrices with one spike:
eigenvalues of one Z'Z/n, Marchenko and Pastur's density, the top eigenvalues of 20 draws (median and range), and their limit.
"""

from typing import Any

import numpy as np

CLASSES, WIDTHS, SAMPLES = 3, (4, 8, 16, 32), 60
N, D, SPIKE = 800, 200, 3.0


def compute(*, budget: str = "quick") -> Any:
    """Numbers of the three panels, as one ``xarray.Dataset``.

    ``eigenvalue`` (width, rank): of the first start, NaN beyond P. ``above`` and ``near_zero`` (width, start): a count and a share.
    ``rho`` (width,): norm of the residual part, first start. ``bulk`` (index,) and ``top`` (draw,): eigenvalues of one
    Gaussian matrix with a spike, and the largest of several.
    """
    import xarray as xr

    from gradproof.experiments.landscape.overparam_hessian import methods
    from gradproof.solvers.spiked_covariance import singular_values

    problem, starts = methods.digits(CLASSES, SAMPLES), 3 if budget == "quick" else 20
    sizes = [m * (problem.X.shape[1] + CLASSES) for m in WIDTHS]
    values = np.full((len(WIDTHS), max(sizes)), np.nan)
    above, near = np.zeros((2, len(WIDTHS), starts))
    rho = np.zeros(len(WIDTHS))
    for i, m in enumerate(WIDTHS):
        for k in range(starts):
            x0 = problem.start(m, np.random.default_rng([CLASSES, m, k] if k else [CLASSES, m]))
            at = methods.Spectrum(problem, methods.train(problem, x0, methods.ETA, methods.STEPS)[-1])
            found = at.H[0]
            above[i, k], near[i, k] = (found > at.rho[0]).sum(), at.near_zero()[0] / len(found)
            if not k:
                values[i, : len(found)], rho[i] = found, at.rho[0]
    bulk, _ = singular_values(np.random.default_rng(0), N, D, SPIKE, 20)
    return xr.Dataset(
        {
            "eigenvalue": (["width", "rank"], values, {"units": "curvature of the loss"}),
            "rho": (["width"], rho, {"units": "curvature of the loss"}),
            "above": (["width", "start"], above),
            "near_zero": (["width", "start"], near),
            "bulk": (["index"], bulk[0] ** 2),
            "top": (["draw"], bulk[:, 0] ** 2),
        },
        coords={"width": list(WIDTHS), "P": ("width", sizes), "rank": 1 + np.arange(max(sizes))},
        attrs={"classes": CLASSES, "samples": SAMPLES, "n": N, "d": D, "spike": SPIKE, "budget": budget},
    )


def draw(data: Any) -> Any:
    """Three panels from the dataset alone; returns a matplotlib figure."""
    from matplotlib.figure import Figure
    from matplotlib.ticker import NullFormatter

    figure = Figure(figsize=(6.75, 2.6), layout="constrained")
    left, middle, right = figure.subplots(1, 3)
    _spectra(left, data)
    _counts(middle, data)
    _bulk(right, data)
    middle.xaxis.set_minor_formatter(NullFormatter())
    return figure


def _spectra(ax: Any, data: Any) -> None:
    from gradproof.paper_figures.style import COLOURS

    reach = float(data.rho.sel(width=data.width[-1]))
    ax.axhspan(-reach, reach, color="black", alpha=0.08, lw=0)
    for k, m in enumerate(data.width.values):
        one = data.eigenvalue.sel(width=m).dropna("rank")
        ax.plot(one["rank"], one, ("-", "--", "-.", ":")[k], color=COLOURS[k], label=f"$m = {m}$")
    ax.plot([data.attrs["classes"]] * 2, [-5e-2, 5e-2], color="black", lw=0.8, ls=(0, (4, 2)))
    ax.annotate("$C$", (data.attrs["classes"] * 1.15, -2e-2), va="center")
    ax.set_xscale("log")
    ax.set_yscale("symlog", linthresh=1e-4)
    ax.set_yticks([-1e-2, -1e-4, 0, 1e-4, 1e-2])
    ax.set_ylim(-5e-2, 3)
    ax.set(xlabel="rank of the eigenvalue", ylabel=r"eigenvalue $\lambda_k(H)$", title="(a) Spectrum after training")
    ax.legend(ncols=2, loc="upper right", columnspacing=1, handlelength=1.8)


def _counts(ax: Any, data: Any) -> None:
    from gradproof.paper_figures.style import COLOURS

    bound = data.attrs["samples"] * (data.attrs["classes"] - 1)
    shares = 100 * data.near_zero
    for k, (found, name) in enumerate(((data.above, r"number above $\|R\|_2$"), (shares, r"% below $\lambda_1/100$"))):
        ax.fill_between(data.P, found.min("start"), found.max("start"), color=COLOURS[k], alpha=0.25, lw=0)
        ax.plot(data.P, found.median("start"), "os"[k] + ("-", "--")[k], ms=3.5, color=COLOURS[k], label=name)
    ax.axhline(bound, color="black", label="bound $n(K-1)$ of the number")
    ax.set(xscale="log", yscale="log", xlabel="number of parameters $P$", title="(b) Outliers and bulk")
    ax.set_ylim(2, 2500)
    ax.set_xticks(data.P.values, [str(p) for p in data.P.values])
    ax.legend(loc="upper left")


def _bulk(ax: Any, data: Any) -> None:
    from gradproof.paper_figures.style import COLOURS
    from gradproof.solvers.spiked_covariance import density
    from gradproof.theory.landscape import overparam_hessian as paper

    gamma, s = data.attrs["d"] / data.attrs["n"], data.attrs["spike"]
    y = np.linspace(0.2, 2.4, 400)
    ax.hist(data.bulk, bins=np.linspace(0.2, 5, 61), density=True, color=COLOURS[5], alpha=0.6, label="eigenvalues")
    ax.plot(y, density(y, gamma), color="black", label="Marchenko, Pastur")
    limit = float(paper.BBP.bound(s=s, gamma=gamma))
    ax.plot([limit] * 2, [0, 0.8], color=COLOURS[1], ls="--", label=r"$(1+s)(1+\gamma/s)$")
    ax.plot([1 + s] * 2, [0, 0.8], color=COLOURS[2], ls=":", label="$1 + s$")
    middle, low, high = (float(f(data.top)) for f in (np.median, np.min, np.max))
    ax.errorbar(
        [middle],
        [0.4],
        xerr=[[middle - low], [high - middle]],
        fmt="v",
        color=COLOURS[0],
        ms=4,
        label="top eigenvalues",
    )
    ax.set(
        xlabel="eigenvalue of $Z^\\top Z/n$", ylabel="density", title=rf"(c) Spike $s = {s:g}$, $\gamma = {gamma:g}$"
    )
    ax.set_ylim(0, 2.1)
    ax.set_xlim(0, 5.2)
    ax.legend(loc="upper right")
