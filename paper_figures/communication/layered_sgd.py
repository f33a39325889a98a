"""Layered SGD: efficiency against the number of workers, training curves, and how far the order of sums drives runs apart."""

from dataclasses import replace
from typing import Any

import numpy as np
import xarray as xr

from gradproof.experiments.communication.layered_sgd import methods
from gradproof.experiments.communication.layered_sgd.measures import CLUSTER
from gradproof.experiments.communication.layered_sgd.measures_runs import pair, rounding_of_a_step, steepest, sums_apart
from gradproof.experiments.engine.backend import backend as array_library
from gradproof.experiments.engine.run import run, start
from gradproof.paper_figures.style import COLOURS
from gradproof.solvers import all_reduce
from gradproof.solvers.summation import consecutive, mean_of_means
from gradproof.theory.communication import layered_sgd as ls

WORKERS = tuple(4 * 2**k for k in range(9))
SLOW = 0.01  # mean of the exponential part of a worker's computation (s)
UNEQUAL = (40, 20, 4)


def iterations(kind: str, N: int, waits: np.ndarray) -> np.ndarray:
    """Times of the iterations event by event, (T,), where the slowest worker of iteration k is ``waits[k]`` later."""
    T, a_n = len(waits), float(all_reduce.ring(N, CLUSTER.m, CLUSTER.between))
    if kind == "layered":
        tasks, last = all_reduce.layered_iterations(T, CLUSTER.times(N, N // 4)), "broadcast"
    else:
        flat = (CLUSTER.T_comp, CLUSTER.T_io, a_n)
        tasks, last = all_reduce.flat_iterations(T, *flat, prefetch=kind == "prefetching"), "load"
    for k in range(T):
        task = tasks["compute", k]
        tasks["compute", k] = replace(task, time=float(task.time) + waits[k])
    done = all_reduce.simulate(tasks)
    ends = [done["load", 0], *(done[last, k + (last == "load")] for k in range(T))]
    if kind == "prefetching":  # the next gradient waits for the all-reduce
        ends = [done["load", 0], *(done["all-reduce", k] for k in range(T))]
    return np.diff(np.array(ends, float))


def expected(kind: str, N: int) -> float:
    """The model: t_layered and t_flat, of which the second with the first's claim on what is saved; tau H_N for the slowest."""
    t, a_n = CLUSTER.times(N, N // 4), all_reduce.ring(N, CLUSTER.m, CLUSTER.between)
    slowest = float(ls.STRAGGLER.bound(tau=SLOW, N=N))
    layered = t.T_comp + t.R + max(t.T_io, t.A_G) + t.B
    saved = ls.TIME.bound(T_io=t.T_io, R=t.R, B=t.B, A_G=t.A_G, A_N=a_n)
    known = {"layered": layered, "flat": float(layered) + float(saved), "prefetching": t.T_comp + a_n}
    return float(known[kind]) + slowest


def compute(*, budget: str = "quick") -> xr.Dataset:
    """Events with exponential waits (groups of 4 workers); digits, sorted by label, on 64 workers, 4 rows each a step."""
    T, steps = (200, 60) if budget == "quick" else (2000, 600)
    rng, kinds = np.random.default_rng(0), ("flat", "layered", "prefetching")
    alone = float(CLUSTER.T_comp + CLUSTER.T_io) + SLOW
    shares = [[alone / iterations(k, N, rng.exponential(SLOW, (T, N)).max(axis=1)) for N in WORKERS] for k in kinds]

    P, b = methods.digits(64, sort=True), 4
    eta, record = 1 / steepest(P, b), {"x": lambda s: s.x}
    order, x0 = consecutive([8] * 8), start(np.zeros(P.dim))
    rules = [
        methods.in_groups(consecutive([64])), methods.in_groups(order), lambda v: mean_of_means(v, consecutive(UNEQUAL)),
    ]  # fmt: skip
    runs = run(
        methods.layered_sgd(P, eta, rules), start(np.zeros(P.dim), settings=3), steps, record=record, draw=P.in_order(b)
    )
    X = runs.x.values[:, 0]
    single = run(pair(P, eta, order), x0, steps, record={**record, "y": lambda s: s.y}, draw=P.in_order(b))
    apart = np.linalg.norm(single.x.values[0, 0] - single.y.values[0, 0], axis=-1)
    off = sums_apart(P, single.x.values[0, 0, :-1], P.in_order(b), order, array_library("numpy"))
    eps = float(off[-1]) + 2 * rounding_of_a_step(P, b, 64, eta, X)
    bound = [np.nan] + [
        float(ls.ROUNDING_DRIFT.bound(eta=eta, L=1 / eta, T=t, eps=eps)) ** 0.5 for t in range(1, steps + 1)
    ]
    return xr.Dataset(
        {
            "efficiency": (("kind", "N"), np.mean(shares, axis=-1)),
            "low": (("kind", "N"), np.quantile(shares, 0.1, axis=-1)),
            "high": (("kind", "N"), np.quantile(shares, 0.9, axis=-1)),
            "model": (("kind", "N"), [[alone / expected(k, N) for N in WORKERS] for k in kinds]),
            "loss": (("rule", "step"), P.loss(X), {"units": "nat"}),
            "double": ("step", np.linalg.norm(X[1] - X[0], axis=-1)),
            "single": ("step", apart),
            "means": ("step", np.linalg.norm(X[2] - X[0], axis=-1)),
            "bound": ("step", bound),
        },
        coords={
            "kind": list(kinds),
            "N": list(WORKERS),
            "rule": ["flat", "layered", "means"],
            "step": runs.step.values,
        },
        attrs={"source": "Yu et al. (2019), arXiv:1906.05936", "eps": eps},
    )


def draw(data: xr.Dataset) -> Any:
    """Three panels at a paper's text width."""
    import matplotlib.pyplot as plt

    figure, (left, middle, right) = plt.subplots(1, 3, figsize=(7.2, 2.6))
    looks = {
        "layered": ("-", "o", "layered"),
        "flat": ("--", "s", "flat"),
        "prefetching": (":", "^", "flat, prefetching"),
    }
    for colour, (kind, (style, marker, label)) in zip(COLOURS, looks.items(), strict=False):
        at = data.sel(kind=kind)
        left.semilogx(at.N, at.model, style, color=colour)
        left.plot(at.N, at.efficiency, marker, color=colour, ms=3)
        left.plot([], [], f"{style}{marker}", color=colour, ms=3, label=label)
        left.fill_between(at.N, at.low, at.high, color=colour, alpha=0.15, lw=0)
    left.set(xlabel="workers $N$, four a group", ylabel="time of one worker / time", ylim=(0.6, 1.75))
    left.set_title("(a) Efficiency: model and events")
    left.legend(loc="upper right")
    loss = data.loss
    middle.plot(loss.step, loss.sel(rule="flat"), "-", color=COLOURS[1], lw=3, alpha=0.5, label="synchronous")
    middle.plot(loss.step, loss.sel(rule="layered"), "--", color=COLOURS[0], label="layered, 8 groups")
    middle.plot(loss.step, loss.sel(rule="means"), ":", color=COLOURS[2], label="mean of means")
    middle.set(xlabel="step", ylabel="loss (nat)", ylim=(0.9, 3.0), title="(b) Sorted digits, 64 workers")
    middle.legend(loc="upper right")
    after = data.isel(step=slice(1, None))
    right.loglog(after.step, after.means, ":", color=COLOURS[2], label="mean of means")
    right.loglog(after.step, after.bound, "-", color=COLOURS[6], label="bound on drift")
    right.loglog(after.step, after.single, "-.", color=COLOURS[3], label="float32 sums")
    right.loglog(after.step, np.maximum(after.double, 1e-18), "--", color=COLOURS[0], label="float64 sums")
    right.set(xlabel="step", ylabel=r"$\|x_{\mathrm{layered}} - x_{\mathrm{flat}}\|$", ylim=(1e-17, 1e7))
    right.set_title("(c) Apart by rounding, or by bias")
    right.legend(loc="upper left", ncols=2, columnspacing=1, handlelength=1.6)
    return figure
