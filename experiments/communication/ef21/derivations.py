"""Arguments for the EF21 claims: kernel proofs, identities, inequalities, certificates at rational constants."""

from collections.abc import Iterator
from fractions import Fraction
from itertools import product
from math import isqrt
from typing import Any

import sympy as sp

from gradproof.experiments.engine.check import Context, Evidence, certifier, check
from gradproof.theory.communication import ef21
from gradproof.theory.communication.ef21 import proofs
from gradproof.theory.errors import ParameterError
from gradproof.theory.evidence import Level
from gradproof.theory.field import Interval
from gradproof.theory.parameter import as_number
from gradproof.theory.proof import Proof
from gradproof.theory.symbolic import Identity, Inequality

SYMBOLIC = Level.SYMBOLIC
Q = Interval("q", "0", "1")
q = sp.Symbol("q", positive=True)
ALPHA = 1 - q**2  # with it every constant is rational in q


def in_q(claim: Any, e: Any = None, alpha: Any = ALPHA) -> Any:
    """The bound of a claim (or e) with alpha = 1 - q^2, q in (0, 1): sqrt(q^2) = q is taken, and what cancels cancelled."""
    e = (claim.expression if e is None else e).subs(claim.parameter("alpha").symbol, alpha)
    return sp.cancel(sp.together(sp.powdenest(sp.sqrtdenest(e), force=True)))


def _tangent(what: str) -> Identity:
    """Cauchy-Schwarz, any number of terms: summed with t = sum a/sum w it says sum a^2/w >= (sum a)^2/sum w, equal at a = tw."""
    a, t, w = sp.symbols("a t w", positive=True)
    return Identity(a**2 / w - (2 * t * a - t**2 * w) - (a - t * w) ** 2 / w, what)


# --- one step ----------------------------------------------------------------------------------------------------------------


def _sharp(L: Any, M: Any) -> Any:
    return 2 * (1 - q**2) / ((1 + q**2) * L + 2 * q * M)


@check(ef21.SHARP_DESCENT, level=SYMBOLIC)
def sharp_step_proof(ctx: Context) -> Iterator[Evidence]:
    """Kernel proof of the one-step inequality below the exact threshold, any number of workers; its constants."""
    yield proofs.sharp()
    g, L, M, V, dx2 = ctx.symbols("gamma", "L", "L_AM", "V", "dx2")
    yield Identity(in_q(ctx.claim) - (V - (1 / g - 1 / _sharp(L, M)) * dx2), "constants of the inequality")


@check(ef21.STEPSIZE_ROOT, level=SYMBOLIC)
def root_vanishes(ctx: Context) -> Iterator[Evidence]:
    """The bracket vanishes at gamma_root and decreases; the paper's step lies below, gamma* above."""
    L, M = ctx.symbols("L", "L_AM")
    x = q / (1 - q)

    def bracket(g: Any) -> Any:
        return 1 / (2 * g) - L / 2 - g * x**2 * M**2 / 2

    root = ctx.stated(alpha=ALPHA)
    yield Identity(sp.powdenest(bracket(root), force=True), "the bracket vanishes at gamma_root")
    positive = (Q, Interval("L"), Interval("L_AM"))
    slope = -sp.diff(bracket(sp.Symbol("g")), sp.Symbol("g"))
    yield Inequality(slope, (*positive, Interval("g")), strict=True, what="the bracket decreases in gamma")
    yield Inequality(bracket(1 / (L + M * x)), positive, what="the bracket is nonnegative at 1/(L + L_AM xi)")
    ordered = (*positive[:2], Interval("L_AM", "L", closed_low=True))
    yield Inequality(-bracket(_sharp(L, M)), ordered, what="gamma_root <= gamma*")


# --- averages, telescoped ------------------------------------------------------------------------------------------------------


def _sum_and_step(ctx: Context, alpha: Any = ALPHA) -> Iterator[Evidence]:
    """V^{t+1} <= V^t - (gamma/2)|grad|^2 summed gives the claimed bound; the claimed step sizes are admissible."""
    g, L, M = ctx.symbols()[:3]  # M: the mean of the constants that the claim takes
    T, f0, f_inf, G0 = ctx.symbols("T", "f0", "f_inf", "G0")
    V0 = f0 - f_inf + g / (2 * (1 - q)) * G0
    yield Identity(in_q(ctx.claim, alpha=alpha) - 2 * V0 / (g * T), "the sum telescopes to the claimed bound")
    step, claimed = 1 / (L + M * q / (1 - q)), ctx.claim.assumption("step_size").relation.rhs
    yield Identity(in_q(ctx.claim, claimed, alpha) - step, "the claimed step size")
    # at gamma = step/(1 + t), t >= 0, the bracket of the one-step inequality is nonnegative
    at = step / (1 + sp.Symbol("t"))
    bracket = 1 / at - L - at * q**2 / (1 - q) ** 2 * M**2
    domain = (Q, Interval(str(L)), Interval(str(M)), Interval("t", closed_low=True))
    yield Inequality(bracket, domain, what="claimed steps are admissible")


