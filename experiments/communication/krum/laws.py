"""Laws with finitely many values, and attackers on a grid, for exact enumeration."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

from gradproof.solvers.order_statistics import (
    Attack,
    select,
)

Value = tuple[Fraction, ...]
Law = list[tuple[Value, Fraction]]


def law_of(*pairs: tuple[Any, Any]) -> Law:
    return [((Fraction(v),), Fraction(q)) for v, q in pairs]


#: Laws on the line: lopsided, symmetric, three values; with n - f <= 5 correct vectors all outcomes are enumerated.
LAWS = {
    "lopsided": law_of((0, "4/5"), (1, "1/5")),
    "symmetric": law_of((-1, "1/2"), (1, "1/2")),
    "three": law_of((-1, "1/4"), (0, "1/2"), (2, "1/4")),
}
SIZES = ((3, 0), (4, 0), (5, 1), (7, 2))


def mean_of(law: Law) -> Fraction:
    return sum((q * v[0] for v, q in law), Fraction(0))


def variance_of(law: Law) -> Fraction:
    return sum((q * (v[0] - mean_of(law)) ** 2 for v, q in law), Fraction(0))


def worst_on_a_grid(f: int, harm: Callable[[Fraction], Fraction]) -> Attack | None:
    """f colluders at the place, of 13 rationals in [-3, 3], whose selected value does most harm; None for f = 0."""
    grid = [Fraction(k, 2) for k in range(-6, 7)]

    def attack(correct: list[Value]) -> list[Value]:
        def after(B: Fraction) -> Fraction:
            V = [*correct, *[(B,)] * f]
            return harm(V[select(V, f)][0])

        return [(max(grid, key=after),)] * f

    return attack if f else None


def distance_to(g: Fraction) -> Callable[[Fraction], Fraction]:
    """Harm by squared distance."""
    return lambda y: (y - g) ** 2


def shifted(law: Law, g: Fraction) -> Law:
    """The law moved to have mean g."""
    return [((v[0] - mean_of(law) + g,), q) for v, q in law]
