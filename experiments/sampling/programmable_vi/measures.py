"""Estimators as lists of outcomes: their means and variances, exactly, in rationals where a program has them."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from fractions import Fraction as F

import numpy as np
import sympy as sp

from gradproof.experiments.engine.controls import breaking, replacing
from gradproof.experiments.engine.measure import around, cases, enclosed, measure, rounded
from gradproof.experiments.instances import belief_nets
from gradproof.experiments.sampling.programmable_vi import models
from gradproof.solvers.dual_estimators import Dual, Exact, Law, gradient, inputs, mean, variance
from gradproof.solvers.gaussian_estimators import mean_and_variance, slope
from gradproof.theory.sampling import programmable_vi as paper

UNBIASED = ("enum", "reinforce", "mvd")

# --- one site --------------------------------------------------------------------------------------------------------

POINTS = [
    {"p": F(3, 10), "dp": F(2), "f1": F(1), "f0": F(-3), "g1": F(1, 2), "g0": F(-1, 4)},
    {"p": F(9, 10), "dp": F(-1, 3), "f1": F(5), "f0": F(4), "g1": F(0), "g0": F(0)},
    {"p": F(1, 50), "dp": F(1), "f1": F(-2), "f0": F(7), "g1": F(3), "g0": F(-1)},
]
Spread = Sequence[tuple[F, F, F]]  # (probability, in v, in d) of noise of mean zero
NOISE: Spread = ((F(1, 3), F(2), F(-1)), (F(2, 3), F(-1), F(1, 2)))
SPREADS: dict[str, Spread] = {"none": ((F(1), F(0), F(0)),), "two outcomes": NOISE}


def flipped(strategy, p, dp, f1, f0, g1, g0, spread, off=F(0), shared=False, base=F(0), twice=1) -> Law:
    """The list of a site; behind 0 the noise is ``twice`` as large, gradients are wrong by ``off``, both runs ``shared``."""

    def rest(b: int) -> Law:
        f, g, n = (f1, g1, 1) if b else (f0, g0, twice)
        return [(q, Dual(f + n * v, (g + n * d + off,))) for q, v, d in spread]

    if not shared:
        return Exact().flip(strategy, Dual(p, (dp,)), rest, base)
    each = [(q, lambda b, i=i: [(F(1), rest(b)[i][1])]) for i, (q, *_) in enumerate(spread)]
    return [(q * r, a) for q, same in each for r, a in Exact().flip(strategy, Dual(p, (dp,)), same, base)]


def mean_of_a_flip(strategy, p, dp, f1, f0, g1, g0, spread, off=F(0), shared=False):
    r"""$\mathbb E d$ as a sum over the outcomes of the site and of its continuations; ``shared``: both runs have the same noise."""
    return mean(flipped(strategy, p, dp, f1, f0, g1, g0, spread, off, shared)).slope[0]


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

    def integrand(u: float) -> float:
        up, down = (float(p) * u) ** 2, (float(1 - p) * (1 - u)) ** 2
        s = up / (up + down)
        return 4 * (s - 0.49) * s * (1 - s) / float(p * (1 - p))

    value, error = quad(integrand, 0, 1)
    return around(value, 10 * error, "quadrature")


RELAXED = cases(p=F(3, 10), dp=1, f1=F(51, 100) ** 2, f0=F(49, 100) ** 2, g1=0, g0=0)
for claim, strategy in ((paper.ENUM, "enum"), (paper.REINFORCE, "reinforce"), (paper.MVD, "mvd")):
    where = cases(at=POINTS, spread=SPREADS, shared=[False, True] if strategy == "mvd" else [False], strategy=strategy)
    measure(claim, where.guaranteeing("correct_continuation"))(mean_of_a_flip)
    breaking(claim, "correct_continuation", mean_of_a_flip, where.let(off=lambda: F(1, 5)))
    replacing(claim, "straight-through gradients", mean_of_straight_through, cases(at=POINTS[:2]))
replacing(paper.REINFORCE, "a continuous relaxation, whose gradient has the wrong sign", mean_of_a_relaxation, RELAXED)


def straight_through(p, dp, bend, slope=F(3), strategy="straight-through", cube=0):
    r"""$\mathbb E d - \partial L$ of f = bs + cs^2, plus a cubic term for the control, as sums over both bits."""
    f = lambda s: slope * s + bend * s**2 + cube * s**3  # noqa: E731
    return mean(Exact().flip(strategy, Dual(p, (dp,)), f)).slope[0] - (f(F(1)) - f(F(0))) * dp


BENDS = cases(p=[F(3, 10), F(9, 10)], dp=[F(1), F(-2)], bend=[F(1), F(-4)])
measure(paper.STRAIGHT_THROUGH, BENDS.guaranteeing("quadratic"))(straight_through)
breaking(paper.STRAIGHT_THROUGH, "quadratic", straight_through, BENDS.let(cube=lambda: 2))
replacing(paper.STRAIGHT_THROUGH, "an unbiased strategy", straight_through, BENDS.let(strategy=lambda: "reinforce"))

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
MIXED = ("reinforce",) * 6 + ("mvd", "enum")


@measure(
    paper.COMPOSITION, cases(row=3, strategies={"six reinforce, mvd, enum": MIXED}, N=8).guaranteeing("correct_sites")
)
def mean_on_a_digit(row, strategies):
    """E d of eight latents of a sigmoid belief net that explain a digit, by enumeration of the estimator and of the codes."""
    joint, t = belief_nets.guide_of(row)
    law = models.latents(joint, strategies)(Exact(), inputs(t))
    size = max(abs(x) for _, a in law for x in a.slope) + float(np.abs(joint).max())
    for d, true in zip(mean(law).slope, belief_nets.mean_field_gradient(joint, t), strict=True):
        yield rounded(d, 2000, size), {"gradient": float(true)}


# --- variances -------------------------------------------------------------------------------------------------------


@measure(paper.ENUM_VARIANCE, cases(at=POINTS, spread=SPREADS).guaranteeing("independent_reruns"))
def variance_of_enumeration(p, dp, f1, f0, g1, g0, spread, shared=False):
    """Var d of an enumerated site; behind 0 the noise is twice as large."""
    told: dict[str, F] = {}
    for name, of in (("s", lambda v, d: d * d), ("w", lambda v, d: v * v), ("c", lambda v, d: v * d)):
        moment = sum((q * of(v, d) for q, v, d in spread), F(0))
        told |= {f"{name}1": moment, f"{name}0": 4 * moment}
    return variance(flipped("enum", p, dp, f1, f0, g1, g0, spread, shared=shared, twice=2))[0], told


def variance_of_a_flip(strategy, p, dp, f1, f0, g1, g0, base=F(0), spread=SPREADS["none"]):
    """Var d of a site whose continuations are not random, by its two outcomes."""
    return variance(flipped(strategy, p, dp, f1, f0, g1, g0, spread, base=base))[0]


NOISY = cases(at=POINTS, spread={"two outcomes": NOISE}, shared=True)
breaking(paper.ENUM_VARIANCE, "independent_reruns", variance_of_enumeration, NOISY)
for claim, strategy, bases in (
    (paper.REINFORCE_VARIANCE, "reinforce", [F(0), F(-2), F(9)]), (paper.MVD_VARIANCE, "mvd", [F(0)])
):  # fmt: skip
    where = cases(at=POINTS, base=bases, strategy=strategy)
    measure(claim, where.guaranteeing("exact_continuation"))(variance_of_a_flip)
    breaking(claim, "exact_continuation", variance_of_a_flip, where.let(spread=lambda: NOISE))

# --- normal draws ----------------------------------------------------------------------------------------------------

CURVES = {"square": [F(0), F(0), F(1)], "quintic": [F(1), F(-2), F(0), F(1, 3), F(1), F(-1, 7)]}
BOTH = ("domination", "smooth_continuation")
NORMAL = cases(
    strategy=["reparam", "reinforce", "mvd"], f=CURVES, at=[{"mu": F(1), "s": F(1)}, {"mu": F(-1, 2), "s": F(3)}]
)


@measure(paper.CONTINUOUS, NORMAL.let(gradient=slope).guaranteeing(*BOTH))
def mean_of_a_normal(strategy, f, mu, s):
    """E d of polynomials of a normal draw, in rationals."""
    return mean_and_variance(strategy, f, mu, s)[0]


def uniform_score(t, f):
    """E of f(x) times the derivative of log(1/t), x uniform on (0, t): the boundary of the support is missing."""
    return -sum((c * t ** (n - 1) / (n + 1) for n, c in enumerate(f)), F(0))


def uniform_slope(t: F, f: Sequence[F]) -> F:
    """d/dt of E f(x)."""
    return sum((c * n * t ** (n - 1) / (n + 1) for n, c in enumerate(f)), F(0))


MOVING = cases(t=[F(1), F(2)], f={"x": [F(0), F(1)], "quintic": CURVES["quintic"]}).let(gradient=uniform_slope)
breaking(paper.CONTINUOUS, "domination", uniform_score, MOVING)


@measure(paper.CONTINUOUS, cases(strategy=["reinforce", "mvd"]).guaranteeing(*BOTH))
def mean_of_a_step(strategy):
    """1[x > 0], x ~ N(0, 1): E z 1[z > 0]; W's density over sqrt(2 pi), as its ends lie on both sides; 0 if reparameterised."""
    z = sp.Symbol("z", positive=True)
    density = 0 if strategy == "reparam" else sp.exp(-(z**2) / 2) / sp.sqrt(2 * sp.pi)
    return sp.integrate(z * density, (z, 0, sp.oo)), {"gradient": 1 / sp.sqrt(2 * sp.pi)}


