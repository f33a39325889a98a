"""SGD on parameter-shift estimates of a few shots, many runs at once."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from array_api_compat import array_namespace, device

from gradproof.experiments.engine.draws import Draws
from gradproof.experiments.engine.run import Method
from gradproof.solvers.statevector import Circuit

Array = Any


class State(NamedTuple):
    theta: Array  # (setting, seed, D)


def numbers(D: int, M: int) -> Callable[[Draws], Array]:
    """Uniform numbers (setting, seed, 2 D, M): one a shot."""
    return lambda source: source.uniform((2 * D, M))


def estimate(circuit: Circuit, psi: Array, theta: Array, uniform: Array) -> Array:
    """``beta_j (mean of M shots at theta_j + pi/(4 beta_j) - the same at minus)``, (..., D), of uniform numbers (..., 2 D, M)."""
    xp, D = array_namespace(theta), circuit.D
    turn = np.diag(np.pi / (4 * np.array(circuit.beta)))
    turns = xp.asarray(np.concatenate([turn, -turn]), device=device(theta))
    some = max(1, 2**24 >> circuit.n)  # so many at once, for the memory's sake
    parts = [theta[..., None, :] + turns[i : i + some, ...] for i in range(0, 2 * D, some)]
    p = (1 + xp.concat([circuit.loss(part, psi) for part in parts], axis=-1)) / 2
    mean = 2 * xp.mean(xp.astype(uniform < p[..., None], xp.float64), axis=-1) - 1
    return xp.asarray(np.array(circuit.beta), device=device(theta)) * (mean[..., :D] - mean[..., D:])


def shot_sgd(circuit: Circuit, psi: Array, eta: Array | float) -> Method:
    """Steps of length eta along the estimate; psi (2^n,) is complex."""
    return Method(State, lambda s, uniform: State(s.theta - eta * estimate(circuit, psi, s.theta, uniform)))
