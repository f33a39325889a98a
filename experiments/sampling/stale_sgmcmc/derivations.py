"""Identities by computer algebra: closed forms for every staleness, series, resolvents for small ones; Lyapunov certificates."""

from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import sympy as sp

from gradproof.experiments.engine.check import Certificate, Context, Evidence, certifier, check
from gradproof.solvers.gaussian.delay import lyapunov_proof
from gradproof.theory.evidence import Level
from gradproof.theory.field import Interval
from gradproof.theory.proof import Proof
from gradproof.theory.sampling import stale_sgmcmc as paper
from gradproof.theory.symbolic import Identity, Inequality


@check(paper.STABILITY, level=Level.SYMBOLIC)
def zeros_on_the_circle(ctx: Context) -> Iterator[Evidence]:
    """For all tau: exp(i pi/(2 tau + 1)) is a zero at the claimed a; wherever zeros meet the circle they leave it, as a grows."""
    theta = sp.Symbol("theta", positive=True)
    tau = ctx.claim.parameter("tau").symbol
    a = sp.simplify(ctx.claim.expression.subs(tau, (sp.pi / theta - 1) / 2))
    before, after = (sp.pi - theta) / 2, (sp.pi + theta) / 2  # tau theta and (tau + 1) theta
    yield Identity(sp.expand_trig(sp.cos(after) - sp.cos(before) + a), "real part")
    yield Identity(sp.expand_trig(sp.sin(after) - sp.sin(before)), "imaginary part")
    # z^tau (1 - z) = a: d log z/da = 1/(a (tau - z/(1 - z))), and Re z/(1 - z) = -1/2 on the circle, so |z| grows
    z, size, delay = sp.Symbol("z"), sp.Symbol("a", positive=True), sp.Symbol("tau", nonnegative=True)
    left = z**delay * (1 - z)
    slope = sp.simplify(sp.diff(left, z) * z / left)  # d log a / d log z
    yield Identity(sp.simplify(slope - (delay - z / (1 - z))), "rate of a zero")
    w = sp.Symbol("w", positive=True)  # tan(theta/2)
    turn = (1 + sp.I * w) ** 2 / (1 + w**2)
    yield Identity(sp.simplify(sp.re(sp.expand_complex(turn / (1 - turn)))) + sp.Rational(1, 2), "Re z/(1 - z)")
    crossing = (delay + sp.Rational(1, 2)) / size
    yield Inequality(crossing.subs({delay: sp.Symbol("tau"), size: sp.Symbol("a")}), (
        Interval("tau", "0", closed_low=True), Interval("a")), strict=True, what="outwards")  # fmt: skip


@check(paper.STABILITY, level=Level.CERTIFIED)
def lyapunov_certificates(ctx: Context) -> Iterator[Evidence]:
    """tau = 0..4, a within one percent below the threshold: the kernel accepts a quadratic Lyapunov function."""
    for tau in range(5):
        a = Fraction(f"{float(paper.critical(sp.Integer(tau))) * 0.99:.4f}")
        yield Certificate(lyapunov_proof(a, tau), {"tau": tau, "a": a})


@certifier(paper.STABILITY)
def certificate(*, tau: Any, a: Any) -> Proof:
    """Proof that x_{l+1} = x_l - a x_{l-tau} is stable, at rational a."""
    return lyapunov_proof(Fraction(str(a)), int(tau))


# --- closed forms ----------------------------------------------------------------------------------------------------------


def _halves(name: str) -> tuple[sp.Symbol, sp.Expr, sp.Expr]:
    """t, and (cos, sin) of an angle whose half has the tangent t."""
    t = sp.Symbol(name, positive=True)
    return t, (1 - t**2) / (1 + t**2), 2 * t / (1 + t**2)


