"""The sparsest unbiased estimate, the greedy scheme, and the way back to least variance."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import numpy as np
import sympy as sp

from gradproof.experiments.communication._sparse import EXAMPLES, POWERS, means_are, norm2
from gradproof.experiments.communication._sparse_methods import least_density
from gradproof.experiments.communication.gradient_sparsification.runs import four_workers, sparsified_runs
from gradproof.experiments.engine.check import Context, Evidence, check, control
from gradproof.experiments.instances.data import breast_cancer
from gradproof.solvers.sparsification import greedy, minimal_density, minimal_variance
from gradproof.theory.communication import gradient_sparsification as gs
from gradproof.theory.evidence import Level, Measurement, Relation
from gradproof.theory.field import Interval
from gradproof.theory.symbolic import Identity, Inequality

GRADIENTS = (POWERS, *EXAMPLES)
CAPS = (Fraction(1, 10), Fraction(1, 4), Fraction(1), Fraction(2))


def _claimed(ctx: Context, g: Any, eps: Any, k: int) -> Any:
    a = sorted((abs(x) for x in g), reverse=True)
    tails = {"tail1": sum(a[k:], Fraction(0)), "tail2": sum((x * x for x in a[k:]), Fraction(0))}
    return ctx.claim.bound(k=k, eps=eps, norm2=norm2(g), **tails)


@check(gs.OPTIMAL_DENSITY, level=Level.EXACT)
def dual_values(ctx: Context) -> Iterator[Evidence]:
    """Primal and dual values, and the met cap, as rationals, over gradients of six kinds."""
    for g in GRADIENTS:
        for eps in CAPS:
            best = minimal_density(g, eps)
            claimed = _claimed(ctx, g, eps, best.kept)
            where = {"g": str(g), "eps": eps}
            yield Measurement(measured=best.density, bound=claimed, parameters=where)
            yield Measurement(measured=best.dual, bound=claimed, what="dual value", parameters=where)
            yield Measurement(
                measured=best.second_moment, bound=(1 + eps) * norm2(g), what="second moment", parameters=where
            )


@check(gs.OPTIMAL_DENSITY, level=Level.SYMBOLIC)
def primal_meets_dual(ctx: Context) -> Iterator[Evidence]:
    """Weak duality entry by entry; the level parts the entries as claimed; both values there are the claimed one."""
    G, N, P, T, M = sp.symbols("g n p T M")  # M = eps ||g||^2 + R_k, the level is 1/lambda = M/T
    g, n, p = (Interval(x) for x in ("g", "n", "p"))
    yield Inequality(P + N**2 * G**2 / P - 2 * N * G, (g, n, p), what="an entry that may be dropped")
    large = Interval("g", "1/n", closed_low=True)
    small = Interval("p", "0", "1", closed_high=True)
    yield Inequality(P + N**2 * G**2 / P - 1 - N**2 * G**2, (n, large, small), what="an entry kept for certain")
    next_ = (Interval("T"), Interval("M"), Interval("g", "0", "M/T", closed_high=True))
    yield Inequality(1 - T / M * G, next_, what="from the first on that meets the condition: p <= 1")
    yield Identity(G * (T + G) - (M + G**2) - T * (G - M / T), "the last that does not is above the level")
    yield Inequality(M + G**2 - G * G, (Interval("M"), g), what="the last nonzero entry meets the condition")
    k, t1, t2, eps, N2 = (ctx.claim.parameter(x).symbol for x in ("k", "tail1", "tail2", "eps", "norm2"))
    root = t1 / (eps * N2 + t2)
    yield Identity(N2 - t2 + t1 / root - (1 + eps) * N2, "the cap is met")
    yield Identity(k + root * t1 - ctx.claim.expression, "the primal value")
    dual = k + root**2 * (N2 - t2) + 2 * root * t1 - root**2 * (1 + eps) * N2
    yield Identity(dual - ctx.claim.expression, "the dual value")


@control(gs.OPTIMAL_DENSITY, drops="optimal probabilities: uniform ones of the same density")
def uniform_breaks_the_cap(ctx: Context) -> Iterator[Evidence]:
    """With p_i all equal and the optimal density the second moment exceeds the cap."""
    for eps in CAPS:
        density = _claimed(ctx, POWERS, eps, minimal_density(POWERS, eps).kept)
        second = norm2(POWERS) * len(POWERS) / density
        cap = (1 + eps) * norm2(POWERS)
        yield Measurement(
            measured=second, bound=cap, relation=Relation.LE, what="second moment", parameters={"eps": eps}
        )


@check(gs.OPTIMAL_DENSITY, level=Level.EMPIRICAL)
def entries_sent_along_training(ctx: Context) -> Iterator[Evidence]:
    """Logistic loss on breast_cancer, four workers, three caps, 20 seeds, 30 steps: entries sent over the claimed mean."""
    eps = np.array([0.1, 0.5, 2.0])
    problem = four_workers(breast_cancer())
    out = sparsified_runs(problem, eps, ctx.keys(settings=eps.tolist(), seeds=20), 30, backend=ctx.backend)
    count = np.diff(out.sent.values, axis=-1)
    a = np.sort(np.abs(problem.gradients(out.x.values[:, :, :-1])), axis=-1)[..., ::-1]  # (eps, seed, step, worker, d)
    p = least_density(eps[:, None, None, None, None])(a)
    kept = np.sum(p >= 1, axis=-1)
    dropped = p < 1
    sums = {"tail1": np.where(dropped, a, 0).sum(-1), "tail2": np.where(dropped, a * a, 0).sum(-1)}
    caps = np.broadcast_to(eps[:, None, None, None], kept.shape)
    flat = {k: v.ravel() for k, v in {"k": kept, "eps": caps, "norm2": np.sum(a * a, axis=-1), **sums}.items()}
    claimed = np.reshape(ctx.claim.bound(**flat), kept.shape).sum(axis=-1)
    most = np.sum(a > 0, axis=(-2, -1))
    yield from means_are(count, claimed, most, what="entries sent", data="breast_cancer", workers=4)


# --- the greedy scheme and duality ---------------------------------------------------------------------------------------


@check(gs.GREEDY, level=Level.EXACT)
def greedy_against_the_optimum(ctx: Context) -> Iterator[Evidence]:
    """In rational arithmetic: the second moment and the sum of the greedy probabilities, and how many rescalings it took."""
    rng = ctx.rng()
    tails = [tuple(Fraction(int(x), 16) for x in np.ceil(16 * np.exp(2 * rng.standard_normal(30)))) for _ in range(3)]
    for g in (*GRADIENTS, *tails):
        for kappa in (Fraction(1, 10), Fraction(1, 4), Fraction(3, 5)):
            d, where = len(g), {"g": str(g[:4]), "kappa": kappa}
            p, rescalings = greedy(g, kappa)
            best = minimal_variance(g, kappa * d)
            second = sum((x * x / q for x, q in zip(g, p, strict=True) if x), Fraction(0))
            yield Measurement(measured=second, bound=ctx.claim.bound(V=best.second_moment), parameters=where)
            yield Measurement(measured=p.sum(), bound=kappa * d, what="density", parameters=where)
            common: dict[str, Any] = {"relation": Relation.LE, "parameters": where}
            yield Measurement(measured=rescalings, bound=d, what="rescalings", **common)
            for most in (0, 1, 2):
                early, _ = greedy(g, kappa, rescalings=most)
                yield Measurement(measured=early.sum(), bound=kappa * d, what="density, stopped early", **common)


@check(gs.GREEDY, level=Level.SYMBOLIC)
def a_rescaled_scheme_is_a_water_level(ctx: Context) -> Iterator[Evidence]:
    """A pass makes the sum s unless it clips; of two levels only one meets it: the greedy end is the optimum's level."""
    s, n, T, c = sp.symbols("s n T c", positive=True)
    rescaled = (s - n) / (c * T)  # (kappa d - d + |I|)/sum_I p with n = d - |I| entries at one and p = c |g| on I
    yield Identity(n + rescaled * c * T - s, "without clipping the sum is met")
    g = Interval("g")
    kept = Interval("level", "0", "1/g")
    G, a, m = sp.symbols("g level more")
    yield Inequality((a + m) * G - a * G, (g, kept, Interval("more")), strict=True, what="a higher level sends more")
    yield Identity(T**2 / (s - n) - T / ((s - n) / T), "the share of the entries below one")
    yield Identity(ctx.claim.expression - ctx.claim.parameter("V").symbol, "the claim compares with the optimum")


