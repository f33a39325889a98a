"""The Fenchel coupling and the cones of vertices, in rational numbers and balls; the polar example."""

from fractions import Fraction as F
from functools import partial

import flint

# isort: off
from gradproof.experiments.adaptive.mirror_descent.instances import (
    Euclid, Vector, between, box, dot, entropy_change, entropy_coupling, free, minus, simplex, softmax,
)  # fmt: skip
from gradproof.experiments.adaptive.mirror_descent.methods import polar_gradient
from gradproof.experiments.engine.controls import breaking, replacing
from gradproof.experiments.engine.measure import Bracket, Enclosed, Holds, cases, measure
from gradproof.solvers import trigonometric
from gradproof.solvers.exact.balls import ball, ends
from gradproof.theory.adaptive import mirror_descent as paper
# isort: on

# --- the coupling -----------------------------------------------------------------------------------------------------

POINTS = {"vertex": (1, 0, 0), "edge": (F(1, 3), F(2, 3), 0), "inside": (F(1, 5), F(1, 2), F(3, 10))}
DUALS = [(0, 0, 0), (F(1, 2), F(-1, 4), F(1, 8)), (3, F(-7, 2), F(5, 3)), (F(-9, 4), F(1, 3), F(1, 2))]
SETS = {"simplex": Euclid(simplex), "box": Euclid(box), "space": Euclid(free), "curved": Euclid(simplex, F(5, 2))}
COUPLED = cases(on=SETS, p=POINTS, y=DUALS)
DEEP = cases(p=POINTS, y=DUALS)


@measure(paper.FENCHEL_LOWER, COUPLED.guaranteeing("mirror_map", "strongly_convex"))
def coupling(on, p, y, K=None, at=None):
    """F(p, y) in rational numbers; ``at``: another point in the place of Q(y)."""
    gap = minus(on.mirror(y) if at is None else at, p)
    return on.coupling(p, y), {"K": on.curvature if K is None else K, "d2": dot(gap, gap)}


@measure(paper.FENCHEL_LOWER, DEEP.guaranteeing("mirror_map", "strongly_convex"))
def coupling_of_the_entropy(p, y):
    """F(p, y) for the entropy, which has K = 1 in the norm l1."""
    far = between(lambda: sum((abs(x - ball(F(q))) for x, q in zip(softmax(y), p, strict=True)), flint.arb(0)))[1]
    return Enclosed(*between(lambda: entropy_coupling(p, y)), "rounding"), {"K": 1, "d2": far * far}


FLAT = {"on": {"flat": Euclid(free, F(1, 2))}, "p": {"vertex": (1, 0, 0)}, "y": [(3, F(-7, 2), F(5, 3))]}
breaking(paper.FENCHEL_LOWER, "strongly_convex", coupling, cases(**FLAT, K=1))
breaking(
    paper.FENCHEL_LOWER,
    "mirror_map",
    coupling,
    cases(on={"space": Euclid(free)}, p=POINTS, y=[(0, 0, 0)], at=[(5, 5, 5)]),
)

STEPS = [(F(1, 7), F(2, 7), F(-1, 3)), (2, 0, -1), (F(-1, 2), F(9, 2), 1)]


@measure(
    paper.FENCHEL_STEP,
    cases(on=SETS, p=POINTS, y=DUALS, v=STEPS).guaranteeing("mirror_map", "strongly_convex", "dual_norm"),
)
def change(on, p, y, v, K=None, at=None, share=1):
    """The change of F(p, .) less its slope in rational numbers; ``share``: of ||v||_*^2 that is stated."""
    return on.change(p, y, v, at), {"K": on.curvature if K is None else K, "v2": dot(v, v) * share}


@measure(
    paper.FENCHEL_STEP, cases(p=POINTS, y=DUALS, v=STEPS).guaranteeing("mirror_map", "strongly_convex", "dual_norm")
)
def change_of_the_entropy(p, y, v):
    """The same for the entropy, of which the dual norm is the largest entry."""
    return Enclosed(*between(lambda: entropy_change(p, y, v)), "rounding"), {
        "K": 1,
        "v2": max(abs(F(x)) for x in v) ** 2,
    }


