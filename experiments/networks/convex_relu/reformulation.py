"""Networks against the convex program: balance, exactness, width, and the number of patterns."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import numpy as np
import sympy as sp
from scipy.optimize import linprog, minimize

from gradproof.experiments.engine.check import Context, Evidence, Undecided, check, control
from gradproof.experiments.networks.convex_relu.instances import (
    INSTANCES,
    PLANE,
    SPACE,
    cancer,
    cancer_program,
    patterns,
    program,
    solution,
)
from gradproof.solvers.relu_program import (
    Network,
    Program,
    count_cells,
    enumerate_by_rays,
    network_of,
    prune,
    sample_patterns,
    train,
)
from gradproof.theory.evidence import Level, Measurement, Relation
from gradproof.theory.field import Interval
from gradproof.theory.networks import convex_relu
from gradproof.theory.symbolic import Identity, Inequality

BETAS = (0.1, 0.5)


# --- balance -----------------------------------------------------------------------------------------------------------


@check(convex_relu.AMGM, level=Level.SYMBOLIC)
def a_square(ctx: Context) -> Iterator[Evidence]:
    """The difference is (||u|| - |a|)^2/2, and a (t u, a/t) neuron computes the same."""
    u, a = (ctx.claim.parameter(k).symbol for k in "ua")
    yield Identity((u**2 + a**2) / 2 - ctx.claim.expression - (u - a) ** 2 / 2, "difference")
    U, A, t, x = sp.symbols("u a t x", positive=True)
    yield Identity((A / t) * (t * U) * x - A * U * x, "invariance on the active side")
    yield Inequality((U**2 + A**2) / 2 - A * U, (Interval("u"), Interval("a")), what="inequality")


@check(convex_relu.AMGM, level=Level.EMPIRICAL)
def trained_neurons_are_balanced(ctx: Context) -> Iterator[Evidence]:
    """Eight neurons trained by L-BFGS on instance B: every one satisfies it, and rescaling a layer by 2 is worse."""
    for seed in range(3):
        net = descend(program(SPACE, 0.1), 8, ctx.rng(seed))
        for scale in (1, 2):
            u, a = np.linalg.norm(net.u, axis=1) * scale, np.abs(net.a) / scale
            k = int(np.argmax(u**2 + a**2)) if scale == 1 else int(np.argmax(a))
            exact = {"u": Fraction(float(u[k])), "a": Fraction(float(a[k]))}  # the floats themselves: no rounding below
            yield Measurement(
                measured=(exact["u"] ** 2 + exact["a"] ** 2) / 2,
                bound=ctx.claim.bound(**exact),
                parameters={"seed": seed, "scale": scale},
            )


@control(convex_relu.AMGM, drops="equal_weights")
def one_layer_decayed_less(ctx: Context) -> Iterator[Evidence]:
    """||u||^2/2 + a^2/8 is only half the product of the norms at |a| = 2||u||."""
    u, a = Fraction(1), Fraction(2)
    yield Measurement(measured=u**2 / 2 + a**2 / 8, bound=ctx.claim.bound(u=u, a=a))


# --- the exact reformulation -------------------------------------------------------------------------------------------


def descend(problem: Program, m: int, rng: np.random.Generator) -> Network:
    """A local minimum of the training objective of m neurons, by L-BFGS from a Gaussian start."""
    X, y, beta = problem.X, problem.y, problem.beta
    d = X.shape[1]

    def objective(w: np.ndarray) -> tuple[float, np.ndarray]:
        u, a = w[: m * d].reshape(m, d), w[m * d :]
        before = X @ u.T
        hidden = np.maximum(before, 0)
        r = hidden @ a - y
        gu = ((r[:, None] * a) * (before > 0)).T @ X + beta * u
        return float(r @ r / 2 + beta * (w @ w) / 2), np.concatenate([gu.ravel(), hidden.T @ r + beta * a])

    w = minimize(objective, rng.standard_normal(m * (d + 1)), jac=True, method="L-BFGS-B").x
    return Network(w[: m * d].reshape(m, d), w[m * d :])


@check(convex_relu.EXACT_REFORMULATION, level=Level.EXACT)
def recovered_networks(ctx: Context) -> Iterator[Evidence]:
    """Networks of the convex optimum, whole and pruned to n neurons, against the certified value on A and B."""
    for instance in INSTANCES:
        for beta in BETAS:
            problem, found = program(instance, beta), solution(instance, beta)
            for name, blocks in (("all blocks", found.blocks), ("pruned", prune(problem, found.blocks))):
                value = network_of(blocks).objective(problem.X, problem.y, beta)
                # the linear program that prunes is solved to 1e-7, the gap counts on top
                error = found.upper - found.lower + (1e-7 * found.upper if name == "pruned" else 1e-13)
                yield Measurement(
                    measured=value,
                    bound=ctx.claim.bound(p_star=found.lower),
                    error=error,
                    error_source="solver gap",
                    parameters={"instance": instance.name, "beta": beta, "network": name},
                )


@check(convex_relu.EXACT_REFORMULATION, level=Level.EMPIRICAL)
def restarts_of_descent(ctx: Context) -> Iterator[Evidence]:
    """Ten networks (30 when full) of eight neurons trained by L-BFGS on A and on B: none below the certified value."""
    restarts = 30 if ctx.at_least("full") else 10
    for instance in INSTANCES:
        for beta in BETAS:
            problem, found = program(instance, beta), solution(instance, beta)
            nets = [descend(problem, 8, ctx.rng(instance.name, beta, k)) for k in range(restarts)]
            values = [net.objective(problem.X, problem.y, beta) for net in nets]
            yield Measurement(
                measured=min(values),
                bound=ctx.claim.bound(p_star=found.lower),
                relation=Relation.GE,
                error=1e-13,
                error_source="rounding",
                parameters={"instance": instance.name, "beta": beta},
                n=len(values),
            )


@check(convex_relu.EXACT_REFORMULATION, level=Level.EMPIRICAL)
def breast_cancer_all_patterns(ctx: Context) -> Iterator[Evidence]:
    """Breast cancer, two components and a bias: the program over all patterns to 1e-4, its network, and descent above it."""
    n = 60 if ctx.at_least("full") else 24
    problem = cancer_program(n, 0.1)
    if len(problem.patterns) != n * n - n + 2:
        yield Undecided(f"{len(problem.patterns)} patterns instead of {n * n - n + 2}")
        return
    found = train(problem, gap=1e-4)
    value = network_of(found.blocks).objective(problem.X, problem.y, problem.beta)
    common: dict[str, Any] = {"error_source": "solver gap", "parameters": {"data": "breast cancer", "n": n}}
    bound = ctx.claim.bound(p_star=found.lower)
    yield Measurement(measured=value, bound=bound, error=found.upper - found.lower, **common)
    for seed in range(3):
        net = descend(problem, 20, ctx.rng(seed))
        value = net.objective(problem.X, problem.y, problem.beta)
        yield Measurement(measured=value, bound=bound, relation=Relation.GE, error=1e-12, **common)


@control(convex_relu.EXACT_REFORMULATION, drops="all_patterns")
def two_patterns(ctx: Context) -> Iterator[Evidence]:
    """A, beta = 0.1, only the two lexicographically smallest patterns: 3.32533, certified, above 1.49451."""
    subset = Program(PLANE.X, [float(v) for v in PLANE.y], 0.1, patterns("A").take([0, 1]))
    small = train(subset)
    yield Measurement(
        measured=small.lower,
        bound=ctx.claim.bound(p_star=solution(PLANE, 0.1).upper),
        error=small.upper - small.lower,
        error_source="solver gap",
        parameters={"patterns": 2},
    )


def best_single_neuron(beta: float, directions: int = 4000) -> tuple[float, float]:
    """The least objective of one neuron on A and a bound on its error.

    A neuron in direction v with z = relu(X v) attains ||y||^2/2 - (|z . y| - beta)_+^2 / (2 ||z||^2); this is scanned over the
    circle. Between two directions h apart z moves by at most h ||X||, which bounds what the scan can miss.
    """
    X, y = np.array(PLANE.X, float), np.array([float(v) for v in PLANE.y])
    angles = 2 * np.pi * np.arange(directions) / directions
    z = np.maximum(np.c_[np.cos(angles), np.sin(angles)] @ X.T, 0)
    gain = np.maximum(np.abs(z @ y) - beta, 0) / np.linalg.norm(z, axis=1)
    move = np.pi / directions * np.linalg.norm(X, 2)
    # |z.y|/||z|| moves by at most 2 ||y|| move / ||z||, and beta/||z|| by beta move / ||z||^2
    least = float(np.linalg.norm(z, axis=1).min()) - move
    slip = 2 * float(np.linalg.norm(y)) * move / least + beta * move / least**2
    best = float(gain.max())
    return float(y @ y / 2) - best**2 / 2, float(best * slip + slip**2 / 2)


@control(convex_relu.EXACT_REFORMULATION, drops="wide_enough")
def one_neuron(ctx: Context) -> Iterator[Evidence]:
    """A, beta = 0.1, a single neuron: at best 3.69108, scanned over all directions."""
    value, error = best_single_neuron(0.1)
    yield Measurement(
        measured=value,
        bound=ctx.claim.bound(p_star=solution(PLANE, 0.1).upper),
        error=error,
        error_source="grid of directions",
        parameters={"m": 1},
    )


def gated_value(problem: Program) -> float:
    """The program without its cone constraints (a gated linear network), an upper bound by Clarabel's point."""
    import cvxpy as cp

    P, d = problem.S.shape[0], problem.X.shape[1]
    B = cp.Variable((P, d))  # v - w: without cones one of the two suffices
    output = cp.sum(cp.multiply(problem.S, B @ problem.X.T), axis=0)
    loss = cp.sum_squares(output - problem.y) / 2 + problem.beta * cp.sum(cp.norm(B, 2, axis=1))
    cp.Problem(cp.Minimize(loss)).solve(solver=cp.CLARABEL)
    return problem.objective(np.stack([np.asarray(B.value), np.zeros((P, d))]))


