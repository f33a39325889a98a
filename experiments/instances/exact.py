"""Numbers on which a measure is replayed: exact rationals, which become balls where roots and exponentials come in.

A measure that was written for floats runs on them unchanged: they live in object arrays of NumPy, whose ``sqrt``, ``exp``
and the like call the methods below, and inside :func:`generic` the functions of ``math`` accept them too. What cannot be
done exactly (conversion to a float, an undecided comparison) raises :class:`Inexact`, never rounds.
"""

from __future__ import annotations

import builtins
import dataclasses
import functools
import math
import numbers
import types
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from fractions import Fraction
from typing import Any

import flint
import numpy as np

MAX_BITS = 40_000  # rationals longer than this become balls
NAMES = ("sqrt", "exp", "log", "log1p", "expm1", "sin", "cos", "tan", "tanh", "sinh", "cosh", "atan")


class Inexact(TypeError):
    """The computation leaves exact and ball arithmetic."""


class Unclear(Inexact):
    """Balls are too wide at this precision: a comparison is open, or a ball holds all numbers."""


class Exact:
    """A rational number, or a ball that certainly contains the number."""

    __slots__ = ("v",)

    def __init__(self, v: Any) -> None:
        self.v = v

    @staticmethod
    def of(x: Any) -> Exact:
        """The number ``x`` exactly. Raises ``Inexact`` if it has no finite exact value."""
        v = _value(x)
        if v is None:
            raise Inexact(f"{x!r} is not a finite number")
        return Exact(v)

    @property
    def rational(self) -> bool:
        return isinstance(self.v, flint.fmpq)

    def fraction(self) -> Fraction:
        """The rational value. Raises ``Inexact`` for a ball."""
        if not self.rational:
            raise Inexact("a ball has no single value")
        return Fraction(int(self.v.p), int(self.v.q))

    def sign(self) -> int:
        """-1, 0 or 1. Raises ``Inexact`` if the ball contains 0 and other numbers."""
        if self.rational:
            return (self.v > 0) - (self.v < 0)
        if self.v > 0:
            return 1
        if self.v < 0:
            return -1
        if self.v.is_zero():
            return 0
        raise Unclear("the sign of a ball is open at this precision")

    def approximate(self) -> float:
        """The nearest float, or the middle of the ball: for display and for scale, never for a decision."""
        if not self.rational:
            return float(self.v)
        try:
            return float(self.fraction())
        except OverflowError:
            return math.inf if self.v > 0 else -math.inf

    # --- arithmetic ----------------------------------------------------------------------------------------------------

    def __add__(self, o: Any) -> Any:
        return _apply(self, o, lambda a, b: a + b)

    def __sub__(self, o: Any) -> Any:
        return _apply(self, o, lambda a, b: a - b)

    def __rsub__(self, o: Any) -> Any:
        return _apply(self, o, lambda a, b: b - a)

    def __mul__(self, o: Any) -> Any:
        return _apply(self, o, lambda a, b: a * b)

    def __truediv__(self, o: Any) -> Any:
        return _apply(self, o, _divide)

    def __rtruediv__(self, o: Any) -> Any:
        return _apply(self, o, lambda a, b: _divide(b, a))

    def __pow__(self, o: Any) -> Any:
        return _apply(self, o, _power)

    def __rpow__(self, o: Any) -> Any:
        return _apply(self, o, lambda a, b: _power(b, a))

    __radd__, __rmul__ = __add__, __mul__

    def __neg__(self) -> Exact:
        return Exact(-self.v)

    def __pos__(self) -> Exact:
        return self

    def __abs__(self) -> Exact:
        return Exact(abs(self.v))

    # --- order -----------------------------------------------------------------------------------------------------------

    def _order(self, o: Any) -> int | None:
        v = _value(o)
        if v is None:
            if isinstance(o, float) and math.isinf(o):
                return -1 if o > 0 else 1
            return None
        return Exact(self.v - v).sign()

    def __lt__(self, o: Any) -> Any:
        s = self._order(o)
        return NotImplemented if s is None else s < 0

    def __le__(self, o: Any) -> Any:
        s = self._order(o)
        return NotImplemented if s is None else s <= 0

    def __gt__(self, o: Any) -> Any:
        s = self._order(o)
        return NotImplemented if s is None else s > 0

    def __ge__(self, o: Any) -> Any:
        s = self._order(o)
        return NotImplemented if s is None else s >= 0

    def __eq__(self, o: Any) -> Any:
        s = self._order(o)
        return NotImplemented if s is None else s == 0

    def __hash__(self) -> int:
        return hash(self.fraction())

    def __bool__(self) -> bool:
        return self.sign() != 0

    # --- conversions -----------------------------------------------------------------------------------------------------

    def __float__(self) -> float:
        raise Inexact("the measure turns its numbers into floats")

    def __int__(self) -> int:
        return int(self.fraction())

    __trunc__ = __int__

    def __floor__(self) -> int:
        return math.floor(self.fraction())

    def __ceil__(self) -> int:
        return math.ceil(self.fraction())

    def __round__(self, digits: int | None = None) -> Any:
        return Exact.of(round(self.fraction(), digits))

    def __repr__(self) -> str:
        return str(self.fraction()) if self.rational else str(self.v)

    def item(self) -> Exact:
        return self

    # --- functions: NumPy calls these by name on object arrays --------------------------------------------------------------

    def sqrt(self) -> Exact:
        if self.rational:
            if self.v < 0:
                raise ValueError("square root of a negative number")
            p, q = int(self.v.p), int(self.v.q)
            a, b = math.isqrt(p), math.isqrt(q)
            if a * a == p and b * b == q:
                return Exact(flint.fmpq(a, b))
        return _ball(self, "sqrt")

    def conjugate(self) -> Exact:
        return self

    def square(self) -> Exact:
        return self * self


