"""PAC and SQ learning in numbers: rounding oracles, Walsh-Hadamard counts, elimination, and training on parities."""

from gradproof.experiments.limits.pac_sq import measures_batches, measures_learning, measures_parities

__all__ = ["measures_batches", "measures_learning", "measures_parities"]
