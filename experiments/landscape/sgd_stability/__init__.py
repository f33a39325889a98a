"""Which minima SGD can stay at, in numbers: exact thresholds, certificates, runs, and the checks of the claims."""

from gradproof.experiments.landscape.sgd_stability import controls, exact, symbolic

__all__ = ["controls", "exact", "symbolic"]
