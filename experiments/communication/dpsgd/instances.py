"""Graphs with exact weights, with what they guarantee, and matrices that guarantee less."""

from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property
from typing import Any

import numpy as np

from gradproof.experiments.instances.graphs import GUARANTEES
from gradproof.solvers import gossip

HALF, THIRD = Fraction(1, 2), Fraction(1, 3)


@dataclass(frozen=True, eq=False)
class Graph:
    """A mixing matrix, unless it guarantees less; with its eigenvalues and their multiplicities where they are rational."""

    name: str
    W: Any
    guarantees: frozenset[str] = GUARANTEES
    spectrum: dict[Fraction, int] = field(default_factory=dict)
    claimed_gap: Fraction | None = None
    least: Fraction | None = None  # its least eigenvalue, where that is known

    @property
    def n(self) -> int:
        return len(self.W)

    @cached_property
    def s(self) -> Any:
        """A certified lower end of the second largest modulus of an eigenvalue, within 1e-11 of it."""
        return gossip.second_eigenvalue(self.W).low if self.claimed_gap is None else self.claimed_gap


def ring(n: int, w: Fraction = THIRD) -> Graph:
    """Weights w to both neighbours; rational spectra for n = 3, 4, 6."""
    cosines = {
        3: {Fraction(1): 1, -HALF: 2},
        4: {Fraction(1): 1, Fraction(0): 2, Fraction(-1): 1},
        6: {Fraction(1): 1, HALF: 2, -HALF: 2, Fraction(-1): 1},
    }
    spectrum = {1 - 2 * w + 2 * w * c: times for c, times in cosines.get(n, {}).items()}
    held, least = GUARANTEES | {"transitive", "ring"}, None if n % 2 else 1 - 4 * w
    return Graph(f"ring {n}, w = {w}", gossip.ring(n, w), held, spectrum, least=least)


def lazy_complete(n: int, a: Fraction) -> Graph:
    """(1 - a) I + a J."""
    return Graph(f"lazy complete {n}, a = {a}", gossip.lazy_complete(n, a), least=1 - a)


def exponential(n: int) -> Graph:
    """Every node hears those at distances 1, 2, 4, ... both ways; n a power of two. Eigenvalues in floats, from the cosines.

    For many nodes: the eigenvalues of a circulant matrix are known, and its gap is rounded down by far more than their error.
    """
    powers = [2**k for k in range(n.bit_length() - 1)]
    waves = np.cos(2 * np.pi * np.outer(np.arange(1, n), powers) / n)
    W = np.eye(n)
    for k in powers:
        W += np.roll(np.eye(n), k, axis=1) + np.roll(np.eye(n), -k, axis=1)
    size = 1 + 2 * len(powers)
    s = float(np.abs((1 + 2 * waves.sum(axis=1)) / size).max())
    return Graph(f"exponential {n}", W / size, claimed_gap=Fraction(s - 1e-12))


PATH3 = Graph("path 3", gossip.metropolis(3, [(0, 1), (1, 2)]), spectrum={Fraction(x, 3): 1 for x in (3, 2, 0)})
RING4, RING8 = ring(4), ring(8)
PATH5 = Graph("path 5", gossip.metropolis(5, [(i, i + 1) for i in range(4)]))
STAR6 = Graph("star 6", gossip.metropolis(6, [(0, i) for i in range(1, 6)]))
EXPONENTIAL8 = Graph("exponential 8", gossip.exponential(8))
COMPLETE5, LAZY5 = lazy_complete(5, Fraction(1)), lazy_complete(5, THIRD)
TORUS9 = Graph("torus 3 x 3", gossip.torus(3, 3))
INCOMPLETE = [RING4, RING8, ring(7, Fraction(9, 20)), PATH5, STAR6, TORUS9, EXPONENTIAL8]
OTHERS = [Graph("complete 4", gossip.complete(4)), Graph("torus 2 x 4", gossip.torus(2, 4)),
          Graph("exponential 16", gossip.exponential(16)), ring(32)]  # fmt: skip
GRAPHS = [*INCOMPLETE, COMPLETE5, LAZY5]
QUIET = [RING4, PATH5, STAR6, LAZY5]  # no eigenvalue near -1
RATIONAL_RINGS = [ring(n, w) for w in (THIRD, Fraction(1, 5)) for n in (3, 4, 6)]

DOUBLY = frozenset({"doubly_stochastic"})
#: All eigenvalues are 0 but the one, and it is not J, as it is not symmetric.
_NILPOTENT = gossip.complete(3) + np.array([[1, 1, -2], [-1, -1, 2], [0, 0, 0]]) * Fraction(1, 6)
NILPOTENT = Graph("nilpotent", _NILPOTENT, DOUBLY, claimed_gap=Fraction(0))
#: Two pairs that do not hear each other, with the gap of one pair.
_PAIRS = np.kron(np.eye(2, dtype=int), np.full((2, 2), HALF))
PAIRS = Graph("two pairs", _PAIRS, GUARANTEES - {"connected"}, claimed_gap=Fraction(0))


def mixed_permutations(n: int) -> Graph:
    """A mixture of five permutations: doubly stochastic, not symmetric."""
    weights, rng = [Fraction(x, 100) for x in (10, 20, 30, 15, 25)], np.random.default_rng(n)
    W = sum(w * np.array(np.eye(n, dtype=int)[rng.permutation(n)], dtype=object) for w in weights)
    return Graph(f"permutations of {n}", W, DOUBLY)


def listeners(n: int) -> Graph:
    """Node 0 hears nobody, the others hear it and themselves: rows sum to one, columns do not; eigenvalues 1 and 1/2."""
    W = np.array([[Fraction(int(i == j)) / (2 if i else 1) for j in range(n)] for i in range(n)])
    W[1:, 0] = HALF
    return Graph(f"listeners {n}", W, frozenset({"connected"}), claimed_gap=HALF)


def numbers(n: int) -> Any:
    """Minimisers of the nodes' functions."""
    return np.array([Fraction(k * k - 2 * k, 3) for k in range(n)])
