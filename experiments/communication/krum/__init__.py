"""Krum: robust SGD, and the checks of its claims by exact enumeration, kernel proofs and runs under attack."""

from gradproof.experiments.communication.krum import controls, derivations, instances, measures
from gradproof.experiments.communication.krum.methods import problem, robust_sgd, train

__all__ = ["controls", "derivations", "instances", "measures", "problem", "robust_sgd", "train"]
