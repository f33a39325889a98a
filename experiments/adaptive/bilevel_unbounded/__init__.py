"""BO-REP in numbers: rational problems and recursions exactly, runs on a closed form, and cleaning the labels of digits."""

from gradproof.experiments.adaptive.bilevel_unbounded import measures_lower, measures_steps, measures_upper
from gradproof.experiments.adaptive.bilevel_unbounded.instances import CARD, smooth
from gradproof.experiments.adaptive.bilevel_unbounded.measures_lower import cleaning_run, smooth_runs
from gradproof.experiments.adaptive.bilevel_unbounded.methods import bo_rep

__all__ = [
    "CARD",
    "bo_rep",
    "cleaning_run",
    "measures_lower",
    "measures_steps",
    "measures_upper",
    "smooth",
    "smooth_runs",
]
