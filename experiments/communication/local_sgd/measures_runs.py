"""Runs: errors of schedules on a bent line and on data, spreads, the bias by a control variate, rounds on the kinked example."""

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from gradproof.experiments.communication.local_sgd.instances import (
    Bent,
    RandomCurvature,
    SharedRows,
    TwoSlopes,
    ridge_logistic,
)
from gradproof.experiments.communication.local_sgd.measures import CLASS, shape_of
from gradproof.experiments.communication.local_sgd.methods import (
    Fedac,
    counted,
    errors,
    fedac_parameters,
    normal,
)
from gradproof.experiments.engine.measure import Sample, cases, measure
from gradproof.solvers.averaging_times import cost, equal_blocks, every, growing, growing_evenly
from gradproof.solvers.stochastic_approximation import limits, moments
from gradproof.theory.communication import local_sgd as ls

With = tuple[Any, dict[str, Any]]
Schedule = Callable[[int], Sequence[int]]

#: schedules by name: T -> times
FAMILIES: dict[str, Schedule] = {
    "every step": lambda T: every(T, 1), "equal blocks": lambda T: equal_blocks(T, 10), "growing": lambda T: growing(T, 10),
    "once": lambda T: (0,),
}  # fmt: skip


def strongly_convex_steps(mu: float, beta: float) -> Callable[[Any], Any]:
    """eta_t = 2/(mu (t + beta))."""
    return lambda t: 2 / (mu * (t + beta))


# --- the bound for any schedule --------------------------------------------------------------------------------------


def on_the_bent_line(
    schedules: Sequence[Schedule], n: int, T: int, seeds: int, keys: Any, backend: str, x0: float = 2.0
) -> Any:
    """Errors and spreads of local SGD on a bent line with beta = 2 kappa, and what the claims know of it."""
    problem = Bent()
    beta = 2 * problem.L / problem.mu
    eta, noise = strongly_convex_steps(problem.mu, beta), counted(keys("noise", seeds=seeds), n, 1, backend)
    out = errors(problem, n, eta, [f(T) for f in schedules], [x0], noise, T, seeds=seeds, backend=backend)
    known = {"mu": problem.mu, "L": problem.L, "sigma2": 1.0, "n": n, "beta": beta, "T": T}
    return out, known | {"a0": float(problem.excess(np.array([x0])))}


BENT_RUNS = cases(n=[2, 16], T=200, seeds=60)


def errors_on_the_bent_line(n, T, seeds, keys, backend, families=tuple(FAMILIES)) -> Any:
    r"""$F(\bar x^T) - F^*$ on a bent line for each schedule, the same noise for all."""
    schedules = [FAMILIES[name] for name in families]
    out, known = on_the_bent_line(schedules, n, T, seeds, keys, backend)
    for error, schedule in zip(out["error"].values[:, :, -1], schedules, strict=True):
        yield Sample(error), known | {"S": cost(T, schedule(T), known["beta"])}


def synchronised_on_the_bent_line(n, T, seeds, keys, backend) -> Any:
    r"""$F(\bar x^T) - F^*$ on a bent line, averaged at every step."""
    return errors_on_the_bent_line(n, T, seeds, keys, backend, ("every step",))


measure(ls.MAIN, BENT_RUNS.guaranteeing(*CLASS, "drifting"))(errors_on_the_bent_line)
measure(ls.WORST_SCHEDULE, BENT_RUNS.guaranteeing(*CLASS, "common_start", "averaging"))(errors_on_the_bent_line)
measure(ls.SYNCHRONISED, BENT_RUNS.guaranteeing(*CLASS, "every_step"))(synchronised_on_the_bent_line)
RANGE = cases(n=[2, 16, 64, 256], T=2000, seeds=100).guaranteeing(*CLASS, "drifting")
measure(ls.MAIN, RANGE, budget="full", name="longer_runs")(errors_on_the_bent_line)
WIDE = cases(n=[256], T=2000, seeds=40_000).guaranteeing(*CLASS, "drifting")  # 10^7 numbers a step, for each schedule
measure(ls.MAIN, WIDE, budget="gpu", name="wide_runs")(errors_on_the_bent_line)


