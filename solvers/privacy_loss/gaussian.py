"""One Gaussian release: its exact privacy curve in ball arithmetic. Source: Balle and Wang (2018), arXiv:1805.06530."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

import flint

from gradproof.solvers.exact.balls import ball, enclose
from gradproof.theory.errors import DomainError

Number = Fraction | int | float
Ends = tuple[Fraction, Fraction]

BITS = 256
#: relative distance of the ends of what is found by bisection
WIDTH = Fraction(1, 10**14)


def normal_cdf(x: flint.arb) -> flint.arb:
    """The distribution function of a standard normal number; small values keep their relative accuracy."""
    return (-x / flint.arb(2).sqrt()).erfc() / 2


def _curve(eps: Fraction, s: flint.arb) -> flint.arb:
    e, half = ball(eps), 1 / (2 * s)
    return normal_cdf(half - e * s) - e.exp() * normal_cdf(-half - e * s)


def _positive(**numbers: Number) -> None:
    for name, x in numbers.items():
        if not x > 0:
            raise DomainError(f"{name} = {x} must be positive")


def gaussian_delta_at(ratio: Number, s: Number) -> Ends:
    """Least delta at ``e^eps = ratio``: (low, high), 60 digits.

    Raises:
        DomainError: s <= 0 or ratio <= 0.
    """
    _positive(ratio=ratio, s=s)

    def value() -> flint.arb:
        r, noise = ball(Fraction(ratio)), ball(Fraction(s))
        half, e = 1 / (2 * noise), r.log()
        return normal_cdf(half - e * noise) - r * normal_cdf(-half - e * noise)

    low, high = enclose(value, width=Fraction(1, 10**60))
    return max(low, Fraction(0)), high


def gaussian_delta(eps: Number, s: Number) -> Ends:
    """Least delta of the Gaussian mechanism at ``eps``, for noise of ``s`` times the sensitivity: (low, high), 60 digits.

    Raises:
        DomainError: s <= 0.
    """
    _positive(s=s)
    low, high = enclose(lambda: _curve(Fraction(eps), ball(Fraction(s))), width=Fraction(1, 10**60))
    return max(low, Fraction(0)), high


def gaussian_epsilon(delta: Number, s: Number | Ends) -> Ends:
    """Least epsilon >= 0 at ``delta``: (low, high), a relative distance of 1e-14 apart; ``s`` may be an enclosure itself.

    Raises:
        DomainError: s <= 0, or delta not in (0, 1).
    """
    noise = s if isinstance(s, tuple) else (Fraction(s), Fraction(s))
    _positive(s=noise[0], delta=delta)
    if not delta < 1:
        raise DomainError(f"delta = {delta} must be below 1")
    target = Fraction(delta)
    low = _crossing(lambda e: _side(lambda: _curve(e, ball(noise[1])), target), start=Fraction(1))[0]
    return low, _crossing(lambda e: _side(lambda: _curve(e, ball(noise[0])), target), start=Fraction(1))[1]


def gaussian_noise(eps: Number, delta: Number) -> Ends:
    """Least noise, in units of the sensitivity, for (eps, delta): (low, high), a relative distance of 1e-14 apart.

    Raises:
        DomainError: eps <= 0, or delta not in (0, 1).
    """
    _positive(eps=eps, delta=delta)
    if not delta < 1:
        raise DomainError(f"delta = {delta} must be below 1")
    e, target = Fraction(eps), Fraction(delta)
    return _crossing(lambda s: _side(lambda: _curve(e, ball(s)), target), start=1 / e)


def classical_noise(eps: Number, delta: Number) -> Ends:
    """The classical sufficient noise sqrt(2 log(1.25/delta))/eps for eps <= 1, in units of the sensitivity: (low, high).

    Raises:
        DomainError: eps <= 0, or delta not in (0, 1.25).
    """
    _positive(eps=eps, delta=delta)
    e, ratio = Fraction(eps), Fraction(5, 4) / Fraction(delta)
    if not ratio > 1:
        raise DomainError(f"delta = {delta} must be below 1.25")
    return enclose(lambda: (2 * ball(ratio).log()).sqrt() / ball(e), width=WIDTH / e)


def _side(value: Callable[[], flint.arb], target: Fraction) -> int:
    """1 where the value is above the target, -1 where it is below, 0 where balls of 256 bits do not tell."""
    with flint.ctx.workprec(BITS):
        v, t = value(), ball(target)
        return 1 if v > t else -1 if v < t else 0


def _crossing(side: Callable[[Fraction], int], *, start: Fraction) -> Ends:
    """Where a decreasing function passes its target: (low, high), with low = 0 where it is below the target from the start on."""
    low, high = start, start
    while side(high) >= 0:
        low, high = high, 2 * high
    while side(low) <= 0:
        low, high = low / 2, low
        if low < start / 2**200:
            return Fraction(0), high
    while high - low > WIDTH * high:
        middle = (low + high) / 2
        which = side(middle)
        if which == 0:
            break
        low, high = (middle, high) if which > 0 else (low, middle)
    return low, high
