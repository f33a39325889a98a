"""Controls: with one assumption of layered SGD's claims broken, equalities fail and bounds are violated."""

from __future__ import annotations

from fractions import Fraction as F
from functools import partial
from typing import Any

from gradproof.experiments.communication.layered_sgd import measures
from gradproof.experiments.communication.layered_sgd.measures import GRADIENTS
from gradproof.experiments.engine.controls import breaking
from gradproof.experiments.engine.measure import cases
from gradproof.solvers import all_reduce
from gradproof.solvers.all_reduce import Link
from gradproof.solvers.summation import (
    chopped,
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


def without_the_last(values, groups):
    """The layered mean in which the last communicator is not heard."""
    return sum(values[i] for g in groups[:-1] for i in g) / F(len(values))


def mean_of_means_without_the_last(values, groups):
    """The same of the mean of means."""
    return sum(sum(values[i] for i in g) / F(len(g)) for g in groups[:-1]) / (len(groups) - 1)


# --- the same iterates --------------------------------------------------------------------------------------------------

RUN: dict[str, Any] = {
    "gradients": {"quadratics": GRADIENTS["quadratics"]},
    "sizes": {"3, 3, 2": (3, 3, 2)},
    "T": [3, 12],
    "momentum": F(0),
    "decay": F(0),
}
averaged, deaf, all_heard = (
    partial(rule, groups=consecutive((3, 3, 2))) for rule in (mean_of_means, without_the_last, layered_mean)
)


def last(**options):
    """The last iterate alone: the first ones of a stale run agree."""

    def last_iterate(gradients, sizes, aggregate, T, momentum, decay):
        return list(measures.whole_trajectory(gradients, sizes, aggregate, T, momentum, decay, **options))[-1]

    return last_iterate


def changed(assumption: str, rule: dict[str, Any], **options: Any) -> None:
    """Another aggregate, or another time."""
    function = last(**options) if options else measures.whole_trajectory
    breaking(ls.EQUIVALENCE, assumption, function, aggregate=rule, **RUN)


changed("one_division", {"mean of means": averaged})
changed("partition", {"a lost communicator": deaf})
changed("current", {"gradients one step old": all_heard}, stale=1)  # the all-reduce hidden behind the computation
# the released code's warm-up: the step size is set before the gradient of the step before is applied
changed("own_rate", {"the next step's rate": all_heard}, late=1)

OFF: dict[str, Any] = {"sizes": {"9, 2": (9, 2)}, "kind": "worst"}
breaking(ls.MEAN_OF_MEANS, "mean_of_means", measures.bias, rule=[layered_mean], **OFF)
breaking(ls.MEAN_OF_MEANS, "partition", measures.bias, rule=[mean_of_means_without_the_last], **OFF)
breaking(ls.MEAN_OF_MEANS_BIAS, "mean_of_means", measures.squared_bias, rule=[without_the_last], **OFF)

# --- rounding -----------------------------------------------------------------------------------------------------------

FOUR = {"flat": (4,)}
cut = F(2**11 - 1, 2**21)  # all of it is cut off from 1: nearly twice the unit roundoff
cutting: dict[str, Any] = {"arithmetic": [chopped(11)], "inputs": {"1 and what is cut off": [F(1), cut, cut, cut]}}
breaking(ls.FLOAT, "rounding", measures.rounding_error, sizes=FOUR, bits=11, **cutting)
hard: dict[str, Any] = {"arithmetic": [nearest(24)], "inputs": {"hard": hard_to_add(consecutive((64,)), 24)}}
shallow = depth(consecutive((8,) * 8))
breaking(ls.FLOAT, "depth", measures.rounding_error, sizes={"flat": (64,)}, bits=24, h=shallow, **hard)


def rounding_of_rounded(sizes, bits, inputs):
    """The same where the inputs are rounded first."""
    u = F(1, 2**bits)
    groups, N = consecutive(sizes), len(inputs)
    error = layered_mean([x * (1 + u) for x in inputs], groups, outward(u)) - sum(inputs) / F(N)
    return error, {"u": u, "h": depth(groups), "M": sum(inputs) / F(N)}


breaking(
    ls.FLOAT, "exact_inputs", rounding_of_rounded, sizes=FOUR, bits=[2, 24], inputs={"one": [F(1), F(0), F(0), F(0)]}
)
breaking(
    ls.ROUNDING_DEPTH, "equal_groups", measures.least_depth_beyond_one_group, N=[16, 64], make=[measures.one_large]
)
breaking(
    ls.ROUNDING_DEPTH,
    "sequential",
    measures.least_depth,
    N=[16, 64],
    make=[measures.equal_groups],
    count=[measures.in_a_tree],
)

AT: dict[str, Any] = {"eps": F(1, 8), "L": F(2)}
DRIFTING: dict[str, dict[str, Any]] = {
    "convex": {"T": 10, "h": F(-1), "eta": F(1), "apart": F(0)},
    "smooth": {"T": 10, "h": F(8), "eta": F(1), "apart": F(0)},
    "short_step": {"T": 100, "h": F(2), "eta": [F(11, 10), F(3)], "apart": F(0)},
    "same_start": {"T": 1, "h": F(0), "eta": F(1, 10), "apart": F(1)},
    "close": {"T": [2, 10], "h": F(0), "eta": F(1), "apart": F(0), "times": F(2)},
}
for assumption, broken in DRIFTING.items():
    breaking(ls.ROUNDING_DRIFT, assumption, measures.drift_on_quadratics, **AT, **broken)

# --- the rate -----------------------------------------------------------------------------------------------------------

ONE: dict[str, Any] = {"hs": {"1": [F(1)]}, "B_tot": 8}
AVERAGED: dict[str, dict[str, Any]] = {
    "smooth": {"share": F(1), "stated": F(1, 4), "sigma2": F(0), "x0": F(2), "T": 10},
    "short_step": {"share": [F(11, 10), F(3)], "sigma2": F(0), "x0": F(2), "T": 1},
    "unbiased": {"share": F(1), "sigma2": F(0), "x0": F(2), "T": 30, "offset": F(1)},
    # the mean of the means of groups of 9 and 2 is unbiased, too, but of larger variance
    "variance": {"share": F(1), "sigma2": F(1), "x0": F(0), "T": 30, "excess": weights_excess((9, 2))},
}
for assumption, broken in AVERAGED.items():
    breaking(ls.CONVERGENCE, assumption, measures.average_gradient, **ONE, **broken)
breaking(ls.CONVERGENCE, "lower_bounded", measures.slope_without_end, a=F(1), T=10, eta=F(1, 10), L=F(1))

# --- schedules ----------------------------------------------------------------------------------------------------------

SOME = measures.DURATIONS[-3:]  # of the cluster
breaking(ls.MAKESPAN, "dependencies", measures.makespan, times=SOME, T=9, wait=[measures.at_once], stale=True)
breaking(ls.TIME, "dependencies", measures.saving, times=SOME, stale=True)
breaking(ls.TIME, "no_prefetch", measures.saving, times=SOME, prefetch=True)
slow = {"T_comp": F(0), "T_io": F(1), "R": F(0), "A_G": F(1), "B": F(0)}
breaking(
    ls.OVERLAP_LIMIT, "no_cheaper", measures.flat_iteration, times=[slow | {"A_N": F(11, 10)}, slow | {"A_N": F(4)}]
)


def most_groups_in_a_tree(T_io, alpha2, beta2, m):
    r"""$\sup\{G: A_G \le T_{\mathrm{io}}\}$ of reductions and broadcasts by trees, which grow with the logarithm of $G$."""
    rounds = T_io // (2 * (alpha2 + m * beta2))
    assert 2 * all_reduce.tree(2**rounds, m, Link(alpha2, beta2)) <= T_io
    return 2**rounds


breaking(ls.HIDDEN_COMMUNICATION, "ring", most_groups_in_a_tree, link=measures.LINKS)


def equally_slow(tau, N):
    r"""$\mathbb E\max_i\tau_i$ where all take the time $\tau$."""
    return tau


breaking(ls.STRAGGLER, "exponential", equally_slow, tau=F(1), N=[2, 16])
breaking(ls.STRAGGLER, "partition", measures.expected_maximum, tau=F(1), N=16, heard=12)

# --- the linear scaling of steps ------------------------------------------------------------------------------------------


def cubed(x):
    """A slope that falls faster than the distance."""
    return x**3


def rising(x):
    """A slope that rises on the way down."""
    return 2 - x


breaking(ls.LINEAR_SCALING, "quadratic", measures.lost_by_a_long_step, k=[2, 8], z=F(1, 20), slope=[cubed])
breaking(ls.LINEAR_SCALING_BELOW, "quadratic", measures.small_steps, k=[2, 8], z=F(1, 20), slope=[rising])


def bent_ramp(eta0, b, t):
    """No linear warm-up."""
    return eta0 + b * t * t


WARMING: dict[str, dict[str, Any]] = {
    "quadratic": {"slope": [cubed], "rate": [measures.ramp], "late": 1},
    "warm_up": {"rate": [bent_ramp], "late": 1},
    "delayed_rate": {"rate": [measures.ramp], "late": 0},
}
for assumption, broken in WARMING.items():
    kept = cases(T=5, h=F(1), eta0=F(1, 20), b=F(1, 100), **broken)
    breaking(ls.WARM_UP_SHIFT, assumption, measures.end_of_a_warm_up, kept)
