"""Layered SGD exactly: trajectories and rounding in rationals, second moments, schedules event by event."""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction as F
from typing import Any

import numpy as np

from gradproof.experiments.communication.layered_sgd.methods import equal_groups, in_groups, iterates
from gradproof.experiments.engine.measure import Bracket, Holds, Supremum, cases, measure
from gradproof.solvers import all_reduce
from gradproof.solvers.all_reduce import Link, Times
from gradproof.solvers.summation import (
    consecutive,
    depth,
    hard_to_add,
    layered_mean,
    mean_of_means,
    nearest,
    outward,
    weights_excess,
)
from gradproof.theory.communication import layered_sgd as ls

With = tuple[Any, dict[str, Any]]


# --- the same iterates --------------------------------------------------------------------------------------------------


def reference(i: int, t: int, x: Any) -> Any:
    """Quadratics of several curvatures and minima, which change with worker and step."""
    return F((7 * i + 3 * t) % 5 + 1, 4) * (x - ((i + 2 * t) % 4 - 1))


def bent(i: int, t: int, x: Any) -> Any:
    """A gradient that is not linear in x."""
    return (x - i) / (1 + x * x) + F(t - i, 7)


def in_the_plane(i: int, t: int, x: Any) -> Any:
    """A rotation and a stretch of a point of the plane, no gradient of any function."""
    return np.array([F(i, 3) * x[1] - x[0] + t, x[0] * x[1] + F(i - t, 5)])


GRADIENTS: dict[str, tuple[Callable[[int, int, Any], Any], Any]] = {
    "quadratics": (reference, F(3)), "bent": (bent, F(1, 2)), "plane": (in_the_plane, np.array([F(1, 2), F(-1, 3)])),
}  # fmt: skip
SIZES = {"3, 3, 2": (3, 3, 2), "one each": (1,) * 8, "one group": (8,), "6, 1, 1": (6, 1, 1), "4, 4": (4, 4)}
OPTIMISERS = [{"momentum": F(0), "decay": F(0)}, {"momentum": F(9, 10), "decay": F(1, 10**4)}]


def scattered(sizes: tuple[int, ...]) -> list[list[int]]:
    """Groups of these sizes of workers 0, 3, 6, ... modulo N, if 3 does not divide N."""
    N = sum(sizes)
    return [[3 * i % N if N % 3 else i for i in g] for g in consecutive(sizes)]


def warming_up(t: int) -> F:
    return F(1, 20) + F(t, 100)


SAME = cases(gradients=GRADIENTS, sizes=SIZES, optimiser=OPTIMISERS, T=[1, 4])
SAME = SAME.let(aggregate=lambda sizes: in_groups(scattered(sizes)))


@measure(ls.EQUIVALENCE, SAME.guaranteeing("partition", "one_division", "current", "own_rate"))
def whole_trajectory(gradients, sizes, aggregate, T, momentum, decay, stale=0, late=0):
    """Every entry of $x_1, \\dots, x_T$ in rationals, during a warm-up, beside synchronous SGD without groups."""
    (G, x0), N = gradients, sum(sizes)
    options = {"momentum": momentum, "decay": decay}
    ys = iterates(G, N, warming_up, T, x0, lambda gs: sum(gs) / F(N), **options)
    xs = iterates(G, N, warming_up, T, x0, aggregate, stale=stale, late=late, **options)
    for x, y in zip(xs[1:], ys[1:], strict=True):
        yield from ((a, {"y": b}) for a, b in zip(np.ravel(x), np.ravel(y), strict=True))


def deviations(sizes: tuple[int, ...], kind: str, d: int = 2) -> list[Any]:
    """Rational gradients of all workers, (d,) each: of no pattern; or one for which the mean of means is off the most."""
    N, G = sum(sizes), len(sizes)
    if kind == "worst":
        return [np.array([5 + F(1, G * n) - F(1, N)] * d) for n in sizes for _ in range(n)]
    return [np.array([F((5 * i + 7 * j * j + i * i * j) % 11 - 4, 3) for j in range(d)]) for i in range(N)]


UNEQUAL = {"3, 3, 2": (3, 3, 2), "6, 1, 1": (6, 1, 1), "9, 2": (9, 2), "1 to 4": (1, 2, 3, 4)}


@measure(
    ls.MEAN_OF_MEANS, cases(sizes={"4, 4": (4, 4)} | UNEQUAL, kind="any").guaranteeing("mean_of_means", "partition")
)
def bias(sizes, kind, rule=mean_of_means):
    """Every entry of the mean of the groups' means, less the mean, in rationals."""
    groups, gradients = consecutive(sizes), deviations(sizes, kind)
    off = rule(gradients, groups) - sum(gradients) / F(len(gradients))
    sums = [sum(gradients[i] for i in g) for g in groups]
    yield from ((off[j], {"n": sizes, "s": [v[j] for v in sums], "N": sum(sizes)}) for j in range(len(off)))


