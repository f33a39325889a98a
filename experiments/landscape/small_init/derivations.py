"""Arguments for the claims that no derivation ends in yet, by computer algebra; each ends in the claim's own expression."""

from collections.abc import Iterator

import sympy as sp

from gradproof.experiments.engine.check import Context, Evidence, check
from gradproof.theory.evidence import Level
from gradproof.theory.field import Interval
from gradproof.theory.landscape import small_init as paper
from gradproof.theory.symbolic import Identity, Inequality

mu, lam, s, x, f = sp.symbols("mu lam s x f", positive=True)  # f = s^2 as a share of its largest value


def _factor(ctx: Context, growth: sp.Expr, late: int) -> Iterator[Evidence]:
    """A level that is reached by a constant factor a step: the claimed time is its logarithm."""
    alpha, lam_i = ctx.symbols("alpha", "lam_i")
    time = (ctx.claim.expression - late) * sp.log(growth)
    yield Identity(time - sp.log(sp.sqrt(lam_i / 2) / alpha), "the logarithm of the level over the start")


HALF = (Interval("mu"), Interval("lam"), Interval("f", "0", "1/2", closed_high=True))  # s^2 = f lam


@check(paper.ESCAPE_NOT_BEFORE, level=Level.SYMBOLIC)
def no_step_grows_more(ctx: Context) -> Iterator[Evidence]:
    r"""$1 + \mu(\lambda - s^2) \le 1 + \mu\lambda$, so $T$ steps are not fewer than the logarithm says."""
    yield Inequality(1 + mu * lam - (1 + mu * lam * (1 - f)), HALF, what="one step")
    step, lam_i = ctx.symbols("mu", "lam_i")
    yield from _factor(ctx, 1 + step * lam_i, 0)


@check(paper.ESCAPE_NOT_AFTER, level=Level.SYMBOLIC)
def no_step_grows_less(ctx: Context) -> Iterator[Evidence]:
    r"""$1 + \mu(\lambda - s^2) \ge 1 + \mu\lambda/2$ below half; the step before the last is still below."""
    yield Inequality(1 + mu * lam * (1 - f) - (1 + mu * lam / 2), HALF, what="one step below half")
    step, lam_i = ctx.symbols("mu", "lam_i")
    yield from _factor(ctx, 1 + step * lam_i / 2, 1)


@check(paper.FLOW_CLOSED_FORM, level=Level.SYMBOLIC)
def the_closed_form_solves_the_equation(ctx: Context) -> Iterator[Evidence]:
    r"""$W = YBY^\top$ with $Y' = MY$, $B' = -B(2Y^\top Y)B$ has $W' = MW + WM - 2W^2$, for any matrices; so has the stable form."""
    M, Y, Yt, B = sp.symbols("M Y Yt B", commutative=False)  # F' = 2 e^{2Mt}, so (U_0'FU_0)' = 2 Y'Y
    W = Y * B * Yt
    slope = M * Y * B * Yt + Y * (-2 * B * Yt * Y * B) * Yt + Y * B * Yt * M
    yield Identity(sp.expand(slope - (M * W + W * M - 2 * W * W)), "the closed form")
    E, V, H = sp.symbols("E V H", commutative=False)  # e^{-Mt}, W_0^{-1}, (I - e^{-2Mt}) M^{-1}
    inverse = E * V * E + H
    rate = -M * E * V * E - E * V * E * M + 2 * E * E  # E' = -ME = -EM, H' = 2 e^{-2Mt}
    want = -inverse * M - M * inverse + 2  # of W' = MW + WM - 2W^2, by (W^{-1})' = -W^{-1}W'W^{-1}
    rest = sp.expand(rate - want)  # HM + MH + 2E^2 - 2, which is zero as HM = MH = 1 - E^2
    yield Identity(sp.expand(rest.subs({H * M: 1 - E * E, M * H: 1 - E * E})), "the stable form")
