"""Writing a sparse positive definite form as a sum of small squares, in integers that do not grow.

Gaussian elimination in a given order splits S into one block a vector: the pivot row, completed by the (rounded up)
product that elimination would subtract. With exact fractions the numbers would grow with every pivot; here what is carried
to the next block is rounded to a fixed number of bits, and the block that is split off keeps the exact remainder. Each
block is positive semidefinite by construction and together they are S exactly.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

import flint

_BITS = 160  # of the smallest diagonal entry: rounding is then far below any margin a float solver can give


@dataclass(frozen=True)
class Window:
    """``sum entries[a][b] <indices[a], indices[b]> / denominator`` with a positive semidefinite integer matrix."""

    indices: tuple[int, ...]
    entries: tuple[tuple[int, ...], ...]
    denominator: int

    def matrix(self) -> tuple[tuple[Fraction, ...], ...]:
        """The entries as fractions."""
        return tuple(tuple(Fraction(c, self.denominator) for c in row) for row in self.entries)


@dataclass(frozen=True)
class Split:
    """The windows, and the coefficient of the last vector's square that is left over (negative: S is not definite)."""

    windows: tuple[Window, ...]
    left: Fraction


def split(form: Mapping[tuple[int, int], flint.fmpq], order: Sequence[int]) -> Split | None:
    """Eliminate the vectors in ``order``; the last keeps ``left`` times its square. None if a pivot is not positive.

    Args:
        form: coefficients of ``<i, j>`` for i <= j, each pair counted once.
        order: the vectors that occur; the windows are small if elimination fills in little.
    """
    denominator = 2 * math.lcm(*(int(c.q) for c in form.values())) if form else 2
    scaled = {key: int(c.p) * (denominator // int(c.q)) for key, c in form.items()}
    diagonal = [c for (i, j), c in scaled.items() if i == j and c > 0]
    shift = max(0, _BITS - min((c.bit_length() for c in diagonal), default=0))
    denominator <<= shift
    rows: dict[int, dict[int, int]] = {i: {} for i in order}
    for (i, j), c in scaled.items():
        value = c << shift
        if i == j:
            rows[i][i] = value
        else:  # an off-diagonal coefficient is twice the matrix entry
            rows[i][j] = rows[j][i] = value >> 1
    windows = []
    for v in order[:-1]:
        row = rows.pop(v)
        pivot = row.pop(v, 0)
        near = [(u, c) for u, c in row.items() if c]
        if pivot <= 0:
            if pivot < 0 or near:
                return None
            continue
        size = len(near)
        carried = [[0] * size for _ in near]
        for a, (u, cu) in enumerate(near):
            for b in range(a, size):
                w, cw = near[b]
                product = (2 * cu * cw + pivot) // (2 * pivot)  # nearest; at most 1/2 off
                if a == b:
                    product += size  # outweighs the rounding of the whole row
                carried[a][b] = carried[b][a] = product
                left = rows[u].get(w, 0) - product
                rows[u][w] = left
                rows[w][u] = left
            rows[u].pop(v, None)
        head = (pivot, *(c for _, c in near))
        body = tuple((c, *carried[a]) for a, (_, c) in enumerate(near))
        windows.append(Window((v, *(u for u, _ in near)), (head, *body), denominator))
    last = order[-1]
    return Split(tuple(windows), Fraction(rows[last].get(last, 0), denominator))
