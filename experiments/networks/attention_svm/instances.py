"""Layers with integer tokens, each of which says what it guarantees, and sets of tokens and queries."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import cache, cached_property
from typing import Any

import numpy as np

from gradproof.experiments.networks.attention_svm.methods import Attention
from gradproof.solvers.exact.linear import to_flint
from gradproof.solvers.max_margin import (
    ExactMargin,
    Inseparable,
    MaxMargin,
    constraints,
    exact_frobenius,
    exact_inseparable,
    frobenius,
    nuclear,
)  # fmt: skip

EPS = 2.0**-52
TOKENS = {
    "A": [[[1, 0, 1], [0, 1, 0]], [[1, 1, 0], [-1, 1, 1]], [[0, 2, 1], [1, -1, 0]]],
    "B": [[[1, 0, 0, 0], [0, 1, 1, 1], [1, 1, 0, 0]], [[0, 1, 0, 1], [2, 0, 1, 0], [-1, 0, 1, 0]]],
}


def separable(G: np.ndarray) -> bool:
    """Whether some W has all margins positive, decided by rational numbers either way; constraints (m, d, d)."""
    rows = rational(G)
    try:
        exact_frobenius(rows)
    except Inseparable:
        exact_inseparable(rows)
        return False
    return True


def rational(G: np.ndarray) -> list[list[Fraction]]:
    """Constraints as flat rows, exactly."""
    return [[Fraction(v) for v in g.ravel().tolist()] for g in G]


@dataclass(frozen=True, eq=False)
class Layer:
    """An attention problem, its optimal tokens, and the max-margin matrices that select them."""

    name: str
    problem: Attention
    later: float = 1.0  # factor of the scores at a second point: other than one, the head moves

    @cached_property
    def guarantees(self) -> frozenset[str]:
        """The structural assumptions that hold of it, each looked up or decided."""
        gamma = np.sort(self.problem.gamma, axis=1)
        facts = {
            "fixed_head": self.later == 1,
            "decreasing_loss": self.problem.loss != "increasing",
            "linear_loss": self.problem.loss == "linear",
            "unique_opt_token": (gamma[:, -1] > gamma[:, -2]).all(),
            "equal_nonopt_scores": (gamma[:, 0] == gamma[:, -2]).all(),
            "svm_feasible": separable(self.G),
        }
        return frozenset(k for k, v in facts.items() if v)

    @cached_property
    def best(self) -> np.ndarray:
        """The optimal token of each input, (n,)."""
        return self.problem.gamma.argmax(axis=1)

    @cached_property
    def G(self) -> np.ndarray:
        """Constraints (n (T - 1), d, d)."""
        return constraints(self.problem.X, self.problem.z, self.best)

    @cached_property
    def svm(self) -> MaxMargin:
        return frobenius(self.G)

    @cached_property
    def svm_nuclear(self) -> MaxMargin:
        return nuclear(self.G)

    @cached_property
    def exact(self) -> ExactMargin:
        """The max-margin matrix in rational numbers; optimality is checked exactly."""
        return exact_frobenius(rational(self.G))

    @property
    def all_active(self) -> bool:
        """Every margin of the max-margin matrix is exactly one."""
        return all(sum(a * w for a, w in zip(g, self.exact.W, strict=True)) == 1 for g in rational(self.G))

    def of_optimal(self, W: np.ndarray) -> np.ndarray:
        """Probabilities of the optimal tokens, (..., n)."""
        return self.problem.attention(W)[..., np.arange(len(self.best)), self.best]

    @property
    def lead(self) -> np.ndarray:
        """Score of the optimal token minus the mean of the others, (n,)."""
        gamma = self.problem.gamma
        return (gamma.max(axis=1) * gamma.shape[1] - gamma.sum(axis=1)) / (gamma.shape[1] - 1)

    @property
    def sizes(self) -> dict[str, Any]:
        """n, T and kappa: spread of score gaps and of slopes, which are bounded over the interval of all scores."""
        gamma = self.problem.gamma
        top = gamma.max(axis=1, keepdims=True)
        gaps = (top - gamma)[gamma < top]
        slopes = 1 / (1 + np.exp(gamma)) if self.problem.loss == "logistic" else np.ones(1)
        spread = float(slopes.max() / slopes.min() * gaps.max() / gaps.min())
        return {"n": gamma.shape[0], "T": gamma.shape[1], "kappa": spread}

    @property
    def smoothness(self) -> float:
        """L_W of the claim, for the loss -x."""
        p = self.problem
        top = np.array([np.linalg.norm(X, 2) ** 2 for X in p.X])
        return float((np.ptp(p.gamma, axis=1) * top * (p.z**2).sum(axis=1)).mean() / 2)

    @property
    def reach(self) -> float:
        """G, the largest ||(x_opt - x_t) z'||_F."""
        return float(np.linalg.norm(self.G, axis=(1, 2)).max())

    def rounding(self, W: np.ndarray) -> np.ndarray:
        """Bound of the relative rounding of the softmax and of the sums over tokens and inputs at W (..., d, d)."""
        n, T, d = self.problem.X.shape
        return 4 * EPS * ((2 * d + 4) * self.longest * np.linalg.norm(W, axis=(-2, -1)) + n + T + d)

    @property
    def longest(self) -> float:
        """Largest ||x|| ||z||."""
        p = self.problem
        return float((np.linalg.norm(p.X, axis=2).max(axis=1) * np.linalg.norm(p.z, axis=1)).max())

    def gradient_rounding(self, W: np.ndarray) -> np.ndarray:
        """Bound of the rounding of a gradient's norm: a sum over T tokens, each at most range(gamma) ||x|| ||z||."""
        return (
            self.rounding(W) * self.problem.X.shape[1] * float(np.ptp(self.problem.gamma, axis=1).max()) * self.longest
        )


