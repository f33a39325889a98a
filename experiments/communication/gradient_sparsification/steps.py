"""The effect of a sparsified gradient on a step."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

import numpy as np

from gradproof.experiments.communication._sparse import EXAMPLES, POWERS, after_a_step, mean_is, means_are, norm2
from gradproof.experiments.communication._sparse_methods import least_density
from gradproof.experiments.communication.gradient_sparsification.runs import sparsified_runs
from gradproof.experiments.engine.check import Context, Evidence, check, control
from gradproof.experiments.instances.finite_sums import Quadratics
from gradproof.solvers.sparsification import minimal_density
from gradproof.theory.communication import gradient_sparsification as gs
from gradproof.theory.evidence import Level, Measurement, Relation
from gradproof.theory.symbolic import Identity


@check(gs.SGD_COST, level=Level.EXACT)
def one_step_by_enumeration(ctx: Context) -> Iterator[Evidence]:
    """E||x+||^2 over all outcomes, in rational arithmetic."""
    for x in (EXAMPLES[0], EXAMPLES[1], POWERS):
        for eps, gamma in ((Fraction(1, 4), Fraction(1, 10)), (Fraction(1), Fraction(1, 2))):
            after = after_a_step(x, minimal_density(x, eps).p, gamma)
            claimed = ctx.claim.bound(gamma=gamma, eps=eps, x2=norm2(x))
            yield Measurement(measured=after, bound=claimed, parameters={"x": str(x), "eps": eps, "gamma": gamma})


@check(gs.SGD_COST, level=Level.SYMBOLIC)
def expand_the_square(ctx: Context) -> Iterator[Evidence]:
    """E|x - gamma Q(x)|^2 with a second moment of (1 + eps)|x|^2; its sign of growth changes at 2/(1 + eps)."""
    g, e, x2 = (ctx.claim.parameter(n).symbol for n in ("gamma", "eps", "x2"))
    yield Identity(ctx.claim.expression - (x2 - 2 * g * x2 + g**2 * (1 + e) * x2), "expansion")
    yield Identity(ctx.claim.expression - x2 - g * x2 * (g * (1 + e) - 2), "threshold")


@check(gs.SGD_COST, level=Level.EMPIRICAL)
def sampled_steps(ctx: Context) -> Iterator[Evidence]:
    """20000 sampled steps from a power law."""
    x, eps, gamma = np.arange(1, 31) ** -1.0, 0.5, 0.3
    p = minimal_density(x, eps).p
    keep = ctx.rng().random((20_000, x.size)) < p
    after = ((x - gamma * x * keep / p) ** 2).sum(axis=1)
    top = float(np.maximum(x**2, (x - gamma * x / p) ** 2).sum())
    claimed = float(ctx.claim.bound(gamma=gamma, eps=eps, x2=float(x @ x)))
    yield from mean_is(after, claimed, top=top, what="E||x+||^2", eps=eps, gamma=gamma)


@check(gs.SGD_COST, level=Level.EMPIRICAL)
def every_step_of_runs(ctx: Context) -> Iterator[Evidence]:
    """15 steps from a power law in 30 dimensions at three caps, 100 seeds: ||x+||^2 over its claimed mean, at every step."""
    eps, gamma, x0 = np.array([0.25, 1.0, 2.0]), 0.3, np.arange(1, 31) ** -1.0
    square = Quadratics(np.eye(30)[None])
    out = sparsified_runs(
        square, eps, ctx.keys(settings=eps.tolist(), seeds=100), 15, x0=x0, gamma=gamma, backend=ctx.backend
    )
    x = out.x.values
    after, x = np.sum(x[:, :, 1:] ** 2, axis=-1), x[:, :, :-1]
    p = least_density(eps[:, None, None, None])(x)
    caps = np.broadcast_to(eps[:, None, None], after.shape).ravel()
    claimed = ctx.claim.bound(gamma=gamma, eps=caps, x2=np.sum(x**2, axis=-1).ravel())
    top = np.sum(np.maximum(x**2, (x - gamma * x / np.where(p > 0, p, 1)) ** 2), axis=-1)
    yield from means_are(after.ravel(), claimed, top.ravel(), what="||x+||^2", gamma=gamma)


@control(gs.SGD_COST, drops="unbiased")
def the_largest_entry_alone(ctx: Context) -> Iterator[Evidence]:
    """A step along the largest entry, not divided by a probability: another mean, and the others never shrink."""
    x, gamma = EXAMPLES[0], Fraction(1, 10)
    after = norm2(x) - (2 * gamma - gamma**2) * x[0] ** 2
    yield Measurement(measured=after, bound=ctx.claim.bound(gamma=gamma, eps=Fraction(1, 4), x2=norm2(x)))


@control(gs.SGD_COST, drops="step size below 2/(1 + eps)")
def long_steps_grow(ctx: Context) -> Iterator[Evidence]:
    """At gamma = 21/(10 (1 + eps)) the squared norm grows."""
    eps = Fraction(1, 2)
    after = ctx.claim.bound(gamma=Fraction(21, 10) / (1 + eps), eps=eps, x2=1)
    yield Measurement(measured=after, bound=1, relation=Relation.LE, what="E||x+||^2")
