"""Regularisation paths at finite radius, and the gradient flow of one input with two tokens in closed form."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from functools import cache
from typing import Any, NamedTuple

import flint
import numpy as np
import sympy as sp
from scipy.integrate import solve_ivp
from scipy.optimize import minimize

from gradproof.experiments.engine.check import Context, Evidence, Undecided, check, control
from gradproof.experiments.networks.attention_svm.instances import RADII, TOKENS, Layer, late_input, layer
from gradproof.experiments.networks.attention_svm.methods import Attention, correlation
from gradproof.solvers.exact.balls import ball, ends
from gradproof.solvers.max_margin import exact_frobenius
from gradproof.solvers.separable_ode import euler_sums
from gradproof.theory.evidence import Level, Measurement
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
    """Each step for two other tokens: softmax from margins, loss from softmax, both ways; large radii; the logarithms."""
    e1, e2 = sp.symbols("e1 e2", positive=True)  # exp(-margins)
    names = (Interval("e1"), Interval("e2"))
    yield Inequality(e1 + e2 - (e1 + e2) / (1 + e1 + e2), names, what="1 - s_opt <= sum of exp(-margins)")
    yield Inequality((e1 + e2) / (1 + e1 + e2) - e1 / (1 + e1), names, what="1 - s_opt >= 1/(1 + exp(least margin))")
    # an output lies below the optimal score by the mean gap; a gap is g_min plus, or g_max minus, some e >= 0
    low, e = Interval("g"), (Interval("f1", "0", closed_low=True), Interval("f2", "0", closed_low=True))
    yield Inequality(
        "e1*(g + f1) + e2*(g + f2) - g*(e1 + e2)", (low, *e, *names), what="loss at least M0 g_min (1 - s_opt)"
    )
    yield Inequality(
        "g*(e1 + e2) - e1*(g - f1) - e2*(g - f2)", (low, *e, *names), what="loss at most M1 g_max (1 - s_opt)"
    )
    M0, M1, g0, g1, N, far, e_mu = sp.symbols("M0 M1 g_min g_max N far e_mu", positive=True)
    # times n: M0 g_min/(1 + e^mu) <= M1 g_max N e^(-R Xi), N = n (T - 1), so that 1 + e^mu is at least e^(R Xi)/(N kappa)
    ratio = (M1 * g1 * N / far) / (M0 * g0 / (1 + e_mu))
    yield Identity(ratio - (1 + e_mu) * N * (M1 * g1 / (M0 * g0)) / far, "the two losses together")
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
                    error=1e-12,  # the point itself is what is claimed of: whether it is the best does not matter
                    error_source="rounding",
                    parameters={"data": name, "logistic": logistic, "R": radius},
                )


#: inputs, tokens, spread of score gaps, radius: the first two lie where the bound is 0 or nearly so
LATE = ((2, 2, 1, 1.4), (2, 3, 1, 2.5), (2, 2, 1, 10.0), (5, 2, 1, 10.0), (3, 4, 5, 20.0), (8, 3, 20, 30.0))


def latest(p: Attention, radius: float) -> np.ndarray:
    """W of norm at most ``radius`` with a loss no larger than that of the max-margin matrix, one margin as small as that allows.

    For ``late_input``: the first margin is W_11, the others grow by ``STRETCH`` times small entries below it.
    """
    d = p.X.shape[2]

    def matrix(first: float) -> np.ndarray:
        W = np.zeros((d, d))
        W[0, 0] = first
        others = min(0.04, float(np.sqrt(max(radius**2 - first**2, 0.0) / max(d - 1, 1))))
        W[1:, 0] = others
        return W

    most = float(p.excess(np.diag([radius] + [0.0] * (d - 1))))
    low, high = 0.0, radius
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (low, middle) if float(p.excess(matrix(middle))) <= most else (middle, high)
    return matrix(high)


@check(attention_svm.PATH_FINITE_R, level=Level.EXACT)
def one_late_input(ctx: Context) -> Iterator[Evidence]:
    """Layers in which one margin can lag by ln(n (T-1) kappa) at no loss: the bound grants ln 2 more, and hardly anything else."""
    for n, T, kappa, radius in LATE:
        p = late_input(n, T, kappa)
        d = p.X.shape[2]
        rows = [np.outer(x, z)[:, 0].astype(int).tolist() for X, z in zip(p.X, p.z, strict=True) for x in X[0] - X[1:]]
        if (1, *[0] * (d - 1)) != exact_frobenius(rows).W:  # W^svm = e_1 e_1', and Xi = 1
            yield Undecided("the max-margin matrix of the layer is not e_1 e_1'")
            continue
        W = latest(p, radius)
        where: dict[str, Any] = {"n": n, "T": T, "kappa": kappa, "R": radius}
        # the loss stays below that of the comparator by rounding of relative size 1e-13, which moves mu by as much
        common: dict[str, Any] = {"error": 1e-12 * radius, "error_source": "rounding", "parameters": where}
        bound = float(ctx.claim.bound(n=n, T=T, kappa=kappa, R=radius, Xi=1))
        yield Measurement(measured=float(W[0, 0]) / radius, bound=bound, **common)
        yield Measurement(
            measured=float(np.log1p(np.exp(W[0, 0]))), bound=radius - float(np.log(n * (T - 1) * kappa)),
            what="ln(1 + e^mu) and R Xi - ln(n (T-1) kappa)", **common,
        )  # fmt: skip


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
            error=1e-10,  # the comparator is the matrix that gives Xi, whether it is the best or not
            error_source="rounding",
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
        error=1e-10,
        error_source="rounding",
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
        error=1e-10,
        error_source="rounding",
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
def between_euler_sums(ctx: Context) -> Iterator[Evidence]:
    """m' = c/(2 + 2 cosh m) between two Euler sums, which know nothing of the closed form; the left side at both, c = 1.7."""
    c = Fraction(17, 10)
    for t in (1, 10, 50):
        margins = euler_sums(lambda m: 1 / (2 + 2 * m.cosh()), c * t, 2000)
        with flint.ctx.workprec(128):
            low, high = (ends(2 * ball(m).sinh() + 2 * ball(m)) for m in margins)
        yield Measurement(
            measured=(low[0] + high[1]) / 2,
            bound=ctx.claim.bound(c=c, t=t),
            error=(high[1] - low[0]) / 2,
            error_source="Euler sums",
            parameters={"c": c, "t": t},
            n=2000,
        )


