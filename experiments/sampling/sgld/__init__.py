"""Langevin samplers against the posterior, in numbers: exact covariances, runs on diabetes and breast cancer, controls."""

from gradproof.experiments.sampling.sgld import controls, empirical, exact, symbolic

__all__ = ["controls", "empirical", "exact", "symbolic"]
