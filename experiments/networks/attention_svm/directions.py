"""Directions of training: towards the max-margin matrix, towards a local one, and nowhere when digits are lost."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

import numpy as np
import sympy as sp

from gradproof.experiments.engine.check import Context, Evidence, check, control
from gradproof.experiments.engine.run import run
from gradproof.experiments.networks.attention_svm.instances import TOKENS, layer, local_selection
from gradproof.experiments.networks.attention_svm.methods import attention_gd, correlation, normalised_gd
from gradproof.theory.evidence import Level, Measurement
from gradproof.theory.networks import attention_svm
from gradproof.theory.symbolic import Identity


@cache
def normalised_run(name: str, steps: int, *, naive: bool = False) -> Any:
    """Correlation with the max-margin matrix and excess loss along normalised descent from zero, step 0.05."""
    found = layer(name)
    d = found.problem.X.shape[2]
    record = {
        "correlation": lambda q: correlation(q.W, found.svm.W + 0 * q.W),
        "excess": lambda q: found.problem.excess(q.W),
    }
    at = sorted({1, *np.geomspace(2, steps, 40).astype(int).tolist(), steps})
    return run(normalised_gd(found.problem, 0.05, naive=naive), np.zeros((1, 1, d, d)), steps, record=record, at=at)


@check(attention_svm.GD_DIRECTION, level=Level.EMPIRICAL)
def normalised_descent(ctx: Context) -> Iterator[Evidence]:
    """A and B, 4000 normalised steps of 0.05 from zero: correlations .9999989 and .999743."""
    for name in TOKENS:
        data = normalised_run(name, 4000)
        yield Measurement(
            measured=float(data.correlation[0, 0, -1]),
            bound=ctx.claim.bound(),
            error=1e-3,
            error_source="4000 steps of a limit",
            parameters={"data": name},
            n=4000,
        )


@check(attention_svm.GD_DIRECTION, level=Level.EMPIRICAL)
def the_loss_tends_to_its_infimum(ctx: Context) -> Iterator[Evidence]:
    """The excess loss along the same runs falls below 1e-6."""
    for name in TOKENS:
        data = normalised_run(name, 4000)
        yield Measurement(
            measured=float(data.excess[0, 0, -1]),
            bound=0.0,
            what="L - L*",
            error=1e-6,
            error_source="4000 steps of a limit",
            parameters={"data": name},
            n=4000,
        )


@check(attention_svm.GD_DIRECTION, level=Level.SYMBOLIC)
def one_input_with_two_tokens(ctx: Context) -> Iterator[Evidence]:
    """Every gradient is a multiple of (x_1 - x_2) z', and so is the max-margin matrix: the correlation is one at every step."""
    x, z = sp.Matrix(sp.symbols("x1:3", real=True)), sp.Matrix(sp.symbols("z1:3", real=True))
    k = sp.Symbol("k", positive=True)  # minus the sum of all multipliers of the gradients so far
    W = k * x * z.T
    svm = x * z.T / (x.dot(x) * z.dot(z))
    squared = (W.T * svm).trace() ** 2 / ((W.T * W).trace() * (svm.T * svm).trace())
    yield Identity(sp.simplify(squared) - ctx.claim.expression**2, "squared correlation")
    yield Identity((x.T * svm * z)[0] - 1, "margin of the max-margin matrix")


@control(attention_svm.GD_DIRECTION, drops="equal_nonopt_scores")
def a_local_direction(ctx: Context) -> Iterator[Evidence]:
    """Scores 1, 1/2, 0 from diag(5, 0), 20000 steps: correlation .99999993 with the second token's matrix, -.894 with the best."""
    p, _, best = local_selection()
    start = np.diag([5.0, 0.0])[None, None]
    steps = 20_000 if ctx.at_least("full") else 4000
    data = run(attention_gd(p, 1.0), start, steps, record={"c": lambda q: correlation(q.W, best)}, at=[steps])
    yield Measurement(
        measured=float(data.c[0, 0, -1]),
        bound=ctx.claim.bound(),
        error=1e-3,
        error_source="finitely many steps",
        n=steps,
    )


@control(attention_svm.GD_DIRECTION, drops="digits: the naive gradient formula")
def naive_gradient(ctx: Context) -> Iterator[Evidence]:
    """s (gamma - gamma . s) has no digits left once the softmax saturates, and normalised descent wanders off."""
    data = normalised_run("B", 4000, naive=True)
    yield Measurement(
        measured=float(data.correlation[0, 0, -1]),
        bound=ctx.claim.bound(),
        error=1e-3,
        error_source="finitely many steps",
        n=4000,
    )
