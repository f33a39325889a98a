"""Two time scales and a small GAN, for the agreement of all array libraries."""

import numpy as np

from gradproof.experiments.adaptive.ttur.methods import linear_game, parameters, ring, small_gan, two_time_scales
from gradproof.experiments.engine.backend import Backend
from gradproof.experiments.engine.examples import Example, example
from gradproof.experiments.engine.run import start


@example(two_time_scales)
def noisy_game(on: Backend) -> Example:
    method = two_time_scales(linear_game(2, -3, 1, 1), lambda n: n**-0.9, lambda n: n**-0.6)
    return Example(method, start(np.array([0.5, -0.5]), settings=2, seeds=3), lambda d: 0.5 * d.normal((2,)), steps=20)


@example(small_gan)
def four_clusters(on: Backend) -> Example:
    x0 = 0.5 * np.random.default_rng(0).standard_normal((2, 2, parameters(2, 4, 2) + parameters(2, 4, 1)))
    return Example(small_gan(2, 2, 4, 1e-3, 2e-3), x0, ring(8, 2), steps=5)
