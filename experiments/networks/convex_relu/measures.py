"""Networks against the convex program: balance, exactness, width, and the number of patterns."""

from __future__ import annotations

from fractions import Fraction
from functools import cache
from itertools import combinations
from typing import NamedTuple

import numpy as np
from scipy.optimize import linprog

from gradproof.experiments.engine.measure import Enclosed, Supremum, cases, measure, without
from gradproof.experiments.networks.convex_relu.instances import (
    PLANE,
    SPACE,
    Instance,
    cancer,
    patterns,
    program,
    solution,
)
from gradproof.experiments.networks.convex_relu.methods import admm, descend, splitting
from gradproof.solvers.relu_program import (
    Network,
    NotSolved,
    Program,
    certify,
    count_cells,
    enumerate_by_rays,
    enumerate_patterns,
    lower_bound,
    network_of,
    prune,
    sample_patterns,
    train,
)
from gradproof.theory.networks import convex_relu

# --- balance -----------------------------------------------------------------------------------------------------------


@measure(convex_relu.AMGM, cases(start=range(3)).guaranteeing("equal_weights"))
def trained_neurons(rng):
    """Eight neurons trained by L-BFGS on instance B, and the same with one layer doubled and the other halved."""
    net = descend(program(SPACE, 0.1), 8, rng)
    for u, a in zip(np.linalg.norm(net.u, axis=1), np.abs(net.a), strict=True):
        for scale in (1, 2):
            exact = {
                "u": scale * Fraction(float(u)),
                "a": Fraction(float(a)) / scale,
            }  # of the floats themselves: no rounding below
            yield (exact["u"] ** 2 + exact["a"] ** 2) / 2, exact


def unequal_decay(u, a):
    r"""$\|u\|^2/2 + a^2/8$, one layer decayed less, is only half the product of the norms at $|a| = 2\|u\|$."""
    return Fraction(u**2, 2) + Fraction(a**2, 8)


without(convex_relu.AMGM, "equal_weights", unequal_decay, cases(u=1, a=2))

# --- the exact reformulation -------------------------------------------------------------------------------------------


class Between(NamedTuple):
    """Ends of a value."""

    lower: float
    upper: float


ROUNDING = 1e-13  # relative, of an objective: some hundred products and sums


def from_above(data: Instance, beta: float, net: Network) -> Between:
    """What a network says of the least objective: at most its own, and at least the dual value, which bounds every network."""
    p = program(data, beta)
    return Between(solution(data, beta).lower, net.objective(p.X, p.y, beta) * (1 + ROUNDING))


def of_all_blocks(data: Instance, beta: float) -> Between:
    return from_above(data, beta, network_of(solution(data, beta).blocks))


def of_pruned_blocks(data: Instance, beta: float) -> Between:
    return from_above(data, beta, network_of(prune(program(data, beta), solution(data, beta).blocks)))


def of_the_limit_of_admm(data: Instance, beta: float) -> Between:
    p = splitting(program(data, beta))
    method = admm(p)
    state = method.init(np.zeros(2 * p.S.shape[0] * p.X.shape[1]))
    for _ in range(1500):
        state = method.step(state, None)
    return from_above(data, beta, network_of(state.v))


def of_one_neuron(data: Instance, beta: float, directions: int = 4000) -> Between:
    """Data in the plane, one neuron, scanned over the circle.

    In direction v, with z = relu(X v), it attains ||y||^2/2 - (|z . y| - beta)_+^2 / (2 ||z||^2). Between two directions h
    apart z moves by at most h ||X||, which bounds what the scan can miss.
    """
    X, y = np.array(data.X, float), np.array([float(v) for v in data.y])
    angles = 2 * np.pi * np.arange(directions) / directions
    z = np.maximum(np.c_[np.cos(angles), np.sin(angles)] @ X.T, 0)
    best = float((np.maximum(np.abs(z @ y) - beta, 0) / np.linalg.norm(z, axis=1)).max())
    move = np.pi / directions * np.linalg.norm(X, 2)
    # |z.y|/||z|| moves by at most 2 ||y|| move / ||z||, and beta/||z|| by beta move / ||z||^2
    least = float(np.linalg.norm(z, axis=1).min()) - move
    slip = 2 * float(np.linalg.norm(y)) * move / least + beta * move / least**2
    value = float(y @ y / 2) - best**2 / 2
    return Between(value - best * slip - slip**2 / 2, value * (1 + ROUNDING))


