"""Arguments for what no derivation closes: sums with logarithms, and limits."""

from collections.abc import Iterator

import sympy as sp

from gradproof.experiments.engine.check import Context, Evidence, check
from gradproof.theory.communication import local_sgd as ls
from gradproof.theory.evidence import Level
from gradproof.theory.field import Interval
from gradproof.theory.symbolic import Identity, Inequality

BETA, LENGTH = Interval("beta", "1"), Interval("a", "1", closed_low=True)
LATER = Interval("i", "1", closed_low=True)


@check(ls.GROWING_SCHEDULE, level=Level.SYMBOLIC)
def block_by_block(ctx: Context) -> Iterator[Evidence]:
    r"""By local-sgd.block-cost block $i \ge 1$ costs at most $a(1 + 1/i)$, the first $a$; $\sum_{i<R}1/i \le 1 + \ln R$."""
    a, i, j, beta, R, harmonic = sp.symbols("a i j beta R harmonic")
    H, tau = a * (i + 1), a * i * (i + 1) / 2
    yield Inequality(
        a * (1 + 1 / i) - H * (H - 1) / (2 * (tau + beta - 1)), (LENGTH, LATER, BETA), what="a later block"
    )
    yield Inequality(
        1 - j / (j + beta - 1), (Interval("j", "0", closed_low=True), BETA), what="a step of the first block"
    )
    total = a + a * (R - 1) + a * harmonic
    name = {p.name: p.symbol for p in ctx.claim.parameters}
    claimed = ctx.claim.expression.subs({name["a"]: a, name["R"]: R}).subs(sp.log(R), harmonic - 1)
    yield Identity(claimed - total, "the sum of the blocks, with 1 + ln R for the harmonic number")


@check(ls.FIXED_SCHEDULE, level=Level.SYMBOLIC)
def equal_block_by_block(ctx: Context) -> Iterator[Evidence]:
    r"""The block $i \ge 1$ costs at most $H/(2i)$, the first at most $H$; $\sum_{i<R}1/i \le 1 + \ln R$."""
    H, i, beta, R, harmonic = sp.symbols("H i beta R harmonic")
    size = Interval("H", "1", closed_low=True)
    yield Inequality(H / (2 * i) - H * (H - 1) / (2 * (i * H + beta - 1)), (size, LATER, BETA), what="a later block")
    name = {p.name: p.symbol for p in ctx.claim.parameters}
    claimed = ctx.claim.expression.subs({name["T"]: H * R, name["R"]: R}).subs(sp.log(R), harmonic - 1)
    yield Identity(claimed - H - H * harmonic / 2, "the sum of the blocks")


@check(ls.ONE_SHOT, level=Level.SYMBOLIC)
def fixed_point_of_the_variance(ctx: Context) -> Iterator[Evidence]:
    r"""$Y = s\,\mathbb E x^2$ moves by $-\gamma_s(Y - V)$ up to terms in $1/s^2$, $\gamma_s = (2\theta h - 1)/s$."""
    s = sp.Symbol("s", positive=True)
    theta, h, sigma2 = (ctx.claim.parameter(p).symbol for p in ("theta", "h", "sigma2"))
    V = ctx.claim.expression
    drift = (s + 1) * ((1 - theta * h / s) ** 2 * V / s + theta**2 * sigma2 / s**2) - V
    yield Identity(sp.limit(s * sp.together(drift), s, sp.oo), "at V it stands still to first order")


@check(ls.ONE_SHOT_BIAS, level=Level.SYMBOLIC)
def fixed_point_of_the_mean(ctx: Context) -> Iterator[Evidence]:
    r"""$w = s\,\mathbb E x$ moves by $-\frac{\theta h - 1}s w - \frac\theta s\frac{c_3}2V$ up to terms of higher order."""
    s = sp.Symbol("s", positive=True)
    theta, h, c3, sigma2 = (ctx.claim.parameter(p).symbol for p in ("theta", "h", "c3", "sigma2"))
    B, V = ctx.claim.expression, theta**2 * sigma2 / (2 * theta * h - 1)
    drift = (s + 1) * ((1 - theta * h / s) * B / s - theta / s * c3 / 2 * V / s) - B
    yield Identity(sp.limit(s * sp.together(drift), s, sp.oo), "at B it stands still to first order")


@check(ls.NECESSITY, level=Level.SYMBOLIC)
def mean_of_two_halves(ctx: Context) -> Iterator[Evidence]:
    r"""The limit has the density $c\,e^{-u^2/(2s_\pm^2)}$, whose flux vanishes on either side; its mean is $c(s_+^2 - s_-^2)$."""
    u, s_plus, s_minus = sp.symbols("u s_plus s_minus", positive=True)
    theta, sigma2, k = sp.symbols("theta sigma2 k", positive=True)
    density = sp.exp(-(u**2) * k / (theta**2 * sigma2))
    yield Identity(sp.simplify(-k * u * density - theta**2 * sigma2 / 2 * sp.diff(density, u)), "no flux")
    s = sp.Symbol("s", positive=True)
    mass, first = (sp.integrate(u**k * sp.exp(-(u**2) / (2 * s**2)), (u, 0, sp.oo)) for k in (0, 1))
    c = 1 / (mass.subs(s, s_plus) + mass.subs(s, s_minus))
    half = [first.subs(s, at) for at in (s_plus, s_minus)]
    yield Identity(sp.simplify(c * (half[0] - half[1]) - sp.sqrt(2 / sp.pi) * (s_plus - s_minus)), "the mean")
    name = {p.name: p.symbol for p in ctx.claim.parameters}
    variance = {
        s: theta**2 * sigma2 / (2 * (theta * h - sp.Rational(1, 2)))
        for s, h in (("p", name["h_plus"]), ("m", name["h_minus"]))
    }
    claimed = ctx.claim.expression.subs({name["theta"]: theta, name["sigma2"]: sigma2})
    yield Identity(
        sp.simplify(claimed - sp.sqrt(2 / sp.pi) * (sp.sqrt(variance["p"]) - sp.sqrt(variance["m"]))),
        "the standard deviations",
    )
