"""Performance estimation: the exact worst case of a method over a class of functions, and a proof of it.

>>> from fractions import Fraction
>>> from gradproof.solvers.pep import Problem, SmoothStronglyConvex
>>> problem = Problem()
>>> f = problem.function(SmoothStronglyConvex(mu=1, L=10))
>>> x_star, x0 = f.minimiser(), problem.point("x0")
>>> x = x0 - Fraction(1, 10) * f.gradient(x0)
>>> worst = problem.worst_case((x - x_star) ** 2, per=(x0 - x_star) ** 2)
>>> round(worst.bound, 6)
0.81
>>> worst.certify().bound >= Fraction(81, 100)
True
"""

from gradproof.solvers.pep.certify.certificate import Certificate, CertificateUnavailable
from gradproof.solvers.pep.certify.ray_search import Contradictory, Unbounded
from gradproof.solvers.pep.certify.worst_case import Problem, WorstCase
from gradproof.solvers.pep.model.classes import (
    BoundedGradient,
    Cocoercive,
    Contractive,
    Convex,
    ConvexLipschitz,
    FunctionClass,
    Indicator,
    LipschitzOperator,
    Monotone,
    PolyakLojasiewicz,
    Quadratic,
    Smooth,
    SmoothConvex,
    SmoothStronglyConvex,
    StronglyConvex,
    StronglyMonotone,
)
from gradproof.solvers.pep.model.expressions import PepError, Scalar, Vector, decimal, exact
from gradproof.solvers.pep.model.problem import Mapping
from gradproof.solvers.pep.model.steps import line_search, linear_minimiser, project, proximal
from gradproof.solvers.pep.solve.answer import Status

__all__ = [
    "BoundedGradient",
    "Certificate",
    "CertificateUnavailable",
    "Cocoercive",
    "Contractive",
    "Contradictory",
    "Convex",
    "ConvexLipschitz",
    "FunctionClass",
    "Indicator",
    "LipschitzOperator",
    "Mapping",
    "Monotone",
    "PepError",
    "PolyakLojasiewicz",
    "Problem",
    "Quadratic",
    "Scalar",
    "Smooth",
    "SmoothConvex",
    "SmoothStronglyConvex",
    "Status",
    "StronglyConvex",
    "StronglyMonotone",
    "Unbounded",
    "Vector",
    "WorstCase",
    "decimal",
    "exact",
    "line_search",
    "linear_minimiser",
    "project",
    "proximal",
]
