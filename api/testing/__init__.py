"""Instances that satisfy their assumptions by construction, as Hypothesis strategies; and tests of claims and methods.

>>> from hypothesis import given
>>> from gradproof.testing import points, smooth_convex
>>> @given(smooth_convex(2.0))
... def test_the_center_is_a_minimizer(f):
...     assert f(f.minimizer) <= f(f.minimizer + 1)
"""

from gradproof.experiments.instances.compressors import RandK, TopK, compressors
from gradproof.experiments.instances.coverage import coverage_functions
from gradproof.experiments.instances.exact import exp, log, sqrt
from gradproof.experiments.instances.functions import (
    L1,
    FiniteSum,
    MaxAffine,
    Smooth,
    finite_sums,
    lipschitz_convex,
    norm,
    points,
    quadratics,
    quadratics_with_spectrum,
    smooth,
    smooth_convex,
    smooth_nonconvex,
    smooth_strongly_convex,
)
from gradproof.experiments.instances.graphs import mixing_matrices
from gradproof.experiments.instances.interpolated import Interpolated
from gradproof.experiments.instances.noise import mean_over_paths, noise_laws
from gradproof.experiments.instances.regressions import least_squares, logistic
from gradproof.experiments.instances.schedules import step_sizes
from gradproof.experiments.instances.source import Source, built, reals
from gradproof.experiments.instances.targets import gaussian_targets, strongly_log_concave
from gradproof.testing.suite import check_method, holds

__all__ = [
    "L1",
    "FiniteSum",
    "Interpolated",
    "MaxAffine",
    "RandK",
    "Smooth",
    "Source",
    "TopK",
    "built",
    "check_method",
    "compressors",
    "coverage_functions",
    "exp",
    "finite_sums",
    "gaussian_targets",
    "holds",
    "least_squares",
    "lipschitz_convex",
    "log",
    "logistic",
    "mean_over_paths",
    "mixing_matrices",
    "noise_laws",
    "norm",
    "points",
    "quadratics",
    "quadratics_with_spectrum",
    "reals",
    "smooth",
    "smooth_convex",
    "smooth_nonconvex",
    "smooth_strongly_convex",
    "sqrt",
    "step_sizes",
    "strongly_log_concave",
]
