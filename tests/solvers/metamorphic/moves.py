"""Changes of a problem after which a solver must say the same, and what "the same" means."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import numpy as np

EPS = 2.0**-52

Data = dict[str, Any]
Answers = dict[str, Any]


@dataclass(frozen=True)
class Between:
    """The truth lies between the ends, as the solver states them."""

    low: Any
    high: Any


def about(value: Any, error: Any = 0.0) -> Between:
    """A value with the error that its solver states."""
    return Between(value - error, value + error)


def holds(said: bool) -> bool:
    """A verdict that can be only one: two solvers, or a solver and its definition, agree."""
    assert said
    return True


def rounded(value: float, operations: float = 64) -> Between:
    """A float without an error of its own: it came out of so many roundings of its size."""
    return about(float(value), operations * EPS * abs(float(value)))


@dataclass(frozen=True)
class Move:
    """``change`` of the data; ``factors``: how the answers change with it.

    Args:
        inexact: the data themselves are rounded anew, so that the truth moves as well, by the condition of the problem.
    """

    change: Callable[[Data, np.random.Generator], Data]
    factors: Mapping[str, float] = field(default_factory=dict)
    inexact: bool = False


@dataclass(frozen=True)
class Case:
    """A solver on one problem.

    Args:
        solve: data -> answers by name: ``Between`` for values, anything else is a verdict and must be equal.
        moves: by name. Every case is also run with one and two threads, and in a child process.
        condition: how many roundings of its size a value moves by where every input moves by one.
        width: the widest that an answer may be, relative: an answer that says nothing agrees with everything.
        slow: left to the slow test.
    """

    solve: Callable[..., Answers]
    data: Data
    moves: Mapping[str, Move] = field(default_factory=dict)
    condition: float = 1e3
    width: float = 1e-6
    slow: bool = False


# --- moves ---------------------------------------------------------------------------------------------------------------


def permuted(**axes: tuple[int, ...]) -> Move:
    """The same permutation of these axes of these arrays (or nested lists, or lists)."""

    def change(data: Data, rng: np.random.Generator) -> Data:
        name, (axis, *_) = next(iter(axes.items()))
        order = rng.permutation(_size(data[name], axis))
        new = dict(data)
        for name, where in axes.items():
            for axis in where:
                new[name] = _taken(new[name], order, axis)
        return new

    return Move(change)


def turned(**axes: tuple[int, ...]) -> Move:
    """The same rotation of these axes of these arrays."""

    def change(data: Data, rng: np.random.Generator) -> Data:
        name, (axis, *_) = next(iter(axes.items()))
        Q = np.linalg.qr(rng.standard_normal((np.shape(data[name])[axis],) * 2))[0]
        new = dict(data)
        for name, where in axes.items():
            for axis in where:
                new[name] = np.moveaxis(np.tensordot(new[name], Q, axes=(axis, 0)), -1, axis)
            if len(where) == 2:  # a quadratic form stays symmetric
                new[name] = (new[name] + np.swapaxes(new[name], *where)) / 2
        return new

    return Move(change, inexact=True)


def units(powers: Mapping[str, int], **answers: int) -> Move:
    """Data times powers of two; answers change by powers of two."""

    def change(data: Data, rng: np.random.Generator) -> Data:
        return data | {k: _scaled(data[k], p) for k, p in powers.items()}

    return Move(change, {k: 2.0**p for k, p in answers.items()})


def last_place(*names: str) -> Move:
    """Every number of these data one unit in the last place up, down, or where it is; zeros and symmetric entries alike."""

    def change(data: Data, rng: np.random.Generator) -> Data:
        new = dict(data)
        for name in names:
            x = np.asarray(new[name], float)
            moved = np.where(x == 0, x, x + rng.integers(-1, 2, x.shape) * np.spacing(np.abs(x)))
            square = x.ndim >= 2 and x.shape[-1] == x.shape[-2] and (x == np.swapaxes(x, -1, -2)).all()
            if square:
                moved = np.triu(moved) + np.swapaxes(np.triu(moved, 1), -1, -2)
            new[name] = float(moved) if x.ndim == 0 else moved
        return new

    return Move(change, inexact=True)


def _scaled(x: Any, power: int) -> Any:
    factor = Fraction(2) ** power
    if isinstance(x, list | tuple):
        return type(x)(_scaled(v, power) for v in x)
    if isinstance(x, int | Fraction):
        return x * factor
    return np.asarray(x) * (factor if np.asarray(x).dtype == object else float(factor))


def _size(x: Any, axis: int) -> int:
    return len(x) if axis == 0 else _size(x[0], axis - 1) if isinstance(x, list | tuple) else np.shape(x)[axis]


def _taken(x: Any, order: np.ndarray, axis: int) -> Any:
    if isinstance(x, list | tuple):
        picked = [x[i] for i in order] if axis == 0 else [_taken(row, order, axis - 1) for row in x]
        return type(x)(picked)
    return np.take(x, order, axis=axis)


# --- the same --------------------------------------------------------------------------------------------------------------


def differences(case: Case, first: Answers, second: Answers, move: Move | None = None) -> list[str]:
    """How two answers disagree: other verdicts, or values that are apart by more than their errors."""
    move = move or Move(lambda data, rng: data)
    if set(first) != set(second):
        return [f"answers {sorted(first)} and {sorted(second)}"]
    found = []
    for name, a in first.items():
        b = second[name]
        if not isinstance(a, Between):
            if (a * Fraction(move.factors[name]) if name in move.factors else a) != b:
                found.append(f"{name}: {a} and {b}")
            continue
        factor = move.factors.get(name, 1)
        factor = Fraction(factor) if isinstance(a.low, Fraction) else factor
        low, high = a.low * factor, a.high * factor
        if move.inexact:
            slack = case.condition * EPS * float(max(abs(low), abs(high), abs(b.low), abs(b.high)))
            low, high = low - slack, high + slack
        if not (b.low <= high and low <= b.high):
            found.append(f"{name}: [{float(low)!r}, {float(high)!r}] and [{float(b.low)!r}, {float(b.high)!r}]")
    return found


def too_wide(case: Case, answers: Answers) -> list[str]:
    """Values whose stated error is more than the case allows."""
    return [
        f"{name}: [{float(a.low)!r}, {float(a.high)!r}]"
        for name, a in answers.items()
        if isinstance(a, Between)
        and not float(a.high - a.low) <= min(case.width * max(abs(float(a.low)), abs(float(a.high))), 1e300)
    ]


def as_json(answers: Answers) -> dict[str, Any]:
    """Answers as texts, floats exactly."""
    return {k: [_text(a.low), _text(a.high)] if isinstance(a, Between) else repr(a) for k, a in sorted(answers.items())}


def _text(x: Any) -> str:
    return str(Fraction(x)) if math.isfinite(x) else str(float(x))


def read_json(answers: Mapping[str, Any]) -> Answers:
    """What ``as_json`` wrote; verdicts stay texts."""

    def number(x: str) -> Any:
        return float(x) if x in ("inf", "-inf", "nan") else Fraction(x)

    return {k: Between(*map(number, v)) if isinstance(v, list) else v for k, v in answers.items()}
