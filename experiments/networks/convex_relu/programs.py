"""The dual of the program: rational certificates, the weight decay that kills every neuron, and one input in closed form."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction

import numpy as np
import sympy as sp

from gradproof.experiments.engine.check import Context, Evidence, check, control
from gradproof.experiments.networks.convex_relu.instances import (
    INSTANCES,
    PLANE,
    Instance,
    cancer_program,
    patterns,
    program,
    solution,
)
from gradproof.experiments.networks.convex_relu.reformulation import BETAS, descend
from gradproof.solvers.exact.balls import sqrt_between
from gradproof.solvers.exact.rounding import dyadic
from gradproof.solvers.relu_program import Patterns, Program, cone_norms, enumerate_patterns, train
from gradproof.solvers.relu_program.rational import (
    exact_beta_max_squared,
    rational_dual_point,
    rational_upper_bound,
)
from gradproof.theory.evidence import Level, Measurement, Relation
from gradproof.theory.networks import convex_relu
from gradproof.theory.symbolic import Identity

# --- duality -----------------------------------------------------------------------------------------------------------


@check(convex_relu.DUALITY, level=Level.SYMBOLIC)
def fenchel(ctx: Context) -> Iterator[Evidence]:
    """||z - y||^2/2 exceeds nu.(y - z) - ||nu||^2/2 by ||z - y + nu||^2/2; the claimed bound is nu.y - ||nu||^2/2."""
    y, z, nu = (sp.Matrix(sp.symbols(f"{k}1:4")) for k in ("y", "z", "nu"))
    left = (z - y).dot(z - y) / 2 - nu.dot(y - z) + nu.dot(nu) / 2
    yield Identity(left - (z - y + nu).dot(z - y + nu) / 2, "weak duality is a square")
    y2, d2 = (ctx.claim.parameter(k).symbol for k in ("y2", "d2"))
    claimed = ctx.claim.expression.subs({y2: y.dot(y), d2: (nu - y).dot(nu - y)})
    yield Identity(claimed - nu.dot(y) + nu.dot(nu) / 2, "the bound")
    c, k = sp.Matrix(sp.symbols("c1:4")), sp.Matrix(sp.symbols("k1:4"))  # k = A' lam, so that k.u >= 0 on the cone
    u = sp.Matrix(sp.symbols("u1:4"))
    yield Identity(c.dot(u) + k.dot(u) - (c + k).dot(u), "on the cone c.u <= (c + A'lam).u <= ||c + A'lam|| ||u||")


def _dual(instance: Instance, beta: float) -> tuple[Fraction, Fraction]:
    """||y||^2 and ||nu - y||^2 at a rational dual point, feasible in exact arithmetic."""
    found = solution(instance, beta)
    point = rational_dual_point(instance.X, instance.y, beta, patterns(instance.name), found.nu, found.multipliers)
    zero = Fraction(0)
    return sum((v * v for v in instance.y), zero), sum(
        (p - v) ** 2 for p, v in zip(point, instance.y, strict=True)
    ) + zero


@check(convex_relu.DUALITY, level=Level.EXACT)
def rational_bounds(ctx: Context) -> Iterator[Evidence]:
    """A and B: a rational feasible dual point below a rational feasible primal point, 2e-8 apart."""
    for instance in INSTANCES:
        for beta in BETAS:
            y2, d2 = _dual(instance, beta)
            upper = rational_upper_bound(
                instance.X, instance.y, beta, patterns(instance.name), solution(instance, beta).blocks
            )
            yield Measurement(
                measured=upper,
                bound=ctx.claim.bound(y2=y2, d2=d2),
                parameters={"instance": instance.name, "beta": beta},
            )


@check(convex_relu.DUALITY, level=Level.EMPIRICAL)
def networks_on_breast_cancer(ctx: Context) -> Iterator[Evidence]:
    """Twenty-four points, dual points from the residuals of trained networks and at random: no network's objective is below any."""
    problem = cancer_program(24, 0.5)
    nets = [descend(problem, m, ctx.rng(m)) for m in (2, 8, 24)]
    values = [net.objective(problem.X, problem.y, problem.beta) for net in nets]
    points = [problem.y - net(problem.X) for net in nets] + [ctx.rng("nu").standard_normal(len(problem.y))]
    y2 = float(problem.y @ problem.y)
    for k, nu in enumerate(points):
        norm = float(cone_norms(problem, nu)[0].max()) * (1 + 1e-9)  # nnls stops within rounding
        nu = nu * min(float(nu @ problem.y) / float(nu @ nu), problem.beta / norm)
        bound = ctx.claim.bound(y2=y2, d2=float((nu - problem.y) @ (nu - problem.y)))
        yield Measurement(
            measured=min(values),
            bound=bound,
            error=1e-12,
            error_source="rounding",
            parameters={"dual point": k},
            n=len(nets),
        )


