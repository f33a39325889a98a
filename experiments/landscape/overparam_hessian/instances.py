"""Instances: two-layer networks on integer data, with what they guarantee, and rows with labels."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property
from itertools import count
from typing import Any

import flint
import numpy as np

from gradproof.solvers.exact.linear import null_space, to_flint
from gradproof.solvers.two_layer_hessian import Rational
from gradproof.solvers.two_layer_hessian.rationals import Matrix

STEP = Fraction(1, 1000)  # of differences; the same pattern of activity two steps to both sides is asked for


@dataclass(frozen=True, eq=False)
class Net(Rational):
    """A network that says which assumptions hold at its parameters; ``concave`` is the loss with the other sign."""

    name: str = ""
    concave: bool = False

    @property
    def guarantees(self) -> frozenset[str]:
        """Each is looked at, not declared."""
        held = {
            "twice_differentiable": self.smooth,
            "loss_convex_in_output": not self.concave,
            "square_loss": not self.softmax,
            "interpolating": not any(r for row in self.residuals for r in row),
            "homogeneous_units": self.unit == "relu",
            "stationary": not any(self.gradient),
            "uncorrelated": self.K == 1 and self.mean_curvature * _rational(self.mean_residual) == self.R,
        }
        return frozenset(name for name, holds in held.items() if holds)

    @cached_property
    def hessian(self) -> flint.fmpq_mat:
        """G + R; at a kink, where there is no second derivative, the second differences at ``STEP``."""
        total = self.H if self.smooth else self.differences()
        return -total if self.concave else total

    @cached_property
    def mean_residual(self) -> Fraction:
        """Of one output."""
        return sum((row[0] for row in self.residuals), Fraction(0)) / self.n

    @cached_property
    def mean_curvature(self) -> flint.fmpq_mat:
        """Mean of Hess f_i, of one output."""
        return self.curvature([[Fraction(1)] * self.K] * self.n)

    def differences(self) -> flint.fmpq_mat:
        """(P, P): second differences of the loss along all pairs of coordinates."""
        unit = [[Fraction(int(a == b)) for b in range(self.P)] for a in range(self.P)]
        single = [self.along(e, STEP)[1] for e in unit]

        def mixed(a: int, b: int) -> Fraction:
            both = [x + y for x, y in zip(unit[a], unit[b], strict=True)]
            return (self.along(both, STEP)[1] - single[a] - single[b]) / 2

        return to_flint(
            [[single[a] if a == b else mixed(min(a, b), max(a, b)) for b in range(self.P)] for a in range(self.P)]
        )

    def stays(self, v: Sequence[Fraction], h: Fraction) -> bool:
        """No ReLU changes its side within two steps of h along v."""

        def side(k: int) -> list[bool]:
            at = [w + k * h * c for w, c in zip(self.point, v, strict=True)]
            W = [at[j * self.d : (j + 1) * self.d] for j in range(self.m)]
            return [z > 0 for row in replace(self, W=W).before for z in row]

        return side(-2) == side(2) == side(0)


def _rational(q: Fraction) -> flint.fmpq:
    return flint.fmpq(q.numerator, q.denominator)


# --- drawn and chosen networks ----------------------------------------------------------------------------------------


def _integers(rng: np.random.Generator, *shape: int) -> list[list[int]]:
    return [[int(c) for c in row] for row in rng.integers(-3, 4, size=shape)]


def _drawn(number: int, n: int, d: int, m: int, K: int, unit: str = "relu", softmax: bool = False) -> Net:
    """Small integers; drawn again until no ReLU is at its kink and every unit is active on a sample and has an output,
    and every sample has a residual and an active unit."""
    for attempt in count():
        rng = np.random.default_rng([number, attempt])
        W, V, X = _integers(rng, m, d), _integers(rng, K, m), _integers(rng, n, d)
        Y: Any = [int(y) for y in rng.integers(K, size=n)] if softmax else _integers(rng, n, K)
        net = Net(W, V, X, Y, unit, softmax, f"{unit} {n}x{d}, m={m}, K={K}, {number}" + ", softmax" * softmax)
        alive = all(any(row[j] > 0 for row in net.before) and any(v[j] for v in V) for j in range(m))
        seen = all(any(z > 0 for z in row) for row in net.before) and all(any(r) for r in net.residuals)
        if net.smooth and ((alive and seen) or unit != "relu"):
            return net
    raise AssertionError


def fitted(net: Net) -> Net:
    """The same network on the targets that it meets."""
    return replace(net, Y=net.outputs, name=f"{net.name}, fitted")


def at_rest(net: Net) -> Net:
    """The same network on targets for which its parameters are a stationary point: residuals orthogonal to all derivatives.

    There are some if n K exceeds the rank of the Jacobian.
    """
    columns = [list(col) for col in zip(*net.jacobian, strict=True)]
    basis = null_space(columns, net.n * net.K)
    r = [sum(c, Fraction(0)) for c in zip(*basis, strict=True)]
    rows = [r[i * net.K : (i + 1) * net.K] for i in range(net.n)]
    Y = [[f - e for f, e in zip(fs, es, strict=True)] for fs, es in zip(net.outputs, rows, strict=True)]
    return replace(net, Y=Y, name=f"{net.name}, at rest")


SIZES = [(2, 2, 2, 1), (2, 2, 3, 2), (3, 2, 3, 2), (1, 3, 2, 2)]
NETS = [_drawn(k, *size) for size in SIZES for k in range(3)]
SOFTMAX = [_drawn(k, *size, softmax=True) for size in [(2, 2, 4, 3), (3, 2, 4, 3)] for k in range(2)]
FITTED = [fitted(net) for net in NETS[:9]]
MOVING = [_drawn(k, n, 2, m, 1) for n, m in ((8, 2), (12, 3)) for k in range(3)]
RESTING = [at_rest(net) for net in MOVING]
#: Not homogeneous, smooth, more samples than parameters; no direction that no sample sees.
BENT_AWAY = [net for net in (_drawn(k, 10, 2, 2, 1, "bent") for k in range(9)) if net.G.rank() == net.P][:3]
BENT = [at_rest(net) for net in BENT_AWAY]
#: One sample on which the network is zero, and its weights too: G = 0, and R has the eigenvalues 5r, -5r and zeros.
ORIGIN = Net([[3, 4]], [[0]], [[4, -3]], [[-2]], "bent", name="origin")
PYTHAGOREAN = Net([[1, 1]], [[0]], [[3, 4]], [[-2]], name="one sample")
#: One unit is at its kink: the residuals push the loss up, or down, on one side of it.
KINKS = [Net([[1, 1], [2, 1]], [[1, 1]], [[1, -1], [1, 2]], [[y], [1]], name=f"kink, y={y}") for y in (-5, 5)]
KINK_FITTED = fitted(Net([[1, 1], [2, 1]], [[1, 1]], [[1, -1], [1, 2]], [[0], [0]], name="kink"))
#: At W = V = 0 the residual is constant over the samples: uncorrelated with everything, and R is not zero.
SADDLE = Net([[0, 0]], [[0]], [[3, 4], [3, -4]], [[1], [1]], "bent", name="saddle without a bias")
BALANCED = Net([[0, 0]], [[0]], [[3, 4], [3, 4]], [[1], [-1]], "bent", name="saddle with mean residual 0")
#: Residuals 1 and 3 on inputs (2, 4) and (4, 4), in all combinations; then residual 3 on the second input alone.
FACTORIAL = Net([[0, 0]], [[0]], [[2, 4], [4, 4]] * 2, [[-1], [-1], [-3], [-3]], "bent", name="factorial")
CORRELATED = Net([[0, 0]], [[0]], [[2, 4], [4, 4]] * 2, [[-1], [-3], [-1], [-3]], "bent", name="correlated")


# --- rows with labels -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Rows:
    """Rows (q, P) with G = (1/n) sum z z', and the group of each."""

    rows: Matrix
    labels: Sequence[int]
    n: int
    name: str
    guarantees = frozenset({"group_labels"})

    def second_moment(self, rows: Matrix) -> flint.fmpq_mat:
        """(P, P)."""
        Z = to_flint([[Fraction(c) for c in row] for row in rows])
        return Z.transpose() * Z * flint.fmpq(1, self.n)

    @property
    def groups(self) -> int:
        return len(set(self.labels))

    def centred(self) -> list[list[Fraction]]:
        """Each row less the mean of its group."""
        table = {}
        for group in set(self.labels):
            mine = [row for row, g in zip(self.rows, self.labels, strict=True) if g == group]
            table[group] = [sum((Fraction(c) for c in col), Fraction(0)) / len(mine) for col in zip(*mine, strict=True)]
        return [
            [Fraction(c) - m for c, m in zip(row, table[g], strict=True)]
            for row, g in zip(self.rows, self.labels, strict=True)
        ]


