"""Softmax cross-entropy of two-layer tanh networks: data, training on every array library, what the ends look like."""

from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any, NamedTuple

import numpy as np
from array_api_compat import array_namespace

from gradproof.experiments.engine.backend import backend as array_library
from gradproof.experiments.engine.draws import Draws, ahead, keys
from gradproof.experiments.engine.run import Method, run
from gradproof.experiments.instances.data import pixels
from gradproof.solvers.two_layer_hessian import Network, Split, eigenvalues, split


class NetState(NamedTuple):
    W: Any  # (setting, seed, m, d)
    V: Any  # (setting, seed, K, m)


@dataclass(frozen=True)
class Classes:
    """Samples X (n, d) with labels in 0, ..., K - 1, as one-hot rows (n, K)."""

    X: np.ndarray
    onehot: np.ndarray

    @property
    def labels(self) -> np.ndarray:
        return np.asarray(self.onehot).argmax(axis=1)

    def start(self, width: int, rng: np.random.Generator) -> np.ndarray:
        """(1, 1, P): W ~ N(0, 1/d), V ~ N(0, 1/m), as one vector, W row by row and then V."""
        d, K = self.X.shape[1], self.onehot.shape[1]
        parts = [rng.standard_normal(width * d) / np.sqrt(d), rng.standard_normal(K * width) / np.sqrt(width)]
        return np.concatenate(parts)[None, None]

    def unflatten(self, x: Any) -> NetState:
        """From one vector (..., P)."""
        xp, d, K = array_namespace(x), self.X.shape[1], self.onehot.shape[1]
        m = x.shape[-1] // (d + K)
        return NetState(
            xp.reshape(x[..., : m * d], (*x.shape[:-1], m, d)), xp.reshape(x[..., m * d :], (*x.shape[:-1], K, m))
        )


def gradient_descent(problem: Classes, eta: float) -> Method:
    """SGD on the mean cross-entropy; ``draw``: indices of the batch (setting, seed, B), all samples without one."""

    def step(s: NetState, draw: Any = None) -> NetState:
        xp = array_namespace(s.W)
        x, target = problem.X, problem.onehot
        if draw is not None:
            x, target = (
                xp.reshape(xp.take(a, xp.reshape(draw, (-1,)), axis=0), (*draw.shape, a.shape[1])) for a in (x, target)
            )
        T, size = xp.matrix_transpose, x.shape[-2]
        h = xp.tanh(xp.matmul(x, T(s.W)))
        f = xp.matmul(h, T(s.V))
        p = xp.exp(f - xp.max(f, axis=-1, keepdims=True))
        r = (p / xp.sum(p, axis=-1, keepdims=True) - target) / size
        back = xp.matmul(r, s.V) * (1 - h * h)
        return NetState(s.W - eta * xp.matmul(T(back), x), s.V - eta * xp.matmul(T(r), h))

    return Method(problem.unflatten, step)


def train(
    problem: Classes, x0: np.ndarray, eta: float, steps: int, *, at: Any = None, batch: int = 0, seed: int = 0,
    backend: str = "numpy",
) -> list[NetState]:  # fmt: skip
    """States (W (m, d), V (K, m)) on the host after the steps ``at`` (the last alone by default); ``batch = 0`` is full batch."""
    on = array_library(backend)
    moved, n = on.move(problem), len(problem.X)
    draw = None
    if batch:
        words = on.asarray(keys("train", batch, settings=[seed], seeds=[0]))
        draw = ahead(words, lambda d: _without_replacement(d, n, batch))
    record = {"W": lambda s: s.W, "V": lambda s: s.V}
    out = run(gradient_descent(moved, eta), on.asarray(x0), steps, at=at or [steps], record=record, draw=draw)
    return [NetState(W, V) for W, V in zip(out.W.values[0, 0], out.V.values[0, 0], strict=True)]


def _without_replacement(d: Draws, n: int, batch: int) -> Any:
    u = d.uniform((n,))
    return array_namespace(u).argsort(u, axis=-1)[..., :batch]


def flat(s: NetState) -> np.ndarray:
    """(P,)."""
    return np.concatenate([s.W.ravel(), s.V.ravel()])


def loss(problem: Classes, x: np.ndarray) -> np.ndarray:
    """Mean cross-entropy at parameters (..., P)."""
    s = problem.unflatten(x)
    f = np.tanh(problem.X @ s.W.swapaxes(-1, -2)) @ s.V.swapaxes(-1, -2)
    top = f.max(axis=-1, keepdims=True)
    total = np.log(np.exp(f - top).sum(axis=-1)) + top[..., 0]
    return (total - (f * problem.onehot).sum(axis=-1)).mean(axis=-1)


