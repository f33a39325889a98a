"""Samples of unbounded chains with a proved upper limit, for equalities that no law of the chain is known for.

A step contracts by c = max |1 - gamma h| over the curvatures h that it sees. So a chain is a part of size at most R, decided
by the indices, plus Langevin noise of variance at most s^2 in each direction. Numbers are cut where the noise is beyond all
likelihood; what that changes is in the bias, and so is what the start leaves.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.stats import chi2

from gradproof.experiments.engine.measure import Sample


@dataclass(frozen=True)
class Limits:
    """What bounds a chain: the contraction c of a step, the size R of the part of the indices, the noise's variance s2."""

    c: float
    R: float
    s2: float
    d: int

    @property
    def q(self) -> float:
        """Squared noise, in units of s2, that is exceeded with probability 1e-12."""
        return float(chi2.isf(1e-12, self.d))

    def squares(self, x: Any, weight: float, steps: int) -> Sample:
        """Of x = <delta, W delta>, |W| <= weight, after some steps from the mode."""
        top = weight * (self.R + (self.s2 * self.q) ** 0.5) ** 2
        beyond = 2 * weight * (self.R**2 * 1e-12 + self.s2 * self.d * float(chi2.sf(self.q, self.d + 2)))
        left = weight * self.c ** (2 * steps) * (self.R**2 + self.d * self.s2)
        return Sample(np.minimum(x, top), at_most=top, bias=beyond + left)
