"""Stale gradients in numbers: exact laws of delay recursions, runs with a parameter server, controls."""

from gradproof.experiments.sampling.stale_sgmcmc import controls, derivations, measures, measures_server

__all__ = ["controls", "derivations", "measures", "measures_server"]
