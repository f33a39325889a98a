"""Arguments by exact arithmetic: closed forms for all n and sigma, kernel proofs, and proofs at concrete parameters."""

from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from typing import Any

import sympy as sp

from gradproof.experiments.engine.check import Context, Evidence, certifier, check
from gradproof.experiments.engine.measure import Provable, cases, measure
from gradproof.solvers.pep.certify.structured import gradient_descent
from gradproof.theory.claim import Claim
from gradproof.theory.errors import ParameterError, ProofRejected
from gradproof.theory.evidence import Level
from gradproof.theory.field import Interval
from gradproof.theory.landscape import laplacian_smoothing as ls
from gradproof.theory.landscape.laplacian_smoothing import proofs
from gradproof.theory.proof import Proof, rational
from gradproof.theory.symbolic import Identity, Inequality

s, n = sp.Symbol("s", positive=True), sp.Symbol("n", positive=True, integer=True)
ALPHA, SIGMA = (s - 1) / (s + 1), (s**2 - 1) / 4  # s = sqrt(1 + 4 sigma)


def in_s(claim: Claim, q: sp.Expr) -> sp.Expr:
    """The bound of a trace claim with sigma = (s^2 - 1)/4 and alpha^n = q."""
    sigma, size = claim.parameter("sigma").symbol, claim.parameter("n").symbol
    e = claim.expression.subs(sigma, SIGMA).subs(sp.sqrt(s**2), s)
    return e.replace(lambda t: t.is_Pow and t.exp.has(size), lambda t: _power(t, size, q)).subs(size, n)


def _power(t: sp.Expr, size: sp.Symbol, q: sp.Expr) -> sp.Expr:
    """alpha^(m n) = q^m; anything else is left alone, and the identity then fails."""
    m = sp.cancel(t.exp / size)
    return q**m if sp.cancel(t.base - ALPHA) == 0 and m.is_Integer else t


@check(ls.SPECTRUM, level=Level.SYMBOLIC)
def fourier_modes(ctx: Context) -> Iterator[Evidence]:
    """A applied to cos(i t + p) is the claimed multiple of it, for every mode at once."""
    i, t, p, sigma = sp.symbols("i t p sigma", real=True)

    claimed = ctx.claim.expression.subs(ctx.claim.parameter("sigma").symbol, sigma)
    claimed = claimed.subs(ctx.claim.parameter("j").symbol, t * ctx.claim.parameter("n").symbol / sp.pi / 2)
    before, here, after = (sp.cos(k * t + p) for k in (i - 1, i, i + 1))
    left = here - sigma * (after - 2 * here + before) - claimed * here
    yield Identity(sp.expand(sp.expand_trig(left)), "A cos(it + p) = lambda cos(it + p)")


@check(ls.MEAN, level=Level.SYMBOLIC)
def columns_that_sum_to_one(ctx: Context) -> Iterator[Evidence]:
    """1'A = 1' for every sigma: each entry of v gives what it keeps and what its two neighbours get. So 1'A^-1 = 1'."""
    sigma, before, v, after = sp.symbols("sigma before v after", real=True)
    kept = sp.expand((1 + 2 * sigma) * v - sigma * (before + after))  # (A v)_i holds each of its neighbours once
    column = sum(kept.coeff(x) for x in (before, v, after))
    yield Identity(column - ctx.claim.expression, "a column of A sums to 1")


@check(ls.BETA1, level=Level.SYMBOLIC)
def greens_function(ctx: Context) -> Iterator[Evidence]:
    """The claimed entries invert A: the recursion inside, the jump at 0, and n times the entry at 0 as trace."""
    q, p = sp.symbols("q p", positive=True)  # alpha^n and alpha^j

    def entry(power: sp.Expr) -> sp.Expr:
        return (power + q / power) / ((1 - q) * s)

    inside = (1 + 2 * SIGMA) * entry(p) - SIGMA * (entry(p * ALPHA) + entry(p / ALPHA))
    yield Identity(inside, "A row = 0 off the diagonal")
    at_zero = (1 + 2 * SIGMA) * entry(sp.Integer(1)) - SIGMA * (entry(ALPHA) + entry(q / ALPHA))
    yield Identity(at_zero - 1, "A row = 1 on the diagonal")
    yield Identity(entry(sp.Integer(1)) - in_s(ctx.claim, q), "beta_1 is the diagonal entry")