@check(ef21.NONCONVEX_QM, level=SYMBOLIC)
@check(ef21.NONCONVEX_AM, level=SYMBOLIC)
def telescoping(ctx: Context) -> Iterator[Evidence]:
    """The one-step inequality telescoped, as in the derivation; and the code's step size is the claim's."""
    yield from _sum_and_step(ctx)
    quadratic = ctx.claim.parameters[2].name == "L_QM"
    L, a, b = sp.symbols("L a b", positive=True)
    step, mean = (ef21.step_size_qm, sp.sqrt((a**2 + b**2) / 2)) if quadratic else (ef21.step_size_am, (a + b) / 2)
    inverse = sp.powdenest(1 / step(L, (a, b), *ctx.symbols("alpha")).subs(*ctx.symbols("alpha"), ALPHA), force=True)
    yield Identity(inverse - L - mean * q / (1 - q), "the code's step size is 1/(L + mean xi)")


@check(ef21.PARTIAL_PARTICIPATION, level=SYMBOLIC)
def participation_is_a_compressor(ctx: Context) -> Iterator[Evidence]:
    """p(1 - alpha) + (1 - p) = 1 - p alpha, then the sum of plain EF21."""
    p, a = ctx.symbols("p", "alpha")
    yield Identity(p * (1 - a) + (1 - p) - (1 - p * a), "an idle worker is a compressor with contraction p alpha")
    yield from _sum_and_step(ctx, ALPHA / p)


@check(ef21.RARE_FEATURES, level=SYMBOLIC)
def telescoping_rare(ctx: Context) -> Iterator[Evidence]:
    """Kernel proof of one step from Cauchy-Schwarz by coordinates and the distortion lemma, telescoped; L_i the best weights."""
    yield proofs.summed()
    yield _tangent("Cauchy-Schwarz in a coordinate; L_i are the best weights; L_rf <= sqrt(c/n) L_QM")
    yield from _sum_and_step(ctx)


@check(ef21.HETERO_COMPRESSORS, level=SYMBOLIC)
def hetero_proof(ctx: Context) -> Iterator[Evidence]:
    """Kernel proof of one step from the summed distortion lemma, telescoped; the best weights by Cauchy-Schwarz."""
    yield proofs.summed()
    g, T, f0, f_inf, D0 = ctx.symbols("gamma", "T", "f0", "f_inf", "D0")
    yield Identity(ctx.claim.expression - 2 * (f0 - f_inf + g / 2 * D0) / (g * T), "the sum telescopes")
    yield _tangent("best weights")


@check(ef21.SGD, level=SYMBOLIC)
def sgd_constants(ctx: Context) -> Iterator[Evidence]:
    """Two Young splits give theta, beta' and nu; the one-step inequality telescopes to the floor."""
    s, claim = sp.Symbol("s", positive=True), ctx.claim  # s = sqrt(q)
    split = 1 / s - 1  # 1 + split = 1/s for both applications
    yield Identity(s**4 * (1 + split) ** 2 - s**2, "theta = 1 - q")
    beta = s**4 * (1 + split) * (1 + 1 / split)
    nu = s**4 * (1 + split) + 1 + 1 / split
    yield Identity(beta - s**3 / (1 - s), "beta'")
    yield Identity(nu - (s**3 + 1 / (1 - s)), "nu")
    g, L, M, T, f0, f_inf, G0, S = ctx.symbols("gamma", "L", "L_AM", "T", "f0", "f_inf", "G0", "sigma2")
    at = {claim.parameter("alpha").symbol: 1 - s**4}
    c = g / (2 * (1 - s**2))
    total = 2 / (g * T) * (f0 - f_inf + c * G0 + T * c * nu * M * S)
    yield Identity(sp.simplify(sp.powdenest(claim.expression.subs(at), force=True)) - total, "the sum telescopes")
    step = sp.powdenest(claim.assumption("step_size").relation.rhs.subs(at), force=True)
    ratio = sp.simplify(((1 / step - L) / M) ** 2)
    yield Identity(ratio - beta / (1 - s**2), "the claimed step is 1/(L + L_AM sqrt(beta'/theta))")


