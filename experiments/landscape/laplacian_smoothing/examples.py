"""Smoothed gradient descent on small problems, for the agreement of all array libraries."""

import numpy as np

from gradproof.experiments.engine.backend import Backend
from gradproof.experiments.engine.examples import Example, example
from gradproof.experiments.engine.run import start
from gradproof.experiments.instances.finite_sums import Logistic
from gradproof.experiments.landscape.laplacian_smoothing.digits import Digits
from gradproof.experiments.landscape.laplacian_smoothing.methods import constant, saddle, smoothed_gd, smoothed_sgd
from gradproof.theory.landscape.laplacian_smoothing import mlsgd_schedule

ETAS = np.array([0.1, 0.3])[:, None, None]


@example(smoothed_gd)
def mlsgd_near_a_saddle(on: Backend) -> Example:
    h, eta = on.move((saddle(7), ETAS))
    x0 = start(np.linspace(-1, 1, 7), settings=2, seeds=2)
    # the negative direction grows by 1.3 a step
    return Example(smoothed_gd(lambda x: h * x, eta, mlsgd_schedule), x0, steps=20, growth=1.3**20)


@example(smoothed_sgd)
def lsgd_on_logistic_loss(on: Backend) -> Example:
    rng = np.random.default_rng(7)
    rows, labels = rng.standard_normal((40, 9)), np.sign(rng.standard_normal(40))
    problem, eta = on.move((Digits(Logistic(rows[None], labels[None], ridge=0.1), rows, labels), ETAS))
    method = smoothed_sgd(problem.grad, eta, constant(2.0))
    return Example(method, start(np.ones(9), settings=2, seeds=3), lambda d: d.integers(40, (5,)))
