"""Moments of independent sparsification, the probabilities of least variance, and the classics that are optimal."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import numpy as np
import sympy as sp

from gradproof.experiments.communication._sparse import (
    EXAMPLES,
    exact_moments,
    identity_atoms,
    mean_is,
    means_are,
    outcomes,
)
from gradproof.experiments.communication._sparse_methods import least_variance
from gradproof.experiments.communication.atomo.digits import digits_moments, digits_runs
from gradproof.experiments.engine.check import Context, Evidence, check, control
from gradproof.solvers.sparsification import minimal_variance
from gradproof.theory.communication import atomo
from gradproof.theory.evidence import Level, Measurement, Relation
from gradproof.theory.field import Interval
from gradproof.theory.symbolic import Identity, Inequality

#: Unit atoms in the plane that are not orthogonal, rational.
SLANTED = [
    (Fraction(3, 5), Fraction(4, 5)),
    (Fraction(1), Fraction(0)),
    (Fraction(-5, 13), Fraction(12, 13)),
    (Fraction(0), Fraction(1)),
]


# --- moments -----------------------------------------------------------------------------------------------------------


@check(atomo.MOMENTS, level=Level.SYMBOLIC)
def two_atoms_at_any_angle(ctx: Context) -> Iterator[Evidence]:
    """Variance of two unit atoms with inner product c by the four outcomes; more atoms add no products of other kinds."""
    a, b, p, q, c = sp.symbols("a b p q c", positive=True)
    claimed = sp.sympify(ctx.claim.expression).subs(sp.Symbol("N", integer=True, positive=True), 2).doit()
    lam, prob = ctx.claim.parameter("lam").symbol, ctx.claim.parameter("p").symbol
    claimed = claimed.subs({lam[1]: a, lam[2]: b, prob[1]: p, prob[2]: q})
    variance = 0
    for (t, u), weight in outcomes((p, q)):
        x, y = a * (t / p - 1), b * (u / q - 1)
        variance += weight * (x**2 + y**2 + 2 * c * x * y)
    yield Identity(variance - claimed, "variance of two atoms")


@check(atomo.MOMENTS, level=Level.EXACT)
def enumeration(ctx: Context) -> Iterator[Evidence]:
    """All outcomes of four atoms that are not orthogonal, in rational arithmetic."""
    for lam in EXAMPLES[:2]:
        lam4 = lam[:4]
        p = minimal_variance(lam4, 2).p
        mean, variance, _ = exact_moments(lam4, p, SLANTED)
        g = [sum(c * a[j] for c, a in zip(lam4, SLANTED, strict=True)) for j in range(2)]
        where = {"lam": str(lam4)}
        yield Measurement(measured=variance, bound=ctx.claim.bound(lam=lam4, p=p), parameters=where)
        for j in range(2):
            yield Measurement(measured=mean[j], bound=g[j], what="mean of the estimator", parameters=where)


@check(atomo.MOMENTS, level=Level.EMPIRICAL)
def sampled_on_digits(ctx: Context) -> Iterator[Evidence]:
    """20000 draws of the 30 largest entries of a least-squares gradient of the digits, sparsified to 8."""
    g = np.sort(np.abs(digits_moments()[1].ravel()))[-30:]
    p = minimal_variance(g, 8.0).p
    draws = ctx.rng().random((20_000, g.size)) < p
    noise = ((draws / p - 1) ** 2) @ g**2
    top = float(g**2 @ np.maximum((1 / p - 1) ** 2, 1))
    yield from mean_is(noise, ctx.claim.bound(lam=g.tolist(), p=p.tolist()), top=top, what="variance", s=8)


@control(atomo.MOMENTS, drops="independent")
def one_common_uniform(ctx: Context) -> Iterator[Evidence]:
    """All atoms kept or dropped by one uniform number: still unbiased, but the variance is another."""
    p = [Fraction(1, 2), Fraction(1, 4)]
    atoms, lam = SLANTED[:2], [Fraction(2), Fraction(1)]
    joint = {(1, 1): p[1], (1, 0): p[0] - p[1], (0, 0): 1 - p[0]}
    variance = Fraction(0)
    for (t, u), weight in joint.items():
        x, y = lam[0] * (t / p[0] - 1), lam[1] * (u / p[1] - 1)
        variance += weight * sum((x * atoms[0][j] + y * atoms[1][j]) ** 2 for j in range(2))
    yield Measurement(measured=variance, bound=ctx.claim.bound(lam=lam, p=p))


@check(atomo.MOMENTS, level=Level.EMPIRICAL)
def second_moments_along_training(ctx: Context) -> Iterator[Evidence]:
    """Least squares on the digits, W in R^(10 x 64), 20 seeds, 15 steps, singular triplets and entries: E||ghat||^2."""
    for name, (out, _) in digits_runs(ctx.keys("digits", seeds=20), 15, ctx.backend).items():
        W, A, C = out.x.values, *digits_moments()
        g = W[:, :, :-1] @ A - C
        sent = np.sum((W[:, :, 1:] - W[:, :, :-1]) ** 2, axis=(-2, -1)) * float(np.linalg.norm(A, 2)) ** 2
        singular = name == "singular"
        lam = np.linalg.svd(g, compute_uv=False) if singular else np.abs(g).reshape(*g.shape[:3], -1)
        s = out.s.values[:, None, None, None]
        p = least_variance(s)(lam)
        safe = np.where(p > 0, p, 1)
        every = 4 if singular else 60  # the claim is a symbolic sum, slow to evaluate over 640 entries
        # orthonormal atoms: E||ghat||^2 is the claimed variance and ||g||^2; ||ghat||^2 <= sum (lam/p)^2
        norm2 = np.sum(lam**2, axis=-1)
        claimed = np.array(
            [
                float(ctx.claim.bound(lam=a[keep].tolist(), p=q[keep].tolist()))
                for a, q in zip(
                    lam.reshape(-1, lam.shape[-1])[::every], p.reshape(-1, p.shape[-1])[::every], strict=True
                )
                for keep in [q > 0]
            ]
        )
        pick = [v.reshape(-1)[::every] for v in (sent, norm2, np.sum((lam / safe) ** 2, axis=-1))]
        yield from means_are(pick[0], claimed + pick[1], pick[2], what=f"E||ghat||^2, {name}")


@control(atomo.MOMENTS, drops="unbiased: the largest, not divided by a probability")
def the_largest_only(ctx: Context) -> Iterator[Evidence]:
    """Sending the s largest as they are errs less than any unbiased scheme with the same budget, and always alike."""
    for lam in EXAMPLES[:2]:
        lam4, s = sorted(lam[:4], key=abs, reverse=True), 2
        p = minimal_variance(lam4, s).p
        error = sum((x * x for x in lam4[s:]), Fraction(0))
        yield Measurement(measured=error, bound=ctx.claim.bound(lam=lam4, p=p), parameters={"lam": str(lam4)})


# --- optimal probabilities ---------------------------------------------------------------------------------------------


def _value(ctx: Context, lam: Any, s: Any, kept: int) -> Any:
    a = sorted((abs(x) for x in lam), reverse=True)
    head, tail = sum((x * x for x in a[:kept]), Fraction(0)), sum(a[kept:], Fraction(0))
    return ctx.claim.bound(head=head, T=tail, s=s, n1=kept)


BUDGETS = (Fraction(1, 2), Fraction(3, 2), Fraction(2), Fraction(3))


@check(atomo.OPTIMAL_PROBABILITIES, level=Level.EXACT)
def dual_certificates(ctx: Context) -> Iterator[Evidence]:
    """Primal and dual values of the program, equal as rationals, over coefficients of five kinds."""
    for lam in EXAMPLES:
        for s in BUDGETS:
            if s < sum(x != 0 for x in lam):
                best = minimal_variance(lam, s)
                claimed = _value(ctx, lam, s, best.kept)
                second = sum((x * x / q for x, q in zip(lam, best.p, strict=True) if x), Fraction(0))
                where = {"lam": str(lam), "s": s}
                yield Measurement(measured=second, bound=claimed, what="second moment", parameters=where)
                yield Measurement(measured=best.dual, bound=claimed, what="dual value", parameters=where)
                yield Measurement(measured=sum(best.p), bound=s, what="expected number sent", parameters=where)


@check(atomo.OPTIMAL_PROBABILITIES, level=Level.SYMBOLIC)
def primal_meets_dual(ctx: Context) -> Iterator[Evidence]:
    """Weak duality entry by entry; the water level parts the entries as claimed; both values there are the claimed one."""
    A, N, P, T, u = sp.symbols("a n p T u")  # u = s - n1, the level is sqrt(nu) = T/u
    a, n, p = (Interval(x) for x in ("a", "n", "p"))
    yield Inequality(A**2 / P + N**2 * P - 2 * A * N, (a, n, p), what="an entry that may be dropped")
    p_small = Interval("p", "0", "1", closed_high=True)
    a_large = Interval("a", "n", closed_low=True)
    yield Inequality(A**2 / P + N**2 * P - A**2 - N**2, (n, a_large, p_small), what="an entry kept for certain")
    level = (Interval("T"), Interval("u"))
    next_ = Interval("a", "0", "T/u", closed_high=True)
    yield Inequality(1 - A * u / T, (*level, next_), what="from the first on that meets the condition: p <= 1")
    yield Identity(A * (u + 1) - (T + A) - u * (A - T / u), "the last that does not is above the level")
    some = (
        Interval("a", closed_low=True),
        Interval("T", "a", closed_low=True),
        Interval("u", "0", "1", closed_high=True),
    )
    yield Inequality(T - A * u, some, what="the condition is met before s - k <= 0")
    head, T, s, n1 = (ctx.claim.parameter(x).symbol for x in ("head", "T", "s", "n1"))
    root = T / (s - n1)
    yield Identity(n1 + T / root - s, "the budget is used")
    yield Identity(A**2 / (A / root) - A * root, "an entry's share of the value; they add to the level times T")
    yield Identity(head + T * root - ctx.claim.expression, "the primal value")
    yield Identity(head + n1 * root**2 + 2 * T * root - root**2 * s - ctx.claim.expression, "the dual value")


@control(atomo.OPTIMAL_PROBABILITIES, drops="optimal probabilities: uniform, or proportional to squares")
def other_probabilities(ctx: Context) -> Iterator[Evidence]:
    """p_i = s/N and p_i proportional to lambda_i^2 are unbiased too, with a larger second moment."""
    lam, s = EXAMPLES[0], Fraction(2)
    claimed = _value(ctx, lam, s, minimal_variance(lam, s).kept)
    uniform = sum(x * x * len(lam) / s for x in lam)
    total = sum(x * x for x in lam)
    squares = [min(Fraction(1), s * x * x / total) for x in lam]
    for name, second in (("uniform", uniform), ("squares", sum(x * x / q for x, q in zip(lam, squares, strict=True)))):
        yield Measurement(measured=second, bound=claimed, relation=Relation.LE, parameters={"p": name})


@control(atomo.OPTIMAL_PROBABILITIES, drops="budget: the unclipped probabilities of an unbalanced vector")
def naive_probabilities(ctx: Context) -> Iterator[Evidence]:
    """p_i = s |lambda_i| / ||lambda||_1 exceeds one: lambda = (5, 3, 1, 1/2, 1/2), s = 3 gives 3/2."""
    lam = EXAMPLES[0]
    naive = 3 * lam[0] / sum(lam)
    yield Measurement(measured=naive, bound=1, relation=Relation.LE, what="largest probability")


# --- the lower bound and the classics ----------------------------------------------------------------------------------


@check(atomo.BALANCED_VALUE, level=Level.SYMBOLIC)
def cauchy_schwarz(ctx: Context) -> Iterator[Evidence]:
    """(sum lambda^2/p)(sum p) - (sum lambda)^2 is a sum of squares, for 2 to 4 atoms; unbalanced optima exceed the bound."""
    for n in (2, 3, 4):
        a, p = sp.symbols(f"a1:{n + 1}", positive=True), sp.symbols(f"p1:{n + 1}", positive=True)
        gap = sum(x**2 / q for x, q in zip(a, p, strict=True)) * sum(p) - sum(a) ** 2
        squares = sum((a[i] * p[j] - a[j] * p[i]) ** 2 / (p[i] * p[j]) for i in range(n) for j in range(i))
        yield Identity(gap - squares, f"{n} atoms")
    l1, s = ctx.claim.parameter("l1").symbol, ctx.claim.parameter("s").symbol
    yield Identity(ctx.claim.expression * s - l1**2, "the claimed bound")
    # unbalanced: k entries above the level T/u, u = s - k, of sum h and square at least h^2/k
    h, T, k, u = sp.symbols("h T k u", positive=True)
    excess = h**2 / k + T**2 / u - ctx.claim.expression.subs({l1: h + T, s: k + u})
    yield Identity(excess - (h * u - k * T) ** 2 / (k * u * (k + u)), "more than the bound, as h > k T/u")


@check(atomo.BALANCED_VALUE, level=Level.EXACT)
def optimum_against_the_bound(ctx: Context) -> Iterator[Evidence]:
    """The exact optimum, balanced (equal) and unbalanced (larger)."""
    for lam in EXAMPLES:
        for s in BUDGETS:
            best = minimal_variance(lam, s)
            l1 = sum(abs(x) for x in lam)
            balanced = max(abs(x) for x in lam) * s <= l1
            measured, bound = best.second_moment, ctx.claim.bound(l1=l1, s=s)
            yield Measurement(measured=measured, bound=bound, parameters={"lam": str(lam), "s": s})
            if balanced:
                yield Measurement(
                    measured=measured, bound=bound, relation=Relation.EQ, parameters={"s": s, "balanced": True}
                )


@control(atomo.BALANCED_VALUE, drops="budget")
def twice_the_budget(ctx: Context) -> Iterator[Evidence]:
    """With twice the budget the second moment falls below the bound of the smaller one."""
    lam = EXAMPLES[2]
    yield Measurement(measured=minimal_variance(lam, 4).second_moment, bound=ctx.claim.bound(l1=sum(lam), s=2))


@check(atomo.QSGD_TERNGRAD, level=Level.EXACT)
def classics_are_optimal(ctx: Context) -> Iterator[Evidence]:
    """Vectors with rational q-norms, q = 1, 2, 3, inf: the optimum at s_q has the claimed second moment and probabilities."""
    vectors = ((EXAMPLES[3], 2, 13), ((1, 2, 2), 2, 3), ((2, 3, 6, 0), 2, 7), ((3, 4, 5), 3, 6))
    for v, power, root in vectors:
        g = tuple(map(Fraction, v))
        l1 = sum(abs(x) for x in g)
        assert sum(abs(x) ** power for x in g) == root**power
        for q, norm in ((1, l1), (power, Fraction(root)), ("inf", max(abs(x) for x in g))):
            best = minimal_variance(g, l1 / norm)
            where = {"g": str(g), "q": q}
            yield Measurement(measured=best.second_moment, bound=ctx.claim.bound(l1=l1, lq=norm), parameters=where)
            gap = max(abs(p - abs(x) / norm) for p, x in zip(best.p, g, strict=True))
            yield Measurement(measured=gap, bound=0, what="distance of the probabilities", parameters=where)
            _, _, second = exact_moments(g, [p or Fraction(1) for p in best.p], identity_atoms(len(g)))
            yield Measurement(
                measured=second, bound=ctx.claim.bound(l1=l1, lq=norm), what="enumerated", parameters=where
            )


@check(atomo.QSGD_TERNGRAD, level=Level.SYMBOLIC)
def second_moment_of_the_scheme(ctx: Context) -> Iterator[Evidence]:
    """sum g_i^2/p_i with p_i = |g_i|/||g||_q is ||g||_1 ||g||_q: the lower bound ||g||_1^2/s at its budget, so optimal."""
    g, lq, l1 = sp.symbols("g lq l1", positive=True)
    yield Identity(g**2 / (g / lq) - g * lq, "one entry")
    claimed = ctx.claim.expression.subs({ctx.claim.parameter("l1").symbol: l1, ctx.claim.parameter("lq").symbol: lq})
    yield Identity(claimed - l1**2 / (l1 / lq), "it meets the lower bound at its budget")


@control(atomo.QSGD_TERNGRAD, drops="one_level: TernGrad's probabilities squared")
def squared_probabilities(ctx: Context) -> Iterator[Evidence]:
    """Keeping with probability (|g_i|/||g||_inf)^2 sends less and has another second moment."""
    g = (Fraction(1), Fraction(2), Fraction(2))
    second = sum(x * x / (x / 2) ** 2 for x in g)
    yield Measurement(measured=second, bound=ctx.claim.bound(l1=5, lq=2))
