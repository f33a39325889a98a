"""Exact evidence: rational squares, Jury's test, regrets and drifts in ball arithmetic, minima by sign changes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

import flint
import sympy as sp

from gradproof.experiments.adaptive.diffgrad.methods import CYCLE
from gradproof.experiments.engine.check import Context, Evidence, check
from gradproof.solvers.exact.balls import ball, enclose
from gradproof.solvers.jury import stability_boundary
from gradproof.solvers.periodic_regret import Optimiser, Played, average_regret, drift, play, sigmoid
from gradproof.theory.adaptive import diffgrad
from gradproof.theory.evidence import Level, Measurement, Relation

WIDTH = Fraction(1, 10**30)
BETAS = (
    (Fraction(9, 10), Fraction(999, 1000)),
    (Fraction(19, 20), Fraction(999, 1000)),
    (Fraction(1, 2), Fraction(1, 4)),
)


@dataclass(frozen=True)
class Refutation:
    """Rounds of a cycle, from a start, whose regret exceeds the published bound."""

    cycle: tuple[Fraction, Fraction, Fraction]
    start: int
    rounds: int
    method: Optimiser

    @property
    def parameters(self) -> dict[str, Any]:
        """What identifies it."""
        return {"cycle": ", ".join(map(str, self.cycle)), "T": self.rounds, "x_1": self.start}


_ONE, _TENTH = Fraction(1), Fraction(1, 10)
#: from the end to which diffGrad drifts, and, over more rounds, from the optimum
FROM_THE_END = Refutation(
    (_ONE, _ONE, Fraction(-8, 5)), 1, 7500, Optimiser(Fraction(1, 2), _TENTH, 9 * _TENTH, lam=Fraction(1, 2))
)
FROM_THE_OPTIMUM = Refutation(
    (_ONE, _ONE, Fraction(-41, 25)), -1, 15000, Optimiser(Fraction(3, 4), _TENTH, 9 * _TENTH, lam=Fraction(1, 2))
)


def middle(interval: tuple[Fraction, Fraction]) -> dict[str, Any]:
    """``measured`` and ``error`` of a number that is enclosed."""
    low, high = interval
    return {"measured": (low + high) / 2, "error": (high - low) / 2, "error_source": "rounding"}


def friction_of(change: Fraction) -> tuple[Fraction, Fraction]:
    """Enclosure of the sigmoid of |change|."""
    return enclose(lambda: sigmoid(ball(abs(change))), width=WIDTH)


@check(diffgrad.FRICTION_RANGE, level=Level.EXACT)
def friction_in_balls(ctx: Context) -> Iterator[Evidence]:
    """Enclosures of the sigmoid at changes from 0 to 60: from half a step, attained, to almost a whole one."""
    for change in (Fraction(0), Fraction(1, 10**6), Fraction(1), Fraction(29, 10), Fraction(60)):
        xi = middle(friction_of(change))
        where = {"change": float(change)}
        relation = None if change else Relation.EQ
        yield Measurement(bound=ctx.claim.bound(adam=1), relation=relation, parameters=where, **xi)
        yield Measurement(bound=1, relation=Relation.LE, what="against Adam's step", parameters=where, **xi)


# --- the step ----------------------------------------------------------------------------------------------------------


def extremal_gradients(b1: Fraction, b2: Fraction, t: int) -> list[Fraction]:
    """g_1, ..., g_t that attain the largest step."""
    return [(b1 / b2) ** (t - k) for k in range(1, t + 1)]


def squared_ratio(g: Sequence[Fraction], b1: Fraction, b2: Fraction) -> Fraction:
    """mhat_t^2 / vhat_t, exact."""
    t = len(g)
    m = sum((b1 ** (t - k) * g[k - 1] for k in range(1, t + 1)), Fraction(0)) * (1 - b1) / (1 - b1**t)
    v = sum((b2 ** (t - k) * g[k - 1] ** 2 for k in range(1, t + 1)), Fraction(0)) * (1 - b2) / (1 - b2**t)
    return m * m / v


def step_length(g: Sequence[Fraction], b1: Fraction, b2: Fraction, eps: Fraction) -> tuple[Fraction, Fraction]:
    """Enclosure of diffGrad's step after these gradients, per alpha_t."""
    t = len(g)
    ratio2, change = squared_ratio(g, b1, b2), abs(g[-1] - (g[-2] if t > 1 else 0))
    v = sum((b2 ** (t - k) * g[k - 1] ** 2 for k in range(1, t + 1)), Fraction(0)) * (1 - b2) / (1 - b2**t)

    def value() -> flint.arb:
        root = ball(v).sqrt()
        return sigmoid(ball(change)) * ball(ratio2).sqrt() * root / (root + ball(eps))

    return enclose(value, width=WIDTH)


