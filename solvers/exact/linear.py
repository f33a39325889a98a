"""Exact linear algebra on rationals: solving, null spaces, and moving a rounded point onto linear equations."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import flint
import numpy as np
from scipy.linalg import qr


def to_flint(rows: Sequence[Sequence[Fraction]]) -> flint.fmpq_mat:
    """A matrix of ``Fraction`` as a flint matrix."""
    return flint.fmpq_mat([[flint.fmpq(c.numerator, c.denominator) for c in row] for row in rows])


def from_flint(matrix: flint.fmpq_mat) -> list[list[Fraction]]:
    """A flint matrix as rows of ``Fraction``."""
    return [[Fraction(int(c.p), int(c.q)) for c in row] for row in matrix.tolist()]


def null_space(rows: Sequence[Sequence[Fraction]], width: int) -> list[list[Fraction]]:
    """A basis of ``{v : A v = 0}`` for A with ``width`` columns, one vector a free column of its echelon form."""
    if not rows:
        return [[Fraction(int(i == j)) for j in range(width)] for i in range(width)]
    reduced, rank = to_flint(rows).rref()
    table = from_flint(reduced)
    pivots = [next(j for j, c in enumerate(table[r]) if c) for r in range(rank)]
    basis = []
    for free in (j for j in range(width) if j not in set(pivots)):
        v = [Fraction(0)] * width
        v[free] = Fraction(1)
        for r, p in enumerate(pivots):
            v[p] = -table[r][free]
        basis.append(v)
    return basis


def project(
    equations: Sequence[Sequence[Fraction]],
    right: Sequence[Fraction],
    point: Sequence[Fraction],
    weights: np.ndarray | None = None,
) -> list[Fraction] | None:
    """A point with ``equations @ x == right`` exactly, equal to ``point`` except in one basic variable an equation.

    The basic variables are those that pivoted QR picks after scaling columns by ``weights`` (default ``|point|``), so
    that large entries absorb the change. None if the equations have no solution of that form.
    """
    n = len(point)
    floats = np.array([[float(c) for c in row] for row in equations], dtype=float).reshape(len(equations), n)
    scale = np.array([abs(float(c)) for c in point]) if weights is None else np.asarray(weights, dtype=float)
    reduced, rank = (
        to_flint([[*row, b] for row, b in zip(equations, right, strict=True)]).rref() if equations else (None, 0)
    )
    if reduced is None:
        return list(point)
    if rank > 0 and all(c == 0 for c in reduced.tolist()[rank - 1][:n]):
        return None  # inconsistent: 0 = 1
    _, upper, order = qr(floats * scale, mode="economic", pivoting=True)
    found = int((np.abs(np.diag(upper)) > 1e-13 * abs(upper[0, 0])).sum()) if upper.size else 0
    if found < rank:  # weights that vanish hide columns
        _, upper, order = qr(floats * np.maximum(scale, 1e-3 * max(scale.max(), 1.0)), mode="economic", pivoting=True)
    basic = [int(j) for j in order[:rank]]
    fixed = [Fraction(0) if j in set(basic) else c for j, c in enumerate(point)]
    rest = [
        b - sum(c * x for c, x in zip(row, fixed, strict=True) if c and x)
        for row, b in zip(equations, right, strict=True)
    ]
    chosen = to_flint([[row[j] for j in basic] + [b] for row, b in zip(equations, rest, strict=True)])
    solved, r = chosen.rref()
    table = from_flint(solved)
    if r != rank or any(table[i][i] != 1 for i in range(rank)):
        return None
    for i, j in enumerate(basic):
        fixed[j] = table[i][rank]
    return fixed
