"""Arguments for the claims, step by step, accepted by exact arithmetic."""

from collections.abc import Iterator
from typing import Any

import sympy as sp

from gradproof.experiments.engine.check import Context, Evidence, check
from gradproof.theory.evidence import Level
from gradproof.theory.field import Interval
from gradproof.theory.networks import attention_svm
from gradproof.theory.symbolic import Identity, Inequality


def claimed(ctx: Context, **at: Any) -> sp.Expr:
    """The claim's expression at values of its parameters; a list stands for a vector, whose length is set too."""
    e = ctx.claim.expression
    for p in (ctx.claim.parameter(name) for name in at):
        if p.size:
            e = e.subs({s: len(at[p.name]) for s in e.free_symbols if s.name == p.size}).doit()
    for p in (ctx.claim.parameter(name) for name in at):
        e = e.subs({p.symbol[k + 1]: v for k, v in enumerate(at[p.name])} if p.size else {p.symbol: at[p.name]})
    return e


def dot(a: Any, b: Any) -> sp.Expr:
    return sum(u * v for u, v in zip(a, b, strict=True))


@check(attention_svm.SVM_KKT, level=Level.CERTIFIED)
def multipliers_prove_the_least_norm(ctx: Context) -> Iterator[Evidence]:
    r"""Three constraints: $W = \sum\lambda_cG_c$ has the claimed norm, and feasible $V$ are longer by squares and slacks.

    Margins are one where $\lambda_c > 0$. That such multipliers exist is the theorem of Karush, Kuhn and Tucker.
    """
    lam, m, v = (sp.symbols(f"{k}1:4", nonnegative=True) for k in ("lam", "m", "v"))  # multipliers, margins of W and V
    norm, slack = claimed(ctx, total=sum(lam)), dot(lam, [b - 1 for b in m])  # 0 by complementarity
    yield Identity(sp.expand(dot(lam, m) - slack - norm), "squared norm of W")
    V2 = sp.Symbol("V2", positive=True)
    apart = V2 - 2 * dot(lam, v) + norm  # ||V - W||^2
    yield Identity(sp.expand(V2 - norm - apart - 2 * dot(lam, [b - 1 for b in v])), "||V||^2 - ||W||^2")


@check(attention_svm.SVM_RANK, level=Level.CERTIFIED)
def two_inputs_in_three_dimensions(ctx: Context) -> Iterator[Evidence]:
    r"""$n = 2$: the determinant of $a_1z_1^\top + a_2z_2^\top$ vanishes in three dimensions."""
    a1, a2, z1, z2 = (sp.Matrix(sp.symbols(f"{k}1:4")) for k in ("a", "b", "y", "z"))
    yield Identity((a1 * z1.T + a2 * z2.T).det(), "three rows out of two")


@check(attention_svm.FEASIBILITY, level=Level.CERTIFIED)
def the_construction(ctx: Context) -> Iterator[Evidence]:
    r"""$n = 2$, $T = 3$, $d = 2$: $p_i$ with both products one and $W$ with $Wz_i = p_i$ give all margins the value one."""
    z = sp.Matrix(2, 2, sp.symbols("z1:5"))  # columns are the queries
    differences = [sp.Matrix(2, 2, sp.symbols(f"{k}1:5")) for k in "ab"]
    W = sp.Matrix.hstack(*(D.adjugate() * sp.ones(2, 1) for D in differences)) * z.adjugate()  # times det D and det z
    for i, D in enumerate(differences):
        for row in range(2):
            yield Identity((D.row(row) * W * z.col(i))[0] - D.det() * z.det(), f"input {i}, token {row}")


@check(attention_svm.NUCLEAR_IDENTITY, level=Level.SYMBOLIC)
def one_singular_value(ctx: Context) -> Iterator[Evidence]:
    r"""$(\|K\|^2 + \|OQ\|^2)/2 - \langle K, OQ\rangle$ is half a square; the largest $\langle O, KQ^\top\rangle$ is the norm."""
    k, q = sp.symbols("k q", positive=True)  # an entry of K and one of OQ; where attained, the same singular value's
    yield Identity((k**2 + q**2) / 2 - claimed(ctx, nuc=k * q) - (k - q) ** 2 / 2, "arithmetic and geometric mean")


def softmax(values: Any, along: Any, e: sp.Symbol) -> tuple[Any, sp.Expr]:
    """Probabilities of three tokens, and the average of values as the logits move along a direction by e."""
    a, b = sp.symbols("a b", positive=True)
    p = (a, b, 1 - a - b)
    weights = [q * sp.exp(e * v) for q, v in zip(p, along, strict=True)]
    return p, dot(weights, values) / sum(weights)


