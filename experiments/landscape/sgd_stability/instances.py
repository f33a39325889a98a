"""Concrete minima: the named ones, random ones, and their statistics in exact arithmetic."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import combinations, product
from typing import Any

import numpy as np

Row = Sequence[Any]
Table = list[list[Fraction]]

#: Four samples, three parameters.
R4 = [[1, 0, 1], [0, 2, -1], [1, 1, 0], [-1, 1, 2]]
#: Three Hessians of a regular minimum with gradients (1, 0), (0, 1), (-1, -1); not of rank one.
F3 = [[[2, 1], [1, 1]], [[1, -1], [-1, 3]], [[0, 0], [0, 4]]]
F3_GRADIENTS = [[1, 0], [0, 1], [-1, -1]]
#: Stable although the non-uniformity exceeds 1/(eta sqrt p).
NON_UNIFORM = [[1, 2], [-1, 3], [3, -1], [-2, -1]]


def sines(n: int, d: int) -> np.ndarray:
    """(n, d) rows ``sin((i + 1)(a + 1)) + [a == 0]``: full rank, no symmetry, no random numbers."""
    return np.sin(np.outer(np.arange(1, n + 1), np.arange(1, d + 1))) + (np.arange(d) == 0)


S12 = sines(12, 5)


def integer_rows(rng: np.random.Generator, n: int, d: int, size: int = 4) -> list[list[int]]:
    """Random integer rows in [-size, size], none of them zero."""
    rows = rng.integers(-size, size + 1, (n, d))
    rows[np.abs(rows).sum(axis=1) == 0, 0] = 1
    return rows.tolist()


def hessians(curvatures: Sequence[Any]) -> list[Table]:
    """Exact d x d Hessians of rows or Hessians."""
    table = [_exact(c) for c in curvatures]
    if not isinstance(table[0][0], list):
        return [[[u * v for v in row] for u in row] for row in table]
    return table


def _exact(x: Any) -> Any:
    return [_exact(y) for y in x] if isinstance(x, list | tuple | np.ndarray) else Fraction(x)


def mean(tables: Sequence[Table]) -> Table:
    n = len(tables)
    return [[sum(col, Fraction(0)) / n for col in zip(*rows, strict=True)] for rows in zip(*tables, strict=True)]


def apply(A: Table, v: Sequence[Any]) -> list[Any]:
    return [sum(a * x for a, x in zip(row, v, strict=True)) for row in A]


def norm2(v: Sequence[Any]) -> Any:
    return sum(x * x for x in v)


def batches(n: int, B: int, replacement: bool) -> Iterator[tuple[int, ...]]:
    """All equally likely batches."""
    return product(range(n), repeat=B) if replacement else combinations(range(n), B)


def one_step_statistics(H: Sequence[Table], delta: Sequence[Any]) -> dict[str, Any]:
    """What the claim on the operator depends on: x0, x1, x2, xi2."""
    H_mean = mean(H)
    image = apply(H_mean, delta)
    return {
        "x0": norm2(delta),
        "x1": sum(x * y for x, y in zip(delta, image, strict=True)),
        "x2": norm2(image),
        "xi2": sum(norm2(apply(Hi, delta)) for Hi in H) / len(H),
    }


def brute_force_step(H: Sequence[Table], delta: Sequence[Any], eta: Any, B: int, replacement: bool) -> Any:
    """``E ||delta_{t+1}||^2``, by enumerating all batches."""
    total, count = 0, 0
    for batch in batches(len(H), B, replacement):
        moved = apply(mean([H[i] for i in batch]), delta)
        total += norm2([x - eta * y for x, y in zip(delta, moved, strict=True)])
        count += 1
    return total / count


def brute_force_operator(H: np.ndarray, eta: float, B: int, replacement: bool) -> np.ndarray:
    """(d^2, d^2) matrix of T, by enumerating all batches of the (n, d, d) Hessians."""
    d = H.shape[1]
    all_batches = list(batches(len(H), B, replacement))
    T = np.zeros((d * d, d * d))
    for batch in all_batches:
        A = np.eye(d) - eta * H[list(batch)].mean(axis=0)
        T += np.kron(A, A)
    return T / len(all_batches)


def as_floats(curvatures: Any) -> np.ndarray:
    """(n, d, d) Hessians in floats."""
    a = np.asarray(curvatures, dtype=float)
    return np.einsum("ia,ib->iab", a, a) if a.ndim == 2 else a
