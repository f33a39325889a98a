"""Regularisation paths at finite radius, and the gradient flow of one input with two tokens in closed form."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from functools import cache

import flint
import numpy as np
import sympy as sp
from scipy.integrate import solve_ivp
from scipy.optimize import minimize

from gradproof.experiments.engine.check import Context, Evidence, Undecided, check, control
from gradproof.experiments.networks.attention_svm.instances import RADII, TOKENS, Layer, layer
from gradproof.experiments.networks.attention_svm.methods import Attention, correlation
from gradproof.solvers.exact.balls import enclose
from gradproof.theory.evidence import Level, Measurement, Relation
from gradproof.theory.field import Interval
from gradproof.theory.networks import attention_svm
from gradproof.theory.symbolic import Identity, Inequality

# --- paths -------------------------------------------------------------------------------------------------------------


@cache
def path_point(name: str, radius: float, *, logistic: bool = False) -> np.ndarray:
    """A matrix of norm at most ``radius`` with the least loss that SLSQP finds from the max-margin direction."""
    found = layer(name, logistic=logistic)
    p, d = found.problem, found.problem.X.shape[2]
    start = radius * found.svm.W / np.linalg.norm(found.svm.W)

    def objective(w: np.ndarray) -> tuple[float, np.ndarray]:
        W = w.reshape(d, d)
        excess = float(p.excess(W))
        return float(np.log(excess)), p.gradient(W).ravel() / excess

    ball = {"type": "ineq", "fun": lambda w: radius**2 - w @ w, "jac": lambda w: -2 * w}
    W = minimize(
        objective, start.ravel(), jac=True, method="SLSQP", constraints=[ball], options={"maxiter": 300}
    ).x.reshape(d, d)
    W = W * min(1.0, radius / float(np.linalg.norm(W)))
    return W if p.excess(W) <= p.excess(start) else start


def finite_bound(ctx: Context, found: Layer, radius: float, Xi: float) -> float:
    """The claim's bound for a layer."""
    n, T, _ = found.problem.X.shape
    return float(ctx.claim.bound(n=n, T=T, kappa=found.kappa, R=radius, Xi=Xi))


@check(attention_svm.PATH_FINITE_R, level=Level.SYMBOLIC)
def steps_of_the_argument(ctx: Context) -> Iterator[Evidence]:
    """Softmax from margins, both ways; logarithms put together; and the correlation from a margin by the multipliers."""
    e1, e2 = sp.symbols("e1 e2", positive=True)  # exp(-margins)
    names = (Interval("e1"), Interval("e2"))
    yield Inequality(e1 + e2 - (e1 + e2) / (1 + e1 + e2), names, what="1 - s_opt <= sum of exp(-margins)")
    yield Inequality((e1 + e2) / (1 + e1 + e2) - e1 / (1 + e1), names, what="1 - s_opt >= 1/(1 + exp(least margin))")
    q, a = sp.symbols(
        "q a", positive=True
    )  # q = exp(R Xi), a = n (T - 1) kappa, q >= 2 a: mu >= ln(q/a - 1) >= ln(q/(2a))
    domain = (Interval("a"), Interval("q", "2*a", closed_low=True))
    yield Inequality(q / a - 1 - q / (2 * a), domain, what="large radius")
    n, T, kappa, R, Xi = (ctx.claim.parameter(k).symbol for k in ("n", "T", "kappa", "R", "Xi"))
    mu = R * Xi - sp.log(2 * n * (T - 1) * kappa)
    # <W, W_svm> = sum lam margin >= mu ||W_svm||^2, so that the correlation is at least mu ||W_svm||/R = mu/(R Xi)
    yield Identity(sp.expand(mu / (R * Xi)) - sp.expand(ctx.claim.expression), "correlation")


@check(attention_svm.PATH_FINITE_R, level=Level.EXACT)
def points_no_worse(ctx: Context) -> Iterator[Evidence]:
    """A and B, R = 10 to 80, both losses: matrices found no worse than the max-margin one, against the bound at that R."""
    for name in TOKENS:
        for logistic in (False, True):
            found = layer(name, logistic=logistic)
            for radius in RADII:
                W = path_point(name, radius, logistic=logistic)
                yield Measurement(
                    measured=float((W * found.svm.W).sum() / (radius * np.linalg.norm(found.svm.W))),
                    bound=finite_bound(ctx, found, radius, 1 / found.svm.upper),
                    error=1e-9,
                    error_source="solver gap",
                    parameters={"data": name, "logistic": logistic, "R": radius},
                )


