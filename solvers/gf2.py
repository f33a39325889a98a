"""Linear equations over the field of two elements: elimination of many systems at once, and the law of the rank."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from gradproof.theory.errors import ParameterError

MOST_BITS = 62


@dataclass(frozen=True)
class Solved:
    """Of each of some systems: its rank, whether it has a solution, and one (with zeros in the free places) as bits of a number."""

    rank: np.ndarray
    consistent: np.ndarray
    solution: np.ndarray


def solve(rows: np.ndarray, right: np.ndarray, n: int) -> Solved:
    """Gauss-Jordan elimination of systems of m equations in n unknowns, all at once.

    Args:
        rows: (..., m) whole numbers below 2^n: the coefficients of an equation as bits. right: (..., m), 0 or 1.

    Raises:
        ParameterError: n > 62, or coefficients beyond n bits.
    """
    shape = np.shape(rows)
    A = np.asarray(rows, dtype=np.int64).reshape(-1, shape[-1])
    if not 0 < n <= MOST_BITS or (A >> n).any():
        raise ParameterError(f"need coefficients of n bits, 0 < n <= {MOST_BITS}, got n = {n}")
    A = A | (np.asarray(right, dtype=np.int64).reshape(A.shape) << n)
    every, rank = np.arange(len(A)), np.zeros(len(A), dtype=np.int64)
    place = np.full((len(A), n), -1)  # equation of each pivot
    for i in range(n):
        has = (A >> i) & 1 == 1
        free = has & (np.arange(shape[-1]) >= rank[:, None])
        pivot, found = free.argmax(axis=1), free.any(axis=1)
        to = np.minimum(rank, shape[-1] - 1)
        chosen, other = A[every, pivot].copy(), A[every, to].copy()
        A[every[found], pivot[found]] = other[found]
        A[every[found], to[found]] = chosen[found]
        clear = ((A >> i) & 1 == 1) & (np.arange(shape[-1]) != to[:, None]) & found[:, None]
        A ^= np.where(clear, chosen[:, None], 0)
        place[found, i] = to[found]
        rank += found
    solution = np.zeros(len(A), dtype=np.int64)
    for i in range(n):
        solution |= np.where(place[:, i] >= 0, (A[every, place[:, i]] >> n) & 1, 0) << i
    consistent: np.ndarray = ~np.any(np.equal(A, 1 << n), axis=1)  # none says 0 = 1
    return Solved(rank.reshape(shape[:-1]), consistent.reshape(shape[:-1]), solution.reshape(shape[:-1]))


def full_rank_probability(n: int, m: int) -> Fraction:
    """Probability that m uniform rows of n bits have rank n: column i + 1 is outside the span of i columns."""
    found = Fraction(1)
    for i in range(n):
        found *= 1 - Fraction(2**i, 2**m)
    return found
