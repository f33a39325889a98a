"""Programmable variational inference: guides of the noisy cone, their bounds, variances of strategies, and ascent under its bound.

(a) The posterior's circle r = 5 with draws of the best mean-field guide and of the angular guide. (b) The bounds of both guides by
the number of particles, mean and two standard errors; lines: exact integrals; crosses: what the authors' artifact prints, of guides
that were trained for each bound.
(c) Total variance of the gradient on the two-site model, exactly, for the nine pairs of strategies (that of enum/enum is 0).
(d) Ascent on one site by REINFORCE, step 0.1: running mean of F'^2 over the steps, median and range of the runs, below the bound.
"""

import math
from typing import Any

import numpy as np
import xarray as xr
from scipy.optimize import minimize

from gradproof.experiments.engine.draws import Draws, keys
from gradproof.experiments.engine.run import run, start
from gradproof.experiments.instances import noisy_cone
from gradproof.experiments.sampling.programmable_vi import models
from gradproof.experiments.sampling.programmable_vi.measures import PAIRS
from gradproof.experiments.sampling.programmable_vi.methods import ascent
from gradproof.paper_figures.style import COLOURS
from gradproof.solvers.dual_estimators import Exact, inputs, variance
from gradproof.theory.sampling import programmable_vi as paper

PARTICLES = (1, 2, 5, 10, 20, 50, 100)
WIDTH = math.exp(-3.1)  # of the ring, where IWHVI with five particles is best
ARTIFACT = {"gaussian": {1: -8.076, 5: -7.674}, "ring": {1: -9.751, 5: -8.183}}
T0, ETA, STEPS = -2.0, 0.1, 400


