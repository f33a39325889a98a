"""Without chance: steps by enumerating the noise, recursions on parabolas, costs of schedules, and limits of one-shot averaging."""

from collections.abc import Callable, Sequence
from fractions import Fraction as F
from itertools import combinations, product
from typing import Any

import numpy as np

from gradproof.experiments.communication.local_sgd.instances import Bent, TwoSlopes
from gradproof.experiments.communication.local_sgd.methods import means
from gradproof.experiments.engine.measure import Enclosed, around, cases, measure, rounded
from gradproof.solvers.averaged_sgd import consensus_exact, exact_quadratic, steps
from gradproof.solvers.averaging_times import (
    best_schedule,
    cost,
    equal_blocks,
    growing,
)
from gradproof.solvers.stochastic_approximation import kinked_mean, limits, moments
from gradproof.theory.communication import local_sgd as ls

CLASS = ("smooth", "strongly_convex", "one_objective", "noise")
With = tuple[Any, dict[str, Any]]
EPS = 2.0**-52

# --- one step --------------------------------------------------------------------------------------------------------

SHAPES = [TwoSlopes(F(a), F(b)) for a, b in ((1, 1), (4, 4), (1, 4), (4, 1))]
PLACES = [(F(3), F(1), F(-1)), (F(8, 3), F(-2, 3)), (F(0), F(0)), (F(5),)]
ONE_STEP = cases(shape=SHAPES, places=PLACES, sigma=[F(0), F(3)], mu=F(1), L=F(4)).where(
    lambda places, sigma: sigma or any(places)
)


def independent(n: int) -> list[tuple[int, ...]]:
    """Signs of the workers' noise, all equally likely."""
    return list(product((-1, 1), repeat=n))


def alike(n: int) -> list[tuple[int, ...]]:
    """The same noise for all."""
    return [(1,) * n, (-1,) * n]


def opposed(n: int) -> list[tuple[int, ...]]:
    """Noise that cancels between the halves of the workers."""
    return [tuple(s * (-1) ** i for i in range(n)) for s in (1, -1)]


def after_a_step(
    shapes: Sequence[TwoSlopes], places: Sequence[F], eta: F, sigma: F, signs: Callable[[int], Any], relative: F = F(0)
) -> tuple[F, F]:
    """E (F(mean) - F*) for the mean F of the shapes, where they are one, and the spread, over the signs of the noise.

    A worker's noise is sigma, and independently ``relative`` times its gradient, with signs.
    """
    n, error, spread = len(places), F(0), F(0)
    outcomes = list(product(signs(n), signs(n) if relative else [(0,) * n]))
    for plain, scaled in outcomes:
        x = [
            y - eta * (f.slope(y) * (1 + relative * s) + sigma * e)
            for f, y, e, s in zip(shapes, places, plain, scaled, strict=True)
        ]
        mean = sum(x) / n
        error += sum(f.value(mean) for f in shapes) / n
        spread += sum((y - mean) ** 2 for y in x) / n
    return error / len(outcomes), spread / len(outcomes)


def state_of(shape: TwoSlopes, places: Sequence[F], sigma: F) -> dict[str, Any]:
    mean = sum(places) / len(places)
    spread = sum((y - mean) ** 2 for y in places) / len(places)
    return {"n": len(places), "sigma2": sigma**2, "a_t": shape.value(mean), "V_t": spread}


@measure(ls.RECURSION, ONE_STEP.let(eta=lambda shape: F(1, 4 * shape.h_plus)).guaranteeing(*CLASS))
def error_after_a_step(shape, places, eta, sigma, signs=independent) -> With:
    r"""$\mathbb E F(\bar x^{t+1}) - F^*$ over all signs of the noise, workers at given places, in rationals."""
    return after_a_step([shape] * len(places), places, eta, sigma, signs)[0], state_of(shape, places, sigma)


