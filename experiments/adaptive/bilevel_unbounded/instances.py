"""Bilevel problems on a line in rational numbers, and one with a quadratic lower level on arrays."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction as F
from typing import Any, NamedTuple

import numpy as np
from array_api_compat import array_namespace

from gradproof.experiments.engine.backend import Backend
from gradproof.experiments.instances.bilevel import Bilevel
from gradproof.solvers.bilevel_quadratic import QuadraticLower

Array = Any

# --- on a line --------------------------------------------------------------------------------------------------------


class Line(NamedTuple):
    """Functions of x (and y) that are rational, and constants for which the assumptions hold where |x|, |y| <= reach."""

    name: str
    reach: F
    solution: Callable[[F], F]
    formula: Callable[[F, F], F]
    constants: dict[str, F]

    def gradient(self, x: F) -> F:
        """The slope of Phi: the formula at the lower solution."""
        return self.formula(x, self.solution(x))

    def inside(self, *points: F) -> bool:
        return all(abs(p) <= self.reach for p in points)


def constants(**given: F | int) -> dict[str, F]:
    """Those of relaxed smoothness; what is not given is 0, and mu = 1."""
    zero = dict.fromkeys(("L_x0", "L_x1", "L_y0", "L_y1", "M", "l_g2"), F(0))
    return zero | {"mu": F(1), "R": F(10**3)} | {k: F(v) for k, v in given.items()}


FAR, ROOT2 = F(10**6), F(99, 70)  # just above the root of 2
K0, WIDE = F(225, 16), F(5, 4)  # of the quartic for K1 = 1 within 5/4: w = 3/2, so that K0 = (9/4)(25/4)


def quartic_line(kappa: F, M: F) -> Line:
    """f = x^4/4 + M y, g = y^2/2 - kappa x y."""
    given = constants(L_x0=K0, L_x1=1, R=WIDE, kappa=kappa, M=M)
    return Line("quartic", FAR, lambda x: kappa * x, lambda x, y: x**3 + M * kappa, given)


def steep_line(kappa: F) -> Line:
    """f = y^2/2, g = y^2/2 - kappa x y."""
    given = constants(kappa=kappa, L_y0=1, M=kappa)
    return Line("steep", kappa, lambda x: kappa * x, lambda x, y: kappa * y, given)


def product_line(kappa: F) -> Line:
    """f = x y, g = y^2/2 - kappa x y."""
    given = constants(kappa=kappa, L_x0=1, L_y0=1, M=1)
    return Line("product", F(1), lambda x: kappa * x, lambda x, y: y + kappa * x, given)


def bent_line(reach: F) -> Line:
    """f = y, g = y^2/2 - x^2 y/2, whose solution x^2/2 has the slope x."""
    return Line("bent", reach, lambda x: x * x / 2, lambda x, y: x, constants(kappa=reach, M=1, l_g2=1))


def joint_line(kappa: F) -> Line:
    """f = u^4/4, u = x + y, g = (y - kappa x)^2/2; distances of u are at most root 2 times those of (x, y)."""
    given = {f"L_{v}{k}": ROOT2 * c for v in "xy" for k, c in enumerate((K0, F(1)))}
    given = constants(**given, kappa=kappa, M=(3 * (1 + kappa)) ** 3, R=F(7, 8))
    return Line("joint", F(3), lambda x: kappa * x, lambda x, y: (1 + kappa) * (x + y) ** 3, given)


def warped_line() -> Line:
    """f = y, g = (1 + x^2) y^2/2 - x y: the curvature of the lower level changes with x."""
    given = constants(kappa=3, M=1, l_g2=3, R=2)
    return Line("warped", F(1), lambda x: x / (1 + x * x), lambda x, y: (1 - 2 * x * y) / (1 + x * x), given)


def at(line: Line) -> dict[str, Any]:
    """A line and its constants, as one entry of an axis of cases."""
    return {"line": line, **line.constants}


QUARTIC_LINE, STEEP, BENT = quartic_line(F(1, 50), F(1, 100)), steep_line(F(20)), bent_line(F(1, 20))
PRODUCT, JOINT, WARPED = product_line(F(1, 50)), joint_line(F(1, 100)), warped_line()

# --- with a quadratic lower level ----------------------------------------------------------------------------------------

#: B_ij = cos(i j) as floats, which are rational numbers
CARD = QuadraticLower(
    [[F(1), F(0), F(0)], [F(0), F(5, 2), F(0)], [F(0), F(0), F(4)]],
    [[F(float(np.cos(i * j))) for j in (1, 2)] for i in (1, 2, 3)],
)
DENSE = QuadraticLower([[F(2), F(1)], [F(1), F(3)]], [[F(1), F(-1)], [F(1, 2), F(2)]])


def floats(rows: Any) -> np.ndarray:
    return np.array([[float(x) for x in row] for row in rows])


class Smooth(NamedTuple):
    """``f = sum x_i^4/4 + sum sqrt(1 + (y_j - 1)^2)`` over a quadratic lower level, on arrays."""

    problem: Bilevel
    solution: Callable[[Array], Array]

    def gradient(self, x: Array) -> Array:
        """That of Phi, in closed form."""
        y, p = self.solution(x), self.problem
        assert p.solve is not None
        return p.upper_x(x, y) - p.cross(x, y, p.solve(x, y, p.upper_y(x, y)))

    def value(self, x: Array) -> Array:
        """Phi(x), (...)."""
        xp = array_namespace(x)
        far = self.solution(x) - 1
        return xp.sum(x**4, axis=-1) / 4 + xp.sum(xp.sqrt(1 + far * far), axis=-1)


def smooth(on: Backend) -> Smooth:
    """The closed form: mu = 1, L = 4, the second derivative of f in y is at most 1, its gradient at most sqrt 3 long."""
    a, B = on.asarray(np.diag(floats(CARD.A))), on.asarray(floats(CARD.B))

    def upper_y(x: Array, y: Array) -> Array:
        xp = array_namespace(y)
        return (y - 1) / xp.sqrt(1 + (y - 1) * (y - 1))

    problem = Bilevel(
        upper_x=lambda x, y: x**3, upper_y=upper_y, lower=lambda x, y: a * y - x @ B.T, curve=lambda x, y, v: a * v,
        cross=lambda x, y, v: -(v @ B), y0=a * 0, L=4.0, solve=lambda x, y, v: v / a,
    )  # fmt: skip
    return Smooth(problem, lambda x: (x @ B.T) / a)
