"""ADMM on the program and descent on the network, small, for the agreement of all array libraries."""

from __future__ import annotations

import numpy as np

from gradproof.experiments.engine.backend import Backend
from gradproof.experiments.engine.examples import Example, example
from gradproof.experiments.engine.run import start
from gradproof.experiments.networks.convex_relu.instances import SPACE, program
from gradproof.experiments.networks.convex_relu.methods import Training, adam, admm, gradient_descent, splitting

ETAS = np.array([0.01, 0.02])[:, None, None]


@example(admm)
def admm_on_space(on: Backend) -> Example:
    problem = program(SPACE, 0.5)
    blocks = np.sin(np.arange(2.0 * problem.patterns.U.size))
    x0 = start(blocks, settings=2, seeds=2) * np.array([1.0, 2.0])[:, None, None] + np.array([0.0, 0.5])[:, None]
    return Example(admm(on.move(splitting(problem))), x0)


def _starts() -> np.ndarray:
    return start(np.sin(np.arange(16.0)), settings=2, seeds=3) + 0.1 * np.arange(3)[:, None]


def _training() -> Training:
    problem = program(SPACE, 0.1)
    return Training(problem.X, problem.y, problem.beta, m=4)


@example(gradient_descent)
def gradient_descent_on_a_network(on: Backend) -> Example:
    problem, eta = on.move((_training(), ETAS))
    return Example(gradient_descent(problem, eta), _starts())


@example(adam)
def adam_on_a_network(on: Backend) -> Example:
    problem, eta = on.move((_training(), ETAS))
    return Example(adam(problem, eta), _starts())
