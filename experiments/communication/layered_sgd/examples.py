"""Layered SGD on a small table, for the agreement of all array libraries."""

import numpy as np

from gradproof.experiments.communication.layered_sgd import measures_runs
from gradproof.experiments.communication.layered_sgd.methods import SoftmaxWorkers, equal_groups, in_groups, layered_sgd
from gradproof.experiments.engine.backend import Backend
from gradproof.experiments.engine.examples import Example, example
from gradproof.experiments.engine.run import start

N, ROWS = 6, 24


def table() -> SoftmaxWorkers:
    """Waves of three features in two classes."""
    X = np.sin(np.outer(np.arange(1, ROWS + 1), np.arange(1, 4)))
    return SoftmaxWorkers(X, np.eye(2)[np.arange(ROWS) % 2], N)


@example(layered_sgd)
def waves_in_two_and_three_groups(on: Backend) -> Example:
    rules = [in_groups(equal_groups(N, G)) for G in (2, 3)]
    method = layered_sgd(on.move(table()), 0.5, rules)
    return Example(method, start(np.ones(6), settings=2, seeds=3), lambda d: d.integers(ROWS, (N, 2)))


@example(measures_runs.pair)
def waves_with_sums_of_two_precisions(on: Backend) -> Example:
    method = measures_runs.pair(on.move(table()), 0.5, equal_groups(N, 2))
    # a last bit in float64 may turn one of float32, which is 2^29 times as large
    return Example(
        method, start(np.ones(6), settings=2, seeds=3), lambda d: d.integers(ROWS, (N, 2)), growth=10 * 2.0**29
    )
