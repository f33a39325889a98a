"""Gradient sparsification in numbers: exact optima with dual certificates, the greedy scheme, sampled moments, controls."""

from gradproof.experiments.communication.gradient_sparsification import approximate, density, steps
from gradproof.experiments.communication.gradient_sparsification.runs import (
    four_workers,
    sparse_features,
    sparsified_runs,
)

__all__ = ["approximate", "density", "four_workers", "sparse_features", "sparsified_runs", "steps"]
