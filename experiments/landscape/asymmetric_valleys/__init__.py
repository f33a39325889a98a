"""Asymmetric valleys in numbers: random shifts, SGD on the valley, real losses, and the evidence for the claims."""

from gradproof.experiments.landscape.asymmetric_valleys import derivations, measures_data, measures_sgd, measures_shift
from gradproof.experiments.landscape.asymmetric_valleys.networks import (
    along_the_line,
    digits,
    logistic_losses,
    pair,
    shift_mismatch,
    slope_ratio,
    train,
)

__all__ = [
    "along_the_line", "derivations", "digits", "logistic_losses", "measures_data", "measures_sgd", "measures_shift", "pair",
    "shift_mismatch", "slope_ratio", "train",
]  # fmt: skip
