"""Data: two small instances with rational entries, points on a line, and breast cancer in two principal components and a bias."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from typing import Any

import numpy as np

from gradproof.experiments.instances.data import breast_cancer
from gradproof.solvers.relu_program import Patterns, Program, Solution, enumerate_by_rays, enumerate_patterns, train


@dataclass(frozen=True)
class Instance:
    """Rows X and targets y; exact where they are integers and fractions."""

    name: str
    X: tuple[tuple[Any, ...], ...]
    y: tuple[Any, ...]


def instance(name: str, X: Sequence[Sequence[Any]], y: Sequence[Any]) -> Instance:
    """Targets given as floats stand for the fractions that they are."""
    return Instance(name, tuple(map(tuple, X)), tuple(map(Fraction, y)))


PLANE = instance("A", [(1, 0), (1, 1), (0, 1), (-1, 2), (-2, -1), (2, -1)], (1, -1, 2, 0.5, -1.5, 1))
SPACE = instance("B", [(1, 0, 0), (0, 1, 0), (0, 0, 1), (1, 1, 1), (1, -1, 2), (2, 1, -1)], (1, -2, 1, 0.5, -1, 2))
LABELS = (1, -1, 1, 1, -1, 1)  # for the rows of PLANE
LINES = [
    instance("1, -2, 3, -1", [(1,), (-2,), (3,), (-1,)], (1, 1, 2, -1)),
    instance("2, 1, -1, -3", [(2,), (1,), (-1,), (-3,)], (-1, 2, 3, 1)),
    instance("1, 1, -1", [(1,), (1,), (-1,)], (1, -1, 5)),
]
BIASED = [instance(f"{d.name}, bias", [(*row, 1) for row in d.X], d.y) for d in LINES]
#: few enough patterns to list all samples of them; in the last, two of four cells hold 0.35 of the directions each
TINY = [
    instance("two points", [(2, 1), (1, 3)], (1, -2)),
    instance("one point", [(1, 0)], (1,)),
    instance("two apart", [(2, 1), (-2, 1)], (1, -1)),
]


@cache
def cancer(n: int) -> Instance:
    """The first n points of breast cancer: two principal components of unit variance and a bias, and signs."""
    data = breast_cancer()
    _, _, axes = np.linalg.svd(data.X, full_matrices=False)
    Z = data.X @ axes[:2].T
    rows = np.c_[(Z / Z.std(axis=0))[:n], np.ones(n)]
    return Instance(f"breast cancer, {n} points", tuple(map(tuple, rows.tolist())), tuple(data.y[:n].tolist()))


@cache
def patterns(data: Instance) -> Patterns:
    """All patterns of an instance."""
    return enumerate_by_rays(data.X) if len(data.X) > 12 else enumerate_patterns(data.X)


def program(data: Instance, beta: float, over: Patterns | None = None) -> Program:
    """The program over all patterns, or over some."""
    return Program(data.X, [float(v) for v in data.y], beta, patterns(data) if over is None else over)


@cache
def solution(data: Instance, beta: float) -> Solution:
    """Its solution to a relative gap of 2e-8, the best that doubles give on small instances; the solution says which gap it has."""
    return train(program(data, beta), gap=2e-8)
