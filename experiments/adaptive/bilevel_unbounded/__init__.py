"""BO-REP in numbers: rational problems and recursions exactly, runs on a closed form, and cleaning the labels of digits."""

from gradproof.experiments.adaptive.bilevel_unbounded import measures_lower, measures_steps, measures_upper

__all__ = ["measures_lower", "measures_steps", "measures_upper"]