@check(attention_svm.GRADIENT, level=Level.CERTIFIED)
def three_tokens(ctx: Context) -> Iterator[Evidence]:
    """Covariance of scores and coordinates under three probabilities; and the derivative of a softmax average."""
    e, g, x = sp.Symbol("e"), sp.symbols("g1:4"), sp.symbols("x1:4")
    p, average = softmax(g, x, e)
    left = dot(p, [(u - dot(p, g)) * v for u, v in zip(g, x, strict=True)])
    yield Identity(left - claimed(ctx, s=p, gamma=g, x=x), "three tokens")
    yield Identity(sp.diff(average, e).subs(e, 0) - left, "derivative of the average score along x")


@check(attention_svm.SMOOTH, level=Level.CERTIFIED)
def second_derivative(ctx: Context) -> Iterator[Evidence]:
    r"""Three tokens: the average score has $\partial^2 = E[(\gamma - E\gamma)(h - Eh)^2]$, and $\mathrm{Var}h \le \|h\|^2/2$."""
    e, g, h = sp.Symbol("e"), sp.symbols("g1:4"), sp.symbols("h1:4")
    p, average = softmax(g, h, e)
    mg, mh = dot(p, g), dot(p, h)
    third = dot(p, [(u - mg) * (v - mh) ** 2 for u, v in zip(g, h, strict=True)])
    yield Identity(sp.diff(average, e, 2).subs(e, 0) - third, "second derivative")
    u, v, low, high, m = sp.symbols("u v low high m", real=True)
    yield Identity(2 * (u**2 + v**2) - (u - v) ** 2 - (u + v) ** 2, "squared range at most 2 ||h||^2")
    spread = dot(p, [(high - x) * (x - low) for x in h])  # >= 0 for values in [low, high]
    variance = dot(p, [(x - mh) ** 2 for x in h])
    yield Identity((high - mh) * (mh - low) - variance - spread, "variance against the mean's distances from the ends")
    half = (high - low) ** 2 / 4 - (high - m) * (m - low) - (m - (low + high) / 2) ** 2
    yield Identity(half, "these are at most a quarter of the squared range")


@check(attention_svm.DESCENT, level=Level.SYMBOLIC)
def from_the_lipschitz_constant(ctx: Context) -> Iterator[Evidence]:
    r"""Taylor: $L(W + V) \le L(W) + \langle\nabla L(W), V\rangle + L_W\|V\|^2/2$ at $V = -\eta\nabla L(W)$ is the claim."""
    eta, L, g2 = ctx.symbols("eta", "L_W", "g2")
    yield Identity(-eta * g2 + L / 2 * eta**2 * g2 - ctx.claim.expression, "a step of descent")


@check(attention_svm.NO_STATIONARY, level=Level.CERTIFIED)
def pairs_with_the_optimal_token(ctx: Context) -> Iterator[Evidence]:
    """Three tokens: equal other scores leave pairs with the optimal one; margins of at least one give the claimed term."""
    o, a, e, f, g = sp.symbols("o a e f g", positive=True)  # probabilities o, a, 1 - o - a; margins 1 + e, 1 + f
    pairs = o * a * g * (1 + e) + o * (1 - o - a) * g * (1 + f)
    domain = (Interval("o", "0", "1"), Interval("a", "0", "1 - o"), *map(Interval, "efg"))
    yield Inequality(sp.expand(pairs - claimed(ctx, slope=[1], s_opt=[o], lead=[g])), domain, what="three tokens")


@check(attention_svm.GD_DIRECTION, level=Level.SYMBOLIC)
def the_norm_pays_for_the_angle(ctx: Context) -> Iterator[Evidence]:
    r"""A potential of the norm grows no faster than $\langle W_k, W^{svm}\rangle$; the claim is what it gives from zero.

    A step adds $\eta\sum_cw_cG_c$, $w_c = a_ce^{-m_c}$ over margins $m_c$, and $S = \langle W, W^{svm}\rangle$ grows by
    $\eta\sum w$ at least. By Gibbs $\sum w_cm_c \le \sum w\,(\mu + \ln(N\max a/a_*))$, $a_*$ at the least margin
    $\mu \le \Xi\rho$, and the ratio of the $a_c = |\ell'|g s_{opt}^2/n$ is at most $\kappa/p^2$. So $\rho^2$ grows at most
    $2(\Xi\rho + K)$ times as fast as S.
    """
    w = sp.symbols("w1:4", positive=True)
    # Gibbs: sum w ln(y) <= sum w (y - 1) = 0 for y = (sum w)/(N w), so that sum w ln(1/w) <= (sum w) ln(N/sum w)
    yield Identity(dot(w, [sum(w) / (3 * v) - 1 for v in w]), "entropy")
    k = {p.name: p.symbol for p in ctx.claim.parameters}
    Xi, rho, K = k["Xi"], k["rho"], sp.Symbol("K", positive=True)
    potential = rho / Xi - K / Xi**2 * sp.log(1 + Xi * rho / K)
    rate = sp.diff(potential, rho) / (2 * rho)  # by the square of the norm
    yield Identity(rate - 1 / (2 * (Xi * rho + K)), "growth of the potential with the squared norm")
    # which falls with the norm: the potential is concave in the square, and a step of any length gains at most that much
    yield Inequality("1/(X*r + K) - 1/(X*(r + e) + K)", tuple(map(Interval, "XKre")), what="concave")
    constant = sp.log(k["n"] * (k["T"] - 1) * k["kappa"] / k["p"] ** 2) + k["h"]
    yield Identity((Xi * potential / rho).subs(K, constant) - ctx.claim.expression, "correlation Xi S/rho")


