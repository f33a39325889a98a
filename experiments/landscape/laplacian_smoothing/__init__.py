"""Laplacian smoothing in numbers: methods, attraction regions, and the measures that confront the claims with evidence."""

from gradproof.experiments.landscape.laplacian_smoothing import controls, derivations
from gradproof.experiments.landscape.laplacian_smoothing.digits import compare_on_digits
from gradproof.experiments.landscape.laplacian_smoothing.methods import (
    constant,
    expected_loss,
    norms_after,
    saddle,
    smoothed_gd,
    smoothed_sgd,
)
from gradproof.experiments.landscape.laplacian_smoothing.region import (
    AttractionRegion,
    attraction_region,
    dimension_table,
)

__all__ = [
    "AttractionRegion", "attraction_region", "compare_on_digits", "constant", "controls", "derivations",
    "dimension_table", "expected_loss", "norms_after", "saddle", "smoothed_gd", "smoothed_sgd",
]  # fmt: skip
