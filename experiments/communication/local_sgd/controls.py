"""What breaks the claims: other objectives, shared noise, long first steps, curvature, skipped averagings, too few rounds."""

from fractions import Fraction as F
from typing import Any

import numpy as np

from gradproof.experiments.communication.local_sgd import measures as m
from gradproof.experiments.communication.local_sgd import measures_runs as runs
from gradproof.experiments.communication.local_sgd.instances import Bent, TwoSlopes
from gradproof.experiments.communication.local_sgd.methods import errors, means, normal
from gradproof.experiments.engine.controls import breaking, replacing
from gradproof.experiments.engine.measure import Enclosed, Sample, cases, without
from gradproof.solvers.averaged_sgd import steps
from gradproof.solvers.averaging_times import cost, equal_blocks, every, growing_evenly
from gradproof.solvers.stochastic_approximation import moments
from gradproof.theory.communication import local_sgd as ls

# --- one step --------------------------------------------------------------------------------------------------------

STEEP = {"shape": TwoSlopes(F(4), F(4)), "mu": F(1), "L": F(4), "sigma": F(1)}
AT = {"mu": F(1), "L": F(4), "eta": F(1, 4)}
breaking(ls.RECURSION, "step_size", m.error_after_a_step, **STEEP, places=[(F(3),) * 2], eta=F(1, 2))
breaking(
    ls.RECURSION, "smooth", m.error_after_a_step, shape=TwoSlopes(F(8), F(8)), places=[(F(3),) * 2], sigma=F(0), **AT
)
breaking(
    ls.RECURSION,
    "strongly_convex",
    m.error_after_a_step,
    shape=TwoSlopes(F(1, 9), F(1, 9)),
    places=[(F(3),) * 2],
    sigma=F(0),
    **AT,
)
breaking(
    ls.RECURSION,
    "noise",
    m.error_after_a_step,
    shape=TwoSlopes(F(4), F(4)),
    places=[(F(0),) * 3],
    sigma=F(1),
    signs=[m.alike],
    **AT,
)
breaking(ls.CONSENSUS, "contracting", m.spread_after_a_step, **STEEP, places=[(F(3), F(1))], eta=F(1, 2))
breaking(
    ls.CONSENSUS,
    "noise",
    m.spread_after_a_step,
    shape=TwoSlopes(F(1), F(1)),
    places=[(F(0), F(0))],
    sigma=F(1),
    signs=[m.opposed],
    **AT,
)
breaking(
    ls.CONSENSUS,
    "smooth",
    m.spread_after_a_step,
    shape=TwoSlopes(F(12), F(12)),
    places=[(F(3), F(1))],
    sigma=F(0),
    **AT,
)
breaking(
    ls.CONSENSUS,
    "strongly_convex",
    m.spread_after_a_step,
    shape=TwoSlopes(F(0), F(0)),
    places=[(F(3), F(1))],
    sigma=F(0),
    **AT,
)


def spread_of_two_objectives(eta, places, sigma) -> Any:
    """V after a step where one worker's parabola has the curvature 1 and the other's 4."""
    shapes = [TwoSlopes(F(1), F(1)), TwoSlopes(F(4), F(4))]
    return m.after_a_step(shapes, places, eta, sigma, m.independent)[1], m.state_of(shapes[0], places, sigma)


breaking(ls.CONSENSUS, "one_objective", spread_of_two_objectives, places=[(F(3), F(3))], sigma=F(0), **AT)

# --- many steps ------------------------------------------------------------------------------------------------------

FAR = {"mu": F(1), "L": F(4), "beta": F(8), "tau": 0, "H": 25, "n": 2, "sigma2": F(1)}


def spread_of_a_path(mu, beta, tau, H, n, problems, start_at=(F(0), F(0))) -> Any:
    """V after H steps without averaging and without noise."""
    x, eta = list(start_at), steps(mu, beta)
    for t in range(H):
        x = [y - eta(t + tau) * p(y) for y, p in zip(x, problems, strict=True)]
    mean = sum(x) / n
    return sum((y - mean) ** 2 for y in x) / n


def parabola(h: F, minimum: F = F(0)) -> Any:
    """The slope of a parabola."""
    return lambda y: h * (y - minimum)


