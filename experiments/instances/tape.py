"""A strategy as a function of a list of numbers: the choices it makes, one after the other.

Hypothesis asks a *provider* for every number a strategy draws. Here the provider reads them from a tape and draws what
the tape lacks, so that any strategy can be searched by moving numbers, not only by drawing again.
"""

from __future__ import annotations

import math
import random
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from hypothesis.control import BuildContext
from hypothesis.errors import HypothesisException, StopTest
from hypothesis.internal.conjecture.data import ConjectureData
from hypothesis.internal.conjecture.providers import PrimitiveProvider
from hypothesis.strategies import SearchStrategy

from gradproof.theory.errors import ParameterError

Value = float | int | bool | str | bytes
SMALLEST = 2.0**-1022  # subnormal numbers are not drawn
WIDE = 1e4  # where a float has no bound of its own, most of the search stays within


class Rejected(Exception):
    """The strategy found no instance at these choices."""


@dataclass(frozen=True, slots=True)
class Choice:
    """One number drawn, and the range in which it was drawn."""

    kind: str  # float, integer, boolean, string, bytes
    value: Value
    low: float
    high: float
    simplest: float


@dataclass(frozen=True)
class Play:
    """What a strategy made of a tape."""

    value: Any
    choices: tuple[Choice, ...]

    @property
    def tape(self) -> tuple[Value, ...]:
        return tuple(c.value for c in self.choices)


class _Reader:
    """Reads numbers from a tape, new ones from a generator, and keeps what was read: a :class:`Source`."""

    def __init__(self, tape: Sequence[Value], rng: random.Random | None, corner: float) -> None:
        self.tape, self.rng, self.corner = tape, rng, corner
        self.choices: list[Choice] = []

    def _next(self, kind: type) -> Any:
        i = len(self.choices)
        return self.tape[i] if i < len(self.tape) and isinstance(self.tape[i], kind) else None

    def keep(self, kind: str, value: Value, low: float = 0, high: float = 0, simplest: float = 0) -> Any:
        self.choices.append(Choice(kind, value, low, high, simplest))
        return value

    def real(self, low: float, high: float) -> float:
        if not low <= high:
            raise ParameterError(
                f"a number is to be drawn between {low} and {high}, where there is none; check the strategy's limits"
            )
        low, high = float(low), float(high)  # an end that is drawn is read back as a choice only if it is a float
        simplest = min(max(0.0, low), high)
        v = self._next(float)
        if v is None:
            v = simplest if self.rng is None else _random_float(self.rng, low, high, self.corner)
        v = min(max(v, low), high)
        if 0 < abs(v) < SMALLEST:
            v = simplest
        return self.keep("float", v, low, high, simplest)

    def integer(self, low: int, high: int, simplest: int = 0) -> int:
        simplest = min(max(simplest, low), high)
        v = self._next(int)
        if v is None or isinstance(v, bool):
            v = simplest if self.rng is None else _random_integer(self.rng, low, high, simplest, self.corner)
        return self.keep("integer", min(max(v, low), high), low, high, simplest)

    def boolean(self, p: float = 0.5) -> bool:
        v = self._next(bool)
        if v is None or not 0 < p < 1:
            v = p >= 1 if not 0 < p < 1 else (self.rng is not None and self.rng.random() < p)
        return self.keep("boolean", v, 0, 1, 0)

    def pick(self, options: Sequence[Any]) -> Any:
        return options[self.integer(0, len(options) - 1)]

    def reject(self) -> Any:
        raise Rejected

    def __call__(self, strategy: SearchStrategy) -> Any:
        recipe = getattr(strategy, "gradproof_recipe", None)
        if recipe is not None:
            return recipe(self)
        return _through_hypothesis(strategy, self)


