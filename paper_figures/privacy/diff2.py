r"""DIFF2: utility by the number of samples, the sawtooth of the estimator's error, and gradients on the breast cancer data.

(a) Mean squared gradient of long runs on $\|x\|^2/2$ at $\mu = 1$: exact (marks), each method at its best, over its bound (lines);
the bounds cross at 9.55 samples. (b) Exact error of the estimator, restarted every 10 rounds, with the mean and the middle 90 % of
simulated runs; dashed the error if the noise on a difference does not shrink with the step. (c) Squared gradient on the breast
cancer data at $(3, 10^{-5})$ and $(5, 10^{-5})$, median and middle 80 % of runs, each method at its best setting of a grid: here
DIFF2 is not better, though its bound is; dotted the end of gradient descent without noise.
"""

from typing import Any

import numpy as np
import xarray as xr

from gradproof.experiments.engine.backend import backend
from gradproof.experiments.engine.draws import Draws, keys
from gradproof.experiments.engine.run import run
from gradproof.experiments.privacy.diff2 import instances, measures_runs, measures_utility, methods
from gradproof.paper_figures.style import COLOURS
from gradproof.solvers import private_descent
from gradproof.theory.privacy import diff2 as paper

PLAIN = tuple(measures_utility.PLAIN[k] for k in measures_utility.KEYS)
CHAINS = {"diff2": "DIFF2", "descent": "private GD"}


def compute(*, budget: str = "quick") -> xr.Dataset:
    """``bound``, ``exact`` (algorithm, n); ``error`` (noise, round), ``chain`` (quantile, round).

    ``gradient`` (algorithm, eps, quantile, step), the step as a share of the run.
    """
    sizes = [10, 30, 100, 300, 1000] if budget == "quick" else [10, 20, 50, 100, 200, 500, 1000, 2000, 5000]
    fine = np.geomspace(5, 2e4, 40)
    best = {"diff2": private_descent.best, "descent": private_descent.best_descent}
    exact = [[float(best[m](n, PLAIN)) for n in sizes] for m in CHAINS]
    ours = [float(paper.OPTIMAL.bound(A=4 * 2**0.5 / n, B=8 / n**2, s=1.0)) ** (1 / 3) for n in fine]
    theirs = [float(paper.DPGD_RATE.bound(L=1, G=1, Delta=1, d=1, n=int(n), mu=float(n / int(n)))) for n in fine]
    errors, chain = _errors(2000 if budget == "quick" else 20_000)
    words, radii = keys("none", settings=[0], seeds=[0]), (measures_runs.G, measures_runs.L)
    problem, on = instances.logistic("breast_cancer"), backend("numpy")
    end = measures_runs.trained(problem, on, words, np.zeros(30), (0.0, 0.0), 200, 1, 4.0, radii, every=200).g.values
    return xr.Dataset(
        {
            "bound": (["algorithm", "n_bound"], [ours, theirs]), "exact": (["algorithm", "n"], exact),
            "error": (["noise", "round"], errors), "chain": (["quantile", "round"], chain),
            "gradient": (["algorithm", "eps", "quantile", "step"], _gradients(12 if budget == "quick" else 60)),
            "noiseless": float(end[0, 0, -1]),
        },
        coords={
            "algorithm": list(CHAINS), "n": sizes, "n_bound": fine, "noise": ["shrinking", "fixed"], "round": range(len(errors[0])),
            "quantile": ["low", "middle", "high"], "eps": [3, 5], "step": np.linspace(0, 1, 21),
        },
        attrs={
            "source": "Murata, Suzuki (2023), arXiv:2302.03884", "budget": budget,
            "crossover": float(paper.CROSSOVER.bound(L=1, G=1, Delta=1, d=1)),
        },
    )  # fmt: skip