@control(convex_relu.EXACT_REFORMULATION, drops="cone_constraints")
def gated_linear_network(ctx: Context) -> Iterator[Evidence]:
    """Without the cones the value is 0.56220 (beta = 0.1) and 2.03080 (0.5): no network attains it."""
    for beta in BETAS:
        yield Measurement(
            measured=gated_value(program(PLANE, beta)),
            bound=ctx.claim.bound(p_star=solution(PLANE, beta).lower),
            error=1e-12,
            error_source="rounding",
            parameters={"beta": beta},
        )


# --- width -------------------------------------------------------------------------------------------------------------


@check(convex_relu.WIDTH, level=Level.EXACT)
def pruned_optima(ctx: Context) -> Iterator[Evidence]:
    """Optima on A and B pruned to a vertex: the number of neurons, with a value certified to be unchanged."""
    for instance in INSTANCES:
        for beta in (0.02, *BETAS):
            problem, found = program(instance, beta), solution(instance, beta)
            blocks = prune(problem, found.blocks)
            value = network_of(blocks).objective(problem.X, problem.y, beta)
            if value > found.lower * (1 + 1e-6):
                yield Undecided(f"pruning changed the value to {value} from {found.lower}")
                return
            yield Measurement(
                measured=int((np.linalg.norm(blocks, axis=2) > 0).sum()),
                bound=ctx.claim.bound(n=len(instance.y)),
                parameters={"instance": instance.name, "beta": beta},
            )


