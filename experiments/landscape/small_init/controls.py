"""Controls: with one assumption broken, and no other, or with another method, each bound is violated."""

from fractions import Fraction as F
from typing import Any

import numpy as np

from gradproof.experiments.engine.measure import Enclosed, around, cases, instead, without
from gradproof.experiments.landscape.small_init import measures, measures_runs
from gradproof.experiments.landscape.small_init.instances import EPS, Diagonal, Start, gaussian, measurements
from gradproof.solvers.low_rank import descend, flow, hitting_time
from gradproof.theory.landscape import small_init as paper


def one(lam: Any, size: float, mu: Any, steps: int = 1, claimed: Any = 0, gain: Any = 1) -> Start:
    """n = k = 1."""
    name = f"n = 1, lam = {lam}, U_0 = {size:g}, mu = {mu}" + f", A*A = {gain} I" * (gain != 1)
    return Start(name, (F(lam),), [[size]], F(mu), steps, F(claimed), gain=F(gain), commuting=True)


# --- norms -----------------------------------------------------------------------------------------------------------

#: from s^2 = (1 + mu lam)/(3 mu) a step beyond 1/(2 lam) leaves the ball, little or much
BEYOND = [one(1, (151 / 153) ** 0.5, F(51, 100)), one(1, (22 / 36) ** 0.5, F(6, 5))]
without(paper.NORM_INVARIANT, "small_step", measures.norm_after, cases(start=BEYOND))
without(paper.NORM_INVARIANT, "small_init", measures.norm_after, cases(start=one(1, 1.05, F(1, 20))))
without(paper.NORM_INVARIANT, "psd_ground_truth", measures.norm_after, cases(start=one(2, 0.99, F(1, 10), claimed=1)))
without(paper.NORM_INVARIANT, "population", measures.norm_after, cases(start=one(1, 0.6**0.5, F(1, 2), gain=3)))


def norm_of_power_method(start: Diagonal) -> Any:
    """The norm after a step of the power method, which nothing holds back."""
    return max(y * y for y in start.path(1)[1][1]), measures.at(start)


instead(paper.NORM_INVARIANT, "the power method", norm_of_power_method, cases(start=measures.EDGE))

LONG = one(1, 3.0, 1)  # mu ||U||^2 = 9: the step turns back and overshoots
SIGNAL_TOO_LARGE = one(2, 0.01, F(1, 10), 3, claimed=1)
without(paper.NORM_GROWTH, "short_step", measures.growth_of_columns, cases(start=LONG))
too_large = cases(start=SIGNAL_TOO_LARGE).guaranteeing("short_step")
without(paper.NORM_GROWTH, "psd_ground_truth", measures.growth_of_columns, too_large)
without(paper.NORM_GROWTH, "population", measures.growth_of_columns, cases(start=one(1, 0.01, F(1, 10), 3, gain=2)))
slower = cases(start=one(1, 0.1, F(1, 10), 3, gain=F(1, 2)), first=1)
without(paper.POWER_PHASE, "population", measures.distance_to_power_method, slower)
diverging = cases(start=one(1, 0.4**0.5, 5, 3), first=3)
without(paper.POWER_PHASE, "norm_growth", measures.distance_to_power_method, diverging)

#: U_0 misses the second direction of the signal
MISSING = Start("without v_2", (F(2), F(1), F(0)), np.diag([0.1, 0.0, 0.1]), steps=8)
without(paper.SIGNAL_GROWTH, "overlap", measures.signal_of_power_method, cases(start=MISSING, sigma0=0.01))
without(paper.POWER_ALIGNMENT, "overlap", measures.alignment, cases(start=MISSING, rho0=10.0))

#: 2 is taken for the smallest eigenvalue of the signal, which is 1
UNORDERED = Start("eigenvalues 1, 2, 0", (F(1), F(2), F(0)), np.diag([0.1, 0.1, 0.1]), steps=8, lam=F(2))
without(paper.SIGNAL_GROWTH, "psd_ground_truth", measures.signal_of_power_method, cases(start=UNORDERED))
without(paper.POWER_ALIGNMENT, "psd_ground_truth", measures.alignment, cases(start=UNORDERED))
#: descent itself stops to grow where it has learned the signal
LATE = Start("from where descent ends", (F(2), F(1), F(0)), np.diag([1.4, 0.99, 0.1]), steps=8)
instead(paper.SIGNAL_GROWTH, "descent", measures.signal_of_power_method, cases(start=LATE, iterate="U"))
instead(paper.POWER_ALIGNMENT, "descent", measures.alignment, cases(start=LATE, iterate="U"))

