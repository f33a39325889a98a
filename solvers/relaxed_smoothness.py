r"""The least K0 for a given K1: how far a curvature exceeds a multiple of the gradient, for even convex polynomials.

:math:`|f'(x) - f'(x')| \le (K_0 + K_1|f'(x')|)|x - x'|` for :math:`|x - x'| \le R`. Where f' is odd and has no negative
coefficient, the worst pair is x' >= 0 and x = x' + R: the divided difference grows with both ends. What is left is the greatest
value of a polynomial on a half line, at a root of its derivative.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction as F
from typing import Any

import flint

from gradproof.solvers.bilevel_quadratic import real_roots
from gradproof.solvers.exact.balls import ends
from gradproof.theory.errors import ParameterError

BITS = 192


def greatest(p: Sequence[F | int]) -> tuple[F, F]:
    """Rational ends around the greatest value on [0, oo) of ``p[0] + p[1] x + ...``.

    Raises:
        ParameterError: it has none, as the last coefficient is not negative.
    """
    poly = flint.fmpq_poly([_rational(c) for c in p])
    if poly.degree() > 0 and poly[poly.degree()] > 0:
        raise ParameterError(f"the polynomial grows without bound: its last coefficient is {poly[poly.degree()]}")
    with flint.ctx.workprec(BITS):
        start = flint.arb(poly[0])
        # a ball that may reach below 0 is kept: so near to 0 the value is that at 0, up to its width
        inside = [x for x in real_roots(poly.derivative()) if not x < 0]
        found = [start, *(_at(poly, x.max(flint.arb(0))) for x in inside)]
        pairs = [ends(x) for x in found]
    return max(low for low, _ in pairs), max(high for _, high in pairs)


def least_constant(slope: Sequence[F | int], K1: F, R: F) -> tuple[F, F]:
    """Rational ends around the least K0 of f with ``f'(x) = slope[0] + slope[1] x + ...`` within the radius R; 0 for ``|f''|``.

    Raises:
        ParameterError: f' is not odd with coefficients >= 0, or K1 <= 0 or R < 0.
    """
    if any(c for c in slope[::2]) or any(c < 0 for c in slope) or K1 <= 0 or R < 0:
        raise ParameterError(f"need an odd f' with coefficients >= 0, K1 > 0 and R >= 0, got {list(slope)}, {K1}, {R}")
    f1 = flint.fmpq_poly([_rational(c) for c in slope])
    shifted = f1(flint.fmpq_poly([_rational(R), 1]))
    change = (shifted - f1) / _rational(R) if R else f1.derivative()
    rest = change - _rational(K1) * f1
    return greatest([F(int(c.p), int(c.q)) for c in rest.coeffs()] or [F(0)])


def pareto(slope: Sequence[F | int], K1: Iterable[F], R: F) -> list[tuple[F, F]]:
    """``least_constant`` for each of the factors K1."""
    return [least_constant(slope, k, R) for k in K1]


def _rational(x: Any) -> flint.fmpq:
    q = F(x)
    return flint.fmpq(q.numerator, q.denominator)


def _at(p: flint.fmpq_poly, x: flint.arb) -> flint.arb:
    out = flint.arb(0)
    for c in reversed(p.coeffs()):
        out = out * x + flint.arb(c)
    return out
