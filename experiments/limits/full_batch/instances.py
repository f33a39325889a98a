r"""J-walk in rational numbers, samples that are blind on many coordinates, and small losses of which everything is known.

``f(w; V) = sqrt(sum_i V_i h(w_i)^2) + b <u_V, w> + max(0, max_i w_i)``, ``h(x) = max(0, -x - gamma)``, ``u_V(i)`` = 1 or -1/(2n).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from fractions import Fraction as F
from math import isqrt
from typing import Any, NamedTuple

import numpy as np
from flint import fmpq

from gradproof.solvers.masked_norm import mean_masked_norm
from gradproof.theory.errors import ParameterError

Point = list[fmpq]  # rational numbers, several times quicker than fractions
ZERO = fmpq(0)
Bits = Sequence[Sequence[int]]  # a row a sample, a column a coordinate


def lattice(n: int, R: int) -> list[list[int]]:
    """Each of the 2^n patterns of bits on R coordinates: J has R elements."""
    return [[(i % 2**n >> j) & 1 for i in range(R * 2**n)] for j in range(n)]


def plain(n: int, zeros: int, ones: int) -> list[list[int]]:
    """Coordinates that no sample sees, and such that all see."""
    return [[0] * zeros + [1] * ones] * n


def blind(V: Bits) -> list[int]:
    """J."""
    return [i for i, seen in enumerate(zip(*V, strict=True)) if not any(seen)]


def slopes(V: Bits) -> Point:
    """``ubar``: the mean of u_V over the sample."""
    n = len(V)
    ones = [sum(seen) for seen in zip(*V, strict=True)]
    return [_slope(k, n, n) for k in ones]


def _slope(ones: int, rows: int, n: int) -> fmpq:
    """The mean over rows, of which so many are 1, of 1 or -1/(2n)."""
    return (ones - fmpq(rows - ones, 2 * n)) / rows


def exactly(x: Any) -> fmpq:
    """A rational number in the type of the points."""
    x = F(x)
    return fmpq(x.numerator, x.denominator)


class JWalk(NamedTuple):
    """The loss with a sample.

    Args:
        V: the sample, bits. rule: which of the maximisers is taken. rows: which samples a step uses; all without it.
    """

    V: Bits
    gamma: F
    b: F
    rule: Callable[[Point, fmpq], int] = list.index
    rows: Callable[[int], Bits] | None = None

    def descend(self, T: int, eta: F, start: Point | F | int = 0) -> Iterator[Point]:
        """w_0, ..., w_T, from a point, or one with equal coordinates.

        Raises:
            ParameterError: the norm in a root is no rational number.
        """
        w, step = start if isinstance(start, list) else [exactly(start)] * len(self.V[0]), exactly(eta)
        gamma, linear = exactly(self.gamma), self._linear(self.V)
        yield w
        for t in range(T):
            rows = self.rows(t) if self.rows else self.V
            g = list(linear if self.rows is None else self._linear(rows))
            if min(w) < -gamma:
                for row, count in Counter(map(tuple, rows)).items():
                    h = [-x - gamma if v and x < -gamma else ZERO for x, v in zip(w, row, strict=True)]
                    if any(h):
                        norm = exact_root(sum((x * x for x in h), ZERO)) * len(rows) / count
                        g = [x - y / norm for x, y in zip(g, h, strict=True)]
            top = max(w)
            if top > 0:
                g[self.rule(w, top)] += 1
            w = [x - step * y for x, y in zip(w, g, strict=True)]
            yield w

    def _linear(self, rows: Bits) -> Point:
        b, n = exactly(self.b), len(self.V)  # n is of the loss, not of the step
        return [b * _slope(sum(seen), len(rows), n) for seen in zip(*rows, strict=True)]

    def empirical(self, w: Point) -> fmpq:
        """F_S."""
        gamma, total = exactly(self.gamma), ZERO
        for row in self.V:
            total += exact_root(sum(((x + gamma) ** 2 for x, v in zip(w, row, strict=True) if v and x < -gamma), ZERO))
        return (
            total / len(self.V) + sum(x * y for x, y in zip(w, self._linear(self.V), strict=True)) + max(ZERO, max(w))
        )

    def population(self, w: Point) -> tuple[F, F]:
        """Rational ends around F."""
        n, gamma = len(self.V), exactly(self.gamma)
        rest = exactly(self.b) * fmpq(2 * n - 1, 4 * n) * sum(w, ZERO) + max(ZERO, max(w))
        low, high = mean_masked_norm(fraction(-x - gamma) for x in w if x < -gamma)
        return low + fraction(rest), high + fraction(rest)


def fraction(x: fmpq) -> F:
    """The same number of the standard library."""
    return F(int(x.p), int(x.q))


def total(w: Point) -> F:
    """The sum of the entries."""
    return fraction(sum(w, ZERO))


def exact_root(x: fmpq) -> fmpq:
    """The root of a rational square.

    Raises:
        ParameterError: it is no rational number.
    """
    root = fmpq(isqrt(int(x.p)), isqrt(int(x.q)))
    if root * root != x:
        raise ParameterError(f"the root of {x} is irrational; choose a number of equal coordinates that is a square")
    return root


def mean_of(points: Iterable[Point]) -> Point:
    """The mean of points."""
    rows = list(points)
    return [sum(column, ZERO) / len(rows) for column in zip(*rows, strict=True)]


# --- losses that are the maximum of affine functions ---------------------------------------------------------------------


class Affine(NamedTuple):
    """n + 1 losses ``max_p <a_p, w> + c_p`` with whole coefficients: the first n are a sample, the last one may replace the first.

    Args:
        a: (n + 1, pieces, d). c: (n + 1, pieces), in the unit step size over n.
    """

    a: np.ndarray
    c: np.ndarray

    @property
    def square(self) -> int:
        """L^2."""
        return int((self.a**2).sum(-1).max())

    def descend(self, T: int, rows: Sequence[int], sign: int = 1) -> np.ndarray:
        """``w_T n/eta``, a vector of whole numbers, on the sample of these rows; of ties the first piece is taken."""
        a, c = self.a[list(rows)], self.c[list(rows)]
        w = np.zeros(a.shape[-1], np.int64)
        for _ in range(T):
            best = (a @ w + c).argmax(1)
            w = w - sign * a[np.arange(len(a)), best].sum(0)
        return w

    def apart(self, T: int, sign: int = 1, replaced: int = 1) -> int:
        """``(||w_T - w'_T|| n/eta)^2`` where the first samples, one without ``replaced``, are replaced by the last loss.

        ``sign``: -1 for the negatives of the losses, which are concave.
        """
        n = len(self.a) - 1
        w, other = (self.descend(T, rows, sign) for rows in (range(n), [n] * replaced + [*range(replaced, n)]))
        return int(((w - other) ** 2).sum())


def drawn(draw: int) -> Callable[[int, int], Affine]:
    """Random losses: three pieces each, in 2 to 12 dimensions."""

    def make(n: int, T: int) -> Affine:
        rng = np.random.default_rng([draw, n])
        d = int(rng.integers(2, 13))
        return Affine(rng.integers(-5, 6, (n + 1, 3, d)), rng.integers(-40, 41, (n + 1, 3)))

    return make


def opposite(n: int, T: int) -> Affine:
    """Linear losses that are 0, but for the first: x, or -x."""
    a = np.zeros((n + 1, 1, 1), np.int64)
    a[0], a[-1] = 1, -1
    return Affine(a, np.zeros((n + 1, 1), np.int64))


def kinks(n: int, T: int) -> Affine:
    """``1000 max(0, max_i w_i)``, where one sample has the small slope -1 everywhere, and is replaced by 0: a walk, or none."""
    a = np.zeros((n + 1, T + 1, T), np.int64)
    a[:, 1:] = 1000 * np.eye(T, dtype=np.int64)
    a[0], a[-1] = -1, 0
    return Affine(a, np.zeros((n + 1, T + 1), np.int64))


def contrary(n: int, T: int) -> Affine:
    """Every loss of the sample is x, and the one that may replace them -x."""
    a = np.ones((n + 1, 1, 1), np.int64)
    a[-1] = -1
    return Affine(a, np.zeros((n + 1, 1), np.int64))


def plateau(n: int, T: int) -> Affine:
    """|x|, of which the subgradient at 0 is 0; but x, or -x, for the loss that differs."""
    a = np.tile(np.array([[0], [1], [-1]], np.int64), (n + 1, 1, 1))
    a[0], a[-1] = 1, -1
    return Affine(a, np.zeros((n + 1, 3), np.int64))


# --- losses on the line ---------------------------------------------------------------------------------------------------


def distance(x: F, weights: Mapping[int, F]) -> F:
    """``sum_z p_z |x - z|``."""
    return sum((p * abs(x - z) for z, p in weights.items()), F(0))


def towards(x: F, weights: Mapping[int, F]) -> F:
    """A subgradient of it: that of ``|x - z|`` is 0 at z."""
    return sum((p * ((x > z) - (x < z)) for z, p in weights.items()), F(0))


def averaged(x: F, eta: F, steps: Iterable[Callable[[F], F]]) -> F:
    """The mean of w_0, ..., w_{T-1}, a subgradient a step."""
    total, count = F(0), 0
    for g in steps:
        total, count, x = total + x, count + 1, x - eta * g(x)
    return total / count
