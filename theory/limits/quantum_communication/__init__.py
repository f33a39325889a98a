"""Quantum communication: exact gradients, shots, counts, linear classification from both sides, capacity and expressivity."""

# isort: off
from gradproof.theory.limits.quantum_communication.circuits import (
    CHEBYSHEV, FEATURE_GRADIENT, FEATURE_LOSS, FEATURE_STATE, FREQUENCIES, GRADIENT_NOISE, PAPER, PARAMETER_SHIFT, SGD, SHOTS,
    SHOT_VARIANCE, SINUSOID, SMOOTHNESS,
)  # fmt: skip
from gradproof.theory.limits.quantum_communication.communication import (
    ACCESS_CODE, CLASSICAL_LOWER_BOUND, DECODING, GRADIENT_COUNT, HOLEVO, LINEAR_LOWER, LINEAR_UPPER, MAJORITY, MARGIN_DIMENSION,
    QUBIT_COUNT, SKETCH_AGREEMENT,
)  # fmt: skip

__all__ = [
    "ACCESS_CODE", "CHEBYSHEV", "CLASSICAL_LOWER_BOUND", "DECODING", "FEATURE_GRADIENT", "FEATURE_LOSS", "FEATURE_STATE",
    "FREQUENCIES", "GRADIENT_COUNT", "GRADIENT_NOISE", "HOLEVO", "LINEAR_LOWER", "LINEAR_UPPER", "MAJORITY", "MARGIN_DIMENSION",
    "PAPER", "PARAMETER_SHIFT", "QUBIT_COUNT", "SGD", "SHOTS", "SHOT_VARIANCE", "SINUSOID", "SKETCH_AGREEMENT", "SMOOTHNESS",
]  # fmt: skip
