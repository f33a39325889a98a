"""Arguments for the claims on gradient sparsification: entry by entry, so for any number of entries."""

from collections.abc import Iterator

import sympy as sp

from gradproof.experiments.communication._proofs import nonnegative
from gradproof.experiments.engine.check import Context, Evidence, check
from gradproof.theory.communication import gradient_sparsification as gs
from gradproof.theory.evidence import Level
from gradproof.theory.field import Interval
from gradproof.theory.symbolic import Identity, Inequality

G, N, P, T, M, H, s = sp.symbols("g n p T M H s")


@check(gs.OPTIMAL_DENSITY, level=Level.SYMBOLIC)
def primal_meets_dual(ctx: Context) -> Iterator[Evidence]:
    """Weak duality entry by entry; the level parts the entries as claimed; both values there are the claimed one."""
    g, n, p = map(Interval, "gnp")  # M = eps ||g||^2 + R_k, the level is 1/lambda = M/T
    yield Inequality(P + N**2 * G**2 / P - 2 * N * G, (g, n, p), what="an entry that may be dropped")
    certain = (n, Interval("g", "1/n", closed_low=True), Interval("p", "0", "1", closed_high=True))
    yield Inequality(P + N**2 * G**2 / P - 1 - N**2 * G**2, certain, what="an entry kept for certain")
    next_ = (Interval("T"), Interval("M"), Interval("g", "0", "M/T", closed_high=True))
    yield Inequality(1 - T / M * G, next_, what="from the first on that meets the condition: p <= 1")
    yield Identity(G * (T + G) - (M + G**2) - T * (G - M / T), "the last that does not is above the level")
    yield Inequality(M + G**2 - G * G, (Interval("M"), g), what="the last nonzero entry meets the condition")
    k, t1, t2, eps, N2 = ctx.symbols("k", "tail1", "tail2", "eps", "norm2")
    root = t1 / (eps * N2 + t2)
    yield Identity(N2 - t2 + t1 / root - (1 + eps) * N2, "the cap is met")
    yield Identity(k + root * t1 - ctx.claim.expression, "the primal value")
    dual = k + root**2 * (N2 - t2) + 2 * root * t1 - root**2 * (1 + eps) * N2
    yield Identity(dual - ctx.claim.expression, "the dual value")


@check(gs.GREEDY, level=Level.SYMBOLIC)
def a_rescaled_scheme_is_a_water_level(ctx: Context) -> Iterator[Evidence]:
    """Of two levels only one meets the sum: the greedy end, which does, is the optimum's level."""
    a, m = sp.symbols("level more")
    levels = (Interval("g"), Interval("level", "0", "1/g"), Interval("more"))
    yield Inequality((a + m) * G - a * G, levels, strict=True, what="a higher level sends more")
    yield Identity(T**2 / (s - N) - T / ((s - N) / T), "the share of the entries below one")


@check(gs.GREEDY_DENSITY, level=Level.SYMBOLIC)
def a_pass_meets_the_sum(ctx: Context) -> Iterator[Evidence]:
    r"""$(\kappa d - d + |I|)/\sum_Ip_i$ with d - |I| entries at one and p = c g on I: the sum is met, or clipping lowers it."""
    n, c, tail = sp.symbols("n c T", positive=True)
    target = ctx.claim.expression
    yield Identity(n + (target - n) / (c * tail) * c * tail - target, "without clipping the sum is met")


@check(gs.DUALITY, level=Level.SYMBOLIC)
def the_values_invert_each_other(ctx: Context) -> Iterator[Evidence]:
    """k + T^2/(eps N + R) = s and H + T^2/(s - k) = (1 + eps) N with N = H + R are the same equation."""
    k, tail, R, head = sp.symbols("k T R H", positive=True)
    budget = k + tail**2 / (ctx.claim.expression * (head + R) + R)
    back = (head + tail**2 / (budget - k)) / (head + R) - 1
    yield Identity(back - ctx.claim.expression, "inverse functions")


