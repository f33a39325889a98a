"""Differential equations with a polynomial right-hand side: enclosures of the solution by Taylor steps in ball arithmetic.

A box that the solution cannot leave within a step comes from Picard's iteration; the Taylor coefficient of the next order over
that box bounds the remainder (Moore, Kearfott, Cloud (2009), Introduction to Interval Analysis, Section 10.2).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any

import flint

from gradproof.solvers.exact.balls import ball, ends
from gradproof.theory.errors import DomainError

MOST_STEPS = 4000
PRECISIONS = (
    128,
    256,
    512,
)  # bits of the balls; a sixth of them is the order, and half of them what a step may leave out

Field = Callable[[Sequence[Any]], Sequence[Any]]


class NotEnclosed(DomainError):
    """No box was found that the solution stays in: it blows up, or the steps would have to be shorter."""


def flow(
    field: Field, start: Sequence[Fraction], time: Fraction, *, width: Fraction = Fraction(1, 10**9)
) -> list[tuple[Fraction, Fraction]]:
    """Rational ends, at most ``width`` apart, around each coordinate of y(time) for ``y' = field(y)``, ``y(0) = start``.

    Args:
        field: sums, products and whole powers of what it is given; called with power series of balls, at several precisions: it
            makes its own constants of rationals anew (``balls.ball``), else the width of theirs stays.

    Raises:
        NotEnclosed: no box holds a step, or the width is not reached with 512 bits.
    """
    cap = flint.ctx.cap
    for bits in PRECISIONS:
        with flint.ctx.workprec(bits):
            try:
                flint.ctx.cap = bits // 6 + 2
                found = [ends(x) for x in _followed(field, [ball(Fraction(x)) for x in start], Fraction(time), bits)]
            finally:
                flint.ctx.cap = cap
        if found and all(high - low <= width for low, high in found):
            return found
    raise NotEnclosed(f"no enclosure of width {float(width):.1e} within {PRECISIONS[-1]} bits")


def _followed(field: Field, y: list[flint.arb], time: Fraction, bits: int) -> list[flint.arb]:
    """y(time); nothing where its enclosures have become so wide that no step is found, which more bits may mend."""
    left, h, taken = time, time, 0
    while left > 0:
        h = min(h, left)
        while (box := _box(field, y, h, bits)) is None:
            h, taken = h / 2, taken + 1
            if taken > MOST_STEPS or h < time / 2**16:
                if any(x.rad() > 1e-6 for x in y):
                    return []
                raise NotEnclosed(f"the solution is not enclosed beyond time {float(time - left):.6g}")
        y = _step(field, y, box, ball(h), bits // 6)
        left, h, taken = left - h, 2 * h, taken + 1
    return y


def _box(field: Field, y: Sequence[flint.arb], h: Fraction, bits: int) -> list[flint.arb] | None:
    """A box that holds y and every y + s field(box), s in [0, h], and over which the Taylor step leaves out little enough."""
    span, order = ball(h / 2) + flint.arb(0, 1) * ball(h / 2), bits // 6
    box = [x + span * f for x, f in zip(y, _at(field, y), strict=True)]
    for _ in range(4):
        wide = [(x - a).abs_upper() for x, a in zip(box, y, strict=True)]
        most = max(wide) / 8 + ball(Fraction(1, 1 << bits))  # a coordinate may rest for a moment
        box = [x + flint.arb(0, 1) * (w / 4 + most) for x, w in zip(box, wide, strict=True)]
        image = [x + span * f for x, f in zip(y, _at(field, box), strict=True)]
        if all(b.contains_interior(i) for b, i in zip(box, image, strict=True)):
            rest = [c[-1].abs_upper() * ball(h) ** (order + 1) for c in _coefficients(field, box, order + 1)]
            return box if all(r < ball(Fraction(1, 1 << (bits // 2))) for r in rest) else None
        box = [b.union(i) for b, i in zip(box, image, strict=True)]
    return None


def _at(field: Field, y: Sequence[flint.arb]) -> list[flint.arb]:
    return [f[0] for f in field([flint.arb_series([x], 1) for x in y])]


def _coefficients(field: Field, y: Sequence[flint.arb], order: int) -> list[list[flint.arb]]:
    """Taylor coefficients of the solution through y, up to the order."""
    found = [[x] for x in y]
    for j in range(order):
        slopes = field([flint.arb_series(c, j + 1) for c in found])
        for c, slope in zip(found, slopes, strict=True):
            c.append(slope[j] / (j + 1))
    return found


def _step(field: Field, y: Sequence[flint.arb], box: Sequence[flint.arb], h: flint.arb, order: int) -> list[flint.arb]:
    out = []
    for c, r in zip(_coefficients(field, y, order), _coefficients(field, box, order + 1), strict=True):
        total = r[-1]
        for a in reversed(c):
            total = total * h + a
        out.append(total)
    return out
