"""Two-layer ReLU networks: distance to the certified optimum, the value against sampled patterns, robust decisions."""

from typing import Any

import numpy as np
import xarray as xr

from gradproof.experiments.engine.run import run, start
from gradproof.experiments.instances.two_layer import Training
from gradproof.experiments.networks.convex_relu.instances import LABELS, PLANE, SPACE, patterns, program, solution
from gradproof.experiments.networks.convex_relu.methods import adam, admm, gradient_descent, splitting
from gradproof.paper_figures.style import COLOURS
from gradproof.solvers.relu_program import network_of, sample_patterns, train
from gradproof.solvers.relu_program.robust import robust_train

BETA = 0.1
SIZES = (2, 4, 8, 16, 32)
EPS = 0.2


def value(P_s: int, rng: np.random.Generator) -> float:
    """Of the program on B over sampled patterns."""
    return train(program(SPACE, BETA, sample_patterns(SPACE.X, P_s, rng)), gap=1e-5).upper


def compute(*, budget: str = "quick") -> xr.Dataset:
    """Runs of ADMM, gradient descent and Adam on A; values over sampled patterns of B; outputs of two classifiers on A."""
    problem, found = program(PLANE, BETA), solution(PLANE, BETA)
    steps, seeds, repeats = (600, 6, 12) if budget == "quick" else (2000, 20, 60)
    p = splitting(problem)
    x0, record = start(np.zeros(2 * p.S.shape[0] * 2)), {"v": lambda q: q.v.reshape(*q.v.shape[:2], -1)}
    blocks = run(admm(p), x0, steps, record=record).v.values[0, 0]
    values = np.array([problem.objective(v.reshape(2, -1, 2)) for v in blocks])
    training = Training(problem.X, problem.y, BETA, m=4)
    rng = np.random.default_rng(0)
    starts = rng.standard_normal((1, seeds, 4 * 3))
    record = {"objective": lambda q: training.objective(q.w)}
    methods = {"gd": gradient_descent(training, 0.02), "adam": adam(training, 0.02)}
    descents = {k: run(m, starts, steps, record=record).objective.values[0] for k, m in methods.items()}
    sampled = np.array([[value(P, rng) for _ in range(repeats)] for P in SIZES]) / solution(SPACE, BETA).upper - 1
    side = np.linspace(-2.8, 2.8, 141)
    grid = np.stack(np.meshgrid(side, side), axis=-1).reshape(-1, 2)
    nets = [network_of(robust_train(PLANE.X, LABELS, 0.01, eps, patterns(PLANE)).blocks) for eps in (0.0, EPS)]
    return xr.Dataset(
        {
            # ADMM's point may lie slightly outside the cones, where the objective is below the optimum
            "admm": ("step", np.abs(values - found.lower), {"units": "objective"}),
            **{k: (("seed", "step"), v - found.lower, {"units": "objective"}) for k, v in descents.items()},
            "above": (("P_s", "repeat"), np.maximum(sampled, 1e-6), {"units": "relative"}),
            "output": (("eps", "row", "column"), [net(grid).reshape(141, 141) for net in nets]),
            "optimum": ((), found.lower),
            "best_descent": ((), float(min(v[:, -1].min() for v in descents.values()) - found.lower)),
        },
        coords={"step": np.arange(steps + 1), "P_s": list(SIZES), "eps": [0.0, EPS], "row": side, "column": side},
        attrs={"source": "Bai, Gautam, Sojoudi (2022), arXiv:2201.01965"},
    )


def draw(data: xr.Dataset) -> Any:
    """Three panels at a paper's text width."""
    import matplotlib.pyplot as plt

    figure, (left, middle, right) = plt.subplots(1, 3, figsize=(7.2, 2.5))
    for colour, name, label in ((COLOURS[1], "gd", "gradient descent"), (COLOURS[2], "adam", "Adam")):
        for k in range(data.sizes["seed"]):
            left.semilogy(data.step, data[name][k], "-", color=colour, lw=0.7, label=label if k == 0 else None)
    left.semilogy(data.step, data.admm, "-", color=COLOURS[0], lw=1.4, label="ADMM")
    left.set(xlabel="step", ylabel="objective $- p^*$ (certified)", title="(a) Convex and non-convex")
    left.set_ylim(1e-7, 1e5)  # room for the legend
    left.legend(loc="upper right")
    positions = np.arange(data.sizes["P_s"])
    middle.boxplot(data.above.values.T, positions=positions, widths=0.6, medianprops={"color": COLOURS[0]},
                   flierprops={"markersize": 3})  # fmt: skip
    middle.set(xlabel="sampled patterns $P_s$ (of 32)", ylabel="value$/p^* - 1$", yscale="log")
    middle.set_title("(b) Sampled patterns")
    middle.set_xticks(positions, [str(int(v)) for v in data.P_s])
    x = np.array(PLANE.X, float)
    right.plot([], [], "o", color=COLOURS[2], ms=3.5, label="class $+1$")
    right.plot([], [], "s", color=COLOURS[3], ms=3.5, label="class $-1$")
    for k, (colour, style, label) in enumerate(((COLOURS[1], "--", "standard"), (COLOURS[0], "-", "robust"))):
        right.contour(data.column, data.row, data.output[k], levels=[0.0], colors=[colour], linestyles=[style])
        right.plot([], [], style, color=colour, label=label)
    for point, sign in zip(x, LABELS, strict=True):
        right.add_patch(plt.Rectangle(tuple(point - EPS), 2 * EPS, 2 * EPS, fill=False, color="0.6", lw=0.7))
        right.plot(*point, "o" if sign > 0 else "s", color=COLOURS[2] if sign > 0 else COLOURS[3], ms=3.5)
    right.set(xlabel="$x_1$", ylabel="$x_2$", aspect="equal", xlim=(-2.8, 2.8), ylim=(-2.8, 2.8))
    right.legend(loc="lower right", ncols=2, fontsize=6, handlelength=1, columnspacing=0.8)
    right.set_title(r"(c) Zero level; boxes $\pm 0.2$")
    return figure
