"""Second moments of linearised SGD by enumeration of its batches, in rational arithmetic: a check of the closed forms."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property
from itertools import combinations, product
from typing import Any, Self

import flint
import numpy as np

from gradproof.solvers.exact.definite import integer_matrix, is_positive_semidefinite
from gradproof.solvers.moments.algebraic import algebraic_threshold
from gradproof.solvers.moments.curvatures import noise_ratio
from gradproof.solvers.moments.threshold import stability_threshold

Table = flint.fmpq_mat
Batches = Sequence[tuple[int, ...]]
ALGEBRAIC = 4  # dimensions in which the threshold is found as an algebraic number; beyond, in floats


def rational(x: Any) -> flint.fmpq:
    """An int, a Fraction, or a float (the binary fraction that it is)."""
    return flint.fmpq(*Fraction(x).as_integer_ratio())


def table(rows: Any) -> Table:
    """A rational matrix."""
    return Table([[rational(x) for x in row] for row in rows])


def trace(A: Table) -> Fraction:
    """The trace."""
    total = sum((A[i, i] for i in range(A.nrows())), flint.fmpq(0))
    return Fraction(int(total.p), int(total.q))


def average(tables: Sequence[Table]) -> Table:
    """The mean of matrices of one shape."""
    return sum(tables[1:], tables[0]) / len(tables)


def semidefinite(A: Table) -> bool:
    """Whether a symmetric rational matrix is positive semidefinite: an exact decision."""
    return is_positive_semidefinite(integer_matrix(A.tolist()))


@dataclass(frozen=True, eq=False)
class Enumeration:
    """Curvatures at a minimum, and every batch of SGD around it.

    Args:
        curvatures: (n, d) Jacobian rows ``J_i`` (``H_i = J_i J_i'``), or (n, d, d) symmetric Hessians.
        batch_size, replacement: the sampling that p is of.
        law: the equally likely batches, where they are not those of the sampling.
    """

    curvatures: Any
    batch_size: int = 1
    replacement: bool = False
    law: Batches = ()

    @cached_property
    def H(self) -> list[Table]:
        """The (d, d) Hessians."""
        if np.ndim(self.curvatures) == 3:
            return [table(h) for h in self.curvatures]
        rows = [table([row]) for row in self.curvatures]
        return [row.transpose() * row for row in rows]

    @cached_property
    def mean(self) -> Table:
        """``H``, the mean of the Hessians."""
        return average(self.H)

    @property
    def dimension(self) -> int:
        return int(self.mean.nrows())

    @property
    def one(self) -> Table:
        """The identity."""
        return table(np.eye(self.dimension, dtype=int).tolist())

    @property
    def p(self) -> Fraction:
        """Weight of single-sample noise."""
        return Fraction(*noise_ratio(len(self.H), self.batch_size, self.replacement))

    @property
    def sampling(self) -> dict[str, Any]:
        """``batch_size`` and ``replacement``, as the solvers take them."""
        return {"batch_size": self.batch_size, "replacement": self.replacement}

    @property
    def floats(self) -> np.ndarray:
        """The curvatures in floats."""
        return np.asarray(self.curvatures, float)

    @property
    def batches(self) -> Batches:
        """All equally likely batches."""
        samples = range(len(self.H))
        every = product(samples, repeat=self.batch_size) if self.replacement else combinations(samples, self.batch_size)
        return self.law or list(every)

    def sampled(self, batch_size: int, replacement: bool = False) -> Self:
        """The same minimum with uniform batches of another size."""
        return replace(self, batch_size=batch_size, replacement=replacement, law=())

    def after(self, X: Table, eta: Fraction, law: Batches = ()) -> Table:
        """``E (I - eta H_b) X (I - eta H_b)`` over all batches b: the second moment one step after X."""
        steps = [self.one - average([self.H[i] for i in b]) * rational(eta) for b in law or self.batches]
        return average([A * X * A for A in steps])

    def noise(self, X: Table) -> Table:
        """``D(X) = (1 - p) HXH + p mean_i H_i X H_i``."""
        p = rational(self.p)
        return self.mean * X * self.mean * (1 - p) + average([h * X * h for h in self.H]) * p

    def drift(self, X: Table) -> Table:
        """``C(X) = (HX + XH)/2``."""
        return (self.mean * X + X * self.mean) / 2

    def operator(self, f: Callable[[Table], Table]) -> Table:
        """The (d^2, d^2) matrix of a linear map on matrices."""
        d = self.dimension
        units = [Table(d, d, [int(i == k) for i in range(d * d)]) for k in range(d * d)]
        return Table([f(E).entries() for E in units]).transpose()

    def solved(self, f: Callable[[Table], Table], X: Table) -> Table:
        """The matrix Y with ``f(Y) = X``."""
        d = self.dimension
        return Table(d, d, self.operator(f).solve(Table(d * d, 1, X.entries())).entries())

    def contracts(self, eta: Fraction) -> bool:
        """Whether the spectral radius of one step on second moments is below one: an exact decision. The mean is regular."""
        gap = self.operator(lambda X: X - self.after(X, eta))
        return semidefinite(gap) and gap.det() != 0

    @cached_property
    def threshold(self) -> tuple[Fraction, Fraction]:
        """Ends of ``eta*`` for the sampling, by the closed form: of an algebraic number, or of the float solver's bracket."""
        if self.dimension <= ALGEBRAIC:
            return algebraic_threshold(self.curvatures, **self.sampling).eta
        found = stability_threshold(self.floats, **self.sampling)
        return Fraction(found.lower), Fraction(found.upper)
