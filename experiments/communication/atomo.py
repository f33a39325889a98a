"""ATOMO in numbers: enumeration in rationals, exact optima with their dual certificates, digits, and controls."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from functools import cache
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
from gradproof.experiments.communication._sparse_methods import atomic_sgd, least_variance, second_moment
from gradproof.experiments.engine.backend import backend as array_library
from gradproof.experiments.engine.check import Context, Evidence, check, control
from gradproof.experiments.engine.draws import Draws
from gradproof.experiments.engine.run import run, start
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
    """Mean and variance of two unit atoms with inner product c, by enumeration of the four outcomes."""
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
    g = np.sort(np.abs(_digits_gradient().ravel()))[-30:]
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
        W, A, C = out.x.values, *_digits_moments()
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
def the_dual_term(ctx: Context) -> Iterator[Evidence]:
    """lambda^2/p + nu p >= 2 |lambda| sqrt(nu), and >= lambda^2 + nu on (0, 1] if lambda^2 >= nu: weak duality."""
    a, n, p = (Interval(x) for x in ("a", "n", "p"))
    A, N, P = sp.symbols("a n p")
    yield Inequality(A**2 / P + N**2 * P - 2 * A * N, (a, n, p), what="an entry that may be dropped")
    p_small = Interval("p", "0", "1", closed_high=True)
    a_large = Interval("a", "n", closed_low=True)
    yield Inequality(A**2 / P + N**2 * P - A**2 - N**2, (n, a_large, p_small), what="an entry kept for certain")
    head, T, s, n1 = (ctx.claim.parameter(x).symbol for x in ("head", "T", "s", "n1"))
    nu = (T / (s - n1)) ** 2
    yield Identity(
        head + n1 * nu + 2 * T * (T / (s - n1)) - nu * s - ctx.claim.expression, "the dual value is the claimed one"
    )


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
    """(sum lambda^2/p)(sum p) - (sum lambda)^2 is a sum of squares, for 2 to 4 atoms; the balanced scheme attains it."""
    for n in (2, 3, 4):
        a, p = sp.symbols(f"a1:{n + 1}", positive=True), sp.symbols(f"p1:{n + 1}", positive=True)
        gap = sum(x**2 / q for x, q in zip(a, p, strict=True)) * sum(p) - sum(a) ** 2
        squares = sum((a[i] * p[j] - a[j] * p[i]) ** 2 / (p[i] * p[j]) for i in range(n) for j in range(i))
        yield Identity(gap - squares, f"{n} atoms")
    l1, s = ctx.claim.parameter("l1").symbol, ctx.claim.parameter("s").symbol
    yield Identity(ctx.claim.expression * s - l1**2, "the claimed bound")


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
    """g with rational norms: the optimum at s_2 and s_inf has the claimed second moment and the classics' probabilities."""
    for g in (
        EXAMPLES[3],
        (Fraction(1), Fraction(2), Fraction(2)),
        (Fraction(2), Fraction(3), Fraction(6), Fraction(0)),
    ):
        l1 = sum(abs(x) for x in g)
        two = Fraction(int(sp.sqrt(sum(x * x for x in g))))
        for q, norm in ((2, two), ("inf", max(abs(x) for x in g))):
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
    """sum g_i^2/p_i with p_i = |g_i|/||g||_q is ||g||_1 ||g||_q; a probability times a norm is |g_i|, so it is balanced."""
    g, lq, l1 = sp.symbols("g lq l1", positive=True)
    yield Identity(g**2 / (g / lq) - g * lq, "one entry")
    claimed = ctx.claim.expression.subs({ctx.claim.parameter("l1").symbol: l1, ctx.claim.parameter("lq").symbol: lq})
    yield Identity(claimed - l1**2 / (l1 / lq), "it meets the lower bound at its budget")


@control(atomo.QSGD_TERNGRAD, drops="optimal: TernGrad's probabilities squared")
def squared_probabilities(ctx: Context) -> Iterator[Evidence]:
    """Keeping with probability (|g_i|/||g||_inf)^2 sends less and has another second moment."""
    g = (Fraction(1), Fraction(2), Fraction(2))
    second = sum(x * x / (x / 2) ** 2 for x in g)
    yield Measurement(measured=second, bound=ctx.claim.bound(l1=5, lq=2))


# --- singular values ---------------------------------------------------------------------------------------------------


def _sines() -> np.ndarray:
    i, j = np.arange(1, 5)[:, None], np.arange(1, 7)[None, :]
    return np.sin(i * j) + (i == j)


def _digits_gradient() -> np.ndarray:
    """Gradient at zero of least squares from 8 x 8 digits to ten one-hot classes, shape (10, 64)."""
    from sklearn.datasets import load_digits

    X, y = load_digits(return_X_y=True)
    return -np.eye(10)[y].T @ (X / 16) / len(X)


