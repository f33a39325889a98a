"""Are all roots of a polynomial inside the unit disk? Decided in rationals, by the recursion of Schur, Cohn and Jury.

For ``p(z) = a_0 z^n + ... + a_n`` with ``a_0 != 0``: all roots lie in ``|z| < 1`` iff ``|a_n| < |a_0|`` and the same holds of
``(p(z) - (a_n/a_0) z^n p(1/z)) / z``, of degree n - 1. Each step is exact, so the answer is a proof.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction

from gradproof.theory.errors import DomainError, ParameterError

Coefficients = Sequence[Fraction | int]


def is_stable(coefficients: Coefficients) -> bool:
    """True iff every root has modulus below one; a root on the circle makes it False.

    Args:
        coefficients: ``a_0, ..., a_n``, highest degree first, exact numbers.

    Raises:
        ParameterError: no coefficients, a float among them, or ``a_0 = 0``.
    """
    a = [_exact(c) for c in coefficients]
    if not a or a[0] == 0:
        raise ParameterError(
            f"a polynomial of degree {len(a) - 1} needs a leading coefficient other than 0, got {a[:1]}"
        )
    while len(a) > 1:
        if abs(a[-1]) >= abs(a[0]):
            return False
        k = a[-1] / a[0]  # divided, or the digits of the coefficients double in each step
        a = [u - k * v for u, v in zip(a[:-1], a[:0:-1], strict=True)]
    return True


def stability_boundary(
    family: Callable[[Fraction], Coefficients], low: Fraction | int, high: Fraction | int, *, width: Fraction
) -> tuple[Fraction, Fraction]:
    """``(stable, not stable)`` parameters of a family of polynomials, at most ``width`` apart, by bisection.

    Args:
        family: parameter -> coefficients.
        low, high: a parameter at which the polynomial is stable, and one at which it is not.

    Raises:
        DomainError: it is not stable at ``low``, or is at ``high``, or ``width`` is not positive.
    """
    low, high = _exact(low), _exact(high)
    if not width > 0:
        raise DomainError(f"width = {width} must be positive")
    if not is_stable(family(low)) or is_stable(family(high)):
        raise DomainError(
            f"the polynomial must be stable at {low} and not at {high}; give ends with a boundary between"
        )
    while abs(high - low) > width:
        middle = (low + high) / 2
        low, high = (middle, high) if is_stable(family(middle)) else (low, middle)
    return low, high


def _exact(c: Fraction | int) -> Fraction:
    if isinstance(c, bool | float) or not isinstance(c, int | Fraction):
        raise ParameterError(f"the test is exact: give ints or fractions, got {c!r}")
    return Fraction(c)
