"""Noise, steps and accounting of DIFF2 and of DP-GD as functions: what the claims speak of and the experiments use."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

Number = Any  # int, Fraction, float, sympy or ball


def restart_variance(G: Number, n: Number, mu2: Number, restarts: Number, share: Number = Fraction(1, 2)) -> Number:
    """sigma_1^2 with which that many releases of the gradient spend a share of mu2 = mu^2; the claims have R/T restarts."""
    return 4 * G * G * restarts / (share * n * n * mu2)


def difference_variance(L: Number, n: Number, mu2: Number, R: Number, share: Number = Fraction(1, 2)) -> Number:
    """tau^2 with which R releases of a difference spend the rest of mu^2."""
    return 4 * L * L * R / ((1 - share) * n * n * mu2)


def dpgd_variance(G: Number, n: Number, mu2: Number, R: Number) -> Number:
    """sigma^2 of R releases of the gradient, which spend all of mu^2."""
    return 4 * G * G * R / (n * n * mu2)


def published_order(eps: float, delta: float) -> int:
    """The one order of Renyi divergence that the published code accounts with."""
    return 1 + math.ceil(2 * math.log(1 / delta) / eps)


def published_budget(eps: Number, alpha: Number) -> Number:
    """mu^2 that the published noise is made for: a Renyi divergence of eps/2 at the order alpha, of which a share 1/u, u = 5/4,
    goes to restarts."""
    return eps / alpha


def step_size(L: float, tau: float, d: float, T: float) -> float:
    """1/(L + tau sqrt(dT))."""
    return 1 / (L + tau * math.sqrt(d * T))


def best_share(Delta: float, L: float, G: float, d: float, n: float, mu: float) -> float:
    """T/R that is least for the bound A sqrt(s) + B/s of long runs, at most 1."""
    A = 4 * math.sqrt(2 * d) * Delta * L / (n * mu)
    B = 8 * d * G * G / (n * mu) ** 2
    return min(1.0, (2 * B / A) ** (2 / 3))
