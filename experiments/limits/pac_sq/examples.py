"""SGD on a parity of four bits, for the agreement of all array libraries."""

import numpy as np

from gradproof.experiments.engine.backend import Backend
from gradproof.experiments.engine.examples import Example, example
from gradproof.experiments.limits.pac_sq.methods import Batch, parity_sgd
from gradproof.solvers import walsh

INPUTS = walsh.signs(4).astype(float)


@example(parity_sgd)
def parity_of_four_bits(on: Backend) -> Example:
    """Without rounding, at which a last place may decide; the shares of the inputs are drawn."""
    x, y = on.move((INPUTS, INPUTS.prod(axis=1)))
    eta = on.move(np.array([0.1, 0.3])[:, None, None])
    x0 = 0.5 * np.random.default_rng(3).normal(size=(2, 3, 5 * 6))
    return Example(parity_sgd(5, eta), x0, lambda d: Batch(x, y, d.uniform((16,)) / 8))
