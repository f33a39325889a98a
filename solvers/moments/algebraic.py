"""The threshold as an algebraic number: ``2/eta*`` is the largest root of ``det(z C - D)`` on symmetric matrices."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import flint
import numpy as np

from gradproof.solvers.exact.balls import ends
from gradproof.solvers.moments.curvatures import noise_ratio
from gradproof.solvers.moments.operators import NotConverged
from gradproof.theory.errors import ParameterError

MAX_SIZE = 60  # r(r+1)/2: the characteristic polynomial of an exact matrix of this size takes seconds

Rational = Any  # flint.fmpq
Table = list[list[Rational]]


@dataclass(frozen=True)
class AlgebraicThreshold:
    """``z = 2/eta*`` is the only root in ``[low, high]`` of an irreducible integer polynomial, and its largest real root.

    Args:
        coefficients: of the polynomial in z, highest power first.
        low, high: rational ends of the isolating interval of z.
    """

    coefficients: tuple[int, ...]
    low: Fraction
    high: Fraction

    @property
    def degree(self) -> int:
        return len(self.coefficients) - 1

    @property
    def eta(self) -> tuple[Fraction, Fraction]:
        """Rational ends between which ``eta*`` lies."""
        return 2 / self.high, 2 / self.low


def algebraic_threshold(
    curvatures: Sequence[Any], *, batch_size: int, replacement: bool = False, digits: int = 40
) -> AlgebraicThreshold:
    """The threshold of rational curvatures as an algebraic number.

    Args:
        curvatures: (n, d) rows or (n, d, d) symmetric Hessians of ints or Fractions (floats are the binary fractions
            they are).
        digits: relative width of the isolating interval, in decimal digits.

    Raises:
        ParameterError: wrong shape, no curvature, or a rank above 10.
        NotConverged: two eigenvalues agree to 18 digits.
    """
    hessians = _hessians(curvatures)
    n = len(hessians)
    p1, p2 = noise_ratio(n, batch_size, replacement)
    W = _row_space([row for H in hessians for row in H.tolist()])
    r = W.nrows()
    if r == 0:
        raise ParameterError("all curvatures are zero: every step is stable, the threshold is infinite")
    if r * (r + 1) // 2 > MAX_SIZE:
        raise ParameterError(
            f"rank {r} gives a polynomial of degree up to {r * (r + 1) // 2}, over the limit of {MAX_SIZE}"
        )
    inner = [W * H * W.transpose() for H in hessians]
    mean, gram = _mean(inner), (W * W.transpose())
    C = (_form(mean, gram) + _form(gram, mean)) / 2
    p = flint.fmpq(p1, p2)
    D = _form(mean, mean) * (1 - p) + _mean([_form(H, H) for H in inner]) * p
    factor, low, high = _top(C.solve(D), digits)
    return AlgebraicThreshold(tuple(int(c) for c in reversed(factor.coeffs())), low, high)


def largest_eigenvalue(matrix: flint.fmpq_mat, *, digits: int = 40) -> tuple[Fraction, Fraction]:
    """Rational ends of the largest eigenvalue of a rational matrix all of whose eigenvalues are real; equal for a rational one.

    Args:
        digits: relative distance of the ends, in decimal digits.

    Raises:
        NotConverged: two eigenvalues agree to 18 digits.
    """
    return _top(matrix, digits)[1:]


def _top(matrix: flint.fmpq_mat, digits: int) -> tuple[flint.fmpz_poly, Fraction, Fraction]:
    """The irreducible polynomial of the largest eigenvalue, and an interval in which it is the only root."""
    factor, root = _largest_root(matrix.charpoly().numer())
    if factor.degree() == 1:
        exact = Fraction(-int(factor[0]), int(factor[1]))
        return factor, exact, exact
    low, high = ends(root)
    return factor, *_refine(factor, low, high, max(abs(low), abs(high)) / 10**digits)


def _hessians(curvatures: Sequence[Any]) -> list[flint.fmpq_mat]:
    table = np.asarray(curvatures, dtype=object)
    exact = np.vectorize(_rational, otypes=[object])(table)
    if table.ndim == 2:
        rows = [flint.fmpq_mat([list(row)]) for row in exact]
        return [row.transpose() * row for row in rows]
    if table.ndim == 3 and table.shape[1] == table.shape[2]:
        found = [flint.fmpq_mat([list(row) for row in H]) for H in exact]
        for i, H in enumerate(found):
            if H.transpose() != H:
                raise ParameterError(f"Hessian {i} is not symmetric")
        return found
    raise ParameterError(f"curvatures have shape {table.shape}; need (n, d) Jacobian rows or (n, d, d) Hessians")


def _rational(x: Any) -> Rational:
    try:
        fraction = Fraction(x)
    except (TypeError, ValueError, OverflowError):
        raise ParameterError(
            f"curvature {x!r} is not a rational number; give ints, Fractions or finite floats"
        ) from None
    return flint.fmpq(fraction.numerator, fraction.denominator)


def _row_space(rows: Table) -> flint.fmpq_mat:
    reduced, rank = flint.fmpq_mat(rows).rref()
    return flint.fmpq_mat(reduced.tolist()[:rank]) if rank else flint.fmpq_mat(0, len(rows[0]))


def _mean(matrices: list[flint.fmpq_mat]) -> flint.fmpq_mat:
    total = matrices[0]
    for m in matrices[1:]:
        total = total + m
    return total / len(matrices)


def _form(A: flint.fmpq_mat, B: flint.fmpq_mat) -> flint.fmpq_mat:
    """The bilinear form ``Tr(Z A Z' B)``, symmetrised, on the basis ``e_a e_b' + e_b e_a'`` (a <= b) of symmetric matrices."""
    r = A.nrows()
    pairs = [(a, b) for a in range(r) for b in range(a, r)]
    a, b = A.tolist(), B.tolist()

    def entry(i: int, j: int, k: int, m: int) -> Rational:
        # sum over both orientations of (i, j) and (k, m) of A_jk B_mi
        return a[j][k] * b[m][i] + a[i][k] * b[m][j] + a[j][m] * b[k][i] + a[i][m] * b[k][j]

    return flint.fmpq_mat([[entry(i, j, k, m) for k, m in pairs] for i, j in pairs])


def _largest_root(polynomial: flint.fmpz_poly) -> tuple[flint.fmpz_poly, flint.arb]:
    """The irreducible factor with the largest real root (all roots are real), and a ball that isolates it."""
    real = [(root.real, factor) for factor, _ in polynomial.factor()[1] for root, _ in _roots(factor) if root.imag == 0]
    root, factor = real[0]
    for other, its_factor in real[1:]:
        if other > root:  # true only if the balls are apart
            root, factor = other, its_factor
        elif not other < root:
            raise NotConverged("two eigenvalues are too close to tell which is the largest")
    return factor, root


def _roots(f: Any) -> list[tuple[Any, int]]:
    """Isolating balls of all complex roots, with multiplicities."""
    return f.complex_roots()


def _refine(f: flint.fmpz_poly, low: Fraction, high: Fraction, width: Fraction) -> tuple[Fraction, Fraction]:
    """Bisect an interval with one simple root, by signs at rationals."""

    def sign(x: Fraction) -> int:
        value = f(flint.fmpq(x.numerator, x.denominator))
        return int(value > 0) - int(value < 0)

    at_low = sign(low)
    if at_low == 0 or sign(high) == 0:
        return (low, low) if at_low == 0 else (high, high)
    while high - low > width:
        middle = (low + high) / 2
        at = sign(middle)
        if at == 0:
            return middle, middle
        low, high = (middle, high) if at == at_low else (low, middle)
    return low, high