breaking(paper.CONTINUOUS, "smooth_continuation", mean_of_a_step, cases(strategy="reparam"))

PARABOLAS = cases(h=[[F(2), F(2)], [F(1), F(-3), F(0)], [F(1, 2)]], s=[F(2), F(1, 3)])


@measure(paper.REPARAM_VARIANCE, PARABOLAS.guaranteeing("smooth", "gaussian"))
def spread_of_linear_gradients(h, s, wider=F(1), too_curved=F(1)):
    """f = sum h_i x_i^2/2: s^2 sum h_i^2."""
    return s**2 * wider * sum((too_curved * x) ** 2 for x in h), {"L": max(map(abs, h)), "d": len(h)}


@measure(
    paper.REPARAM_VARIANCE, cases(mu=[F(0), F(1)], s=[F(1, 10), F(1)], L=1, d=1).guaranteeing("smooth", "gaussian")
)
def spread_of_a_sine(mu, s):
    """f = -cos x: the variance of sin(mu + s z), (1 - exp(-2s^2) cos 2mu)/2 - exp(-s^2) sin^2 mu."""
    import flint

    m, t = (flint.fmpq(x.numerator, x.denominator) for x in (mu, s))
    half = lambda: (1 - flint.arb(-2 * t * t).exp() * flint.arb(2 * m).cos()) / 2  # noqa: E731
    return enclosed(lambda: half() - flint.arb(-t * t).exp() * flint.arb(m).sin() ** 2)


