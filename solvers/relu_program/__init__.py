"""Two-layer ReLU networks to global optimality: patterns, the convex program, bounds, and an interior-point method."""

from gradproof.solvers.relu_program.interior import NotSolved, train
from gradproof.solvers.relu_program.patterns import (
    Patterns,
    count_cells,
    data_matrix,
    enumerate_by_rays,
    enumerate_patterns,
    sample_patterns,
)
from gradproof.solvers.relu_program.program import (
    Certificate,
    Network,
    Program,
    Solution,
    certify,
    cone_norms,
    helpful,
    lower_bound,
    network_of,
    prune,
    upper_bound,
)

__all__ = [
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
    "lower_bound",
    "network_of",
    "prune",
    "sample_patterns",
    "train",
    "upper_bound",
]