def _method(name: str) -> Callable[[Exact], Exact]:
    def method(self: Exact) -> Exact:
        return _ball(self, name)

    method.__name__ = name
    return method


for _name in NAMES[1:]:
    setattr(Exact, _name, _method(_name))
Exact.arctan = Exact.atan  # type: ignore[attr-defined]  # NumPy's name


def _value(x: Any) -> Any:
    """fmpq or arb with the exact value of x, or None."""
    if isinstance(x, Exact):
        return x.v
    if isinstance(x, int | np.integer):
        return flint.fmpq(int(x))
    if isinstance(x, float | np.floating):
        return flint.fmpq(*map(int, float(x).as_integer_ratio())) if math.isfinite(x) else None
    if isinstance(x, numbers.Rational):  # of sympy, too
        return flint.fmpq(int(x.numerator), int(x.denominator))
    if isinstance(x, flint.fmpq | flint.fmpz):
        return flint.fmpq(x)
    if isinstance(x, np.ndarray) and x.ndim == 0:
        return _value(x.item())
    return None


def _apply(a: Exact, b: Any, operation: Callable[[Any, Any], Any]) -> Any:
    v = _value(b)
    if v is None:
        if isinstance(b, float | np.floating):
            raise Inexact(f"{b} in an exact computation")
        return NotImplemented
    result = operation(a.v, v)
    if isinstance(result, flint.fmpq):
        if max(int(result.p.bit_length()), int(result.q.bit_length())) > MAX_BITS:
            result = flint.arb(result)
    elif not result.is_finite():
        raise Unclear("a ball has grown over all numbers")
    return Exact(result)


def _divide(a: Any, b: Any) -> Any:
    if isinstance(b, flint.fmpq) and b == 0:
        raise ZeroDivisionError("division by zero")
    return a / b


def _power(a: Any, b: Any) -> Any:
    if isinstance(b, flint.fmpq) and b.q == 1 and abs(b) < 10**6:
        n = int(b.p)
        if isinstance(a, flint.fmpq):
            if max(int(a.p.bit_length()), int(a.q.bit_length())) * abs(n) > MAX_BITS:
                a = flint.arb(a)
            elif n < 0 and a == 0:
                raise ZeroDivisionError("zero to a negative power")
        return a**n
    if isinstance(b, flint.fmpq) and b == flint.fmpq(1, 2):
        return Exact(a).sqrt().v
    return flint.arb(a) ** flint.arb(b)


def _ball(x: Exact, name: str) -> Exact:
    result = getattr(flint.arb(x.v), name)()
    if not result.is_finite():
        raise Unclear(f"{name} of {x} is not a finite ball")
    return Exact(result)


# --- exact copies of instances, and functions that accept them ---------------------------------------------------------


def exact(x: Any) -> Any:
    """A copy of an instance in which every float is an ``Exact``; integers, texts and functions stay."""
    return convert(x, lambda v: Exact.of(v))


