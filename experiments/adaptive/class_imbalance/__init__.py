"""Heavy-tailed class imbalance in numbers: the solved model, its discretisations, runs, digits with rare classes, controls."""

from gradproof.experiments.adaptive.class_imbalance import controls, exact, examples, runs, symbolic

__all__ = ["controls", "exact", "examples", "runs", "symbolic"]
