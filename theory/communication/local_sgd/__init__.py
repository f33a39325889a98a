"""Local SGD: workers with one objective take local steps, and average less and less often."""

from gradproof.theory.communication.local_sgd.claims import (
    ANY_SCHEDULE,
    BLOCK_COST,
    BLOCK_COST_BELOW,
    CONSENSUS,
    DRIFT,
    FIXED_SCHEDULE,
    GROWING_SCHEDULE,
    LOWER_ROUNDS,
    MAIN,
    NECESSITY,
    ONE_SHOT,
    ONE_SHOT_BIAS,
    PAPER,
    QUADRATIC_INVARIANCE,
    QUADRATIC_RATE,
    RECURSION,
    SPREAD,
    SYNCHRONISED,
    WORST_SCHEDULE,
)

__all__ = [
    "ANY_SCHEDULE", "BLOCK_COST", "BLOCK_COST_BELOW", "CONSENSUS", "DRIFT", "FIXED_SCHEDULE", "GROWING_SCHEDULE", "LOWER_ROUNDS",
    "MAIN", "NECESSITY", "ONE_SHOT", "ONE_SHOT_BIAS", "PAPER", "QUADRATIC_INVARIANCE", "QUADRATIC_RATE", "RECURSION", "SPREAD",
    "SYNCHRONISED", "WORST_SCHEDULE",
]  # fmt: skip
