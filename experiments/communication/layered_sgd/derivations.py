"""Parts of arguments for all parameters, by computer algebra: what no rule of derivations closes yet."""

from __future__ import annotations

from collections.abc import Iterator

import sympy as sp

from gradproof.experiments.engine.check import Context, check
from gradproof.theory.communication import layered_sgd as ls
from gradproof.theory.evidence import Level
from gradproof.theory.field import Interval
from gradproof.theory.symbolic import Identity, Inequality


@check(ls.TIME, level=Level.SYMBOLIC)
def difference_of_the_two_times(ctx: Context) -> Iterator[Identity]:
    """The difference of the times of one iteration is the claim's expression, where either of the two hidden ones is longer."""
    T_io, R, B, A_G, A_N = ctx.symbols()
    more = sp.Symbol("d", nonnegative=True)
    for longer, at in ((T_io, {T_io: A_G + more}), (A_G, {A_G: T_io + more})):
        difference = (T_io + A_N) - (R + longer + B)
        yield Identity((difference - ctx.claim.expression).subs(at, simultaneous=True), f"{longer} is longer")


@check(ls.HIDDEN_COMMUNICATION, level=Level.SYMBOLIC)
def root_of_the_rings_time(ctx: Context) -> Iterator[Identity | Inequality]:
    """The bound is where the ring takes as long as loading, and the ring's time grows with G."""
    T_io, alpha, beta, m = ctx.symbols("T_io", "alpha2", "beta2", "m")
    G = sp.Symbol("G", positive=True)
    quadratic = 2 * alpha * G**2 - (T_io + 2 * alpha - 2 * m * beta) * G - 2 * m * beta
    time = 2 * (G - 1) * alpha + 2 * (G - 1) / G * m * beta
    yield Identity(G * (time - T_io) - quadratic, "the quadratic is G times the difference of the two times")
    yield Identity(sp.expand(quadratic.subs(G, ctx.claim.expression)), "the bound is a root of it")
    domain = tuple(Interval(name, "0") for name in ("G", "alpha2", "beta2", "m"))
    yield Inequality(sp.diff(time, G), domain, strict=True, what="the ring's time grows")
    # the product of the roots is -m beta/alpha < 0: one is positive; and at G = 1 the quadratic is -T_io < 0
    yield Identity(quadratic.subs(G, 1) + T_io, "at G = 1 nothing is sent")


@check(ls.WARM_UP_SHIFT, level=Level.SYMBOLIC)
def one_factor_is_exchanged(ctx: Context) -> Iterator[Identity]:
    """(1 - eta_0 h) y_t = (1 - eta_t h) x_t holds at t = 0 and is carried from t to t + 1."""
    eta0, b, h, x = ctx.symbols("eta0", "b", "h", "x")
    t = sp.Symbol("t", integer=True, nonnegative=True)

    def factor(s: sp.Expr) -> sp.Expr:
        return 1 - (eta0 + b * s) * h

    y = ctx.stated(T=t, x=x)
    yield Identity(ctx.stated(T=sp.S.Zero, x=x) - x, "the start")
    yield Identity(factor(t + 1) * y - ctx.stated(T=t + 1, x=factor(t) * x), "a step")
