"""D-PSGD: the method on any graph, and the checks of its claims by exact recursions, kernel proofs and runs on data."""

from gradproof.experiments.communication.dpsgd import controls, derivations, instances, measures
from gradproof.experiments.communication.dpsgd.methods import dpsgd, split_rows, trace

__all__ = ["controls", "derivations", "dpsgd", "instances", "measures", "split_rows", "trace"]