@cache
def _digits_moments() -> tuple[np.ndarray, np.ndarray]:
    """A = X'X/m and C = Y'X/m of the digits and their one-hot classes: the gradient at W is W A - C."""
    from sklearn.datasets import load_digits

    X, y = load_digits(return_X_y=True)
    return (X / 16).T @ (X / 16) / len(X), np.eye(10)[y].T @ (X / 16) / len(X)


def digits_runs(stream: np.ndarray, steps: int, backend: str = "numpy") -> dict[str, tuple[Any, float]]:
    """Least squares on the digits from W = 0 with step 1/L: ``singular`` with s = 1..4, ``entries`` with as many floats.

    Args:
        stream: keys (1, seeds, 2).

    Returns:
        name -> the run (``x`` and ``sent`` with dims setting, seed, step; coordinate ``s``), and the floats of an atom.
    """
    on = array_library(backend)
    A, C, words = on.move((*_digits_moments(), np.tile(stream, (4, 1, 1))))
    gamma = 1 / float(np.linalg.norm(_digits_moments()[0], 2))
    out = {}
    # a triplet costs 10 + 64 + 1 floats, an entry a float and an index
    for atoms, number, cost in (("singular", 10, 75.0), ("entries", 640, 2.0)):
        s = np.arange(1, 5) * 75.0 / cost
        with on.scope():
            method = atomic_sgd(lambda W: W @ A - C, gamma, least_variance(on.asarray(s[:, None, None])), atoms=atoms)
        run_ = run(
            method,
            on.asarray(np.zeros((4, stream.shape[1], 10, 64))),
            steps,
            record={"x": lambda state: state.x, "sent": lambda state: state.sent},
            draw=lambda t: Draws(words, t).uniform((number,)),  # noqa: B023 (used before the next)
            settings={"s": s},
            units={"sent": "atoms"},
        )
        out[atoms] = (run_, cost)
    return out


def digits_loss(W: np.ndarray) -> np.ndarray:
    """|X W' - Y|^2/(2m) of W (..., 10, 64), shape (...)."""
    A, C = _digits_moments()
    return np.sum(W @ A * W, axis=(-2, -1)) / 2 - np.sum(W * C, axis=(-2, -1)) + 0.5


def _norms(X: np.ndarray) -> tuple[float, float, float]:
    """Nuclear norm, entrywise l1 norm, and a bound on the rounding error of the singular values."""
    sigma = np.linalg.svd(X, compute_uv=False)
    error = sum(X.shape) * np.finfo(float).eps * float(sigma[0]) * len(sigma)
    return float(sigma.sum()), float(np.abs(X).sum()), error


@check(atomo.SPECTRAL_VS_ENTRYWISE, level=Level.EXACT)
def nuclear_norms(ctx: Context) -> Iterator[Evidence]:
    """Singular values of the digits' gradient, a matrix of sines, all ones, and random ranks, from both sides."""
    rng = ctx.rng()
    matrices = {"digits": _digits_gradient(), "sines": _sines(), "ones": np.ones((3, 5))}
    matrices |= {f"rank {r}": rng.standard_normal((8, r)) @ rng.standard_normal((r, 12)) for r in (1, 3, 8)}
    for name, X in matrices.items():
        nuclear, entries, error = _norms(X)
        common: dict[str, Any] = {"error": error, "error_source": "rounding", "parameters": {"matrix": name}}
        yield Measurement(measured=nuclear, bound=ctx.claim.bound(entrywise=entries), **common)
        low = entries / np.sqrt(X.size)
        relation = Relation.EQ if name == "ones" else Relation.GE
        yield Measurement(measured=nuclear, bound=low, relation=relation, what="from below", **common)


@check(atomo.SPECTRAL_VS_ENTRYWISE, level=Level.SYMBOLIC)
def one_entry_a_row_attains_it(ctx: Context) -> Iterator[Evidence]:
    """A diagonal matrix has X^T X diagonal: its singular values are its entries."""
    a, b = sp.symbols("a b", positive=True)
    X = sp.Matrix([[0, a], [b, 0]])
    nuclear = sum(sp.sqrt(e) * m for e, m in (X.T * X).eigenvals().items())
    yield Identity(
        sp.powdenest(nuclear, force=True) - ctx.claim.expression.subs(ctx.claim.parameter("entrywise").symbol, a + b),
        "equality",
    )


@control(atomo.SPECTRAL_VS_ENTRYWISE, drops="unit_atoms")
def long_atoms(ctx: Context) -> Iterator[Evidence]:
    """With entry atoms of norm two the coefficients halve, and the nuclear norm exceeds their sum."""
    nuclear, entries, error = _norms(np.diag([3.0, 2.0, 1.0]))
    yield Measurement(
        measured=nuclear, bound=ctx.claim.bound(entrywise=entries / 2), error=error, error_source="rounding"
    )


