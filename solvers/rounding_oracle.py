"""Oracles that answer a number by a multiple of a precision, within three quarters of it; and batch means that they hide."""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction
from itertools import pairwise
from typing import Any

import numpy as np

from gradproof.theory.errors import ParameterError

Number = Fraction | int
SLACK = Fraction(3, 4)


def legal_answers(v: Number, rho: Number, slack: Number = SLACK) -> range:
    """The whole numbers k with |k rho - v| <= slack rho.

    Raises:
        ParameterError: rho is not positive.
    """
    if rho <= 0:
        raise ParameterError(f"a precision is positive, got {rho}")
    place = Fraction(v) / Fraction(rho)
    return range(math.ceil(place - slack), math.floor(place + slack) + 1)


def revealed(values: Sequence[Number], rho: Number, slack: Number = SLACK) -> bool:
    """Whether no answer is legal for two of the (different) values, so that every answer tells which it is."""
    answers = [legal_answers(v, rho, slack) for v in sorted(values)]
    return all(not low or not high or low[-1] < high[0] for low, high in pairwise(answers))


def revealing_precision(v: Number, *, slack: Number = SLACK, steps: int = 30) -> tuple[Fraction, Fraction]:
    """(low, high): 0 and v > 0 are told apart by every answer at rho = low, not at high; by bisection between v/2 and 4 v.

    Raises:
        ParameterError: at v/2 they are not, or at 4 v they are.
    """
    low, high = Fraction(v) / 2, Fraction(v) * 4
    if not revealed([0, v], low, slack) or revealed([0, v], high, slack):
        raise ParameterError(f"0 and {v} begin to share an answer at no precision between {low} and {high}")
    for _ in range(steps):
        middle = (low + high) / 2
        low, high = (middle, high) if revealed([0, v], middle, slack) else (low, middle)
    return low, high


def nearest(v: np.ndarray, rho: Any) -> np.ndarray:
    """The nearest multiple of rho, of two the even one; exact for fractions (dtype object)."""
    return rho * (np.frompyfunc(round, 1, 1) if v.dtype == object else np.round)(v / rho)


def adversarial(v: np.ndarray, reference: np.ndarray, rho: Any) -> np.ndarray:
    """The rounded reference wherever it is a legal answer to v, else the rounded v."""
    told, slack = nearest(reference, rho), SLACK if v.dtype == object else float(SLACK)
    return np.where(abs(told - v) <= slack * rho, told, nearest(v, rho))


def examples_needed(tau: float, queries: int, delta: float) -> int:
    """Least batch for which Hoeffding's bound 2 ``queries`` exp(-b tau^2/2) is at most delta."""
    return math.ceil(2 / tau**2 * math.log(2 * queries / delta))


def coin_tail(b: int, tau: Number, chance: Number = Fraction(1, 2)) -> Fraction:
    """P(|mean of b signs - its expectation| >= tau), exactly; a sign is 1 with the probability ``chance``."""
    q = Fraction(chance)
    far = (j for j in range(b + 1) if abs(2 * j - 2 * b * q) >= Fraction(tau) * b)
    return sum((math.comb(b, j) * q**j * (1 - q) ** (b - j) for j in far), Fraction(0))
