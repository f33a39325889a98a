"""Two-layer ReLU networks to global optimality: patterns, the convex program, bounds, and an interior-point method."""

from gradproof.solvers.relu_program.interior import NotSolved, train
from gradproof.solvers.relu_program.neighbours import Between, one_neuron, without_cones
from gradproof.solvers.relu_program.patterns import (
    Patterns,
    count_cells,
    data_matrix,
    enumerate_by_rays,
    enumerate_patterns,
    in_general_position,
    sample_patterns,
)
from gradproof.solvers.relu_program.program import (
    Certificate,
    Network,
    Program,
    Solution,
    certify,
    cone_norms,
    lower_bound,
    network_of,
    prune,
    saddle,
    upper_bound,
)
from gradproof.solvers.relu_program.sampling import helpful, left_to_gain, mean_over_samples, plane_probabilities

__all__ = [
    "Between",
    "Certificate",
    "Network",
    "NotSolved",
    "Patterns",
    "Program",
    "Solution",
    "certify",
    "cone_norms",
    "count_cells",
    "data_matrix",
    "enumerate_by_rays",
    "enumerate_patterns",
    "helpful",
    "in_general_position",
    "left_to_gain",
    "lower_bound",
    "mean_over_samples",
    "network_of",
    "one_neuron",
    "plane_probabilities",
    "prune",
    "saddle",
    "sample_patterns",
    "train",
    "upper_bound",
    "without_cones",
]
