"""Heavy ball: the convergent tuning in the gallery, and Polyak's tuning caught in an exact cycle."""

from collections.abc import Iterator
from fractions import Fraction
from math import isqrt

import numpy as np

from gradproof.experiments.classical._gallery import gallery, rational_root
from gradproof.experiments.engine.check import Context, Evidence, Undecided, check, control
from gradproof.solvers.pep import Problem, SmoothStronglyConvex, WorstCase
from gradproof.solvers.pep.cycles import NoCycle, find_cycle
from gradproof.solvers.pep.cycles import heavy_ball as recurrence
from gradproof.theory.classical import heavy_ball
from gradproof.theory.evidence import Level, Measurement, Relation

PERIODS = 100


@gallery(
    heavy_ball.FUNCTION_VALUE,
    {"mu": "2/9", "L": 1, "gamma": "1/2", "N": 1},
    {"mu": "2/9", "L": 1, "gamma": "1/2", "N": 3},
    broken={"mu": "1/100"},
    drops="strongly-convex",
)
def wc_heavy_ball(*, mu, L, gamma, N) -> WorstCase:
    r"""$f(x_N) - f_*$ per $f(x_0) - f_*$; the momentum, where irrational, is rounded to 40 bits."""
    problem = Problem()
    f = problem.function(SmoothStronglyConvex(mu, L))
    x_star, x0 = f.minimiser(), problem.point("x0")
    square = (1 - gamma * mu) * (1 - gamma * L)
    beta = Fraction(isqrt(square.numerator * 4**40 // square.denominator), 2**40)
    x = before = x0
    for _ in range(int(N)):
        x, before = x - gamma * f.gradient(x) + beta * (x - before), x
    return problem.worst_case(f(x) - f(x_star), per=f(x0) - f(x_star))


def polyak(mu: Fraction, L: Fraction) -> tuple[Fraction, Fraction]:
    """Polyak's (gamma, beta) for curvature in [mu, L], where sqrt(L / mu) is rational and mu is a square."""
    a, b = rational_root(Fraction(mu)), rational_root(Fraction(L))
    return 4 / (a + b) ** 2, ((b - a) / (b + a)) ** 2


def slope(x: Fraction) -> Fraction:
    """Derivative of the function of Lessard, Recht and Packard: slopes 25, 1, 25, kinks at 1 and 2, minimiser 0."""
    if x < 1:
        return 25 * x
    return x + 24 if x < 2 else 25 * x - 24


@check(heavy_ball.POLYAK_CYCLE, level=Level.EXACT)
def rational_cycle(ctx: Context) -> Iterator[Evidence]:
    r"""Heavy ball in exact arithmetic on a piecewise quadratic of $F(1, 25)$: three points, for ever."""
    gamma, beta = polyak(Fraction(1), Fraction(25))
    before, x = start = (Fraction(-2208, 1225), Fraction(2592, 1225))
    nearest = abs(x)
    for _ in range(3 * PERIODS):
        before, x = x, x - gamma * slope(x) + beta * (x - before)
        nearest = min(nearest, abs(x))
    if (before, x) != start:
        yield Undecided(f"the orbit does not close: {(before, x)} after {PERIODS} periods")
    yield Measurement(
        measured=nearest, bound=ctx.claim.bound(), n=3 * PERIODS, parameters={"mu": 1, "L": 25, "start": str(start)}
    )


@check(heavy_ball.POLYAK_CYCLE, level=Level.EXACT)
def searched_cycle(ctx: Context) -> Iterator[Evidence]:
    """A cycle found by semidefinite programming, rounded to rational points, its inequalities checked exactly."""
    gamma, beta = polyak(Fraction(1), Fraction(25))
    try:
        cycle = find_cycle(SmoothStronglyConvex(1, 25), recurrence(gamma, beta), 3)
    except NoCycle as error:
        yield Undecided(str(error))
        return
    yield Measurement(
        measured=cycle.margin,
        bound=0,
        relation=Relation.GE,
        what="smallest slack of the interpolation inequalities",
        parameters={"points": str(cycle.points)},
    )


@check(heavy_ball.POLYAK_CYCLE, level=Level.EMPIRICAL)
def nearby_starts(ctx: Context) -> Iterator[Evidence]:
    """Random starts near the cycle are drawn into it: how near they come to the minimiser in the end."""
    gamma, beta = map(float, polyak(Fraction(1), Fraction(25)))
    xs = ctx.rng("starts").uniform(3.2, 3.4, size=20)
    before, x, nearest = xs, xs, np.full(20, np.inf)
    for k in range(3 * PERIODS):
        g = np.where(x < 1, 25 * x, np.where(x < 2, x + 24, 25 * x - 24))
        before, x = x, x - gamma * g + beta * (x - before)
        if k >= 3 * (PERIODS - 1):
            nearest = np.minimum(nearest, np.abs(x))
    # a round of the cycle contracts; what is left is the rounding of a step, on gradients up to 50
    for value in (nearest.min(), nearest.max()):
        yield Measurement(
            measured=float(value),
            bound=ctx.claim.bound(),
            relation=Relation.EQ,
            what="nearest point of the last round",
            error=50 * 3 * float(np.finfo(float).eps) * 10,
            error_source="rounding",
            n=20,
            seed=ctx.seed,
        )


@control(heavy_ball.POLYAK_CYCLE, drops="class")
def quadratic_converges(ctx: Context) -> Iterator[Evidence]:
    r"""The same tuning and start on $13 x^2/2$, of constant curvature: the iterates go to the minimiser."""
    gamma, beta = polyak(Fraction(1), Fraction(25))
    before, x = -2208 / 1225, 2592 / 1225
    for _ in range(3 * PERIODS):
        before, x = x, x - float(gamma) * 13 * x + float(beta) * (x - before)
    yield Measurement(measured=abs(x), bound=ctx.claim.bound(), error=1e-12, error_source="rounding", n=3 * PERIODS)
