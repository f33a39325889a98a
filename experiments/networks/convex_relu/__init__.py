"""Two-layer ReLU networks in numbers: certified optima, exact counts, sampled patterns, ADMM, and attacks."""

from gradproof.experiments.networks.convex_relu import derivations, examples, measures, measures_robust, measures_runs

__all__ = ["derivations", "examples", "measures", "measures_robust", "measures_runs"]
