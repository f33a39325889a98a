"""Negative controls: an assumption of an EF21 claim is given up, and the bound must be violated."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np
import sympy as sp

from gradproof.experiments.communication.ef21 import instances, methods
from gradproof.experiments.communication.ef21.exact import ALPHA, R_MINUS, R_PLUS
from gradproof.experiments.communication.ef21.instances import exact_ef21
from gradproof.experiments.engine.check import Context, Evidence, control
from gradproof.experiments.engine.eprocess import e_value
from gradproof.experiments.engine.run import run, start
from gradproof.experiments.instances import compressors as C
from gradproof.experiments.instances.finite_sums import Quadratics
from gradproof.solvers import ef_lyapunov
from gradproof.theory.communication import ef21
from gradproof.theory.evidence import Measurement, Relation

TOO_LOUD = Fraction(5, 2)  # C(x) = 2.5 x multiplies every error by -1.5


@control(ef21.COMPRESSORS, drops="compressor")
def compressors_that_do_not_contract(ctx: Context) -> Iterator[Evidence]:
    """C(x) = 2.5x, sign without scale, Rand-K rescaled to be unbiased: each loses more than its claimed share."""
    x = np.array([4.0, 0.0, 0.0, 0.0])
    unbiased = np.where(np.arange(4) == 0, 4 * x, 0.0)
    for name, y in (("2.5 x", 2.5 * x), ("sign(x) + 4", np.sign(x) + 4), ("unbiased Rand-1", unbiased)):
        ratio = sp.Rational(float(((y - x) ** 2).sum())) / 16
        yield Measurement(measured=ratio, bound=ctx.claim.bound(alpha=sp.Rational(1, 4)), parameters={"C": name})


@control(ef21.YOUNG_OPTIMAL, drops="best split")
def another_split(ctx: Context) -> Iterator[Evidence]:
    """beta(s)/theta(s) at s = 1, the usual choice, when alpha = 8/9: not the minimum."""
    alpha, s = sp.Rational(8, 9), sp.Integer(1)
    ratio = (1 - alpha) * (1 + 1 / s) / (1 - (1 - alpha) * (1 + s))
    yield Measurement(measured=ratio, bound=ctx.claim.bound(alpha=alpha), parameters={"s": 1})


@control(ef21.DISTORTION, drops="contractive")
def distortion_of_a_loud_compressor(ctx: Context) -> Iterator[Evidence]:
    """C(x) = 2.5x taken for alpha = 3/4: a resting worker's error grows by 9/4."""
    after = sp.Rational(9, 4)
    yield Measurement(measured=after, bound=ctx.claim.bound(alpha=ALPHA, e2=1, u2=0))


@control(ef21.LYAPUNOV_AM, drops="smooth_fi")
def lyapunov_with_smooth_f_alone(ctx: Context) -> Iterator[Evidence]:
    """Workers of curvatures 1 and -9/10 taken for L-smooth, L = 1/20: V jumps."""
    L, gamma = Fraction(1, 20), Fraction(10)
    t = exact_ef21([[1], [Fraction(-9, 10)]], (R_PLUS, R_MINUS), gamma, 1)
    V = [t.f[k] + gamma * sum(t.e2[k], sp.Integer(0)) / 2 for k in (0, 1)]  # gamma/(2 theta), weights L_AM/L_i = 1
    dx = t.x[1][0] - t.x[0][0]
    bound = ctx.claim.bound(gamma=gamma, L=L, L_AM=L, alpha=ALPHA, V=V[0], grad2=t.grad2[0], dx2=dx * dx)
    yield Measurement(measured=V[1], bound=bound, parameters={"gamma": "10"})


@control(ef21.LYAPUNOV_AM, drops="contractive")
def lyapunov_of_a_loud_compressor(ctx: Context) -> Iterator[Evidence]:
    """C(x) = 2.5x taken for alpha = 3/4: V grows at the claimed step."""
    gamma = Fraction(1, 2)
    t = exact_ef21([[1]], (TOO_LOUD,), gamma, 1)
    V = [t.f[k] + gamma * t.e2[k][0] for k in (0, 1)]
    dx = t.x[1][0] - t.x[0][0]
    bound = ctx.claim.bound(gamma=gamma, L=1, L_AM=1, alpha=ALPHA, V=V[0], grad2=t.grad2[0], dx2=dx * dx)
    yield Measurement(measured=V[1], bound=bound)