@check(attention_svm.PATH_MARGIN, level=Level.CERTIFIED)
def from_margins_to_losses(ctx: Context) -> Iterator[Evidence]:
    """Each step for two other tokens: softmax from margins, loss from softmax, both ways; and the two losses together."""
    e1, e2 = sp.symbols("e1 e2", positive=True)  # exp(-margins)
    names = (Interval("e1"), Interval("e2"))
    yield Inequality(e1 + e2 - (e1 + e2) / (1 + e1 + e2), names, what="1 - s_opt <= sum of exp(-margins)")
    yield Inequality((e1 + e2) / (1 + e1 + e2) - e1 / (1 + e1), names, what="1 - s_opt >= 1/(1 + exp(least margin))")
    # an output lies below the optimal score by the mean gap; a gap is g_min plus, or g_max minus, some e >= 0
    gaps = (Interval("g"), Interval("f1", "0", closed_low=True), Interval("f2", "0", closed_low=True), *names)
    yield Inequality("e1*(g + f1) + e2*(g + f2) - g*(e1 + e2)", gaps, what="loss at least M0 g_min (1 - s_opt)")
    yield Inequality("g*(e1 + e2) - e1*(g - f1) - e2*(g - f2)", gaps, what="loss at most M1 g_max (1 - s_opt)")
    M0, M1, g0, g1, far, e_mu = sp.symbols("M0 M1 g_min g_max far e_mu", positive=True)
    n, T, kappa, R, Xi = ctx.symbols("n", "T", "kappa", "R", "Xi")
    # times n: M0 g_min/(1 + e^mu) <= M1 g_max n (T - 1) e^(-R Xi)
    ratio = (M1 * g1 * n * (T - 1) / far) / (M0 * g0 / (1 + e_mu))
    yield Identity(ratio - (1 + e_mu) * n * (T - 1) * (M1 * g1 / (M0 * g0)) / far, "the two losses together")
    yield Identity(R * Xi - sp.log(n * (T - 1) * kappa) - ctx.claim.expression, "logarithm")


@check(attention_svm.PATH_FINITE_R, level=Level.SYMBOLIC)
def from_the_margin(ctx: Context) -> Iterator[Evidence]:
    r"""Large radii turn the margin's bound into $\mu \ge R\Xi - \ln(2n(T-1)\kappa)$; the correlation is at least $\mu/(R\Xi)$."""
    q, a = sp.symbols("q a", positive=True)  # q = exp(R Xi), a = n (T - 1) kappa: mu >= ln(q/a - 1) >= ln(q/(2a))
    large = (Interval("a"), Interval("q", "2*a", closed_low=True))
    yield Inequality(q / a - 1 - q / (2 * a), large, what="large radius")
    n, T, kappa, R, Xi = ctx.symbols("n", "T", "kappa", "R", "Xi")
    mu = R * Xi - sp.log(2 * n * (T - 1) * kappa)
    yield Identity(sp.expand(mu / (R * Xi)) - sp.expand(ctx.claim.expression), "sum lam margin >= mu ||W_svm||^2")


@check(attention_svm.FLOW_CLOSED_FORM, level=Level.SYMBOLIC)
def separation_of_variables(ctx: Context) -> Iterator[Evidence]:
    r"""$m' = cs(1 - s)$ with $s = 1/(1 + e^{-m})$; the derivative of $2\sinh m + 2m$ is $m'/(s(1 - s)) = c$."""
    m, g = sp.Symbol("m", real=True), sp.Symbol("g", positive=True)
    c, t = ctx.symbols("c", "t")
    s = 1 / (1 + sp.exp(-m))
    rate = (sp.diff(2 * sp.sinh(m) + 2 * m, m) * c * s * (1 - s)).rewrite(sp.exp)
    yield Identity(sp.simplify(rate) - sp.diff(ctx.claim.expression, t), "both sides grow alike")
    yield Identity(ctx.claim.expression.subs(t, 0), "both start at zero")
    yield Identity(sp.simplify(g * (1 - s) - g / (1 + sp.exp(m))), "excess loss")
