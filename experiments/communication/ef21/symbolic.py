"""Symbolic evidence for the EF21 claims: kernel proofs for all parameters, identities, inequalities."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import sympy as sp

from gradproof.experiments.engine.check import Context, Evidence, check
from gradproof.theory.communication import ef21
from gradproof.theory.communication.ef21 import proofs
from gradproof.theory.evidence import Level
from gradproof.theory.field import Interval
from gradproof.theory.symbolic import Identity, Inequality

Q = Interval("q", "0", "1")
q = sp.Symbol("q", positive=True)
ALPHA = 1 - q**2  # with it every constant is rational in q


def in_q(claim: Any) -> sp.Expr:
    """The bound of a claim with alpha = 1 - q^2, q in (0, 1)."""
    return _rational(claim.expression.subs(claim.parameter("alpha").symbol, ALPHA))


def _rational(e: sp.Expr) -> sp.Expr:
    """Take sqrt(q^2) = q, which needs q > 0, and cancel."""
    return sp.cancel(sp.together(sp.powdenest(sp.sqrtdenest(e), force=True)))


def _symbols(claim: Any, *names: str) -> list[Any]:
    return [claim.parameter(n).symbol for n in names]


# --- proofs for all parameters -----------------------------------------------------------------------------------------


@check(ef21.YOUNG_OPTIMAL, level=Level.SYMBOLIC)
def best_young_split(ctx: Context) -> Iterator[Evidence]:
    """Kernel proof that no split beats s*, and the value there."""
    yield proofs.young()
    s = 1 / q - 1
    ratio = (1 - (1 - q**2) + (1 - ALPHA) / s) / (1 - (1 - ALPHA) * (1 + s))
    yield Identity(ratio - in_q(ctx.claim), "beta(s*)/theta(s*) is the claimed minimum")


@check(ef21.DISTORTION, level=Level.SYMBOLIC)
def young_identity(ctx: Context) -> Iterator[Evidence]:
    """Kernel proof of the distortion lemma, and its constants."""
    yield proofs.distortion()
    e2, u2 = _symbols(ctx.claim, "e2", "u2")
    yield Identity(in_q(ctx.claim) - (q * e2 + q**2 / (1 - q) * u2), "constants of the lemma")


@check(ef21.LYAPUNOV_AM, level=Level.SYMBOLIC)
def one_step_proof(ctx: Context) -> Iterator[Evidence]:
    """Kernel proof of the one-step inequality, any number of workers, any weights."""
    yield proofs.lyapunov()
    g, L, M, V, grad2, dx2 = _symbols(ctx.claim, "gamma", "L", "L_AM", "V", "grad2", "dx2")
    bracket = 1 / (2 * g) - L / 2 - g * q**2 / (2 * (1 - q) ** 2) * M**2
    yield Identity(in_q(ctx.claim) - (V - g / 2 * grad2 - bracket * dx2), "constants of the inequality")


def _telescoped(ctx: Context, mean: str, alpha: sp.Expr = ALPHA) -> Iterator[Evidence]:
    """V^{t+1} <= V^t - (gamma/2)||grad||^2 at the claimed step sizes, summed: average <= 2 V^0 / (gamma T)."""
    yield proofs.descent_at_admissible_step()
    yield from _sum_and_step(ctx, mean, alpha)


def _sum_and_step(ctx: Context, mean: str, alpha: sp.Expr = ALPHA) -> Iterator[Evidence]:
    claim = ctx.claim
    g, L, M, T, f0, f_inf, G0 = _symbols(claim, "gamma", "L", mean, "T", "f0", "f_inf", "G0")
    V0 = f0 - f_inf + g / (2 * (1 - q)) * G0
    bound = _rational(claim.expression.subs(claim.parameter("alpha").symbol, alpha))
    yield Identity(bound - 2 * V0 / (g * T), "the sum telescopes to the claimed bound")
    step = _rational(claim.assumption("step_size").relation.rhs.subs(claim.parameter("alpha").symbol, alpha))
    paper_step = 1 / (L + M * q / (1 - q))
    yield Identity(step - paper_step, "the claimed step size")
    # at gamma = step/(1 + t), t >= 0, the bracket of the one-step inequality is nonnegative
    t = sp.Symbol("t")
    at = paper_step / (1 + t)
    bracket = 1 / at - L - at * q**2 / (1 - q) ** 2 * M**2
    domain = (Q, Interval(str(L)), Interval(str(M)), Interval("t", closed_low=True))
    yield Inequality(sp.cancel(sp.together(bracket)), domain, what="claimed steps are admissible")


@check(ef21.NONCONVEX_QM, level=Level.SYMBOLIC)
def telescoping_qm(ctx: Context) -> Iterator[Evidence]:
    """Kernel proof of one step with uniform weights, telescoped."""
    yield from _telescoped(ctx, "L_QM")


@check(ef21.NONCONVEX_AM, level=Level.SYMBOLIC)
def telescoping_am(ctx: Context) -> Iterator[Evidence]:
    """Kernel proof of one step with weights proportional to L_i, telescoped."""
    yield from _telescoped(ctx, "L_AM")
    # the function that experiments call is the step of the claim
    L, a, b = sp.symbols("L a b", positive=True)
    called = _rational(
        ef21.step_size_am(L, (a, b), sp.Symbol("alpha", positive=True)).subs(sp.Symbol("alpha", positive=True), ALPHA)
    )
    yield Identity(called - 1 / (L + (a + b) / 2 * q / (1 - q)), "step_size_am is 1/(L + L_AM xi)")


@check(ef21.PARTIAL_PARTICIPATION, level=Level.SYMBOLIC)
def participation_is_a_compressor(ctx: Context) -> Iterator[Evidence]:
    """p(1 - alpha) + (1 - p) = 1 - p alpha, then the proof of plain EF21."""
    p, a = _symbols(ctx.claim, "p", "alpha")
    yield Identity(p * (1 - a) + (1 - p) - (1 - p * a), "an idle worker is a compressor with contraction p alpha")
    yield from _telescoped(ctx, "L_AM", alpha=ALPHA / p)


@check(ef21.RARE_FEATURES, level=Level.SYMBOLIC)
def telescoping_rare(ctx: Context) -> Iterator[Evidence]:
    """Kernel proof of one step from Cauchy-Schwarz by coordinates and the distortion lemma, telescoped; L_i the best weights."""
    yield proofs.distortion()
    yield proofs.summed()
    a, b, k, m = sp.symbols("a b L_1 L_2", positive=True)
    yield Identity((k + m) * (a**2 / k + b**2 / m) - (a + b) ** 2 - (a * m - b * k) ** 2 / (k * m), "Cauchy-Schwarz")
    # other weights v, w in a coordinate: (v + w)(L_1^2/v + L_2^2/w) >= (L_1 + L_2)^2, with equality at v/w = L_1/L_2
    v, w = sp.symbols("v w", positive=True)
    excess = (v + w) * (k**2 / v + m**2 / w) - (k + m) ** 2
    yield Identity(excess - (k * w - m * v) ** 2 / (v * w), "the best weights")
    yield from _sum_and_step(ctx, "L_rf")


@check(ef21.STEPSIZE_ROOT, level=Level.SYMBOLIC)
def root_of_the_bracket(ctx: Context) -> Iterator[Evidence]:
    """The bracket vanishes at gamma_root and decreases; the paper's step lies below, gamma* above."""
    L, M = _symbols(ctx.claim, "L", "L_AM")
    x = q / (1 - q)
    root = ctx.claim.expression.subs(ctx.claim.parameter("alpha").symbol, ALPHA)
    bracket = 1 / (2 * root) - L / 2 - root * x**2 * M**2 / 2
    yield Identity(sp.powdenest(bracket, force=True), "the bracket vanishes at gamma_root")
    g = sp.Symbol("g")
    domain = (Q, Interval("L"), Interval("L_AM"), Interval("g"))
    yield Inequality(1 / (2 * g**2) + x**2 * M**2 / 2, domain, strict=True, what="the bracket decreases in gamma")
    am = 1 / (L + M * x)
    at_am = sp.cancel(sp.together(1 / (2 * am) - L / 2 - am * x**2 * M**2 / 2))
    yield Inequality(at_am, domain[:3], what="the bracket is nonnegative at 1/(L + L_AM xi)")
    sharp = 2 * (1 - q**2) / ((1 + q**2) * L + 2 * q * M)
    at_sharp = sp.cancel(sp.together(sharp * x**2 * M**2 / 2 + L / 2 - 1 / (2 * sharp)))
    ordered = (Q, Interval("L"), Interval("L_AM", "L", closed_low=True))
    yield Inequality(at_sharp, ordered, what="gamma_root <= gamma*")


