"""The heavy ball that Adam with a frozen second moment follows: energies and rates of its flow, its steps in balls, its stability."""

from collections.abc import Callable
from fractions import Fraction as F
from typing import Any

import flint
import sympy as sp

from gradproof.experiments.adaptive.ttur.methods import frozen
from gradproof.experiments.engine.controls import breaking, replacing
from gradproof.experiments.engine.measure import Bracket, Enclosed, cases, measure
from gradproof.solvers import hurwitz, jury
from gradproof.solvers.exact.balls import ball, enclose
from gradproof.theory.adaptive import ttur as paper

# --- energies ------------------------------------------------------------------------------------------------------------

T, X0, X1 = sp.symbols("t x0 x1")
FUNCTIONS = {
    "quadratic": X0**2 + 3 * X1**2 / 2,
    "quartic": X0**4 / 4 + X0 * X1 - X1**2,
    "coupled": X0**2 * X1 + X1**2 / 2 + 1,
}
STATES = [((1, 2), (1, 0)), ((-1, 1), (2, -3)), ((2, sp.Rational(1, 2)), (0, 1))]


def slope(energy: Callable[..., Any], f: sp.Expr, state: Any, friction: Any, push: Any) -> Any:
    """Derivative at t = 0 of an energy along ``theta'' = -friction theta' - push grad f``, in rationals."""
    theta, speed = state
    here = {X0: theta[0], X1: theta[1]}
    pull = [sp.diff(f, x).subs(here) for x in (X0, X1)]
    fall = [-friction * v - push * g for v, g in zip(speed, pull, strict=True)]
    path = [x + T * v + T**2 * a / 2 for x, v, a in zip(theta, speed, fall, strict=True)]
    along = energy(f.subs({X0: path[0], X1: path[1]}), sum(sp.diff(x, T) ** 2 for x in path))
    return sp.Rational(sp.diff(along, T).subs(T, 0))


def square(v: Any) -> Any:
    return sum(x * x for x in v)


def fitting(state: Any, f: sp.Expr) -> dict[str, Any]:
    return {"V2": square(state[1]), "F": sp.Rational(f.subs({X0: state[0][0], X1: state[0][1]}))}


HALF = sp.Rational(1, 2)


@measure(
    paper.ENERGY, cases(f=FUNCTIONS, state=STATES, r=[F(1), F(3, 2)], dr=[F(0), F(-1, 2)]).guaranteeing("heavy_ball")
)
def fall_of_the_energy(f, state, r, dr, push=None):
    """E' along the flow, by its Taylor polynomial; ``push``: another weight of the gradient."""
    r, dr = sp.Rational(r), sp.Rational(dr)
    found = slope(lambda value, v2: HALF * v2 + (r + dr * T) * value, f, state, r, r if push is None else push)
    return found, fitting(state, f)


@measure(paper.PRINTED_ENERGY, cases(f=FUNCTIONS, state=STATES, a=[F(1), F(1, 3)]).guaranteeing("printed_ode"))
def fall_of_the_printed_energy(f, state, a, push=1):
    """E' along the flow as it is printed; ``push``: the weight of the gradient."""
    return slope(lambda value, v2: HALF * v2 + value, f, state, sp.Rational(a), push), fitting(state, f)


ONE: dict[str, Any] = {"f": {"quadratic": FUNCTIONS["quadratic"]}, "state": STATES[:1]}
breaking(paper.ENERGY, "heavy_ball", fall_of_the_energy, **ONE, r=[F(3, 2)], dr=[F(0)], push=[1])
breaking(paper.PRINTED_ENERGY, "printed_ode", fall_of_the_printed_energy, **ONE, a=[F(1, 3)], push=[2])

BOWLS = {"round": (X0**2 + X1**2) / 2, "quartic": (X0**2 + X1**2) / 2 + X0**4, "steep": X0**2 / 2 + 4 * X1**2}
AT_REST = ((1, 0), (0, 0))


@measure(
    paper.RATE,
    cases(f=BOWLS, state=[*STATES, AT_REST], r=[F(4), F(1)], mu=[F(1)]).guaranteeing("heavy_ball", "strongly_convex"),
)
def relative_fall(f, state, r, mu, friction=1):
    """Lambda'/Lambda along the flow in bowls with mu = 1 and the minimum 0 at 0; ``friction``: of it, what there is."""
    r = sp.Rational(r)

    def size(value: Any, v2: Any) -> Any:
        return r * value

    theta, speed = state
    here = {X0: theta[0], X1: theta[1]}
    pull = [sp.diff(f, x).subs(here) for x in (X0, X1)]
    moved = [v + r / 2 * x for x, v in zip(theta, speed, strict=True)]
    change = [-friction * r * v - r * g + r / 2 * v for v, g in zip(speed, pull, strict=True)]
    fall = slope(size, f, state, friction * r, r) + sum(m * c for m, c in zip(moved, change, strict=True))
    return sp.Rational(fall / (r * f.subs(here) + square(moved) / 2))


