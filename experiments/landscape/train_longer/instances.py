"""Samples, laws of batches, chains and potentials that the measures share."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction as F
from typing import Any

import flint
import numpy as np

from gradproof.solvers import birth_death, fractional_brownian
from gradproof.solvers.batch_covariance import (
    Counts,
    Law,
    disjoint,
    of_random_size,
    with_replacement,
    without_replacement,
)

#: gradients of the samples: with a mean that matters, centred, in three dimensions, and two unequal numbers
FIVE = ((1, 0), (2, -1), (0, 3), (-1, 1), (4, 2))
CENTRED = ((1, 0), (-1, 2), (2, 1), (-2, -3))
SOLID = ((F(1, 2), 3, 0), (-1, 1, 1), (2, 2, F(-1, 3)), (0, 5, 1))
LINE = ((1,), (2,), (4,))
SAMPLES = {"five points": FIVE, "centred": CENTRED, "in space": SOLID}


def repeated(n: int, M: int) -> Iterator[tuple[Counts, F]]:
    """One sample, M times."""
    for i in range(n):
        yield tuple(M * (j == i) for j in range(n)), F(1, n)


def all_or_none(n: int, M: int) -> Iterator[tuple[Counts, F]]:
    """Every sample with probability M/n, else none."""
    yield (1,) * n, F(M, n)
    yield (0,) * n, 1 - F(M, n)


def size_one_or_four(n: int, M: int) -> Law:
    """Subsets of 1 or 4 samples: E K = 2 and E K(K - 1) = 4, for M = 2."""
    return of_random_size(n, [(1, F(2, 3)), (4, F(1, 3))])


def independent_pairs(n: int, M: int) -> Iterator[tuple[Counts, Counts, F]]:
    """Two batches without replacement that know nothing of each other."""
    for first, p in without_replacement(n, M):
        for second, q in without_replacement(n, M):
            yield first, second, p * q


def pairs_of_one_random_size(n: int, M: int) -> Iterator[tuple[Counts, Counts, F]]:
    """Two subsets, independent given their size, which is 1 or 3: E K = 2 and E K^2 = 5 = M^2 n/(n - 1), for M = 2 and n = 5."""
    for size in (1, 3):
        for first, second, p in independent_pairs(n, size):
            yield first, second, p / 2


PAIRS = {"disjoint": disjoint}
MEANS = {"with replacement": with_replacement, "without": without_replacement}

# --- chains -------------------------------------------------------------------------------------------------------------------

#: ratios rho_1, rho_2, ...: of the reference value, flat, a cliff, a ridge, a valley, and a rough one
CHAINS: dict[str, tuple[F, ...]] = {
    "period three": tuple((F(2), F(1, 2), F(3, 2))[k % 3] for k in range(1, 12)),
    "flat": (F(1),) * 9,
    "one edge": (),
    "cliff": (F(1000),),
    "ridge": (F(3),) * 4 + (F(1, 3),) * 4,
    "valley": (F(1, 3),) * 4 + (F(3),) * 4,
    "rough": tuple(F(k * k % 7 + 1, k * 5 % 6 + 1) for k in range(1, 25)),
}


def steps(rho: Sequence[F]) -> list[list[F]]:
    """The chances to step between the sites below L, (L, L): a row lacks what leads to L."""
    L = len(rho) + 1
    P = [[F(0)] * L for _ in range(L)]
    for k, r in enumerate([F(0), *rho]):
        if k:
            P[k][k - 1] = r / (1 + r)
        if k + 1 < L:
            P[k][k + 1] = 1 / (1 + r)
    return P


def expected_times(P: Sequence[Sequence[F]]) -> list[F]:
    """Expected times to leave for L from each site: the solution of (I - P) h = 1, in rational arithmetic."""
    L = len(P)
    rows = [[flint.fmpq(x.numerator, x.denominator) for x in map(F, row)] for row in P]
    A = flint.fmpq_mat([[int(i == j) - rows[i][j] for j in range(L)] for i in range(L)])
    h = A.solve(flint.fmpq_mat([[1] for _ in range(L)]))
    return [F(int(h[i, 0].p), int(h[i, 0].q)) for i in range(L)]


def heights(rho: Sequence[F]) -> list[F]:
    """e^{V_0}, ..., e^{V_{L-1}}."""
    out = [F(1)]
    for r in rho:
        out.append(out[-1] * r)
    return out


def steepest(rho: Sequence[F]) -> tuple[int, int, F]:
    """a <= b < L with the highest climb, and e^{V_b - V_a}."""
    e = heights(rho)
    return max(((a, b, e[b] / e[a]) for b in range(len(e)) for a in range(b + 1)), key=lambda x: x[2])


# --- potentials ---------------------------------------------------------------------------------------------------------------


def potentials(alpha: float, L: int, n: int, rng: np.random.Generator) -> np.ndarray:
    """n fractional Brownian potentials V_0..V_{L-1} with E(V_a - V_b)^2 = |a - b|^alpha, (n, L)."""
    if L == 1:
        return np.zeros((n, 1))
    return fractional_brownian.paths(alpha / 2, rng.standard_normal((n, 2 * (L - 1))))


def log_times(V: np.ndarray) -> tuple[Any, Any]:
    """log E T_L in potentials (..., L), and a bound on the rounding error."""
    return birth_death.log_hitting_time(np.exp(np.diff(V, axis=-1)))
