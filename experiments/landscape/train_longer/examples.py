"""SGD on a flat potential and on a small network, for the agreement of all array libraries."""

import numpy as np

from gradproof.experiments.engine.backend import Backend
from gradproof.experiments.engine.examples import Example, example
from gradproof.experiments.engine.run import start
from gradproof.experiments.landscape.train_longer import instances, methods

ETAS = np.array([0.05, 0.2])[:, None, None]
SMALL = methods.Network(np.random.default_rng(0).standard_normal((12, 4)), np.eye(10)[np.arange(12) % 10], 3)


@example(methods.sgd_flat)
def on_a_flat_potential(on: Backend) -> Example:
    rows, eta = on.move((np.asarray(instances.FIVE, float), ETAS))
    return Example(
        methods.sgd_flat(rows, eta),
        start([1.0, -1.0], settings=2, seeds=3),
        methods.uniform_batches(5, 2, replacement=False),
    )


@example(methods.sgd)
def on_a_small_network(on: Backend) -> Example:
    net, etas = on.move((SMALL, ETAS))
    x0 = start(SMALL.init(np.random.default_rng(1)), settings=2, seeds=3)
    return Example(methods.sgd(net, etas), x0, methods.uniform_batches(12, 4))
