"""Laws of noise, and expectations over finitely many outcomes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np

from gradproof.experiments.instances.source import Source, built

Array = np.ndarray
INWARDS = 1 - 2.0**-40  # covers the rounding of a norm or a sum that was scaled to its limit


@dataclass(frozen=True, eq=False)
class TwoPoint:
    """A scalar law on two points: ``high`` with probability ``p``, else ``low``; any skewness, any kurtosis."""

    low: float
    high: float
    p: float

    @property
    def outcomes(self) -> tuple[tuple[Any, Any], ...]:
        """(value, probability)."""
        return (self.high, self.p), (self.low, 1 - self.p)

    @property
    def mean(self) -> Any:
        return self.p * self.high + (1 - self.p) * self.low

    @property
    def guarantees(self) -> frozenset[str]:
        return frozenset({"variance"}) if abs(self.mean) <= 1 - INWARDS else frozenset()

    @property
    def variance(self) -> Any:
        return self.p * (1 - self.p) * (self.high - self.low) ** 2

    def sample(self, rng: np.random.Generator, size: int) -> Array:
        """Independent draws, shape (size,)."""
        return np.where(rng.random(size) < self.p, self.high, self.low)


@dataclass(frozen=True, eq=False)
class StudentT:
    """Heavy tails: Student's t with ``df`` degrees of freedom, scaled to variance ``variance`` (needs df > 2)."""

    df: float
    variance: float
    guarantees = frozenset({"variance"})

    def sample(self, rng: np.random.Generator, size: int) -> Array:
        """Independent draws, shape (size,)."""
        return rng.standard_t(self.df, size) * np.sqrt(self.variance * (self.df - 2) / self.df)


@built
def noise_laws(draw: Source, variance: float, *, two_point: bool = True, heavy: bool = True) -> Any:
    """Centred scalar noise of variance at most ``variance``: two-point laws, rare large values of either sign among them; and, with
    ``heavy``, Student's t, which can be sampled only."""
    if heavy and (not two_point or draw.boolean()):
        return StudentT(2 + draw.real(0.1, 8), variance)
    # +h with probability p, -h p/(1-p) else: mean 0 up to the rounding of one product, so p is a power of two away from it
    p = 1 / draw.pick([2, 4, 16, 128, 1024])
    h = float(np.sqrt(variance * (1 - p) / p)) * INWARDS
    return TwoPoint(-h, h * p / (1 - p), 1 - p) if draw.boolean() else TwoPoint(-h * p / (1 - p), h, p)


def mean_over_paths(n: int, steps: int, run: Callable[[tuple[int, ...]], Any]) -> Any:
    """The exact mean of ``run(indices)`` over all n^steps sequences of indices (uniform sampling with replacement).

    Raises:
        ValueError: more than 20 000 sequences; take fewer steps, or measure with ``rng``.
    """
    if n**steps > 20_000:
        raise ValueError(f"{n}^{steps} sequences are too many to enumerate; take fewer steps, or measure with rng")
    return sum(run(path) for path in product(range(n), repeat=steps)) / n**steps
