"""Networks of 32 neurons on handwritten digits: diffGrad, its first implementation, and Adam with half the step."""

from dataclasses import dataclass
from functools import cache

import numpy as np

from gradproof.experiments.adaptive._adam import Variant, adam_family
from gradproof.experiments.adaptive.diffgrad.instances import BATCH
from gradproof.experiments.engine.draws import ahead
from gradproof.experiments.instances.data import pixels

HIDDEN = 32
SHAPES = ((HIDDEN, 64), (HIDDEN,), (10, HIDDEN), (10,))
SIZE = sum(int(np.prod(s)) for s in SHAPES)
#: the variants that are compared, each with its step over alpha
COMPARED: dict[str, tuple[Variant, float]]
COMPARED = {"diffgrad": ("diffgrad", 1.0), "adam, half the step": ("adam", 0.5), "aliased": ("aliased", 1.0)}


@cache
def digits() -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Pixels in [0, 1] (m, 64) and one-hot labels (m, 10); every third row is held out, and comes last."""
    X, y = pixels()
    test = np.arange(len(y)) % 3 == 2
    Y = np.eye(10)[y]
    return X[~test], Y[~test], X[test], Y[test]


def _forward(x: np.ndarray, X: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Upper weights, hidden layer and log-probabilities for parameters (..., SIZE) and rows (..., m, 64)."""
    ends = np.cumsum([int(np.prod(s)) for s in SHAPES])[:-1]
    W, b, V, c = (p.reshape(*x.shape[:-1], *s) for p, s in zip(np.split(x, ends, axis=-1), SHAPES, strict=True))
    hidden = np.maximum(X @ np.swapaxes(W, -1, -2) + b[..., None, :], 0)
    logits = hidden @ np.swapaxes(V, -1, -2) + c[..., None, :]
    top = logits.max(axis=-1, keepdims=True)
    return V, hidden, logits - top - np.log(np.exp(logits - top).sum(axis=-1, keepdims=True))


def loss(x: np.ndarray, X: np.ndarray, Y: np.ndarray) -> np.ndarray:
    """Mean cross-entropy, (...)."""
    return -(_forward(x, X)[2] * Y).sum(axis=-1).mean(axis=-1)


def gradient(x: np.ndarray, draw: np.ndarray) -> np.ndarray:
    """Of the mean loss over the training rows with the indices ``draw`` (..., m); x (..., SIZE)."""
    X, Y = digits()[0][draw], digits()[1][draw]
    V, hidden, logs = _forward(x, X)
    out = (np.exp(logs) - Y) / X.shape[-2]
    back = (out @ V) * (hidden > 0)
    parts = (np.swapaxes(back, -1, -2) @ X, back.sum(axis=-2), np.swapaxes(out, -1, -2) @ hidden, out.sum(axis=-2))
    return np.concatenate([p.reshape(*x.shape[:-1], -1) for p in parts], axis=-1)


@dataclass(frozen=True)
class Trained:
    """Ends of runs, by the names of ``COMPARED``.

    Args:
        test_loss: on the held-out rows, one number a seed.
        last_step: per alpha, of every seed and parameter.
    """

    test_loss: dict[str, np.ndarray]
    last_step: dict[str, np.ndarray]


def train(rng: np.random.Generator, keys: np.ndarray, *, steps: int = 300, alpha: float = 0.01) -> Trained:
    """Minibatch steps from Gaussian starts, one seed a key (1, seed, 2), with the same starts and batches for all variants.

    Adam takes its first step with the friction of ``aliased``, which the claim leaves out.
    """
    X, _, X_test, Y_test = digits()
    scale = np.concatenate([np.full(int(np.prod(s)), (2 / s[-1]) ** 0.5 * (len(s) > 1)) for s in SHAPES])
    x0 = scale * rng.standard_normal((1, keys.shape[1], SIZE))
    draw = ahead(keys, lambda d: d.integers(len(X), (BATCH,)))
    test_loss, last_step = {}, {}
    for name, (variant, share) in COMPARED.items():
        method = adam_family(gradient, alpha=share * alpha, variant=variant)
        first = adam_family(gradient, alpha=alpha, variant="aliased" if variant == "adam" else variant)
        before, state = x0, first.step(first.init(x0), np.asarray(draw(0)))
        for t in range(1, steps):
            before, state = state.x, method.step(state, np.asarray(draw(t)))
        test_loss[name], last_step[name] = loss(state.x[0], X_test, Y_test), np.abs(state.x - before) / alpha
    return Trained(test_loss, last_step)
