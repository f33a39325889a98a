"""BO-REP: bilevel optimisation where the curvature of the upper level grows with its gradient."""

# isort: off
from gradproof.theory.adaptive.bilevel_unbounded.claims import (
    COSH_L0L1, ERROR_GROWS, HYPERGRADIENT, HYPERGRADIENT_ERROR, LOWER_CONTRACTION, MOMENTUM_BOUND, NEUMANN,
    NORMALIZED_AVERAGE, NORMALIZED_DESCENT, PAPER, PAPER_THEOREM, PHI_RELAXED, QUARTIC_L0L1, QUARTIC_RADIUS,
    SOLUTION_LIPSCHITZ, TRACKING, TRACKING_BETWEEN, TRACKING_STEADY,
)  # fmt: skip
from gradproof.theory.adaptive.bilevel_unbounded.formulas import error_factor, quartic_K0, smooth_factor

__all__ = [
    "COSH_L0L1", "ERROR_GROWS", "HYPERGRADIENT", "HYPERGRADIENT_ERROR", "LOWER_CONTRACTION", "MOMENTUM_BOUND", "NEUMANN",
    "NORMALIZED_AVERAGE", "NORMALIZED_DESCENT", "PAPER", "PAPER_THEOREM", "PHI_RELAXED", "QUARTIC_L0L1", "QUARTIC_RADIUS",
    "SOLUTION_LIPSCHITZ", "TRACKING", "TRACKING_BETWEEN", "TRACKING_STEADY",
    "error_factor", "quartic_K0", "smooth_factor",
]  # fmt: skip
