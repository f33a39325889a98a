"""Points x and directions in rational numbers, one-step moments of SGD, mixtures, and starts of networks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction as F
from functools import cache
from typing import Any

import numpy as np

from gradproof.solvers import spiked_tensor

Points = tuple[tuple[int, float, float], ...]


def squared(x: Sequence[F]) -> F:
    return sum((a * a for a in x), F(0))


@dataclass(frozen=True)
class Step:
    """Mean and covariance of x+ in coordinates, v = e_1, in exact numbers: x+ is Gaussian, as the gradient is linear in W."""

    x: tuple[F, ...]
    mean: tuple[F, ...]
    covariance: tuple[tuple[F, ...], ...]

    @property
    def overlap(self) -> F:
        """E m+ - m."""
        return self.mean[0] - self.x[0]

    @property
    def radius(self) -> F:
        """E (r^2)+ - r^2."""
        spread = sum((self.covariance[i][i] for i in range(1, len(self.x))), F(0))
        return squared(self.mean[1:]) - squared(self.x[1:]) + spread


@cache
def one_step(x: tuple[F, ...], k: int, lam: F, delta: F, symmetric: bool = False, batch: int = 1) -> Step:
    """From the tensors entry by entry; ``batch``: how many fresh tensors a step averages."""
    v = [F(i == 0) for i in range(len(x))]
    gradient = spiked_tensor.mean_gradient(x, v, k, lam)
    V = spiked_tensor.noise_covariance(x, k, symmetric=symmetric)
    mean = tuple(a - delta * g for a, g in zip(x, gradient, strict=True))
    return Step(x, mean, tuple(tuple(delta**2 * c / batch for c in row) for row in V))


def limit_drift(m: Any, c: F, k: int, lam: Any) -> Any:
    """m' of the limit at (m, c): the mean gradient along v at a point of squared radius c, entry by entry; c a square."""
    root = F(int(c.numerator**0.5 + 0.5), int(c.denominator**0.5 + 0.5))
    assert root * root == c
    return -spiked_tensor.mean_gradient((m, root), (1, 0), k, lam)[0]


#: x in R^n, n = 2, 3, 4: the first coordinate is the overlap
XS: dict[str, tuple[F, ...]] = {
    "plane": (F(3, 5), F(4, 5)), "short": (F(1, 3), F(1, 2), F(-1, 4)), "long": (F(3, 2), F(-1), F(1, 2)),
    "four": (F(1, 4), F(1, 2), F(3, 4), F(-1, 2)),
}  # fmt: skip
#: unit vectors by length
UNITS: dict[int, dict[str, tuple[F, ...]]] = {
    2: {"first": (F(1), F(0)), "turned": (F(5, 13), F(12, 13))},
    3: {"first": (F(1), F(0), F(0)), "turned": (F(2, 7), F(-3, 7), F(6, 7))},
    4: {"first": (F(1), F(0), F(0), F(0)), "turned": (F(1, 2), F(-1, 2), F(1, 2), F(1, 2))},
}


def table(where: Points, N: int) -> tuple[np.ndarray, np.ndarray]:
    """The points of a mixture in R^N, (q, N), and their labels, (q,)."""
    points = np.zeros((len(where), N))
    for j, (axis, sign, _) in enumerate(where):
        points[j, axis] = sign
    return points, np.array([y for *_, y in where])


def network_starts(K: int, N: int, runs: int, rng: np.random.Generator, spread: float = 1.0) -> np.ndarray:
    """v ~ N(0, I), W ~ N(0, spread^2 I/N), as (1, runs, K + K N)."""
    v, W = rng.standard_normal((runs, K)), spread * rng.standard_normal((runs, K * N)) / np.sqrt(N)
    return np.concatenate([v, W], axis=1)[None]
