"""Laplacian smoothing in numbers: methods, attraction regions, and the checks that confront the claims with evidence."""

from gradproof.experiments.landscape.laplacian_smoothing import (
    dimensions,
    every_schedule,
    literal,
    rates,
    smoothing,
    symbolic,
)
from gradproof.experiments.landscape.laplacian_smoothing.digits import compare_on_digits
from gradproof.experiments.landscape.laplacian_smoothing.methods import (
    Method,
    SmoothingState,
    constant,
    expected_loss,
    norms_after,
    saddle,
    smoothed_gd,
    smoothed_sgd,
    stationary_covariance,
)
from gradproof.experiments.landscape.laplacian_smoothing.region import AttractionRegion, attraction_region

__all__ = [
    "AttractionRegion",
    "Method",
    "SmoothingState",
    "attraction_region",
    "compare_on_digits",
    "constant",
    "dimensions",
    "every_schedule",
    "expected_loss",
    "literal",
    "norms_after",
    "rates",
    "saddle",
    "smoothed_gd",
    "smoothed_sgd",
    "smoothing",
    "stationary_covariance",
    "symbolic",
]
