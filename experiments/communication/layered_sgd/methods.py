"""Layered SGD: exactly, one gradient after the other; and batched, with softmax regression split among workers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

import numpy as np
from array_api_compat import array_namespace, device

from gradproof.experiments.engine.run import Method
from gradproof.experiments.instances.data import pixels
from gradproof.solvers.summation import Groups, consecutive, layered_mean

Array = Any
Aggregate = Callable[[Sequence[Any]], Any]  # the gradients of all workers -> what is applied


def in_groups(groups: Groups) -> Aggregate:
    """The mean, added up in two layers."""
    return partial(layered_mean, groups=groups)


# --- exactly ------------------------------------------------------------------------------------------------------------


def iterates(
    gradient: Callable[[int, int, Any], Any], N: int, eta: Callable[[int], Any], T: int, x0: Any, aggregate: Aggregate, *,
    stale: int = 0, late: int = 0, momentum: Any = 0, decay: Any = 0,
) -> list[Any]:  # fmt: skip
    """x_0, ..., x_T of SGD with N workers, in the arithmetic of its numbers.

    Args:
        gradient: (worker, step, x) -> gradient. eta: step -> step size.
        stale: gradients are those of the iterate ``stale`` steps before. late: they get the step size of ``late`` steps after.
        momentum, decay: of the optimiser that is given the aggregate: v+ = momentum v + c + decay x, x+ = x - eta v+.
    """
    xs, v = [x0], 0 * x0
    for t in range(T):
        at = xs[max(t - stale, 0)]
        v = momentum * v + aggregate([gradient(i, t, at) for i in range(N)]) + decay * xs[-1]
        xs.append(xs[-1] - eta(t + late) * v)
    return xs


# --- batched ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class SoftmaxWorkers:
    """Softmax regression of N workers with m rows each: X (N m, d), one-hot labels Y (N m, c); x is a matrix (d, c), flattened."""

    X: Array
    Y: Array
    N: int
    guarantees = frozenset({"smooth", "convex", "lower_bounded"})

    @property
    def m(self) -> int:
        return self.X.shape[0] // self.N

    @property
    def dim(self) -> int:
        return self.X.shape[1] * self.Y.shape[1]

    @property
    def L(self) -> float:
        """Smoothness: the Hessian of a row's loss is at most I/2 in its margins."""
        X = np.asarray(self.X)
        return float(np.linalg.eigvalsh(X.T @ X / len(X))[-1]) / 2

    @property
    def sigma2(self) -> float:
        """Bound on the variance of a row's gradient a (p - y)', of which the second factor has squared norm at most two."""
        return float(2 * np.mean(np.sum(np.asarray(self.X) ** 2, axis=-1)))

    def gradients(self, x: Array, rows: Array) -> Array:
        """Gradients of the workers' batches: x (..., dim), rows (..., n, b) of the table -> (..., n, dim)."""
        xp, (d, c) = array_namespace(x), (self.X.shape[1], self.Y.shape[1])
        flat = xp.reshape(rows, (-1,))
        A = xp.reshape(xp.take(self.X, flat, axis=0), (*rows.shape, d))
        y = xp.reshape(xp.take(self.Y, flat, axis=0), (*rows.shape, c))
        z = xp.matmul(A, xp.reshape(x, (*x.shape[:-1], 1, d, c)))
        e = xp.exp(z - xp.max(z, axis=-1, keepdims=True))
        slopes = (e / xp.sum(e, axis=-1, keepdims=True) - y) / rows.shape[-1]
        found = xp.matmul(xp.matrix_transpose(A), slopes)
        return xp.reshape(found, (*found.shape[:-2], d * c))

    def gradient(self, x: Array) -> Array:
        """The gradient of the mean loss of all rows, (..., dim) -> (..., dim)."""
        xp = array_namespace(x)
        rows = xp.arange(self.X.shape[0], dtype=xp.int64, device=device(x))
        return self.gradients(x, xp.reshape(rows, (*[1] * (x.ndim - 1), 1, -1)))[..., 0, :]

    def loss(self, x: Array) -> Array:
        """The mean loss, (..., dim) -> (...)."""
        xp = array_namespace(x)
        z = xp.matmul(self.X, xp.reshape(x, (*x.shape[:-1], self.X.shape[1], self.Y.shape[1])))
        top = xp.max(z, axis=-1, keepdims=True)
        return xp.mean(xp.log(xp.sum(xp.exp(z - top), axis=-1)) + top[..., 0] - xp.sum(z * self.Y, axis=-1), axis=-1)

    def in_order(self, b: int) -> Callable[[Any], Array]:
        """Step -> rows (1, 1, N, b): every worker goes through its own rows, batch after batch, from the start again at the end."""
        xp, at = array_namespace(self.X), device(self.X)

        def rows(t: Any) -> Array:
            first = xp.arange(self.N, dtype=xp.int64, device=at)[:, None] * self.m
            return (first + (xp.arange(b, dtype=xp.int64, device=at)[None, :] + t * b) % self.m)[None, None, ...]

        return rows


def digits(N: int, *, rows: int = 1797, sort: bool = False) -> SoftmaxWorkers:
    """The first rows of the handwritten digits, sorted by label or not, split evenly among N workers; the rest is left out."""
    X, y = pixels()
    keep = np.arange(rows // N * N)
    keep = keep[np.argsort(y[keep], kind="stable")] if sort else keep
    return SoftmaxWorkers(X[keep], np.eye(10)[y[keep]], N)


class LayeredState(NamedTuple):
    x: Array  # (setting, seed, dim)


def layered_sgd(problem: SoftmaxWorkers, eta: Any, aggregates: Sequence[Aggregate]) -> Method:
    """x+ = x - eta c, c the aggregate of the workers' gradients, one rule a setting. ``draw``: rows (1, 1 or seed, N, b)."""

    def step(s: LayeredState, rows: Array) -> LayeredState:
        xp = array_namespace(s.x)
        found = problem.gradients(s.x, rows)
        c = [rule([found[k, :, i, :] for i in range(found.shape[2])]) for k, rule in enumerate(aggregates)]
        return LayeredState(s.x - eta * xp.stack(c, axis=0))

    return Method(LayeredState, step)


def equal_groups(N: int, G: int) -> list[list[int]]:
    """G groups of N/G workers, one after the other."""
    return consecutive([N // G] * G)