@check(ef21.SHARP_THRESHOLD, level=Level.SYMBOLIC)
def threshold_from_both_sides(ctx: Context) -> Iterator[Evidence]:
    """Kernel proof of convergence below gamma*; two workers: an exact cycle at gamma*, an eigenvalue below -1 above it."""
    yield proofs.sharp()
    L, M = _symbols(ctx.claim, "L", "L_AM")
    sharp = in_q(ctx.claim)
    yield Identity(
        sharp - 2 * (1 - q**2) / ((1 + q**2) * L + 2 * q * M), "gamma* of the proof is the claimed threshold"
    )
    # f_1 = (L + M) x^2/2 with C = 1 + q, f_2 = (L - M) x^2/2 with C = 1 - q; x -> -x in one step from x = 1
    h = (L + M, L - M)
    gains = (1 + q, 1 - q)
    g = ((1 + q) / (1 - q) * h[0], (1 - q) / (1 + q) * h[1])
    yield Identity(1 - sharp * (g[0] + g[1]) / 2 + 1, "the server moves x to -x")
    for k in range(2):
        yield Identity(g[k] + gains[k] * (-h[k] - g[k]) + g[k], f"worker {k + 1} flips its state")
    # det(z - step) tends to -oo with z: where it is positive at -1, there is an eigenvalue below -1
    gamma = sp.Symbol("gamma", positive=True)
    x = sp.Matrix([[1, -gamma / 2, -gamma / 2]])
    step = sp.Matrix.vstack(x, *(gains[k] * h[k] * x + (1 - gains[k]) * sp.eye(3)[k + 1, :] for k in range(2)))
    at = (-sp.eye(3) - step).det()
    yield Identity(at - 2 * (1 - q**2) * (gamma / sharp - 1), "the characteristic polynomial at -1")


