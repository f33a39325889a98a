"""Which minima SGD can stay at, in numbers: exact thresholds, certificates, runs, and the checks of the claims."""

from gradproof.experiments.landscape.sgd_stability import controls, derivations, measures, measures_runs

__all__ = ["controls", "derivations", "measures", "measures_runs"]
