"""BO-REP on any array library: refinement, periodic lower updates, normalised momentum; and without the normalisation.

The released code of the paper follows the inverse Hessian by an auxiliary vector, one step a step; a Neumann series and an exact
solution take its place here where one asks for them.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from array_api_compat import array_namespace

from gradproof.experiments.engine.run import Method
from gradproof.experiments.instances.bilevel import Bilevel

Array = Any


class Followed(NamedTuple):
    """x_t and momentum m (setting, seed, d); lower iterate y and auxiliary vector z (setting, seed, e); t (setting, seed, 1)."""

    x: Array
    y: Array
    z: Array
    m: Array
    t: Array


def length(v: Array) -> Array:
    """Norms along the last axis, which stays."""
    xp = array_namespace(v)
    return xp.sqrt(xp.sum(v * v, axis=-1, keepdims=True))


def lower_steps(problem: Bilevel, x: Array, y: Array, n: int) -> Array:
    """y after n lower gradient steps at x."""
    for _ in range(n):
        y = y - problem.lower(x, y) / problem.L
    return y


def neumann(problem: Bilevel, x: Array, y: Array, v: Array, Q: int) -> Array:
    """``(1/L) sum_{q<Q} (I - A/L)^q v``, A = grad_yy g."""
    z = v * 0
    for _ in range(Q):
        z = z - (problem.curve(x, y, z) - v) / problem.L
    return z


def hypergradient(problem: Bilevel, x: Array, y: Array, z: Array) -> Array:
    """``grad_x f - grad_xy g z``."""
    return problem.upper_x(x, y) - problem.cross(x, y, z)


def bo_rep(
    problem: Bilevel, eta: Any, *, beta: float = 0.9, period: Any = 2, lower: int = 3, refine: int = 200, terms: int | None = None,
    nu: float | None = None, normalised: bool = True,
) -> Method:  # fmt: skip
    """BO-REP from x0; ``draw`` is the noise of a hypergradient.

    Args:
        eta: length of a step (or factor of m, if not ``normalised``); ``period``: steps between lower updates. Numbers, or arrays
            (setting, 1, 1).
        lower: steps of a lower update. refine: those before the first step.
        terms: of the Neumann series. nu: step of the auxiliary vector. Without either the inverse is ``problem.solve``.
    """

    def adjoint(x: Array, y: Array, z: Array) -> Array:
        v = problem.upper_y(x, y)
        if nu is not None:
            return z - nu * (problem.curve(x, y, z) - v)
        if terms is not None:
            return neumann(problem, x, y, v, terms)
        assert problem.solve is not None
        return problem.solve(x, y, v)

    def init(x0: Array) -> Followed:
        y = x0[..., :1] * 0 + problem.y0
        y = lower_steps(problem, x0, y, refine)
        return Followed(x0, y, y * 0, x0 * 0, x0[..., :1] * 0)

    def step(s: Followed, draw: Array = None) -> Followed:
        xp = array_namespace(s.x)
        due = ((s.t % period) == 0) & (s.t > 0)
        y = xp.where(due, lower_steps(problem, s.x, s.y, lower), s.y)
        z = adjoint(s.x, y, s.z)
        g = hypergradient(problem, s.x, y, z)
        g = g if draw is None else g + draw
        m = xp.where(s.t > 0, beta * s.m + (1 - beta) * g, g)
        far = length(m)
        move = m / xp.where(far > 0, far, far * 0 + 1) if normalised else m
        return Followed(s.x - eta * move, y, z, m, s.t + 1)

    return Method(init, step)