@measure(ls.CONSENSUS, ONE_STEP.let(eta=lambda shape: F(2, 4 + shape.h_minus)).guaranteeing(*CLASS))
def spread_after_a_step(shape, places, eta, sigma, signs=independent) -> With:
    r"""$V_{t+1}$ over all signs of the noise; the parabola of curvature $\mu$ attains the bound."""
    return after_a_step([shape] * len(places), places, eta, sigma, signs)[1], state_of(shape, places, sigma)


# --- many steps on parabolas -----------------------------------------------------------------------------------------

CURVED = [{"mu": F(1), "L": F(1), "h": F(1)}, {"mu": F(1), "L": F(4), "h": F(1)}, {"mu": F(1, 2), "L": F(2), "h": F(2)}]
BLOCK = cases(curved=CURVED, beta=F(17, 2), tau=[0, 7], H=[1, 2, 6, 20], sigma2=F(9, 4)).let(
    n=lambda H: 2 if H in (1, 6) else 5
)
SINCE = ("smooth", "strongly_convex", "one_objective", "noise", "common_start")


LONG = 60  # steps from which on recursions are taken in floats: all their terms are positive, so that errors only add


def recursion(count: int, value: Callable[..., Any], *numbers: Any) -> Any:
    """A recursion over so many steps, exactly where they are few."""
    if count <= LONG:
        return value(*numbers)
    return rounded(float(value(*map(float, numbers))), 32 * count)


@measure((ls.DRIFT, ls.SPREAD), BLOCK.guaranteeing(*SINCE))
def spread_after_a_block(mu, h, beta, tau, H, n, sigma2) -> Any:
    r"""$V_{\tau+H}$ on a parabola, exactly; with curvature $\mu$ it attains the sharper bound."""

    def value(mu, beta, h, sigma2):
        return consensus_exact(H, (0,), lambda t: steps(mu, beta)(t + tau), [h], [sigma2], n)

    return recursion(H, value, mu, beta, h, sigma2)


#: also few steps with a large offset, where start and noise are as large as the bounds have them
LENGTHS = [{"beta": F(8), "T": 40}, {"beta": F(100), "T": 1}, {"beta": F(100), "T": 3}]
#: start and noise add up in the errors as in the bounds, so that each is looked at alone
APART = [
    {"x0": F(3), "sigma2": F(0), "n": 64},
    {"x0": F(0), "sigma2": F(4), "n": 1},
    {"x0": F(0), "sigma2": F(4), "n": 64},
]
RUN = cases(curved=CURVED, length=LENGTHS, apart=APART)


def error_on_a_parabola(mu, h, beta, T, n, sigma2, x0) -> With:
    r"""$\mathbb E F(\bar x^T) - F^*$ on a parabola, exactly, the same for every schedule."""
    return half_square(T, mu, h, beta, x0, sigma2, n), {"a0": h * x0**2 / 2}


def half_square(T, mu, h, beta, x0, sigma2, n, scale=1) -> Any:
    """E F(mean) - F* on a parabola, times a factor."""

    def value(mu, beta, h, x0, sigma2):
        return scale * exact_quadratic(T, steps(mu, beta), [h], [x0], [sigma2], n)

    return recursion(T, value, mu, beta, h, x0, sigma2)


measure(ls.MAIN, RUN.let(S=lambda T, beta: cost(T, growing(T, 5), beta if T <= LONG else float(beta))).guaranteeing(
    *CLASS, "drifting"))(error_on_a_parabola)  # fmt: skip
measure(ls.SYNCHRONISED, RUN.guaranteeing(*CLASS, "every_step"))(error_on_a_parabola)
measure(ls.WORST_SCHEDULE, RUN.guaranteeing(*CLASS, "common_start", "averaging"))(error_on_a_parabola)


@measure(ls.QUADRATIC_RATE, RUN.guaranteeing(*CLASS, "quadratic"))
def square_on_a_parabola(mu, h, beta, T, n, sigma2, x0) -> With:
    r"""$\mathbb E\|\bar x^T - x^*\|^2$ on a parabola, exactly; with curvature $\mu$ it attains the bound."""
    return half_square(T, mu, h, beta, x0, sigma2, n, scale=2 / h), {"D0": x0**2}


