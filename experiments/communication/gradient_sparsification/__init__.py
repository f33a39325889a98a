"""Gradient sparsification in numbers: exact optima with dual certificates, the greedy scheme, sampled moments, controls."""

from gradproof.experiments.communication.gradient_sparsification import derivations, measures
from gradproof.experiments.communication.gradient_sparsification.methods import (
    four_workers,
    sparse_features,
    sparsified_runs,
)

__all__ = ["derivations", "four_workers", "measures", "sparse_features", "sparsified_runs"]
