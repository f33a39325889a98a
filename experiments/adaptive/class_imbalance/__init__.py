"""Class imbalance in numbers: measures, controls, derivations."""

from gradproof.experiments.adaptive.class_imbalance import controls, derivations, examples, measures

__all__ = ["controls", "derivations", "examples", "measures"]
