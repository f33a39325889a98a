"""Stochastic gradient ascent on the objective of a program, on any array library."""

from __future__ import annotations

from typing import Any, NamedTuple

from array_api_compat import array_namespace

from gradproof.experiments.engine.run import Method
from gradproof.experiments.sampling.programmable_vi.models import Program
from gradproof.solvers.dual_estimators import Drawn, inputs


class Parameters(NamedTuple):
    theta: Any  # (setting, seed, D)


def ascent(program: Program, eta: Any) -> Method:
    """theta + eta d, with a draw d of the program's estimator; a step takes uniform numbers (setting, seed, sites).

    Args:
        eta: step sizes, a number or (setting, 1, 1).
    """

    def step(s: Parameters, uniform: Any) -> Parameters:
        xp = array_namespace(s.theta)
        t = inputs(s.theta[..., j] for j in range(s.theta.shape[-1]))
        d = program(Drawn(lambda slot: uniform[..., slot]), t)
        return Parameters(s.theta + eta * xp.stack([x + 0 * s.theta[..., 0] for x in d.slope], axis=-1))

    return Method(lambda x0: Parameters(x0), step)
