"""Local SGD as pure functions over states (setting, seed, worker, d), and runs of it; a setting is a schedule."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from array_api_compat import array_namespace

from gradproof.experiments.engine.backend import backend as library
from gradproof.experiments.engine.draws import ahead
from gradproof.experiments.engine.run import Method, run, start

Array = Any


class LocalState(NamedTuple):
    x: Array  # iterates of the workers (setting, seed, n, d)


def local_sgd(problem: Any, n: int) -> Method:
    """All workers to their mean where ``average`` is 1, then a step each; the draw of a step is (eta, average, noise)."""

    def init(x0: Array) -> LocalState:
        xp = array_namespace(x0)
        return LocalState(xp.concat([x0[..., None, :]] * n, axis=-2))

    def step(s: LocalState, draw: tuple[Any, Array, Array]) -> LocalState:
        eta, average, noise = draw
        mean = array_namespace(s.x).mean(s.x, axis=-2, keepdims=True)
        x = s.x + average * (mean - s.x)
        return LocalState(x - eta * problem.sample(x, noise))

    return Method(init, step)


class FedacState(NamedTuple):
    x: Array  # v, the aggregated sequence, which FedAC returns, (setting, seed, n, d)
    w: Array  # the main sequence


@dataclass(frozen=True)
class Fedac:
    """Step sizes and weights of FedAC; ``b`` is its beta."""

    eta: Any
    gamma: Any
    alpha: Any
    b: Any

    def step(self, problem: Any, x: Any, w: Any, noise: Any) -> tuple[Any, Any]:
        """v and w after a step."""
        u = w / self.b + (1 - 1 / self.b) * x
        g = problem.sample(u, noise)
        return u - self.eta * g, (1 - 1 / self.alpha) * w + u / self.alpha - self.gamma * g


def fedac(problem: Any, n: int, ac: Fedac) -> Method:
    """FedAC of Yuan and Ma: both sequences to their means where ``average`` is 1, then a step; draws as in ``local_sgd``."""

    def init(x0: Array) -> FedacState:
        x = local_sgd(problem, n).init(x0).x
        return FedacState(x, x)

    def step(s: FedacState, draw: tuple[Any, Array, Array]) -> FedacState:
        _, average, noise = draw
        x, w = (a + average * (array_namespace(a).mean(a, axis=-2, keepdims=True) - a) for a in s)
        return FedacState(*ac.step(problem, x, w, noise))

    return Method(init, step)


def fedac_parameters(
    second: bool, *, R: int, T: int, n: int, mu: float, L: float, sigma2: float, a0: float, D0: float
) -> Fedac:
    """FedAC-I, or FedAC-II, as the paper's code tunes it.

    Args:
        R: blocks, of T/R steps each. a0: F(x^0) - F*. D0: |x^0 - x*|^2.
    """
    H = T / R
    power = 3 if second else 2  # of H
    phi = a0 + mu / (6 if second else 2) * D0
    gain = min(mu * n * T * phi / sigma2, mu**power * T ** (power + 1) * phi / (L ** (power - 1) * H**power * sigma2))
    eta = min(1 / L, (9 if second else 1) / (mu * T * R) * math.log(math.e + gain) ** 2)
    gamma = max(math.sqrt(eta / (mu * H)), eta)
    if not second:
        return Fedac(eta, gamma, 1 / (gamma * mu), 1 / (gamma * mu) + 1)
    alpha = 1.5 / (gamma * mu) - 0.5
    return Fedac(eta, gamma, alpha, (2 * alpha**2 - 1) / (alpha - 1))


def mean_of(s: LocalState) -> Array:
    return array_namespace(s.x).mean(s.x, axis=-2)


def spread_of(s: LocalState) -> Array:
    """(1/n) sum |x_i - mean|^2, (setting, seed)."""
    xp = array_namespace(s.x)
    apart = s.x - xp.mean(s.x, axis=-2, keepdims=True)
    return xp.mean(xp.sum(apart * apart, axis=-1), axis=-1)


def errors(
    problem: Any,
    n: int,
    eta: Callable[[Any], Any],
    schedules: Sequence[Sequence[int]],
    x0: Any,
    noise: Callable[[int], Any],
    T: int,
    *,
    seeds: int,
    at: Sequence[int] | None = None,
    backend: str = "numpy",
    ac: Fedac | None = None,
) -> Any:
    """``error`` F(mean) - F* and ``spread`` of the workers, dims (setting, seed, step), one setting a schedule.

    Args:
        problem: ``sample`` and ``excess``. eta: steps, of arrays of times. schedules: times of averaging.
        ac: FedAC with these numbers in the place of local SGD; ``eta`` is not used then.
        x0: (d,). noise: t -> what ``problem.sample`` takes, (1 or setting, seed, n, ...). at: steps to record at; the last.
    """
    on = library(backend)
    flags = np.zeros((T, len(schedules), 1, 1, 1))
    for k, times in enumerate(schedules):
        flags[list(times), k] = 1.0
    moved, etas, flags = on.move((problem, np.asarray(eta(np.arange(T)), float), flags))
    method = fedac(moved, n, ac) if ac else local_sgd(moved, n)
    return run(
        method, on.move(start(x0, settings=len(schedules), seeds=seeds)), T, at=at or [T],
        record={"error": lambda s: moved.excess(mean_of(s)), "spread": spread_of},
        draw=lambda t: (etas[t, ...], flags[t, ...], noise(t)),
    )  # fmt: skip


def normal(rng: np.random.Generator, *shape: int) -> Callable[[int], Any]:
    """Fresh standard normal numbers a step, from a generator of NumPy."""
    return lambda t: rng.standard_normal(shape)


def counted(keys: Any, n: int, d: int, backend: str, *, law: str = "normal", block: int = 16) -> Callable[[int], Any]:
    """The same from counter-based streams, on any array library; ``law``: normal or uniform."""
    return ahead(library(backend).move(keys), lambda random: getattr(random, law)((n, d)), block=block)


def means(
    problem: Any, eta: Callable[[int], Any], times: Sequence[int], start_at: Sequence[Any], noise: Any
) -> tuple[list[Any], list[Any]]:
    """One path on the line in the numbers that are given: the mean of the workers after every step, and at last the workers.

    Args:
        problem: ``slope``. times: of averaging. start_at: of the workers. noise: (T, n), the noise of every step and worker.
    """
    x, path = list(start_at), []
    for t, row in enumerate(noise):
        if t in times:
            x = [sum(x) / len(x)] * len(x)
        x = [y - eta(t) * (problem.slope(y) + e) for y, e in zip(x, row, strict=True)]
        path.append(sum(x) / len(x))
    return path, x
