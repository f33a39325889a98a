"""Attacks on inputs: worst hinge losses by vertices, at random inside the box, and by projected gradient."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from functools import cache
from itertools import product

import numpy as np
import sympy as sp

from gradproof.experiments.engine.check import Context, Evidence, Undecided, check, control
from gradproof.experiments.networks.convex_relu.instances import LABELS, PLANE, patterns
from gradproof.solvers.exact.rounding import dyadic
from gradproof.solvers.relu_program import Network, Program, network_of
from gradproof.solvers.relu_program.robust import (
    RobustSolution,
    attacked_objective,
    pieces,
    robust_train,
)
from gradproof.theory.evidence import Level, Measurement, Relation
from gradproof.theory.field import Interval
from gradproof.theory.networks import convex_relu
from gradproof.theory.symbolic import Identity, Inequality

BETA = 0.01
FIRM = 0.1  # a weight decay at which losses stay positive, so that attacks have something to raise
SIDES = (0.0, 0.1, 0.2)


@cache
def solved(eps: float, beta: float = BETA) -> RobustSolution:
    """The robust optimum on A with labels."""
    return robust_train(PLANE.X, LABELS, beta, eps, patterns("A"))


def _program(beta: float = BETA) -> Program:
    return Program(PLANE.X, LABELS, beta, patterns("A"))


# --- the closed form ---------------------------------------------------------------------------------------------------


@check(convex_relu.ROBUST_HINGE, level=Level.SYMBOLIC)
def worst_shift(ctx: Context) -> Iterator[Evidence]:
    """On a linear piece the loss 1 - y(x + delta).z is largest at delta = -eps y sign(z), and no delta in the box exceeds it."""
    x1, x2, z1, z2, e, t1, t2 = sp.symbols("x1 x2 z1 z2 e t1 t2", positive=True)
    m, eps, l1 = (ctx.claim.parameter(k).symbol for k in ("margin", "eps", "l1"))
    positive = next(a for a in ctx.claim.expression.args if a != 0)  # inside the positive part
    for y in (1, -1):
        margin = y * (x1 * z1 - x2 * z2)  # z = (z1, -z2)
        claimed = positive.subs({m: margin, eps: e, l1: z1 + z2})
        at = 1 - y * ((x1 - e * y) * z1 - (x2 + e * y) * z2)
        yield Identity(at - claimed, f"attained, y = {y}")
        # any delta = (-e y + 2 e y t1, e y - 2 e y t2) of the box; 1 - t keeps its upper end
        other = 1 - y * ((x1 - e * y + 2 * e * y * t1) * z1 - (x2 + e * y - 2 * e * y * t2) * z2)
        names = tuple(Interval(k) for k in ("x1", "x2", "z1", "z2", "e"))
        box = tuple(Interval(k, "0", "1", closed_high=True) for k in ("t1", "t2"))
        yield Inequality(sp.expand(claimed - other), names + box, what=f"nothing worse, y = {y}")


def _rational_blocks(eps: Fraction, rng: np.random.Generator) -> list[list[list[Fraction]]]:
    """Random rational blocks, (2, P, 2), inside the robust cones: zero where a cone's own direction does not qualify."""
    program = _program()
    blocks: list[list[list[Fraction]]] = [[], []]
    for k, (i, u) in product(range(2), enumerate(program.patterns.U)):
        v = [dyadic(float(c), 20) for c in u / np.linalg.norm(u) * rng.uniform(0.2, 1)]
        size = sum(map(abs, v))
        rows = [
            int(c) * sum(a * b for a, b in zip(row, v, strict=True))
            for c, row in zip(program.signs[i], PLANE.X, strict=True)
        ]
        blocks[k].append(v if min(rows) >= eps * size else [Fraction(0)] * 2)
    return blocks


def _output(blocks: list[list[list[Fraction]]], x: tuple[Fraction, ...]) -> Fraction:
    """The recovered network at an input: neurons sqrt||v|| relu(v/sqrt||v|| . x) = relu(v . x), exactly."""
    total = Fraction(0)
    for sign, side in zip((1, -1), blocks, strict=True):
        total += sign * sum(max(sum(a * b for a, b in zip(v, x, strict=True)), Fraction(0)) for v in side)
    return total


