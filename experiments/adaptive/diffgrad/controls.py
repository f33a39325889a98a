"""Controls: with an assumption given up each bound is violated; the repaired statement is not refuted."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction

import numpy as np
import sympy as sp

from gradproof.experiments.adaptive.diffgrad.exact import (
    FROM_THE_END,
    against_published,
    boundary,
    extremal_gradients,
    friction_of,
    implementation,
    limits,
    middle,
    squared_ratio,
)
from gradproof.experiments.adaptive.diffgrad.methods import CYCLE, f2_gradient
from gradproof.experiments.adaptive.diffgrad.runs import ULP, run_against_published, sizes_on_quadratic
from gradproof.experiments.engine.check import Context, Evidence, control
from gradproof.solvers.exact.balls import ball, enclose
from gradproof.solvers.periodic_regret import Optimiser, average_regret, play, sigmoid
from gradproof.theory.adaptive import diffgrad
from gradproof.theory.evidence import Measurement, Relation


@control(diffgrad.FRICTION_RANGE, drops="friction: of the signed change")
def signed_change(ctx: Context) -> Iterator[Evidence]:
    """Without the absolute value the friction of a falling gradient is below one half."""
    xi = enclose(lambda: sigmoid(ball(Fraction(-1))), width=Fraction(1, 10**20))
    yield Measurement(bound=ctx.claim.bound(adam=1), parameters={"change": -1}, **middle(xi))


@control(diffgrad.STEP_BOUND, drops="bias_correction")
def second_moment_not_corrected(ctx: Context) -> Iterator[Evidence]:
    """At the first step m_1/(1 - beta1) over sqrt(v_1) is 1/sqrt(1 - beta2) times the sign of the gradient."""
    b1, b2 = Fraction(9, 10), Fraction(999, 1000)
    step = enclose(lambda: sigmoid(ball(Fraction(10))) / ball(1 - b2).sqrt(), width=Fraction(1, 10**20))
    yield Measurement(bound=ctx.claim.bound(alpha=1, beta1=b1, beta2=b2, t=1), **middle(step))


@control(diffgrad.STEP_BOUND_UNIFORM, drops="ratio")
def ratio_above_one(ctx: Context) -> Iterator[Evidence]:
    """beta = (0.9, 0.7), where beta1^2/beta2 > 1: rho_100 passes the bound of any q < 1 put in its place."""
    b1, b2 = Fraction(9, 10), Fraction(7, 10)
    ratio2 = squared_ratio(extremal_gradients(b1, b2, 100), b1, b2)
    bound = ctx.claim.bound(alpha=1, beta1=b1, beta2=b2, q=Fraction(9999, 10000), drop=("ratio",))
    rho = enclose(lambda: ball(ratio2).sqrt() * sigmoid(ball(Fraction(10**3))), width=Fraction(1, 10**20))
    yield Measurement(bound=bound, parameters={"t": 100}, **middle(rho))


@control(diffgrad.LOCAL_STABILITY, drops="friction: Adam")
def adam_is_stable_half_as_far(ctx: Context) -> Iterator[Evidence]:
    """With xi = 1 the boundary is at half the claimed value."""
    for b in (Fraction(0), Fraction(9, 10)):
        found = middle(boundary(b, Fraction(1)))
        yield Measurement(bound=ctx.claim.bound(beta1=b), parameters={"beta1": str(b)}, **found)


@control(diffgrad.LOCAL_STABILITY, drops="alpha lam/eps below the threshold")
def three_per_cent_above(ctx: Context) -> Iterator[Evidence]:
    """From 1e-60, at 1.03 times the threshold, the iterate leaves the interval of length 1e-4."""
    beta1 = np.array([0.0, 0.5, 0.9])
    steps = np.array([1.03 * ctx.claim.bound(beta1=float(b)) for b in beta1])
    for b, x in zip(beta1, sizes_on_quadratic(steps, "diffgrad", beta1, steps=2500), strict=True):
        yield Measurement(
            measured=float(x.max()), bound=1e-4, relation=Relation.LE, what="greatest |x|", error=1e-9,
            error_source="rounding", parameters={"beta1": float(b)},
        )  # fmt: skip


@control(diffgrad.PAPER_REGRET, drops="friction: Adam on the same losses")
def adam_on_the_same_losses(ctx: Context) -> Iterator[Evidence]:
    """Without friction the same rounds, in ball arithmetic, stay below the bound, and R_T/T tends to 0."""
    yield from against_published(ctx, friction=False)
    yield from limits(ctx, friction=False)


@control(diffgrad.PAPER_REGRET, drops="friction: Adam as a run of the engine")
def adam_as_a_run(ctx: Context) -> Iterator[Evidence]:
    """The run of Adam in double precision."""
    yield from run_against_published(ctx, "adam")


@control(diffgrad.PAPER_REGRET, drops="only the sum of the steps' growth counted: the repaired bound")
def the_repaired_bound(ctx: Context) -> Iterator[Evidence]:
    """The bound of diffgrad.regret-master holds on the rounds of diffGrad (beta1 = 0) that grow linearly."""
    played = play(FROM_THE_END.cycle, replace(FROM_THE_END.method, beta1=Fraction(0)), 3000, start=1)
    bound = diffgrad.REGRET_MASTER.bound(D=2, P=played.inverse_steps[0], Q=played.weighted_squares[0])
    yield Measurement(bound=bound, n=3000, **middle(played.regret))


@control(diffgrad.REGRET_REFUTED, drops="best_is_left")
def heavy_last_gradient(ctx: Context) -> Iterator[Evidence]:
    """With b > 2a the best point is +1 and diffGrad goes there, as Adam does: no regret, while the formula is not zero."""
    a, b, b2 = 1, Fraction(5, 2), Fraction(999, 1000)
    bound = ctx.claim.bound(a=a, b=b, beta2=b2, eps=0, drop=("best_is_left",))
    yield Measurement(measured=average_regret((a, a, -b), Optimiser(beta2=b2)), bound=bound)


@control(diffgrad.REGRET_REFUTED, drops="negative_drift")
def short_memory_of_the_second_moment(ctx: Context) -> Iterator[Evidence]:
    """(1, 1, -1.9) with beta2 = 1/2: the second moments turn the drift, although sigma(a+b)(b-a) > a/2, and nothing is lost."""
    a, b, b2 = 1, Fraction(19, 10), Fraction(1, 2)
    bound = ctx.claim.bound(a=a, b=b, beta2=b2, eps=0, drop=("negative_drift",))
    yield Measurement(measured=average_regret((a, a, -b), Optimiser(beta2=b2)), bound=bound)


@control(diffgrad.REGRET_REFUTED, drops="friction")
def adam_on_the_cycle(ctx: Context) -> Iterator[Evidence]:
    """Adam goes to the right end: the limit of its average regret is 0."""
    bound = ctx.claim.bound(a=1, b=Fraction(19, 10), beta2=Fraction(999, 1000), eps=0)
    yield Measurement(measured=average_regret(CYCLE, Optimiser(friction=False)), bound=bound)


@control(diffgrad.REGRET_REFUTED, drops="vanishing_momentum")
def constant_momentum(ctx: Context) -> Iterator[Evidence]:
    """With constant beta1 = 0.9 the momentum averages the cycle: R_T/T is far below the limit after 6000 rounds."""
    constant = Optimiser(beta1=Fraction(9, 10))
    low, high = play(CYCLE, constant, 6000).regret
    bound = ctx.claim.bound(a=1, b=Fraction(19, 10), beta2=constant.beta2, eps=0)
    yield Measurement(bound=bound, n=6000, **middle((low / 6000, high / 6000)))


@control(diffgrad.REGRET_MASTER, drops="the positive parts: the usual telescoping sum")
def telescoped(ctx: Context) -> Iterator[Evidence]:
    """D^2/(2 eta_T) in place of the positive parts is below the regret of 1, 1, -8/5 after 7500 rounds."""
    method, rounds = replace(FROM_THE_END.method, beta1=Fraction(0)), FROM_THE_END.rounds
    played = play(FROM_THE_END.cycle, method, rounds, start=1)
    bound = ctx.claim.bound(D=2, P=played.last_inverse_step[1], Q=played.weighted_squares[1])
    yield Measurement(bound=bound, n=rounds, **middle(played.regret))


@control(diffgrad.ALIASING_BUG, drops="by_reference")
def a_copy_of_the_gradient(ctx: Context) -> Iterator[Evidence]:
    """With a copy in the buffer the friction of the later steps is not one half."""
    changes = implementation([Fraction(1), Fraction(3), Fraction(-2)], by_reference=False)
    for t, change in enumerate(changes[1:], 2):
        yield Measurement(bound=ctx.claim.bound(adam=1), parameters={"t": t}, **middle(friction_of(change)))


@control(diffgrad.SYNTHETIC_FUNCTIONS, drops="the inner derivative: the published notebook's gradient")
def published_gradient(ctx: Context) -> Iterator[Evidence]:
    """x cos 8x + sin 8x + 3x^2 is not the derivative."""
    for x in (-0.8, -0.3, 0.5):
        yield Measurement(
            measured=float(f2_gradient(np.asarray(x), factor=1)), bound=ctx.claim.bound(x=x), error=64 * ULP,
            error_source="rounding", parameters={"x": x},
        )  # fmt: skip


@control(diffgrad.SYNTHETIC_FUNCTIONS, drops="right_branch")
def left_of_the_jump(ctx: Context) -> Iterator[Evidence]:
    """At x = -1 the slope is -40."""
    bound = float(sp.N(ctx.claim.bound(x=-1, drop=("right_branch",))))
    yield Measurement(measured=-40, bound=bound, error=1e-12, error_source="rounding")
