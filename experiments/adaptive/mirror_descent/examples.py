"""Dual averaging with three mirror maps, for the agreement of all array libraries."""

import numpy as np

from gradproof.experiments.adaptive.mirror_descent.methods import (
    mirror_descent,
    polar,
    projection_ball,
    projection_simplex,
    softmax,
)
from gradproof.experiments.engine.backend import Backend
from gradproof.experiments.engine.examples import Example, example
from gradproof.experiments.engine.run import start

COST = np.array([0.0, 0.5, 1.0])


@example(mirror_descent, name="polar_example")
def polar_example(on: Backend) -> Example:
    method = mirror_descent(projection_ball, polar, 0.3, 0.75, on.asarray(np.zeros(2)))
    x0 = start(np.array([1.2, -0.7]), settings=2, seeds=3)
    return Example(method, x0, lambda d: 0.5 * d.normal((2,)), steps=20)


@example(mirror_descent, name="projected_linear_program", mirror=projection_simplex)
@example(mirror_descent, name="entropic_linear_program", mirror=softmax)
def linear_program(on: Backend, mirror) -> Example:
    cost = on.asarray(COST)
    method = mirror_descent(mirror, lambda x: x * 0 + cost, 1.0, 0.75, on.asarray(np.eye(3)[0]))
    return Example(method, start(np.zeros(3), settings=2, seeds=2), lambda d: d.normal((3,)), steps=15)
