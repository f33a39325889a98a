"""Layered SGD: trajectories in rationals, sums in any order and arithmetic, schedules event by event, runs on digits."""

from gradproof.experiments.communication.layered_sgd import controls, derivations, examples, measures, measures_runs
from gradproof.experiments.communication.layered_sgd.methods import (
    SoftmaxWorkers,
    digits,
    equal_groups,
    in_groups,
    iterates,
    layered_sgd,
)

__all__ = [
    "SoftmaxWorkers", "controls", "derivations", "digits", "equal_groups", "examples", "in_groups", "iterates", "layered_sgd",
    "measures", "measures_runs",
]  # fmt: skip