@measure(ls.MEAN_OF_MEANS_BIAS, cases(sizes=UNEQUAL, kind=["any", "worst"]).guaranteeing("mean_of_means"))
def squared_bias(sizes, kind, rule=mean_of_means):
    r"""$\|\sum_iw_iG_i - \bar G\|^2$ in rationals, also for gradients with deviations proportional to those of the weights."""
    gradients = deviations(sizes, kind)
    mean = sum(gradients) / F(len(gradients))
    spread = sum(((g - mean) ** 2).sum() for g in gradients) / len(gradients)
    off = rule(gradients, consecutive(sizes)) - mean
    return (off**2).sum(), {"chi2": weights_excess(sizes), "zeta2": spread}


# --- rounding -----------------------------------------------------------------------------------------------------------

ORDERS = {
    "flat": (8,),
    "4, 4": (4, 4),
    "3, 3, 2": (3, 3, 2),
    "one each": (1,) * 8,
    "8 of 8": (8,) * 8,
    "flat 64": (64,),
}
WORST = cases(sizes=ORDERS, bits=[2, 11, 24]).let(
    arithmetic=lambda bits: outward(F(1, 2**bits)), inputs=lambda sizes: [F(1), *[F(0)] * (sum(sizes) - 1)]
)
HARD = cases(sizes=ORDERS, bits=[8, 11, 24, 53]).let(
    arithmetic=lambda bits: nearest(bits), inputs=lambda sizes, bits: hard_to_add(consecutive(sizes), bits)
)
ROUNDED = ("rounding", "exact_inputs", "depth")


@measure(ls.FLOAT, WORST.guaranteeing(*ROUNDED), name="error_in_the_worst_arithmetic")
@measure(ls.FLOAT, HARD.guaranteeing(*ROUNDED))
def rounding_error(sizes, bits, arithmetic, inputs, h=0):
    r"""$|\mathrm{fl}(\bar G) - \bar G|$ in rationals: inputs that every addition rounds up, or all rounded away from zero."""
    groups = consecutive(sizes)
    error = abs(layered_mean(inputs, groups, arithmetic) - sum(inputs) / F(len(inputs)))
    return error, {"u": F(1, 2**bits), "h": h or depth(groups), "M": sum(map(abs, inputs)) / F(len(inputs))}


def one_large(N: int, G: int) -> list[list[int]]:
    """G groups, of which one has all workers but one for each other group."""
    return consecutive([N - G + 1, *[1] * (G - 1)])


def in_a_tree(groups: list[list[int]]) -> int:
    """Roundings in a row where both layers add up along binary trees."""
    return max(len(g) - 1 for g in groups).bit_length() + (len(groups) - 1).bit_length() + 1


def square(N: int) -> bool:
    """Then the best number of groups is a whole one."""
    return math.isqrt(N) ** 2 == N


def least_depth_beyond_one_group(N, make):
    """The same over more than one group and fewer than all."""
    return min(depth(make(N, G)) for G in range(2, N) if N % G == 0)


@measure(
    ls.ROUNDING_DEPTH,
    cases(N=[1, 4, 9, 36, 64, 144], make=[equal_groups]).where(square).guaranteeing("equal_groups", "sequential"),
)
def least_depth(N, make, count=depth):
    """The least number of roundings in a row over the divisors of a square, counted operation by operation."""
    return min(count(make(N, G)) for G in range(1, N + 1) if N % G == 0)


def drifted(h: Any, eta: Any, T: int, errors: Callable[[int], tuple[Any, Any]], x: Any = F(1), y: Any = F(1)) -> Any:
    """(x_T - y_T)^2 on h x^2/2, with the rounding errors (d, e) of step t."""
    for t in range(T):
        d, e = errors(t)
        x, y = x - eta * (h * x + d), y - eta * (h * y + e)
    return (x - y) ** 2


STEPS = [{"L": F(2), "eta": F(1, 10)}, {"L": F(2), "eta": F(1)}, {"L": F(1, 2), "eta": F(4)}]
DRIFT = cases(T=[1, 2, 60], share=[F(0), F(1, 2), F(1)], step=STEPS, eps=[F(1, 8), F(4)], apart=F(0))
DRIFT = DRIFT.let(h=lambda share, L: share * L)
DRIFTS = ("convex", "smooth", "same_start", "close")


@measure(ls.ROUNDING_DRIFT, DRIFT.guaranteeing(*DRIFTS))
def drift_on_quadratics(T, h, eta, eps, apart, times=1):
    r"""$\|x_T - y_T\|^2$ in rationals on quadratics of curvature 0 to $L$, errors $\pm\frac\varepsilon2$."""
    return drifted(h, eta, T, lambda t: (times * eps / 2, -times * eps / 2), F(1) + apart)


