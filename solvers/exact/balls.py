"""Ball arithmetic: rational enclosures of real numbers that are given by formulas (square roots, exponentials, ...)."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

import flint

from gradproof.theory.errors import ParameterError


def ball(x: Fraction) -> flint.arb:
    """A ball that contains the rational ``x``, at the current working precision."""
    return flint.arb(flint.fmpq(x.numerator, x.denominator))


def _fraction(x: flint.arb) -> Fraction:
    """The value of an exact ball."""
    mantissa, exponent = x.man_exp()
    return Fraction(int(mantissa)) * Fraction(2) ** int(exponent)


def ends(x: flint.arb) -> tuple[Fraction, Fraction]:
    """Rational ends of an interval that contains the ball.

    Raises:
        ParameterError: the ball is unbounded (a pole, or a root of a negative number).
    """
    if not x.is_finite():
        raise ParameterError(
            f"the enclosure {x} is unbounded (pole, or root of a negative number); check the arguments"
        )
    return _fraction(x.lower()), _fraction(x.upper())


def enclose(formula: Callable[[], flint.arb], *, width: Fraction, max_bits: int = 1 << 16) -> tuple[Fraction, Fraction]:
    """Rational ``(low, high)`` around ``formula()`` with ``high - low <= width``; the precision is raised as needed.

    Raises:
        ParameterError: the width is not reached with ``max_bits`` bits.
    """
    bits = 64
    while bits <= max_bits:
        with flint.ctx.workprec(bits):
            value = formula()
            if value.is_finite():
                low, high = ends(value)
                if high - low <= width:
                    return low, high
        bits *= 2
    raise ParameterError(f"no enclosure of width {float(width):.1e} within {max_bits} bits; is the number finite?")


def sqrt_between(x: Fraction, *, width: Fraction) -> tuple[Fraction, Fraction]:
    """Rational ``(low, high)`` around the square root of a nonnegative rational.

    Raises:
        ParameterError: ``x`` is negative.
    """
    if x < 0:
        raise ParameterError(f"the square root of {x} is not real; need x >= 0")
    low, high = enclose(lambda: ball(x).sqrt(), width=width)
    return max(low, Fraction(0)), high
