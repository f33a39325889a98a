"""Programs with random choices: two sites, rational ones, one site, and the latents of a digit."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction as F
from typing import Any

import numpy as np

from gradproof.solvers.dual_estimators import Dual, log, sigmoid

Program = Callable[[Any, Sequence[Dual]], Any]


def pick(table: Any, *bits: Any) -> Any:
    """The entry of a nested table at bits, which may be numbers or arrays."""
    if not bits:
        return table
    first, *rest = bits
    return first * pick(table[1], *rest) + (1 - first) * pick(table[0], *rest)


def log_bit(b: Any, p: Any) -> Any:
    """log of the probability of the bit b under a flip of p."""
    return log(p) * b + log(1 - p) * (1 - b)


# --- two sites -------------------------------------------------------------------------------------------------------

SEEN = ((0.05, 0.6), (0.3, 0.9))  # P(y = 1 | z1, z2)
JOINT = tuple(
    tuple((0.3 if a else 0.7) * ((0.8, 0.2) if a else (0.1, 0.9))[1 - b] * SEEN[a][b] for b in (0, 1)) for a in (0, 1)
)  # p(z1, z2, y = 1)
LOG_JOINT = tuple(tuple(math.log(x) for x in row) for row in JOINT)
START = (0.2, -0.4, 0.7)


def two_sites(first: str, second: str) -> Program:
    """z1 ~ flip(sig(t1)), z2 ~ flip(sig(t2 + t3 z1)): log p - log q."""

    def program(on: Any, t: Sequence[Dual]) -> Any:
        p1 = sigmoid(t[0])
        return on.flip(first, p1, lambda z1: second_site(second, on, t, z1, log_bit(z1, p1)))

    return program


def second_site(strategy: str, on: Any, t: Sequence[Dual], z1: Any, log_q1: Any) -> Any:
    """The rest of the program behind z1."""
    p2 = sigmoid(t[1] + t[2] * z1)
    return on.flip(strategy, p2, lambda z2: -(log_q1 + log_bit(z2, p2)) + pick(LOG_JOINT, z1, z2))


def guide_of_two_sites(t: Sequence[float]) -> np.ndarray:
    """q(z1, z2), shape (2, 2)."""
    p1, p2 = 1 / (1 + math.exp(-t[0])), [1 / (1 + math.exp(-t[1] - t[2] * a)) for a in (0, 1)]
    return np.array([[(1 - p1) * (1 - p2[0]), (1 - p1) * p2[0]], [p1 * (1 - p2[1]), p1 * p2[1]]])


def gradient_of_two_sites(t: Sequence[float]) -> np.ndarray:
    """Sum of q (log p - log q) times the derivative of log q, over the four outcomes, (3,)."""
    q = guide_of_two_sites(t)
    z1, z2 = np.array([0, 0, 1, 1]), np.array([0, 1, 0, 1])
    off = z2 - (q[:, 1] / q.sum(axis=1))[z1]
    score = np.array([z1 - q[1].sum(), off, z1 * off])
    return score @ (q.ravel() * (np.ravel(LOG_JOINT) - np.log(q.ravel())))


# --- rational programs -----------------------------------------------------------------------------------------------

RATIONAL = (F(2, 5), F(1, 3), F(3, 4))


def three_sites(strategies: Sequence[str]) -> Program:
    """Each site's probability, and the end, depend on what was drawn before and on the parameters."""
    first, second, third = strategies

    def program(on: Any, t: Sequence[Dual]) -> Any:
        def end(z1: Any, z2: Any, z3: Any) -> Any:
            return (t[0] * z3 + t[1] * (z1 * z2) - t[2]) ** 2 + (2 * z1 - z2 - z3) / (1 + t[1])

        def last(z1: Any, z2: Any) -> Any:
            return on.flip(third, t[2] * (1 + z2) / 2, lambda z3: end(z1, z2, z3))

        return on.flip(first, t[0], lambda z1: on.flip(second, (t[1] + z1) / 2, lambda z2: last(z1, z2)))

    return program


