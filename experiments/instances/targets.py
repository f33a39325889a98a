"""Targets of sampling: potentials with known laws."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from hypothesis.strategies import SearchStrategy

from gradproof.experiments.instances.exact import sqrt
from gradproof.experiments.instances.functions import Smooth, smooth
from gradproof.experiments.instances.source import Source, built

Array = np.ndarray


@dataclass(frozen=True, eq=False)
class GaussianTarget:
    """A Gaussian with independent coordinates: potential ``sum precision_j (x_j - mean_j)^2 / 2``."""

    precision: Array
    mean: Array
    guarantees = frozenset({"gaussian_target", "quadratic"})

    @property
    def dim(self) -> int:
        return len(self.mean)

    def gradient(self, x: Array) -> Array:
        """Gradient of the potential."""
        return self.precision * (x - self.mean)

    def wasserstein2_squared(self, mean: Array, variance: Array) -> Any:
        """Squared Wasserstein-2 distance to a Gaussian with independent coordinates."""
        spread = np.array([sqrt(v) for v in variance]) - np.array([1 / sqrt(p) for p in self.precision])
        return ((mean - self.mean) ** 2).sum() + (spread**2).sum()


@built
def gaussian_targets(draw: Source, mu: float, L: float, *, max_dim: int = 3) -> GaussianTarget:
    """Gaussian targets with precisions in [mu, L]."""
    d = draw.integer(1, max_dim)
    mean = np.array([draw.real(-2, 2) for _ in range(d)]) if draw.boolean() else np.zeros(d)
    return GaussianTarget(np.array([draw.real(mu, L) for _ in range(d)]), mean)


def strongly_log_concave(mu: float, L: float, **kwargs: Any) -> SearchStrategy[Smooth]:
    """Potentials of mu-strongly log-concave, L-log-smooth targets: members of F_{mu, L} (see :func:`smooth`)."""
    return smooth(mu, L, **kwargs)
