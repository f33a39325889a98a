"""Full-batch methods in numbers: gradient descent and SGD on J-walk, stability, and the evidence for the claims."""

from gradproof.experiments.limits.full_batch import measures_upper, measures_walk

__all__ = ["measures_upper", "measures_walk"]
