r"""Bounds of a log evidence by weights of finitely many values: importance-weighted and hierarchical ones, by exact enumeration.

``E log((1/K) sum w_k)`` of K independent weights is a sum over how often each value occurs; its probabilities come from products of
positive numbers alone, so that the rounding of the whole sum is known.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np

from gradproof.theory.errors import ParameterError

Array = np.ndarray
Numbers = Sequence[float] | Array
EPS = 2.0**-52
MOST_TERMS = 5_000_000


def _counts(K: int, n: int) -> Array:
    """All (k_1, ..., k_n) >= 0 that sum to K, shape (C(K+n-1, n-1), n)."""
    if math.comb(K + n - 1, n - 1) > MOST_TERMS:
        raise ParameterError(
            f"{K} draws of {n} values have more than {MOST_TERMS} outcomes; use fewer particles or values"
        )
    rows = np.zeros((1, 0), dtype=np.int64)
    for _ in range(n - 1):
        left = K - rows.sum(axis=1)
        repeated = np.repeat(rows, left + 1, axis=0)
        new = np.arange(len(repeated)) - np.repeat(np.cumsum(left + 1) - left - 1, left + 1)
        rows = np.column_stack([repeated, new])
    return np.column_stack([rows, K - rows.sum(axis=1)])


def _multinomial(counts: Array, probabilities: Array, K: int) -> Array:
    """Their probabilities; each relative error is at most (3K + n) EPS."""
    table = np.ones((len(probabilities), K + 1))
    for k in range(1, K + 1):  # p^k/k! with a factor k that the others give back
        table[:, k] = table[:, k - 1] * probabilities / k
    scale = float(math.factorial(K)) if K <= 100 else math.inf
    if not math.isfinite(scale):
        raise ParameterError(f"{K} particles are more than the 100 of which factorials are floats; use fewer")
    out = np.full(len(counts), scale)
    for row, column in zip(table, counts.T, strict=True):
        out = out * row[column]
    return out


def mean_over_draws(
    values: Numbers, probabilities: Numbers, K: int, of: Callable[[Array], Array]
) -> tuple[float, float]:
    """E of((1/K) sum of K independent values), and a bound on its rounding error for an ``of`` like log, of condition at most 1.

    Args:
        values, probabilities: (n,), positive.

    Raises:
        ParameterError: a number that is not positive, or too many outcomes.
    """
    a, p = np.asarray(values, float), np.asarray(probabilities, float)
    if a.shape != p.shape or not (a > 0).all() or not (p > 0).all() or K < 1:
        raise ParameterError("give positive values, a positive probability of each, and K >= 1")
    counts = _counts(K, len(a))
    weight, found = _multinomial(counts, p, K), of(counts @ a / K)
    total = math.fsum(weight * found)
    slack = (3 * K + 2 * len(a) + 8) * EPS
    return total, slack * (math.fsum(weight * np.abs(found)) + 1)


def iwelbo(joint: Numbers, guide: Numbers, K: int) -> tuple[float, float]:
    """L_K = E log((1/K) sum p(z_k, y)/q(z_k)), z_k ~ q, and a bound on its rounding error.

    Args:
        joint: p(z, y) of each z with q(z) > 0. guide: q(z), a law on these.
    """
    q = np.asarray(guide, float)
    return mean_over_draws(np.asarray(joint, float) / q, q, K, np.log)


def chi_square(joint: Numbers, guide: Numbers) -> float:
    """E_q[w^2]/p(y)^2 - 1 for a guide that covers the posterior, as a sum of squares."""
    q = np.asarray(guide, float)
    relative = np.asarray(joint, float) / q / math.fsum(joint)
    return math.fsum(q * (relative - 1) ** 2)


def hierarchical(joint: Numbers, aux: Numbers, given: Array, reverse: Array, K: int) -> tuple[float, float]:
    """H_K = E[log p(z, y) - log((1/(K+1)) sum_k q(u_k) q(z|u_k)/r(u_k|z))], and a bound on its rounding error.

    Args:
        joint: p(z, y), (Z,). aux: q(u), (U,). given: q(z|u), (U, Z). reverse: r(u|z), (Z, U); all positive.
    """
    total, error = 0.0, 0.0
    q, cond, back = np.asarray(aux, float), np.asarray(given, float), np.asarray(reverse, float)
    for z, p in enumerate(joint):
        a = q * cond[:, z] / back[z]
        for u, first in enumerate(a):
            weight = q[u] * cond[u, z]
            if K:
                found, slack = mean_over_draws(a, back[z], K, lambda m, first=first: np.log((first + K * m) / (K + 1)))  # type: ignore[misc]
            else:
                found, slack = math.log(first), 8 * EPS * (1 + abs(math.log(first)))
            total += weight * (math.log(p) - found)
            error += weight * (slack + 8 * EPS * (abs(math.log(p)) + abs(found) + 1))
    return total, error


def reverse_chi_square(aux: Numbers, given: Array, reverse: Array) -> float:
    """E_{q(z)} chi^2(q(u|z) || r(u|z))."""
    q, cond, back = np.asarray(aux, float), np.asarray(given, float), np.asarray(reverse, float)
    out = 0.0
    for z in range(cond.shape[1]):
        together = q * cond[:, z]
        posterior = together / together.sum()
        out += float(together.sum()) * math.fsum(back[z] * (posterior / back[z] - 1) ** 2)
    return out
