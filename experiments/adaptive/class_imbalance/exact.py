"""Exact evidence: enclosures of margins and losses, two Euler sums around the flow, eigenvalues, one-step inequalities."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import flint
import numpy as np
import sympy as sp

from gradproof.experiments.adaptive.class_imbalance.methods import zipf
from gradproof.experiments.engine.check import Context, Evidence, check
from gradproof.solvers.exact.balls import ball, ends
from gradproof.solvers.separable_ode import euler_between, losses, margin_flow, margin_steps
from gradproof.theory.adaptive import class_imbalance as paper
from gradproof.theory.evidence import Level, Measurement, Relation

ULP = 2.0**-52
CLASSES = (2, 3, 100)
TIMES = (Fraction(1, 100), Fraction(1), Fraction(10), Fraction(1000))  # pi_k t
ZERO = Fraction(0)


def beside(interval: tuple[Fraction, Fraction], bound: Any) -> dict[str, Any]:
    """An enclosure beside a bound that is evaluated in double precision."""
    low, high = interval
    error = float(high - low) / 2 + 16 * ULP * (abs(float(low)) + abs(float(bound)))
    return {"measured": float((low + high) / 2), "bound": float(bound), "error": error, "error_source": "rounding"}


def psi_between(z: int, u: tuple[Fraction, Fraction]) -> tuple[Fraction, Fraction]:
    """e^u + z u at the ends of an interval."""
    with flint.ctx.workprec(256):
        low, high = (ball(v).exp() + z * ball(v) for v in u)
        return ends(low)[0], ends(high)[1]


def lambert_margin(z: int, rt: Fraction) -> tuple[Fraction, Fraction]:
    """A/z - W(e^(A/z)/z), A = 1 + rt, in balls."""
    with flint.ctx.workprec(256 + int(3 * rt)):
        ratio = ball((1 + rt) / z)
        return ends(ratio - (ratio.exp() / z).lambertw())


@check(paper.GF_CONSERVATION, level=Level.EXACT)
def between_euler_sums(ctx: Context) -> Iterator[Evidence]:
    """Psi at two Euler sums around the flow, which know nothing of it, and at Lambert's W, to 75 digits."""
    for c in (2, 10, 100):
        for tau in (Fraction(1), Fraction(5)):
            bound = ctx.claim.bound(c=c, pi=1, t=tau)
            low, high = psi_between(c - 1, euler_between(c - 1, c * tau, 1500))
            where = {"c": c, "pi t": str(tau)}
            yield Measurement(
                measured=(low + high) / 2, bound=bound, error=(high - low) / 2, error_source="Euler sums", parameters=where,
                n=1500,
            )  # fmt: skip
            low, high = psi_between(c - 1, lambert_margin(c - 1, c * tau))
            yield Measurement(
                measured=(low + high) / 2, bound=bound, error=(high - low) / 2, error_source="rounding",
                what="Psi of Lambert's W", parameters=where,
            )  # fmt: skip


@check(paper.TIME_TO_LOSS, level=Level.EXACT)
def loss_at_the_time(ctx: Context) -> Iterator[Evidence]:
    """At the times 1/100 to 1000 the loss is enclosed; the claimed time to that loss is the time."""
    for c in CLASSES:
        for tau in TIMES:
            low, high = margin_flow(c - 1, c * tau).loss  # 25 digits; the time below is evaluated with 40
            bound = float(sp.N(ctx.claim.bound(c=c, pi=1, eps=(low + high) / 2), 40))
            where = {"c": c, "pi t": str(tau)}
            yield Measurement(
                measured=float(tau), bound=bound, error=8 * ULP * float(tau), error_source="rounding", parameters=where
            )


def _flow_losses(ctx: Context) -> Iterator[Evidence]:
    yield Measurement(measured=sp.log(100), bound=ctx.claim.bound(c=100, pi=1, t=0), parameters={"c": 100, "pi t": 0})
    for c in CLASSES:
        for tau in TIMES:
            loss = margin_flow(c - 1, c * tau).loss
            bound = ctx.claim.bound(c=c, pi=1.0, t=float(tau))
            yield Measurement(parameters={"c": c, "pi t": str(tau)}, **beside(loss, bound))