class _Provider(PrimitiveProvider):
    """Answers Hypothesis's questions from a reader."""

    avoid_realization = False

    def __init__(self, data: Any, /, reader: _Reader) -> None:
        super().__init__(data)
        self.reader = reader

    def draw_boolean(self, p: float = 0.5) -> bool:
        return self.reader.boolean(p)

    def draw_integer(self, min_value: int | None = None, max_value: int | None = None, *, weights: Any = None,
                     shrink_towards: int = 0) -> int:  # fmt: skip
        low = min_value if min_value is not None else min(-(2**16), max_value if max_value is not None else 0)
        high = max_value if max_value is not None else max(2**16, low + 2**16)
        return self.reader.integer(low, high, shrink_towards)

    def draw_float(self, *, min_value: float = -math.inf, max_value: float = math.inf, allow_nan: bool = True,
                   smallest_nonzero_magnitude: float) -> float:  # fmt: skip
        return self.reader.real(float(min_value), float(max_value))

    def draw_string(self, intervals: Any, *, min_size: int = 0, max_size: int = 8) -> str:
        r = self.reader
        v = r._next(str)
        if v is None:
            n = min_size if r.rng is None else r.rng.randint(min_size, min(max_size, min_size + 8))
            pick = r.rng or random.Random(0)
            v = "".join(chr(intervals[pick.randrange(len(intervals))]) for _ in range(n))
        return r.keep("string", v)

    def draw_bytes(self, min_size: int = 0, max_size: int = 8) -> bytes:
        r = self.reader
        v = r._next(bytes)
        if v is None:
            v = bytes(min_size) if r.rng is None else r.rng.randbytes(min_size)
        return r.keep("bytes", v)


def play(strategy: SearchStrategy, tape: Sequence[Value] = (), rng: random.Random | None = None,
         corner: float = 0.3) -> Play:  # fmt: skip
    """Draw from a strategy with these choices; further ones from ``rng``, or the simplest if it is ``None``.

    Raises:
        Rejected: the strategy refuses the choices (``assume``, ``filter``), or makes too many.
    """
    reader = _Reader(tape, rng, corner)
    try:
        value = reader(strategy)
    except (HypothesisException, StopTest) as error:
        if type(error).__name__ in ("UnsatisfiedAssumption", "StopTest"):
            raise Rejected from None
        raise
    return Play(value, tuple(reader.choices))


def _through_hypothesis(strategy: SearchStrategy, reader: _Reader) -> Any:
    data = ConjectureData(random=None, provider=_Provider, provider_kw={"reader": reader})
    with warnings.catch_warnings(), BuildContext(data, is_final=False, wrapped_test=play):
        warnings.simplefilter("ignore")
        return data.draw(strategy)


def _random_float(rng: random.Random, low: float, high: float, corner: float) -> float:
    """Ends and landmarks often, else on a linear or a logarithmic scale from either end."""
    a, b = max(low, -WIDE), min(high, WIDE)
    if a > b:  # the whole range lies beyond
        a, b = low, high
    u = rng.random()
    if u < corner:
        marks = [x for x in (a, b, a, b, 0.0, 1.0, -1.0, 0.5, 2.0, (a + b) / 2) if a <= x <= b]
        return rng.choice(marks)
    if u < corner + 0.35 * (1 - corner):
        return rng.uniform(a, b)
    if a > 0 and b / a > 50 and rng.random() < 0.6:
        return min(max(math.exp(rng.uniform(math.log(a), math.log(b))), a), b)
    if a < 0 < b:
        end = b if rng.random() < b / (b - a) else a
        return end * 10 ** rng.uniform(-4, 0)
    step = (b - a) * 10 ** rng.uniform(-4, 0)
    return min(max(a + step if rng.random() < 0.7 else b - step, a), b)


def _random_integer(rng: random.Random, low: int, high: int, simplest: int, corner: float) -> int:
    if high - low <= 8:
        return rng.randint(low, high) if rng.random() < 0.6 else simplest + (rng.random() < 0.5) * (simplest < high)
    u = rng.random()
    if u < corner / 4:
        return rng.choice((low, simplest, simplest, low + 1))
    if u > 0.97:
        return rng.choice((high, rng.randint(low, high)))
    away = int(math.exp(rng.uniform(0, math.log(high - low + 1)) * rng.random() ** 0.5)) - (rng.random() < 0.3)
    v = simplest + (away if rng.random() < 0.8 or simplest - away < low else -away)
    return min(max(v, low), high)
