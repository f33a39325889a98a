"""Descent on a factor of small problems, for the agreement of all array libraries."""

import numpy as np

from gradproof.experiments.engine.backend import Backend
from gradproof.experiments.engine.draws import keys
from gradproof.experiments.engine.examples import Example, example
from gradproof.experiments.landscape.small_init import methods

MU = np.array([0.05, 0.1])[:, None, None, None]
START = 0.3 * np.random.default_rng(5).normal(size=(2, 3, 5, 4))


@example(methods.factored_descent, name="descent_to_a_matrix")
def population(on: Backend) -> Example:
    problem, mu = on.move((methods.Population(np.diag([2.0, 1.0, 0.0, 0.0, 0.0])), MU))
    return Example(methods.factored_descent(problem, mu), START, growth=1.3**30)


@example(methods.factored_descent, name="descent_of_sensing")
def sensing(on: Backend) -> Example:
    problem = methods.draw_sensing(on, keys("example", settings=[0], seeds=range(3))[0], 5, 1, 12)
    return Example(methods.factored_descent(problem, on.asarray(MU)), START, terms=200, growth=1.3**30)
