"""The dual of the program: rational certificates, the weight decay that kills every neuron, and one input in closed form."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import sympy as sp

from gradproof.experiments.engine.measure import Bracket, Enclosed, Holds, cases, instead, measure, without
from gradproof.experiments.networks.convex_relu.instances import (
    LINES,
    PLANE,
    SPACE,
    Instance,
    cancer,
    instance,
    patterns,
    program,
    solution,
)
from gradproof.experiments.networks.convex_relu.methods import descend
from gradproof.solvers.exact.balls import sqrt_between
from gradproof.solvers.exact.rounding import dyadic
from gradproof.solvers.relu_program import NotSolved, Patterns, cone_norms, train
from gradproof.solvers.relu_program.rational import (
    exact_beta_max_squared,
    rational_dual_point,
    rational_lower_bound,
    rational_upper_bound,
)
from gradproof.theory.networks import convex_relu

WIDTH = Fraction(1, 10**25)  # of enclosures of square roots
DECAY = ("weight_decay_positive",)


def dot(a, b) -> Fraction:
    """Inner product, exactly."""
    return sum((Fraction(v) * w for v, w in zip(a, b, strict=True)), Fraction(0))


def distance(nu, y) -> dict[str, Fraction]:
    """What the dual bound is made of."""
    return {
        "y2": dot(y, y),
        "d2": dot([p - v for p, v in zip(nu, y, strict=True)], [p - v for p, v in zip(nu, y, strict=True)]),
    }


# --- duality -----------------------------------------------------------------------------------------------------------


@measure(
    convex_relu.DUALITY,
    cases(
        instance=[PLANE, SPACE], beta=[0.1, 0.5], stretch=[Fraction(1), Fraction(9, 10), Fraction(1, 2)]
    ).guaranteeing(*DECAY, "dual_feasible"),
)
def rational_dual_points(instance, beta, stretch):
    r"""A and B: rational dual points, feasible in exact arithmetic, the best one and shorter ones; $p^*$ between rational ends."""
    found, data = solution(instance, beta), (instance.X, instance.y, beta, patterns(instance))
    point = rational_dual_point(*data, found.nu, found.multipliers)
    least = rational_lower_bound(*data, found.nu, found.multipliers)
    value = Enclosed(least, rational_upper_bound(*data, found.blocks), "solver gap")
    return value, distance([stretch * v for v in point], instance.y)


def targets_as_dual_point(instance, beta):
    r"""$\nu = y$ promises $\|y\|^2/2$, the zero network's value."""
    return rational_dual_points(instance, beta, Fraction(1))[0], distance(instance.y, instance.y)


INFEASIBLE = cases(instance=[PLANE, SPACE], beta=[0.1])
without(convex_relu.DUALITY, "dual_feasible", rational_dual_points, cases(
    instance=[PLANE, SPACE], beta=[0.1], stretch=[Fraction(11, 10)]).guaranteeing(*DECAY))  # fmt: skip
without(convex_relu.DUALITY, "dual_feasible", targets_as_dual_point, INFEASIBLE.guaranteeing(*DECAY))


@measure(convex_relu.DUALITY, cases(instance=[cancer(24)], beta=[0.5]).guaranteeing(*DECAY, "dual_feasible"))
def dual_points_of_networks(instance, beta, rng):
    """Breast cancer, 24 points: dual points from the residuals of trained networks and at random, scaled until they are feasible."""
    p, found = program(instance, beta), solution(instance, beta)
    points = [p.y - descend(p, m, rng)(p.X) for m in (2, 8, 24)] + [rng.standard_normal(len(p.y)) + 0.5 * p.y]
    for nu in points:
        norm = float(cone_norms(p, nu)[0].max()) * (1 + 1e-9)  # nnls stops within rounding
        nu = nu * min(float(nu @ p.y) / float(nu @ nu), beta / norm)
        ends = {"y2": float(p.y @ p.y), "d2": float((nu - p.y) @ (nu - p.y))}
        yield Enclosed(found.lower, found.upper, "solver gap"), ends


# --- the largest useful weight decay -----------------------------------------------------------------------------------


def largest_gain(data: Instance, subset: Patterns) -> Fraction:
    """A rational weight decay at which an explicit neuron, in the cones of some patterns, still lowers the objective."""
    p = program(data, 1.0, subset)
    norms, lam = cone_norms(p, p.y)
    k, i = np.unravel_index(int(norms.argmax()), norms.shape)
    c = p.transpose(p.y)[k, i] + (p.signs[i] * lam[k, i]) @ p.X
    u = [dyadic(float(v)) for v in c]
    z = [max(dot(row, u), Fraction(0)) for row in data.X]
    return abs(dot(z, data.y)) / sqrt_between(dot(u, u), width=WIDTH)[1]


def least_certified(data: Instance, subset: Patterns) -> Fraction:
    """A rational weight decay at which rounded multipliers prove that y is dual feasible, so that zero is optimal."""
    p = program(data, 1.0, subset)
    point = rational_dual_point(
        data.X, data.y, 1, subset, p.y, cone_norms(p, p.y)[1]
    )  # y, shortened until it is feasible at 1
    return max(v / w for v, w in zip(data.y, point, strict=True) if w)


