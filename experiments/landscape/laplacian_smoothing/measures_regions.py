"""Which starts are taken to the saddle: by one schedule, by every schedule, and on which line in the plane."""

from collections.abc import Callable, Sequence
from fractions import Fraction
from itertools import pairwise
from math import gcd
from typing import Any

import flint
import numpy as np

from gradproof.experiments.engine.measure import Enclosed, cases, measure
from gradproof.experiments.landscape.laplacian_smoothing import instances, methods
from gradproof.experiments.landscape.laplacian_smoothing.derivations import CONE
from gradproof.experiments.landscape.laplacian_smoothing.instances import SCHEDULES, congruent, signs
from gradproof.solvers.circulant import periodic_laplacian
from gradproof.solvers.subspaces import (
    UndecidedSubspace,
    inertia,
    invariant_stable_subspace,
    pointwise_stable_subspace,
    stable_slope_enclosure,
)
from gradproof.theory.evidence import Outcome
from gradproof.theory.landscape import laplacian_smoothing as ls

EPS = float(np.finfo(float).eps)
POINTWISE = ("periodic_laplacian", "symmetric_B", "bounded_schedule", "step")
ROBUST = ("periodic_laplacian", "step", "bounded_schedule", "two_distinct_sigmas", "every_schedule", "diagonal")
ONE = ("one_negative", *ROBUST)
LITERAL = ("periodic_laplacian", "step", "one_negative")


def one_negative(sizes: Sequence[int], **axes: Any) -> Any:
    """Cases of one negative coordinate, the last; ``g`` of several coordinates is then n."""
    return cases(n=list(sizes), **axes).let(negatives=lambda n: (n - 1,), g=lambda n: n)


#: all distances of two negative coordinates, and some triples
PLACES = [(0, d) for d in range(1, 7)] + [(0, 1, 3), (0, 2, 4), (0, 3, 6), (1, 4, 5)]
SEVERAL = cases(n=[4, 6, 8, 9, 12], negatives=PLACES).where(lambda n, negatives: max(negatives) < n)
SEVERAL = SEVERAL.let(g=lambda n, negatives: gcd(n, *(2 * (i - negatives[0]) for i in negatives))).guaranteeing(*ROBUST)


# --- one schedule ----------------------------------------------------------------------------------------------------

