"""Asymmetric valleys: the best bias under a shift, where SGD stays on the valley, and its mean between two proved bounds.

(a) The valley V (c = 4) and its expectation under a shift of +-1: the minimiser moves from w* = 0 to l* = 1, and the gain is
(c - 1) p/2. (b) Iterates of SGD with Gaussian noise on the valley, the density exp(-2V/(eta s^2)) of the diffusion, and the mean
of the iterates: three quarters of them lie on the flat side. (c) The exact stationary mean against the asymmetry ratio for three
sizes of noise, between the bounds that are proved (bands), and two limits: no noise, eta p (c - 1)/2, and the diffusion. With
``budget="gpu"``: (d) c_hat, the asymmetry of the training loss of a convolutional net along random directions.
"""

from fractions import Fraction
from typing import Any

import numpy as np

#: noise s: colour, marker
NOISE = {1: ("#0072B2", "o"), 4: ("#009E73", "s"), 8: ("#D55E00", "^")}
RATIO, SHIFT, SPREAD = 4, 1, 12  # of (a), of (a), noise in (b)


def compute(*, budget: str = "quick") -> Any:
    """Numbers of the three panels, as one ``xarray.Dataset``.

    ``loss``, ``shifted`` (w): V and its expectation. ``histogram`` (bin, chain): share of the iterates of some chains for each unit
    of w; ``density`` (bin). ``mean``, ``below``, ``above`` (s, c): the stationary mean, exactly, and its bounds.
    """
    import xarray as xr

    from gradproof.experiments.engine.draws import keys
    from gradproof.experiments.landscape.asymmetric_valleys.measures_sgd import gaussian, runs
    from gradproof.solvers import two_sided_walk
    from gradproof.solvers.piecewise_linear import fair_sign, valley
    from gradproof.theory.landscape import asymmetric_valleys as paper

    w = np.round(np.linspace(-2, 3, 101), 12)
    V, law = valley(RATIO, 1), fair_sign(SHIFT)
    exact = [Fraction(x).limit_denominator(100) for x in w]
    best = V.least_expected(law)

    c, s = 3, SPREAD
    chains, rounds, gap = (1500, 9, 40) if budget == "quick" else (20_000, 60, 50)
    # from the diffusion's law, which is near; a third of the rounds is left out all the same
    rng, found = np.random.default_rng(0), []
    x = np.where(rng.random(chains) < c / (1 + c), 1.0, -1.0 / c) * rng.exponential(s**2 / 2, chains)
    edges = np.arange(-40.0, 241.0, 8.0)
    for k in range(rounds):
        words = keys("figure", k, settings=[0], seeds=[0])
        x = runs(c, 1.0, 1.0, gap, x, words, gaussian(float(s)), "numpy").w.values.ravel()
        if k >= rounds // 3:
            found.append(x)
    groups = np.stack(found, axis=1).reshape(10, -1)  # ten groups of chains: the spread between them is the band
    counts = np.stack([np.histogram(g, edges)[0] / g.size / 8 for g in groups], axis=1)
    middle = (edges[1:] + edges[:-1]) / 2
    slopes = np.where(middle > 0, middle, -c * middle)
    density = np.exp(-2 * slopes / s**2) / (s**2 / 2 * (1 + 1 / c))

    ratios = np.array([Fraction(n, 2) for n in (3, 4, 5, 6, 8, 10, 12, 14, 16)])
    rows = [[two_sided_walk.stationary(1, r, size) for r in ratios] for size in NOISE]
    below, above = (
        [[float(claim.bound(c=r, p=1, eta=1, s2=size**2, nu=size)) for r in ratios] for size in NOISE]
        for claim in (paper.DIFFUSION_BELOW, paper.DIFFUSION_ABOVE)
    )
    lowest = [
        [float(paper.AVERAGE.bound(c=r, p=1, eta=1, s2=size**2, nu=size)) if size < r else -np.inf for r in ratios]
        for size in NOISE
    ]
    nets: dict[str, Any] = {}
    if budget == "gpu":
        from gradproof.experiments.landscape.asymmetric_valleys.convnet import Trained

        found = [Trained(normalised).ratios(np.random.default_rng(0)) for normalised in (True, False)]
        nets = {"c_hat": (["normalised", "direction"], found, {"units": "1"})}
    return xr.Dataset(
        {
            **nets,
            "loss": (["w"], [float(V(x)) for x in exact], {"units": "1"}),
            "shifted": (["w"], [float(V.expected(x, law)) for x in exact], {"units": "1"}),
            "histogram": (["bin", "group"], counts, {"units": "1"}),
            "density": (["bin"], density, {"units": "1"}),
            "mean": (["s", "c"], [[float(sum(r.mean) / 2) for r in row] for row in rows], {"units": "eta p"}),
            "below": (["s", "c"], np.maximum(below, lowest), {"units": "eta p"}),
            "above": (["s", "c"], above, {"units": "eta p"}),
        },
        coords={"w": w, "bin": middle, "s": list(NOISE), "c": ratios.astype(float)},
        attrs={
            "budget": budget, "best": float(best.low), "gain": float(V.expected(0, law) - best.value),
            "sampled_mean": float(groups.mean()), "flat_share": float((groups > 0).mean()),
        },
    )  # fmt: skip