@check(paper.VARIANCE, level=Level.SYMBOLIC)
def closed_form_for_every_staleness(ctx: Context) -> Iterator[Evidence]:
    """The claimed variance and autocovariances satisfy the Yule-Walker equations, for all tau and k, a rational identity."""
    lam, h, tau, sigma = ctx.symbols("lam", "h", "tau", "sigma")
    b = sp.Symbol("b", positive=True)
    _, c, s = _halves("t")  # of b/2
    _, C, S = _halves("u")  # of b tau
    v = ctx.claim.expression.subs(sp.asin(h * lam / 2), b / 2).subs({sp.sin(b * tau): S, sp.cos(b * tau): C})
    v = v.subs(h, 2 * s / lam).subs(sp.sqrt(1 - s**2), c)  # h lam = 2 sin(b/2); the root is cos(b/2)
    a, rho = 2 * s, (s - C) / (c + S)

    def r(cosine: sp.Expr, sine: sp.Expr) -> sp.Expr:
        return v * (cosine + rho * sine)

    def turned(x: tuple[sp.Expr, sp.Expr], y: tuple[sp.Expr, sp.Expr], sign: int = 1) -> tuple[sp.Expr, sp.Expr]:
        return x[0] * y[0] - sign * x[1] * y[1], x[1] * y[0] + sign * x[0] * y[1]

    one = (c**2 - s**2, 2 * s * c)  # the angle b
    end = turned((C, S), one)  # b (tau + 1)
    noise = (2 * a / lam) * (1 + a * sigma**2 / (2 * lam))  # 2 h + h^2 sigma^2
    balance = r(sp.Integer(1), sp.Integer(0)) - r(*one) + a * r(*end) - noise
    yield Identity(sp.cancel(sp.together(balance)), "variance")  # cancelled at once: expanded, it has 10^5 terms
    _, ck, sk = _halves("w")  # the angle b k, any k
    before, mirror = turned((ck, sk), one, -1), turned(end, (ck, sk), -1)  # k - 1, tau + 1 - k
    shape = ck + rho * sk - (before[0] + rho * before[1]) + a * (mirror[0] + rho * mirror[1])
    yield Identity(sp.cancel(sp.together(shape)), "lag k, 1 <= k <= tau + 1")


@check(paper.BIAS, level=Level.SYMBOLIC)
def series_in_the_step(ctx: Context) -> Iterator[Evidence]:
    """The series of the closed form for any tau, to second order; the first order of the balance for random staleness."""
    a, tau = sp.symbols("a tau", positive=True)
    closed = paper.VARIANCE.expression.subs({paper.lam.symbol: 1, paper.sigma.symbol: 0, paper.h.symbol: a})
    closed = closed.subs(paper.tau.symbol, tau)
    series = sp.series(closed, a, 0, 3).removeO()
    first = ctx.claim.expression.subs(ctx.claim.parameter("mean_tau").symbol, tau)
    yield Identity(sp.expand(series).coeff(a, 1) - first, "first order")
    yield Identity(sp.expand(series).coeff(a, 2) - (tau**2 / 2 + tau / 2 + sp.Rational(1, 4)), "second order")
    # in general: E x^2 = E x^2 - 2 a E x x_{-tau} + a^2 E x_{-tau}^2 + 2 h with r_k = r_0 - k a r_0 + O(a^2): first order of r_0
    r1, m = sp.Symbol("r_1"), ctx.claim.parameter("mean_tau").symbol  # r_0 = 1 + r_1 a, lam = 1
    balance = sp.expand(-2 * a * (1 + r1 * a - m * a) + a**2 + 2 * a).coeff(a, 2)
    yield Identity(sp.solve(balance, r1)[0] - ctx.claim.expression, "independent random staleness")


@check(paper.SPEEDUP, level=Level.CERTIFIED)
def workers_in_turn(ctx: Context) -> Iterator[Evidence]:
    """P = 1..5 workers that each keep the point they read: their updates are the delay recursion with tau = P - 1."""
    a, (P, S) = sp.Symbol("a", positive=True), ctx.symbols("P", "S")
    for workers in range(1, 6):
        noise = sp.symbols(f"z_0:{3 * workers}")
        x, copies = sp.Integer(1), [sp.Integer(1)] * workers
        path = [sp.Integer(1)] * workers  # constant history, oldest first
        for k in range(3 * workers):
            x = sp.expand(x - a * copies[k % workers] + noise[k])
            copies[k % workers] = x
            path.append(sp.expand(path[-1] - a * path[-workers] + noise[k]))
        yield Identity(x - path[-1], f"{workers} workers, three rounds")
    yield Identity(ctx.claim.expression * P * S - paper.INDEPENDENT.expression, "rounds against updates")


@check(paper.MSE, level=Level.CERTIFIED)
def fresh_gradients(ctx: Context) -> Iterator[Evidence]:
    """tau = 0, where r_k = v (1 - a)^k: the squared bias and the variance of the average of x^2, by their closed forms."""
    a, (tau, c) = sp.Symbol("a", positive=True), ctx.symbols("tau", "c")
    v = 1 / (1 - a / 2)
    both_sides = 2 * v**2 * (1 + (1 - a) ** 2) / (1 - (1 - a) ** 2)  # sum over all lags of 2 r_k^2
    error = ((v - 1) / a) ** 2 + sp.cancel(both_sides * a) / c  # over a^2, with L = c/a^3
    yield Identity(sp.cancel(error).subs(a, 0) - ctx.claim.expression.subs(tau, 0), "tau = 0")
