"""Least densities and their inverse, the greedy scheme, approximately sparse gradients, and the effect on a step."""

from fractions import Fraction as F
from typing import Any

import numpy as np

from gradproof.experiments.communication import _sparse as sparse
from gradproof.experiments.communication._sparse import EXAMPLES, POWERS, norm2
from gradproof.experiments.communication._sparse_methods import least_density, sparsified_sgd, sparsify
from gradproof.experiments.communication.gradient_sparsification.methods import four_workers, sparsified_runs
from gradproof.experiments.engine.backend import backend as array_library
from gradproof.experiments.engine.backend import to_numpy
from gradproof.experiments.engine.controls import breaking, replacing
from gradproof.experiments.engine.draws import Draws, split
from gradproof.experiments.engine.measure import Enclosed, Sample, Supremum, cases, measure, rounded, without
from gradproof.experiments.instances.data import breast_cancer
from gradproof.experiments.instances.finite_sums import Quadratics
from gradproof.solvers.sparsification import Sparsification, greedy, minimal_density, minimal_variance
from gradproof.theory.communication import gradient_sparsification as gs
from gradproof.theory.errors import ParameterError

GRADIENTS = [POWERS, *EXAMPLES]
CAPS = cases(g=GRADIENTS, eps=[F(1, 10), F(1, 4), F(1), F(2)])


def sparsest(g: Any, eps: Any) -> list[F]:
    """Probabilities of least sum under the cap."""
    return minimal_density(g, eps).p


def evenly(g: Any, eps: Any) -> list[F]:
    """The same sum spread over all entries."""
    return [minimal_density(g, eps).density / len(g)] * len(g)


# --- least densities -------------------------------------------------------------------------------------------------------


def level_of(g: Any, eps: Any, k: int) -> dict[str, Any]:
    """What the claim on the optimum is stated in."""
    a = sorted(map(abs, g), reverse=True)
    return {"k": k, "eps": eps, "norm2": norm2(g), "tail1": sum(a[k:], F(0)), "tail2": norm2(a[k:]) or F(0)}


@measure(gs.OPTIMAL_DENSITY, CAPS.let(cap=lambda eps: eps).guaranteeing("cap"))
def from_both_sides(g, eps, cap):
    r"""$\min\sum p_i$ from its dual value to that of probabilities within the cap."""
    best = minimal_density(g, cap)
    if sparse.feasible_second_moment(g, best.p, len(g)) > (1 + cap) * norm2(g):
        raise ParameterError(f"the probabilities {best.p} exceed the cap")
    return Enclosed(best.dual, sum(best.p), "solver gap"), level_of(g, eps, minimal_density(g, eps).kept)


def density_of_equal_ones(g, eps):
    r"""$\sum p_i$ where all are equal and meet the cap."""
    return len(g) / (1 + eps), level_of(g, eps, minimal_density(g, eps).kept)


POWER_CAPS = CAPS.where(lambda g: g is POWERS)
without(gs.OPTIMAL_DENSITY, "cap", from_both_sides, POWER_CAPS.let(cap=lambda eps: 2 * eps))
replacing(gs.OPTIMAL_DENSITY, "equal probabilities", density_of_equal_ones, POWER_CAPS)


@measure(gs.OPTIMAL_DENSITY, cases(cap=[0.1, 0.5, 2.0]).guaranteeing("cap"))
def entries_sent_along_training(cap, keys, backend):
    """Entries that each of four workers sends, in 2000 draws after 30 steps of logistic regression on breast_cancer."""
    on, problem, scheme = array_library(backend), four_workers(breast_cancer()), least_density(cap)
    out = sparsified_runs(problem, np.array([cap]), keys("path", seeds=1), 30, backend=backend)
    for worker, g in enumerate(problem.gradients(out.x.values[0, 0, -1])):
        with on.scope():
            vector, p, words = on.move((g, scheme(g), split(keys(worker, seeds=1)[0, 0], 2000)))
            count = to_numpy(sparsify(vector, p, Draws(words, 0).uniform(g.shape))[1])
        yield Sample(count, at_most=float(np.count_nonzero(g))), level_of(g, cap, minimal_density(g, cap).kept)


