"""Max-margin matrices, separability, factors, and gradients: numbers of single matrices, exact or with their rounding."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from itertools import product
from typing import Any

import flint
import numpy as np

from gradproof.experiments.engine.measure import Enclosed, Supremum, around, cases, measure, rounded
from gradproof.experiments.networks.attention_svm import instances as data
from gradproof.experiments.networks.attention_svm.instances import EPS, Layer, Tokens
from gradproof.experiments.networks.attention_svm.methods import Attention
from gradproof.solvers.exact.balls import ball
from gradproof.solvers.exact.linear import to_flint
from gradproof.solvers.max_margin import constraints
from gradproof.theory.networks import attention_svm as paper

# --- the max-margin matrix ---------------------------------------------------------------------------------------------

MAX_MARGIN = cases(layer=data.LINEAR + data.DRAWN).guaranteeing("optimal")


@measure(paper.SVM_KKT, MAX_MARGIN)
def squared_norm(layer: Layer, times: int = 1) -> Any:
    r"""$\|W^{svm}\|_F^2$ in rational numbers; 38/119 on A and 1/2 on B."""
    return sum(times * times * w * w for w in layer.exact.W), {"total": sum(layer.exact.multipliers)}


@measure(paper.SVM_KKT, MAX_MARGIN)
def norm_between_bounds(layer: Layer) -> Any:
    r"""$\|W^{svm}\|_F^2$ between the bounds of the float solver: of a feasible matrix, and of the dual program."""
    low, high = Fraction(layer.svm.lower) ** 2, Fraction(layer.svm.upper) ** 2
    return Enclosed(low, high, "solver gap"), {"total": sum(layer.exact.multipliers)}


@measure(paper.SVM_RANK, MAX_MARGIN)
def rank(layer: Layer, add: np.ndarray | None = None) -> Any:
    r"""Rank of $W^{svm}$ in rational numbers."""
    n, _, d = layer.problem.X.shape
    W = [
        [w + (0 if add is None else int(add[i, j])) for j, w in enumerate(layer.exact.W[d * i : d * i + d])]
        for i in range(d)
    ]
    return to_flint(W).rank(), {"n": n}


SIZES = ((2, 3, 2), (3, 3, 3), (2, 4, 4), (4, 3, 4), (4, 3, 5))


@measure(paper.FEASIBILITY, cases(tokens=[data.gaussian_tokens(*size) for size in SIZES]))
def share_of_selections(tokens: Tokens) -> Any:
    """Share of all selections that are separable: each with a rational matrix, or rational multipliers against it."""
    n, T, d = tokens.X.shape
    found = [data.separable(constraints(tokens.X, tokens.z, alpha)) for alpha in product(range(T), repeat=n)]
    return Fraction(sum(found), len(found)), {"n": n, "T": T, "d": d}


# --- factors -----------------------------------------------------------------------------------------------------------


def half_squares(K: np.ndarray, Q: np.ndarray, W: np.ndarray | None = None) -> Any:
    """(||K||^2 + ||Q||^2)/2, beside the nuclear norm of W, by default K Q'; singular values in floats are off by rounding."""
    W = K @ Q.T if W is None else W
    nuc = np.linalg.svd(W, compute_uv=False)
    half = float((K**2).sum() + (Q**2).sum()) / 2
    return rounded(half, 16 * K.size, max(half, nuc.sum())), {"nuc": float(nuc.sum())}


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


# --- the gradient ------------------------------------------------------------------------------------------------------


def _table(*weights: int) -> dict[str, Any]:
    """Probabilities in proportion to weights, and scores and coordinates of no pattern."""
    s = [Fraction(w, sum(weights)) for w in weights]
    return {
        "s": s,
        "gamma": [Fraction(w * w % 11 - 4, 7) for w in weights],
        "x": [Fraction(5 * w % 13 - 6, 3) for w in weights],
    }


PROBABILITIES = cases(table=[_table(1, 2), _table(3, 1, 19), _table(7, 5, 2, 11, 4)]).guaranteeing("fixed_head")


@measure(paper.GRADIENT, PROBABILITIES)
def covariance(s: Any, gamma: Any, x: Any) -> Any:
    r"""$\sum_t s_t\gamma_tx_t - \sum_ts_t\gamma_t\sum_ts_tx_t$ in rational numbers."""
    at = list(zip(s, gamma, x, strict=True))
    return sum(p * u * v for p, u, v in at) - sum(p * u for p, u, _ in at) * sum(p * v for p, _, v in at)