@check(gs.APPROX_SPARSE, level=Level.SYMBOLIC)
def a_feasible_scheme(ctx: Context) -> Iterator[Evidence]:
    """p = 1 on the top s and s |g_i|/||g_S||_1 elsewhere are probabilities, of density (1 + rho) s, within the cap."""
    rho, w, rest, x = sp.symbols("rho w rest x")  # G = ||g_S||_1, H outside, x an entry outside
    size, inside = (Interval("s"), Interval("g")), Interval("H", "0", "rho*g", closed_high=True)
    mean = Interval("x", "0", "g/s", closed_high=True)  # no entry outside exceeds the mean of the top s
    yield Inequality(1 - s * x / G, (*size, mean), what="probabilities")
    claimed = ctx.claim.expression.subs(dict(zip(ctx.symbols("rho", "s"), (rho, s), strict=True)))
    yield Inequality(claimed - s - s * H / G, (*size, Interval("rho"), inside), what="density")
    yield Identity(x**2 / (s * x / G) - x * G / s, "an entry's share of the moment; they add to G H/s")
    entry = (*nonnegative("x"), Interval("n"))
    yield Inequality(x**2 - 2 * x * N + N**2, entry, what="an entry's square against a tangent")
    yield Identity(2 * (G / s) * G - (G / s) ** 2 * s - G**2 / s, "at the mean of S they add to Cauchy-Schwarz")
    square = G**2 / s + w  # ||g_S||^2, and ||g||^2 = ||g_S||^2 + rest
    room = (1 + rho) * (square + rest) - square - G * H / s
    yield Inequality(room, (*size, Interval("rho"), inside, *nonnegative("w", "rest")), what="the cap")


@check(gs.CODE_LENGTH, level=Level.SYMBOLIC)
def room_in_either_coding(ctx: Context) -> Iterator[Evidence]:
    """k <= s, as entry k > s would meet the condition; with a density of (1 + rho) s - t, t >= 0, either coding leaves room."""
    # x = |g_k|, k > s: top s of sum G and square x G + w; outside them H before k, T from k on; R its square
    x, w, R = sp.symbols("x w R")
    condition = (H + T) / G * (x * G + w) + R - x * T
    domain = (Interval("g"), *nonnegative("x", "w", "H", "T", "R"))
    yield Inequality(condition, domain, what="entries after the top s are not kept for certain")
    rho, size, d, b = ctx.symbols("rho", "s", "d", "b")
    k, t = sp.symbols("k t", positive=True)
    index = sp.log(d, 2)
    room = {"index": (size - k) * b + t * index, "bitmap": (size - k) * (b + index)}
    for coding, cost in (("index", index * ((1 + rho) * size - t - k)), ("bitmap", 2 * d)):
        bound = ctx.claim.expression.replace(
            sp.Min, lambda *a, c=coding: next(x for x in a if x.has(rho) == (c == "index"))
        )
        yield Identity(bound - (k * (b + index) + cost + b) - room[coding], f"what is left, by {coding}")
    j, B, left, bits = sp.symbols("j b t i")  # j = s - k, i = log d
    sizes = tuple(map(Interval, "jbti"))
    yield Inequality(j * B + left * bits, sizes, what="by index")
    yield Inequality(j * (B + bits), sizes, what="by bitmap")


@check(gs.SGD_THRESHOLD, level=Level.SYMBOLIC)
def where_the_sign_changes(ctx: Context) -> Iterator[Evidence]:
    r"""$\mathbb E\|x^+\|^2 - \|x\|^2$ has the sign of $\gamma$ less the threshold."""
    g, e, x2 = (gs.SGD_COST.parameter(name).symbol for name in ("gamma", "eps", "x2"))
    change = gs.SGD_COST.expression - x2
    yield Identity(change - g * x2 * (1 + e) * (g - ctx.claim.expression), "threshold")