# --- the null space --------------------------------------------------------------------------------------------------

OVERSHOOTING = Start("mu ||U_0||^2 = 9", (F(1), F(0)), 3 * np.eye(2), F(1), 1)
without(paper.NULL_MONOTONE, "short_step", measures.null_part, cases(start=OVERSHOOTING, frobenius=False))
TURNING = Start("A*A = 6 I", (F(1), F(0)), np.diag([0.1, 0.9]), F(1, 2), 1, gain=F(6))
short = cases(start=TURNING, frobenius=False).guaranteeing("short_step")
without(paper.NULL_MONOTONE, "population", measures.null_part, short)
overshooting = cases(start=OVERSHOOTING).guaranteeing("null_start")
without(paper.NULL_DECAY, "short_step", measures.null_decay, overshooting)
without(paper.NULL_DECAY, "null_start", measures.null_decay, cases(start=gaussian(8, 0.1), share=0.01))
SLOWER = Start("A*A = I/10", (F(1), F(0)), 0.5 * np.eye(2), gain=F(1, 10))
without(paper.NULL_DECAY, "population", measures.null_decay, cases(start=SLOWER).guaranteeing("null_start"))


def null_part_of_power_method(start: Diagonal) -> Any:
    """The null part of the power method, which stays."""
    part = max(start.path(3)[3][1][start.r :]) ** 2
    return part, measures.at(start, 3, q=part)


staying = cases(start=measures.DIAGONAL).guaranteeing("null_start")
instead(paper.NULL_DECAY, "the power method", null_part_of_power_method, staying)

#: mu s^2 = 1.755 leads to about 1 after a step, and from there to nearly nothing
nothing = cases(alpha=F(1), mu=F(1755, 1000), steps=2).guaranteeing("population", "commuting_init")
without(paper.NULL_FLOOR, "null_step", measures.null_value, nothing)


#: the row of the null space is parallel to that of the signal
PARALLEL = Start("one column", (F(1), F(0)), [[0.5], [0.5]], steps=60)
without(paper.NULL_FLOOR, "commuting_init", measures.null_row, cases(start=PARALLEL))
FASTER = Start("A*A = 5 I", (F(0),), [[0.5]], steps=60, lam=F(1), gain=F(5), commuting=True)
without(paper.NULL_FLOOR, "population", measures.null_row, cases(start=FASTER))

# --- one singular value after the other ------------------------------------------------------------------------------

TURNED = Start("rows that are not orthogonal", (F(1), F(1, 2)), [[0.5, 0.3], [0.2, 0.4]], steps=1)
without(paper.DECOUPLED, "commuting_init", measures.next_singular_values, cases(start=TURNED))
without(paper.DECOUPLED, "short_step", measures.next_singular_values, cases(start=LONG))
without(paper.DECOUPLED, "population", measures.next_singular_values, cases(start=one(1, 0.5, F(1, 10), gain=2)))
late = cases(start=one(1, 0.1, F(1, 10), gain=F(1, 4)), i=0, last=1).guaranteeing("below_half")
without(paper.ESCAPE, "population", measures.escape, late)
half = cases(start=one(1, 0.9**0.5, F(1, 10)), i=0, last=1)
without(paper.ESCAPE, "below_half", measures.escape, half)


def time_with_gain(lam_i: F, alpha: F, mu: F, gain: F) -> Any:
    """The same where A*A = gain I."""
    return hitting_time(lam_i, alpha, mu * gain), {"lam_i": float(lam_i), "alpha": float(alpha), "mu": float(mu)}


learned = cases(lam_i=F(1), alpha=[F(1, 1000), F(1, 10**8)], mu=F(1, 10)).guaranteeing("commuting_init")
without(paper.ESCAPE_NOT_BEFORE, "population", time_with_gain, learned.let(gain=lambda: F(2)))
without(paper.ESCAPE_NOT_AFTER, "population", time_with_gain, learned.let(gain=lambda: F(1, 4)))


