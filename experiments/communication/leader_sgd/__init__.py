"""Leader SGD in numbers: every path in rationals, worst steps, fixed points, cones and volumes, runs, and controls."""

from gradproof.experiments.communication.leader_sgd import controls, derivations, measures, measures_runs
from gradproof.experiments.communication.leader_sgd.methods import elastic_averaging, leader_sgd

__all__ = ["controls", "derivations", "elastic_averaging", "leader_sgd", "measures", "measures_runs"]
