"""Instances in rational numbers and balls: quadratics with a wrong Hessian, functions on a line, a slope that turns."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction as F
from functools import cache
from typing import Any, NamedTuple

import flint
import sympy as sp

from gradproof.solvers.exact.balls import ball, ends
from gradproof.solvers.exact.linear import from_flint, to_flint
from gradproof.solvers.normalized_smoothness import Radius, radius

Vector = Sequence[F]
Matrix = Sequence[Vector]
Real = Callable[[flint.arb], flint.arb]
BITS = 160


def dot(u: Vector, v: Vector) -> F:
    return sum((F(a) * b for a, b in zip(u, v, strict=True)), F(0))


def times(A: Matrix, v: Vector) -> list[F]:
    return [dot(row, v) for row in A]


def root(x: F) -> Any:
    """The square root of a rational number, as a sympy number."""
    return sp.sqrt(sp.Rational(F(x).numerator, F(x).denominator))


def shifted(A: Matrix, c: F, B: Matrix | None = None) -> list[list[F]]:
    """``A + c B``, B the identity unless given."""
    n = range(len(A))
    return [[F(A[i][j]) + c * (F(i == j) if B is None else F(B[i][j])) for j in n] for i in n]


class Quadratic(NamedTuple):
    """A quadratic with the gradient g where the step begins, H in the place of its Hessian ``H + sigma R``, ``||R|| = 1``.

    The error of the linearised gradient is ``sigma R h`` at every h, so that ``gamma(x) = |g|/sigma``. The step has the radius
    ``over`` times that, and is ``stretch`` times as long as it should be.
    """

    H: Any  # rows of rational numbers
    R: Any
    g: Vector
    sigma: F = F(1)
    over: F = F(1)
    stretch: F = F(1)

    @property
    def lam(self) -> F:
        return self.sigma / self.over

    @property
    def size(self) -> Any:
        """|g|."""
        return root(dot(self.g, self.g))

    def step(self) -> list[F]:
        regularised = to_flint(shifted(self.H, self.lam))
        h = regularised.solve(to_flint([[-F(c)] for c in self.g]))
        return [self.stretch * row[0] for row in from_flint(h)]

    def image(self, h: Vector) -> list[F]:
        """The true Hessian's image of h."""
        return times(shifted(self.H, self.sigma, self.R), h)

    def fall(self) -> F:
        """f(x_k) - f(x_{k+1})."""
        h = self.step()
        return -dot(self.g, h) - dot(self.image(h), h) / 2

    def numbers(self) -> dict[str, Any]:
        """The length of the step, the fall, the square of the next gradient, and what the claims set beside them."""
        h = self.step()
        after = [F(a) + b for a, b in zip(self.g, self.image(h), strict=True)]
        return {
            "length": root(dot(h, h)), "h2": dot(h, h), "Hhh": dot(times(self.H, h), h), "fall": self.fall(),
            "gp2": dot(after, after), "lam": self.lam, "g": self.size, "gamma": self.size / self.lam,
        }  # fmt: skip


class OnLine(NamedTuple):
    """A function on a line in balls, with Lipschitz constants of its first two derivatives (where it has them)."""

    value: Real
    slope: Real
    curvature: Real
    L1: F | None = None
    L2: F | None = None
    convex: bool = True


def _sigmoid(t: flint.arb) -> flint.arb:
    return 1 / (1 + (-t).exp())


def polynomial(*coefficients: Any) -> OnLine:
    """``c_0 + c_1 t + c_2 t^2 + ...``."""
    c = [F(x) for x in coefficients]

    def horner(terms: Sequence[F]) -> Real:
        def at(t: flint.arb) -> flint.arb:
            out = flint.arb(0)
            for a in reversed(terms):
                out = out * t + ball(a)
            return out

        return at

    once = [k * a for k, a in enumerate(c)][1:]
    twice = [k * a for k, a in enumerate(once)][1:]
    return OnLine(horner(c), horner(once), horner(twice), L2=6 * abs(c[3]) if len(c) == 4 else None, convex=False)