def rational_noise(T: int, n: int) -> list[list[F]]:
    """Numbers without a pattern, the same in every call."""
    rng = np.random.default_rng(T * 1000 + n)
    return [[F(int(v), 16) for v in row] for row in rng.integers(-40, 41, (T, n))]


PATHS = cases(
    curved=CURVED[:2],
    beta=F(8),
    T=12,
    n=[2, 5],
    times={"once": (0,), "uneven": (0, 1, 5, 6), "growing": growing(12, 4)},
)
PATHS = PATHS.let(problem=lambda h: TwoSlopes(h, h))
INVARIANT = ("smooth", "strongly_convex", "one_objective", "quadratic", "additive", "common_start")


@measure(ls.QUADRATIC_INVARIANCE, PATHS.guaranteeing(*INVARIANT))
def between_two_schedules(problem, mu, beta, T, n, times, start_at=F(3)) -> Any:
    r"""$\|\bar x^T - z^T\|^2$ on one path of the noise, in rationals."""
    noise, eta = rational_noise(T, n), steps(mu, beta)
    x, _ = means(problem, eta, times, [start_at] * n, noise)
    z, _ = means(problem, eta, range(T), [start_at] * n, noise)
    return (x[-1] - z[-1]) ** 2


# --- what schedules cost ---------------------------------------------------------------------------------------------

BLOCKS = cases(tau=[0, 3, 100], beta=[F(3, 2), F(40)], H=[1, 2, 40, 150])


@measure((ls.BLOCK_COST, ls.BLOCK_COST_BELOW), BLOCKS)
def cost_of_a_block(tau, beta, H) -> F:
    """The sum over a block, in rationals."""
    return sum((F(j) / (tau + j + beta - 1) for j in range(H)), F(0))