@check(diffgrad.STEP_BOUND, level=Level.EXACT)
def rational_squares(ctx: Context) -> Iterator[Evidence]:
    """(mhat^2/vhat) at the stated gradients equals rho^2 in rationals; the step stays below, closely for large gradients."""
    rng = ctx.rng()
    for b1, b2 in BETAS:
        for t in (1, 2, 5, 10):
            bound = ctx.claim.bound(alpha=1, beta1=b1, beta2=b2, t=t)
            where = {"beta1": str(b1), "beta2": str(b2), "t": t}
            worst = extremal_gradients(b1, b2, t)
            ratio2 = sp.Rational(*squared_ratio(worst, b1, b2).as_integer_ratio())
            yield Measurement(
                measured=ratio2, bound=sp.expand(bound**2), relation=Relation.EQ, what="mhat^2/vhat", parameters=where
            )
            drawn = [Fraction(int(k), 100) for k in rng.integers(1, 300, t) * rng.choice([-1, 1], t)]
            for name, g in {"extremal": [10**6 * x for x in worst], "random": drawn}.items():
                length = step_length(g, b1, b2, Fraction(1, 10**8))
                yield Measurement(bound=bound, parameters=where | {"gradients": name}, **middle(length))


@check(diffgrad.STEP_BOUND_UNIFORM, level=Level.EXACT)
def growth_to_the_limit(ctx: Context) -> Iterator[Evidence]:
    """rho_t^2 in rationals does not decrease and stays below the squared bound, which it approaches."""
    b1, b2 = Fraction(9, 10), Fraction(19, 20)
    bound = ctx.claim.bound(alpha=1, beta1=b1, beta2=b2, q=b1**2 / b2)
    before = Fraction(0)
    for t in (1, 2, 3, 5, 8, 13, 21, 34, 55, 89):
        ratio2 = squared_ratio(extremal_gradients(b1, b2, t), b1, b2)
        yield Measurement(measured=before, bound=ratio2, what="rho_s^2 of an earlier step", parameters={"t": t})
        length = step_length([10**6 * x for x in extremal_gradients(b1, b2, t)], b1, b2, Fraction(0))
        yield Measurement(bound=bound, parameters={"t": t}, **middle(length))
        before = ratio2


@check(diffgrad.LOCAL_STABILITY, level=Level.EXACT)
def jury_in_rationals(ctx: Context) -> Iterator[Evidence]:
    """The boundary of stability by bisection, each side decided exactly by Jury's test."""
    for b in (Fraction(0), Fraction(1, 2), Fraction(9, 10), Fraction(99, 100)):
        found = boundary(b, Fraction(1, 2))
        yield Measurement(bound=ctx.claim.bound(beta1=b), parameters={"beta1": str(b)}, **middle(found))


def boundary(b: Fraction, xi: Fraction) -> tuple[Fraction, Fraction]:
    """alpha lam/eps on either side of the boundary of stability, for the friction xi at the fixed point."""
    return stability_boundary(lambda c: characteristic(b, c * xi), 1, 10**4, width=Fraction(1, 10**6))


def characteristic(b: Fraction, chi: Fraction) -> list[Fraction]:
    """Coefficients of the linear part's characteristic polynomial; chi = xi alpha lam / eps at the fixed point."""
    return [Fraction(1), -(1 + b - (1 - b) * chi), b]


# --- regret ------------------------------------------------------------------------------------------------------------


def published_bound(ctx: Context, played: Played, case: Refutation) -> Any:
    """The published bound at the upper ends of what a simulation saw."""
    method = case.method
    return ctx.claim.bound(
        alpha=method.alpha, beta1=method.beta1, beta2=method.beta2, lam=method.lam, T=case.rounds, D=2,
        G_inf=max(map(abs, case.cycle)), v_T=played.v[1], g_norm=sp.sqrt(sp.Rational(*played.g_norm2.as_integer_ratio())),
    )  # fmt: skip


def against_published(ctx: Context, *, friction: bool) -> Iterator[Evidence]:
    """The regret in ball arithmetic, beside the published bound."""
    for case in (FROM_THE_END, FROM_THE_OPTIMUM):
        played = play(case.cycle, replace(case.method, friction=friction), case.rounds, start=case.start)
        yield Measurement(
            bound=published_bound(ctx, played, case), n=case.rounds, parameters=case.parameters, **middle(played.regret)
        )


