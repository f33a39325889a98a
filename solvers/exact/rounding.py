"""From floats to rationals: reading numbers, dyadic rounding, the simplest rational of an interval."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import flint
import numpy as np

from gradproof.theory.errors import ParameterError


def exact_number(x: Any, name: str = "value") -> Fraction:
    """An exact or float number as a ``Fraction``.

    A float stands for the shortest decimal that prints it: 0.1 is 1/10, not the nearest binary fraction. Exact types
    (``int``, ``Fraction``, sympy and flint rationals) and texts such as ``"1/10"`` are taken as they are.

    Raises:
        ParameterError: not a finite real number.
    """
    if isinstance(x, Fraction):
        return x
    if isinstance(x, bool | np.bool_):
        raise ParameterError(f"{name} = {x!r} is not a number; give an int, Fraction, float or text such as '1/10'")
    if isinstance(x, int | np.integer):
        return Fraction(int(x))
    if isinstance(x, float | np.floating):
        if not math.isfinite(x):
            raise ParameterError(f"{name} = {x!r} is not finite; give a finite number")
        return Fraction(repr(float(x)))
    if isinstance(x, flint.fmpz):
        return Fraction(int(x))
    try:
        if isinstance(x, str):
            return Fraction(x)
        return Fraction(int(x.p), int(x.q))  # sympy and flint rationals
    except (AttributeError, TypeError, ValueError, ZeroDivisionError):
        shown = str(x)[:60]
        raise ParameterError(
            f"{name} = {shown!r} is no rational; give an int, Fraction, float or text '1/10'"
        ) from None


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
