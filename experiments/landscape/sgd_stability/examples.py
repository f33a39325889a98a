"""Linearised SGD and SGD on two small networks, for the agreement of all array libraries."""

import numpy as np

from gradproof.experiments.engine.backend import Backend
from gradproof.experiments.engine.examples import Example, example
from gradproof.experiments.engine.run import start
from gradproof.experiments.landscape.sgd_stability import instances, methods

ETAS = np.array([0.05, 0.1])[:, None, None]
DIAGONAL = methods.sparse_regression(np.random.default_rng(1), 8, 10)
RELU = methods.one_neuron_teacher(np.random.default_rng(2), 20, 5, 6)


@example(methods.linearised_sgd)
def linearised_with_batches_of_two(on: Backend) -> Example:
    rows, eta = on.move((instances.R4.floats, ETAS))
    x0 = start([1.0, -1.0, 1.0], settings=2, seeds=3)
    return Example(methods.linearised_sgd(rows, eta), x0, methods.batches(4, 2))


@example(methods.sgd, name="sgd_on_a_diagonal_net", problem=DIAGONAL, B=1)
@example(methods.sgd, name="sgd_on_a_relu_net", problem=RELU, B=4)
@example(methods.sgd, name="gradient_descent_on_a_relu_net", problem=RELU, B=20)
def training(on: Backend, problem: methods.Diagonal | methods.Relu, B: int) -> Example:
    x0 = np.concatenate([p.reshape(1, 1, -1) for p in problem.init(np.random.default_rng(3), 1)], axis=-1)
    moved, etas = on.move((problem, ETAS))
    x0 = np.tile(x0, (2, 3, 1)) + 0.1 * np.arange(3)[:, None]
    return Example(methods.sgd(moved, etas, 10), x0, methods.batches(len(problem.X), B))
