"""From floats to rationals: reading numbers, dyadic rounding, the simplest rational of an interval."""

from __future__ import annotations

import math
from decimal import Decimal
from fractions import Fraction
from typing import Any, Literal

import flint
import numpy as np

from gradproof.theory.errors import ParameterError
from gradproof.theory.parameter import read_fraction


def whole_number(x: Any, name: str, *, least: int = 0, what: str = "") -> int:
    """``x`` as an int, if it is one (of Python or NumPy, or a float without a fraction) of at least ``least``; ``what`` it counts.

    Raises:
        ParameterError: not a whole number, or too small.
    """
    try:
        if not isinstance(x, bool | str) and int(x) == x >= least:
            return int(x)
    except (TypeError, ValueError, OverflowError):
        pass
    raise ParameterError(f"{name} = {x!r} must be a whole number{f' of {what}' if what else ''}, at least {least}")


def rows_of(entries: Any, d: Any) -> list[list[Any]]:
    """Entries given row after row, in rows of d.

    Raises:
        ParameterError: their number is no multiple of d.
    """
    entries, width = list(entries) if isinstance(entries, tuple | list) else [entries], whole_number(d, "d", least=1)
    if len(entries) % width:
        raise ParameterError(f"rows has {len(entries)} entries, no multiple of d = {d}; give d entries for each sample")
    return [entries[i : i + width] for i in range(0, len(entries), width)]


def exact_number(x: Any, name: str = "value", *, floats: Literal["decimal", "binary"] = "decimal") -> Fraction:
    """An exact or float number as a ``Fraction``.

    Exact types (``int``, ``Fraction``, ``Decimal``, sympy and flint rationals) and texts such as ``"1/10"`` are taken as they are.

    Args:
        floats: what a float stands for. ``decimal``: the shortest decimal that prints it, 0.1 is 1/10 (what was typed;
            right for parameters). ``binary``: the fraction that it holds, 0.1 is 3602879701896397/2**55 (right for
            numbers that were computed, or that others compute with in float64).

    Raises:
        ParameterError: not a finite real number, or irrational.
    """
    if isinstance(x, Fraction):
        return x
    if x is None or isinstance(x, bool | np.bool_):
        raise ParameterError(f"{name} = {x!r} is not a number; give an int, Fraction, float or text such as '1/10'")
    if isinstance(x, int | np.integer | flint.fmpz):
        return Fraction(int(x))
    if isinstance(x, Decimal) and x.is_finite():
        x = str(x)
    if isinstance(x, str):
        try:
            return read_fraction(x)
        except (ValueError, ZeroDivisionError):
            raise ParameterError(f"{name} = {x[:60]!r} is not a number; write '3', '3/4' or '0.75'") from None
    p, q = getattr(x, "p", None), getattr(x, "q", None)  # sympy and flint rationals
    if p is not None and q is not None:
        return Fraction(int(p), int(q))
    if hasattr(x, "is_number"):
        raise ParameterError(
            f"{name} = {str(x)[:60]} is not rational; give a rational near it, such as Fraction(str(float(...)))"
        )
    try:
        number = float(x)
    except (TypeError, ValueError):
        raise ParameterError(
            f"{name} = {str(x)[:60]!r} ({type(x).__name__}) is not a number; give an int, Fraction or float"
        ) from None
    if not math.isfinite(number):
        raise ParameterError(f"{name} = {number} must be finite")
    return Fraction(number) if floats == "binary" else Fraction(repr(number))


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
