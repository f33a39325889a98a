"""ADMM on the program and descent on the network, small, for the agreement of all array libraries."""

from collections.abc import Callable

import numpy as np

from gradproof.experiments.engine.backend import Backend
from gradproof.experiments.engine.examples import Example, example
from gradproof.experiments.engine.run import Method, start
from gradproof.experiments.instances.two_layer import Training
from gradproof.experiments.networks.convex_relu.instances import SPACE, program
from gradproof.experiments.networks.convex_relu.methods import adam, admm, gradient_descent, splitting

ETAS = np.array([0.01, 0.02])[:, None, None]


@example(admm)
def admm_on_space(on: Backend) -> Example:
    problem = program(SPACE, 0.5)
    blocks = np.sin(np.arange(2.0 * problem.patterns.U.size))
    x0 = start(blocks, settings=2, seeds=2) * np.array([1.0, 2.0])[:, None, None] + np.array([0.0, 0.5])[:, None]
    return Example(admm(on.move(splitting(problem))), x0)


@example(gradient_descent, name="gradient_descent_on_a_network", method=gradient_descent)
@example(adam, name="adam_on_a_network", method=adam)
def descent(on: Backend, method: Callable[..., Method]) -> Example:
    """Four neurons on B."""
    p = program(SPACE, 0.1)
    problem, eta = on.move((Training(p.X, p.y, p.beta, m=4), ETAS))
    x0 = start(np.sin(np.arange(16.0)), settings=2, seeds=3) + 0.1 * np.arange(3)[:, None]
    return Example(method(problem, eta), x0)
