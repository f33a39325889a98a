"""Layers with integer tokens, each of which says what it guarantees, and generic tokens and queries."""

from dataclasses import dataclass
from fractions import Fraction
from functools import cache, cached_property
from typing import Any

import numpy as np

from gradproof.experiments.networks.attention_svm.methods import Attention
from gradproof.solvers import max_margin
from gradproof.solvers.exact.linear import to_flint
from gradproof.solvers.max_margin import ExactMargin, MaxMargin
from gradproof.theory.errors import ParameterError

EPS = 2.0**-52
TOKENS = {
    "A": [[[1, 0, 1], [0, 1, 0]], [[1, 1, 0], [-1, 1, 1]], [[0, 2, 1], [1, -1, 0]]],
    "B": [[[1, 0, 0, 0], [0, 1, 1, 1], [1, 1, 0, 0]], [[0, 1, 0, 1], [2, 0, 1, 0], [-1, 0, 1, 0]]],
}


def rational(G: np.ndarray) -> list[list[Fraction]]:
    """Constraints (m, d, d) as flat rows, exactly."""
    return [[Fraction(v) for v in g.ravel().tolist()] for g in G]


def separable(G: np.ndarray) -> bool:
    """Whether some W has all margins positive, decided by rational numbers either way."""
    try:
        max_margin.exact_frobenius(rational(G))
    except max_margin.Inseparable:
        max_margin.exact_inseparable(rational(G))
        return False
    return True


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
    def G(self) -> np.ndarray:
        """Constraints (n (T - 1), d, d) of the optimal tokens."""
        return max_margin.constraints(self.problem.X, self.problem.z, self.problem.gamma.argmax(axis=1))

    @cached_property
    def svm(self) -> MaxMargin:
        return max_margin.frobenius(self.G)

    @cached_property
    def svm_nuclear(self) -> MaxMargin:
        return max_margin.nuclear(self.G)

    @cached_property
    def exact(self) -> ExactMargin:
        """The max-margin matrix in rational numbers; optimality is checked exactly."""
        return max_margin.exact_frobenius(rational(self.G))

    @property
    def all_active(self) -> bool:
        """Every margin of the max-margin matrix is exactly one."""
        return all(sum(a * w for a, w in zip(g, self.exact.W, strict=True)) == 1 for g in rational(self.G))

    def of_optimal(self, W: np.ndarray) -> np.ndarray:
        """Probabilities of the optimal tokens, (..., n)."""
        best = self.problem.gamma.argmax(axis=1)
        return self.problem.attention(W)[..., np.arange(len(best)), best]

    @property
    def lead(self) -> np.ndarray:
        """Score of the optimal token minus the mean of the others, (n,)."""
        gamma = self.problem.gamma
        return (gamma.max(axis=1) * gamma.shape[1] - gamma.sum(axis=1)) / (gamma.shape[1] - 1)

    @property
    def sizes(self) -> dict[str, Any]:
        """n, T and kappa: spread of score gaps and of slopes, which are bounded over the interval of all scores."""
        gamma = self.problem.gamma
        gaps = (gamma.max(axis=1, keepdims=True) - gamma)[gamma < gamma.max(axis=1, keepdims=True)]
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
    def longest(self) -> float:
        """Largest ||x|| ||z||."""
        p = self.problem
        return float((np.linalg.norm(p.X, axis=2).max(axis=1) * np.linalg.norm(p.z, axis=1)).max())

    def rounding(self, W: np.ndarray) -> np.ndarray:
        """Bound of the relative rounding of the softmax and of the sums over tokens and inputs at W (..., d, d)."""
        n, T, d = self.problem.X.shape
        return 4 * EPS * ((2 * d + 4) * self.longest * np.linalg.norm(W, axis=(-2, -1)) + n + T + d)

    def gradient_rounding(self, W: np.ndarray) -> np.ndarray:
        """Bound of the rounding of a gradient's norm: T terms, each at most range(gamma) ||x|| ||z||."""
        return self.rounding(W) * self.problem.X.shape[1] * np.ptp(self.problem.gamma, axis=1).max() * self.longest


def make(name: str, X: Any, gamma: Any, z: Any = None, loss: str = "linear") -> Layer:
    """A layer from nested lists; queries are the first tokens unless given."""
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


LINEAR = [A, B] = [layer(name) for name in TOKENS]
BOTH_LOSSES = [layer(name, loss) for name in TOKENS for loss in ("linear", "logistic")]
DRAWN = [_drawn(seed) for seed in range(4)]
INCREASING = layer("A", "increasing")
#: one input; from diag(5, 0) training selects the second token
LOCAL = make("local", [[[-2, -0.5], [0, 0], [-1, 0]]], [[1, 0.5, 0]], [[1, 0]])
#: one input on the line, T = 3: the third token, close to the first, pushes training to the second, far on the other side
ASIDE = make("aside", [[[10], [-100], [9]]], [[1, 0.9, 0]], [[1]])
#: d = 1: the inputs ask for W >= 1 and for -W >= 1; their gradients cancel for every W
CONTRADICTION = make("contradiction", [[[1], [0]], [[0], [1]]], [[1, 0], [0, -1]], [[1], [1]])
#: two inputs that ask one query
SHARED = make("one query", [[[1, 0], [0, 0]], [[0, 1], [0, 0]]], [[1, 0], [1, 0]], [[1, 0], [1, 0]])
#: two opposite tokens on the line, with the loss -x, and with steep scores in the logistic loss
OPPOSITE, STEEP = (make(g, [[[1], [-1]]], v, [[1]], g) for g, v in (("linear", [[1, 0]]), ("logistic", [[100, -100]])))
#: one input with two tokens, of which the flow is known: c = 1.7
FLOW = {g: make(g, [[[1, 0.5], [0, 0.3]]], [[1.7 / 1.04, 0]], [[0.6, 0.8]], g) for g in ("linear", "logistic")}

STRETCH = 1000  # how far the other tokens of a late input lie from the first


def late_input(n: int, T: int, kappa: float) -> Layer:
    """Margins w_1, and w_1 + 1000 w_k for all other pairs, w the first column of W; the first pair has the least score gap.

    So the max-margin matrix is e_1 e_1', all its margins are one, and small w_k make all margins but the first large.
    """
    d = n * (T - 1)
    X, gamma = np.zeros((n, T, d)), np.full((n, T), -kappa)
    X[:, 1:, 0] = -1  # the optimal token is the origin
    for k in range(1, d):
        X[k // (T - 1), 1 + k % (T - 1), k] = -STRETCH
    gamma[:, 0], gamma[0, 1] = 0, -1
    return make(f"late input {n}, {T}, {kappa}", X, gamma, np.eye(1, d).repeat(n, axis=0))


def generic(n: int, T: int, d: int) -> tuple[np.ndarray, np.ndarray]:
    """Tokens X (n, T, d) and queries z (n, d), normal numbers times 100 rounded, of full rank in exact arithmetic."""
    rng = np.random.default_rng((n, T, d))
    X, z = (np.rint(100 * rng.standard_normal(shape)).astype(int) for shape in ((n, T, d), (n, d)))
    if any(to_flint(M.tolist()).rank() < min(M.shape) for M in (*(x[1:] - x[0] for x in X), z)):
        raise ParameterError(f"the tokens of size {n}, {T}, {d} are dependent; take another seed")
    return X, z


def equal_queries(n: int, T: int, d: int) -> tuple[np.ndarray, np.ndarray]:
    """Two inputs with two tokens and one query: to select the first token of both is a contradiction."""
    return np.array([[[1, 0], [0, 0]], [[0, 0], [1, 0]]]), np.ones((n, d))
