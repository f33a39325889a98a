"""PAC and SQ learning by gradients: batches and precisions, the parities that a run can react to, and elimination.

(a) Accuracy of 32 tanh units on the parity of three bits (six with ``budget="full"``) after SGD with clipped and rounded gradients:
below b rho = 4/3 batches reveal their examples, so that gradients can do what any algorithm on samples does (PAC); above
b rho^2 = 32 ln(2Tp/delta), delta = 0.01, they say no more than statistical queries (SQ). Small batches dither the rounding; those
of one example are too noisy for this step.
(b) Parities of 11 bits that population gradient descent with a rounding oracle can react to at all (mean and range over networks
with two units), the proved bound 16 sum E(d_i f)^2/rho^2 (band: its range), and all 2048. (c) How often elimination finds a parity
of 10 bits: exactly, the proved lower bound, and drawn samples (bars: three standard deviations).
"""

from typing import Any

import numpy as np

BITS, DRAWS, DELTA, NET_BITS = 10, 2000, 0.01, 11


def compute(*, budget: str = "quick") -> Any:
    """Numbers of the three panels, as one ``xarray.Dataset``.

    ``accuracy`` (b, rho). ``told``, ``bound`` (net, precision): counts of parities. ``found``, ``drawn``, ``low`` (more):
    probability with BITS + more examples, its share of the drawn samples, its lower bound.
    """
    import xarray as xr

    from gradproof.experiments.limits.pac_sq.instances import Net, start
    from gradproof.experiments.limits.pac_sq.measures_learning import UNITS, accuracies
    from gradproof.experiments.limits.pac_sq.measures_parities import largest_signals
    from gradproof.solvers import gf2, walsh
    from gradproof.theory.limits import pac_sq as paper

    n, steps, seeds = (3, 100, 12) if budget == "quick" else (6, 3000, 10)
    sizes, rhos = 2 ** np.arange(0, 15, 2), 2.0 ** np.arange(-6, 2)
    rng = np.random.default_rng(0)
    accuracy = [accuracies(n, int(b), steps, seeds, rng, "numpy", rhos).mean(axis=-1) for b in sizes]

    precisions, nets = 2.0 ** np.arange(-7, 1), range(3)
    net = Net(2, walsh.signs(NET_BITS).astype(float))
    seen = [[largest_signals(net, start(NET_BITS, 2, seed), 0.5, rho, 5) for rho in precisions] for seed in nets]
    told = [
        [int((largest > rho / 4).sum()) for (largest, *_), rho in zip(row, precisions, strict=True)] for row in seen
    ]
    bound = [
        [paper.DISTINGUISHABLE.bound(G=G, rho=rho) for (*_, G), rho in zip(row, precisions, strict=True)]
        for row in seen
    ]

    more = np.arange(-2, 11)
    drawn = []
    for m in BITS + more:
        solved = gf2.solve(rng.integers(0, 2**BITS, (DRAWS, m)), np.zeros((DRAWS, m), int), BITS)
        drawn.append(float((solved.rank == BITS).mean()))
    found = [float(paper.PAC_PARITY.bound(n=BITS, m=int(m))) for m in BITS + more]
    low = [1 - float(paper.PAC_PARITY_BOUND.bound(W=2**BITS - 1, m=int(m))) for m in BITS + more]
    return xr.Dataset(
        {
            "accuracy": (["b", "rho"], np.array(accuracy), {"units": "1"}),
            "told": (["net", "precision"], told, {"units": "parities"}),
            "bound": (["net", "precision"], bound, {"units": "parities"}),
            "found": (["more"], found, {"units": "1"}),
            "drawn": (["more"], drawn, {"units": "1"}),
            "low": (["more"], low, {"units": "1"}),
        },
        coords={"b": sizes, "rho": rhos, "precision": precisions, "net": list(nets), "more": more},
        attrs={"budget": budget, "n": n, "queries": steps * UNITS * (n + 2)},
    )


def draw(data: Any) -> Any:
    """Three panels from the dataset alone; returns a matplotlib figure."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6.75, 2.7), layout="constrained")
    first, second, third = figure.subplots(1, 3, width_ratios=[1.25, 1, 1])
    blue, red, black = "#0072B2", "#D55E00", "black"

    x, y = np.log2(data.b.values), np.log2(data.rho.values)
    shown = first.pcolormesh(x, y, data.accuracy.values.T, cmap="viridis", vmin=0.4, vmax=1, shading="nearest")
    figure.colorbar(shown, ax=first, label="accuracy", shrink=0.9)
    b = np.linspace(x[0] - 1, x[-1] + 1, 50)
    first.plot(b, np.log2(4 / 3) - b, "-", color="white", lw=1.6)
    line = (np.log2(32 * np.log(2 * data.attrs["queries"] / DELTA)) - b) / 2
    first.plot(b, line, "--", color="white", lw=1.6)
    first.text(2.2, -5.4, "PAC", color="white", ha="center", weight="bold", bbox=_box())
    first.text(12.8, 0.4, "SQ", color="white", ha="center", weight="bold", bbox=_box())
    first.set(
        xlabel=r"$\log_2 b$", ylabel=r"$\log_2\rho$", xlim=(x[0] - 1, x[-1] + 1), ylim=(y[0] - 0.5, y[-1] + 0.5),
        title=rf"(a) parity of {data.attrs['n']} bits",
    )  # fmt: skip
    first.grid(visible=False)

    at = data.precision
    second.fill_between(at, data.bound.min("net"), data.bound.max("net"), color=red, alpha=0.25, lw=0)
    second.plot(at, data.bound.mean("net"), "--", color=red, label="proved bound")
    second.fill_between(
        at, np.maximum(data.told.min("net"), 0.5), np.maximum(data.told.max("net"), 0.5), color=blue, alpha=0.25, lw=0
    )
    second.plot(at, np.maximum(data.told.mean("net"), 0.5), "o-", color=blue, ms=3, label="told apart")
    second.axhline(2**NET_BITS, color=black, linestyle=":", label=f"all $2^{{{NET_BITS}}}$")
    second.set(
        xscale="log",
        yscale="log",
        xlabel=r"precision $\rho$",
        ylabel="parities",
        title=f"(b) $n = {NET_BITS}$, 5 steps",
        ylim=(0.7, 3e8),
    )
    second.set_xscale("log", base=2)
    second.legend(loc="upper right", handlelength=1.8)

    spread = 3 * np.sqrt(data.found * (1 - data.found) / DRAWS)
    third.plot(data.more, data.found, "-", color=blue, label="exact")
    third.plot(data.more, data.low, "--", color=red, label="bound")
    third.errorbar(data.more, data.drawn, spread, fmt="o", color=black, ms=2.5, lw=0.8, label="samples")
    third.set(xlabel="examples beyond $n = 10$", ylabel="$P$(found)", title="(c) elimination", ylim=(-0.04, 1.06))
    third.legend(loc="lower right", handlelength=1.2)
    return figure


def _box() -> dict[str, Any]:
    return {"facecolor": "black", "alpha": 0.45, "lw": 0, "boxstyle": "round,pad=0.2"}
