"""Leader SGD and elastic averaging on small problems, for the agreement of all array libraries."""

import numpy as np

from gradproof.experiments.communication.leader_sgd import methods
from gradproof.experiments.engine.backend import Backend
from gradproof.experiments.engine.examples import Example, example
from gradproof.experiments.instances.finite_sums import Logistic

P, D = 4, 3
X0 = np.broadcast_to(np.cos(np.arange(P * D)).reshape(P, D), (2, 3, P, D)).copy()
ETA = np.array([0.05, 0.2])[:, None, None, None]


@example(methods.leader_sgd)
def noisy_values_on_wells(on: Backend) -> Example:
    f, eta = on.move((methods.Wells(0.05, 0.3), ETA))
    method = methods.leader_sgd(f, eta, 0.5, every=2, errors=True)
    return Example(method, X0, lambda d: (d.normal((P, D)), 0.1 * d.normal((P,), slot=1)))


@example(methods.leader_sgd)
def rows_of_a_regression(on: Backend) -> Example:
    rng = np.random.default_rng(5)
    rows = methods.Rows(Logistic(rng.standard_normal((1, 9, D)), np.sign(rng.standard_normal((1, 9))), ridge=0.1), 2)
    f, eta, best = on.move((rows, ETA, np.zeros(D)))
    return Example(methods.leader_sgd(f, eta, lambda k: 1 / (k + 4), best=best), X0, lambda d: d.uniform((P, 2)))


@example(methods.elastic_averaging)
def averages_on_a_bowl(on: Backend) -> Example:
    f, eta = on.move((methods.Bowl(np.linspace(0.1, 1, D), 0.3), ETA))
    return Example(methods.elastic_averaging(f, eta, 0.3), X0, lambda d: d.normal((P, D)))
