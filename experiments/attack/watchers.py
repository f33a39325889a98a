"""What watches a measure's values: one that lets no float pass, and one that rounds every float at random.

The first makes "exact" mean that no float was touched. Numbers written in the source are the decimals that are written
(as in a claim's bound); a float that was made elsewhere (a global, a default) is read as a decimal if it has at most fifteen
digits, and counts as uncertain; any other float ends the run with :class:`Touched`.

The second is Monte Carlo arithmetic: each float that the measure makes is moved by up to one unit in the last place, and what
goes into a routine of a numeric library by as much of its largest entry. The spread of such runs is how far rounding moves the
result (Parker, Pierce, Eggert 2000, "Monte Carlo arithmetic").
"""

from __future__ import annotations

import functools
import math
import types
from collections.abc import Callable, Iterator
from fractions import Fraction
from typing import Any

import flint
import numpy as np

from gradproof.experiments.attack.instrument import OPERATIONS, is_ours, ours
from gradproof.experiments.attack.routines import (
    ARRAY_API,
    BUILTIN,
    INTEGRAL,
    METHODS,
    REPLACED,
    STRUCTURAL,
    Touched,
    divide,
    power,
    real,
)
from gradproof.experiments.instances.exact import Exact

DIGITS = 15  # of a decimal that a double holds faithfully
_PLAIN = (Exact, int, bool, str, types.FunctionType, types.ModuleType, types.MethodType, type)
_CONTAINERS = (list, tuple, set, frozenset)


def decimal(x: float) -> Fraction | None:
    """The decimal of at most fifteen digits whose double is x; ``None`` if there is none."""
    short = f"{x:.{DIGITS}g}"
    return Fraction(short) if float(short) == x else None


