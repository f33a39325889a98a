"""Nonnegative least squares in rational arithmetic: projections on polyhedral cones, and the multipliers that prove them."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import flint
import numpy as np
from scipy.optimize import nnls

from gradproof.solvers.exact.linear import from_flint, to_flint

Vector = Sequence[Fraction]


def nonnegative_least_squares(columns: Sequence[Vector], target: Vector) -> tuple[list[Fraction], list[Fraction]]:
    """The x >= 0 that minimises ``|target - sum x_j a_j|``, and that remainder; exact, for every input.

    The active-set method of Lawson and Hanson (1974, ch. 23), which ends in exact arithmetic. Floats say where it starts: they
    change how long it takes, not what comes out.

    Args:
        columns: a_j, m vectors of n rationals. target: n rationals.

    Returns:
        x, m rationals, of which the positive ones belong to independent columns, and ``target - sum x_j a_j``, n rationals.
    """
    m = len(columns)
    A = to_flint(columns)
    gram = A * A.transpose()
    towards = [row[0] for row in (A * to_flint([[v] for v in target])).tolist()]

    def solved(on: list[int]) -> list[flint.fmpq] | None:
        if not on:
            return []
        try:
            found = flint.fmpq_mat([[gram[i, j] for j in on] for i in on]).solve(
                flint.fmpq_mat([[towards[i]] for i in on])
            )
        except ZeroDivisionError:
            return None
        return [row[0] for row in found.tolist()]

    on = _guess(columns, target)
    start = solved(on)
    if start is None or any(v <= 0 for v in start):
        on, start = [], []
    x = dict(zip(on, start, strict=True))
    while True:
        gains = {
            j: towards[j] - sum((gram[j, i] * v for i, v in x.items()), flint.fmpq(0)) for j in range(m) if j not in x
        }
        best = max(gains, key=lambda j: gains[j], default=None)
        if best is None or gains[best] <= 0:
            break
        x[best] = flint.fmpq(0)  # independent of the others: those are orthogonal to the remainder
        while True:
            on = sorted(x)
            z = dict(zip(on, solved(on) or [], strict=True))
            bad = [j for j in on if z[j] <= 0]
            if not bad:
                x = z
                break
            share = min((x[j] / (x[j] - z[j]) for j in bad if x[j] != z[j]), default=flint.fmpq(0))
            x = {j: v + share * (z[j] - v) for j, v in x.items()}
            x = {j: v for j, v in x.items() if v > 0}
    weights = [Fraction(int(x[j].p), int(x[j].q)) if j in x else Fraction(0) for j in range(m)]
    taken = from_flint(to_flint([weights]) * A)[0] if m else [Fraction(0)] * len(target)
    return weights, [b - v for b, v in zip(target, taken, strict=True)]


def _guess(columns: Sequence[Vector], target: Vector) -> list[int]:
    """Columns that floats find to be active."""
    A = np.array([[float(v) for v in a] for a in columns]).T
    size = np.linalg.norm(A, axis=0)
    try:
        x, _ = nnls(A / np.where(size > 0, size, 1.0), np.array([float(v) for v in target]))
    except (RuntimeError, np.linalg.LinAlgError):  # its iterations ended, or met dependent columns
        return []
    return [int(j) for j in np.flatnonzero(x > 1e-12 * x.max(initial=0.0))]


_ROUNDING = 64 * float(np.finfo(float).eps)


def nonnegative_least_squares_in_floats(columns: np.ndarray, target: np.ndarray) -> tuple[np.ndarray, float]:
    """Multipliers (m,) >= 0 of the columns (n, m) for a target (n,), and the distance that is left, up to rounding.

    scipy's iterations may cycle or meet dependent columns, and those of some releases stop short of the optimum: where they fail or
    a column still helps,
    the floats are taken as the rationals that they are.
    """
    try:
        x, distance = nnls(columns, target)
    except (RuntimeError, np.linalg.LinAlgError):
        pass
    else:
        gains = columns.T @ (target - columns @ x)
        sizes = np.abs(columns).T @ (np.abs(target) + np.abs(columns) @ np.abs(x))
        if (gains <= _ROUNDING * len(target) * sizes).all() and x.min(initial=0.0) >= 0:
            return x, float(distance)
    exact, _ = nonnegative_least_squares(
        [[Fraction(v) for v in column] for column in columns.T.tolist()], [Fraction(v) for v in target.tolist()]
    )
    x = np.array([float(v) for v in exact])
    return x, float(np.linalg.norm(columns @ x - target))
