"""LMC, SGLD, SGLDFP and SGD as one pure step on any array library, for linear and logistic regression."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from array_api_compat import array_namespace

from gradproof.experiments.engine.draws import Draws
from gradproof.experiments.engine.run import Method
from gradproof.experiments.instances import losses
from gradproof.theory.errors import ParameterError

Array = Any


@dataclass(frozen=True, eq=False)
class Posterior:
    """U(theta) = prior |theta|^2/2 + sum_i loss(a_i.theta, b_i), the loss a half square or logistic.

    Args:
        rows: a_i, (N, d). targets: b_i, (N,); labels -1 and +1 for the logistic loss. prior: precision, > 0.
    """

    rows: Array
    targets: Array
    prior: float
    logistic: bool = False

    @property
    def N(self) -> int:
        return self.rows.shape[0]

    @property
    def d(self) -> int:
        return self.rows.shape[1]

    def slope(self, z: Array, b: Array) -> Array:
        """Derivative of the loss in its first argument."""
        return b * losses.logistic_slope(b * z) if self.logistic else z - b

    def gradient(self, theta: Array) -> Array:
        """grad U, (..., d)."""
        xp = array_namespace(theta)
        return self.prior * theta + xp.matmul(self.slope(xp.matmul(theta, self.rows.T), self.targets), self.rows)

    def estimate(self, theta: Array, index: Array) -> Array:
        """grad U_0 + (N/p) sum over the indices (..., p) of grad U_i."""
        xp = array_namespace(theta)
        flat = xp.reshape(index, (-1,))
        a = xp.reshape(xp.take(self.rows, flat, axis=0), (*index.shape, self.d))
        b = xp.reshape(xp.take(self.targets, flat, axis=0), index.shape)
        slopes = self.slope(xp.sum(a * theta[..., None, :], axis=-1), b)
        return self.prior * theta + (self.N / index.shape[-1]) * xp.sum(slopes[..., None] * a, axis=-2)

    def mode(self) -> np.ndarray:
        """theta* by Newton's method, to rounding (NumPy data)."""
        theta = np.zeros(self.d)
        for _ in range(100):
            z = self.rows @ theta
            bend = np.exp(-np.abs(z)) / (1 + np.exp(-np.abs(z))) ** 2 if self.logistic else np.ones_like(z)
            step = np.linalg.solve(self.prior * np.eye(self.d) + (self.rows.T * bend) @ self.rows, self.gradient(theta))
            theta = theta - step
            if np.linalg.norm(step) <= 1e-14 * (1 + np.linalg.norm(theta)):
                return theta
        raise ParameterError("Newton's method does not settle: the posterior has no mode; give a positive prior")


class State(NamedTuple):
    theta: Array  # (setting, seed, d)


class Draw(NamedTuple):
    index: Array  # (setting, seed, p)
    normal: Array  # (setting, seed, d)


def numbers(problem: Posterior, p: int) -> Callable[[Draws], Draw]:
    """The random numbers of a step, the same for all four methods: chains with equal keys are coupled."""
    return lambda source: Draw(source.integers(problem.N, (p,), slot=0), source.normal((problem.d,), slot=1))


Step = Callable[[State, Draw], State]


def _langevin(gradient: Callable[[Array, Draw], Array], gamma: float, temperature: float = 1.0) -> Step:
    """theta - gamma gradient + sqrt(2 gamma temperature) Z."""

    def step(s: State, noise: Draw) -> State:
        return State(s.theta - gamma * gradient(s.theta, noise) + (2 * gamma * temperature) ** 0.5 * noise.normal)

    return step


def lmc(problem: Posterior, gamma: float) -> Method:
    """The full gradient of U."""
    return Method(State, _langevin(lambda theta, noise: problem.gradient(theta), gamma))


def sgld(problem: Posterior, gamma: float, *, temperature: float = 1.0) -> Method:
    """The gradient estimated from p samples; ``temperature=0`` leaves the Langevin noise out: SGD."""
    return Method(State, _langevin(lambda theta, noise: problem.estimate(theta, noise.index), gamma, temperature))


def sgldfp(problem: Posterior, gamma: float, anchor: Array, *, temperature: float = 1.0) -> Method:
    """The estimate minus its value at the anchor (d,), the mode: the noise vanishes there."""

    def difference(theta: Array, noise: Draw) -> Array:
        return problem.estimate(theta, noise.index) - problem.estimate(0 * theta + anchor, noise.index)

    return Method(State, _langevin(difference, gamma, temperature))


def all_four(problem: Posterior, gamma: float, mode: Array) -> dict[str, Method]:
    """The methods by the names of ``solvers.gaussian``."""
    return {
        "lmc": lmc(problem, gamma),
        "sgldfp": sgldfp(problem, gamma, mode),
        "sgld": sgld(problem, gamma),
        "sgd": sgld(problem, gamma, temperature=0.0),
    }
