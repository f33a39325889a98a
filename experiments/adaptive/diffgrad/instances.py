"""Instances: rows of breast cancer one batch after another, and cycles of linear losses."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cache
from typing import Any

import numpy as np

from gradproof.experiments.adaptive._adam import AdamState, Variant, adam_family, direction
from gradproof.experiments.adaptive.diffgrad.methods import CYCLE, linear_loss
from gradproof.experiments.engine.backend import Backend
from gradproof.experiments.engine.backend import backend as array_library
from gradproof.experiments.engine.run import run, start
from gradproof.experiments.instances.data import breast_cancer
from gradproof.solvers.periodic_regret import Optimiser

Array = Any

# --- breast cancer -----------------------------------------------------------------------------------------------------

BATCH, STEPS, ALPHA = 32, 200, 0.01
ADAM: dict[str, Any] = {"beta1": 0.9, "beta2": 0.999, "eps": 1e-8}
STATE = {name: lambda s, name=name: getattr(s, name) for name in AdamState._fields}


@cache
def signed_rows() -> np.ndarray:
    """Rows times labels, (569, 30)."""
    data = breast_cancer()
    return data.y[:, None] * data.X


def logistic_gradient(on: Backend) -> Callable[[Array, Any], Array]:
    """Gradient of the logistic loss on the ``draw``-th batch of 32 rows, cyclically; x (setting, seed, 30)."""
    rows, places = on.move((signed_rows(), np.arange(BATCH)))

    def gradient(x: Array, draw: Any) -> Array:
        Z = rows[(draw * BATCH + places) % rows.shape[0], :]
        return -(1 / (1 + on.xp.exp(x @ Z.T))) @ Z / BATCH

    return gradient


@cache
def path(variant: Variant, backend: str = "numpy") -> Any:
    """States of 200 steps on breast cancer."""
    on = array_library(backend)
    method = adam_family(logistic_gradient(on), alpha=ALPHA, variant=variant, **ADAM)
    return run(method, on.asarray(start(np.zeros(30))), STEPS, record=STATE, draw=lambda t: t)


def adam_with_half_the_step(seen: Any, backend: str = "numpy") -> Any:
    """States of Adam with alpha/2 from the second state of a path on."""
    on = array_library(backend)
    second = AdamState(*(on.asarray(seen[name].values[:, :, 1]) for name in STATE))
    half = adam_family(logistic_gradient(on), alpha=ALPHA / 2, variant="adam", **ADAM)
    return run(half._replace(init=lambda x0: second), second.x, STEPS - 1, record=STATE, draw=lambda t: t + 1)


def lengths(seen: Any, variant: Variant) -> np.ndarray:
    """Lengths per alpha of a variant's steps from the states of a path with the gradients that it meets, (step, 30)."""
    states = AdamState(*(seen[name].values[0, 0, :-1] for name in STATE))
    return np.abs(direction(states, seen.g.values[0, 0, 1:], variant=variant, **ADAM).x)


# --- cycles ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Rounds:
    """Rounds of a cycle of linear losses on [-1, 1], from a start."""

    cycle: tuple[Fraction, Fraction, Fraction]
    start: int
    T: int
    method: Optimiser


_EPS = Fraction(1, 10**7)  # as published
#: from the best point; from the end to which diffGrad drifts, with momentum and without
FROM_THE_OPTIMUM = Rounds(CYCLE, -1, 40_000, Optimiser(beta2=Fraction(9, 10), eps=_EPS, lam=Fraction(1, 10)))
FROM_THE_END = Rounds((*CYCLE[:2], Fraction(-8, 5)), 1, 2000, FROM_THE_OPTIMUM.method)
WITH_MOMENTUM = replace(FROM_THE_END, T=3000, method=replace(FROM_THE_OPTIMUM.method, beta1=Fraction(1, 10)))
#: with the published beta2 = 0.999
LONG_MEMORY = Rounds(CYCLE, -1, 600_000, Optimiser(eps=_EPS, lam=Fraction(1, 10)))


def played(
    cycle: Any, T: int, variant: Variant, *, x1: float, backend: str = "numpy", **constants: Any
) -> np.ndarray:  # fmt: skip
    """Iterates x_1, ..., x_T on the cycle in double precision, with alpha_t = alpha / sqrt t, on [-1, 1]."""
    on = array_library(backend)
    values = on.asarray(np.array([float(g) for g in cycle]))
    method = adam_family(linear_loss, variant=variant, radius=1.0, decay=True, **constants)
    x0, record = on.asarray(start([x1])), {"x": lambda s: s.x[..., 0]}
    return run(method, x0, T - 1, record=record, draw=lambda t: values[t % len(cycle)]).x.values[0, 0]


def regrets(x: Array, cycle: Any) -> np.ndarray:
    """Regret after each round, for iterates x_1, ..., x_T, shape (..., T), on [-1, 1]."""
    g = np.resize(np.array([float(c) for c in cycle]), np.shape(x)[-1])
    return np.cumsum(g * np.asarray(x), axis=-1) + np.abs(np.cumsum(g))


def average_regret_of(variant: Variant, T: int) -> float:
    """R_T/T on (1, 1, -1.9) from the optimum, alpha = 1/2, beta1 = 0, beta2 = 0.999, eps = 1e-8."""
    x = played(CYCLE, T, variant, x1=-1.0, alpha=0.5, beta1=0.0, beta2=0.999, eps=1e-8)
    return float(regrets(x, CYCLE)[-1] / T)
