"""Decimals of exact numbers: true ones, or none."""

from __future__ import annotations

import contextlib
from typing import Any

import sympy as sp
from mpmath.libmp import NoConvergence

from gradproof.theory.errors import DomainError

#: digits that are computed with, where some cancel
MOST_DIGITS = 3000

_NOT_FOUND = ArithmeticError, ValueError, NotImplementedError, NoConvergence


def decimal(value: Any, digits: int) -> Any:
    """An exact number to so many true digits, as sympy's ``Float``, or a sum with one where it is not real.

    Raises:
        DomainError: the digits are not found: thousands cancel, or a series converges too slowly.
    """
    for working in (digits, 1000):  # sympy divides by what is zero to the digits asked for
        try:
            return sp.N(sp.sympify(value).evalf(working, maxn=MOST_DIGITS, strict=True), digits)
        except _NOT_FOUND:
            continue
    with contextlib.suppress(*_NOT_FOUND):
        if value.equals(0):
            return sp.Float(0, digits)
    raise DomainError("the decimals of the bound cannot be computed at these numbers; give less extreme ones")
