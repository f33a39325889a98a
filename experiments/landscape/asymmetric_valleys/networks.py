"""Real losses: logistic regression with two parameters, a small softmax network on digits, and lines through their parameters."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any, NamedTuple

import numpy as np
from array_api_compat import array_namespace

from gradproof.experiments.engine.backend import backend as array_library
from gradproof.experiments.engine.backend import to_numpy
from gradproof.experiments.engine.draws import ahead
from gradproof.experiments.engine.run import run
from gradproof.experiments.instances.data import pixels
from gradproof.experiments.landscape.asymmetric_valleys.methods import averaged_sgd

Array = Any

# --- two parameters ----------------------------------------------------------------------------------------------------


class Pair(NamedTuple):
    """Logistic regression on numbers: rows (x_i, 1) times the label +-1, (n, 2), and where averaged gradient descent ends, (2,)."""

    rows: np.ndarray
    theta: np.ndarray
    direction: np.ndarray  # (2,), of norm 1


def pair(rng: np.random.Generator, *, n: int = 10, steps: int = 30, eta: float = 0.01) -> Pair:
    """The smallest experiment of the authors' code: n points around +1 and n around -1, thirty full-batch steps, the average of
    the iterates, and a random direction with positive entries."""
    x = np.r_[1 + rng.standard_normal(n), -1 + rng.standard_normal(n)]
    label = np.r_[np.full(n, -1.0), np.full(n, 1.0)]  # the points around -1 are the class 1
    rows = label[:, None] * np.c_[x, np.ones(2 * n)]
    theta, total = rng.uniform(-1, 1, 2), np.zeros(2)
    for _ in range(steps):
        theta = theta + eta * (rows / (1 + np.exp(rows @ theta))[:, None]).mean(axis=0)
        total += theta
    u = rng.random(2)
    return Pair(rows, total / steps, u / np.linalg.norm(u))


def logistic_losses(rows: np.ndarray, thetas: np.ndarray) -> np.ndarray:
    """The mean of log(1 + exp(-margin)) at parameters (..., 2), without overflow."""
    return np.logaddexp(0, -thetas @ rows.T).mean(axis=-1)


# --- a network on digits -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Softmax:
    """A network 64 - width - 10 with ReLU units and cross-entropy, in nats; parameters as one vector (..., P)."""

    X: Array  # (n, 64)
    Y: Array  # (n, 10), one-hot
    X_test: Array
    Y_test: Array
    width: int
    ridge: float = 0.0

    @property
    def size(self) -> int:
        """P."""
        return 64 * self.width + self.width + 10 * self.width + 10

    def split(self, w: Array) -> tuple[Array, Array, Array, Array]:
        """Weights (..., width, 64), biases (..., 1, width), weights (..., 10, width), biases (..., 1, 10)."""
        xp, m, lead = array_namespace(w), self.width, w.shape[:-1]
        ends = np.cumsum([64 * m, m, 10 * m]).tolist()
        return (
            xp.reshape(w[..., : ends[0]], (*lead, m, 64)), w[..., None, ends[0] : ends[1]],
            xp.reshape(w[..., ends[1] : ends[2]], (*lead, 10, m)), w[..., None, ends[2] :],
        )  # fmt: skip

    def forward(self, w: Array, X: Array) -> tuple[Array, Array]:
        """Hidden units (..., B, width) and logits (..., B, 10)."""
        xp = array_namespace(w)
        A, a, B, b = self.split(w)
        before = xp.matmul(X, xp.matrix_transpose(A)) + a
        hidden = xp.where(before > 0, before, xp.zeros_like(before))
        return hidden, xp.matmul(hidden, xp.matrix_transpose(B)) + b

    def gradient(self, w: Array, rows: Array) -> Array:
        """Of the mean cross-entropy over a batch and ridge ||w||^2/2; rows: int64 (setting, seed, B)."""
        xp = array_namespace(w)
        flat = xp.reshape(rows, (-1,))
        X = xp.reshape(xp.take(self.X, flat, axis=0), (*rows.shape, 64))
        Y = xp.reshape(xp.take(self.Y, flat, axis=0), (*rows.shape, 10))
        hidden, logits = self.forward(w, X)
        back = (xp.exp(_log_softmax(logits)) - Y) / rows.shape[-1]
        _, _, B, _ = self.split(w)
        below = xp.where(hidden > 0, xp.matmul(back, B), xp.zeros_like(hidden))
        lead = w.shape[:-1]
        parts = [
            xp.reshape(xp.matmul(xp.matrix_transpose(below), X), (*lead, -1)), xp.sum(below, axis=-2),
            xp.reshape(xp.matmul(xp.matrix_transpose(back), hidden), (*lead, -1)), xp.sum(back, axis=-2),
        ]  # fmt: skip
        return xp.concat(parts, axis=-1) + self.ridge * w

    def losses(self, w: Array, *, test: bool) -> np.ndarray:
        """The mean cross-entropy over all training or test rows at parameters (..., P), on the host."""
        xp = array_namespace(w)
        X, Y = (self.X_test, self.Y_test) if test else (self.X, self.Y)
        return to_numpy(-xp.mean(xp.sum(_log_softmax(self.forward(w, X)[1]) * Y, axis=-1), axis=-1))


def _log_softmax(logits: Array) -> Array:
    xp = array_namespace(logits)
    above = logits - xp.max(logits, axis=-1, keepdims=True)
    return above - xp.log(xp.sum(xp.exp(above), axis=-1, keepdims=True))


@cache
def digits(width: int = 32, ridge: float = 1e-3) -> Softmax:
    """The 8 x 8 digits of scikit-learn; every third row is held out."""
    X, y = pixels()
    test, Y = np.arange(len(y)) % 3 == 2, np.eye(10)[y]
    return Softmax(X[~test], Y[~test], X[test], Y[test], width, ridge)


class Ends(NamedTuple):
    """Where runs end, (seeds, P) each."""

    sgd: np.ndarray  # last iterates
    swa: np.ndarray  # averages over the second half


def train(
    problem: Softmax, rng: np.random.Generator, words: np.ndarray, *, epochs: int, eta: float, batch: int = 32,
    decreasing: bool = False, backend: str = "numpy",
) -> Ends:  # fmt: skip
    """SGD at a constant step (or one that falls like 1/(1 + 20 t/T)), and the average of the second half of its iterates.

    ``words``: keys (1, seeds, 2).
    """
    on, n = array_library(backend), len(problem.X)
    m, seeds, per = problem.width, words.shape[1], -(-n // batch)
    scale = np.r_[np.full(64 * m, (2 / 64) ** 0.5), np.zeros(m), np.full(10 * m, (1 / m) ** 0.5), np.zeros(10)]
    x0 = on.asarray(scale * rng.standard_normal((1, seeds, problem.size)))
    steps = epochs * per
    decay = (lambda t: 1 / (1 + 20 * t / steps)) if decreasing else None
    moved = on.move(problem)
    method = averaged_sgd(moved.gradient, eta, steps // 2, decay)
    draw = ahead(on.asarray(words), lambda d: d.integers(n, (batch,)))
    out = run(method, x0, steps, record={"x": lambda s: s.x, "mean": lambda s: s.mean}, draw=draw, at=[steps])
    return Ends(out.x.values[0, :, 0], out["mean"].values[0, :, 0])


def along_the_line(problem: Softmax, ends: Ends, at: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Training and test losses (seeds, points) at w_SWA + l (w_SGD - w_SWA)/|w_SGD - w_SWA|, l = ``at`` times that distance."""
    points = ends.swa[:, None] + at[:, None] * (ends.sgd - ends.swa)[:, None]
    return problem.losses(points, test=False), problem.losses(points, test=True)


def slope_ratio(left: Any, middle: Any, right: Any) -> Any:
    """c_hat: how much more the loss rises on the steeper side over an equal distance; negative where it falls on the other."""
    rises = np.stack([np.asarray(left) - middle, np.asarray(right) - middle])
    return rises.max(axis=0) / rises.min(axis=0)


def shift_mismatch(train: np.ndarray, test: np.ndarray, shift: int) -> float:
    """How far L(w) is from Lhat(w + shift) on a grid, up to a constant: half the range of test[i] - train[i + shift]."""
    n = len(train) - abs(shift)
    a = train[max(shift, 0) :][:n]
    b = test[max(-shift, 0) :][:n]
    return float(np.ptp(a - b)) / 2
