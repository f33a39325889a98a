"""Formulas of the claims, for numbers and symbols alike."""

from typing import Any

import sympy as sp


def weak_pull_limit(eta: Any, lam: Any, m: Any) -> Any:
    """The largest M at which the pull costs nothing: ``(1 - c)^2 (1 + r)/(eta (1 - c r))``, c = eta lam, r = 1 - m eta."""
    c, r = eta * lam, 1 - m * eta
    return (1 - c) ** 2 * (1 + r) / (eta * (1 - c * r))


def between(eta: Any, lam: Any, M: Any, m: Any, root: Any = sp.sqrt) -> Any:
    """Y of ``leader-sgd.between``: the positive root of ``M(1 - Y^2) = 2MYT + mT^2``, ``cT = (1 - c)Y + 1 - c - eta M``."""
    c = eta * lam
    slope, start = (1 - c) / c, (1 - c - eta * M) / c
    second, first = M + 2 * M * slope + m * slope**2, start * (M + m * slope)
    return (root(first**2 + second * (M - m * start**2)) - first) / second


def limit_fraction(h: Any, d: Any) -> sp.Expr:
    """Share of a ball in d dimensions on the larger side of a plane at distance h (radii) from its centre."""
    return (1 + sp.betainc_regularized(sp.Rational(1, 2), (d + 1) / sp.Integer(2), 0, h**2)) / 2
