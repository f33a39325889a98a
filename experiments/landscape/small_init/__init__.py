"""Small initialisation in numbers: descent in balls beside the power method, the flow, sensing beside the nuclear-norm program."""

from gradproof.experiments.landscape.small_init import controls, derivations, measures, measures_runs

__all__ = ["controls", "derivations", "measures", "measures_runs"]