class _Rates(NamedTuple):
    L: Any
    mean: Any


def _diverging_average(ctx: Context, h: Any, r: Any, gamma: Any, T: int, rates: _Rates, drop: list[str]) -> Measurement:
    """An exact run that should break the bound of a nonconvex claim at the constants ``rates``."""
    t = exact_ef21(h, r, gamma, T)
    quadratic = ctx.claim.id.startswith(ef21.NONCONVEX_QM.id)
    G0 = sum(t.e2[0], sp.Integer(0)) / len(h) if quadratic else t.G(0, sp.sympify(rates.mean))
    name = {ef21.NONCONVEX_QM.id: "L_QM", ef21.RARE_FEATURES.id: "L_rf"}.get(ctx.claim.id.split("~")[0], "L_AM")
    bound = ctx.claim.bound(
        gamma=gamma, L=rates.L, **{name: rates.mean}, alpha=ALPHA, T=T, f0=t.f[0], f_inf=0, G0=G0, drop=drop
    )
    return Measurement(measured=t.average(), bound=bound, parameters={"h": str(h), "gamma": str(gamma), "T": T}, n=T)


OPPOSED = [[1], [Fraction(-9, 10)]]  # L = 1/20, L_AM = 19/20


@control(ef21.NONCONVEX_QM, drops="step_size")
@control(ef21.NONCONVEX_AM, drops="step_size")
def step_one_over_L(ctx: Context) -> Iterator[Evidence]:
    """gamma = 1/L without the compression term: curvatures 1 and -9/10 diverge at 20 (threshold 1.48)."""
    yield _diverging_average(
        ctx, OPPOSED, (R_PLUS, R_MINUS), 20, 10, _Rates(Fraction(1, 20), Fraction(19, 20)), ["step_size"]
    )


@control(ef21.NONCONVEX_QM, drops="smooth_fi")
@control(ef21.NONCONVEX_AM, drops="smooth_fi")
def smooth_f_alone(ctx: Context) -> Iterator[Evidence]:
    """The workers' constants taken to be that of f, 1/20: the admitted step 10 diverges."""
    yield _diverging_average(ctx, OPPOSED, (R_PLUS, R_MINUS), 10, 10, _Rates(Fraction(1, 20), Fraction(1, 20)), [])


@control(ef21.NONCONVEX_QM, drops="contractive")
@control(ef21.NONCONVEX_AM, drops="contractive")
def loud_compressor(ctx: Context) -> Iterator[Evidence]:
    """C(x) = 2.5x taken for alpha = 3/4: the error grows by 1.5 a step, even at a hundredth of the step size."""
    for gamma in (Fraction(1, 2), Fraction(1, 200)):
        yield _diverging_average(ctx, [[1]], (TOO_LOUD,), gamma, 60, _Rates(1, 1), [])


