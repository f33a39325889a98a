"""Two-layer ReLU networks in numbers: certified optima, exact counts, sampled patterns, ADMM, and attacks."""

from gradproof.experiments.networks.convex_relu import programs, reformulation, robust, sampling, splitting

__all__ = ["programs", "reformulation", "robust", "sampling", "splitting"]