def time_of_a_row(start: Start, i: int) -> Any:
    r"""The first step with $\|U_t^\top v_i\|^2 \ge \lambda_i/2$: not among those taken."""
    values, errors = measures.lengths(start)
    if ((values + errors)[:, i] ** 2 >= float(start.eigenvalues[i]) / 2).any():
        return int(np.argmax((values + errors)[:, i] ** 2 >= float(start.eigenvalues[i]) / 2))
    known = {"lam_i": float(start.eigenvalues[i]), "mu": float(start.mu), "alpha": float(values[0, i])}
    return Enclosed(float(start.steps + 1), float("inf"), "truncation"), known


#: one column, which the larger eigenvalue takes
ONE_COLUMN = Start("one column", (F(2), F(1)), [[0.01], [0.01]], steps=300)
without(paper.ESCAPE_NOT_AFTER, "commuting_init", time_of_a_row, cases(start=ONE_COLUMN, i=1))
large = cases(lam_i=F(1), alpha=F(3), mu=F(1, 10)).guaranteeing(*measures.HELD)
without(paper.ESCAPE_NOT_AFTER, "small_alpha", measures.time_of_escape, large)
slow = cases(lam_i=F(1), share=F(1, 100), product=F(1, 10), steps=4).guaranteeing(*measures.HELD)
without(paper.SETTLING, "halfway", measures.what_is_left, slow)
beyond = cases(lam_i=F(1), share=F(3, 5), product=F(9, 10), first=2, steps=2).guaranteeing(*measures.HELD, "halfway")
without(paper.SETTLING, "small_step", measures.what_is_left, beyond)

weak = cases(lam_i=F(1), share=F(1, 2), product=F(1, 10), gain=F(1, 4), steps=4).guaranteeing(
    "commuting_init", "halfway"
)
without(paper.SETTLING, "population", measures.what_is_left, weak)

# --- the flow, and sensing -------------------------------------------------------------------------------------------


def entries_of_descent(case: measures.Flow) -> Any:
    r"""The entries of $UU^\top$ after steps of 1/10 for the same time."""
    *_, last = descend(case.M, case.U0, F(1, 10), int(10 * case.time))
    U, error = last.U
    rounding = (2 * float(np.linalg.norm(U)) + error) * (error + len(U) * EPS * float(np.linalg.norm(U)))
    return around((U @ U.T).ravel(), rounding), {"w": flow(case.M, case.U0, case.time).W.ravel()}


stepwise = cases(case={"steps of 1/10": measures.Flow("", measures.TURNED, 0.3 * measures.COSINES, F(1), frozenset())})
without(paper.FLOW_CLOSED_FORM, "gradient_flow", entries_of_descent, stepwise)

SMALL = {"n": 12, "k": 12, "r": 2, "m": 74}
unseen = cases(alpha=F(1, 100), at=[SMALL], seeds=48, share=4.0, diagonal=True).guaranteeing("finite_window")
without(paper.SENSING, "gaussian_sensing", measures_runs.error_ratio, unseen)
narrow = cases(alpha=F(1, 100), at=[{**SMALL, "k": 1}], seeds=48, share=4.0, diagonal=False)
without(paper.SENSING, "enough_columns", measures_runs.error_ratio, narrow.guaranteeing(*measures_runs.HELD))
early = cases(alpha=F(1, 100), at=[SMALL], seeds=48, share=0.4, diagonal=False).guaranteeing("gaussian_sensing")
without(paper.SENSING, "finite_window", measures_runs.error_ratio, early)


def trace_of_the_negative(m: int) -> Any:
    """The trace of -I beside its measurements."""
    problem = measurements(m=m)
    return measures_runs.trace_beside_dual(problem, np.eye(16), measures_runs.program(problem).nu, -1.0)


without(paper.NUCLEAR_NORM, "psd", trace_of_the_negative, cases(m=110).guaranteeing("dual_feasible"))
doubled = cases(alpha=0.001, steps=300, m=110, scale=2.0).guaranteeing("psd")
without(paper.NUCLEAR_NORM, "dual_feasible", measures_runs.trace_at_the_end, doubled)
