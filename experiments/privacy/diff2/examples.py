"""DIFF2 on small problems, for the agreement of all array libraries."""

from typing import Any

import numpy as np

from gradproof.experiments.engine.backend import Backend
from gradproof.experiments.engine.examples import Example, example
from gradproof.experiments.engine.run import start
from gradproof.experiments.privacy.diff2 import methods

STEPS = np.array([0.1, 0.5])[:, None, None]
PERIODS = np.array([1.0, 3.0])[:, None, None]
ROWS = np.sin(np.arange(1.0, 25.0)).reshape(8, 3)


def _network() -> methods.Network:
    rows = np.column_stack([ROWS, np.ones(8)])
    return methods.Network(rows, (rows**2).sum(axis=1), np.sign(ROWS[:, 0]), 2)


PROBLEMS: dict[str, Any] = {
    "logistic": methods.Logistic(ROWS / np.sqrt((ROWS**2).sum(axis=1))[:, None], 0.1),
    "quadratic": methods.Quadratic(np.array([1.0, 0.5, 0.1]), ROWS),
    "network": _network(),
}


@example(methods.diff2, name="logistic_regression_clipped", what="logistic")
@example(methods.diff2, name="quadratic_clipped", what="quadratic")
@example(methods.diff2, name="network_clipped", what="network")
def clipped(on: Backend, what: str) -> Example:
    d = 11 if what == "network" else 3
    problem, eta, T = on.move((PROBLEMS[what], STEPS, PERIODS))
    method = methods.diff2(problem, eta, T, 0.3, 0.2, 0.5, 0.4)
    return Example(method, start(np.linspace(-1, 1, d), settings=2, seeds=3), lambda z: methods.noise(z, d))
