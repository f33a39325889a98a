"""Losses with an asymmetric direction, drawn and made by hand, and laws of shifts and of noise; all in rational numbers."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from fractions import Fraction as F
from itertools import product
from typing import NamedTuple

from gradproof.solvers.piecewise_linear import Histogram, PiecewiseLinear, fair_sign, valley

Number = F | int


class Direction(NamedTuple):
    """A loss along a direction whose two slopes hold between zeta and r, and a shift with min(r - dbar, dbar - zeta) = room."""

    loss: Callable[[F], F]
    dbar: F


Shape = Callable[..., Direction]  # of c, p, room


def plain_valley(c: Number, p: Number, room: Number) -> Direction:
    """V itself, of which the bound is the gain."""
    return Direction(valley(c, p), F(room))


def symmetric(c: Number, p: Number, room: Number) -> Direction:
    """The slope p on both sides."""
    return Direction(valley(1, p), F(room))


def second_well(c: Number, p: Number, room: Number) -> Direction:
    """The slopes of V up to r = 2 room on the flat side, then a wall of slope 4 c p, and behind it a deeper well: not convex."""
    r = 2 * F(room)
    slopes = (-F(c) * p, F(p), 4 * F(c) * p, -8 * F(c) * p, F(p))
    return Direction(PiecewiseLinear((F(0), r, 2 * r, 4 * r), slopes), F(room))


def drawn(seed: int, convex: bool = False) -> Shape:
    """Random slopes: at most p on the flat side and at least c p on the steep one between zeta and r, anything elsewhere.

    Convex: slopes that increase from left to right.
    """

    def make(c: Number, p: Number, room: Number) -> Direction:
        rng = random.Random(seed)

        def some(low: Number, high: Number) -> F:
            return F(low) + (F(high) - F(low)) * F(rng.randint(0, 63), 64)

        def pair(low: Number, high: Number) -> list[F]:
            found = [some(low, high), some(low, high)]
            return sorted(found) if convex else found

        zeta = some(0, room) if rng.random() < 0.7 else F(0)
        spare = some(0, room)
        dbar = zeta + room + rng.choice((F(0), spare))
        r = 2 * F(room) + zeta + spare
        mid, also = some(zeta + room / F(8), r), some(zeta + room / F(8), r)
        steep, flat = pair(-2 * F(c) * p, -F(c) * p), pair(0 if convex else -p, p)
        inner = [some(-F(c) * p, 0), some(0, flat[0])] if convex else [some(-p, p), some(-p, p)]
        outer = [-3 * F(c) * p, 3 * F(c) * p] if convex else [some(-p, p), some(-p, 9 * F(c) * p)]
        slopes = [outer[0], *steep, *(inner if zeta else []), *flat, outer[1]]
        kinks = [-r, -also, *([-zeta, F(0), zeta] if zeta else [F(0)]), mid, r]
        return Direction(PiecewiseLinear(tuple(kinks), tuple(slopes)), dbar)

    make.__name__ = f"{'convex' if convex else 'drawn'} {seed}"
    return make


def expected(loss: Callable[..., F], at: tuple[F, ...], shifts: tuple[Mapping[F, F], ...]) -> F:
    """E loss(at + shift) with independent shifts, one a coordinate, by enumeration."""
    total = F(0)
    for outcome in product(*(s.items() for s in shifts)):
        weight = F(1)
        for _, q in outcome:
            weight *= q
        total += weight * loss(*(w + x for w, (x, _) in zip(at, outcome, strict=True)))
    return total


def one_sided(size: Number) -> dict[F, F]:
    """Always to the flat side."""
    return {F(size): F(1)}


def one_sided_steep(size: Number) -> dict[F, F]:
    """Always to the steep side."""
    return {-F(size): F(1)}


HISTOGRAMS = {
    "uniform": Histogram((F(-1), F(1)), (F(1),)),
    "skewed": Histogram((F(-1), F(-1, 4), F(1, 2), F(3)), (F(1, 2), F(1, 4), F(1, 4))),
    "two humps": Histogram((F(-2), F(-1), F(1), F(2)), (F(9, 20), F(1, 10), F(9, 20))),
}

#: laws of bounded noise with mean 0 and magnitude at most 1
NOISES = {
    "three points": {F(-1): F(1, 4), F(0): F(1, 2), F(1): F(1, 4)},
    "skewed": {F(-1, 2): F(2, 3), F(1): F(1, 3)},
    "rare": {F(1): F(1, 9), F(-1, 8): F(8, 9)},
}
BIASED = {F(-1): F(3, 4), F(1): F(1, 4)}


def variance(noise: Mapping[F, F]) -> F:
    """E omega^2."""
    return sum((q * x * x for x, q in noise.items()), F(0))


__all__ = ["BIASED", "HISTOGRAMS", "NOISES", "Direction", "drawn", "expected", "fair_sign", "one_sided", "one_sided_steep",
           "plain_valley", "second_well", "symmetric", "variance"]  # fmt: skip
