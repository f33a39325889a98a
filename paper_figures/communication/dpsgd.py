"""D-PSGD: runs on three graphs, steps to a given accuracy against the number of nodes, exact value and bounds against the step."""

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

    low = max(1, int(c * c * n))  # shorter runs would take a step above one
    high = 2 * low
    while average(high) > epsilon:
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if average(middle) <= epsilon else (middle, high)
    return high


def compute(*, budget: str = "quick") -> xr.Dataset:
    """Logistic regression on breast_cancer sorted by label (8 nodes); closed forms; exact recursions on a ring of 8."""
    steps, seeds = (120, 4) if budget == "quick" else (1500, 20)
    nodes, halves = Minibatches(split_rows(8, sort=True), 4), np.kron(np.eye(2), gossip.ring(4).astype(float))
    graphs = {"complete": gossip.complete(8), "ring": gossip.ring(8), "two rings of 4": halves}
    gamma, stream = 0.5 / float(np.max(nodes.problem.L_i)), ("figure", "dpsgd")
    runs = [trace(nodes, W.astype(float), gamma, steps, seeds=seeds, stream=stream) for W in graphs.values()]
    needed = [steps_to(EPSILON, n) for n in NODES]

    W, b, K = gossip.ring(8), np.sin(np.arange(8)), 200
    s, gammas = float(gossip.second_eigenvalue(W).high), np.geomspace(1e-3, 0.13, 25)
    known = {"L": 1.0, "n": 8, "s": s, "sigma2": 1.0, "zeta2": float(b.var()), "Delta": float((2 - b.mean()) ** 2 / 2)}
    exact = [gossip.quadratic_run(W.astype(float), 1.0, b, g, 1.0, K, 2.0).gradient for g in gammas]
    derived = [float(dpsgd.SHARPER.bound(gamma=float(g), K=K, **known)) / (2 - g) for g in gammas]
    paper = [_theorem1(float(g), K, known) if g < (1 - s) / (6 * np.sqrt(8)) else np.nan for g in gammas]
    curves, disagreement = ("graph", "step"), [r.consensus.values[0] for r in runs]
    ends: dict[str, Any] = {"": np.mean, "_least": np.min, "_most": np.max}
    return xr.Dataset(
        {
            "gradient": (curves, [r.gradient.values[0].mean(axis=0) for r in runs], {"units": "squared"}),
            "needed": ("n", needed, {"units": "steps"}),
            "slope": ((), np.polyfit(np.log(NODES), np.log(needed), 1)[0]),
        }
        | {f"consensus{k}": (curves, [f(x, axis=0) for x in disagreement]) for k, f in ends.items()}
        | {name: ("gamma", values) for name, values in (("exact", exact), ("derived", derived), ("theorem1", paper))},
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
        at = data.sel(graph=graph).isel(step=slice(1, None))
        left.semilogy(at.step, at.consensus, style, color=colour, label=str(graph))
        left.fill_between(at.step, at.consensus_least, at.consensus_most, color=colour, alpha=0.2, lw=0)
        left.semilogy(data.step, data.gradient.sel(graph=graph), style, color="0.6", lw=0.8, zorder=1)
    left.set(xlabel="step", title="(a) 8 nodes; mean and range of seeds")
    left.set_ylabel("disagreement; grey: $\\|\\nabla f(\\bar x_k)\\|^2$")
    needed, label = data.needed / 1000, f"exact, slope ${float(data.slope):.2f}$"
    middle.loglog(data.n, needed, "o-", color=COLOURS[0], ms=4, label=label)
    middle.loglog(data.n, float(needed[0]) / data.n, ":", color=COLOURS[1], label="slope $-1$")
    for formatted in (middle.yaxis.set_major_formatter, middle.yaxis.set_minor_formatter):
        formatted(LogFormatter(minor_thresholds=(2, 0.4)))
    accuracy = rf"$10^3$ steps to $\mathbb{{E}}\|\nabla f(\bar x)\|^2 \leq {EPSILON}$"
    middle.set(xlabel="nodes $n$", ylabel=accuracy, title="(b) Linear speed-up")
    right.loglog(data.gamma, data.theorem1, "--", color=COLOURS[1], label="paper")
    right.loglog(data.gamma, data.derived, "-", color=COLOURS[0], label="derived")
    right.loglog(data.gamma, data.exact, "-.", color=COLOURS[2], label="exact")
    error = r"average $\mathbb{E}\|\nabla f(\bar x)\|^2$"
    right.set(xlabel=r"step size $\gamma$", ylabel=error, title="(c) Ring of 8, $K = 200$")
    for panel in (left, middle, right):
        panel.legend()
    return figure
