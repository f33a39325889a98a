"""Gradient-normalized smoothness in numbers: certified radii, steps in rational numbers, runs of the adaptive search."""

from gradproof.experiments.adaptive.gradient_normalized_smoothness import (
    measures_radius,
    measures_rates,
    measures_runs,
    measures_steps,
)

__all__ = ["measures_radius", "measures_rates", "measures_runs", "measures_steps"]
