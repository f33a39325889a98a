"""The two parts of the Hessian of a two-layer network in rationals: integer data, units that are piecewise polynomial."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import Any

import flint

from gradproof.solvers.exact.linear import from_flint, to_flint
from gradproof.theory.errors import ParameterError

Row = Sequence[int | Fraction]
Matrix = Sequence[Row]
Rows = list[list[Fraction]]


def _relu(z: Fraction) -> tuple[Fraction, Fraction, Fraction]:
    return (z, Fraction(1), Fraction(0)) if z > 0 else (Fraction(0), Fraction(0), Fraction(0))


def _bent(z: Fraction) -> tuple[Fraction, Fraction, Fraction]:
    return z + z**3, 1 + 3 * z * z, 6 * z


#: name of a unit -> its value, first and second derivative; ``bent`` is z + z^3: smooth, and not homogeneous
UNITS: dict[str, Callable[[Fraction], tuple[Fraction, Fraction, Fraction]]] = {"relu": _relu, "bent": _bent}


@dataclass(frozen=True, eq=False)
class Rational:
    """A two-layer network f = V s(Wx) on n samples. Parameters are ordered W row by row, then V row by row.

    Args:
        W: (m, d). V: (K, m). X: (n, d). Y: (n, K) targets of |f - y|^2/2, or labels (n,) of softmax to the base 2, whose
            probabilities 2^f/sum 2^f are rational for integer outputs (and G is in units of log 2).

    Raises:
        ParameterError: an unknown unit, softmax of outputs that are no integers.
    """

    W: Matrix
    V: Matrix
    X: Matrix
    Y: Any
    unit: str = "relu"
    softmax: bool = False

    def __post_init__(self) -> None:
        if self.unit not in UNITS:
            raise ParameterError(f"unit={self.unit}; units are {', '.join(UNITS)}")
        if self.softmax and any(f.denominator != 1 for row in self.outputs for f in row):
            raise ParameterError(
                "softmax to the base 2 is rational for integer outputs only; give integer weights and data"
            )

    @property
    def n(self) -> int:
        return len(self.X)

    @property
    def m(self) -> int:
        return len(self.W)

    @property
    def d(self) -> int:
        return len(self.X[0])

    @property
    def K(self) -> int:
        return len(self.V)

    @property
    def P(self) -> int:
        return self.m * (self.d + self.K)

    @property
    def point(self) -> list[Fraction]:
        """All parameters in one list (P,)."""
        return [Fraction(c) for row in (*self.W, *self.V) for c in row]

    @cached_property
    def before(self) -> Rows:
        """(n, m): what enters the units."""
        return [
            [sum((Fraction(a) * b for a, b in zip(w, x, strict=True)), Fraction(0)) for w in self.W] for x in self.X
        ]

    @cached_property
    def smooth(self) -> bool:
        """No ReLU is at its kink."""
        return self.unit != "relu" or all(z for row in self.before for z in row)

    @cached_property
    def outputs(self) -> Rows:
        """(n, K)."""
        hidden = [[UNITS[self.unit](z)[0] for z in row] for row in self.before]
        return [
            [sum((Fraction(v) * h for v, h in zip(row, hs, strict=True)), Fraction(0)) for row in self.V]
            for hs in hidden
        ]

    @cached_property
    def probabilities(self) -> Rows:
        """(n, K) of softmax to the base 2."""
        powers = [[Fraction(2) ** int(f) for f in row] for row in self.outputs]
        return [[p / sum(row) for p in row] for row in powers]

    @cached_property
    def residuals(self) -> Rows:
        """(n, K): r_i."""
        if self.softmax:
            return [
                [p - (k == y) for k, p in enumerate(row)] for row, y in zip(self.probabilities, self.Y, strict=True)
            ]
        return [
            [f - Fraction(y) for f, y in zip(fs, ys, strict=True)] for fs, ys in zip(self.outputs, self.Y, strict=True)
        ]

    @cached_property
    def jacobian(self) -> Rows:
        """(n K, P): rows J_ik."""
        table = []
        for x, zs in zip(self.X, self.before, strict=True):
            units = [UNITS[self.unit](z) for z in zs]
            for k in range(self.K):
                to_W = [Fraction(self.V[k][j]) * units[j][1] * c for j in range(self.m) for c in x]
                to_V = [units[j][0] if k == other else Fraction(0) for other in range(self.K) for j in range(self.m)]
                table.append(to_W + to_V)
        return table

    @cached_property
    def gradient(self) -> list[Fraction]:
        """(P,)."""
        flat = [r for row in self.residuals for r in row]
        columns = zip(*self.jacobian, strict=True)
        return [sum((r * c for r, c in zip(flat, col, strict=True)), Fraction(0)) / self.n for col in columns]

    @cached_property
    def G(self) -> flint.fmpq_mat:
        """(P, P): (1/n) sum J_i' A_i J_i."""
        J = to_flint(self.jacobian)
        weighted = to_flint(self._weighted()) if self.softmax else J
        return J.transpose() * weighted * flint.fmpq(1, self.n)

    def _weighted(self) -> Rows:
        """The rows of A_i J_i, A_i = diag(p) - p p'."""
        out, K = [], self.K
        for i, p in enumerate(self.probabilities):
            block = self.jacobian[i * K : (i + 1) * K]
            mean = [sum((q * c for q, c in zip(p, col, strict=True)), Fraction(0)) for col in zip(*block, strict=True)]
            out += [[q * (c - m) for c, m in zip(row, mean, strict=True)] for q, row in zip(p, block, strict=True)]
        return out

    def curvature(self, weights: Sequence[Sequence[Fraction]]) -> flint.fmpq_mat:
        """(1/n) sum_ik weights_ik Hess f_ik, (P, P)."""
        m, d, K, n = self.m, self.d, self.K, self.n
        table = [[Fraction(0)] * self.P for _ in range(self.P)]
        for x, zs, row in zip(self.X, self.before, weights, strict=True):
            for j, z in enumerate(zs):
                _, first, second = UNITS[self.unit](z)
                pull = sum((w * Fraction(self.V[k][j]) for k, w in enumerate(row)), Fraction(0)) * second / n
                for a in range(d):
                    for e in range(d):
                        table[j * d + a][j * d + e] += pull * x[a] * x[e]
                    for k in range(K):
                        entry = row[k] * first * x[a] / n
                        table[j * d + a][m * d + k * m + j] += entry
                        table[m * d + k * m + j][j * d + a] += entry
        return to_flint(table)

    @cached_property
    def R(self) -> flint.fmpq_mat:
        """(P, P): (1/n) sum r_ik Hess f_ik."""
        return self.curvature(self.residuals)

    @cached_property
    def H(self) -> flint.fmpq_mat:
        """The Hessian of the square loss."""
        return self.G + self.R

    @cached_property
    def kernel(self) -> flint.fmpq_mat:
        """(n K, n K): (1/n) J_i J_j'."""
        J = to_flint(self.jacobian)
        return J * J.transpose() * flint.fmpq(1, self.n)

    def loss(self, point: Sequence[Fraction]) -> Fraction:
        """The square loss at other parameters (P,), by the network alone: no derivative enters."""
        m, d = self.m, self.d
        W = [point[j * d : (j + 1) * d] for j in range(m)]
        V = [point[m * d + k * m : m * d + (k + 1) * m] for k in range(self.K)]
        moved = Rational(W, V, self.X, self.Y, self.unit)
        return sum((r * r for row in moved.residuals for r in row), Fraction(0)) / (2 * self.n)

    def along(self, v: Sequence[Fraction], h: Fraction) -> tuple[Fraction, Fraction]:
        """First and second derivative of the square loss along v, by five losses at steps of h.

        Exact where the loss is a polynomial of degree 4 in the step at most: ReLU nets within one pattern of activity. (Units
        ``bent`` make it a polynomial of degree 8: there the differences are exact up to terms of order h^4.)
        """
        at = {k: self.loss([w + k * h * c for w, c in zip(self.point, v, strict=True)]) for k in (-2, -1, 0, 1, 2)}
        first = (at[-2] - 8 * at[-1] + 8 * at[1] - at[2]) / (12 * h)
        return first, (16 * (at[1] + at[-1]) - at[2] - at[-2] - 30 * at[0]) / (12 * h * h)


def quadratic_form(M: flint.fmpq_mat, v: Sequence[Fraction]) -> Fraction:
    """v'Mv."""
    column = to_flint([[c] for c in v])
    return from_flint(column.transpose() * M * column)[0][0]
