"""Arguments for the equalities of the paper: what a stationary law keeps, sums over a cycle, and the Gaussian quantile."""

from collections.abc import Iterator

import sympy as sp

from gradproof.experiments.engine.check import Context, Evidence, check
from gradproof.theory.evidence import Level
from gradproof.theory.landscape import asymmetric_valleys as paper
from gradproof.theory.symbolic import Identity


@check(paper.SHARE, level=Level.SYMBOLIC)
def the_mean_step_is_zero(ctx: Context) -> Iterator[Evidence]:
    """E(w+ - w) = -eta (p P(w > 0) - c p P(w <= 0)) is zero at the claimed share alone: it is linear in the share."""
    (c,), p, flat = ctx.symbols("c"), sp.Symbol("p", positive=True), sp.Symbol("P")
    step = p * flat - c * p * (1 - flat)
    yield Identity(step.subs(flat, ctx.claim.expression), "the mean step")
    yield Identity(sp.diff(step, flat) - p * (1 + c), "its slope in the share is positive")


@check(paper.LOSS, level=Level.SYMBOLIC)
def the_mean_square_stays(ctx: Context) -> Iterator[Evidence]:
    """E(w+^2 - w^2) = -2 eta E V + eta^2 (E g^2 + s^2), as g w = V; E g^2 by the stationary share."""
    c, p, eta, s2 = ctx.symbols("c", "p", "eta", "s2")
    flat = c / (1 + c)
    squares = p**2 * flat + (c * p) ** 2 * (1 - flat)
    yield Identity(squares - c * p**2, "the mean squared slope")
    yield Identity(-2 * eta * ctx.claim.expression + eta**2 * (squares + s2), "the mean square")


@check(paper.CYCLE_MEAN, level=Level.SYMBOLIC)
def a_cycle_is_an_arithmetic_progression(ctx: Context) -> Iterator[Evidence]:
    """The points are w_low + j eta p, j = 0..c; of a lowest point that is uniform on (-eta p, 0] the mean is eta p (c - 1)/2."""
    c, p, eta, low = ctx.symbols("c", "p", "eta", "w_low")
    j = sp.Symbol("j", integer=True)
    yield Identity(low + eta * c * p - c * eta * p - low, "one step up and c steps down lead back")
    yield Identity(sp.summation(low + j * eta * p, (j, 0, c)) / (c + 1) - ctx.claim.expression, "the mean")
    phases = sp.integrate(ctx.claim.expression, (low, -eta * p, 0)) / (eta * p)
    yield Identity(phases - eta * p * (c - 1) / 2, "the mean over the phases")


def _expected(w: sp.Expr, c: sp.Expr, p: sp.Expr, s: sp.Expr) -> sp.Expr:
    """E V(w + s x): (1 + c) p (w Phi(w/s) + s phi(w/s)) - c p w."""
    Phi, phi = (1 + sp.erf(w / s / sp.sqrt(2))) / 2, sp.exp(-(w**2) / (2 * s**2)) / sp.sqrt(2 * sp.pi)
    return (1 + c) * p * (w * Phi + s * phi) - c * p * w


@check(paper.GAUSSIAN_BIAS, level=Level.SYMBOLIC)
def the_mean_slope_is_zero(ctx: Context) -> Iterator[Evidence]:
    """p P(w + delta > 0) - c p P(w + delta <= 0) is zero at the claimed place, and increases."""
    c, s = ctx.symbols("c", "s")
    w = sp.Symbol("w", real=True)
    below = (1 - sp.erf(w / s / sp.sqrt(2))) / 2
    slope = (1 - below) - c * below
    yield Identity(slope.subs(w, ctx.claim.expression), "the mean slope")
    density = sp.exp(-(w**2) / (2 * s**2)) / (s * sp.sqrt(2 * sp.pi))
    yield Identity(sp.diff(slope, w) - (1 + c) * density, "its derivative is (1 + c) times the density")


@check(paper.GAUSSIAN_LEAST, level=Level.SYMBOLIC)
def the_loss_at_the_quantile(ctx: Context) -> Iterator[Evidence]:
    """The closed form of the expected loss has the mean slope as derivative, is right at 0, and is the bound at the quantile."""
    c, p, s = ctx.symbols("c", "p", "s")
    w, x = sp.Symbol("w", real=True), sp.Symbol("x", real=True)
    closed = _expected(w, c, p, s)
    yield Identity(sp.diff(closed, w) - p * ((1 + c) * (1 + sp.erf(w / s / sp.sqrt(2))) / 2 - c), "its derivative")
    half = sp.integrate(x * sp.exp(-(x**2) / 2), (x, 0, sp.oo)) / sp.sqrt(2 * sp.pi)
    yield Identity(closed.subs(w, 0) - (1 + c) * p * s * half, "at zero")
    yield Identity(closed.subs(w, paper.GAUSSIAN_BIAS.expression) - ctx.claim.expression, "at the quantile")