# --- the threshold -----------------------------------------------------------------------------------------------------------


@check(ef21.SHARP_THRESHOLD, level=SYMBOLIC)
def threshold_from_both_sides(ctx: Context) -> Iterator[Evidence]:
    """Kernel proof of descent below gamma*; two workers: a cycle at gamma*, an eigenvalue below -1 above; gamma* <= 2 gamma_AM."""
    yield proofs.sharp()
    L, M = ctx.symbols("L", "L_AM")
    sharp = in_q(ctx.claim)
    yield Identity(sharp - _sharp(L, M), "gamma* of the proof is the claimed threshold")
    # f_1 = (L + M) x^2/2 with C = 1 + q, f_2 = (L - M) x^2/2 with C = 1 - q; x -> -x in one step from x = 1
    h, gains = (L + M, L - M), (1 + q, 1 - q)
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
    ratio, ordered = sharp * (L + M * q / (1 - q)), (Q, Interval("L"), Interval("L_AM", "L", closed_low=True))
    yield Inequality(ratio - 1, ordered, what="gamma_AM <= gamma*")
    yield Inequality(2 - ratio, ordered, what="gamma* <= 2 gamma_AM")


def _linear_rate(ctx: Context) -> Iterator[Evidence]:
    g, mu, T, Psi0 = ctx.symbols("gamma", "mu", "T", "Psi0")
    yield Identity(ctx.stated(T=T + 1) - (1 - g * mu) * ctx.claim.expression, "each step multiplies by 1 - gamma mu")
    yield Identity(ctx.stated(T=0) - Psi0, "the bound starts at Psi^0")


@check(ef21.PL, level=SYMBOLIC)
def pl_step(ctx: Context) -> Iterator[Evidence]:
    """The rate step by step, and the paper's step: the bracket of its one-step inequality is nonnegative there."""
    yield from _linear_rate(ctx)
    # gamma = 1/(L + y), y = sqrt2 xi M, solves 1/gamma - L - 2 gamma xi^2 M^2 >= 0
    L, M, y = *ctx.symbols("L", "L_AM"), sp.Symbol("y")
    yield Inequality(y - y**2 / (L + y), (Interval("L"), Interval("y")), what="the paper's step is admissible")
    step = in_q(ctx.claim, ctx.claim.assumption("step_size").relation.rhs)
    yield Identity(step - 1 / (L + sp.sqrt(2) * q / (1 - q) * M), "the claimed step size")


@check(ef21.PL_REFINED, level=SYMBOLIC)
def pl_refined_step(ctx: Context) -> Iterator[Evidence]:
    """The rate step by step; the claimed condition on gamma is the sign of the bracket of its one-step inequality."""
    yield from _linear_rate(ctx)
    g, mu, L, M = ctx.symbols("gamma", "mu", "L", "L_AM")
    left = 1 - q - g * mu
    bracket = 1 / (2 * g) - L / 2 - g / (2 * left) * q**2 / (1 - q) * M**2
    relation = ctx.claim.assumption("step_size").relation
    yield Identity(bracket * 2 * g * left - in_q(ctx.claim, relation.rhs - relation.lhs), "the bracket's sign")


@check(ef21.TIGHT_SINGLE_WORKER, level=SYMBOLIC)
def tight_rate(ctx: Context) -> Iterator[Evidence]:
    """Kernel proof of the rate, and the quadratic on which it is attained."""
    yield proofs.tight_single_worker()
    z, K, any_r = sp.symbols("z K", positive=True) + (sp.Symbol("r"),)
    r = (z**2 - q) / ((1 - q) * z)
    # the discriminant is a square: (1-q)^2 r^2 + 4q = (z + q/z)^2
    yield Identity((1 - q) ** 2 * r**2 + 4 * q - (z + q / z) ** 2, "z is the positive root")
    rho = sp.expand((((1 - q) * any_r + sp.sqrt((1 - q) ** 2 * any_r**2 + 4 * q)) / 2) ** 2)
    claimed = ctx.stated(alpha=ALPHA, mu=K * (1 - any_r) / 2, L=K * (1 + any_r) / 2)
    yield Identity(sp.simplify(claimed) - rho, "rho is the claimed rate")
    # on f = lambda x^2/2 with C(x) = (1 + q) x the step is linear with characteristic polynomial z^2 -+ (1-q) r z - q
    eta = 2 / K * (1 - q) / (1 + q)
    for curvature, sign in ((K * (1 + r) / 2, 1), (K * (1 - r) / 2, -1)):
        step = sp.Matrix([[1, -eta], [(1 + q) * curvature, -q - (1 + q) * curvature * eta]])
        yield Identity(sp.cancel((step + sign * z * sp.eye(2)).det()), "the rate is an eigenvalue")