@check(paper.GF_UPPER, level=Level.EXACT)
def losses_from_above(ctx: Context) -> Iterator[Evidence]:
    """Enclosures of the loss, from pi_k t = 0, where the bound is attained, to 1000; then the limit of pi_k t times it."""
    yield from _flow_losses(ctx)
    for c in CLASSES:
        tau = Fraction(10) ** 9
        low, high = margin_flow(c - 1, c * tau).loss
        yield Measurement(
            measured=float((low + high) / 2 * tau), bound=(c - 1) / c, relation=Relation.EQ,
            error=1e-7, error_source="terms of order log(t)/t", what="pi_k t l_k(t) at 10^9", parameters={"c": c},
        )  # fmt: skip


@check(paper.GF_LOWER, level=Level.EXACT)
def losses_from_below(ctx: Context) -> Iterator[Evidence]:
    """The same losses beside the lower bound."""
    yield from _flow_losses(ctx)


# --- sign descent ------------------------------------------------------------------------------------------------------


def exact_signs(W: list[list[Fraction]], pi: list[Fraction]) -> list[list[int]]:
    """Signs of the negative gradient of the one-hot model, from enclosures of the softmax."""
    c = len(pi)
    with flint.ctx.workprec(256):
        signs = [[0] * c for _ in range(c)]
        for k in range(c):
            e = [ball(W[i][k]).exp() for i in range(c)]
            total = sum(e, flint.arb(0))
            for i in range(c):
                g = ball(pi[k]) * (int(i == k) - e[i] / total)
                signs[i][k] = 1 if g > 0 else -1 if g < 0 else 0
    return signs


def sign_path(W: list[list[Fraction]], pi: list[Fraction], eta: Fraction, n: int) -> list[list[Fraction]]:
    """n steps of sign descent in rationals."""
    for _ in range(n):
        s = exact_signs(W, pi)
        W = [[w + eta * k for w, k in zip(row, signs, strict=True)] for row, signs in zip(W, s, strict=True)]
    return W


FREQUENCIES = [Fraction(1, 2), Fraction(1, 3), Fraction(1, 6)]


@check(paper.SIGN_FLOW, level=Level.EXACT)
def signs_in_balls(ctx: Context) -> Iterator[Evidence]:
    """Eight exact steps of length 1/8 reach the loss claimed at t = 1 in every class; margins grow by 2t from any start too."""
    t, c = Fraction(1), 3
    for start, name in (
        (_zeros(c), "0"),
        ([[Fraction(3 * i - k, 2) for k in range(c)] for i in range(c)], "not symmetric"),
    ):
        W = sign_path(start, FREQUENCIES, t / 8, 8)
        for k in range(c):
            for i in range(c):
                if i != k:
                    grown = W[k][k] - W[i][k] - (start[k][k] - start[i][k])
                    yield Measurement(
                        measured=grown, bound=2 * t, what="growth of a margin", parameters={"start": name}
                    )
            if name == "0":
                u = W[k][k] - W[(k + 1) % c][k]
                with flint.ctx.workprec(256):
                    loss = ends((1 + (c - 1) * (-ball(u)).exp()).log())
                yield Measurement(parameters={"class": k, "t": 1}, **beside(loss, ctx.claim.bound(c=c, t=1)))
                low = float((c - 1) / c * np.exp(-2.0))
                yield Measurement(measured=float(loss[0]), bound=low, relation=Relation.GE, what="from below")
                yield Measurement(measured=float(loss[1]), bound=low * c, relation=Relation.LE, what="from above")


def _zeros(c: int) -> list[list[Fraction]]:
    return [[ZERO] * c for _ in range(c)]


@check(paper.SIGN_DESCENT, level=Level.EXACT)
def margins_in_rationals(ctx: Context) -> Iterator[Evidence]:
    """n steps in rationals, the signs from ball arithmetic: the margins are 2 eta n exactly."""
    for eta, n in ((Fraction(1, 20), 0), (Fraction(1, 20), 25), (Fraction(7, 3), 4)):
        W = sign_path(_zeros(3), FREQUENCIES, eta, n)
        for k in range(3):
            for i in range(3):
                if i != k:
                    yield Measurement(
                        measured=W[k][k] - W[i][k], bound=ctx.claim.bound(eta=eta, n=n), parameters={"n": n}
                    )


# --- gradient descent --------------------------------------------------------------------------------------------------


def _steps(ctx: Context) -> Iterator[Evidence]:
    for c in (2, 10, 50):
        for x in (Fraction(1, 10), Fraction(3, 10), Fraction(2)):
            for n in (0, 1, 10, 300):
                u = margin_steps(c - 1, x, n).u
                low, high = psi_between(c - 1, u)
                yield Measurement(
                    measured=(low + high) / 2, bound=ctx.claim.bound(c=c, pi=1, eta=x, n=n), error=(high - low) / 2,
                    error_source="rounding", parameters={"c": c, "eta pi": str(x), "n": n},
                )  # fmt: skip


