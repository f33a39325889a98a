"""Full-batch methods in numbers: gradient descent and SGD on J-walk, stability, and the evidence for the claims."""

from gradproof.experiments.limits.full_batch import measures_upper, measures_walk
from gradproof.experiments.limits.full_batch.instances import JWalk, blind, lattice, opposite
from gradproof.experiments.limits.full_batch.methods import Loss, descent

__all__ = ["JWalk", "Loss", "blind", "descent", "lattice", "measures_upper", "measures_walk", "opposite"]
