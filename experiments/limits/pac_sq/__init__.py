"""PAC and SQ learning in numbers: rounding oracles, Walsh-Hadamard counts, elimination, and training on parities."""

from gradproof.experiments.limits.pac_sq import measures_batches

__all__ = ["measures_batches"]