@measure(ls.GROWING_SCHEDULE, cases(a=[1, 7], R=[1, 2, 5, 40], beta=[F(21, 20), F(20)]).guaranteeing("growing"))
def cost_of_growing_blocks(a, R, beta) -> Any:
    """S of growing blocks up to the end of the last, in rationals up to 100 steps, else in floats."""
    T = a * R * (R + 1) // 2
    return measured_cost(T, tuple(a * i * (i + 1) // 2 for i in range(R)), beta)


@measure(
    ls.FIXED_SCHEDULE,
    cases(R=[1, 2, 10, 100], H=[1, 4, 100], beta=[F(21, 20), F(20)]).let(T=lambda R, H: R * H).guaranteeing("fixed"),
)
def cost_of_equal_blocks(T, R, beta) -> Any:
    """S of equal blocks, the same way."""
    return measured_cost(T, equal_blocks(T, R), beta)


def measured_cost(T: int, times: Sequence[int], beta: F) -> Any:
    if T <= 100:
        return cost(T, times, beta)
    return rounded(cost(T, times, float(beta)), 4)


@measure(ls.ANY_SCHEDULE, cases(T=[6, 10], R=[1, 2, 3, 5], beta=[F(3, 2), F(4)]).guaranteeing("rounds"))
def least_cost_of_all(T, R, beta) -> F:
    """The least S of all schedules with at most R blocks, each tried, in rationals."""
    return min(cost(T, (0, *later), beta) for k in range(R) for later in combinations(range(1, T), k))


@measure(ls.ANY_SCHEDULE, cases(T=[50, 500], R=[1, 3, 10, 40], beta=[F(4), F(20)]).guaranteeing("rounds"))
def least_cost(T, R, beta) -> Any:
    """The least S by dynamic programming, below the cost of the schedule that it finds."""
    best = best_schedule(T, R, float(beta))
    return Enclosed(best.cost - best.error, best.cost + best.error, "rounding")


# --- one-shot averaging ----------------------------------------------------------------------------------------------

BENT = [Bent(), Bent(shift=-0.5), Bent(bend=0.5, shift=1.5)]
LIMITS = cases(problem=BENT, theta=2.0, b=4.0, steps=10_000) + cases(problem=BENT[:1], theta=1.5, b=4.0, steps=10_000)
GAUSSIAN_FOURTH = 3.0


def shape_of(problem: Bent) -> dict[str, float]:
    return {"h": problem.smooth.h, "mu": problem.mu, "c3": problem.smooth.c3, "sigma2": problem.sigma**2}


@measure(ls.ONE_SHOT, LIMITS.guaranteeing("exact_noise"))
def limit_of_the_variance(problem, theta, b, steps) -> With:
    r"""$\lim T\,\mathbb E x_T^2$: the step's targets lie between these numbers from some step on."""
    low, high = limits(problem.smooth, theta, b, problem.sigma**2, GAUSSIAN_FOURTH * problem.sigma**4, steps)[0]
    return Enclosed(low, high, "truncation"), shape_of(problem)


@measure(ls.ONE_SHOT_BIAS, LIMITS.guaranteeing("exact_noise"))
def limit_of_the_mean(problem, theta, b, steps) -> With:
    r"""$\lim T\,\mathbb E x_T$, the same way."""
    low, high = limits(problem.smooth, theta, b, problem.sigma**2, GAUSSIAN_FOURTH * problem.sigma**4, steps)[1]
    return Enclosed(low, high, "truncation"), shape_of(problem)


ALIKE = cases(problem=[Bent(bend=0.0)], theta=2.0, b=4.0, steps=10_000)


def with_noise_that_stays(problem, theta, b, steps) -> With:
    r"""$T\,\mathbb E x_T^2$ on the parabola where one sign of noise lasts: $x_T \to \pm\sigma/h$, so that it grows without end."""
    x = 0.0
    for t in range(steps):
        x -= theta / (b + t) * (problem.smooth.h * x + problem.sigma)
    return Enclosed(steps * x * x * (1 - steps * EPS), np.inf, "truncation"), shape_of(problem)


def with_slow_steps(problem, theta, b, steps) -> With:
    r"""$T\,\mathbb E x_T^2$ for $2\theta h < 1$: it has grown to this, and grows on like $T^{1-2\theta h}$."""
    at = moments(problem.smooth, theta, b, problem.sigma**2, GAUSSIAN_FOURTH, steps)
    return Enclosed(at.s * at.second[0], np.inf, "truncation"), shape_of(problem)


def mean_with_slow_steps(problem, theta, b, steps) -> With:
    r"""$T\,\mathbb E x_T$ for $\theta h < 1$: it keeps the sign of $-c_3$, and its size grows like $T^{1-\theta h}$."""
    at = moments(problem.smooth, theta, b, problem.sigma**2, GAUSSIAN_FOURTH, steps)
    return Enclosed(-np.inf, at.s * at.mean[1], "truncation"), shape_of(problem)


KINKS = cases(problem=[TwoSlopes(2.0, 1.0), TwoSlopes(1.0, 2.0)], theta=2.0, b=4.0, steps=300)


@measure(ls.NECESSITY, KINKS.guaranteeing("exact_noise"))
def limit_of_the_kinked_mean(problem, theta, b, steps, spacing=20 / 8192) -> With:
    r"""$\lim\sqrt T\,\mathbb E x_T$ from the law of $x_T$ on a lattice, as far as it may still move."""
    found = kinked_mean(theta, b, problem.h_plus, problem.h_minus, problem.sigma, steps, spacing=spacing)
    kind = {"h_plus": problem.h_plus, "h_minus": problem.h_minus, "sigma2": problem.sigma**2}
    return around(found.mean, found.error + found.distance, "truncation"), kind


STEEP = cases(
    problem=[TwoSlopes(2.0, 1.0), TwoSlopes(1.0, 4.0), TwoSlopes(1.0, 1.5)],
    theta=2.0,
    b=8.0,
    steps=6000,
    spacing=20 / 2**15,
)
measure(ls.NECESSITY, STEEP.guaranteeing("exact_noise"), budget="full", name="after_more_steps")(
    limit_of_the_kinked_mean
)
