"""Statistics for what an e-process on a nonnegative quantity does not cover: bounded quantities, rates, whole ledgers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gradproof.experiments.engine.store import Row
from gradproof.theory.errors import ParameterError
from gradproof.theory.evidence import Level

# --- bounded quantities ----------------------------------------------------------------------------------------------


def betting_capital(x: ArrayLike, mean: ArrayLike, *, level: float = 0.05) -> NDArray[np.float64]:
    """Log-capital after each observation of two gamblers who bet against E[X] = ``mean``, hedged; (means, n).

    x in [0, 1], in the order observed. K = (K+ + K-)/2, K+- = prod (1 +- lambda_i (x_i - m)) with predictable bets
    lambda_i. Under E[X_i | past] = m it is a nonnegative martingale of mean 1, whatever the law, so it ever reaches
    1/level with probability at most ``level``. ``level`` tunes the bets alone.

    Source: Waudby-Smith, Ramdas (2024), "Estimating means of bounded random variables by betting", section 4.2.
    """
    x, m = np.asarray(x, float), np.atleast_1d(np.asarray(mean, float))
    if x.ndim != 1 or not ((x >= 0) & (x <= 1)).all():
        raise ParameterError("observations must be a list of numbers in [0, 1]; rescale by the known bounds")
    t = np.arange(1, len(x) + 1)
    average = (0.5 + np.cumsum(x)) / (t + 1)
    variance = (0.25 + np.cumsum((x - average) ** 2)) / (t + 1)
    past = np.concatenate([[0.25], variance[:-1]])  # a bet may not see the observation that it is placed on
    bet = np.sqrt(2 * np.log(2 / level) / (past * t * np.log1p(t)))
    up = np.minimum(bet, 0.5 / np.maximum(m, 1e-12)[:, None])
    down = np.minimum(bet, 0.5 / np.maximum(1 - m, 1e-12)[:, None])
    deviation = x - m[:, None]
    rise = np.cumsum(np.log1p(up * deviation), axis=1)
    fall = np.cumsum(np.log1p(-down * deviation), axis=1)
    return np.logaddexp(rise, fall) - np.log(2)


def confidence_sequence(
    x: ArrayLike, *, low: float = 0.0, high: float = 1.0, level: float, grid: int = 1001
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Lower and upper limits of E[X] after each observation; all of them hold together with probability >= 1 - level.

    Args:
        x: observations in [low, high], with the same conditional mean.
        grid: candidates for the mean; the limits are widened to the next candidate, so they cover all means.

    Raises:
        ParameterError: an observation outside [low, high], or a level outside (0, 1).
    """
    if not 0 < level < 1:
        raise ParameterError(f"level={level} must lie in (0, 1)")
    if not low < high:
        raise ParameterError(f"need low < high, got {low} and {high}")
    x = np.asarray(x, float)
    if not ((x >= low) & (x <= high)).all():
        raise ParameterError(
            f"an observation lies outside [{low}, {high}]; the limits hold for bounded quantities only"
        )
    m = np.linspace(0, 1, grid)
    capital = np.maximum.accumulate(betting_capital((x - low) / (high - low), m, level=level), axis=1)
    alive = capital < np.log(1 / level)
    # where the candidates left lie between two of the grid, the limits before them still hold
    time = np.maximum.accumulate(np.where(alive.any(axis=0), np.arange(len(x)), 0))
    first, last = alive.argmax(axis=0)[time], grid - 1 - alive[::-1].argmax(axis=0)[time]
    lower, upper = m[np.maximum(first - 1, 0)], m[np.minimum(last + 1, grid - 1)]
    return low + (high - low) * lower, low + (high - low) * upper


# --- rates -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Exponent:
    """``values ~ C steps^slope`` over a window of steps, with an interval for the slope."""

    slope: float
    low: float
    high: float
    window: tuple[float, float]
    replicates: int
    test: str  # how the interval was found


