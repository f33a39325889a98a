"""The convex program in measures: networks against it, the width, the patterns, the dual, and one input in closed form."""

from fractions import Fraction

import numpy as np
import sympy as sp
from scipy.optimize import linprog

import gradproof.solvers.relu_program as relu
from gradproof.experiments.engine.controls import breaking
from gradproof.experiments.engine.measure import Bracket, Enclosed, Holds, Supremum, cases, instead, measure, without
from gradproof.experiments.networks.convex_relu import instances as on
from gradproof.experiments.networks.convex_relu.methods import admm, descend, splitting
from gradproof.solvers.relu_program import rational
from gradproof.theory.networks import convex_relu as paper

DECAY = ("weight_decay_positive",)
BOTH = [on.PLANE, on.SPACE]

# --- balance -----------------------------------------------------------------------------------------------------------


@measure(paper.AMGM, cases(start=range(3)).guaranteeing("equal_weights"))
def trained_neurons(rng):
    """Eight neurons trained by L-BFGS on instance B, and the same with one layer doubled and the other halved."""
    net = descend(on.program(on.SPACE, 0.1), 8, rng)
    for u, a in zip(np.linalg.norm(net.u, axis=1).tolist(), np.abs(net.a).tolist(), strict=True):
        for scale in (1, 2):
            exact = {"u": scale * Fraction(u), "a": Fraction(a) / scale}  # the floats themselves: no rounding below
            yield (exact["u"] ** 2 + exact["a"] ** 2) / 2, exact


def unequal_decay(u, a):
    r"""$\|u\|^2/2 + a^2/8$, one layer decayed less, is only half the product of the norms at $|a| = 2\|u\|$."""
    return Fraction(u**2, 2) + Fraction(a**2, 8)


breaking(paper.AMGM, "equal_weights", unequal_decay, u=1, a=2)

# --- the exact reformulation -------------------------------------------------------------------------------------------

ROUNDING = 1e-13  # relative, of an objective: some hundred products and sums


def all_blocks(p, found):
    return relu.network_of(found.blocks)


def pruned_blocks(p, found):
    return relu.network_of(relu.prune(p, found.blocks))


def limit_of_admm(p, found):
    method = admm(splitting(p))
    state = method.init(np.zeros(found.blocks.size))
    for _ in range(1500):
        state = method.step(state, None)
    return relu.network_of(state.v)


def two_patterns(p):
    return relu.train(relu.Program(p.X, p.y, p.beta, p.patterns.take([0, 1])))


def beside(low, high, value):
    """The least objective, and the program's value for the claim: the middle of its ends, whose distance to them is an error."""
    slack = (value.upper - value.lower) / 2
    return Enclosed(low - slack, high * (1 + ROUNDING) + slack, "solver gap"), {"p_star": value.lower + slack}


def least_objective(instance, beta, network, convex=None):
    r"""Networks of the convex optimum and of ADMM enclose the least objective between their own and the dual value."""
    p, found = on.program(instance, beta), on.solution(instance, beta)
    return beside(found.lower, network(p, found).objective(p.X, p.y, beta), convex(p) if convex else found)


def one_neuron(instance, beta):
    """A single neuron, scanned over all directions: 3.69108 at best."""
    found = relu.one_neuron(instance.X, instance.y, beta)
    return beside(found.lower, found.upper, on.solution(instance, beta))


CONVEX = (*DECAY, "all_patterns", "cone_constraints")
EXACT = paper.EXACT_REFORMULATION
networks = cases(instance=BOTH, beta=[0.1, 0.5], network=[all_blocks, pruned_blocks, limit_of_admm])
measure(EXACT, networks.guaranteeing(*CONVEX, "wide_enough"))(least_objective)
fewer = cases(instance=[on.PLANE], beta=[0.1], network=[all_blocks], convex=[two_patterns])
gated = cases(instance=BOTH, beta=[0.1, 0.5], network=[all_blocks], convex=[relu.without_cones])
breaking(EXACT, "all_patterns", least_objective, fewer)
breaking(EXACT, "cone_constraints", least_objective, gated)
breaking(EXACT, "wide_enough", one_neuron, instance=[on.PLANE], beta=[0.1])


