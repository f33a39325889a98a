"""Times at which workers are averaged: what a schedule costs, the least cost for a number of rounds, and three families.

A schedule is an increasing tuple of times ``0 = tau_0 < ... < tau_{R-1} < T``. Its cost is ``S = sum_{t<T} (t -
tau(t))/(t + beta - 1)``, tau(t) the last time up to t: a block from i to j adds ``G_j - G_i - i (W_j - W_i)`` with
prefix sums G of t/(t + beta - 1) and W of 1/(t + beta - 1). These block costs satisfy Monge's condition, so that the
best beginning of the last block increases with its end: a round of dynamic programming takes T log T.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from typing import Any

import flint
import numpy as np

from gradproof.theory.errors import ParameterError

Times = tuple[int, ...]
EPS = 2.0**-52


def growing(T: int, R: int) -> Times:
    """Blocks of lengths a, 2a, 3a, ... with a = ceil(2T/R^2): at most R of them."""
    _sizes(T, R)
    a = -(-2 * T // R**2)
    return tuple(a * i * (i + 1) // 2 for i in range(R) if a * i * (i + 1) // 2 < T)


def growing_evenly(T: int, R: int) -> Times:
    """tau_i = floor(T i(i+1)/(R(R+1))): growing blocks, exactly R where T is large enough; Spiridonoff et al.'s code."""
    _sizes(T, R)
    return tuple(sorted({T * i * (i + 1) // (R * (R + 1)) for i in range(R)}))


def equal_blocks(T: int, R: int) -> Times:
    """tau_i = floor(i T/R)."""
    _sizes(T, R)
    return tuple(sorted({i * T // R for i in range(R)}))


def every(T: int, length: int) -> Times:
    """0, length, 2 length, ... below T; every step for 1, and only at the start for T."""
    _sizes(T, length)
    return tuple(range(0, T, length))


def cost(T: int, taus: Sequence[int], beta: Any) -> Any:
    """S: a ``Fraction`` for an exact beta, else a float, within four roundings of its size.

    Raises:
        ParameterError: times that do not begin at 0, do not increase or reach T, or beta <= 1.
    """
    whole = blocks(T, taus)
    if not beta > 1:
        raise ParameterError(f"beta={beta} must be > 1, or the step at t = 0 has no weight")
    if not isinstance(beta, int | Fraction):
        shift = float(beta) - 1
        return math.fsum((t - start) / (t + shift) for start, end in whole for t in range(start, end))
    p, q = (Fraction(beta) - 1).as_integer_ratio()
    total = flint.fmpq(0)
    for start, end in whole:
        for t in range(start, end):
            total += flint.fmpq((t - start) * q, t * q + p)
    return Fraction(int(total.p), int(total.q))


def blocks(T: int, taus: Sequence[int]) -> list[tuple[int, int]]:
    """(start, end) of every block, the last one up to T.

    Raises:
        ParameterError: as in ``cost``.
    """
    whole = [*taus, T]
    if not taus or taus[0] != 0 or any(b <= a for a, b in pairwise(whole)):
        raise ParameterError(f"a schedule begins at 0 and increases below T={T}, got {str(tuple(taus))[:80]}")
    return list(pairwise(whole))


def since(T: int, taus: Sequence[int]) -> np.ndarray:
    """t - tau(t) for t = 0..T-1, (T,) int64."""
    return np.concatenate([np.arange(end - start) for start, end in blocks(T, taus)])


@dataclass(frozen=True)
class BestSchedule:
    """A schedule of least cost, its cost, and a bound on the rounding of that cost and of the least one."""

    taus: Times
    cost: float
    error: float


def best_schedule(T: int, R: int, beta: float) -> BestSchedule:
    """The least S over schedules of at most R rounds, in O(R T log T).

    Args:
        T: number of steps. R: rounds. beta: offset of the steps, > 1.

    Raises:
        ParameterError: sizes below 1, or beta <= 1.
    """
    _sizes(T, R)
    if not beta > 1:
        raise ParameterError(f"beta={beta} must be > 1, or the step at t = 0 has no weight")
    G, W = _prefixes(T, float(beta))
    starts = np.arange(T + 1)
    least = G.copy()  # of schedules of one round: a block from 0 to j
    choices = []
    for _ in range(min(R, T) - 1):
        lines = least - G + starts * W  # the line of start i, in W_j, has the slope -i
        choice = _least_lines(lines, W)
        least = G + lines[choice] - choice * W
        choices.append(choice)
    beginnings, end = [], T
    for choice in reversed(choices):
        end = int(choice[end])
        beginnings.append(end)
    found = tuple(sorted({0, *(t for t in beginnings if t < T)}))
    # prefix sums of T terms of at most one (of 1/(beta - 1) in W, times at most T), and R rounds of four operations
    error = 8 * (T + 4 * R) * EPS * (T + T * float(W[-1]))
    return BestSchedule(found, float(least[T]), error)


def _prefixes(T: int, beta: float) -> tuple[np.ndarray, np.ndarray]:
    t = np.arange(T)
    weights = 1 / (t + (beta - 1))
    return np.concatenate([[0.0], np.cumsum(t * weights)]), np.concatenate([[0.0], np.cumsum(weights)])


def _least_lines(lines: np.ndarray, W: np.ndarray) -> np.ndarray:
    """For every j the least i with the least lines_i - i W_j; it does not decrease with j, as W increases.

    Positions are taken from coarse to fine, those of a level together, each between the choices of its neighbours.
    """
    size = len(W)
    choice = np.zeros(size, dtype=np.int64)  # at j = 0 the only block is empty
    step = 1 << (size - 1).bit_length()
    while step := step // 2:
        j = np.arange(step, size, 2 * step)
        low, right = choice[j - step], j + step
        high = np.where(right < size, choice[np.minimum(right, size - 1)], j)
        lengths = high - low + 1
        owner = np.repeat(np.arange(len(j)), lengths)
        first = np.cumsum(lengths) - lengths
        i = np.arange(len(owner)) - (first - low)[owner]
        values = lines[i] - i * W[j][owner]
        at = np.flatnonzero(values == np.minimum.reduceat(values, first)[owner])
        choice[j] = i[at[np.diff(owner[at], prepend=-1) > 0]]
    return choice


def _sizes(T: int, R: int) -> None:
    if T < 1 or R < 1:
        raise ParameterError(f"T={T} steps and {R} rounds (or steps a block) must be at least 1")