# --- the rate -----------------------------------------------------------------------------------------------------------


def gradient_average(hs: list[Any], v: Any, eta: Any, T: int, x0: list[Any], offset: Any = 0) -> Any:
    """(1/T) sum E|grad f|^2 on sum h_j x_j^2/2, noise of variance v in each entry and mean ``offset``, by exact moments."""
    total, means, squares = F(0), list(x0), [x * x for x in x0]
    for _ in range(T):
        total += sum(h * h * q for h, q in zip(hs, squares, strict=True))
        step = [1 - eta * h for h in hs]
        squares = [
            a * a * q - 2 * a * eta * offset * m + eta**2 * (v + offset**2)
            for a, q, m in zip(step, squares, means, strict=True)
        ]
        means = [a * m - eta * offset for a, m in zip(step, means, strict=True)]
    return total / T


RATE = cases(
    hs={"1": [F(1)], "1/4": [F(1, 4)], "1, 1/16": [F(1), F(1, 16)]},
    T=[1, 3, 30],
    share=[F(1), F(1, 4)],
    noise=[
        {"sigma2": F(0), "B_tot": 1, "x0": F(2)},
        {"sigma2": F(1), "B_tot": 8, "x0": F(0)},
        {"sigma2": F(1), "B_tot": 1, "x0": F(2)},
    ],
)


@measure(ls.CONVERGENCE, RATE.guaranteeing("smooth", "lower_bounded", "unbiased", "variance"))
def average_gradient(hs, T, share, sigma2, B_tot, x0, excess=F(0), offset=F(0), stated=None):
    r"""$\frac1T\sum_{t<T}\mathbb E\|\nabla f(x_t)\|^2$ on quadratics by exact second moments."""
    L = stated or max(hs)
    at = {"eta": share / L, "L": L, "Delta": sum(hs) * x0**2 / 2}
    noise = sigma2 * (1 + excess) / B_tot / len(hs)
    return gradient_average(hs, noise, at["eta"], T, [x0] * len(hs), offset), at


def slope_without_end(a, T, eta, L):
    """The same on a linear loss $ax$, with what it falls by until the end for $\\Delta$."""
    return a**2, {"Delta": eta * T * a**2 / 4, "sigma2": F(0), "B_tot": 1}


# --- schedules ----------------------------------------------------------------------------------------------------------

CLUSTER = all_reduce.Cluster(F(1, 4), F(3, 25), 10**8, Link(F(5, 10**6), F(1, 10**11)), Link(F(5, 10**5), F(1, 10**10)))
#: T_comp, T_io, 4 R, A_G, 4 B, A_N in seconds
SECONDS = (
    (2, 3, 1, 5, 1, 6), (2, 5, 1, 3, 2, 3), (1, 2, 0, 2, 0, 2), (0, 1, 2, 0, 3, 1), (3, 0, 1, 4, 1, 7), (0, 1, 0, 1, 0, 1),
    (0, 1, 0, 1, 16, 5), (0, 1, 16, 1, 0, 5),
)  # fmt: skip
DURATIONS = [
    {"T_comp": F(a), "T_io": F(b), "R": F(c, 4), "A_G": F(d), "B": F(e, 4), "A_N": F(f)} for a, b, c, d, e, f in SECONDS
]
FLAT = {"A_N": all_reduce.ring(64, CLUSTER.m, CLUSTER.between)}
DURATIONS += [CLUSTER.times(64, G)._asdict() | FLAT for G in (4, 16, 64)]


def late(name: Any) -> F:
    """Waiting that differs between tasks, up to two seconds."""
    return F(sum(map(ord, name[0])) * (name[1] + 3) % 9, 4)


def at_once(name: Any) -> F:
    return F(0)


@measure(ls.MAKESPAN, cases(times=DURATIONS, T=[1, 2, 9], wait=[at_once, late]).guaranteeing("dependencies"))
def makespan(T_comp, T_io, R, A_G, B, T, wait, stale=False):
    """When $T$ iterations are done, event by event: everything as early as it can be, which is the least, or after waiting."""
    done = all_reduce.makespan(all_reduce.layered_iterations(T, Times(T_comp, T_io, R, A_G, B), stale=stale), wait)
    return Supremum(done) if wait is at_once and not stale else done