wide = cases(instance=BOTH, beta=[0.1, 0.5], width=8) + cases(instance=on.cancer(24), beta=0.1, width=24)


@measure(EXACT, wide.guaranteeing(*CONVEX, "wide_enough"))
def networks_by_descent(instance, beta, width, rng, budget):
    """Networks trained by L-BFGS (ten, thirty when full, three on real data): the best objective, and their certificates."""
    p = on.program(instance, beta)
    restarts = 3 if len(p.y) > 12 else 30 if budget != "quick" else 10
    found = [relu.certify(descend(p, width, rng), p) for _ in range(restarts)]
    return beside(max(c.lower for c in found), min(c.objective for c in found), on.solution(instance, beta))


# --- width -------------------------------------------------------------------------------------------------------------


def width_of(p):
    """How many blocks pruning leaves of an optimum; its value must not change, up to the certified gap."""
    found = relu.train(p, gap=1e-7)
    blocks = relu.prune(p, found.blocks)
    value = relu.network_of(blocks).objective(p.X, p.y, p.beta)
    if value - found.upper > found.upper - found.lower + 1e-7 * found.upper:  # the linear program is solved to 1e-7
        raise relu.NotSolved(f"pruning changed the value to {value} from {found.upper}")
    return int((np.linalg.norm(blocks, axis=2) > 0).sum()), {"n": len(p.y)}


@measure(paper.WIDTH, cases(instance=BOTH, beta=[0.02, 0.1, 0.5]).guaranteeing(*DECAY, "optimal"))
def pruned_optima(instance, beta):
    """Optima on A and B pruned to a vertex: the number of neurons, with a value certified to be unchanged."""
    return width_of(on.program(instance, beta))


@measure(paper.WIDTH, cases(instance=on.cancer(60), beta=[0.01, 0.1], count=120).guaranteeing(*DECAY, "optimal"))
def pruned_over_sampled_patterns(instance, beta, count, rng):
    """Breast cancer, 60 points, 120 sampled patterns: the optimum over them needs no more than 60 neurons."""
    return width_of(on.program(instance, beta, relu.sample_patterns(instance.X, count, rng)))


def blocks_that_are_not_optimal(instance, rng):
    """To keep both the prediction and the size of random feasible blocks takes $n + 1$ of them."""
    p = on.program(instance, 0.1)
    x = np.stack([p.patterns.U, p.patterns.U]) * rng.uniform(0.5, 2, (2, len(p.patterns), 1))
    c = np.concatenate([p.S * (x[0] @ p.X.T), -p.S * (x[1] @ p.X.T)])
    rows = np.c_[c, np.linalg.norm(x, axis=2).ravel()].T
    found = linprog(rng.random(len(c)), A_eq=rows, b_eq=rows.sum(axis=1), bounds=(0, None), method="highs-ds")
    return int((found.x > 1e-9).sum()), {"n": len(p.y)}


breaking(paper.WIDTH, "optimal", blocks_that_are_not_optimal, instance=BOTH)

# --- how many patterns -------------------------------------------------------------------------------------------------

DRAWN = {f"{n} x {d}": np.random.default_rng(n).integers(-50, 51, (n, d)).tolist() for n, d in ((8, 2), (9, 3), (7, 4))}
PARALLEL = {"parallel": [(1, 0, 0), (2, 0, 0), (0, 1, 0), (1, 1, 0), (0, 0, 1)]}
counts = cases(
    rows={"A": on.PLANE.X, "B": on.SPACE.X, **DRAWN},
    count=[relu.count_cells, relu.enumerate_patterns, relu.enumerate_by_rays],
) + cases(rows=PARALLEL, count=[relu.count_cells, relu.enumerate_patterns])


