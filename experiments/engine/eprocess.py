"""E-processes: evidence against a bound on an expectation that may be looked at at any time.

To test E[X] <= b for X >= 0: W_n = mean over lambda in a grid in (0, 1) of prod_{i<=n} (1 + lambda (X_i/b - 1)) is a
nonnegative supermartingale of mean <= 1 under the claim, whatever the law of X. By Ville's inequality W ever reaches
1/level with probability at most ``level``.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gradproof.theory.errors import ParameterError

#: Bets from cautious to bold: means a few percent above the bound need small ones, gross violations large ones.
LAMBDAS = np.concatenate([np.geomspace(0.005, 0.5, 12), [0.7, 0.9, 0.99]])


def e_process(x: ArrayLike, bound: float, *, lambdas: ArrayLike = LAMBDAS) -> NDArray[np.float64]:
    """W_1..W_n along the last axis of the observations x >= 0, (..., n), in their order.

    Raises:
        ParameterError: a negative or missing observation, a negative bound, or a lambda outside (0, 1).
    """
    x, grid = np.asarray(x, float), np.asarray(lambdas, float)
    if x.ndim < 1 or not (x >= 0).all():
        raise ParameterError(
            "observations must be a list of numbers >= 0; a quantity that may be negative needs another test"
        )
    if not bound >= 0:
        raise ParameterError(f"bound={bound} must be >= 0, as the observations are")
    if not ((grid > 0) & (grid < 1)).all():
        raise ParameterError("lambdas must lie strictly between 0 and 1")
    if bound == 0:
        # E[X] <= 0 and X >= 0 force X = 0: one positive observation refutes with certainty
        return np.where(np.maximum.accumulate(x, axis=-1) > 0, np.inf, 1.0)
    excess = x / bound - 1
    total = np.full(x.shape, -np.inf)
    for bet in grid:
        np.logaddexp(total, np.cumsum(np.log1p(bet * excess), axis=-1), out=total)
    return np.exp(np.minimum(total - np.log(len(grid)), 700.0))


def e_value(x: ArrayLike, bound: float, *, level: float = 1e-6, lambdas: ArrayLike = LAMBDAS) -> float:
    """W where it first reaches 1/level, else W_n: the claim E[X] <= bound is refuted at ``level`` if it is >= 1/level.

    Stopped, not the greatest W: the greatest would refute as often, but its mean exceeds 1 under the claim, so it could
    not be averaged or ranked with others.
    """
    if np.ndim(x) != 1:
        raise ParameterError("observations must be a list; test each of several lists by itself")
    return float(stopped(e_process(x, bound, lambdas=lambdas), level))


def stopped(W: ArrayLike, level: float) -> NDArray[np.float64]:
    """E-values of e-processes (..., n) that stop where they first reach 1/level; 1 without observations."""
    if not 0 < level < 1:
        raise ParameterError(f"level={level} must lie in (0, 1)")
    W = np.asarray(W, float)
    if W.shape[-1] == 0:
        return np.ones(W.shape[:-1])
    hit = 1 / level <= W
    at = np.where(hit.any(axis=-1), hit.argmax(axis=-1), W.shape[-1] - 1)
    return np.take_along_axis(W, at[..., None], axis=-1)[..., 0]


def lower_limit(x: ArrayLike, *, level: float, lambdas: ArrayLike = LAMBDAS) -> float:
    """Lower confidence limit of E[X]: every smaller bound is refuted at ``level``. 0 where nothing is refuted.

    W decreases in the bound, so the limit is found by bisection to a relative 1e-9.
    """
    x = np.asarray(x, float)
    if not 0 < level < 1:
        raise ParameterError(f"level={level} must lie in (0, 1)")
    high = float(x.max(initial=0.0))
    if high == 0 or e_value(x, high * 1e-12, level=level, lambdas=lambdas) < 1 / level:
        return 0.0
    low = high * 1e-12
    while high - low > 1e-9 * high:
        middle = (low + high) / 2
        refuted = e_value(x, middle, level=level, lambdas=lambdas) >= 1 / level
        low, high = (middle, high) if refuted else (low, middle)
    return low
