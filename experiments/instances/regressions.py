"""Small least-squares and logistic problems, drawn: one row a client."""

from __future__ import annotations

import numpy as np

from gradproof.experiments.instances.finite_sums import LeastSquares, Logistic
from gradproof.experiments.instances.source import Source, built


@built
def least_squares(draw: Source, *, max_n: int = 4, max_dim: int = 2, interpolation: bool = False) -> LeastSquares:
    """``f(x) = |A x - b|^2/(2n)`` over n rows; with ``interpolation`` some x fits all rows."""
    n, d = draw.integer(1, max_n), draw.integer(1, max_dim)
    A = np.array([[draw.real(-3, 3) for _ in range(d)] for _ in range(n)])
    b = np.zeros(n) if interpolation else np.array([draw.real(-3, 3) for _ in range(n)])
    return LeastSquares(A, b, weight=0.5)


@built
def logistic(draw: Source, *, max_n: int = 4, max_dim: int = 2, lam: float = 0.0) -> Logistic:
    """Mean logistic loss plus ``lam |x|^2/2``, separable data among them."""
    n, d = draw.integer(1, max_n), draw.integer(1, max_dim)
    A = np.array([[draw.real(-3, 3) for _ in range(d)] for _ in range(n)])
    return Logistic(A, np.array([1.0 if draw.boolean() else -1.0 for _ in range(n)]), ridge=lam)
