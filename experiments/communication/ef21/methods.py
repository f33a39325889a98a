"""EF21 and its relatives as pure functions.

x has shape (setting, seed, d), the workers' states (setting, seed, n, d); ``gamma`` is a number or one a setting.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from array_api_compat import array_namespace, is_array_api_obj

from gradproof.experiments.engine.run import Method
from gradproof.experiments.instances.compressors import Compressor
from gradproof.experiments.instances.finite_sums import Problem
from gradproof.theory.errors import ParameterError

Array = Any


class PointState(NamedTuple):
    x: Array  # iterate (setting, seed, d)


class ClassicalState(NamedTuple):
    x: Array  # iterate (setting, seed, d)
    e: Array  # what compression has withheld so far (setting, seed, n, d)


class EF21State(NamedTuple):
    x: Array  # iterate (setting, seed, d)
    g: Array  # the server's picture of the workers' gradients (setting, seed, n, d)
    grad: Array  # grad f_i(x), kept so that records need not compute it again (setting, seed, n, d)


def gd(problem: Problem, gamma: Any) -> Method:
    """x+ = x - gamma grad f(x)."""
    return compressed_gd(problem, gamma, lambda gradients, draw: gradients)


def compressed_gd(problem: Problem, gamma: Any, compressor: Callable[[Array, Any], Array]) -> Method:
    """x+ = x - gamma mean C(grad f_i(x)): no error feedback."""
    step_size = _step_size(gamma)

    def step(s: PointState, draw: Array | None = None) -> PointState:
        return PointState(s.x - step_size * _mean(compressor(problem.gradients(s.x), draw)))

    return Method(PointState, step)


def classical_ef(problem: Problem, gamma: Any, compressor: Compressor) -> Method:
    """x+ = x - mean C(e_i + gamma grad f_i(x)); e_i+ = e_i + gamma grad f_i(x) - C(the same). Starts at e_i = 0."""
    step_size = _step_size(gamma)
    step_size = step_size[..., None] if getattr(step_size, "ndim", 0) else step_size

    def step(s: ClassicalState, draw: Array | None = None) -> ClassicalState:
        wanted = s.e + step_size * problem.gradients(s.x)
        sent = compressor(wanted, draw)
        return ClassicalState(s.x - _mean(sent), wanted - sent)

    return Method(lambda x0: ClassicalState(x0, 0 * problem.gradients(x0)), step)


def ef21(problem: Problem, gamma: Any, compressor: Compressor, *, exact_start: bool = False) -> Method:
    """x+ = x - gamma mean g_i; g_i+ = g_i + C(grad f_i(x+) - g_i).

    Starts at g_i = C(grad f_i(x0)), or at grad f_i(x0) with ``exact_start``. ``draw``: uniform numbers for a random
    compressor, whose start is exact.
    """
    first = None if exact_start or not compressor.deterministic else compressor
    return Method(*_ef21(problem, gamma, first, lambda grad, g, draw: compressor(grad - g, draw)))


def ef21_w(problem: Problem, gamma: Any, compressor: Compressor, weights: Array) -> Method:
    """EF21-W: x+ = x - gamma sum w_i g_i; g_i+ = g_i + C(grad f_i(x+)/(n w_i) - g_i); starts at C(grad f_i(x0)/(n w_i)).

    Raises:
        ParameterError: weights that are not n positive numbers of sum 1.
    """
    weights = weights if is_array_api_obj(weights) else np.asarray(weights, float)
    xp = array_namespace(weights)
    if weights.shape != (problem.n,) or not bool(xp.all(weights > 0)) or abs(xp.sum(weights) - 1) > 1e-12:
        raise ParameterError(f"need {problem.n} positive weights of sum 1, got {weights!r}")
    scale, w = 1 / (problem.n * weights)[:, None], weights[:, None]

    def server(g: Array) -> Array:
        return array_namespace(g).sum(w * g, axis=-2)

    first = lambda grad: compressor(grad * scale)  # noqa: E731
    change = lambda grad, g, draw: compressor(grad * scale - g, draw)  # noqa: E731
    return Method(*_ef21(problem, gamma, first, change, server))


def ef21_sgd(problem: Problem, gamma: Any, compressor: Compressor) -> Method:
    """EF21 with noisy gradients: g_i+ = g_i + C(grad f_i(x+) + noise_i - g_i), the noise ``draw`` (..., n, d). Starts exactly."""
    return Method(*_ef21(problem, gamma, None, lambda grad, g, draw: compressor(grad + draw - g)))


def ef21_pp(problem: Problem, gamma: Any, compressor: Compressor, p: float, *, exact_start: bool = False) -> Method:
    """EF21 in which worker i takes part when its uniform number ``draw`` (..., n) is below p, else g_i+ = g_i."""
    if not 0 < p <= 1:
        raise ParameterError(f"p={p} must lie in (0, 1]")

    def change(grad: Array, g: Array, draw: Array) -> Array:
        update = compressor(grad - g)
        xp = array_namespace(update)
        return xp.where((draw < p)[..., None], update, xp.zeros_like(update))

    return Method(*_ef21(problem, gamma, None if exact_start else compressor, change))


def _ef21(problem: Problem, gamma: Any, first: Any, change: Any, server: Callable[[Array], Array] | None = None) -> Any:
    """Init and step: x+ = x - gamma server(g), else the mean; g+ = g + change(grad, g, draw); starts at first(grad), or grad."""
    step_size, server = _step_size(gamma), server or _mean

    def init(x0: Array) -> EF21State:
        grad = problem.gradients(x0)
        return EF21State(x0, first(grad) if first else grad, grad)

    def step(s: EF21State, draw: Array | None = None) -> EF21State:
        x = s.x - step_size * server(s.g)
        grad = problem.gradients(x)
        return EF21State(x, s.g + change(grad, s.g, draw), grad)

    return init, step


# --- what a run records ----------------------------------------------------------------------------------------------


def grad2(s: EF21State) -> Array:
    """|grad f(x)|^2, (setting, seed)."""
    return _square(_mean(s.grad))


def step2(s: EF21State) -> Array:
    """|mean g_i|^2, (setting, seed): |x+ - x|^2 / gamma^2."""
    return _square(_mean(s.g))


def errors2(s: EF21State) -> Array:
    """|g_i - grad f_i(x)|^2, (setting, seed, n)."""
    return _square(s.g - s.grad)


def value(problem: Problem) -> Callable[[Any], Array]:
    """f(x), (setting, seed)."""

    def record(s: Any) -> Array:
        v = problem.values(s.x)
        return array_namespace(v).mean(v, axis=-1)

    return record


def _square(v: Array) -> Array:
    return array_namespace(v).sum(v * v, axis=-1)


def _mean(g: Array) -> Array:
    return array_namespace(g).mean(g, axis=-2)


def _step_size(gamma: Any) -> Any:
    """A number, or (setting,) -> (setting, 1, 1); an array stays on its library."""
    if not is_array_api_obj(gamma):
        gamma = np.asarray(gamma, float) if isinstance(gamma, list | tuple) else float(gamma)
    return gamma[:, None, None] if getattr(gamma, "ndim", 0) == 1 else gamma
