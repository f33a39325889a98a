"""From floats to rationals: dyadic rounding and the simplest rational of an interval."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

from gradproof.theory.errors import ParameterError


def dyadic(x: float, bits: int = 60) -> Fraction:
    """The multiple of ``2**-bits`` nearest to ``x``."""
    return Fraction(round(Fraction(x) * (1 << bits)), 1 << bits)


def simplest_between(low: Fraction, high: Fraction) -> Fraction:
    """The rational of least denominator (then of least absolute numerator) in ``[low, high]``.

    By continued fractions, so exact and fast. Unlike ``Fraction.limit_denominator``, which minimises the distance to a
    float, this finds the number that an exact optimum is likely to be.

    Raises:
        ParameterError: ``low > high``.
    """
    if low > high:
        raise ParameterError(f"need low <= high, got [{low}, {high}]; swap the ends")
    if low <= 0 <= high:
        return Fraction(0)
    if high < 0:
        return -simplest_between(-high, -low)
    # p_k / q_k: convergents of the common part of the two continued fractions
    p0, q0, p1, q1 = 0, 1, 1, 0
    while True:
        whole = math.ceil(low)
        if whole <= high:
            return Fraction(whole * p1 + p0, whole * q1 + q0)
        whole -= 1
        p0, q0, p1, q1 = p1, q1, whole * p1 + p0, whole * q1 + q0
        low, high = 1 / (high - whole), 1 / (low - whole)


def simplest_near(x: float, tolerance: float) -> Fraction:
    """The simplest rational within ``tolerance`` of the float ``x``."""
    centre, radius = Fraction(x), Fraction(tolerance)
    return simplest_between(centre - radius, centre + radius)


def common_denominator(numbers: Any) -> int:
    """Least common multiple of the denominators."""
    return math.lcm(*(c.denominator for c in numbers)) if numbers else 1