@control(ef21.NONCONVEX_QM, drops="error feedback")
@control(ef21.NONCONVEX_AM, drops="error feedback")
def no_error_feedback(ctx: Context) -> Iterator[Evidence]:
    """x+ = x - gamma mean Top1(grad f_i) on three quadratics: x grows by 1 + 11 gamma/6 a step, while EF21 converges."""
    a = np.array([[-3.0, 2.0, 2.0], [2.0, -3.0, 2.0], [2.0, 2.0, -3.0]])
    P = Quadratics(2 * a[:, :, None] * a[:, None, :] + 0.5 * np.eye(3))
    at = instances.Constants.of(P)
    quadratic = ctx.claim.id.startswith(ef21.NONCONVEX_QM.id)
    gamma, T = at.steps(1 / 3)["qm" if quadratic else "am"], 300
    out = run(methods.compressed_gd(P, gamma, C.TopK(1)), start(np.ones(3)), T, record={"x": lambda s: s.x})
    grad = P.gradients(out.x.values[0, 0]).mean(axis=-2)
    measured = float((grad[:-1] ** 2).sum(-1).mean())
    # the messages at the start are what EF21 would send: its G0
    first = P.gradients(np.ones(3))
    e2 = ((C.TopK(1)(first) - first) ** 2).sum(-1)
    G0 = float(e2.mean()) if quadratic else float(at.L_AM * (e2 / np.array(at.L_i)).mean())
    mean = {"L_QM": at.L_QM} if quadratic else {"L_AM": at.L_AM}
    bound = ctx.claim.bound(
        gamma=gamma, L=at.L, **mean, alpha=1 / 3, T=T, f0=float(P.values(np.ones(3)).mean()), f_inf=0.0, G0=G0
    )
    yield Measurement(
        measured=measured,
        bound=bound,
        error=measured * 2.0**-30,
        error_source="rounding",
        parameters={"gamma": gamma, "T": T},
        n=T,
    )


@control(ef21.STEPSIZE_ROOT, drops="step size below the root")
def bracket_above_the_root(ctx: Context) -> Iterator[Evidence]:
    """5 % above the root the coefficient of |Delta|^2 has the wrong sign (claimed: not negative)."""
    L, L_AM = Fraction(1, 4), Fraction(3, 4)
    gamma = sp.Rational(21, 20) * ctx.claim.bound(L=L, L_AM=L_AM, alpha=ALPHA)
    bracket = 1 / (2 * gamma) - sp.Rational(1, 8) - gamma * sp.Rational(9, 32)
    yield Measurement(measured=bracket, bound=0, relation=Relation.GE, what="bracket")


@control(ef21.HETERO_COMPRESSORS, drops="contractive")
def one_worker_worse_than_claimed(ctx: Context) -> Iterator[Evidence]:
    """Both workers taken for alpha = 3/4 while the second multiplies its error by -1.5."""
    gamma, T = Fraction(1, 5), 60  # L = 2, mean L_i xi_i = 3
    t = exact_ef21([[5], [-1]], (R_PLUS, TOO_LOUD), gamma, T)
    D0 = (t.e2[0][0] / 5 + t.e2[0][1]) * 3  # (1/n^2) sum e_i^2/(w_i theta), w = (5, 1)/6, theta = 1/2
    bound = ctx.claim.bound(gamma=gamma, L=2, L_i=(5, 1), alpha_i=(ALPHA, ALPHA), T=T, f0=t.f[0], f_inf=0, D0=D0)
    yield Measurement(measured=t.average(), bound=bound, n=T)


@control(ef21.SHARP_THRESHOLD, drops="step size below the threshold")
def growth_above_the_threshold(ctx: Context) -> Iterator[Evidence]:
    """Two workers at 1.05 gamma*: |x| after 400 steps against its start (claimed: it does not grow); at 0.95 it falls."""
    L, L_AM = Fraction(1, 4), Fraction(3, 4)
    h, s = ef_lyapunov.sharp_instance(float(L), float(L_AM))
    gamma = 1.05 * float(ctx.claim.bound(L=L, L_AM=L_AM, alpha=ALPHA))
    rho = ef_lyapunov.spectral_radius(gamma, q=0.5, h=h, s=s)
    yield Measurement(
        measured=rho, bound=1.0, error=2.0**-40, error_source="rounding", relation=Relation.LE, what="spectral radius"
    )
    P = Quadratics(np.array(h)[:, None, None])
    compressor = C.PerClient((C.Scalar(1.5), C.Scalar(0.5)))
    out = run(methods.ef21(P, gamma, compressor), start(np.ones(1)), 400, record={"x": lambda s: abs(s.x[..., 0])})
    x = out.x.values[0, 0]
    yield Measurement(
        measured=float(x[-1]),
        bound=float(x[0]),
        error=float(x[-1]) * 2.0**-30,
        error_source="rounding",
        relation=Relation.LE,
        what="|x|",
        n=400,
    )


