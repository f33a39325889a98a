"""Games in rational numbers, Gaussians whose transport is rational, and digits with disturbances."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction as F
from functools import cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from gradproof.experiments.instances.data import pixels
from gradproof.solvers.gaussian import wasserstein

Floats = NDArray[np.float64]
Table = Any  # an array of fractions, which the types of NumPy do not know


def table(rows: Any) -> Table:
    """An array of fractions."""
    out = np.array(rows, dtype=object)
    return np.array([F(x) for x in out.ravel()], dtype=object).reshape(out.shape)


# --- games -------------------------------------------------------------------------------------------------------------


class Block(NamedTuple):
    """A game in several dimensions, by S, A12, A22 and K = A22^-1 A21, all of one size; Euclid's inner products.

    The bounds hold by construction: ``S + alpha1`` and ``A22 + alpha2`` are skew, A12 is ``beta1`` times an orthogonal matrix, and
    ``beta2``, ``gamma`` bound K S and K A12.
    """

    name: str
    S: Table
    A12: Table
    A22: Table
    K: Table
    bounds: dict[str, F]

    def matrix(self, eps: F) -> Table:
        """Of (theta, w)."""
        top = np.concatenate([eps * (self.S + self.A12 @ self.K), eps * self.A12], axis=1)
        return np.concatenate([top, np.concatenate([self.A22 @ self.K, self.A22], axis=1)])

    def fall(self, eps: F, theta: Any, v: Any) -> tuple[F, F]:
        """W' and |v|^2 at theta and v = w + K theta."""
        theta, v = table(theta), table(v)
        d = len(theta)
        moved = self.matrix(eps) @ np.concatenate([theta, v - self.K @ theta])
        dv = moved[d:] + self.K @ moved[:d]
        return 2 * self.bounds["beta2"] * (theta @ moved[:d]) + 2 * self.bounds["beta1"] * (v @ dv), v @ v


ROTATION = table([[F(3, 5), F(-4, 5)], [F(4, 5), F(3, 5)]])
SKEW = table([[0, 1], [-1, 0]])
ONE = table([[1, 0], [0, 1]])


def line(alpha1: F, alpha2: F, beta1: F, beta2: F) -> Block:
    """One dimension each, where all bounds are attained."""
    S, A12, A22 = (table([[x]]) for x in (-alpha1, beta1, -alpha2))
    bounds = {"alpha1": alpha1, "alpha2": alpha2, "beta1": beta1, "beta2": beta2, "gamma": -beta1 * beta2 / alpha1}
    return Block(f"line {alpha1} {alpha2} {beta1} {beta2}", S, A12, A22, table([[-beta2 / alpha1]]), bounds)


def plane(alpha1: F, alpha2: F, beta1: F, turn: F, k: F) -> Block:
    """Two dimensions each; K is k times a rotation, so that ``|K S theta| = |k| (alpha1^2 + turn^2)^1/2 |theta|``."""
    S, A22 = -alpha1 * ONE + turn * SKEW, -alpha2 * ONE + SKEW / 3
    bounds = {
        "alpha1": alpha1,
        "alpha2": alpha2,
        "beta1": beta1,
        "beta2": abs(k) * (alpha1 + abs(turn)),
        "gamma": k * beta1,
    }
    return Block(f"plane {alpha1} {alpha2} {beta1} {turn} {k}", S, beta1 * ROTATION, A22, k * ROTATION.T, bounds)


LINES = (line(F(1), F(1), F(2), F(1, 2)), line(F(1, 2), F(3), F(1), F(4)))
PLANES = (plane(F(1), F(1), F(2), F(0), F(1)), plane(F(1, 2), F(1), F(1), F(1, 3), F(2)))

# --- Gaussians ---------------------------------------------------------------------------------------------------------


class Pair(NamedTuple):
    """Means and covariances of two laws, C2 = A C1 A with A positive definite: A is the transport."""

    name: str
    m1: Table
    m2: Table
    C1: Table
    A: Table

    @property
    def C2(self) -> Table:
        return self.A @ self.C1 @ self.A

    def known(self) -> dict[str, Any]:
        gap = self.m1 - self.m2
        return {"m2": gap @ gap, "t1": np.trace(self.C1), "t2": np.trace(self.C2)}


def pair(name: str, m1: Sequence[Any], m2: Sequence[Any], C1: Any, A: Any) -> Pair:
    return Pair(name, table(m1), table(m2), table(C1), table(A))