@check(ef21.SHARP_THRESHOLD, level=Level.SYMBOLIC)
def within_a_factor_two(ctx: Context) -> Iterator[Evidence]:
    """gamma_AM <= gamma* <= 2 gamma_AM for L <= L_AM."""
    L, M = _symbols(ctx.claim, "L", "L_AM")
    ratio = in_q(ctx.claim) * (L + M * q / (1 - q))
    domain = (Q, Interval("L"), Interval("L_AM", "L", closed_low=True))
    yield Inequality(sp.cancel(sp.together(ratio - 1)), domain, what="gamma_AM <= gamma*")
    yield Inequality(sp.cancel(sp.together(2 - ratio)), domain, what="gamma* <= 2 gamma_AM")


@check(ef21.PL, level=Level.SYMBOLIC)
def pl_proof(ctx: Context) -> Iterator[Evidence]:
    """Kernel proof of one step under PL at the paper's step; its bracket is nonnegative there."""
    yield proofs.pl()
    yield from _linear_rate(ctx)
    L, M = _symbols(ctx.claim, "L", "L_AM")
    # gamma = 1/(L + sqrt2 xi M) solves 1/gamma - L - 2 gamma xi^2 M^2 >= 0: multiply out with y = sqrt2 xi M
    y = sp.Symbol("y")
    domain = (Interval("L"), Interval("y"))
    yield Inequality(
        sp.cancel(sp.together((L + y) - L - y**2 / (L + y))), domain, what="the paper's step is admissible"
    )
    step = ctx.claim.assumption("step_size").relation.rhs.subs(ctx.claim.parameter("alpha").symbol, ALPHA)
    yield Identity(_rational(step) - 1 / (L + sp.sqrt(2) * q / (1 - q) * M), "the claimed step size")