def rows_run(
    data: str, ridge: float, n: int, T: int, seeds: int, schedules: Sequence[Schedule], keys: Any, backend: str
) -> Any:
    """Errors and spreads of local SGD on logistic regression with beta = 2 kappa, one row a step and worker."""
    problem: SharedRows = ridge_logistic(data, ridge)
    beta = 2 * problem.L / problem.mu
    noise = counted(keys("rows", seeds=seeds), n, 1, backend, law="uniform")
    eta = strongly_convex_steps(problem.mu, beta)
    x0 = np.zeros(problem.problem.d)
    out = errors(problem, n, eta, [f(T) for f in schedules], x0, noise, T, seeds=seeds, backend=backend)
    known = {"mu": problem.mu, "L": problem.L, "sigma2": problem.sigma2, "n": n, "beta": beta, "T": T}
    return out, known | {"a0": float(problem.excess(x0))}, problem.gap


def errors_on_data(data, ridge, n, T, seeds, keys, backend) -> Any:
    r"""$F(\bar x^T) - F^*$ of logistic regression, each worker drawing a row a step, for each schedule."""
    out, known, gap = rows_run(data, ridge, n, T, seeds, list(FAMILIES.values()), keys, backend)
    for error, schedule in zip(out["error"].values[:, :, -1], FAMILIES.values(), strict=True):
        yield Sample(error, bias=gap), known | {"S": cost(T, schedule(T), known["beta"])}


def spreads_on_data(data, ridge, n, T, seeds, keys, backend) -> With:
    r"""$V_T$ of the workers on logistic regression after $T$ steps without averaging."""
    out, known, _ = rows_run(data, ridge, n, T, seeds, [FAMILIES["once"]], keys, backend)
    return Sample(out["spread"].values[0, :, -1]), {k: v for k, v in known.items() if k != "T"} | {"tau": 0, "H": T}


SMALL = cases(data="breast_cancer", ridge=0.1, n=8, T=100, seeds=40)
LARGE = cases(data="a9a", ridge=0.05, n=[16, 64, 256], T=400, seeds=30)
measure(ls.MAIN, SMALL.guaranteeing(*CLASS, "drifting"))(errors_on_data)
measure(ls.MAIN, LARGE.guaranteeing(*CLASS, "drifting"), budget="full", name="errors_on_a9a")(errors_on_data)
SINCE = (*CLASS, "common_start")
measure((ls.DRIFT, ls.SPREAD), SMALL.guaranteeing(*SINCE))(spreads_on_data)
measure((ls.DRIFT, ls.SPREAD), LARGE.guaranteeing(*SINCE), budget="full", name="spreads_on_a9a")(spreads_on_data)


@measure(ls.RECURSION, cases(n=[2, 8], t=[5, 50], seeds=800).guaranteeing(*CLASS))
def error_after_a_random_step(n, t, seeds, rng) -> With:
    r"""$F(\bar x^{t+1}) - F^*$ of steps of size $1/(t+2)$ from one place of the workers on a bent line, Gaussian noise."""
    problem, eta = Bent(), 1 / (t + 2)
    x = np.linspace(-1, 2, n)
    after = (x - eta * (problem.sample(x[:, None], rng.standard_normal((seeds, n, 1)))[..., 0])).mean(axis=1)
    at = {"a_t": float(problem.excess(x.mean(keepdims=True))), "V_t": float(x.var())}
    return Sample(problem.excess(after[:, None])), {"eta": eta, "mu": 1.0, "L": problem.L, "sigma2": 1.0, "n": n, **at}


