"""Functions on the line in rationals, quadratics with a worker, laws of noise and of estimates; each says what it guarantees."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction as F
from itertools import pairwise, product
from math import isqrt
from typing import Any

import numpy as np

# --- functions on the line, f* = 0 --------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Line:
    """f' is continuous and piecewise linear: f(0) = ``value``, f'(0) = ``slope``, curvatures between the ``bends``."""

    name: str
    bends: tuple[F, ...]
    curvatures: tuple[F, ...]  # one more than bends, from left to right
    slope: F = F(0)
    value: F = F(0)
    guarantees: frozenset[str] = frozenset()

    def at(self, x: F) -> tuple[F, F]:
        """f(x) and f'(x), exactly."""
        ends = [b for b in self.bends if 0 < b < x or x < b < 0]
        stops = [F(0), *(ends if x > 0 else ends[::-1]), F(x)]
        f, g = self.value, self.slope
        for a, b in pairwise(stops):
            c = self.curvatures[sum(e <= min(a, b) for e in self.bends)]
            f, g = f + g * (b - a) + c * (b - a) ** 2 / 2, g + c * (b - a)
        return f, g

    def after(self, x: F, z: F, eta: F, lam: F) -> F:
        """One step of the worker x towards z."""
        return x - eta * self.at(x)[1] - eta * lam * (x - z)


CLASS = frozenset({"smooth", "convex", "strongly_convex"})


def bowl(c: Any) -> Line:
    """c x^2/2."""
    return Line(f"{c}x^2/2", (), (F(c),), guarantees=CLASS)


def bent(M: F, m: F, bend: F) -> Line:
    """Curvature M down to -bend, m beyond."""
    return Line(f"bent at -{bend}", (-bend,), (m, M), guarantees=CLASS)


def wells(M: F) -> Line:
    """Wells at -1 and 1, curvature M there and -M between -1/2 and 1/2: smooth, not convex."""
    return Line("two wells", (F(-1, 2), F(1, 2)), (M, -M, M), F(0), M / 4, frozenset({"smooth"}))


def ledge(M: F, far: F) -> Line:
    """Curvature M right of 0 and left of -far, M/far^2 between, so that f(-far) = f(1)."""
    return Line("ledge", (-far, F(0)), (M, M / far**2, M), guarantees=frozenset({"smooth", "convex"}))


def valley(M: F, lam: F) -> Line:
    """From slope lam at 0 down with curvature -M, then up with M until the slope is 0 at 1: the leader's side of a fixed point."""
    return Line("valley", ((lam + M) / (2 * M),), (-M, M), lam, guarantees=frozenset({"smooth", "fixed_point"}))


# --- quadratics with a worker ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Bowl:
    """f = x'Ax/2 and a worker x; exact where A and x are."""

    name: str
    A: Any
    x: Any
    guarantees: frozenset[str] = frozenset({"quadratic", "not_parallel", "descent"})

    @property
    def centre(self) -> Any:
        """x*."""
        return self.x * 0


def rational(name: str, A: Any, x: Any, **more: Any) -> Bowl:
    exact = np.vectorize(F, otypes=[object])
    return Bowl(name, exact(np.array(A, dtype=object)), exact(np.array(x, dtype=object)), **more)


def spread_out(d: int, kappa: float) -> Bowl:
    """Curvatures from 1 to kappa in d dimensions, the worker as far along each axis as makes all slopes alike."""
    h = np.geomspace(1, kappa, d)
    return Bowl(f"d={d}, kappa={kappa:g}", np.diag(h), 1 / np.sqrt(h))


def two_curvatures(d: int, kappa: float) -> Bowl:
    """diag(1, kappa, ..., kappa): in the plane through x like diag(1, kappa)."""
    return Bowl(
        f"two curvatures, d={d}",
        np.diag([1.0] + [kappa] * (d - 1)),
        np.r_[np.sqrt(kappa), np.full(d - 1, (d - 1) ** -0.5)],
    )


COUPLED = [[2, F(1, 2), 0, 0], [F(1, 2), 1, F(1, 5), 0], [0, F(1, 5), 4, 1], [0, 0, 1, 3]]
BOWLS = [
    rational("diag(1, 10)", [[1, 0], [0, 10]], [2, F(1, 2)]),
    rational("diag(1, 3, 30)", [[1, 0, 0], [0, 3, 0], [0, 0, 30]], [1, -1, F(3, 10)]),
    rational("coupled", COUPLED, [1, 2, 0, -1]),
]
ROUND = rational("round", [[1, 0, 0], [0, 1, 0], [0, 0, 1]], [1, 0, 0], guarantees=frozenset({"quadratic", "descent"}))
PLANE = {
    kappa: Bowl(f"kappa={kappa:g}", np.diag([1.0, kappa]), np.array([np.sqrt(kappa), 1.0]))
    for kappa in (2.0, 4.0, 5.0, 100.0)
}


# --- noise, and estimates of f -----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Estimates:
    """A joint law of the p workers' errors: (probability, errors), of mean 0 each; and the true values of f."""

    name: str
    law: tuple[tuple[F, tuple[F, ...]], ...]
    values: tuple[F, ...]
    guarantees: frozenset[str] = frozenset({"estimates"})

    @property
    def p(self) -> int:
        return len(self.values)

    @property
    def sigma_f(self) -> F:
        """The largest standard deviation, which is rational in these laws."""
        v = max(sum((q * e[i] ** 2 for q, e in self.law), F(0)) for i in range(self.p))
        root = F(isqrt(v.numerator), isqrt(v.denominator))
        assert root**2 == v
        return root


def extremal(p: int, sigma: F = F(1)) -> Estimates:
    """The law that loses most, p - 1 a square: one worker at a time is thought as good as the best one."""
    r, q = F(1, p), F(isqrt(p - 1))
    wrong, right = q * sigma, -sigma / q  # of a worker that is taken for the best, and of the others then
    rows = [(r, tuple([sigma / q] + [-wrong if j == i else -right for j in range(1, p)])) for i in range(1, p)]
    rows.append((r, tuple([-wrong] + [-right] * (p - 1))))
    return Estimates(f"extremal, p={p}", tuple(rows), (F(0), *[wrong - right] * (p - 1)))


def coins(values: tuple[F, ...], sigma: F) -> Estimates:
    """Independent errors of plus or minus sigma."""
    p = len(values)
    law = tuple((F(1, 2**p), tuple(sigma * s for s in signs)) for signs in product((-1, 1), repeat=p))
    return Estimates(f"coins, p={p}", law, values)


def signs(count: int) -> Iterator[tuple[F, tuple[int, ...]]]:
    """All signs of ``count`` fair coins, with their probability."""
    for s in product((-1, 1), repeat=count):
        yield F(1, 2**count), s


def bare(instance: Any) -> Any:
    """The instance, guaranteeing nothing: what a control keeps it says itself."""
    return replace(instance, guarantees=frozenset())