class FlowEnd(NamedTuple):
    """Where the matrix flow is: its margin, its distance from the ray (x_1 - x_2) z', and L - L* over gamma_1 - gamma_2."""

    margin: float
    off: float
    excess: float

    @property
    def left(self) -> float:
        """2 sinh m + 2 m."""
        return 2 * float(np.sinh(self.margin)) + 2 * self.margin


def _flow(start: float, t: float) -> FlowEnd:
    """The matrix flow of one input with two tokens from a margin, integrated to a relative 1e-11; c = 1.7."""
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
    return FlowEnd(m, off, float(p.excess(W)) / float(gamma[0, 0]))


@check(attention_svm.FLOW_CLOSED_FORM, level=Level.EMPIRICAL)
def integrated_flow(ctx: Context) -> Iterator[Evidence]:
    """The matrix differential equation, t = 1, 10, 50: margin as claimed, and no component off the ray."""
    for t in (1.0, 10.0, 50.0):
        end = _flow(0.0, t)
        bound = float(ctx.claim.bound(c=1.7, t=t))
        common: dict[str, Any] = {"error_source": "integrator", "parameters": {"t": t}}
        yield Measurement(measured=end.left, bound=bound, error=1e-8 * bound, **common)
        yield Measurement(measured=end.off, bound=0.0, what="off the ray", error=1e-9, **common)
        excess = 1 / (1 + float(np.exp(end.margin)))
        yield Measurement(measured=end.excess, bound=excess, what="(L - L*)/(gamma_1 - gamma_2)", error=1e-9, **common)


@control(attention_svm.FLOW_CLOSED_FORM, drops="zero_start")
def another_start(ctx: Context) -> Iterator[Evidence]:
    """From margin one the left side is larger by 2 sinh 1 + 2 at all times."""
    left = _flow(1.0, 10.0).left
    yield Measurement(measured=left, bound=float(ctx.claim.bound(c=1.7, t=10.0)), error=1e-6, error_source="integrator")
