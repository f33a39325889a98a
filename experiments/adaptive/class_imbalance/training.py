"""Linear softmax models that have no closed form: the published sample, Gaussian inputs, digits; how far rare classes lag."""

from collections.abc import Callable
from functools import cache
from typing import Any, Literal, NamedTuple

import numpy as np
from array_api_compat import array_namespace

from gradproof.experiments.adaptive._adam import adam_family
from gradproof.experiments.adaptive.class_imbalance import methods
from gradproof.experiments.engine.backend import backend as array_library
from gradproof.experiments.engine.run import run
from gradproof.experiments.instances.data import pixels
from gradproof.theory.errors import GradproofError

Array = Any
Name = Literal["gd", "sign", "adam"]


class Sample(NamedTuple):
    """Inputs X (n, d), one-hot labels Y (n, c), weights (n,) that sum to one, and those rows that hold the rarest tenth of them."""

    X: np.ndarray
    Y: np.ndarray
    weights: np.ndarray
    rare: np.ndarray


def sample(X: np.ndarray, y: np.ndarray, weights: np.ndarray | None = None) -> Sample:
    """With labels y (n,); all weights equal where none are given. Rare rows are ranked by the weight of their class."""
    w = np.full(len(y), 1 / len(y)) if weights is None else weights
    order = np.argsort(np.bincount(y, w)[y], kind="stable")
    rare = np.zeros(len(y))
    rare[order[np.cumsum(w[order]) <= 0.1 + 1e-12]] = 1.0
    return Sample(X, (y[:, None] == np.arange(y.max() + 1)).astype(float), w, rare)


def published(m: int, seed: int = 0, equal: bool = False) -> Sample:
    """The synthetic sample of the public code: 2^j classes of 2^(m-j) rows, j < m, with (m + 1) 2^m inputs uniform on [0, 1].

    That is m 2^m rows of 2^m - 1 classes. ``equal``: as many rows, spread over the classes.
    """
    counts = np.repeat(2 ** (m - np.arange(m)), 2 ** np.arange(m))
    if equal:
        counts = np.full(len(counts), -(-counts.sum() // len(counts)))
    X = np.random.default_rng(seed).random((counts.sum(), (m + 1) * 2**m))
    return sample(X, np.repeat(np.arange(len(counts)), counts))


def gaussian(c: int, d: int, seed: int = 0) -> Sample:
    """One Gaussian input of length about one for each of c classes, with Zipf's weights."""
    X = np.random.default_rng(seed).standard_normal((c, d)) / d**0.5
    return sample(X, np.arange(c), methods.zipf(c))


def rare_digits(equal: bool = False) -> Sample:
    """Handwritten digits in [0, 1], 174/(k + 1) of class k; 50 of each where ``equal``."""
    X, y = pixels()
    keep = np.concatenate([np.flatnonzero(y == k)[: 50 if equal else 174 // (k + 1)] for k in range(10)])
    return sample(X[keep], y[keep])


def losses(W: Array, X: Array, Y: Array) -> Array:
    """Loss of every row, (..., n)."""
    xp = array_namespace(W)
    logits = W @ X.T
    top = xp.max(logits, axis=-2, keepdims=True)
    log = xp.log(xp.sum(xp.exp(logits - top), axis=-2)) + top[..., 0, :]
    return log - xp.sum(logits * Y.T, axis=-2)


@cache
def lag(
    draw: Callable[[], Sample],
    name: Name,
    *,
    share: float = 0.3,
    steps: int = 1000,
    alpha: float = 0.01,
    backend: str = "numpy",
) -> float:
    """Mean loss of the rarest tenth over that of all rows, where the latter first is ``share`` of what it was at W = 0.

    ``draw`` makes the sample. Gradient descent takes the inverse of the smoothness as its step, the others ``alpha``.

    Raises:
        GradproofError: the mean loss is still greater after all steps.
    """
    on, problem = array_library(backend), draw()
    X, Y, weights, rare = on.move(problem)
    gradient = methods.linear(X, Y, weights)
    scaled = problem.X * np.sqrt(problem.weights)[:, None]
    gram = scaled @ scaled.T if len(scaled) < problem.X.shape[1] else scaled.T @ scaled
    method = {
        "gd": methods.gradient_descent(gradient, 2 / float(np.linalg.eigvalsh(gram)[-1])),
        "sign": methods.sign_descent(gradient, alpha),
        "adam": adam_family(gradient, alpha=alpha, variant="adam"),
    }[name]
    x0 = on.asarray(methods.zeros(Y.shape[1], X.shape[1]))
    of = weights * rare
    record = {
        "all": lambda s: losses(s.x, X, Y) @ weights,
        "rare": lambda s: losses(s.x, X, Y) @ of / float((problem.weights * problem.rare).sum()),
    }
    seen = run(method, x0, steps, record=record)
    mean, behind = (seen[k].values[0, 0] for k in record)
    below = np.flatnonzero(mean <= share * mean[0])
    if not below.size:
        raise GradproofError(
            f"the mean loss falls to {mean[-1] / mean[0]:.3f} of its start in {steps} steps, not to {share}"
        )
    return float(behind[below[0]] / mean[below[0]])
