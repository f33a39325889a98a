r"""A Gaussian around a uniform point of a circle: (x, y) = R (cos a, sin a) + s (z_1, z_2), by integrals over the radius.

Expectations of functions of r = x^2 + y^2, the marginal density, and the divergence of the angle's posterior from the uniform law.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from gradproof.theory.errors import ParameterError

Integral = tuple[float, float]  # value, and ten times the integrator's own bound on its error


def integral(function: Callable[[float], float], low: float, high: float) -> Integral:
    """Adaptive quadrature of a smooth function."""
    from scipy.integrate import quad

    value, error = quad(function, low, high, epsabs=1e-12, epsrel=1e-11, limit=400)
    return value, 10 * error + 1e-11


@dataclass(frozen=True)
class NoisyRing:
    """Radius R and standard deviation s, both positive.

    Raises:
        ParameterError: they are not.
    """

    R: float
    s: float

    def __post_init__(self) -> None:
        if not (self.R > 0 and self.s > 0):
            raise ParameterError(f"a ring of radius {self.R} and width {self.s}: both must be positive")

    def density(self, r: float) -> float:
        """Of r = x^2 + y^2: s^2 times a noncentral chi-square number of two degrees of freedom."""
        from scipy.special import i0e

        off = (math.sqrt(r) - self.R) ** 2 / (2 * self.s**2)
        return math.exp(-off) * float(i0e(self.R * math.sqrt(r) / self.s**2)) / (2 * self.s**2)

    def log_marginal(self, r: float) -> float:
        """log of the density of (x, y)."""
        return math.log(self.density(r) / math.pi)

    def mean(self, of: Callable[[float], float]) -> Integral:
        """E of a function of r; outside of twelve standard deviations of the radius there is less than e^-70."""
        low, high = (max(self.R + sign * 12 * self.s, 0.0) ** 2 for sign in (-1, 1))
        return integral(lambda r: self.density(r) * of(r), low, high)

    def elbo(self, log_joint: Callable[[float], float]) -> Integral:
        """E[log p(x, y) - log of the marginal density]; ``log_joint`` is a function of r."""
        return self.mean(lambda r: log_joint(r) - self.log_marginal(r))

    def plain(self, log_joint: Callable[[float], float]) -> Integral:
        """E[log p(x, y) - log of the density given the angle]: the hierarchical bound H_0 with a uniform reverse kernel."""
        value, error = self.mean(log_joint)
        return value + math.log(2 * math.pi * self.s**2) + 1, error

    def divergence(self) -> Integral:
        """E KL of the angle's posterior, von Mises with kappa = R sqrt(r)/s^2, from the uniform law."""
        from scipy.special import i0e, i1e

        def of(r: float) -> float:
            kappa = self.R * math.sqrt(r) / self.s**2
            return kappa * float(i1e(kappa) / i0e(kappa)) - math.log(float(i0e(kappa))) - kappa

        return self.mean(of)

    def hierarchical(
        self, log_joint: Callable[[np.ndarray], np.ndarray], K: int, rng: np.random.Generator, n: int
    ) -> np.ndarray:
        """n draws of the integrand of H_K: K further angles, all uniform. (n,)"""
        angle = 2 * np.pi * rng.uniform(size=(n, K + 1))
        place = self.R * np.array([np.cos(angle), np.sin(angle)])  # (2, n, K + 1)
        at = place[:, :, 0] + self.s * rng.normal(size=(2, n))
        apart = ((at[:, :, None] - place) ** 2).sum(axis=0) / (2 * self.s**2)
        least = apart.min(axis=1)
        q = np.log(np.exp(least[:, None] - apart).mean(axis=1)) - least - math.log(2 * math.pi * self.s**2)
        return np.asarray(log_joint((at**2).sum(axis=0)) - q)
