"""Gradient sparsification in numbers: exact optima with dual certificates, the greedy scheme, sampled moments, controls."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction
from typing import Any

import numpy as np
import sympy as sp

from gradproof.experiments.communication._sparse import EXAMPLES, mean_is, means_are, outcomes
from gradproof.experiments.communication._sparse_methods import Scheme, least_density, sparsified_sgd
from gradproof.experiments.data import Dataset, breast_cancer, split
from gradproof.experiments.engine.backend import backend as array_library
from gradproof.experiments.engine.check import Context, Evidence, check, control
from gradproof.experiments.engine.draws import Draws
from gradproof.experiments.engine.run import run, start
from gradproof.experiments.problems import Logistic, Problem, Quadratics
from gradproof.solvers.sparsification import greedy, minimal_density, minimal_variance
from gradproof.theory.communication import gradient_sparsification as gs
from gradproof.theory.evidence import Level, Measurement, Relation
from gradproof.theory.field import Interval
from gradproof.theory.symbolic import Identity, Inequality

POWERS = tuple(Fraction(v) for v in (8, 4, 2, 1, Fraction(1, 2), Fraction(1, 4), Fraction(1, 8), Fraction(1, 8)))
GRADIENTS = (POWERS, *EXAMPLES)
CAPS = (Fraction(1, 10), Fraction(1, 4), Fraction(1), Fraction(2))


# --- runs ------------------------------------------------------------------------------------------------------------


def four_workers(data: Dataset, lam: float = 0.01) -> Logistic:
    """Logistic loss with the nonconvex regulariser, the rows split evenly over four workers."""
    A, b = split(data, 4, order="norm")
    return Logistic(A, b, lam)


def sparse_features(
    rows: int = 400, d: int = 200, *, threshold: float = 0.6, shrink: float = 0.01, seed: int = 0
) -> Dataset:
    """Gaussian rows whose features have magnitudes uniform on [0, 1], those up to ``threshold`` shrunk; Wangni et al., 5.1."""
    rng = np.random.default_rng(seed)
    size = rng.random(d)
    X = rng.standard_normal((rows, d)) * np.where(size <= threshold, shrink * size, size)
    return Dataset("sparse_features", X, np.where(X @ rng.standard_normal(d) > 0, 1.0, -1.0))


def sparsified_runs(
    problem: Problem,
    eps: np.ndarray,
    stream: np.ndarray,
    steps: int,
    *,
    scheme: Callable[[Scheme], Scheme] = lambda optimal: optimal,
    x0: np.ndarray | None = None,
    gamma: float | None = None,
    backend: str = "numpy",
) -> Any:
    """SGD with sparsified full gradients of the workers, one setting an ``eps``; step size 1/((1 + max eps) L) by default.

    ``scheme``: what to use instead of the scheme of least density, made from it. ``stream``: keys (eps, seed, 2).

    Returns:
        ``xarray.Dataset``: ``x``, ``f`` and ``sent`` (entries, all workers) with dims (setting, seed, step).
    """
    on = array_library(backend)
    moved, caps, words = on.move((problem, eps[:, None, None], stream))
    step_size = 1 / ((1 + float(eps.max())) * problem.L) if gamma is None else gamma
    first = start(np.zeros(problem.d) if x0 is None else x0, settings=len(eps), seeds=stream.shape[1])
    return run(
        sparsified_sgd(moved, step_size, scheme(least_density(caps))),
        on.asarray(first),
        steps,
        record={"x": lambda s: s.x, "f": lambda s: moved.values(s.x).mean(-1), "sent": lambda s: s.sent},
        draw=lambda t: Draws(words, t).uniform((problem.n, problem.d)),
        settings={"eps": eps},
        units={"sent": "entries"},
    )


def _norm2(g: Any) -> Any:
    return sum(x * x for x in g)


def _claimed(ctx: Context, g: Any, eps: Any, k: int) -> Any:
    a = sorted((abs(x) for x in g), reverse=True)
    tails = {"tail1": sum(a[k:], Fraction(0)), "tail2": sum((x * x for x in a[k:]), Fraction(0))}
    return ctx.claim.bound(k=k, eps=eps, norm2=_norm2(g), **tails)


# --- least density -----------------------------------------------------------------------------------------------------


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
                measured=best.second_moment, bound=(1 + eps) * _norm2(g), what="second moment", parameters=where
            )


@check(gs.OPTIMAL_DENSITY, level=Level.SYMBOLIC)
def weak_duality(ctx: Context) -> Iterator[Evidence]:
    """p + nu g^2/p >= 2 g sqrt(nu), and >= 1 + nu g^2 on (0, 1] if g sqrt(nu) >= 1; the dual value is the claimed one."""
    G, N, P = sp.symbols("g n p")
    g, n, p = (Interval(x) for x in ("g", "n", "p"))
    yield Inequality(P + N**2 * G**2 / P - 2 * N * G, (g, n, p), what="an entry that may be dropped")
    large = Interval("g", "1/n", closed_low=True)
    small = Interval("p", "0", "1", closed_high=True)
    yield Inequality(P + N**2 * G**2 / P - 1 - N**2 * G**2, (n, large, small), what="an entry kept for certain")
    k, t1, t2, eps, norm2 = (ctx.claim.parameter(x).symbol for x in ("k", "tail1", "tail2", "eps", "norm2"))
    root = t1 / (eps * norm2 + t2)
    dual = k + root**2 * (norm2 - t2) + 2 * root * t1 - root**2 * (1 + eps) * norm2
    yield Identity(dual - ctx.claim.expression, "the dual value")


@control(gs.OPTIMAL_DENSITY, drops="optimal probabilities: uniform ones of the same density")
def uniform_breaks_the_cap(ctx: Context) -> Iterator[Evidence]:
    """With p_i all equal and the optimal density the second moment exceeds the cap."""
    for eps in CAPS:
        density = _claimed(ctx, POWERS, eps, minimal_density(POWERS, eps).kept)
        second = _norm2(POWERS) * len(POWERS) / density
        cap = (1 + eps) * _norm2(POWERS)
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
    """Second moment of the greedy probabilities beside the exact optimum of the same density."""
    rng = ctx.rng()
    vectors = [np.array(POWERS, float), *(np.exp(2 * rng.standard_normal(40)) for _ in range(5))]
    for g in vectors:
        for kappa in (0.1, 0.25, 0.6):
            p, _ = greedy(g, kappa)
            best = minimal_variance(g, kappa * g.size)
            second = float((g**2 / p).sum())
            # sums of d positive terms, the rescalings included: a few d roundings
            error = 8 * g.size * np.finfo(float).eps * second
            claimed = ctx.claim.bound(V=best.second_moment)
            yield Measurement(
                measured=second, bound=claimed, error=error, error_source="rounding", parameters={"kappa": kappa}
            )


@check(gs.GREEDY, level=Level.SYMBOLIC)
def a_rescaled_scheme_is_a_water_level(ctx: Context) -> Iterator[Evidence]:
    """With n entries at one, the others c |g_i| of sum s - n: their share of the second moment is T^2/(s - n)."""
    g, h, s, n = sp.symbols("g h s n", positive=True)
    c = (s - n) / (g + h)
    V = ctx.claim.parameter("V").symbol
    yield Identity(g**2 / (c * g) + h**2 / (c * h) - (g + h) ** 2 / (s - n), "two entries below one")
    yield Identity(ctx.claim.expression - V, "the claim compares with the optimum")


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
    """The least density at eps, and the least second moment at that density, in rational arithmetic."""
    for g in GRADIENTS:
        for eps in CAPS:
            S = minimal_density(g, eps).density
            back = minimal_variance(g, S).second_moment / _norm2(g) - 1
            yield Measurement(measured=back, bound=ctx.claim.bound(eps=eps), parameters={"g": str(g), "eps": eps})


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
    back = minimal_variance(g, len(g)).second_moment / _norm2(g) - 1
    yield Measurement(measured=back, bound=ctx.claim.bound(eps=Fraction(1, 10)))


# --- approximately sparse gradients ----------------------------------------------------------------------------------------


def _sparsity(g: Any, s: int) -> Any:
    a = sorted((abs(x) for x in g), reverse=True)
    return sum(a[s:]) / sum(a[:s])


@check(gs.APPROX_SPARSE, level=Level.EXACT)
def power_laws(ctx: Context) -> Iterator[Evidence]:
    """The exact optimum beside (1 + rho) s for i^-a, in rational arithmetic."""
    laws = {a: tuple(Fraction(1, i**a) for i in range(1, 61)) for a in (1, 2, 3)}
    for a, g in laws.items():
        for s in (1, 3, 10):
            rho = _sparsity(g, s)
            density = minimal_density(g, rho).density
            yield Measurement(measured=density, bound=ctx.claim.bound(rho=rho, s=s), parameters={"a": a, "s": s})


@check(gs.APPROX_SPARSE, level=Level.SYMBOLIC)
def a_feasible_scheme(ctx: Context) -> Iterator[Evidence]:
    """p = 1 on S and s |g_i|/||g_S||_1 elsewhere: density (1 + rho) s; the moment by Cauchy-Schwarz on S."""
    rho, s = (ctx.claim.parameter(x).symbol for x in ("rho", "s"))
    G, x = sp.symbols("G x", positive=True)  # G = ||g_S||_1, x an entry outside S
    yield Identity(s + s * (rho * G) / G - ctx.claim.expression, "its density")
    yield Identity(x**2 / (s * x / G) - x * G / s, "an entry's share of the moment; they sum to rho G^2/s at most")
    a, b = sp.symbols("a b", positive=True)
    yield Identity(2 * (a**2 + b**2) - (a + b) ** 2 - (a - b) ** 2, "Cauchy-Schwarz: G^2 <= s ||g_S||^2, two entries")


@check(gs.APPROX_SPARSE, level=Level.EMPIRICAL)
def gradients_of_breast_cancer(ctx: Context) -> Iterator[Evidence]:
    """Stochastic gradients of logistic loss on breast_cancer: the sparsest scheme at every s."""
    data = breast_cancer()
    rows = ctx.rng().permutation(len(data.y))[:40]
    worst: Measurement | None = None
    for i in rows:
        g = -0.5 * data.y[i] * data.X[i]
        for s in (1, 3, 10, 20):
            rho = _sparsity(g, s)
            density = minimal_density(g, rho).density
            bound = float(ctx.claim.bound(rho=float(rho), s=s))
            error = 16 * g.size * np.finfo(float).eps * density
            m = Measurement(
                measured=density,
                bound=bound,
                error=error,
                error_source="rounding",
                n=160,
                parameters={"row": int(i), "s": s},
            )
            worst = m if worst is None or m.ratio > worst.ratio else worst
    assert worst is not None
    yield worst


@control(gs.APPROX_SPARSE, drops="approximately_sparse")
def equal_entries(ctx: Context) -> Iterator[Evidence]:
    """All entries equal, but rho claimed to be 1/10 with s = 2: the sparsest scheme needs more."""
    g = tuple(Fraction(1) for _ in range(20))
    density = minimal_density(g, Fraction(1, 10)).density
    yield Measurement(measured=density, bound=ctx.claim.bound(rho=Fraction(1, 10), s=2))


@check(gs.CODE_LENGTH, level=Level.EXACT)
def bits_of_power_laws(ctx: Context) -> Iterator[Evidence]:
    """The formula's length of the exact optimum beside its bound, for i^-a and 32-bit floats, where k <= s."""
    for a in (1.0, 1.5, 2.0):
        g = np.arange(1, 1001) ** -a
        for s in (3, 10, 50):
            rho = float(_sparsity(g, s))
            best = minimal_density(g, rho)
            if best.kept <= s:
                bits = np.log2(1000)
                rest = best.density - best.kept
                length = best.kept * (32 + bits) + min(bits * rest, 2000) + 32
                error = 1e3 * np.finfo(float).eps * length
                bound = float(ctx.claim.bound(rho=rho, s=s, d=1000, b=32))
                yield Measurement(
                    measured=length, bound=bound, error=error, error_source="rounding", parameters={"a": a, "s": s}
                )


