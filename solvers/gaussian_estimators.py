r"""Mean and variance of three estimators of d/dmu E f(mu + s z) for a polynomial f, exactly: from moments alone.

``reparam``: f'(x). ``reinforce``: (f(x) - base)(x - mu)/s^2. ``mvd``: (f(mu + s W) - f(mu - s W))/(s sqrt(2 pi)), W of density
w exp(-w^2/2), the same in both terms.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any

import numpy as np
import sympy as sp

from gradproof.theory.arguments import shown
from gradproof.theory.errors import ParameterError

Number = Fraction | int
Polynomial = np.polynomial.Polynomial


def normal_moment(n: int) -> int:
    """E z^n: 1, 0, 1, 0, 3, 0, 15, ..."""
    return 0 if n % 2 else math.prod(range(1, n, 2))


def _at(f: Sequence[Fraction], x: Polynomial) -> Polynomial:
    """f(x) without floats."""
    out = 0 * x
    for c in reversed(f):
        out = out * x + c
    return out


def _exact(x: Any) -> sp.Rational:
    return sp.Rational(Fraction(x).numerator, Fraction(x).denominator)


def rayleigh_moment(n: int) -> sp.Expr:
    """E W^n = 2^(n/2) Gamma(n/2 + 1)."""
    return sp.sqrt(2) ** n * sp.gamma(sp.Rational(n, 2) + 1)


def mean_and_variance(
    strategy: str, f: Sequence[Number], mu: Number, s: Number, base: Number = 0, moment: Callable[[int], sp.Expr] | None = None
) -> tuple[sp.Expr, sp.Expr]:  # fmt: skip
    """Of one draw of d, as exact numbers.

    Args:
        f: coefficients, f(x) = sum f_n x^n. base: what ``reinforce`` takes off the value.
        moment: n -> the n-th moment of what is drawn, where that is not z (W for ``mvd``).

    Raises:
        ParameterError: an unknown strategy, or s <= 0.
    """
    if strategy not in ("reparam", "reinforce", "mvd") or s <= 0:
        raise ParameterError(f"strategy {shown(strategy)} with s = {s}: give reparam, reinforce or mvd, and s > 0")
    x, given = Polynomial([Fraction(mu), Fraction(s)]), [Fraction(c) for c in f]
    scale = sp.Integer(1)
    if strategy == "mvd":
        d = _at(given, x) - _at(given, Polynomial([Fraction(mu), -Fraction(s)]))
        scale = 1 / (_exact(s) * sp.sqrt(2 * sp.pi))
    elif strategy == "reparam":
        d = _at([n * c for n, c in enumerate(given)][1:], x)
    else:
        d = (_at(given, x) - base) * Polynomial([Fraction(0), 1 / Fraction(s)])
    of = moment or (rayleigh_moment if strategy == "mvd" else normal_moment)
    first, second = (sum((_exact(c) * of(n) for n, c in enumerate(e.coef)), sp.Integer(0)) for e in (d, d * d))
    return sp.expand(scale * first), sp.expand(scale**2 * (second - first**2))


def slope(f: Sequence[Number], mu: Number, s: Number) -> sp.Rational:
    """d/dmu of E f(mu + s z), term by term: E x^n = sum of (n over k) mu^(n-k) s^k E z^k."""
    mu, s = Fraction(mu), Fraction(s)
    parts = [
        c * math.comb(n, k) * (n - k) * mu ** (n - k - 1) * s**k * normal_moment(k)
        for n, c in enumerate(f)
        for k in range(n)
    ]
    return _exact(sum(parts, Fraction(0)))
