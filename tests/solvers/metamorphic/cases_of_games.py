"""Stability in the left half-plane."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
from moves import Case, Move, holds

from gradproof.solvers import hurwitz

F = Fraction
WIDTH = F(1, 10**12)


def game(constant, linear, scale):
    """A + t B: the boundary is in units of t, and the same in every order of the coordinates."""

    def family(t):
        return (constant + t / scale * linear).tolist()

    low, high = hurwitz.first_instability(family, width=WIDTH * scale)
    inside, outside = (
        hurwitz.is_hurwitz(hurwitz.characteristic(family(t))) for t in (low - scale / 100, high + scale / 100)
    )
    return {
        "boundary": round(low / scale * 10**9), "inside": holds(inside), "outside": holds(not outside),
        "trace": -hurwitz.characteristic(family(scale))[1],
    }  # fmt: skip


def _reordered(data, rng):
    order = rng.permutation(3)
    return data | {k: data[k][np.ix_(order, order)] for k in ("constant", "linear")}


def _exact(rows):
    return np.array([[F(x) for x in row] for row in rows], dtype=object)


OF_GAMES = {
    "a game of three": Case(
        game,
        {
            "constant": _exact([[0, 0, 0], [1, -1, F(1, 3)], [0, F(-1, 3), -2]]),
            "linear": _exact([[2, -3, 1], [0, 0, 0], [0, 0, 0]]),
            "scale": F(1),
        },
        {
            "order of the coordinates": Move(_reordered),
            "unit of time": Move(lambda data, rng: data | {"scale": F(int(rng.integers(2, 9)), 7)}),
        },
    ),
}