def spread_with_louder_noise(mu, h, beta, tau, H, n, sigma2) -> Any:
    """V after H steps where the variance is nine times what it is said to be."""
    return m.spread_after_a_block(mu, h, beta, tau, H, n, 9 * sigma2)


SAME, APART = [parabola(F(1))] * 2, [parabola(F(1), F(9)), parabola(F(1), F(-9))]
for claim in (ls.DRIFT, ls.SPREAD):
    breaking(claim, "common_start", spread_of_a_path, problems={"one": SAME}, start_at=[(F(99), F(-99))], **FAR)
    breaking(claim, "one_objective", spread_of_a_path, problems={"two minima": APART}, **FAR)
    breaking(claim, "noise", spread_with_louder_noise, h=F(1), **FAR)
breaking(ls.SPREAD, "strongly_convex", m.spread_after_a_block, h=F(1, 4), **FAR)
breaking(ls.SPREAD, "smooth", m.spread_after_a_block, h=F(40), **{**FAR, "H": 2})
breaking(ls.SPREAD, "beta_2kappa", m.spread_after_a_block, h=F(4), **{**FAR, "beta": F(3), "H": 2})

# --- the error -------------------------------------------------------------------------------------------------------


def error_of_two_objectives(mu, beta, T, n, times, minima=(F(-6), F(1))) -> Any:
    """F(mean) - F* without noise where half of the workers have the curvature 1 and half 4, with two minima; F is the mean."""
    curvatures = (F(1), F(4))
    x, eta = [F(0), F(0)], steps(mu, beta)
    for t in range(T):
        if t in times:
            x = [sum(x, F(0)) / 2] * 2
        x = [y - eta(t) * h * (y - c) for y, h, c in zip(x, curvatures, minima, strict=True)]
    best = sum(h * c for h, c in zip(curvatures, minima, strict=True)) / sum(curvatures)
    mean_curvature = sum(curvatures) / 2
    return mean_curvature * (sum(x) / 2 - best) ** 2 / 2, {"a0": mean_curvature * best**2 / 2}


TWO = {"mu": F(1), "L": F(4), "beta": F(8), "T": 60, "n": 2, "sigma2": F(1)}
breaking(ls.WORST_SCHEDULE, "one_objective", error_of_two_objectives, **TWO, times=[(0,)])


def error_with_shared_noise(mu, h, beta, T, n, sigma2, x0) -> Any:
    """All workers see the same noise: the variance of the mean is that of one."""
    return m.error_on_a_parabola(mu, h, beta, T, 1, sigma2, x0)


def square_with_shared_noise(mu, h, beta, T, n, sigma2, x0) -> Any:
    """The same for the squared distance."""
    return m.square_on_a_parabola(mu, h, beta, T, 1, sigma2, x0)


MANY = {"mu": F(1), "L": F(1), "h": F(1), "beta": F(2), "T": 60, "n": 64, "sigma2": F(4), "x0": F(0)}
breaking(ls.SYNCHRONISED, "noise", error_with_shared_noise, **MANY)
breaking(ls.QUADRATIC_RATE, "noise", square_with_shared_noise, **MANY)
LONG = {**MANY, "L": F(4), "h": F(4), "beta": F(5, 4), "T": 2, "x0": F(9), "sigma2": F(0)}
for claim in (ls.MAIN, ls.SYNCHRONISED, ls.WORST_SCHEDULE):
    breaking(claim, "beta_2kappa", m.error_on_a_parabola, **LONG, S=F(0))
breaking(ls.QUADRATIC_RATE, "beta_2kappa", m.square_on_a_parabola, **LONG)


def averaged_once(n, T, seeds, rng) -> Any:
    """F(mean) - F* on the kinked example where the workers are averaged at the end alone: the bias is everybody's."""
    problem, beta = TwoSlopes(4.0, 1.0), 8.0
    out = errors(
        problem, n, runs.strongly_convex_steps(1.0, beta), [(0,)], [0.0], normal(rng, 1, seeds, n, 1), T, seeds=seeds
    )
    known = {"mu": 1.0, "L": 4.0, "sigma2": 1.0, "beta": beta, "a0": 0.0}
    return Sample(out["error"].values[0, :, -1]), known


CROWD = cases(n=512, T=200, seeds=30)
breaking(ls.MAIN, "drifting", averaged_once, CROWD.let(S=lambda T: cost(T, every(T, 1), 8.0)))
breaking(ls.SYNCHRONISED, "every_step", averaged_once, CROWD)


