"""Networks with integer weights: traces of the Hessian from the gradients, in rational arithmetic."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import sympy as sp

from gradproof.experiments.engine.check import Context, Evidence, check
from gradproof.experiments.landscape.sgd_stability import instances as data
from gradproof.theory.evidence import Level, Measurement, Relation
from gradproof.theory.landscape import sgd_stability as paper


def relu_trace(W: Any, a: Any, X: Any) -> Any:
    """``Tr H = mean_i ||grad f(x_i)||^2`` of a two-layer ReLU network, from its gradient: d/da_j and d/dw_j."""
    total = 0
    for x in X:
        for w, aj in zip(W, a, strict=True):
            z = sum(u * v for u, v in zip(w, x, strict=True))
            if z > 0:
                total += z * z + aj * aj * data.norm2(x)
    return Fraction(total) / len(X)


def relu_statistics(W: Any, a: Any, X: Any) -> dict[str, Any]:
    """What the claim on ReLU networks depends on."""
    z2 = sum(sum(u * v for u, v in zip(w, x, strict=True)) ** 2 for w in W for x in X)
    return {"wSw": Fraction(z2, len(X)), "a2": data.norm2(a), "trS": Fraction(sum(data.norm2(x) for x in X), len(X))}


@check(paper.RELU_PATHNORM, level=Level.EXACT)
def gradient_of_integer_networks(ctx: Context) -> Iterator[Evidence]:
    """Integer networks on symmetric integer samples: the mean squared gradient, in rational arithmetic."""
    for m, d in ((1, 2), (3, 2), (4, 5)):
        rng = ctx.rng(m, d)
        W = data.integer_rows(rng, m, d)
        inputs = data.integer_rows(
            rng, 12, d
        )  # those on a neuron's boundary, where relu has no derivative, are left out
        half = [x for x in inputs if all(sum(u * v for u, v in zip(w, x, strict=True)) for w in W)]
        X = half + [[-x for x in row] for row in half]
        a = rng.integers(-3, 4, m).tolist()
        where = {"m": m, "d": d}
        yield Measurement(
            measured=relu_trace(W, a, X), bound=ctx.claim.bound(**relu_statistics(W, a, X)), parameters=where
        )
        cube = [[sign * (k == j) for k in range(d)] for j in range(d) for sign in (1, -1)]  # S = I/d, s = 1/d
        path = sum(abs(sp.Integer(aj)) * sp.sqrt(int(data.norm2(w))) for w, aj in zip(W, a, strict=True)) / sp.sqrt(d)
        tr = sp.Rational(str(ctx.claim.bound(**relu_statistics(W, a, cube))))
        yield Measurement(measured=path, bound=tr, relation=Relation.LE, what="s sqrt(d) * path norm", parameters=where)


@check(paper.DIAGONAL_L1, level=Level.EXACT)
def integer_diagonal_networks(ctx: Context) -> Iterator[Evidence]:
    """Integer weights on the sign patterns of a Hadamard matrix (mean xx' = I): mean squared gradient against 2 ||a b||_1."""
    X = [[1, 1, 1, 1], [1, -1, 1, -1], [1, 1, -1, -1], [1, -1, -1, 1]]
    for trial in range(4):
        a, b = ctx.rng(trial).integers(-5, 6, (2, 4)).tolist()
        a[0] = a[0] or 1
        if trial == 0:
            b = [-x for x in a]  # equality
        norm1 = sum(abs(x * y) for x, y in zip(a, b, strict=True))
        bound = ctx.claim.bound(tr=diagonal_trace(a, b, X))
        yield Measurement(measured=Fraction(2 * norm1), bound=bound, parameters={"trial": trial})


def diagonal_trace(a: Any, b: Any, X: Any) -> Fraction:
    """``Tr H = mean_i ||(b x_i, a x_i)||^2`` of a diagonal linear network."""
    total = sum((bj * xj) ** 2 + (aj * xj) ** 2 for x in X for aj, bj, xj in zip(a, b, x, strict=True))
    return Fraction(total) / len(X)