# --- equivalence, cloning, constants -----------------------------------------------------------------------------------------


@check(ef21.W_EQUIVALENCE, level=SYMBOLIC)
def weighted_state_is_rescaled(ctx: Context) -> Iterator[Evidence]:
    """With g^{EF21} = n w g^W and C(tx) = tC(x), one step of either gives the other's, for C linear on each ray."""
    n, w, g, h, k, gamma, x = sp.symbols("n w g h k gamma x", positive=True)  # k: C on the ray of h/(nw) - g
    new_w, new = g + k * (h / (n * w) - g), n * w * g + k * (h - n * w * g)
    yield Identity(n * w * new_w - new, "the states stay related")
    yield Identity((x - gamma * w * g) - (x - gamma / n * (n * w * g)), "the server makes the same step")


@check(ef21.CLONING, level=SYMBOLIC)
def clones_bound(ctx: Context) -> Iterator[Evidence]:
    """N <= 2n and sum L_i^2/N_i <= n L_AM^2 give M <= sqrt(2) L_AM; M >= L_AM by Cauchy-Schwarz, equal at N_i prop. to L_i."""
    # one client with L_i = x, L_AM = M and N_i = ceil(x/M) = x/M + t, 0 <= t < 1
    (x, M, n), t = sp.symbols("x M n", positive=True), sp.Symbol("t", nonnegative=True)
    copies = x / M + t
    domain = (Interval("x"), Interval("M"), Interval("t", "0", "1", closed_low=True))
    yield Inequality(x * M - x**2 / copies, domain, what="L_i^2/N_i <= L_i L_AM, whose sum is n L_AM^2")
    yield Inequality(x / M + 1 - copies, domain, what="N_i <= L_i/L_AM + 1, whose sum is 2n")
    yield Identity(sp.sqrt(2 * n * (n * M**2)) / n - sp.sqrt(2) * M, "the two sums in M(N)")
    yield _tangent("M >= L_AM")
    i, count = sp.Symbol("i", integer=True), sp.Symbol("n", integer=True, positive=True)
    L_AM = sp.Sum(ctx.claim.parameter("L_i").symbol[i], (i, 1, count)) / count
    yield Identity(ctx.claim.expression - sp.sqrt(2) * L_AM, "the claim is sqrt(2) L_AM")


@check(ef21.SMOOTHNESS_CONSTANTS, level=SYMBOLIC)
def curvature_of_the_losses(ctx: Context) -> Iterator[Evidence]:
    """Second derivatives of loss and regulariser: both extreme at x = 0, where they add."""
    x, c, top, m, lam = sp.Symbol("x"), *ctx.symbols("c", "lam_max", "m", "lam")
    second = sp.diff(x**2 / (1 + x**2), x, 2)
    y, s = sp.symbols("y s")  # y = x^2, s = sigmoid(z)
    in_y, reals = sp.cancel(sp.cancel(sp.together(second)).subs(x, sp.sqrt(y))), (Interval("y", closed_low=True),)
    yield Inequality(2 - in_y, reals, what="regulariser: at most 2")
    yield Inequality(sp.Rational(1, 2) + in_y, reals, what="regulariser: at least -1/2")
    yield Identity(sp.Rational(1, 4) - s * (1 - s) - (s - sp.Rational(1, 2)) ** 2, "logistic loss: sigma' <= 1/4, at 0")
    yield Identity(second.subs(x, 0) - 2, "regulariser at 0")
    yield Identity(ctx.claim.expression - (c * top / m + 2 * lam), "they add at x = 0")


