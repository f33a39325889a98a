"""Subgradient steps on small J-walks, on a sample and on fresh bits, for the agreement of all array libraries."""

import numpy as np
from array_api_compat import array_namespace

from gradproof.experiments.engine.backend import Backend
from gradproof.experiments.engine.examples import Example, example
from gradproof.experiments.engine.run import start
from gradproof.experiments.limits.full_batch.measures_walk import lattice_array
from gradproof.experiments.limits.full_batch.methods import Loss, descent

ETAS = np.array([0.1, 0.2])[:, None, None]
LOSS = Loss(2, 0.03, 0.01)


@example(descent, name="gradient_descent_on_j_walk")
def full_batch(on: Backend) -> Example:
    eta, V = on.move((ETAS, lattice_array(2, 5)))
    return Example(descent(LOSS, eta, V), start(np.zeros(20), settings=2, seeds=2), steps=5)


@example(descent, name="sgd_on_j_walk")
def fresh_samples(on: Backend) -> Example:
    def bits(d):
        xp = array_namespace(d.keys)
        return xp.floor(2 * d.uniform((1, 12)))

    return Example(descent(LOSS, on.move(ETAS)), start(np.zeros(12), settings=2, seeds=3), bits, steps=4)
