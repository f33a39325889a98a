"""The least value of a trigonometric polynomial on the circle, enclosed by ball arithmetic."""

from __future__ import annotations

import heapq
import math
from collections.abc import Mapping
from fractions import Fraction
from typing import NamedTuple

import flint

from gradproof.solvers.exact.balls import ball, ends
from gradproof.theory.errors import ParameterError

BITS = 160
MAX_ARCS = 1 << 16


class Least(NamedTuple):
    """The minimum lies in [low, high]; at ``angle`` the value is at most ``high``."""

    low: Fraction
    high: Fraction
    angle: Fraction


def value(
    angle: Fraction, constant: Fraction, sines: Mapping[int, Fraction], cosines: Mapping[int, Fraction]
) -> flint.arb:
    """``constant + sum_k s_k sin(k angle) + sum_k c_k cos(k angle)`` at the current precision."""
    terms = [ball(Fraction(c)) * (ball(angle) * k).sin() for k, c in sines.items()]
    terms += [ball(Fraction(c)) * (ball(angle) * k).cos() for k, c in cosines.items()]
    return sum(terms, ball(Fraction(constant)))


def least(
    constant: Fraction,
    sines: Mapping[int, Fraction],
    cosines: Mapping[int, Fraction],
    *,
    width: Fraction = Fraction(1, 10**12),
) -> Least:
    """Branch and bound over arcs: around its middle the polynomial is its tangent, less half of the largest curvature times h^2.

    Args:
        constant, sines, cosines: coefficients by frequency, exact.
        width: of the enclosure, > 0.

    Raises:
        ParameterError: the width is not positive, or is not reached with 2^16 arcs.
    """
    if width <= 0:
        raise ParameterError(f"the width of an enclosure is positive, got {width}")
    slope_sines = {k: -k * Fraction(c) for k, c in cosines.items()}
    slope_cosines = {k: k * Fraction(c) for k, c in sines.items()}
    curvature = sum((k * k * abs(Fraction(c)) for part in (sines, cosines) for k, c in part.items()), Fraction(0))
    high, angle, order = Fraction(0), Fraction(0), 0
    arcs: list[tuple[Fraction, int, Fraction, Fraction]] = []  # lower bound, number, middle, half of the length

    def bounded(middle: Fraction, half: Fraction) -> Fraction:
        nonlocal high, angle, order
        below, above = ends(value(middle, constant, sines, cosines))
        slope = max(abs(e) for e in ends(value(middle, Fraction(0), slope_sines, slope_cosines)))
        if not order or above < high:
            high, angle = above, middle
        order += 1
        low = below - slope * half - curvature * half * half / 2
        heapq.heappush(arcs, (low, order, middle, half))
        return low

    with flint.ctx.workprec(BITS):
        half = Fraction(math.ceil(math.pi * 2**20) + 1, 2**20)  # the arc is a little more than the circle
        bounded(Fraction(0), half)
        while high - arcs[0][0] > width:
            if order > MAX_ARCS:
                raise ParameterError(f"no enclosure of width {float(width):.1e} within {MAX_ARCS} arcs")
            _, _, middle, half = heapq.heappop(arcs)
            for side in (-1, 1):
                bounded(middle + side * half / 2, half / 2)
        return Least(arcs[0][0], high, angle)