@control(ef21.SHARP_THRESHOLD, drops="contractive")
def no_threshold_without_contraction(ctx: Context) -> Iterator[Evidence]:
    """C(x) = 2.5x: the spectral radius exceeds 1 at every step, even at a thousandth of the threshold."""
    for share in (0.9, 0.001):
        gamma = share * float(ctx.claim.bound(L=1, L_AM=1, alpha=ALPHA))
        rho = ef_lyapunov.spectral_radius(gamma, q=1.5, h=(1.0,), s=(1,))
        yield Measurement(
            measured=rho,
            bound=1.0,
            error=2.0**-40,
            error_source="rounding",
            relation=Relation.LE,
            what="spectral radius",
        )


@control(ef21.PL, drops="PL")
@control(ef21.PL_REFINED, drops="PL")
def flatter_than_claimed(ctx: Context) -> Iterator[Evidence]:
    """mu = 1 claimed for a quadratic whose second eigenvalue is 1/100."""
    gamma, T = Fraction(1, 4), 20
    refined = ctx.claim.id.startswith(ef21.PL_REFINED.id)
    t = exact_ef21([[1, Fraction(1, 100)]], (R_PLUS,), gamma, T)
    weight = gamma / (2 * (Fraction(1, 2) - gamma)) if refined else 2 * gamma
    Psi = [t.f[k] + sp.Rational(weight.numerator, weight.denominator) * t.e2[k][0] for k in (0, T)]
    bound = ctx.claim.bound(gamma=gamma, mu=1, L=1, L_AM=1, alpha=ALPHA, T=T, Psi0=Psi[0])
    yield Measurement(measured=Psi[1], bound=bound, n=T)


@control(ef21.TIGHT_SINGLE_WORKER, drops="optimal_step")
def another_step(ctx: Context) -> Iterator[Evidence]:
    """Squared spectral radius at 1.2 and 0.8 times the best step: the rate is lost on both sides."""
    mu, q = 0.1, 0.5
    eta = float(ef21.step_size_single_worker(mu, 1.0, 0.75))
    for factor in (1.2, 0.8):
        rho = max(ef_lyapunov.spectral_radius(factor * eta, q=q, h=(h,), s=(1,)) ** 2 for h in (mu, 1.0))
        yield Measurement(
            measured=rho,
            bound=ctx.claim.bound(mu=mu, L=1.0, alpha=0.75),
            error=2.0**-40,
            error_source="rounding",
            parameters={"factor": factor},
        )


@control(ef21.TIGHT_SINGLE_WORKER, drops="strongly_convex")
def flat_direction(ctx: Context) -> Iterator[Evidence]:
    """Curvature 1/100 where mu = 1/10 is claimed."""
    eta = float(ef21.step_size_single_worker(0.1, 1.0, 0.75))
    rho = ef_lyapunov.spectral_radius(eta, q=0.5, h=(0.01,), s=(1,)) ** 2
    yield Measurement(
        measured=rho, bound=ctx.claim.bound(mu=0.1, L=1.0, alpha=0.75), error=2.0**-40, error_source="rounding"
    )


@control(ef21.W_EQUIVALENCE, drops="positively_homogeneous")
def rounding_to_powers_of_two(ctx: Context) -> Iterator[Evidence]:
    """Entries rounded to the nearest power of two: EF21-W with weights L_i/sum L_j parts from EF21."""
    P = instances.breast_cancer()
    at = instances.Constants.of(P)
    c, gamma = C.NearestPowerOfTwo(), at.steps(8 / 9)["am"]
    weights = np.asarray(at.L_i) / sum(at.L_i)
    paths = [
        run(m, start(np.ones(P.d)), 50, record={"x": lambda s: s.x}).x.values
        for m in (methods.ef21(P, gamma, c), methods.ef21_w(P, gamma, c, weights))
    ]
    yield Measurement(
        measured=float(np.abs(paths[0] - paths[1]).max()),
        bound=ctx.claim.bound(),
        error=1e-9,
        error_source="rounding",
        n=50,
    )