@check(ef21.COMPRESSORS, level=SYMBOLIC)
def compressor_constants(ctx: Context) -> Iterator[Evidence]:
    """The alphas: Top-K by its threshold, by induction for scaled sign, scalars, rare application, Rand-K, scaled unbiased."""
    s, w, p, a = sp.symbols("s omega p a", positive=True)
    yield Identity((1 - s) ** 2 - ctx.stated(alpha=1 - (1 - s) ** 2), "C(x) = s x")
    yield Identity(p * (1 - a) + 1 - p - ctx.stated(alpha=p * a), "applied with probability p")
    # unbiased with variance omega, scaled by t = 1/(1+omega): t^2 omega + (1-t)^2 = 1 - 1/(1+omega)
    t = 1 / (1 + w)
    yield Identity(t**2 * w + (1 - t) ** 2 - ctx.stated(alpha=t), "scaled unbiased")
    # Top-K, d = K + r: the K squares that are kept are at least tau each, the r that are lost at most tau (tau = 0: none is lost)
    K, r, kept, lost = sp.symbols("K r kept lost")
    sizes = (Interval("K"), Interval("r"), Interval("tau"))
    sums = (Interval("kept", "K*tau", closed_low=True), Interval("lost", "0", "r*tau", closed_high=True))
    yield Inequality(ctx.stated(alpha=K / (K + r)) * (kept + lost) - lost, (*sizes, *sums), what="Top-K, every K and d")
    # Rand-K drops each entry with probability 1 - K/d
    yield Identity(1 - K / (K + r) - ctx.stated(alpha=K / (K + r)), "Rand-K in expectation")
    # scaled sign loses |x|^2 - |x|_1^2/d, and |x|_1^2 = S^2 exceeds |x|^2 by a gap: without entries, and with an entry v more
    entries = tuple(Interval(name, closed_low=True) for name in ("S", "gap", "v"))
    yield Inequality("(S + v)^2 - (S^2 - gap + v^2)", entries, what="scaled sign, every d")


# --- certificates at rational parameters -----------------------------------------------------------------------------------------


def rational_q(alpha: Any) -> Fraction:
    """sqrt(1 - alpha) as a fraction.

    Raises:
        ParameterError: it is irrational; names the nearest alpha for which it is not.
    """
    beta = 1 - _exact(alpha, "alpha")
    if not 0 <= beta < 1:
        raise ParameterError(f"alpha = {alpha} is outside (0, 1]")
    n, d = isqrt(beta.numerator), isqrt(beta.denominator)
    if n * n == beta.numerator and d * d == beta.denominator:
        return Fraction(n, d)
    near = 1 - Fraction(float(beta) ** 0.5).limit_denominator(100) ** 2
    raise ParameterError(f"a certificate needs a rational sqrt(1 - alpha); alpha = {alpha} has none, {near} is near")


def _exact(value: Any, name: str) -> Fraction:
    return Fraction(str(as_number(value, name)))


def _values(values: dict[str, Any], *names: str) -> dict[str, Fraction]:
    if set(values) != {*names, "alpha"}:
        need = ", ".join((*names, "alpha"))
        raise ParameterError(f"the certificate needs {need}; got {', '.join(values) or 'nothing'}")
    return {"q": rational_q(values["alpha"])} | {n: _exact(values[n], n) for n in names}


@certifier(ef21.SHARP_DESCENT)
@certifier(ef21.SHARP_THRESHOLD)
def certify_sharp(**values: Any) -> Proof:
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
ALPHAS = (Fraction(3, 4), Fraction(7, 16), Fraction(19, 100))


@check(ef21.SHARP_DESCENT, level=Level.CERTIFIED)
@check(ef21.SHARP_THRESHOLD, level=Level.CERTIFIED)
def certified_below_threshold(ctx: Context) -> Iterator[Evidence]:
    """Certificates at rational (L, L_AM, alpha), at 9/10 of the threshold."""
    for (L, L_AM), alpha in product(GRID, ALPHAS):
        gamma = Fraction(9, 10) * _exact(ef21.step_size_sharp(L, (L_AM,), alpha), "gamma")
        yield certify_sharp(L=L, L_AM=L_AM, gamma=gamma, alpha=alpha)


@check(ef21.TIGHT_SINGLE_WORKER, level=Level.CERTIFIED)
def certified_rate(ctx: Context) -> Iterator[Evidence]:
    """Certificates of the tight rate, rounded up by at most 1e-12."""
    for (mu, L), alpha in product(((Fraction(1, 10), Fraction(1)), (Fraction(1, 2), Fraction(3))), ALPHAS[::2]):
        yield certify_single_worker(mu=mu, L=L, alpha=alpha)
