"""One step: its length, how far the value falls, and the next gradient, in rational numbers and balls."""

from fractions import Fraction as F

# isort: off
from gradproof.experiments.adaptive.gradient_normalized_smoothness.instances import (
    LINES, Quadratic, Turning, dot, high, line_step, low, polynomial, root, shifted, times,
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


def enclosed(x):
    return Enclosed(low(x), high(x), "rounding")


@measure(paper.STEP_RADIUS, QUADRATICS.guaranteeing(*STEP))
def length(H, R, g, sigma, over, stretch=F(1)):
    """$|x_{k+1} - x_k|$ on quadratics in the plane."""
    q = Quadratic(H, R, g, sigma, over, stretch)
    h = q.step()
    return root(dot(h, h)), {"gamma": q.size / q.lam}


@measure(paper.DESCENT_STEP, QUADRATICS.guaranteeing(*WITHIN))
def fall_by_the_step(H, R, g, sigma, over, stretch=F(1)):
    """$f(x_k) - f(x_{k+1})$ on quadratics in the plane, beside the step."""
    q = Quadratic(H, R, g, sigma, over, stretch)
    h = q.step()
    return q.fall(), {"lam": q.lam, "h2": dot(h, h), "Hhh": dot(times(H, h), h)}


@measure(paper.NEXT_GRADIENT, QUADRATICS.guaranteeing(*WITHIN))
def next_gradient(H, R, g, sigma, over, stretch=F(1)):
    """$|g_{k+1}|^2$ on quadratics in the plane, beside the step."""
    q = Quadratic(H, R, g, sigma, over, stretch)
    h, after = q.step(), q.after()
    return dot(after, after), {"lam": q.lam, "h2": dot(h, h)}


@measure(paper.DESCENT, QUADRATICS.guaranteeing(*WITHIN))
@measure(paper.DESCENT_CONVEX, QUADRATICS.where(is_convex).guaranteeing(*WITHIN, "convex"))
@measure(
    paper.DESCENT_CONVEX,
    cases(H={"sigma I": ONE}, R={"-I": ERRORS["-I"]}, g=GRADIENTS, sigma=[F(1)], over=[F(1)]).guaranteeing(
        *WITHIN, "convex"
    ),
    name="fall_of_linear_functions",
)
def fall(H, R, g, sigma, over, stretch=F(1)):
    """$f(x_k) - f(x_{k+1})$ on quadratics in the plane, beside the next gradient."""
    q = Quadratic(H, R, g, sigma, over, stretch)
    after = q.after()
    return q.fall(), {"gamma": q.size / q.lam, "g": q.size, "gp2": dot(after, after)}


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

# --- on a line ------------------------------------------------------------------------------------------------------------


def curved_up(f, t):
    """f'' is not negative where the step begins."""
    return f.convex or bool(f.curvature(ball(F(t))) > 0)


def inside(over):
    """The radius is at most that of the point."""
    return 0 < over <= 1


GOOD = cases(f=LINES, t=[F(-2), F(1, 2), F(3)], over=[F(1), F(1, 3)]).where(inside).where(curved_up)


@measure(paper.STEP_RADIUS, GOOD.guaranteeing(*STEP))
def length_on_a_line(f, t, over, hessian=None, stretch=F(1)):
    """$|x_{k+1} - x_k|$ on a line in balls."""
    s = line_step(f, t, over, hessian, stretch)
    return enclosed(abs(s.h)), {"gamma": s.gamma}


@measure(paper.DESCENT_STEP, GOOD.guaranteeing(*WITHIN))
def fall_on_a_line_by_the_step(f, t, over, hessian=None, stretch=F(1)):
    """$f(x_k) - f(x_{k+1})$ on a line in balls, beside the step."""
    s = line_step(f, t, over, hessian, stretch)
    return enclosed(s.fall), {"lam": high(s.lam), "h2": high(s.h**2), "Hhh": max(high(s.H * s.h**2), F(0))}


@measure(paper.NEXT_GRADIENT, GOOD.guaranteeing(*WITHIN))
def next_gradient_on_a_line(f, t, over, hessian=None, stretch=F(1)):
    """$|g_{k+1}|^2$ on a line in balls, beside the step."""
    s = line_step(f, t, over, hessian, stretch)
    return enclosed(s.after**2), {"lam": low(s.lam), "h2": low(s.h**2)}


@measure(paper.DESCENT, GOOD.guaranteeing(*WITHIN))
@measure(paper.DESCENT_CONVEX, GOOD.where(lambda f: f.convex).guaranteeing(*WITHIN, "convex"))
def fall_on_a_line(f, t, over, hessian=None, stretch=F(1)):
    """$f(x_k) - f(x_{k+1})$ on a line in balls, beside the next gradient."""
    s = line_step(f, t, over, hessian, stretch)
    return enclosed(s.fall), {"gamma": s.gamma, "g": low(s.g), "gp2": high(s.after**2)}


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
    (paper.DESCENT_STEP, fall_on_a_line_by_the_step), (paper.DESCENT, fall_on_a_line), (paper.DESCENT_CONVEX, fall_on_a_line),
):  # fmt: skip
    breaking(_claim, "within_radius", _measure, FAR)
    breaking(_claim, "psd", _measure, INDEFINITE)
for _claim, _measure in ((paper.DESCENT_STEP, fall_by_the_step), (paper.DESCENT, fall), (paper.DESCENT_CONVEX, fall)):
    breaking(_claim, "regularised_step", _measure, **LEVEL, **GROWING, over=[F(1)], stretch=[F(2)])
breaking(paper.STEP_RADIUS, "psd", length_on_a_line, SADDLE + INDEFINITE)
breaking(paper.STEP_RADIUS, "regularised_step", length, **LEVEL, **GROWING, over=[F(1)], stretch=[F(2)])
breaking(paper.NEXT_GRADIENT, "psd", next_gradient_on_a_line, SADDLE)
breaking(paper.NEXT_GRADIENT, "within_radius", next_gradient, **LEVEL, **SHRINKING, over=[F(2)])
breaking(paper.NEXT_GRADIENT, "regularised_step", next_gradient, **LEVEL, **SHRINKING, over=[F(1)], stretch=[F(1, 2)])
