r"""Bilevel problems with a quadratic lower level, in rational numbers: solutions, hypergradients, lower steps, Neumann series.

The lower level is :math:`g(x, y) = \frac12y^\top Ay - y^\top Bx`, so that :math:`y_*(x) = A^{-1}Bx` and
:math:`\nabla\Phi = \nabla_xf + B^\top A^{-1}\nabla_yf` whatever the upper level f is.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction as F
from typing import Any, NamedTuple

import flint

from gradproof.solvers.exact.balls import ends
from gradproof.solvers.exact.linear import from_flint, to_flint
from gradproof.theory.errors import ParameterError

Vector = Sequence[F | int]
Rows = Sequence[Vector]
BITS = 128


def dot(u: Vector, v: Vector) -> F:
    return sum((F(a) * b for a, b in zip(u, v, strict=True)), F(0))


def times(rows: Rows, v: Vector) -> list[F]:
    return [dot(row, v) for row in rows]


def plus(u: Vector, v: Vector, c: F | int = 1) -> list[F]:
    """u + c v."""
    return [F(a) + c * b for a, b in zip(u, v, strict=True)]


class QuadraticLower(NamedTuple):
    """A (e, e), symmetric and positive definite, and B (e, d), of exact numbers."""

    A: Rows
    B: Rows

    def inverse(self, v: Vector) -> list[F]:
        """A^{-1} v.

        Raises:
            ParameterError: A is singular.
        """
        try:
            solved = to_flint(_exact(self.A)).solve(to_flint([[F(x)] for x in v]))
        except ZeroDivisionError:
            raise ParameterError("A is singular, so that the lower level has no single solution") from None
        return [row[0] for row in from_flint(solved)]

    def solution(self, x: Vector) -> list[F]:
        """y_*(x)."""
        return self.inverse(times(self.B, x))

    def slope(self, x: Vector, y: Vector) -> list[F]:
        """The lower gradient A y - B x."""
        return plus(times(self.A, y), times(self.B, x), -1)

    def steps(self, x: Vector, y: Vector, n: int, L: F) -> list[F]:
        """y after n lower gradient steps of the length 1/L."""
        for _ in range(n):
            y = plus(y, self.slope(x, y), -1 / F(L))
        return [F(c) for c in y]

    def neumann(self, v: Vector, Q: int, L: F) -> list[F]:
        """``(1/L) sum_{q<Q} (I - A/L)^q v``, by as many steps of an auxiliary vector."""
        z = [F(0)] * len(v)
        for _ in range(Q):
            z = plus(z, plus(times(self.A, z), v, -1), -1 / F(L))
        return z

    def hypergradient(self, fx: Vector, z: Vector) -> list[F]:
        """``grad_x f - grad_xy g z`` for z in the place of ``A^{-1} grad_y f``."""
        return plus(fx, times(list(zip(*self.B, strict=True)), z))

    def track(self, path: Sequence[Vector], y: Vector, N: int, period: int, L: F) -> Iterator[tuple[bool, list[F]]]:
        """At each point of a path: whether the lower level was updated there, and y - y_*."""
        for t, x in enumerate(path):
            due = t > 0 and t % period == 0
            y = self.steps(x, y, N, L) if due else list(y)
            yield due, plus(y, self.solution(x), -1)

    def speed(self) -> tuple[F, F]:
        """Rational ends around ``|A^{-1} B|``, the Lipschitz constant of y_*: the root of an eigenvalue."""
        columns = [self.inverse(column) for column in zip(*self.B, strict=True)]
        return norm(list(zip(*columns, strict=True)))


def _exact(rows: Rows) -> list[list[F]]:
    return [[F(x) for x in row] for row in rows]


def norm(rows: Rows) -> tuple[F, F]:
    """Rational ends around the spectral norm of a matrix of exact numbers."""
    columns = list(zip(*_exact(rows), strict=True))
    gram = to_flint([[dot(u, v) for v in columns] for u in columns])
    with flint.ctx.workprec(BITS):
        top = max(real_roots(gram.charpoly()), key=lambda x: float(x.mid()))
        low, high = ends(top.max(flint.arb(0)).sqrt())
    return low, high


def real_roots(p: flint.fmpq_poly) -> list[flint.arb]:
    """Balls around the real roots of a polynomial with rational coefficients, at the current precision."""
    if p.degree() < 1:
        return []
    whole = flint.fmpz_poly([int(c.p * (p.denom() // c.q)) for c in p.coeffs()])
    found: Any = whole.complex_roots()  # with their multiplicities
    return [root.real for root, _ in found if root.imag == 0]