@control(ef21.CLONING, drops="clones")
def without_clones(ctx: Context) -> Iterator[Evidence]:
    """One copy each of L = (1, 1, 1, 100): the quadratic mean is 50.0, above sqrt(2) 25.75."""
    L_i = (1, 1, 1, 100)
    square = ef_lyapunov.cloning_mean_square(L_i, (1, 1, 1, 1))
    yield Measurement(
        measured=sp.sqrt(sp.Rational(square.numerator, square.denominator)), bound=ctx.claim.bound(L_i=L_i)
    )


@control(ef21.RARE_FEATURES, drops="rare_features")
def shared_features_taken_for_disjoint(ctx: Context) -> Iterator[Evidence]:
    """Two workers on one coordinate, counted as if on two: L_rf = 1/2 admits a step of 1.8, which diverges."""
    L, rf = Fraction(1, 20), Fraction(1, 2)
    yield _diverging_average(ctx, OPPOSED, (R_PLUS, R_MINUS), 1 / (L + rf), 60, _Rates(L, rf), [])


@control(ef21.PARTIAL_PARTICIPATION, drops="independent_participation")
def a_worker_never_takes_part(ctx: Context) -> Iterator[Evidence]:
    """p = 4/5 claimed while the second worker stays idle: x settles where the gradient does not vanish."""
    h, r, gamma, T = (Fraction(5), Fraction(-1)), (Fraction(5, 4), Fraction(3, 4)), Fraction(1, 5), 400
    x, g, total = 1.0, [float(r[0] * h[0]), float(r[1] * h[1])], 0.0
    for _ in range(T):
        total += (2 * x) ** 2
        x -= float(gamma) * (g[0] + g[1]) / 2
        g[0] += float(r[0]) * (5 * x - g[0])
    G0 = 3 * sum((r[i] * h[i] - h[i]) ** 2 / abs(h[i]) for i in range(2)) / 2
    bound = ctx.claim.bound(
        gamma=gamma, L=2, L_AM=3, alpha=Fraction(15, 16), p=Fraction(4, 5), T=T, f0=1, f_inf=0, G0=G0
    )
    yield Measurement(measured=total / T, bound=float(bound), error=total / T * 2.0**-40, error_source="rounding", n=T)


@control(ef21.SGD, drops="unbiased_gradients")
def compressed_noise_is_biased(ctx: Context) -> Iterator[Evidence]:
    """g = grad f + Top1(noise), taken for noiseless: E|grad f|^2 >= sigma^2/30 in the limit, for every step size."""
    sigma, gamma, T, seeds = 1.0, 0.2, 4000, 60
    points = np.sqrt(0.3) * sigma * np.array([[2.0, 0.0], [0.0, 1.0], [-2.0, -1.0]])
    sent = C.TopK(1)(points)
    noise = sent[ctx.rng("noise").integers(0, 3, (T, seeds))]
    x, total = np.full((seeds, 2), 0.1), np.zeros(seeds)
    for t in range(T):
        total += (x**2).sum(-1)
        x = x - gamma * (x + noise[t])
    values = total / T
    bound = ctx.claim.bound(gamma=gamma, L=1.0, L_AM=1.0, alpha=0.5, T=T, f0=0.01, f_inf=0.0, G0=0.0, sigma2=0.0)
    yield Measurement(
        measured=float(values.mean()),
        bound=bound,
        error=float(values.std(ddof=1) / np.sqrt(seeds)),
        error_source="statistical",
        parameters={"sigma^2/30": sigma**2 / 30},
        seed=ctx.seed,
        n=seeds,
        e_value=e_value(values, float(bound)),
        level=1e-6,
    )


@control(ef21.SMOOTHNESS_CONSTANTS, drops="loss")
def constant_of_the_other_loss(ctx: Context) -> Iterator[Evidence]:
    """The constant of the logistic loss for least squares: eight times too small."""
    P = instances.sine()
    rows = P.A.reshape(-1, P.d)
    lam_max = float(np.linalg.eigvalsh(rows.T @ rows)[-1])
    bound = ctx.claim.bound(c=0.25, lam_max=lam_max, m=len(rows), lam=P.lam)
    yield Measurement(measured=P.L, bound=bound, error=P.L * 2.0**-40, error_source="rounding")
