"""Synthetic instances without random numbers: the same digits on every machine."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from gradproof.experiments.problems.finite_sum import LeastSquares
from gradproof.theory.errors import ParameterError


def sine_least_squares(L_i: Sequence[float], *, m: int = 8, d: int = 5, lam: float = 0.1) -> LeastSquares:
    """Regularised least squares whose clients have exactly the smoothness constants ``L_i``.

    A_i[j, k] = sin(0.7i + 1.3j + 2.1k + 0.5jk + 0.3ik), rescaled; b_i = A_i (1, -1, 1, ...) + 0.1 cos(i + j); indices
    from 0.

    Raises:
        ParameterError: some L_i <= 2 lam, which the regulariser alone exceeds.
    """
    target = np.asarray(L_i, float)
    if not (target > 2 * lam).all():
        raise ParameterError(f"every L_i must exceed 2 lam = {2 * lam}, got {target.min()}; lower lam")
    i, j, k = np.meshgrid(np.arange(len(target)), np.arange(m), np.arange(d), indexing="ij")
    A = np.sin(0.7 * i + 1.3 * j + 2.1 * k + 0.5 * j * k + 0.3 * i * k)
    top = np.linalg.eigvalsh(A.transpose(0, 2, 1) @ A)[:, -1]
    A = A * np.sqrt((target - 2 * lam) * m / (2 * top))[:, None, None]
    b = A @ (-1.0) ** np.arange(d) + 0.1 * np.cos(i + j)[..., 0]
    return LeastSquares(A, b, lam)
