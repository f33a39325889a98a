"""Activation patterns of a data matrix: how many there are, which, and a sample of them.

A pattern of X, shape (n, d), is s in {0, 1}^n with s_k = 1[x_k . u > 0] for a direction u with no x_k . u = 0: a cell of the
arrangement of the hyperplanes x_k . u = 0.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations, product
from typing import Any

import numpy as np
from scipy.optimize import linprog

from gradproof.solvers.exact.rounding import exact_number
from gradproof.theory.errors import DomainError, ParameterError

Rows = list[list[Fraction]]

#: A direction is inside a cell if it is this deep, relative to norms: linear programs are feasible to 1e-9, and the sign of a
#: product nearer to zero may change with the order of its sum.
DEPTH = 1e-9


@dataclass(frozen=True, eq=False)
class Patterns:
    """Patterns S (P, n) of zeros and ones, and for each a direction of its open cell, U (P, d)."""

    S: np.ndarray
    U: np.ndarray

    def __len__(self) -> int:
        return len(self.S)

    def take(self, which: Any) -> Patterns:
        """Some of the patterns."""
        return Patterns(self.S[which], self.U[which])


def data_matrix(X: Any) -> np.ndarray:
    """X as floats, shape (n, d).

    Raises:
        ParameterError: not a matrix, empty, with a NaN or an infinity.
    """
    X = np.asarray(X, dtype=float)
    if X.ndim != 2 or 0 in X.shape:
        raise ParameterError(f"need a data matrix of shape (n, d) with n, d >= 1, got shape {X.shape}")
    if not np.isfinite(X).all():
        raise ParameterError("the data matrix has a NaN or an infinity; remove that row first")
    return X


def _without_zero_rows(X: np.ndarray) -> np.ndarray:
    empty = np.flatnonzero(~X.any(axis=1))
    if empty.size:
        raise ParameterError(f"row {empty[0]} is zero: no direction activates it; drop it, or append a column of ones")
    return X


# --- exact count -------------------------------------------------------------------------------------------------------


def count_cells(rows: Sequence[Sequence[Any]]) -> int:
    """The exact number of patterns, in rational arithmetic, O(n^(d-1)).

    Adding the hyperplane x_k . u = 0 cuts as many cells as the earlier hyperplanes have within it, so that
    r(x_1..x_n) = 1 + sum_k r(x_1..x_{k-1} restricted to the k-th); 0 if a row vanishes.
    """
    exact = [[exact_number(v, "X") for v in row] for row in rows]
    if not exact or not exact[0] or any(len(r) != len(exact[0]) for r in exact):
        raise ParameterError("need a data matrix with equal rows of at least one entry")
    if not all(any(r) for r in exact):
        raise ParameterError("a row is zero: no direction activates it; drop it, or append a column of ones")
    return _cells(exact)


def _cells(rows: Rows) -> int:
    if not all(any(r) for r in rows):
        return 0
    total = 1
    for k, normal in enumerate(rows):
        pivot = next(j for j, v in enumerate(normal) if v)
        total += _cells([_restricted(r, normal, pivot) for r in rows[:k]])
    return total


def _restricted(row: list[Fraction], normal: list[Fraction], pivot: int) -> list[Fraction]:
    """The row as a functional on the hyperplane of ``normal``, whose coordinates are all but ``pivot``."""
    ratio = row[pivot] / normal[pivot]
    return [v - ratio * w for j, (v, w) in enumerate(zip(row, normal, strict=True)) if j != pivot]


def in_general_position(rows: Sequence[Sequence[int]]) -> bool:
    """Every d rows of integers (of at most 100, d <= 4) are independent: floats have their determinants to within 1e-5."""
    X = data_matrix(rows)
    return all(round(float(np.linalg.det(X[list(part)]))) for part in combinations(range(len(X)), X.shape[1]))


# --- enumeration -------------------------------------------------------------------------------------------------------


def enumerate_patterns(X: Any) -> Patterns:
    """All patterns, in lexicographic order, by extending prefixes row by row; at most one linear program an extension.

    Each pattern comes with a direction that shows it; that none is missing rests on the linear programs, and is checked
    exactly by ``count_cells``.

    Raises:
        ParameterError: bad data, a zero row, or a linear program that fails.
    """
    X = _without_zero_rows(data_matrix(X))
    level: list[tuple[tuple[int, ...], np.ndarray]] = [((), np.zeros(X.shape[1]))]
    for k in range(len(X)):
        grown = []
        for prefix, u in level:
            for bit in (0, 1):
                A = (2 * np.array([*prefix, bit]) - 1)[:, None] * X[: k + 1]
                # the parent's direction serves one of the two children, unless it lies on their boundary
                inside = u if k and _depth(A, u) > DEPTH else _inside(A)
                if inside is not None:
                    grown.append(((*prefix, bit), inside))
        level = grown
    return Patterns(np.array([p for p, _ in level], float), np.array([u for _, u in level]))


def _depth(A: np.ndarray, u: np.ndarray) -> float:
    """Least entry of A u, relative to the norms of the rows and of u."""
    return float((A @ u / np.linalg.norm(A, axis=1)).min() / max(np.linalg.norm(u), 1e-300))


def _inside(A: np.ndarray) -> np.ndarray | None:
    """A direction with A u > 0, as deep inside as a bounded one can be, or None."""
    rows, d = A.shape
    scale = np.linalg.norm(A, axis=1)
    found = linprog(
        np.r_[np.zeros(d), -1.0],
        A_ub=np.c_[-A / scale[:, None], np.ones(rows)],
        b_ub=np.zeros(rows),
        bounds=[(-1, 1)] * d + [(0, 1)],
        method="highs",
    )
    if found.status != 0:
        raise ParameterError(f"the linear program of a pattern failed: {found.message}")
    u = found.x[:d]
    return u if _depth(A, u) > DEPTH else None


def enumerate_by_rays(X: Any) -> Patterns:
    """All patterns of data in general position, from the rays x_j . u = 0 (j in J, |J| = d - 1) that bound their cells.

    Every cell has a ray, and the sum of its rays is inside it. Much faster than linear programs for d <= 4.

    Raises:
        ParameterError: d < 2, fewer than d rows, or d rows that are dependent (up to 1e-9).
    """
    X = _without_zero_rows(data_matrix(X))
    n, d = X.shape
    if d < 2 or n < d:
        raise ParameterError(
            f"rays need d >= 2 columns and at least as many rows, got shape {X.shape}; enumerate instead"
        )
    subsets = np.array(list(combinations(range(n), d - 1)))
    rays = np.linalg.svd(X[subsets])[2][:, -1, :]
    values = rays @ X.T
    on = np.zeros(values.shape, bool)
    np.put_along_axis(on, subsets, True, axis=1)
    if (np.abs(values / np.linalg.norm(X, axis=1))[~on] <= 1e-9).any():
        raise ParameterError(f"{d} rows are nearly dependent; enumerate the patterns by linear programs instead")
    found: dict[bytes, np.ndarray] = {}
    for sides in product((0.0, 1.0), repeat=d - 1):
        for sign in (1, -1):
            S = (sign * values > 0).astype(np.uint8)
            np.put_along_axis(S, subsets, np.array(sides, np.uint8)[None, :], axis=1)
            for s, u in zip(S, sign * rays, strict=True):
                key = s.tobytes()
                found[key] = found[key] + u if key in found else u
    keys = sorted(found)
    return Patterns(np.array([np.frombuffer(k, np.uint8) for k in keys], float), np.array([found[k] for k in keys]))


def sample_patterns(X: Any, count: int, rng: np.random.Generator, *, distinct: bool = True) -> Patterns:
    """Patterns of ``count`` Gaussian directions, repeated ones left out unless ``distinct`` is False.

    A direction within rounding of a boundary, one of 10^9 or so, is drawn again: its pattern would depend on the order of a sum.

    Raises:
        DomainError: count < 1.
    """
    X = _without_zero_rows(data_matrix(X))
    if count < 1:
        raise DomainError(f"count = {count}; at least one pattern must be sampled")
    U = rng.standard_normal((count, X.shape[1]))
    unit = X / np.linalg.norm(X, axis=1)[:, None]
    for k in np.flatnonzero((np.abs(U @ unit.T) <= DEPTH * np.linalg.norm(U, axis=1)[:, None]).any(axis=1)):
        while (np.abs(unit @ U[k]) <= DEPTH * np.linalg.norm(U[k])).any():
            U[k] = rng.standard_normal(X.shape[1])
    S = (X @ U.T > 0).T.astype(float)
    if distinct:
        first = np.sort(np.unique(S, axis=0, return_index=True)[1])
        return Patterns(S[first], U[first])
    return Patterns(S, U)