@check(gs.CODE_LENGTH, level=Level.SYMBOLIC)
def room_in_either_coding(ctx: Context) -> Iterator[Evidence]:
    """With k + sum_{i>k} p_i = (1 + rho) s - t, t >= 0, k <= s: what each coding leaves below the bound is nonnegative."""
    rho, s, d, b = (ctx.claim.parameter(x).symbol for x in ("rho", "s", "d", "b"))
    k, t = sp.symbols("k t", positive=True)
    index = sp.log(d, 2)
    rest = (1 + rho) * s - t - k
    room = {"index": (s - k) * b + t * index, "bitmap": (s - k) * (b + index)}
    for coding, cost in (("index", index * rest), ("bitmap", 2 * d)):
        bound = ctx.claim.expression.replace(
            sp.Min, lambda *a, c=coding: next(x for x in a if x.has(rho) == (c == "index"))
        )
        yield Identity(bound - (k * (b + index) + cost + b) - room[coding], f"what is left, by {coding}")
    j, B, T, I = sp.symbols("j b t i")
    sizes = tuple(Interval(x) for x in ("j", "b", "t", "i"))  # j = s - k, i = log d
    yield Inequality(j * B + T * I, sizes, what="by index")
    yield Inequality(j * (B + I), sizes, what="by bitmap")