ONE_STEP = {"p": {"vertex": (1, 0, 0)}, "y": [(0, 0, 0)], "v": [(2, 0, -1)]}
SPACE = {"on": {"space": Euclid(free)}}
breaking(paper.FENCHEL_STEP, "strongly_convex", change, cases(on=FLAT["on"], K=1, **ONE_STEP))
breaking(paper.FENCHEL_STEP, "mirror_map", change, cases(**SPACE, at=[(-5, 0, 5)], **ONE_STEP))
breaking(paper.FENCHEL_STEP, "dual_norm", change, cases(**SPACE, share=F(4, 5), **ONE_STEP))

TINY = [(F(1, 50), F(-1, 50), 0), (F(1, 9), F(5, 9), F(1, 9))]


def width(v: Vector) -> F:
    return F(max(v)) - F(min(v))


@measure(
    paper.ENTROPY_STEP, cases(p=POINTS, y=[*DUALS, (0, 0, -40)], v=[*STEPS, *TINY]).guaranteeing("entropic_simplex")
)
def change_beside_the_range(p, y, v):
    """The change of F(p, .) less its slope for the entropy, beside the range of v."""
    return Enclosed(*between(lambda: entropy_change(p, y, v)), "rounding"), {"w": width(v)}


def change_of_the_projection(p, y, v):
    """The same for the projection onto the simplex."""
    return Euclid(simplex).change(p, y, v), {"w": width(v)}


breaking(
    paper.ENTROPY_STEP,
    "entropic_simplex",
    change_of_the_projection,
    cases(p=POINTS, y=[(0, 0, -9)], v=[(F(1, 4), F(-1, 4), 0)]),
)

# --- vertices -----------------------------------------------------------------------------------------------------------

REST = {"one": (0,), "two": (F(-1, 3), F(2, 7)), "four": (1, 1, F(-5, 2), F(1, 4))}


def at_vertex(x: Vector) -> bool:
    return x[0] == 1


@measure(paper.NORMAL_CONE, cases(rest=REST).guaranteeing("euclidean_simplex"))
def margin(rest):
    """The margin from which on the projection is e_1, between two rational numbers, by bisection."""
    low, high = F(-4), F(4)
    for _ in range(40):
        middle = (low + high) / 2
        found = at_vertex(simplex([max(rest) + middle, *rest]))
        low, high = (low, middle) if found else (middle, high)
    return Bracket(low, high)


def outside_for(rest, t):
    """The softmax at a margin."""
    first, *_ = softmax([max(rest) + t, *rest])
    return Holds(bool(first < 1), at=t)


breaking(paper.NORMAL_CONE, "euclidean_simplex", outside_for, cases(rest=REST, t=[F(3), F(30)]))


@measure(paper.NOISELESS_EUCLID, cases(rest=[(1,), (F(1, 2), 1, F(3, 2)), (F(7, 3), F(1, 5))]).guaranteeing(
    "euclidean_simplex", "linear_program", "noiseless"))  # fmt: skip
def sum_of_steps(rest):
    """The sum of the steps from which on Q(-A cost) = e_1, by bisection; costs 0 and ``rest``."""
    low, high = F(0), F(64)
    for _ in range(50):
        middle = (low + high) / 2
        found = at_vertex(simplex([-middle * c for c in (0, *rest)]))
        low, high = (low, middle) if found else (middle, high)
    return Bracket(low, high), {"gap": min(rest)}


def outside_after(rest, A):
    """The softmax after steps of the sum A."""
    return Holds(bool(softmax([-A * c for c in (0, *rest)])[0] < 1), at=A), {"gap": min(rest)}


def sideways(rest, bias):
    """The sum of the steps where each gradient has an error of its own, the same in every step."""
    found, _ = sum_of_steps([c - bias for c in rest])
    return found, {"gap": min(rest)}


breaking(
    paper.NOISELESS_EUCLID, "euclidean_simplex", outside_after, cases(rest=[(F(1, 2), 1, F(3, 2))], A=[F(3), F(40)])
)
breaking(paper.NOISELESS_EUCLID, "noiseless", sideways, cases(rest=[(F(1, 2), 1, F(3, 2))], bias=F(1, 4)))

