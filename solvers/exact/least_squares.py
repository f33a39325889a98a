"""Nonnegative least squares in rational arithmetic: the answer does not depend on how floats were rounded on the way."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import numpy as np
from scipy.optimize import nnls

from gradproof.solvers.exact.linear import from_flint, to_flint

_ROUNDING = 64 * float(np.finfo(float).eps)


def nonnegative_least_squares(rows: Sequence[Sequence[Fraction]], target: Sequence[Fraction]) -> list[Fraction]:
    """Multipliers (m,) >= 0 of the m rows (m, d) whose combination is exactly the nearest to the target (d,).

    Lawson and Hanson 1974, ch. 23: in exact arithmetic a set of positive multipliers never comes back, so it ends. Floats only
    propose the first set.
    """
    matrix = to_flint(rows)
    gram = from_flint(matrix * matrix.transpose())
    slope = [b for (b,) in from_flint(matrix * to_flint([[v] for v in target]))]

    def nearest(on: list[int]) -> list[Fraction] | None:
        """The unconstrained optimum on the rows ``on``; None if these are dependent."""
        try:
            found = to_flint([[gram[i][j] for j in on] for i in on]).solve(to_flint([[slope[i]] for i in on]))
        except ZeroDivisionError:
            return None
        return [v for (v,) in from_flint(found)]

    found = dict[int, Fraction]()
    on = _proposed(rows, target)
    while on and (values := nearest(on)) is not None:
        if min(values) > 0:
            found = dict(zip(on, values, strict=True))
            break
        on = [k for k, v in zip(on, values, strict=True) if v > 0]
    while True:
        gains = [b - sum((gram[k][i] * v for i, v in found.items()), Fraction(0)) for k, b in enumerate(slope)]
        best = max((k for k in range(len(rows)) if k not in found), key=gains.__getitem__, default=None)
        if best is None or gains[best] <= 0:
            return [found.get(k, Fraction(0)) for k in range(len(rows))]
        found[best] = Fraction(0)  # its row is orthogonal to no residual, hence independent of the others
        while True:
            on = sorted(found)
            values = nearest(on)
            assert values is not None
            aim = dict(zip(on, values, strict=True))
            if min(values) > 0:
                found = aim
                break
            share = min(found[k] / (found[k] - v) for k, v in aim.items() if v <= 0)
            moved = {k: found[k] + share * (aim[k] - found[k]) for k in on}
            found = {k: v for k, v in moved.items() if v > 0}


def _proposed(rows: Sequence[Sequence[Fraction]], target: Sequence[Fraction]) -> list[int]:
    try:
        multipliers, _ = nnls(np.array(rows, float).T, np.array(target, float))
    except RuntimeError:  # scipy's iterations may cycle
        return []
    return [k for k, v in enumerate(multipliers) if v > 1e-12 * max(1.0, float(multipliers.max()))]


def nonnegative_least_squares_in_floats(columns: np.ndarray, target: np.ndarray) -> tuple[np.ndarray, float]:
    """Multipliers (m,) >= 0 of the columns (d, m) for a target (d,), and the distance that is left, up to rounding.

    scipy's iterations may cycle, and some releases stop short of the optimum: where they fail or a column still helps, the floats
    are taken as the rationals that they are.
    """
    try:
        multipliers, distance = nnls(columns, target)
    except RuntimeError:
        pass
    else:
        gains = columns.T @ (target - columns @ multipliers)
        sizes = np.abs(columns).T @ (np.abs(target) + np.abs(columns) @ np.abs(multipliers))
        if (gains <= _ROUNDING * len(target) * sizes).all() and multipliers.min() >= 0:
            return multipliers, float(distance)
    rows = [[Fraction(v) for v in column] for column in columns.T.tolist()]
    multipliers = np.array(nonnegative_least_squares(rows, [Fraction(v) for v in target.tolist()]), float)
    return multipliers, float(np.linalg.norm(columns @ multipliers - target))