PAIRS = (
    pair("line", [0], [1], [[4]], [[F(1, 2)]]), pair("plane", [0, 1], [2, 0], [[2, 1], [1, 3]], [[1, F(1, 2)], [F(1, 2), 2]]),
    pair("space", [0, 0, 1], [0, 0, 1], [[2, 1, 0], [1, 2, 1], [0, 1, 2]], [[3, 1, 0], [1, 1, 0], [0, 0, F(1, 2)]]),
)  # fmt: skip

# --- digits ------------------------------------------------------------------------------------------------------------


def statistics(X: Floats) -> tuple[Floats, Floats]:
    return X.mean(axis=0), np.cov(X, rowvar=False)


def principal(X: Floats, d: int = 8) -> Floats:
    """The first d principal components, (d, features)."""
    return np.linalg.eigh(np.cov(X, rowvar=False))[1][:, : -d - 1 : -1].T


def fid(X: Floats, Y: Floats) -> tuple[float, float]:
    """Of the statistics of two samples, and its rounding error."""
    return wasserstein(*statistics(X), *statistics(Y))


def _blur(X: Floats, level: float, rng: np.random.Generator) -> Floats:
    image = X.reshape(-1, 8, 8)
    for axis in (1, 2):
        padded = np.concatenate([image.take([0], axis), image, image.take([-1], axis)], axis)
        image = (1 - level) * image + level * (padded.take(range(8), axis) + padded.take(range(2, 10), axis)) / 2
    return image.reshape(X.shape)


def _rectangles(X: Floats, level: float, rng: np.random.Generator) -> Floats:
    side = round(8 * level)
    corner = rng.integers(0, 9 - side, size=(len(X), 2, 1))
    inside = (np.arange(8) >= corner) & (np.arange(8) < corner + side)
    return X * ~(inside[:, 0, :, None] & inside[:, 1, None, :]).reshape(X.shape)


def _salt(X: Floats, level: float, rng: np.random.Generator) -> Floats:
    return np.where(rng.random(X.shape) < level, rng.integers(0, 2, X.shape), X)


def _swirl(X: Floats, level: float, rng: np.random.Generator) -> Floats:
    """Each pixel is read from where a rotation that weakens outwards takes it, with linear interpolation."""
    y, x = np.mgrid[:8, :8] - 3.5
    angle = np.arctan2(y, x) + 2 * level * np.exp(-np.hypot(x, y) / 3)
    at = np.clip(np.stack([np.hypot(x, y) * np.sin(angle), np.hypot(x, y) * np.cos(angle)]) + 3.5, 0, 7 - 1e-9)
    low, part = at.astype(int), at % 1
    image, out = X.reshape(-1, 8, 8), np.zeros((len(X), 8, 8))
    for i in (0, 1):
        for j in (0, 1):
            out += image[:, low[0] + i, low[1] + j] * abs(1 - i - part[0]) * abs(1 - j - part[1])
    return out.reshape(X.shape)


DISTURBANCES: dict[str, Callable[[Floats, float, np.random.Generator], Floats]] = {
    "noise": lambda X, level, rng: X + level * rng.standard_normal(X.shape),
    "blur": _blur, "black rectangles": _rectangles,
    "salt and pepper": _salt, "swirl": _swirl,
}  # fmt: skip
LEVELS = (0.25, 0.5, 0.75, 1.0)


@cache
def images() -> tuple[Floats, NDArray[np.intp]]:
    return pixels()


def disturbed(
    kind: str, levels: Sequence[float] = LEVELS, *, rows: int = 1797, seed: int = 0
) -> list[tuple[float, float]]:
    """FID of the first digits against disturbed ones, level by level, in the pixels that vary, and rounding errors."""
    X = images()[0][:rows]
    kept = X.std(axis=0) > 0.05  # corners that are nearly always black tell of rounding alone
    return [fid(X[:, kept], DISTURBANCES[kind](X, level, np.random.default_rng(seed))[:, kept]) for level in levels]


def contaminated(shares: Sequence[float], clean: int = 0, other: int = 1) -> list[tuple[float, float, float]]:
    """FID of one digit against a mixture with another one, by the moments of the mixture; its part of the covariances; rounding."""
    X, y = images()
    W = principal(X)
    (m, C), (n, D) = (statistics(X[y == k] @ W.T) for k in (clean, other))
    out = []
    for e in shares:
        gap = n - m
        mixed = (1 - e) * C + e * D + e * (1 - e) * np.outer(gap, gap)
        value, error = wasserstein(m, C, m + e * gap, mixed)
        out.append((value, value - e * e * float(gap @ gap), error + 1e-12))
    return out
