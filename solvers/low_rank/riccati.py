r"""The gradient flow $U' = (M - UU^\top)U$ of low-rank recovery.

$W = UU^\top$ solves $W' = MW + WM - 2W^2$, a matrix Riccati equation.

Three ways to W(t): a closed form in ball arithmetic for any U_0, a stable form in floats for many times at once, and the Taylor
series of the equation with a rigorous remainder, which knows nothing of a closed form.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import flint
import numpy as np

from gradproof.solvers.low_rank.matrices import Array, floats, identity, matrix, norm_above, number, symmetric
from gradproof.theory.errors import DomainError, ParameterError


@dataclass(frozen=True)
class Enclosed:
    """W(t) (n, n) and a bound on the Frobenius norm of its error."""

    W: Array
    error: float


def flow(M: Any, U0: Any, t: Any) -> Enclosed:
    r"""$W(t) = Y(I + U_0^\top F_tU_0)^{-1}Y^\top$, $Y = e^{Mt}U_0$, $F_t = \int_0^t2e^{2Ms}ds$, in ball arithmetic.

    Args:
        M: (n, n) symmetric, definite or not; exact numbers, or floats that are taken as they are.
        U0: (n, k), any k. t: time >= 0, unit 1/curvature.

    Raises:
        ParameterError: shapes that do not fit, or no finite numbers. DomainError: t < 0.
    """
    if not t >= 0:
        raise DomainError(f"t = {t} must be >= 0: the flow is solved forwards")
    size = float(np.abs(np.asarray(M, dtype=float)).sum(axis=0).max())
    with flint.ctx.workprec(128 + int(8 * size * float(t))):
        S, U, time = symmetric(M, "M"), matrix(U0, "U0"), number(t)
        n = S.nrows()
        if U.nrows() != n:
            raise ParameterError(f"M has {n} rows and U0 has {U.nrows()}; give one row of U0 for each")
        zero = flint.arb(0)
        rows, block = S.tolist(), []
        for i in range(n):  # exp [[2Mt, 2t], [0, 0]] has the integral of 2 e^{2Ms} in its corner
            block.append([2 * time * x for x in rows[i]] + [2 * time if i == j else zero for j in range(n)])
        block += [[zero] * (2 * n) for _ in range(n)]
        corner = flint.arb_mat([row[n:] for row in flint.arb_mat(block).exp().tolist()[:n]])
        Y = (S * time).exp() * U
        inner = identity(U.ncols()) + U.transpose() * corner * U
        return Enclosed(*floats(Y * inner.inv() * Y.transpose()))


def flow_at(M: Any, U0: Any, times: Any) -> Array:
    r"""W at many times in floats, where $W_0 = U_0U_0^\top$ is invertible, (times, n, n).

    It is $(e^{-Mt}W_0^{-1}e^{-Mt} + (I - e^{-2Mt})M^{-1})^{-1}$. Nothing grows with t in this form.
    M is positive semidefinite; $(I - e^{-2Mt})M^{-1}$ is 2t on its null space.

    Raises:
        ParameterError: U0 has not full row rank. DomainError: a negative time.
    """
    M, U0, times = (np.asarray(x, dtype=float) for x in (M, U0, times))
    if (times < 0).any():
        raise DomainError(f"t = {times.min()} must be >= 0: the flow is solved forwards")
    if U0.shape[1] < U0.shape[0] or np.linalg.matrix_rank(U0) < U0.shape[0]:
        raise ParameterError("U0 U0' is not invertible; use flow, which needs no inverse of it")
    values, V = np.linalg.eigh(M)
    values = np.where(np.abs(values) <= len(values) * 2.0**-52 * np.abs(values).max(), 0.0, values)
    start = np.linalg.inv(V.T @ U0 @ U0.T @ V)
    shrink = np.exp(-np.multiply.outer(times, values))
    safe = np.where(values == 0, 1.0, values)
    added = np.where(values == 0, 2 * times[..., None], -np.expm1(-2 * np.multiply.outer(times, values)) / safe)
    inverse = shrink[..., :, None] * start * shrink[..., None, :]
    inverse[..., range(len(values)), range(len(values))] += added
    return V @ np.linalg.inv(inverse) @ V.T


def best_time(M: Any, U0: Any, times: Any) -> tuple[float, float]:
    """The time among ``times`` at which ``||W - M||_F`` is least, and that error."""
    errors = np.linalg.norm(flow_at(M, U0, times) - np.asarray(M, dtype=float), axis=(-2, -1))
    k = int(np.argmin(errors))
    return float(np.asarray(times, dtype=float)[k]), float(errors[k])


# --- without the closed form -----------------------------------------------------------------------------------------


def integrate(M: Any, U0: Any, t: Any, *, order: int = 32, bits: int = 192) -> Enclosed:
    r"""W(t) by Taylor steps of the equation in ball arithmetic, for positive semidefinite M.

    The coefficients of W are at most those of $a' = 2\lambda a + 2a^2$, $a(0) = \|W\|$, which has a closed form: what the series
    leaves out is at most what that one does. An error grows by $e^{2\lambda h}$ a step at most, as the difference of two solutions
    obeys $\delta' = (M - W - \tilde W)\delta + \delta(M - W - \tilde W)$ and both are positive semidefinite, up to that error.

    Raises:
        ParameterError: shapes that do not fit, or an error of the size of M. DomainError: t < 0, or M = 0.
    """
    if not t >= 0:
        raise DomainError(f"t = {t} must be >= 0: the flow is solved forwards")
    with flint.ctx.workprec(bits):
        S, U = symmetric(M, "M"), matrix(U0, "U0")
        lam = _largest(M)
        if not lam > 0:
            raise DomainError("M = 0: give a positive semidefinite M that is not zero")
        W, left, error = U * U.transpose(), number(t), flint.arb(0)
        while left > 0:
            size = norm_above(W)
            radius = float(((1 + lam / size).log() / (2 * lam)).lower()) / 5
            h = number(radius) if left > radius else left
            W, missed = _taylor(S, W, h, order, lam, size)
            below = (
                2 * error * (2 * lam * h).exp()
            )  # so far below zero an eigenvalue of the computed W may fall within the step
            if not below < lam / 2:
                raise ParameterError(f"the error has grown to {float(error):.1e}; raise the order, or the bits")
            error = error * (2 * (lam + below) * h).exp() + missed + _radius(W)
            W, left = W.mid(), left - h
            W = (W + W.transpose()) * flint.arb("0.5")
        middle, rest = floats(W)
        return Enclosed(middle, rest + float(error.upper()) * (1 + 2.0**-40))


def _taylor(
    S: flint.arb_mat, W: flint.arb_mat, h: flint.arb, order: int, lam: flint.arb, size: flint.arb
) -> tuple[flint.arb_mat, flint.arb]:
    """W(h), and a bound on what its series leaves out beyond the order."""
    series, majorant = [W], [size]
    for n in range(order):
        # the coefficients are symmetric, so that half of the products are transposes of the others
        half, scalar = S * series[n], flint.arb(0)
        for i in range((n + 1) // 2):
            half, scalar = half - 2 * (series[i] * series[n - i]), scalar + 2 * majorant[i] * majorant[n - i]
        if n % 2 == 0:
            half, scalar = half - series[n // 2] * series[n // 2], scalar + majorant[n // 2] ** 2
        series.append((half + half.transpose()) * (flint.arb(1) / (n + 1)))
        majorant.append((2 * lam * majorant[n] + 2 * scalar) / (n + 1))
    total, summed, power = series[0], majorant[0], flint.arb(1)
    for n in range(1, order + 1):
        power *= h
        total, summed = total + series[n] * power, summed + majorant[n] * power
    grown = (2 * lam * h).exp()
    return total, (lam * size * grown / (lam - size * (grown - 1)) - summed).abs_upper()


def _radius(W: flint.arb_mat) -> flint.arb:
    total = sum((float(x.rad()) ** 2 for x in W.entries()), 0.0)
    return number(math.sqrt(total) * (1 + 2.0**-40))


def _largest(M: Any) -> flint.arb:
    """An upper bound of the largest eigenvalue, by the norm of rows."""
    return number(float(np.abs(np.asarray(M, dtype=float)).sum(axis=1).max()) * (1 + 2.0**-40))
