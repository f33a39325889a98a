"""Exact decisions on symmetric rational matrices: positive definite, positive semidefinite, LDL^T.

Definiteness of a well-conditioned matrix S is decided by congruence: with M a rounded inverse of the float Cholesky
factor, M S M^T is nearly diagonal. If it is strictly diagonally dominant with a positive diagonal, it is positive
definite, hence M is regular and S is positive definite. All of it in integers: two products, no growth of numbers,
and a matrix that is not definite can never pass. Where the floats fail (singular or very ill-conditioned matrices) the
signs of the characteristic polynomial decide.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import flint
import numpy as np
from scipy.linalg import LinAlgError, solve_triangular

_CONGRUENCE_BITS = 40  # bits of the rounded congruence factor; float64 has 53, of which conditioning eats a few


def integer_matrix(rows: Sequence[Sequence[Any]]) -> flint.fmpz_mat:
    """A rational matrix times its common denominator (a positive number, so definiteness is unchanged)."""
    scale = math.lcm(*(int(c.denominator) for row in rows for c in row)) if rows else 1
    return flint.fmpz_mat([[int(c.numerator) * (scale // int(c.denominator)) for c in row] for row in rows])


def _floats(matrix: flint.fmpz_mat) -> tuple[np.ndarray, list[int]]:
    """The matrix as floats, with rows and columns scaled by powers of two so that the diagonal is about one."""
    n = matrix.nrows()
    entries = [[int(c) for c in row] for row in matrix.tolist()]
    half = [-(-entries[i][i].bit_length() // 2) for i in range(n)]
    out = np.empty((n, n))
    for i in range(n):
        for j in range(n):
            c, shift = entries[i][j], half[i] + half[j]
            drop = c.bit_length() - 60  # ldexp of a huge integer would overflow
            out[i, j] = math.ldexp(float(c >> drop), drop - shift) if drop > 0 else math.ldexp(float(c), -shift)
    return out, half


def is_positive_definite(matrix: flint.fmpz_mat, *, attempts: int = 2) -> bool:
    """True only if the symmetric integer matrix is positive definite; False may also mean that the floats failed.

    Each attempt refines the congruence by one more float Cholesky factorisation, for condition numbers up to about
    1e15 ** attempts.
    """
    n = matrix.nrows()
    if n == 0:
        return True
    if any(matrix[i, i] <= 0 for i in range(n)):
        return False
    work = matrix
    for _ in range(attempts):
        floats, half = _floats(work)
        try:
            factor = np.linalg.cholesky(floats)
        except np.linalg.LinAlgError:
            # nearly singular to floats: a slightly larger matrix still gives a factor that improves the condition
            try:
                factor = np.linalg.cholesky(floats + 1e-14 * np.trace(floats) * np.eye(n))
            except np.linalg.LinAlgError:
                return False
        try:
            inverse = solve_triangular(factor, np.eye(n), lower=True)
        except (LinAlgError, ValueError):
            return False
        if not np.isfinite(inverse).all():
            return False
        rounded = _congruence(inverse, half)
        work = rounded * work * rounded.transpose()
        if _diagonally_dominant(work):
            return True
        if any(work[i, i] <= 0 for i in range(n)):
            return False
    return False


def _congruence(inverse: np.ndarray, half: list[int]) -> flint.fmpz_mat:
    """Integer rows proportional to ``inverse @ diag(2**-half)``, each rounded to ``_CONGRUENCE_BITS`` bits."""
    mantissas, exponents = np.frexp(inverse)
    powers = exponents - np.array(half)
    powers = np.where(mantissas == 0.0, np.iinfo(np.int32).min, powers)
    shift = np.maximum(powers - powers.max(axis=1, keepdims=True), -_CONGRUENCE_BITS - 2)
    return flint.fmpz_mat(np.rint(np.ldexp(mantissas, _CONGRUENCE_BITS + shift)).astype(np.int64).tolist())


def _diagonally_dominant(matrix: flint.fmpz_mat) -> bool:
    """Strictly, with positive diagonal: then positive definite (Gershgorin)."""
    return all(row[i] > 0 and 2 * row[i] > sum(map(abs, row)) for i, row in enumerate(matrix.tolist()))


def is_positive_semidefinite(matrix: flint.fmpz_mat) -> bool:
    """Exact decision for any symmetric integer matrix, singular ones included.

    Raises:
        ValueError: not square or not symmetric.
    """
    n = matrix.nrows()
    if matrix.ncols() != n or matrix != matrix.transpose():
        raise ValueError(f"need a symmetric matrix, got one of {n} x {matrix.ncols()}; symmetrise it first")
    kept = []
    for i, row in enumerate(matrix.tolist()):
        if row[i] < 0 or (row[i] == 0 and any(row)):
            return False
        if row[i] != 0:
            kept.append(i)
    if len(kept) < n:
        table = matrix.tolist()
        matrix = flint.fmpz_mat([[table[i][j] for j in kept] for i in kept])
    if is_positive_definite(matrix):
        return True
    return _alternating(matrix)


def _alternating(matrix: flint.fmpz_mat) -> bool:
    """Semidefinite iff det(t I - S) = sum c_k t^k has (-1)^(n-k) c_k >= 0, as all its roots are real."""
    if matrix.nrows() == 0:
        return True
    coefficients = matrix.charpoly().coeffs()
    n = matrix.nrows()
    return all(c >= 0 if (n - k) % 2 == 0 else c <= 0 for k, c in enumerate(coefficients))


def ldl(rows: Sequence[Sequence[Fraction]]) -> tuple[list[list[Fraction]], list[Fraction]]:
    """``S = L D L^T`` of a positive semidefinite rational matrix: unit lower triangular L, diagonal D >= 0.

    Raises:
        ValueError: the matrix is not positive semidefinite (the text names the pivot).
    """
    n = len(rows)
    work = [[flint.fmpq(int(c.numerator), int(c.denominator)) for c in row] for row in rows]
    lower = [[Fraction(int(i == j)) for j in range(n)] for i in range(n)]
    diagonal: list[Fraction] = []
    for k in range(n):
        pivot = work[k][k]
        below = [work[i][k] for i in range(k + 1, n)]
        if pivot < 0 or (pivot == 0 and any(c != 0 for c in below)):
            raise ValueError(f"not positive semidefinite: pivot {k} is {pivot}; give the slack a margin")
        diagonal.append(Fraction(int(pivot.p), int(pivot.q)))
        if pivot == 0:
            continue
        for i in range(k + 1, n):
            ratio = work[i][k] / pivot
            if ratio == 0:
                continue
            lower[i][k] = Fraction(int(ratio.p), int(ratio.q))
            for j in range(k + 1, i + 1):
                work[i][j] -= ratio * work[j][k]
        for i in range(k + 1, n):  # keep the upper half in step with the lower
            for j in range(k + 1, i):
                work[j][i] = work[i][j]
    return lower, diagonal