def best_neuron_left_out(data: Instance) -> Patterns:
    """Patterns whose cones do not hold the best neuron."""
    norms = cone_norms(program(data, 1.0), np.array([float(v) for v in data.y]))[0].max(axis=0)
    return patterns(data).take(np.flatnonzero(norms < 0.9 * norms.max()))


def of_all(data: Instance):
    """M(y) as an exact root: 45/4 on A, 385/12 on B."""
    square = exact_beta_max_squared(data.X, data.y, patterns(data))
    return {"M": sp.sqrt(sp.Rational(square.numerator, square.denominator))}


@measure(convex_relu.BETA_MAX, cases(instance=[PLANE, SPACE], over=[patterns]).guaranteeing(*DECAY, "all_patterns"))
def threshold(instance, over):
    """Below it an explicit rational neuron helps, and from it on y itself is a dual certificate: 1e-15 apart on A and B."""
    return Bracket(largest_gain(instance, over(instance)), least_certified(instance, over(instance))), of_all(instance)


without(
    convex_relu.BETA_MAX,
    "all_patterns",
    threshold,
    cases(instance=[PLANE, SPACE], over=[best_neuron_left_out]).guaranteeing(*DECAY),
)


@measure(
    convex_relu.BETA_MAX,
    (
        cases(instance=[PLANE], decay=[Fraction(16, 5), Fraction(84, 25)])
        + cases(instance=[SPACE], decay=[Fraction(28, 5), Fraction(17, 3)])
    ).guaranteeing(*DECAY, "all_patterns"),
)
def optima_on_either_side(instance, decay):
    r"""The program's optimum beats the zero network, certified in floats, or y certifies $\|y\|^2/2$, in rationals."""
    p, half = program(instance, float(decay)), dot(instance.y, instance.y) / 2
    lam = cone_norms(p, p.y)[1]
    if rational_lower_bound(instance.X, instance.y, decay, patterns(instance), p.y, lam) == half:
        return Holds(False, at=decay), of_all(instance)
    if not train(p, gap=1e-6).upper < half:
        raise NotSolved(f"neither the zero network nor a better one is certified at {decay}")
    return Holds(True, at=decay), of_all(instance)


# --- one input ---------------------------------------------------------------------------------------------------------


def sides(data: Instance, targets=None) -> dict[str, Fraction]:
    """The claim's inner products of a data set of one input."""
    plus, minus = ([max(s * row[0], 0) for row in data.X] for s in (1, -1))
    y = data.y if targets is None else targets
    products = {
        "c_plus": (plus, y),
        "c_minus": (minus, y),
        "z_plus": (plus, plus),
        "z_minus": (minus, minus),
        "y2": (y, y),
    }
    return {k: dot(*pair) for k, pair in products.items()}


@measure(
    convex_relu.D1_CLOSED_FORM,
    cases(instance=LINES, beta=[Fraction(1, 2), Fraction(2), Fraction(5)]).guaranteeing("one_input"),
)
@measure(
    convex_relu.DUALITY,
    cases(instance=LINES, beta=[Fraction(1, 2), Fraction(2), Fraction(5)]).guaranteeing(*DECAY, "dual_feasible"),
)
def lines(instance, beta, decay=None):
    """Integer data on a line: the objective of an explicit network, and the value of its residual in the dual, exactly."""
    q, decay = sides(instance), beta if decay is None else decay
    weights = []
    for side in ("plus", "minus"):
        c = q[f"c_{side}"]
        weights.append((1 if c > 0 else -1) * max(abs(c) - decay, Fraction(0)) / q[f"z_{side}"])
    nu = [v - weights[0] * max(x, 0) - weights[1] * max(-x, 0) for (x,), v in zip(instance.X, instance.y, strict=True)]
    norm = max(abs(sides(instance, nu)[f"c_{s}"]) for s in ("plus", "minus"))
    primal = dot(nu, nu) / 2 + decay * sum(map(abs, weights))
    t = min(Fraction(1), decay / norm) if norm else Fraction(1)
    dual = t * dot(nu, instance.y) - t * t * dot(nu, nu) / 2
    return Enclosed(dual, primal, "solver gap"), {**q, **distance([t * v for v in nu], instance.y)}


@measure(convex_relu.D1_CLOSED_FORM, cases(instance=LINES, beta=[Fraction(1, 2)], bias=False).guaranteeing("one_input"))
def lines_by_the_program(instance, beta, bias):
    """The interior-point solution with its certified gap; x = (1, -2, 3, -1), beta = 1/2 gives 1.3625."""
    data = with_bias(instance) if bias else instance
    found = solution(data, float(beta))
    return Enclosed(found.lower, found.upper, "solver gap"), sides(instance)


def with_bias(data: Instance) -> Instance:
    """A column of ones beside the input."""
    return instance(f"{data.name}, bias", [(*row, 1) for row in data.X], data.y)


without(
    convex_relu.D1_CLOSED_FORM,
    "one_input",
    lines_by_the_program,
    cases(instance=LINES, beta=[Fraction(1, 2)], bias=True),
)
instead(
    convex_relu.D1_CLOSED_FORM, "no weight decay: least squares on each side", lines,
    cases(instance=LINES, beta=[Fraction(1, 2)], decay=[Fraction(0)]).guaranteeing("one_input"),
)  # fmt: skip
