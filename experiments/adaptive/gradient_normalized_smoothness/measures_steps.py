"""One step: its length, how far the value falls, and the next gradient, in rational numbers and balls."""

from fractions import Fraction as F

import flint

# isort: off
from gradproof.experiments.adaptive.gradient_normalized_smoothness.instances import (
    LINES, Quadratic, Turning, high, line_step, low, polynomial, shifted,
)  # fmt: skip
from gradproof.experiments.engine.controls import breaking
from gradproof.experiments.engine.measure import Enclosed, cases, measure
from gradproof.solvers.exact.balls import ball
from gradproof.theory.adaptive import gradient_normalized_smoothness as paper
# isort: on

STEP = ("regularised_step", "psd")
WITHIN = (*STEP, "within_radius")

ZERO, ONE = [[0, 0], [0, 0]], [[1, 0], [0, 1]]
HESSIANS = {"0": ZERO, "along e1": [[2, 0], [0, 0]], "full": [[2, 1], [1, 3]], "ones": [[1, 1], [1, 1]]}
ERRORS = {"I": ONE, "-I": [[-1, 0], [0, -1]], "mirror": [[F(3, 5), F(4, 5)], [F(4, 5), F(-3, 5)]]}
GRADIENTS = [(3, 4), (0, 5)]
QUADRATICS = cases(H=HESSIANS, R=ERRORS, g=GRADIENTS, sigma=[F(1), F(1, 3)], over=[F(1), F(1, 2)]).where(
    lambda sigma, over: sigma > 0 and 0 < over <= 1
)


def is_convex(H, R, sigma):
    """The true Hessian is positive semidefinite."""
    (a, b), (_, c) = shifted(H, sigma, R)
    return a >= 0 and c >= 0 and a * c >= b * b


STRAIGHT = cases(H={"sigma I": ONE}, R={"-I": ERRORS["-I"]}, g=GRADIENTS, sigma=[F(1)], over=[F(1)])


def curved_up(f, t):
    """f'' is not negative where the step begins."""
    return f.convex or bool(f.curvature(ball(F(t))) > 0)


def inside(over):
    """The radius is at most that of the point."""
    return 0 < over <= 1


GOOD = cases(f=LINES, t=[F(-2), F(1, 2), F(3)], over=[F(1), F(1, 3)]).where(inside).where(curved_up)


def taken(**case):
    """The numbers of the step of a case: of a quadratic, exactly, or on a line, in balls."""
    return (Quadratic(**case) if "R" in case else line_step(**case)).numbers()


def quantity(numbers, name):
    x = numbers[name]
    return Enclosed(low(x), high(x), "rounding") if isinstance(x, flint.arb) else x


def at(numbers, *names, end=high):
    """Parameters: of balls the ends at which the bound says most."""
    return {k: end(numbers[k]) if isinstance(numbers[k], flint.arb) else numbers[k] for k in names}


@measure(paper.STEP_RADIUS, (QUADRATICS + GOOD).guaranteeing(*STEP))
def length(**case):
    """$|x_{k+1} - x_k|$ on quadratics in the plane, exactly, and on a line, in balls."""
    n = taken(**case)
    return quantity(n, "length"), at(n, "gamma", end=low)


@measure(paper.DESCENT_STEP, (QUADRATICS + GOOD).guaranteeing(*WITHIN))
def fall_by_the_step(**case):
    """$f(x_k) - f(x_{k+1})$ on quadratics and on a line, beside the step."""
    n = taken(**case)
    return quantity(n, "fall"), at(n, "lam", "h2") | {"Hhh": max(at(n, "Hhh")["Hhh"], F(0))}


@measure(paper.NEXT_GRADIENT, (QUADRATICS + GOOD).guaranteeing(*WITHIN))
def next_gradient(**case):
    """$|g_{k+1}|^2$ on quadratics and on a line, beside the step."""
    n = taken(**case)
    return quantity(n, "gp2"), at(n, "lam", "h2", end=low)


@measure(paper.DESCENT, (QUADRATICS + GOOD).guaranteeing(*WITHIN))
@measure(
    paper.DESCENT_CONVEX,
    (QUADRATICS.where(is_convex) + STRAIGHT + GOOD.where(lambda f: f.convex)).guaranteeing(*WITHIN, "convex"),
)
def fall(**case):
    """$f(x_k) - f(x_{k+1})$ on quadratics and on a line, beside the next gradient."""
    n = taken(**case)
    return quantity(n, "fall"), at(n, "gamma", "gp2") | at(n, "g", end=low)


# --- a slope that turns ---------------------------------------------------------------------------------------------------

SHARES = [F(1), F(1, 10), F(1, 1000)]


@measure(paper.DESCENT_CONSTANT, cases(d=SHARES).guaranteeing("turning_slope"))
def ratio(d, top=F(2)):
    """The fall over $\\gamma|g_{k+1}|^2/|g_k|$, by the area under the slope."""
    return Turning(d, top).fall() / top**2


@measure(paper.DESCENT, cases(d=SHARES).guaranteeing(*WITHIN))
def fall_where_the_slope_turns(d, top=F(2)):
    """$f(x_k) - f(x_{k+1})$ where the slope turns."""
    return Turning(d, top).fall(), {"gamma": 1, "g": 1, "gp2": top**2}


breaking(paper.DESCENT_CONSTANT, "turning_slope", ratio, d=SHARES, top=[F(3, 2)])
breaking(paper.DESCENT_CONVEX, "convex", fall_where_the_slope_turns, d=[F(1, 10), F(1, 1000)])

# --- controls -------------------------------------------------------------------------------------------------------------

STEEP = {"f": {"log cosh": LINES["log cosh"]}, "t": [F(3, 2)]}
FAR = cases(**STEEP, over=[F(50)])  # the card's: f rises by 64.5
LEVEL = {"H": {"0": ZERO}, "g": [(3, 4)], "sigma": [F(1)]}
GROWING, SHRINKING = {"R": {"I": ONE}}, {"R": {"-I": ERRORS["-I"]}}
#: H = -100 where the slope hardly changes: the step goes 225 radii far
INDEFINITE = cases(**STEEP, over=[F(1)], hessian=[F(-100)])
#: t^3/3 - 2t at -1 with its own Hessian -2, and almost the whole radius of 1/2 at which H + lam is singular
SADDLE = cases(f={"t^3/3 - 2t": polynomial(0, -2, 0, F(1, 3))}, t=[F(-1)], over=[F(49, 100)])

for _claim, _measure in (
    (paper.DESCENT_STEP, fall_by_the_step), (paper.DESCENT, fall), (paper.DESCENT_CONVEX, fall),
):  # fmt: skip
    breaking(_claim, "within_radius", _measure, FAR)
    breaking(_claim, "psd", _measure, INDEFINITE)
    breaking(_claim, "regularised_step", _measure, **LEVEL, **GROWING, over=[F(1)], stretch=[F(2)])
breaking(paper.STEP_RADIUS, "psd", length, SADDLE + INDEFINITE)
breaking(paper.STEP_RADIUS, "regularised_step", length, **LEVEL, **GROWING, over=[F(1)], stretch=[F(2)])
breaking(paper.NEXT_GRADIENT, "psd", next_gradient, SADDLE)
breaking(paper.NEXT_GRADIENT, "within_radius", next_gradient, **LEVEL, **SHRINKING, over=[F(2)])
breaking(paper.NEXT_GRADIENT, "regularised_step", next_gradient, **LEVEL, **SHRINKING, over=[F(1)], stretch=[F(1, 2)])
