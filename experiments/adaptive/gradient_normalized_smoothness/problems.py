"""The functions of the experiments with their data: log-sum-exp, regressions on real data, nonlinear equations."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

# isort: off
from gradproof.experiments.adaptive.gradient_normalized_smoothness.methods import (
    Problem, chebyshev, equations, log_sum_exp, logistic, power_of_norm, rosenbrock, softmax_regression, without_hessian,
)  # fmt: skip
from gradproof.experiments.engine.backend import Backend
from gradproof.experiments.instances.data import load, pixels
# isort: on


class Start(NamedTuple):
    """A function, where the search begins, a lower bound of the function, and the value at which it ends."""

    problem: Problem
    x0: np.ndarray
    least: float
    until: float


Maker = Callable[[Backend], Start]


def small_rows() -> np.ndarray:
    """``sin(i j)``, i = 1..12, j = 1..4, less the means of the columns: the log-sum-exp is least at 0."""
    A = np.sin(np.outer(np.arange(1, 13), np.arange(1, 5)))
    return A - A.mean(0)


def small_lse(on: Backend, kind: str = "exact") -> Start:
    """mu = 1/2, from ones, to 1e-8 above the least value, ``log(12)/2``."""
    A, least = on.asarray(small_rows()), 0.5 * float(np.log(12))
    problem = log_sum_exp(A, A[:, 0] * 0, 0.5, gauss_newton=kind == "gauss-newton")
    return Start(without_hessian(problem) if kind == "gradient" else problem, np.ones(4), least, least + 1e-8)


def published_lse(on: Backend, kind: str = "exact", size: int = 1000, rows: int = 1000) -> Start:
    """The paper's: rows and offsets uniform in [-1, 1], mu = 1, shifted so that the least value is at 0; from ones."""
    rng = np.random.default_rng(3124)
    A, b = rng.uniform(-1, 1, (rows, size)), rng.uniform(-1, 1, rows)
    w = np.exp(-b)
    least = float(np.log(w.sum()))
    A = A - (w / w.sum()) @ A
    problem = log_sum_exp(on.asarray(A), on.asarray(b), 1.0, gauss_newton=kind == "gauss-newton")
    return Start(problem, np.ones(size), least, least + 1e-8)


def regression(on: Backend, kind: str = "exact", name: str = "breast_cancer", until: float = 0.036) -> Start:
    """Logistic regression without a penalty, from 0; the loss is above 0."""
    data = load(name)
    problem = logistic(on.asarray(data.X * data.y[:, None]), fisher=kind == "fisher")
    return Start(problem, np.zeros(data.X.shape[1]), 0.0, until)


def digit_regression(on: Backend, rows: int = 1797, *, every: int = 1) -> Start:
    """Ten digits from 64 pixels (of which ``every`` so many are taken) and a constant: 650 weights, Fisher's matrix."""
    X, y = pixels()
    X = np.concatenate([X[:, ::every], np.ones((len(X), 1))], axis=1)[:rows]
    return Start(
        softmax_regression(on.asarray(X), on.asarray(np.eye(10)[y[:rows]])), np.zeros(10 * X.shape[1]), 0.0, 0.2
    )


def powers_of_rosenbrock(on: Backend, kind: str = "both", p: float = 4.0) -> Start:
    """From (-2, 2), with residuals up to the power p."""
    return Start(equations(rosenbrock, p, terms=kind), np.array([-2.0, 2.0]), 0.0, 1e-8)


def powers_of_chebyshev(on: Backend, kind: str = "both", n: int = 10, p: float = 4.0) -> Start:
    """The chain of n, from a random point of the unit cube; values up to 1e-5."""
    return Start(equations(chebyshev, p, terms=kind), np.random.default_rng(0).uniform(0, 1, n), 0.0, 1e-5)


def linear_equations(on: Backend, kind: str = "both", rows: int = 100, n: int = 200, p: float = 4.0) -> Start:
    """``|Ax - b|^p/p`` with more unknowns than equations, of which the least value is 0; from ones."""
    rng = np.random.default_rng(0)
    A, b = on.asarray(rng.uniform(-1, 1, (rows, n))), on.asarray(rng.uniform(-1, 1, rows))
    power: Any = power_of_norm(lambda x: x @ A.T - b, lambda x: A, p, terms=kind)
    return Start(power, np.ones(n), 0.0, 1e-8)
