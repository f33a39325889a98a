"""The top eigenvalue of a sample covariance with one spike: its limit from the secular equation, in ball arithmetic.

Rows N(0, I + s v v'), d/n -> gamma. With the spiked column taken out, an eigenvalue x above the bulk of the rest solves
1 = (1 + s) F(x), F(x) = int d mu(y)/(x - y), mu the Marchenko-Pastur law of the n x n Gram matrix. F decreases above the edge.
"""

from __future__ import annotations

import math
from fractions import Fraction

import flint
import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq

from gradproof.solvers.exact.balls import ball, ends
from gradproof.theory.errors import ParameterError


def _transform(x: flint.arb, gamma: flint.arb, *, at_edge: bool = False) -> flint.arb:
    """F at x, or at the edge itself, where the integrand has a removable singularity: y = 1 + gamma + 2 sqrt(gamma) cos(angle)."""
    root = gamma.sqrt()

    def integrand(angle: flint.acb, _: bool) -> flint.acb:
        y = 1 + gamma + 2 * root * angle.cos()
        if at_edge:
            return (1 + angle.cos()) * root / y
        return 2 * gamma * angle.sin() ** 2 / (y * (x - y))

    smooth = flint.acb.integral(integrand, 0, flint.acb.pi()).real / flint.arb.pi()
    atom = 1 - gamma
    return smooth + (atom / x if atom > 0 else 0)


def edge(gamma: Fraction) -> flint.arb:
    """The upper end of the bulk, (1 + sqrt(gamma))^2."""
    return (1 + ball(gamma).sqrt()) ** 2


def _approximate(s: float, gamma: float) -> float:
    """The root of the secular equation in floats; the trapezoidal rule is exact to rounding for smooth periodic integrands."""
    y = 1 + gamma + 2 * gamma**0.5 * np.cos(angle := (np.arange(2000) + 0.5) * np.pi / 2000)
    weights = 2 * gamma * np.sin(angle) ** 2 / y / len(y)
    top = (1 + gamma**0.5) ** 2
    excess = lambda x: (weights / (x - y)).sum() + max(1 - gamma, 0) / x - 1 / (1 + s)  # noqa: E731
    return float(brentq(excess, top * (1 + 1e-12), top * (1 + s), xtol=1e-14))


def limit(s: Fraction, gamma: Fraction) -> tuple[Fraction, Fraction]:
    """Rational ends around the limit of the top eigenvalue: the secular equation changes its sign between them.

    Args:
        s: strength of the spike, > 0. gamma: columns a row, > 0 and not 1 (where the bulk reaches 0 and the integrand has a pole).

    Raises:
        ParameterError: gamma is 1, or the side of the threshold cannot be told.
    """
    if s <= 0 or gamma <= 0 or gamma == 1:
        raise ParameterError(f"need s > 0, gamma > 0 and gamma != 1, got s={s}, gamma={gamma}")
    near = f"s = {s} is too near the threshold sqrt({gamma}) to be told apart; move it"
    with flint.ctx.workprec(96):
        g, target = ball(gamma), 1 / (1 + ball(s))
        at_edge = _transform(edge(gamma), g, at_edge=True)
        if at_edge < target:
            return ends(edge(gamma))
        if not at_edge > target:
            raise ParameterError(near)
        try:
            guess = Fraction(_approximate(float(s), float(gamma)))
        except ValueError:  # no change of sign in floats
            raise ParameterError(near) from None
        for digits in (12, 10, 8, 6):
            low, high = guess * (1 - Fraction(1, 10**digits)), guess * (1 + Fraction(1, 10**digits))
            if low > ends(edge(gamma))[1] and _transform(ball(low), g) > target > _transform(ball(high), g):
                return low, high
    raise ParameterError(near)


def density(y: NDArray[np.float64], gamma: float) -> NDArray[np.float64]:
    """Marchenko and Pastur's density of the eigenvalues of Z'Z/n, without the atom at 0 that there is for gamma > 1."""
    low, high = (1 - gamma**0.5) ** 2, (1 + gamma**0.5) ** 2
    inside = np.clip((high - y) * (y - low), 0, None)
    return np.sqrt(inside) / (2 * np.pi * gamma * np.where(y > 0, y, np.inf))


def chi_mean(n: int) -> float:
    """E|g| for g ~ N(0, I_n): sqrt(2) Gamma((n+1)/2)/Gamma(n/2), to about 1e-13 of its size for n <= 1000."""
    return math.exp(math.lgamma((n + 1) / 2) - math.lgamma(n / 2)) * math.sqrt(2)


def singular_values(
    rng: np.random.Generator, n: int, d: int, s: float, size: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Singular values of Z/sqrt(n), (size, min(n, d)) in descending order, for independent Z with rows N(0, I + s e_1 e_1');
    and the norms of their first columns, (size,), below the first singular value, of mean sqrt((1 + s)/n) E|g_n|."""
    values, first = [], []
    for _ in range(size):
        Z = rng.standard_normal((n, d)) / np.sqrt(n)
        Z[:, 0] *= np.sqrt(1 + s)
        values.append(np.sqrt(np.maximum(np.linalg.eigvalsh(Z.T @ Z if d <= n else Z @ Z.T), 0))[::-1])
        first.append(np.linalg.norm(Z[:, 0]))
    return np.array(values), np.array(first)
