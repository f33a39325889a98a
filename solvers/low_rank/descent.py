r"""Gradient descent on $\|UU^\top - M\|_F^2/4$ in ball arithmetic, and the power method beside it.

$U_{t+1} = U_t + \mu(M - U_tU_t^\top)U_t$ and $Y_{t+1} = Y_t + \mu MY_t$.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import flint
import numpy as np

from gradproof.solvers.exact.rounding import whole_number
from gradproof.solvers.low_rank.matrices import Array, floats, matrix, number, symmetric
from gradproof.theory.errors import DomainError, ParameterError


@dataclass(frozen=True)
class Iterate:
    """After t steps, each in floats with a bound on the Frobenius norm of its error.

    Args:
        U: (n, k) of gradient descent. Y: (n, k) of the power method. apart: U - Y, from balls, so that nothing cancels.
    """

    t: int
    U: tuple[Array, float]
    Y: tuple[Array, float]
    apart: tuple[Array, float]


def descend(M: Any, U0: Any, mu: Any, steps: int, *, bits: int = 0) -> Iterator[Iterate]:
    """The iterates 0, 1, ..., steps.

    Args:
        M: (n, n) symmetric. U0: (n, k). mu: step size, unit 1/curvature; exact numbers, or floats that are taken as they are.
        bits: of the midpoints; 192 and two more a step, unless given. A step widens the balls by about 1 + 4 mu ||M||.

    Raises:
        ParameterError: shapes that do not fit, or balls that have become too wide.
    """
    steps = whole_number(steps, "steps", what="steps")
    with flint.ctx.workprec(bits or 192 + 2 * steps):
        S, U, step = symmetric(M, "M"), matrix(U0, "U0"), number(mu)
        if U.nrows() != S.nrows():
            raise ParameterError(f"M has {S.nrows()} rows and U0 has {U.nrows()}; give one row of U0 for each")
        Y = U
        for t in range(steps + 1):
            if t:
                U, Y = U + (S * U - U * (U.transpose() * U)) * step, Y + S * Y * step
            yield Iterate(t, floats(U), floats(Y), floats(U - Y))


def hitting_time(lam: Any, alpha: Any, mu: Any, *, bits: int = 256, most: int = 100_000) -> int:
    r"""The first t with $s_t^2 \ge \lambda/2$ for $s_{t+1} = s_t(1 + \mu(\lambda - s_t^2))$, $s_0 = \alpha$.

    Raises:
        DomainError: an argument is not positive, or ``most`` steps do not suffice.
        ParameterError: the balls do not decide whether the level is reached.
    """
    if not (lam > 0 and alpha > 0 and mu > 0):
        raise DomainError(f"lam = {lam}, alpha = {alpha} and mu = {mu} must be positive")
    with flint.ctx.workprec(bits):
        top, s, step = number(lam), number(alpha), number(mu)
        for t in range(most + 1):
            square = s * s
            if square >= top / 2:
                return t
            if not square < top / 2:
                raise ParameterError(f"{bits} bits do not tell whether the level is reached at t = {t}; give more")
            s = s * (1 + step * (top - square))
    raise DomainError(f"half of lam = {lam} is not reached within {most} steps")


def singular_values(a: tuple[Array, float]) -> tuple[Array, float]:
    """Singular values in decreasing order, and a bound on the error of each: Weyl's inequality, and the rounding of LAPACK."""
    values = np.linalg.svd(a[0], compute_uv=False)
    rows, columns = a[0].shape
    return np.asarray(values, np.float64), float(a[1] + 4 * rows * columns * 2.0**-52 * float(values[0]))
