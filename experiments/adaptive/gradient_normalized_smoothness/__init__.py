"""Gradient-normalized smoothness in numbers: certified radii, steps in rational numbers, runs of the adaptive search."""

# isort: off
from gradproof.experiments.adaptive.gradient_normalized_smoothness import (
    measures_radius, measures_rates, measures_runs, measures_steps,
)  # fmt: skip
from gradproof.experiments.adaptive.gradient_normalized_smoothness.instances import (
    LINES,
    Quadratic,
    Turning,
    line_step,
    searched,
)
from gradproof.experiments.adaptive.gradient_normalized_smoothness.measures_rates import shrinking, sliding
from gradproof.experiments.adaptive.gradient_normalized_smoothness.methods import (
    adaptive_search, log_sum_exp, logistic, power_of_norm, walk, without_hessian,
)  # fmt: skip
# isort: on

__all__ = [
    "LINES", "Quadratic", "Turning", "adaptive_search", "line_step", "log_sum_exp", "logistic", "measures_radius",
    "measures_rates", "measures_runs", "measures_steps", "power_of_norm", "searched", "shrinking", "sliding", "walk",
    "without_hessian",
]  # fmt: skip
