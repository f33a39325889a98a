"""Scalar differential equations ``Psi'(u) u' = r``: solved by inverting Psi, in rigorous enclosures or fast with an error bound.

``Psi(u(t)) = Psi(u(0)) + r t``. The instance here is the margin of a softmax, ``Psi(u) = e^u + z u``, for the flow
``u' = r/(e^u + z)`` and its Euler steps ``u_{n+1} = u_n + r h/(e^{u_n} + z)``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import flint
import numpy as np
from numpy.typing import NDArray

from gradproof.solvers.exact.balls import ball, ends
from gradproof.solvers.exact.rounding import whole_number
from gradproof.theory.errors import DomainError, ParameterError

EPS = float(np.finfo(float).eps)
MAX_BITS = 4096
Ball = Callable[[flint.arb], flint.arb]


class NotEnclosed(DomainError):
    """The value is not reached on the interval, or the precision does not suffice."""


def invert(
    psi: Ball, derivative: Ball, value: Fraction, low: Fraction, high: Fraction, *, width: Fraction
) -> tuple[Fraction, Fraction]:
    """Rational ``(a, b)``, ``b - a <= width``, around the u in [low, high] with ``psi(u) = value``, by interval Newton steps.

    Args:
        psi, derivative: as functions of balls; psi is increasing and convex on [low, high].

    Raises:
        NotEnclosed: the signs at the ends do not bracket the value, the derivative is not seen to be positive, or 4096 bits do not
            give the width.
        ParameterError: ``low > high`` or a width that is not positive.
    """
    if low > high or width <= 0:
        raise ParameterError(f"need low <= high and a positive width, got [{low}, {high}] and {width}")
    bits = 64
    while bits <= MAX_BITS:
        with flint.ctx.workprec(bits):
            target = ball(value)
            if psi(ball(low)) > target or psi(ball(high)) < target:
                raise NotEnclosed(f"the value is not taken on [{float(low)}, {float(high)}]; widen the interval")
            found = _newton(psi, derivative, target, low, high)
        if found is not None and found[1] - found[0] <= width:
            return found
        bits *= 2
    raise NotEnclosed(f"no enclosure of width {float(width):.1e} within {MAX_BITS} bits; is the derivative positive?")


def _newton(
    psi: Ball, derivative: Ball, target: flint.arb, low: Fraction, high: Fraction
) -> tuple[Fraction, Fraction] | None:
    """Newton steps on an interval that holds the root, until rounding hides the sign; halving where Newton helps less."""
    for _ in range(400):
        middle = (low + high) / 2
        at = psi(ball(middle)) - target
        least, greatest = derivative(ball(low)), derivative(ball(high))  # the slopes between are between
        if not least > 0:
            return None
        if at > 0:
            new_low, new_high = ends(ball(middle) - at / least)[0], ends(ball(middle) - at / greatest)[1]
            low, high = max(low, new_low), min(middle, new_high)
        elif at < 0:
            new_low, new_high = ends(ball(middle) - at / greatest)[0], ends(ball(middle) - at / least)[1]
            low, high = max(middle, new_low), min(high, new_high)
        else:
            reach = ends(at.abs_upper() / least)[1]
            return max(low, middle - reach), min(high, middle + reach)
    return low, high


@dataclass(frozen=True)
class Margin:
    """Margin u of a softmax over z competitors, ``u' = r/(e^u + z)``, u(0) = 0; rational r t. Enclosures.

    Args:
        z: number of competitors, c - 1.
        u: (low, high) around the margin. loss: around ``log(1 + z e^-u)``.
    """

    z: int
    u: tuple[Fraction, Fraction]
    loss: tuple[Fraction, Fraction]


def margin_flow(z: int, rt: Fraction, *, width: Fraction = Fraction(1, 10**25)) -> Margin:
    """The flow at a time: ``e^u + z u = 1 + r t``, by interval Newton.

    Raises:
        ParameterError: z < 1, or ``rt`` not exact.
        DomainError: ``rt`` negative.
    """
    rt = _rational(rt, "rt")
    _competitors(z)
    if rt < 0:
        raise DomainError(f"rt = {rt} is negative; the flow is solved forwards from u = 0")
    top = rt / (1 + z)  # e^u >= 1 + u, so that (1 + z) u <= rt
    if rt > 1:
        with flint.ctx.workprec(64):
            top = min(top, ends(ball(1 + rt).log())[1])
    u = invert(lambda x: x.exp() + z * x, lambda x: x.exp() + z, 1 + rt, Fraction(0), top, width=width)
    return Margin(z, u, loss_between(z, u))


def margin_steps(z: int, x: Fraction, n: int, *, bits: int = 256) -> Margin:
    """n Euler steps ``u + x (z + 1)/(e^u + z)`` from 0 in ball arithmetic.

    Raises:
        ParameterError: z < 1, n < 0, or x not exact.
        DomainError: x is not positive.
    """
    x = _rational(x, "x")
    _competitors(z)
    n = whole_number(n, "n", what="steps")
    if x <= 0:
        raise DomainError(f"x = {x} must be positive")
    with flint.ctx.workprec(bits):
        u, rate = flint.arb(0), ball(x * (z + 1))
        for _ in range(n):
            u += rate / (u.exp() + z)
        enclosed = ends(u)
    return Margin(z, enclosed, loss_between(z, enclosed))


def euler_sums(slope: Ball, total: Fraction, steps: int, *, bits: int = 128) -> tuple[Fraction, Fraction]:
    """Rational ``(low, high)`` around u(total) for ``u' = slope(u)``, u(0) = 0, between two Euler sums.

    They know nothing of an integral. The slope falls as u grows: with the slope at the beginning of each step the sum is above the
    solution, with that at a point beyond its end it is below. The gap falls as 1/steps.

    Args:
        slope: as a function of balls, positive and decreasing for u >= 0.

    Raises:
        ParameterError: total not exact, or steps no whole number >= 1. DomainError: total negative.
    """
    total, steps = _rational(total, "total"), whole_number(steps, "steps", least=1)
    if total < 0:
        raise DomainError(f"total = {total} is negative; the flow is solved forwards from u = 0")
    with flint.ctx.workprec(bits):
        h, low, high = ball(total / steps), flint.arb(0), flint.arb(0)
        for _ in range(steps):
            beyond = low + h * slope(low)
            low, high = low + h * slope(beyond), high + h * slope(high)
        return ends(low)[0], ends(high)[1]


def euler_between(z: int, rt: Fraction, steps: int, *, bits: int = 128) -> tuple[Fraction, Fraction]:
    """The margin of ``margin_flow`` by ``euler_sums``.

    Raises:
        ParameterError, DomainError: as ``margin_flow`` and ``euler_sums``.
    """
    _competitors(z)
    return euler_sums(lambda u: 1 / (u.exp() + z), rt, steps, bits=bits)


def loss_between(z: int, u: tuple[Fraction, Fraction], *, bits: int = 256) -> tuple[Fraction, Fraction]:
    """Enclosure of ``log(1 + z e^-u)`` for u in an interval."""
    with flint.ctx.workprec(bits):
        worst, best = ((z * (-ball(v)).exp()).log1p() for v in u)
        return ends(best)[0], ends(worst)[1]


def margins(z: float, rt: Any) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The flow at many times at once in double precision: u and a bound on its error, shaped as ``rt``.

    Newton's method from above on a convex function decreases to the root; the error is the residual, and its rounding, over the
    least slope near by.

    Raises:
        ParameterError: z < 1, or ``rt`` empty, NaN or infinite.
        DomainError: ``rt`` negative.
    """
    _competitors(z)
    s = np.asarray(rt, dtype=float)
    if s.size == 0 or not np.isfinite(s).all():
        raise ParameterError("rt must be finite numbers, at least one; it is empty or holds NaN or infinity")
    if (s < 0).any():
        raise DomainError(f"rt = {s.min()} is negative; the flow is solved forwards from u = 0")
    u = np.minimum(np.log1p(s), s / (1 + z))
    for _ in range(200):
        step = (np.expm1(u) + z * u - s) / (np.exp(u) + z)
        new = np.maximum(u - step, 0)
        if (np.abs(new - u) <= 2 * EPS * np.abs(u)).all():
            break
        u = new
    residual = np.abs(np.expm1(u) + z * u - s)
    rounding = 4 * EPS * (np.expm1(u) + z * u + s)
    off = residual + rounding
    near = off / (np.exp(u) + z)
    # within 1/2 below u the slope is at least e^(-1/2) of that at u; otherwise it is at least 1 + z
    return u, np.where(near <= 0.25, 2 * near, off / (1 + z)) + EPS * u


def losses(z: float, rt: Any) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """``log(1 + z e^-u)`` of ``margins`` and a bound on its error: its slope in u is between -min(1, z e^-u) and 0."""
    u, error = margins(z, rt)
    value = np.log1p(z * np.exp(-u))
    slope = np.where(error > 1, 1.0, np.minimum(1, z * np.exp(np.minimum(error, 1) - u)))
    return value, error * slope + 8 * EPS * value


def _competitors(z: float) -> None:
    if isinstance(z, bool | str) or not z >= 1:
        raise ParameterError(f"z = {z}: a softmax needs at least one competitor, z >= 1")


def _rational(x: Any, name: str) -> Fraction:
    if isinstance(x, bool | float) or not isinstance(x, int | Fraction):
        raise ParameterError(f"{name} = {x!r}: enclosures need exact numbers; give an int or a Fraction")
    return Fraction(x)
