"""Layered SGD: the same iterates as synchronous SGD, other roundings, and communication that hides behind loading."""

# isort: off
from gradproof.theory.communication.layered_sgd.claims import (
    CONVERGENCE, EQUIVALENCE, FLOAT, HIDDEN_COMMUNICATION, LINEAR_SCALING, LINEAR_SCALING_BELOW, MAKESPAN, MEAN_OF_MEANS,
    MEAN_OF_MEANS_BIAS, OVERLAP_LIMIT, PAPER, ROUNDING_DEPTH, ROUNDING_DRIFT, STRAGGLER, TIME, WARM_UP_SHIFT,
)  # fmt: skip

__all__ = [
    "CONVERGENCE", "EQUIVALENCE", "FLOAT", "HIDDEN_COMMUNICATION", "LINEAR_SCALING", "LINEAR_SCALING_BELOW", "MAKESPAN",
    "MEAN_OF_MEANS", "MEAN_OF_MEANS_BIAS", "OVERLAP_LIMIT", "PAPER", "ROUNDING_DEPTH", "ROUNDING_DRIFT", "STRAGGLER", "TIME",
    "WARM_UP_SHIFT",
]  # fmt: skip
