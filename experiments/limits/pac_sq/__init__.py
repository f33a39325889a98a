"""PAC and SQ learning in numbers: rounding oracles, Walsh-Hadamard counts, elimination, and training on parities."""

from gradproof.experiments.limits.pac_sq import measures_batches
from gradproof.experiments.limits.pac_sq.instances import Net, start
from gradproof.experiments.limits.pac_sq.measures_learning import accuracies
from gradproof.experiments.limits.pac_sq.measures_parities import largest_signals

__all__ = ["Net", "accuracies", "largest_signals", "measures_batches", "start"]
