"""The largest common invariant subspace of B and some generators on which B is positive definite.

Exact over Q by rational elimination: its orthogonal complement is the smallest subspace that contains the negative
eigenspaces of B and is invariant under B and the generators.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction
from itertools import pairwise
from typing import Any

import flint
import numpy as np

from gradproof.theory.errors import DomainError, GradproofError, ParameterError

Matrix = Any  # nested sequences or an array of exact numbers
PRIME = 2**61 - 1


class UndecidedSubspace(GradproofError):
    """The question has no answer in the arithmetic at hand; the text says what would decide it."""


def invariant_stable_subspace(B: Matrix, generators: Iterable[Matrix]) -> np.ndarray:
    """Basis of the largest subspace, invariant under B and all generators, on which B is positive definite.

    Args:
        B: symmetric nonsingular, (n, n), of exact numbers (int, Fraction, sympy or flint rationals).
        generators: symmetric (n, n) matrices of exact numbers, e.g. ``[periodic_laplacian(n)]``.

    Returns:
        Fractions, shape (dim, n), in reduced echelon form; (0, n) if only the zero vector qualifies.

    Raises:
        ParameterError: a matrix is not exact (use ``invariant_stable_subspace_float``), not square, or not symmetric.
        DomainError: B is singular.
        UndecidedSubspace: the characteristic polynomial of B has an irreducible factor with roots of both signs, and the
            subspace may be irrational.
    """
    b = exact_symmetric(B, "B")
    n = b.nrows()
    gens = [exact_symmetric(G, "a generator", size=n) for G in generators]
    negative, mixed = [], []
    for factor, signs in _signed_factors(b):
        if signs == {-1}:
            negative.append(factor)
        elif -1 in signs:
            mixed.append(factor)
    low = _complement(_closure(_kernel(b, negative + mixed), [b, *gens]), n)
    if mixed:
        high = _complement(_closure(_kernel(b, negative), [b, *gens]), n)
        rest = _complement(_rows(low, _complement(high, n)), n)  # of `low` in `high`: both are invariant
        # an irreducible rest holds a negative eigenvector, so nothing of it can be added to `low`
        if len(rest) and not _irreducible(rest, [b, *gens]):
            raise UndecidedSubspace(
                f"the factor {mixed[0]} of the characteristic polynomial of B has roots of both signs, so the subspace may "
                "have no rational basis; use invariant_stable_subspace_float for a basis in floating point"
            )
    out = np.empty((len(low), n), dtype=object)
    for i, row in enumerate(low):
        out[i] = [Fraction(int(c.p), int(c.q)) for c in row]
    return out


def inertia(B: Matrix) -> tuple[int, int, int]:
    """Exact numbers of positive, zero and negative eigenvalues of a symmetric rational matrix.

    All roots of its characteristic polynomial are real, so Descartes' rule of signs counts them exactly.
    """
    coefficients = list(exact_symmetric(B, "B").charpoly())
    zero = next(i for i, c in enumerate(coefficients) if c != 0)
    positive = _sign_changes(coefficients)
    return positive, zero, len(coefficients) - 1 - zero - positive


def exact_symmetric(M: Matrix, name: str, *, size: int | None = None) -> flint.fmpq_mat:
    """A symmetric matrix of exact numbers as a flint matrix.

    Raises:
        ParameterError: floats among the entries, not square, of another size, or not symmetric.
    """
    if isinstance(M, flint.fmpq_mat):
        m = M
    else:
        rows = [list(row) for row in (M.tolist() if hasattr(M, "tolist") else M)]
        if not rows or any(len(row) != len(rows) for row in rows):
            raise ParameterError(f"{name} must be a square matrix, got rows of lengths {[len(r) for r in rows][:6]}")
        m = flint.fmpq_mat(len(rows), len(rows), [_rational(x, name) for row in rows for x in row])
    if m.nrows() != m.ncols() or (size is not None and m.nrows() != size):
        raise ParameterError(f"{name} must be {size or m.nrows()} x {size or m.nrows()}, got {m.nrows()} x {m.ncols()}")
    if m != m.transpose():
        raise ParameterError(f"{name} is not symmetric; a Hessian is: pass (B + B') / 2 if rounding broke it")
    return m


def _rational(x: Any, name: str) -> flint.fmpq:
    if isinstance(x, bool | float | np.floating):
        raise ParameterError(
            f"{name} holds {x!r}: exact answers need int or Fraction entries; convert with Fraction, or use the float functions"
        )
    if isinstance(x, flint.fmpq):
        return x
    try:
        if hasattr(x, "p") and hasattr(x, "q"):  # sympy
            return flint.fmpq(int(x.p), int(x.q))
        f = Fraction(x)
    except (TypeError, ValueError):
        raise ParameterError(f"{name} holds {x!r}, which is not an exact number; use int or Fraction") from None
    return flint.fmpq(f.numerator, f.denominator)


# --- rational linear algebra: subspaces are lists of rows in reduced echelon form ------------------------------------------


def _reduce(rows: Sequence[Sequence[Any]]) -> list[list[Any]]:
    """Reduced echelon form of the row space."""
    if not len(rows):
        return []
    reduced, rank = flint.fmpq_mat(len(rows), len(rows[0]), [c for row in rows for c in row]).rref()
    return reduced.tolist()[:rank]


def _rows(*parts: Sequence[Sequence[Any]]) -> list[list[Any]]:
    return _reduce([row for part in parts for row in part])


def _complement(rows: Sequence[Sequence[Any]], n: int) -> list[list[Any]]:
    """Orthogonal complement of a row space, reduced."""
    basis = _reduce(rows)
    pivots = [next(j for j, c in enumerate(row) if c != 0) for row in basis]
    out = []
    for free in sorted(set(range(n)) - set(pivots)):
        vector = [flint.fmpq(0)] * n
        vector[free] = flint.fmpq(1)
        for row, pivot in zip(basis, pivots, strict=True):
            vector[pivot] = -row[free]
        out.append(vector)
    return _reduce(out)


def _closure(rows: list[list[Any]], operators: Sequence[flint.fmpq_mat]) -> list[list[Any]]:
    """Smallest subspace that contains the rows and is invariant under the (symmetric) operators."""
    basis = _reduce(rows)
    while basis:
        block = flint.fmpq_mat(basis)
        grown = _rows(basis, *((block * m).tolist() for m in operators))
        if len(grown) == len(basis):
            break
        basis = grown
    return basis


def _kernel(b: flint.fmpq_mat, factors: Sequence[Any]) -> list[list[Any]]:
    """Kernel of the product of the polynomials at b; nothing for no factors."""
    n = b.nrows()
    eye = flint.fmpq_mat(n, n, [int(i == j) for i in range(n) for j in range(n)])
    out: list[list[Any]] = []
    for factor in factors:  # b is symmetric: the kernel of the product is the sum of the kernels
        value = flint.fmpq_mat(n, n)
        for c in reversed(list(factor)):
            value = value * b + eye * flint.fmpq(c)
        out += _complement(value.tolist(), n)
    return _reduce(out)


def _signed_factors(b: flint.fmpq_mat) -> list[tuple[Any, set[int]]]:
    """Irreducible factors of the characteristic polynomial, with the signs of their (real) roots."""
    found = []
    for factor, _ in b.charpoly().numer().factor()[1]:
        coefficients = list(factor)
        if coefficients[0] == 0:
            raise DomainError("B is singular: 0 is an eigenvalue, and the linear theory of the saddle does not apply")
        positive = _sign_changes(coefficients)
        signs = ({1} if positive else set()) | ({-1} if positive < len(coefficients) - 1 else set())
        found.append((factor, signs))
    return found


def _sign_changes(coefficients: Sequence[Any]) -> int:
    signs = [c > 0 for c in coefficients if c != 0]
    return sum(a != b for a, b in pairwise(signs))


def _irreducible(rows: list[list[Any]], operators: Sequence[flint.fmpq_mat]) -> bool:
    """True if only multiples of the identity commute with the symmetric operators, restricted to an invariant row space.

    Then the space has no invariant subspace, over the reals either. The rank is taken modulo a prime: it can only be too
    small, so "True" is certain.
    """
    u = flint.fmpq_mat(rows)
    m = u.nrows()
    to_coordinates = u.transpose() * (u * u.transpose()).inv()
    equations: list[int] = []
    for op in operators:
        a = [[_modulo(c) for c in row] for row in (u * op * to_coordinates).tolist()]
        for i in range(m):
            for j in range(m):  # (X a - a X)_ij = 0
                row = [0] * (m * m)
                for k in range(m):
                    row[i * m + k] += a[k][j]
                    row[k * m + j] -= a[i][k]
                equations += [c % PRIME for c in row]
    count = len(operators) * m * m
    return m * m - flint.nmod_mat(count, m * m, equations, PRIME).rank() == 1


def _modulo(c: flint.fmpq) -> int:
    if int(c.q) % PRIME == 0:
        raise UndecidedSubspace("an entry of B has a denominator divisible by 2^61 - 1; rescale B by a rational")
    return int(c.p) * pow(int(c.q), -1, PRIME) % PRIME


# --- floating point ---------------------------------------------------------------------------------------------------------


def invariant_stable_subspace_float(
    B: np.ndarray, generators: Iterable[np.ndarray], *, rtol: float = 1e-9
) -> np.ndarray:
    """The same subspace for float matrices: orthonormal rows, shape (dim, n).

    The answer belongs to some matrix within ``rtol * ||B||`` of B: the dimension is not a continuous function of B.
    A direction counts as new if its singular value exceeds ``1e3 rtol`` times the norm of the operator, as old if it is
    below ``rtol`` times it.

    Raises:
        ParameterError: not square, not symmetric to rounding, not finite.
        UndecidedSubspace: an eigenvalue of B has no certain sign, or a singular value lies between the two thresholds.
    """
    b, values, vectors = symmetric_eigen(B)
    operators = [b, *(symmetric_eigen(G, nonsingular=False)[0] for G in generators)]
    span = vectors[:, values < 0]
    front = span
    while front.shape[1] and span.shape[1] < len(b):
        pieces = []
        for m in operators:
            scale = np.linalg.norm(m, 2)
            if scale > 0:
                pieces.append(m @ front / scale)
        image = np.concatenate(pieces, axis=1)
        for _ in range(2):  # twice is enough (Kahan, Parlett)
            image = image - span @ (span.T @ image)
        left, s, _ = np.linalg.svd(image, full_matrices=False)
        if np.any(grey := (s > rtol) & (s < 1e3 * rtol)):
            raise UndecidedSubspace(
                f"a direction has relative size {s[grey][0]:.2g}, between {rtol:g} (rounding) and {1e3 * rtol:g} (new); "
                "give exact numbers, or another rtol"
            )
        front = left[:, s >= 1e3 * rtol]
        span = np.linalg.qr(np.concatenate([span, front], axis=1))[0]
    full = np.linalg.qr(span, mode="complete")[0] if span.shape[1] else np.eye(len(b))
    return full[:, span.shape[1] :].T


def symmetric_eigen(B: Any, *, nonsingular: bool = True) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A float symmetric matrix with its eigenvalues (ascending) and eigenvectors (columns).

    The sign of an eigenvalue is read off the computed one where that exceeds ``8 n eps ||B||``, a bound on the error of
    the symmetric eigenvalue solver with a margin for the rounding of B itself.

    Raises:
        ParameterError: not a finite square symmetric matrix.
        UndecidedSubspace: an eigenvalue is smaller than that (unless ``nonsingular`` is False).
    """
    b = np.asarray(B, dtype=np.float64)
    if b.ndim != 2 or b.shape[0] != b.shape[1] or not b.size:
        raise ParameterError(f"B must be a square matrix, got shape {b.shape}")
    if not np.all(np.isfinite(b)):
        raise ParameterError("B has an entry that is not finite")
    norm = float(np.linalg.norm(b, 2))
    rounding = 8 * len(b) * np.finfo(np.float64).eps * norm
    if (asymmetry := float(np.max(np.abs(b - b.T)))) > rounding:
        raise ParameterError(f"B is not symmetric: |B - B'| reaches {asymmetry:.2g}; a Hessian is: pass (B + B') / 2")
    b = (b + b.T) / 2
    values, vectors = np.linalg.eigh(b)
    smallest = float(np.min(np.abs(values)))
    if nonsingular and smallest <= rounding:
        raise UndecidedSubspace(
            f"an eigenvalue of B is {smallest:.2g} in size, below the rounding {rounding:.2g}: its sign is not decided; "
            "give B in exact numbers, or remove the flat direction"
        )
    return b, values, vectors
