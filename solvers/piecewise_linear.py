"""Piecewise linear and quadratic losses on the line under random shifts: expectations and minimisers in rational arithmetic."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from typing import NamedTuple

from gradproof.theory.errors import ParameterError

Law = Mapping[Fraction, Fraction]  # value -> probability


class Least(NamedTuple):
    """A least value, and the interval (often one point) on which it is attained."""

    value: Fraction
    low: Fraction
    high: Fraction


def fair_sign(size: Fraction | int) -> dict[Fraction, Fraction]:
    """The law of ``+-size`` with probability 1/2 each."""
    return {Fraction(size): Fraction(1, 2), -Fraction(size): Fraction(1, 2)}


@dataclass(frozen=True)
class PiecewiseLinear:
    """A continuous function with value 0 at 0, convex or not.

    Args:
        kinks: increasing. slopes: one more, from left to right.

    Raises:
        ParameterError: kinks that do not increase, or another number of slopes.
    """

    kinks: tuple[Fraction, ...]
    slopes: tuple[Fraction, ...]

    def __post_init__(self) -> None:
        if len(self.slopes) != len(self.kinks) + 1 or any(a >= b for a, b in pairwise(self.kinks)):
            raise ParameterError(
                f"need increasing kinks and one slope more, got {len(self.kinks)} kinks and {len(self.slopes)} slopes"
            )

    def __call__(self, w: Fraction | int) -> Fraction:
        """The value at w: the integral of the slopes from 0."""
        w = Fraction(w)
        low, high = min(w, Fraction(0)), max(w, Fraction(0))
        ends = [low, *(k for k in self.kinks if low < k < high), high]
        total = sum(((b - a) * self.slope((a + b) / 2) for a, b in pairwise(ends)), Fraction(0))
        return total if w > 0 else -total

    def slope(self, w: Fraction) -> Fraction:
        """The slope to the left of w."""
        return self.slopes[sum(k < w for k in self.kinks)]

    def expected(self, w: Fraction | int, shift: Law) -> Fraction:
        """E f(w + shift)."""
        return sum((q * self(w + x) for x, q in shift.items()), Fraction(0))

    def least_expected(self, shift: Law) -> Least:
        """min over w of E f(w + shift), which is attained at a kink.

        Raises:
            ParameterError: it has no minimum, as the outer slopes do not rise away from 0.
        """
        if not self.kinks or not self.slopes[0] < 0 < self.slopes[-1]:
            raise ParameterError(f"there is no minimum with outer slopes {self.slopes[0]} and {self.slopes[-1]}")
        found = {w: self.expected(w, shift) for w in sorted({k - x for k in self.kinks for x in shift})}
        value = min(found.values())
        at = [w for w, v in found.items() if v == value]
        return Least(value, at[0], at[-1])


def valley(c: Fraction | int, p: Fraction | int) -> PiecewiseLinear:
    """``p w`` for w > 0 and ``-c p w`` for w <= 0."""
    return PiecewiseLinear((Fraction(0),), (-Fraction(c) * p, Fraction(p)))


@dataclass(frozen=True)
class Histogram:
    """A shift that is uniform on each of some intervals: ``edges`` (n + 1), increasing, and ``weights`` (n), of sum 1."""

    edges: tuple[Fraction, ...]
    weights: tuple[Fraction, ...]

    def __post_init__(self) -> None:
        if len(self.edges) != len(self.weights) + 1 or sum(self.weights) != 1 or min(self.weights) <= 0:
            raise ParameterError("a histogram needs positive weights of sum 1 and one edge more")

    def quantile(self, q: Fraction) -> Fraction:
        """x with P(shift <= x) = q, for 0 < q < 1."""
        below = Fraction(0)
        for (a, b), weight in zip(pairwise(self.edges), self.weights, strict=True):
            if below + weight >= q:
                return a + (b - a) * (q - below) / weight
            below += weight
        raise ParameterError(f"a probability lies in (0, 1), got {q}")

    def expected_valley(self, w: Fraction, c: Fraction | int, p: Fraction | int) -> Fraction:
        """E V(w + shift) for the valley of slopes p and -c p."""

        def primitive(x: Fraction) -> Fraction:
            return (p if x > 0 else -c * p) * x * x / Fraction(2)

        pieces = zip(pairwise(self.edges), self.weights, strict=True)
        return sum(((primitive(w + b) - primitive(w + a)) * q / (b - a) for (a, b), q in pieces), Fraction(0))


def bowl(w: Fraction, a: Fraction | int, b: Fraction | int) -> Fraction:
    """``a w^2/2`` for w > 0 and ``b w^2/2`` for w <= 0."""
    return (a if w > 0 else b) * Fraction(w) * w / 2


def least_expected_bowl(a: Fraction | int, b: Fraction | int, shifts: Sequence[Fraction | int]) -> Least:
    """min over w of the mean of ``bowl(w + x, a, b)`` over the shifts: at a kink, or at the root of the slope of a piece."""
    at = [Fraction(x) for x in shifts]
    kinks = sorted({-x for x in at})
    inside = [kinks[0] - 1, *((low + high) / 2 for low, high in pairwise(kinks)), kinks[-1] + 1]
    points = list(kinks)
    for w in inside:
        curvatures = [Fraction(a if w + x > 0 else b) for x in at]
        points.append(
            -sum((k * x for k, x in zip(curvatures, at, strict=True)), Fraction(0)) / sum(curvatures, Fraction(0))
        )
    value, best = min((sum((bowl(w + x, a, b) for x in at), Fraction(0)) / len(at), w) for w in points)
    return Least(value, best, best)