@check(convex_relu.WIDTH, level=Level.EMPIRICAL)
def pruned_on_breast_cancer(ctx: Context) -> Iterator[Evidence]:
    """Breast cancer, 60 points, 120 sampled patterns: the optimum over them needs no more than 60 neurons."""
    X, y = cancer(60)
    problem = Program(X, y, 0.1, sample_patterns(X, 120, ctx.rng()))
    found = train(problem, gap=1e-6)
    blocks = prune(problem, found.blocks)
    if network_of(blocks).objective(X, y, 0.1) > found.lower * (1 + 1e-5):
        yield Undecided("pruning changed the value")
        return
    yield Measurement(measured=int((np.linalg.norm(blocks, axis=2) > 0).sum()), bound=ctx.claim.bound(n=60), n=120)


@control(convex_relu.WIDTH, drops="optimal")
def blocks_that_are_not_optimal(ctx: Context) -> Iterator[Evidence]:
    """To keep both the prediction and the size of random feasible blocks takes n + 1 of them."""
    problem = program(SPACE, 0.1)
    x = np.stack([problem.patterns.U, problem.patterns.U]) * ctx.rng().uniform(0.5, 2, (2, len(problem.patterns), 1))
    c = np.concatenate([problem.S * (x[0] @ problem.X.T), -problem.S * (x[1] @ problem.X.T)])
    size = np.linalg.norm(x, axis=2).ravel()
    rows = np.c_[c, size].T
    found = linprog(
        ctx.rng("cost").random(len(size)), A_eq=rows, b_eq=rows.sum(axis=1), bounds=(0, None), method="highs-ds"
    )
    yield Measurement(measured=int((found.x > 1e-9).sum()), bound=ctx.claim.bound(n=len(problem.y)))


