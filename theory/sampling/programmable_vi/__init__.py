"""Programmable variational inference: unbiased gradient estimators by strategies, their variances, and the bounds they ascend."""

from gradproof.theory.sampling.programmable_vi.claims import (
    ASCENT,
    COMPOSITION,
    CONTINUOUS,
    ELBO_GAP,
    ENUM,
    ENUM_VARIANCE,
    EVIDENCE,
    GAUSSIAN_MVD,
    HIERARCHICAL,
    HIERARCHICAL_BELOW,
    HIERARCHICAL_GAP,
    HVI_GAP,
    IWELBO,
    IWELBO_BELOW,
    IWELBO_RATE,
    MVD,
    MVD_VARIANCE,
    PAPER,
    REINFORCE,
    REINFORCE_VARIANCE,
    REPARAM_VARIANCE,
    SCORE_VARIANCE,
    STRAIGHT_THROUGH,
    WEIGHT_VARIANCE,
)

__all__ = [
    "ASCENT", "COMPOSITION", "CONTINUOUS", "ELBO_GAP", "ENUM", "ENUM_VARIANCE", "EVIDENCE", "GAUSSIAN_MVD", "HIERARCHICAL",
    "HIERARCHICAL_BELOW", "HIERARCHICAL_GAP", "HVI_GAP", "IWELBO", "IWELBO_BELOW", "IWELBO_RATE", "MVD", "MVD_VARIANCE", "PAPER",
    "REINFORCE", "REINFORCE_VARIANCE", "REPARAM_VARIANCE", "SCORE_VARIANCE", "STRAIGHT_THROUGH", "WEIGHT_VARIANCE",
]  # fmt: skip