def make(name: str, X: Any, gamma: Any, z: Any = None, loss: str = "linear") -> Layer:
    X = np.array(X, float)
    return Layer(name, Attention(X, X[:, 0] if z is None else np.array(z, float), np.array(gamma, float), loss))


@cache
def layer(name: str, loss: str = "linear") -> Layer:
    """Instance A or B: the score of a token is its last coordinate, its query the input's first token."""
    X = np.array(TOKENS[name])
    return make(name if loss == "linear" else f"{name}, {loss}", X, X[:, :, -1], loss=loss)


def _drawn(seed: int) -> Layer:
    """Integer tokens that separate, n = 3, T = 3, d = 4; scores (1 or 2, 0, 0)."""
    rng = np.random.default_rng(seed)
    X, z = rng.integers(-3, 4, (3, 3, 4)), rng.integers(-3, 4, (3, 4))
    return make(f"integers {seed}", X, np.outer(rng.integers(1, 3, 3), [1, 0, 0]), z)


BOTH_LOSSES = [layer(name, loss) for name in TOKENS for loss in ("linear", "logistic")]
LINEAR = [layer(name) for name in TOKENS]
DRAWN = [_drawn(seed) for seed in range(4)]
INCREASING = layer("A", "increasing")
#: one input; from diag(5, 0) training selects the second token
LOCAL = make("local", [[[-2, -0.5], [0, 0], [-1, 0]]], [[1, 0.5, 0]], [[1, 0]])
#: one input on the line, T = 3: the third token, close to the first, pushes training to the second, far on the other side
ASIDE = make("aside", [[[10], [-100], [9]]], [[1, 0.9, 0]], [[1]])
#: d = 1: the inputs ask for W >= 1 and for -W >= 1; their gradients cancel for every W
CONTRADICTION = make("contradiction", [[[1], [0]], [[0], [1]]], [[1, 0], [0, -1]], [[1], [1]])
#: two opposite tokens on the line
OPPOSITE = make("opposite", [[[1], [-1]]], [[1, 0]], [[1]])
STEEP = make("steep", [[[1], [-1]]], [[100, -100]], [[1]], "logistic")

#: one input with two tokens, of which the flow is known: c = 1.7
FLOW = {
    loss: make(f"two tokens, {loss}", [[[1, 0.5], [0, 0.3]]], [[1.7 / 1.04, 0]], [[0.6, 0.8]], loss)
    for loss in ("linear", "logistic")
}

STRETCH = 1000  # how far the other tokens of a late input lie from the first


def late_input(n: int, T: int, kappa: float) -> Layer:
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
    return make(f"late input {n}, {T}, {kappa}", X, gamma, np.eye(1, d).repeat(n, axis=0))


@dataclass(frozen=True, eq=False)
class Tokens:
    """Integer tokens X (n, T, d) and queries z (n, d); generic where ranks are full, in exact arithmetic."""

    X: np.ndarray
    z: np.ndarray

    @property
    def name(self) -> str:
        return "{} inputs, {} tokens, d = {}".format(*self.X.shape)

    @property
    def guarantees(self) -> frozenset[str]:
        matrices = [*(X[1:] - X[0] for X in self.X), self.z]
        full = all(to_flint(M.tolist()).rank() == min(M.shape) for M in matrices)
        return frozenset({"generic"} if full else ())


def gaussian_tokens(n: int, T: int, d: int) -> Tokens:
    """Normal numbers in units of 1/100, rounded to whole ones."""
    rng = np.random.default_rng((n, T, d))
    return Tokens(*(np.rint(100 * rng.standard_normal(shape)).astype(int) for shape in ((n, T, d), (n, d))))
