"""Concrete minima and networks in exact arithmetic; each says which assumptions it guarantees."""

from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property
from itertools import product
from typing import Any

import numpy as np

from gradproof.experiments.engine.values import Enclosed
from gradproof.solvers.moments.enumeration import ALGEBRAIC, Enumeration, average, semidefinite, table, trace


@dataclass(frozen=True, eq=False)
class Minimum(Enumeration):
    """A minimum and the batches of SGD around it, by name.

    Args:
        gradients: (n, d) of the samples at the minimum, where it does not interpolate.
    """

    title: str = ""
    gradients: Any = None

    @property
    def name(self) -> str:
        how = " with replacement" if self.replacement else ""
        return f"{self.title}, B={self.batch_size}{how}{f', batches {self.law}' if self.law else ''}"

    @cached_property
    def guarantees(self) -> frozenset[str]:
        G = np.asarray(self.gradients if self.gradients is not None else 0)
        psd = all(semidefinite(h) for h in self.H)
        facts = {
            "linearised": True,
            "interpolating": not G.any(),
            "regular": not G.sum(axis=0).any(),
            "psd_hessians": psd,
            "rank_one_hessians": psd and all(h.rank() <= 1 for h in self.H),
            "iid_uniform_batches": not self.law,
        }
        return frozenset(k for k, holds in facts.items() if holds)

    @property
    def largest_step(self) -> Any:
        """``eta*`` as a value of a measure."""
        low, high = self.threshold
        return low if low == high else Enclosed(low, high, "rounding" if self.dimension <= ALGEBRAIC else "solver gap")

    @property
    def sizes(self) -> dict[str, Fraction]:
        """``p``, ``Tr H``, ``||H||_F^2`` and the mean of ``||H_i||_F^2``."""
        hi2 = trace(average([h * h for h in self.H]))
        return {"p": self.p, "tr": trace(self.mean), "h2": trace(self.mean * self.mean), "hi2": hi2}


def integer_rows(n: int, d: int, seed: int, size: int = 4) -> list[list[int]]:
    """Integer rows in [-size, size], drawn once and for all, none of them zero."""
    rows = np.random.default_rng(seed).integers(-size, size + 1, (n, d))
    rows[np.abs(rows).sum(axis=1) == 0, 0] = 1
    return rows.tolist()


#: Rows sin((i + 1)(a + 1)) + [a == 0]: full rank, no symmetry, no random numbers.
S12 = np.sin(np.outer(np.arange(1, 13), np.arange(1, 6))) + (np.arange(5) == 0)
R4 = Minimum([[1, 0, 1], [0, 2, -1], [1, 1, 0], [-1, 1, 2]], title="R4")
#: Not of rank one; with gradients it is a regular minimum.
F3 = Minimum([[[2, 1], [1, 1]], [[1, -1], [-1, 3]], [[0, 0], [0, 4]]], title="F3")
F3_NOISY = replace(F3, title="F3 with gradients", gradients=[[1, 0], [0, 1], [-1, -1]])
R4_NOISY = replace(R4, title="R4 with gradients", gradients=[[1, 0, 0], [0, 1, 0], [0, 0, 1], [-1, -1, -1]])
SINES = Minimum(S12.tolist(), title="S12")
INTEGERS = Minimum(integer_rows(7, 4, 1), title="integers")
HEAVY = Minimum(np.random.default_rng(2).standard_t(2, (6, 6)).tolist(), title="heavy tails")
EQUAL = Minimum([[1, 2]] * 3, title="equal rows")
#: Stable although the non-uniformity exceeds 1/(eta sqrt p).
NON_UNIFORM = Minimum([[1, 2], [-1, 3], [3, -1], [-2, -1]], title="non-uniform")
#: In one dimension, two equally likely curvatures.
TWO = Minimum([[1], [2]], title="h = 1, 4")
#: The steps at which almost every path converges are two intervals, (0, (5 - sqrt 7)/9) and ((5 + sqrt 7)/9, 10/9).
SQUARES = Minimum([[1], [3]], title="h = 1, 9")
FLAT = Minimum([[Fraction(1, 2)], [1]], title="h = 1/4, 1")
#: At v = e_1 the quotient mean h^2/mean h = 17/5 is attained; the trace bound is 24/35.
DIAGONAL = Minimum([[[1, 0], [0, Fraction(1, 2)]], [[4, 0], [0, Fraction(1, 2)]]], title="diagonal")
#: Random signs up to a factor -1: |J|^2 = 4, and E (v'J)^4 = 3 - 2 sum v_j^4 is at most 5/2; the trace bound is attained.
SIGNS = Minimum([[1, *rest] for rest in product((1, -1), repeat=3)], title="signs")


def orthogonal(n: int, a: int, B: int) -> Minimum:
    """``J_i = a e_i`` in n dimensions: ``eta* = 2B/a^2``."""
    return Minimum([[a * (i == j) for j in range(n)] for i in range(n)], B, title=f"orthogonal, n={n}")


def multiples(h: Any, d: int) -> Minimum:
    """``H_i = h I`` for all i: ``eta* = 2/h`` whatever d is."""
    return Minimum([[[h * (a == b) for b in range(d)] for a in range(d)]] * 3, title=f"{h} I, d={d}")


# --- networks --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Network:
    """Exact weights of a network that fits its labels: a two-layer ReLU network, or a diagonal linear one.

    Args:
        W: (m, d) input weights, or (d,) of a diagonal network. a: (m,) output weights, or (d,).
        X: equally likely inputs (n, d).
    """

    W: Any
    a: Any
    X: Any

    @property
    def name(self) -> str:
        return f"W={self.W}, a={self.a}, {len(self.X)} inputs"

    @cached_property
    def guarantees(self) -> frozenset[str]:
        X = table(self.X)
        isotropic = X.transpose() * X / len(self.X) == table(np.eye(X.ncols(), dtype=int).tolist())
        symmetric = sorted(map(tuple, self.X)) == sorted(tuple(-v for v in x) for x in self.X)
        inside = np.ndim(self.W) == 2 and 0 not in (X * table(self.W).transpose()).entries()
        facts = {"interpolating": True, "isotropic_inputs": isotropic, "symmetric_inputs": symmetric and inside}
        return frozenset(k for k, holds in facts.items() if holds)


def symmetric_relu(m: int, d: int, seed: int) -> Network:
    """Integer weights and inputs in pairs +-x, drawn once and for all; those on a neuron's boundary are left out."""
    W, a = integer_rows(m, d, seed), [row[0] for row in integer_rows(m, 1, seed + 1, 3)]
    inputs = [x for x in integer_rows(12, d, seed + 2) if np.all(np.array(W) @ x)]
    return Network(W, a, inputs + [[-v for v in x] for x in inputs])
