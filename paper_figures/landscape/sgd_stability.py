"""SGD stability: the threshold between its bounds as the batch grows, and the curvature at which training ends."""

from typing import Any

import numpy as np

#: name of a bound: its colour and its label
BOUNDS = {
    "per_sample": ("#56B4E9", "per sample"), "identity": ("#009E73", r"$T(I) \leq I$"), "rank_one": ("#E69F00", "rank one"),
    "top": ("#CC79A7", "top direction"), "trace": ("#D55E00", "trace"), "gd": ("#0072B2", r"$2/\lambda_{\max}(H)$"),
}  # fmt: skip
METHODS = {"sgd": ("SGD, $B = 1$", "#0072B2"), "gd": ("GD", "#D55E00")}


def compute(*, budget: str = "quick") -> Any:
    """Numbers of both panels, as one ``xarray.Dataset``.

    ``eta_star`` (batch) and ``bound`` (name, batch): step sizes for 12 samples in 5 dimensions, without replacement.
    ``trace``, ``sharpness``, ``threshold``, ``loss`` (optimizer, eta): where a diagonal linear net ends, d = 50, n = 20.
    """
    import xarray as xr

    from gradproof.experiments.landscape.sgd_stability import instances, methods
    from gradproof.solvers import moments

    full = budget != "quick"
    batches = np.arange(1, len(instances.S12) + 1)
    found = [moments.stability_threshold(instances.S12, batch_size=int(B)) for B in batches]
    bounds = [moments.bounds(instances.S12, batch_size=t.batch_size, threshold=t) for t in found]

    etas = np.array([0.01, 0.02, 0.04, 0.06, 0.08, 0.12] if not full else np.geomspace(0.005, 0.12, 16))
    problem = methods.sparse_regression(np.random.default_rng(0))
    fields = ("trace", "sharpness", "threshold", "loss")
    ends = np.full((len(fields), len(METHODS), len(etas)), np.nan)
    for j, B in enumerate((1, 20)):
        state = methods.train(problem, etas, B, 30_000 if full else 12_000, 4_000, np.random.default_rng(1))
        for e in methods.end_points(problem, state, etas, 1):  # at both methods' ends, of SGD with one sample
            curvatures = e.threshold.curvatures
            ends[:, j, etas == e.eta] = np.c_[[curvatures.trace, curvatures.sharpness, e.threshold.value, e.loss]]
    unit = {"units": "1/curvature"}
    return xr.Dataset(
        {
            "eta_star": (["batch"], [t.value for t in found], unit),
            "eta_error": (["batch"], [t.error for t in found], unit),
            "bound": (["name", "batch"], [[getattr(b, name) for b in bounds] for name in BOUNDS], unit),
            **{f: (["optimizer", "eta"], ends[i]) for i, f in enumerate(fields)},
        },
        coords={"batch": batches, "name": list(BOUNDS), "optimizer": list(METHODS), "eta": etas},
        attrs={"budget": budget, "left": "12 rows, d = 5, without replacement", "right": "diagonal linear net"},
    )


def draw(data: Any) -> Any:
    """Two panels from the dataset alone; returns a matplotlib figure."""
    from matplotlib.figure import Figure
    from matplotlib.ticker import NullFormatter

    figure = Figure(figsize=(6.75, 2.8), layout="constrained")
    left, right = figure.subplots(1, 2)
    for name, (colour, label) in BOUNDS.items():
        style = "--" if name in ("per_sample", "identity") else "-"
        left.plot(data.batch, data.bound.sel(name=name), style, color=colour, label=label)
    left.plot(data.batch, data.eta_star, "o-", ms=4, color="black", label=r"exact $\eta^*$")
    left.set(xlabel="batch size $B$", ylabel=r"step size (unit 1/curvature)", yscale="log")
    left.set_title("(a) Threshold; dashed: sufficient, solid: necessary")
    left.set_ylim(0.3, 6)  # room for the legend
    left.set_yticks([0.3, 0.5, 1, 2, 5], ["0.3", "0.5", "1", "2", "5"])
    left.yaxis.set_minor_formatter(NullFormatter())
    left.set_xticks(data.batch.values[1::2])
    left.legend(ncols=3, loc="upper left", columnspacing=1, handlelength=1.5)
    for method, (name, colour) in METHODS.items():
        at = data.sel(optimizer=method)
        right.plot(data.eta, at.trace, "o-", ms=4, color=colour, label=rf"{name}: $\mathrm{{Tr}}\,H$")
        right.plot(data.eta, at.sharpness, "s:", ms=4, color=colour, label=rf"{name}: $\lambda_{{\max}}$")
    right.plot(data.eta, 2 / data.eta, color="black", label=r"$2/\eta$")
    right.set(xlabel=r"step size $\eta$ (unit 1/curvature)", ylabel="curvature where training ends")
    right.set(xscale="log", yscale="log", title=r"(b) Curvature at the end against $2/\eta$")
    right.set_ylim(bottom=0.2)
    right.legend(ncols=2, loc="lower left", columnspacing=1, handlelength=1.5)
    return figure