def rate_exponent(steps: ArrayLike, values: ArrayLike, *, tail: float = 0.5, level: float = 0.01) -> Exponent:
    """Slope of log(values) against log(steps) over the last part of the steps.

    Two errors enter the interval: the spread over replicates (Student's t of their slopes, at ``level``; an approximation,
    since slopes of logarithms are normal only nearly), and how far the slope still moves inside the window (the slopes of its
    two halves), which is all there is for one replicate. An asymptotic claim speaks of what comes after the last step: the
    interval describes the window, no more.

    Args:
        steps: (k,) positive. values: (k,) or (replicates, k), positive.
        tail: share of the range of log(steps) that is used.

    Raises:
        ParameterError: fewer than eight steps in the window, or values that are not positive.
    """
    s, v = np.asarray(steps, float), np.atleast_2d(np.asarray(values, float))
    if s.ndim != 1 or v.shape[1] != len(s) or not (s > 0).all():
        raise ParameterError(f"need positive steps (k,) and values (replicates, k), got {s.shape} and {v.shape}")
    x = np.log(s)
    window = x >= x.max() - tail * (x.max() - x.min())
    if window.sum() < 8:
        raise ParameterError(f"{window.sum()} steps in the window are too few for a slope; record more, or raise tail")
    if not (v[:, window] > 0).all():
        raise ParameterError("values must be positive to have a rate; a quantity that reaches 0 has none")
    x, y = x[window], np.log(v[:, window])
    middle = (x[0] + x[-1]) / 2
    slopes = _slopes(x, y)
    halves = [_slopes(x[half], y[:, half]).mean() for half in (x <= middle, x >= middle)]
    slope, spread, test = float(slopes.mean()), 0.0, "slopes of the two halves of the window"
    if len(slopes) > 1:
        from scipy.stats import t

        test += ", and Student's t, an approximation for these runs"

        spread = float(t.ppf(1 - level / 2, len(slopes) - 1) * slopes.std(ddof=1) / np.sqrt(len(slopes)))
    low, high = min(slope, *halves) - spread, max(slope, *halves) + spread
    return Exponent(slope, float(low), float(high), (float(np.exp(x[0])), float(np.exp(x[-1]))), len(slopes), test)


def _slopes(x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.float64]:
    centred = x - x.mean()
    return (y - y.mean(axis=1, keepdims=True)) @ centred / (centred @ centred)


# --- a whole ledger --------------------------------------------------------------------------------------------------


def e_bh(e_values: Sequence[float], *, level: float) -> list[int]:
    """Indices refuted by the e-BH rule: of those called refuted, a share of at most ``level`` is wrong in expectation.

    The k greatest e-values are refuted, k the largest number such that the k-th greatest is >= n/(k level). Holds under
    any dependence between the e-values.

    Source: Wang, Ramdas (2022), "False discovery rate control with e-values", JRSS B 84.

    Raises:
        ParameterError: an e-value that is negative or not a number, or a level outside (0, 1).
    """
    e = np.asarray(e_values, float)
    if not 0 < level < 1:
        raise ParameterError(f"level={level} must lie in (0, 1)")
    if not (e >= 0).all():
        raise ParameterError("e-values must be >= 0 and not NaN; leave undecided checks out")
    order = np.argsort(-e, kind="stable")
    enough = np.nonzero(e[order] * np.arange(1, len(e) + 1) >= len(e) / level)[0]
    return sorted(order[: enough[-1] + 1].tolist()) if len(enough) else []


def family_wise(e_values: Iterable[float]) -> float:
    """One e-value against "all of these claims hold": their average, an e-value under any dependence."""
    e = np.asarray(list(e_values), float)
    if not len(e) or not (e >= 0).all():
        raise ParameterError("need e-values, all >= 0 and none NaN")
    return float(e.mean())


def refuted_together(rows: Iterable[Row], *, level: float) -> list[Row]:
    """Rows of a ledger that the e-BH rule refutes among all its statistical checks; controls are left out.

    A row keeps one of the e-values of its k measurements; divided by k it is at most their average, an e-value whatever
    their dependence and however it was picked.
    """
    tested = [
        r for r in rows if r.level is not Level.CONTROL and r.verdict.worst and r.verdict.worst.e_value is not None
    ]
    e = [float(r.verdict.worst.e_value or 0) / max(r.verdict.n, 1) for r in tested if r.verdict.worst]
    return [tested[k] for k in e_bh(e, level=level)]