@check(ef21.PL_REFINED, level=Level.SYMBOLIC)
def pl_refined_proof(ctx: Context) -> Iterator[Evidence]:
    """Kernel proof of one step under PL; the claimed condition on gamma is the sign of its bracket."""
    yield proofs.pl_refined()
    yield from _linear_rate(ctx)
    g, mu, L, M = _symbols(ctx.claim, "gamma", "mu", "L", "L_AM")
    theta, beta = 1 - q, q**2 / (1 - q)
    bracket = 1 / (2 * g) - L / 2 - g / (2 * (theta - g * mu)) * beta * M**2
    relation = ctx.claim.assumption("step_size").relation
    condition = (relation.rhs - relation.lhs).subs(ctx.claim.parameter("alpha").symbol, ALPHA)
    yield Identity(bracket * 2 * g * (theta - g * mu) - _rational(condition), "the condition is the bracket's sign")


def _linear_rate(ctx: Context) -> Iterator[Evidence]:
    g, mu, T, Psi0 = _symbols(ctx.claim, "gamma", "mu", "T", "Psi0")
    rate = ctx.claim.expression
    yield Identity(rate.subs(T, T + 1) - (1 - g * mu) * rate, "each step multiplies the bound by 1 - gamma mu")
    yield Identity(rate.subs(T, 0) - Psi0, "the bound starts at Psi^0")


@check(ef21.TIGHT_SINGLE_WORKER, level=Level.SYMBOLIC)
def tight_rate(ctx: Context) -> Iterator[Evidence]:
    """Kernel proof of the rate, and the quadratic on which it is attained."""
    yield proofs.tight_single_worker()
    z = sp.Symbol("z", positive=True)
    r = (z**2 - q) / ((1 - q) * z)
    K = sp.Symbol("K", positive=True)
    mu, L = K * (1 - r) / 2, K * (1 + r) / 2
    # the discriminant is a square: (1-q)^2 r^2 + 4q = (z + q/z)^2
    yield Identity((1 - q) ** 2 * r**2 + 4 * q - (z + q / z) ** 2, "z is the positive root")
    discriminant = sp.sqrt((1 - q) ** 2 * sp.Symbol("r") ** 2 + 4 * q)
    claimed = ctx.claim.expression.subs(
        {ctx.claim.parameter("alpha").symbol: ALPHA, ctx.claim.parameter("mu").symbol: K * (1 - sp.Symbol("r")) / 2,
         ctx.claim.parameter("L").symbol: K * (1 + sp.Symbol("r")) / 2}
    )  # fmt: skip
    rho = sp.expand((((1 - q) * sp.Symbol("r") + discriminant) / 2) ** 2)
    yield Identity(sp.simplify(claimed) - rho, "rho is the claimed rate")
    # on f = lambda x^2/2 with C(x) = (1 + q) x the step is linear with characteristic polynomial z^2 -+ (1-q) r z - q
    eta = 2 / K * (1 - q) / (1 + q)
    for curvature, sign in ((L, 1), (mu, -1)):
        step = sp.Matrix([[1, -eta], [(1 + q) * curvature, -q - (1 + q) * curvature * eta]])
        yield Identity(sp.cancel((step + sign * z * sp.eye(2)).det()), "the rate is an eigenvalue")


@check(ef21.HETERO_COMPRESSORS, level=Level.SYMBOLIC)
def hetero_proof(ctx: Context) -> Iterator[Evidence]:
    """Kernel proof of one step from the summed distortion lemma, telescoped; the best weights by Cauchy-Schwarz."""
    yield proofs.distortion()
    yield proofs.summed()
    g, T, f0, f_inf, D0 = _symbols(ctx.claim, "gamma", "T", "f0", "f_inf", "D0")
    yield Identity(ctx.claim.expression - 2 * (f0 - f_inf + g / 2 * D0) / (g * T), "the sum telescopes")
    a, b, w = sp.symbols("a b w", positive=True)  # two workers: a^2/w + b^2/(1-w) - (a+b)^2 is a square
    yield Identity(
        (a**2 / w + b**2 / (1 - w) - (a + b) ** 2) * w * (1 - w) - (a * (1 - w) - b * w) ** 2, "best weights"
    )


