"""ATOMO in numbers: enumeration in rationals, exact optima with their dual certificates, digits, and controls."""

from gradproof.experiments.communication.atomo import probabilities, singular, steps
from gradproof.experiments.communication.atomo.digits import digits_loss, digits_runs

__all__ = ["digits_loss", "digits_runs", "probabilities", "singular", "steps"]