def convert(x: Any, change: Callable[[float], Any]) -> Any:
    """A copy in which every float was changed: in arrays, sequences, mappings, and the fields of objects."""
    if isinstance(x, float | np.floating):
        return change(float(x))
    if isinstance(x, np.ndarray):
        if x.dtype.kind != "f":
            return x
        out = np.empty(x.shape, dtype=object)
        for i, v in np.ndenumerate(x):
            out[i] = change(float(v))
        try:
            return out if any(not isinstance(v, float) for v in out.flat) else out.astype(float)
        except (TypeError, ValueError):
            return out
    if isinstance(x, tuple) and hasattr(x, "_fields"):
        return type(x)(*(convert(v, change) for v in x))
    if isinstance(x, list | tuple):
        return type(x)(convert(v, change) for v in x)
    if isinstance(x, dict):
        return {k: convert(v, change) for k, v in x.items()}
    if isinstance(x, np.random.Generator | type | types.ModuleType) or (callable(x) and not hasattr(x, "__dict__")):
        return x
    if dataclasses.is_dataclass(x) or (hasattr(x, "__dict__") and not isinstance(x, types.FunctionType)):
        new = object.__new__(type(x))
        for name, value in vars(x).items():
            if name == "_cache" or isinstance(getattr(type(x), name, None), functools.cached_property):
                continue  # computed from the other fields, in floats
            object.__setattr__(new, name, convert(value, change))
        return new
    return x


@dataclasses.dataclass(frozen=True)
class Root:
    """The square root of an expression that stands for a number; only its square can be computed."""

    square: Any

    def __pow__(self, power: int) -> Any:
        if power != 2:
            raise Inexact("a root of an expression to another power than 2")
        return self.square


def _dispatch(name: str) -> Callable[..., Any]:
    plain = getattr(math, name)

    def function(x: Any, *rest: Any) -> Any:
        if isinstance(x, Exact):
            result = getattr(x, name)()
            return result / function(rest[0]) if rest else result
        if isinstance(x, np.ndarray) and x.ndim:
            return getattr(np, {"atan": "arctan"}.get(name, name))(x)
        if name == "sqrt" and hasattr(x, "form"):  # an expression in place of a number
            return Root(x)
        return plain(x, *rest)

    function.__name__ = name
    function.__doc__ = f"``{name}`` of a float, an array, or an exact number."
    return function


FUNCTIONS: dict[str, Callable[..., Any]] = {name: _dispatch(name) for name in NAMES}
sqrt, exp, log = FUNCTIONS["sqrt"], FUNCTIONS["exp"], FUNCTIONS["log"]


def _hypot(*xs: Any) -> Any:
    return sqrt(sum(x * x for x in xs))


def _power_(x: Any, y: Any) -> Any:
    return x**y


_SHIM = types.SimpleNamespace(
    **{k: getattr(math, k) for k in dir(math) if not k.startswith("_")}
    | FUNCTIONS
    | {
        "fabs": abs,
        "hypot": _hypot,
        "pow": _power_,
        "fsum": sum,
        "prod": lambda xs: np.prod(np.array(xs, dtype=object)),
    }
)


def _float(x: Any = 0.0) -> Any:
    """``float`` that leaves exact numbers (and one-element arrays of them) as they are."""
    if isinstance(x, np.ndarray) and x.size == 1:
        x = x.reshape(-1)[0]
    return x if isinstance(x, Exact | Root) or hasattr(x, "form") else builtins.float(x)


@contextmanager
def generic(function: Callable[..., Any]) -> Iterator[None]:
    """Within the block, ``math`` and ``float`` in the function's module accept exact numbers."""
    space = getattr(function, "__globals__", {})
    swap: dict[str, Any] = {"float": _float}
    for name, value in list(space.items()):
        if value is math:
            swap[name] = _SHIM
        elif getattr(value, "__module__", None) == "math" and hasattr(_SHIM, getattr(value, "__name__", "")):
            swap[name] = getattr(_SHIM, value.__name__)
    missing = object()
    before = {name: space.get(name, missing) for name in swap}
    space.update(swap)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is missing:
                space.pop(name, None)
            else:
                space[name] = value


@contextmanager
def precision(bits: int) -> Iterator[None]:
    """Ball arithmetic with so many bits."""
    old = flint.ctx.prec
    flint.ctx.prec = bits
    try:
        yield
    finally:
        flint.ctx.prec = old
