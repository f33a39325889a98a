"""Hockey-stick divergences and moments of Gaussian mixtures as enclosed integrals: what closed forms are compared with."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

import flint

from gradproof.experiments.engine.measure import Enclosed
from gradproof.solvers.exact.balls import ball, ends
from gradproof.solvers.privacy_loss.gaussian import normal_cdf

BITS = 128
#: standard deviations after which an integral is cut; what lies beyond is at most the tails of the densities
REACH = 14


def density(mean: int, s: Fraction) -> Callable[[flint.acb], flint.acb]:
    """The density of N(mean, s^2)."""
    scale = 1 / (ball(s) * (2 * flint.arb.pi()).sqrt())
    return lambda x: (-((x - mean) ** 2) / (2 * ball(s) ** 2)).exp() * scale


def beyond(start: flint.arb, s: Fraction, a: flint.arb, b: flint.arb, *, upwards: bool = True) -> Enclosed:
    """The integral of a N(1, s^2) + b N(0, s^2) over all x beyond ``start``, where it is positive."""
    p, q, sign = density(1, s), density(0, s), 1 if upwards else -1
    far = sign * (1 + REACH * ball(s))
    if sign * (far - start) > 0:
        interval = (start, far) if upwards else (far, start)
        inside = flint.acb.integral(lambda x, _: a * p(x) + b * q(x), *interval).real
    else:
        inside = flint.arb(0)
    tail = (abs(a) + abs(b)) * normal_cdf(flint.arb(-REACH))  # of both densities, which are centred within 1 of zero
    low, high = ends(inside)
    return Enclosed(max(low, Fraction(0)), high + ends(tail)[1], "quadrature")


def mean_power(a: int, q: Fraction, z2: flint.arb) -> flint.arb:
    """E_Q (1 - q + q N(1, z2)/N(0, z2))^a with Q = N(0, z2), and the tails as a radius."""
    z = z2.sqrt()
    share, scale = ball(q), 1 / (z * (2 * flint.arb.pi()).sqrt())

    def integrand(x: flint.acb, _: bool) -> flint.acb:
        return (1 - share + share * ((x - flint.arb(1) / 2) / z2).exp()) ** a * (-(x**2) / (2 * z2)).exp() * scale

    far = a + REACH * z
    inside = flint.acb.integral(integrand, -far, far).real
    # beyond: (1 - q + q r)^a <= 2^(a-1) (1 + r^a), and r^a Q is e^(a(a-1)/(2 z2)) N(a, z2)
    tail = 2**a * (1 + (a * (a - 1) / (2 * z2)).exp()) * normal_cdf(flint.arb(-REACH))
    return inside + flint.arb(0, float(tail.upper()) * (1 + 1e-9))
