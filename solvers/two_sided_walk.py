r"""Stationary laws of SGD on the valley ``p w`` (w > 0), ``-c p w`` (w <= 0): exact, in rationals or in ball arithmetic.

With unit steps (:math:`\eta = 1`; a step :math:`\eta` scales w) the chain is a random walk that goes down by ``p + omega`` above 0
and up by ``c p - omega`` at and below 0. Noise of at most p leaves finitely many states. Two-point noise of any size: above 0 and
below, the balance equations are two recurrences with constant coefficients, whose decaying solutions are powers of roots of
trinomials; with the states between them they make one linear system, solved in balls: nothing is truncated.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from math import gcd
from typing import Any

import flint

from gradproof.solvers.exact.balls import ends
from gradproof.theory.errors import GradproofError, ParameterError

Number = Fraction | int
Noise = Mapping[Fraction, Fraction]  # value -> probability
Enclosure = tuple[Fraction, Fraction]

MOST_STATES = 400
MOST_UNKNOWNS = 300
WIDTH = Fraction(1, 10**25)  # of the enclosures


class NotStationary(GradproofError, ValueError):
    """No stationary law was found: too many states, or none at all."""


@dataclass(frozen=True)
class Stationary:
    """Enclosures (low, high) in the stationary law: equal ends where the law is known exactly.

    Attributes:
        mean: E w. share: P(w > 0). positive: E max(w, 0). loss: E V(w).
    """

    mean: Enclosure
    share: Enclosure
    positive: Enclosure
    loss: Enclosure


def next_point(w: Fraction, omega: Fraction, p: Number, c: Number, eta: Number = 1) -> Fraction:
    """One step of SGD; w = 0 counts as the steep side."""
    return w - eta * ((p if w > 0 else -c * p) + omega)


def two_point(s: Number) -> dict[Fraction, Fraction]:
    """Noise +-s with probability 1/2 each."""
    return {-Fraction(s): Fraction(1, 2), Fraction(s): Fraction(1, 2)} if s else {Fraction(0): Fraction(1)}


def law_after(
    steps: int, start: Number, p: Number, c: Number, noise: Noise, eta: Number = 1
) -> list[dict[Fraction, Fraction]]:
    """The laws of w_0, ..., w_steps from a fixed start, by enumeration."""
    laws = [{Fraction(start): Fraction(1)}]
    for _ in range(steps):
        after: dict[Fraction, Fraction] = {}
        for w, q in laws[-1].items():
            for omega, chance in noise.items():
                x = next_point(w, omega, p, c, eta)
                after[x] = after.get(x, Fraction(0)) + q * chance
        laws.append(after)
    return laws


def loss(w: Number, p: Number, c: Number) -> Number:
    """V(w)."""
    return p * w if w > 0 else -c * p * w


def finite_law(p: Number, c: Number, noise: Noise, start: Number = 0) -> dict[Fraction, Fraction]:
    """The stationary law on the states that are reached from ``start``, exactly.

    Raises:
        NotStationary: more than ``MOST_STATES`` states (noise of at most p has finitely many), or several recurrent classes.
    """
    states, table = [Fraction(start)], []
    known = {Fraction(start): 0}
    for w in states:
        row: dict[int, Fraction] = {}
        for omega, chance in noise.items():
            x = next_point(w, omega, p, c)
            if x not in known:
                known[x] = len(states)
                states.append(x)
                if len(states) > MOST_STATES:
                    raise NotStationary(
                        f"more than {MOST_STATES} states from {start}; give noise of at most p, or two points"
                    )
            row[known[x]] = row.get(known[x], Fraction(0)) + chance
        table.append(row)
    n = len(states)
    balance = flint.fmpq_mat(n, n)
    for i, row in enumerate(table):
        for j, q in row.items():
            balance[j, i] += flint.fmpq(q.numerator, q.denominator)
        balance[i, i] -= 1
    for j in range(n):  # the balance equations are dependent: the last one gives way to the sum of the law
        balance[n - 1, j] = 1
    right = flint.fmpq_mat(n, 1)
    right[n - 1, 0] = 1
    try:
        solved = balance.solve(right)
    except ZeroDivisionError:
        raise NotStationary(f"the chain from {start} has several recurrent classes") from None
    law = {w: Fraction(int(solved[i, 0].p), int(solved[i, 0].q)) for i, w in enumerate(states)}
    return {w: q for w, q in law.items() if q}


def of_finite(law: Mapping[Fraction, Fraction], p: Number, c: Number) -> Stationary:
    """Its moments, exactly."""

    def mean(f: Callable[[Fraction], Number]) -> Enclosure:
        value = sum((q * Fraction(f(w)) for w, q in law.items()), Fraction(0))
        return value, value

    return Stationary(
        mean(lambda w: w), mean(lambda w: int(w > 0)), mean(lambda w: w if w > 0 else 0), mean(lambda w: loss(w, p, c))
    )


@lru_cache(maxsize=64)
def stationary(p: Number, c: Number, s: Number, t: Number | None = None) -> Stationary:
    """The stationary law from w = 0 with unit steps and two-point noise of mean 0: -s with probability t/(s + t), else t.

    Exact where the states are finitely many (s <= p and t <= c p); else enclosures of width 1e-25 at most.

    Args:
        p, c, s, t: rational, p > 0, c > 0, s >= 0; t = s unless given: noise +-s of variance s^2. The variance is s t.

    Raises:
        ParameterError: a number out of range.
        NotStationary: too many states or unknowns.
    """
    p, c, s = Fraction(p), Fraction(c), Fraction(s)
    t = s if t is None else Fraction(t)
    if not (p > 0 and c > 0 and s >= 0 and (t > 0) == (s > 0)):
        raise ParameterError(f"need p > 0, c > 0 and s, t > 0 (or no noise, s = 0), got p={p}, c={c}, s={s}, t={t}")
    rise = t / (s + t) if s else Fraction(1, 2)
    if s <= p and t <= c * p:
        noise = {-s: rise, t: 1 - rise} if s else {Fraction(0): Fraction(1)}
        return of_finite(finite_law(p, c, noise), p, c)
    steps = [s - p, t + p, c * p + s, t - c * p]  # above 0: up a, down b; at and below: up A, down D (up -D)
    unit = _unit(steps)
    up, down, up_below, down_below = (int(x / unit) for x in steps)
    bits = 128
    while bits <= 4096:
        with flint.ctx.workprec(bits):
            try:
                mean, share, positive = _solve(up, down, up_below, down_below, rise)
            except ZeroDivisionError:  # the balls are too wide to invert
                bits *= 2
                continue
            found = [x * flint.arb(flint.fmpq(unit.numerator, unit.denominator)) for x in (mean, positive)]
            slope, ratio = (flint.arb(flint.fmpq(x.numerator, x.denominator)) for x in (p, c))
            values = [found[0], share, found[1], slope * ((1 + ratio) * found[1] - ratio * found[0])]
            if all(v.is_finite() for v in values):
                enclosed = [ends(v) for v in values]
                if all(high - low <= WIDTH for low, high in enclosed):
                    return Stationary(*enclosed)
        bits *= 2
    raise NotStationary(f"the law of p={p}, c={c}, s={s}, t={t} was not enclosed")


def _unit(steps: list[Fraction]) -> Fraction:
    """The largest number of which all are integer multiples."""
    common = 1
    for x in steps:
        common = common * x.denominator // gcd(common, x.denominator)
    whole = gcd(*(int(x * common) for x in steps))
    return Fraction(whole, common)


def _roots_inside(total: int, small: int, first: Fraction) -> list[Any]:
    """The ``small`` roots in the open unit disc of (1 - q) z^total - z^small + q, q = ``first``."""
    if small <= 0:
        return []
    coefficients = [0] * (total + 1)
    coefficients[0], coefficients[total] = first.numerator, first.denominator - first.numerator
    coefficients[small] -= first.denominator
    roots: Any = flint.fmpz_poly(coefficients).complex_roots()
    inside = [z for z, _ in roots if z.abs_upper() < 1]
    if len(inside) != small:
        raise ZeroDivisionError("roots near the unit circle are not told apart")
    return inside


def _solve(a: int, b: int, A: int, D: int, rise: Fraction) -> tuple[Any, Any, Any]:
    """E w, P(w > 0) and E max(w, 0) of the walk on the integers: above 0 up by a or down by b, else up by A or down by D.

    Unknown are the law on the states from ``first`` to ``last``, where the two recurrences do not reach, and the coefficients of
    the decaying powers beyond: ``last + 1 + n`` above (if a > 0), ``first - 1 - n`` below (if D > 0). ``rise``: the probability of
    each way up.
    """
    gap = A - a
    first, last = -gap + 1 if D > 0 else 1 - b, gap if a > 0 else A
    middle = last - first + 1
    size = middle + max(a, 0) + max(D, 0)
    if size > MOST_UNKNOWNS:
        raise NotStationary(f"{size} unknowns are more than {MOST_UNKNOWNS}; take smaller noise, or a coarser lattice")
    above, below = _roots_inside(a + b, a, rise), _roots_inside(A + D, D, 1 - rise)
    up, down = (flint.acb(flint.arb(flint.fmpq(q.numerator, q.denominator))) for q in (rise, 1 - rise))

    def add(row: list[Any], y: int, factor: Any) -> None:
        """The law at y as a row over the unknowns, times a factor."""
        if first <= y <= last:
            row[y - first] += factor
        elif y > last:
            for j, z in enumerate(above):
                row[middle + j] += factor * z ** (y - last - 1)
        elif D > 0:
            for j, z in enumerate(below):
                row[middle + len(above) + j] += factor * z ** (first - 1 - y)

    rows = []
    for x in range(1 - b, A + 1):
        row = [flint.acb(0)] * size
        add(row, x, flint.acb(-1))
        for y, chance in ((x - a, up), (x + b, down)):
            if y > 0:
                add(row, y, chance)
        for y, chance in ((x - A, up), (x + D, down)):
            if y <= 0:
                add(row, y, chance)
        rows.append(row)
    one = flint.acb(1)
    total = [one] * middle + [one / (1 - z) for z in (*above, *below)]
    flat = [flint.acb(int(y > 0)) for y in range(first, last + 1)]
    flat += [one / (1 - z) for z in above] + [flint.acb(0)] * len(below)
    moment = [flint.acb(y) for y in range(first, last + 1)]
    moment += [(last + 1) / (1 - z) + z / (1 - z) ** 2 for z in above]
    upper = [m if f != 0 else flint.acb(0) for m, f in zip(moment, flat, strict=False)] + [flint.acb(0)] * len(below)
    moment += [(first - 1) / (1 - z) - z / (1 - z) ** 2 for z in below]
    rows[0] = total  # one balance equation follows from the others
    if len(rows) != size:
        raise NotStationary(f"{len(rows)} equations for {size} unknowns")
    right = flint.acb_mat(size, 1)
    right[0, 0] = one
    solved = flint.acb_mat(rows).solve(right)

    def value(weights: list[Any]) -> Any:
        return sum((w * solved[i, 0] for i, w in enumerate(weights)), flint.acb(0)).real

    return value(moment), value(flat), value(upper)
