"""Networks on boxes of inputs in rational arithmetic: blocks inside the robust cones, linear pieces, worst losses at vertices."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from itertools import product
from typing import Any

import numpy as np

from gradproof.solvers.relu_program.patterns import Patterns

Loss = Callable[[Any, Any], Any]  # of a label and an output


def _dot(a: Any, b: Any) -> Fraction:
    return sum((p * q for p, q in zip(a, b, strict=True)), Fraction(0))


@dataclass(frozen=True, eq=False)
class RationalNetwork:
    """Rows X, labels, patterns, and blocks (2, P, d) = (v, w), all exact. ``within`` keeps those of the robust cones."""

    X: Sequence[Sequence[Any]]
    labels: Sequence[int]
    patterns: Patterns
    blocks: list[list[list[Fraction]]]

    def within(self, eps: Fraction) -> RationalNetwork:
        """Blocks with A_i v >= eps ||v||_1: as given, or in the nearest simple direction (a cone may be a ray), else zero."""

        def kept(s: Any, v: list[Fraction]) -> list[Fraction]:
            size = max(map(abs, v))
            simple = [size * (c / size).limit_denominator(1000) for c in v] if size else v
            for u in (v, simple):
                least = min((2 * int(bit) - 1) * _dot(row, u) for bit, row in zip(s, self.X, strict=True))
                if least >= eps * sum(map(abs, u)):
                    return u
            return [Fraction(0)] * len(v)

        blocks = [[kept(s, v) for s, v in zip(self.patterns.S, side, strict=True)] for side in self.blocks]
        return RationalNetwork(self.X, self.labels, self.patterns, blocks)

    def __call__(self, x: Sequence[Any]) -> Fraction:
        """The output at an input: neurons sqrt||v|| relu(v/sqrt||v|| . x) = relu(v . x), exactly."""
        plus, minus = (sum((max(_dot(v, x), Fraction(0)) for v in side), Fraction(0)) for side in self.blocks)
        return plus - minus

    def piece(self, k: int) -> dict[str, Fraction]:
        """Of the linear piece z_k at a data point: ``margin`` y_k x_k.z_k, ``residual`` x_k.z_k - y_k, and ``l1`` ||z_k||_1."""
        on = [(int(s[k]), v, w) for s, v, w in zip(self.patterns.S, *self.blocks, strict=True)]
        z = [sum((bit * (v[j] - w[j]) for bit, v, w in on), Fraction(0)) for j in range(len(self.X[k]))]
        value = _dot(self.X[k], z)
        size = sum(map(abs, z), Fraction(0))
        return {"margin": self.labels[k] * value, "residual": value - self.labels[k], "l1": size}

    def worst_at_vertices(self, k: int, eps: Fraction, loss: Loss) -> Fraction:
        """The largest loss over the vertices of the box around a data point."""
        sides = product((-1, 1), repeat=len(self.X[k]))
        corners = ([a + eps * s for a, s in zip(self.X[k], side, strict=True)] for side in sides)
        return max(Fraction(loss(self.labels[k], self(x))) for x in corners)

    @cached_property
    def size(self) -> Fraction:
        """sum ||v|| + ||w||, rounded once: by balance also half the squared norm of the network's weights."""
        return Fraction(float(np.linalg.norm(np.array(self.blocks, float), axis=2).sum()))

    def robust_objective(self, eps: Fraction, beta: Fraction) -> Fraction:
        """The robust program's: mean of (1 - margin + eps l1)_+, and beta times ``size``."""
        parts = [self.piece(k) for k in range(len(self.X))]
        losses = (max(Fraction(0), 1 - p["margin"] + eps * p["l1"]) for p in parts)
        return sum(losses, Fraction(0)) / len(parts) + beta * self.size
