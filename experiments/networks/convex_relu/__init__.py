"""Two-layer ReLU networks in numbers: certified optima, exact counts, sampled patterns, ADMM, and attacks."""

from gradproof.experiments.networks.convex_relu import examples, programs, reformulation, robust, sampling, splitting

__all__ = ["examples", "programs", "reformulation", "robust", "sampling", "splitting"]
