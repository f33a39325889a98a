"""Random quantities: is the expectation above the bound? A sequential test on fresh samples, at a stated level."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from typing import Any

import numpy as np

from gradproof.experiments.attack.bound import bound_in_floats
from gradproof.experiments.attack.decide import Decision, show
from gradproof.experiments.attack.experiment import Experiment
from gradproof.experiments.attack.ranges import respects
from gradproof.theory.arguments import as_float
from gradproof.theory.claim import Claim
from gradproof.theory.evidence import Measurement, Relation

LEVEL = 1e-6  # over all tests of one search together
LAMBDAS = np.geomspace(5e-4, 0.98, 25)  # small bets are what rare large values allow
MOST = 200_000
SECONDS = 6.0


class _Bet:
    """W_n for E[Y] <= b, Y >= 0."""

    def __init__(self) -> None:
        self.logs = np.zeros(len(LAMBDAS))

    def see(self, y: float, bound: float) -> float:
        """One more observation; the e-value so far. A bound larger by 2^-26 covers the rounding of y."""
        if math.isfinite(y):
            self.logs += np.log1p(LAMBDAS * (y / (bound * (1 + 2.0**-26)) - 1))
        top = self.logs.max()
        return float(np.exp(min(top, 700.0)) * np.exp(self.logs - top).mean())


def decide_in_expectation(
    made: Experiment, claim: Claim, instance: Mapping[str, Any], drop: frozenset[str], tests: int = 0, *,
    seconds: float = math.inf, samples: int = MOST,
) -> Decision:  # fmt: skip
    """Test E[X] <= b for X >= 0 by W_n = mean over lambda of prod(1 + lambda (X_i/b - 1)); refute when W_n >= 1/level.

    W_n is a nonnegative supermartingale under the claim, whatever the law of X (Ville). E[X] >= b is tested on M - X for
    quantities in [0, M] only: without M, rare large values that no sample has shown could make up for any shortfall. An
    equality is tested from both sides, each at half the level. ``tests`` counts the tests made before in this search:
    their levels add up to ``LEVEL``. At most ``samples`` are taken, in at most ``seconds`` (and ``SECONDS``, unless there are
    more samples than usual).
    """
    relation = made.relation(claim)
    above, below = relation in (Relation.LE, Relation.EQ), relation in (Relation.GE, Relation.EQ)
    below = below and made.at_most is not None
    level = LEVEL * 6 / math.pi**2 / (tests + 1) ** 2 / (2 if above and below else 1)
    stop = time.monotonic() + min(seconds, SECONDS * samples / MOST)
    up, down = _Bet(), _Bet()
    total, n, e_value, bound = 0.0, 0, 1.0, math.nan
    values: dict[str, Any] = {}
    why = (
        ""
        if above or below
        else "a lower bound on an expectation can be tested for bounded quantities only: give at_most"
    )
    rng = np.random.default_rng([20_000_003, tests])  # streams 0, 1, ... chose the instance: fresh samples decide
    while n < samples and not why and time.monotonic() < stop:
        measured, values = made.run(instance, rng)
        x = as_float(measured)
        bound = bound_in_floats(claim, values)
        most = _most(made, claim, values) if below else math.inf
        if not (x >= 0 and bound > 0):
            why = "the sequential test needs a nonnegative quantity and a positive bound"
            break
        if x > most * (1 + 2.0**-40):
            why = f"the quantity {x:.6g} exceeds at_most = {most:.6g}"
            break
        total, n = total + x, n + 1
        e_value = max(
            up.see(x, bound) if above else 0.0, down.see(most - x, most - bound) if below and most > bound else 0.0
        )
        if e_value >= 1 / level:
            break
    ok = not why and n > 0 and respects(claim, values, drop)
    m = Measurement(
        measured=total / n if n else math.nan, bound=bound, source="statistics", test="e-process", parameters=show(values),
        n=max(n, 1), e_value=e_value, level=level, what="mean",
    )  # fmt: skip
    how = why or f"e-value {e_value:.3g} from {n} fresh samples, level {level:.2g}"
    return Decision(m, ok and e_value >= 1 / level, how)


def _most(made: Experiment, claim: Claim, values: Mapping[str, Any]) -> float:
    return bound_in_floats(claim.with_bound(made.at_most), values)
