"""ATOMO in numbers: enumeration in rationals, exact optima with their dual certificates, digits, and controls."""

from gradproof.experiments.communication.atomo import derivations, measures
from gradproof.experiments.communication.atomo.methods import digits_loss, digits_runs

__all__ = ["derivations", "digits_loss", "digits_runs", "measures"]
