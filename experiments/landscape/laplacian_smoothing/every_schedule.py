"""Checks of what every schedule attracts: the largest common invariant subspace of the Hessian and the Laplacian."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from math import gcd

import numpy as np

from gradproof.experiments.engine.check import Context, Evidence, check, control
from gradproof.experiments.landscape.laplacian_smoothing.dimensions import (
    EPS,
    claimed_dimension,
    negative_eigenvalues,
    signs,
)
from gradproof.experiments.landscape.laplacian_smoothing.methods import (
    norms_after,
    saddle,
    smoothed_gd,
    trajectory,
)
from gradproof.experiments.landscape.laplacian_smoothing.smoothing import bounded_laplacian, matrix
from gradproof.solvers.circulant import periodic_laplacian
from gradproof.solvers.subspaces import invariant_stable_subspace, pointwise_stable_subspace
from gradproof.theory.evidence import Level, Measurement, Relation
from gradproof.theory.landscape import laplacian_smoothing as ls


@check(ls.ROBUST_DIMENSION, level=Level.EXACT)
def rational_elimination(ctx: Context) -> Iterator[Evidence]:
    """The largest common invariant subspace of B and L with B > 0 on it, in rational arithmetic."""
    for n in range(2, 31) if ctx.at_least("full") else range(2, 17):
        measured = len(invariant_stable_subspace(signs(n), [periodic_laplacian(n)]))
        yield Measurement(measured=measured, bound=claimed_dimension(ctx, n=n), parameters={"n": n})


@check(ls.ROBUST_DIMENSION, level=Level.EXACT)
def intersection_over_schedules(ctx: Context) -> Iterator[Evidence]:
    """The intersection of the attracted subspaces of several schedules with two values, by singular values."""
    for n in (2, 3, 4, 5, 6, 7):
        schedules = [ctx.rng("schedule", n, k).choice([0.5, 2.0], size=240) for k in range(n + 2)]
        found = [pointwise_stable_subspace(signs(n), s, 0.4, 240) for s in schedules]
        yield from _rank_measurement(ctx, n, np.concatenate([s.normals for s in found]), max(s.error for s in found))


@check(ls.ROBUST_DIMENSION, level=Level.EXACT)
def frozen_matrices(ctx: Context) -> Iterator[Evidence]:
    """The starts whose iterates lie in the positive eigenspace of A_{sigma_k}^{-1}B at every step k, for mLSGD."""
    for n in (2, 3, 4, 5, 6, 7, 8):
        rows, step = [], np.eye(n)
        for k in range(2 * n):
            smoothing = np.linalg.inv(matrix(n, float(ls.mlsgd_schedule(k))))
            values, vectors = np.linalg.eig(signs(n) @ smoothing)  # left eigenvectors of A^-1 B
            normal = vectors[:, np.argmin(values.real)].real @ step
            rows.append(normal / np.linalg.norm(normal))
            step = step - 0.4 * smoothing @ signs(n) @ step
        yield from _rank_measurement(ctx, n, np.stack(rows), 1e3 * n * EPS)


def _rank_measurement(ctx: Context, n: int, normals: np.ndarray, error: float) -> Iterator[Evidence]:
    """n minus the rank; the smallest singular value that counts must exceed the error of the rows."""
    s = np.linalg.svd(normals, compute_uv=False)
    rank = int(np.sum(s > error * len(normals) ** 0.5))
    yield Measurement(
        measured=n - rank, bound=claimed_dimension(ctx, n=n), parameters={"n": n, "smallest": float(s[rank - 1])}
    )


@check(ls.ROBUST_DIMENSION, level=Level.EMPIRICAL)
def contraction_on_the_common_subspace(ctx: Context) -> Iterator[Evidence]:
    """mLSGD from x_0 in it: ||x_k|| <= (1 - eta/5)^k ||x_0||; its vectors have x_n = 0, where rounding is not amplified."""
    for n in (3, 4, 7, 12):
        for row in invariant_stable_subspace(signs(n), [periodic_laplacian(n)]):
            x0 = row.astype(float)
            path = list(trajectory(smoothed_gd(lambda x, n=n: saddle(n) * x, 0.1, ls.mlsgd_schedule), x0, 200))  # type: ignore[misc]
            where = {"n": n, "start": str([int(c) for c in row])}
            bound = (1 - 0.1 / 5) ** 200 * float(np.linalg.norm(x0))
            yield Measurement(
                measured=float(np.linalg.norm(path[-1])),
                bound=bound,
                relation=Relation.LE,
                what="||x_200||",
                parameters=where,
                error=200 * n * EPS * 1.1**200,
                error_source="rounding",
            )


@check(ls.ROBUST_DIMENSION, level=Level.EMPIRICAL)
def structured_starts_escape(ctx: Context) -> Iterator[Evidence]:
    """mLSGD from random starts with x_n = 0, where GD converges to the saddle: how many never reach f < 0."""
    runs = 1000
    for n in (3, 6):
        x = ctx.rng("starts", n).normal(size=(runs, n))
        x[:, -1] = 0
        method = smoothed_gd(lambda x, n=n: saddle(n) * x, 0.4, ls.mlsgd_schedule)  # type: ignore[misc]
        state, escaped = method.init(x), np.zeros(runs, dtype=bool)
        for _ in range(5000):
            state = method.step(state, None)
            escaped |= np.sum(saddle(n) * state.x**2, axis=1) < 0
            if escaped.all():
                break
        yield Measurement(
            measured=int(np.sum(~escaped)),
            bound=0,
            relation=Relation.EQ,
            what="starts with x_n = 0 that mLSGD did not take below the saddle",
            parameters={"n": n, "steps": state.k},
            seed=ctx.seed,
            n=runs,
        )


@check(ls.ROBUST_DIMENSION_MANY, level=Level.EXACT)
def several_negative_coordinates(ctx: Context) -> Iterator[Evidence]:
    """All pairs and some triples of negative coordinates, in rational arithmetic."""
    rng = ctx.rng("places")
    for n in (4, 6, 8, 9, 12):
        places = [(0, d) for d in range(1, n // 2 + 1)] + [
            tuple(rng.choice(n, 3, replace=False).tolist()) for _ in range(4)
        ]
        for p in places:
            g = gcd(n, *(2 * (i - p[0]) for i in p[1:]))
            measured = len(invariant_stable_subspace(signs(n, p), [periodic_laplacian(n)]))
            yield Measurement(
                measured=measured, bound=claimed_dimension(ctx, g=g), parameters={"n": n, "negatives": str(p)}
            )


@check(ls.ROBUST_DIMENSION_MANY, level=Level.EMPIRICAL)
def runs_with_several_negative_coordinates(ctx: Context) -> Iterator[Evidence]:
    """mLSGD with three negative coordinates: which random starts of the antisymmetric plane die out, and which others."""
    n, places = 12, (0, 3, 6)
    rng, b = ctx.rng("runs"), signs(n, places)
    basis = np.asarray(invariant_stable_subspace(b, [periodic_laplacian(n)]), dtype=float)
    g = gcd(n, *(2 * i for i in places))
    yield Measurement(measured=len(basis), bound=claimed_dimension(ctx, g=g), what="dimension", parameters={"n": n})
    inside, outside = rng.normal(size=(200, len(basis))) @ basis, rng.normal(size=(200, n))
    # a start in the plane shrinks by 1 - eta/5 a step at least; rounding grows by 1 + eta a step at most, from n eps
    shrunk = (1 - 0.1 / 5) ** 200 + n * EPS * 1.1**200
    for x0, attracted in ((inside, 200), (outside, 0)):
        last = norms_after(np.diag(b).astype(float), ls.mlsgd_schedule, 0.1, x0, 200)
        died = int(np.sum(last <= shrunk * np.linalg.norm(x0, axis=1)))
        where = {"n": n, "negatives": str(places)}
        yield Measurement(
            measured=died, bound=attracted, what="starts that die out", parameters=where, seed=ctx.seed, n=200
        )


@control(ls.ROBUST_DIMENSION, drops="every_schedule")
def one_schedule_is_enough(ctx: Context) -> Iterator[Evidence]:
    """The starts that one schedule attracts: their dimension is n - 1, also for mLSGD."""
    for n in (2, 3, 4, 5):
        s = pointwise_stable_subspace(signs(n), ls.mlsgd_schedule, 0.4, 300)
        yield Measurement(measured=int(np.sum(s.exponents < 0)), bound=claimed_dimension(ctx, n=n), parameters={"n": n})


@control(ls.ROBUST_DIMENSION, drops="two_distinct_sigmas")
def one_sigma_is_enough(ctx: Context) -> Iterator[Evidence]:
    """With one sigma the positive eigenspace of A^{-1}B itself is invariant: dimension n - 1."""
    for n in (2, 3, 6):
        measured = n - negative_eigenvalues(signs(n), n, Fraction(1))
        yield Measurement(measured=measured, bound=claimed_dimension(ctx, n=n), parameters={"n": n, "sigma": 1})


@control(ls.ROBUST_DIMENSION, drops="one_negative")
def two_negatives(ctx: Context) -> Iterator[Evidence]:
    """Two negative coordinates at distance 1 or 2 of 8 leave no common reflection."""
    for d in (1, 2, 3):
        measured = len(invariant_stable_subspace(signs(8, [0, d]), [periodic_laplacian(8)]))
        yield Measurement(measured=measured, bound=claimed_dimension(ctx, n=8), parameters={"n": 8, "distance": d})


@control(ls.ROBUST_DIMENSION, drops="periodic_laplacian")
@control(ls.ROBUST_DIMENSION_MANY, drops="periodic_laplacian")
def reflecting_ends(ctx: Context) -> Iterator[Evidence]:
    """With Neumann ends and the negative coordinate at the end no reflection fixes it: nothing is left."""
    for n in (3, 6):
        measured = len(invariant_stable_subspace(signs(n), [bounded_laplacian(n, fixed=False)]))
        values = {"g": n} if ctx.claim.id == ls.ROBUST_DIMENSION_MANY.id else {"n": n}
        yield Measurement(measured=measured, bound=claimed_dimension(ctx, **values), parameters={"n": n})
