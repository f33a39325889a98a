"""Arguments for the claims that no derivation ends in: moments of the normal and of Rayleigh's law, and a logarithm."""

from collections.abc import Iterator

import sympy as sp

from gradproof.experiments.engine.check import Context, Evidence, check
from gradproof.theory.evidence import Level
from gradproof.theory.sampling import programmable_vi as paper
from gradproof.theory.symbolic import Identity

n, w = sp.symbols("n w", positive=True)


@check(paper.CONTINUOUS, level=Level.SYMBOLIC)
def the_strategies_agree_on_powers(ctx: Context) -> Iterator[Evidence]:
    r"""$\mathbb E z\cdot z^n = n\,\mathbb E z^{n-1} = 2\,\mathbb E W^n/\sqrt{2\pi}$ for odd n."""
    moment = lambda m: 2 ** (m / 2) * sp.gamma((m + 1) / 2) / sp.sqrt(sp.pi)  # noqa: E731  of even m
    rayleigh = 2 ** (n / 2) * sp.gamma(n / 2 + 1)
    yield Identity(sp.gammasimp(moment(n + 1) - n * moment(n - 1)), "score and path")
    yield Identity(sp.gammasimp(moment(n + 1) - 2 * rayleigh / sp.sqrt(2 * sp.pi)), "score and measure-valued")
    integral = sp.integrate(w**4 * sp.exp(-(w**2) / 2), (w, 0, sp.oo))
    yield Identity(integral - rayleigh.subs(n, 3), "a moment of Rayleigh's law")


@check(paper.GAUSSIAN_MVD, level=Level.SYMBOLIC)
def two_moments_of_rayleigh(ctx: Context) -> Iterator[Evidence]:
    r"""$d = 4\mu W/\sqrt{2\pi}$ whatever s is, $\mathbb E W = \sqrt{\pi/2}$, $\mathbb E W^2 = 2$."""
    (mu,), s = ctx.symbols("mu"), sp.Symbol("s", positive=True)
    d = ((mu + s * w) ** 2 - (mu - s * w) ** 2) / (s * sp.sqrt(2 * sp.pi))
    yield Identity(sp.expand(d) - 4 * mu * w / sp.sqrt(2 * sp.pi), "the estimator")
    mean, square = (sp.integrate(sp.expand(d) ** k * w * sp.exp(-(w**2) / 2), (w, 0, sp.oo)) for k in (1, 2))
    yield Identity(mean - 2 * mu, "its mean")
    yield Identity(square - mean**2 - ctx.claim.expression, "its variance")


@check(paper.IWELBO_RATE, level=Level.SYMBOLIC)
def the_logarithm_to_second_order(ctx: Context) -> Iterator[Evidence]:
    r"""$-\log(1 + x) = -x + x^2/2 - x^3/3 + \int_0^x\frac{u^3}{1+u}du$; K times the mean is $\chi^2/2$ plus what vanishes."""
    (chi2,), x, K, third = (
        ctx.symbols("chi2"),
        sp.Symbol("x", positive=True),
        sp.Symbol("K", positive=True),
        sp.Symbol("m3"),
    )
    yield Identity(sp.diff(-sp.log(1 + x) + x - x**2 / 2 + x**3 / 3, x) - x**3 / (1 + x), "the rest's derivative")
    yield Identity(sp.limit(K * (chi2 / K / 2 - third / K**2 / 3), K, sp.oo) - ctx.claim.expression, "the limit")
