"""(Modified) Laplacian smoothing gradient descent: what smoothing averages away, how fast it descends, which starts it traps."""

# isort: off
from gradproof.theory.landscape.laplacian_smoothing.claims import (
    AVERAGING, BETA1, BETA2, DESCENT, DESCENT_RATE, INERTIA, LITERAL_DIMENSION, MEAN, MLSGD_CONVEX, PAPER,
    POINTWISE_DIMENSION, PRECONDITIONED_GD, ROBUST_DIMENSION, ROBUST_DIMENSION_MANY, SPECTRUM, STABLE_LINE, STATIONARY,
    VARIANCE,
)  # fmt: skip
from gradproof.theory.landscape.laplacian_smoothing.formulas import beta1, beta2, decay, mlsgd_schedule

__all__ = [
    "AVERAGING", "BETA1", "BETA2", "DESCENT", "DESCENT_RATE", "INERTIA", "LITERAL_DIMENSION", "MEAN",
    "MLSGD_CONVEX", "PAPER", "POINTWISE_DIMENSION", "PRECONDITIONED_GD", "ROBUST_DIMENSION",
    "ROBUST_DIMENSION_MANY", "SPECTRUM", "STABLE_LINE", "STATIONARY", "VARIANCE", "beta1", "beta2", "decay",
    "mlsgd_schedule",
]  # fmt: skip
