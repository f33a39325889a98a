"""Runs: linearised chains, and SGD or GD on diagonal linear nets and two-layer ReLU nets, over grids of step and batch.

A method is two pure functions, ``init`` and ``step``, over a small state with leading axes for settings; ``step``
takes the batch that it uses. The same functions run on NumPy (a loop) and on JAX (a scan under jit, on a GPU where
there is one).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from gradproof.solvers import moments


def chains(
    rows: Any,
    start: Any,
    eta: float,
    batch_size: int,
    replacement: bool,
    steps: int,
    n_chains: int,
    rng: np.random.Generator,
) -> np.ndarray:
    """(steps + 1, n_chains) values of ``||delta_t||^2`` of linearised SGD: ``delta - (eta/B) sum_b J (J'delta)``."""
    G = np.asarray(rows, dtype=float)
    delta = np.tile(np.asarray(start, dtype=float), (n_chains, 1))
    out = [(delta**2).sum(axis=1)]
    for _ in range(steps):
        J = G[draw_batches(rng, len(G), batch_size, replacement, n_chains)]  # (chains, B, d)
        delta = delta - eta / batch_size * np.einsum("cba,cbd,cd->ca", J, J, delta, optimize=True)
        out.append((delta**2).sum(axis=1))
    return np.array(out)


def draw_batches(rng: np.random.Generator, n: int, B: int, replacement: bool, size: int) -> np.ndarray:
    """(size, B) uniform batches."""
    if replacement or B == 1:
        return rng.integers(0, n, (size, B))
    return np.argsort(rng.random((size, n)), axis=1)[:, :B]


# --- networks --------------------------------------------------------------------------------------------------------


class Net(NamedTuple):
    """Parameters with a leading axis for settings."""

    a: Any  # (settings, d), or (settings, k, m): output weights
    b: Any  # (settings, d), or (settings, m, d): input weights


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

    def step(self, s: Net, x: Any, y: Any, eta: Any) -> Net:
        """x: (settings, B, d), y: (settings, B), eta: (settings,)."""
        residual = (x @ (s.a * s.b)[..., None])[..., 0] - y
        g = (residual[..., None] * x).mean(axis=1) * eta[:, None]
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

    def step(self, s: Net, x: Any, y: Any, eta: Any) -> Net:
        """x: (settings, B, d), y: (settings, B, k), eta: (settings,)."""
        hidden = x @ s.b.swapaxes(1, 2)  # (settings, B, m)
        active = hidden * (hidden > 0)
        residual = active @ s.a.swapaxes(1, 2) - y
        back = (residual @ s.a) * (hidden > 0)
        scale = (eta / x.shape[1])[:, None, None]
        return Net(s.a - scale * (residual.swapaxes(1, 2) @ active), s.b - scale * (back.swapaxes(1, 2) @ x))

    def loss(self, s: Net) -> np.ndarray:
        """(settings,)"""
        hidden = np.maximum(self.X @ np.asarray(s.b).swapaxes(1, 2), 0)
        return ((hidden @ np.asarray(s.a).swapaxes(1, 2) - self.y) ** 2).sum(axis=2).mean(axis=1) / 2

    def jacobian(self, s: Net, k: int) -> np.ndarray:
        """(n, outputs, m (d + outputs)) at setting k, exact."""
        A, W = np.asarray(s.a[k]), np.asarray(s.b[k])
        n, outputs = self.y.shape
        hidden = self.X @ W.T
        to_W = np.einsum("om,nm,nd->nomd", A, (hidden > 0).astype(float), self.X).reshape(n, outputs, -1)
        to_A = np.einsum("op,nm->nopm", np.eye(outputs), np.maximum(hidden, 0)).reshape(n, outputs, -1)
        return np.concatenate([to_W, to_A], axis=2)

    def path_norm(self, s: Net, k: int) -> float:
        """``sum_j |a_j| |w_j|`` over all outputs."""
        return float((np.abs(np.asarray(s.a[k])) @ np.linalg.norm(np.asarray(s.b[k]), axis=1)).sum())


class EndPoint(NamedTuple):
    """What is recorded where a run ends; the Jacobian is exact, so are all that follow from it."""

    eta: float
    batch_size: int
    loss: float
    trace: float  # Tr(H)
    sharpness: float  # lambda_max(H)
    h2: float  # ||H||_F^2
    p: float
    threshold: moments.Threshold
    bounds: moments.Bounds | None


def train(
    problem: Diagonal | Relu,
    etas: Any,
    batch_size: int,
    steps: int,
    warmup: int,
    rng: np.random.Generator,
    backend: str = "numpy",
) -> Net:
    """Final parameters of SGD at every step size of ``etas`` (warmed up linearly); ``batch_size = n`` is gradient descent.

    Every setting starts at the same point and sees its own batches, without replacement within a batch.
    """
    n, etas = len(problem.X), np.asarray(etas, dtype=float)
    state = problem.init(rng, len(etas))
    if backend == "jax":
        return _train_jax(problem, state, etas, batch_size, steps, warmup, int(rng.integers(2**31)))
    whole = np.tile(np.arange(n), (len(etas), 1))
    with np.errstate(over="ignore", invalid="ignore"):  # runs may diverge; the others go on
        for t in range(steps):
            batch = whole if batch_size == n else draw_batches(rng, n, batch_size, False, len(etas))
            state = problem.step(state, problem.X[batch], problem.y[batch], etas * min(1.0, (t + 1) / warmup))
    return state


def _train_jax(
    problem: Diagonal | Relu, state: Net, etas: np.ndarray, B: int, steps: int, warmup: int, seed: int
) -> Net:
    import jax
    import jax.numpy as jnp

    with jax.enable_x64(True):
        X, y, steps_of = jnp.asarray(problem.X), jnp.asarray(problem.y), jnp.asarray(etas)
        n = len(problem.X)

        def body(s: Net, t: Any) -> tuple[Net, None]:
            keys = jax.random.split(jax.random.fold_in(jax.random.key(seed), t), len(etas))
            batch = jax.vmap(lambda key: jax.random.permutation(key, n)[:B] if n > B else jnp.arange(n))(keys)
            return problem.step(s, X[batch], y[batch], steps_of * jnp.minimum(1.0, (t + 1) / warmup)), None

        start = Net(jnp.asarray(state.a), jnp.asarray(state.b))
        end, _ = jax.jit(lambda s: jax.lax.scan(body, s, jnp.arange(steps)))(start)
        return Net(np.asarray(end.a), np.asarray(end.b))


def end_points(
    problem: Diagonal | Relu, state: Net, etas: Any, batch_size: int, *, with_bounds: bool = False
) -> Iterator[EndPoint]:
    """Trace, sharpness and exact threshold (for batches of ``batch_size``) where the runs ended; diverged runs are left out."""
    with np.errstate(over="ignore", invalid="ignore"):
        losses = problem.loss(state)
    for k, eta in enumerate(etas):
        if not np.isfinite(losses[k]):
            continue
        curvatures = moments.from_jacobian(problem.jacobian(state, k))
        t = moments.stability_threshold(curvatures, batch_size=batch_size)
        found = moments.bounds(curvatures, batch_size=batch_size, threshold=t) if with_bounds else None
        yield EndPoint(
            float(eta), batch_size, float(losses[k]), curvatures.trace, curvatures.sharpness,
            float((curvatures.w**2).sum()), t.p, t, found,
        )  # fmt: skip


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
    from sklearn.datasets import load_digits

    bunch = load_digits()
    chosen = rng.permutation(len(bunch.data))[:n]
    return Relu(bunch.data[chosen] / 16, np.eye(10)[bunch.target[chosen]], width)