@check(ls.BETA2, level=Level.SYMBOLIC)
def derivative_of_the_trace(ctx: Context) -> Iterator[Evidence]:
    """1/lambda^2 = (1 + sigma d/dsigma)(1/lambda), and the closed form of (1 + sigma d/dsigma) beta_1."""
    sigma, t = sp.symbols("sigma t", positive=True)
    lam = 1 + sigma * t
    yield Identity(1 / lam + sigma * sp.diff(1 / lam, sigma) - 1 / lam**2, "1/lambda^2")
    q, x = sp.Symbol("q", positive=True), sp.Symbol("x", positive=True)
    one = in_s(ls.BETA1, x)
    dq = n * q * sp.diff(ALPHA, s) / ALPHA
    ds = (sp.diff(one, s) + sp.diff(one, x) * dq).subs(x, q)
    yield Identity(one.subs(x, q) + SIGMA * ds / sp.diff(SIGMA, s) - in_s(ctx.claim, q), "beta_2")


@check(ls.STATIONARY, level=Level.SYMBOLIC)
def stationary_mode(ctx: Context) -> Iterator[Evidence]:
    """The variance of one mode solves its recursion, and the sum over modes is beta_1 at another sigma."""
    eta, c, s2, a, t, sigma = sp.symbols("eta c s2 a t sigma", positive=True)
    p = eta * s2 * a / (c * (2 - eta * c * a))
    yield Identity((1 - eta * c * a) ** 2 * p + eta**2 * a**2 * s2 - p, "variance of a mode")
    term = (c * p / 2).subs(a, 1 / (1 + sigma * t))
    other = eta * s2 / (2 * (2 - eta * c)) / (1 + 2 * sigma / (2 - eta * c) * t)
    yield Identity(term - other, "loss of a mode is a multiple of 1/lambda at 2 sigma/(2 - eta c)")
    names = {k: ctx.claim.parameter(k).symbol for k in ("n", "sigma", "eta", "c", "s2")}
    claimed = ctx.claim.expression.subs({names["eta"]: eta, names["c"]: c, names["s2"]: s2})
    level = names["n"] * eta * s2 / (2 * (2 - eta * c))
    shifted = ls.beta1(names["n"], 2 * names["sigma"] / (2 - eta * c))
    yield Identity(claimed - level * shifted, "n times the mean over modes")


@check(ls.STABLE_LINE, level=Level.SYMBOLIC)
def eigenvector_of_the_line(ctx: Context) -> Iterator[Evidence]:
    """The line is invariant under every step, and its multiplier 1 - eta/s shrinks for 0 < eta < 2."""
    slope = sp.cancel(ctx.claim.expression.subs(ctx.claim.parameter("sigma").symbol, SIGMA).subs(sp.sqrt(s**2), s))
    a, b = (1 + 2 * SIGMA) / s**2, 2 * SIGMA / s**2  # A^-1 = [[a, b], [b, a]]
    x, y = a - b * slope, b - a * slope  # A^-1 B (1, slope)
    yield Identity(y - slope * x, "(1, slope) is an eigenvector of A^-1 B")
    yield Identity(x - 1 / s, "with eigenvalue 1/sqrt(1 + 4 sigma)")
    domain = (Interval("s", "1", closed_low=True), Interval("eta", "0", "2"))
    yield Inequality("2 - eta/s", domain, strict=True, what="1 - eta/s > -1")
    yield Inequality("eta/s", domain, strict=True, what="1 - eta/s < 1")


#: For n = 2 the cone 0 <= x_2 <= x_1 loses its edges to either side, and in it x_1 dies out; A^-1 = [[a, b], [b, a]].
_A, _B = "(1 + 2*s)/(1 + 4*s)", "2*s/(1 + 4*s)"
_EVERY = (Interval("s", "0", closed_low=True), Interval("eta", "0", "1"))
CONE = (
    Inequality(f"(1 - eta*({_B} - {_A})) - (1 - eta*({_A} - {_B}))", _EVERY, strict=True, what="(1, 1) goes above"),
    Inequality(f"eta*{_B}", _EVERY, what="(1, 0) goes below, or along its edge"),
    Inequality(f"eta*({_A} - {_B}) - eta/(1 + 4*s)", _EVERY, what="x_1 shrinks by 1 - eta/(1 + 4s) at least"),
)


# --- rates: kernel proofs ----------------------------------------------------------------------------------------------------


@check(ls.DESCENT, level=Level.SYMBOLIC)
def one_step(ctx: Context) -> Iterator[Evidence]:
    """Smoothness along the step, with <v, v> <= <g, v> for v = A^-1 g: what it gives is the claimed bound."""
    L, eta, G = ctx.symbols("L", "eta", "G")
    yield Identity(ctx.claim.expression - (-eta * G + L / 2 * eta**2 * G), "the bound of one step is the claimed one")


@check(ls.DESCENT_RATE, level=Level.SYMBOLIC)
def telescoped(ctx: Context) -> Iterator[Evidence]:
    """One step with 1/L gains G_k/(2 L), and all K together at most the gap."""
    L, K, gap = ctx.symbols("L", "K", "gap")
    yield Identity(
        ctx.claim.expression - gap / (K * (1 / L - L / 2 / L**2)),
        "the average of the telescoped steps is the claimed bound",
    )


