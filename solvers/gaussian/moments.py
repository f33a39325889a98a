"""Stationary second moments of ``x+ = A x + noise`` with random A: the linear equation X - E[A X A'] = Q.

The map S(X) = E[A X A'] keeps the cone of positive semidefinite matrices, so its spectral radius is below one **iff**
X - S(X) = I has a solution and that is positive semidefinite: S^k(I) then sums to it, and conversely X >= I with
S(X) = X - I makes S shrink X. Over the rationals both are decided exactly.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import flint
import numpy as np

from gradproof.solvers.exact.definite import integer_matrix, is_positive_semidefinite
from gradproof.solvers.exact.linear import to_flint
from gradproof.theory.errors import DomainError, ParameterError

EPS = float(np.finfo(float).eps)


@dataclass(frozen=True, eq=False)
class Moment:
    """A symmetric matrix (n, n): floats, or ``Fraction`` objects; ``error`` bounds the Frobenius norm of its error."""

    matrix: np.ndarray
    error: float = 0.0

    @property
    def trace(self) -> Any:
        """The trace; exact for exact input, else within ``trace_error``."""
        return np.trace(self.matrix)

    @property
    def trace_error(self) -> float:
        """|tr(X - Y)| <= sqrt(n) |X - Y|."""
        return float(np.sqrt(len(self.matrix))) * self.error


def read(values: Any, what: str, ndim: int) -> np.ndarray:
    """A non-empty array of finite numbers: of ``Fraction`` if all are exact, else of float64.

    Raises:
        ParameterError: empty, ragged, of another dimension, NaN or infinite.
    """
    try:
        raw = np.asarray(values)
        exact = raw.dtype != object and raw.dtype.kind in "iu"
        if raw.dtype == object:
            flat = raw.ravel().tolist()
            exact = all(isinstance(v, int | Fraction) and not isinstance(v, bool) for v in flat)
        array = raw if exact else raw.astype(float)
    except (TypeError, ValueError):
        raise ParameterError(f"{what} must be an array of numbers with {ndim} axes; rows of unequal length?") from None
    if array.ndim != ndim or array.size == 0:
        raise ParameterError(f"{what} has shape {array.shape}; give a non-empty array with {ndim} axes")
    if exact:
        return fractions(array, lambda v: v if isinstance(v, Fraction) else Fraction(int(v)))
    if not np.isfinite(array).all():
        raise ParameterError(f"{what} has an entry that is NaN or infinite; remove it first")
    return array


def fractions(values: Any, make: Callable[[Any], Fraction]) -> np.ndarray:
    """An array of ``make(v)`` for its entries, of the same shape."""
    array = np.asarray(values)
    out = np.empty(array.size, dtype=object)
    out[:] = [make(v) for v in array.ravel().tolist()]
    return out.reshape(array.shape)


def number(value: Any, what: str, *, exact: bool) -> Any:
    """A finite number as ``Fraction`` (exact arithmetic) or float.

    Raises:
        ParameterError: not a finite number, or a float where exact arithmetic is wanted.
    """
    if isinstance(value, int | Fraction) and not isinstance(value, bool):
        return Fraction(value) if exact else float(value)
    if hasattr(value, "p") and hasattr(value, "q"):  # sympy and flint rationals
        return number(Fraction(int(value.p), int(value.q)), what, exact=exact)
    try:
        x = float(value)
    except (TypeError, ValueError):
        raise ParameterError(f"{what} = {value!r} is not a number") from None
    if not np.isfinite(x):
        raise ParameterError(f"{what} = {value} must be finite")
    if exact:
        raise ParameterError(f"{what} = {value} is a float; exact data needs an int or a Fraction")
    return x


def symmetric(A: np.ndarray, what: str) -> np.ndarray:
    """Matrices (..., d, d), if they are symmetric: exactly for fractions, for floats to rounding, which is then taken out.

    A float inverse is symmetric to rounding of its largest entry, not of each: zeros come out as 1e-20 and -3e-21.

    Raises:
        ParameterError: not symmetric.
    """
    turned = np.swapaxes(A, -1, -2)
    if A.dtype == object:
        fits = bool((turned == A).all())
    else:
        skew, size = (np.abs(x).max(axis=(-2, -1)) for x in (A - turned, A))
        fits = bool((skew <= 16 * A.shape[-1] * EPS * size).all())
    if not fits:
        raise ParameterError(f"{what} of shape {A.shape}: no symmetric matrix; give (A + A')/2 if that is meant")
    return A if A.dtype == object else (A + turned) / 2


def identity(n: int, like: np.ndarray) -> np.ndarray:
    """The unit matrix in the arithmetic of ``like``."""
    if like.dtype != object:
        return np.eye(n)
    return np.array([[Fraction(int(i == j)) for j in range(n)] for i in range(n)], dtype=object)


def as_integers(matrix: np.ndarray) -> flint.fmpz_mat:
    """A matrix of fractions times a common denominator."""
    return integer_matrix(matrix.tolist())


def semidefinite(matrix: np.ndarray, error: float = 0.0) -> bool:
    """Positive semidefinite: decided exactly for fractions; for floats True only if it is so beyond ``error``."""
    if matrix.dtype == object:
        return is_positive_semidefinite(as_integers(matrix))
    return bool(np.linalg.eigvalsh((matrix + matrix.T) / 2)[0] > error)


def solve(A: np.ndarray, b: np.ndarray) -> tuple[np.ndarray, float]:
    """x with A x = b, and a bound on the norm of its error; exact for fractions.

    The error bound is (residual + rounding of the residual) / (least singular value).

    Raises:
        DomainError: A is singular, or singular to working precision.
    """
    n = len(b)
    if A.dtype == object:
        try:
            exact = to_flint(A.tolist()).solve(to_flint([[v] for v in b.tolist()]))
        except ZeroDivisionError:
            raise DomainError("the stationary equation is singular: the step is exactly at a stability limit") from None
        return np.array([Fraction(int(r[0].p), int(r[0].q)) for r in exact.tolist()], dtype=object), 0.0
    least = float(np.linalg.svd(A, compute_uv=False)[-1])
    size = float(np.linalg.norm(A))
    if not least > n * EPS * size:
        raise DomainError("the stationary equation is singular to working precision; the step is at a stability limit")
    x = np.linalg.solve(A, b)
    # the entries of A come from a few products of data: n roundings each cover them and the residual
    rounding = (n + 8) * EPS * (size * float(np.linalg.norm(x)) + float(np.linalg.norm(b)))
    return x, (float(np.linalg.norm(A @ x - b)) + rounding) / (least - n * EPS * size)


def settles(A: np.ndarray) -> bool:
    """True iff second moments converge, A a positive multiple of the matrix of X - S(X), shape (n^2, n^2).

    Exact for fractions. For floats True only if it holds beyond rounding.
    """
    n = int(np.sqrt(len(A)) + 0.5)
    try:
        x, error = solve(A, identity(n, A).ravel())
    except DomainError:
        return False
    return semidefinite(x.reshape(n, n), error)


def stationary(A: np.ndarray, Q: np.ndarray, *, what: str = "the step") -> Moment:
    """The stationary second moment: A vec X = vec Q, A a positive multiple of the matrix of X - S(X), Q in the same multiple.

    Raises:
        DomainError: second moments grow or stay (see ``settles``), so that there is no stationary one.
    """
    if not settles(A):
        raise DomainError(f"{what} is past stability: second moments do not settle; take a smaller one")
    x, error = solve(A, Q.ravel())
    X = x.reshape(Q.shape)
    return Moment(X if A.dtype == object else (X + X.T) / 2, error)


def random_matrices(probabilities: Sequence[Any], matrices: Sequence[np.ndarray]) -> np.ndarray:
    """The matrix of X - sum_k p_k A_k X A_k' on row-major vec X, (n^2, n^2)."""
    S = sum(p * np.kron(A, A) for p, A in zip(probabilities, matrices, strict=True))
    return identity(len(S), S) - S