# --- data -------------------------------------------------------------------------------------------------------------


def digits(classes: int, n: int = 60, d: int = 6) -> Classes:
    """The first n/C digits of each class 0, ..., C-1: centred pixels, d principal components (n - 1 at most) of one deviation."""
    pixel, digit = pixels()
    chosen = np.concatenate([np.flatnonzero(digit == c)[: n // classes] for c in range(classes)])
    X = pixel[chosen] - pixel[chosen].mean(axis=0)
    axes = np.linalg.svd(X, full_matrices=False)[2][: min(d, len(X) - 1)]
    axes = axes * np.sign(axes[np.arange(len(axes)), np.abs(axes).argmax(axis=1)])[:, None]  # the same on every machine
    X = X @ axes.T
    return Classes(X / X.std(), np.eye(classes)[digit[chosen]])


def all_digits() -> Classes:
    """All 1797 digits, 64 centred pixels, ten classes."""
    pixel, digit = pixels()
    return Classes(pixel - pixel.mean(axis=0), np.eye(10)[digit])


def clusters(k: int, rng: np.random.Generator, *, each: int = 20, d: int = 10) -> Classes:
    """k Gaussian clusters with centres N(0, I) and deviation 0.2: the paper's synthetic data."""
    centres = rng.standard_normal((k, d))
    X = np.repeat(centres, each, axis=0) + 0.2 * rng.standard_normal((k * each, d))
    return Classes(X, np.eye(k)[np.repeat(np.arange(k), each)])


# --- spectra ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Spectrum:
    """Both parts of the Hessian at a state, their eigenvalues in descending order, and bounds on the errors of these."""

    problem: Classes
    state: NetState

    @cached_property
    def parts(self) -> Split:
        return split(self.state.W, self.state.V, self.problem.X, self.problem.labels, loss="softmax")

    @cached_property
    def H(self) -> tuple[np.ndarray, float]:
        return eigenvalues(self.parts.H, 2 * self.parts.error)

    @cached_property
    def G(self) -> tuple[np.ndarray, float]:
        return eigenvalues(self.parts.G, self.parts.error)

    @cached_property
    def rho(self) -> tuple[float, float]:
        """The norm of R, and its error."""
        values, error = eigenvalues(self.parts.R, self.parts.error)
        return float(max(values[0], -values[-1])), error

    @cached_property
    def within(self) -> tuple[float, float]:
        """The largest eigenvalue within groups (class, output), and its error."""
        Z = self.parts.rows.copy()
        for c in range(Z.shape[1]):
            mine = self.problem.labels == c
            Z[mine] -= Z[mine].mean(axis=0)
        flat = Z.reshape(-1, Z.shape[2])
        values, error = eigenvalues(flat.T @ flat / len(Z), self.parts.error)
        return float(values[0]), error

    def near_zero(self, share: float = 1e-2) -> tuple[int, int]:
        """Least and largest number of eigenvalues with |lambda| < share * lambda_1, as far as their errors let tell."""
        values, error = self.H
        size, top = np.abs(values), values[0]
        return int((size + error < share * (top - error)).sum()), int((size - error < share * (top + error)).sum())


ETA, STEPS = 0.5, 150
CHECKPOINTS = (0, 15, 50, STEPS)


@cache
def spectra(classes: int, width: int, n: int = 60, backend: str = "numpy") -> tuple[Spectrum, ...]:
    """At ``CHECKPOINTS`` of full-batch training on digits."""
    problem = digits(classes, n)
    x0 = problem.start(width, np.random.default_rng([classes, width]))
    return tuple(Spectrum(problem, s) for s in train(problem, x0, ETA, STEPS, at=CHECKPOINTS, backend=backend))


@cache
def batched(start: int, width: int, batch: int, eta: float, backend: str, steps: int = 600) -> Spectrum:
    """After training on 60 digits of each class in batches; the start is drawn by its number."""
    problem = digits(10, 600)
    x0 = problem.start(width, np.random.default_rng([10, width, start]))
    return Spectrum(problem, train(problem, x0, eta, steps, batch=batch, seed=start, backend=backend)[-1])


def network(problem: Classes, state: NetState) -> Network:
    """The state for products with its Hessian."""
    return Network(state.W, state.V, problem.X, problem.onehot)
