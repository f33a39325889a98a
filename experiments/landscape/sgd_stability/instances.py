"""Concrete minima and networks in exact arithmetic; each says which assumptions it guarantees."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property
from itertools import combinations, product
from typing import Any

import flint
import numpy as np

from gradproof.experiments.engine.values import Enclosed
from gradproof.solvers import moments
from gradproof.solvers.exact.definite import integer_matrix, is_positive_semidefinite
from gradproof.solvers.moments.curvatures import noise_ratio

Table = flint.fmpq_mat
Batches = Sequence[tuple[int, ...]]


def table(rows: Any) -> Table:
    """A rational matrix of rows of ints, Fractions or floats (the binary fractions that they are)."""
    return Table([[flint.fmpq(*Fraction(x).as_integer_ratio()) for x in row] for row in rows])


def fraction(x: Any) -> Fraction:
    """A ``Fraction`` of an exact flint number."""
    return Fraction(int(x.p), int(x.q))


def trace(A: Table) -> Fraction:
    return fraction(sum((A[i, i] for i in range(A.nrows())), flint.fmpq(0)))


def mean(tables: Sequence[Table]) -> Table:
    return sum(tables[1:], tables[0]) / len(tables)


def semidefinite(A: Table) -> bool:
    """An exact decision."""
    return is_positive_semidefinite(integer_matrix(A.tolist()))


@dataclass(frozen=True, eq=False)
class Minimum:
    """Curvatures at a minimum and the batches of SGD around it.

    Args:
        title: its name.
        curvatures: (n, d) Jacobian rows ``J_i`` (``H_i = J_i J_i'``), or (n, d, d) symmetric Hessians.
        batch_size, replacement: the sampling that p is of.
        gradients: (n, d) of the samples at the minimum, where it does not interpolate; their mean is zero.
        law: the equally likely batches, where they are not those of the sampling.
    """

    title: str
    curvatures: Any
    batch_size: int = 1
    replacement: bool = False
    gradients: Any = None
    law: Batches = ()

    @property
    def name(self) -> str:
        how = " with replacement" if self.replacement else ""
        return f"{self.title}, B={self.batch_size}{how}{f', batches {self.law}' if self.law else ''}"

    @cached_property
    def H(self) -> list[Table]:
        """The (d, d) Hessians."""
        if np.ndim(self.curvatures) == 3:
            return [table(h) for h in self.curvatures]
        rows = [table([row]) for row in self.curvatures]
        return [row.transpose() * row for row in rows]

    @cached_property
    def mean(self) -> Table:
        return mean(self.H)

    @property
    def one(self) -> Table:
        return table(np.eye(self.mean.nrows(), dtype=int).tolist())

    @property
    def p(self) -> Fraction:
        """Weight of single-sample noise."""
        return Fraction(*noise_ratio(len(self.H), self.batch_size, self.replacement))

    @property
    def batches(self) -> Batches:
        """All equally likely batches."""
        samples = range(len(self.H))
        every = product(samples, repeat=self.batch_size) if self.replacement else combinations(samples, self.batch_size)
        return self.law or list(every)

    @cached_property
    def guarantees(self) -> frozenset[str]:
        G = np.asarray(self.gradients if self.gradients is not None else 0)
        psd = np.ndim(self.curvatures) == 2 or all(semidefinite(h) for h in self.H)
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
    def sampling(self) -> dict[str, Any]:
        return {"batch_size": self.batch_size, "replacement": self.replacement}

    @property
    def floats(self) -> np.ndarray:
        return np.asarray(self.curvatures, float)

    def sampled(self, batch_size: int, replacement: bool = False) -> Minimum:
        """The same minimum with other batches."""
        return replace(self, batch_size=batch_size, replacement=replacement)

    def after(self, X: Table, eta: Fraction, law: Batches = ()) -> Table:
        """``E (I - eta H_b) X (I - eta H_b)`` over all batches b: the second moment one step after X."""
        steps = [
            self.one - mean([self.H[i] for i in b]) * flint.fmpq(*eta.as_integer_ratio()) for b in law or self.batches
        ]
        return mean([A * X * A for A in steps])

    def noise(self, X: Table) -> Table:
        """``D(X) = (1 - p) HXH + p mean_i H_i X H_i``."""
        p = flint.fmpq(*self.p.as_integer_ratio())
        return self.mean * X * self.mean * (1 - p) + mean([h * X * h for h in self.H]) * p

    def drift(self, X: Table) -> Table:
        """``C(X) = (HX + XH)/2``."""
        return (self.mean * X + X * self.mean) / 2

    def operator(self, f: Callable[[Table], Table]) -> Table:
        """The (d^2, d^2) matrix of a linear map on matrices."""
        d = self.mean.nrows()
        units = [Table(d, d, [int(i == k) for i in range(d * d)]) for k in range(d * d)]
        return Table([f(E).entries() for E in units]).transpose()

    def contracts(self, eta: Fraction) -> bool:
        """Whether the spectral radius of T is below one: ``I - T`` is positive definite, by an exact decision."""
        gap = self.operator(lambda X: X - self.after(X, eta))
        return semidefinite(gap) and gap.det() != 0

    @cached_property
    def threshold(self) -> tuple[Fraction, Fraction]:
        """Ends of ``eta*``, by the formula: of an algebraic number in up to four dimensions, else of the solver's bracket."""
        if self.mean.nrows() <= 4:
            return moments.algebraic_threshold(self.curvatures, **self.sampling).eta
        found = moments.stability_threshold(self.floats, **self.sampling)
        return Fraction(found.lower), Fraction(found.upper)

    @property
    def largest_step(self) -> Any:
        """``eta*`` as a value of a measure."""
        low, high = self.threshold
        return low if low == high else Enclosed(low, high, "rounding" if self.mean.nrows() <= 4 else "solver gap")

    @property
    def sizes(self) -> dict[str, Fraction]:
        """``p``, ``Tr H``, ``||H||_F^2`` and the mean of ``||H_i||_F^2``."""
        hi2 = sum((trace(h * h) for h in self.H), Fraction(0)) / len(self.H)
        return {"p": self.p, "tr": trace(self.mean), "h2": trace(self.mean * self.mean), "hi2": hi2}


def sines(n: int, d: int) -> np.ndarray:
    """(n, d) rows ``sin((i + 1)(a + 1)) + [a == 0]``: full rank, no symmetry, no random numbers."""
    return np.sin(np.outer(np.arange(1, n + 1), np.arange(1, d + 1))) + (np.arange(d) == 0)


def integer_rows(n: int, d: int, seed: int, size: int = 4) -> list[list[int]]:
    """Integer rows in [-size, size], drawn once and for all, none of them zero."""
    rows = np.random.default_rng(seed).integers(-size, size + 1, (n, d))
    rows[np.abs(rows).sum(axis=1) == 0, 0] = 1
    return rows.tolist()


S12 = sines(12, 5)
R4 = Minimum("R4", [[1, 0, 1], [0, 2, -1], [1, 1, 0], [-1, 1, 2]])
#: Not of rank one; with gradients it is a regular minimum.
F3 = Minimum("F3", [[[2, 1], [1, 1]], [[1, -1], [-1, 3]], [[0, 0], [0, 4]]])
F3_NOISY = replace(F3, title="F3 with gradients", gradients=[[1, 0], [0, 1], [-1, -1]])
R4_NOISY = replace(R4, title="R4 with gradients", gradients=[[1, 0, 0], [0, 1, 0], [0, 0, 1], [-1, -1, -1]])
SINES = Minimum("S12", S12.tolist())
INTEGERS = Minimum("integers", integer_rows(7, 4, 1))
HEAVY = Minimum("heavy tails", np.random.default_rng(2).standard_t(2, (6, 6)).tolist())
EQUAL = Minimum("equal rows", [[1, 2]] * 3)
#: Stable although the non-uniformity exceeds 1/(eta sqrt p).
NON_UNIFORM = Minimum("non-uniform", [[1, 2], [-1, 3], [3, -1], [-2, -1]])
#: In one dimension, two equally likely curvatures.
TWO = Minimum("h = 1, 4", [[1], [2]])
#: At v = e_1 the quotient mean h^2/mean h = 17/5 is attained; the trace bound is 24/35.
DIAGONAL = Minimum("diagonal", [[[1, 0], [0, Fraction(1, 2)]], [[4, 0], [0, Fraction(1, 2)]]])
#: Random signs up to a factor -1: |J|^2 = 4, and E (v'J)^4 = 3 - 2 sum v_j^4 is at most 5/2; the trace bound is attained.
SIGNS = Minimum("signs", [[1, *rest] for rest in product((1, -1), repeat=3)])


def orthogonal(n: int, a: int, batch_size: int) -> Minimum:
    """``J_i = a e_i`` in n dimensions: ``eta* = 2B/a^2``."""
    return Minimum(f"orthogonal, n={n}", [[a * (i == j) for j in range(n)] for i in range(n)], batch_size)


def multiples(h: int, d: int) -> Minimum:
    """``H_i = h I`` for all i: ``eta* = 2/h`` whatever d is."""
    return Minimum(f"{h} I, d={d}", [[[h * (a == b) for b in range(d)] for a in range(d)]] * 3)


# --- networks --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Network:
    """A two-layer ReLU network, or a diagonal linear one, that fits its labels: exact weights, and the law of the inputs.

    Args:
        W: (m, d) input weights, or (d,) of a diagonal network.
        a: (m,) output weights, or (d,).
        X: equally likely inputs (n, d).
    """

    W: Any
    a: Any
    X: Any
    guarantees: frozenset[str] = frozenset({"interpolating"})

    @property
    def name(self) -> str:
        return f"W={self.W}, a={self.a}, {len(self.X)} inputs"


def relu_network(W: Any, a: Any, X: Any) -> Network:
    """It guarantees ``symmetric_inputs`` where they are, and none lies on the boundary of a neuron."""
    inside = all(sum(u * v for u, v in zip(w, x, strict=True)) for w in W for x in X)
    symmetric = sorted(map(tuple, X)) == sorted(tuple(-v for v in x) for x in X)
    return Network(W, a, X, frozenset({"interpolating", *(["symmetric_inputs"] if inside and symmetric else [])}))


def symmetric_relu(m: int, d: int, seed: int) -> Network:
    """Integer weights and inputs in pairs +-x, drawn once and for all; those on a neuron's boundary are left out."""
    W, a = integer_rows(m, d, seed), [row[0] for row in integer_rows(m, 1, seed + 1, 3)]
    inputs = [x for x in integer_rows(12, d, seed + 2) if all(sum(u * v for u, v in zip(w, x, strict=True)) for w in W)]
    return relu_network(W, a, inputs + [[-v for v in x] for x in inputs])


def diagonal_network(a: Any, b: Any, X: Any) -> Network:
    """It guarantees ``isotropic_inputs`` where the mean of xx' is the identity."""
    second = mean([table([x]).transpose() * table([x]) for x in X])
    isotropic = second == table(np.eye(len(a), dtype=int).tolist())
    return Network(b, a, X, frozenset({"interpolating", *(["isotropic_inputs"] if isotropic else [])}))
