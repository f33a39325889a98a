"""SGD on the XOR mixture in small, for the agreement of all array libraries."""

import numpy as np

from gradproof.experiments.engine.backend import Backend
from gradproof.experiments.engine.examples import Example, example
from gradproof.experiments.limits.sgd_limits.instances import table
from gradproof.experiments.limits.sgd_limits.methods import XOR, clusters, two_layer_sgd


@example(two_layer_sgd)
def xor_with_two_units(on: Backend) -> Example:
    points, labels = on.move(table(XOR, 6))
    x0 = np.random.default_rng(3).standard_normal((2, 3, 2 + 2 * 6))
    return Example(two_layer_sgd(points, labels, 2, 100.0, 0.1, 0.1), x0, clusters(4, 6))
