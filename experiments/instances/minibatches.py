"""Stochastic gradients of finite sums: rows drawn with replacement, by index, so that a run can be replayed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from array_api_compat import array_namespace, device

from gradproof.experiments.instances.finite_sums import LeastSquares, Logistic

Array = Any


@dataclass(frozen=True, eq=False)
class Minibatches:
    """Every client of a problem has a point of its own, and draws B of its own rows with replacement."""

    problem: Logistic | LeastSquares
    B: int
    guarantees = frozenset({"variance"})

    @property
    def sigma2(self) -> float:
        """Bound on the variance at every point, of the logistic loss: its slopes are at most one."""
        return float(np.max(np.mean(np.sum(np.asarray(self.problem.rows[0]) ** 2, axis=-1), axis=-1))) / self.B

    def gradients(self, x: Array) -> Array:
        """Full local gradients at the clients' own points, (..., n, d) -> (..., n, d)."""
        xp, P = array_namespace(x), self.problem
        A, b = P.rows
        slopes = P.slopes(xp.matmul(A, x[..., None])[..., 0], b) / P.m
        return xp.matmul(slopes[..., None, :], A)[..., 0, :] + P.penalty_gradient(x)

    def sample(self, x: Array, draw: Array) -> Array:
        """Stochastic gradients, (..., n, d) -> (..., n, d); draw: uniform numbers (..., n, B)."""
        xp, P = array_namespace(x), self.problem
        first = P.m * xp.arange(P.n, dtype=xp.int64, device=device(x))[:, None]
        return over_rows(P, x, xp.astype(xp.floor(draw * P.m), xp.int64) + first)


@dataclass(frozen=True, eq=False)
class NoisyQuadratics:
    """Clients with f_i = (h_i/2)||x - b_i||^2, h (n, 1), b (n, d), and Gaussian noise of standard deviation ``sigma`` an entry."""

    h: Array
    b: Array
    sigma: float
    guarantees = frozenset({"variance"})

    def sample(self, x: Array, draw: Array) -> Array:
        """Stochastic gradients at the clients' own points, (..., n, d) -> (..., n, d); draw: normal numbers (..., n, d)."""
        return self.h * (x - self.b) + self.sigma * draw


@dataclass(frozen=True, eq=False)
class PooledMinibatches:
    """Workers share one point and all rows of a problem of one client; each draws B of them with replacement."""

    problem: Logistic | LeastSquares
    B: int
    guarantees = frozenset({"iid_correct", "one_law"})

    def values(self, x: Array) -> Array:
        """f, (..., d) -> (...)."""
        return self.problem(x)

    def gradient(self, x: Array) -> Array:
        """grad f, (..., d) -> (..., d)."""
        return self.problem.gradient(x)

    def variance(self, x: Array) -> Array:
        """E|g - grad f|^2 of one worker's gradient, of a problem without regulariser, (..., d) -> (...)."""
        xp, P = array_namespace(x), self.problem
        A, b = P.rows[0][0, ...], P.rows[1][0, ...]
        second = P.slopes(x @ A.T, b) ** 2 @ xp.sum(A**2, axis=-1) / P.m
        return (second - xp.sum(self.gradient(x) ** 2, axis=-1)) / self.B

    def sample(self, x: Array, draw: Array) -> Array:
        """One gradient a worker, (..., d) -> (..., workers, d); draw: uniform numbers (..., workers, B)."""
        xp = array_namespace(x)
        return over_rows(self.problem, x[..., None, :], xp.astype(xp.floor(draw * self.problem.m), xp.int64))


def over_rows(problem: Logistic | LeastSquares, x: Array, index: Array) -> Array:
    """Mean gradient over rows of all clients, numbered through: x (..., d), index (..., B) -> (..., d)."""
    xp, (A, b) = array_namespace(x), problem.rows
    flat = xp.reshape(index, (-1,))
    rows = xp.reshape(xp.take(xp.reshape(A, (-1, problem.d)), flat, axis=0), (*index.shape, problem.d))
    labels = xp.reshape(xp.take(xp.reshape(b, (-1,)), flat, axis=0), index.shape)
    slopes = problem.slopes(xp.sum(rows * x[..., None, :], axis=-1), labels)
    return xp.mean(slopes[..., None] * rows, axis=-2) + problem.penalty_gradient(x)
