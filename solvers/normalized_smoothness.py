r"""The radius in which a linearised gradient is relatively accurate: certified on a line, bounded above in the plane and in space.

``gamma(x) = max {gamma : |g(x+h) - g(x) - H h| <= |g(x)| |h|/gamma for all |h| <= gamma}``, which is
``inf over h of max(|h|, |g(x)| |h|/|g(x+h) - g(x) - H h|)``: some h stands against gamma iff both are below it. Every h gives an
upper bound; on a line intervals of h give lower ones (branch and bound in ball arithmetic).

Source: Semenov, Jaggi, Doikov (2025), arXiv:2506.13710, Definition 1, with the full ball in the place of its part.
"""

from __future__ import annotations

import heapq
import itertools
import math
from collections.abc import Callable
from fractions import Fraction
from typing import Any, NamedTuple

import flint
import numpy as np

from gradproof.solvers.exact.balls import ball, ends
from gradproof.theory.arguments import number
from gradproof.theory.errors import ParameterError

Real = Callable[[flint.arb], flint.arb]
BITS, MOST = 128, 20_000
SCALES = range(-40, 41)  # powers of two that are tried as lengths of h
FARTHEST_RADIUS = Fraction(2) ** 60  # no radius is looked for beyond
FARTHEST = ball(FARTHEST_RADIUS)


class Radius(NamedTuple):
    """``low <= gamma(x) <= high``, rational."""

    low: Fraction
    high: Fraction


def radius(
    slope: Real, curvature: Real, x: Fraction | int, *, hessian: Fraction | int | None = None, width: float = 1e-9
) -> Radius:
    """gamma(x) on a line, enclosed.

    Args:
        slope, curvature: f' and f'' as functions of balls, f' continuously differentiable.
        x: where.
        hessian: H(x); f''(x) unless given.
        width: relative width of the enclosure.

    Raises:
        ParameterError: f'(x) may be zero, the radius may be infinite (a quadratic with its own Hessian), or the enclosure is
            not reached.
    """
    width = number(width, "the width")
    if not width > 0:
        raise ParameterError(f"width={width} must be positive")
    with flint.ctx.workprec(BITS):
        return _Line(slope, curvature, ball(Fraction(x)), hessian).radius(width)


class _Line:
    """The error of the linearised slope at one point."""

    def __init__(self, slope: Real, curvature: Real, x: flint.arb, hessian: Any) -> None:
        self.slope, self.curvature, self.x = slope, curvature, x
        self.g = slope(x)
        self.H = curvature(x) if hessian is None else ball(Fraction(hessian))
        if not self.g.is_finite() or self.g.contains(0):
            raise ParameterError(
                f"the slope {self.g} at the point may be zero; the radius is that of a point with a slope"
            )

    def error(self, h: flint.arb) -> flint.arb:
        return self.slope(self.x + h) - self.g - self.H * h

    def above(self, h: Fraction) -> Fraction | None:
        """An upper bound of ``max(|h|, |g||h|/|error|)``, or None where the error may be zero."""
        error = abs(self.error(ball(h)))
        ratio = abs(self.g) * ball(abs(h)) / error
        if not error.lower() > 0 or not ratio.is_finite() or ratio > FARTHEST:
            return None
        return abs(h) if ratio < ball(abs(h)) else max(abs(h), ends(ratio)[1])

    def below(self, a: Fraction, b: Fraction) -> Fraction:
        """A lower bound of the same over the h between a and b, of one sign or zero."""
        cell, middle = ball(a).union(ball(b)), ball((a + b) / 2)
        least = min(abs(a), abs(b))
        most = abs(self.curvature(self.x + ball(Fraction(0)).union(cell)) - self.H).abs_upper()  # by the mean value
        if least:
            bend = self.curvature(self.x + cell) - self.H
            error = self.error(middle) + bend * (cell - middle)
            for ratio in (
                error / cell,
                self.error(middle) / middle + (bend * cell - error) / cell**2 * (cell - middle),
            ):
                direct = abs(ratio).abs_upper()
                most = direct if not most.is_finite() or direct < most else most
        if not most.is_finite():
            return least
        ratio = abs(self.g) / most
        if (
            not most > 0 or ratio < ball(least) or ratio < 1 / FARTHEST
        ):  # rational numbers of an exponential may not fit anywhere
            return least
        return max(least, ends(ratio)[0]) if ratio < FARTHEST else FARTHEST_RADIUS

    def radius(self, width: float) -> Radius:
        tried = [self.above(s * Fraction(2) ** j) for j in SCALES for s in (1, -1)]
        found = [t for t in tried if t is not None]
        if not found:
            raise ParameterError("the radius may be infinite: no step shows an error of the linearised slope")
        high, count = min(found), itertools.count()
        heap = [(self.below(*ends_), next(count), ends_) for ends_ in ((-high, Fraction(0)), (Fraction(0), high))]
        heapq.heapify(heap)
        for _ in range(MOST):
            low, _, (a, b) = heapq.heappop(heap)
            if high - low <= Fraction(width) * high:
                return Radius(min(low, high), high)
            middle = (a + b) / 2
            better = self.above(middle)
            high = high if better is None else min(high, better)
            for part in ((a, middle), (middle, b)):
                if min(abs(part[0]), abs(part[1])) < high:
                    heapq.heappush(heap, (max(low, self.below(*part)), next(count), part))
            if not heap:
                return Radius(high, high)
        raise ParameterError(f"the radius is not enclosed to a relative width of {width:g} by {MOST} intervals")


