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
    "logistic": methods.Logistic(ROWS, np.sqrt((ROWS**2).sum(axis=1)), 0.1),
    "quadratic": methods.Quadratic(np.array([1.0, 0.5, 0.1]), ROWS),
    "network": _network(),
}


def _clipped(on: Backend, problem: Any, d: int) -> Example:
    moved, eta, T = on.move((problem, STEPS, PERIODS))
    method = methods.diff2(moved, eta, T, 0.3, 0.2, 0.5, 0.4)
    return Example(method, start(np.linspace(-1, 1, d), settings=2, seeds=3), lambda z: methods.noise(z, d))


@example(methods.diff2, name="logistic_regression_clipped")
def logistic(on: Backend) -> Example:
    return _clipped(on, PROBLEMS["logistic"], 3)


@example(methods.diff2, name="quadratic_clipped")
def quadratic(on: Backend) -> Example:
    return _clipped(on, PROBLEMS["quadratic"], 3)


@example(methods.diff2, name="network_clipped")
def network(on: Backend) -> Example:
    return _clipped(on, PROBLEMS["network"], 11)
