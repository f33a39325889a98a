"""DIFF2 as a pure step on any array library, every sample clipped; with one round a period it is private gradient descent."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

from array_api_compat import array_namespace

from gradproof.experiments.engine.draws import Draws
from gradproof.experiments.engine.run import Method
from gradproof.experiments.instances import losses

Array = Any


class Problem(Protocol):
    """A mean of losses of samples, whose gradients are linear in ``signals``, and a public term without data.

    ``signals``: x (..., d) -> (..., n, m). From these, or from differences of them, ``norms`` (..., n) of the samples' gradients,
    or of their differences, and their ``mean`` (..., d).
    """

    def signals(self, x: Array) -> Array: ...
    def norms(self, signals: Array) -> Array: ...
    def mean(self, signals: Array) -> Array: ...

    def public(self, x: Array) -> Array:
        """The gradient of the term without data, (..., d)."""
        return 0 * x


@dataclass(frozen=True, eq=False)
class Logistic(Problem):
    """Mean of log(1 + exp(-b_i a_i.x)) and lam sum x_j^2/(1 + x_j^2), which is not convex.

    Args:
        rows: b_i a_i, (n, d), of norm 1. lam: >= 0.
    """

    rows: Array
    lam: float = 0.0

    def signals(self, x: Array) -> Array:
        return losses.logistic_slope(array_namespace(x).matmul(x, self.rows.T))[..., None]

    def norms(self, signals: Array) -> Array:
        return abs(signals[..., 0])

    def mean(self, signals: Array) -> Array:
        return array_namespace(signals).matmul(signals[..., 0], self.rows) / self.rows.shape[0]

    def public(self, x: Array) -> Array:
        return 2 * self.lam * x / (1 + x * x) ** 2


@dataclass(frozen=True, eq=False)
class Quadratic(Problem):
    """Mean of (x - z_i)'H(x - z_i)/2 with H diagonal.

    Args:
        h: eigenvalues, (d,). centres: (n, d).
    """

    h: Array
    centres: Array

    def signals(self, x: Array) -> Array:
        return self.h * (x[..., None, :] - self.centres)

    def norms(self, signals: Array) -> Array:
        return array_namespace(signals).sum(signals * signals, axis=-1) ** 0.5

    def mean(self, signals: Array) -> Array:
        return array_namespace(signals).mean(signals, axis=-2)


@dataclass(frozen=True, eq=False)
class Network(Problem):
    """Half squares of one hidden layer of softplus neurons; x holds W (width, p + 1) and then w (width + 1).

    Args:
        rows: inputs with a last column of ones, (n, p + 1). sizes: squared norms, (n,). targets: (n,).
    """

    rows: Array
    sizes: Array
    targets: Array
    width: int = 10

    def signals(self, x: Array) -> Array:
        """Per sample the slope in the hidden layer's input (width) and in the output weights (width + 1)."""
        xp = array_namespace(x)
        p, k = self.rows.shape[1], self.width
        W, w = xp.reshape(x[..., : k * p], (*x.shape[:-1], k, p)), x[..., k * p :]
        z = xp.matmul(self.rows, xp.matrix_transpose(W))  # (..., n, k)
        hidden, slope = losses.logistic(-z), losses.logistic_slope(-z) * -1  # softplus and its derivative
        left = (xp.sum(hidden * w[..., None, :k], axis=-1) + w[..., None, k] - self.targets)[..., None]
        return xp.concat([left * w[..., None, :k] * slope, left * hidden, left], axis=-1)

    def loss(self, x: Array) -> Array:
        """The mean of half squares, (...)."""
        return array_namespace(x).mean(self.signals(x)[..., -1] ** 2, axis=-1) / 2

    def norms(self, signals: Array) -> Array:
        xp, k = array_namespace(signals), self.width
        squares = signals * signals
        return (xp.sum(squares[..., :k], axis=-1) * self.sizes + xp.sum(squares[..., k:], axis=-1)) ** 0.5

    def mean(self, signals: Array) -> Array:
        xp, k = array_namespace(signals), self.width
        first = xp.matmul(xp.matrix_transpose(signals[..., :k]), self.rows) / self.rows.shape[0]
        return xp.concat([xp.reshape(first, (*first.shape[:-2], -1)), xp.mean(signals[..., k:], axis=-2)], axis=-1)


class State(NamedTuple):
    x: Array  # iterate, (setting, seed, d)
    x_prev: Array  # the one before
    v: Array  # the estimate of the gradient that led here
    r: Array  # rounds, (setting, seed, 1)


def gradient(problem: Problem, x: Array) -> Array:
    """The gradient of f, (..., d)."""
    return problem.mean(problem.signals(x)) + problem.public(x)


def clipped(problem: Problem, signals: Array, radius: Any) -> Array:
    """Signals whose gradients have norm ``radius`` (..., 1) at most: u min(1, radius/|u|)."""
    xp = array_namespace(signals)
    norm = problem.norms(signals)
    long = norm > radius
    return signals * xp.where(long, radius / xp.where(long, norm, norm * 0 + 1), norm * 0 + 1)[..., None]


def diff2(problem: Problem, eta: Any, T: Any, sigma: Any, tau: Any, G: Any, L: Any) -> Method:
    """``v`` is a fresh gradient with noise sigma every T rounds, else the last one with a difference with noise tau |x - x_prev|.

    Args:
        eta, T, sigma, tau: numbers, or arrays (setting, 1, 1). G, L: clip radii of a gradient and, over the step, of a difference.
    """

    def init(x0: Array) -> State:
        return State(x0, x0, 0 * x0, 0 * x0[..., :1])

    def step(s: State, z: Array) -> State:
        xp = array_namespace(s.x)
        moved = s.x - s.x_prev
        size = xp.sum(moved * moved, axis=-1)[..., None] ** 0.5
        now = problem.signals(s.x)
        change = problem.mean(clipped(problem, now - problem.signals(s.x_prev), L * size))
        change = change + problem.public(s.x) - problem.public(s.x_prev)
        fresh = problem.mean(clipped(problem, now, G + 0 * size)) + problem.public(s.x) + sigma * z
        later = s.v + change + tau * size * z
        v = xp.where(s.r - T * xp.floor(s.r / T) == 0, fresh, later)
        return State(s.x - eta * v, s.x, v, s.r + 1)

    return Method(init, step)


def noise(source: Draws, d: int) -> Array:
    """The normal numbers of a round, (setting, seed, d)."""
    return source.normal((d,))
