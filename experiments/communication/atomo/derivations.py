"""Arguments for the claims of ATOMO: entry by entry, so for any number of atoms."""

from collections.abc import Iterator

import sympy as sp

from gradproof.experiments.communication._proofs import nonnegative
from gradproof.experiments.engine.check import Context, Evidence, check
from gradproof.theory.communication import atomo
from gradproof.theory.evidence import Level
from gradproof.theory.field import Interval
from gradproof.theory.symbolic import Identity, Inequality

A, N, P, T, u = sp.symbols("a n p T u")


@check(atomo.MOMENTS, level=Level.SYMBOLIC)
def one_factor(ctx: Context) -> Iterator[Evidence]:
    """$t/p - 1$ has mean zero, so that products of independent ones vanish, and its square has the mean of a summand."""
    share, p = ctx.claim.expression.function, sp.Symbol("p", positive=True)
    lam, prob = (next(x for x in share.atoms(sp.Indexed) if str(x.base) == name) for name in ("lam", "p"))
    yield Identity(p * (1 / p - 1) + (1 - p) * (0 - 1), "mean")
    square = p * (1 / p - 1) ** 2 + (1 - p) * (0 - 1) ** 2
    yield Identity(share.subs({prob: p, lam: A}) - A**2 * square, "square")


@check(atomo.OPTIMAL_PROBABILITIES, level=Level.SYMBOLIC)
def primal_meets_dual(ctx: Context) -> Iterator[Evidence]:
    """Weak duality entry by entry; the water level parts the entries as claimed; both values there are the claimed one."""
    a, n, p = (Interval(x) for x in ("a", "n", "p"))  # u = s - n1, the level is sqrt(nu) = T/u
    yield Inequality(A**2 / P + N**2 * P - 2 * A * N, (a, n, p), what="an entry that may be dropped")
    p_small = Interval("p", "0", "1", closed_high=True)
    a_large = Interval("a", "n", closed_low=True)
    yield Inequality(A**2 / P + N**2 * P - A**2 - N**2, (n, a_large, p_small), what="an entry kept for certain")
    level = (Interval("T"), Interval("u"), Interval("a", "0", "T/u", closed_high=True))
    yield Inequality(1 - A * u / T, level, what="from the first on that meets the condition: p <= 1")
    yield Identity(A * (u + 1) - (T + A) - u * (A - T / u), "the last that does not is above the level")
    some = (*nonnegative("a"), Interval("T", "a", closed_low=True), Interval("u", "0", "1", closed_high=True))
    yield Inequality(T - A * u, some, what="the condition is met before s - k <= 0")
    head, tail, s, n1 = ctx.symbols("head", "T", "s", "n1")
    root = tail / (s - n1)
    yield Identity(n1 + tail / root - s, "the budget is used")
    yield Identity(A**2 / (A / root) - A * root, "an entry's share of the value; they add to the level times T")
    yield Identity(head + tail * root - ctx.claim.expression, "the primal value")
    yield Identity(head + n1 * root**2 + 2 * tail * root - root**2 * s - ctx.claim.expression, "the dual value")


@check(atomo.BALANCED_VALUE, level=Level.SYMBOLIC)
def cauchy_schwarz(ctx: Context) -> Iterator[Evidence]:
    r"""$\lambda^2/p + \nu^2p \ge 2\nu\lambda$, added up at $\nu = \|\lambda\|_1/s$; unbalanced optima exceed the bound."""
    l1, s = ctx.symbols("l1", "s")
    yield Inequality(A**2 / P + N**2 * P - 2 * A * N, tuple(map(Interval, "anp")), what="an entry")
    yield Identity(2 * (l1 / s) * l1 - (l1 / s) ** 2 * s - ctx.claim.expression, "the claimed bound")
    # unbalanced: k entries above the level T/u, u = s - k, of sum h and square at least h^2/k
    h, k, tail, rest = sp.symbols("h k T u", positive=True)
    excess = h**2 / k + tail**2 / rest - ctx.claim.expression.subs({l1: h + tail, s: k + rest})
    yield Identity(excess - (h * rest - k * tail) ** 2 / (k * rest * (k + rest)), "more than the bound, as h > k T/u")