@control(convex_relu.DUALITY, drops="dual_feasible")
def infeasible_points(ctx: Context) -> Iterator[Evidence]:
    """nu = y promises ||y||^2/2, far above the optimum, when beta is below beta_max; so does a scaling by 1.1."""
    y2, _ = _dual(PLANE, 0.1)
    upper = rational_upper_bound(PLANE.X, PLANE.y, 0.1, patterns("A"), solution(PLANE, 0.1).blocks)
    yield Measurement(measured=upper, bound=ctx.claim.bound(y2=y2, d2=0, drop=("dual_feasible",)))
    found = solution(PLANE, 0.1)
    point = rational_dual_point(PLANE.X, PLANE.y, 0.1, patterns("A"), found.nu, found.multipliers)
    longer = sum((Fraction(11, 10) * p - v) ** 2 for p, v in zip(point, PLANE.y, strict=True))
    yield Measurement(measured=upper, bound=ctx.claim.bound(y2=y2, d2=longer, drop=("dual_feasible",)))


# --- the largest useful weight decay -----------------------------------------------------------------------------------


@check(convex_relu.BETA_MAX, level=Level.SYMBOLIC)
def one_small_neuron(ctx: Context) -> Iterator[Evidence]:
    """A neuron t u, ||u|| = 1, with z = relu(X u) and g = |y.z| lowers the objective by (g - beta)^2/(2||z||^2) at best."""
    g, z2, beta, t = sp.symbols("g z2 beta t", positive=True)
    change = z2 * t**2 / 2 - t * g + beta * t
    yield Identity(change - z2 * (t - (g - beta) / z2) ** 2 / 2 + (g - beta) ** 2 / (2 * z2), "completing the square")
    yield Identity(sp.diff(change, t).subs(t, 0) - (beta - g), "at t = 0 the slope changes sign at beta = g")
    threshold = ctx.claim.expression.subs(ctx.claim.parameter("M").symbol, g)
    yield Identity(sp.diff(change, t).subs({t: 0, beta: threshold}), "the threshold is the largest g")


def _largest_gain(instance: Instance, subset: Patterns) -> Fraction:
    """A rational weight decay at which some explicit neuron still lowers the objective, close to the largest."""
    y = np.array([float(v) for v in instance.y])
    problem = Program(instance.X, y, 1.0, subset)
    norms, lam = cone_norms(problem, y)
    k, i = np.unravel_index(int(norms.argmax()), norms.shape)
    c = problem.transpose(y)[k, i] + (problem.signs[i] * lam[k, i]) @ problem.X
    u = [dyadic(float(v)) for v in c]
    z = [max(sum((a * b for a, b in zip(row, u, strict=True)), Fraction(0)), Fraction(0)) for row in instance.X]
    gain = abs(sum((a * b for a, b in zip(z, instance.y, strict=True)), Fraction(0)))
    return gain / sqrt_between(sum((v * v for v in u), Fraction(0)), width=Fraction(1, 10**25))[1]


@check(convex_relu.BETA_MAX, level=Level.EXACT)
def threshold_from_both_sides(ctx: Context) -> Iterator[Evidence]:
    """M(y)^2 is 45/4 on A and 385/12 on B: y itself is a dual certificate from there on, and up to 1e-15 below a neuron helps."""
    for instance in INSTANCES:
        square = exact_beta_max_squared(instance.X, instance.y, patterns(instance.name))
        high = sqrt_between(square, width=Fraction(1, 10**25))[1]
        low = _largest_gain(instance, patterns(instance.name))
        yield Measurement(
            measured=(low + high) / 2,
            bound=ctx.claim.bound(M=sp.sqrt(sp.Rational(square.numerator, square.denominator))),
            error=(high - low) / 2,
            error_source="bracket",
            parameters={"instance": instance.name},
        )


@check(convex_relu.BETA_MAX, level=Level.EXACT)
def optima_on_either_side(ctx: Context) -> Iterator[Evidence]:
    """At 1.001 beta_max the program's value is ||y||^2/2, at 0.95 beta_max it is certified to be less."""
    for instance in INSTANCES:
        y = np.array([float(v) for v in instance.y])
        M = float(cone_norms(program(instance, 1.0), y)[0].max())
        half = float(y @ y / 2)
        above = train(program(instance, 1.001 * float(ctx.claim.bound(M=M))), gap=1e-6)
        below = train(program(instance, 0.95 * float(ctx.claim.bound(M=M))), gap=1e-6)
        where = {"instance": instance.name}
        yield Measurement(
            measured=above.lower, bound=half, relation=Relation.EQ, what="value above the threshold",
            error=above.upper - above.lower, error_source="solver gap", parameters=where,
        )  # fmt: skip
        yield Measurement(
            measured=below.upper, bound=half, relation=Relation.LE, what="value below the threshold",
            error=below.upper - below.lower, error_source="solver gap", parameters=where,
        )  # fmt: skip


