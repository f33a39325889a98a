"""Gradient estimators of programs in numbers: exact lists and draws, bounds of the evidence, ascent."""

from gradproof.experiments.sampling.programmable_vi import measures, measures_bounds

__all__ = ["measures", "measures_bounds"]
