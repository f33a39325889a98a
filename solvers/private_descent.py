"""Exact utility of DIFF2 and of private gradient descent on L|x|^2/2 at a privacy, and the best that each can do, in balls."""

from __future__ import annotations

from fractions import Fraction
from functools import cache
from typing import Any

from gradproof.solvers.difference_estimator import mean_gradient_of_periods
from gradproof.solvers.exact.balls import ball
from gradproof.theory.privacy.diff2 import formulas

Ball = Any
Exact = Any  # int, Fraction, or a float that is taken as it is
Sizes = tuple[Any, ...]  # L, G, Delta, d, mu


def private_run(
    L: Exact, G: Exact, Delta: Exact, d: int, n: int, mu: Exact, T: int, periods: int, *, longer: int = 1
) -> Ball:
    """(1/R) sum of E|grad f(x_r)|^2 of DIFF2 over R = T periods, half of mu^2 for the restarts, at 1/(L + tau sqrt(dT)).

    Args:
        Delta: f(x_0). G: bound on the gradients that the noise is made for. longer: times the step.
    """
    noise = formulas.restart_variance(G, n, mu * mu, periods), formulas.difference_variance(L, n, mu * mu, T * periods)
    sigma2, tau2, smooth, gap = (ball(Fraction(x)) for x in (*noise, L, Delta))
    eta = longer / (smooth + (tau2 * d * T).sqrt())
    return mean_gradient_of_periods(smooth, 2 * gap / smooth, d, eta, T, periods, sigma2, tau2)


def private_descent(L: Exact, G: Exact, Delta: Exact, d: int, n: int, mu: Exact, R: int) -> Ball:
    """The same of private gradient descent over R rounds at 1/L."""
    sigma2, smooth, gap = (ball(Fraction(x)) for x in (formulas.dpgd_variance(G, n, mu * mu, R), L, Delta))
    return mean_gradient_of_periods(smooth, 2 * gap / smooth, d, 1 / smooth, 1, R, sigma2, 0)


def _smaller(a: Ball, b: Ball) -> Ball:
    return a if a < b else b if b < a else a.union(b)


@cache
def best(n: int, sizes: Sizes, R: int = 10**6) -> Ball:
    """The least of ``private_run`` over 1, ..., 4k restarts in R rounds, k the best number for the bound."""
    L, G, Delta, d, mu = sizes
    most = 4 * max(1, round(1 / formulas.best_share(Delta, L, G, d, n, mu)))
    found = private_run(L, G, Delta, d, n, mu, R, 1)
    for periods in range(2, most + 1):
        found = _smaller(found, private_run(L, G, Delta, d, n, mu, R // periods, periods))
    return found


@cache
def best_descent(n: int, sizes: Sizes) -> Ball:
    """The least of ``private_descent`` over R between a half and twice the best number for the bound."""
    L, G, Delta, d, mu = sizes
    rate = float(n * mu) * (float(L * Delta) / (2 * d)) ** 0.5 / float(G)
    found = private_descent(L, G, Delta, d, n, mu, max(1, int(rate / 2)))
    for R in range(max(1, int(rate / 2)) + 1, int(2 * rate) + 2):
        found = _smaller(found, private_descent(L, G, Delta, d, n, mu, R))
    return found