@check(paper.GD_UPPER, level=Level.EXACT)
def recursion_from_above(ctx: Context) -> Iterator[Evidence]:
    """The recursion of the margin in ball arithmetic, up to 300 steps of three lengths."""
    yield from _steps(ctx)


@check(paper.GD_LOWER, level=Level.EXACT)
def recursion_from_below(ctx: Context) -> Iterator[Evidence]:
    """The same recursion beside the lower bound."""
    yield from _steps(ctx)


@check(paper.GD_DESCENT, level=Level.EXACT)
def one_step_in_balls(ctx: Context) -> Iterator[Evidence]:
    """A step from random rational weights, c = 3, all in ball arithmetic, with steps up to nearly 4/max pi."""
    rng = ctx.rng()
    for factor in (Fraction(1, 2), Fraction(2), Fraction(39, 10)):
        for scale in (1, 4):
            W = [[Fraction(int(v), 4) for v in row] for row in rng.integers(-4 * scale, 4 * scale + 1, (3, 3))]
            eta = factor / max(FREQUENCIES)
            before, after, grad2 = step_in_balls(W, eta)
            bound = ctx.claim.bound(loss=before[0], eta=eta, pi_max=max(FREQUENCIES), grad2=grad2[1])
            yield Measurement(
                measured=after[1], bound=bound, parameters={"eta max pi": str(factor), "scale": scale},
            )  # fmt: skip


def step_in_balls(W: list[list[Fraction]], eta: Fraction) -> tuple[Any, Any, Any]:
    """Enclosures of the loss before and after a step of gradient descent, and of the squared norm of the gradient."""
    with flint.ctx.workprec(192):
        before = after = grad2 = flint.arb(0)
        for k, f in enumerate(FREQUENCIES):
            column = [ball(row[k]) for row in W]
            p = _softmax(column)
            g = [ball(f) * (pi - int(i == k)) for i, pi in enumerate(p)]
            before -= ball(f) * p[k].log()
            after -= ball(f) * _softmax([w - ball(eta) * d for w, d in zip(column, g, strict=True)])[k].log()
            grad2 += sum((d * d for d in g), flint.arb(0))
        return ends(before), ends(after), ends(grad2)


def _softmax(column: list[flint.arb]) -> list[flint.arb]:
    e = [w.exp() for w in column]
    total = sum(e, flint.arb(0))
    return [v / total for v in e]


# --- the Hessian, and the average --------------------------------------------------------------------------------------


@check(paper.HESSIAN, level=Level.EXACT)
def eigenvalues_in_rationals(ctx: Context) -> Iterator[Evidence]:
    """Eigenvalues of the blocks at 0 for Zipf's frequencies, c = 6, and the condition number of the whole, exact."""
    c = 6
    harmonic = sum((Fraction(1, k) for k in range(1, c + 1)), ZERO)
    values = []
    for k in range(1, c + 1):
        f = Fraction(1) / (k * harmonic)
        block = sp.Rational(f.numerator, f.denominator) * (sp.eye(c) / c - sp.ones(c, c) / c**2)
        found = {v: m for v, m in block.eigenvals().items() if v != 0}
        for value, multiplicity in found.items():
            values.append(value)
            yield Measurement(measured=value, bound=ctx.claim.bound(c=c, pi=f), parameters={"k": k})
            yield Measurement(measured=multiplicity, bound=c - 1, what="multiplicity", parameters={"k": k})
    yield Measurement(measured=max(values) / min(values), bound=c, what="condition number on the range")


@check(paper.ZIPF_AVERAGE, level=Level.EXACT)
def averages_of_the_flow(ctx: Context) -> Iterator[Evidence]:
    """Zipf's frequencies for c = 10 and 1000, from t = 0, where the bound is attained, to 10^5."""
    third = [Fraction(6, 11), Fraction(3, 11), Fraction(2, 11)]
    yield Measurement(measured=sp.log(3), bound=ctx.claim.bound(pi=third, t=0), parameters={"c": 3, "t": 0})
    for c in (10, 1000):
        pi = zipf(c)
        for t in (1.0, 100.0, 1e3, 1e5):
            value, error = losses(c - 1, c * pi * t)
            yield Measurement(
                measured=float(pi @ value), bound=ctx.claim.bound(pi=pi.tolist(), t=t), error=float(pi @ error) + c * ULP * 10,
                error_source="rounding", parameters={"c": c, "t": t}, n=c,
            )  # fmt: skip
