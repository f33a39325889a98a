"""Max-margin matrices, separability, factors, and gradients: numbers of single matrices, exact or with their rounding."""

from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from itertools import product
from typing import Any

import flint
import numpy as np

from gradproof.experiments.engine.controls import breaking
from gradproof.experiments.engine.measure import Enclosed, Supremum, around, cases, measure, rounded, without
from gradproof.experiments.networks.attention_svm import instances as data
from gradproof.experiments.networks.attention_svm.instances import EPS, Layer
from gradproof.experiments.networks.attention_svm.methods import Attention
from gradproof.solvers.exact.balls import ball
from gradproof.solvers.exact.linear import to_flint
from gradproof.solvers.max_margin import constraints
from gradproof.theory.networks import attention_svm as paper

# --- the max-margin matrix ---------------------------------------------------------------------------------------------

MAX_MARGIN = cases(layer=[*data.LINEAR, *data.DRAWN, data.SHARED]).guaranteeing("optimal")


@measure(paper.SVM_KKT, MAX_MARGIN)
def squared_norm(layer: Layer, times: int = 1) -> Any:
    r"""$\|W^{svm}\|_F^2$ in rational numbers; 38/119 on A and 1/2 on B."""
    return sum((times * w) ** 2 for w in layer.exact.W), {"total": sum(layer.exact.multipliers)}


@measure(paper.SVM_KKT, MAX_MARGIN)
def norm_between_bounds(layer: Layer) -> Any:
    r"""$\|W^{svm}\|_F^2$ between the bounds of the float solver: of a feasible matrix, and of the dual program."""
    low, high = Fraction(layer.svm.lower) ** 2, Fraction(layer.svm.upper) ** 2
    return Enclosed(low, high, "solver gap"), {"total": sum(layer.exact.multipliers)}


@measure(paper.SVM_RANK, MAX_MARGIN)
def rank(layer: Layer, more: int = 0) -> Any:
    r"""Rank of $W^{svm}$ in rational numbers."""
    n, _, d = layer.problem.X.shape
    W = [list(layer.exact.W[d * i : d * i + d]) for i in range(d)]
    W[-2][-2] += more
    return to_flint(W).rank(), {"n": n}


without(paper.SVM_KKT, "optimal", squared_norm, cases(layer=data.LINEAR, times=[2]))  # feasible, but longer
without(paper.SVM_RANK, "optimal", rank, cases(layer=[data.B], more=[1]))  # no query of B has a third coordinate


def sizes(*given: tuple[int, int, int]) -> Any:
    return cases(size=[{"n": n, "T": T, "d": d} for n, T, d in given])


@measure(paper.FEASIBILITY, sizes((2, 3, 2), (3, 3, 3), (2, 4, 4), (4, 3, 4), (4, 3, 5)).guaranteeing("generic"))
def share_of_selections(n: int, T: int, d: int, tokens: Any = data.generic) -> Any:
    """Share of all selections that are separable: each with a rational matrix, or rational multipliers against it."""
    X, z = tokens(n, T, d)
    found = [data.separable(constraints(X, z, alpha)) for alpha in product(range(T), repeat=n)]
    return Fraction(sum(found), len(found))


LOW = sizes((4, 3, 1), (4, 3, 2)).guaranteeing("generic")
without(paper.FEASIBILITY, "overparametrised", share_of_selections, LOW)
DEPENDENT = cases(n=[2], T=[2], d=[2], tokens=[data.equal_queries])
without(paper.FEASIBILITY, "generic", share_of_selections, DEPENDENT)

# --- factors -----------------------------------------------------------------------------------------------------------


def half_squares(K: np.ndarray, Q: np.ndarray, W: np.ndarray | None = None) -> Any:
    """(||K||^2 + ||Q||^2)/2, beside the nuclear norm of W, by default K Q'."""
    nuc = float(np.linalg.svd(K @ Q.T if W is None else W, compute_uv=False).sum())
    half = float((K**2).sum() + (Q**2).sum()) / 2
    return rounded(half, 16 * K.size, max(half, nuc)), {"nuc": nuc}  # rounding of the singular values, too


