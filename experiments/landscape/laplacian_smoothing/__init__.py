"""Laplacian smoothing in numbers: methods, attraction regions, and the measures that confront the claims with evidence."""

from gradproof.experiments.landscape.laplacian_smoothing import (
    controls,
    derivations,
    measures_rates,
    measures_regions,
    measures_smoothing,
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
from gradproof.experiments.landscape.laplacian_smoothing.region import (
    AttractionRegion,
    attraction_region,
    dimension_table,
)

__all__ = [
    "AttractionRegion", "Method", "SmoothingState", "attraction_region", "compare_on_digits", "constant", "controls",
    "derivations", "dimension_table", "expected_loss", "measures_rates", "measures_regions", "measures_smoothing",
    "norms_after", "saddle", "smoothed_gd", "smoothed_sgd", "stationary_covariance",
]  # fmt: skip