def two_patterns(data: Instance, beta: float) -> Between:
    found = train(program(data, beta, patterns(data).take([0, 1])))
    return Between(found.lower, found.upper)


@cache
def without_cones(data: Instance, beta: float) -> Between:
    """A gated linear network: Clarabel's point, and the dual bound without multipliers."""
    import cvxpy as cp

    p = program(data, beta)
    P, d = p.S.shape[0], p.X.shape[1]
    B = cp.Variable((P, d))  # v - w: without cones one of the two suffices
    output = cp.sum(cp.multiply(p.S, B @ p.X.T), axis=0)
    loss = cp.sum_squares(output - p.y) / 2 + beta * cp.sum(cp.norm(B, 2, axis=1))
    cp.Problem(cp.Minimize(loss)).solve(solver=cp.CLARABEL)
    blocks = np.stack([np.asarray(B.value), np.zeros((P, d))])
    low = lower_bound(p, p.y - p.predict(blocks), np.zeros((2, *p.S.shape)))
    return Between(low, p.objective(blocks) * (1 + ROUNDING))


def beside(least: Between, value: Between):
    """The least objective, and the program's value for the claim: the middle of its ends, whose distance to them is an error."""
    slack = (value.upper - value.lower) / 2
    return Enclosed(least.lower - slack, least.upper + slack, "solver gap"), {"p_star": value.lower + slack}


def least_objective(instance, beta, network, value):
    r"""Networks of the convex optimum and of ADMM enclose the least objective between their own and the dual value."""
    return beside(network(instance, beta), value(instance, beta))


SMALL = cases(instance=[PLANE, SPACE], beta=[0.1, 0.5])
ASSUMED = ("weight_decay_positive", "all_patterns", "cone_constraints", "wide_enough")
measure(
    convex_relu.EXACT_REFORMULATION,
    cases(
        instance=[PLANE, SPACE],
        beta=[0.1, 0.5],
        network=[of_all_blocks, of_pruned_blocks, of_the_limit_of_admm],
        value=[solution],
    ).guaranteeing(*ASSUMED),
)(least_objective)


def broken(network, value, beta, assumption):
    """Cases on A that keep all assumptions but one."""
    kept = cases(instance=[PLANE], beta=beta, network=[network], value=[value])
    without(
        convex_relu.EXACT_REFORMULATION,
        assumption,
        least_objective,
        kept.guaranteeing(*(a for a in ASSUMED if a != assumption)),
    )


broken(of_all_blocks, two_patterns, [0.1], "all_patterns")
broken(of_one_neuron, solution, [0.1], "wide_enough")
broken(of_all_blocks, without_cones, [0.1, 0.5], "cone_constraints")


@measure(
    convex_relu.EXACT_REFORMULATION,
    (
        cases(instance=[PLANE, SPACE], beta=[0.1, 0.5], width=8) + cases(instance=[cancer(24)], beta=[0.1], width=24)
    ).guaranteeing(*ASSUMED),
)  # fmt: skip
def networks_by_descent(instance, beta, width, rng, budget):
    """Networks trained by L-BFGS (ten, thirty when full, three on real data): the best objective, and what their residuals certify."""
    p = program(instance, beta)
    restarts = 3 if len(p.y) > 12 else 30 if budget != "quick" else 10
    found = [certify(descend(p, width, rng), p) for _ in range(restarts)]
    least = Between(max(c.lower for c in found), min(c.objective for c in found) * (1 + ROUNDING))
    return beside(least, solution(instance, beta))


# --- width -------------------------------------------------------------------------------------------------------------


