"""Directions of training: towards the max-margin matrix, towards a local one, and nowhere when digits are lost."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from itertools import pairwise
from typing import Any

import numpy as np
import sympy as sp

from gradproof.experiments.engine.check import Context, Evidence, check, control
from gradproof.experiments.engine.run import run
from gradproof.experiments.networks.attention_svm.instances import TOKENS, layer, local_selection, smoothness
from gradproof.experiments.networks.attention_svm.methods import attention_gd, correlation, normalised_gd
from gradproof.theory.evidence import Level, Measurement, Relation
from gradproof.theory.networks import attention_svm
from gradproof.theory.symbolic import Identity


def _run(name: str, method: Any, steps: int) -> Any:
    """Correlation with the max-margin matrix and excess loss from zero, at steps spaced evenly in the logarithm."""
    found = layer(name)
    d = found.problem.X.shape[2]
    record = {
        "correlation": lambda q: correlation(q.W, found.svm.W + 0 * q.W),
        "excess": lambda q: found.problem.excess(q.W),
    }
    at = sorted({1, *np.geomspace(2, steps, 40).astype(int).tolist(), steps // 100, steps // 10, steps})
    return run(method, np.zeros((1, 1, d, d)), steps, record=record, at=at)


@cache
def normalised_run(name: str, steps: int, *, naive: bool = False) -> Any:
    """Normalised descent with step 0.05."""
    return _run(name, normalised_gd(layer(name).problem, 0.05, naive=naive), steps)


@cache
def plain_run(name: str, steps: int) -> Any:
    """Gradient descent with step 1/L_W."""
    found = layer(name)
    return _run(name, attention_gd(found.problem, 1 / smoothness(found.problem)), steps)


@cache
def local_run(steps: int, size: float = 5.0) -> Any:
    """The layer with a local selection from diag(size, 0), step 1: correlation with the best and the second token's matrix."""
    p, second, best = local_selection()
    record = {"correlation": lambda q: correlation(q.W, best), "second": lambda q: correlation(q.W, second)}
    at = sorted({*np.geomspace(1, steps, 40).astype(int).tolist(), steps // 100, steps // 10, steps})
    return run(attention_gd(p, 1.0), np.diag([size, 0.0])[None, None], steps, record=record, at=at)


def _turning(ctx: Context, seen: Any, name: str) -> Iterator[Measurement]:
    """The distance of the correlation from the claimed limit falls from one decade of steps to the next."""
    steps = seen.step.values
    last = int(steps[-1])
    away = [abs(float(seen.correlation[0, 0, int(np.argmin(np.abs(steps - k)))]) - float(ctx.claim.bound())) for k in
            (last // 100, last // 10, last)]  # fmt: skip
    for before, after in pairwise(away):
        yield Measurement(
            measured=after, bound=before, relation=Relation.LE, what="distance from the limit after ten times the steps",
            error=1e-14, error_source="rounding", parameters={"data": name, "steps": last}, n=last,
        )  # fmt: skip


@check(attention_svm.GD_DIRECTION, level=Level.EMPIRICAL)
def plain_descent(ctx: Context) -> Iterator[Evidence]:
    """Gradient descent with step 1/L_W on A and B from zero, 1000 steps (8000 at full budget): it turns towards the matrix."""
    for name in TOKENS:
        yield from _turning(ctx, plain_run(name, 8000 if ctx.at_least("full") else 1000), name)


@check(attention_svm.GD_DIRECTION, level=Level.EMPIRICAL)
def normalised_descent(ctx: Context) -> Iterator[Evidence]:
    """A and B, 4000 normalised steps of 0.05 from zero: the direction as before, and the excess loss."""
    for name in TOKENS:
        seen = normalised_run(name, 4000)
        yield from _turning(ctx, seen, name)
        falls = np.diff(np.log(seen.excess[0, 0].values))
        yield Measurement(
            measured=float(falls.max()), bound=0.0, relation=Relation.LE, what="largest rise of log(L - L*)", error=1e-13,
            error_source="rounding", parameters={"data": name}, n=4000,
        )  # fmt: skip


@check(attention_svm.GD_DIRECTION, level=Level.EXACT)
def one_input_with_two_tokens(ctx: Context) -> Iterator[Evidence]:
    """A special case: every gradient is a multiple of (x_1 - x_2) z', and so is the max-margin matrix; the correlation is one."""
    x, z = sp.Matrix(sp.symbols("x1:3", real=True)), sp.Matrix(sp.symbols("z1:3", real=True))
    k = sp.Symbol("k", positive=True)  # minus the sum of all multipliers of the gradients so far
    W = k * x * z.T
    svm = x * z.T / (x.dot(x) * z.dot(z))
    squared = (W.T * svm).trace() ** 2 / ((W.T * W).trace() * (svm.T * svm).trace())
    yield Identity(sp.simplify(squared) - ctx.claim.expression**2, "squared correlation")
    yield Identity((x.T * svm * z)[0] - 1, "margin of the max-margin matrix")


@control(attention_svm.GD_DIRECTION, drops="equal_nonopt_scores")
def a_local_direction(ctx: Context) -> Iterator[Evidence]:
    """Scores 1, 1/2, 0 from diag(5, 0): it keeps an obtuse angle, correlation -.894, with the best token's matrix."""
    seen = local_run(20_000 if ctx.at_least("full") else 4000)
    steps, found = seen.step.values, seen.correlation[0, 0].values
    before = float(found[int(np.argmin(np.abs(steps - steps[-1] // 10)))])
    yield Measurement(
        measured=float(found[-1]), bound=ctx.claim.bound(), error=10 * abs(float(found[-1]) - before), n=int(steps[-1]),
        error_source="ten times the change over the last tenfold of steps; a change as 1/log k leaves less than three",
    )  # fmt: skip


@control(attention_svm.GD_DIRECTION, drops="digits: the naive gradient formula")
def naive_gradient(ctx: Context) -> Iterator[Evidence]:
    """s (gamma - gamma . s) has no digits left once the softmax saturates, and normalised descent turns away again."""
    (*_, last) = _turning(ctx, normalised_run("B", 4000, naive=True), "B")
    yield last