@check(attention_svm.PATH_FINITE_R, level=Level.EXACT)
def nuclear_paths(ctx: Context) -> Iterator[Evidence]:
    """Factors at R = 20: the max-margin matrix of the nuclear norm itself has margin/R = Xi_*, above the bound times Xi_*."""
    for name in TOKENS:
        found = layer(name)
        radius = 20.0
        W = factored_point(name, radius)
        margin = float((found.G * W).sum(axis=(1, 2)).min())
        Xi = 1 / found.svm_nuclear.upper
        yield Measurement(
            measured=margin / (radius * Xi),
            bound=finite_bound(ctx, found, radius, Xi),
            error=1e-6,
            error_source="solver gap",
            what="margin over R Xi",
            parameters={"data": name, "R": radius},
        )


@cache
def factored_point(name: str, radius: float) -> np.ndarray:
    """K Q' of the least loss found with ||K||^2 + ||Q||^2 <= 2 radius, from the nuclear max-margin direction."""
    found = layer(name)
    p, d = found.problem, found.problem.X.shape[2]
    U, S, Vt = np.linalg.svd(radius * found.svm_nuclear.W / found.svm_nuclear.upper)
    start = np.concatenate([(U * np.sqrt(S)).ravel(), (Vt.T * np.sqrt(S)).ravel()])
    m = d * d

    def objective(w: np.ndarray) -> tuple[float, np.ndarray]:
        K, Q = w[:m].reshape(d, d), w[m:].reshape(d, d)
        W = K @ Q.T
        excess = float(p.excess(W))
        g = p.gradient(W) / excess
        return float(np.log(excess)), np.concatenate([(g @ Q).ravel(), (g.T @ K).ravel()])

    ball = {"type": "ineq", "fun": lambda w: 2 * radius - w @ w, "jac": lambda w: -2 * w}
    w = minimize(objective, start, jac=True, method="SLSQP", constraints=[ball], options={"maxiter": 300}).x
    w = w * min(1.0, float(np.sqrt(2 * radius / (w @ w))))
    best = min((w, start), key=lambda v: float(p.excess(v[:m].reshape(d, d) @ v[m:].reshape(d, d).T)))
    return best[:m].reshape(d, d) @ best[m:].reshape(d, d).T


@check(attention_svm.PATH_FINITE_R, level=Level.EMPIRICAL)
def nuclear_direction_of_factors(ctx: Context) -> Iterator[Evidence]:
    """A, R = 20: the factored path correlates .9999 with the nuclear solution and .87 with the Frobenius one."""
    found = layer("A")
    W = factored_point("A", 20.0)
    yield Measurement(
        measured=float(correlation(W, found.svm_nuclear.W)),
        bound=float(correlation(W, found.svm.W)),
        what="correlation with the nuclear solution, against that with the Frobenius one",
        error=1e-4,
        error_source="solver gap",
    )


@control(attention_svm.PATH_FINITE_R, drops="no_worse")
def other_matrices_of_the_ball(ctx: Context) -> Iterator[Evidence]:
    """A random matrix of norm R does not have the loss of the max-margin one, and not its direction."""
    found = layer("A")
    for k, V in enumerate(ctx.rng().standard_normal((3, 3, 3))):
        W = 40.0 * V / np.linalg.norm(V)
        if found.problem.excess(W) <= found.problem.excess(40.0 * found.svm.W / np.linalg.norm(found.svm.W)):
            yield Undecided("the random matrix is no worse")
        yield Measurement(
            measured=float(correlation(W, found.svm.W)),
            bound=finite_bound(ctx, found, 40.0, 1 / found.svm.upper),
            error=1e-12,
            error_source="rounding",
            parameters={"draw": k},
        )


@control(attention_svm.PATH_FINITE_R, drops="the norm of the parametrisation: Frobenius for factors")
def frobenius_margin_for_factors(ctx: Context) -> Iterator[Evidence]:
    """The factored path of A at R = 20 correlates .870 with the Frobenius solution, whose margin promises .949."""
    found = layer("A")
    yield Measurement(
        measured=float(correlation(factored_point("A", 20.0), found.svm.W)),
        bound=finite_bound(ctx, found, 20.0, 1 / found.svm.upper),
        error=1e-4,
        error_source="solver gap",
    )


