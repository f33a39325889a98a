"""SGD on the valley and averaged SGD on small problems, for the agreement of all array libraries."""

import numpy as np

from gradproof.experiments.engine.backend import Backend
from gradproof.experiments.engine.examples import Example, example
from gradproof.experiments.engine.run import start
from gradproof.experiments.landscape.asymmetric_valleys.methods import averaged_sgd, valley_sgd
from gradproof.experiments.landscape.asymmetric_valleys.networks import Softmax

ETAS = np.array([0.1, 0.2])[:, None, None]


@example(valley_sgd)
def valley_with_noise(on: Backend) -> Example:
    eta = on.move(ETAS)
    # from 0.013 with these noises no iterate comes near the kink, where a rounding would decide
    return Example(valley_sgd(3.0, 1.0, eta), start([0.013], settings=2, seeds=3), lambda d: d.uniform((1,)) - 0.5)


@example(averaged_sgd)
def averaged_network(on: Backend) -> Example:
    rng = np.random.default_rng(5)
    X, Y = rng.standard_normal((12, 64)), np.eye(10)[rng.integers(0, 10, 12)]
    problem, eta = on.move((Softmax(X, Y, X, Y, 3, 1e-2), ETAS))
    x0 = np.tile(0.3 * rng.standard_normal(problem.size), (2, 3, 1))
    return Example(averaged_sgd(problem.gradient, eta, 10), x0, lambda d: d.integers(12, (4,)), steps=20)
