"""Two small layers with integer tokens, one with a local selection, and one whose selections contradict each other."""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import numpy as np

from gradproof.experiments.networks.attention_svm.methods import Attention
from gradproof.solvers.max_margin import MaxMargin, constraints, frobenius, nuclear

TOKENS = {
    "A": [[[1, 0, 1], [0, 1, 0]], [[1, 1, 0], [-1, 1, 1]], [[0, 2, 1], [1, -1, 0]]],
    "B": [[[1, 0, 0, 0], [0, 1, 1, 1], [1, 1, 0, 0]], [[0, 1, 0, 1], [2, 0, 1, 0], [-1, 0, 1, 0]]],
}
RADII = (10.0, 20.0, 40.0, 80.0)


class Layer(NamedTuple):
    """An attention problem with its constraints and max-margin matrices."""

    name: str
    problem: Attention
    G: np.ndarray
    svm: MaxMargin
    svm_nuclear: MaxMargin

    @property
    def kappa(self) -> float:
        """Spread of slopes and score gaps; slopes are bounded over the interval of all scores."""
        gamma = self.problem.gamma
        top = gamma.max(axis=1, keepdims=True)
        gaps = (top - gamma)[gamma < top]
        slopes = 1 / (1 + np.exp(gamma)) if self.problem.logistic else np.ones(1)
        return float(slopes.max() / slopes.min() * gaps.max() / gaps.min())


@cache
def layer(name: str, *, logistic: bool = False) -> Layer:
    """Instance A or B: the score of a token is its last coordinate, its query the input's first token."""
    X = np.array(TOKENS[name], float)
    problem = Attention(X, X[:, 0], X[:, :, -1], logistic)
    G = constraints(X, X[:, 0], problem.gamma.argmax(axis=1))
    return Layer(name, problem, G, frobenius(G), nuclear(G))


def smoothness(p: Attention) -> float:
    """L_W of the claim, for the loss -x."""
    spread = p.gamma.max(axis=1) - p.gamma.min(axis=1)
    top = np.array([np.linalg.norm(X, 2) ** 2 for X in p.X])
    return float((spread * top * (p.z**2).sum(axis=1)).mean() / 2)


def local_selection() -> tuple[Attention, np.ndarray, np.ndarray]:
    """One input, tokens (-2, -1/2), (0, 0), (-1, 0) with scores 1, 1/2, 0; the second and first token's matrix."""
    X, z = np.array([[[-2.0, -0.5], [0.0, 0.0], [-1.0, 0.0]]]), np.array([[1.0, 0.0]])
    problem = Attention(X, z, np.array([[1.0, 0.5, 0.0]]))
    return problem, frobenius(constraints(X, z, [1])).W, frobenius(constraints(X, z, [0])).W


STRETCH = 1000  # how far the other tokens of ``late_input`` lie from the first


def late_input(n: int, T: int, kappa: float) -> Attention:
    """Margins w_1, and w_1 + 1000 w_k for all other pairs, w the first column of W; the first pair has the least score gap.

    So the max-margin matrix is e_1 e_1', all its margins are one, and small w_k make all margins but the first large.
    """
    d = n * (T - 1)
    X, gamma = np.zeros((n, T, d)), np.zeros((n, T))
    X[:, 1:, 0] = -1  # the optimal token is the origin
    for k in range(1, d):
        X[k // (T - 1), 1 + k % (T - 1), k] = -STRETCH
    gamma[:, 1:] = -kappa
    gamma[0, 1] = -1
    return Attention(X, np.eye(1, d).repeat(n, axis=0), gamma)


def contradiction() -> Attention:
    """d = 1: the inputs ask for W >= 1 and for -W >= 1; their gradients cancel for every W."""
    return Attention(np.array([[[1.0], [0.0]], [[0.0], [1.0]]]), np.ones((2, 1)), np.array([[1.0, 0.0], [0.0, -1.0]]))
