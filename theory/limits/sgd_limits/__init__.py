"""High-dimensional limits of SGD: effective dynamics at the critical step, for tensors and two-layer networks."""

from gradproof.theory.limits.sgd_limits.claims import (
    BALANCE,
    BALLISTIC,
    CHAIN_MEAN,
    CHAIN_RADIUS,
    CLOSED_CHAIN,
    CRITICAL_SNR,
    CUBIC,
    DECAY,
    DIFFUSIVE,
    DIFFUSIVE_NOISE,
    FIXED_POINTS,
    GMM_ODE,
    GMM_PROBABILITY,
    MARGIN,
    OU_VARIANCE,
    PAPER,
    PUBLISHED,
    RATE,
    RECOVERY,
    SECOND_LAYER,
    TENSOR_NOISE,
    TRAJECTORY,
    XOR_PROBABILITY,
    trajectory,
)

__all__ = [
    "BALANCE", "BALLISTIC", "CHAIN_MEAN", "CHAIN_RADIUS", "CLOSED_CHAIN", "CRITICAL_SNR", "CUBIC", "DECAY",
    "DIFFUSIVE", "DIFFUSIVE_NOISE", "FIXED_POINTS", "GMM_ODE", "GMM_PROBABILITY", "MARGIN", "OU_VARIANCE", "PAPER",
    "PUBLISHED", "RATE", "RECOVERY", "SECOND_LAYER", "TENSOR_NOISE", "TRAJECTORY", "XOR_PROBABILITY", "trajectory",
]  # fmt: skip
