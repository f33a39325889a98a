"""D-PSGD: runs on three graphs, steps to a given accuracy against the number of nodes, exact value and bounds against the step."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr

from gradproof.experiments.communication.dpsgd.methods import split_rows, trace
from gradproof.experiments.instances.minibatches import Minibatches
from gradproof.paper_figures.style import COLOURS
from gradproof.solvers import gossip
from gradproof.theory.communication import dpsgd

NODES = (1, 2, 4, 8, 16, 32)
EPSILON = 0.01


def steps_to(epsilon: float, n: int, *, c: float = 1.0, sigma2: float = 1.0, gap2: float = 4.0) -> int:
    """Least K at which D-PSGD with step c sqrt(n/K) has an average squared gradient of at most epsilon; h = 1, exact."""

    def average(K: int) -> float:
        return gossip.common_average(1.0, c * np.sqrt(n / K), n, sigma2, K, gap2)

    low, high = max(1, int(c * c * n)), 2  # shorter runs would take a step above one
    high = max(high, 2 * low)
    while average(high) > epsilon:
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if average(middle) <= epsilon else (middle, high)
    return high


def compute(*, budget: str = "quick") -> xr.Dataset:
    """Logistic regression on breast_cancer sorted by label (8 nodes); closed forms; exact recursions on a ring of 8."""
    steps, seeds = (120, 4) if budget == "quick" else (1500, 20)
    nodes = Minibatches(split_rows(8, sort=True), 4)
    halves = np.kron(np.eye(2), gossip.ring(4).astype(float))
    graphs = {
        "complete": gossip.complete(8).astype(float),
        "ring": gossip.ring(8).astype(float),
        "two rings of 4": halves,
    }
    gamma = 0.5 / float(np.max(nodes.problem.L_i))
    runs = [trace(nodes, W, gamma, steps, seeds=seeds, stream=("figure", "dpsgd")) for W in graphs.values()]
    needed = [steps_to(EPSILON, n) for n in NODES]
    slope = np.polyfit(np.log(NODES), np.log(needed), 1)[0]

    W, b, K = gossip.ring(8), np.sin(np.arange(8)), 200
    s = float(gossip.second_eigenvalue(W).high)
    gammas = np.geomspace(1e-3, 0.13, 25)
    known = {"L": 1.0, "n": 8, "s": s, "sigma2": 1.0, "zeta2": float(b.var()), "Delta": float((2 - b.mean()) ** 2 / 2)}
    exact = [gossip.quadratic_run(W.astype(float), 1.0, b, g, 1.0, K, 2.0).gradient for g in gammas]
    derived = [float(dpsgd.SHARPER.bound(gamma=float(g), K=K, **known)) / (2 - g) for g in gammas]
    largest = (1 - s) / (6 * np.sqrt(8))
    paper = [_theorem1(float(g), K, known) if g < largest else np.nan for g in gammas]
    return xr.Dataset(
        {
            "gradient": (("graph", "step"), [r.gradient.values[0].mean(axis=0) for r in runs], {"units": "squared"}),
            "consensus": (("graph", "step"), [r.consensus.values[0].mean(axis=0) for r in runs]),
            "consensus_least": (("graph", "step"), [r.consensus.values[0].min(axis=0) for r in runs]),
            "consensus_most": (("graph", "step"), [r.consensus.values[0].max(axis=0) for r in runs]),
            "needed": ("n", needed, {"units": "steps"}),
            "slope": ((), slope),
            "exact": ("gamma", exact),
            "derived": ("gamma", derived),
            "theorem1": ("gamma", paper),
        },
        coords={"graph": list(graphs), "step": runs[0].step.values, "n": list(NODES), "gamma": gammas},
        attrs={"source": "Lian et al. (2017), arXiv:1705.09056"},
    )


def _theorem1(gamma: float, K: int, known: dict[str, Any]) -> float:
    """The theorem as a bound on the average squared gradient: both gradients are equal for a common curvature."""
    at = {"gamma": gamma, "K": K, **known}
    d1 = float(dpsgd.D1.subs({p.symbol: at[p.name] for p in dpsgd.THEOREM1.parameters}))
    return float(dpsgd.THEOREM1.bound(**at)) / ((1 - gamma) / 2 + d1)


def draw(data: xr.Dataset) -> Any:
    """Three panels at a paper's text width."""
    import matplotlib.pyplot as plt
    from matplotlib.ticker import LogFormatter

    figure, (left, middle, right) = plt.subplots(1, 3, figsize=(7.2, 2.6))
    for colour, style, graph in zip(COLOURS, ("-", "--", ":"), data.graph.values, strict=False):
        left.semilogy(data.step[1:], data.consensus.sel(graph=graph)[1:], style, color=colour, label=str(graph))
        at = data.sel(graph=graph).isel(step=slice(1, None))
        left.fill_between(at.step, at.consensus_least, at.consensus_most, color=colour, alpha=0.2, lw=0)
        left.semilogy(data.step, data.gradient.sel(graph=graph), style, color="0.6", lw=0.8, zorder=1)
    left.set_xlabel("step")
    left.set_ylabel("disagreement; grey: $\\|\\nabla f(\\bar x_k)\\|^2$")
    left.legend()
    left.set_title("(a) 8 nodes; mean and range of seeds")
    needed = data.needed / 1000
    middle.loglog(data.n, needed, "o-", color=COLOURS[0], ms=4, label=f"exact, slope ${float(data.slope):.2f}$")
    middle.loglog(data.n, float(needed[0]) / data.n, ":", color=COLOURS[1], label="slope $-1$")
    for formatted in (middle.yaxis.set_major_formatter, middle.yaxis.set_minor_formatter):
        formatted(LogFormatter(minor_thresholds=(2, 0.4)))
    middle.set_xlabel("nodes $n$")
    middle.set_ylabel(rf"$10^3$ steps to $\mathbb{{E}}\|\nabla f(\bar x)\|^2 \leq {EPSILON}$")
    middle.legend()
    middle.set_title("(b) Linear speed-up")
    right.loglog(data.gamma, data.theorem1, "--", color=COLOURS[1], label="paper")
    right.loglog(data.gamma, data.derived, "-", color=COLOURS[0], label="derived")
    right.loglog(data.gamma, data.exact, "-.", color=COLOURS[2], label="exact")
    right.set_xlabel(r"step size $\gamma$")
    right.set_ylabel(r"average $\mathbb{E}\|\nabla f(\bar x)\|^2$")
    right.legend()
    right.set_title("(c) Ring of 8, $K = 200$")
    return figure
