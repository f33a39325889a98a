"""Closed forms of the smoothing matrix, and the schedule of the modified method."""

from fractions import Fraction
from numbers import Integral
from typing import Any

import sympy as sp


def mlsgd_schedule(k: Any) -> Any:
    """sigma_k = (k + 1) / (k + 2): from 1/2 up to 1; a Fraction for an integer, an array for an array."""
    return Fraction(int(k) + 1, int(k) + 2) if isinstance(k, Integral) else (k + 1) / (k + 2)


def decay(sigma: Any) -> sp.Expr:
    """alpha = (2 sigma + 1 - sqrt(4 sigma + 1)) / (2 sigma) = (s - 1)/(s + 1), s = sqrt(1 + 4 sigma); 0 at sigma = 0."""
    s = sp.sqrt(1 + 4 * sp.sympify(sigma))
    return (s - 1) / (s + 1)


def beta1(n: Any, sigma: Any) -> sp.Expr:
    """Tr(A_sigma^-1) / n."""
    q, s = decay(sigma) ** n, sp.sqrt(1 + 4 * sp.sympify(sigma))
    return (1 + q) / ((1 - q) * s)


def beta2(n: Any, sigma: Any) -> sp.Expr:
    """Tr(A_sigma^-2) / n = beta1 + sigma d beta1 / d sigma."""
    q, s2 = decay(sigma) ** n, 1 + 4 * sp.sympify(sigma)
    return beta1(n, sigma) * (s2 + 1) / (2 * s2) + 2 * n * q / (s2 * (1 - q) ** 2)
