"""Low-rank recovery from a factor: gradient flow in closed form, gradient descent in balls, the nuclear-norm program."""

from gradproof.solvers.low_rank.descent import Iterate, descend, hitting_time, singular_values
from gradproof.solvers.low_rank.riccati import Enclosed, best_time, flow, flow_at, integrate
from gradproof.solvers.low_rank.sensing import NotSolved, NuclearNorm, nuclear_norm

__all__ = [
    "Enclosed", "Iterate", "NotSolved", "NuclearNorm", "best_time", "descend", "flow", "flow_at", "hitting_time", "integrate",
    "nuclear_norm", "singular_values",
]  # fmt: skip
