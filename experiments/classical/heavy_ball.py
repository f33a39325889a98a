"""Heavy ball: the convergent tuning in the gallery, and Polyak's tuning caught in an exact cycle."""

from collections.abc import Callable, Iterator
from fractions import Fraction

from gradproof.experiments.classical._gallery import gallery, rational_root
from gradproof.experiments.engine.measure import cases, measure, without
from gradproof.solvers.pep import PepError, Problem, SmoothStronglyConvex, WorstCase
from gradproof.theory.classical import heavy_ball


@gallery(
    heavy_ball.FUNCTION_VALUE,
    {"mu": "2/9", "L": 1, "gamma": "1/2", "N": 1},
    {"mu": "2/9", "L": 1, "gamma": "1/2", "N": 3},
    broken={"mu_f": "1/100"},
    drops="strongly-convex",
)
def wc_heavy_ball(*, mu, L, gamma, N, mu_f=None) -> WorstCase:
    r"""$f(x_N) - f_*$ per $f(x_0) - f_*$; the momentum $\sqrt{(1-\gamma\mu)(1-\gamma L)}$ must be rational."""
    problem = Problem()
    f = problem.function(SmoothStronglyConvex(mu_f or mu, L))
    x_star, x0 = f.minimiser(), problem.point("x0")
    beta = rational_root((1 - gamma * mu) * (1 - gamma * L))
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


def orbit(
    gradient: Callable[[Fraction], Fraction], gamma: Fraction, beta: Fraction, steps: int
) -> Iterator[tuple[Fraction, Fraction]]:
    """Heavy ball in exact arithmetic from two points of the cycle: the pairs (x_{k-1}, x_k)."""
    before, x = Fraction(-2208, 1225), Fraction(2592, 1225)
    for _ in range(steps + 1):
        yield before, x
        before, x = x, x - gamma * gradient(x) + beta * (x - before)


TUNED = cases(mu=[Fraction(1)], L=[Fraction(25)])


@measure(heavy_ball.POLYAK_CYCLE, TUNED.guaranteeing("tuning", "class"))
def rational_cycle(mu, L) -> Fraction:
    r"""The nearest of three points in which heavy ball runs for ever on a piecewise quadratic of $\mathcal F_{1,25}$, exactly."""
    pairs = list(orbit(slope, *polyak(mu, L), 3))
    if pairs[3] != pairs[0]:
        raise PepError(f"the orbit does not close: {pairs[3]} after {pairs[0]}")
    return min(abs(x) for _, x in pairs)


def nearest(mu, L) -> Fraction:
    """The nearest of 60 points on $13x^2/2$, in exact arithmetic: at least as far as the iterates ever come."""
    return min(abs(x) for _, x in orbit(lambda x: 13 * x, *polyak(mu, L), 60))


without(heavy_ball.POLYAK_CYCLE, "class", nearest, TUNED.guaranteeing("tuning"))


def shorter_steps_without_momentum(mu, L) -> Fraction:
    r"""The nearest of 60 points of gradient descent, $\gamma=1/L$ and $\beta=0$, on the piecewise quadratic."""
    return min(abs(x) for _, x in orbit(slope, 1 / L, Fraction(0), 60))


without(heavy_ball.POLYAK_CYCLE, "tuning", shorter_steps_without_momentum, TUNED.guaranteeing("class"))