# --- the effect on a step ----------------------------------------------------------------------------------------------


@check(atomo.SGD_EFFECT, level=Level.EXACT)
def one_step_by_enumeration(ctx: Context) -> Iterator[Evidence]:
    """E||x+||^2 over all outcomes, in rational arithmetic."""
    for x in EXAMPLES:
        for s, gamma in ((Fraction(2), Fraction(1, 10)), (Fraction(3, 2), Fraction(1, 2))):
            best = minimal_variance(x, s)
            p = [q or Fraction(1) for q in best.p]
            after = Fraction(0)
            for t, weight in outcomes(p):
                after += weight * sum((v - gamma * v * k / q) ** 2 for v, k, q in zip(x, t, p, strict=True))
            x2 = sum(v * v for v in x)
            claimed = ctx.claim.bound(gamma=gamma, x2=x2, V=best.second_moment)
            yield Measurement(measured=after, bound=claimed, parameters={"x": str(x), "s": s, "gamma": gamma})


@check(atomo.SGD_EFFECT, level=Level.SYMBOLIC)
def expand_the_square(ctx: Context) -> Iterator[Evidence]:
    """E|x - gamma ghat|^2 = |x|^2 - 2 gamma |x|^2 + gamma^2 V; at equal entries it contracts iff gamma < 2s/d."""
    g, x2, V = (ctx.claim.parameter(n).symbol for n in ("gamma", "x2", "V"))
    d, s = sp.symbols("d s", positive=True)
    yield Identity(ctx.claim.expression - (x2 - 2 * g * x2 + g**2 * V), "expansion")
    at = ctx.claim.expression.subs(V, d / s * x2)
    yield Identity(sp.factor(at - x2) - g * x2 * (g * d / s - 2), "the sign changes at 2s/d")


@check(atomo.SGD_EFFECT, level=Level.EMPIRICAL)
def sampled_steps(ctx: Context) -> Iterator[Evidence]:
    """20000 sampled steps from x = 1 in six dimensions: the mean is 4.98 at s = 2, gamma = 1/10."""
    x, s, gamma = np.ones(6), 2.0, 0.1
    best = minimal_variance(x, s)
    keep = ctx.rng().random((20_000, 6)) < best.p
    after = ((x - gamma * x * keep / best.p) ** 2).sum(axis=1)
    top = float(np.maximum(1.0, (1 - gamma / best.p) ** 2).sum())
    claimed = ctx.claim.bound(gamma=gamma, x2=6.0, V=best.second_moment)
    yield from mean_is(after, claimed, top=top, what="E||x+||^2", s=s, gamma=gamma)


@check(atomo.SGD_EFFECT, level=Level.EMPIRICAL)
def every_step_of_runs(ctx: Context) -> Iterator[Evidence]:
    """20 steps from (3, 2, 1, 1, 1, 1) at three budgets, 100 seeds: ||x+||^2 over its claimed mean, at every step."""
    s, gamma, on = np.array([1.5, 2.0, 4.0]), 0.2, array_library(ctx.backend)
    x0, words = on.move(
        (start([3.0, 2, 1, 1, 1, 1], settings=3, seeds=100)[..., None, :], ctx.keys(settings=s.tolist(), seeds=100))
    )
    with on.scope():
        method = atomic_sgd(lambda x: x, gamma, least_variance(on.asarray(s[:, None, None])))
    out = run(method, x0, 20, record={"x": lambda state: state.x}, draw=lambda t: Draws(words, t).uniform((6,)))
    x = out.x.values[:, :, :, 0]
    after, x = np.sum(x[:, :, 1:] ** 2, axis=-1), x[:, :, :-1]
    p = least_variance(s[:, None, None, None])(x)
    claimed = ctx.claim.bound(gamma=gamma, x2=np.sum(x**2, axis=-1).ravel(), V=second_moment(x, p).ravel())
    safe = np.where(p > 0, p, 1)
    top = np.sum(np.maximum(x**2, (x - gamma * x / safe) ** 2), axis=-1)
    yield from means_are(after.ravel(), claimed, top.ravel(), what="||x+||^2", gamma=gamma)


@control(atomo.SGD_EFFECT, drops="step size below 2s/d")
def long_steps_diverge(ctx: Context) -> Iterator[Evidence]:
    """At gamma = 21 s / (10 d) and equal entries the squared norm grows."""
    x2, s, d = Fraction(6), Fraction(2), 6
    gamma = Fraction(21, 10) * s / d
    after = ctx.claim.bound(gamma=gamma, x2=x2, V=x2 * d / s)
    yield Measurement(measured=after, bound=x2, relation=Relation.LE, what="E||x+||^2", parameters={"gamma": gamma})
