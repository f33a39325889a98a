"""Which minima SGD can stay at, in numbers: exact thresholds, certificates, runs, and the checks of the claims."""

from gradproof.experiments.landscape.sgd_stability import controls, empirical, exact, networks, non_uniformity, symbolic

__all__ = ["controls", "empirical", "exact", "networks", "non_uniformity", "symbolic"]
