"""Stale gradients on small problems, for the agreement of all array libraries."""

import numpy as np

from gradproof.experiments.engine.backend import Backend
from gradproof.experiments.engine.examples import Example, example
from gradproof.experiments.engine.run import start
from gradproof.experiments.sampling.stale_sgmcmc import methods

STEPS = np.array([0.05, 0.1])[:, None, None]


@example(methods.stale, name="fixed_staleness", random=False)
@example(methods.stale, name="random_staleness", random=True)
@example(methods.stale, name="sums_of_stale_gradients", random=False, of_gradients=True)
def on_a_gaussian(on: Backend, random: bool, of_gradients: bool = False) -> Example:
    h, lam = on.move((STEPS, np.array([1.0, 0.5, 2.0])))
    method = methods.stale(lambda x: lam * x, h, 3, sigma=0.5, random=random, of_gradients=of_gradients)
    return Example(method, start(np.ones(3), settings=2, seeds=3), methods.numbers(3, noisy=True, delays=4))