@measure(paper.NUCLEAR_IDENTITY, cases(m=[3, 5]).guaranteeing("enough_columns"))
def random_factors(m: int, rng: Any) -> Any:
    r"""$\frac12(\|K\|_F^2 + \|Q\|_F^2)$ of normal factors of m columns."""
    return half_squares(*rng.standard_normal((2, 5, m)))


@measure(paper.NUCLEAR_IDENTITY, cases(layer=data.LINEAR).guaranteeing("enough_columns"))
def balanced_factors(layer: Layer, columns: int | None = None) -> Any:
    r"""$\frac12(\|K\|_F^2 + \|Q\|_F^2)$ for $K = US^{1/2}$, $Q = VS^{1/2}$ of the nuclear max-margin matrix."""
    W = layer.svm_nuclear.W
    U, S, Vt = np.linalg.svd(W)
    value, parameters = half_squares((U * np.sqrt(S))[:, :columns], (Vt.T * np.sqrt(S))[:, :columns], W)
    return Supremum(value), parameters  # the least over all factors of W


breaking(paper.NUCLEAR_IDENTITY, "enough_columns", balanced_factors, layer=[data.B], columns=[1])

# --- the gradient ------------------------------------------------------------------------------------------------------


def _table(*weights: int) -> dict[str, Any]:
    """Probabilities in proportion to weights, and scores and coordinates of no pattern."""
    gamma, x = [Fraction(w * w % 11 - 4, 7) for w in weights], [Fraction(5 * w % 13 - 6, 3) for w in weights]
    return {"s": [Fraction(w, sum(weights)) for w in weights], "gamma": gamma, "x": x}


PROBABILITIES = cases(table=[_table(1, 2), _table(3, 1, 19), _table(7, 5, 2, 11, 4)]).guaranteeing("fixed_head")


@measure(paper.GRADIENT, PROBABILITIES)
def covariance(s: Any, gamma: Any, x: Any) -> Any:
    r"""$\sum_t s_t\gamma_tx_t - \sum_ts_t\gamma_t\sum_ts_tx_t$ in rational numbers."""
    at = list(zip(s, gamma, x, strict=True))
    return sum(p * u * v for p, u, v in at) - sum(p * u for p, u, _ in at) * sum(p * v for p, _, v in at)


WEIGHTS = {"s": [Fraction(1, 2), Fraction(1)], "gamma": [1, 0], "x": [2, 1]}  # they do not sum to one
breaking(paper.GRADIENT, "softmax", covariance, table=[WEIGHTS])


@measure(paper.GRADIENT, PROBABILITIES)
def slope_of_the_average(s: Any, gamma: Any, x: Any) -> Any:
    """Derivative of the average score as the logits move along x, by power series in ball arithmetic."""
    with flint.ctx.workprec(128):
        weights = [ball(p) * flint.arb_series([0, ball(v)], prec=2).exp() for p, v in zip(s, x, strict=True)]
        none = flint.arb_series([0], prec=2)
        return (sum((w * ball(u) for w, u in zip(weights, gamma, strict=True)), none) / sum(weights, none))[1]


@measure(paper.GRADIENT, cases(layer=data.BOTH_LOSSES + data.DRAWN))
def gradient_of_the_code(layer: Layer, rng: Any) -> Iterator[Any]:
    """The code's pairwise gradient of one input at a time along a random direction, over the slope of the loss."""
    p = layer.problem
    W, V = rng.standard_normal((2, *layer.svm.W.shape)) / 2
    for i in range(len(p.X)):
        one = Attention(p.X[i : i + 1], p.z[i : i + 1], p.gamma[i : i + 1], p.loss)
        s, x = one.attention(W), p.X[i] @ V @ p.z[i]
        slope = float(one.slopes(s)[0])
        found = around((one.gradient(W) * V).sum() / slope, layer.gradient_rounding(W) * np.linalg.norm(V) / abs(slope))
        yield found, {"s": s[0].tolist(), "gamma": one.gamma[0].tolist(), "x": x.tolist()}


# --- smoothness --------------------------------------------------------------------------------------------------------


def on_the_line(layer: Layer, w: float, v: float) -> Any:
    return cases(layer=[layer], W={w: np.full((1, 1), w)}, V={v: np.full((1, 1), v)})