@check(ls.PRECONDITIONED_GD, level=Level.SYMBOLIC)
def kernel_reduction(ctx: Context) -> Iterator[Evidence]:
    """f is convex and L-smooth in the metric of A, for all L: so gradient descent keeps its rate there."""
    yield proofs.interpolation_in_metric()


@check(ls.MLSGD_CONVEX, level=Level.SYMBOLIC)
def shrinking_metrics(ctx: Context) -> Iterator[Evidence]:
    """A_1/(1 + 4 sigma_1) <= A_0/(1 + 4 sigma_0), mode by mode, for all sigma_0 <= sigma_1."""
    a, b, t = sp.symbols("sigma_0 sigma_1 t")
    shrink = (1 + a * t) * (1 + 4 * b) - (1 + b * t) * (1 + 4 * a)
    yield Identity(shrink - (b - a) * (4 - t), "the difference of the metrics")
    domain = (Interval("sigma_0", "0", closed_low=True), Interval("sigma_1", "sigma_0", closed_low=True))
    for spectrum in (Interval("t", "0", "4", closed_low=True), Interval("t", "0", "4", closed_high=True)):
        yield Inequality(sp.expand(shrink), (*domain, spectrum), what="the metrics shrink")


def _provable(proof: Proof, proved: Fraction) -> Provable:
    """The proof, for every bound that is not below the constant that its statement holds."""

    def prove(bound: Any) -> Proof:
        if bound < sp.Rational(proved.numerator, proved.denominator):
            raise ProofRejected(f"the proof is of the bound {proved}, not of {bound}")
        return proof

    return Provable(prove)


HELD = ("periodic_laplacian", "nonnegative_sigma", "l_smooth", "convex", "constant_sigma", "a_metric")
SETTINGS = cases(at=[{"L": Fraction(1), "K": 1}, {"L": Fraction(3, 2), "K": 7}, {"L": Fraction(5), "K": 20}])
SETTINGS = SETTINGS.guaranteeing(*HELD)


def gd_in_metric(L: Any, K: int) -> Proof:
    """The tight rate of gradient descent with step 1/L; x0 stands for x_0 - x_*, and inner products are those of A."""
    proof = gradient_descent(K, 1 / rational(L), rational(L)).exact().proof
    read = r"; read with the inner product $a'Ab$, in which $A^{-1} g$ is the gradient and $f$ is convex and $L$-smooth"
    return replace(proof, statement=replace(proof.statement, text=proof.statement.text + read))


@measure(ls.PRECONDITIONED_GD, SETTINGS, level=Level.CERTIFIED)
def kernel_gd_in_metric(L: Fraction, K: int) -> Any:
    """Kernel proofs of the tight rate of gradient descent, read in the metric of A, at some L and K."""
    proof = gd_in_metric(L, K)
    return _provable(proof, -proof.statement.target.quadratic[("x0", "x0")]), {"D": 1}


RISING = {
    "mLSGD": [ls.mlsgd_schedule(k) for k in range(8)],
    "constant": [Fraction(1)] * 4,
    "jumping": [Fraction(0), Fraction(9)],
}


@measure(ls.MLSGD_CONVEX, cases(sigmas=RISING, L=Fraction(3, 2)).guaranteeing(*HELD), level=Level.CERTIFIED)
def kernel_convex_rate(L: Fraction, sigmas: list[Fraction]) -> Any:
    """Kernel proofs for mLSGD, a constant and a jumping schedule."""
    proof = proofs.mlsgd_convex(L, sigmas)
    known = {"K": len(sigmas), "sigma_0": sigmas[0], "sigma_last": sigmas[-1], "D": 1}
    return _provable(proof, -proof.statement.target.quadratic[("d", "y0")]), known


# --- `gradproof certify`: the bounds are linear in D ------------------------------------------------------

certifier(ls.PRECONDITIONED_GD)(lambda *, L, K, D=1: gd_in_metric(L, int(K)))


@certifier(ls.MLSGD_CONVEX)
def certify_convex_rate(*, L: Any, K: Any, sigma_0: Any = None, sigma_last: Any = None, D: Any = 1) -> Proof:
    """Proof at concrete L and K for sigma_k = (k+1)/(k+2), or for a schedule that rises in equal steps from sigma_0."""
    K = int(K)
    if (sigma_0 is None) != (sigma_last is None):
        raise ParameterError("give both sigma_0 and sigma_last, or neither for the schedule (k+1)/(k+2)")
    if sigma_0 is None:
        return proofs.mlsgd_convex(L, [ls.mlsgd_schedule(k) for k in range(K)])
    low, high = Fraction(str(sigma_0)), Fraction(str(sigma_last))
    if K == 1 and low != high:
        raise ParameterError("one step has one sigma: give sigma_0 = sigma_last")
    return proofs.mlsgd_convex(L, [low + (high - low) * k / max(K - 1, 1) for k in range(K)])
