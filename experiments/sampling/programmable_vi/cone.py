"""The noisy cone: x, y ~ N(0, 10^2), z ~ N(r, (0.1 + r/100)^2) with r = x^2 + y^2, seen at z = 5; and two guides.

All is a function of the radius: what the angular guide is worth comes from integrals over r.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from gradproof.solvers.dual_estimators import Dual, exp, log

SEEN, WIDE = 5.0, 10.0


def log_joint(r: Any) -> Any:
    """log p(x, y, z = 5) at x^2 + y^2 = r; a number, an array or a dual number."""
    s = 0.1 + r / 100
    off = (SEEN - r) / s
    return -(off * off) / 2 - log(s) - r / (2 * WIDE**2) - 1.5 * math.log(2 * math.pi) - 2 * math.log(WIDE)


def mean_field(on: Any, t: Sequence[Dual]) -> Any:
    """x ~ N(t1, e^t3), y ~ N(t2, e^t4), reparameterised: log p - log q."""

    def end(x: Any, y: Any) -> Any:
        own = ((x - t[0]) / exp(t[2])) ** 2 + ((y - t[1]) / exp(t[3])) ** 2
        return log_joint(x * x + y * y) + own / 2 + t[2] + t[3] + math.log(2 * math.pi)

    return on.normal("reparam", t[0], exp(t[2]), lambda x: on.normal("reparam", t[1], exp(t[3]), lambda y: end(x, y)))


def mean_field_elbo(t: Sequence[float], nodes: int = 60) -> float:
    """By Gauss and Hermite's nodes in each coordinate."""
    z, w = np.polynomial.hermite_e.hermegauss(nodes)
    x, y = t[0] + math.exp(t[2]) * z[:, None], t[1] + math.exp(t[3]) * z
    weight = np.outer(w, w) / (2 * math.pi)
    return float((weight * log_joint(x * x + y * y)).sum()) + t[2] + t[3] + 1 + math.log(2 * math.pi)


def best_mean_field() -> tuple[np.ndarray, float]:
    """The best of two ascents, one from the axis and one from the diagonal."""
    from scipy.optimize import minimize

    found = [
        minimize(lambda t: -mean_field_elbo(t), [*start, -2.0, -1.5], method="BFGS")
        for start in ((2.2, 0.0), (1.5, 1.6))
    ]
    best = min(found, key=lambda f: f.fun)
    return best.x, -float(best.fun)


Integral = tuple[float, float]  # value, and the integrator's bound on its error


def _integral(function: Callable[[float], float], low: float, high: float) -> Integral:
    from scipy.integrate import quad

    value, error = quad(function, low, high, epsabs=1e-12, epsrel=1e-11, limit=400)
    return value, 10 * error + 1e-11


def log_evidence() -> Integral:
    """log p(z = 5); r is exponential of mean 200. Beyond r = 60 the likelihood is below e^-2000."""
    value, error = _integral(lambda r: 2 * math.pi * math.exp(log_joint(r)) / 2, 0.0, 60.0)
    return math.log(value), error / value


class Ring:
    """The angular guide u ~ U(0, 1), (x, y) ~ N(sqrt(5) (cos 2 pi u, sin 2 pi u), s^2 I), with the prior of u as reverse kernel."""

    def __init__(self, s: float) -> None:
        self.s = s

    def density_of_r(self, r: float) -> float:
        """Of r = x^2 + y^2: s^2 times a noncentral chi-square of two degrees of freedom."""
        from scipy.special import i0e

        root = math.sqrt(SEEN * r)
        return (
            math.exp(-((math.sqrt(r) - math.sqrt(SEEN)) ** 2) / (2 * self.s**2))
            * float(i0e(root / self.s**2))
            / (2 * self.s**2)
        )

    def log_marginal(self, r: float) -> float:
        """log q(x, y)."""
        return math.log(self.density_of_r(r) / math.pi)

    def mean(self, of: Callable[[float], float]) -> Integral:
        """E of a function of r; beyond twelve standard deviations of the radius there is less than e^-70."""
        low, high = (max(math.sqrt(SEEN) + sign * 12 * self.s, 0.0) ** 2 for sign in (-1, 1))
        return _integral(lambda r: self.density_of_r(r) * of(r), low, high)

    def elbo(self) -> Integral:
        """With the exact marginal."""
        return self.mean(lambda r: log_joint(r) - self.log_marginal(r))

    def plain(self) -> Integral:
        """H_0: log q(x, y|u) has the mean -log(2 pi s^2) - 1."""
        value, error = self.mean(log_joint)
        return value + math.log(2 * math.pi * self.s**2) + 1, error

    def divergence(self) -> Integral:
        """E KL(q(u|x, y) || U(0, 1)): the angle's posterior is von Mises's law with kappa = sqrt(5 r)/s^2."""
        from scipy.special import i0e, i1e

        def of(r: float) -> float:
            kappa = math.sqrt(SEEN * r) / self.s**2
            return kappa * float(i1e(kappa) / i0e(kappa)) - math.log(float(i0e(kappa))) - kappa

        return self.mean(of)

    def hierarchical(self, K: int, rng: np.random.Generator, n: int) -> np.ndarray:
        """n draws of H_K's integrand, all from the joint law of (u_0, x, y) and K angles of the prior, (n,)."""
        u = rng.uniform(size=(n, K + 1))
        place = np.array([np.cos(2 * np.pi * u), np.sin(2 * np.pi * u)]) * math.sqrt(SEEN)  # (2, n, K + 1)
        at = place[:, :, 0] + self.s * rng.normal(size=(2, n))
        apart = ((at[:, :, None] - place) ** 2).sum(axis=0) / (2 * self.s**2)
        least = apart.min(axis=1)
        q = np.log(np.exp(least[:, None] - apart).mean(axis=1)) - least - math.log(2 * math.pi * self.s**2)
        return np.asarray(log_joint((at**2).sum(axis=0)) - q)
