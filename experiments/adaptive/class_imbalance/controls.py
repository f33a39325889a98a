"""Controls: with an assumption given up each bound is violated."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import numpy as np

from gradproof.experiments.adaptive.class_imbalance.exact import FREQUENCIES, ULP, beside, psi_between, sign_path
from gradproof.experiments.adaptive.class_imbalance.methods import (
    bias_only,
    gradient_descent,
    losses,
    one_hot,
    sign_descent,
    softmax,
    zeros,
    zipf,
)
from gradproof.experiments.engine.check import Context, Evidence, control
from gradproof.experiments.engine.run import Method, run
from gradproof.solvers.exact.balls import ball, ends
from gradproof.solvers.separable_ode import invert, loss_between
from gradproof.theory.adaptive import class_imbalance as paper
from gradproof.theory.evidence import Measurement

ROUNDING: dict[str, Any] = {"error": 1e-12, "error_source": "rounding"}
SHARED = np.array([0.5, 0.25, 0.15, 0.1])  # frequencies of the model with one shared input


def flow_from(z: int, u0: int, rt: Fraction) -> tuple[Fraction, Fraction]:
    """The margin under gradient flow from u0: Psi(u) = Psi(u0) + rt, enclosed."""

    def psi(x: Any) -> Any:
        return x.exp() + z * x - ball(Fraction(u0)).exp() - z * u0

    return invert(psi, lambda x: x.exp() + z, rt, Fraction(u0), u0 + rt, width=Fraction(1, 10**20))


@control(paper.GF_CONSERVATION, drops="zero_start")
def another_start(ctx: Context) -> Iterator[Evidence]:
    """From the margins 1 and -1 the flow conserves another constant."""
    for u0 in (1, -1):
        low, high = psi_between(9, flow_from(9, u0, Fraction(10)))
        bound = ctx.claim.bound(c=10, pi=1, t=1)
        yield Measurement(
            measured=(low + high) / 2,
            bound=bound,
            error=(high - low) / 2,
            error_source="rounding",
            parameters={"u(0)": u0},
        )


@control(paper.TIME_TO_LOSS, drops="gradient_flow")
def time_of_sign_descent(ctx: Context) -> Iterator[Evidence]:
    """Sign descent takes log((c-1)/(e^eps - 1))/2, whatever the frequency."""
    for pi in (0.1, 0.01):
        time = 0.5 * float(np.log(99 / np.expm1(0.1)))
        yield Measurement(
            measured=time, bound=ctx.claim.bound(c=100, pi=pi, eps=0.1), parameters={"pi": pi}, **ROUNDING
        )


@control(paper.TIME_TO_LOSS, drops="heavy-tailed frequencies: all equal")
def equal_frequencies(ctx: Context) -> Iterator[Evidence]:
    """With equal frequencies the order of the classes disappears: gradient descent brings all to the loss 1/2 at once."""
    c = 10
    method = gradient_descent(one_hot(np.full(c, 1 / c), np.eye(c)), 1.0)
    out = run(method, zeros(c), 400, record={"W": lambda s: s.x})
    steps = np.argmax(losses(out.W.values[0, 0]) < 0.5, axis=0)
    first, last = (ctx.claim.bound(c=c, pi=float(pi), eps=0.5) for pi in zipf(c)[[0, -1]])
    yield Measurement(
        measured=float(steps.max() / steps.min()),
        bound=last / first,
        what="time of the last class over the first's",
        **ROUNDING,
    )


@control(paper.GF_UPPER, drops="zero_start")
def a_start_at_the_wrong_class(ctx: Context) -> Iterator[Evidence]:
    """From the margin -5 the loss at pi_k t = 1 is above the bound."""
    loss = loss_between(9, flow_from(9, -5, Fraction(10)))
    yield Measurement(**beside(loss, ctx.claim.bound(c=10, pi=1.0, t=1.0)))


@control(paper.GF_LOWER, drops="gradient_flow")
def sign_descent_is_faster(ctx: Context) -> Iterator[Evidence]:
    """The loss of sign descent at t = 5 is below the bound of the flow, the more so for a rare class."""
    for pi in (0.5, 0.01):
        loss = float(paper.SIGN_FLOW.bound(c=10, t=5.0))
        yield Measurement(measured=loss, bound=ctx.claim.bound(c=10, pi=pi, t=5.0), parameters={"pi": pi}, **ROUNDING)


def excess(method: Method, steps: int = 4000, last: int = 1000) -> float:
    """Mean excess of the loss over the entropy in the last steps, with one shared input."""
    out = run(method, zeros(4, 1), steps, record={"p": lambda s: softmax(s.x)[..., 0]}, every=1)
    return float((-(np.log(out.p.values[0, 0, -last:]) @ SHARED) + SHARED @ np.log(SHARED)).mean())


@control(paper.SIGN_FLOW, drops="one_hot")
def one_input_for_all_classes(ctx: Context) -> Iterator[Evidence]:
    """A bias alone: gradients change their signs, and sign descent stalls above the entropy instead of falling as e^-2t."""
    method = sign_descent(bias_only(SHARED), 0.1)
    bound = ctx.claim.bound(c=4, t=0.1 * 4000)
    yield Measurement(measured=excess(method), bound=bound, what="mean excess over the entropy", n=4000, **ROUNDING)


@control(paper.SIGN_FLOW, drops="positive_frequencies")
def a_class_that_is_never_seen(ctx: Context) -> Iterator[Evidence]:
    """sign(0) = 0: a class with pi_k = 0 stays at log c."""
    pi = np.array([0.7, 0.3, 0.0])
    out = run(sign_descent(one_hot(pi, np.eye(3)), 0.1), zeros(3), 10, record={"W": lambda s: s.x})
    loss = float(losses(out.W.values[0, 0, -1])[2])
    yield Measurement(measured=loss, bound=ctx.claim.bound(c=3, t=1.0), **ROUNDING)


@control(paper.SIGN_FLOW, drops="the exponent 2: exp(-c t) in its place")
def rate_with_the_number_of_classes(ctx: Context) -> Iterator[Evidence]:
    """log(1 + (c-1) e^(-c t)) at c = 3, t = 1 is 0.0949, not 0.2395."""
    value = float(np.log1p(2 * np.exp(-3.0)))
    yield Measurement(measured=value, bound=ctx.claim.bound(c=3, t=1.0), **ROUNDING)


@control(paper.SIGN_DESCENT, drops="positive_frequencies")
def margins_of_an_unseen_class(ctx: Context) -> Iterator[Evidence]:
    """The margins of a class with pi_k = 0 stay at zero."""
    W = sign_path([[Fraction(0)] * 3 for _ in range(3)], [*FREQUENCIES[:2], Fraction(0)], Fraction(1, 20), 10)
    yield Measurement(measured=W[2][2] - W[0][2], bound=ctx.claim.bound(eta=Fraction(1, 20), n=10))


@control(paper.SIGN_DESCENT, drops="one_hot")
def margins_with_a_shared_input(ctx: Context) -> Iterator[Evidence]:
    """With one shared input the margin of the first class over the last stays near log(pi_1/pi_4)."""
    out = run(sign_descent(bias_only(SHARED), 0.1), zeros(4, 1), 400, record={"W": lambda s: s.x[..., 0]}, at=[400])
    b = out.W.values[0, 0, -1]
    yield Measurement(measured=float(b[0] - b[3]), bound=ctx.claim.bound(eta=0.1, n=400), **ROUNDING)


def _one_step(u0: int, x: Fraction, c: int) -> tuple[Fraction, Fraction]:
    """Psi after a step of gradient descent from the margin u0."""
    z = c - 1
    u = ends(ball(Fraction(u0)) + ball(x * c) / (ball(Fraction(u0)).exp() + z))
    return psi_between(z, u)


def _from(ctx: Context, u0: int) -> Iterator[Evidence]:
    low, high = _one_step(u0, Fraction(1, 10), 10)
    bound = ctx.claim.bound(c=10, pi=1, eta=Fraction(1, 10), n=1)
    yield Measurement(
        measured=(low + high) / 2, bound=bound, error=(high - low) / 2, error_source="rounding", parameters={"u(0)": u0}
    )


@control(paper.GD_UPPER, drops="zero_start")
def a_head_start(ctx: Context) -> Iterator[Evidence]:
    """From the margin 3 a step is ahead of the bound."""
    yield from _from(ctx, 3)


@control(paper.GD_LOWER, drops="zero_start")
def a_late_start(ctx: Context) -> Iterator[Evidence]:
    """From the margin -3 a step is behind the bound."""
    yield from _from(ctx, -3)


@control(paper.GD_DESCENT, drops="one_hot")
def curvature_of_a_shared_input(ctx: Context) -> Iterator[Evidence]:
    """With one shared input and two equal classes the curvature is 1/2, twice the claimed constant."""
    pi, b, eta = np.array([0.5, 0.5]), np.array([0.1, -0.1]), 2.0

    def loss(b: np.ndarray) -> float:
        return float(-pi @ np.log(softmax(b[:, None])[:, 0]))

    g = softmax(b[:, None])[:, 0] - pi
    bound = ctx.claim.bound(loss=loss(b), eta=eta, pi_max=0.5, grad2=float(g @ g))
    yield Measurement(measured=loss(b - eta * g), bound=bound, error=16 * ULP, error_source="rounding")


@control(paper.HESSIAN, drops="at_zero")
def after_some_training(ctx: Context) -> Iterator[Evidence]:
    """At the margin 2 the block of two classes has the eigenvalue 2 pi p(1 - p), below pi/2."""
    p = float(1 / (1 + np.exp(-2.0)))
    for pi in (0.9, 0.1):
        yield Measurement(
            measured=2 * pi * p * (1 - p), bound=ctx.claim.bound(c=2, pi=pi), parameters={"pi": pi}, **ROUNDING
        )


@control(paper.ZIPF_AVERAGE, drops="gradient_flow")
def sign_descent_leaves_the_plateau(ctx: Context) -> Iterator[Evidence]:
    """With Zipf's frequencies, c = 1000, sign descent is below the bound at t = 10, and far below at t = 20."""
    for t in (10.0, 20.0):
        loss = float(paper.SIGN_FLOW.bound(c=1000, t=t))
        yield Measurement(
            measured=loss, bound=ctx.claim.bound(pi=zipf(1000).tolist(), t=t), parameters={"t": t}, **ROUNDING
        )


def shared_input_descent() -> float:
    """Gradient descent's excess over the entropy with one shared input: it converges where sign descent stalls."""
    return excess(gradient_descent(bias_only(SHARED), 1.0), steps=1500, last=10)