def by_class_and_output(net: Net, classes: int) -> Rows:
    """The rows of the Jacobian, samples in classes by turns, one group a class and output."""
    labels = [(i % classes) * net.K + k for i in range(net.n) for k in range(net.K)]
    return Rows(net.jacobian, labels, net.n, f"{net.name}, {classes} classes")


def _clusters() -> Iterator[Rows]:
    """C far means and small deviations: C outliers."""
    for classes in (2, 3):
        rows = [[10 * int(c == g) + (k + c) % 3 - 1 for c in range(4)] for g in range(classes) for k in range(4)]
        yield Rows(rows, [g for g in range(classes) for _ in range(4)], 4 * classes, f"{classes} clusters")


#: Pairs of opposite rows in each group: all means are 0, and all eigenvalues of G are the same.
ISOTROPIC = Rows([[2, 0], [-2, 0], [0, 2], [0, -2]], [0, 0, 0, 0], 4, "isotropic")
#: Deviations (2, 2, 0) and (0, 0, 1) from one far mean: the largest entry of W is half of its norm.
TILTED = Rows([[10, -10, 1], [10, -10, -1], [12, -8, 0], [8, -12, 0]], [0, 0, 0, 0], 4, "tilted")
GROUPED = [*_clusters(), ISOTROPIC, *(by_class_and_output(_drawn(k, 6, 2, 3, 1), 2) for k in range(3))]