@control(gs.CODE_LENGTH, drops="approximately_sparse")
def bits_of_equal_entries(ctx: Context) -> Iterator[Evidence]:
    """Equal entries sent at eps = rho = 1/100 need far more bits than s = 2 would allow."""
    best = minimal_density(np.ones(1000), 0.01)
    length = best.kept * (32 + np.log2(1000)) + min(np.log2(1000) * (best.density - best.kept), 2000) + 32
    yield Measurement(measured=length, bound=float(ctx.claim.bound(rho=0.01, s=2, d=1000, b=32)))


# --- the effect on a step ------------------------------------------------------------------------------------------------


@check(gs.SGD_COST, level=Level.EXACT)
def one_step_by_enumeration(ctx: Context) -> Iterator[Evidence]:
    """E||x+||^2 over all outcomes, in rational arithmetic."""
    for x in (EXAMPLES[0], EXAMPLES[1], POWERS):
        for eps, gamma in ((Fraction(1, 4), Fraction(1, 10)), (Fraction(1), Fraction(1, 2))):
            p = minimal_density(x, eps).p
            after = Fraction(0)
            for t, weight in outcomes(p):
                after += weight * sum((v - gamma * v * k / q) ** 2 for v, k, q in zip(x, t, p, strict=True))
            claimed = ctx.claim.bound(gamma=gamma, eps=eps, x2=_norm2(x))
            yield Measurement(measured=after, bound=claimed, parameters={"x": str(x), "eps": eps, "gamma": gamma})


