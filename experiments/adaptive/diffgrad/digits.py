"""A small network on handwritten digits: diffGrad, Adam with half the step, and diffGrad with the gradient by reference."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any

import numpy as np
from scipy.stats import ttest_ind

from gradproof.experiments.adaptive._adam import Variant, adam_family
from gradproof.experiments.engine.check import Context, Evidence, check
from gradproof.experiments.engine.draws import ahead, keys
from gradproof.theory.adaptive import diffgrad
from gradproof.theory.evidence import Level, Measurement

HIDDEN, BATCH = 32, 32
SHAPES = ((HIDDEN, 64), (HIDDEN,), (10, HIDDEN), (10,))
SIZE = sum(int(np.prod(s)) for s in SHAPES)
#: the variants that are compared, each with its step over alpha
COMPARED: dict[str, tuple[Variant, float]] = {
    "diffgrad": ("diffgrad", 1.0),
    "adam, half the step": ("adam", 0.5),
    "aliased": ("aliased", 1.0),
}


@cache
def rows() -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Pixels in [0, 1] (m, 64) and one-hot labels (m, 10); every third row is held out, and comes last."""
    from sklearn.datasets import load_digits

    X, y = load_digits(return_X_y=True)
    test = np.arange(len(y)) % 3 == 2
    Y = np.eye(10)[y]
    return X[~test] / 16, Y[~test], X[test] / 16, Y[test]


def _forward(x: np.ndarray, X: np.ndarray) -> tuple[list[np.ndarray], np.ndarray, np.ndarray]:
    """Weights, hidden layer and log-probabilities for parameters (..., SIZE) and rows (..., m, 64)."""
    ends = np.cumsum([int(np.prod(s)) for s in SHAPES])[:-1]
    W, b, V, c = (p.reshape(*x.shape[:-1], *s) for p, s in zip(np.split(x, ends, axis=-1), SHAPES, strict=True))
    hidden = np.maximum(X @ np.swapaxes(W, -1, -2) + b[..., None, :], 0)
    logits = hidden @ np.swapaxes(V, -1, -2) + c[..., None, :]
    top = logits.max(axis=-1, keepdims=True)
    return [W, b, V, c], hidden, logits - top - np.log(np.exp(logits - top).sum(axis=-1, keepdims=True))


def loss(x: np.ndarray, X: np.ndarray, Y: np.ndarray) -> np.ndarray:
    """Mean cross-entropy, (...)."""
    return -(_forward(x, X)[2] * Y).sum(axis=-1).mean(axis=-1)


def gradient(x: np.ndarray, draw: np.ndarray) -> np.ndarray:
    """Of the mean loss over the training rows with the indices ``draw`` (..., m); x (..., SIZE)."""
    X, Y = rows()[0][draw], rows()[1][draw]
    (_, _, V, _), hidden, logs = _forward(x, X)
    out = (np.exp(logs) - Y) / X.shape[-2]
    back = (out @ V) * (hidden > 0)
    parts = (np.swapaxes(back, -1, -2) @ X, back.sum(axis=-2), np.swapaxes(out, -1, -2) @ hidden, out.sum(axis=-2))
    return np.concatenate([p.reshape(*x.shape[:-1], -1) for p in parts], axis=-1)


@dataclass(frozen=True)
class Trained:
    """Ends of runs, by the names of ``COMPARED``.

    Args:
        test_loss: on the held-out rows, one number a seed.
        gap: the largest distance, over seeds and parameters, of ``aliased`` from Adam with half the step from its second iterate.
    """

    test_loss: dict[str, np.ndarray]
    gap: float

    @property
    def welch(self) -> tuple[float, float]:
        """Statistic and p-value of Welch's test that diffGrad and Adam with half the step have equal mean test losses."""
        found = ttest_ind(self.test_loss["diffgrad"], self.test_loss["adam, half the step"], equal_var=False)
        return float(found.statistic), float(found.pvalue)


@lru_cache(maxsize=2)
def train(*, seeds: int = 20, steps: int = 300, alpha: float = 0.01, seed: int = 0) -> Trained:
    """``steps`` minibatch steps from Gaussian starts; all variants have the same starts and batches."""
    X, _, X_test, Y_test = rows()
    rng = np.random.default_rng(seed)
    scale = np.concatenate([np.full(int(np.prod(s)), (2 / s[-1]) ** 0.5 * (len(s) > 1)) for s in SHAPES])
    x0 = scale * rng.standard_normal((1, seeds, SIZE))
    draw = ahead(keys("digits", settings=[seed], seeds=range(seeds)), lambda d: d.integers(len(X), (BATCH,)))
    batches = [np.asarray(draw(t)) for t in range(steps)]
    found: dict[str, np.ndarray] = {}
    gap = 0.0
    for name, (variant, share) in COMPARED.items():
        method = adam_family(gradient, alpha=share * alpha, variant=variant)
        state = method.init(x0)
        half: Any = None
        for t, batch in enumerate(batches):
            state = method.step(state, batch)
            if variant == "aliased" and t == 0:
                half = state
            elif half is not None:
                half = adam_family(gradient, alpha=alpha / 2, variant="adam").step(half, batch)
        if half is not None:
            gap = float(np.abs(half.x - state.x).max())
        found[name] = loss(state.x[0], X_test, Y_test)
    return Trained(found, gap)


@check(diffgrad.ALIASING_BUG, level=Level.EMPIRICAL, budget="full")
def networks_on_digits(ctx: Context) -> Iterator[Evidence]:
    """20 networks of 32 neurons, 300 minibatch steps: by reference they are Adam's with half the step, to the last bit.

    Whether diffGrad itself differs from that beyond the noise of seeds is reported beside it: Welch's test of the test losses.
    """
    found = train(seed=ctx.seed)
    statistic, p_value = found.welch
    yield Measurement(
        measured=found.gap, bound=0, what="distance of the last iterates from Adam's with alpha/2", n=20 * 300, seed=ctx.seed,
        parameters={"data": "digits", "welch": statistic, "p_value": p_value}
        | {f"test loss, {k}": float(v.mean()) for k, v in found.test_loss.items()},
    )  # fmt: skip
