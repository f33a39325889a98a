"""D-PSGD: the method on any graph, and the checks of its claims by exact recursions, kernel proofs and runs on data."""

from gradproof.experiments.communication.dpsgd import averaging, rates, spectrum
from gradproof.experiments.communication.dpsgd.methods import dpsgd, split_rows, trace

__all__ = ["averaging", "dpsgd", "rates", "spectrum", "split_rows", "trace"]
