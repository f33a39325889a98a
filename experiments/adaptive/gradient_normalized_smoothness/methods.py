"""Regularised Newton steps with an adaptive radius, and the functions of the paper, on any array library."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from array_api_compat import array_namespace, device

from gradproof.experiments.engine.backend import backend as array_library
from gradproof.experiments.engine.backend import to_numpy
from gradproof.experiments.engine.run import Method

Array = Any
Map = Callable[[Array], Array]


class Problem(NamedTuple):
    """A function and an approximation of its Hessian: x (..., d) -> (..., 1), (..., d), (..., d, d)."""

    value: Map
    gradient: Map
    hessian: Map


class Search(NamedTuple):
    """Where the search is, each (setting, seed, ...): the point, its value and gradient; the radius that is tried next and the one
    that was taken last; how many steps were taken and tried."""

    x: Array
    value: Array
    gradient: Array
    gamma: Array
    taken: Array
    steps: Array
    trials: Array


def norm(v: Array) -> Array:
    """The Euclidean norm along the last axis, which is kept."""
    xp = array_namespace(v)
    return xp.sqrt(xp.sum(v * v, axis=-1, keepdims=True))


def trial(problem: Problem, x: Array, g: Array, gamma: Array) -> Array:
    """``x - (H(x) + lam I)^-1 g`` with ``lam = |g|/gamma``, (..., d)."""
    xp = array_namespace(x)
    lam = norm(g) / gamma
    lam = xp.where(lam == 0, lam + 1, lam)  # where there is no gradient there is no step
    H = problem.hessian(x) + lam[..., None] * xp.eye(x.shape[-1], dtype=x.dtype, device=device(x))
    return x - xp.linalg.solve(H, g[..., None])[..., 0]


def adaptive_search(problem: Problem, gamma0: float, *, c: float = 8.0) -> Method:
    """A step of the method is one trial: taken if f falls by ``|g+|^2/(c lam)``, and gamma is doubled; else gamma is halved.

    ``c = 8`` for any f, ``c = 2`` for convex ones.
    """

    def init(x0: Array) -> Search:
        f = problem.value(x0)
        return Search(x0, f, problem.gradient(x0), f * 0 + gamma0, f * 0 + gamma0, f * 0, f * 0)

    def step(s: Search, draw: Array = None) -> Search:
        xp = array_namespace(s.x)
        x = trial(problem, s.x, s.gradient, s.gamma)
        f, g = problem.value(x), problem.gradient(x)
        size = norm(s.gradient)
        good = (s.value - f) * c * size >= s.gamma * norm(g) ** 2  # False where f is no number
        return Search(
            xp.where(good, x, s.x),
            xp.where(good, f, s.value),
            xp.where(good, g, s.gradient),
            xp.where(good, 2 * s.gamma, s.gamma / 2),
            xp.where(good, s.gamma, s.taken),
            s.steps + xp.where(good, f * 0 + 1, f * 0),
            s.trials + 1,
        )

    return Method(init, step)


class Walk(NamedTuple):
    """The steps that a search took: x (K+1, d), values and gradient norms (K+1,), radii (K,), and the number of trials."""

    x: np.ndarray
    f: np.ndarray
    g: np.ndarray
    gamma: np.ndarray
    trials: int
    next_gamma: float


def walk(
    problem: Problem, x0: np.ndarray, done: Callable[[float, float], bool], *, gamma0: float = 1.0, c: float = 8.0,
    limit: int = 5000, backend: str = "numpy",
) -> Walk:  # fmt: skip
    """One search from x0 (d,) until ``done(value, gradient norm)``, or until ``limit`` trials."""
    method, on = adaptive_search(problem, gamma0, c=c), array_library(backend)
    state = method.init(on.asarray(np.asarray(x0, float)[None, None]))
    number = lambda a: float(to_numpy(a).ravel()[0])  # noqa: E731
    size = lambda s: float(np.linalg.norm(to_numpy(s.gradient)))  # noqa: E731
    xs, fs, gs, gammas = [to_numpy(state.x)[0, 0]], [number(state.value)], [size(state)], []
    while not done(fs[-1], gs[-1]) and number(state.trials) < limit:
        after = method.step(state, None)
        if number(after.steps) > number(state.steps):
            xs.append(to_numpy(after.x)[0, 0])
            fs.append(number(after.value))
            gs.append(size(after))
            gammas.append(number(after.taken))
        state = after
    return Walk(
        np.array(xs), np.array(fs), np.array(gs), np.array(gammas), int(number(state.trials)), number(state.gamma)
    )


# --- functions ------------------------------------------------------------------------------------------------------------


def _weighted(rows: Array, w: Array) -> Array:
    """``rows' Diag(w) rows`` for w (..., m): (..., d, d)."""
    return (rows.T * w[..., None, :]) @ rows


def _outer(v: Array) -> Array:
    return v[..., :, None] * v[..., None, :]


def without_hessian(problem: Problem) -> Problem:
    """H = 0: gradient descent, whose step is the radius."""
    return problem._replace(hessian=lambda x: _outer(x * 0))


