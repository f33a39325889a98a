"""Ascent on two small programs, for the agreement of all array libraries."""

import numpy as np

from gradproof.experiments.engine.backend import Backend
from gradproof.experiments.engine.examples import Example, example
from gradproof.experiments.engine.run import start
from gradproof.experiments.instances import noisy_cone
from gradproof.experiments.sampling.programmable_vi import models
from gradproof.experiments.sampling.programmable_vi.methods import ascent

ETAS = np.array([0.1, 0.2])[:, None, None]


@example(ascent)
def two_sites_with_reruns(on: Backend) -> Example:
    method = ascent(models.two_sites("mvd", "reinforce"), on.move(ETAS))
    return Example(method, start(models.START, settings=2, seeds=3), lambda d: d.uniform((3,)))


@example(ascent, name="cone_reparameterised")
def cone_reparameterised(on: Backend) -> Example:
    method = ascent(noisy_cone.gaussian_guide, on.move(1e-3 * ETAS))
    return Example(method, start([1.0, 0.5, 0.0, 0.0], settings=2, seeds=3), lambda d: d.uniform((4,)))