@check(atomo.QSGD_TERNGRAD, level=Level.SYMBOLIC)
def second_moment_of_the_scheme(ctx: Context) -> Iterator[Evidence]:
    r"""$\sum g_i^2/p_i$ at $p_i = |g_i|/\|g\|_q$ is $\|g\|_1\|g\|_q$: the lower bound $\|g\|_1^2/s$ at its budget, so optimal."""
    l1, lq = ctx.symbols("l1", "lq")
    yield Identity(A**2 / (A / lq) - A * lq, "one entry")
    yield Identity(ctx.claim.expression - l1**2 / (l1 / lq), "it meets the lower bound at its budget")


@check(atomo.SPECTRAL_VS_ENTRYWISE, level=Level.SYMBOLIC)
def a_concave_share(ctx: Context) -> Iterator[Evidence]:
    r"""An atom's share of the dual value over its square, $\nu^2 - (\nu - a)_+^2$, grows and is concave in the coefficient a.

    So it is subadditive over matrices (Rotfel'd, 1969), here over the entries of X, and the squares add up to the same.
    Balanced, it is the dual norm: $\|X\|_* = \max\langle X, Y\rangle$ over $\|Y\| \le 1$, whose entries are in [-1, 1].
    """
    share = N**2 - (N - A) ** 2
    yield Identity(2 * A * N - A**2 - share, "the share below the level; from there on it is nu^2")
    below = (Interval("n"), Interval("a", "0", "n"))
    yield Inequality(sp.diff(share, A), below, what="it grows")
    yield Inequality(-sp.diff(share, A, 2) + 0 * N, below, strict=True, what="it is concave")
    entry = (Interval("a", closed_low=True), Interval("p", "-1", "1", closed_high=True))
    yield Inequality(A - A * P, entry, what="an entry of <X, Y>")


@check(atomo.SPECTRAL_FROM_BELOW, level=Level.SYMBOLIC)
def above_frobenius(ctx: Context) -> Iterator[Evidence]:
    r"""$\|X\|_*^2 \ge \|X\|_F^2 \ge \|X\|_1^2/(nm)$, the second as the entries' squares exceed tangents at their mean."""
    below = (Interval("T"), Interval("a", "0", "T", closed_high=True))
    yield Inequality(T * A - A**2, below, what="a singular value times their sum")
    yield Inequality(A**2 - 2 * A * N + N**2, (Interval("a", closed_low=True), Interval("n")), what="an entry")
    entries, n, m = ctx.symbols("entrywise", "n", "m")
    mean = entries / (n * m)
    yield Identity(2 * mean * entries - mean**2 * n * m - ctx.claim.expression**2, "added up")


@check(atomo.SGD_THRESHOLD, level=Level.SYMBOLIC)
def every_second_moment(ctx: Context) -> Iterator[Evidence]:
    r"""Below the threshold it contracts for every V up to $(d/s)|x|^2$; at equal entries the sign changes there."""
    s, d = ctx.symbols("s", "d")
    g, x2, V = (atomo.SGD_EFFECT.parameter(n).symbol for n in ("gamma", "x2", "V"))
    change = atomo.SGD_EFFECT.expression - x2
    yield Identity(change.subs(V, d / s * x2) - g * x2 * (g - ctx.claim.expression) * d / s, "at equal entries")
    names = {v: sp.Symbol(str(v)) for v in (s, d, g, x2, V)}
    domain = (Interval("x2"), Interval("s"), Interval("d", "s", closed_low=True), Interval("gamma", "0", "2*s/d"),
              Interval("V", "0", "d/s*x2", closed_high=True))  # fmt: skip
    yield Inequality(-change.subs(names), domain, strict=True, what="a contraction")
