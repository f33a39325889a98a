"""Mirror descent in numbers: couplings and cones exactly, all paths on a line, runs on the polar example and on the simplex."""

from gradproof.experiments.adaptive.mirror_descent import measures_coupling, measures_runs, measures_steps
from gradproof.experiments.adaptive.mirror_descent.instances import Euclid, Paths, harmonic, interval, signs, simplex
from gradproof.experiments.adaptive.mirror_descent.methods import (
    mirror_descent,
    polar,
    projection_ball,
    projection_simplex,
    softmax,
    vertex_margin,
)

__all__ = [
    "Euclid", "Paths", "harmonic", "interval", "measures_coupling", "measures_runs", "measures_steps", "mirror_descent", "polar",
    "projection_ball", "projection_simplex", "signs", "simplex", "softmax", "vertex_margin",
]  # fmt: skip
