"""Privacy of a Gaussian mechanism in balls: delta of (epsilon, mu), and brackets of epsilon and mu by bisection."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from functools import cache
from typing import Any

import flint

from gradproof.solvers.exact.balls import ball, ends

Ball = Any
BITS = 120


def tail(x: Ball) -> Ball:
    """P(normal > x)."""
    return (x / flint.arb(2).sqrt()).erfc() / 2


def delta(eps: Ball, mu: Ball) -> Ball:
    """The largest P(E) - e^eps Q(E) for P = N(mu, 1), Q = N(0, 1): at the event x > eps/mu + mu/2."""
    return tail(eps / mu - mu / 2) - eps.exp() * tail(eps / mu + mu / 2)


def delta_by_quadrature(eps: float, mu: float) -> Ball:
    """The same as the integral of (p - e^eps q)_+, rigorously, without the normal distribution function.

    Beyond x = mu + 12 there is less than 1e-32 of the mass of P.
    """
    with flint.ctx.workprec(BITS):
        e, m = flint.acb(eps), flint.acb(mu)
        root = flint.acb(flint.arb.pi() * 2).sqrt()
        excess = lambda x, _: ((-((x - m) ** 2) / 2).exp() - (e - x * x / 2).exp()) / root  # noqa: E731
        inside = flint.acb.integral(excess, e / m + m / 2, m + 12)
        return inside.real + flint.arb(0, 1e-32)


def bisect(
    holds: Callable[[Fraction], bool], low: Fraction, high: Fraction, width: Fraction
) -> tuple[Fraction, Fraction]:
    """Rational ends between which a property begins to hold, which it does at ``high`` and not at ``low``."""
    while high - low > width:
        middle = (low + high) / 2
        low, high = (low, middle) if holds(middle) else (middle, high)
    return low, high


WIDTH = Fraction(1, 2**50)


@cache
def epsilon_between(mu2: Fraction, at: Fraction) -> tuple[Fraction, Fraction]:
    """Around the least epsilon at which the mechanism has delta <= ``at``; mu2 is mu^2.

    A comparison that balls do not decide counts as not holding: the upper end is always private.
    """
    with flint.ctx.workprec(BITS):
        mu = ball(mu2).sqrt()
        return bisect(lambda e: bool(delta(ball(e), mu) <= ball(at)), Fraction(0), Fraction(64), WIDTH)


@cache
def mu_between(eps: Fraction, at: Fraction) -> tuple[Fraction, Fraction]:
    """Around the largest mu with delta(eps; mu) <= ``at``: the lower end is private."""
    with flint.ctx.workprec(BITS):
        return bisect(lambda m: not bool(delta(ball(eps), ball(m)) <= ball(at)), Fraction(1, 1000), Fraction(64), WIDTH)


def ends_of_laplace(eps: float, mu: float) -> tuple[Fraction, Fraction]:
    """Around the delta of Laplace noise of variance 1 at sensitivity mu, for eps < sqrt(2) mu."""
    with flint.ctx.workprec(BITS):
        return ends(1 - ((flint.arb(eps) - flint.arb(2).sqrt() * mu) / 2).exp())