@check(convex_relu.ROBUST_SQUARED, level=Level.SYMBOLIC)
def worst_residual(ctx: Context) -> Iterator[Evidence]:
    """delta . z runs over [-w, w], w = eps ||z||_1: of (r + t)^2, r of either sign, no t exceeds (|r| + w)^2."""
    residual, eps, l1 = (ctx.claim.parameter(k).symbol for k in ("residual", "eps", "l1"))
    r, w, t, z1, z2, e = sp.symbols("r w t z1 z2 e", positive=True)
    yield Identity(e * z1 + (-e) * (-z2) - e * (z1 + z2), "the end of the range is a vertex: delta = eps sign(z)")
    domain = (Interval("r", closed_low=True), Interval("w"), Interval("t", "-w", "w", closed_high=True))
    for sign in (1, -1):
        claimed = ctx.claim.expression.subs({residual: sign * r, l1: w / eps})
        yield Identity(claimed - (sign * r + sign * w) ** 2 / 2, f"attained, residual {sign} r")
        yield Inequality(sp.expand(claimed - (sign * r + t) ** 2 / 2), domain, what=f"nothing worse, residual {sign} r")


@check(convex_relu.ROBUST_HINGE, level=Level.EXACT)
@check(convex_relu.ROBUST_SQUARED, level=Level.EXACT)
def vertices_in_rationals(ctx: Context) -> Iterator[Evidence]:
    """Random rational networks inside the robust cones on A: all vertices of each box against the closed form."""
    S, hinge = patterns("A").S, ctx.claim.id.startswith(convex_relu.ROBUST_HINGE.id)
    for eps in (Fraction(1, 20), Fraction(1, 10)):
        blocks = _rational_blocks(eps, ctx.rng(str(eps)))
        if sum(any(v) for side in blocks for v in side) < 6:
            yield Undecided("too few patterns have a direction inside their robust cone")
            return
        for k, (row, label) in enumerate(zip(PLANE.X, LABELS, strict=True)):
            z = [sum(int(S[i][k]) * (blocks[0][i][j] - blocks[1][i][j]) for i in range(len(S))) for j in range(2)]
            value = sum(a * b for a, b in zip(row, z, strict=True))
            corners = [
                tuple(a + eps * s for a, s in zip(row, signs, strict=True)) for signs in product((-1, 1), repeat=2)
            ]
            outputs = [_output(blocks, x) for x in corners]
            if hinge:
                worst = max(max(Fraction(0), 1 - label * v) for v in outputs)
                quantity = {"margin": label * value}
            else:
                worst = max((v - label) ** 2 / 2 for v in outputs)
                quantity = {"residual": value - label}
            bound = ctx.claim.bound(**quantity, eps=eps, l1=sum(map(abs, z)))
            yield Measurement(measured=worst, bound=bound, parameters={"eps": eps, "row": k})


def _losses(network: Network, x: np.ndarray, label: float) -> np.ndarray:
    return np.maximum(0, 1 - label * network(x))


@check(convex_relu.ROBUST_HINGE, level=Level.EMPIRICAL)
def random_shifts(ctx: Context) -> Iterator[Evidence]:
    """2000 random shifts of each input of A that has a loss, on the robust optima: none loses more than the closed form."""
    program = _program(FIRM)
    for eps in SIDES[1:]:
        found = solved(eps, FIRM)
        network, z = network_of(found.blocks), pieces(program, found.blocks)
        for k, (x, label) in enumerate(zip(program.X, program.y, strict=True)):
            shifts = x + eps * ctx.rng(eps, k).uniform(-1, 1, (2000, 2))
            bound = float(ctx.claim.bound(margin=float(label * x @ z[k]), eps=eps, l1=float(np.abs(z[k]).sum())))
            if bound > 0.01:
                yield Measurement(
                    measured=float(_losses(network, shifts, label).max()),
                    bound=bound,
                    relation=Relation.LE,
                    error=1e-12 + 10 * abs(min(found.depth, 0.0)),
                    error_source="rounding and cone excess",
                    parameters={"eps": eps, "row": k},
                    n=2000,
                )


