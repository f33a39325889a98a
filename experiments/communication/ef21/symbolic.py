"""Symbolic and certified evidence for the EF21 claims: kernel proofs for all parameters, identities, certificates."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from math import isqrt
from typing import Any

import sympy as sp

from gradproof.experiments.engine.check import Context, Evidence, certifier, check, control
from gradproof.theory.communication import ef21
from gradproof.theory.communication.ef21 import proofs
from gradproof.theory.errors import ParameterError
from gradproof.theory.evidence import Level
from gradproof.theory.field import Interval
from gradproof.theory.parameter import as_number
from gradproof.theory.proof import Proof
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
    """Kernel proof of one step from Cauchy-Schwarz by coordinates and the distortion lemma, telescoped."""
    yield proofs.distortion()
    yield proofs.summed()
    a, b, k, m = sp.symbols("a b L_1 L_2", positive=True)
    yield Identity((k + m) * (a**2 / k + b**2 / m) - (a + b) ** 2 - (a * m - b * k) ** 2 / (k * m), "Cauchy-Schwarz")
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
    """Kernel proof of convergence below gamma*, and the exact two-worker cycle at gamma*."""
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
    """N <= 2n and sum L_i^2/N_i <= n L_AM^2 give M <= sqrt(2) L_AM."""
    # one client with L_i = x, L_AM = M and N_i = ceil(x/M) = x/M + t, 0 <= t < 1
    x, M, t, n = sp.symbols("x M t n", positive=True)
    copies = x / M + t
    domain = (Interval("x"), Interval("M"), Interval("t", "0", "1", closed_low=True))
    yield Inequality(x * M - x**2 / copies, domain, what="L_i^2/N_i <= L_i L_AM, whose sum is n L_AM^2")
    yield Inequality(x / M + 1 - copies, domain, what="N_i <= L_i/L_AM + 1, whose sum is 2n")
    yield Identity(sp.sqrt(2 * n * (n * M**2)) / n - sp.sqrt(2) * M, "the two sums in M(N)")
    a, b = sp.symbols("a b", positive=True)
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
    """The alphas: Top-K for d <= 4, AM <= QM for scaled sign, scalars, rare application, scaled unbiased ones."""
    alpha = ctx.claim.parameter("alpha").symbol
    s, w, p, a = sp.symbols("s omega p a", positive=True)
    yield Identity((1 - s) ** 2 - ctx.claim.expression.subs(alpha, 1 - (1 - s) ** 2), "C(x) = s x")
    yield Identity(p * (1 - a) + 1 - p - ctx.claim.expression.subs(alpha, p * a), "applied with probability p")
    # unbiased with variance omega, scaled by t = 1/(1+omega): t^2 omega + (1-t)^2 = 1 - 1/(1+omega)
    t = 1 / (1 + w)
    yield Identity(t**2 * w + (1 - t) ** 2 - ctx.claim.expression.subs(alpha, t), "scaled unbiased")
    for d in range(2, 5):  # Top-K: sorted magnitudes are sums of nonnegative gaps y
        y = sp.symbols(f"y1:{d + 1}")
        rising = [sum(y[: j + 1]) for j in range(d)]
        domain = tuple(Interval(str(v), closed_low=True) for v in y)
        for K in range(1, d):
            bound = ctx.claim.expression.subs(alpha, sp.Rational(K, d)) * sum(v**2 for v in rising)
            lost = sum(v**2 for v in rising[: d - K])
            yield Inequality(sp.expand(bound - lost), domain, what=f"Top-{K}, d = {d}")
    for d in range(2, 6):  # sum of squares: d ||x||^2 - ||x||_1^2 = sum_{i<j} (|x_i| - |x_j|)^2
        xs = sp.symbols(f"x1:{d + 1}", positive=True)
        gap = d * sum(v**2 for v in xs) - sum(xs) ** 2
        yield Identity(gap - sum((xs[i] - xs[j]) ** 2 for i in range(d) for j in range(i)), f"scaled sign, d = {d}")


# --- certificates at concrete parameters ---------------------------------------------------------------------------------


def rational_q(alpha: Any) -> Fraction:
    """sqrt(1 - alpha) as a fraction.

    Raises:
        ParameterError: it is irrational; names the nearest alpha for which it is not.
    """
    exact = as_number(alpha, "alpha")
    beta = Fraction(1) - (
        Fraction(str(exact)) if not isinstance(exact, sp.Basic) else Fraction(int(exact.p), int(exact.q))
    )
    if not 0 <= beta < 1:
        raise ParameterError(f"alpha = {alpha} is outside (0, 1]")
    n, d = isqrt(beta.numerator), isqrt(beta.denominator)
    if n * n == beta.numerator and d * d == beta.denominator:
        return Fraction(n, d)
    near = Fraction(float(beta) ** 0.5).limit_denominator(100)
    raise ParameterError(
        f"a certificate needs a rational sqrt(1 - alpha); alpha = {alpha} has none, {1 - near**2} is near"
    )


def _exact(value: Any, name: str) -> Fraction:
    number = as_number(value, name)
    return Fraction(str(number)) if isinstance(number, float) else Fraction(int(number.p), int(number.q))


def _values(values: dict[str, Any], *names: str) -> dict[str, Fraction]:
    missing = [n for n in (*names, "alpha") if n not in values]
    extra = [n for n in values if n not in (*names, "alpha")]
    if missing or extra:
        need = ", ".join((*names, "alpha"))
        raise ParameterError(f"the certificate needs {need}; got {', '.join(values) or 'nothing'}")
    return {"q": rational_q(values["alpha"])} | {n: _exact(values[n], n) for n in names}


@certifier(ef21.DISTORTION)
def certify_distortion(**values: Any) -> Proof:
    """The distortion lemma at one alpha."""
    return proofs.distortion().at(**_values(values))


@certifier(ef21.LYAPUNOV_AM)
def certify_lyapunov(**values: Any) -> Proof:
    """The one-step inequality at concrete constants."""
    return proofs.lyapunov().at(**_values(values, "L", "L_AM", "gamma"))


@certifier(ef21.SHARP_THRESHOLD)
def certify_sharp(**values: Any) -> Proof:
    """V+ <= V - (1/gamma - 1/gamma*)||dx||^2 at concrete constants."""
    return proofs.sharp().at(**_values(values, "L", "L_AM", "gamma"))


@certifier(ef21.TIGHT_SINGLE_WORKER)
def certify_single_worker(**values: Any) -> Proof:
    """V+ <= rho' V with rho' above the tight rate by at most 1e-12, on a class that contains F(mu, L)."""
    exact = _values(values, "mu", "L")
    mu, L, q_ = exact["mu"], exact["L"], exact["q"]
    if not 0 < mu < L:
        raise ParameterError(f"need 0 < mu < L, got mu = {mu}, L = {L}")
    rho = sp.N(ef21.contraction_rate(mu, L, values["alpha"]), 40)
    z = Fraction(str(sp.sqrt(rho))).limit_denominator(10**15) + Fraction(1, 10**13)
    return proofs.tight_single_worker().at(z=min(z, (z + 1) / 2), q=q_, K=mu + L)


GRID = ((Fraction(1, 4), Fraction(3, 4)), (Fraction(1), Fraction(1)), (Fraction(1, 10), Fraction(5)))


@check(ef21.SHARP_THRESHOLD, level=Level.CERTIFIED)
def certified_below_threshold(ctx: Context) -> Iterator[Evidence]:
    """Certificates at rational (L, L_AM, alpha), at 9/10 of the threshold."""
    for L, L_AM in GRID:
        for alpha in (Fraction(3, 4), Fraction(7, 16), Fraction(19, 100)):
            gamma = Fraction(9, 10) * _exact(ctx.claim.bound(L=L, L_AM=L_AM, alpha=alpha), "gamma")
            yield certify_sharp(L=L, L_AM=L_AM, gamma=gamma, alpha=alpha)


@check(ef21.LYAPUNOV_AM, level=Level.CERTIFIED)
def certified_one_step(ctx: Context) -> Iterator[Evidence]:
    """Certificates at rational constants and at the paper's step size."""
    for L, L_AM in GRID:
        for alpha in (Fraction(3, 4), Fraction(9, 25)):
            gamma = _exact(ef21.step_size_am(L, (L_AM,), alpha), "gamma")
            yield certify_lyapunov(L=L, L_AM=L_AM, gamma=gamma, alpha=alpha)


@check(ef21.TIGHT_SINGLE_WORKER, level=Level.CERTIFIED)
def certified_rate(ctx: Context) -> Iterator[Evidence]:
    """Certificates of the tight rate, rounded up by at most 1e-12."""
    for mu, L in ((Fraction(1, 10), Fraction(1)), (Fraction(1, 2), Fraction(3))):
        for alpha in (Fraction(3, 4), Fraction(19, 100)):
            yield certify_single_worker(mu=mu, L=L, alpha=alpha)


@control(ef21.SHARP_THRESHOLD, drops="a threshold 1% too large")
def kernel_refuses_a_larger_threshold(ctx: Context) -> Iterator[Evidence]:
    """The same multipliers with 1/gamma* made 1% smaller: the kernel must refuse."""
    from dataclasses import replace

    from gradproof.theory.axioms import square

    proof = certify_sharp(L=Fraction(1, 4), L_AM=Fraction(3, 4), gamma=1, alpha=Fraction(3, 4))
    better = proof.statement.target.copy().add(square({"e": Fraction(1), "h": Fraction(1)}), Fraction(1, 100))
    yield replace(proof, statement=replace(proof.statement, target=better), blocks=None)
