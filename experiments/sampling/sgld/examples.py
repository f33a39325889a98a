"""Langevin samplers on small posteriors, for the agreement of all array libraries."""

from typing import Any

import numpy as np

from gradproof.experiments.engine.backend import Backend
from gradproof.experiments.engine.examples import Example, example
from gradproof.experiments.engine.run import start
from gradproof.experiments.sampling.sgld import methods
from gradproof.experiments.sampling.sgld.instances import sines

STEPS = np.array([0.002, 0.005])[:, None, None]


def _posterior(*, logistic: bool) -> methods.Posterior:
    X, y = sines(20, 3)
    return methods.Posterior(X, np.where(y > 0, 1.0, -1.0) if logistic else y, 1.0, logistic)


@example(methods.lmc, name="full_gradient_of_logistic_regression", method=methods.lmc)
@example(methods.sgld, name="minibatches_of_logistic_regression", method=methods.sgld)
def logistic_regression(on: Backend, method: Any) -> Example:
    problem, gamma = on.move((_posterior(logistic=True), STEPS))
    return Example(method(problem, gamma), start(np.ones(3), settings=2, seeds=3), methods.numbers(problem, 2))


@example(methods.sgldfp)
def control_variate_in_linear_regression(on: Backend) -> Example:
    posterior = _posterior(logistic=False)
    problem, gamma, mode = on.move((posterior, STEPS, posterior.mode()))
    method = methods.sgldfp(problem, gamma, mode)
    return Example(method, start(np.ones(3), settings=2, seeds=3), methods.numbers(problem, 2))
