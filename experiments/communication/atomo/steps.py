"""The effect of a sparsified gradient on a step."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

import numpy as np
import sympy as sp

from gradproof.experiments.communication._sparse import EXAMPLES, after_a_step, mean_is, means_are
from gradproof.experiments.communication._sparse_methods import atomic_sgd, least_variance, second_moment
from gradproof.experiments.engine.backend import backend as array_library
from gradproof.experiments.engine.check import Context, Evidence, check, control
from gradproof.experiments.engine.draws import Draws
from gradproof.experiments.engine.run import run, start
from gradproof.solvers.sparsification import minimal_variance
from gradproof.theory.communication import atomo
from gradproof.theory.evidence import Level, Measurement, Relation
from gradproof.theory.field import Interval
from gradproof.theory.symbolic import Identity, Inequality


@check(atomo.SGD_EFFECT, level=Level.EXACT)
def one_step_by_enumeration(ctx: Context) -> Iterator[Evidence]:
    """E||x+||^2 over all outcomes, in rational arithmetic; V at most (d/s)||x||^2, and equal to it for equal entries."""
    for x in EXAMPLES:
        for s, gamma in ((Fraction(2), Fraction(1, 10)), (Fraction(3, 2), Fraction(1, 2))):
            best, x2 = minimal_variance(x, s), sum(v * v for v in x)
            after = after_a_step(x, [q or Fraction(1) for q in best.p], gamma)
            claimed = ctx.claim.bound(gamma=gamma, x2=x2, V=best.second_moment)
            where = {"x": str(x), "s": s, "gamma": gamma}
            yield Measurement(measured=after, bound=claimed, parameters=where)
            relation = Relation.EQ if len({abs(v) for v in x}) == 1 else Relation.LE
            yield Measurement(
                measured=best.second_moment, bound=len(x) / s * x2, relation=relation, what="V", parameters=where
            )


@check(atomo.SGD_EFFECT, level=Level.SYMBOLIC)
def expand_the_square(ctx: Context) -> Iterator[Evidence]:
    """E|x - gamma ghat|^2 = |x|^2 - 2 gamma |x|^2 + gamma^2 V; below 2s/d it contracts for every V up to (d/s)|x|^2."""
    g, x2, V = (ctx.claim.parameter(n).symbol for n in ("gamma", "x2", "V"))
    d, s = sp.symbols("d s", positive=True)
    yield Identity(ctx.claim.expression - (x2 - 2 * g * x2 + g**2 * V), "expansion")
    at = ctx.claim.expression.subs(V, d / s * x2)
    yield Identity(sp.factor(at - x2) - g * x2 * (g * d / s - 2), "at equal entries the sign changes at 2s/d")
    names = (Interval("x2"), Interval("s"), Interval("d", "s", closed_low=True), Interval("gamma", "0", "2*s/d"))
    smaller = (*names, Interval("V", "0", "d/s*x2", closed_high=True))
    fall = (x2 - ctx.claim.expression).subs({p: sp.Symbol(str(p)) for p in (g, x2, V)})
    yield Inequality(fall.subs({d: sp.Symbol("d"), s: sp.Symbol("s")}), smaller, strict=True, what="a contraction")


@check(atomo.SGD_EFFECT, level=Level.EMPIRICAL)
def sampled_steps(ctx: Context) -> Iterator[Evidence]:
    """20000 sampled steps from x = 1 in six dimensions: the mean is 4.98 at s = 2, gamma = 1/10."""
    x, s, gamma = np.ones(6), 2.0, 0.1
    best = minimal_variance(x, s)
    keep = ctx.rng().random((20_000, 6)) < best.p
    after = ((x - gamma * x * keep / best.p) ** 2).sum(axis=1)
    top = float(np.maximum(1.0, (1 - gamma / best.p) ** 2).sum())
    claimed = ctx.claim.bound(gamma=gamma, x2=6.0, V=best.second_moment)
    yield from mean_is(after, claimed, top=top, what="E||x+||^2", s=s, gamma=gamma)


@check(atomo.SGD_EFFECT, level=Level.EMPIRICAL)
def every_step_of_runs(ctx: Context) -> Iterator[Evidence]:
    """20 steps from (3, 2, 1, 1, 1, 1) at three budgets, 100 seeds: ||x+||^2 over its claimed mean, at every step."""
    s, gamma, on = np.array([1.5, 2.0, 4.0]), 0.2, array_library(ctx.backend)
    x0, words = on.move(
        (start([3.0, 2, 1, 1, 1, 1], settings=3, seeds=100)[..., None, :], ctx.keys(settings=s.tolist(), seeds=100))
    )
    with on.scope():
        method = atomic_sgd(lambda x: x, gamma, least_variance(on.asarray(s[:, None, None])))
    out = run(method, x0, 20, record={"x": lambda state: state.x}, draw=lambda t: Draws(words, t).uniform((6,)))
    x = out.x.values[:, :, :, 0]
    after, x = np.sum(x[:, :, 1:] ** 2, axis=-1), x[:, :, :-1]
    p = least_variance(s[:, None, None, None])(x)
    claimed = ctx.claim.bound(gamma=gamma, x2=np.sum(x**2, axis=-1).ravel(), V=second_moment(x, p).ravel())
    safe = np.where(p > 0, p, 1)
    top = np.sum(np.maximum(x**2, (x - gamma * x / safe) ** 2), axis=-1)
    yield from means_are(after.ravel(), claimed, top.ravel(), what="||x+||^2", gamma=gamma)


@control(atomo.SGD_EFFECT, drops="step size below 2s/d")
def long_steps_diverge(ctx: Context) -> Iterator[Evidence]:
    """At gamma = 21 s / (10 d) and equal entries the squared norm grows."""
    x2, s, d = Fraction(6), Fraction(2), 6
    gamma = Fraction(21, 10) * s / d
    after = ctx.claim.bound(gamma=gamma, x2=x2, V=x2 * d / s)
    yield Measurement(measured=after, bound=x2, relation=Relation.LE, what="E||x+||^2", parameters={"gamma": gamma})


@control(atomo.SGD_EFFECT, drops="a budget of at most d")
def more_budget_than_entries(ctx: Context) -> Iterator[Evidence]:
    """At s = 2d everything is sent: V is ||x||^2, not half of it, and steps of 3, below 2s/d = 4, grow."""
    x2, d = Fraction(6), 6
    V = minimal_variance([1] * d, 2 * d).second_moment
    yield Measurement(measured=V, bound=x2 / 2, relation=Relation.LE, what="V")
    after = ctx.claim.bound(gamma=3, x2=x2, V=V)
    yield Measurement(measured=after, bound=x2, relation=Relation.LE, what="E||x+||^2")
