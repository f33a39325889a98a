"""Stale gradients in numbers: exact laws of delay recursions, runs with a parameter server, controls."""

from gradproof.experiments.sampling.stale_sgmcmc import controls, empirical, exact, symbolic

__all__ = ["controls", "empirical", "exact", "symbolic"]