@check(ef21.SGD, level=Level.SYMBOLIC)
def sgd_constants(ctx: Context) -> Iterator[Evidence]:
    """Two Young splits give theta, beta' and nu; the one-step inequality telescopes to the floor."""
    s, claim = sp.Symbol("s", positive=True), ctx.claim  # s = sqrt(q)
    split = 1 / s - 1  # 1 + split = 1/s for both applications
    yield Identity(s**4 * (1 + split) ** 2 - s**2, "theta = 1 - q")
    beta = s**4 * (1 + split) * (1 + 1 / split)
    nu = s**4 * (1 + split) + 1 + 1 / split
    yield Identity(beta - s**3 / (1 - s), "beta'")
    yield Identity(nu - (s**3 + 1 / (1 - s)), "nu")
    g, L, M, T, f0, f_inf, G0, S = _symbols(claim, "gamma", "L", "L_AM", "T", "f0", "f_inf", "G0", "sigma2")
    bound = sp.powdenest(claim.expression.subs(claim.parameter("alpha").symbol, 1 - s**4), force=True)
    c = g / (2 * (1 - s**2))
    total = 2 / (g * T) * (f0 - f_inf + c * G0 + T * c * nu * M * S)
    yield Identity(sp.simplify(bound) - total, "the sum telescopes to the claimed bound")
    step = claim.assumption("step_size").relation.rhs.subs(claim.parameter("alpha").symbol, 1 - s**4)
    ratio = (1 / sp.powdenest(step, force=True) - L) / M
    yield Identity(sp.simplify(ratio**2 - beta / (1 - s**2)), "the claimed step is 1/(L + L_AM sqrt(beta'/theta))")


@check(ef21.CLONING, level=Level.SYMBOLIC)
def clones_bound(ctx: Context) -> Iterator[Evidence]:
    """N <= 2n and sum L_i^2/N_i <= n L_AM^2 give M <= sqrt(2) L_AM; M >= L_AM by Cauchy-Schwarz, equal at N_i prop. to L_i."""
    # one client with L_i = x, L_AM = M and N_i = ceil(x/M) = x/M + t, 0 <= t < 1
    x, M, t, n = sp.symbols("x M t n", positive=True)
    copies = x / M + t
    domain = (Interval("x"), Interval("M"), Interval("t", "0", "1", closed_low=True))
    yield Inequality(x * M - x**2 / copies, domain, what="L_i^2/N_i <= L_i L_AM, whose sum is n L_AM^2")
    yield Inequality(x / M + 1 - copies, domain, what="N_i <= L_i/L_AM + 1, whose sum is 2n")
    yield Identity(sp.sqrt(2 * n * (n * M**2)) / n - sp.sqrt(2) * M, "the two sums in M(N)")
    a, b, k, m = sp.symbols("a b k m", positive=True)
    square = (k + m) * (a**2 / k + b**2 / m) / 4  # M^2 of two clients
    yield Identity(
        square - ((a + b) / 2) ** 2 - (a * m - b * k) ** 2 / (4 * k * m), "M >= L_AM, with equality at k/m = a/b"
    )
    claimed = ctx.claim.expression.subs(sp.Symbol("n", integer=True, positive=True), 2).doit()
    base = ctx.claim.parameter("L_i").symbol
    yield Identity(
        claimed.subs({base[1]: a, base[2]: b}) - sp.sqrt(2) * (a + b) / 2, "the claimed bound for two clients"
    )