def compute(*, budget: str = "quick") -> xr.Dataset:
    """``draws`` (guide, n, axis); ``bound`` (K, guide), ``error``; ``variance`` (pair,); ``slope`` (seed, step), ``above`` (step,).

    Attributes: log evidence, ELBO of the mean-field guide and of the ring's marginal.
    """
    n, seeds = (2000, 40) if budget == "quick" else (50_000, 200)
    rng = np.random.default_rng(0)
    found = minimize(lambda t: -noisy_cone.gaussian_elbo(t), [2.2, 0.0, -3.4, -1.3], method="BFGS")
    ring, t = noisy_cone.ring(WIDTH), found.x
    z = rng.normal(size=(2, n * max(PARTICLES) // 20))
    x, y = t[0] + math.exp(t[2]) * z[0], t[1] + math.exp(t[3]) * z[1]
    log_w = noisy_cone.log_joint(x * x + y * y) + (z**2).sum(axis=0) / 2 + t[2] + t[3] + math.log(2 * math.pi)
    angle = 2 * np.pi * rng.uniform(size=300)
    around = ring.R * np.array([np.cos(angle), np.sin(angle)]) + WIDTH * rng.normal(size=(2, 300))
    bounds = []
    for K in PARTICLES:
        means = np.logaddexp.reduce(log_w[: log_w.size // K * K].reshape(-1, K), axis=1) - math.log(K)
        rungs = ring.hierarchical(noisy_cone.log_joint, K - 1, rng, n)
        bounds.append([(v.mean(), v.std() / math.sqrt(v.size)) for v in (means, rungs)])
    laws = [models.two_sites(*pair)(Exact(), inputs(models.START)) for pair in PAIRS]
    streams, site = keys("figure", settings=[0], seeds=range(seeds)), models.OneSite()
    data = run(ascent(models.one_site("reinforce", path=False), ETA), start([T0], seeds=seeds), STEPS,
               record={"theta": lambda s: s.theta[..., 0]}, draw=lambda k: Draws(streams, k).uniform((1,)))  # fmt: skip
    squares = site.slope(data.theta.values[0, :, :STEPS]) ** 2
    above = paper.ASCENT.bound(
        eta=ETA, T=np.arange(1.0, STEPS + 1), L=site.smoothness(), sigma2=site.largest_variance(),
        gap0=site.best - float(site.value(T0)),
    )  # fmt: skip
    values, errors = np.moveaxis(np.array(bounds), 2, 0)
    return xr.Dataset(
        {
            "draws": (["guide", "n", "axis"], [np.array([x[:300], y[:300]]).T, around.T]),
            "bound": (["K", "guide"], values), "error": (["K", "guide"], errors),
            "variance": (["pair"], [float(sum(variance(law))) for law in laws]),
            "slope": (["seed", "step"], np.cumsum(squares, axis=1) / np.arange(1, STEPS + 1)), "above": (["step"], above),
        },
        coords={"guide": ["gaussian", "ring"], "K": list(PARTICLES), "pair": ["/".join(p) for p in PAIRS], "axis": ["x", "y"],
                "step": np.arange(1, STEPS + 1)},
        attrs={"source": "Becker et al. (2024), arXiv:2406.15742", "evidence": noisy_cone.log_evidence()[0],
               "elbo": -float(found.fun), "marginal": ring.elbo(noisy_cone.log_joint)[0], "budget": budget},
    )  # fmt: skip


def draw(data: xr.Dataset) -> Any:
    """Four panels from the dataset alone."""
    import matplotlib.pyplot as plt

    figure, ((guides, bounds), (bars, rate)) = plt.subplots(2, 2, figsize=(6.75, 5.2))
    angle = np.linspace(0, 2 * np.pi, 200)
    radius = math.sqrt(noisy_cone.SEEN)
    guides.plot(radius * np.cos(angle), radius * np.sin(angle), color="0.6", lw=0.8, label="$x^2 + y^2 = 5$")
    named = {"ring": ("angular guide", ".", COLOURS[1]), "gaussian": ("mean field", "+", COLOURS[0])}
    for guide, (label, mark, colour) in named.items():
        at = data.draws.sel(guide=guide)
        guides.plot(at[:, 0], at[:, 1], mark, ms=3, color=colour, alpha=0.6, label=label)
    guides.set(xlabel="$x$", ylabel="$y$", title="(a) Two guides of the noisy cone", aspect="equal")
    guides.legend(loc="center", frameon=False)

    for (guide, (_, _, colour)), style, name in zip(
        named.items(), ("--", "-"), ("$H_{K-1}$", r"$\mathcal{L}_K$"), strict=True
    ):
        value, error = data.bound.sel(guide=guide), 2 * data.error.sel(guide=guide)
        bounds.fill_between(data.K, value - error, value + error, color=colour, alpha=0.3, lw=0)
        bounds.semilogx(data.K, value, style, color=colour, label=name)
        bounds.plot(*zip(*ARTIFACT[guide].items(), strict=True), "x", ms=5, color=colour)
    bounds.plot([], [], "x", ms=5, color="0.4", label="artifact")
    bounds.axhline(data.attrs["evidence"], color="black", lw=0.8, label=r"$\log p(z)$")
    bounds.axhline(data.attrs["marginal"], color=COLOURS[1], ls=":", label="ring's marginal")
    bounds.set(xlabel="particles $K$", ylabel="bound", title="(b) Bounds of its log evidence", ylim=(-10.2, -4.9))
    bounds.legend(loc="lower right", ncols=2)

    order = np.argsort(data.variance.values)[1:]
    bars.barh(np.arange(8), data.variance[order], color=COLOURS[2], height=0.6)
    bars.set_yticks(np.arange(8), data.pair.values[order])
    for k, v in enumerate(data.variance.values[order]):
        bars.text(v + 0.06, k, f"{v:.3g}", va="center", fontsize=7)
    bars.set(xlabel="total variance of $d$, exact", title="(c) Strategies at sites 1/2", xlim=(0, 5.3))
    bars.grid(axis="y", visible=False)

    low, mid, high = np.quantile(data.slope.values, [0, 0.5, 1], axis=0)
    rate.fill_between(data.step, low, high, color=COLOURS[0], alpha=0.25, lw=0)
    rate.loglog(data.step, mid, color=COLOURS[0], label="median and range of the runs")
    rate.loglog(data.step, data.slope.mean("seed"), "--", color=COLOURS[1], label="mean")
    rate.loglog(data.step, data.above, ":", color="black", label="bound")
    rate.set(xlabel="steps $T$", ylabel=r"mean of $F'(\theta_t)^2$, $t < T$", title="(d) Ascent by REINFORCE")
    rate.legend(loc="upper right")
    return figure
