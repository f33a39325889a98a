"""Instances: schedules, Laplacians, smooth functions with their starts, and Hessians at a saddle."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from typing import Any

import flint
import numpy as np

from gradproof.experiments.landscape.laplacian_smoothing.digits import even_against_odd
from gradproof.experiments.landscape.laplacian_smoothing.methods import Schedule, constant, matrix
from gradproof.solvers.circulant import periodic_laplacian
from gradproof.theory.landscape.laplacian_smoothing import mlsgd_schedule

SCHEDULES: dict[str, Schedule] = {"gd": constant(0), "lsgd": constant(1), "mlsgd": mlsgd_schedule}


def switching(period: int) -> Schedule:
    """0 for ``period`` steps, 1 for as many, and so on."""
    return lambda k: 1.0 * (k // period % 2)


SWITCHING = [switching(period) for period in range(1, 7)]

# --- smoothing matrices ----------------------------------------------------------------------------------------------


def fixed_ends(n: int) -> np.ndarray:
    """Second difference with zeros beyond the ends (Dirichlet), (n, n)."""
    L = periodic_laplacian(n)
    L[0, -1] = L[-1, 0] = 0
    return L


def reflecting_ends(n: int) -> np.ndarray:
    """Second difference reflected at the ends (Neumann), (n, n)."""
    L = fixed_ends(n)
    L[0, 0] = L[-1, -1] = -1
    return L


def exact_inverse(n: int, sigma: Fraction) -> flint.fmpq_mat:
    """A_sigma^-1 in rational arithmetic."""
    s = flint.fmpq(sigma.numerator, sigma.denominator)
    entries = [int(i == j) - s * int(x) for i, row in enumerate(periodic_laplacian(n)) for j, x in enumerate(row)]
    return flint.fmpq_mat(n, n, entries).inv()


def dense_solve(g: np.ndarray, sigma: float, laplacian: Callable[[int], np.ndarray] = periodic_laplacian) -> np.ndarray:
    """A_sigma^-1 g along the last axis, for any sigma that leaves A_sigma nonsingular."""
    return np.linalg.solve(matrix(g.shape[-1], sigma, laplacian), g[..., None])[..., 0]


# --- smooth functions ------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Start:
    """A function f >= 0 or a quadratic, its gradient, and where a run starts, (n,).

    Args:
        L: the smoothness constant that is claimed of it.
        operations: roundings in one value of f or entry of its gradient.
    """

    name: str
    value: Callable[[Any], Any]
    gradient: Callable[[Any], Any]
    x0: np.ndarray
    guarantees: frozenset[str] = frozenset({"l_smooth", "convex"})
    L: float = 1.0
    operations: int = 0

    @property
    def n(self) -> int:
        return len(self.x0)


def random_quadratic(n: int, *, convex: bool, seed: int = 0) -> Start:
    """x'Hx/2 with ||H|| = 1, eigenvalues spread over decades (of both signs unless convex), a random start."""
    rng = np.random.default_rng([seed, n])
    q = np.linalg.qr(rng.normal(size=(n, n)))[0]
    values = np.append(1.0, 10 ** rng.uniform(-3, 0, size=n - 1)) * (1 if convex else rng.choice([-1, 1], size=n))
    h = (q * values) @ q.T
    h = (h + h.T) / 2
    held = frozenset({"l_smooth", "convex"} if convex else {"l_smooth"})
    name = f"{'convex' if convex else 'indefinite'} quadratic, n = {n}"
    return Start(name, lambda x: np.sum((x @ h) * x, axis=-1) / 2, lambda x: x @ h, rng.normal(size=n), held)


def isotropic(curvature: float, *, alternating: bool = False, n: int = 6) -> Start:
    """curvature ||x||^2/2 from the mode that smoothing keeps, or the alternating one, which it damps most; L = 1 is claimed."""
    held = frozenset({"convex", "l_smooth"} if curvature <= 1 else {"convex"})
    x0 = np.resize([1.0, -1.0 if alternating else 1.0], n)
    name = f"{curvature:g} |x|^2/2 from the {'alternating' if alternating else 'constant'} vector"
    return Start(name, lambda x: curvature * np.sum(x * x, axis=-1) / 2, lambda x: curvature * x, x0, held)


def huber(K: int, n: int = 4, schedule: Schedule | None = None) -> Start:
    """Huber's function along the constant vector, its corner a thousandth off the one that is worst for K steps.

    Args:
        schedule: then along the alternating vector, which steps of that smoothing shorten the most.
    """
    u = (np.ones(n) if schedule is None else (-1.0) ** np.arange(n)) / np.sqrt(n)
    lengths = K if schedule is None else sum(1 / (1 + 4 * float(schedule(k))) for k in range(K))
    corner = 1.001 / (2 * lengths + 1)

    def value(x: Any) -> Any:
        t = np.abs(x @ u)
        return np.where(t <= corner, t**2 / 2, corner * (t - corner / 2))

    return Start(f"Huber, K = {K}", value, lambda x: np.clip(x @ u, -corner, corner)[..., None] * u, u)


@cache
def digits() -> Start:
    """Logistic regression on handwritten digits from 0; the largest eigenvalue of the Gram matrix gives L."""
    problem = even_against_odd().train
    return Start("digits", problem, problem.gradient, np.zeros(problem.d), L=problem.L, operations=problem.m)


# --- Hessians at a saddle --------------------------------------------------------------------------------------------


def signs(n: int, negatives: Sequence[int] | None = None) -> np.ndarray:
    """Integer matrix diag(+-1), -1 at the given places (0-based; the last one by default)."""
    d = np.ones(n, dtype=np.int64)
    d[[n - 1] if negatives is None else list(negatives)] = -1
    return np.diag(d)


def congruent(n: int, negative: int, seed: int = 0) -> np.ndarray:
    """T D T' with T unit triangular and D = diag(+-1, ..., +-5), ``negative`` entries of it negative; integers."""
    rng = np.random.default_rng([seed, n, negative])
    t = np.eye(n, dtype=np.int64) + np.tril(rng.choice([-1, 0, 0, 0, 0, 1], size=(n, n)), -1)
    d = rng.integers(1, 6, size=n) * np.where(np.arange(n) < negative, -1, 1)
    return (t * d) @ t.T
