"""A function given by finitely many points: what an exact solver's worst case is, in rational numbers."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from gradproof.experiments.instances.exact import Exact, Inexact
from gradproof.theory.errors import ParameterError

Row = tuple[Fraction, ...]


@dataclass(frozen=True, eq=False)
class Interpolated:
    r"""A member of :math:`F_{\mu,L}`, 0 <= mu < L, known at its own points (one of them a minimizer with value 0).

    That some member of the class passes through the data is checked on construction, in rational arithmetic (Taylor,
    Hendrickx, Glineur 2017, Theorem 4); no solver has to be trusted. Asked elsewhere, it says so.

    Args:
        points, gradients: P tuples of d rationals. values: P rationals.
        mu, L: curvature bounds.

    Raises:
        ParameterError: no member of the class passes through the data.
    """

    points: tuple[Row, ...]
    gradients: tuple[Row, ...]
    values: tuple[Fraction, ...]
    mu: float
    L: float

    def __post_init__(self) -> None:
        mu, L = Fraction(self.mu), Fraction(self.L)
        if not 0 <= mu < L:
            raise ParameterError(f"need 0 <= mu < L, got mu={self.mu}, L={self.L}")
        data = list(zip(self.points, self.gradients, self.values, strict=True))
        for x, g, f in data:
            for y, h, e in data:
                d, s = _minus(x, y), _minus(g, h)
                bend = _dot(s, s) / L + mu * _dot(d, d) - 2 * mu / L * _dot(s, d)
                if f < e + _dot(h, d) + bend / (2 * (1 - mu / L)):
                    raise ParameterError(
                        f"no {self.mu}-strongly convex, {self.L}-smooth function has these gradients and values"
                    )
        if not any(not any(g) and f == 0 for _, g, f in data):
            raise ParameterError("one of the points must be a minimizer, with gradient 0 and value 0")

    @property
    def guarantees(self) -> frozenset[str]:
        """Smooth with constant L, convex with a minimizer, and strongly convex for mu > 0."""
        found = frozenset({"smooth", "smooth_f", "l_smooth", "convex", "minimiser", "lower-bounded", "lower_bounded"})
        return found | {"strongly-convex", "pl", "PL"} if self.mu > 0 else found

    @property
    def dim(self) -> int:
        return len(self.points[0])

    @property
    def minimum(self) -> int:
        return 0

    @property
    def minimizer(self) -> np.ndarray:
        """The point whose gradient is 0, shape (d,)."""
        point = self.points[[any(g) for g in self.gradients].index(False)]
        exactly = isinstance(self.mu, Exact)  # the copy that is replayed
        return np.array([Exact.of(c) if exactly else float(c) for c in point], dtype=object if exactly else float)

    def gradient(self, x: Any) -> np.ndarray:
        """Gradient at one of the points, shape (d,)."""
        k, exactly = self._find(x)
        return np.array(
            [Exact.of(c) if exactly else float(c) for c in self.gradients[k]], dtype=object if exactly else float
        )

    def __call__(self, x: Any) -> Any:
        k, exactly = self._find(x)
        return Exact.of(self.values[k]) if exactly else float(self.values[k])

    def _find(self, x: Any) -> tuple[int, bool]:
        """The place of x among the points, and whether x is exact."""
        if any(isinstance(c, Exact) for c in x):
            row = tuple(Exact.of(c).fraction() for c in x)  # Inexact for balls
            if row not in self.points:
                raise Inexact("the worst case is known at its own points only")
            return self.points.index(row), True
        rows = np.array([[float(c) for c in p] for p in self.points])
        away = np.abs(rows - np.asarray(x, float)).max(axis=1, initial=0.0)
        k = int(np.argmin(away))
        # a method in floats comes to its points up to rounding
        if not away[k] <= 1e-9 * (1 + np.abs(rows).max(initial=0.0)):
            raise ValueError("the worst case is known at its own points only")
        return k, False


def _minus(a: Row, b: Row) -> Row:
    return tuple(p - q for p, q in zip(a, b, strict=True))


def _dot(a: Row, b: Row) -> Fraction:
    return sum((p * q for p, q in zip(a, b, strict=True)), Fraction(0))