def _errors(size: int) -> tuple[list[list[float]], np.ndarray]:
    """E|e_r|^2 by the exact recursion, with shrinking and with fixed noise, and of simulated runs."""
    c: Any = measures_utility.CARD
    q, R, T, tau = c["quadratic"], c["R"], c["T"], float(c["tau"])
    exact = [
        [float(e) for e in q.moments(c["eta"], R, T, c["sigma_1"] ** 2, c["tau"] ** 2, fixed=f).error[:R]]
        for f in (False, True)
    ]
    problem = methods.Quadratic(np.array(q.h, float), np.zeros((1, q.d)))
    method = methods.diff2(problem, float(c["eta"]), T, float(c["sigma_1"]), tau, 1e9, 1e9)
    words = keys("figure", settings=[0], seeds=range(min(size, 2000)))
    x0 = np.broadcast_to(np.array(q.y0, float), (1, words.shape[1], q.d)).copy()
    record = {"e": lambda s: ((s.v - methods.gradient(problem, s.x_prev)) ** 2).sum(-1)}
    e = run(method, x0, R, draw=lambda t: methods.noise(Draws(words, t), q.d), record=record).e.values[0, :, 1:]
    return exact, np.stack([np.quantile(e, 0.05, axis=0), e.mean(axis=0), np.quantile(e, 0.95, axis=0)])


def _gradients(seeds: int) -> np.ndarray:
    """Quantiles of the squared gradient over the share of the run, (algorithm, eps, 3, 21)."""
    on, problem, out = backend("numpy"), instances.logistic("breast_cancer"), []
    for what in CHAINS:
        R, T, eta = measures_runs.BEST[what]
        words = keys("figure", what, settings=[0], seeds=range(seeds))
        radii = (measures_runs.G, measures_runs.CURVATURE)
        rows = []
        for eps in (3, 5):
            spread = instances.noises(*radii, 569, measures_runs.privacy(eps) ** 2, R, T)
            found = measures_runs.trained(problem, on, words, np.zeros(30), spread, R, T, eta, radii, every=R // 20)
            rows.append(np.quantile(found.g.values[0], [0.1, 0.5, 0.9], axis=0))
        out.append(rows)
    return np.array(out)


def draw(data: xr.Dataset) -> Any:
    """Three panels from the dataset alone."""
    import matplotlib.pyplot as plt

    figure, (utility, error, gradient) = plt.subplots(1, 3, figsize=(6.75, 2.5))
    for k, (key, name) in enumerate(CHAINS.items()):
        style = {"color": COLOURS[k]}
        utility.loglog(
            data.n_bound, data.bound.sel(algorithm=key), "-" if k == 0 else "--", label=f"bound, {name}", **style
        )
        utility.loglog(
            data.n, data.exact.sel(algorithm=key), "o" if k == 0 else "s", ms=3, label=f"exact, {name}", **style
        )
    utility.axvline(data.crossover, color="0.5", lw=0.7, ls=":")
    utility.set(xlabel="samples $n$", ylabel=r"mean $\|\nabla f\|^2$", title="(a) Utility: slopes $-4/3$ and $-1$")
    utility.set_ylim(1e-5, 1e3)
    utility.legend(loc="upper right")

    rounds = data["round"]
    error.fill_between(
        rounds, data.chain.sel(quantile="low"), data.chain.sel(quantile="high"), color=COLOURS[0], alpha=0.15, lw=0
    )
    error.plot(rounds, data.error.sel(noise="shrinking"), "-", color=COLOURS[0], label="exact")
    error.plot(rounds, data.chain.sel(quantile="middle"), ".", ms=2.5, color="black", label="simulated")
    error.plot(rounds, data.error.sel(noise="fixed"), "--", color=COLOURS[1], label="noise of one size")
    error.set(xlabel="round $r$", ylabel=r"$\mathbb{E}\|v_r - \nabla f(x_r)\|^2$", title="(b) Error of the estimator")
    error.set(yscale="log", ylim=(0.01, 30))
    error.legend(loc="upper right")

    for k, (key, name) in enumerate(CHAINS.items()):
        for eps, line in ((3, "-"), (5, "--")):
            part = data.gradient.sel(algorithm=key, eps=eps)
            if eps == 3:
                gradient.fill_between(
                    data.step, part.sel(quantile="low"), part.sel(quantile="high"), color=COLOURS[k], alpha=0.15, lw=0
                )
            label = rf"{name}, $\varepsilon = {eps}$"
            gradient.semilogy(data.step, part.sel(quantile="middle"), line, color=COLOURS[k], label=label)
    gradient.axhline(float(data.noiseless), ls=":", color="black", lw=0.9, label="without noise")
    gradient.set(xlabel="share of the run", ylabel=r"$\|\nabla f(x_r)\|^2$", title="(c) Breast cancer data")
    gradient.set_ylim(1e-5, 1)
    gradient.legend(loc="upper right")
    return figure