@check(ef21.W_EQUIVALENCE, level=Level.SYMBOLIC)
def weighted_state_is_rescaled(ctx: Context) -> Iterator[Evidence]:
    """With g^{EF21} = n w g^W and C(tx) = tC(x), one step of either gives the other's, for C linear on each ray."""
    n, w, g, h, k, gamma, x = sp.symbols("n w g h k gamma x", positive=True)  # k: C on the ray of h/(nw) - g
    new_w = g + k * (h / (n * w) - g)
    new = n * w * g + k * (h - n * w * g)
    yield Identity(n * w * new_w - new, "the states stay related")
    yield Identity((x - gamma * w * g) - (x - gamma / n * (n * w * g)), "the server makes the same step")


@check(ef21.SMOOTHNESS_CONSTANTS, level=Level.SYMBOLIC)
def curvature_of_the_losses(ctx: Context) -> Iterator[Evidence]:
    """Second derivatives of loss and regulariser: both extreme at x = 0, where they add."""
    x, c, top, m, lam = sp.Symbol("x"), *_symbols(ctx.claim, "c", "lam_max", "m", "lam")
    second = sp.diff(x**2 / (1 + x**2), x, 2)
    reals = (Interval("y", closed_low=True),)  # y = x^2
    y = sp.Symbol("y")
    in_y = sp.cancel(sp.together(second)).subs(x, sp.sqrt(y))
    yield Inequality(2 - sp.cancel(in_y), reals, what="regulariser: at most 2")
    yield Inequality(sp.Rational(1, 2) + sp.cancel(in_y), reals, what="regulariser: at least -1/2")
    s = sp.Symbol("s")  # sigmoid(z)
    yield Identity(sp.Rational(1, 4) - s * (1 - s) - (s - sp.Rational(1, 2)) ** 2, "logistic loss: sigma' <= 1/4, at 0")
    yield Identity(second.subs(x, 0) - 2, "regulariser at 0")
    yield Identity(ctx.claim.expression - (c * top / m + 2 * lam), "they add at x = 0")


@check(ef21.COMPRESSORS, level=Level.SYMBOLIC)
def compressor_constants(ctx: Context) -> Iterator[Evidence]:
    """The alphas: Top-K by its threshold, AM <= QM for scaled sign, scalars, rare application, Rand-K, scaled unbiased."""
    alpha = ctx.claim.parameter("alpha").symbol
    s, w, p, a = sp.symbols("s omega p a", positive=True)
    yield Identity((1 - s) ** 2 - ctx.claim.expression.subs(alpha, 1 - (1 - s) ** 2), "C(x) = s x")
    yield Identity(p * (1 - a) + 1 - p - ctx.claim.expression.subs(alpha, p * a), "applied with probability p")
    # unbiased with variance omega, scaled by t = 1/(1+omega): t^2 omega + (1-t)^2 = 1 - 1/(1+omega)
    t = 1 / (1 + w)
    yield Identity(t**2 * w + (1 - t) ** 2 - ctx.claim.expression.subs(alpha, t), "scaled unbiased")
    # Top-K, d = K + r: the K squares that are kept are at least tau each, the r that are lost at most tau (tau = 0: none is lost)
    K, r, kept, lost = sp.symbols("K r kept lost")
    sizes = (Interval("K"), Interval("r"), Interval("tau"))
    sums = (Interval("kept", "K*tau", closed_low=True), Interval("lost", "0", "r*tau", closed_high=True))
    bound = ctx.claim.expression.subs(alpha, K / (K + r)) * (kept + lost)
    yield Inequality(sp.cancel(sp.together(bound)) - lost, (*sizes, *sums), what="Top-K, every K and d")
    # Rand-K drops each entry with probability 1 - K/d
    yield Identity(1 - K / (K + r) - ctx.claim.expression.subs(alpha, K / (K + r)), "Rand-K in expectation")
    for d in range(2, 6):  # sum of squares: d ||x||^2 - ||x||_1^2 = sum_{i<j} (|x_i| - |x_j|)^2
        xs = sp.symbols(f"x1:{d + 1}", positive=True)
        gap = d * sum(v**2 for v in xs) - sum(xs) ** 2
        yield Identity(gap - sum((xs[i] - xs[j]) ** 2 for i in range(d) for j in range(i)), f"scaled sign, d = {d}")
