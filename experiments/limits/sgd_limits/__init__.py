"""High-dimensional limits of SGD in numbers: tensors entry by entry, chains, mixtures, and the evidence for the claims."""

from gradproof.experiments.limits.sgd_limits import measures_limits, measures_networks, measures_steps
from gradproof.experiments.limits.sgd_limits.methods import closed_chain, tensor_sgd

__all__ = ["closed_chain", "measures_limits", "measures_networks", "measures_steps", "tensor_sgd"]