KNOWN = ("entropic_simplex", "linear_program", "noiseless")
SUMS = [F(0), F(1, 3), F(9, 2), F(80)]


@measure(paper.NOISELESS_ENTROPY, cases(rest=[(1,), (F(1, 2), 1, F(3, 2))], A=SUMS).guaranteeing(*KNOWN))
def first_weight(rest, A, bias=0):
    """X_1 for the softmax after steps of the sum A."""
    y = [F(0), *(-A * (c - bias) for c in rest)]
    return Enclosed(*between(lambda: softmax(y)[0]), "rounding"), {"gaps": rest}


def first_of_the_projection(rest, A):
    """The same for the projection."""
    return simplex([F(0), *(-A * c for c in rest)])[0], {"gaps": rest}


breaking(paper.NOISELESS_ENTROPY, "entropic_simplex", first_of_the_projection, cases(rest=[(F(1, 2), 1)], A=[F(3)]))
breaking(paper.NOISELESS_ENTROPY, "noiseless", first_weight, cases(rest=[(F(1, 2), 1)], A=[F(1)], bias=F(1, 10)))

# --- the polar example ----------------------------------------------------------------------------------------------------

SINES, COSINES = {5: F(1)}, {3: F(1)}
factor = partial(trigonometric.value, constant=F(3), sines=SINES, cosines=COSINES)
NEAR = F(97008049056, 10**11)  # the angle of the least value, to ten digits
ANGLES = [F(0), F(1, 3), NEAR, F(7, 3), F(-5, 4)]


@measure(
    paper.VC_MODULUS, cases(angle=ANGLES, r=[F(1), F(1, 2), F(1, 100)]).guaranteeing("polar_example", "angular_minimum")
)
def radial_slope(angle, r, more=0):
    """<grad g(x), x> by the gradient in Cartesian coordinates; m is the angular factor itself."""

    def of() -> flint.arb:
        x1, x2 = ball(r) * ball(angle).cos(), ball(r) * ball(angle).sin()
        g1, g2 = polar_gradient(x1, x2, flint.arb.sqrt)
        return g1 * x1 + g2 * x2

    return Enclosed(*between(of), "rounding"), {"m": between(lambda: factor(angle))[0] - F(1, 10**28) + more}


def slope_of_a_lower_factor(angle, r):
    """<grad g(x), x> with 2 in the place of 3 in the angular factor."""

    def of() -> flint.arb:
        return (factor(angle) - 1) * ball(r) ** 2 * (ball(F(10, 3)) - 3 * ball(r))

    return Enclosed(*between(of), "rounding"), {"m": between(lambda: factor(angle))[0]}


breaking(paper.VC_MODULUS, "polar_example", slope_of_a_lower_factor, cases(angle=[NEAR], r=[F(1)]))
breaking(paper.VC_MODULUS, "angular_minimum", radial_slope, cases(angle=[NEAR], r=[F(1)], more=F(1, 100)))


@measure(paper.VC_ANGULAR, cases(angle=[F(0), F(1), NEAR, F(-2), F(3)]).guaranteeing("half_angle"))
def angular_factor(angle):
    """3 + sin 5 theta + cos 3 theta in balls."""
    t = ends((ball(angle) / 2).tan())[0]
    return Enclosed(*between(lambda: factor(angle)), "rounding"), {"t": t}


@measure(paper.VC_ANGULAR, cases(width=[F(1, 10**11), F(1, 10**12)]).guaranteeing("half_angle"))
def least_factor(width):
    """Its minimum over the circle, by branch and bound."""
    found = trigonometric.least(F(3), SINES, COSINES, width=width)
    return Enclosed(found.low, found.high, "rounding"), {"t": ends((ball(found.angle) / 2).tan())[0]}


def least_of_more(share):
    """The minimum with a larger fifth harmonic."""
    found = trigonometric.least(F(3), {5: F(share)}, COSINES)
    return Enclosed(found.low, found.high, "rounding"), {"t": F(0)}


replacing(paper.VC_ANGULAR, "a fifth harmonic that is a hundredth larger", least_of_more, share=[F(101, 100)])
