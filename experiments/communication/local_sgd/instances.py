"""Objectives that all workers share: two slopes, a bent line, data; each with stochastic gradients at the workers' own points."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from array_api_compat import array_namespace, device

from gradproof.experiments.instances.data import load
from gradproof.experiments.instances.finite_sums import Logistic
from gradproof.experiments.instances.minibatches import over_rows
from gradproof.solvers.stochastic_approximation import Smooth
from gradproof.theory.errors import ParameterError

Array = Any


@dataclass(frozen=True)
class TwoSlopes:
    """``F'(x) = h_plus x`` right of 0 and ``h_minus x`` left of it, in every coordinate; noise of deviation ``sigma`` in each."""

    h_plus: Any
    h_minus: Any
    sigma: float = 1.0
    guarantees = frozenset({"two_slopes"})

    @property
    def mu(self) -> Any:
        return min(self.h_plus, self.h_minus)

    @property
    def L(self) -> Any:
        return max(self.h_plus, self.h_minus)

    def slope(self, x: Any) -> Any:
        """F'(x) of one number, exact where x is."""
        return (self.h_plus if x > 0 else self.h_minus) * x

    def value(self, x: Any) -> Any:
        """F(x) - F* of one number, exact where x is."""
        return self.slope(x) * x / 2

    def _slopes(self, x: Array) -> Array:
        xp = array_namespace(x)
        return xp.where(x > 0, self.h_plus * x, self.h_minus * x)

    def excess(self, x: Array) -> Array:
        """F - F*, (..., d) -> (...)."""
        return array_namespace(x).sum(self._slopes(x) * x, axis=-1) / 2

    def sample(self, x: Array, draw: Array) -> Array:
        """Stochastic gradients, (..., d) -> (..., d); draw: noise of variance one."""
        return self._slopes(x) + self.sigma * draw


@dataclass(frozen=True)
class Bent:
    """``F'(x) = x + bend (tanh(x - shift) + tanh(shift))`` on the line, x* = 0; noise of deviation ``sigma``."""

    bend: float = 1.0
    shift: float = 1.0
    sigma: float = 1.0
    mu = 1.0
    guarantees = frozenset({"smooth_hessian"})

    @property
    def L(self) -> float:
        return 1 + self.bend

    @cached_property
    def smooth(self) -> Smooth:
        """Its derivatives at 0; tanh''' lies in [-2, 2/3]."""
        t = math.tanh(self.shift)
        return Smooth(1 + self.bend * (1 - t * t), 2 * self.bend * t * (1 - t * t), 2 * self.bend, 1.0, self.L)

    def off_the_line(self, reach: float) -> tuple[float, float]:
        """Least and largest F'(x) - h x over |x| <= reach; F'' = h at 0 and at 2 shift alone."""
        places = [-reach, 0.0, reach] + [2 * self.shift] * (abs(2 * self.shift) < reach)
        back = math.tanh(self.shift)
        values = [x + self.bend * (math.tanh(x - self.shift) + back) - self.smooth.h * x for x in places]
        return min(values), max(values)

    def excess(self, x: Array) -> Array:
        """F - F*, (..., 1) -> (...); cosh does not overflow, as |x| is small in runs."""
        xp, y = array_namespace(x), x[..., 0]
        well = xp.log(xp.cosh(y - self.shift)) - math.log(math.cosh(self.shift)) + y * math.tanh(self.shift)
        return y * y / 2 + self.bend * well

    def sample(self, x: Array, draw: Array) -> Array:
        """Stochastic gradients, (..., 1) -> (..., 1); draw: noise of variance one."""
        return x + self.bend * (array_namespace(x).tanh(x - self.shift) + math.tanh(self.shift)) + self.sigma * draw


@dataclass(frozen=True)
class RandomCurvature:
    """``f = sum_i h_i x_i^2 (1 + z1_i)/2 + x.z2``, h = 1, 2, ..., d: the quadratic of the paper's simulations.

    z1 standard normal, z2 normal of variance ``noise``. Its noise depends on x, so that schedules do not give equal means.
    """

    d: int = 3
    noise: float = 0.25

    def _h(self, x: Array) -> Array:
        xp = array_namespace(x)
        return 1.0 + xp.arange(self.d, dtype=xp.float64, device=device(x))

    def excess(self, x: Array) -> Array:
        """F - F*, (..., d) -> (...)."""
        return array_namespace(x).sum(self._h(x) * x * x, axis=-1) / 2

    def sample(self, x: Array, draw: Array) -> Array:
        """Stochastic gradients, (..., d) -> (..., d); draw: standard normal numbers (..., 2 d)."""
        return self._h(x) * x * (1 + draw[..., : self.d]) + math.sqrt(self.noise) * draw[..., self.d :]


@dataclass(frozen=True, eq=False)
class SharedRows:
    """A finite sum that all workers hold; each draws one row a step, at its own point.

    Args:
        problem: of one client, strongly convex. lowest: a value that F does not go below, within ``gap`` of its minimum.
    """

    problem: Logistic
    lowest: float
    gap: float
    start: Any
    guarantees = frozenset({"smooth", "strongly_convex", "one_objective", "noise"})

    @property
    def mu(self) -> float:
        return self.problem.ridge

    @property
    def L(self) -> float:
        return float(self.problem.L)

    @property
    def sigma2(self) -> float:
        """Bound on the variance at every point: the slopes of the logistic loss are at most one."""
        return float(np.mean(np.sum(np.asarray(self.problem.rows[0]) ** 2, axis=-1)))

    def excess(self, x: Array) -> Array:
        """F - F* or up to ``gap`` more, (..., d) -> (...)."""
        return self.problem(x) - self.lowest

    def sample(self, x: Array, draw: Array) -> Array:
        """Stochastic gradients, (..., n, d) -> (..., n, d); draw: uniform numbers (..., n, 1)."""
        xp = array_namespace(x)
        rows = xp.astype(xp.floor(draw * self.problem.m), xp.int64)
        return over_rows(self.problem, x, rows + xp.zeros(1, dtype=xp.int64, device=device(x)))


def ridge_logistic(name: str, ridge: float) -> SharedRows:
    """Logistic regression with a ridge on a data set, rows scaled to a mean square of one; its minimum by Newton's method.

    Raises:
        ParameterError: Newton's method did not come near the minimum.
    """
    data = load(name)
    X = data.X / np.sqrt(np.mean(np.sum(data.X**2, axis=1)))
    P = Logistic(X[None], data.y[None], 0.0, ridge)
    x = np.zeros(P.d)
    for _ in range(60):
        g = P.gradient(x)
        if g @ g < 1e-22:
            break
        slopes = P.slopes(X @ x, data.y) * data.y  # in (-1, 0); the loss curves by -slope (1 + slope)
        hessian = (X.T * (-slopes * (1 + slopes))) @ X / len(data.y) + ridge * np.eye(P.d)
        step = np.linalg.solve(hessian, g)
        size = 1.0
        while P(x - size * step) > P(x) - size * (g @ step) / 4 and size > 1e-8:
            size /= 2
        x = x - size * step
    g = P.gradient(x)
    gap = float(g @ g) / (2 * ridge)  # by strong convexity
    if not gap < 1e-12:
        raise ParameterError(f"the minimum of {name} with ridge {ridge} is known to {gap:.2g} only")
    return SharedRows(P, float(P(x)) - gap, gap, x)
