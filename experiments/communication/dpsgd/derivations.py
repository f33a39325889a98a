"""Arguments for D-PSGD's claims: parts of their proofs for all parameters."""

from collections.abc import Iterator
from typing import Any

import sympy as sp

from gradproof.experiments.communication._proofs import descent, nonnegative, positive, young
from gradproof.experiments.engine.check import Context, Evidence, check
from gradproof.theory.communication import dpsgd
from gradproof.theory.communication.dpsgd import D1, GRAPH, D
from gradproof.theory.evidence import Level
from gradproof.theory.field import Interval
from gradproof.theory.symbolic import Identity, Inequality

gamma, L, n, K, s = (p.symbol for p in (dpsgd.gamma, dpsgd.L, dpsgd.n, dpsgd.K, dpsgd.s))
sigma2, zeta2, Delta, c, h = (p.symbol for p in (dpsgd.sigma2, dpsgd.zeta2, dpsgd.Delta, dpsgd.c, dpsgd.curvature))
NODES = Interval("n", "1", closed_low=True)
GAP = Interval("s", "0", "1", closed_low=True)


@check(dpsgd.MIXING, level=Level.SYMBOLIC)
@check(dpsgd.MIXING_SHARP, level=Level.SYMBOLIC)
def spectral_sum(ctx: Context) -> Iterator[Evidence]:
    """sum v_j^2 lambda_j^2k with lambda_j^2k = x below S = s^2k, and squares v_j^2 that add to a of one, r = 1/n the rest."""
    x, d, a, r = sp.symbols("x d a r")
    claimed = ctx.claim.expression.subs(n, (a + r) / r).subs(s ** (2 * dpsgd.k.symbol), x + d)
    yield Inequality((a + r) * claimed - a * x, (*nonnegative("x", "d", "a"), *positive("r")), what="every k")


@check(dpsgd.MEAN_ITERATE, level=Level.CERTIFIED)
def three_nodes(ctx: Context) -> Iterator[Evidence]:
    """Three nodes, every matrix with rows and columns that sum to one, any gradients."""
    a, b, c, d = sp.symbols("a b c d")
    W = sp.Matrix([[a, b, 1 - a - b], [c, d, 1 - c - d], [1 - a - c, 1 - b - d, a + b + c + d - 1]])
    x, g = sp.Matrix(sp.symbols("x1:4")), sp.Matrix(sp.symbols("g1:4"))
    claimed = ctx.claim.expression.subs({dpsgd.mean_x.symbol: sum(x) / 3, dpsgd.gradient.symbol: sum(g) / 3})
    yield Identity(sum(W * x - gamma * g) / 3 - claimed, "the mean of one step")


@check(dpsgd.COMPLETE_GRAPH, level=Level.SYMBOLIC)
def one_step_from_consensus(ctx: Context) -> Iterator[Evidence]:
    """The mean of n entries x - gamma g_i, G their sum: consensus is kept, so the gradients stay at the common point."""
    G, x = sp.Symbol("G"), dpsgd.mean_x.symbol
    yield Identity((n * x - gamma * G) / n - ctx.claim.expression.subs(dpsgd.gradient.symbol, G / n), "an entry")


@check(dpsgd.RING, level=Level.SYMBOLIC)
def cosines_are_eigenvectors(ctx: Context) -> Iterator[Evidence]:
    """(W v)_i = lambda v_i for v_i = cos(2 pi k i/n), for all angles."""
    t, angle, w = sp.symbols("t angle w", real=True)
    claimed = ctx.claim.expression.subs(2 * sp.pi * dpsgd.k.symbol / n, angle).subs(dpsgd.w.symbol, w)
    applied = (1 - 2 * w) * sp.cos(t) + w * (sp.cos(t + angle) + sp.cos(t - angle))
    yield Identity(sp.expand_trig(applied) - claimed * sp.cos(t), "an eigenvector")


@check(dpsgd.CONSENSUS, level=Level.SYMBOLIC)
def recursion_of_the_deviations(ctx: Context) -> Iterator[Evidence]:
    """Young at t = 1/s - 1 and 1; C solves (1 - s) C = gamma^2 (2 L^2 C + 2 zeta^2)/(1 - s) + gamma^2 sigma^2."""
    yield young()
    t, C = 1 / s - 1, ctx.claim.expression
    yield Identity((1 + t) * s**2 - s, "the deviations, of which W leaves s^2, by Young")
    yield Identity(1 + 1 / t - 1 / (1 - s), "the gradients by Young")
    yield Identity((1 - s) * C - gamma**2 * ((2 * L**2 * C + 2 * zeta2) / (1 - s) + sigma2), "summed over the steps")


