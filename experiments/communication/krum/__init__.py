"""Krum: robust SGD, and the checks of its claims by exact enumeration, kernel proofs and runs under attack."""

from gradproof.experiments.communication.krum import moments, powers, selection, sgd
from gradproof.experiments.communication.krum.methods import ATTACKS, problem, robust_sgd, train

__all__ = ["ATTACKS", "moments", "powers", "problem", "robust_sgd", "selection", "sgd", "train"]