def averaged_once_squared(n, T, seeds, rng) -> Any:
    """The squared distance of the same: F is no quadratic."""
    sample, known = averaged_once(n, T, seeds, rng)
    h = np.array([1.0, 4.0])  # F = h x^2/2 with h at most 4: x^2 is at least F/2
    return Sample(2 * sample.numbers / h.max()), {k: v for k, v in known.items() if k != "a0"} | {"D0": 0.0}


breaking(ls.QUADRATIC_RATE, "quadratic", averaged_once_squared, CROWD)


def with_jumps(mu, beta, T, n, sigma2) -> Any:
    """Workers also move by 1 at every step, each to its own side at random: E F of the mean on a parabola, from its minimum."""
    second, eta = F(0), steps(mu, beta)
    for t in range(T):
        second = (1 - eta(t) * mu) ** 2 * second + (eta(t) ** 2 * sigma2 + 1) / n
    return mu * second / 2, {"a0": F(0)}


breaking(ls.WORST_SCHEDULE, "averaging", with_jumps, **TWO)

# --- path by path ----------------------------------------------------------------------------------------------------

ONCE = {"mu": F(1), "L": F(4), "beta": F(8), "T": 12, "n": 2, "times": {"once": (0,)}}
breaking(
    ls.QUADRATIC_INVARIANCE, "quadratic", m.between_two_schedules, problem=TwoSlopes(F(4), F(1)), start_at=F(0), **ONCE
)


def with_multiplicative_noise(mu, beta, T, n, times) -> Any:
    """The distance of the two means where the curvature is random, as in the paper's simulation on a quadratic."""
    noise, eta, ends = m.rational_noise(T, n), steps(mu, beta), []
    for when in (times, range(T)):
        x = [F(3)] * n
        for t, row in enumerate(noise):
            x = [sum(x) / n] * n if t in when else x
            x = [y - eta(t) * (1 + e / 8) * y for y, e in zip(x, row, strict=True)]
        ends.append(sum(x) / n)
    return (ends[0] - ends[1]) ** 2


breaking(ls.QUADRATIC_INVARIANCE, "additive", with_multiplicative_noise, **ONCE)


def from_two_starts(mu, beta, T, n, times) -> Any:
    """The distance of the two means where the runs start at different points."""
    noise, eta, problem = m.rational_noise(T, n), steps(mu, beta), TwoSlopes(F(1), F(1))
    x, z = (means(problem, eta, when, [start] * n, noise)[0][-1] for when, start in ((times, F(3)), (range(T), F(4))))
    return (x - z) ** 2


breaking(ls.QUADRATIC_INVARIANCE, "common_start", from_two_starts, **ONCE)

# --- schedules -------------------------------------------------------------------------------------------------------

breaking(ls.BLOCK_COST, "beta_1", m.cost_of_a_block, tau=0, beta=F(1, 2), H=2)


def averaged_halfway(tau, beta, H) -> Any:
    """The cost of the same steps with one more averaging, in their middle."""
    half = H // 2
    return m.cost_of_a_block(tau, beta, half) + m.cost_of_a_block(tau + half, beta, H - half)


replacing(
    ls.BLOCK_COST_BELOW, "an averaging in the middle of the block", averaged_halfway, tau=100, beta=F(4), H=[40, 41]
)


