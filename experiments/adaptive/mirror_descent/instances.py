"""Mirror maps and Fenchel couplings in rational numbers and balls, and dual averaging on a line over all paths of its noise."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction as F
from itertools import product
from typing import NamedTuple

import flint

from gradproof.solvers.exact.balls import ball, enclose

Vector = Sequence[F]
WIDTH = F(1, 10**30)


def dot(u: Vector, v: Vector) -> F:
    return sum((F(a) * b for a, b in zip(u, v, strict=True)), F(0))


def minus(u: Vector, v: Vector) -> list[F]:
    return [F(a) - b for a, b in zip(u, v, strict=True)]


def plus(u: Vector, v: Vector) -> list[F]:
    return [F(a) + b for a, b in zip(u, v, strict=True)]


# --- Euclid ---------------------------------------------------------------------------------------------------------------


def simplex(y: Vector) -> list[F]:
    """The projection onto the simplex."""
    total, means = F(0), []
    for j, u in enumerate(sorted(y, reverse=True), 1):
        total += u
        means.append((total - 1) / j)
    t = max(means)
    return [max(F(u) - t, F(0)) for u in y]


def box(y: Vector) -> list[F]:
    """The projection onto [0, 1]^d."""
    return [min(max(F(u), F(0)), F(1)) for u in y]


def free(y: Vector) -> list[F]:
    """Q(y) = y, without constraints."""
    return [F(u) for u in y]


class Euclid(NamedTuple):
    """``h = curvature |x|^2/2`` on a set with this projection: Q projects ``y/curvature``. Its K is the curvature."""

    project: Callable[[Vector], list[F]]
    curvature: F = F(1)

    def mirror(self, y: Vector) -> list[F]:
        return self.project([F(u) / self.curvature for u in y])

    def h(self, x: Vector) -> F:
        return self.curvature * dot(x, x) / 2

    def conjugate(self, y: Vector) -> F:
        x = self.mirror(y)
        return dot(y, x) - self.h(x)

    def coupling(self, p: Vector, y: Vector) -> F:
        return self.h(p) + self.conjugate(y) - dot(y, p)

    def change(self, p: Vector, y: Vector, v: Vector, at: Vector | None = None) -> F:
        """``F(p, y + v) - F(p, y) - <v, Q(y) - p>``; ``at``: another point in the place of Q(y)."""
        x = self.mirror(y) if at is None else at
        return self.coupling(p, plus(y, v)) - self.coupling(p, y) - dot(v, minus(x, p))


# --- entropy --------------------------------------------------------------------------------------------------------------


def log_sum_exp(y: Vector) -> flint.arb:
    return sum((ball(F(u)).exp() for u in y), flint.arb(0)).log()


def softmax(y: Vector) -> list[flint.arb]:
    top = max(y)
    p = [ball(F(u) - top).exp() for u in y]
    total = sum(p, flint.arb(0))
    return [q / total for q in p]


def entropy_coupling(p: Vector, y: Vector) -> flint.arb:
    h = sum((ball(F(q)) * ball(F(q)).log() for q in p if q), flint.arb(0))
    return h + log_sum_exp(y) - ball(dot(y, p))


def entropy_change(p: Vector, y: Vector, v: Vector) -> flint.arb:
    slope = sum((ball(F(a)) * (x - ball(F(q))) for a, x, q in zip(v, softmax(y), p, strict=True)), flint.arb(0))
    return entropy_coupling(p, plus(y, v)) - entropy_coupling(p, y) - slope


def between(formula: Callable[[], flint.arb]) -> tuple[F, F]:
    """Rational ends of a formula in balls."""
    return enclose(formula, width=WIDTH)


# --- a line ---------------------------------------------------------------------------------------------------------------


def interval(y: F) -> F:
    """Q of [0, 1]."""
    return min(max(y, F(0)), F(1))


def harmonic(n: int) -> list[F]:
    """alpha_k = 1/k."""
    return [F(1, k) for k in range(1, n + 1)]


def constant(n: int) -> list[F]:
    return [F(1, 4)] * n


class Paths(NamedTuple):
    """Dual averaging on a line with noise of finitely many values: the law of all paths.

    Args:
        slope: gradient of g at x. mirror: Q. start: Y_1. alphas: the steps.
        noise: (value, chance) pairs, added to the gradient. stop: where the coupling is at least this, the path is stopped.
        minimiser: x_*.
    """

    slope: Callable[[F], F]
    mirror: Callable[[F], F]
    start: F
    alphas: Sequence[F]
    noise: tuple[tuple[F, F], ...] = ((F(0), F(1)),)
    minimiser: F = F(0)

    def walks(self) -> Iterator[tuple[F, list[F]]]:
        """Chance and Y_1, ..., Y_{n+1} of each path."""
        for path in product(self.noise, repeat=len(self.alphas)):
            y, ys, chance = F(self.start), [F(self.start)], F(1)
            for alpha, (xi, p) in zip(self.alphas, path, strict=True):
                y = y - alpha * (self.slope(self.mirror(y)) + xi)
                ys.append(y)
                chance *= p
            yield chance, ys

    def levels(self) -> Iterator[list[tuple[F, F]]]:
        """(Y_k, chance) for k = 1, ..., n + 1: equal values are one."""
        law = {F(self.start): F(1)}
        yield list(law.items())
        for alpha in self.alphas:
            after: dict[F, F] = {}
            for y, chance in law.items():
                g = self.slope(self.mirror(y))
                for xi, p in self.noise:
                    z = y - alpha * (g + xi)
                    after[z] = after.get(z, F(0)) + chance * p
            law = after
            yield list(law.items())

    def gaps(self) -> list[F]:
        """``E <grad g(X_k), X_k - x_*>`` for k = 1, ..., n."""
        found = []
        for law in list(self.levels())[:-1]:
            points = [(self.mirror(y), p) for y, p in law]
            found.append(sum((p * self.slope(x) * (x - self.minimiser) for x, p in points), F(0)))
        return found

    def weighted(self) -> F:
        """``sum_k alpha_k E <grad g(X_k), X_k - x_*>``."""
        return dot(self.alphas, self.gaps())

    def moment(self, law: list[tuple[F, F]]) -> F:
        """``E v_k^2`` where Y_k has the law."""
        return sum((q * p * (self.slope(self.mirror(y)) + xi) ** 2 for y, q in law for xi, p in self.noise), F(0))

    def squares(self) -> F:
        return sum((a * a for a in self.alphas), F(0))

    def end(self, event: Callable[[F], bool]) -> F:
        """The chance that Y_{n+1} is such."""
        *_, law = self.levels()
        return sum((p for y, p in law if event(y)), F(0))


def signs(s: F) -> tuple[tuple[F, F], ...]:
    """s times a fair sign."""
    return ((F(s), F(1, 2)), (-F(s), F(1, 2)))