@measure(paper.ARRANGEMENT_COUNT, counts.guaranteeing("central"))
def number_of_patterns(rows, count):
    """Patterns counted in rational arithmetic, and listed in two ways: A, B, random rows in general position, parallel rows."""
    found = count(rows)
    P = found if isinstance(found, int) else len(found)
    return Supremum(P) if relu.in_general_position(rows) else P, {"n": len(rows), "r": len(rows[0])}


def cells_of_lines(rows):
    """Three lines $ax + by = c$ that miss the origin make seven cells, more than $2n$: the bias is a third column."""
    copies = relu.count_cells([*rows, (0, 0, 1)])  # the last row splits off their copies
    return Fraction(copies, 2), {"n": len(rows), "r": 2}


lines_in_the_plane = cases(rows={"three lines": [(1, 0, 1), (0, 1, 1), (1, 1, -1)]})
without(paper.ARRANGEMENT_COUNT, "central", cells_of_lines, lines_in_the_plane)

# --- duality -----------------------------------------------------------------------------------------------------------


def dot(a, b) -> Fraction:
    """Inner product, exactly."""
    return sum((Fraction(v) * w for v, w in zip(a, b, strict=True)), Fraction(0))


def distances(nu, y) -> dict[str, Fraction]:
    """What the dual bound is made of."""
    apart = [p - v for p, v in zip(nu, y, strict=True)]
    return {"y2": dot(y, y), "d2": dot(apart, apart)}


SHORTER, LONGER = [Fraction(1), Fraction(9, 10), Fraction(1, 2)], [Fraction(11, 10), None]


FEASIBLE = (*DECAY, "dual_feasible")
shortened = cases(instance=BOTH, beta=[0.1, 0.5], stretch=SHORTER)


@measure(paper.DUALITY, shortened.guaranteeing(*FEASIBLE))
def rational_dual_points(instance, beta, stretch):
    r"""A and B: the best feasible rational dual point, stretched, or the targets; $p^*$ between rational ends."""
    found, data = on.solution(instance, beta), (instance.X, instance.y, beta, on.patterns(instance))
    point = rational.rational_dual_point(*data, found.nu, found.multipliers)
    least = rational.rational_lower_bound(*data, found.nu, found.multipliers)
    value = Enclosed(least, rational.rational_upper_bound(*data, found.blocks), "solver gap")
    return value, distances([stretch * v for v in point] if stretch else instance.y, instance.y)


infeasible = cases(instance=BOTH, beta=[0.1], stretch=LONGER)
breaking(paper.DUALITY, "dual_feasible", rational_dual_points, infeasible)


@measure(paper.DUALITY, cases(instance=on.cancer(24), beta=0.5).guaranteeing(*FEASIBLE))
def dual_points_of_networks(instance, beta, rng):
    """Breast cancer, 24 points: dual points from residuals of trained networks and at random, scaled to be feasible."""
    p, found = on.program(instance, beta), on.solution(instance, beta)
    points = [p.y - descend(p, m, rng)(p.X) for m in (2, 8, 24)] + [rng.standard_normal(len(p.y)) + 0.5 * p.y]
    for nu in points:
        norm = float(relu.cone_norms(p, nu)[0].max()) * (1 + 1e-9)  # nnls stops within rounding
        nu = nu * min(float(nu @ p.y) / float(nu @ nu), beta / norm)
        ends = {"y2": float(p.y @ p.y), "d2": float((nu - p.y) @ (nu - p.y))}
        yield Enclosed(found.lower, found.upper, "solver gap"), ends


# --- the largest useful weight decay -----------------------------------------------------------------------------------


def best_neuron_left_out(data: on.Instance):
    """Patterns whose cones do not hold the best neuron."""
    norms = relu.cone_norms(on.program(data, 1.0), np.array(data.y, float))[0].max(axis=0)
    return on.patterns(data).take(np.flatnonzero(norms < 0.9 * norms.max()))


