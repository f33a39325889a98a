"""Matrices of balls: from exact numbers, and back to floats with the error that this costs."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import flint
import numpy as np
from numpy.typing import NDArray

from gradproof.solvers.exact.balls import ball
from gradproof.theory.errors import ParameterError

Array = NDArray[np.float64]
EPS = float(np.finfo(float).eps)
LARGEST = 1e150  # whose square is a float


def number(x: Any) -> flint.arb:
    """An int, a Fraction or a float (taken as the number it is) as a ball.

    Raises:
        ParameterError: NaN, infinite, or no number.
    """
    try:
        return ball(Fraction(x.item() if isinstance(x, np.generic) else x))
    except (TypeError, ValueError, OverflowError):
        raise ParameterError(f"{x!r} is no finite number; give an int, a Fraction or a finite float") from None


def matrix(entries: Any, name: str = "the matrix") -> flint.arb_mat:
    """An array or nested list of exact numbers, (rows, columns).

    Raises:
        ParameterError: it is no matrix, or an entry is no finite number.
    """
    rows = np.asarray(entries, dtype=object)
    if rows.ndim != 2 or 0 in rows.shape:
        raise ParameterError(f"{name} has shape {rows.shape}; give a matrix of exact numbers or floats")
    return flint.arb_mat([[number(x) for x in row] for row in rows.tolist()])


def symmetric(entries: Any, name: str) -> flint.arb_mat:
    """The same, square and symmetric.

    Raises:
        ParameterError: it is not symmetric.
    """
    rows = np.asarray(entries, dtype=object)
    if rows.ndim != 2 or rows.shape[0] != rows.shape[1] or (rows != rows.T).any():
        raise ParameterError(f"{name} must be a symmetric matrix; got one of shape {rows.shape}")
    return matrix(rows, name)


def identity(n: int) -> flint.arb_mat:
    """(n, n)"""
    return flint.arb_mat([[int(i == j) for j in range(n)] for i in range(n)])


def floats(a: flint.arb_mat) -> tuple[Array, float]:
    """The middles as floats, and a bound on the Frobenius norm of what they miss."""
    middle = np.array([[float(x.mid()) for x in row] for row in a.tolist()])
    radii = np.array([[float(x.rad()) for x in row] for row in a.tolist()])
    if not (np.abs(middle) < LARGEST).all() or not (radii < LARGEST).all():
        raise ParameterError("the enclosure is unbounded; more bits, or fewer steps, are needed")
    missed = float(np.linalg.norm(radii)) * (1 + 2.0**-20) + EPS * float(np.linalg.norm(middle)) + 5e-324
    return middle, missed


def norm_above(a: flint.arb_mat) -> flint.arb:
    """An upper bound of the Frobenius norm."""
    total = flint.arb(0)
    for x in a.entries():
        total += x * x
    return total.sqrt().upper()
