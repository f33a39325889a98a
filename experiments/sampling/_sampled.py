"""Shared by the samplers: the mean of many independent chains beside a claimed mean."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.stats import norm

from gradproof.theory.evidence import Measurement

LEVEL = 1e-6


def sample_mean(x: np.ndarray, bound: Any, *, tests: int = 1, more: float = 0.0, **fields: Any) -> Measurement:
    """The mean of independent x (n,) with the two-sided normal error at level 1e-6 divided among ``tests``, plus ``more``.

    ``more`` is a bound on a known bias, such as what is left of the start. By the central limit theorem: for thousands of chains
    whose x has a fourth moment (steps well below the threshold).
    """
    z = float(norm.isf(LEVEL / 2 / tests))
    return Measurement(
        measured=float(x.mean()),
        bound=bound,
        error=z * float(x.std(ddof=1)) / float(np.sqrt(len(x))) + more,
        error_source="statistical",
        n=len(x),
        level=LEVEL,
        **fields,
    )
