"""The noisy cone: x, y ~ N(0, 10^2), z ~ N(r, (0.1 + r/100)^2) with r = x^2 + y^2, seen at z = 5; two guides of its posterior.

Becker et al. 2024 (arXiv:2406.15742), Section 2; 10 and 0.1 + r/100 are standard deviations.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from gradproof.solvers.dual_estimators import Dual, exp, log
from gradproof.solvers.noisy_ring import Integral, NoisyRing, integral

SEEN, WIDE = 5.0, 10.0


def log_evidence() -> Integral:
    """log p(z = 5) and a bound on its error; r is exponential of mean 200, and beyond 60 the likelihood is below e^-2000."""
    value, error = integral(lambda r: math.pi * math.exp(log_joint(r)), 0.0, 60.0)
    return math.log(value), error / value


def log_joint(r: Any) -> Any:
    """log p(x, y, z = 5) at x^2 + y^2 = r; a number, an array or a dual number."""
    s = 0.1 + r / 100
    off = (SEEN - r) / s
    return -(off * off) / 2 - log(s) - r / (2 * WIDE**2) - 1.5 * math.log(2 * math.pi) - 2 * math.log(WIDE)


def gaussian_guide(on: Any, t: Sequence[Dual]) -> Any:
    """x ~ N(t1, e^t3), y ~ N(t2, e^t4), reparameterised: log p - log q of the cone."""

    def end(x: Any, y: Any) -> Any:
        own = ((x - t[0]) / exp(t[2])) ** 2 + ((y - t[1]) / exp(t[3])) ** 2
        return log_joint(x * x + y * y) + own / 2 + t[2] + t[3] + math.log(2 * math.pi)

    return on.normal("reparam", t[0], exp(t[2]), lambda x: on.normal("reparam", t[1], exp(t[3]), lambda y: end(x, y)))


def gaussian_elbo(t: Sequence[float], nodes: int = 60) -> float:
    """Of that guide, by Gauss and Hermite's nodes in each coordinate."""
    z, w = np.polynomial.hermite_e.hermegauss(nodes)
    x, y = t[0] + math.exp(t[2]) * z[:, None], t[1] + math.exp(t[3]) * z
    weight = np.outer(w, w) / (2 * math.pi)
    return float((weight * log_joint(x * x + y * y)).sum()) + t[2] + t[3] + 1 + math.log(2 * math.pi)


def ring(s: float) -> NoisyRing:
    """The angular guide: a uniform point of the circle r = 5, and Gaussian noise around it."""
    return NoisyRing(math.sqrt(SEEN), s)
