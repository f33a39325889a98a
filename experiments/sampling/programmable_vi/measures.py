"""Estimators as lists of outcomes: their means and variances, exactly, in rationals where a program has them."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from fractions import Fraction as F
from typing import Any

import numpy as np
import sympy as sp

from gradproof.experiments.engine.controls import breaking, replacing
from gradproof.experiments.engine.measure import around, cases, enclosed, measure, rounded
from gradproof.experiments.sampling.programmable_vi import models
from gradproof.solvers.dual_estimators import Dual, Exact, Law, gradient, inputs, mean, variance
from gradproof.theory.sampling import programmable_vi as paper

UNBIASED = ("enum", "reinforce", "mvd")

# --- one site --------------------------------------------------------------------------------------------------------

POINTS = [
    {"p": F(3, 10), "dp": F(2), "f1": F(1), "f0": F(-3), "g1": F(1, 2), "g0": F(-1, 4)},
    {"p": F(9, 10), "dp": F(-1, 3), "f1": F(5), "f0": F(4), "g1": F(0), "g0": F(0)},
    {"p": F(1, 50), "dp": F(1), "f1": F(-2), "f0": F(7), "g1": F(3), "g0": F(-1)},
]
SPREADS = {"none": ((F(1), F(0), F(0)),), "two outcomes": ((F(1, 3), F(2), F(-1)), (F(2, 3), F(-1), F(1, 2)))}


def behind(at: dict[str, F], spread: Sequence[tuple[F, F, F]], b: int, off: F = F(0)) -> Law:
    """The rest of the program behind b: f_b and g_b plus noise of mean zero, (probability, in v, in d), the gradient off by ``off``."""
    return [(q, Dual(at[f"f{b}"] + v, (at[f"g{b}"] + d + off,))) for q, v, d in spread]


def mean_of_a_flip(strategy, p, dp, f1, f0, g1, g0, spread, off=F(0), shared=False):
    r"""$\mathbb E d$ as a sum over the outcomes of the site and of its continuations; ``shared``: both runs have the same noise."""
    at = {"f1": f1, "f0": f0, "g1": g1, "g0": g0}
    if shared:
        law = [
            (q * r, a)
            for i, (q, *_) in enumerate(spread)
            for r, a in Exact().flip(
                strategy, Dual(p, (dp,)), lambda b, i=i: [(F(1), behind(at, spread, b, off)[i][1])]
            )
        ]
    else:
        law = Exact().flip(strategy, Dual(p, (dp,)), lambda b: behind(at, spread, b, off))
    return mean(law).slope[0]


SITES = cases(at=POINTS, spread=SPREADS)
for claim, strategy in ((paper.ENUM, "enum"), (paper.REINFORCE, "reinforce"), (paper.MVD, "mvd")):
    where = SITES.let(strategy=lambda strategy=strategy: strategy)
    if strategy == "mvd":
        where = where.let(shared=lambda: False) + where.let(shared=lambda: True)
    measure(claim, where.guaranteeing("correct_continuation"))(mean_of_a_flip)
    breaking(claim, "correct_continuation", mean_of_a_flip, where.let(off=lambda: F(1, 5)))


def straight_through(p, dp, bend, slope=F(3), strategy="straight-through", cube=0):
    r"""$\mathbb E d - \partial L$ of f = bs + cs^2, plus a cubic term for the control, as sums over both bits."""
    program = lambda on, site: on.flip(strategy, site, lambda s: slope * s + bend * s**2 + cube * s**3)  # noqa: E731
    estimate = mean(program(Exact(), Dual(F(p), (F(dp),)))).slope[0]
    return estimate - mean(program_enumerated(program, p, dp)).slope[0]


def program_enumerated(program: Callable[..., Any], p: F, dp: F) -> Law:
    """The same program with its site enumerated on bits that are numbers."""

    class Enumerating(Exact):
        def flip(self, strategy: str, p: Dual, k: Callable[[Any], Any], baseline: Any = 0) -> Law:
            return super().flip("enum", p, lambda b: k(Dual(F(b), (F(0),))))

    return program(Enumerating(), Dual(F(p), (F(dp),)))


BENDS = cases(p=[F(3, 10), F(9, 10)], dp=[F(1), F(-2)], bend=[F(1), F(-4)])
measure(paper.STRAIGHT_THROUGH, BENDS.guaranteeing("quadratic"))(straight_through)
breaking(paper.STRAIGHT_THROUGH, "quadratic", straight_through, BENDS.let(cube=lambda: 2))
replacing(paper.STRAIGHT_THROUGH, "an unbiased strategy", straight_through, BENDS.let(strategy=lambda: "reinforce"))


def mean_of_straight_through(p, dp, f1, f0, g1, g0, bend=F(2)):
    """E d of straight-through gradients on a continuation f0 + (f1 - f0 - c) s + c s^2 with these values behind the bits."""

    def rest(b: Dual) -> Law:
        v = f0 + (f1 - f0 - bend) * b + bend * b**2
        return [(F(1), Dual(v.value, (v.slope[0] + (g1 if b.value else g0),)))]

    return mean(Exact().flip("straight-through", Dual(p, (dp,)), rest)).slope[0]


def mean_of_a_relaxation(p):
    r"""The derivative of $\mathbb E f(s)$, f(s) = (s - 0.49)^2, s the binary-concrete relaxation of temperature 1/2.

    s = p^2u^2/(p^2u^2 + (1-p)^2(1-u)^2) for a uniform u.
    """
    from scipy.integrate import quad

    p = float(p)

    def integrand(u: float) -> float:
        up, down = (p * u) ** 2, ((1 - p) * (1 - u)) ** 2
        s = up / (up + down)
        return 2 * (s - 0.49) * s * (1 - s) * 2 / (p * (1 - p))

    value, error = quad(integrand, 0, 1)
    return around(value, 10 * error, "quadrature")


RELAXED = cases(p=F(3, 10), dp=1, f1=F(51, 100) ** 2, f0=F(49, 100) ** 2, g1=0, g0=0)
for claim in (paper.ENUM, paper.REINFORCE, paper.MVD):
    replacing(claim, "straight-through gradients", mean_of_straight_through, cases(at=POINTS[:2]))
    replacing(claim, "a continuous relaxation, whose gradient has the wrong sign", mean_of_a_relaxation, RELAXED)

# --- programs --------------------------------------------------------------------------------------------------------

TRIPLES, PAIRS = (list(itertools.product(UNBIASED, repeat=n)) for n in (3, 2))
RATIONALS = cases(program={"three sites": models.three_sites}, strategies=TRIPLES, N=3)
COUNTS = cases(program={"counting": models.counting}, strategies=[s for s in PAIRS if s != ("mvd", "mvd")], N=6)


@measure(paper.COMPOSITION, (RATIONALS + COUNTS).guaranteeing("correct_sites"))
def mean_of_a_program(program, strategies, at=models.RATIONAL):
    """E d, each coordinate, of programs in rationals; against the gradient by enumeration of every site."""
    law = mean(program(strategies)(Exact(), inputs(at)))
    for d, true in zip(law.slope, gradient(program(strategies), at).slope, strict=True):
        yield d, {"gradient": true}


@measure(paper.COMPOSITION, cases(strategies=PAIRS, N=2).guaranteeing("correct_sites"))
def mean_of_two_sites(strategies):
    """The same of the variational objective on two sites, against the sum over its four outcomes of its score."""
    law = models.two_sites(*strategies)(Exact(), inputs(models.START))
    for d, true in zip(mean(law).slope, models.gradient_of_two_sites(models.START), strict=True):
        yield rounded(d, 400, max(abs(x) for _, a in law for x in a.slope) + 1), {"gradient": float(true)}


BIASED = cases(program={"three sites": models.three_sites}, strategies=[("straight-through",) * 3], N=3)
breaking(paper.COMPOSITION, "correct_sites", mean_of_a_program, BIASED)


@measure(
    paper.COMPOSITION,
    cases(row=3, strategies=[("reinforce",) * 6 + ("mvd", "enum")], N=8).guaranteeing("correct_sites"),
)
def mean_on_a_digit(row, strategies):
    """E d of eight latents of a sigmoid belief net that explain a digit, by enumeration of the estimator and of the codes."""
    joint, t = models.guide_of(row)
    law = models.mean_field(joint, strategies)(Exact(), inputs(t))
    size = max(abs(x) for _, a in law for x in a.slope) + float(np.abs(joint).max())
    for d, true in zip(mean(law).slope, models.mean_field_gradient(joint, t), strict=True):
        yield rounded(d, 2000, size), {"gradient": float(true)}


# --- variances -------------------------------------------------------------------------------------------------------


def moments(spread: Sequence[tuple[F, F, F]], b: int) -> dict[str, F]:
    """Variances and covariance of the noise of a continuation."""
    s, w, c = (sum((q * x * y for q, x, y in pairs), F(0)) for pairs in (
        [(q, d, d) for q, _, d in spread], [(q, v, v) for q, v, _ in spread], [(q, v, d) for q, v, d in spread]
    ))  # fmt: skip
    return {f"s{b}": s, f"w{b}": w, f"c{b}": c}


@measure(paper.ENUM_VARIANCE, cases(at=POINTS, spread=SPREADS).guaranteeing("independent_reruns"))
def variance_of_enumeration(p, dp, f1, f0, g1, g0, spread, shared=False):
    """Var d of an enumerated site; behind 0 the noise is twice as large."""
    twice = tuple((q, 2 * v, 2 * d) for q, v, d in spread)
    at = {"f1": f1, "f0": f0, "g1": g1, "g0": g0}
    rest = {1: behind(at, spread, 1), 0: behind(at, twice, 0)}
    law = Exact().flip("enum", Dual(p, (dp,)), lambda b: rest[b])
    if shared:
        law = [(q, a) for i, (q, *_) in enumerate(spread) for _, a in
               Exact().flip("enum", Dual(p, (dp,)), lambda b, i=i: [(F(1), rest[b][i][1])])]  # fmt: skip
    return variance(law)[0], {**moments(spread, 1), **moments(twice, 0)}


NOISY = cases(at=POINTS, spread={"two outcomes": SPREADS["two outcomes"]}, shared=True)
breaking(paper.ENUM_VARIANCE, "independent_reruns", variance_of_enumeration, NOISY)


def variance_of_a_flip(strategy, p, dp, f1, f0, g1, g0, base=F(0), spread=SPREADS["none"]):
    """Var d of a site whose continuations are not random, by its two outcomes."""
    at = {"f1": f1, "f0": f0, "g1": g1, "g0": g0}
    return variance(Exact().flip(strategy, Dual(p, (dp,)), lambda b: behind(at, spread, b), base))[0]


for claim, strategy, bases in (
    (paper.REINFORCE_VARIANCE, "reinforce", [F(0), F(-2), F(9)]),
    (paper.MVD_VARIANCE, "mvd", F(0)),
):
    where = cases(at=POINTS, base=bases, strategy=strategy)
    measure(claim, where.guaranteeing("exact_continuation"))(variance_of_a_flip)
    breaking(claim, "exact_continuation", variance_of_a_flip, where.let(spread=lambda: SPREADS["two outcomes"]))

# --- normal draws ----------------------------------------------------------------------------------------------------


def normal_moment(n: int) -> int:
    """E z^n."""
    return 0 if n % 2 else math.prod(range(1, n, 2))


def polynomial_mean(strategy: str, f: Sequence[F], mu: F, s: F) -> F:
    """E d of f(x) = sum f_n x^n, from moments alone: of z, and of W, E W^n = sqrt(pi/2) n!! for odd n."""
    x = np.polynomial.Polynomial([mu, s])
    powers = [np.polynomial.Polynomial([F(1)])]
    for _ in f:
        powers.append(powers[-1] * x)
    if strategy == "mvd":
        in_w = sum((c * powers[n] for n, c in enumerate(f)), 0 * powers[0])
        return sum((2 * c * math.prod(range(1, n + 1, 2)) / (2 * s) for n, c in enumerate(in_w.coef) if n % 2), F(0))
    if strategy == "reparam":
        d = sum((n * c * powers[n - 1] for n, c in enumerate(f) if n), 0 * powers[0])
    else:
        d = sum((c * powers[n] for n, c in enumerate(f)), 0 * powers[0]) * np.polynomial.Polynomial([F(0), 1 / s])
    return sum((c * normal_moment(n) for n, c in enumerate(d.coef)), F(0))


def expected_slope(f: Sequence[F], mu: F, s: F) -> F:
    """d/dmu of E f(mu + s z), term by term: E x^n = sum of (n over k) mu^(n-k) s^k E z^k."""
    return sum((c * math.comb(n, k) * (n - k) * mu ** (n - k - 1) * s**k * normal_moment(k)
                for n, c in enumerate(f) for k in range(n)), F(0))  # fmt: skip


CURVES = {"square": [F(0), F(0), F(1)], "quintic": [F(1), F(-2), F(0), F(1, 3), F(1), F(-1, 7)]}
BOTH = ("domination", "smooth_continuation")
NORMAL = cases(
    strategy=["reparam", "reinforce", "mvd"], f=CURVES, at=[{"mu": F(1), "s": F(1)}, {"mu": F(-1, 2), "s": F(3)}]
)


@measure(paper.CONTINUOUS, NORMAL.let(gradient=expected_slope).guaranteeing(*BOTH))
def mean_of_a_normal(strategy, f, mu, s):
    """E d of polynomials of a normal draw, in rationals."""
    return polynomial_mean(strategy, f, mu, s)


def uniform_score(t, f):
    """E of f(x) times the derivative of log(1/t), x uniform on (0, t): the boundary of the support is missing."""
    return -sum((c * t ** (n - 1) / (n + 1) for n, c in enumerate(f)), F(0))


def uniform_slope(t: F, f: Sequence[F]) -> F:
    """d/dt of E f(x)."""
    return sum((c * n * t ** (n - 1) / (n + 1) for n, c in enumerate(f)), F(0))


MOVING = cases(t=[F(1), F(2)], f={"x": [F(0), F(1)], "quintic": CURVES["quintic"]}).let(gradient=uniform_slope)
breaking(paper.CONTINUOUS, "domination", uniform_score, MOVING)


def reparameterised_step():
    """The derivative of 1[x > 0] is 0 almost surely; that of P(mu + z > 0) at mu = 0 is the density there."""
    return 0, {"gradient": 1 / sp.sqrt(2 * sp.pi)}


breaking(paper.CONTINUOUS, "smooth_continuation", reparameterised_step, cases(mu=0))


@measure(paper.CONTINUOUS, cases(strategy=["reinforce", "mvd"], f="step").guaranteeing(*BOTH))
def step_by_the_others(strategy):
    """The same step is right by the score function, E z 1[z > 0]/s, and by W, whose two ends lie on its two sides."""
    z = sp.Symbol("z", positive=True)
    density = {
        "reinforce": z * sp.exp(-(z**2) / 2) / sp.sqrt(2 * sp.pi),
        "mvd": z * sp.exp(-(z**2) / 2) / sp.sqrt(2 * sp.pi),
    }
    return sp.integrate(density[strategy], (z, 0, sp.oo)), {"gradient": 1 / sp.sqrt(2 * sp.pi)}


@measure(
    paper.REPARAM_VARIANCE,
    cases(h=[[F(2), F(2)], [F(1), F(-3), F(0)], [F(5)]], s=[F(1), F(1, 3)]).guaranteeing("smooth", "gaussian"),
)
def spread_of_linear_gradients(h, s, spread=F(1), too_curved=F(1)):
    """f = sum h_i x_i^2/2: s^2 sum h_i^2."""
    return s**2 * spread * sum((too_curved * x) ** 2 for x in h), {"L": max(map(abs, h)), "d": len(h)}


@measure(
    paper.REPARAM_VARIANCE, cases(mu=[F(0), F(1)], s=[F(1, 10), F(1)], L=1, d=1).guaranteeing("smooth", "gaussian")
)
def spread_of_a_sine(mu, s):
    """f = -cos x: the variance of sin(mu + s z), (1 - exp(-2s^2) cos 2mu)/2 - exp(-s^2) sin^2 mu."""
    import flint

    def formula() -> Any:
        m, t = (flint.arb(flint.fmpq(x.numerator, x.denominator)) for x in (mu, s))
        return (1 - (-2 * t * t).exp() * (2 * m).cos()) / 2 - (-t * t).exp() * m.sin() ** 2

    return enclosed(formula)


EVEN = cases(h=[[F(2), F(2)], [F(5)]], s=F(1))
breaking(paper.REPARAM_VARIANCE, "gaussian", spread_of_linear_gradients, EVEN.let(spread=lambda: F(3, 2)))
breaking(paper.REPARAM_VARIANCE, "smooth", spread_of_linear_gradients, EVEN.let(too_curved=lambda: F(5, 4)))


def variance_of_a_power(mu, s, base=F(0), power=2, moments=(0, 1, 0, 3, 0, 15, 0, 105, 0)):
    r"""Var of $(x^n - c)(x - \mu)/s^2$ from the moments of z."""
    x = np.polynomial.Polynomial([mu, s])
    d = (x**power - base) * np.polynomial.Polynomial([F(0), 1 / s])
    known = (1, *moments)
    first, second = (sum((c * known[n] for n, c in enumerate(e.coef)), F(0)) for e in (d, d * d))
    return second - first**2


SQUARES = cases(mu=[F(1), F(-2), F(0)], s=[F(1), F(1, 2)], base=[F(0), F(4)])
measure(paper.SCORE_VARIANCE, SQUARES.guaranteeing("gaussian", "square"))(variance_of_a_power)
breaking(
    paper.SCORE_VARIANCE, "gaussian", variance_of_a_power, SQUARES.let(moments=lambda: (0, 1, 0, 1, 0, 1))
)  # signs
breaking(paper.SCORE_VARIANCE, "square", variance_of_a_power, SQUARES.where(lambda mu: mu).let(power=lambda: 3))


@measure(paper.GAUSSIAN_MVD, cases(mu=[F(1), F(-3)], s=[F(1), F(1, 2)]).guaranteeing("gaussian", "square"))
def variance_of_the_measure_valued(mu, s, power=2, squares=2):
    r"""Var of $(f(\mu + sW) - f(\mu - sW))/(s\sqrt{2\pi})$; the odd part of f in W has the moments of an exponential law."""
    x = np.polynomial.Polynomial([mu, s]) ** power
    odd = [2 * c if n % 2 else F(0) for n, c in enumerate(x.coef)]
    square = (np.polynomial.Polynomial(odd) ** 2).coef
    second = sum((c * squares ** (n // 2) * math.factorial(n // 2) for n, c in enumerate(square)), F(0)) / (2 * s**2)
    first = sum((c * math.prod(range(1, n + 1, 2)) for n, c in enumerate(odd)), F(0)) / (2 * s)
    return (
        sp.Rational(second.numerator, second.denominator) / sp.pi - sp.Rational(first.numerator, first.denominator) ** 2
    )


SCALED = cases(mu=[F(1), F(-3)], s=[F(1), F(1, 2)])
breaking(paper.GAUSSIAN_MVD, "square", variance_of_the_measure_valued, SCALED.let(power=lambda: 3))
breaking(paper.GAUSSIAN_MVD, "gaussian", variance_of_the_measure_valued, SCALED.let(squares=lambda: 3))
