"""EF21 in numbers: methods, problems, and the measures that confront its claims with evidence."""

from gradproof.experiments.communication.ef21 import controls, derivations, measures, measures_runs

__all__ = ["controls", "derivations", "measures", "measures_runs"]