@measure(paper.SMOOTH, on_the_line(data.OPPOSITE, 0.6, 0.7))
def moved(layer: Layer, W: np.ndarray, V: np.ndarray) -> Any:
    r"""$\|\nabla L(W) - \nabla L(V)\|_F$, at the largest curvature of two opposite tokens on the line."""
    at_V = replace(layer.problem, gamma=layer.later * layer.problem.gamma).gradient(V)
    error = layer.gradient_rounding(W) + layer.later * layer.gradient_rounding(V)
    change, away = (np.linalg.norm(M, axis=(-2, -1)) for M in (layer.problem.gradient(W) - at_V, W - V))
    return around(change, error), {"L_W": layer.smoothness, "distance": away}


@measure(paper.SMOOTH, cases(layer=data.LINEAR + data.DRAWN))
def moved_at_random(layer: Layer, rng: Any) -> Any:
    r"""$\|\nabla L(W) - \nabla L(V)\|_F$ of 200 random pairs near and far."""
    scale, near = (np.geomspace(*ends, 200)[:, None, None] for ends in ((0.01, 3), (1e-3, 1)))
    W = scale * rng.standard_normal((200, *layer.svm.W.shape))
    return moved(layer, W, W + near * rng.standard_normal(W.shape))


TRAINED = Layer("A, the head fifty times as long at V", data.A.problem, later=50.0)
ACROSS = cases(layer=[TRAINED], W={"three times the matrix": 3 * data.A.svm.W}, V={"zero": 0 * data.A.svm.W})
without(paper.SMOOTH, "fixed_head", moved, ACROSS)
without(paper.SMOOTH, "linear_loss", moved, on_the_line(data.STEEP, -0.1, 0.0))

# --- no stationary point -----------------------------------------------------------------------------------------------


def towards(layer: Layer, W: np.ndarray, reference: np.ndarray | None = None) -> Any:
    """-<grad L(W), reference> of a layer, by default W^svm, with the parameters of the claim at W."""
    p, of = layer.problem, layer.svm.W if reference is None else reference
    # the bound subtracts s_opt from one, which loses as much as the gradient does
    error = float(layer.gradient_rounding(W)) * (float(np.linalg.norm(of)) + 1) + 4 * EPS * float(layer.lead.max())
    found = around(-float((p.gradient(W) * of).sum()), error)
    attained = reference is None and layer.all_active  # where every margin is one there is nothing less
    slopes, s_opt = np.abs(p.slopes(p.attention(W))), layer.of_optimal(W)
    parameters = {"slope": slopes.tolist(), "s_opt": s_opt.tolist(), "lead": layer.lead.tolist()}
    return Supremum(found) if attained else found, parameters


SCALES = (0.0, 0.1, 0.3, 0.8, 1.5)


@measure(paper.NO_STATIONARY, cases(layer=data.BOTH_LOSSES, size=SCALES) + cases(layer=data.DRAWN, size=SCALES[:2]))
def against_the_gradient(layer: Layer, size: float) -> Any:
    r"""$-\langle\nabla L(W), W^{svm}\rangle$ at $W$ of no pattern; where all margins of $W^{svm}$ are one, it is attained."""
    return towards(layer, size * np.sin(np.arange(1.0, layer.svm.W.size + 1) ** 2).reshape(layer.svm.W.shape))


# it points to the second token's matrix; the gradients of two inputs cancel; descent of the loss is ascent
FIVE = cases(layer=[data.LOCAL], W={"diag(5, 0)": np.diag([5.0, 0.0])})
without(paper.NO_STATIONARY, "equal_nonopt_scores", towards, FIVE)
ANYWHERE = cases(layer=[data.CONTRADICTION], W={w: np.full((1, 1), w) for w in (0.0, 1.0, -2.0)})
without(paper.NO_STATIONARY, "svm_feasible", towards, ANYWHERE.let(reference=lambda W: np.ones_like(W)))
breaking(paper.NO_STATIONARY, "decreasing_loss", towards, layer=[data.INCREASING], W={"0": np.zeros((3, 3))})