def draw(data: Any) -> Any:
    """Three panels from the dataset alone; returns a matplotlib figure."""
    from matplotlib.figure import Figure

    many = "c_hat" in data
    figure = Figure(figsize=(6.75, 2.6 * (1 + many)), layout="constrained")
    first, second, third, *more = figure.subplots(1 + many, 3 - many).ravel()
    blue, red = "#0072B2", "#D55E00"

    first.plot(data.w, data.loss, "--", color=blue, label=r"$V(w)$")
    first.plot(data.w, data.shifted, color=red, label=r"$\mathbb{E}\,V(w + \delta)$")
    at, value = data.attrs["best"], float(data.shifted.min())
    first.plot([0], [0], "o", color=blue, ms=4)
    first.plot([0, at], [value + data.attrs["gain"], value], "o", color=red, ms=4)
    first.annotate("$w^*$", (0, 0), (-4, -11), textcoords="offset points", ha="center")
    first.annotate("$l^*$", (at, value), (0, -11), textcoords="offset points", ha="center")
    first.vlines(at, value, value + data.attrs["gain"], color="black", linestyle=":", lw=1)
    first.hlines(value + data.attrs["gain"], 0, at, color="black", linestyle=":", lw=1)
    first.annotate("gain", (at, value + data.attrs["gain"]), (3, -1), textcoords="offset points")
    first.set(xlabel="$w$", ylabel="loss", ylim=(-0.9, 6.5), title=r"(a) $\delta = \pm 1$, $c = 4$")
    first.legend(loc="upper right", handlelength=1.6)

    shares = data.histogram
    middle, spread = shares.mean("group"), shares.std("group", ddof=1)
    second.fill_between(data.bin, middle - spread, middle + spread, step="mid", color=blue, alpha=0.3, lw=0)
    second.step(data.bin, middle, where="mid", color=blue, label="iterates of SGD")
    second.plot(data.bin, data.density, "--", color="black", label=r"$\propto\exp(-2V/\eta s^2)$")
    second.axvline(data.attrs["sampled_mean"], ymax=0.66, color=red, linestyle="-.", label="mean of the iterates")
    second.set(xlabel=r"$w$ (unit $\eta p$)", ylabel="density", title=rf"(b) $c = 3$, noise $N(0, {SPREAD}^2)$")
    second.set_ylim(0, 1.75 * float(data.density.max()))
    second.set_xlim(-40, 240)
    second.legend(loc="upper right", handlelength=1.6)

    for s, (colour, marker) in NOISE.items():
        row = data.sel(s=s)
        third.fill_between(data.c, row.below, row.above, color=colour, alpha=0.18, lw=0)
        third.plot(data.c, row["mean"], marker, color=colour, ms=3, label=f"$s = {s}$")
        third.plot(data.c, s * s / 2 * (1 - 1 / data.c), "--", color=colour, lw=1)
    third.plot(data.c, (data.c - 1) / 2, ":", color="black", label=r"$\frac{1}{2}(c-1)$")
    third.plot([], [], "--", color="black", lw=1, label="diffusion")
    third.set(
        xlabel="asymmetry ratio $c$", ylabel=r"$\mathbb{E}\,w$ (unit $\eta p$)", title="(c) exact, in proved bands"
    )
    third.set_ylim(-4, 56)
    third.legend(loc="upper left", ncols=2, handlelength=1.2, columnspacing=0.8)

    for panel in more:
        for normalised, style in enumerate(("-", "--")):
            rises = np.sort(data.c_hat.isel(normalised=normalised).values)
            panel.plot(
                rises, np.linspace(0, 1, len(rises)), style, label=("with", "without")[normalised] + " normalisation"
            )
        panel.set(
            xlabel=r"$\hat c$ along a random direction",
            ylabel="share of directions below",
            title="(d) convolutional net",
        )
        panel.legend(loc="lower right")
    return figure
