"""Least squares on the digits, W in R^(10 x 64), with gradients sparsified in entries or in singular triplets."""

from functools import cache
from typing import Any

import numpy as np

from gradproof.experiments.communication._sparse_methods import atomic_sgd, least_variance
from gradproof.experiments.engine.backend import Backend
from gradproof.experiments.engine.backend import backend as array_library
from gradproof.experiments.engine.draws import Draws
from gradproof.experiments.engine.run import run
from gradproof.experiments.instances.data import pixels

#: Atoms of a 10 x 64 matrix: how many, and the floats that one costs (a triplet 10 + 64 + 1, an entry a float and an index).
ATOMS = {"singular": (10, 75.0), "entries": (640, 2.0)}


@cache
def digits_moments() -> tuple[np.ndarray, np.ndarray, float]:
    """A = X'X/m and C = Y'X/m of the digits and their one-hot classes: the gradient at W is W A - C; and L = |A|."""
    X, y = pixels()
    A, C = X.T @ X / len(X), np.eye(10)[y].T @ X / len(X)
    return A, C, float(np.linalg.norm(A, 2))


def digits_sgd(atoms: str, s: Any, on: Backend) -> Any:
    """Steps of 1/L with at most s atoms on average; s is a number or (setting, 1, 1)."""
    A, C, L = digits_moments()
    A, C, s = on.move((A, C, s))
    return atomic_sgd(lambda W: W @ A - C, 1 / L, least_variance(s), atoms=atoms)


def digits_runs(stream: np.ndarray, steps: int, backend: str = "numpy") -> dict[str, tuple[Any, float]]:
    """Runs from W = 0: ``singular`` with s = 1..4, ``entries`` with as many floats; ``stream``: keys (1, seeds, 2).

    Returns:
        name -> the run (``x`` and ``sent`` with dims setting, seed, step; coordinate ``s``), and the floats of an atom.
    """
    on, out = array_library(backend), {}
    W0, words = on.move((np.zeros((4, stream.shape[1], 10, 64)), np.tile(stream, (4, 1, 1))))
    for atoms, (number, cost) in ATOMS.items():
        s = np.arange(1, 5) * 75.0 / cost
        out[atoms] = run(
            digits_sgd(atoms, s[:, None, None], on), W0, steps, record={"x": lambda w: w.x, "sent": lambda w: w.sent},
            draw=lambda t: Draws(words, t).uniform((number,)), settings={"s": s}, units={"sent": "atoms"},  # noqa: B023
        ), cost  # fmt: skip
    return out


def digits_loss(W: np.ndarray) -> np.ndarray:
    """|X W' - Y|^2/(2m) of W (..., 10, 64), shape (...)."""
    A, C, _ = digits_moments()
    return np.sum(W @ A * W, axis=(-2, -1)) / 2 - np.sum(W * C, axis=(-2, -1)) + 0.5
