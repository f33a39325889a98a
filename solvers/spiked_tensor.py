"""A rank-one tensor in Gaussian noise: the gradient of ``||Y - x^(k)||^2``, entry by entry, in whatever numbers come in.

``Y = lambda v^(k) + W``; the entries of W are independent with variance 1. The gradient is ``-2 sum over slots of
(Y - x^(k))(x, .., ., .., x)``: linear in W, by a matrix with n rows and n^k columns.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from itertools import product
from math import prod
from typing import Any

import sympy as sp

from gradproof.theory.errors import ParameterError

#: entries of a tensor that are listed one by one
MOST = 20_000


def slots(x: Sequence[Any], k: int) -> list[dict[tuple[int, ...], Any]]:
    """Rows of the map ``W -> sum over slots of W(x, .., ., .., x)``: for each coordinate, index of an entry -> weight.

    Raises:
        ParameterError: the tensor has more than 20000 entries.
    """
    n = len(x)
    if n**k > MOST or k < 1:
        raise ParameterError(f"a tensor of order k={k} in dimension {n} is not listed; need k >= 1 and n^k <= {MOST}")
    rows: list[dict[tuple[int, ...], Any]] = [{} for _ in range(n)]
    for index in product(range(n), repeat=k):
        for s, j in enumerate(index):
            weight = prod((x[i] for t, i in enumerate(index) if t != s), start=Fraction(1))
            rows[j][index] = rows[j].get(index, 0) + weight
    return rows


def mean_gradient(x: Sequence[Any], v: Sequence[Any], k: int, lam: Any) -> list[Any]:
    """The gradient without noise, (n,): ``-2 (lambda v^(k) - x^(k))`` summed over the slots, entry by entry."""
    rows = slots(x, k)
    rest = {i: lam * prod(v[j] for j in i) - prod(x[j] for j in i) for i in product(range(len(x)), repeat=k)}
    return [-2 * sum(weight * rest[i] for i, weight in row.items()) for row in rows]


def noise_covariance(x: Sequence[Any], k: int, *, symmetric: bool = False) -> list[list[Any]]:
    """Covariance of the noise in the gradient, (n, n), 4 A A' with the matrix A of ``slots``.

    ``symmetric`` (k = 2): of noise with ``W = W'``, variance 1 off the diagonal and 2 on it.
    """
    rows = slots(x, k)
    if symmetric:
        rows = [{i: row.get(i, 0) + row.get(i[::-1], 0) for i in row | {i[::-1]: 0 for i in row}} for row in rows]
        half = Fraction(1, 2)  # W is (Z + Z')/sqrt 2, Z with independent entries
    else:
        half = Fraction(1)
    return [[4 * half * sum(a[i] * b[i] for i in a if i in b) for b in rows] for a in rows]


def fixed_signals(k: int, lam: Fraction, c: Fraction) -> int:
    """How many m > 0 have ``(m^2 + c)^(k-1) = lambda m^(k-2)``, by Sturm's theorem for m^2 after squaring both sides."""
    q = sp.Symbol("q")
    square = sp.Poly((q + sp.Rational(c)) ** (2 * k - 2) - sp.Rational(lam) ** 2 * q ** (k - 2), q)
    return int(square.count_roots(0, sp.oo)) - (square.eval(0) == 0)


def critical_signal(k: int, c: Fraction, *, width: Fraction) -> tuple[Fraction, Fraction]:
    """The signal-to-noise ratio at which such an m appears, between two rationals at most ``width`` apart; k >= 3.

    Raises:
        ParameterError: k < 3, or c <= 0.
    """
    if k < 3 or c <= 0:
        raise ParameterError(f"fixed points appear for k >= 3 and c > 0, got k={k}, c={c}")
    low, high = Fraction(0), Fraction(1)
    while not fixed_signals(k, high, c):
        low, high = high, 2 * high
    while high - low > width:
        middle = (low + high) / 2
        low, high = (low, middle) if fixed_signals(k, middle, c) else (middle, high)
    return low, high
