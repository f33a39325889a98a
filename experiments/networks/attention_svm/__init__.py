"""One attention layer in numbers: max-margin matrices in rationals, gradients, runs, paths, and the factored layer."""

from gradproof.experiments.networks.attention_svm import derivations, examples, measures, measures_runs

__all__ = ["derivations", "examples", "measures", "measures_runs"]
