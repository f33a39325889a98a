"""Full-batch methods: gradient descent needs 1/epsilon^4 steps where one-pass SGD needs 1/epsilon^2."""

from gradproof.theory.limits.full_batch.claims import (
    BAD_SET,
    EMPIRICAL,
    GD_AVERAGE,
    GD_EXCESS,
    GD_LOWER,
    GD_RATE,
    GD_STABILITY,
    GD_UPPER,
    GD_WALK,
    LIPSCHITZ_WALK,
    PAPER,
    ROOT_LOWER,
    ROOT_UPPER,
    SGD_UPPER,
)

__all__ = [
    "BAD_SET", "EMPIRICAL", "GD_AVERAGE", "GD_EXCESS", "GD_LOWER", "GD_RATE", "GD_STABILITY",
    "GD_UPPER", "GD_WALK", "LIPSCHITZ_WALK", "PAPER", "ROOT_LOWER", "ROOT_UPPER", "SGD_UPPER",
]  # fmt: skip
