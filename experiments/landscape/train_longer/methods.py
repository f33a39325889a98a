"""SGD on a flat potential and on a small network, ghost batch normalisation, and second moments on least squares."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np
from array_api_compat import array_namespace

from gradproof.experiments.engine.backend import backend as array_library
from gradproof.experiments.engine.draws import Draws, ahead
from gradproof.experiments.engine.run import Method, run, start
from gradproof.experiments.instances.data import pixels

Array = Any

# --- a flat potential ----------------------------------------------------------------------------------------------------


class Flat(NamedTuple):
    w: Array  # (setting, seed, d)


def sgd_flat(rows: Array, eta: Any) -> Method:
    """``w+ = w - eta mean_b g_b``: linear losses. ``draw``: indices of the batch among the rows (n, d), (setting, seed, M)."""

    def step(s: Flat, draw: Array) -> Flat:
        xp = array_namespace(s.w)
        return Flat(s.w - eta * xp.mean(taken(rows, draw), axis=-2))

    return Method(Flat, step)


def taken(table: Array, which: Array) -> Array:
    """table[which], which (..., M), on any library."""
    xp = array_namespace(which)
    return xp.reshape(xp.take(table, xp.reshape(which, (-1,)), axis=0), (*which.shape, *table.shape[1:]))


def uniform_batches(n: int, M: int, *, replacement: bool = True) -> Callable[[Draws], Array]:
    """Indices of uniform batches, int64 (setting, seed, M)."""
    if replacement:
        return lambda d: d.integers(n, (M,))

    def subset(d: Draws) -> Array:
        u = d.uniform((n,))
        return array_namespace(u).argsort(u, axis=-1)[..., :M]

    return subset


# --- a network on digits ----------------------------------------------------------------------------------------------------


class Weights(NamedTuple):
    """A network of one hidden layer; leading axes (setting, seed)."""

    W: Array  # (..., width, inputs)
    b: Array  # (..., width)
    A: Array  # (..., outputs, width)
    c: Array  # (..., outputs)


@dataclass(frozen=True)
class Network:
    """Inputs (n, inputs), one-hot labels (n, outputs), ReLU network with biases, softmax cross-entropy."""

    X: Array
    y: Array
    width: int

    @property
    def sizes(self) -> tuple[int, int, int]:
        return self.X.shape[1], self.width, self.y.shape[1]

    def init(self, rng: np.random.Generator) -> np.ndarray:
        """He initialisation, as one vector (P,)."""
        i, m, o = self.sizes
        W, A = rng.standard_normal((m, i)) * np.sqrt(2 / i), rng.standard_normal((o, m)) * np.sqrt(2 / m)
        return np.concatenate([W.ravel(), np.zeros(m), A.ravel(), np.zeros(o)])

    def unflatten(self, w: Array) -> Weights:
        xp, (i, m, o), lead = array_namespace(w), self.sizes, w.shape[:-1]
        ends = np.cumsum([m * i, m, o * m, o]).tolist()
        return Weights(
            xp.reshape(w[..., : ends[0]], (*lead, m, i)), w[..., ends[0] : ends[1]],
            xp.reshape(w[..., ends[1] : ends[2]], (*lead, o, m)), w[..., ends[2] : ends[3]],
        )  # fmt: skip

    def hidden(self, s: Weights, x: Array) -> Array:
        """Before the ReLU, (..., B, width)."""
        return array_namespace(x).matmul(x, array_namespace(x).matrix_transpose(s.W)) + s.b[..., None, :]


def residuals(logits: Array, y: Array) -> Array:
    """Softmax less labels, (..., B, outputs)."""
    xp = array_namespace(logits)
    e = xp.exp(logits - xp.max(logits, axis=-1, keepdims=True))
    return e / xp.sum(e, axis=-1, keepdims=True) - y


def sgd(net: Network, eta: Any) -> Method:
    """Constant-step SGD from a vector of weights (setting, seed, P); ``draw``: indices of the batch (setting, seed, M).

    ``eta``: (setting, 1, 1).
    """

    def step(s: Weights, draw: Array) -> Weights:
        xp = array_namespace(s.W)
        x, y = taken(net.X, draw), taken(net.y, draw)
        before = net.hidden(s, x)
        active = xp.where(before > 0, before, 0 * before)
        r = residuals(xp.matmul(active, xp.matrix_transpose(s.A)) + s.c[..., None, :], y) / x.shape[-2]
        back = xp.where(before > 0, xp.matmul(r, s.A), 0 * before)
        to_A, to_W = (xp.matmul(xp.matrix_transpose(g), z) for g, z in ((r, active), (back, x)))
        return Weights(
            s.W - eta[..., None] * to_W, s.b - eta * xp.sum(back, axis=-2),
            s.A - eta[..., None] * to_A, s.c - eta * xp.sum(r, axis=-2),
        )  # fmt: skip

    return Method(net.unflatten, step)


def flat(s: Weights) -> Array:
    """All weights as one vector."""
    xp = array_namespace(s.W)
    return xp.concat([xp.reshape(p, (*s.c.shape[:-1], -1)) for p in s], axis=-1)


def digits_network(width: int = 64) -> Network:
    """8 x 8 digits of scikit-learn, 64 pixels in [0, 1], one hidden layer."""
    X, y = pixels()
    return Network(X, np.eye(10)[y], width)


TIMES = (10, 30, 100, 300, 1000, 3000)


def distances(
    net: Network, M: int, etas: Sequence[float], keys: Array, rng: np.random.Generator, *, at: Sequence[int] = TIMES,
    backend: str = "numpy",
) -> np.ndarray:  # fmt: skip
    """||w_t - w_0|| of SGD at the times ``at``, (etas, seeds, times), all from one start. ``keys``: (etas, seeds, 2)."""
    on = array_library(backend)
    w0 = start(net.init(rng), settings=len(etas), seeds=keys.shape[1])
    moved, steps, words = on.move((net, np.asarray(etas, float)[:, None, None], keys))
    out = run(
        sgd(moved, steps), on.asarray(w0), max(at), at=[0, *at], record={"w": flat},
        draw=ahead(words, uniform_batches(len(net.X), M)),
    )  # fmt: skip
    w = out.w.values
    return np.linalg.norm(w[:, :, 1:] - w[:, :, :1], axis=-1)


def log_fit(t: Array, distance: Array) -> float:
    """R^2 of the best straight line of a distance in log t."""
    return determination(np.log(t), np.asarray(distance, float))


def determination(x: Array, y: Array) -> float:
    """1 - R^2 is the share of the variance of y that no straight line in x explains; this is R^2."""
    return float(np.corrcoef(x, y)[0, 1] ** 2)


# --- ghost batch normalisation ------------------------------------------------------------------------------------------------


class Ghosts(NamedTuple):
    """What a layer of ghost batch normalisation makes of G ghost batches of m activations."""

    z: Array  # (G, m), normalised
    means: Array  # (G,)
    variances: Array  # (G,), biased
    running: Any  # the running mean after the step


def ghost_bn(x: Sequence[Sequence[Any]], running: Any, lam: Any, eps: float = 0.0) -> Ghosts:
    """Normalise each ghost batch by its own statistics, and update the running mean once for each, in turn.

    Exact numbers stay exact but for ``z``, which has a square root.
    """
    m = len(x[0])
    means = [sum(row[1:], row[0]) / m for row in x]
    variances = [sum((a - mu) ** 2 for a in row) / m for row, mu in zip(x, means, strict=True)]
    with np.errstate(invalid="ignore"):
        z = [
            [float(a - mu) / np.sqrt(float(v) + eps) for a in row]
            for row, mu, v in zip(x, means, variances, strict=True)
        ]
    for mu in means:
        running = (1 - lam) * running + lam * mu
    return Ghosts(z, means, variances, running)


class Normalised(NamedTuple):
    """A network with a normalised hidden layer, its shift b and scale g, and its running statistics."""

    W: Array
    g: Array
    b: Array
    A: Array
    c: Array
    mean: Array
    variance: Array


def train_normalised(
    net: Network,
    M: int,
    m: int,
    eta: float,
    updates: int,
    rng: np.random.Generator,
    *,
    lam: float = 0.1,
    eps: float = 1e-5,
) -> Normalised:
    """SGD with batch normalisation of the hidden layer over ghost batches of m out of M; m = M is ordinary batch normalisation."""
    if M % m:
        raise ValueError(f"a batch of M = {M} does not split into ghost batches of m = {m}; give a divisor")
    W, b, A, c = net.unflatten(net.init(rng))
    g, mean, variance, G = np.ones_like(b), np.zeros_like(b), np.ones_like(b), M // m
    for _ in range(updates):
        which = rng.integers(len(net.X), size=M)
        x, y = net.X[which], net.y[which]
        before = (x @ W.T).reshape(G, m, -1)
        mu, v = before.mean(1, keepdims=True), before.var(1, keepdims=True)
        for k in range(G):
            mean, variance = (1 - lam) * mean + lam * mu[k, 0], (1 - lam) * variance + lam * v[k, 0]
        root = np.sqrt(v + eps)
        z = (before - mu) / root
        shifted = (z * g + b).reshape(M, -1)
        active = np.maximum(shifted, 0)
        r = residuals(active @ A.T + c, y) / M
        back = ((r @ A) * (shifted > 0)).reshape(G, m, -1)
        dz = back * g
        through = (dz - dz.mean(1, keepdims=True) - z * (dz * z).mean(1, keepdims=True)) / root
        W = W - eta * through.reshape(M, -1).T @ x
        g, b = g - eta * (back * z).sum((0, 1)), b - eta * back.sum((0, 1))
        A, c = A - eta * r.T @ active, c - eta * r.sum(0)
    return Normalised(W, g, b, A, c, mean, variance)


def accuracy(s: Normalised, X: Array, y: Array, eps: float = 1e-5) -> float:
    """Share of right answers with the running statistics."""
    z = (X @ s.W.T - s.mean) / np.sqrt(s.variance + eps)
    return float((np.argmax(np.maximum(z * s.g + s.b, 0) @ s.A.T + s.c, axis=1) == np.argmax(y, axis=1)).mean())


# --- second moments -----------------------------------------------------------------------------------------------------------


def least_squares_spread(rows: Sequence[Sequence[Any]], noise: Sequence[Any], eta: Any, M: int, updates: int) -> Any:
    """E||w_t - w_0||^2 from the minimiser, batches with replacement, in exact arithmetic; sum noise_i a_i = 0.

    With Sigma = E w w' (0 at first) and H = mean a a': Sigma+ = (I - eta H) Sigma (I - eta H) + eta^2/M N, where
    N = mean_i a_i (a_i' Sigma a_i + noise_i^2) a_i' - H Sigma H.
    """
    a = np.array([[Fraction(x) for x in row] for row in rows], dtype=object)
    r2 = np.array([Fraction(x) ** 2 for x in noise], dtype=object)
    n, d = a.shape
    H = a.T @ a / Fraction(n)
    keep, Sigma = np.array([[Fraction(int(i == j)) for j in range(d)] for i in range(d)], dtype=object) - eta * H, H * 0
    for _ in range(updates):
        weight = ((a @ Sigma) * a).sum(1) + r2
        one = a.T @ (weight[:, None] * a) / Fraction(n) - H @ Sigma @ H
        Sigma = keep @ Sigma @ keep + eta**2 / Fraction(M) * one
    return np.trace(Sigma)