@check(gs.SGD_COST, level=Level.SYMBOLIC)
def expand_the_square(ctx: Context) -> Iterator[Evidence]:
    """E|x - gamma Q(x)|^2 with a second moment of (1 + eps)|x|^2; its sign of growth changes at 2/(1 + eps)."""
    g, e, x2 = (ctx.claim.parameter(n).symbol for n in ("gamma", "eps", "x2"))
    yield Identity(ctx.claim.expression - (x2 - 2 * g * x2 + g**2 * (1 + e) * x2), "expansion")
    yield Identity(ctx.claim.expression - x2 - g * x2 * (g * (1 + e) - 2), "threshold")


@check(gs.SGD_COST, level=Level.EMPIRICAL)
def sampled_steps(ctx: Context) -> Iterator[Evidence]:
    """20000 sampled steps from a power law."""
    x, eps, gamma = np.arange(1, 31) ** -1.0, 0.5, 0.3
    p = minimal_density(x, eps).p
    keep = ctx.rng().random((20_000, x.size)) < p
    after = ((x - gamma * x * keep / p) ** 2).sum(axis=1)
    top = float(np.maximum(x**2, (x - gamma * x / p) ** 2).sum())
    claimed = float(ctx.claim.bound(gamma=gamma, eps=eps, x2=float(x @ x)))
    yield from mean_is(after, claimed, top=top, what="E||x+||^2", eps=eps, gamma=gamma)


@check(gs.SGD_COST, level=Level.EMPIRICAL)
def every_step_of_runs(ctx: Context) -> Iterator[Evidence]:
    """15 steps from a power law in 30 dimensions at three caps, 100 seeds: ||x+||^2 over its claimed mean, at every step."""
    eps, gamma, x0 = np.array([0.25, 1.0, 2.0]), 0.3, np.arange(1, 31) ** -1.0
    square = Quadratics(np.eye(30)[None])
    out = sparsified_runs(
        square, eps, ctx.keys(settings=eps.tolist(), seeds=100), 15, x0=x0, gamma=gamma, backend=ctx.backend
    )
    x = out.x.values
    after, x = np.sum(x[:, :, 1:] ** 2, axis=-1), x[:, :, :-1]
    p = least_density(eps[:, None, None, None])(x)
    caps = np.broadcast_to(eps[:, None, None], after.shape).ravel()
    claimed = ctx.claim.bound(gamma=gamma, eps=caps, x2=np.sum(x**2, axis=-1).ravel())
    top = np.sum(np.maximum(x**2, (x - gamma * x / np.where(p > 0, p, 1)) ** 2), axis=-1)
    yield from means_are(after.ravel(), claimed, top.ravel(), what="||x+||^2", gamma=gamma)


@control(gs.SGD_COST, drops="unbiased")
def the_largest_entry_alone(ctx: Context) -> Iterator[Evidence]:
    """A step along the largest entry, not divided by a probability: another mean, and the others never shrink."""
    x, gamma = EXAMPLES[0], Fraction(1, 10)
    after = _norm2(x) - (2 * gamma - gamma**2) * x[0] ** 2
    yield Measurement(measured=after, bound=ctx.claim.bound(gamma=gamma, eps=Fraction(1, 4), x2=_norm2(x)))


@control(gs.SGD_COST, drops="step size below 2/(1 + eps)")
def long_steps_grow(ctx: Context) -> Iterator[Evidence]:
    """At gamma = 21/(10 (1 + eps)) the squared norm grows."""
    eps = Fraction(1, 2)
    after = ctx.claim.bound(gamma=Fraction(21, 10) / (1 + eps), eps=eps, x2=1)
    yield Measurement(measured=after, bound=1, relation=Relation.LE, what="E||x+||^2")
