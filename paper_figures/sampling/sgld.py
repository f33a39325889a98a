"""SGLD: invariant covariances against the number of samples, and distances to the posterior against the step."""

from typing import Any

import numpy as np
import xarray as xr

from gradproof.experiments.sampling.sgld.instances import sines
from gradproof.paper_figures.style import COLOURS
from gradproof.solvers import gaussian
from gradproof.solvers.gaussian.langevin import METHODS, FiniteSum, posterior


def mean_of(N: int) -> FiniteSum:
    """The mean of sin(1), ..., sin(N) under unit noise, without a prior."""
    x = np.sin(np.arange(1, N + 1))
    return gaussian.quadratic(np.ones((N, 1, 1)), (x.mean() - x)[:, None])


def compute(*, budget: str = "quick") -> xr.Dataset:
    """Exact covariances at gamma = 1/(2 N); on regression with 50 samples, lower and upper bounds of W2^2 to the posterior."""
    sizes = np.unique(np.geomspace(100, 10**5 if budget == "quick" else 10**6, 16).round().astype(int))
    traces: dict[str, list[float]] = {name: [] for name in ("posterior", *METHODS)}
    for N in sizes:
        problem = mean_of(int(N))
        traces["posterior"].append(float(posterior(problem).trace))
        for name in METHODS:
            traces[name].append(float(gaussian.covariance(problem, 0.5 / N, name).trace))
    regression = gaussian.regression(*sines())
    limit, full = gaussian.threshold(regression).value, 2 / float(np.linalg.eigvalsh(regression.H)[-1])
    steps = limit * np.geomspace(1e-3, 0.97, 24 if budget == "quick" else 100)
    target = posterior(regression).matrix
    names = ("lmc", "sgldfp", "sgld")
    lower, upper = np.empty((3, len(steps))), np.empty((3, len(steps)))
    for k, gamma in enumerate(steps):
        C = {name: gaussian.covariance(regression, float(gamma), name).matrix for name in METHODS}
        exact = gaussian.bures(C["lmc"], target)[0]
        coupling = {"lmc": 0.0, "sgldfp": np.trace(C["sgldfp"] - C["lmc"])}
        # W2(SGLD, LMC) <= W2(SGLD, SGLDFP) + W2(SGLDFP, LMC), each by synchronous coupling
        coupling["sgld"] = (np.sqrt(np.trace(C["sgd"])) + np.sqrt(coupling["sgldfp"])) ** 2
        for row, name in enumerate(names):
            lower[row, k] = gaussian.bures(C[name], target)[0]
            upper[row, k] = (np.sqrt(exact) + np.sqrt(coupling[name])) ** 2
    return xr.Dataset(
        {
            "trace": (("law", "N"), np.array(list(traces.values())), {"units": "theta^2"}),
            "lower": (("sampler", "gamma"), lower, {"units": "theta^2"}),
            "upper": (("sampler", "gamma"), upper, {"units": "theta^2"}),
            "gamma_max": limit,
            "gamma_max_lmc": full,
        },
        coords={"N": sizes, "law": list(traces), "gamma": steps, "sampler": list(names)},
        attrs={"source": "Brosse, Durmus, Moulines (2018), arXiv:1811.10072"},
    )


LABELS = {"posterior": "posterior", "lmc": "LMC", "sgldfp": "SGLDFP", "sgld": "SGLD", "sgd": "SGD"}
STYLES = {"posterior": "-", "lmc": "--", "sgldfp": ":", "sgld": "-", "sgd": "--"}


def draw(data: xr.Dataset) -> Any:
    """Two panels at a paper's text width."""
    import matplotlib.pyplot as plt

    figure, (left, right) = plt.subplots(1, 2, figsize=(6.6, 2.6))
    colour = dict(zip(LABELS, COLOURS, strict=False))
    for name in data.law.values:
        left.loglog(data.N, data.trace.sel(law=name), STYLES[name], color=colour[name], label=LABELS[name])
    left.set(xlabel="number of samples $N$", ylabel="variance of the invariant law")
    left.set_title(r"(a) Steps $\gamma = 1/(2N)$")
    left.legend()
    for name in data.sampler.values:
        low, high = data.lower.sel(sampler=name), data.upper.sel(sampler=name)
        right.fill_between(data.gamma, low, high, color=colour[name], alpha=0.3, lw=0)
        right.loglog(data.gamma, low, color=colour[name], label=LABELS[name])
    right.axvline(float(data.gamma_max), color=COLOURS[6], lw=0.8, ls=":")
    right.set(xlabel=r"step size $\gamma$ (dotted: $\gamma_{\max}$)", ylabel=r"$W_2^2$ to the posterior")
    right.set_title("(b) Lower and upper bounds, $N = 50$")
    right.legend()
    return figure