@measure(ls.CONSENSUS, cases(n=[2, 8], t=[5, 50], seeds=800).guaranteeing(*CLASS))
def spread_after_a_random_step(n, t, seeds, rng) -> With:
    r"""$V_{t+1}$ of the same steps."""
    problem, eta = Bent(), 1 / (t + 2)
    x = np.linspace(-1, 2, n)
    after = x - eta * problem.sample(x[:, None], rng.standard_normal((seeds, n, 1)))[..., 0]
    return Sample(after.var(axis=1)), {
        "eta": eta,
        "mu": 1.0,
        "L": problem.L,
        "sigma2": 1.0,
        "n": n,
        "V_t": float(x.var()),
    }


@measure(ls.QUADRATIC_RATE, cases(n=[1, 16], T=60, seeds=2000, beta=4.0).guaranteeing(*CLASS, "quadratic"))
def squares_of_runs(n, T, seeds, beta, rng) -> With:
    r"""$|\bar x^T - x^*|^2$ on a parabola from $x^*$, averaged once, Gaussian noise: squares of normal numbers."""
    problem = TwoSlopes(1.0, 1.0)
    out = errors(
        problem, n, strongly_convex_steps(1.0, beta), [(0,)], [0.0], normal(rng, 1, seeds, n, 1), T, seeds=seeds
    )
    square = 2 * out["error"].values[0, :, -1]
    return Sample(square, law="square of normal"), {"mu": 1.0, "L": 1.0, "sigma2": 1.0, "n": n, "D0": 0.0}


# --- one-shot averaging ----------------------------------------------------------------------------------------------


def beside_the_line(
    problem: Bent, theta: float, b: float, T: int, seeds: int, rng: Any
) -> tuple[np.ndarray, np.ndarray]:
    """x_T and z_T, (seeds,) each: SGD with signs as noise, and the linear recursion with the same noise, from 0."""
    h, x, z = problem.smooth.h, np.zeros(seeds), np.zeros(seeds)
    turn, back = problem.bend, problem.bend * np.tanh(problem.shift)
    for t in range(T):
        noise = problem.sigma * (2.0 * rng.integers(0, 2, seeds) - 1)
        eta = theta / (b + t)
        z -= eta * (h * z + noise)
        x -= eta * (x + turn * np.tanh(x - problem.shift) + back + noise)
    return x, z


@measure(ls.ONE_SHOT_BIAS, cases(problem=[Bent()], theta=2.0, b=4.0, T=300, seeds=6000).guaranteeing("exact_noise"))
def bias_by_a_control_variate(problem, theta, b, T, seeds, rng) -> With:
    r"""$T(x_T - z_T)$ with $z$ the linear recursion on the same noise, whose mean is exactly 0; as far from the limit as shown."""
    x, z = beside_the_line(problem, theta, b, T, seeds, rng)
    reach = problem.sigma / problem.mu  # |x| and |z| stay below it, as eta L <= 1
    least, most = (q / problem.smooth.h for q in problem.off_the_line(reach))  # x - z is averaged with -(F' - h x)/h
    # the law of signs has the fourth moment 1; the limit depends on the variance alone
    at = moments(problem.smooth, theta, b, problem.sigma**2, problem.sigma**4, T)
    low, high = limits(problem.smooth, theta, b, problem.sigma**2, problem.sigma**4, 10_000)[1]
    ends = [T * m for m in at.mean]
    bias = max(abs(e - c) for e in ends for c in (low, high))
    return Sample(T * (x - z), at_least=-T * most * (1 + 1e-12), at_most=-T * least + 1e-9, bias=bias), shape_of(
        problem
    )


