"""EF21: error feedback by compressed gradient differences, and its step sizes from L_QM to L_AM to the exact threshold.

``theta``, ``beta``, ``xi`` and the step sizes accept floats, float arrays, exact numbers (then exact) and symbols.
"""

# fmt: off
# isort: off
from gradproof.theory.communication.ef21.claims import (
    CLONING, COMPRESSORS, DISTORTION, HETERO_COMPRESSORS, LYAPUNOV_AM, NONCONVEX_AM, NONCONVEX_QM, PAPER,
    PARTIAL_PARTICIPATION, PL, PL_REFINED, RARE_FEATURES, SGD, SHARP_DESCENT, SHARP_THRESHOLD, SMOOTHNESS_CONSTANTS,
    STEPSIZE_ROOT, TIGHT_SINGLE_WORKER, W_EQUIVALENCE, YOUNG_OPTIMAL,
)
from gradproof.theory.communication.ef21.constants import (
    beta, cloning_mean, contraction_rate, step_size_am, step_size_pl, step_size_pl_refined, step_size_qm, step_size_root,
    step_size_sharp, step_size_single_worker, theta, xi,
)

__all__ = [
    "CLONING", "COMPRESSORS", "DISTORTION", "HETERO_COMPRESSORS", "LYAPUNOV_AM", "NONCONVEX_AM", "NONCONVEX_QM", "PAPER",
    "PARTIAL_PARTICIPATION", "PL", "PL_REFINED", "RARE_FEATURES", "SGD", "SHARP_DESCENT", "SHARP_THRESHOLD",
    "SMOOTHNESS_CONSTANTS", "STEPSIZE_ROOT", "TIGHT_SINGLE_WORKER", "W_EQUIVALENCE", "YOUNG_OPTIMAL", "beta",
    "cloning_mean", "contraction_rate", "step_size_am", "step_size_pl", "step_size_pl_refined", "step_size_qm",
    "step_size_root", "step_size_sharp", "step_size_single_worker", "theta", "xi",
]