def cost_of_one_block(a, R, beta) -> Any:
    """S of a single block of the same length."""
    return m.measured_cost(a * R * (R + 1) // 2, (0,), beta)


def cost_of_one_long_block(T, R, beta) -> Any:
    """S of R - 1 blocks of one step and one of the rest."""
    return m.measured_cost(T, tuple(range(R)), beta)


def cost_of_a_first_block(beta, H) -> Any:
    """S of one block from the start."""
    return m.cost_of_a_block(0, beta, H)


def cost_of_more_rounds(T, R, beta) -> Any:
    """S of ten times as many growing blocks."""
    return m.measured_cost(T, growing_evenly(T, 10 * R), beta)


breaking(ls.GROWING_SCHEDULE, "growing", cost_of_one_block, a=2, R=[16, 40], beta=F(4))
breaking(ls.GROWING_SCHEDULE, "beta_1", cost_of_a_first_block, a=40, R=1, beta=F(1, 100), H=40)
breaking(ls.FIXED_SCHEDULE, "fixed", cost_of_one_long_block, T=1000, R=[10, 50], beta=F(4))
breaking(ls.FIXED_SCHEDULE, "beta_1", cost_of_a_first_block, R=1, T=40, beta=F(1, 100), H=40)
breaking(ls.ANY_SCHEDULE, "rounds", cost_of_more_rounds, T=1000, R=[3, 10], beta=F(4))


def averaged_by_a_fixed_schedule(a, R, beta) -> Any:
    """S of R equal blocks over the same number of steps."""
    T = a * R * (R + 1) // 2
    return m.measured_cost(T, equal_blocks(T, R), beta)


replacing(ls.GROWING_SCHEDULE, "equal blocks", averaged_by_a_fixed_schedule, a=2, R=[200], beta=F(2))

# --- one-shot averaging ----------------------------------------------------------------------------------------------

SLOW = {"b": 4.0, "steps": 10_000}
breaking(ls.ONE_SHOT, "fast_everywhere", m.with_slow_steps, problem=[Bent(bend=0.0)], theta=0.4, **SLOW)
breaking(ls.ONE_SHOT, "exact_noise", m.with_noise_that_stays, m.ALIKE)
breaking(ls.ONE_SHOT_BIAS, "fast_steps", m.mean_with_slow_steps, problem=[Bent()], theta=0.65, **SLOW)


def bias_with_a_kink(problem, theta, b, steps, spacing) -> Any:
    r"""$T\,\mathbb E x_T$ where $F''$ jumps: at least $\sqrt T$ times what the other claim's limit leaves."""
    value, _ = m.limit_of_the_kinked_mean(problem, theta, b, steps, spacing)
    return type(value)(-np.inf, np.sqrt(b + steps) * value.high, "truncation"), {
        "h": 1.0,
        "mu": 1.0,
        "c3": 0.0,
        "sigma2": 1.0,
    }


def mean_with_noise_that_stays(problem, theta, b, steps) -> Any:
    r"""$\sqrt T\,\mathbb E x_T$ where one sign of noise lasts: $x_T \to \sigma/h_+$ or $-\sigma/h_-$, whose mean is not 0."""
    ends = [0.0, 0.0]
    for t in range(steps):
        ends = [
            x - theta / (b + t) * (problem.slope(x) + s * problem.sigma) for x, s in zip(ends, (1, -1), strict=True)
        ]
    kind = {"h_plus": problem.h_plus, "h_minus": problem.h_minus, "sigma2": problem.sigma**2}
    return Enclosed(-np.inf, np.sqrt(steps) * sum(ends) / 2, "truncation"), kind


def mean_on_a_smooth_line(problem, theta, b, steps) -> Any:
    r"""$\sqrt T\,\mathbb E x_T$ where $F''$ is smooth, between 1 and 2: it falls like $1/\sqrt T$ from there on."""
    at = moments(problem.smooth, theta, b, problem.sigma**2, m.GAUSSIAN_FOURTH, steps)
    size = np.sqrt(at.s) * max(map(abs, at.mean))
    return Enclosed(-size, size, "truncation"), {"h_plus": 2.0, "h_minus": 1.0, "sigma2": problem.sigma**2}


KINKED = m.KINKS.where(lambda problem: problem.h_plus > problem.h_minus)
breaking(ls.ONE_SHOT_BIAS, "smooth_hessian", bias_with_a_kink, KINKED.let(spacing=lambda: 20 / 8192))
breaking(ls.NECESSITY, "two_slopes", mean_on_a_smooth_line, problem=[Bent()], theta=2.0, **SLOW)
breaking(ls.NECESSITY, "exact_noise", mean_with_noise_that_stays, KINKED)

# --- rounds ----------------------------------------------------------------------------------------------------------

without(
    ls.LOWER_ROUNDS,
    "enough_rounds",
    runs.error_with_rounds,
    cases(n=64, R=8, T=500, seeds=200).guaranteeing(*runs.ROUNDS),
)
MORE = cases(n=256, R=[16, 64], T=1000, seeds=1500).guaranteeing(*runs.ROUNDS)
without(ls.LOWER_ROUNDS, "enough_rounds", runs.error_with_rounds, MORE, budget="full", name="at_256_workers")