def radius_above(
    gradient: Callable[[np.ndarray], np.ndarray],
    hessian: np.ndarray,
    x: np.ndarray,
    *,
    directions: int = 400,
    rounds: int = 60,
) -> float:
    """An upper bound of gamma(x) in 1 to 3 dimensions: the best of a grid of h, refined by halving (floats).

    Args:
        gradient: of points (..., n). hessian: H(x), (n, n). x: (n,).

    Raises:
        ParameterError: more than three dimensions, or a gradient of zero.
    """
    x = np.asarray(x, float)
    n, g = x.size, gradient(x)
    if n > 3:
        raise ParameterError(f"a grid of directions in {n} dimensions is too coarse; need n <= 3")
    size = float(np.linalg.norm(g))
    if not size > 0:
        raise ParameterError("the gradient at the point is zero")

    def upper(h: np.ndarray) -> np.ndarray:
        error = np.linalg.norm(gradient(x + h) - g - h @ np.asarray(hessian), axis=-1)
        length = np.linalg.norm(h, axis=-1)
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.where(error > 0, np.maximum(length, size * length / error), math.inf)

    units = _directions(n, directions)
    grid = (2.0 ** np.arange(-8, 9, 0.5))[:, None, None] * units
    values = upper(grid).ravel()
    best: np.ndarray = grid.reshape(-1, n)[values.argmin()]
    value = float(values.min())
    spread = 0.3
    for _ in range(rounds):
        near = best + spread * np.linalg.norm(best) * units
        found = upper(near)
        if found.min() < value:
            best, value = near[found.argmin()], float(found.min())
        else:
            spread /= 2
    return value


def _directions(n: int, count: int) -> np.ndarray:
    """Unit vectors, spread evenly: (count, n), two on a line."""
    if n == 1:
        return np.array([[1.0], [-1.0]])
    k: np.ndarray = np.arange(count) + 0.5
    if n == 2:
        angle = 2 * math.pi * k / count
        return np.stack([np.cos(angle), np.sin(angle)], axis=-1)
    z, angle = 1 - 2 * k / count, math.pi * (1 + math.sqrt(5)) * k
    flat = np.sqrt(1 - z * z)
    return np.stack([flat * np.cos(angle), flat * np.sin(angle), z], axis=-1)
