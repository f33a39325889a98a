"""Gradient estimators of programs in numbers: exact lists and draws, bounds of the evidence, ascent."""

from gradproof.experiments.sampling.programmable_vi import derivations, measures, measures_bounds, measures_runs

__all__ = ["derivations", "measures", "measures_bounds", "measures_runs"]
