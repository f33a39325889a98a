"""The radius of a linearised gradient: what mirrors, units and a basis must not change."""

from __future__ import annotations

from fractions import Fraction

import flint
import numpy as np
from moves import Between, Case, Move, about, holds, turned, units

from gradproof.solvers.normalized_smoothness import radius, radius_above

F = Fraction


def _horner(c, t):
    out = flint.arb(0)
    for a in reversed(c):
        out = out * t + flint.arb(flint.fmpq(a.numerator, a.denominator))
    return out


def on_a_line(c, t, hessian):
    """For the polynomial with these coefficients."""
    once = [k * a for k, a in enumerate(c)][1:]
    twice = [k * a for k, a in enumerate(once)][1:]
    found = radius(lambda x: _horner(once, x), lambda x: _horner(twice, x), t, hessian=hessian)
    coarse = radius(lambda x: _horner(once, x), lambda x: _horner(twice, x), t, hessian=hessian, width=1e-3)
    return {"gamma": Between(*found), "agree": holds(coarse.low <= found.high and found.low <= coarse.high)}


def _mirrored(data, rng):
    return data | {"c": [(-1) ** k * a for k, a in enumerate(data["c"])], "t": -data["t"]}


def _stretched(data, rng):
    """t in units that are 8 times smaller."""
    c = [a / F(8) ** k for k, a in enumerate(data["c"])]
    return data | {"c": c, "t": 8 * data["t"], "hessian": None if data["hessian"] is None else data["hessian"] / 64}


def in_the_plane(A, x, H):
    """For ``|x|^2/2 + |x|^4/4 + <Ax, x>/2``; a grid turns with nothing, so that only bounds are compared."""

    def gradient(y):
        return y * (1 + (y * y).sum(-1, keepdims=True)) + y @ A

    return {"gamma": about(radius_above(gradient, H, x, directions=4000), 2e-4)}


MOVES = {
    "mirror": Move(_mirrored),
    "unit of t": Move(_stretched, {"gamma": 8.0}),
    "constant": Move(lambda data, rng: data | {"c": [a + 5 * (k == 0) for k, a in enumerate(data["c"])]}),
}
OF_RADII: dict[str, Case] = {
    "radius on a line": Case(
        on_a_line, {"c": [F(0), F(1, 3), F(-1), F(1, 2), F(1, 5)], "t": F(7, 4), "hessian": None}, MOVES, width=1e-8
    ),
    "radius with another Hessian": Case(
        on_a_line, {"c": [F(0), F(-2), F(0), F(1, 3)], "t": F(3), "hessian": F(1, 2)},
        MOVES | {"unit of f": units({"c": 10, "hessian": 10})}, width=1e-8,
    ),
    "radius in the plane, from above": Case(
        in_the_plane,
        {"A": np.array([[2.0, 0.5], [0.5, 1.0]]), "x": np.array([1.0, -0.5]), "H": np.array([[4.0, 0.0], [0.0, 3.0]])},
        {"basis": turned(A=(0, 1), x=(0,), H=(0, 1))}, width=1e-3,
    ),
}  # fmt: skip
