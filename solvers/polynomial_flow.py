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

ORDER, BITS, MOST_STEPS = 16, 128, 4000

Field = Callable[[Sequence[Any]], Sequence[Any]]


class NotEnclosed(DomainError):
    """No box was found that the solution stays in: it blows up, or the steps would have to be shorter."""


def flow(field: Field, start: Sequence[Fraction], time: Fraction) -> list[tuple[Fraction, Fraction]]:
    """Rational ends around each coordinate of y(time) for ``y' = field(y)``, ``y(0) = start``.

    Args:
        field: sums, products and whole powers of what it is given; called with power series of balls.

    Raises:
        NotEnclosed: see there.
    """
    cap = flint.ctx.cap
    with flint.ctx.workprec(BITS):
        try:
            flint.ctx.cap = ORDER + 2
            y, left, h, taken = [ball(Fraction(x)) for x in start], Fraction(time), Fraction(time), 0
            while left > 0:
                h = min(h, left)
                while (box := _box(field, y, h)) is None:
                    h /= 2
                    taken += 1
                    if taken > MOST_STEPS:
                        raise NotEnclosed(f"the solution is not enclosed beyond time {float(time - left):.6g}")
                y = _step(field, y, box, ball(h))
                left, h, taken = left - h, 2 * h, taken + 1
        finally:
            flint.ctx.cap = cap
        return [ends(x) for x in y]


def _box(field: Field, y: Sequence[flint.arb], h: Fraction) -> list[flint.arb] | None:
    """A box that holds y and every y + s field(box), s in [0, h]; only where the Taylor steps are short against it."""
    span = ball(h / 2) + flint.arb(0, 1) * ball(h / 2)
    box = [x + span * f for x, f in zip(y, _at(field, y), strict=True)]
    for _ in range(4):
        box = [
            x + flint.arb(0, 1) * ((x - a).abs_upper() / 4 + ball(Fraction(1, 1 << 60)))
            for x, a in zip(box, y, strict=True)
        ]
        image = [x + span * f for x, f in zip(y, _at(field, box), strict=True)]
        if all(b.contains_interior(i) for b, i in zip(box, image, strict=True)):
            tail = [c[-1].abs_upper() * ball(h) ** (ORDER + 1) for c in _coefficients(field, box, ORDER + 1)]
            return box if all(t < ball(Fraction(1, 1 << 70)) for t in tail) else None
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


def _step(field: Field, y: Sequence[flint.arb], box: Sequence[flint.arb], h: flint.arb) -> list[flint.arb]:
    rest = _coefficients(field, box, ORDER + 1)
    out = []
    for c, r in zip(_coefficients(field, y, ORDER), rest, strict=True):
        total = r[-1]
        for a in reversed(c):
            total = total * h + a
        out.append(total)
    return out
