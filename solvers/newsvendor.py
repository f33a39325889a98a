r"""The expected loss of the valley ``p w`` (w > 0), ``-c p w`` (w <= 0) under a Gaussian shift, enclosed by quadrature.

It is the newsvendor's cost: c p a unit too little, p a unit too much. The best bias is bracketed by three values of the convex
expected loss, so that nothing hangs on a formula for the quantile.
"""

from __future__ import annotations

from fractions import Fraction
from math import erfc, sqrt

import flint

from gradproof.solvers.exact.balls import ball, ends
from gradproof.theory.errors import GradproofError, ParameterError

BITS = 160
REACH = 16  # standard deviations that are integrated; the rest is bounded by its tail


class NotBracketed(GradproofError, ValueError):
    """Three values of the expected loss did not enclose its minimiser."""


def expected_loss(w: Fraction, c: Fraction, p: Fraction, s: Fraction) -> tuple[Fraction, Fraction]:
    r"""(low, high) of :math:`E V(w + s x)`, x standard normal.

    Raises:
        ParameterError: unless c, p, s > 0 and |w| < 16 s.
    """
    if min(c, p, s) <= 0 or abs(w) >= REACH * s:
        raise ParameterError(f"need c, p, s > 0 and |w| < {REACH} s, got c={c}, p={p}, s={s}, w={w}")
    with flint.ctx.workprec(BITS):
        kink, end = -ball(Fraction(w) / s), flint.arb(REACH)
        root = (2 * flint.arb.pi()).sqrt()

        def part(slope: Fraction, low: flint.arb, high: flint.arb) -> flint.arb:
            def density(x: flint.acb, _: bool) -> flint.acb:
                return ball(slope) * (ball(Fraction(w)) + ball(Fraction(s)) * x) * (-x * x / 2).exp() / root

            return flint.acb.integral(density, low, high).real

        inside = part(Fraction(p), kink, end) + part(-Fraction(c) * p, -end, kink)
        # beyond T: E (|w| + s |x|) 1{x > T} <= (|w|/T + s) times the density at T, on either side
        steepest = Fraction(p) * max(Fraction(1), Fraction(c))
        tail = 2 * ball(steepest * (abs(Fraction(w)) / REACH + s)) * (-end * end / 2).exp() / root
        low, high = ends(inside)
        return low, high + ends(tail)[1]


def best_bias(c: Fraction, s: Fraction, *, halfwidth: Fraction = Fraction(1, 10**9)) -> tuple[Fraction, Fraction]:
    """(low, high), 2 ``halfwidth`` s apart, around the minimiser of the expected loss: a value inside is below both at the ends.

    Raises:
        NotBracketed: it is not.
    """
    low, high = -float(REACH) / 2, float(REACH) / 2
    for _ in range(80):  # where the mean slope changes its sign, in floats: a guess
        middle = (low + high) / 2
        below = erfc(middle / sqrt(2)) / 2
        low, high = (middle, high) if float(c) * below > 1 - below else (low, middle)
    guess = Fraction(middle) * s
    a, b = guess - halfwidth * s, guess + halfwidth * s
    at_guess = expected_loss(guess, c, Fraction(1), s)[1]
    if not (expected_loss(a, c, Fraction(1), s)[0] > at_guess < expected_loss(b, c, Fraction(1), s)[0]):
        raise NotBracketed(f"the expected loss at {float(guess)} is not below that {float(halfwidth):g} s away")
    return a, b