#: 1/(6 sqrt 3) and 4/(3 sqrt 3) times 3 are the largest third derivatives of the first two, rounded up
LINES: dict[str, OnLine] = {
    "logistic": OnLine(
        lambda t: (1 + t.exp()).log(), _sigmoid, lambda t: _sigmoid(t) * _sigmoid(-t), F(1, 4), F(9623, 10**5)
    ),
    "log cosh": OnLine(
        lambda t: (3 * t).cosh().log() / 3,
        lambda t: (3 * t).tanh(),
        lambda t: 3 / (3 * t).cosh() ** 2,
        F(3),
        F(69283, 10**4),
    ),
    "wave": OnLine(lambda t: 2 * t + t.sin(), lambda t: 2 + t.cos(), lambda t: -t.sin(), F(1), F(1), False),
    "exponential": OnLine(flint.arb.exp, flint.arb.exp, flint.arb.exp),
    "quartic": polynomial(0, 0, 0, 0, F(1, 4))._replace(convex=True),
    "cubic": polynomial(0, 0, 0, F(1, 3)),
}


@cache
def radius_of(f: OnLine, t: F, hessian: F | None = None) -> Radius:
    return radius(f.slope, f.curvature, t, hessian=hessian)


class LineStep(NamedTuple):
    """One step on a line in balls, with a radius that is ``over`` times the certified lower end of gamma(t)."""

    gamma: F
    g: flint.arb
    lam: flint.arb
    H: flint.arb
    h: flint.arb
    fall: flint.arb
    after: flint.arb

    def numbers(self) -> dict[str, Any]:
        """As of ``Quadratic``."""
        with flint.ctx.workprec(BITS):
            h2 = self.h**2
            return {
                "length": abs(self.h), "h2": h2, "Hhh": self.H * h2, "fall": self.fall, "gp2": self.after**2,
                "lam": self.lam, "g": self.g, "gamma": self.gamma,
            }  # fmt: skip


def line_step(f: OnLine, t: F, over: F = F(1), hessian: F | None = None, stretch: F = F(1)) -> LineStep:
    """``hessian``: in the place of f''(t)."""
    gamma = over * radius_of(f, t, hessian).low
    with flint.ctx.workprec(BITS):
        x = ball(F(t))
        g = f.slope(x)
        H = f.curvature(x) if hessian is None else ball(hessian)
        lam = abs(g) / ball(gamma)
        h = -ball(stretch) * g / (H + lam)
        return LineStep(gamma, abs(g), lam, H, h, f.value(x) - f.value(x + h), f.slope(x + h))


def low(x: flint.arb) -> F:
    return ends(x)[0]


def high(x: flint.arb) -> F:
    return ends(x)[1]


class Turning(NamedTuple):
    """H = 0, |g| = 1 on a line: the slope is 1 - t up to 1 - d, then linear up to ``top <= 2`` at t = 1.

    The error is at most t at every t, and equal to it on the first piece: gamma(x) = 1.
    """

    d: F
    top: F = F(2)

    def fall(self) -> F:
        """The area under the slope."""
        return (1 + self.d) / 2 * (1 - self.d) + (self.d + self.top) / 2 * self.d


def searched(
    f: OnLine, t: F, gamma0: F, steps: int, *, down: F = F(1, 2), up: F = F(2)
) -> tuple[list[F], list[F], int, F]:
    """The adaptive search on a line, decided in balls: iterates (rounded), radii taken, number of trials, the next first trial.

    Raises:
        ArithmeticError: a test of acceptance is not decided.
    """
    x, gamma, xs, trials = F(t), F(gamma0), [F(t)], 0
    taken: list[F] = []
    with flint.ctx.workprec(BITS):
        while len(taken) < steps:
            at = ball(x)
            g = f.slope(at)
            h = -g / (f.curvature(at) + abs(g) / ball(gamma))
            margin = 8 * (f.value(at) - f.value(at + h)) * abs(g) - ball(gamma) * f.slope(at + h) ** 2
            trials += 1
            if margin.contains(0):
                raise ArithmeticError(f"whether the step from {float(x):.6g} is accepted is not decided")
            if margin > 0:
                x = F(round(ends((at + h).mid())[0] * 2**100), 2**100)
                xs.append(x)
                taken.append(gamma)
                gamma = up * gamma
            else:
                gamma = down * gamma
    return xs, taken, trials, gamma
