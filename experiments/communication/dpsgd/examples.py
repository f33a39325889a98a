"""D-PSGD on small problems, for the agreement of all array libraries."""

import numpy as np

from gradproof.experiments.communication.dpsgd import methods
from gradproof.experiments.engine.backend import Backend
from gradproof.experiments.engine.examples import Example, example
from gradproof.experiments.engine.run import start
from gradproof.experiments.instances.finite_sums import Logistic
from gradproof.experiments.instances.minibatches import Minibatches, NoisyQuadratics
from gradproof.solvers.gossip import ring

N, D = 5, 4
PARTS = (ring(N).astype(float), np.array([0.05, 0.2])[:, None, None, None])


@example(methods.dpsgd)
def minibatches_on_a_ring(on: Backend) -> Example:
    rng = np.random.default_rng(3)
    problem = Logistic(rng.standard_normal((N, 7, D)), np.sign(rng.standard_normal((N, 7))), 0.1)
    method = methods.dpsgd(*on.move((Minibatches(problem, 2), *PARTS)))
    return Example(method, start(np.ones(D), settings=2, seeds=3), lambda d: d.uniform((N, 2)))


@example(methods.dpsgd)
def quadratics_averaged_last(on: Backend) -> Example:
    nodes = NoisyQuadratics(np.linspace(0.5, 1.5, N)[:, None], np.sin(np.arange(N * D)).reshape(N, D), 0.3)
    method = methods.dpsgd(*on.move((nodes, *PARTS)), average_last=True)
    return Example(method, start(np.ones(D), settings=2, seeds=3), lambda d: d.normal((N, D)))