class Exactly:
    """Lets integers, fractions, exact numbers and balls pass; raises ``Touched`` for a float.

    Args:
        moved: what a number made outside the measure is replaced by.
        codes: ids of the code that is watched.
    """

    def __init__(self, moved: Callable[[Fraction], Exact] | None = None) -> None:
        self.codes: frozenset[int] = frozenset()
        self.uncertain = False  # a float that was made elsewhere came in, and was read as a decimal
        self._moved = moved or Exact.of

    # --- values ----------------------------------------------------------------------------------------------------------

    def literal(self, x: Any) -> Any:
        if isinstance(x, complex):
            raise Touched("a complex number")
        return x if math.isinf(x) else Exact.of(Fraction(repr(x)))

    def seen(self, x: Any) -> Any:
        if isinstance(x, _PLAIN):
            return x
        if isinstance(x, float | np.floating):
            return self._outside(float(x))
        if isinstance(x, np.ndarray) and x.dtype.kind in "fc":
            return self._array(x)
        if isinstance(x, complex | np.complexfloating):
            raise Touched("a complex number")
        return x

    def _outside(self, x: float) -> Any:
        if math.isinf(x):
            return x
        for constant, value in ((math.pi, flint.arb.pi), (math.e, flint.arb.const_e)):
            if x == constant:
                return Exact(value())
        found = decimal(x) if math.isfinite(x) else None
        if found is None:
            raise Touched(f"the float {x!r}, which was made outside the measure")
        self.uncertain = True
        return self._moved(found)

    def _array(self, x: np.ndarray) -> np.ndarray:
        if x.dtype.kind == "c":
            raise Touched("complex numbers")
        out = np.empty(x.shape, dtype=object)
        for i, v in np.ndenumerate(x):
            out[i] = self._outside(float(v))
        return out

    def made(self, x: Any) -> Any:
        """A value that a routine returned: no float may be in it, but infinity."""
        if isinstance(x, _PLAIN):
            return x
        if isinstance(x, float | np.floating | complex | np.complexfloating):
            if isinstance(x, float) and math.isinf(x):
                return x
            raise Touched(f"the float {x!r} that a routine returned")
        if isinstance(x, np.ndarray) and x.dtype.kind in "fc":
            raise Touched("floats that a routine returned")
        if isinstance(x, _CONTAINERS):
            for v in x:
                self.made(v)
        elif isinstance(x, dict):
            for v in x.values():
                self.made(v)
        return x

    # --- operations ------------------------------------------------------------------------------------------------------

    def binary(self, name: str, a: Any, b: Any) -> Any:
        if isinstance(a, float) or isinstance(b, float):
            return self.made(OPERATIONS[name](a, b))
        a, b = _unbounded(a, SMALL if name not in ("Pow", "iPow") else 2), _unbounded(b)
        if name in ("Div", "iDiv"):
            return divide(a, b) if _number(a) and _number(b) else self.made(a / b)
        if name in ("Pow", "iPow"):
            return power(a, b) if _number(a) and _number(b) else self.made(a**b)
        return self.made(OPERATIONS[name](a, b))

    def call(self, function: Any, /, *args: Any, **kwargs: Any) -> Any:
        if isinstance(function, functools.partial):
            return self.call(function.func, *function.args, *args, **{**function.keywords, **kwargs})
        if hasattr(function, "cache_info") and hasattr(function, "__wrapped__"):
            return self.call(function.__wrapped__, *args, **kwargs)  # what floats left in a cache is no exact value
        other = _REPLACED.get(id(function))
        owner = getattr(function, "__self__", None)
        if isinstance(owner, np.ndarray) and function.__name__ in METHODS:
            other = functools.partial(METHODS[function.__name__], owner)
        elif (getattr(function, "__module__", None) or "").startswith("array_api_compat"):
            other = _REPLACED.get(id(getattr(np, function.__name__, None)))
        if other is not None:
            return self.made(other(*args, **kwargs))
        if not self._allowed(function):
            name = getattr(function, "__qualname__", None) or getattr(function, "__name__", type(function).__name__)
            raise Touched(f"{name} works on floats")
        dtype = kwargs.get("dtype")
        if dtype is float or dtype is np.float64 or dtype is real:
            kwargs["dtype"] = object
        if getattr(function, "__name__", "") in _ACCUMULATE:
            limit = 2 if "prod" in function.__name__ else SMALL
            if isinstance(owner, np.ndarray) and owner.dtype.kind in "iu":
                function = getattr(_unbounded(owner, limit), function.__name__)
            args = tuple(_unbounded(x, limit) for x in args)
        return self.made(function(*args, **kwargs))

    def _allowed(self, f: Any) -> bool:
        if isinstance(f, types.FunctionType):
            if (f.__module__ or "").startswith("array_api_compat"):
                return f.__name__ in STRUCTURAL or f.__name__ in ARRAY_API
            return id(f.__code__) in self.codes or _library(f.__module__) or id(f) in _STRUCTURAL
        if isinstance(f, types.MethodType):
            return self._allowed(f.__func__)
        if isinstance(f, type):
            return (
                f in _TYPES
                or f.__module__ in _PYTHON
                or issubclass(f, BaseException)
                or ours(f.__module__, _file(f))
                or _library(f.__module__)
            )
        if id(f) in _STRUCTURAL:
            return True
        if isinstance(f, types.BuiltinFunctionType):
            owner = f.__self__
            if owner is None or isinstance(owner, types.ModuleType):
                module, name = f.__module__, f.__name__
                return (module == "builtins" and name in BUILTIN) or (module == "math" and name in INTEGRAL) or (
                    module in ("_operator", "_functools", "itertools", "_bisect", "_heapq"))  # fmt: skip
            if isinstance(owner, np.ndarray):
                return owner.dtype.kind in "Oiub" and f.__name__ not in ("view", "tofile")
            return type(owner) in _OWNERS
        if isinstance(f, types.MethodWrapperType):
            return type(f.__self__) in _OWNERS
        if isinstance(f, types.WrapperDescriptorType | types.MethodDescriptorType):
            return f.__objclass__ in _OWNERS or f.__objclass__ is object
        kind = type(f)
        if kind.__module__ in ("operator", "itertools", "functools"):
            return True  # itemgetter, attrgetter
        inner = kind.__dict__.get("__call__")
        return isinstance(inner, types.FunctionType) and (self._allowed(inner) or _library(kind.__module__))

    def each(self, x: Any) -> Any:
        if isinstance(x, range | enumerate | zip | str | dict):
            return x if isinstance(x, range | str) else self._each(x)
        if isinstance(x, np.ndarray):
            return self.seen(x)
        return self._each(x)

    def _each(self, x: Any) -> Iterator[Any]:
        for v in x:
            yield tuple(map(self.seen, v)) if type(v) is tuple else self.seen(v)


def _number(x: Any) -> bool:
    return isinstance(x, Exact | int | np.integer | Fraction) or (isinstance(x, np.ndarray) and x.dtype.kind in "Oiu")