def limit_of_the_bound(ctx: Context, cycle: Sequence[Fraction]) -> Any:
    """The limit of bound/T, with |g_t| at most its greatest value, by computer algebra."""
    n, mean2 = sp.Symbol("T", positive=True, integer=True), sum(g * g for g in cycle) / len(cycle)
    rate = sp.Rational(*mean2.as_integer_ratio())
    values = {
        "T": n,
        "v_T": max(g * g for g in cycle),
        "g_norm": sp.sqrt(rate * n),
        "D": 2,
        "G_inf": max(map(abs, cycle)),
    }
    return sp.limit(
        ctx.claim.expression.subs({ctx.claim.parameter(k).symbol: v for k, v in values.items()}) / n, n, sp.oo
    )


@check(diffgrad.PAPER_REGRET, level=Level.EXACT)
def regret_in_balls(ctx: Context) -> Iterator[Evidence]:
    """The regret of 7500 rounds from the wrong end, and of 15000 from the optimum, in ball arithmetic: above the bound."""
    yield from against_published(ctx, friction=True)


@check(diffgrad.PAPER_REGRET, level=Level.EXACT)
def limit_of_the_average(ctx: Context) -> Iterator[Evidence]:
    """lim R_T/T, from the certified sign of the drift, beside the limit of bound/T: no constants would repair it."""
    yield from limits(ctx, friction=True)


def limits(ctx: Context, *, friction: bool) -> Iterator[Evidence]:
    """Limits of R_T/T on three cycles, beside that of the published bound."""
    for cycle, method in (
        (FROM_THE_END.cycle, FROM_THE_END.method),
        (FROM_THE_OPTIMUM.cycle, FROM_THE_OPTIMUM.method),
        (CYCLE, Optimiser()),
    ):
        method = replace(method, friction=friction)
        yield Measurement(
            measured=average_regret(cycle, method), bound=limit_of_the_bound(ctx, cycle), what="lim R_T/T",
            parameters={"cycle": ", ".join(map(str, cycle)), "drift": float(drift(cycle, method)[1])},
        )  # fmt: skip


@check(diffgrad.REGRET_REFUTED, level=Level.EXACT)
def certified_drifts(ctx: Context) -> Iterator[Evidence]:
    """The limit of R_T/T from the sign of the drift, certified in ball arithmetic, on cycles, decays and AMSGrad's maximum."""
    for b2 in (Fraction(9, 10), Fraction(999, 1000)):
        for a, b in ((1, Fraction(19, 10)), (1, Fraction(8, 5)), (3, 5)):
            for maximum in (False, True):
                method = Optimiser(beta2=b2, maximum=maximum, eps=Fraction(1, 10**8))
                claimed = ctx.claim.bound(a=a, b=b, beta2=b2, eps=method.eps)
                where = {"a": a, "b": str(b), "beta2": str(b2), "maximum": maximum}
                yield Measurement(measured=average_regret((a, a, -b), method), bound=claimed, parameters=where)


@check(diffgrad.REGRET_MASTER, level=Level.EXACT)
def random_steps_in_rationals(ctx: Context) -> Iterator[Evidence]:
    """Random rational steps and gradients on [-1, 1], all in rational arithmetic; and the one round that attains the bound."""
    rng = ctx.rng()
    yield Measurement(
        **master(ctx, [Fraction(2, 3)], [Fraction(3)], Fraction(1)), parameters={"T": 1}, relation=Relation.EQ
    )
    for T in (2, 5, 20, 50):
        g = [Fraction(int(k), 8) for k in rng.integers(-16, 17, T)]
        eta = [Fraction(int(k), 8) for k in rng.integers(1, 17, T)]
        yield Measurement(**master(ctx, eta, g, Fraction(-1)), parameters={"T": T}, n=T)


def master(ctx: Context, eta: Sequence[Fraction], g: Sequence[Fraction], x: Fraction) -> dict[str, Any]:
    """Regret on [-1, 1] and the claim's bound, exact."""
    loss, positive, before = Fraction(0), Fraction(0), Fraction(0)
    for e, gradient in zip(eta, g, strict=True):
        loss += gradient * x
        x = max(Fraction(-1), min(Fraction(1), x - e * gradient))
        inverse = Fraction(1) / e
        positive, before = positive + max(Fraction(0), inverse - before), inverse
    squares = sum((e * s * s for e, s in zip(eta, g, strict=True)), Fraction(0))
    return {"measured": loss + abs(sum(g, Fraction(0))), "bound": ctx.claim.bound(D=2, P=positive, Q=squares)}


