"""Local SGD on small problems, for the agreement of all array libraries."""

import numpy as np

from gradproof.experiments.communication.local_sgd import methods
from gradproof.experiments.communication.local_sgd.instances import Bent
from gradproof.experiments.engine.backend import Backend
from gradproof.experiments.engine.examples import Example, example
from gradproof.experiments.engine.run import start


@example(methods.local_sgd)
def bent_line_averaged_now_and_then(on: Backend) -> Example:
    flags = on.move(np.array([1.0, 0.0])[:, None, None, None])
    method = methods.local_sgd(Bent(), 3)
    return Example(method, start(np.ones(1), settings=2, seeds=4), lambda d: (0.1, flags, d.normal((3, 1))))


@example(methods.fedac)
def bent_line_with_two_sequences(on: Backend) -> Example:
    flags = on.move(np.array([1.0, 0.0])[:, None, None, None])
    method = methods.fedac(Bent(), 3, methods.Fedac(0.1, 0.2, 5.0, 6.0))
    return Example(method, start(np.ones(1), settings=2, seeds=4), lambda d: (0.1, flags, d.normal((3, 1))))