def iteration(tasks: Callable[[int], dict[Any, Any]], T: int = 8) -> Any:
    """What the last half of T iterations takes, each."""
    return (all_reduce.makespan(tasks(T)) - all_reduce.makespan(tasks(T // 2))) / F(T - T // 2)


@measure(ls.TIME, cases(times=DURATIONS).guaranteeing("dependencies", "no_prefetch"))
def saving(T_comp, T_io, R, A_G, B, A_N, stale=False, prefetch=False):
    r"""$t_{\mathrm{flat}} - t_{\mathrm{layered}}$, both event by event."""
    times = Times(T_comp, T_io, R, A_G, B)
    layered = iteration(lambda T: all_reduce.layered_iterations(T, times, stale=stale))
    return iteration(lambda T: all_reduce.flat_iterations(T, T_comp, T_io, A_N, prefetch=prefetch)) - layered


@measure(
    ls.OVERLAP_LIMIT,
    cases(times=DURATIONS).where(lambda R, A_G, B, A_N: A_N <= R + A_G + B),
)
def flat_iteration(T_comp, T_io, A_N):
    r"""$T_{\mathrm{comp}} + T_{\mathrm{io}} + A_N$, event by event."""
    return iteration(lambda T: all_reduce.flat_iterations(T, T_comp, T_io, A_N))


LINKS = [{"T_io": F(3, 25), "alpha2": F(1, 20000), "beta2": F(1, 10**10), "m": 10**8}]
LINKS += [
    {"T_io": F(t), "alpha2": F(1, a), "beta2": F(1, b), "m": m}
    for t, a, b, m in ((1, 10, 40, 7), (6, 3, 2, 1), (2, 50, 3, 9))
]


@measure(ls.HIDDEN_COMMUNICATION, cases(link=LINKS).guaranteeing("ring"))
def most_hidden_groups(T_io, alpha2, beta2, m):
    r"""$\sup\{G: A_G \le T_{\mathrm{io}}\}$ between two rationals, by bisection of the ring's time."""
    return Bracket(*all_reduce.largest_hidden(T_io, m, Link(alpha2, beta2)))


@measure(ls.HIDDEN_COMMUNICATION, cases(link=LINKS[1:], G=[1, 2, 3, 4, 5, 6, 9, 12]).guaranteeing("ring"))
def messages_hide(T_io, alpha2, beta2, m, G, slower=1):
    """Whether a ring of G, message by message, is done while the next minibatch is loaded."""
    held, time = all_reduce.ring_messages([[F(i * j) for j in range(G)] for i in range(G)], Link(alpha2, beta2), m)
    assert all(h == held[0] for h in held)
    return Holds(slower * time <= T_io, at=G)


@measure(ls.STRAGGLER, cases(tau=[F(1), F(3, 2)], N=[1, 2, 5, 16, 64]).guaranteeing("exponential", "partition"))
def expected_maximum(tau, N, heard=0):
    r"""$\mathbb E\max_i\tau_i$ by inclusion and exclusion: the least of $k$ exponential times has the mean $\tau/k$."""
    return tau * sum((-1) ** (k + 1) * F(math.comb(heard or N, k), k) for k in range(1, (heard or N) + 1))


# --- the linear scaling of steps ------------------------------------------------------------------------------------------

SCALED = cases(k=[1, 2, 3, 8, 20], z=[F(1, 20), F(1, 3), F(1)]).guaranteeing("quadratic")


def linear(x: Any) -> Any:
    """The gradient of a quadratic of curvature one."""
    return x


@measure(ls.LINEAR_SCALING, SCALED.where(lambda k: k > 1).let(slope=lambda: linear))
def lost_by_a_long_step(k, z, slope):
    r"""$(x_k - \hat x)/x_0$ step by step, in rationals."""
    return small_steps(k, z, slope) - (1 - k * z)


@measure(ls.LINEAR_SCALING_BELOW, SCALED.where(lambda k, z: k * z < 1).let(slope=lambda: linear))
def small_steps(k, z, slope):
    """$x_k/x_0$ step by step, in rationals."""
    x = F(1)
    for _ in range(k):
        x = x - z * slope(x)
    return x


WARM = cases(T=[1, 5, 20], h=[F(1), F(3, 2), F(5)], eta0=F(1, 20), b=[F(1, 100), F(1, 7)])


def ramp(eta0: Any, b: Any, t: int) -> Any:
    return eta0 + b * t


@measure(
    ls.WARM_UP_SHIFT, WARM.let(rate=lambda: ramp, late=lambda: 1).guaranteeing("quadratic", "warm_up", "delayed_rate")
)
def end_of_a_warm_up(T, h, eta0, b, rate, late, slope=linear):
    """$y_T$ of the recursion with the step size of the step after, beside $x_T$ of that with its own, in rationals."""
    x, y = (
        iterates(lambda i, t, x: h * slope(x), 1, lambda t: rate(eta0, b, t), T, F(1), in_groups([[0]]), late=n)[-1]
        for n in (0, late)
    )
    return y, {"x": x}
