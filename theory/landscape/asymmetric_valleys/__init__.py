"""Asymmetric valleys: a bias towards the flat side gains under random shifts, and averaged SGD has it."""

from gradproof.theory.landscape.asymmetric_valleys.claims import (
    AVERAGE,
    CYCLE_MEAN,
    DIFFUSION_ABOVE,
    DIFFUSION_BELOW,
    FINITE,
    GAUSSIAN_BIAS,
    GAUSSIAN_LEAST,
    JOINT,
    LOGISTIC_ASYMMETRY,
    LOSS,
    MOST_GAIN,
    OPTIMAL_BIAS,
    PAPER,
    QUADRATIC,
    SEPARABLE,
    SHARE,
    SHIFT_GAIN,
    SWA,
)

__all__ = [
    "AVERAGE", "CYCLE_MEAN", "DIFFUSION_ABOVE", "DIFFUSION_BELOW", "FINITE", "GAUSSIAN_BIAS", "GAUSSIAN_LEAST", "JOINT",
    "LOGISTIC_ASYMMETRY", "LOSS", "MOST_GAIN", "OPTIMAL_BIAS", "PAPER", "QUADRATIC", "SEPARABLE", "SHARE", "SHIFT_GAIN", "SWA",
]  # fmt: skip
