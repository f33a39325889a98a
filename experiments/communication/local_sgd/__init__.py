"""Local SGD in numbers: exact steps and recursions, costs of schedules, limits of one-shot averaging, runs and real data."""

from gradproof.experiments.communication.local_sgd import (
    controls,
    derivations,
    examples,
    fedac,
    measures,
    measures_runs,
    relative,
)
from gradproof.experiments.communication.local_sgd.instances import Bent, SharedRows, TwoSlopes, ridge_logistic
from gradproof.experiments.communication.local_sgd.methods import errors, local_sgd, means

__all__ = [
    "Bent", "SharedRows", "TwoSlopes", "controls", "derivations", "errors", "examples", "fedac", "local_sgd", "means", "measures",
    "measures_runs", "relative", "ridge_logistic",
]  # fmt: skip
