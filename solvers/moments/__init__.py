"""Second moments of linearised SGD near a minimum: exact stability thresholds, bounds, certificates and reports."""

from gradproof.solvers.moments.algebraic import AlgebraicThreshold, algebraic_threshold, largest_eigenvalue
from gradproof.solvers.moments.bounds import Bounds, alignment, bounds, uniformity
from gradproof.solvers.moments.certificates import Bracket, accepts, certify, certify_threshold
from gradproof.solvers.moments.curvatures import Curvatures, from_jacobian
from gradproof.solvers.moments.enumeration import Enumeration
from gradproof.solvers.moments.operators import NotConverged
from gradproof.solvers.moments.report import StabilityReport, stability_report
from gradproof.solvers.moments.threshold import (
    Threshold,
    gaussian_threshold,
    second_moments,
    spectral_radius,
    stability_threshold,
    stationary_covariance,
)

__all__ = [
    "AlgebraicThreshold",
    "Bounds",
    "Bracket",
    "Curvatures",
    "Enumeration",
    "NotConverged",
    "StabilityReport",
    "Threshold",
    "accepts",
    "algebraic_threshold",
    "alignment",
    "bounds",
    "certify",
    "certify_threshold",
    "from_jacobian",
    "gaussian_threshold",
    "largest_eigenvalue",
    "second_moments",
    "spectral_radius",
    "stability_report",
    "stability_threshold",
    "stationary_covariance",
    "uniformity",
]
