"""Instances: a replaced sample on a path, rational quadratics, real data, and the published grid."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction as F
from functools import cache
from typing import Any

import numpy as np

from gradproof.experiments.instances import data
from gradproof.experiments.privacy.diff2.methods import Logistic, Network
from gradproof.solvers.difference_estimator import Moments, second_moments
from gradproof.theory.privacy.diff2 import formulas

#: What the published code is run with: clip radii C_1 and C_2, T = max(1, int(share R)), steps, R, privacies at DELTA, and u.
RADII, SHARES, STEPS, ROUNDS = (1, 3, 10, 30, 100), (0.003, 0.01, 0.03, 0.1), tuple(0.5**i for i in range(10)), 2000
PRIVACIES, DELTA, U = (3, 5), F(1, 10**5), F(5, 4)


@dataclass(frozen=True)
class Pair:
    """A sample on the line with the gradient slope x^power, for one with ``times`` as much; all others are constant.

    Args:
        clip: whether gradients and differences are clipped. G, L: the radii, or what is claimed.
    """

    name: str
    power: int = 1
    times: int = -1
    clip: bool = True
    G: F = F(1)
    L: F = F(1)
    guarantees: frozenset[str] = frozenset({"one-replaced", "bounded-gradients", "samplewise-smooth"})
    slope: int = 1

    def moved(self, x: F, x_prev: F | None, n: int) -> F:
        """How far the replacement moves a release: of the gradient at x, or of its difference from the one at x_prev."""
        value = self.slope * (x**self.power - (0 if x_prev is None else x_prev**self.power))
        radius = self.G if x_prev is None else self.L * abs(x - x_prev)
        old, new = (max(-radius, min(radius, v)) if self.clip else v for v in (value, self.times * value))
        return (old - new) / n


LINES, ONE_SIDED = Pair("x^2/2 for -x^2/2, clipped"), Pair("x^2/2 for 0, clipped", times=0)
STEEPER = Pair("3 x^2/2 for -3 x^2/2, clipped at 2 and 3", G=F(2), L=F(3), slope=3)
CUBES = Pair("x^4/4 for -x^4/4, clipped", 3)
NOT_SMOOTH = Pair("x^4/4 for -x^4/4", 3, -1, False, F(2), guarantees=frozenset({"one-replaced", "bounded-gradients"}))
NOT_BOUNDED = Pair("x^2/2 for -x^2/2", clip=False, guarantees=frozenset({"one-replaced", "samplewise-smooth"}))


@dataclass(frozen=True)
class Path:
    """Iterates x_0, x_1, ... of a run, which go around these points."""

    name: str
    points: tuple[F, ...]

    def __getitem__(self, r: int) -> F:
        return self.points[r % len(self.points)]


FAR = Path("around 100", (F(100), F(101), F(203, 2), F(103)))
NEAR = Path("around 1", (F(1), F(6, 5), F(1), F(11, 10)))


def budget(pair: Pair, path: Path, n: int, R: int, T: int, sigma2: F, tau2: F, *, fixed: bool = False) -> F:
    """mu^2 of a run on the path: over the rounds, the squared move of the release over the variance of its noise."""
    total = F(0)
    for r in range(R):
        x, x_prev = path[r], path[r - 1]
        if r % T == 0:
            total += pair.moved(x, None, n) ** 2 / sigma2
        else:
            total += pair.moved(x, x_prev, n) ** 2 / (tau2 * (1 if fixed else (x - x_prev) ** 2))
    return total


# --- quadratics -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Quadratic:
    """f = sum h_i y_i^2/2 with its start and L, in rationals; h may have negative entries for one step.

    Args:
        claimed: the smoothness that is claimed; the true one unless given.
    """

    name: str
    h: tuple[F, ...]
    y0: tuple[F, ...]
    claimed: F = F(0)
    guarantees: frozenset[str] = field(default=frozenset({"smooth", "lower-bounded", "unclipped", "gaussian-noise"}))

    @property
    def L(self) -> F:
        return self.claimed or max(abs(k) for k in self.h)

    @property
    def d(self) -> int:
        return len(self.h)

    @property
    def Delta(self) -> F:
        return sum((k * y * y for k, y in zip(self.h, self.y0, strict=True)), F(0)) / 2

    def moments(self, eta: F, R: int, T: int, sigma2: F, tau2: F, **kwargs: Any) -> Moments:
        return second_moments(self.h, self.y0, eta, R, T, sigma2, tau2, **kwargs)


THREE = Quadratic("diag(1, 1/2, 1/10)", (F(1), F(1, 2), F(1, 10)), (F(1), F(2), F(-3)))
TWO = Quadratic("diag(1, 1/4)", (F(1), F(1, 4)), (F(1), F(2)))
ONE = Quadratic("x^2/2", (F(1),), (F(1),))
SADDLE = Quadratic("diag(1, -1)", (F(1), F(-1)), (F(1), F(2)))
STEEP = Quadratic(
    "2 x^2, said to be 1-smooth", (F(4),), (F(1),), F(1), frozenset({"lower-bounded", "unclipped", "gaussian-noise"})
)

# --- data -------------------------------------------------------------------------------------------------------------

LAM = 1e-3


def _unit(X: np.ndarray) -> np.ndarray:
    return X / np.linalg.norm(X, axis=1, keepdims=True)


@cache
def logistic(name: str) -> Logistic:
    """Rows of norm 1, so that a sample's gradient has norm 1 at most and its Hessian 1/4."""
    found = data.load(name)
    return Logistic(_unit(found.X) * found.y[:, None], LAM)


def synthetic(n: int, d: int, seed: int = 0) -> Logistic:
    """Normal rows of norm 1 with labels of a logistic model."""
    rng = np.random.default_rng([n, d, seed])
    rows = _unit(rng.normal(size=(n, d)))
    labels = np.where(rng.uniform(size=n) < 1 / (1 + np.exp(-4 * rows @ rng.normal(size=d))), 1.0, -1.0)
    return Logistic(rows * labels[:, None], LAM)


@cache
def network(name: str, width: int = 10) -> Network:
    """The published network on features as they are loaded (standardised where bundled), with labels for targets."""
    found = data.load(name)
    rows = np.column_stack([found.X, np.ones(len(found.y))])
    return Network(rows, (rows**2).sum(axis=1), found.y, width)


def noises(G: float, L: float, n: int, mu2: float, R: int, T: int, share: float = 0.5) -> tuple[float, float]:
    """sigma_1 and tau; with T = 1 all of the budget goes to the gradients."""
    if T == 1:
        return float(formulas.dpgd_variance(G, n, mu2, R)) ** 0.5, 0.0
    return (
        float(formulas.restart_variance(G, n, mu2, R / T, share)) ** 0.5,
        float(formulas.difference_variance(L, n, mu2, R, share)) ** 0.5,
    )