@control(convex_relu.BETA_MAX, drops="all_patterns")
def without_the_best_patterns(ctx: Context) -> Iterator[Evidence]:
    """On A, patterns whose cones do not hold the best neuron: zero is optimal for them far below M(y)."""
    every = patterns("A")
    y = np.array([float(v) for v in PLANE.y])
    norms = cone_norms(program(PLANE, 1.0), y)[0].max(axis=0)
    rest = every.take(np.flatnonzero(norms < 0.9 * norms.max()))
    low = _largest_gain(PLANE, rest)
    high = sqrt_between(exact_beta_max_squared(PLANE.X, PLANE.y, rest), width=Fraction(1, 10**25))[1]
    square = exact_beta_max_squared(PLANE.X, PLANE.y, every)
    yield Measurement(
        measured=(low + high) / 2,
        bound=ctx.claim.bound(M=sp.sqrt(sp.Rational(square.numerator, square.denominator))),
        error=(high - low) / 2,
        error_source="bracket",
    )


# --- one input ---------------------------------------------------------------------------------------------------------

LINES: tuple[tuple[tuple[int, ...], tuple[int, ...]], ...] = (
    ((1, -2, 3, -1), (1, 1, 2, -1)),
    ((2, 1, -1, -3), (-1, 2, 3, 1)),
    ((1, 1, -1), (1, -1, 5)),
)


def _line(x: Sequence[int], y: Sequence[int]) -> dict[str, Fraction]:
    plus, minus = [max(v, 0) for v in x], [max(-v, 0) for v in x]
    names = {
        "y2": (y, y),
        "c_plus": (plus, y),
        "c_minus": (minus, y),
        "z_plus": (plus, plus),
        "z_minus": (minus, minus),
    }
    return {k: Fraction(sum(a * b for a, b in zip(*pair, strict=True))) for k, pair in names.items()}


@check(convex_relu.D1_CLOSED_FORM, level=Level.SYMBOLIC)
def soft_threshold(ctx: Context) -> Iterator[Evidence]:
    """One side above its threshold, the other below: completing the square gives the claimed value and its minimiser."""
    c, z, beta, t = sp.symbols("c z beta t", positive=True)
    yield Identity(
        z * t**2 / 2 - c * t + beta * t - z * (t - (c - beta) / z) ** 2 / 2 + (c - beta) ** 2 / (2 * z), "square"
    )
    p = {k: ctx.claim.parameter(k).symbol for k in ("y2", "c_plus", "c_minus", "z_plus", "z_minus", "beta")}
    gap = sp.symbols("gap", positive=True)
    at = ctx.claim.expression.subs({p["c_plus"]: p["beta"] + gap, p["c_minus"]: 0})
    yield Identity(sp.simplify(at) - p["y2"] / 2 + gap**2 / (2 * p["z_plus"]), "the claimed value")


@check(convex_relu.D1_CLOSED_FORM, level=Level.EXACT)
def lines_in_rationals(ctx: Context) -> Iterator[Evidence]:
    """Integer data: the value at the explicit minimiser, whose dual point is feasible, in rational arithmetic."""
    for x, y in LINES:
        for beta in (Fraction(1, 2), Fraction(2), Fraction(5)):
            q = _line(x, y)
            weights = []
            for side in ("plus", "minus"):
                c, z = q[f"c_{side}"], q[f"z_{side}"]
                weights.append((1 if c > 0 else -1) * max(abs(c) - beta, Fraction(0)) / z)
            output = [weights[0] * max(v, 0) + weights[1] * max(-v, 0) for v in x]
            primal = sum((o - v) ** 2 for o, v in zip(output, y, strict=True)) / 2 + beta * sum(map(abs, weights))
            nu = [v - o for o, v in zip(output, y, strict=True)]
            feasible = all(abs(_line(x, nu)[f"c_{s}"]) <= beta for s in ("plus", "minus"))  # type: ignore[arg-type]
            dual = sum(a * b for a, b in zip(nu, y, strict=True)) - sum(v * v for v in nu) / 2 if feasible else None
            where = {"x": str(x), "beta": beta}
            bound = ctx.claim.bound(**q, beta=beta)
            yield Measurement(measured=primal, bound=bound, parameters=where)
            yield Measurement(
                measured=float("nan") if dual is None else dual, bound=bound, what="dual value", parameters=where
            )


@check(convex_relu.D1_CLOSED_FORM, level=Level.EXACT)
def lines_by_the_program(ctx: Context) -> Iterator[Evidence]:
    """The interior-point solution with its certified gap; x = (1, -2, 3, -1), beta = 1/2 gives 1.3625."""
    for x, y in LINES:
        X = [[v] for v in x]
        found = train(Program(X, y, 0.5, enumerate_patterns(X)), gap=1e-8)
        yield Measurement(
            measured=found.lower,
            bound=ctx.claim.bound(**_line(x, y), beta=Fraction(1, 2)),
            error=found.upper - found.lower,
            error_source="solver gap",
            parameters={"x": str(x)},
        )


@control(convex_relu.D1_CLOSED_FORM, drops="weight_decay_positive")
def no_weight_decay(ctx: Context) -> Iterator[Evidence]:
    """Least squares on each side lies below the value for beta = 1/2."""
    x, y = LINES[0]
    q = _line(x, y)
    least = q["y2"] / 2 - q["c_plus"] ** 2 / (2 * q["z_plus"]) - q["c_minus"] ** 2 / (2 * q["z_minus"])
    yield Measurement(measured=least, bound=ctx.claim.bound(**q, beta=Fraction(1, 2)))