def counting(strategies: Sequence[str]) -> Program:
    """How many objects there are is drawn too: another one as long as a flip says so, at most three, each large or small."""
    more, large = strategies

    def program(on: Any, t: Sequence[Dual]) -> Any:
        def objects(n: int, total: Any) -> Any:
            stop = (t[2] * 3 - total) ** 2 + t[0] * n
            if n == 3:
                return stop
            size = lambda: on.flip(large, t[1], lambda b: objects(n + 1, total + 1 + b))  # noqa: E731
            return on.flip(more, t[0], lambda go: size() if go else stop)

        return objects(0, F(0))

    return program


# --- one site --------------------------------------------------------------------------------------------------------

C1, C0 = math.log(0.27), math.log(0.14)  # log p(z, y) at z = 1 and 0


def one_site(strategy: str, c1: float = C1, c0: float = C0, *, path: bool = True) -> Program:
    """q = flip(sig(t)). Without ``path`` log q is not differentiated in the rest of the program: its score has mean zero."""

    def program(on: Any, t: Sequence[Dual]) -> Any:
        p = sigmoid(t[0])

        def end(z: Any) -> Any:
            log_q = log_bit(z, p)
            return -(log_q if path else log_q.value) + z * c1 + (1 - z) * c0

        return on.flip(strategy, p, end)

    return program


@dataclass(frozen=True)
class OneSite:
    """The objective F(t) of one site; F' = p(1-p)(c1 - c0 - t)."""

    c1: float = C1
    c0: float = C0

    def value(self, t: Any) -> Any:
        p = 1 / (1 + np.exp(-t))
        return p * (self.c1 - np.log(p)) + (1 - p) * (self.c0 - np.log(1 - p))

    def slope(self, t: Any) -> Any:
        p = 1 / (1 + np.exp(-t))
        return p * (1 - p) * (self.c1 - self.c0 - t)

    @property
    def best(self) -> float:
        """F at t* = c1 - c0."""
        return math.log(math.exp(self.c1) + math.exp(self.c0))

    def smoothness(self) -> float:
        """Above sup p(1-p)|(1-2p)(t* - t) - 1|: the largest on a grid of width h, and 4 h^2: it bends by less than 32."""
        t, h = np.linspace(-30, 30, 200_001, retstep=True)
        p = 1 / (1 + np.exp(-t))
        return float(np.abs(p * (1 - p) * ((1 - 2 * p) * (self.c1 - self.c0 - t) - 1)).max()) + 4 * float(h) ** 2

    def largest_variance(self, path: bool = False) -> float:
        """Above the variance of REINFORCE at any t, p(1-p)((1-p) f1 + p f0 - path)^2, in the same way (800, for |c| <= 4)."""
        t, h = np.linspace(-30, 30, 200_001, retstep=True)
        p = 1 / (1 + np.exp(-t))
        f1, f0 = self.c1 - np.log(p), self.c0 - np.log1p(-p)
        return float((p * (1 - p) * ((1 - p) * f1 + p * f0 - path) ** 2).max()) + 100 * float(h) ** 2


# --- eight latents of a digit ------------------------------------------------------------------------------------------


def latents(log_joint: np.ndarray, strategies: Sequence[str]) -> Program:
    """A flip of its own for each latent; ``log_joint`` (2^n,) is log p(z, x) of all codes."""
    table = log_joint.reshape((2,) * len(strategies)).tolist()

    def program(on: Any, t: Sequence[Dual], bits: tuple[Any, ...] = (), log_q: Any = 0) -> Any:
        k = len(bits)
        if k == len(strategies):
            return -log_q + pick(table, *bits)
        p = sigmoid(t[k])
        return on.flip(strategies[k], p, lambda z: program(on, t, (*bits, z), log_q + log_bit(z, p)))

    return program