@check(dpsgd.SHARPER, level=Level.SYMBOLIC)
def descent_and_deviations(ctx: Context) -> Iterator[Evidence]:
    """The descent along the mean in the kernel; with the consensus error it adds up to the bound."""
    yield descent()
    # gamma/2 times the quantity <= Delta/K + L gamma^2 sigma^2/(2 n) + gamma/2 L^2 times the consensus error
    summed = Delta / K + L * gamma**2 * sigma2 / (2 * n) + gamma / 2 * L**2 * dpsgd.CONSENSUS.expression
    yield Identity(ctx.claim.expression * gamma / 2 - summed, "the bound")


@check(dpsgd.THEOREM1, level=Level.SYMBOLIC)
def theorem_from_the_sharper_rate(ctx: Context) -> Iterator[Evidence]:
    """Its quantity is at most half of the derived one's, as D_1 <= 1/2; half of the derived bound is below its bound."""
    p = sp.Symbol("p", positive=True)  # gamma^2 L^2/(1 - s)^2
    common, graph = Delta / (gamma * K) + gamma * L * sigma2 / (2 * n), gamma**2 * L**2 / D * GRAPH
    yield Identity(dpsgd.SHARPER.expression - 2 * common - graph, "the derived bound")
    plain = {v: sp.Symbol(str(v), nonnegative=True) for v in (n, s, sigma2, zeta2)}
    domain = (NODES, GAP, *nonnegative("sigma2", "zeta2"), Interval("p", "0", "1/(18*n)"))
    terms = ctx.claim.expression - common - graph / 2
    for gap, what in ((terms, "the graph's terms"), (sp.Rational(1, 2) - D1, "1/2 - D_1")):
        yield Inequality(sp.simplify(gap.subs(gamma, sp.sqrt(p) * (1 - s) / L)).subs(plain), domain, what=what)


@check(dpsgd.COROLLARY2, level=Level.SYMBOLIC)
def corollary_from_the_sharper_rate(ctx: Context) -> Iterator[Evidence]:
    """With t = sigma sqrt(K/n) the conditions on K bound the graph's terms; the derived rate is below the stated bound."""
    t, l = sp.Symbol("t", positive=True), sp.Symbol("L")
    noise = {sigma2: t**2 * n / K}
    A = sigma2 / (1 - s**2) + 9 * zeta2 / (1 - s) ** 2

    def room(name: str) -> Any:
        relation = ctx.claim.assumption(name).relation
        return (relation.lhs - relation.rhs).subs(noise)

    squares = (t**3 * (Delta + L)) ** 2 - (2 * L**2 * n * K * A.subs(noise)) ** 2
    yield Identity(room("graph_forgotten") - n**3 / K**2 * squares, "A <= t^3 (Delta + L)/(2 L^2 n K)")
    largest = t**3 * (Delta + L) / (2 * L**2 * n * K)
    yield Identity(4 * K * L**2 * largest / t**2 - 2 * t * (Delta + L) / n, "4 K L^2 A/t^2, the graph's term at that A")
    yield Identity(room("step_small") - n * (t**2 * (1 - s) ** 2 - 72 * L**2 * n), "t^2 >= 72 L^2 n/(1 - s)^2")
    gap, w, m = sp.symbols("gap w n")  # gap = 1 - s, t^2 = 72 L^2 n/(1 - s)^2 + w, gamma <= 1/t
    domain = (*positive("L"), NODES, Interval("gap", "0", "1", closed_high=True), *nonnegative("w"))
    yield Inequality(sp.Rational(1, 2) - 2 * l**2 / (gap**2 * (72 * l**2 * m / gap**2 + w)), domain, what="D >= 1/2")
    sharper = 2 * Delta * (2 * L + t) + L * t**2 / (2 * L + t) + 2 * t * (Delta + L) / n
    plain = {v: sp.Symbol(str(v), nonnegative=True) for v in (Delta, L, n, K)}
    terms = sp.simplify((sp.simplify(ctx.claim.expression.subs(noise)) - sharper / K).subs(plain))
    yield Inequality(terms, (*nonnegative("Delta"), *positive("L", "t", "K"), NODES), what="the three terms, times K")
    free = {v: sp.Symbol(str(v)) for v in (s, sigma2, zeta2)}
    yield Inequality((2 * A - GRAPH).subs(free), (GAP, *nonnegative("sigma2", "zeta2")), what="the graph's terms")


