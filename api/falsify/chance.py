"""Random quantities: is the expectation above the bound? A sequential test on fresh samples, at a stated level."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from typing import Any

import numpy as np

from gradproof.falsify.bound import bound_in_floats
from gradproof.falsify.decide import Decision, show
from gradproof.falsify.experiment import Experiment, respects
from gradproof.theory.claim import Claim
from gradproof.theory.evidence import Measurement, Relation

LEVEL = 1e-6  # over all tests of one search together
LAMBDAS = np.linspace(0.02, 0.98, 25)
MOST = 40_000
SECONDS = 6.0


def decide_in_expectation(
    made: Experiment, claim: Claim, instance: Mapping[str, Any], drop: frozenset[str], tests: int = 0
) -> Decision:
    """Test E[X] <= b for X >= 0 by W_n = mean over lambda of prod(1 + lambda (X_i/b - 1)); refute when W_n >= 1/level.

    W_n is a nonnegative supermartingale under the claim, whatever the law of X (Ville). ``tests`` counts the tests made
    before in this search: their levels add up to ``LEVEL``.
    """
    level = LEVEL * 6 / math.pi**2 / (tests + 1) ** 2
    stop = time.monotonic() + SECONDS
    logs = np.zeros(len(LAMBDAS))
    total, n, e_value, bound = 0.0, 0, 1.0, math.nan
    values: dict[str, Any] = {}
    nonnegative = claim.relation is Relation.LE
    while n < MOST and nonnegative and time.monotonic() < stop:
        # streams 0..15 chose the instance: fresh ones decide
        measured, values = made.run(instance, np.random.default_rng([20_000_003, tests, n]))
        x = float(measured)
        bound = bound_in_floats(claim, values)
        if not (x >= 0 and bound > 0):
            nonnegative = False
            break
        total, n = total + x, n + 1
        # a bound larger by 2^-26 covers the rounding of x
        logs += np.log1p(LAMBDAS * (x / (bound * (1 + 2.0**-26)) - 1)) if math.isfinite(x) else 0.0
        top = logs.max()
        e_value = float(np.exp(min(top, 700.0)) * np.exp(logs - top).mean())
        if e_value >= 1 / level:
            break
    ok = nonnegative and n > 0 and respects(claim, values, drop)
    m = Measurement(
        measured=total / n if n else math.nan, bound=bound, error_source="statistical", parameters=show(values), n=max(n, 1),
        e_value=e_value, level=level, what="mean",
    )  # fmt: skip
    how = f"e-value {e_value:.3g} from {n} fresh samples, level {level:.2g}"
    if not nonnegative:
        how = "the sequential test needs a nonnegative quantity with an upper bound"
    return Decision(m, ok and e_value >= 1 / level, how)