@control(convex_relu.ROBUST_HINGE, drops="linf_box")
def the_ordinary_optimum(ctx: Context) -> Iterator[Evidence]:
    """Blocks of the eps = 0 optimum switch neurons on or off inside the box: the closed form understates the loss."""
    program, found, eps = _program(), solved(0.0), 0.2
    network, z = network_of(found.blocks), pieces(program, found.blocks)
    worst, claimed = [], []
    for k, (x, label) in enumerate(zip(program.X, program.y, strict=True)):
        corners = x + eps * np.array(list(product((-1.0, 1.0), repeat=2)))
        worst.append(float(_losses(network, corners, label).max()))
        claimed.append(float(ctx.claim.bound(margin=float(label * x @ z[k]), eps=eps, l1=float(np.abs(z[k]).sum()))))
    k = int(np.argmax(np.abs(np.subtract(worst, claimed))))
    yield Measurement(measured=worst[k], bound=claimed[k], error=1e-6, error_source="solver gap", parameters={"row": k})


@control(convex_relu.ROBUST_SQUARED, drops="linf_box")
def a_neuron_that_switches_off(ctx: Context) -> Iterator[Evidence]:
    """f = (x)_+ at x = 1, y = 5, eps = 2: at the worst vertex the neuron is off, and f is 0 where its piece is -1."""
    worst = max((max(Fraction(1 + delta), Fraction(0)) - 5) ** 2 / 2 for delta in (-2, 2))
    yield Measurement(measured=worst, bound=ctx.claim.bound(residual=-4, eps=2, l1=1))


# --- the robust program ------------------------------------------------------------------------------------------------


@check(convex_relu.ROBUST_VALUE, level=Level.EXACT)
def robust_optima(ctx: Context) -> Iterator[Evidence]:
    """A with labels, eps = 0, .1, .2: the attacked network against the certified value, which grows with eps."""
    program, before = _program(), 0.0
    for eps in SIDES:
        found = solved(eps)
        error = found.gap + 10 * abs(min(found.depth, 0.0)) + 1e-12
        where = {"eps": eps}
        yield Measurement(
            measured=attacked_objective(network_of(found.blocks), program, eps),
            bound=ctx.claim.bound(p_eps=found.lower),
            relation=Relation.EQ,  # attained, up to the certified gap
            error=error,
            error_source="solver gap",
            parameters=where,
        )
        yield Measurement(
            measured=found.value, bound=before, relation=Relation.GE, error=error, error_source="solver gap",
            what="value, against the smaller box", parameters=where,
        )  # fmt: skip
        before = found.lower


@check(convex_relu.ROBUST_VALUE, level=Level.EMPIRICAL)
def projected_gradient_attack(ctx: Context) -> Iterator[Evidence]:
    """A projected gradient attack of 20 signed steps from random starts inside a box 1% smaller: below the program's value."""
    program = _program(FIRM)
    for eps in SIDES[1:]:
        found = solved(eps, FIRM)
        network = network_of(found.blocks)
        small = 0.99 * eps
        worst = []
        for k, (x, label) in enumerate(zip(program.X, program.y, strict=True)):
            delta = small * ctx.rng(eps, k).uniform(-1, 1, (50, 2))
            for _ in range(20):
                active = (x + delta) @ network.u.T > 0
                slope = -label * (active * network.a) @ network.u
                delta = np.clip(delta + small / 5 * np.sign(slope), -small, small)
            worst.append(float(_losses(network, x + delta, label).max()))
        regular = program.beta * ((network.u**2).sum() + (network.a**2).sum()) / 2
        yield Measurement(
            measured=float(np.mean(worst) + regular),
            bound=ctx.claim.bound(p_eps=found.value),
            error=found.gap,
            error_source="solver gap",
            parameters={"eps": eps},
            n=50 * len(worst),
        )


@control(convex_relu.ROBUST_VALUE, drops="linf_box")
def the_ordinary_network_attacked(ctx: Context) -> Iterator[Evidence]:
    """The eps = 0 optimum under attack: .24698 and .43365 against robust optima .08818 and .15990."""
    program, network = _program(), network_of(solved(0.0).blocks)
    for eps in SIDES[1:]:
        yield Measurement(
            measured=attacked_objective(network, program, eps),
            bound=ctx.claim.bound(p_eps=solved(eps).value),
            error=1e-3,
            error_source="optima are unique only up to the solver's gap",
            parameters={"eps": eps},
        )
