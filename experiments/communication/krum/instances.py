"""Exact instances: laws with finitely many values, colluders on a grid, configurations of correct and Byzantine vectors."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache, partial
from typing import Any

import numpy as np

from gradproof.solvers.order_statistics import Rule, least_score, outcomes_under_attack, search_attack

Value = tuple[Fraction, ...]
Law = tuple[tuple[Value, Fraction], ...]


def settings(names: str, *rows: tuple[Any, ...]) -> list[dict[str, Any]]:
    """One mapping a row, for axes that move together."""
    return [dict(zip(names.split(), row, strict=True)) for row in rows]


def law_of(*pairs: tuple[Any, Any]) -> Law:
    """A law on the line from pairs (value, probability)."""
    return tuple(((Fraction(v),), Fraction(q)) for v, q in pairs)


#: Of three sizes, so that no variance is near one; with n - f <= 5 correct vectors all outcomes are enumerated.
LAWS = {
    "lopsided": law_of((0, "4/5"), (1, "1/5")),
    "small": law_of(("-1/10", "1/2"), ("1/10", "1/2")),
    "three": law_of((-10, "1/4"), (0, "1/2"), (20, "1/4")),
}


def mean_of(law: Law) -> Fraction:
    return sum((q * v[0] for v, q in law), Fraction(0))


def variance_of(law: Law) -> Fraction:
    return sum((q * (v[0] - mean_of(law)) ** 2 for v, q in law), Fraction(0))


def mean_vector(V: Sequence[Value], f: int) -> Value:
    """The mean of all vectors: no defence."""
    return tuple(sum(column, Fraction(0)) / len(V) for column in zip(*V, strict=True))


@dataclass(frozen=True)
class Attack:
    """Colluders (f unless said) at the place, of 13 within ``reach`` times the spread, that does most harm to ``rule``."""

    name: str
    reach: int = 3
    colluders: int | None = None
    rule: Rule = least_score


GRID = Attack("grid")
FAR = Attack("from afar", 300)
TOO_MANY = Attack("five colluders from afar", 300, 5)
ON_THE_MEAN = Attack("on the mean", 300, rule=mean_vector)

#: What an error y of the result does that has the gradient g.
HARM: dict[str, Any] = {"far": lambda y, g: abs(y), "large": lambda y, g: abs(y + g), "down": lambda y, g: -y}


@lru_cache(maxsize=256)
def errors(law: Law, n: int, f: int, harm: str, attack: Attack) -> list[tuple[Fraction, Fraction]]:
    """Every probability with the error of the result, for n vectors of which the colluders do most ``harm``."""
    g = mean_of(law)
    law, worst = tuple(((v[0] - g,), q) for v, q in law), partial(HARM[harm], g=g)
    grid = [max(abs(v[0]) for v, _ in law) * attack.reach * k / 6 for k in range(-6, 7)]
    return outcomes_under_attack(law, n, f, worst, grid, colluders=attack.colluders, rule=attack.rule)


def expected(outcomes: Sequence[tuple[Fraction, Fraction]], function: Callable[[Fraction], Any] = lambda y: y) -> Any:
    """The expectation of a function of the error."""
    return sum((w * function(y) for w, y in outcomes), Fraction(0))


# --- configurations ------------------------------------------------------------------------------------------------------

Vectors = tuple[tuple[Value, ...], tuple[Value, ...]]  # correct and Byzantine


def on_the_line(correct: Sequence[Any], byzantine: Sequence[Any] = ()) -> Vectors:
    return tuple((Fraction(x),) for x in correct), tuple((Fraction(x),) for x in byzantine)


#: The deterministic bound is attained: the colluder sits on the selected vector, at equal distance from two correct ones.
ATTAINED = on_the_line((0, 1, 1, 2, 2), (0,))


@lru_cache(maxsize=256)
def configuration(n: int, f: int, d: int, number: int) -> Vectors:
    """Small integers (many ties) with colluders anywhere; in every third configuration they are searched for."""
    rng = np.random.default_rng([n, f, d, number])
    correct = rng.integers(-4, 5, (n - f, d))
    B = rng.integers(-9, 10, (f, d)) if number % 3 else np.rint(search_attack(correct.astype(float), f, rng, tries=40))
    rows = [tuple(Fraction(int(x)) for x in v) for v in np.vstack([correct, B])]
    return tuple(rows[: n - f]), tuple(rows[n - f :])