@measure(ls.ONE_SHOT, cases(problem=[Bent()], theta=2.0, b=4.0, T=400, seeds=4000).guaranteeing("exact_noise"))
def variance_of_runs(problem, theta, b, T, seeds, rng) -> With:
    r"""$T x_T^2$ of the same runs; as far from the limit as shown."""
    x, _ = beside_the_line(problem, theta, b, T, seeds, rng)
    at = moments(problem.smooth, theta, b, problem.sigma**2, problem.sigma**4, T)
    low, high = limits(problem.smooth, theta, b, problem.sigma**2, problem.sigma**4, 10_000)[0]
    bias = max(abs(T * e - c) for e in at.second for c in (low, high))
    return Sample(T * x * x, at_most=T * (problem.sigma / problem.mu) ** 2, bias=bias), shape_of(problem)


def quadratic_of_the_paper(rng: Any, *, n: int = 20, T: int = 1000, seeds: int = 100) -> dict[str, np.ndarray]:
    """Final errors (seeds,) of the schedules that the paper compares on its quadratic, steps 3/(t + 1) from (1, 1, 1).

    The first step is longer than 1/L, as in the paper's code. Its schedules: every step; blocks of sqrt(T/N) and of (T^2/N)^(1/3)
    steps; growing and equal blocks in N rounds; once.
    """
    schedules = {
        "every step": every(T, 1),
        "sqrt(T/N)": every(T, round((T / n) ** 0.5)),
        "(T^2/N)^(1/3)": every(T, round((T**2 / n) ** (1 / 3))),
        "growing": growing_evenly(T, n),
        "T/N": equal_blocks(T, n),
        "once": (0,),
    }
    problem = RandomCurvature()
    noise = normal(rng, 1, seeds, n, 2 * problem.d)
    out = errors(problem, n, lambda t: 3 / (t + 1), list(schedules.values()), [1.0] * problem.d, noise, T, seeds=seeds)
    return dict(zip(schedules, out["error"].values[:, :, -1], strict=True))


def fedac_of_the_paper(second: bool, n: int = 20, T: int = 1000) -> tuple[Fedac, tuple[int, ...]]:
    """FedAC-I with about sqrt(N) blocks, or FedAC-II with N^(1/3), on that quadratic: its numbers, and the times of averaging."""
    R = math.ceil(n ** (1 / 3 if second else 1 / 2))
    problem = RandomCurvature()
    a0, D0 = float(problem.excess(np.ones(problem.d))), float(problem.d)
    ac = fedac_parameters(second, R=R, T=T, n=n, mu=1.0, L=3.0, sigma2=problem.noise, a0=a0, D0=D0)
    return ac, tuple(T * i // R for i in range(R))


def kinked_runs(
    n: int, schedules: Sequence[Sequence[int]], T: int, seeds: int, rng: Any, *, sigma: float = 8.0, x0: float = 2.0
) -> Any:
    """Errors on F' = 2x or x with the steps min(2/(t + 1), 1/2): the example of the paper's simulations."""
    noise = normal(rng, 1, seeds, n, 1)
    return errors(
        TwoSlopes(2.0, 1.0, sigma), n, lambda t: np.minimum(2 / (t + 1), 0.5), schedules, [x0], noise, T, seeds=seeds
    )


ROUNDS = ("two_slopes", "exact_noise")
AUTHORS = {"theta": 2.0, "h_plus": 2.0, "h_minus": 1.0, "sigma2": 64.0}


def error_with_rounds(n, R, T, seeds, rng) -> With:
    r"""$F(\bar x^T) - F^*$ on the kinked example, growing blocks in so many rounds."""
    out = kinked_runs(n, [growing_evenly(T, R)], T, seeds, rng)
    return Sample(out["error"].values[0, :, -1]), AUTHORS


measure(ls.LOWER_ROUNDS, cases(n=64, T=500, seeds=100).let(R=lambda n: n).guaranteeing(*ROUNDS))(error_with_rounds)
FULL_ROUNDS = cases(n=[64, 128, 256], T=8000, seeds=100).let(R=lambda n: n).guaranteeing(*ROUNDS)
measure(ls.LOWER_ROUNDS, FULL_ROUNDS, budget="full", name="error_with_rounds_of_the_paper")(error_with_rounds)