def log_sum_exp(A: Array, b: Array, mu: float, *, gauss_newton: bool = False) -> Problem:
    """``mu log sum_i exp((<a_i, x> - b_i)/mu)`` for A (m, d), b (m,)."""

    def softmax(x: Array) -> tuple[Array, Array, Array]:
        xp = array_namespace(x)
        z = (x @ A.T - b) / mu
        top = xp.max(z, axis=-1, keepdims=True)
        e = xp.exp(z - top)
        total = xp.sum(e, axis=-1, keepdims=True)
        return e / total, top, total

    def value(x: Array) -> Array:
        _, top, total = softmax(x)
        return mu * (top + array_namespace(x).log(total))

    def hessian(x: Array) -> Array:
        p = softmax(x)[0]
        second = _weighted(A, p)
        return (second if gauss_newton else second - _outer(p @ A)) / mu

    return Problem(value, lambda x: softmax(x)[0] @ A, hessian)


def logistic(rows: Array, *, fisher: bool = False) -> Problem:
    """Mean of ``log(1 + exp(-<r_i, x>))`` for rows ``r_i = y_i a_i`` (m, d); with the Hessian, or the mean of ``g_i g_i'``."""
    m = rows.shape[0]

    def chance(x: Array) -> Array:
        return (1 - array_namespace(x).tanh(x @ rows.T / 2)) / 2

    def value(x: Array) -> Array:
        xp = array_namespace(x)
        margin = x @ rows.T
        losses = xp.maximum(-margin, margin * 0) + xp.log1p(xp.exp(-xp.abs(margin)))
        return xp.mean(losses, axis=-1, keepdims=True)

    def hessian(x: Array) -> Array:
        p = chance(x)
        return _weighted(rows, p * p if fisher else p * (1 - p)) / m

    return Problem(value, lambda x: -(chance(x) @ rows) / m, hessian)


def softmax_regression(X: Array, labels: Array) -> Problem:
    """Mean cross-entropy of classes for X (m, d) and one-hot labels (m, c), x (..., c d); H is the mean of g_i g_i' (Fisher)."""
    m, c = labels.shape

    def chances(x: Array) -> tuple[Array, Array]:
        xp = array_namespace(x)
        z = xp.reshape(x, (*x.shape[:-1], c, X.shape[-1])) @ X.T  # (..., c, m)
        z = z - xp.max(z, axis=-2, keepdims=True)
        e = xp.exp(z)
        total = xp.sum(e, axis=-2, keepdims=True)
        return e / total, xp.log(total) - z

    def value(x: Array) -> Array:
        xp = array_namespace(x)
        return xp.sum(chances(x)[1] * labels.T, axis=(-2, -1))[..., None] / m

    def gradients(x: Array) -> Array:
        xp = array_namespace(x)
        off = xp.matrix_transpose(chances(x)[0]) - labels  # (..., m, c)
        each = off[..., :, None] * X[:, None, :]
        return xp.reshape(each, (*each.shape[:-2], each.shape[-2] * each.shape[-1]))

    def hessian(x: Array) -> Array:
        each = gradients(x)
        return array_namespace(x).matrix_transpose(each) @ each / m

    return Problem(value, lambda x: array_namespace(x).mean(gradients(x), axis=-2), hessian)


def power_of_norm(u: Map, jacobian: Map, p: float, *, terms: str = "both") -> Problem:
    """``|u(x)|^p/p``, u (..., r), jacobian (..., r, d): H: ``|u|^(p-2) J'J``, ``first``; ``(p-2) gg'/|u|^p``, ``fisher``; both."""

    def gradient(x: Array) -> Array:
        v = u(x)
        return norm(v) ** (p - 2) * (v[..., None, :] @ jacobian(x))[..., 0, :]

    def hessian(x: Array) -> Array:
        size, J = norm(u(x))[..., None], jacobian(x)
        first = size ** (p - 2) * (array_namespace(x).matrix_transpose(J) @ J)
        fisher = (p - 2) * _outer(gradient(x)) / size**p
        return {"first": first, "fisher": fisher, "both": first + fisher}[terms]

    return Problem(lambda x: norm(u(x)) ** p / p, gradient, hessian)


def rosenbrock(x: Array) -> tuple[Array, Array]:
    """``u = (1 - x_1, 10 (x_2 - x_1^2))`` and its Jacobian."""
    xp = array_namespace(x)
    x1, x2 = x[..., :1], x[..., 1:]
    u = xp.concat([1 - x1, 10 * (x2 - x1 * x1)], axis=-1)
    rows = [xp.concat([x1 * 0 - 1, x1 * 0], axis=-1), xp.concat([-20 * x1, x1 * 0 + 10], axis=-1)]
    return u, xp.stack(rows, axis=-2)


def chebyshev(x: Array) -> tuple[Array, Array]:
    """``u_1 = (1 - x_1)/2``, ``u_i = x_i - (2 x_{i-1}^2 - 1)``, and its Jacobian."""
    xp, n = array_namespace(x), x.shape[-1]
    before = xp.concat([x[..., :1] * 0, x[..., :-1]], axis=-1)  # x_{i-1}; the first row has none
    first = xp.asarray((np.arange(n) == 0).astype(float), dtype=x.dtype, device=device(x))
    u = first * (1 - x) / 2 + (1 - first) * (x - 2 * before * before + 1)
    down = xp.asarray(np.eye(n, k=-1), dtype=x.dtype, device=device(x))
    diagonal = xp.asarray(np.diag(np.where(np.arange(n) == 0, -0.5, 1.0)), dtype=x.dtype, device=device(x))
    return u, diagonal - 4 * before[..., None] * down


def equations(residuals: Callable[[Array], tuple[Array, Array]], p: float, *, terms: str = "both") -> Problem:
    """``power_of_norm`` for residuals that come with their Jacobian."""
    return power_of_norm(lambda x: residuals(x)[0], lambda x: residuals(x)[1], p, terms=terms)
