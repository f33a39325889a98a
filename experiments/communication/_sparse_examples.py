"""Sparsified SGD on small problems, for the agreement of all array libraries."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradproof.experiments.communication import _sparse_methods as methods
from gradproof.experiments.engine.backend import Backend
from gradproof.experiments.engine.examples import Example, example
from gradproof.experiments.engine.run import start
from gradproof.experiments.instances.finite_sums import sine_least_squares

BUDGETS = np.array([1.5, 3.0])[:, None, None]


def _workers(on: Backend, scheme: Any) -> Example:
    problem, eps = on.move((sine_least_squares((1.0, 2.0, 3.0), d=6), BUDGETS))
    x0 = start(np.ones(6), settings=2, seeds=3)
    return Example(methods.sparsified_sgd(problem, 0.05, scheme(eps)), x0, lambda d: d.uniform((3, 6)))


@example(methods.sparsified_sgd)
def least_density_with_three_workers(on: Backend) -> Example:
    return _workers(on, methods.least_density)


@example(methods.sparsified_sgd)
def uniform_with_three_workers(on: Backend) -> Example:
    return _workers(on, lambda s: methods.uniform_like(methods.least_variance(s)))


def _matrix(on: Backend, atoms: str, number: int) -> Example:
    curvature, target, s = on.move((np.diag([1.0, 0.5, 0.2, 0.1]), np.sin(np.arange(12.0)).reshape(3, 4), BUDGETS))
    method = methods.atomic_sgd(lambda x: x @ curvature - target, 0.2, methods.least_variance(s), atoms=atoms)
    return Example(method, np.zeros((2, 3, 3, 4)), lambda d: d.uniform((number,)))


@example(methods.atomic_sgd)
def entries_of_a_matrix(on: Backend) -> Example:
    return _matrix(on, "entries", 12)


@example(methods.atomic_sgd)
def singular_triplets_of_a_matrix(on: Backend) -> Example:
    return _matrix(on, "singular", 3)
