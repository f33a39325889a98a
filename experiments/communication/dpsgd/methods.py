"""D-PSGD as pure functions over states (setting, seed, node, d), its gradients at the nodes' own points, and its records."""

from typing import Any, NamedTuple

import numpy as np
from array_api_compat import array_namespace

from gradproof.experiments.engine.backend import backend
from gradproof.experiments.engine.draws import ahead, keys
from gradproof.experiments.engine.run import Method, run, start
from gradproof.experiments.instances.data import load
from gradproof.experiments.instances.finite_sums import Logistic
from gradproof.experiments.instances.minibatches import Minibatches, NoisyQuadratics

Array = Any


class GossipState(NamedTuple):
    x: Array  # iterates of the nodes (setting, seed, n, d)


def dpsgd(nodes: NoisyQuadratics | Minibatches, W: Array, gamma: Any, *, average_last: bool = False) -> Method:
    """X+ = W X - gamma G(X), from a common start (setting, seed, d); or W (X - gamma G(X)) with ``average_last``.

    W: (n, n), rows are nodes. gamma: a number or an array (setting, 1, 1, 1).
    """

    def init(x0: Array) -> GossipState:
        xp = array_namespace(x0)
        return GossipState(xp.zeros_like(W[:, :1]) + x0[..., None, :])

    def step(s: GossipState, draw: Array) -> GossipState:
        xp = array_namespace(s.x)
        moved = gamma * nodes.sample(s.x, draw)
        return GossipState(xp.matmul(W, s.x - moved) if average_last else xp.matmul(W, s.x) - moved)

    return Method(init, step)


def split_rows(n: int, *, sort: bool, lam: float = 0.1, data: str = "breast_cancer") -> Logistic:
    """A data set in n equal parts, rows shuffled or sorted by label; what does not fit is left out."""
    d = load(data)
    order = np.argsort(d.y, kind="stable") if sort else np.random.default_rng(0).permutation(len(d.y))
    order = order[: len(order) // n * n].reshape(n, -1)
    return Logistic(d.X[order], d.y[order], lam)


def trace(
    nodes: Minibatches, W: np.ndarray, gamma: Any, K: int, *, seeds: int, stream: tuple[Any, ...], on: str = "numpy"
) -> Any:
    """Dataset of the first K iterates from zero: squared norms, all (setting, seed, step).

    ``gradient``: ||grad f(mean x)||^2; ``mean_gradient``: ||(1/n) sum grad f_i(x_i)||^2; ``consensus``.
    """
    P, to = nodes.problem, backend(on)
    moved, gossip = to.move(nodes), to.asarray(W)
    key = to.move(keys(*stream, settings=[0], seeds=range(seeds)))

    def squares(x: Array) -> Array:
        return array_namespace(x).sum(x * x, axis=-1)

    def mean(x: Array, keepdims: bool = False) -> Array:
        return array_namespace(x).mean(x, axis=-2, keepdims=keepdims)

    record = {
        "gradient": lambda s: squares(mean(moved.problem.gradients(mean(s.x)))),
        "mean_gradient": lambda s: squares(mean(moved.gradients(s.x))),
        "consensus": lambda s: mean(squares(s.x - mean(s.x, True))[..., None])[..., 0],
    }
    draw = ahead(key, lambda random: random.uniform((P.n, nodes.B)), block=16)
    return run(dpsgd(moved, gossip, gamma), to.move(start(np.zeros(P.d), seeds=seeds)), K - 1, record=record, draw=draw)
