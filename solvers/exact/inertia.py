"""Inertia and eigenvalues of symmetric rational matrices, exactly: by signs and roots of the characteristic polynomial.

All roots are real, so that Descartes' rule of signs is an equality: it counts the positive ones.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from itertools import pairwise
from typing import Any, NamedTuple

import flint

from gradproof.solvers.exact.balls import ends
from gradproof.theory.errors import ParameterError


class Inertia(NamedTuple):
    """Numbers of negative, zero and positive eigenvalues."""

    negative: int
    zero: int
    positive: int


def _polynomial(matrix: flint.fmpq_mat) -> flint.fmpq_poly:
    if matrix.nrows() != matrix.ncols() or matrix != matrix.transpose():
        raise ParameterError(f"a symmetric matrix is needed, got {matrix.nrows()} x {matrix.ncols()}; give (M + M')/2")
    return matrix.charpoly()


def inertia(matrix: flint.fmpq_mat) -> Inertia:
    """Numbers of negative, zero and positive eigenvalues of a symmetric rational matrix (P, P).

    Raises:
        ParameterError: the matrix is not symmetric.
    Source: Descartes' rule of signs, which counts exactly where all roots are real.
    """
    coefficients = _polynomial(matrix).coeffs()
    signs = [c > 0 for c in coefficients if c != 0]
    changes = sum(a != b for a, b in pairwise(signs))
    zero = next(k for k, c in enumerate(coefficients) if c != 0)
    return Inertia(matrix.nrows() - zero - changes, zero, changes)


def eigenvalues(
    matrix: flint.fmpq_mat, *, scales: Sequence[Fraction] | None = None, bits: int = 128
) -> list[tuple[Fraction, Fraction]]:
    """Rational ends around each eigenvalue of a symmetric rational matrix, in descending order; rational ones exactly.

    Args:
        scales: positive numbers d_j, for the eigenvalues x of the pencil M - x diag(d); all 1 if not given.

    Raises:
        ParameterError: the matrix is not symmetric.
    """
    polynomial = _polynomial(matrix)
    if scales is not None:
        inverse = flint.fmpq_mat(len(scales), len(scales))
        for j, c in enumerate(scales):
            inverse[j, j] = flint.fmpq(c.denominator, c.numerator)
        polynomial = (inverse * matrix).charpoly()
    _, factors = polynomial.factor()
    found: list[tuple[Fraction, Fraction]] = []
    with flint.ctx.workprec(bits):
        for factor, multiplicity in factors:
            if factor.degree() == 1:
                root = -factor[0] / factor[1]
                exact = Fraction(int(root.p), int(root.q))
                found += [(exact, exact)] * multiplicity
            else:
                roots: Any = factor.complex_roots()  # pairs; its stub says otherwise
                found += [ends(z.real) for z, m in roots for _ in range(m * multiplicity)]
    return sorted(found, reverse=True)
