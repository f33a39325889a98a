"""Are all eigenvalues in the open left half-plane? By Routh's array in rationals; and where a family of matrices first fails.

For a family whose entries are polynomials in a parameter, the determinant of Hurwitz's matrix is a polynomial that vanishes
wherever an eigenvalue is on the imaginary axis: between its zeros nothing changes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any

import flint

from gradproof.solvers.exact.balls import enclose
from gradproof.solvers.exact.linear import to_flint
from gradproof.theory.errors import DomainError, ParameterError

Matrix = Sequence[Sequence[Fraction | int]]


def characteristic(matrix: Matrix) -> list[Fraction]:
    """``a_0 = 1, a_1, ..., a_n`` of det(z - A), highest degree first.

    Raises:
        ParameterError: not square, or a float among the entries.
    """
    rows = [list(row) for row in matrix]
    if not rows or any(len(row) != len(rows) for row in rows):
        raise ParameterError("a characteristic polynomial needs a square matrix")
    if any(isinstance(x, bool | float) or not isinstance(x, int | Fraction) for row in rows for x in row):
        raise ParameterError("the test is exact: give ints or fractions")
    found = to_flint([[Fraction(x) for x in row] for row in rows]).charpoly()
    return [Fraction(int(x.p), int(x.q)) for x in reversed(found.coeffs())]


def is_hurwitz(coefficients: Sequence[Fraction | int]) -> bool:
    """True iff every root has a negative real part; one on the imaginary axis makes it False.

    Args:
        coefficients: ``a_0, ..., a_n``, highest degree first, exact numbers, ``a_0 != 0``.

    Raises:
        ParameterError: no coefficients, a float among them, or ``a_0 = 0``.
    """
    if any(isinstance(c, bool | float) or not isinstance(c, int | Fraction) for c in coefficients):
        raise ParameterError("the test is exact: give ints or fractions")
    if not coefficients or coefficients[0] == 0:
        raise ParameterError("a polynomial needs a leading coefficient other than 0")
    a = [Fraction(c) / coefficients[0] for c in coefficients]
    upper, lower = a[::2], a[1::2]
    while lower:
        if lower[0] <= 0:
            return False
        ratio = upper[0] / lower[0]
        padded = [*lower[1:], Fraction(0)]
        rest = [u - ratio * v for u, v in zip(upper[1:], padded, strict=False)]
        upper, lower = lower, rest
    return True


def first_instability(
    family: Callable[[Fraction], Matrix], *, degree: int = 1, width: Fraction = Fraction(1, 10**12)
) -> tuple[Fraction, Fraction] | None:
    """``(low, high)`` around the first t > 0 at which the matrix is not Hurwitz; None if it is for every t > 0.

    Args:
        family: t -> square matrix of rationals, whose entries are polynomials in t of at most this ``degree``.

    Raises:
        DomainError: it is not Hurwitz for small t > 0, or an eigenvalue lies on the axis for every t.
    """
    n = len(family(Fraction(1)))
    count = degree * n * (n + 1) // 2 + 1
    points = [Fraction(k) for k in range(1, count + 1)]
    values = [_last(characteristic(family(t))) for t in points]
    if not any(values):
        raise DomainError("an eigenvalue lies on the imaginary axis for every t")
    rows = to_flint([[t**k for k in range(count)] for t in points])
    polynomial = flint.fmpq_poly([rows.solve(to_flint([[v] for v in values]))[k, 0] for k in range(count)]).numer()

    def smallest() -> flint.arb | None:
        roots: Any = polynomial.complex_roots()
        positive = [root.real for root, _ in roots if root.imag == 0 and root.real > 0]
        return min(positive, key=lambda x: float(x.mid()), default=None)

    if smallest() is None:
        if not is_hurwitz(characteristic(family(Fraction(1)))):
            raise DomainError("the matrix is Hurwitz for no t > 0")
        return None
    low, high = enclose(lambda: smallest() or flint.arb(0), width=width)
    if not is_hurwitz(characteristic(family(low / 2))):
        raise DomainError(f"the matrix is not Hurwitz for small t > 0: not at {float(low / 2):.3g}")
    return low, high


def _last(a: Sequence[Fraction]) -> Fraction:
    """The determinant of Hurwitz's matrix: the product of ``a_n`` and the one before."""
    n = len(a) - 1
    entry = lambda k: a[k] if 0 <= k <= n else Fraction(0)  # noqa: E731
    found = to_flint([[entry(2 * (j + 1) - (i + 1)) for j in range(n)] for i in range(n)]).det()
    return Fraction(int(found.p), int(found.q))
