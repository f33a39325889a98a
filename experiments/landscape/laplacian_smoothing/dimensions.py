"""Checks of the attraction region of one schedule: which starts it takes to the saddle."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import pairwise
from math import nan
from typing import Any

import numpy as np
import sympy as sp

from gradproof.experiments.engine.check import Context, Evidence, check, control
from gradproof.experiments.landscape.laplacian_smoothing.methods import (
    constant,
    norms_after,
    saddle,
)
from gradproof.experiments.landscape.laplacian_smoothing.smoothing import matrix
from gradproof.solvers.circulant import periodic_laplacian
from gradproof.solvers.subspaces import (
    inertia,
    invariant_stable_subspace,
    pointwise_stable_subspace,
    stable_slope_enclosure,
)
from gradproof.theory.evidence import Level, Measurement, Relation
from gradproof.theory.landscape import laplacian_smoothing as ls

EPS = float(np.finfo(float).eps)
SCHEDULES = {"gd": constant(0), "lsgd": constant(1), "mlsgd": ls.mlsgd_schedule}


def signs(n: int, negatives: Sequence[int] | None = None) -> np.ndarray:
    """Integer matrix diag(+-1), -1 at the given places (0-based; the last one by default)."""
    d = np.ones(n, dtype=np.int64)
    d[[n - 1] if negatives is None else list(negatives)] = -1
    return np.diag(d)


def dimension_table(
    sizes: Sequence[int], *, eta: float = 0.4, steps: int = 400
) -> dict[int, tuple[int, int, int, int]]:
    """``{n: (gd, lsgd, mlsgd, common)}``: negative Lyapunov exponents of each method, and the exact common dimension."""

    def attracted(n: int, name: str) -> int:
        return int(np.sum(pointwise_stable_subspace(signs(n), SCHEDULES[name], eta, steps).exponents < 0))

    table = {}
    for n in sizes:
        common = len(invariant_stable_subspace(signs(n), [periodic_laplacian(n)]))
        table[n] = (attracted(n, "gd"), attracted(n, "lsgd"), attracted(n, "mlsgd"), common)
    return table


def claimed_dimension(ctx: Context, **values: Any) -> int:
    """The claim's bound, a whole number."""
    return int(ctx.claim.bound(**values))


