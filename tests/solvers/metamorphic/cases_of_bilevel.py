"""Bilevel problems with a quadratic lower level, relaxed smoothness, and minimisers by Newton's method."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
from moves import Between, Case, about, holds, last_place, permuted, units

from gradproof.solvers import bilevel_quadratic, newton_cg, relaxed_smoothness

F = Fraction
RNG = np.random.default_rng(41)


def lower_level(A, B, x, y, L, N):
    level = bilevel_quadratic.QuadraticLower(A, B)
    best, after = level.solution(x), level.steps(x, y, N, L)
    far = bilevel_quadratic.plus(after, best, -1)
    assert level.slope(x, best) == [0] * len(y)
    series = bilevel_quadratic.plus(level.neumann(y, N, L), level.inverse(y), -1)
    behind = [e for _, e in level.track([x, x], y, N, 1, L)]
    v = level.inverse(y)
    return {
        "left": bilevel_quadratic.dot(far, far),
        "series": bilevel_quadratic.dot(series, series),
        "slope": bilevel_quadratic.dot(level.hypergradient([F(0)] * len(x), v), x),
        "tracked": holds(behind[-1] == far),
        "speed": Between(*level.speed()),
        "norm of B": Between(*bilevel_quadratic.norm(B)),
        "rows": holds(bilevel_quadratic.times(B, x) == bilevel_quadratic.times(A, best)),
        "roots": len(bilevel_quadratic.real_roots(bilevel_quadratic.to_flint(A).charpoly())),
    }


def curves(slope, K1, R):
    found = relaxed_smoothness.least_constant(slope, K1, R)
    assert relaxed_smoothness.pareto(slope, [K1], R) == [found]
    top = relaxed_smoothness.greatest([F(0), *(c / 7 for c in slope[1:]), F(-3)])
    return {"K0": Between(*found), "top": holds(top[0] <= top[1])}


def minimum(H, b, y):
    def curve(y, v):
        return v @ H + 3 * y * y * v

    best, error = newton_cg.minimise(lambda y: y @ H + y**3 - b, curve, y, 1.0)
    return {"length": about(float((best**2).sum()) ** 0.5, error)}


HESSIAN = np.diag([1.0, 2.0, 5.0])
OF_BILEVEL = {
    "quadratic lower level": Case(
        lower_level,
        {
            "A": [[F(2), F(1), F(0)], [F(1), F(3), F(1, 2)], [F(0), F(1, 2), F(1)]],
            "B": [[F(1), F(2)], [F(0), F(1)], [F(-1), F(1)]],
            "x": [F(1, 3), F(2)], "y": [F(1), F(-1), F(4)], "L": F(5), "N": 3,
        },
        {
            "coordinates": permuted(A=(0, 1), B=(0,), y=(0,)),
            "units of x": units({"B": 3, "x": -3}, **{"speed": 3, "norm of B": 3}),
        },
    ),
    "least constants": Case(
        curves,
        {"slope": [F(0), F(1), F(0), F(2), F(0), F(1, 3)], "K1": F(3, 2), "R": F(1, 4)},
        {"units of f": units({"slope": 4}, K0=4)},
    ),
    "a minimiser by Newton's method": Case(
        minimum,
        {"H": HESSIAN, "b": RNG.standard_normal(3), "y": np.zeros(3)},
        {"last place": last_place("H", "b"), "coordinates": permuted(H=(0, 1), b=(0,), y=(0,))},
    ),
}  # fmt: skip
