"""Linearised SGD, and SGD or GD on diagonal linear nets and two-layer ReLU nets, over grids of step and batch.

A step's random numbers are the indices of its batch. The same methods run on every array library, on JAX as one compiled
program, on a GPU where there is one.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from array_api_compat import array_namespace

from gradproof.experiments.engine.backend import backend as array_library
from gradproof.experiments.engine.draws import Draws, ahead, keys, split
from gradproof.experiments.engine.run import Method, run, start
from gradproof.experiments.instances.data import pixels
from gradproof.solvers import moments


class ChainState(NamedTuple):
    delta: Any  # distance from the minimum, (setting, seed, d)


def linearised_sgd(rows: Any, eta: Any) -> Method:
    """``delta+ = delta - (eta/B) sum_b g_b (g_b . delta)``; ``draw``: which of the rows (n, d), shape (setting, seed, B)."""

    def step(s: ChainState, draw: Any) -> ChainState:
        xp = array_namespace(s.delta)
        g = _rows(rows, draw)
        along = xp.sum(g * s.delta[..., None, :], axis=-1)
        return ChainState(s.delta - eta * xp.mean(g * along[..., None], axis=-2))

    return Method(ChainState, step)


def batches(n: int, B: int, replacement: bool = False) -> Callable[[Draws], Any] | None:
    """Uniform batches of B of n samples, int64 (setting, seed, B); None for all of them."""
    if replacement or B == 1:
        return lambda d: d.integers(n, (B,))
    if n == B:
        return None

    def sample(d: Draws) -> Any:
        u = d.uniform((n,))
        return array_namespace(u).argsort(u, axis=-1)[..., :B]

    return sample


def _rows(table: Any, which: Any) -> Any:
    """table[which], which (..., B), on any library; the whole table for None."""
    if which is None:
        return table
    xp = array_namespace(which)
    return xp.reshape(xp.take(table, xp.reshape(which, (-1,)), axis=0), (*which.shape, *table.shape[1:]))


def chains(
    at: Any, begin: Any, eta: float, steps: int, n_chains: int, stream: Any, backend: str = "numpy"
) -> np.ndarray:
    """(steps + 1, n_chains) values of ``||delta_t||^2`` of SGD at a ``Minimum``; ``stream``: keys (1, 1, 2) for all chains."""
    on = array_library(backend)
    G, words = on.move((at.floats, split(stream[:, 0], n_chains)))
    which = batches(len(G), at.batch_size, at.replacement)
    draw = (lambda t: which(Draws(words, t))) if which else None
    record = {"norm2": lambda s: array_namespace(s.delta).sum(s.delta**2, axis=-1)}
    out = run(linearised_sgd(G, eta), on.asarray(start(begin, seeds=n_chains)), steps, record=record, draw=draw)
    return out.norm2.values[0].T


# --- networks --------------------------------------------------------------------------------------------------------


class Net(NamedTuple):
    """Parameters with leading axes: (setting, seed) in a run, (setting,) at its end."""

    a: Any  # (..., d), or (..., k, m): output weights
    b: Any  # (..., d), or (..., m, d): input weights


@dataclass(frozen=True)
class Diagonal:
    """``f(x) = sum_j a_j b_j x_j`` on given data, loss ``mean (f - y)^2 / 2``."""

    X: np.ndarray  # (n, d)
    y: np.ndarray  # (n,)

    def init(self, rng: np.random.Generator, settings: int) -> Net:
        """The same start for every setting, a far larger than b: a large trace to begin with."""
        d = self.X.shape[1]
        a, b = 1.5 + 0.1 * rng.standard_normal(d), 0.15 * rng.standard_normal(d)
        return Net(np.tile(a, (settings, 1)), np.tile(b, (settings, 1)))

    def unflatten(self, x: Any) -> Net:
        """Parameters from one vector (..., 2d)."""
        d = self.X.shape[1]
        return Net(x[..., :d], x[..., d:])

    def step(self, s: Net, x: Any, y: Any, eta: Any) -> Net:
        """x: (..., B, d), y: (..., B), eta: a number or (..., 1)."""
        xp = array_namespace(s.a)
        residual = xp.matmul(x, (s.a * s.b)[..., None])[..., 0] - y
        g = eta * xp.mean(residual[..., None] * x, axis=-2)
        return Net(s.a - g * s.b, s.b - g * s.a)

    def loss(self, s: Net) -> np.ndarray:
        """(settings,)"""
        return ((np.asarray(s.a * s.b) @ self.X.T - self.y) ** 2).mean(axis=1) / 2

    def jacobian(self, s: Net, k: int) -> np.ndarray:
        """(n, 2 d) at setting k, exact."""
        return np.hstack([self.X * np.asarray(s.b[k]), self.X * np.asarray(s.a[k])])


@dataclass(frozen=True)
class Relu:
    """``f(x) = A relu(W x)`` with k outputs on given data, loss ``mean |f - y|^2 / 2``."""

    X: np.ndarray  # (n, d)
    y: np.ndarray  # (n, k)
    width: int

    def init(self, rng: np.random.Generator, settings: int) -> Net:
        """Standard Gaussian scaling, the same for every setting."""
        (_, d), k = self.X.shape, self.y.shape[1]
        W = rng.standard_normal((self.width, d)) / np.sqrt(d)
        A = rng.standard_normal((k, self.width)) / np.sqrt(self.width)
        return Net(np.tile(A, (settings, 1, 1)), np.tile(W, (settings, 1, 1)))

    def unflatten(self, x: Any) -> Net:
        """Parameters from one vector (..., (k + d) m)."""
        xp, (m, d), k = array_namespace(x), (self.width, self.X.shape[1]), self.y.shape[1]
        A, W = x[..., : k * m], x[..., k * m :]
        return Net(xp.reshape(A, (*x.shape[:-1], k, m)), xp.reshape(W, (*x.shape[:-1], m, d)))

    def step(self, s: Net, x: Any, y: Any, eta: Any) -> Net:
        """x: (..., B, d), y: (..., B, k), eta: a number or (..., 1)."""
        xp = array_namespace(s.a)
        scale = (eta[..., None] if getattr(eta, "ndim", 0) else eta) / x.shape[-2]
        hidden = xp.matmul(x, xp.matrix_transpose(s.b))  # (..., B, m)
        active = xp.where(hidden > 0, hidden, 0 * hidden)
        residual = xp.matmul(active, xp.matrix_transpose(s.a)) - y
        back = xp.where(hidden > 0, xp.matmul(residual, s.a), 0 * hidden)
        to_a, to_b = (xp.matmul(xp.matrix_transpose(r), z) for r, z in ((residual, active), (back, x)))
        return Net(s.a - scale * to_a, s.b - scale * to_b)

    def loss(self, s: Net) -> np.ndarray:
        """(settings,)"""
        hidden = np.maximum(self.X @ np.asarray(s.b).swapaxes(1, 2), 0)
        return ((hidden @ np.asarray(s.a).swapaxes(1, 2) - self.y) ** 2).sum(axis=2).mean(axis=1) / 2

    def jacobian(self, s: Net, k: int) -> np.ndarray:
        """(n, outputs, m (d + outputs)) at setting k, exact."""
        A, W, (n, outputs) = np.asarray(s.a[k]), np.asarray(s.b[k]), self.y.shape
        hidden = self.X @ W.T
        to_W = np.einsum("om,nm,nd->nomd", A, (hidden > 0).astype(float), self.X).reshape(n, outputs, -1)
        to_A = np.einsum("op,nm->nopm", np.eye(outputs), np.maximum(hidden, 0)).reshape(n, outputs, -1)
        return np.concatenate([to_W, to_A], axis=2)


class TrainState(NamedTuple):
    a: Any  # output weights, (setting, seed, ...)
    b: Any  # input weights, (setting, seed, ...)
    t: Any  # steps taken


def sgd(problem: Diagonal | Relu, etas: Any, warmup: int) -> Method:
    """SGD on the mean loss at step sizes (setting, 1, 1), warmed up linearly.

    Starts at the parameters as one vector (setting, seed, P). ``draw``: indices of the batch (setting, seed, B), all
    samples without one.
    """

    def init(x0: Any) -> TrainState:
        return TrainState(*problem.unflatten(x0), 0)

    def step(s: TrainState, draw: Any | None = None) -> TrainState:
        ramp = etas * ((s.t + 1) / warmup)
        eta = array_namespace(s.a).where(ramp < etas, ramp, etas)
        return TrainState(*problem.step(Net(s.a, s.b), _rows(problem.X, draw), _rows(problem.y, draw), eta), s.t + 1)

    return Method(init, step)


def train(
    problem: Diagonal | Relu, etas: Any, B: int, steps: int, warmup: int, rng: np.random.Generator, backend: str = "numpy"
) -> Net:  # fmt: skip
    """Final parameters of SGD with batches of B at every step size of ``etas`` (warmed up linearly); ``B = n`` is gradient descent.

    Every setting starts at the same point and sees its own batches, without replacement within a batch.
    """
    on, etas = array_library(backend), np.asarray(etas, dtype=float)
    x0 = np.concatenate([p.reshape(len(etas), 1, -1) for p in problem.init(rng, len(etas))], axis=-1)
    moved, step_sizes = on.move((problem, etas[:, None, None]))
    words = on.asarray(keys("train", int(rng.integers(2**62)), settings=etas.tolist(), seeds=[0]))
    which = batches(len(problem.X), B)
    draw = ahead(words, which) if which else None
    record = {"a": lambda s: s.a, "b": lambda s: s.b}
    out = run(sgd(moved, step_sizes, warmup), on.asarray(x0), steps, at=[steps], record=record, draw=draw)
    return Net(out.a.values[:, 0, 0], out.b.values[:, 0, 0])


class EndPoint(NamedTuple):
    """Where a run ended; the Jacobian is exact, and so are the curvatures ``threshold.curvatures``."""

    eta: float  # of the run
    loss: float
    threshold: moments.Threshold


def end_points(problem: Diagonal | Relu, state: Net, etas: Any, B: int) -> Iterator[EndPoint]:
    """Loss and exact threshold for batches of B where the runs ended; diverged runs are left out."""
    with np.errstate(over="ignore", invalid="ignore"):
        losses = problem.loss(state)
    for k in np.flatnonzero(np.isfinite(losses)).tolist():
        curvatures = moments.from_jacobian(problem.jacobian(state, k))
        yield EndPoint(float(etas[k]), float(losses[k]), moments.stability_threshold(curvatures, batch_size=B))


# --- data ------------------------------------------------------------------------------------------------------------


def sparse_regression(rng: np.random.Generator, n: int = 20, d: int = 50, k: int = 3) -> Diagonal:
    """Gaussian inputs and a target with k ones: more parameters than samples, many interpolating minima."""
    X = rng.standard_normal((n, d))
    return Diagonal(X, X[:, :k].sum(axis=1))


def one_neuron_teacher(rng: np.random.Generator, n: int = 100, d: int = 10, width: int = 50) -> Relu:
    """Inputs in symmetric pairs +-x with second moment exactly I, labels of one ReLU neuron of unit norm."""
    half = np.linalg.qr(rng.standard_normal((n // 2, d)))[0] * np.sqrt(n // 2)
    X = np.vstack([half, -half])
    w = rng.standard_normal(d)
    return Relu(X, np.maximum(X @ (w / np.linalg.norm(w)), 0)[:, None], width)


def digits(rng: np.random.Generator, n: int = 100, width: int = 40) -> Relu:
    """8 x 8 digits of scikit-learn, pixels in [0, 1], one-hot labels; n samples chosen at random."""
    X, y = pixels()
    chosen = rng.permutation(len(X))[:n]
    return Relu(X[chosen], np.eye(10)[y[chosen]], width)