@measure(gs.OPTIMAL_DENSITY, cases(cap=[0.5, 2.0], d=10**7, draws=100).guaranteeing("cap"), budget="gpu")
def entries_sent_of_a_long_gradient(cap, d, draws, rng, keys, backend):
    """The same of a gradient of ten million heavy-tailed entries."""
    on, g = array_library(backend), rng.standard_normal(d) ** 5
    count, words = [], on.asarray(keys("entries", seeds=1)[0, 0])
    with on.scope():
        vector = on.asarray(g)
        p = least_density(cap)(vector)
        for t in range(draws):
            count.append(float(to_numpy(sparsify(vector, p, Draws(words, t).uniform((d,)))[1])))
    a = np.sort(np.abs(g))[::-1]
    k = minimal_density(g, cap).kept
    level = {"k": k, "eps": cap, "norm2": float(a @ a), "tail1": float(a[k:].sum()), "tail2": float(a[k:] @ a[k:])}
    return Sample(np.array(count), at_most=float(d)), level


# --- the greedy scheme and duality -------------------------------------------------------------------------------------------

TAILS = [tuple(F((k * k * 37 + shift) % 101 + 1) ** 2 for k in range(30)) for shift in (0, 13, 40)]
TARGETS = cases(g=[*GRADIENTS, *TAILS], kappa=[F(1, 10), F(1, 4), F(3, 5)]).let(d=lambda g: len(g))
UNBALANCED = cases(g=[EXAMPLES[1]], kappa=[F(1, 2)]).let(d=lambda g: len(g))


@measure(gs.GREEDY, TARGETS.let(rescalings=lambda: None).guaranteeing("until_it_ends"))
def greedy_second_moment(g, kappa, d, rescalings):
    r"""$\sum g_i^2/p_i$ of the greedy probabilities."""
    p, _ = greedy(g, kappa, rescalings=rescalings)
    return sparse.second_moment(g, p.tolist()), {"V": minimal_variance(g, kappa * d).second_moment}


@measure(gs.GREEDY_DENSITY, TARGETS.guaranteeing("free_alone"))
def greedy_density(g, kappa):
    """The sum of the greedy probabilities at the end, and after 0, 1, 2 rescalings."""
    yield Supremum(sum(greedy(g, kappa)[0]))
    for most in (0, 1, 2):
        yield sum(greedy(g, kappa, rescalings=most)[0])


def density_with_a_common_factor(g, kappa, d):
    """The sum after one rescaling of the entries below one to the whole target."""
    p = greedy(g, kappa, rescalings=0)[0].tolist()
    factor = kappa * d / sum(q for q in p if q < 1)
    return sum(min(factor * q, 1) for q in p)


without(gs.GREEDY, "until_it_ends", greedy_second_moment, UNBALANCED.let(rescalings=lambda: 0))
without(gs.GREEDY_DENSITY, "free_alone", density_with_a_common_factor, UNBALANCED)


def increase(g, s):
    """The least relative increase of the second moment with so many entries."""
    return minimal_variance(g, s).second_moment / norm2(g) - 1


BUDGETS = cases(g=GRADIENTS, budget_of=[F(1, 2), F(2), F(5, 2)]).let(eps=lambda g, budget_of: increase(g, budget_of))
DROPPING = (CAPS + BUDGETS).let(s=lambda g, eps: minimal_density(g, eps).density)
measure(gs.DUALITY, DROPPING.guaranteeing("some_dropped"), name="there_and_back")(increase)


breaking(gs.DUALITY, "some_dropped", increase, g=[POWERS], eps=[F(1, 10)], s=[len(POWERS)])


# --- approximately sparse gradients ------------------------------------------------------------------------------------------


def sparsity(g: Any, s: int) -> Any:
    """The share of what is outside the s largest."""
    a = sorted(map(abs, g), reverse=True)
    return sum(a[s:]) / sum(a[:s])


def equal_ones(g: Any, eps: Any) -> list[F]:
    """Equal probabilities that meet the cap."""
    return [1 / (1 + eps)] * len(g)


LAWS = {f"i^-{a}": tuple(F(1, i**a) for i in range(1, 61)) for a in (1, 2, 3)}
LAWS |= {f"{s} and dust": (F(1),) * s + (F(s, 1000),) * 1000 for s in (1, 3)}
SPARSE = cases(g=LAWS, s=[1, 3, 10]).let(rho=sparsity).guaranteeing("approximately_sparse")
STEEP = SPARSE.where(lambda g, s: s == 1 and len(g) == 60)
DENSE = cases(g={"equal": (F(1),) * 20}, s=2, rho=F(1, 10)).guaranteeing("sparsest")


@measure(gs.APPROX_SPARSE, SPARSE.let(scheme=lambda: sparsest).guaranteeing("sparsest"))
def density(g, rho, scheme):
    r"""$\sum p_i$ at $\varepsilon = \rho$."""
    return sum(scheme(g, rho))