@control(gs.GREEDY, drops="until_it_ends")
def no_rescaling(ctx: Context) -> Iterator[Evidence]:
    """Clipped without rescaling the budget is not used, and the second moment is larger."""
    g = np.array([100.0, 10.0, 1.0, 1.0, 1.0, 1.0])
    p, _ = greedy(g, 0.5, rescalings=0)
    best = minimal_variance(g, 3.0)
    second = float((g**2 / p).sum())
    error = 8 * g.size * np.finfo(float).eps * second
    yield Measurement(
        measured=second, bound=ctx.claim.bound(V=best.second_moment), error=error, error_source="rounding"
    )


@check(gs.DUALITY, level=Level.EXACT)
def there_and_back(ctx: Context) -> Iterator[Evidence]:
    """From eps to the least density and back, and from a budget to the least second moment and back, in rationals."""
    for g in GRADIENTS:
        for eps in CAPS:
            S = minimal_density(g, eps).density
            back = minimal_variance(g, S).second_moment / norm2(g) - 1
            yield Measurement(measured=back, bound=ctx.claim.bound(eps=eps), parameters={"g": str(g), "eps": eps})
        for s in (Fraction(1, 2), Fraction(2), Fraction(5, 2)):
            more = minimal_variance(g, s).second_moment / norm2(g) - 1
            again = minimal_density(g, ctx.claim.bound(eps=more)).density
            yield Measurement(measured=again, bound=s, what="density", parameters={"g": str(g), "s": s})


@check(gs.DUALITY, level=Level.SYMBOLIC)
def the_values_invert_each_other(ctx: Context) -> Iterator[Evidence]:
    """k + T^2/(eps N + R) = s and H + T^2/(s - k) = (1 + eps) N with N = H + R are the same equation."""
    k, T, R, H = sp.symbols("k T R H", positive=True)
    e = ctx.claim.parameter("eps").symbol
    s = k + T**2 / (e * (H + R) + R)
    yield Identity((H + T**2 / (s - k)) / (H + R) - 1 - ctx.claim.expression, "inverse functions")


@control(gs.DUALITY, drops="some_dropped")
def a_budget_that_keeps_everything(ctx: Context) -> Iterator[Evidence]:
    """With a budget above the number of entries nothing is dropped: the increase is 0, not eps."""
    g = POWERS
    back = minimal_variance(g, len(g)).second_moment / norm2(g) - 1
    yield Measurement(measured=back, bound=ctx.claim.bound(eps=Fraction(1, 10)))