@measure(paper.GRADIENT, PROBABILITIES)
def slope_of_the_average(s: Any, gamma: Any, x: Any) -> Any:
    """Derivative of the average score as the logits move along x, by power series in ball arithmetic."""
    with flint.ctx.workprec(128):
        weights = [ball(p) * flint.arb_series([0, ball(v)], prec=2).exp() for p, v in zip(s, x, strict=True)]
        average = sum((w * ball(u) for w, u in zip(weights, gamma, strict=True)), flint.arb_series([0])) / sum(weights)
        return average[1]


@measure(paper.GRADIENT, cases(layer=data.BOTH_LOSSES + data.DRAWN))
def gradient_of_the_code(layer: Layer, rng: Any) -> Iterator[Any]:
    """The code's pairwise gradient of one input at a time along a random direction, over the slope of the loss."""
    p = layer.problem
    W, V = rng.standard_normal((2, *layer.svm.W.shape)) / 2
    for i in range(len(p.X)):
        one = Attention(p.X[i : i + 1], p.z[i : i + 1], p.gamma[i : i + 1], p.loss)
        s = one.attention(W)
        value = float((one.gradient(W) * V).sum() / one.slopes(s)[0])
        error = float(layer.gradient_rounding(W) * np.linalg.norm(V)) / abs(float(one.slopes(s)[0]))
        yield (
            around(value, error),
            {"s": s[0].tolist(), "gamma": one.gamma[0].tolist(), "x": (p.X[i] @ V @ p.z[i]).tolist()},
        )


# --- smoothness --------------------------------------------------------------------------------------------------------


ON_THE_LINE = {"layer": data.OPPOSITE, "W": np.full((1, 1), 0.6), "V": np.full((1, 1), 0.7)}


@measure(paper.SMOOTH, cases(points=[ON_THE_LINE]))
def moved(layer: Layer, W: np.ndarray, V: np.ndarray) -> Any:
    r"""$\|\nabla L(W) - \nabla L(V)\|_F$, on the line for two opposite tokens."""
    at_V = replace(layer.problem, gamma=layer.later * layer.problem.gamma).gradient(V)
    change = np.linalg.norm(layer.problem.gradient(W) - at_V, axis=(-2, -1))
    error = layer.gradient_rounding(W) + layer.later * layer.gradient_rounding(V)
    return around(change, error), {"L_W": layer.smoothness, "distance": np.linalg.norm(W - V, axis=(-2, -1))}


@measure(paper.SMOOTH, cases(layer=data.LINEAR + data.DRAWN))
def moved_at_random(layer: Layer, rng: Any) -> Any:
    r"""$\|\nabla L(W) - \nabla L(V)\|_F$ of 200 random pairs near and far."""
    scale, near = (np.geomspace(*ends, 200)[:, None, None] for ends in ((0.01, 3), (1e-3, 1)))
    W = scale * rng.standard_normal((200, *layer.svm.W.shape))
    return moved(layer, W, W + near * rng.standard_normal(W.shape))


# --- no stationary point -----------------------------------------------------------------------------------------------


def towards(layer: Layer, W: np.ndarray, reference: np.ndarray | None = None) -> Any:
    """-<grad L(W), reference> of a layer, by default W^svm, with the parameters of the claim at W."""
    p, extreme = layer.problem, reference is None and layer.all_active
    reference = layer.svm.W if reference is None else reference
    value = -float((p.gradient(W) * reference).sum())
    # the bound subtracts s_opt from one, which loses as much
    error = float(layer.gradient_rounding(W)) * (float(np.linalg.norm(reference)) + 1) + 4 * EPS * float(
        layer.lead.max()
    )
    slopes = np.abs(p.slopes(p.attention(W)))
    found = around(value, error)
    return Supremum(found) if extreme else found, {
        "slope": slopes.tolist(), "s_opt": layer.of_optimal(W).tolist(), "lead": layer.lead.tolist(),
    }  # fmt: skip


SIZES_OF_W = (0.0, 0.1, 0.3, 0.8, 1.5)


@measure(
    paper.NO_STATIONARY, cases(layer=data.BOTH_LOSSES, size=SIZES_OF_W) + cases(layer=data.DRAWN, size=SIZES_OF_W[:2])
)
def against_the_gradient(layer: Layer, size: float) -> Any:
    r"""$-\langle\nabla L(W), W^{svm}\rangle$ at $W$ of no pattern; where every margin of $W^{svm}$ is one, the least that there is."""
    return towards(layer, size * np.sin(np.arange(1.0, layer.svm.W.size + 1) ** 2).reshape(layer.svm.W.shape))
