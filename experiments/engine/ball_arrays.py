"""NumPy arrays of balls: the same methods, run in arithmetic that encloses the exact result (python-flint's arb).

A float that comes in is taken as the number it is; every operation returns a ball that contains the true value. A
comparison that the balls do not decide raises, and so does a quiet return to floats: nothing is rounded unseen.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import flint
import numpy as np

from gradproof.theory.errors import GradproofError

#: Bits of the midpoints. A step of a method widens the balls by a factor; a few hundred steps must be affordable.
BITS = 2048


class UndecidedComparison(GradproofError):
    """Two balls overlap, so that their order is not known, or a ball is too wide to be a number."""


class Ball:
    """A real number known to lie in a ball."""

    __slots__ = ("v",)

    def __init__(self, v: flint.arb) -> None:
        self.v = v

    def __add__(self, o: Any) -> Ball:
        return Ball(self.v + _arb(o))

    def __sub__(self, o: Any) -> Ball:
        return Ball(self.v - _arb(o))

    def __rsub__(self, o: Any) -> Ball:
        return Ball(_arb(o) - self.v)

    def __mul__(self, o: Any) -> Ball:
        return Ball(self.v * _arb(o))

    def __truediv__(self, o: Any) -> Ball:
        return Ball(self.v / _arb(o))

    def __rtruediv__(self, o: Any) -> Ball:
        return Ball(_arb(o) / self.v)

    __radd__, __rmul__ = __add__, __mul__

    def __pow__(self, k: int) -> Ball:
        return Ball(self.v ** _arb(k))

    def __rpow__(self, o: Any) -> Ball:
        return Ball(_arb(o) ** self.v)

    def __neg__(self) -> Ball:
        return Ball(-self.v)

    def __pos__(self) -> Ball:
        return self

    def __abs__(self) -> Ball:
        return Ball(abs(self.v))

    def __lt__(self, o: Any) -> bool:
        return self._order(o) < 0

    def __le__(self, o: Any) -> bool:
        return self._order(o) <= 0

    def __gt__(self, o: Any) -> bool:
        return self._order(o) > 0

    def __ge__(self, o: Any) -> bool:
        return self._order(o) >= 0

    def __eq__(self, o: Any) -> bool:
        return self._order(o) == 0

    def __hash__(self) -> int:
        raise TypeError("a ball is no key")

    def _order(self, o: Any) -> int:
        if o is self:
            return 0
        other = _arb(o)
        if self.v < other:
            return -1
        if self.v > other:
            return 1
        if self.v.is_exact() and other.is_exact():
            return 0
        raise UndecidedComparison(f"the balls {self.v.str(8)} and {other.str(8)} overlap; their order is not decided")

    def __float__(self) -> float:
        raise UndecidedComparison("a ball is no float; the method leaves the arrays it was given")

    def __repr__(self) -> str:
        return self.v.str(15)

    # NumPy's functions call these on the elements of an array of objects
    def exp(self) -> Ball:
        return Ball(self.v.exp())

    def log(self) -> Ball:
        return Ball(self.v.log())

    def log1p(self) -> Ball:
        return Ball(self.v.log1p())

    def sqrt(self) -> Ball:
        return Ball(self.v.sqrt())

    def tanh(self) -> Ball:
        return Ball(self.v.tanh())

    def sin(self) -> Ball:
        return Ball(self.v.sin())

    def cos(self) -> Ball:
        return Ball(self.v.cos())

    def conjugate(self) -> Ball:
        return self


def _arb(x: Any) -> flint.arb:
    if isinstance(x, Ball):
        return x.v
    if isinstance(x, Fraction):
        return flint.arb(flint.fmpq(x.numerator, x.denominator))
    if isinstance(x, bool | int | np.integer):
        return flint.arb(int(x))
    return flint.arb(float(x))


_balls = np.frompyfunc(lambda x: Ball(_arb(x)), 1, 1)


def balls(x: Any) -> np.ndarray:
    """Floats or fractions of any shape as exact balls, an array of objects; integers stay integers."""
    x = np.asarray(x)
    return np.asarray(_balls(x), dtype=object) if x.dtype.kind in "fO" else x


def is_balls(x: Any) -> bool:
    """Whether an array holds balls."""
    return isinstance(x, np.ndarray) and x.dtype == object


def _nearest(x: Any) -> float:
    v = _arb(x)
    middle = float(v)
    if not v.is_finite() or float(v.rad()) > 2.0**-60 * abs(middle):
        raise UndecidedComparison(f"the ball {v.str(8)} is too wide to be a number; {BITS} bits are too few")
    return middle


def floats(x: np.ndarray) -> np.ndarray:
    """The float64 nearest to each ball, up to one rounding.

    Raises:
        UndecidedComparison: the radius of a ball exceeds 2^-60 of its middle (and what float64 can tell from 0).
    """
    return np.frompyfunc(_nearest, 1, 1)(x).astype(np.float64)
