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
    """W_1..W_n for the observations x >= 0, in their order.

    Raises:
        ParameterError: a negative or missing observation, a negative bound, or a lambda outside (0, 1).
    """
    x, grid = np.asarray(x, float), np.asarray(lambdas, float)
    if x.ndim != 1 or not (x >= 0).all():
        raise ParameterError(
            "observations must be a list of numbers >= 0; a quantity that may be negative needs another test"
        )
    if not bound >= 0:
        raise ParameterError(f"bound={bound} must be >= 0, as the observations are")
    if not ((grid > 0) & (grid < 1)).all():
        raise ParameterError("lambdas must lie strictly between 0 and 1")
    if bound == 0:
        # E[X] <= 0 and X >= 0 force X = 0: one positive observation refutes with certainty
        return np.where(np.maximum.accumulate(x) > 0, np.inf, 1.0)
    logs = np.cumsum(np.log1p(grid[:, None] * (x / bound - 1)), axis=1)
    return np.exp(np.minimum(np.logaddexp.reduce(logs, axis=0) - np.log(len(grid)), 700.0))


def e_value(x: ArrayLike, bound: float, *, lambdas: ArrayLike = LAMBDAS) -> float:
    """Largest W_n along the way; the claim E[X] <= bound is refuted at ``level`` when it reaches 1/level."""
    return float(e_process(x, bound, lambdas=lambdas).max(initial=1.0))


def lower_limit(x: ArrayLike, *, level: float, lambdas: ArrayLike = LAMBDAS) -> float:
    """Lower confidence limit of E[X]: every smaller bound is refuted at ``level``. 0 where nothing is refuted.

    W decreases in the bound, so the limit is found by bisection to a relative 1e-9.
    """
    x = np.asarray(x, float)
    if not 0 < level < 1:
        raise ParameterError(f"level={level} must lie in (0, 1)")
    high = float(x.max(initial=0.0))
    if high == 0 or e_value(x, high * 1e-12, lambdas=lambdas) < 1 / level:
        return 0.0
    low = high * 1e-12
    while high - low > 1e-9 * high:
        middle = (low + high) / 2
        low, high = (middle, high) if e_value(x, middle, lambdas=lambdas) >= 1 / level else (low, middle)
    return low
