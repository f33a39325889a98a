"""Data: two small instances with rational entries, and breast cancer in two principal components and a bias."""

from __future__ import annotations

from fractions import Fraction
from functools import cache
from typing import Any, NamedTuple

import numpy as np

from gradproof.experiments.instances.data import breast_cancer
from gradproof.solvers.relu_program import Patterns, Program, Solution, enumerate_by_rays, enumerate_patterns, train


class Instance(NamedTuple):
    """Rows X and targets y, exact."""

    name: str
    X: tuple[tuple[int, ...], ...]
    y: tuple[Fraction, ...]


def _instance(name: str, X: Any, y: tuple[float, ...]) -> Instance:
    return Instance(name, tuple(map(tuple, X)), tuple(Fraction(v) for v in y))


PLANE = _instance("A", [(1, 0), (1, 1), (0, 1), (-1, 2), (-2, -1), (2, -1)], (1, -1, 2, 0.5, -1.5, 1))
SPACE = _instance("B", [(1, 0, 0), (0, 1, 0), (0, 0, 1), (1, 1, 1), (1, -1, 2), (2, 1, -1)], (1, -2, 1, 0.5, -1, 2))
INSTANCES = (PLANE, SPACE)
LABELS = (1, -1, 1, 1, -1, 1)  # for the rows of PLANE


@cache
def patterns(name: str) -> Patterns:
    """All patterns of an instance."""
    return enumerate_patterns(next(i.X for i in INSTANCES if i.name == name))


def program(instance: Instance, beta: float) -> Program:
    """The program over all patterns."""
    return Program(instance.X, [float(v) for v in instance.y], beta, patterns(instance.name))


@cache
def solution(instance: Instance, beta: float) -> Solution:
    """Its solution to a relative gap of 2e-8, the best that doubles give on these instances."""
    return train(program(instance, beta), gap=2e-8)


@cache
def cancer(n: int) -> tuple[np.ndarray, np.ndarray]:
    """The first n points of breast cancer: two principal components of unit variance and a bias, (n, 3), and signs, (n,)."""
    data = breast_cancer()
    _, _, axes = np.linalg.svd(data.X, full_matrices=False)
    Z = data.X @ axes[:2].T
    return np.c_[(Z / Z.std(axis=0))[:n], np.ones(n)], data.y[:n]


@cache
def cancer_program(n: int, beta: float) -> Program:
    """The program over all n^2 - n + 2 patterns of ``cancer(n)``."""
    X, y = cancer(n)
    return Program(X, y, beta, enumerate_by_rays(X))
