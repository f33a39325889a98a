"""SGLD: spreads and biases of the samplers against the number of samples, exactly and on real data; distances to the posterior.

Of order one with SGLD and SGD, of order 1/N with the control variate.
"""

from functools import partial
from typing import Any

import numpy as np
import xarray as xr

from gradproof.experiments.engine.draws import keys
from gradproof.experiments.sampling.sgld.instances import projected, sines
from gradproof.experiments.sampling.sgld.measures_spread import on_the_line, spread_of_logistic_chains
from gradproof.paper_figures.style import COLOURS
from gradproof.solvers import gaussian
from gradproof.solvers.gaussian.langevin import METHODS, FiniteSum, posterior
from gradproof.theory.sampling import sgld as claims


def mean_of(N: int) -> FiniteSum:
    """The mean of sin(1), ..., sin(N) under unit noise, without a prior."""
    x = np.sin(np.arange(1, N + 1))
    return gaussian.quadratic(np.ones((N, 1, 1)), (x.mean() - x)[:, None])


SAMPLERS = ("sgld", "sgldfp")
CHAINS, ETA = 400, 0.2


def _on_breast_cancer(rows: list[int]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Means and standard errors of |theta - mode|^2 after 60 steps at 1/L_h, (sampler, rows), and SGLDFP's bound."""
    mean, error, bound = np.empty((2, len(rows))), np.empty((2, len(rows))), np.empty(len(rows))
    for k, n in enumerate(rows):
        problem = partial(projected, rows=n)
        for row, name in enumerate(SAMPLERS):
            stream = partial(keys, "figure", n, settings=[0])
            sample, at = spread_of_logistic_chains(
                problem, CHAINS, 60, lambda seeds, s=stream: s(seeds=range(seeds)), "numpy", method=name
            )
            mean[row, k], error[row, k] = sample.numbers.mean(), sample.numbers.std() / CHAINS**0.5
        bound[k] = float(claims.CONTROL_VARIATE.bound(**at))
    return mean, error, bound


def _biases(sizes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """|E theta - mode| on the line by quadrature, and |u''' C/(2 u'')| of the first order, (LMC and samplers, N)."""
    bias, first = np.empty((3, len(sizes))), np.empty((3, len(sizes)))
    for row, name in enumerate(("lmc", *SAMPLERS)):
        for k, N in enumerate(sizes):
            ((mean, _), (square, _), _), known = on_the_line(3.0, 1.0, ETA, float(N), name)
            bias[row, k], first[row, k] = abs(mean), abs(known["u3"] * square / (2 * known["u2"]))
    return bias, first


def compute(*, budget: str = "quick") -> xr.Dataset:
    """(a) Exact covariances at gamma = 1/(2 N). (b) On regression with 50 samples, bounds of W2^2 to the posterior.

    (c) Runs on breast cancer. (d) The bias of the mean on the line.
    """
    rows = [71, 142, 284, 569]
    chains, error, bound = _on_breast_cancer(rows)
    scales = 4 ** np.arange(1, 6)
    bias, first = _biases(scales)
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
            "chains": (("pair", "rows"), chains, {"units": "theta^2"}),
            "error": (("pair", "rows"), error, {"units": "theta^2"}),
            "bound": ("rows", bound, {"units": "theta^2"}),
            "bias": (("line", "scale"), bias),
            "first_order": (("line", "scale"), first),
            "gamma_max": limit,
            "gamma_max_lmc": full,
        },
        coords={"N": sizes, "law": list(traces), "gamma": steps, "sampler": list(names)}
        | {"rows": rows, "pair": list(SAMPLERS), "scale": scales, "line": ["lmc", *SAMPLERS]},
        attrs={"source": "Brosse, Durmus, Moulines (2018), arXiv:1811.10072"},
    )


LABELS = {"posterior": "posterior", "lmc": "LMC", "sgldfp": "SGLDFP", "sgld": "SGLD", "sgd": "SGD"}
STYLES = {"posterior": "-", "lmc": "--", "sgldfp": ":", "sgld": "-", "sgd": "--"}


def draw(data: xr.Dataset) -> Any:
    """Four panels at a paper's text width."""
    import matplotlib.pyplot as plt

    figure, ((left, right), (real, line)) = plt.subplots(2, 2, figsize=(6.6, 5.0))
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
    for name in data.pair.values:
        at = data.sel(pair=name)
        real.fill_between(
            data.rows, at.chains - 3 * at.error, at.chains + 3 * at.error, color=colour[name], alpha=0.3, lw=0
        )
        real.loglog(
            data.rows, at.chains, STYLES[name], color=colour[name], marker="o", ms=3, label=f"{LABELS[name]}, runs"
        )
    real.loglog(data.rows, data.bound, "--", color=COLOURS[6], lw=0.9, label=r"bound $d/(\mu(1 - \gamma L_h/2))$")
    real.set(xlabel="rows $N$ of breast cancer", ylabel=r"$\mathbb{E}\|\theta - \theta^*\|^2$", ylim=(None, 60))
    real.set_xticks(data.rows.values, [str(n) for n in data.rows.values])
    real.minorticks_off()
    real.set_title(r"(c) Logistic regression, $\gamma = 1/L_h$")
    real.legend(loc="upper right")
    for name, marker in zip(data.line.values, "s^o", strict=True):
        at = data.sel(line=name)
        line.loglog(data.scale, at.bias, marker, ms=3.5, color=colour[name], label=LABELS[name])
        line.loglog(data.scale, at.first_order, STYLES[name], color=colour[name], lw=0.9)
    line.set(xlabel="number of samples $N$", ylabel=r"$|\mathbb{E}\theta - \theta^*|$")
    line.set_title(r"(d) Bias of the mean, $\gamma = 0.2/N$ (lines: first order)")
    line.legend()
    return figure
