"""diffGrad in numbers: measures, controls, derivations."""

from gradproof.experiments.adaptive.diffgrad import controls, derivations, examples, measures

__all__ = ["controls", "derivations", "examples", "measures"]
