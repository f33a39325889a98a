"""The claims of EF21 confronted with exact solvers, and with runs in rational arithmetic."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import numpy as np
import sympy as sp

from gradproof.experiments.communication.ef21 import instances, methods
from gradproof.experiments.communication.ef21.instances import ROUNDING, exact_ef21
from gradproof.experiments.engine.check import Context, Evidence, check
from gradproof.experiments.engine.run import run, start
from gradproof.experiments.instances import compressors as C
from gradproof.solvers import ef_lyapunov, ef_pep
from gradproof.theory.communication import ef21
from gradproof.theory.evidence import Level, Measurement, Relation

EXACT = Level.EXACT
GRID = tuple(itertools.product((0.25, 0.5, 0.75, 0.9), (1.0, 0.5, 0.1)))  # q, L/L_AM
HALF = sp.Rational(1, 2)
ALPHA = sp.Rational(3, 4)  # q = 1/2, theta = 1/2, beta = 1/2, xi = 1
R_PLUS, R_MINUS = Fraction(3, 2), Fraction(1, 2)  # C(x) = (1 + q)x and (1 - q)x


@check(ef21.COMPRESSORS, level=EXACT)
def worst_vectors(ctx: Context) -> Iterator[Evidence]:
    """Vectors on which TopK, scaled sign, a scalar and rounding to powers of two lose most, in exact arithmetic."""
    cases: list[tuple[Any, np.ndarray, sp.Rational]] = [
        (C.TopK(1), np.array([1.0, -1.0, 1.0, 1.0]), sp.Rational(1, 4)),
        (C.TopK(3), np.array([2.0, -2.0, 2.0, 2.0]), sp.Rational(3, 4)),
        (C.ScaledSign(), np.array([4.0, 0.0, 0.0, 0.0]), sp.Rational(1, 4)),
        (C.Scalar(1.5), np.array([1.0, -2.0]), ALPHA),
        (C.NearestPowerOfTwo(), np.array([3.0, -6.0]), sp.Rational(8, 9)),
    ]
    for c, x, alpha in cases:
        # small dyadic entries: every operation below is exact in floating point
        lost, whole = float(((c(x) - x) ** 2).sum()), float((x**2).sum())
        yield Measurement(
            measured=sp.Rational(lost) / sp.Rational(whole),
            bound=ctx.claim.bound(alpha=alpha),
            parameters={"C": str(c)},
        )


@check(ef21.YOUNG_OPTIMAL, level=EXACT)
def least_ratio_by_search(ctx: Context) -> Iterator[Evidence]:
    """beta(s)/theta(s) minimised over s by golden section."""
    from scipy.optimize import minimize_scalar

    for q in (0.1, 0.25, 0.5, 0.75, 0.9, 0.99):
        # theta(s) > 0 needs s < 1/q^2 - 1; the search runs over s = v (1/q^2 - 1)
        top = 1 / q**2 - 1
        found = minimize_scalar(
            lambda v, q=q, top=top: q * q * (1 + 1 / (v * top)) / (1 - q * q * (1 + v * top)),
            bounds=(1e-9, 1 - 1e-9),
            method="bounded",
            options={"xatol": 1e-10},
        )
        # the minimum is flat: an argument off by sqrt(eps) moves the value by eps, times the condition 1/(1-q)^2
        error = found.fun * 2.0**-44 / (1 - q) ** 2
        yield Measurement(
            measured=float(found.fun),
            bound=ctx.claim.bound(alpha=1 - q * q),
            error=error,
            error_source="rounding",
            parameters={"q": q},
        )


@check(ef21.DISTORTION, level=EXACT)
def distortion_attained(ctx: Context) -> Iterator[Evidence]:
    """Rational errors and movements for C(x) = (1 + q)x, q = 1/2: equality at u = -e, less elsewhere."""
    q = Fraction(1, 2)
    for e, u in ((1, -1), (1, 0), (0, 1), (1, 1), (-3, 2), (5, -4)):
        after = q * q * (e - u) ** 2
        bound = ctx.claim.bound(alpha=ALPHA, e2=e * e, u2=u * u)
        yield Measurement(
            measured=sp.Rational(after.numerator, after.denominator), bound=bound, parameters={"e": e, "u": u}
        )


@check(ef21.LYAPUNOV_AM, level=EXACT)
def best_one_step_decrease(ctx: Context) -> Iterator[Evidence]:
    """The best provable V+ (V = 1, |grad f| = 1) over all Lyapunov functions, by a semidefinite program."""
    for q, L in GRID:
        alpha = 1 - q * q
        gamma = float(ef21.step_size_am(L, (1.0,), alpha))
        found = ef_lyapunov.best_delta(gamma, L=L, L_AM=1.0, q=q)
        bound = ctx.claim.bound(gamma=gamma, L=L, L_AM=1.0, alpha=alpha, V=1.0, grad2=1.0, dx2=0.0)
        yield Measurement(
            measured=1 - found.value,
            bound=bound,
            error=found.error,
            error_source="solver gap",
            parameters={"q": q, "L": L, "L_AM": 1, "looseness": found.value / (gamma / 2)},
            what="best provable V+",
        )


@check(ef21.NONCONVEX_QM, level=EXACT)
@check(ef21.NONCONVEX_AM, level=EXACT)
def worst_case_with_one_worker(ctx: Context) -> Iterator[Evidence]:
    """Worst case over all smooth functions and contractive compressors, one worker, f0 - f_inf + c|e0|^2 <= 1."""
    for q, T in itertools.product((0.5, 0.75, 0.9), (1, 2, 3, 6)):
        gamma, alpha = 1 - q, 1 - q * q
        c = gamma / (2 * (1 - q))
        found = ef_pep.pep(T, gamma, q=q, c=c)
        values = {"gamma": gamma * (1 - 1e-12), "L": 1.0, "alpha": alpha, "T": T, "f0": 1.0, "f_inf": 0.0, "G0": 0.0}
        mean = "L_QM" if ctx.claim.id.startswith(ef21.NONCONVEX_QM.id) else "L_AM"
        yield Measurement(
            measured=found.value,
            bound=ctx.claim.bound(**values, **{mean: 1.0}),
            error=found.error,
            error_source="solver gap",
            parameters={"q": q, "T": T, "gamma": gamma},
        )


@check(ef21.NONCONVEX_QM, level=EXACT)
@check(ef21.NONCONVEX_AM, level=EXACT)
def rational_runs(ctx: Context) -> Iterator[Evidence]:
    """Two workers of curvatures 7 and -1, compressors (1 + q)x and (1 - q)x, q = 1/2, T = 1, 5, 20, exact fractions."""
    quadratic = ctx.claim.id.startswith(ef21.NONCONVEX_QM.id)
    L, mean = 3, 5 if quadratic else 4  # L_QM^2 = 25, L_AM = 4
    gamma = Fraction(1, L + mean)
    for T in (1, 5, 20):
        t = exact_ef21([[7], [-1]], (R_PLUS, R_MINUS), gamma, T)
        G0 = sum(t.e2[0], sp.Integer(0)) / 2 if quadratic else t.G(0, t.L_AM)
        bound = ctx.claim.bound(
            gamma=gamma, L=L, **{"L_QM" if quadratic else "L_AM": mean}, alpha=ALPHA, T=T, f0=t.f[0], f_inf=0, G0=G0
        )
        yield Measurement(measured=t.average(), bound=bound, parameters={"h": "(7, -1)", "T": T}, n=T)


@check(ef21.STEPSIZE_ROOT, level=EXACT)
def root_of_the_bracket(ctx: Context) -> Iterator[Evidence]:
    """Where the coefficient of |Delta|^2 in the one-step inequality changes sign, by bracketing."""
    from scipy.optimize import brentq

    for q, L in GRID:
        alpha, xi = 1 - q * q, q / (1 - q)

        def bracket(g: float, L: float = L, xi: float = xi) -> float:
            return 1 / (2 * g) - L / 2 - g * xi * xi / 2

        root = brentq(bracket, 1e-6, 10.0, xtol=1e-15, rtol=1e-14)
        yield Measurement(
            measured=root,
            bound=ctx.claim.bound(L=L, L_AM=1.0, alpha=alpha),
            error=root * ROUNDING,
            error_source="rounding",
            parameters={"q": q, "L": L, "L_AM": 1},
        )


@check(ef21.SHARP_THRESHOLD, level=EXACT)
def threshold_by_semidefinite_program(ctx: Context) -> Iterator[Evidence]:
    """Largest step with a Lyapunov function, over all of the family: convergence below the threshold."""
    for q, L in GRID:
        found = ef_lyapunov.lyapunov_sdp(L=L, L_AM=1.0, q=q)
        yield Measurement(
            measured=found.value,
            bound=ctx.claim.bound(L=L, L_AM=1.0, alpha=1 - q * q),
            error=found.error + ROUNDING,
            error_source="solver gap",
            parameters={"q": q, "L": L, "L_AM": 1},
        )


@check(ef21.SHARP_THRESHOLD, level=EXACT)
def threshold_of_two_workers(ctx: Context) -> Iterator[Evidence]:
    """Step at which the spectral radius of two workers in one dimension reaches 1: divergence above the threshold."""
    for q, L in GRID:
        h, s = ef_lyapunov.sharp_instance(L, 1.0)
        bound = ctx.claim.bound(L=L, L_AM=1.0, alpha=1 - q * q)
        found = ef_lyapunov.stability_threshold(q=q, h=h, s=s, upper=2 * float(bound))
        # an eigenvalue passes through -1 transversally; a double root would lose half the digits: allow for that
        yield Measurement(
            measured=found,
            bound=bound,
            error=found * 2.0**-24,
            error_source="rounding",
            parameters={"q": q, "L": L, "L_AM": 1},
        )


@check(ef21.SHARP_THRESHOLD, level=EXACT)
def cycle_at_the_threshold(ctx: Context) -> Iterator[Evidence]:
    """q = 1/2, L = 1/4, L_AM = 3/4: at the threshold the iteration has the eigenvalue -1 exactly."""
    gamma = ctx.claim.bound(L=sp.Rational(1, 4), L_AM=sp.Rational(3, 4), alpha=ALPHA)
    h1, h2, q = sp.Integer(1), -HALF, HALF
    M = sp.Matrix([[1, -gamma / 2, -gamma / 2], [(1 + q) * h1, 0, 0], [(1 - q) * h2, 0, 0]])
    M[1, :] = (1 + q) * h1 * M[0, :] - sp.Matrix([[0, q, 0]])
    M[2, :] = (1 - q) * h2 * M[0, :] + sp.Matrix([[0, 0, q]])
    yield Measurement(
        measured=(M + sp.eye(3)).det(),
        bound=0,
        relation=Relation.EQ,
        what="det(M + I)",
        parameters={"gamma": str(gamma)},
    )


@check(ef21.HETERO_COMPRESSORS, level=EXACT)
def rational_runs_with_two_qualities(ctx: Context) -> Iterator[Evidence]:
    """Workers of curvatures 5 and -1 with q_1 = 1/2, q_2 = 2/3, at the largest step, exact fractions."""
    q1, q2, gamma = Fraction(1, 2), Fraction(2, 3), Fraction(2, 11)  # L = 2, mean L_i xi_i = (5 + 2)/2
    for T in (1, 5, 20):
        t = exact_ef21([[5], [-1]], (1 + q1, 1 - q2), gamma, T)
        # w_i = L_i xi_i / 7: D0 = (1/4) sum e_i^2 / (w_i theta_i)
        D0 = (t.e2[0][0] / (sp.Rational(5, 7) * HALF) + t.e2[0][1] / (sp.Rational(2, 7) * sp.Rational(1, 3))) / 4
        bound = ctx.claim.bound(
            gamma=gamma, L=2, L_i=(5, 1), alpha_i=(Fraction(3, 4), Fraction(5, 9)), T=T, f0=t.f[0], f_inf=0, D0=D0
        )
        yield Measurement(measured=t.average(), bound=bound, parameters={"h": "(5, -1)", "T": T}, n=T)


@check(ef21.PL, level=EXACT)
@check(ef21.PL_REFINED, level=EXACT)
def rational_linear_rate(ctx: Context) -> Iterator[Evidence]:
    """Psi of two workers of curvatures 3 and 1, and of two opposite ones, in exact fractions (mu = L)."""
    refined = ctx.claim.id.startswith(ef21.PL_REFINED.id)
    for h in ((3, 1), (5, -1)):
        L = L_mu = Fraction(sum(h), 2)
        L_AM = Fraction(sum(map(abs, h)), 2)
        # 1/(L + 3/2 L_AM xi) <= 1/(L + sqrt(2) L_AM xi), and theta/(2 mu); both steps are admissible for either claim
        gamma = min(1 / (L + Fraction(3, 2) * L_AM), Fraction(1, 4) / L_mu)
        weight = gamma / (2 * (Fraction(1, 2) - gamma * L_mu)) if refined else 2 * gamma
        for T in (1, 5, 20):
            t = exact_ef21([[h[0]], [h[1]]], (R_PLUS, R_MINUS), gamma, T)
            Psi = [t.f[k] + sp.Rational(weight.numerator, weight.denominator) * t.G(k, t.L_AM) for k in (0, T)]
            bound = ctx.claim.bound(gamma=gamma, mu=L_mu, L=L, L_AM=L_AM, alpha=ALPHA, T=T, Psi0=Psi[0])
            yield Measurement(measured=Psi[1], bound=bound, parameters={"h": str(h), "T": T}, n=T)


@check(ef21.TIGHT_SINGLE_WORKER, level=EXACT)
def spectral_radius_squared(ctx: Context) -> Iterator[Evidence]:
    """Squared spectral radius on curvatures mu and L (attained) and between (below), C(x) = (1 + q)x."""
    for q, mu in itertools.product((0.25, 0.5, 0.75, 0.9), (0.01, 0.1, 0.5)):
        alpha = 1 - q * q
        eta = float(ef21.step_size_single_worker(mu, 1.0, alpha))
        bound = ctx.claim.bound(mu=mu, L=1.0, alpha=alpha)
        for h in (mu, (1 + mu) / 2, 1.0):
            rho = ef_lyapunov.spectral_radius(eta, q=q, h=(h,), s=(1,)) ** 2
            # in the middle the eigenvalues are +-sqrt(q), simple as well
            relation = Relation.LE if mu < h < 1 else Relation.EQ
            yield Measurement(
                measured=rho,
                bound=bound,
                error=rho * ROUNDING / (1 - q),
                error_source="rounding",
                relation=relation,
                parameters={"q": q, "mu": mu, "curvature": h},
            )


@check(ef21.W_EQUIVALENCE, level=EXACT)
def identical_bits_with_dyadic_weights(ctx: Context) -> Iterator[Evidence]:
    """n = 4, n w = (1/2, 1/2, 1, 2): scaling is exact in floating point, so that the iterates agree bit by bit."""
    P = instances.breast_cancer(4)
    weights, x0 = np.array([0.125, 0.125, 0.25, 0.5]), np.ones(P.d)
    for c in (C.TopK(1), C.Scalar(0.5)):
        paths = [
            run(m, start(x0), 100, record={"x": lambda s: s.x}).x.values
            for m in (methods.ef21(P, 0.01, c), methods.ef21_w(P, 0.01, c, weights))
        ]
        yield Measurement(
            measured=float(np.abs(paths[0] - paths[1]).max()), bound=ctx.claim.bound(), parameters={"C": str(c)}, n=100
        )


@check(ef21.CLONING, level=EXACT)
def cloning_exact(ctx: Context) -> Iterator[Evidence]:
    """M for integer constants (among them one dominant client), in exact arithmetic."""
    for L_i in ((1, 1, 1, 100), (1, 2, 3, 4, 5), (1,) * 9 + (100,), (51, 49), (101, 99, 100, 101, 99)):
        mean = Fraction(sum(L_i), len(L_i))
        N_i = [-(-Fraction(l) // mean) for l in L_i]
        square = ef_lyapunov.cloning_mean_square(L_i, [int(k) for k in N_i])
        assert len(N_i) <= sum(N_i) <= 2 * len(N_i)
        yield Measurement(
            measured=sp.sqrt(sp.Rational(square.numerator, square.denominator)),
            bound=ctx.claim.bound(L_i=L_i),
            parameters={"L_i": str(L_i), "N": int(sum(N_i))},
        )
        assert square >= mean**2, "the quadratic mean of the copies is at least L_AM"


@check(ef21.RARE_FEATURES, level=EXACT)
def rational_runs_with_rare_features(ctx: Context) -> Iterator[Evidence]:
    """Three workers in four dimensions sharing a coordinate in pairs, C(x) = (1 +- q)x, at the largest step, exact."""
    h = [[4, 2, 0, 0], [0, 3, -1, 0], [0, 0, 4, 2]]
    supports = [{0, 1}, {1, 2}, {2, 3}]
    rf = ef_lyapunov.L_rf((4, 3, 4), supports)
    L = Fraction(5, 3)
    gamma = 1 / (L + rf)
    for T in (1, 5, 15):
        t = exact_ef21(h, (R_PLUS, R_MINUS, R_PLUS), gamma, T)
        bound = ctx.claim.bound(
            gamma=gamma,
            L=L,
            L_rf=rf,
            alpha=ALPHA,
            T=T,
            f0=t.f[0],
            f_inf=0,
            G0=t.G(0, sp.Rational(rf.numerator, rf.denominator)),
        )
        yield Measurement(measured=t.average(), bound=bound, parameters={"h": str(h), "T": T}, n=T)


@check(ef21.RARE_FEATURES, level=EXACT)
def constant_of_rare_features(ctx: Context) -> Iterator[Evidence]:
    """L <= L_rf <= min(L_AM, sqrt(c/n) L_QM) on breast_cancer with six features a client, by eigenvalues."""
    P, supports = instances.rare_breast_cancer()
    at, (c, _) = instances.Constants.of(P), ef_lyapunov.overlap(supports)
    rf = float(ef_lyapunov.L_rf(at.L_i, supports))
    for name, low, high in (("L", at.L, rf), ("L_rf", rf, at.L_AM), ("L_rf", rf, (c / P.n) ** 0.5 * at.L_QM)):
        yield Measurement(
            measured=low, bound=high, error=low * ROUNDING, error_source="rounding", what=name, relation=Relation.LE
        )


@check(ef21.PARTIAL_PARTICIPATION, level=EXACT)
def all_participation_patterns(ctx: Context) -> Iterator[Evidence]:
    """Expectation over all 4^T patterns of two workers, T = 1, 2, 4, exact; alpha = 15/16, p = 4/5: p alpha = 3/4."""
    h, p, gamma = (Fraction(5), Fraction(-1)), Fraction(4, 5), Fraction(1, 5)  # L = 2, L_AM = 3, xi(3/4) = 1
    r = (Fraction(5, 4), Fraction(3, 4))  # (1 +- 1/4) x
    mean = sum(h, Fraction(0)) / 2
    for T in (1, 2, 4):
        paths = [(Fraction(1), Fraction(1), (r[0] * h[0], r[1] * h[1]))]
        total = Fraction(0)
        for _ in range(T):
            total += sum((w * (mean * x) ** 2 for w, x, _ in paths), Fraction(0))
            paths = [
                (
                    w * (p if a else 1 - p) * (p if b else 1 - p),
                    y,
                    (g[0] + a * r[0] * (h[0] * y - g[0]), g[1] + b * r[1] * (h[1] * y - g[1])),
                )
                for w, x, g in paths
                for y in [x - gamma * (g[0] + g[1]) / 2]
                for a, b in itertools.product((0, 1), repeat=2)
            ]
        G0 = 3 * sum((r[i] * h[i] - h[i]) ** 2 / abs(h[i]) for i in range(2)) / 2
        bound = ctx.claim.bound(gamma=gamma, L=2, L_AM=3, alpha=Fraction(15, 16), p=p, T=T, f0=mean / 2, f_inf=0, G0=G0)
        average = total / T
        yield Measurement(
            measured=sp.Rational(average.numerator, average.denominator),
            bound=bound,
            parameters={"T": T, "paths": len(paths)},
            n=T,
        )


@check(ef21.SGD, level=EXACT)
def second_moments_with_one_worker(ctx: Context) -> Iterator[Evidence]:
    """E|grad f|^2 on f = x^2/2 with C(x) = (1 +- q)x from the recursion of the second moments."""
    for q, s, sigma2 in itertools.product((0.25, 0.5, 0.75), (1, -1), (0.01, 1.0)):
        r, alpha = 1 + s * q, 1 - q * q
        gamma = float(1 / (1 + np.sqrt(q**1.5 / (1 - np.sqrt(q)) / (1 - q)))) * (1 - 1e-12)
        M = ef_lyapunov.iteration_matrix(gamma, q=q, h=(1.0,), s=(s,))
        moments = np.ones((2, 2))  # x = g = 1: an exact start
        total, T = 0.0, 200
        for _ in range(T):
            total += moments[0, 0]
            moments = M @ moments @ M.T + np.diag([0.0, r * r * sigma2])
        bound = ctx.claim.bound(
            gamma=gamma, L=1.0, L_AM=1.0, alpha=alpha, T=T, f0=0.5, f_inf=0.0, G0=0.0, sigma2=sigma2
        )
        yield Measurement(
            measured=total / T,
            bound=bound,
            error=total / T * ROUNDING,
            error_source="rounding",
            parameters={"q": q, "s": s, "sigma2": sigma2},
            n=T,
        )


@check(ef21.SMOOTHNESS_CONSTANTS, level=EXACT)
def curvature_at_zero(ctx: Context) -> Iterator[Evidence]:
    """Second difference of the gradient at 0 along the top singular vector, on both problems: the constant is attained."""
    for name, P, c in (("breast_cancer", instances.breast_cancer(), 0.25), ("sine", instances.sine(), 2.0)):
        rows = P.A.reshape(-1, P.d)
        values, vectors = np.linalg.eigh(rows.T @ rows)
        v, slopes = vectors[:, -1], []
        for e in (1e-3, 5e-4):
            up, down = (P.gradients(sign * e * v).mean(axis=-2) for sign in (1, -1))
            slopes.append(float((up - down) @ v / (2 * e)))
        # the truncation is quadratic in e: Richardson's extrapolation removes it, and its step bounds what is left
        slope = (4 * slopes[1] - slopes[0]) / 3
        error = abs(slope - slopes[1]) + ROUNDING * slope / 1e-3
        bound = ctx.claim.bound(c=c, lam_max=float(values[-1]), m=len(rows), lam=P.lam)
        yield Measurement(
            measured=slope, bound=bound, error=error, error_source="truncation", parameters={"data": name}
        )