# --- how many patterns -------------------------------------------------------------------------------------------------


@check(convex_relu.ARRANGEMENT_COUNT, level=Level.SYMBOLIC)
def pascal(ctx: Context) -> Iterator[Evidence]:
    """The others cut a new hyperplane as n - 1 do in one dimension less: the bound obeys P(n,r) = P(n-1,r) + P(n-1,r-1)."""
    n, r = (ctx.claim.parameter(k).symbol for k in "nr")

    def at(size: sp.Expr, rank: int) -> sp.Expr:
        return sp.expand_func(ctx.claim.expression.subs(r, rank).doit().subs(n, size))

    for rank in (2, 3, 4):
        yield Identity(at(n, rank) - at(n - 1, rank) - at(n - 1, rank - 1), f"recursion at rank {rank}")
        yield Identity(at(sp.Integer(1), rank) - 2, f"one hyperplane at rank {rank}")
    yield Identity(at(n, 1) - 2, "rank one")
    yield Identity(at(n, 2) - 2 * n, "the plane")
    yield Identity(at(n, 3) - (n**2 - n + 2), "space")


@check(convex_relu.ARRANGEMENT_COUNT, level=Level.EXACT)
def exact_counts(ctx: Context) -> Iterator[Evidence]:
    """Cells counted in rational arithmetic: A, B, random integer data in general position, parallel rows; and the lists."""
    rng = ctx.rng()
    for instance, rank in zip(INSTANCES, (2, 3), strict=True):
        count = count_cells(instance.X)
        bound = ctx.claim.bound(n=len(instance.X), r=rank)
        where: dict[str, Any] = {"instance": instance.name}
        yield Measurement(measured=count, bound=bound, relation=Relation.EQ, parameters=where)
        yield Measurement(
            measured=len(patterns(instance.name)), bound=count, relation=Relation.EQ, what="listed", parameters=where
        )
    for n, d in ((8, 2), (9, 3), (7, 4)):
        X = rng.integers(-50, 51, (n, d)).tolist()
        where = {"n": n, "d": d}
        yield Measurement(measured=count_cells(X), bound=ctx.claim.bound(n=n, r=d), parameters=where)
        yield Measurement(
            measured=len(enumerate_by_rays(X)),
            bound=count_cells(X),
            relation=Relation.EQ,
            what="listed",
            parameters=where,
        )
    degenerate = [(1, 0, 0), (2, 0, 0), (0, 1, 0), (1, 1, 0), (0, 0, 1)]
    yield Measurement(
        measured=count_cells(degenerate), bound=ctx.claim.bound(n=5, r=3), parameters={"rows": "parallel"}
    )


@control(convex_relu.ARRANGEMENT_COUNT, drops="central")
def a_bias_that_is_not_counted(ctx: Context) -> Iterator[Evidence]:
    """Three lines in the plane that miss the origin make seven cells, more than 2n = 6: the bias is a third column."""
    rows = [(1, 0, 1), (0, 1, 1), (1, 1, -1), (0, 0, 1)]  # the last row splits off the copies of opposite bias
    yield Measurement(measured=Fraction(count_cells(rows), 2), bound=ctx.claim.bound(n=3, r=2))
