"""Noisy descent and DP-SGD of a small GRU, for the agreement of all array libraries."""

import numpy as np

from gradproof.experiments.engine.backend import Backend
from gradproof.experiments.engine.examples import Example, example
from gradproof.experiments.engine.run import start
from gradproof.experiments.privacy.dp_forecasting import methods


@example(methods.noisy_gradient)
def noisy_descent(on: Backend) -> Example:
    R, c, eta = on.move((np.array([[2.0, 0.5], [0.5, 1.0]]), np.ones(2), np.array([0.1, 0.3])[:, None, None]))
    x0 = start([1.0, -1.0], settings=2, seeds=2)
    return Example(methods.noisy_gradient(R, c, eta, 0.1), x0, lambda d: d.normal((2,)))


@example(methods.dp_sgd)
def small_gru(on: Backend) -> Example:
    rng, model = np.random.default_rng(0), methods.GRU(2, 3, 2)
    x, y, eta = on.move(
        (rng.standard_normal((8, 3, 2)), rng.standard_normal((8, 2)), np.array([0.01, 0.03])[:, None, None])
    )
    x0 = start(model.init(rng), settings=2, seeds=2)
    return Example(methods.dp_sgd(model, x, y, eta, 1.0, 0.5, 4.0), x0, methods.poisson_batches(8, 0.5, model.size, 6))
