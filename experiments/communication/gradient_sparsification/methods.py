"""Distributed SGD whose workers send sparsified gradients."""

from collections.abc import Callable
from typing import Any

import numpy as np

from gradproof.experiments.communication._sparse_methods import Scheme, least_density, sparsified_sgd
from gradproof.experiments.engine.backend import backend as array_library
from gradproof.experiments.engine.draws import Draws
from gradproof.experiments.engine.run import run, start
from gradproof.experiments.instances.data import Dataset, split
from gradproof.experiments.instances.finite_sums import Logistic, Problem


def four_workers(data: Dataset, lam: float = 0.01) -> Logistic:
    """Logistic loss with the nonconvex regulariser, the rows split evenly over four workers."""
    A, b = split(data, 4, order="norm")
    return Logistic(A, b, lam)


def sparse_features(
    rows: int = 400, d: int = 200, *, threshold: float = 0.6, shrink: float = 0.01, seed: int = 0
) -> Dataset:
    """Gaussian rows whose features have magnitudes uniform on [0, 1], those up to ``threshold`` shrunk; Wangni et al., 5.1."""
    rng = np.random.default_rng(seed)
    size = rng.random(d)
    X = rng.standard_normal((rows, d)) * np.where(size <= threshold, shrink * size, size)
    return Dataset("sparse_features", X, np.where(X @ rng.standard_normal(d) > 0, 1.0, -1.0))


def sparsified_runs(
    problem: Problem, eps: np.ndarray, stream: np.ndarray, steps: int, *,
    scheme: Callable[[Scheme], Scheme] = lambda optimal: optimal, backend: str = "numpy",
) -> Any:  # fmt: skip
    """SGD from 0 with sparsified full gradients of the workers, one setting an ``eps``, steps of 1/((1 + max eps) L).

    ``scheme``: what to use instead of the scheme of least density, made from it. ``stream``: keys (eps, seed, 2).

    Returns:
        ``xarray.Dataset``: ``x``, ``f`` and ``sent`` (entries, all workers) with dims (setting, seed, step).
    """
    on = array_library(backend)
    x0 = start(np.zeros(problem.d), settings=len(eps), seeds=stream.shape[1])
    moved, caps, words, x0 = on.move((problem, eps[:, None, None], stream, x0))
    return run(
        sparsified_sgd(moved, 1 / ((1 + float(eps.max())) * problem.L), scheme(least_density(caps))), x0, steps,
        record={"x": lambda s: s.x, "f": lambda s: moved.values(s.x).mean(-1), "sent": lambda s: s.sent},
        draw=lambda t: Draws(words, t).uniform((problem.n, problem.d)), settings={"eps": eps}, units={"sent": "entries"},
    )  # fmt: skip
