"""Leader SGD: workers pulled towards the best of them; rates, worst steps, fixed points and how many leaders help."""

# isort: off
from gradproof.theory.communication.leader_sgd.claims import (
    BETWEEN, COMBINATION, DECREASING, EASGD, EXACT_CONVEX, EXACT_STRONG, FACTORS, FIXED_POINTS, HALF_VOLUME, LARGE_ANGLE,
    MONOTONE, ONE_STEP, PAPER, RATE, SELECTION, STATIONARITY, STOCHASTIC, STOCHASTIC_DECREASING,
)  # fmt: skip
from gradproof.theory.communication.leader_sgd.formulas import between, limit_fraction, weak_pull_limit

__all__ = [
    "BETWEEN", "COMBINATION", "DECREASING", "EASGD", "EXACT_CONVEX", "EXACT_STRONG", "FACTORS", "FIXED_POINTS", "HALF_VOLUME",
    "LARGE_ANGLE", "MONOTONE", "ONE_STEP", "PAPER", "RATE", "SELECTION", "STATIONARITY", "STOCHASTIC",
    "STOCHASTIC_DECREASING", "between", "limit_fraction", "weak_pull_limit",
]  # fmt: skip
