"""The heavy ball that Adam with a frozen second moment follows: energies, rates, its steps in balls, its stability."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction as F
from typing import Any, NamedTuple

import flint

from gradproof.experiments.adaptive.ttur.methods import frozen
from gradproof.experiments.engine.controls import breaking
from gradproof.experiments.engine.measure import Bracket, Enclosed, cases, measure
from gradproof.solvers import hurwitz, jury
from gradproof.solvers.exact.balls import ball, enclose
from gradproof.theory.adaptive import ttur as paper

# --- energies ------------------------------------------------------------------------------------------------------------


class Dual(NamedTuple):
    """A number and its slope."""

    value: Any
    slope: Any = F(0)

    def __add__(self, other: Any) -> Dual:
        other = other if isinstance(other, Dual) else Dual(F(other))
        return Dual(self.value + other.value, self.slope + other.slope)

    def __mul__(self, other: Any) -> Dual:
        other = other if isinstance(other, Dual) else Dual(F(other))
        return Dual(self.value * other.value, self.value * other.slope + self.slope * other.value)


Function = Callable[[Any, Any], Any]
Vector = tuple[Any, Any]
FUNCTIONS: dict[str, Function] = {
    "quadratic": lambda x, y: x * x + y * y * F(3, 2),
    "quartic": lambda x, y: x * x * x * x * F(1, 4) + x * y + y * y * F(-1),
    "coupled": lambda x, y: x * x * y + y * y * F(1, 2) + F(1),
}  # fmt: skip
STATES: list[tuple[Vector, Vector]] = [
    ((F(1), F(2)), (F(1), F(0))),
    ((F(-1), F(1)), (F(2), F(-3))),
    ((F(2), F(1, 2)), (F(0), F(1))),
]


class Flow(NamedTuple):
    """``theta'' = -friction theta' - push grad f`` at a place and speed: values with their slopes in time."""

    f: Dual
    theta: tuple[Dual, Dual]
    speed: tuple[Dual, Dual]
    square: Dual


def flow(f: Function, state: tuple[Vector, Vector], friction: Any, push: Any) -> Flow:
    (x, y), (u, v) = state
    pull = f(Dual(x, F(1)), Dual(y)).slope, f(Dual(x), Dual(y, F(1))).slope
    theta = Dual(x, u), Dual(y, v)
    speed = Dual(u, -friction * u - push * pull[0]), Dual(v, -friction * v - push * pull[1])
    return Flow(f(*theta), theta, speed, speed[0] * speed[0] + speed[1] * speed[1])


@measure(
    paper.ENERGY, cases(f=FUNCTIONS, state=STATES, r=[F(1), F(3, 2)], dr=[F(0), F(-1, 2)]).guaranteeing("heavy_ball")
)
def fall_of_the_energy(f, state, r, dr, push=None):
    """E' along the flow, in dual numbers; ``push``: another weight of the gradient."""
    at = flow(f, state, r, r if push is None else push)
    return (at.square * F(1, 2) + at.f * Dual(r, dr)).slope, {"V2": at.square.value, "F": at.f.value}


@measure(paper.PRINTED_ENERGY, cases(f=FUNCTIONS, state=STATES, a=[F(1), F(1, 3)]).guaranteeing("printed_ode"))
def fall_of_the_printed_energy(f, state, a, push=1):
    """E' along the flow as it is printed; ``push``: the weight of the gradient."""
    at = flow(f, state, a, push)
    return (at.square * F(1, 2) + at.f).slope, {"V2": at.square.value}


ONE: dict[str, Any] = {"f": {"quadratic": FUNCTIONS["quadratic"]}, "state": STATES[:1]}
breaking(paper.ENERGY, "heavy_ball", fall_of_the_energy, **ONE, r=[F(3, 2)], dr=[F(0)], push=[1])
breaking(paper.PRINTED_ENERGY, "printed_ode", fall_of_the_printed_energy, **ONE, a=[F(1, 3)], push=[2])

BOWLS: dict[str, Function] = {
    "round": lambda x, y: (x * x + y * y) * F(1, 2), "quartic": lambda x, y: (x * x + y * y) * F(1, 2) + x * x * x * x,
    "steep": lambda x, y: x * x * F(1, 2) + y * y * 4,
}  # fmt: skip
AT_REST = ((F(1), F(0)), (F(0), F(0)))


@measure(
    paper.RATE,
    cases(f=BOWLS, state=[*STATES, AT_REST], r=[F(4), F(1)], mu=[F(1)]).guaranteeing("heavy_ball", "strongly_convex"),
)
def relative_fall(f, state, r, mu, friction=1):
    """-Lambda'/Lambda along the flow in bowls with mu = 1 and the minimum 0 at 0; ``friction``: of it, what there is."""
    at = flow(f, state, friction * r, r)
    moved = [v + x * (r / 2) for x, v in zip(at.theta, at.speed, strict=True)]
    size = at.f * r + (moved[0] * moved[0] + moved[1] * moved[1]) * F(1, 2)
    return -size.slope / size.value


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


measure(paper.ODE, cases(valley=VALLEYS,
run=[{"a": F(1, 10), "N": 5}, {"a": F(1, 10), "N": 20}, {"a": F(1, 40), "N": 40}]).guaranteeing(
    "recursion", "lipschitz_field", "bounded_acceleration"))(distance_from_the_flow)  # fmt: skip
LONG: dict[str, Any] = {"valley": VALLEYS[:1], "a": F(1, 40), "N": 40}
breaking(paper.ODE, "recursion", distance_from_the_flow, **LONG, factor=F(1, 2))
breaking(paper.ODE, "bounded_acceleration", distance_from_the_flow, **LONG, smaller={"a twentieth": {"M": F(1, 5)}})

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
    breaking(_claim, _assumption, steepest, rate=RATES[:1], new=[not _new])  # the other order of the two updates
