"""The norm of a vector that fair coins mask, ``E sqrt(sum_i V_i a_i^2)`` with independent V_i in {0, 1}; tails of binomial laws.

The squares of rational entries are whole multiples of a common unit, so that the law of their masked sum is the list of
coefficients of ``prod_i (1 + x^{s_i})``, which are counted exactly; only the roots are rounded, in ball arithmetic.
"""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from math import gcd, lcm

import flint

from gradproof.solvers.exact.balls import enclose
from gradproof.theory.errors import ParameterError

MAX_DEGREE = 1_000_000  # of the polynomial that counts
WIDTH = Fraction(1, 10**25)


def mean_masked_norm(entries: Iterable[Fraction | int]) -> tuple[Fraction, Fraction]:
    """Rational ``(low, high)`` around ``E sqrt(sum_i V_i a_i^2)``, less than 10^-25 times the largest entry apart.

    Args:
        entries: the a_i, of any sign.

    Raises:
        ParameterError: the sum of the squares is more than 10^6 times their common unit.
    """
    sizes = [abs(Fraction(a)) for a in entries if a]
    if not sizes:
        return Fraction(0), Fraction(0)
    over = lcm(*(a.denominator for a in sizes))
    whole = [int(a * over) for a in sizes]
    unit = gcd(*whole)
    squares = [(w // unit) ** 2 for w in whole]
    if sum(squares) > MAX_DEGREE:
        raise ParameterError(
            f"the squares add up to {sum(squares)} times their unit, more than {MAX_DEGREE}; give entries with a larger "
            "common divisor"
        )
    law, scale = _counts(squares), Fraction(unit, over)
    biggest = Fraction(max(whole), unit)

    def mean() -> flint.arb:
        total = flint.arb(0)
        for k, count in enumerate(law):
            if count:
                total += flint.arb(count) * flint.arb(k).sqrt()
        return total / flint.arb(flint.fmpz(2) ** len(squares))

    low, high = enclose(mean, width=WIDTH * biggest)
    return low * scale, high * scale


def mean_root_binomial(m: int) -> tuple[Fraction, Fraction]:
    """``E sqrt(Bin(m, 1/2))``, which is the masked norm of m ones.

    Raises:
        ParameterError: m is negative.
    """
    if m < 0:
        raise ParameterError(f"a binomial number of {m} coins; give m >= 0")
    return mean_masked_norm([1] * m)


def _counts(squares: list[int]) -> list[flint.fmpz]:
    """Coefficients of prod (1 + x^s), by halves."""

    def product(part: list[int]) -> flint.fmpz_poly:
        if len(part) == 1:
            return flint.fmpz_poly([1] + [0] * (part[0] - 1) + [1])
        return product(part[: len(part) // 2]) * product(part[len(part) // 2 :])

    return product(sorted(squares)).coeffs()


def binomial_below(d: int, p: Fraction, least: int) -> Fraction:
    """``P(X < least)`` of a binomial number X of d with chance p, exactly.

    Raises:
        ParameterError: p is no chance, or d is negative.
    """
    p = Fraction(p)
    if not 0 <= p <= 1 or d < 0:
        raise ParameterError(f"a binomial law of d = {d}, p = {p}; give d >= 0 and 0 <= p <= 1")
    hit, miss, over = p.numerator, p.denominator - p.numerator, p.denominator
    total, choose = 0, 1
    for k in range(min(least, d + 1)):
        total += choose * hit**k * miss ** (d - k)
        choose = choose * (d - k) // (k + 1)
    return Fraction(total, over**d)