def pruned(p: Program):
    """How many blocks pruning leaves of an optimum, whose value must stay within the certified gap.

    Raises:
        NotSolved: the value changed.
    """
    found = train(p, gap=1e-7)
    blocks = prune(p, found.blocks)
    value = network_of(blocks).objective(p.X, p.y, p.beta)
    if value > found.upper + (found.upper - found.lower) + 1e-7 * found.upper:  # the linear program is solved to 1e-7
        raise NotSolved(f"pruning changed the value to {value} from {found.upper}")
    return int((np.linalg.norm(blocks, axis=2) > 0).sum()), {"n": len(p.y)}


@measure(
    convex_relu.WIDTH,
    cases(instance=[PLANE, SPACE], beta=[0.02, 0.1, 0.5]).guaranteeing("weight_decay_positive", "optimal"),
)
def pruned_optima(instance, beta):
    """Optima on A and B pruned to a vertex: the number of neurons, with a value certified to be unchanged."""
    return pruned(program(instance, beta))


@measure(
    convex_relu.WIDTH,
    cases(instance=[cancer(60)], beta=[0.01, 0.1], count=120).guaranteeing("weight_decay_positive", "optimal"),
)
def pruned_over_sampled_patterns(instance, beta, count, rng):
    """Breast cancer, 60 points, 120 sampled patterns: the optimum over them needs no more than 60 neurons."""
    return pruned(program(instance, beta, sample_patterns(instance.X, count, rng)))


def blocks_that_are_not_optimal(instance, rng):
    """To keep both the prediction and the size of random feasible blocks takes $n + 1$ of them."""
    p = program(instance, 0.1)
    x = np.stack([p.patterns.U, p.patterns.U]) * rng.uniform(0.5, 2, (2, len(p.patterns), 1))
    c = np.concatenate([p.S * (x[0] @ p.X.T), -p.S * (x[1] @ p.X.T)])
    rows = np.c_[c, np.linalg.norm(x, axis=2).ravel()].T
    found = linprog(rng.random(len(c)), A_eq=rows, b_eq=rows.sum(axis=1), bounds=(0, None), method="highs-ds")
    return int((found.x > 1e-9).sum()), {"n": len(p.y)}


without(
    convex_relu.WIDTH,
    "optimal",
    blocks_that_are_not_optimal,
    cases(instance=[PLANE, SPACE]).guaranteeing("weight_decay_positive"),
)

# --- how many patterns -------------------------------------------------------------------------------------------------


def drawn(n: int, d: int) -> list[list[int]]:
    """Integer rows."""
    return np.random.default_rng(n).integers(-50, 51, (n, d)).tolist()


ROWS = {"A": PLANE.X, "B": SPACE.X, "8 x 2": drawn(8, 2), "9 x 3": drawn(9, 3), "7 x 4": drawn(7, 4)}


def in_general_position(rows) -> bool:
    """Every d rows are independent. Determinants of small integers are integers, which floats hold exactly enough."""
    return all(round(float(np.linalg.det(part))) for part in combinations(np.array(rows, float), len(rows[0])))


@measure(
    convex_relu.ARRANGEMENT_COUNT,
    (
        cases(rows=ROWS, count=[count_cells, enumerate_patterns, enumerate_by_rays])
        + cases(
            rows={"parallel": [(1, 0, 0), (2, 0, 0), (0, 1, 0), (1, 1, 0), (0, 0, 1)]},
            count=[count_cells, enumerate_patterns],
        )
    ).guaranteeing("central"),
)
def number_of_patterns(rows, count):
    """Patterns counted in rational arithmetic, and listed in two ways: A, B, random rows in general position, parallel rows."""
    found = count(rows)
    P = found if isinstance(found, int) else len(found)
    return Supremum(P) if in_general_position(rows) else P, {"n": len(rows), "r": int(np.linalg.matrix_rank(rows))}


def cells_of_lines(rows):
    """Cells of lines $a x + b y = c$ in the plane: half those of the planes in space, cut by the one that splits off their copies."""
    return Fraction(count_cells([*rows, (0, 0, 1)]), 2), {"n": len(rows), "r": 2}


# three lines that miss the origin make seven cells, more than 2n = 6: the bias is a third column
without(
    convex_relu.ARRANGEMENT_COUNT,
    "central",
    cells_of_lines,
    cases(rows={"three lines": [(1, 0, 1), (0, 1, 1), (1, 1, -1)]}),
)