REST: dict[str, Any] = {"f": {"round": BOWLS["round"]}, "state": [AT_REST]}
breaking(paper.RATE, "long_memory", relative_fall, **REST, r=[F(8)], mu=[F(1)])
breaking(paper.RATE, "strongly_convex", relative_fall, **REST, r=[F(8)], mu=[F(2)])
breaking(
    paper.RATE,
    "heavy_ball",
    relative_fall,
    f=REST["f"],
    state=[((0, 0), (1, 0))],
    r=[F(4)],
    mu=[F(1)],
    friction=[F(1, 2)],
)

# --- Adam's steps beside the flow ------------------------------------------------------------------------------------------

#: r, lambda and the frequency omega = (r lambda)^1/2
VALLEYS = [
    {"r": F(1), "lam": F(1), "omega": F(1)},
    {"r": F(1, 2), "lam": F(2), "omega": F(1)},
    {"r": F(1), "lam": F(1, 4), "omega": F(1, 2)},
]


def theta_m(r: F, lam: F, a: F, N: int, new: bool, factor: F = F(1)) -> tuple[F, F]:
    theta, m = F(1), F(0)
    for _ in range(N):
        theta, m = frozen(theta, m, lambda x: factor * lam * x, a, r, new=new)
    return theta, m


def distance_from_the_flow(r, lam, omega, a, N, new=False, factor=F(1), smaller=None):
    """|z_N - z(Na)| in the norm of the energy, from theta = 1, m = 0, in balls; ``smaller``: bounds that are said to hold.

    In that norm the field is (omega + r)-Lipschitz and the solution does not grow: |z''| <= (omega + r)^2 omega.
    """
    theta, m = theta_m(r, lam, a, N, new, factor)

    def of() -> flint.arb:
        flow = (flint.arb_mat([[0, -1], [ball(r * lam), ball(-r)]]) * ball(a * N)).exp()
        return (ball(r * lam) * (ball(theta) - flow[0, 0]) ** 2 + (ball(m) - flow[1, 0]) ** 2).sqrt()

    L = omega + r
    return Enclosed(*enclose(of, width=F(1, 10**15)), "rounding"), {"L": L, "M": L * L * omega} | (smaller or {})


measure(paper.ODE, cases(valley=VALLEYS, run=[{"a": F(1, 10), "N": 5}, {"a": F(1, 10), "N": 20}, {"a": F(1, 40), "N": 40}]).guaranteeing(
    "recursion", "lipschitz_field", "bounded_acceleration"))(distance_from_the_flow)  # fmt: skip
LONG: dict[str, Any] = {"valley": VALLEYS[:1], "a": F(1, 40), "N": 40}
breaking(paper.ODE, "recursion", distance_from_the_flow, **LONG, factor=F(1, 2))
breaking(paper.ODE, "lipschitz_field", distance_from_the_flow, **LONG, smaller=[{"L": F(1, 10), "M": F(1, 4)}])
breaking(paper.ODE, "bounded_acceleration", distance_from_the_flow, **LONG, smaller=[{"M": F(1, 10)}])

# --- how steep a valley it bears -------------------------------------------------------------------------------------------

RATES = [{"a": F(1, 10), "beta": F(9, 10)}, {"a": F(2), "beta": F(0)}, {"a": F(1), "beta": F(1, 2)}]


def steepest(a, beta, new):
    """Where the step ceases to be stable, by Jury's test on the matrix of the step."""
    r = (1 - beta) / a

    def of(lam: F) -> list[F]:
        columns = [frozen(*unit, lambda x: lam * x, a, r, new=new) for unit in ((F(1), F(0)), (F(0), F(1)))]
        return hurwitz.characteristic([list(row) for row in zip(*columns, strict=True)])

    return Bracket(*jury.stability_boundary(of, F(1, 1000), F(10**6), width=F(1, 10**8)))


for _claim, _assumption, _new in (
    (paper.FROZEN_STABILITY, "frozen", False),
    (paper.ORDER_STABILITY, "adam_order", True),
):
    measure(_claim, cases(rate=RATES, new=[_new]).guaranteeing(_assumption))(steepest)
    replacing(_claim, "the other order of the two updates", steepest, rate=RATES[:1], new=[not _new])