EVEN = cases(h=[[F(2), F(2)], [F(5)]], s=F(1))
breaking(paper.REPARAM_VARIANCE, "gaussian", spread_of_linear_gradients, EVEN.let(wider=lambda: F(3, 2)))
breaking(paper.REPARAM_VARIANCE, "smooth", spread_of_linear_gradients, EVEN.let(too_curved=lambda: F(5, 4)))


def variance_of_a_square(strategy, mu, s, base=F(0), f=CURVES["square"], moment=None):
    r"""Var of the score-function, or of the measure-valued, estimator from the moments of z, or of W."""
    return mean_and_variance(strategy, f, mu, s, base, moment)[1]


SQUARES = cases(strategy="reinforce", mu=[F(1), F(-2), F(0)], s=[F(1), F(1, 2)], base=[F(0), F(4)])
MEASURED = cases(strategy="mvd", mu=[F(1), F(-3)], s=[F(1), F(1, 2)])


def moments_of_signs(n: int) -> int:
    """Of +-1."""
    return (n + 1) % 2


for claim, where in ((paper.SCORE_VARIANCE, SQUARES), (paper.GAUSSIAN_MVD, MEASURED)):
    measure(claim, where.guaranteeing("gaussian", "square"))(variance_of_a_square)
    breaking(claim, "gaussian", variance_of_a_square, where.let(moment=lambda: moments_of_signs))
    cube = where.where(lambda mu: mu != 0).let(f=lambda: [F(0), F(0), F(0), F(1)])
    breaking(claim, "square", variance_of_a_square, cube)