def largest(data: on.Instance):
    """M(y) as an exact root: of 45/4 on A, of 385/12 on B."""
    square = rational.exact_beta_max_squared(data.X, data.y, on.patterns(data))
    return {"M": sp.sqrt(sp.Rational(square.numerator, square.denominator))}


@measure(paper.BETA_MAX, cases(instance=BOTH, over=[on.patterns]).guaranteeing(*DECAY, "all_patterns"))
def threshold(instance, over):
    """Below it an explicit rational neuron helps, and from it on the targets are a dual certificate: 1e-15 apart on A and B."""
    return Bracket(*rational.beta_max_between(instance.X, instance.y, over(instance))), largest(instance)


others = cases(instance=BOTH, over=[best_neuron_left_out])
breaking(paper.BETA_MAX, "all_patterns", threshold, others)
decays = [(on.PLANE, "16/5"), (on.PLANE, "84/25"), (on.SPACE, "28/5"), (on.SPACE, "17/3")]
either_side = cases(at=[{"instance": i, "decay": Fraction(b)} for i, b in decays])


@measure(paper.BETA_MAX, either_side.guaranteeing(*DECAY, "all_patterns"))
def optima_on_either_side(instance, decay):
    r"""The program's optimum beats the zero network, certified in floats, or y certifies $\|y\|^2/2$, in rationals."""
    p, half, data = on.program(instance, float(decay)), dot(instance.y, instance.y) / 2, (instance.X, instance.y, decay)
    lam = relu.cone_norms(p, p.y)[1]
    zero_is_best = rational.rational_lower_bound(*data, on.patterns(instance), p.y, lam) == half
    if not zero_is_best and not relu.train(p, gap=1e-6).upper < half:
        raise relu.NotSolved(f"neither the zero network nor a better one is certified at {decay}")
    return Holds(not zero_is_best, at=decay), largest(instance)


# --- one input ---------------------------------------------------------------------------------------------------------


def sides(data: on.Instance) -> dict[str, Fraction]:
    """The claim's inner products of a data set of one input."""
    plus, minus = ([max(s * row[0], 0) for row in data.X] for s in (1, -1))
    pairs = {"c_plus": (plus, data.y), "c_minus": (minus, data.y), "z_plus": (plus, plus), "z_minus": (minus, minus)}
    return {"y2": dot(data.y, data.y), **{k: dot(*pair) for k, pair in pairs.items()}}


ONE_INPUT = cases(instance=on.LINES, beta=[Fraction(1, 2), Fraction(2), Fraction(5)]).guaranteeing("one_input")


@measure((paper.D1_CLOSED_FORM, paper.DUALITY), ONE_INPUT.guaranteeing(*FEASIBLE))
def lines(instance, beta, decay=None):
    """Integer data on a line: the objective of an explicit network, and the value of its residual in the dual, exactly."""
    x = [x for (x,) in instance.X]
    dual, primal, point = rational.line_optimum(x, instance.y, beta if decay is None else decay)
    return Enclosed(dual, primal, "solver gap"), {**sides(instance), **distances(point, instance.y)}


undecayed = cases(instance=on.LINES, beta=[Fraction(1, 2)], decay=[Fraction(0)]).guaranteeing("one_input")
instead(paper.D1_CLOSED_FORM, "no weight decay: least squares on each side", lines, undecayed)


@measure(paper.D1_CLOSED_FORM, cases(instance=on.LINES, beta=[Fraction(1, 2)]).guaranteeing("one_input"))
def lines_by_the_program(instance, beta):
    """The interior-point solution with its certified gap; x = (1, -2, 3, -1), beta = 1/2 gives 1.3625."""
    found = on.solution(instance, float(beta))
    return Enclosed(found.lower, found.upper, "solver gap"), sides(instance)


breaking(paper.D1_CLOSED_FORM, "one_input", lines_by_the_program, instance=on.BIASED, beta=[Fraction(1, 2)])