# --- the flow ----------------------------------------------------------------------------------------------------------


@check(attention_svm.FLOW_CLOSED_FORM, level=Level.SYMBOLIC)
def separation_of_variables(ctx: Context) -> Iterator[Evidence]:
    """m' = c s(1 - s) with s = 1/(1 + exp(-m)); the derivative of 2 sinh m + 2 m is m'/(s(1 - s)) = c."""
    m = sp.Symbol("m", real=True)
    c, t = ctx.claim.parameter("c").symbol, ctx.claim.parameter("t").symbol
    s = 1 / (1 + sp.exp(-m))
    rate = (sp.diff(2 * sp.sinh(m) + 2 * m, m) * c * s * (1 - s)).rewrite(sp.exp)
    yield Identity(sp.simplify(rate) - sp.diff(ctx.claim.expression, t), "both sides grow alike")
    yield Identity(ctx.claim.expression.subs(t, 0), "both start at zero")
    g = sp.Symbol("g", positive=True)
    yield Identity(sp.simplify(g * (1 - s) - g / (1 + sp.exp(m))), "excess loss")


@check(attention_svm.FLOW_CLOSED_FORM, level=Level.EXACT)
def enclosed_margin(ctx: Context) -> Iterator[Evidence]:
    """c = 1.7, t = 50: the margin 4.3352316 enclosed in ball arithmetic satisfies the equation."""
    m, c, t = Fraction("4.3352316"), Fraction(17, 10), 50
    low, high = enclose(lambda: 2 * flint.arb(flint.fmpq(m.numerator, m.denominator)).sinh(), width=Fraction(1, 10**20))
    middle, half = (low + high) / 2, (high - low) / 2
    # the margin is given to 5e-8; its left side moves by its derivative 2 cosh m + 2 < 80 times that
    yield Measurement(
        measured=middle + 2 * m,
        bound=ctx.claim.bound(c=c, t=t),
        error=half + 80 * Fraction(5, 10**8),
        error_source="digits of the margin",
        parameters={"c": c, "t": t},
    )


def _flow(start: float, t: float) -> tuple[float, float]:
    """Left side 2 sinh m + 2 m and distance from the ray, of the matrix flow integrated to a relative 1e-11; c = 1.7."""
    X = np.array([[[1.0, 0.5], [0.0, 0.3]]])
    z = np.array([[0.6, 0.8]])
    ray = np.outer(X[0, 0] - X[0, 1], z[0])
    gamma = np.array([[1.7 / float((ray**2).sum()), 0.0]])
    p = Attention(X, z, gamma)
    W0 = start * ray / float((ray**2).sum())
    end = solve_ivp(
        lambda _, w: -p.gradient(w.reshape(2, 2)).ravel(), (0, t), W0.ravel(), method="DOP853", rtol=1e-11, atol=1e-13
    )
    W = end.y[:, -1].reshape(2, 2)
    m = float((ray * W).sum())
    off = float(np.linalg.norm(W - m * ray / float((ray**2).sum())))
    return 2 * np.sinh(m) + 2 * m, off


@check(attention_svm.FLOW_CLOSED_FORM, level=Level.EMPIRICAL)
def integrated_flow(ctx: Context) -> Iterator[Evidence]:
    """The matrix differential equation, t = 1, 10, 50: margin as claimed, and no component off the ray."""
    for t in (1.0, 10.0, 50.0):
        left, off = _flow(0.0, t)
        bound = float(ctx.claim.bound(c=1.7, t=t))
        where = {"t": t}
        yield Measurement(measured=left, bound=bound, error=1e-8 * bound, error_source="integrator", parameters=where)
        yield Measurement(
            measured=off,
            bound=0.0,
            relation=Relation.EQ,
            what="off the ray",
            error=1e-9,
            error_source="integrator",
            parameters=where,
        )


@control(attention_svm.FLOW_CLOSED_FORM, drops="zero_start")
def another_start(ctx: Context) -> Iterator[Evidence]:
    """From margin one the left side is larger by 2 sinh 1 + 2 at all times."""
    left, _ = _flow(1.0, 10.0)
    yield Measurement(measured=left, bound=float(ctx.claim.bound(c=1.7, t=10.0)), error=1e-6, error_source="integrator")
