"""SGLD, SGLDFP, LMC and SGD in numbers: exact covariances, certificates, runs, controls."""

from gradproof.experiments.sampling.sgld import controls, derivations, measures, measures_runs, measures_spread

__all__ = ["controls", "derivations", "measures", "measures_runs", "measures_spread"]