@check(ls.POINTWISE_DIMENSION, level=Level.EXACT)
def lyapunov_exponents(ctx: Context) -> Iterator[Evidence]:
    """Negative Lyapunov exponents of GD, LSGD and mLSGD, one and several negative coordinates."""
    for n in (2, 3, 5, 8, 12) if not ctx.at_least("full") else range(2, 31):
        for negatives in ([n - 1], [0, n // 2]) if n > 3 else ([n - 1],):
            for name, schedule in SCHEDULES.items():
                s = pointwise_stable_subspace(signs(n, negatives), schedule, 0.4, 300)
                where = {"n": n, "negatives": str(negatives), "method": name, "error": s.error}
                bound = claimed_dimension(ctx, n=n, n_neg=len(negatives))
                yield Measurement(measured=int(np.sum(s.exponents < 0)), bound=bound, parameters=where)
                # and the subspace is known to the stated error, below which its dimension cannot change
                yield Measurement(
                    measured=s.error,
                    bound=0.5,
                    relation=Relation.LE,
                    what="sine of its angle to the truth",
                    parameters=where,
                )


@check(ls.POINTWISE_DIMENSION, level=Level.EXACT)
def random_hessians_and_schedules(ctx: Context) -> Iterator[Evidence]:
    """Random symmetric integer Hessians, exact inertia, random bounded schedules."""
    rng = ctx.rng("hessians")
    for n in (2, 4, 7):
        for _ in range(3):
            b = rng.integers(-3, 4, size=(n, n))
            b = b + b.T
            _, zero, negative = inertia(b)
            if zero:
                continue
            norm = float(np.linalg.norm(b, 2))
            values = np.abs(np.linalg.eigvalsh(b))
            steps = min(20_000, int(20 * values.max() / values.min()) + 300)
            schedule = rng.uniform(0, 2, size=steps)
            s = pointwise_stable_subspace(b, schedule, 1 / norm, steps)
            where = {"n": n, "hessian": b.tolist(), "steps": steps}
            yield Measurement(
                measured=int(np.sum(s.exponents < 0)),
                bound=claimed_dimension(ctx, n=n, n_neg=negative),
                parameters=where,
            )


@check(ls.POINTWISE_DIMENSION, level=Level.EXACT)
def a_start_on_the_enclosed_line(ctx: Context) -> Iterator[Evidence]:
    """n = 2, mLSGD, exact rationals: the start on the enclosed line comes to 1e-6, its two neighbours lie on both sides."""
    low, high = stable_slope_enclosure(Fraction(1, 10), ls.mlsgd_schedule, 700)
    steps = 300
    ends = [_exact_orbit(m, steps) for m in (low, high)]
    # the attracted start lies between two starts that both come close: by convexity of the norm so does it
    yield Measurement(
        measured=max(float(abs(x) + abs(y)) for x, y in ends),
        bound=1e-5,
        relation=Relation.LE,
        what="||x_300|| on the enclosed line",
        parameters={"eta": "1/10", "width": float(high - low)},
    )
    for offset, sign in ((Fraction(1, 10**3), 1), (Fraction(-1, 10**3), -1)):
        x, y = _exact_orbit(low + offset, 150)
        yield Measurement(
            measured=float(sign * y) - abs(float(x)),  # beyond the diagonal: f < 0, and it never returns
            bound=0.0,
            relation=Relation.GE,
            what="|x_2| - |x_1| after 150 steps beside the line",
            parameters={"offset": str(offset)},
        )


def _exact_orbit(slope: Fraction, steps: int) -> tuple[Fraction, Fraction]:
    """mLSGD on diag(1, -1) from (1, slope) with eta = 1/10, numerators and denominators kept apart (no gcds)."""
    x, y, denominator = slope.denominator, slope.numerator, slope.denominator
    for k in range(steps):
        # A^-1 = [[a, b], [b, a]] with a = (3k + 4)/(5k + 6), b = (2k + 2)/(5k + 6)
        a, b, d = 3 * k + 4, 2 * k + 2, 5 * k + 6
        x, y, denominator = 10 * d * x - (a * x - b * y), 10 * d * y - (b * x - a * y), 10 * d * denominator
    return Fraction(x, denominator), Fraction(y, denominator)


@check(ls.POINTWISE_DIMENSION, level=Level.EMPIRICAL)
def one_dark_line_for_each_method(ctx: Context) -> Iterator[Evidence]:
    """n = 2, starts on a half circle of directions: the smallest ||x_200|| lies within a cell of the attracted line."""
    count = 1_000_000 if ctx.at_least("full") else 10_000
    angles = np.linspace(-np.pi / 2, np.pi / 2, count, endpoint=False)
    starts = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    cell = np.pi / count
    for name, schedule in SCHEDULES.items():
        low, _ = stable_slope_enclosure(Fraction(1, 10), lambda k, f=schedule: Fraction(f(k)), 300)  # type: ignore[misc]
        reached = norms_after(saddle(2), schedule, 0.1, starts, 200)
        found = float(angles[np.argmin(reached)])
        # the valley is off the line by the ratio of shrinking to growth, 0.914^200 < 2e-8
        distance = abs(found - np.arctan(float(low))) / cell
        yield Measurement(
            measured=distance,
            bound=1.0,
            relation=Relation.LE,
            what="cells between the darkest start and the line",
            parameters={"method": name, "angle": found},
            error=1e-7 / cell,
            error_source="rounding",
            n=count,
        )


@control(ls.POINTWISE_DIMENSION, drops="step")
def too_long_a_step(ctx: Context) -> Iterator[Evidence]:
    """Beyond eta = 2/||B|| convex directions diverge too: I - 2.1 I has no attracted start."""
    for n in (1, 3):
        measured = int(np.sum(np.abs(1 - 2.1 * np.ones(n)) < 1))
        yield Measurement(
            measured=measured, bound=claimed_dimension(ctx, n=n, n_neg=0), parameters={"n": n, "eta": 2.1}
        )


@control(ls.POINTWISE_DIMENSION, drops="bounded_schedule")
def exploding_schedule(ctx: Context) -> Iterator[Evidence]:
    """sigma_k = 4^k freezes all but the mean: prod (1 - eta/lambda_j) stays away from 0 on a convex quadratic."""
    for n in (2, 5):
        modes = 4 * np.sin(np.pi * np.arange(n) / n) ** 2
        factors = np.prod([1 - 0.5 / (1 + 4.0**k * modes) for k in range(200)], axis=0)
        # what is left after 200 factors: the tail of sum 4^-k is below one unit of rounding
        measured = int(np.sum(factors < 1e-50))
        yield Measurement(measured=measured, bound=claimed_dimension(ctx, n=n, n_neg=0), parameters={"n": n})


@check(ls.INERTIA, level=Level.EXACT)
def sylvester(ctx: Context) -> Iterator[Evidence]:
    """Exact: the characteristic polynomial of A^{-1}B against the inertia of B, by Descartes' rule, in rationals."""
    rng = ctx.rng("hessians")
    for n in (2, 3, 6, 9):
        for numerator in (1, 4):
            b = rng.integers(-3, 4, size=(n, n))
            b = b + b.T + 7 * signs(n)
            _, zero, negative = inertia(b)
            if zero:
                continue
            where = {"n": n, "sigma": f"{numerator}/2"}
            yield Measurement(
                measured=negative_eigenvalues(b, n, Fraction(numerator, 2)),
                bound=claimed_dimension(ctx, n_neg=negative),
                parameters=where,
            )


def negative_eigenvalues(b: np.ndarray, n: int, sigma: Fraction) -> int:
    """Negative eigenvalues of A^{-1}B, all of them real for sigma >= 0: sign changes of its polynomial at -x."""
    import flint

    s = flint.fmpq(sigma.numerator, sigma.denominator)
    a = flint.fmpq_mat(n, n, [flint.fmpq(int(i == j)) for i in range(n) for j in range(n)])
    a -= flint.fmpq_mat(n, n, [s * int(x) for row in periodic_laplacian(n) for x in row])
    p = (a.inv() * flint.fmpq_mat(n, n, [int(x) for row in b for x in row])).charpoly()
    mirrored = [c if k % 2 == 0 else -c for k, c in enumerate(list(p)) if c != 0]
    return sum((x > 0) != (y > 0) for x, y in pairwise(mirrored))


@check(ls.INERTIA, level=Level.EMPIRICAL)
def larger_hessians(ctx: Context) -> Iterator[Evidence]:
    """Random symmetric B of prescribed inertia up to n = 60: eigenvalues of A^{-1/2}BA^{-1/2}, all well away from 0."""
    rng = ctx.rng("large")
    for n, negative in ((20, 0), (20, 7), (60, 31), (60, 60)):
        q = np.linalg.qr(rng.normal(size=(n, n)))[0]
        b = (q * np.where(np.arange(n) < negative, -1, 1) * rng.uniform(1, 5, size=n)) @ q.T
        for sigma in (0.5, 10.0):
            root = np.linalg.cholesky(matrix(n, sigma))
            values = np.linalg.eigvalsh(np.linalg.solve(root, np.linalg.solve(root, b).T))
            # |values| >= 1/(1 + 4 sigma) by Ostrowski; rounding is n^2 eps of numbers of size 5
            clear = float(np.abs(values).min()) > n * n * EPS * 5
            where = {"n": n, "sigma": sigma}
            count = int(np.sum(values < 0)) if clear else nan
            yield Measurement(
                measured=count, bound=claimed_dimension(ctx, n_neg=negative), parameters=where, seed=ctx.seed
            )


@control(ls.INERTIA, drops="nonnegative_sigma")
def indefinite_smoothing(ctx: Context) -> Iterator[Evidence]:
    """sigma = -1 makes A indefinite, and signs change."""
    for n in (2, 4):
        values = np.linalg.eigvals(np.linalg.solve(matrix(n, -1.0), np.eye(n)))
        yield Measurement(
            measured=int(np.sum(values.real < 0)), bound=claimed_dimension(ctx, n_neg=0), parameters={"n": n}
        )


@check(ls.STABLE_LINE, level=Level.EXACT)
def enclosed_slopes(ctx: Context) -> Iterator[Evidence]:
    """The slope lies between rationals from the nested intervals, for several sigma and steps."""
    for sigma in (Fraction(1, 2), Fraction(1), Fraction(6), Fraction(0)):
        for eta in (Fraction(1, 10), Fraction(1), Fraction(19, 10)):
            low, high = (
                sp.Rational(x.numerator, x.denominator) for x in stable_slope_enclosure(eta, constant(sigma), 300)
            )
            where = {"sigma": str(sigma), "eta": str(eta)}
            bound = ctx.claim.bound(sigma=sigma)
            yield Measurement(measured=low, bound=bound, relation=Relation.LE, what="lower end", parameters=where)
            yield Measurement(measured=high, bound=bound, relation=Relation.GE, what="upper end", parameters=where)
            yield Measurement(
                measured=(low + high) / 2, bound=bound, error=high - low, error_source="enclosure", parameters=where
            )


@control(ls.STABLE_LINE, drops="constant_sigma")
def turning_line(ctx: Context) -> Iterator[Evidence]:
    """Under mLSGD the line has neither the slope of its first sigma nor that of its limit."""
    low, high = stable_slope_enclosure(Fraction(1, 10), ls.mlsgd_schedule, 400)
    for sigma in (Fraction(1, 2), Fraction(1)):
        yield Measurement(
            measured=float(low),
            bound=float(ctx.claim.bound(sigma=sigma)),
            error=float(high - low) + EPS,
            error_source="enclosure",
            parameters={"sigma": str(sigma)},
        )
