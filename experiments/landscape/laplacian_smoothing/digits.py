"""Logistic regression on handwritten digits: GD, SGD, LSGD and mLSGD at equal steps."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from scipy.special import expit

from gradproof.experiments.landscape.laplacian_smoothing.methods import constant, smoothed_gd, smoothed_sgd
from gradproof.theory.landscape.laplacian_smoothing import mlsgd_schedule


@dataclass(frozen=True)
class Logistic:
    """Mean logistic loss plus ``ridge ||w||^2/2``; the pixels of a row in image order, so that neighbours are neighbours.

    Args:
        features: (m, n), labels: +-1, (m,), and the same held out for testing.
    """

    features: np.ndarray
    labels: np.ndarray
    test_features: np.ndarray
    test_labels: np.ndarray
    ridge: float

    @property
    def n(self) -> int:
        return self.features.shape[1]

    @property
    def L(self) -> float:
        """Smoothness constant: a quarter of the largest eigenvalue of the Gram matrix, and the ridge."""
        return float(np.linalg.norm(self.features, 2) ** 2 / (4 * len(self.features)) + self.ridge)

    def loss(self, w: np.ndarray) -> float:
        margin = self.labels * (self.features @ w)
        return float(np.mean(np.logaddexp(0, -margin)) + self.ridge * (w @ w) / 2)

    def grad(self, w: np.ndarray, batch: np.ndarray | None = None) -> np.ndarray:
        """Gradient over all rows, or over the rows of a batch."""
        x, y = (self.features, self.labels) if batch is None else (self.features[batch], self.labels[batch])
        weight = -y * expit(-y * (x @ w))
        return x.T @ weight / len(y) + self.ridge * w

    def accuracy(self, w: np.ndarray) -> float:
        """Share of the held-out rows that are classified correctly."""
        return float(np.mean(np.sign(self.test_features @ w) == self.test_labels))


@cache
def even_against_odd() -> Logistic:
    """The 8 x 8 digits of scikit-learn, even against odd; every third row held out; pixels in [0, 1] and an intercept."""
    from sklearn.datasets import load_digits

    data = load_digits()
    x = np.concatenate([data.data / 16, np.ones((len(data.data), 1))], axis=1)
    y = np.where(data.target % 2 == 0, 1.0, -1.0)
    test = np.arange(len(y)) % 3 == 2
    return Logistic(x[~test], y[~test], x[test], y[test], 1e-3)


def compare_on_digits(*, steps: int = 300, batch: int = 8, seeds: int = 5, every: int = 10, seed: int = 0) -> Any:
    """Loss and test accuracy of full-gradient and mini-batch methods at equal steps and step size 1/L.

    Returns:
        ``xarray.Dataset``: ``loss`` and ``accuracy`` with dims (method, seed, step).
    """
    import xarray as xr

    problem = even_against_odd()
    eta, m = 1 / problem.L, len(problem.labels)
    schedules: dict[str, Callable[[int], Any]] = {"": constant(0), "ls": constant(1), "mls": mlsgd_schedule}
    runs = [(prefix, kind) for kind in ("gd", "sgd") for prefix in schedules]
    names = [f"{prefix}-{kind}".strip("-") for prefix, kind in runs]
    at = np.arange(0, steps + 1, every)
    loss, accuracy = np.zeros((2, len(names), seeds, len(at)))
    for i, (prefix, kind) in enumerate(runs):
        stochastic, schedule = kind == "sgd", schedules[prefix]
        for s in range(seeds):
            rng = np.random.default_rng([seed, s])  # every method sees the same batches
            if stochastic:
                method = smoothed_sgd(problem.grad, eta, schedule)
            else:
                method = smoothed_gd(problem.grad, eta, schedule)
            state = method.init(np.zeros(problem.n))
            for t in range(steps + 1):
                if t % every == 0:
                    loss[i, s, t // every] = problem.loss(state.x)
                    accuracy[i, s, t // every] = problem.accuracy(state.x)
                state = method.step(state, rng.integers(m, size=batch))
            if not stochastic:  # no randomness: one run stands for all seeds
                loss[i], accuracy[i] = loss[i, s], accuracy[i, s]
                break
    return xr.Dataset(
        {"loss": (["method", "seed", "step"], loss), "accuracy": (["method", "seed", "step"], accuracy)},
        coords={"method": names, "seed": np.arange(seeds), "step": at},
        attrs={"eta": eta, "batch": batch, "ridge": problem.ridge},
    )
