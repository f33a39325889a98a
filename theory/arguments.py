"""Are arguments of the kind that is asked for? Else a ``TypeError`` of one line: the value, and what to give."""

from __future__ import annotations

import dataclasses
import inspect
import math
import types
import typing
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from functools import cache
from typing import Any

from gradproof.theory.errors import ParameterError

_ALSO: dict[Any, tuple[Any, ...]] = {float: (float, int)}
_WORDS = {
    "str": "a text", "int": "an integer", "float": "a number", "bool": "True or False", "tuple": "a tuple",
    "Mapping": "a dictionary", "NoneType": "None", "Set": "a sympy set, such as Interval(0, 1)", "Expr": "a sympy expression",
}  # fmt: skip


def shown(value: Any) -> str:
    """A value as an error names it: on one line, of reasonable length, whatever its ``repr`` does."""
    try:
        text = repr(value)
    except Exception:
        text = f"<{type(value).__name__}>"
    text = " ".join(text.split())
    text = "".join(c if c.isprintable() else repr(c)[1:-1] for c in text[:200])
    return text if len(text) <= 80 else text[:77] + "..."


def of_type(value: Any, kinds: Any, name: str, wanted: str) -> None:
    """``value`` is an instance of one of the classes; a truth value is no number.

    Raises:
        TypeError: ``<name> is <value>; give <wanted>``.
    """
    if not _is_of(value, kinds if isinstance(kinds, tuple) else (kinds,)):
        raise TypeError(f"{name} is {shown(value)}; give {wanted}")


def _is_of(value: Any, kinds: tuple[Any, ...]) -> bool:
    return isinstance(value, kinds) and (not isinstance(value, bool) or bool in kinds or object in kinds)


def arguments_of(function: Callable[..., Any]) -> Mapping[str, inspect.Parameter]:
    """The arguments of a function, by name.

    Raises:
        ParameterError: Python cannot tell them, as of some functions written in C.
    """
    try:
        return inspect.signature(function).parameters
    except ValueError:
        raise ParameterError(f"the arguments of {shown(function)} cannot be told; write it as a lambda") from None


def fields_of_type(made: object) -> None:
    """The fields of a dataclass are of the classes that it declares: names, numbers, classes, tuples of these.

    Raises:
        TypeError: the first that is not.
    """
    cls: Any = type(made)
    stored = vars(made)  # as they are: reading an attribute may mean something to its class
    for name, kinds, entries, wanted in _declared(cls):
        value = stored[name]
        if _is_of(value, kinds) and (entries is None or all(_is_of(entry, (entries,)) for entry in value)):
            continue
        where = f"{name} of {_article(cls.__name__)}"
        of_type(value, kinds, where, wanted)
        for entry in value:
            of_type(entry, entries, f"an entry of {where}", _article(entries.__name__))


@cache
def _declared(cls: Any) -> list[tuple[str, tuple[Any, ...], Any, str]]:
    """(name, classes, class of the entries of a tuple, in words) of the fields whose classes can be told."""
    hints = typing.get_type_hints(cls)
    found = []
    for f in dataclasses.fields(cls):
        hint = hints[f.name]
        if hint is Any:
            continue
        several = typing.get_args(hint) if isinstance(hint, types.UnionType) else (hint,)
        kinds = tuple(_class(h) for h in several)
        if any(k is None for k in kinds):
            continue
        arguments = typing.get_args(hint) if typing.get_origin(hint) is tuple else ()
        entries = arguments[0] if len(arguments) == 2 and isinstance(arguments[0], type) else None
        words = " or ".join(_WORDS.get(k.__name__, _article(k.__name__)) for k in kinds)
        found.append((f.name, tuple(x for k in kinds for x in _ALSO.get(k, (k,))), entries, words))
    return found


def _class(hint: Any) -> Any:
    hint = typing.get_origin(hint) or hint
    return hint if isinstance(hint, type) else None


def _article(name: str) -> str:
    return f"{'an' if name[0] in 'AEIOUaeiou' else 'a'} {name}"


def listed(values: Any, kinds: Any, name: str, wanted: str) -> list[Any]:
    """The entries of a list (or another collection) of ``wanted``; a text alone is none.

    Raises:
        TypeError: it is no collection, or an entry is of another class.
    """
    if isinstance(values, str | bytes | Mapping) or not isinstance(values, Iterable):
        raise TypeError(f"{name} is {shown(values)}; give a list of {wanted}")
    try:
        found = list(values)
    except Exception:  # an array without dimensions, a symbol that only looks like a list
        raise TypeError(f"{name} is {shown(values)}; give a list of {wanted}") from None
    for entry in found:
        of_type(entry, kinds, f"an entry of {name}", f"{wanted} only")
    return found


def number(value: Any, name: str) -> float:
    """A real number as a float; NaN and infinities too.

    Raises:
        TypeError: no real number.
    """
    no_number = isinstance(value, str | bytes | bool) or type(value).__name__ in ("bool", "bool_")
    if no_number or (hasattr(value, "shape") and value.shape):
        raise TypeError(f"{name} is {shown(value)}; give a number")
    try:
        return as_float(value)
    except Exception:
        raise TypeError(f"{name} is {shown(value)}; give a number") from None


def as_float(x: Any) -> float:
    """The nearest float; infinite where the number, an exact one, is beyond all floats."""
    try:
        return float(x)
    except OverflowError:
        return math.inf if x > 0 else -math.inf


def digits(x: Any, n: int) -> str:
    """The first n digits, of exact numbers beyond all floats too."""
    value = as_float(x)
    if math.isinf(value) and not isinstance(x, float) and hasattr(x, "denominator"):
        return f"{Decimal(int(x.numerator)) / Decimal(int(x.denominator)):.{n}g}"
    return f"{value:.{n}g}"


def quotient(a: Any, b: Any) -> float:
    """a/b for b not 0, also where both are exact numbers beyond all floats."""
    top, bottom = as_float(a), as_float(b)
    return as_float(a / b) if math.isinf(top) and math.isinf(bottom) else top / bottom
