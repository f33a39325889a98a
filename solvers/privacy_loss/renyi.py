"""Renyi divergences of the sampled Gaussian mechanism at integer orders, and the epsilon that a list of orders gives.

Source: Mironov, Talwar, Zhang (2019), arXiv:1908.10530; Mironov (2017), arXiv:1702.07476, Proposition 3 (the conversion).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import flint

from gradproof.solvers.exact.balls import ball, ends
from gradproof.theory.errors import DomainError, ParameterError

Number = Fraction | int | float
Ends = tuple[Fraction, Fraction]
BITS = 256


def _divergence(a: int, q: Fraction, z: Fraction) -> flint.arb:
    """1/(a-1) log sum_k C(a,k) (1-q)^(a-k) q^k e^(k(k-1)/(2 z^2)), term by term from the one before."""
    share, rest, half = ball(q), ball(1 - q), 1 / (2 * ball(z) ** 2)
    step, grow = flint.arb(1), (2 * half).exp()  # e^(k/z^2) for the next k
    if q == 1:
        return a * half
    term = rest**a
    total = term
    ratio = share / rest
    for k in range(1, a + 1):
        term = term * ratio * (a - k + 1) / k * step
        step = step * grow
        total = total + term
    return total.log() / (a - 1)


def _checked(a: int, q: Number, z: Number) -> tuple[Fraction, Fraction]:
    if not (isinstance(a, int) and a >= 2):
        raise ParameterError(f"an order a = {a} is an integer >= 2 here")
    if not (0 < q <= 1 and z > 0):
        raise DomainError(f"need 0 < q <= 1 and z > 0, got q = {q}, z = {z}")
    return Fraction(q), Fraction(z)


def sampled_renyi(a: int, q: Number, z: Number) -> Ends:
    """Renyi divergence of order a of one step, removal of a record: (low, high), 60 digits or so apart.

    Raises:
        ParameterError: a is no integer >= 2.
        DomainError: q not in (0, 1], or z <= 0.
    """
    share, noise = _checked(a, q, z)
    with flint.ctx.workprec(BITS):
        return ends(_divergence(a, share, noise))


@dataclass(frozen=True)
class Accounted:
    """What an accountant of orders reports: epsilon between low and high, the best order, and whether it is the last."""

    low: Fraction
    high: Fraction
    order: int
    capped: bool


def renyi_epsilon(q: Number, z: Number, steps: int, delta: Number, orders: Sequence[int]) -> Accounted:
    """min over the orders of T eps_a + log(1/delta)/(a - 1). It is quasi-convex in a, so that bisection finds it.

    Args:
        orders: ascending.

    Raises:
        ParameterError, DomainError: as for ``sampled_renyi``.
    """
    listed = sorted(orders)

    def value(i: int) -> flint.arb:
        share, noise = _checked(listed[i], q, z)
        return steps * _divergence(listed[i], share, noise) - ball(Fraction(delta)).log() / (listed[i] - 1)

    with flint.ctx.workprec(BITS):
        low, high = 0, len(listed) - 1
        while low < high:
            middle = (low + high) // 2
            low, high = (low, middle) if value(middle) < value(middle + 1) else (middle + 1, high)
        return Accounted(*ends(value(low)), listed[low], low == len(listed) - 1)
