"""Stochastic approximation on the line, ``x+ = x - (theta/s)(F'(x) + eps)``, s = b, b + 1, ...: limits of its rescaled moments.

With ``F'(x) = h x + c3 x^2/2 + r``, ``|r| <= c4 |x|^3/6``, the moments are enclosed step by step, and from some s on
by intervals that they do not leave. With a kink, ``F'(x) = h_+ x`` or ``h_- x``, the law of ``u = sqrt(s) x`` is
carried along on a lattice, and its distance to that of the limit is bounded by a coupling. Derivations:
docs/derivations/local_sgd.md.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from gradproof.theory.errors import GradproofError, ParameterError

Interval = tuple[float, float]
ROUNDING = 2.0**-44  # of a formula of a hundred roundings, relative


class NotSettled(GradproofError):
    """The moments are not shown to settle from that step on."""


@dataclass(frozen=True)
class Smooth:
    """F' near its zero x = 0: curvature h, third derivative c3, bounds mu <= F'' <= L and |F''''| <= c4."""

    h: float
    c3: float
    c4: float
    mu: float
    L: float


@dataclass(frozen=True)
class Moments:
    """Enclosures after some steps, at s: of E x^2 and E x, and a bound on E x^4."""

    s: float
    second: Interval
    mean: Interval
    fourth: float


def moments(F: Smooth, theta: float, b: float, sigma2: float, fourth: float, T: int) -> Moments:
    """Moments after T steps from x = 0, with symmetric independent noise of variance sigma2 and that fourth moment.

    Raises:
        ParameterError: a first step above 2/(L + mu).
    """
    if theta / b > 2 / (F.L + F.mu):
        raise ParameterError(f"the first step {theta / b:.3g} exceeds 2/(L + mu) = {2 / (F.L + F.mu):.3g}; raise b")
    low2 = high2 = m_low = m_high = m4 = 0.0
    kappa2 = max(F.L - F.h, F.h - F.mu) ** 2
    half, sixth = F.c3 / 2, F.c4 / 6
    for t in range(T):
        eta = theta / (b + t)
        keep, rho2, noise = 1 - eta * F.h, (1 - eta * F.mu) ** 2, eta * eta * sigma2
        third = math.sqrt(high2 * m4)  # E|x|^3
        off = 2 * eta * abs(keep) * (abs(half) * third + sixth * m4)
        ends = half * low2, half * high2
        lowest, highest = min(ends) - sixth * third, max(ends) + sixth * third
        a, c = (m_low, m_high) if keep >= 0 else (m_high, m_low)
        m_low, m_high = keep * a - eta * highest, keep * c - eta * lowest
        m4 = rho2 * rho2 * m4 + 6 * rho2 * high2 * noise + eta**4 * fourth
        low2 = max(keep * keep * low2 - off + noise, 0.0)
        high2 = (keep * keep + eta * eta * kappa2) * high2 + off + noise
    slack = T * ROUNDING
    return Moments(
        b + T, (low2 * (1 - slack), high2 * (1 + slack)),
        (m_low - slack * max(abs(m_low), abs(m_high)), m_high + slack * max(abs(m_low), abs(m_high))), m4 * (1 + slack),
    )  # fmt: skip


def limits(F: Smooth, theta: float, b: float, sigma2: float, fourth: float, T: int) -> tuple[Interval, Interval]:
    """Enclosures of lim s E x^2 and lim s E x, from the moments after T steps: the later, the narrower.

    ``s E x^2`` is averaged with targets that lie in one interval for all later s; so is ``s E x`` if theta h > 1.

    Raises:
        NotSettled: theta h or theta mu is too small, or T.
    """
    at = moments(F, theta, b, sigma2, fourth, T)
    s, q, p, v = at.s, theta * F.h, theta * F.mu, theta**2 * sigma2
    if not (2 * q > 1 and 2 * p > 1 and s > max(q, 4)):
        raise NotSettled(f"need theta h > 1/2 and theta mu > 1/2, got {q:.3g} and {p:.3g}")
    Y = s * at.second[1] * 1.02
    for _ in range(40):
        Z = max(s * s * at.fourth, 6 * Y * v / (4 * p - 2)) * 1.02
        second = _second_targets(F, theta, q, v, s, Y, Z)
        if second[1] <= Y and s * at.second[1] <= Y and _bounded_fourth(p, v, theta**4 * fourth, s, Y, Z):
            break
        Y = 1.02 * max(second[1], Y)
    else:
        raise NotSettled(
            f"the second and fourth moments are not shown to stay below {Y:.3g}/s and {Z:.3g}/s^2 from s = {s:.4g} on"
        )
    if not q > 1:
        return second, (-math.inf, math.inf)
    stays = min(second[0], s * at.second[0]), max(second[1], s * at.second[1])
    rest = F.c4 / 6 * math.sqrt(Y * Z / s)
    pull = [theta * y for y in (min(F.c3 / 2 * y for y in stays) - rest, max(F.c3 / 2 * y for y in stays) + rest)]
    targets = [-x * factor for x in pull for factor in (1 / (q - 1), (1 + 1 / s) / (q - 1 + q / s))]
    return second, (min(targets), max(targets))


def _second_targets(F: Smooth, theta: float, q: float, v: float, s: float, Y: float, Z: float) -> Interval:
    """(1 - g) Y + g target is the step of s E x^2: an interval for the target at s and at all later times."""
    spread = abs(q * q - 2 * q) / s + q * q / s**2  # of s g about 2q - 1
    slow, fast = 2 * q - 1 - spread, 2 * q - 1 + spread
    if slow <= 0 or fast >= s:
        raise NotSettled(f"s = {s:.4g} is too early for theta h = {q:.3g}")
    off = 2 * theta * (abs(F.c3) / 2 * math.sqrt(Y * Z / s) + F.c4 / 6 * Z / s)
    extra = theta**2 * max(F.L - F.h, F.h - F.mu) ** 2 * Y / s
    return max(v - off, 0.0) / fast, (1 + 1 / s) * (v + off + extra) / slow


def _bounded_fourth(p: float, v: float, last: float, s: float, Y: float, Z: float) -> bool:
    """E x^4 <= Z/s^2 stays true from s on: the step as a polynomial in 1/s, its later terms bounded at s."""
    inner = np.polynomial.Polynomial([Z, -4 * p * Z + 6 * Y * v, 6 * p * p * Z + last])
    step = (inner * np.polynomial.Polynomial([1, 2, 1])).coef
    return bool(step[1] + sum(abs(c) / s ** (k + 1) for k, c in enumerate(step[2:])) <= 0)


# --- a kink ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Kinked:
    """``E sqrt(s) x`` after the last step, a bound on its error, and one on its distance to the limit."""

    mean: float
    error: float
    distance: float


def kinked_mean(
    theta: float, b: float, h_plus: float, h_minus: float, sigma: float, T: int, *, spacing: float = 0.002
) -> Kinked:
    """The mean of ``u = sqrt(b + T) x_T`` for ``F' = h_+ x`` right of 0 and ``h_- x`` left of it, from x = 0, Gaussian noise.

    Args:
        spacing: of the lattice, in units of the limit's larger standard deviation; the error grows with its square.

    Raises:
        ParameterError: steps that overshoot, or theta min(h) <= 1.
    """
    low, high = theta * min(h_plus, h_minus), theta * max(h_plus, h_minus)
    if not (low > 1 and high <= b):
        raise ParameterError(f"need theta min(h) > 1 and theta max(h) <= b, got {low:.3g}, {high:.3g} and b = {b:.3g}")
    scale = theta * sigma / math.sqrt(2 * low - 1)
    delta = spacing * scale
    size = 1 << math.ceil(math.log2(20 / spacing))
    lattice = np.arange(-size // 2, size // 2)
    frequencies = 2 * math.pi * np.fft.rfftfreq(size) / delta
    law = np.zeros(size)
    law[size // 2] = 1.0
    slopes = np.where(lattice >= 0, h_plus, h_minus)
    error = 0.0
    for t in range(T):
        s = b + t
        grow = math.sqrt(1 + 1 / s)
        at = grow * (1 - theta * slopes / s) * lattice + size // 2
        left = np.floor(at).astype(np.int64)
        share = at - left
        moved = np.bincount(left, law * (1 - share), size) + np.bincount(
            np.minimum(left + 1, size - 1), law * share, size
        )
        width = grow * theta * sigma / math.sqrt(s)
        law = np.fft.irfft(np.fft.rfft(moved) * np.exp(-((frequencies * width) ** 2) / 2), size)
        # a conditional mean of slope at most 1 has, after the noise, the curvature 0.8/width: splitting over two points and the
        # sum in the place of the integral cost (0.8/8 + 4/8) delta^2/width; later steps shrink what was wrong
        error = error * (1 - (low - 0.5) / s) + 0.6 * delta**2 / width
    k_plus, k_minus = theta * h_plus - 0.5, theta * h_minus - 0.5
    return Kinked(delta * float(law @ lattice), error + 1e-9 * scale, _coupling(b, k_plus, k_minus, theta * sigma, T))


def _coupling(b: float, k_plus: float, k_minus: float, volatility: float, T: int) -> float:
    """Bound on (E|u_T - U_T|^2)^(1/2) where U is the stationary diffusion dU = -k(U) U dr + volatility dB.

    A step of u is one of Euler over dr = log(1 + 1/s) with the same Brownian motion, and contracts by 1 - least/s. Given the past,
    what a step misses has a mean, which adds up, and a rest, which adds in squares.
    """
    least, most = min(k_plus, k_minus), max(k_plus, k_minus)
    size, pull = volatility / math.sqrt(2 * least), volatility * math.sqrt(most / 2)  # of U and k(U) U, in mean square
    right, left = (volatility / math.sqrt(2 * k) for k in (k_plus, k_minus))
    at_kink = math.sqrt(2 / math.pi) / (right + left)  # the density of U at 0
    apart = size
    for t in range(T):
        s = b + t
        dr, grow = math.log1p(1 / s), math.sqrt(1 + 1 / s)
        clock = abs(grow - 1 - grow / (2 * s)) * size + abs(dr - grow / s) * pull
        # the local time at the kink: volatility^2 at_kink dr on average, at most its mean from 0 wherever U is
        longest = volatility * math.sqrt(dr) * (1 + 2 / 3 * most * dr)
        kink = abs(k_plus - k_minus) / 2 * dr * math.sqrt(volatility**2 * at_kink * dr * longest)
        mean = most * pull * dr * dr / 2 + kink + clock
        moved = most * (pull * dr * dr / 2 + volatility * 2 / 3 * dr**1.5)
        rest = moved + clock + volatility * abs(grow / math.sqrt(s * dr) - 1) * math.sqrt(dr)
        apart = math.hypot(apart * (1 - least / s) + mean, rest)
    return apart
