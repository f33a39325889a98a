"""Least squares on the digits, W in R^(10 x 64), with gradients sparsified in entries or in singular triplets."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

from gradproof.experiments.communication._sparse_methods import atomic_sgd, least_variance
from gradproof.experiments.engine.backend import backend as array_library
from gradproof.experiments.engine.draws import Draws
from gradproof.experiments.engine.run import run


@cache
def digits_moments() -> tuple[np.ndarray, np.ndarray]:
    """A = X'X/m and C = Y'X/m of the digits and their one-hot classes: the gradient at W is W A - C."""
    from sklearn.datasets import load_digits

    X, y = load_digits(return_X_y=True)
    return (X / 16).T @ (X / 16) / len(X), np.eye(10)[y].T @ (X / 16) / len(X)


def digits_runs(stream: np.ndarray, steps: int, backend: str = "numpy") -> dict[str, tuple[Any, float]]:
    """Least squares on the digits from W = 0 with step 1/L: ``singular`` with s = 1..4, ``entries`` with as many floats.

    Args:
        stream: keys (1, seeds, 2).

    Returns:
        name -> the run (``x`` and ``sent`` with dims setting, seed, step; coordinate ``s``), and the floats of an atom.
    """
    on = array_library(backend)
    A, C, words = on.move((*digits_moments(), np.tile(stream, (4, 1, 1))))
    gamma = 1 / float(np.linalg.norm(digits_moments()[0], 2))
    out = {}
    # a triplet costs 10 + 64 + 1 floats, an entry a float and an index
    for atoms, number, cost in (("singular", 10, 75.0), ("entries", 640, 2.0)):
        s = np.arange(1, 5) * 75.0 / cost
        with on.scope():
            method = atomic_sgd(lambda W: W @ A - C, gamma, least_variance(on.asarray(s[:, None, None])), atoms=atoms)
        run_ = run(
            method,
            on.asarray(np.zeros((4, stream.shape[1], 10, 64))),
            steps,
            record={"x": lambda state: state.x, "sent": lambda state: state.sent},
            draw=lambda t: Draws(words, t).uniform((number,)),  # noqa: B023 (used before the next)
            settings={"s": s},
            units={"sent": "atoms"},
        )
        out[atoms] = (run_, cost)
    return out


def digits_loss(W: np.ndarray) -> np.ndarray:
    """|X W' - Y|^2/(2m) of W (..., 10, 64), shape (...)."""
    A, C = digits_moments()
    return np.sum(W @ A * W, axis=(-2, -1)) / 2 - np.sum(W * C, axis=(-2, -1)) + 0.5
