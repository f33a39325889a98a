"""SGD with a robust rule as pure functions; oracles, rules and attacks, all batched."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from array_api_compat import array_namespace

from gradproof.experiments.engine.backend import backend
from gradproof.experiments.engine.draws import ahead, keys
from gradproof.experiments.engine.run import Method, run, start
from gradproof.experiments.instances.attacks import Attack
from gradproof.experiments.instances.data import load
from gradproof.experiments.instances.finite_sums import Logistic
from gradproof.experiments.instances.minibatches import PooledMinibatches
from gradproof.solvers.order_statistics import krum as krum_rule

Array = Any
Rule = Callable[[Array, int], Array]  # vectors (..., n, d), f -> (..., d)


class RobustState(NamedTuple):
    x: Array  # iterate (setting, seed, d)
    ratio: Array  # ||F - grad Q||^2 over the variance of one correct vector, at the last step (setting, seed)


def robust_sgd(oracle: PooledMinibatches, gamma: Any, f: int, attack: Attack, rule: Rule) -> Method:
    """x+ = x - gamma F(V_1, ..., V_{n-f}, B_1, ..., B_f); ``draw`` is (randomness of the oracle, noise of the attack).

    gamma: a number or an array (setting, 1, 1).
    """

    def init(x0: Array) -> RobustState:
        return RobustState(x0, 0 * x0[..., 0])

    def step(s: RobustState, draw: tuple[Array, Array]) -> RobustState:
        xp = array_namespace(s.x)
        V = oracle.sample(s.x, draw[0])
        out = rule(attacked(V, draw[1], f, attack), f)
        ratio = xp.sum((out - oracle.gradient(s.x)) ** 2, axis=-1) / oracle.variance(s.x)
        return RobustState(s.x - gamma * out, ratio)

    return Method(init, step)


def mean_rule(V: Array, f: int) -> Array:
    """The mean of all vectors: no defence."""
    return array_namespace(V).mean(V, axis=-2)


def multi_krum(V: Array, f: int) -> Array:
    """The mean of the n - f vectors of least score."""
    return krum_rule(V, f, m=V.shape[-2] - f)


def attacked(G: Array, noise: Array, f: int, attack: Attack) -> Array:
    """Correct vectors (..., n - f, d), then those of f attackers."""
    return array_namespace(G).concat([G, attack(G, noise)], axis=-2) if f else G


def of_gaussians(n: int, f: int, d: int, draws: int, attack: Attack, rng: np.random.Generator) -> np.ndarray:
    """||Kr||^2 of N(0, I) under attack, (draws,)."""
    G = rng.standard_normal((draws, n - f, d))
    V = attacked(G, rng.standard_normal((draws, f, d)), f, attack)
    return np.asarray(np.sum(krum_rule(V, f) ** 2, axis=-1))


def problem(B: int = 8, *, data: str = "breast_cancer") -> PooledMinibatches:
    """All rows of a data set, and minibatches of B."""
    d = load(data)
    return PooledMinibatches(Logistic(d.X[None], d.y[None]), B)


def train(oracle: PooledMinibatches, n: int, f: int, attack: Attack, rule: Rule, *, gamma: float, steps: int, seeds: int,
          stream: tuple[Any, ...], every: int = 1, on: str = "numpy") -> Any:  # fmt: skip
    """Dataset of ``loss`` and ``ratio`` of a run from zero."""
    to = backend(on)
    moved, d = to.move(oracle), oracle.problem.d
    key = to.move(keys(*stream, settings=[f], seeds=range(seeds)))
    draw = ahead(key, lambda random: (random.uniform((n - f, oracle.B)), random.normal((f, d), slot=1)), block=steps)
    method = robust_sgd(moved, gamma, f, attack, rule)
    record = {"loss": lambda s: moved.values(s.x), "ratio": lambda s: s.ratio}
    return run(method, to.move(start(np.zeros(d), seeds=seeds)), steps, record=record, draw=draw, every=every)