@check(diffgrad.REGRET_MASTER, level=Level.EXACT)
def diffgrad_on_the_cycle(ctx: Context) -> Iterator[Evidence]:
    """diffGrad and Adam on 1, 1, -1.9 in ball arithmetic: with the positive parts the bound holds, far from attained."""
    for friction in (True, False):
        played = play(CYCLE, Optimiser(friction=friction), 3000)
        bound = ctx.claim.bound(D=2, P=played.inverse_steps[0], Q=played.weighted_squares[0])
        yield Measurement(bound=bound, n=3000, parameters={"friction": friction}, **middle(played.regret))


# --- the published implementation, and the synthetic functions ---------------------------------------------------------


def implementation(gradients: Sequence[Fraction], *, by_reference: bool) -> list[Fraction]:
    """|g_t - previous| as a program sees it that keeps the previous gradient in one buffer, by reference or as a copy."""
    buffer, previous, changes = [Fraction(0)], [Fraction(0)], []
    for g in gradients:
        buffer[0] = g  # the framework writes each gradient into the same memory
        changes.append(abs(buffer[0] - previous[0]))
        previous = buffer if by_reference else list(buffer)
    return changes


@check(diffgrad.ALIASING_BUG, level=Level.EXACT)
def one_buffer(ctx: Context) -> Iterator[Evidence]:
    """A program whose previous gradient is a reference to the buffer: the friction of every later step, in balls."""
    g = [Fraction(int(k), 7) for k in ctx.rng().integers(-50, 50, 30)]
    for t, change in enumerate(implementation(g, by_reference=True)[1:], 2):
        yield Measurement(bound=ctx.claim.bound(adam=1), parameters={"t": t}, **middle(friction_of(change)))


def f2_ball(x: flint.arb) -> flint.arb:
    """x^3 + x sin 8x + 17/20."""
    return x**3 + x * (8 * x).sin() + flint.arb(17) / 20


def f2_derivative(x: Fraction) -> tuple[Fraction, Fraction]:
    """Enclosure of F2' from values of F2 alone: central difference, with Taylor's remainder."""
    h = Fraction(1, 10**20)
    third = 198 + 512 * (abs(x) + 1)  # |F2'''| <= 6 + 192 + 512 |x| on the interval

    def value() -> flint.arb:
        with flint.ctx.workprec(512):
            slope = (f2_ball(ball(x + h)) - f2_ball(ball(x - h))) / (2 * ball(h))
            return slope + ball(h * h * third / 6) * flint.arb(0, 1)

    return enclose(value, width=Fraction(1, 10**25))


@check(diffgrad.SYNTHETIC_FUNCTIONS, level=Level.EXACT)
def differences_in_balls(ctx: Context) -> Iterator[Evidence]:
    """F2' by central differences of F2 with Taylor's remainder; sign changes and values at the stated minima."""
    for x in (Fraction(-4, 5), Fraction(-1, 3), Fraction(1, 10), Fraction(3, 5), Fraction(2)):
        bound = sp.N(ctx.claim.bound(x=x), 40)
        low, high = f2_derivative(x)
        yield Measurement(
            measured=float((low + high) / 2), bound=float(bound), error=1e-14, error_source="rounding",
            parameters={"x": str(x)},
        )  # fmt: skip
    half = Fraction(1, 2 * 10**7)  # seven digits are stated
    for place, value in (("-0.6429186", "0.0001198"), ("0.5880535", "0.4653181"), ("0", "0.85")):
        z, where = Fraction(place), {"x": place}
        left, right = f2_derivative(z - half)[1], f2_derivative(z + half)[0]
        yield Measurement(measured=left, bound=0, relation=Relation.LE, what="F2' left of a minimum", parameters=where)
        yield Measurement(measured=right, bound=0, relation=Relation.GE, what="F2' right of it", parameters=where)
        yield Measurement(
            measured=f2_value(z), bound=Fraction(value), relation=Relation.EQ, error=half, error_source="digits stated",
            what="F2 at a minimum", parameters=where,
        )  # fmt: skip


def f2_value(x: Fraction) -> Fraction:
    """F2 to thirty digits."""
    low, high = enclose(lambda: f2_ball(ball(x)), width=WIDTH)
    return (low + high) / 2