without(gs.APPROX_SPARSE, "approximately_sparse", density, DENSE.let(scheme=lambda: sparsest))
without(gs.APPROX_SPARSE, "sparsest", density, STEEP.let(scheme=lambda: equal_ones))


@measure(gs.APPROX_SPARSE, cases(s=[1, 3, 10, 20]).guaranteeing("approximately_sparse", "sparsest"))
def density_of_breast_cancer(s):
    """The same for stochastic gradients of logistic loss at zero, of 40 rows of breast_cancer."""
    data = breast_cancer()
    rows = -0.5 * (data.y[:, None] * data.X)[::14]
    rho = np.array([float(sparsity(g, s)) for g in rows])
    densities = np.array([minimal_density(g, r).density for g, r in zip(rows, rho, strict=True)])
    return rounded(densities, 16 * rows.shape[1]), {"rho": rho}


def code_length(best: Sparsification, d: int, b: int = 32) -> float:
    """Bits of a sparsified gradient of d entries: certain ones, the others by index or bitmap, the common magnitude."""
    index = np.log2(d)
    return float(best.kept * (b + index) + min(index * (best.density - best.kept), 2 * d) + b)


LONG = {f"i^-{a}": np.arange(1, 1001) ** -a for a in (0.5, 1.0, 1.5, 2.0)}
LONG["10 and dust"] = np.r_[np.ones(10), np.full(990, 0.01)]
CODED = cases(g=LONG, s=[1, 3, 10, 50], d=1000, b=32).let(rho=lambda g, s: float(sparsity(g, s)))
CODED = CODED.guaranteeing("approximately_sparse")


@measure(gs.CODE_LENGTH, CODED.let(cap=lambda rho: rho).guaranteeing("sparsest"))
def bits(g, cap, d, b):
    """The length by the formula, of the sparsest scheme under a cap."""
    return rounded(code_length(minimal_density(g, cap), d, b), 2**11)


CLOSE = CODED.where(lambda g, s: g is LONG["i^-0.5"] and s == 1).let(cap=lambda rho: rho / 1000)
without(gs.CODE_LENGTH, "sparsest", bits, CLOSE)


EQUAL = cases(g={"equal": np.ones(1000)}, s=2, rho=0.01, cap=0.01, d=1000, b=32)
breaking(gs.CODE_LENGTH, "approximately_sparse", bits, EQUAL)


# --- the effect on a step ----------------------------------------------------------------------------------------------------

STEPS = cases(x=[EXAMPLES[0], EXAMPLES[1], POWERS], eps=[F(1, 4), F(1)], gamma=[F(1, 10), F(1, 2)])
STEPS = STEPS.guaranteeing("unbiased")
EVEN = STEPS.where(lambda x: x[0] == 5).let(p=lambda x, eps: evenly(x, eps), kept=lambda x, p: [(x, p)])
STEPS = STEPS.let(p=lambda x, eps: sparsest(x, eps), kept=lambda x, p: [(x, p)]).guaranteeing("cap_met")
for claim, function in ((gs.SGD_COST, sparse.exact_step), (gs.SGD_THRESHOLD, sparse.contraction_threshold)):
    measure(claim, STEPS)(function)
    without(claim, "cap_met", function, EVEN)


def step_along_the_largest(x, gamma):
    r"""$\|x^+\|^2$ where the largest entry alone is sent, always as 14."""
    return norm2(x) - 2 * gamma * max(x) * 14 + gamma**2 * 14**2, {"x2": norm2(x)}


def threshold_along_the_largest(x):
    """Where the same stops to shrink it."""
    return F(2 * max(x), 14)


#: At this cap the root of the second moment is 14.
LARGEST = cases(x=[EXAMPLES[3]], eps=F(27, 169), gamma=F(1, 10)).guaranteeing("cap_met")
without(gs.SGD_COST, "unbiased", step_along_the_largest, LARGEST)
without(gs.SGD_THRESHOLD, "unbiased", threshold_along_the_largest, LARGEST)


@measure(gs.SGD_COST, cases(eps=[0.25, 2.0], gamma=0.3).guaranteeing("unbiased", "cap_met"))
def sampled_step(eps, gamma, keys, backend):
    r"""$\|x^+\|^2$ of steps from a point of a run from a power law in 30 dimensions."""
    square, optimal, x0 = Quadratics(np.eye(30)[None]), least_density(eps), np.arange(1, 31) ** -1.0
    x, after = sparse.steps_from(lambda on: sparsified_sgd(on.move(square), gamma, optimal), x0, (1, 30), keys, backend)
    return sparse.squares_after(x, after, optimal(x), gamma), {"x2": float(x @ x)}
