"""Instances: a ground truth with a start, population descent from it in ball arithmetic or in rationals, sensing problems."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction as F
from functools import cache, cached_property
from typing import Any

import numpy as np

from gradproof.solvers.low_rank import Iterate, descend

SPECTRUM = (F(3), F(1), F(1, 2), *[F(0)] * 5)
TENTH = F(1, 10)
EPS = float(np.finfo(float).eps)
ALL = frozenset({
    "psd_ground_truth", "population", "power_iterate", "small_init", "short_step", "norm_growth", "overlap", "commuting_init",
})  # fmt: skip


@dataclass(frozen=True, eq=False)
class Start:
    """M diagonal, which is no restriction (the descent turns with its axes), and U_0 with a step size.

    Args:
        eigenvalues: of M, decreasing, (n,). U0: (n, k) exact numbers or floats that are taken as they are.
        lam: the largest eigenvalue that is claimed of M; that which it has, unless given.
        gain: the measurements have A*A = gain I; 1 for the population.
        commuting: U_0 U_0' is diagonal.
    """

    name: str
    eigenvalues: tuple[F, ...]
    U0: Any
    mu: F = TENTH
    steps: int = 25
    lam: F = F(0)
    gain: F = F(1)
    commuting: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "lam", self.lam or self.eigenvalues[0])

    @property
    def r(self) -> int:
        return sum(v != 0 for v in self.eigenvalues)

    @cached_property
    def n0(self) -> float:
        return float(np.linalg.norm(np.asarray(self.U0, float), 2))

    @property
    def guarantees(self) -> frozenset[str]:
        """What is true of it: short steps from inside the ball keep inside it (small-init.norm-invariant)."""
        held = {"power_iterate"} | ({"commuting_init"} if self.commuting else set())
        held |= {"population"} if self.gain == 1 else set()
        ordered = list(self.eigenvalues) == sorted(self.eigenvalues)[::-1]
        if ordered and all(0 <= v <= self.lam for v in self.eigenvalues):
            held.add("psd_ground_truth")
        inside = np.linalg.norm(np.asarray(self.U0, float)) ** 2 * (1 + 1e-12) <= self.lam  # Frobenius, so spectral too
        if inside:
            held.add("small_init")
        if inside and "psd_ground_truth" in held and 2 * self.mu * self.lam * max(self.gain, F(1)) <= 1:
            held |= {"short_step"} | ({"norm_growth"} if self.gain <= 1 else set())
        signal = np.asarray(self.U0, float)[: self.r]
        if min(signal.shape) == self.r > 0 and np.linalg.svd(signal, compute_uv=False)[-1] > 1e-12 * self.n0:
            held.add("overlap")
        return frozenset(held)

    @cached_property
    def path(self) -> list[Iterate]:
        """The iterates 0, ..., steps of descent and of the power method."""
        M = np.diag(np.array(self.eigenvalues, dtype=object))
        power = list(descend(M, self.U0, self.mu, self.steps))
        if self.gain == 1:
            return power
        moved = descend(M, self.U0, self.mu * self.gain, self.steps)
        return [_beside(a, b) for a, b in zip(moved, power, strict=True)]


def _beside(moved: Iterate, power: Iterate) -> Iterate:
    """Descent of one, the power method of the other."""
    error = moved.U[1] + power.Y[1] + EPS * float(np.linalg.norm(moved.U[0]) + np.linalg.norm(power.Y[0]))
    return Iterate(moved.t, moved.U, power.Y, (moved.U[0] - power.Y[0], error))


@cache
def gaussian(k: int, alpha: float, steps: int = 25, eigenvalues: tuple[F, ...] = SPECTRUM, mu: F = TENTH) -> Start:
    """``alpha G``, entries of G normal with variance 1/k."""
    n = len(eigenvalues)
    G = np.random.default_rng([n, k, steps]).normal(size=(n, k)) / np.sqrt(k)
    return Start(f"alpha = {alpha:g}, {n} x {k}", eigenvalues, alpha * G, mu, steps)


def reflected(sizes: tuple[F, ...], k: int) -> np.ndarray:
    """``diag(sizes)`` times rows of a rational reflection, (n, k): U_0 U_0' is exactly diagonal."""
    v = np.array([F(1 + i % 3) for i in range(k)], dtype=object)
    turn = np.array([[F(int(i == j)) for j in range(k)] for i in range(k)], dtype=object) - 2 * np.outer(v, v) / (v @ v)
    return np.array(sizes, dtype=object)[:, None] * turn[: len(sizes)]


@cache
def commuting(sizes: tuple[F, ...], eigenvalues: tuple[F, ...] = SPECTRUM, steps: int = 60, mu: F = TENTH) -> Start:
    """A start whose Gram matrix commutes with M, turned in its columns."""
    label = f"U0 U0' = diag({', '.join(map(str, dict.fromkeys(sizes)))})^2, n = {len(sizes)}, mu = {mu}"
    return Start(label, eigenvalues, reflected(sizes, len(sizes) + 2), mu, steps, commuting=True)


@dataclass(frozen=True)
class Diagonal:
    """M and U_0 diagonal, in rationals: every singular value on its own, all norms exact.

    Args:
        eigenvalues, sizes: of M and of U_0, (n,).
    """

    eigenvalues: tuple[F, ...]
    sizes: tuple[F, ...]
    mu: F = TENTH
    guarantees: frozenset[str] = ALL

    @property
    def name(self) -> str:
        return f"diag({', '.join(map(str, self.sizes))}) to diag({', '.join(map(str, self.eigenvalues))})"

    @property
    def lam(self) -> F:
        return self.eigenvalues[0]

    @property
    def r(self) -> int:
        return sum(v != 0 for v in self.eigenvalues)

    def path(self, steps: int) -> list[tuple[list[F], list[F]]]:
        """Singular values (with signs) of U_t and Y_t for t = 0, ..., steps."""
        s, y, out = list(self.sizes), list(self.sizes), []
        for t in range(steps + 1):
            if t:
                s = [x * (1 + self.mu * (v - x * x)) for x, v in zip(s, self.eigenvalues, strict=True)]
                y = [x * (1 + self.mu * v) for x, v in zip(y, self.eigenvalues, strict=True)]
            out.append((s, y))
        return out


# --- sensing ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Measurements:
    """Symmetric A_i (m, n, n) and M (n, n) of rank r with unit eigenvalues, for one seed, in NumPy."""

    A: np.ndarray
    M: np.ndarray

    @property
    def y(self) -> np.ndarray:
        """(m,)"""
        return np.tensordot(self.A, self.M, 2)


@cache
def measurements(n: int = 16, r: int = 2, m: int = 110, seed: int = 0) -> Measurements:
    """Symmetrised Gaussian A_i, and M = QQ' with Q orthonormal."""
    rng = np.random.default_rng([n, r, m, seed])
    B, Q = rng.normal(size=(m, n, n)), np.linalg.qr(rng.normal(size=(n, r)))[0]
    return Measurements((B + B.transpose(0, 2, 1)) / 2, Q @ Q.T)
