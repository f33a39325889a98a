"""One attention layer in numbers: max-margin matrices in rationals, gradients, runs, paths, and the factored layer."""

from gradproof.experiments.networks.attention_svm import directions, examples, gradients, paths, separation

__all__ = ["directions", "examples", "gradients", "paths", "separation"]
