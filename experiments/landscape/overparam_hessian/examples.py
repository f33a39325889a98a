"""Softmax cross-entropy of a small tanh network, for the agreement of all array libraries."""

import numpy as np

from gradproof.experiments.engine.backend import Backend
from gradproof.experiments.engine.examples import Example, example
from gradproof.experiments.landscape.overparam_hessian import methods

PROBLEM = methods.clusters(3, np.random.default_rng(0), each=4, d=3)


@example(methods.gradient_descent, name="gradient_descent_on_softmax", batches=False)
@example(methods.gradient_descent, name="sgd_on_softmax", batches=True)
def training(on: Backend, batches: bool) -> Example:
    x0 = PROBLEM.start(4, np.random.default_rng(1)) + 0.1 * np.arange(6).reshape(2, 3, 1)
    draw = (lambda d: d.integers(len(PROBLEM.X), (4,))) if batches else None
    return Example(methods.gradient_descent(on.move(PROBLEM), 0.3), x0, draw)
