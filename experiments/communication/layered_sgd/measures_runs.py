"""Layered SGD as runs: softmax regression on digits by many workers, float32 and float64 sums, sampled rates and waits."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from array_api_compat import array_namespace

from gradproof.experiments.communication.layered_sgd import measures, methods
from gradproof.experiments.communication.layered_sgd.methods import SoftmaxWorkers, equal_groups, in_groups, layered_sgd
from gradproof.experiments.engine.backend import backend as array_library
from gradproof.experiments.engine.backend import to_numpy
from gradproof.experiments.engine.draws import Draws, split
from gradproof.experiments.engine.measure import Sample, around, cases, measure
from gradproof.experiments.engine.run import Method, run, start
from gradproof.experiments.engine.values import EPS
from gradproof.solvers.summation import Groups, consecutive, depth, layered_mean, mean_of_means, weights_excess
from gradproof.theory.communication import layered_sgd as ls

Array = Any
SINGLE = 2.0**-24  # unit roundoff of float32


def layouts(N: int) -> list[Groups]:
    """One group, 4, 8 and 16 equal ones where they can be, and unequal ones."""
    return [*(equal_groups(N, G) for G in (1, 4, 8, 16) if N % G == 0), consecutive([N - N // 2 - 1, N // 2, 1])]


def steepest(P: SoftmaxWorkers, b: int) -> float:
    """The smoothness constant of the steepest batch loss of a pass, b rows a worker."""
    rows = P.in_order(b)
    return max(SoftmaxWorkers(P.X[r.ravel()], P.Y[r.ravel()], 1).L for r in map(rows, range(-(-P.m // b))))


def rounding_of_a_step(P: SoftmaxWorkers, b: int, h: int, eta: float, X: np.ndarray) -> float:
    """Bound on the Euclidean norm of all rounding errors of one step from the points X (..., dim), as an error of the gradient.

    A margin is a sum of d products, off by delta = d EPS (sum_j |a_j|) max |x|; a probability then by at most
    6 delta + (c + 20) EPS, c classes; an entry of the gradient, over b rows, by b + 2 roundings more. The aggregate adds h
    roundings of gradients of norm sqrt 2 ||a||, the step itself two of the size of x/eta and of the gradient. EPS is twice
    the unit roundoff.
    """
    d, c = P.X.shape[1], P.Y.shape[1]
    delta = d * np.abs(P.X).sum(axis=1).max() * np.abs(X).max() * EPS
    entry = 6 * delta + (c + b + 22) * EPS
    gradient = np.sqrt(2 * (P.X**2).sum(axis=1).max())
    return float(np.sqrt(P.dim) * entry + (h + 2) * EPS * gradient + 2 * EPS * np.linalg.norm(X, axis=-1).max() / eta)


def digits_in_layers(
    N: int, b: int, steps: int, backend: str, at: Sequence[int] | None = None
) -> tuple[Any, float, float]:
    """x (grouping, step, dim) of runs on digits from zero, the rounding error of a step, and the step size 1/L of a batch."""
    P, groups = methods.digits(N), layouts(N)
    eta, on = 1 / steepest(P, b), array_library(backend)
    moved = on.move(P)
    method = layered_sgd(moved, eta, [in_groups(g) for g in groups])
    x0 = on.asarray(start(np.zeros(P.dim), settings=len(groups)))
    X = run(method, x0, steps, record={"x": lambda s: s.x}, draw=moved.in_order(b), at=at).x.values[:, 0]
    return X, rounding_of_a_step(P, b, max(map(depth, groups)), eta, X), eta


def digits_by_layers(N: int, b: int, steps: int, backend: str) -> Any:
    """Iterates of softmax regression on digits in float64 with 4, 8, 16 and unequal groups, beside those without groups.

    All rounding errors are counted; by the claim on drift they add up to at most sqrt(T (T + 1)) eta times their size.
    """
    X, error, eta = digits_in_layers(N, b, steps, backend, [0, steps])
    x, y = X[1:, -1].ravel(), np.tile(X[0, -1], len(X) - 1)
    return around(x, np.full(x.shape, (steps + 1) * eta * 2 * error)), {"y": y}


SAME = ("partition", "one_division", "current", "own_rate")
measure(ls.EQUIVALENCE, cases(N=64, b=4, steps=10).guaranteeing(*SAME))(digits_by_layers)
LARGE = cases(size=[{"N": 64, "b": 4, "steps": 200}, {"N": 256, "b": 7, "steps": 200}])
measure(ls.EQUIVALENCE, LARGE.guaranteeing(*SAME), budget="full", name="digits_by_more_workers")(digits_by_layers)


def gradients_of_digits(N: int, backend: str) -> Array:
    """Gradients of the workers at zero, (N, dim), on a backend."""
    on = array_library(backend)
    P = on.move(methods.digits(N))
    with on.scope():
        return P.gradients(on.asarray(np.zeros((1, 1, P.dim))), P.in_order(4)(0))[0, 0, ...]


@measure(
    ls.MEAN_OF_MEANS,
    cases(sizes={"unequal": (40, 20, 4), "equal": (32, 32)}).guaranteeing("mean_of_means", "partition"),
)
def bias_on_digits(sizes, backend):
    """The same for the gradients of 64 workers on digits at zero, in float64."""
    N = sum(sizes)
    g = gradients_of_digits(N, backend)
    each = [g[i, ...] for i in range(N)]
    off = to_numpy(mean_of_means(each, consecutive(sizes)) - layered_mean(each, equal_groups(N, 1)))
    g = to_numpy(g)
    size, ends = np.abs(g).mean(axis=0) * N, np.cumsum((0, *sizes))
    sums = np.array([g[a:e].sum(axis=0) for a, e in pairwise(ends)])
    yield from (
        (around(off[j], 4 * N * EPS * size[j]), {"n": sizes, "s": list(sums[:, j]), "N": N})
        for j in np.argsort(size)[-5:]
    )


@measure(ls.MEAN_OF_MEANS_BIAS, cases(sizes=[(40, 20, 4), (57, 1, 1, 1, 1, 1, 1, 1)]).guaranteeing("mean_of_means"))
def squared_bias_on_digits(sizes, backend):
    """The same for gradients of 64 workers on digits."""
    g = to_numpy(gradients_of_digits(sum(sizes), backend))
    off = mean_of_means(list(g), consecutive(sizes)) - g.mean(axis=0)
    spread = float(((g - g.mean(axis=0)) ** 2).sum(axis=1).mean())
    return around(float(off @ off), 16 * len(g) * EPS * float((g**2).sum())), {
        "chi2": float(weights_excess(sizes)),
        "zeta2": spread,
    }


# --- rounding -----------------------------------------------------------------------------------------------------------


def single_precision_error(values: list[Array], groups: Groups) -> tuple[np.ndarray, np.ndarray]:
    """|fl - exact| of the layered mean in float32, and (1/N) sum |x|: of float32 arrays, the exact mean by float64 sums."""
    xp = array_namespace(values[0])
    wide = [xp.astype(v, xp.float64) for v in values]
    mean, size = sum(wide[1:], wide[0]) / len(wide), sum(map(xp.abs, wide[1:]), xp.abs(wide[0])) / len(wide)
    error = xp.abs(xp.astype(layered_mean(values, groups), xp.float64) - mean)
    return to_numpy(error), to_numpy(size)


ORDERS = {"flat": (64,), "8 of 8": (8,) * 8, "unequal": (40, 20, 4)}


@measure(ls.FLOAT, cases(sizes=ORDERS).guaranteeing(*measures.ROUNDED))
def rounding_of_digits(sizes, backend):
    r"""$|\mathrm{fl}(\bar G) - \bar G|$ of all entries of the gradients of 64 workers on digits, added up in float32."""
    on, g = array_library(backend), gradients_of_digits(sum(sizes), backend)
    with on.scope():
        xp = array_namespace(g)
        error, size = single_precision_error(
            [xp.astype(g[i, ...], xp.float32) for i in range(sum(sizes))], consecutive(sizes)
        )
    some = size > 0  # pixels that are blank in all rows
    h = depth(consecutive(sizes))
    return around(error[some], 2 * sum(sizes) * EPS * size[some]), {"u": SINGLE, "h": h, "M": size[some]}


def rounding_of_normal_vectors(sizes, d, chunk, keys, backend):
    """The same for normal vectors of length d, in pieces that fit into memory: the entry nearest to its bound."""
    on, groups, N = array_library(backend), consecutive(sizes), sum(sizes)
    words = on.asarray(split(keys("entries")[:, 0], N))[0, ...]
    worst, at = -1.0, 0.0
    for piece in range(-(-d // chunk)):
        with on.scope():
            v = Draws(words, piece).normal((min(chunk, d - piece * chunk),))
            xp = array_namespace(v)
            error, size = single_precision_error([xp.astype(v[i, ...], xp.float32) for i in range(N)], groups)
        k = int(np.argmax(error / size))
        if error[k] / size[k] > worst:
            worst, at = float(error[k] / size[k]), float(size[k])
    return around(worst * at, 2 * N * EPS * at), {"u": SINGLE, "h": depth(groups), "M": at}


LONG = cases(sizes={"flat": (16,), "4 of 4": (4, 4, 4, 4)}, chunk=2 * 10**6)
measure(ls.FLOAT, LONG.let(d=lambda: 10**8).guaranteeing(*measures.ROUNDED), budget="gpu")(rounding_of_normal_vectors)


class PairState(NamedTuple):
    """Iterates x with float32 sums and y with float64 sums, (setting, seed, dim)."""

    x: Array
    y: Array


def both_sums(g: Array, groups: Groups) -> tuple[Array, Array]:
    """The mean of gradients (..., n, dim) by layers in float32, and at once in float64."""
    xp = array_namespace(g)
    single = layered_mean([xp.astype(g[..., i, :], xp.float32) for i in range(g.shape[-2])], groups)
    return xp.astype(single, xp.float64), xp.mean(g, axis=-2)


def sums_apart(P: SoftmaxWorkers, x: Any, rows: Any, groups: Groups, on: Any) -> np.ndarray:
    """How far the two means were apart at most up to each step, at iterates x (step, dim)."""
    found = []
    for t, here in enumerate(x):
        with on.scope():
            single, wide = map(to_numpy, both_sums(P.gradients(on.asarray(here[None, None]), rows(t)), groups))
        found.append(np.linalg.norm(single - wide))
    return np.maximum.accumulate(found)


def pair(P: SoftmaxWorkers, eta: float, groups: Groups) -> Method:
    """Layered SGD whose gradients are added up in float32, beside SGD whose gradients are added up in float64."""

    def step(s: PairState, rows: Array) -> PairState:
        c, _ = both_sums(P.gradients(s.x, rows), groups)
        _, wide = both_sums(P.gradients(s.y, rows), groups)
        return PairState(s.x - eta * c, s.y - eta * wide)

    return Method(lambda x0: PairState(x0, x0 + 0), step)


@measure(ls.ROUNDING_DRIFT, cases(G=[1, 8], steps=8, b=4).guaranteeing(*measures.DRIFTS))
def drift_on_digits(G, steps, b, backend, N=64):
    r"""$\|x_T - y_T\|^2$ after 1 to 8 steps on digits, the gradients of 64 workers added up in float32 and in float64."""
    P, on = methods.digits(N), array_library(backend)
    L, moved, groups = steepest(P, b), on.move(P), equal_groups(N, G)
    rows, record = moved.in_order(b), {"x": lambda s: s.x, "y": lambda s: s.y}
    out = run(pair(moved, 1 / L, groups), on.asarray(start(np.zeros(P.dim))), steps, record=record, draw=rows)
    x, y = out.x.values[0, 0], out.y.values[0, 0]
    extra = 2 * rounding_of_a_step(P, b, N, 1 / L, np.stack([x[1:], y[1:]]))  # what float64 rounds besides
    apart, off = np.linalg.norm(x - y, axis=-1), sums_apart(moved, x[:-1], rows, groups, on)
    for t in range(steps):
        at = {"eta": 1 / L, "L": L, "T": t + 1, "eps": off[t] + extra}
        yield around(float(apart[t + 1] ** 2), 8 * P.dim * EPS * float(apart[t + 1] ** 2)), at


# --- sampled ------------------------------------------------------------------------------------------------------------


SAMPLED = cases(N=16, G=[1, 4], b=2, steps=60, seeds=12)
RATES = ("unbiased", "variance", "smooth", "lower_bounded")


@measure(ls.CONVERGENCE, SAMPLED.guaranteeing(*RATES))
def average_gradient_on_digits(N, G, b, steps, seeds, keys, backend):
    r"""$\frac1T\sum_{t<T}\|\nabla f(x_t)\|^2$ of runs on 400 digits, two rows a worker drawn from all, steps of $1/L$."""
    P, on = methods.digits(N, rows=400), array_library(backend)
    moved, words = on.move(P), on.asarray(split(keys("rows")[:, 0], seeds))
    method = layered_sgd(moved, 1 / P.L, [in_groups(equal_groups(N, G))])
    out = run(
        method, on.asarray(start(np.zeros(P.dim), seeds=seeds)), steps - 1,
        record={"g": lambda s: array_namespace(s.x).sum(moved.gradient(s.x) ** 2, axis=-1)},
        draw=lambda t: Draws(words, t).integers(len(P.X), (N, b)),
    )  # fmt: skip
    known = {"eta": 1 / P.L, "L": P.L, "T": steps, "Delta": np.log(P.Y.shape[1]), "sigma2": P.sigma2, "B_tot": N * b}
    return Sample(out.g.values[0].mean(axis=-1)), known


WAITING = cases(sizes={"4 of 4": (4, 4, 4, 4), "10, 5, 1": (10, 5, 1)}, tau=1.0, seeds=3000)


@measure(ls.STRAGGLER, WAITING.guaranteeing("exponential", "partition"))
def slowest_of_the_slowest(sizes, tau, seeds, keys, backend):
    """The slowest of the groups' slowest of 16 workers; exponential times of uniform numbers of 53 bits are at most 37."""
    on, N = array_library(backend), sum(sizes)
    words = on.asarray(split(keys("times")[:, 0], seeds))[0, ...]
    with on.scope():
        xp = array_namespace(words)
        times = -tau * xp.log1p(-Draws(words, 0).uniform((N,)))
        slowest = to_numpy(
            xp.max(xp.stack([xp.max(times[..., g[0] : g[-1] + 1], axis=-1) for g in consecutive(sizes)]), axis=0)
        )
    # a uniform number below the next multiple of 2^-53: 40 units of it in expectation, for each worker
    return Sample(slowest, at_most=37 * tau, bias=40 * N * tau * EPS), {"N": N}
