"""A small convolutional network on digits, with and without batch normalisation, trained on JAX; how asymmetric its minima are.

Statistics of the normalisation are those of all training rows, estimated anew at every point of a line, as a fair comparison of
losses needs.
"""

from __future__ import annotations

from functools import partial
from typing import Any, NamedTuple

import numpy as np

from gradproof.experiments.engine.backend import backend as array_library
from gradproof.experiments.instances.data import pixels
from gradproof.experiments.landscape.asymmetric_valleys.networks import slope_ratio

Array = Any


class Ends(NamedTuple):
    """Parameters (P,) of the last iterate and of the average, and their losses in nats on training and test rows."""

    sgd: Array
    swa: Array
    train: tuple[float, float]  # of the last iterate, of the average
    test: tuple[float, float]


def shapes(channels: int) -> list[tuple[int, ...]]:
    """Two 3 x 3 convolutions with a scale and a shift for each channel, and a linear layer on the means over the picture."""
    c = channels
    return [(3, 3, 1, c), (c,), (c,), (3, 3, c, 2 * c), (2 * c,), (2 * c,), (2 * c, 10), (10,)]


def _parts(w: Array, channels: int) -> list[Array]:
    found, begin = [], 0
    for shape in shapes(channels):
        size = int(np.prod(shape))
        found.append(w[begin : begin + size].reshape(shape))
        begin += size
    return found


def _loss(w: Array, X: Array, y: Array, statistics: Array, channels: int, normalised: bool) -> Array:
    """Mean cross-entropy on rows X (B, 8, 8, 1), normalised by the mean and deviation of the rows ``statistics``."""
    import jax
    import jax.numpy as jnp

    K1, scale1, shift1, K2, scale2, shift2, A, b = _parts(w, channels)

    def layer(x: Array, s: Array, K: Array, scale: Array, shift: Array) -> tuple[Array, Array]:
        convolve = partial(
            jax.lax.conv_general_dilated,
            rhs=K,
            window_strides=(1, 1),
            padding="SAME",
            dimension_numbers=("NHWC", "HWIO", "NHWC"),
        )
        x, s = convolve(x), convolve(s)
        if normalised:
            mean, deviation = s.mean((0, 1, 2)), jnp.sqrt(s.var((0, 1, 2)) + 1e-5)
            x, s = (x - mean) / deviation, (s - mean) / deviation
        return jax.nn.relu(scale * x + shift), jax.nn.relu(scale * s + shift)

    x, s = layer(X, statistics, K1, scale1, shift1)
    x, _ = layer(x, s, K2, scale2, shift2)
    logits = x.mean((1, 2)) @ A + b
    return -(jax.nn.log_softmax(logits) * jax.nn.one_hot(y, 10)).sum(-1).mean()


class Trained:
    """A network, where SGD and its average end, and its losses along lines. Needs JAX.

    Args:
        normalised: with batch normalisation. channels, epochs, batch, eta: of the network and of SGD; weight decay 3e-4.

    Raises:
        BackendUnavailable: JAX is not installed.
    """

    def __init__(
        self,
        normalised: bool,
        *,
        seed: int = 0,
        channels: int = 16,
        epochs: int = 100,
        batch: int = 32,
        eta: float = 0.2,
    ) -> None:
        on = array_library("jax")
        with on.scope():
            import jax

            X, y = pixels()
            test, images = np.arange(len(y)) % 3 == 2, X.reshape(-1, 8, 8, 1)
            self.train = on.asarray(images[~test]), on.asarray(y[~test])
            self.test = on.asarray(images[test]), on.asarray(y[test])
            self.on, self.normalised = on, normalised
            self._loss = jax.jit(partial(_loss, channels=channels, normalised=normalised))
            rng, n, steps = np.random.default_rng(seed), int((~test).sum()), epochs * -(-int((~test).sum()) // batch)
            x0 = on.asarray(_start(rng, channels))
            rows = on.asarray(rng.integers(0, n, (steps, batch)))

            def step(t: Any, state: tuple[Array, Array]) -> tuple[Array, Array]:
                x, mean = state
                X, y = self.train[0][rows[t]], self.train[1][rows[t]]
                g = jax.grad(_loss)(x, X, y, X, channels, normalised) + 3e-4 * x
                x = x - eta * g
                since = t + 1 - steps // 2
                return x, jax.numpy.where(since > 1, mean + (x - mean) / jax.numpy.maximum(since, 1), x)

            sgd, swa = jax.jit(lambda x: jax.lax.fori_loop(0, steps, step, (x, x)))(x0)
            self.ends = Ends(
                sgd, swa, (self.loss(sgd), self.loss(swa)), (self.loss(sgd, test=True), self.loss(swa, test=True))
            )

    def loss(self, w: Array, *, test: bool = False) -> float:
        """Mean cross-entropy over all training or test rows, with statistics of the training rows at w."""
        with self.on.scope():
            X, y = self.test if test else self.train
            return float(self._loss(w, X, y, self.train[0]))

    def ratios(self, rng: np.random.Generator, *, directions: int = 100, distance: float = 1.0) -> np.ndarray:
        """c_hat of the training loss at the average along random directions of that length, (directions,)."""
        middle, found = self.loss(self.ends.swa), []
        for _ in range(directions):
            u = rng.standard_normal(self.ends.swa.shape[0])
            u = self.on.asarray(distance * u / np.linalg.norm(u))
            with self.on.scope():
                found.append(slope_ratio(self.loss(self.ends.swa - u), middle, self.loss(self.ends.swa + u)))
        return np.asarray(found)


def _start(rng: np.random.Generator, channels: int) -> np.ndarray:
    """He's scaling; scales 1, shifts 0."""
    parts = []
    for shape in shapes(channels):
        if len(shape) == 4:
            parts.append(rng.standard_normal(shape) * np.sqrt(2 / np.prod(shape[:3])))
        elif len(shape) == 2:
            parts.append(rng.standard_normal(shape) / np.sqrt(shape[0]))
        else:
            parts.append(np.full(shape, 1.0 if len(parts) in (1, 4) else 0.0))
    return np.concatenate([p.ravel() for p in parts])