@check(dpsgd.LINEAR_SPEEDUP, level=Level.SYMBOLIC)
def solved_for_K(ctx: Context) -> Iterator[Evidence]:
    """With q = sqrt(n/K): D >= 1/2 doubles the graph's term at most, and it is at most the others iff q is small enough."""
    (q, B, A), u = sp.symbols("q B A", positive=True), sp.Symbol("u", nonnegative=True)
    yield Inequality(2 - 1 / (1 - 2 * u), (Interval("u", "0", "1/4", closed_low=True),), what="1/D <= 2 where u <= 1/4")
    noise, steps = 2 * Delta / c + c * L * sigma2, {K: n / q**2}
    plain = {v: sp.Symbol(str(v), positive=True) for v in (n, c, L)}
    yield Identity(sp.simplify(ctx.claim.expression.subs(steps)) - 2 * noise * q / n, "twice what knows no graph")
    domain = (*positive("n", "c", "L", "B", "A"), Interval("q", "0", "A/(2*c^2*L^2*B*n)", closed_high=True))
    room = (A * q / n - 2 * c**2 * q**2 * L**2 * B).subs(plain)
    yield Inequality(room, domain, what="the graph's term, A the others")
    # both conditions are what the claim asks of K = n/q^2
    forgotten, half = (ctx.claim.assumption(k).relation for k in ("graph_forgotten", "half"))
    room = n / q**2 * (noise**2 - (2 * c**2 * L**2 * GRAPH * n * q) ** 2)
    yield Identity((forgotten.lhs - forgotten.rhs).subs(steps) - room, "q is small enough")
    yield Identity((half.lhs - half.rhs).subs(steps) - n / q**2 * ((1 - s) ** 2 - 4 * (c * q * L) ** 2), "u <= 1/4")


@check(dpsgd.STATIONARY, level=Level.SYMBOLIC)
def fixed_point_of_the_mean(ctx: Context) -> Iterator[Evidence]:
    """v = (1 - gamma h)^2 v + gamma^2 sigma^2/n: the mean sees no W."""
    yield Identity(((1 - gamma * h) ** 2 - 1) * ctx.claim.expression + gamma**2 * sigma2 / n, "stationary variance")


def term(expression: sp.Expr, lam: Any, beta: Any = 0) -> sp.Expr:
    """An expression with a term in the place of the sum in it, in symbols for the entries of its vectors."""
    (total,) = expression.atoms(sp.Sum)
    j = total.variables[0]
    return expression.subs(total, total.function.subs({dpsgd.lam.symbol[j]: lam, dpsgd.beta.symbol[j]: beta}))


@check(dpsgd.STATIONARY_NODE, level=Level.SYMBOLIC)
def fixed_point_of_a_mode(ctx: Context) -> Iterator[Evidence]:
    """v_j = (lambda_j - gamma h)^2 v_j + gamma^2 sigma^2 for a term of the sum; its mean over m modes is a node's variance."""
    x, m = sp.Symbol("x"), sp.Symbol("m", integer=True, positive=True)
    v = m * term(ctx.claim.expression, lam=x)
    yield Identity((x - gamma * h) ** 2 * v + gamma**2 * sigma2 - v, "a mode")


@check(dpsgd.CONSENSUS_ERROR, level=Level.SYMBOLIC)
def fixed_point_of_one_component(ctx: Context) -> Iterator[Evidence]:
    """y = lambda y - gamma h (y - b) along an eigenvector: its square is a term of the sum."""
    (x, b), gh = sp.symbols("x b"), dpsgd.gh.symbol
    y = gh * b / (1 - x + gh)
    yield Identity(x * y - gh * (y - b) - y, "fixed point")
    yield Identity(term(ctx.claim.expression, lam=x, beta=b**2) - y**2 / n, "its share of the error")


@check(dpsgd.STABILITY, level=Level.SYMBOLIC)
def inside_and_outside(ctx: Context) -> Iterator[Evidence]:
    """|lambda - x| < 1 for all lambda in (l, 1] below the claimed threshold, and not for lambda = l above it."""
    l, d, x = sp.symbols("l d x")
    t = str(ctx.claim.expression.subs(dpsgd.lam_min.symbol, l))
    least, above, below = Interval("l", "-1", "1"), Interval("d", "0", "1 - l"), Interval("x", "0", t)
    yield Inequality(1 - (l - x) ** 2, (least, below), strict=True, what="the least eigenvalue, short steps")
    yield Inequality(1 - (l + d - x) ** 2, (least, above, below), strict=True, what="the others, short steps")
    beyond = Interval("x", t, closed_low=True)
    yield Inequality((l - x) ** 2 - 1, (least, beyond), what="the least eigenvalue, long steps")