#: what makes large integers of small ones
_ACCUMULATE = {"sum", "prod", "cumsum", "cumprod", "dot", "matmul", "inner", "outer", "vdot", "trace", "tensordot", "einsum",
               "square", "multiply", "cumulative_sum"}  # fmt: skip


SMALL = 2**15  # integers below it can be multiplied, and the products added, without wrapping around


def _unbounded(x: Any, limit: int = SMALL) -> Any:
    """Integers of NumPy as Python's, which do not wrap around, where one of them is not below the limit."""
    if isinstance(x, np.integer):
        return int(x)
    if isinstance(x, np.ndarray) and x.dtype.kind in "iu" and x.size and int(np.abs(x).max()) >= limit:
        return x.astype(object)
    return x


def _library(module: str | None) -> bool:
    return (module or "").startswith("gradproof.")


def _file(cls: type) -> str:
    import sys

    return getattr(sys.modules.get(cls.__module__), "__file__", None) or "<frozen"


_PYTHON = ("builtins", "math", "operator", "_operator", "itertools", "functools", "_functools", "collections", "copy")
_REPLACED = {id(f): g for f, g in REPLACED}
_STRUCTURAL = {id(getattr(np, n)) for n in STRUCTURAL}
_TYPES = {int, bool, str, list, tuple, dict, set, frozenset, range, enumerate, zip, map, filter, reversed, slice, type, object,
          Fraction, super, bytes, np.ndindex, np.ndenumerate, np.int64, np.int32, np.intp}  # fmt: skip
_OWNERS = {int, bool, str, list, tuple, dict, set, frozenset, range, Fraction, Exact, bytes,
           type({}.keys()), type({}.values()), type({}.items())}  # fmt: skip


class Noisy:
    """Moves every float by up to one unit in the last place, at random; what goes into a numeric routine, by its largest entry."""

    UNIT = 2.0**-52

    def __init__(self, rng: np.random.Generator) -> None:
        self.codes: frozenset[int] = frozenset()
        self.rng = rng
        self.used = False  # was there anything to move?

    def literal(self, x: Any) -> Any:
        return x if isinstance(x, complex) or x == round(x * 2**20) / 2**20 else self._moved(x)

    def seen(self, x: Any) -> Any:
        return x

    def each(self, x: Any) -> Any:
        return x

    def binary(self, name: str, a: Any, b: Any) -> Any:
        return self._moved(OPERATIONS[name](a, b))

    def _moved(self, x: Any) -> Any:
        if isinstance(x, float) and x and math.isfinite(x):
            self.used = True
            return x * (1 + self.UNIT * self.rng.uniform(-1, 1))
        if isinstance(x, np.ndarray) and x.dtype.kind == "f" and x.size:
            self.used = True
            # in place: a view or an array that is filled must stay the one that it is
            if x.flags.writeable and x.base is None:
                x *= 1 + self.UNIT * self.rng.uniform(-1, 1, x.shape)
                return x
            return x * (1 + self.UNIT * self.rng.uniform(-1, 1, x.shape))
        return x

    def call(self, function: Any, /, *args: Any, **kwargs: Any) -> Any:
        module = getattr(function, "__module__", None) or ""
        if not isinstance(function, types.FunctionType | types.BuiltinFunctionType | np.ufunc) or (
            isinstance(function, types.FunctionType) and (id(function.__code__) in self.codes or is_ours(function))
        ):
            return function(*args, **kwargs)
        if module in _PYTHON:
            found = function(*args, **kwargs)
            return self._moved(found) if module == "math" else found
        if not module.startswith("numpy") or module.startswith(("numpy.linalg", "numpy.fft")):
            return self._moved(function(*map(self._stirred, args), **kwargs))
        found = function(*args, **kwargs)
        return self._moved(found) if isinstance(function, np.ufunc) or isinstance(found, float) else found

    def _stirred(self, x: Any) -> Any:
        """An array as a backward stable routine sees it: with an error of its largest entry in each."""
        if isinstance(x, np.ndarray) and x.dtype.kind in "fiu" and x.size and x.ndim:
            self.used = True
            largest = float(np.abs(x).max())
            return x + 4 * self.UNIT * largest * self.rng.uniform(-1, 1, x.shape)
        if isinstance(x, float) and math.isfinite(x):
            return self._moved(x)
        return x