ONE_NEGATIVE = {f"diag(1, ..., 1, -1), n = {n}": signs(n) for n in range(2, 9)}
SADDLES = {k: ONE_NEGATIVE[k] for k in ONE_NEGATIVE if k[-1] in "2358"} | {"diag(1, ..., 1, -1), n = 12": signs(12)}
SADDLES |= {f"two negative, n = {n}": signs(n, (0, n // 2)) for n in (5, 8, 12)}
HESSIANS = {f"n = {n}, {k} negative": congruent(n, k) for n, k in ((2, 1), (4, 1), (4, 3), (5, 4), (6, 2), (7, 4))}
DRAWN = {"uniform on [0, 2]": np.random.default_rng(1).uniform(0, 2, size=20_000).tolist()}
ALONE = cases(hessian=SADDLES, schedule=SCHEDULES) + cases(hessian=HESSIANS, schedule=DRAWN)


@measure(ls.POINTWISE_DIMENSION, ALONE.guaranteeing(*POINTWISE))
@measure(ls.LITERAL_DIMENSION, cases(hessian=ONE_NEGATIVE, schedule=ls.mlsgd_schedule).guaranteeing(*LITERAL))
def negative_lyapunov_exponents(hessian: np.ndarray, schedule: Any) -> Any:
    """$\\dim\\{x_0 : x_k \\to 0\\}$: directions that die out, their span known to less than would change its dimension."""
    sizes = np.abs(np.linalg.eigvalsh(hessian))
    steps = min(20_000, int(20 * sizes.max() / sizes.min()) + 300)
    found = pointwise_stable_subspace(hessian, schedule, 0.4 / sizes.max(), steps)
    if found.error >= 0.5:  # the sine of its angle to the truth
        raise UndecidedSubspace(f"the subspace is known to {found.error:.2g} only")
    return int(np.sum(found.exponents < 0)), {"n": len(hessian), "n_neg": inertia(hessian)[2]}


@measure(ls.POINTWISE_DIMENSION, cases(n=2, n_neg=1).guaranteeing(*POINTWISE))
@measure(ls.LITERAL_DIMENSION, cases(n=2).guaranteeing(*LITERAL))
def dimension_in_the_plane() -> int:
    """$\\dim\\{x_0 : x_k \\to 0\\}$ for $n = 2$, every schedule and step < 1: at least 1 by a cone, at most 1 as some $f < 0$.

    The cone $0 \\le x_2 \\le x_1$ loses its edges to either side at every step, so the slopes whose orbits stay for K steps form
    nested nonempty compact intervals: some start stays for ever, and there $x_1$ dies out.
    """
    at_least = int(all(part.decide()[0] is Outcome.PROVED for part in CONE))
    escaping = np.array([0, 1])
    at_most = 2 - int(escaping @ signs(2) @ escaping < 0)  # f decreases along a run, and f(0) = 0
    if at_least != at_most:
        raise UndecidedSubspace(f"the dimension lies in [{at_least}, {at_most}]")
    return at_least


@measure(ls.POINTWISE_DIMENSION, cases(n=[2, 5], eta=0.5, schedule=SCHEDULES).guaranteeing(*POINTWISE))
def modes_that_die_out(n: int, eta: float, schedule: Callable[[int], Any]) -> Any:
    """$\\dim\\{x_0 : x_k \\to 0\\}$ for $B = I$: modes whose factors $1 - \\eta/\\lambda_j(\\sigma_k)$ multiply to nothing."""
    waves = 4 * np.sin(np.pi * np.arange(n) / n) ** 2
    left = np.abs(np.prod([1 - eta / (1 + float(schedule(k)) * waves) for k in range(500)], axis=0))
    if np.any((left > 1e-20) & (left < 1e-2)):
        raise UndecidedSubspace(f"after 500 steps the modes are down to {left}")
    return int(np.sum(left <= 1e-20)), {"n_neg": 0}


# --- every schedule --------------------------------------------------------------------------------------------------


@measure(ls.ROBUST_DIMENSION, one_negative(range(2, 17)).guaranteeing(*ONE))
@measure(ls.ROBUST_DIMENSION_MANY, SEVERAL)
def common_subspace(n: int, negatives: Sequence[int], laplacian: Callable[[int], Any] = periodic_laplacian) -> int:
    """The largest common invariant subspace of $B$ and $L$ with $B > 0$ on it, in rational arithmetic."""
    return len(invariant_stable_subspace(signs(n, negatives), [laplacian(n)]))


TO_30 = one_negative(range(17, 31)).guaranteeing(*ONE)
measure(ls.ROBUST_DIMENSION, TO_30, budget="full", name="common_subspace_to_30")(common_subspace)


def rank(normals: np.ndarray, error: float) -> int:
    """Number of singular values above the error of the (unit) rows."""
    return int(np.sum(np.linalg.svd(normals, compute_uv=False) > error * len(normals) ** 0.5))


@measure(ls.ROBUST_DIMENSION, one_negative(range(2, 8)).guaranteeing(*ONE))
@measure(ls.ROBUST_DIMENSION_MANY, SEVERAL.where(lambda n: n == 6))
def intersection_over_schedules(n: int, negatives: Sequence[int]) -> Any:
    """The starts that several schedules with two values attract: few enough by singular values, enough by invariance."""
    b = signs(n, negatives)
    found = [pointwise_stable_subspace(b, s, 0.4, 240) for s in instances.SWITCHING]
    at_most = n - rank(np.concatenate([s.normals for s in found]), max(s.error for s in found))
    return Enclosed(contracting(b), at_most, "truncation")


def contracting(b: np.ndarray) -> int:
    """Dimension of a subspace with Bw = w that L maps into itself: there every step is I - eta A^-1, a contraction."""
    laplacian = periodic_laplacian(len(b))
    rows = invariant_stable_subspace(b, [laplacian])
    if not len(rows):
        return 0
    w = flint_rows(rows)
    inside = flint.fmpq_mat([*w.tolist(), *(w * flint_rows(laplacian)).tolist()]).rank() == len(rows)
    return len(rows) if inside and w * flint_rows(b) == w else 0


def flint_rows(rows: np.ndarray) -> flint.fmpq_mat:
    """A matrix of integers or fractions."""
    entries = [flint.fmpq(*Fraction(x).as_integer_ratio()) for x in rows.ravel().tolist()]
    return flint.fmpq_mat(len(rows), rows.shape[1], entries)


@measure(
    ls.POINTWISE_DIMENSION,
    cases(hessian=SADDLES, schedules={k: [s] for k, s in SCHEDULES.items()}).guaranteeing(*POINTWISE),
)
@measure(ls.ROBUST_DIMENSION, one_negative(range(2, 8)).let(hessian=signs).guaranteeing(*ONE))
@measure(ls.ROBUST_DIMENSION_MANY, SEVERAL.where(lambda n: n == 6).let(hessian=signs))
def directions_lost_in_runs(hessian: np.ndarray, backend: str, schedules: Any = instances.SWITCHING) -> Any:
    """Directions of starts that 60 steps under each of the schedules shrink; those that one of them blows up are the others."""
    n = len(hessian)
    ends = [methods.states_after(hessian.astype(float), s, 0.4, np.eye(n), 60, backend).T for s in schedules]
    sizes = np.linalg.svd(np.concatenate(ends), compute_uv=False)
    if np.any((sizes > 0.2) & (sizes < 5)):  # rounding grows to n 1.4^60 eps < 1e-5
        raise UndecidedSubspace(f"after 60 steps directions have the sizes {sizes}")
    return int(np.sum(sizes <= 0.2)), {"n": n, "n_neg": inertia(hessian)[2]}


def one_sigma(n: int, negatives: Sequence[int]) -> int:
    """Where sigma = 1 at every step the starts are the positive eigenspace of $A^{-1}B$."""
    return n - negative_eigenvalues(signs(n, negatives), Fraction(1))[0]


def frozen_matrices(n: int) -> Any:
    """The starts whose iterates lie in the positive eigenspace of $A_k^{-1}B$ at every step k of mLSGD, by singular values."""
    rows, error, step, b = [], 0.0, np.eye(n), signs(n)
    for k in range(2 * n):
        p = np.linalg.inv(methods.matrix(n, float(ls.mlsgd_schedule(k))))
        values, vectors = np.linalg.eig(b @ p)  # left eigenvectors of A^-1 B
        normal = vectors[:, np.argmin(values.real)].real @ step
        size = float(np.linalg.norm(normal))
        rows.append(normal / size)
        error = max(error, n * n * (k + 1) * EPS * 1.4**k / size)  # a step grows by 1.4 at most
        step = step - 0.4 * p @ b @ step
    return Enclosed(contracting(b), n - rank(np.stack(rows), error), "rounding")


# --- signs of the curvature ------------------------------------------------------------------------------------------

SIGNS = ("periodic_laplacian", "symmetric_B", "nonnegative_sigma")
COUNTS = ((2, 1), (3, 2), (9, 4), (20, 0), (20, 7), (40, 21), (40, 40))
SMOOTHED = cases(b={f"n = {n}, {k} negative": congruent(n, k) for n, k in COUNTS}, sigma=[Fraction(1, 2), Fraction(10)])


@measure(ls.INERTIA, SMOOTHED.guaranteeing(*SIGNS))
def negative_eigenvalues(b: np.ndarray, sigma: Fraction) -> Any:
    """$n_-(A^{-1}B)$, all real for sigma >= 0: sign changes of the characteristic polynomial at $-x$, in rationals."""
    p = (instances.exact_inverse(len(b), sigma) * flint_rows(b)).charpoly()
    mirrored = [c if k % 2 == 0 else -c for k, c in enumerate(list(p)) if c != 0]
    return sum((x > 0) != (y > 0) for x, y in pairwise(mirrored)), {"n_neg": inertia(b)[2]}


@measure(ls.INERTIA, cases(n=[20, 60], share=[0.0, 0.35, 1.0], sigma=[0.5, 10.0]).guaranteeing(*SIGNS))
def negative_eigenvalues_in_floats(n: int, share: float, sigma: float, rng: Any) -> Any:
    """$n_-(A^{-1}B)$ of random $B$: eigenvalues of $CBC'$ with $A^{-1} = C'C$, all away from 0 by more than their rounding."""
    q, n_neg = np.linalg.qr(rng.normal(size=(n, n)))[0], int(share * n)
    b = (q * np.where(np.arange(n) < n_neg, -1, 1) * rng.uniform(1, 5, size=n)) @ q.T
    root = np.linalg.cholesky(methods.matrix(n, sigma))
    values = np.linalg.eigvalsh(np.linalg.solve(root, np.linalg.solve(root, b).T))
    if np.abs(values).min() <= n * n * EPS * 5:
        raise UndecidedSubspace(f"an eigenvalue of {np.abs(values).min():.2g} has no certain sign")
    return int(np.sum(values < 0)), {"n_neg": n_neg}


# --- the line in the plane -------------------------------------------------------------------------------------------

LINES = cases(sigma=[Fraction(0), Fraction(1, 2), Fraction(1), Fraction(6)]).let(schedule=methods.constant)
LINES = LINES.guaranteeing("periodic_laplacian", "constant_sigma")


@measure(ls.STABLE_LINE, LINES)
def enclosed_slope(schedule: Callable[[int], Any]) -> Any:
    """$x_2/x_1$ between rationals, from nested intervals of slopes 300 steps ahead, for three step sizes."""
    for eta in (Fraction(1, 10), Fraction(1), Fraction(19, 10)):
        yield Enclosed(*stable_slope_enclosure(eta, schedule, 300), "truncation")


@measure(ls.STABLE_LINE, LINES)
def darkest_start(sigma: Fraction, schedule: Callable[[int], Any], backend: str) -> Any:
    """$x_2/x_1$ of the direction, of 10 000, with the smallest $\\|x_K\\|$: within a cell of the line."""
    count, eta = 10_000, 0.1
    angles = np.linspace(-np.pi / 2, np.pi / 2, count, endpoint=False)
    factors = np.abs(1 - eta * np.linalg.eigvals(instances.dense_solve(np.eye(2), float(sigma)) @ signs(2)))
    steps = int(np.log(1e-9) / np.log(factors.min() / factors.max())) + 1
    starts = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    found = angles[np.argmin(methods.norms_after(methods.saddle(2), schedule, eta, starts, steps, backend))]
    reach = np.pi / count + 2e-9  # a cell, and how far the valley is off the line: the ratio of shrinking to growth
    return Enclosed(float(np.tan(found - reach)), float(np.tan(found + reach)), "truncation")
