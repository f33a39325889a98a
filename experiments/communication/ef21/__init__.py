"""EF21 in numbers: methods, problems, and the checks that confront its claims with evidence."""

from gradproof.experiments.communication.ef21 import symbolic

__all__ = ["symbolic"]
