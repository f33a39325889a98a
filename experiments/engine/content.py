"""Values as JSON: for keys, where equal values are one whatever library made them; and for keeping, where every type comes back."""

from __future__ import annotations

import base64
import math
import re
from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any

import numpy as np

from gradproof.theory.errors import GradproofError, ParameterError


class Unkeepable(GradproofError):
    """A result that would not come back as it is; the text says of which type it is."""


# --- for keys ----------------------------------------------------------------------------------------------------------


def canonical(v: Any) -> Any:
    """A setting as JSON values: a number of NumPy is the number, a tuple a list, an array the list of its entries.

    Raises:
        ParameterError: an object whose text is not its content, so that it has no key.
    """
    if isinstance(v, np.ndarray | np.generic) or (hasattr(v, "dtype") and hasattr(v, "__array__")):
        return canonical(np.asarray(v).tolist())
    if v is None or isinstance(v, bool | int | float | str):
        return v
    if isinstance(v, list | tuple):
        return [canonical(x) for x in v]
    if isinstance(v, Mapping):
        if all(isinstance(k, str) for k in v):
            return {k: canonical(x) for k, x in v.items()}
        return {"pairs": sorted(([canonical(k), canonical(x)] for k, x in v.items()), key=repr)}
    if isinstance(v, set | frozenset):
        return {"set": sorted((canonical(x) for x in v), key=repr)}
    text = str(v)
    if re.search(r" at 0x[0-9a-fA-F]+", text):
        raise ParameterError(
            f"a setting of type {type(v).__name__} has no key: {text[:60]} is another text each time; give numbers or texts"
        )
    return text


# --- for keeping -------------------------------------------------------------------------------------------------------

KIND = "gradproof kind"
_ARRAYS = "biufcUSMm"  # kinds of dtypes whose bytes are their content


def encode(v: Any) -> Any:
    """A value as JSON values, from which :func:`decode` makes an equal value of the same types.

    Raises:
        Unkeepable: it holds something else than None, truth values, numbers, texts, bytes, lists, tuples, sets and dictionaries
            of these, fractions, and NumPy's numbers and arrays.
    """
    kind: Any = type(v)
    if v is None or kind in (bool, str):
        return v
    if kind is int:
        return v if abs(v) < 2**63 else {KIND: "int", "hex": hex(v)}
    if kind is float:
        return v if math.isfinite(v) else {KIND: "float", "text": str(v)}
    if kind is list:
        return [encode(x) for x in v]
    if kind is dict and all(type(k) is str for k in v) and KIND not in v:
        return {k: encode(x) for k, x in v.items()}
    if kind is dict:
        return {KIND: "dict", "items": [[encode(k), encode(x)] for k, x in v.items()]}
    if kind in (tuple, set, frozenset):
        return {KIND: kind.__name__, "items": [encode(x) for x in (v if kind is tuple else sorted(v, key=repr))]}
    if kind is complex:
        return {KIND: "complex", "items": [encode(v.real), encode(v.imag)]}
    if kind is Fraction:
        return {KIND: "fraction", "items": [encode(v.numerator), encode(v.denominator)]}
    if kind is bytes:
        return {KIND: "bytes", "base64": base64.b64encode(v).decode()}
    if (kind is np.ndarray or isinstance(v, np.generic)) and v.dtype.kind in _ARRAYS and v.dtype.names is None:
        data = base64.b64encode(np.ascontiguousarray(v).tobytes()).decode()
        return {
            KIND: "array" if kind is np.ndarray else "number",
            "dtype": v.dtype.str,
            "shape": list(v.shape),
            "base64": data,
        }
    if kind is np.ndarray and v.dtype.kind == "O":
        return {KIND: "objects", "shape": list(v.shape), "items": [encode(x) for x in v.ravel()]}
    raise Unkeepable(
        f"a result of type {kind.__module__}.{kind.__qualname__} would not come back as it is; return numbers, texts, lists, "
        "dictionaries, NumPy arrays, or an xarray.Dataset of numbers"
    )


def decode(j: Any) -> Any:
    """The value that was encoded.

    Raises:
        ValueError, KeyError, TypeError: it is not what ``encode`` writes.
    """
    if isinstance(j, list):
        return [decode(x) for x in j]
    if not isinstance(j, dict):
        return j
    if KIND not in j:
        return {k: decode(x) for k, x in j.items()}
    return _DECODE[j[KIND]](j)


def _array(j: Mapping[str, Any]) -> np.ndarray:
    dtype = np.dtype(j["dtype"])
    if dtype.kind not in _ARRAYS:
        raise ValueError(f"an array of {dtype}")
    return np.frombuffer(base64.b64decode(j["base64"], validate=True), dtype).reshape(j["shape"]).copy()


def _objects(j: Mapping[str, Any]) -> np.ndarray:
    found = np.empty(len(j["items"]), dtype=object)
    for k, x in enumerate(j["items"]):
        found[k] = decode(x)
    return found.reshape(j["shape"])


_DECODE: Mapping[str, Callable[[Mapping[str, Any]], Any]] = {
    "int": lambda j: int(j["hex"], 16),
    "float": lambda j: float(j["text"]),
    "dict": lambda j: {decode(k): decode(x) for k, x in j["items"]},
    "tuple": lambda j: tuple(decode(x) for x in j["items"]),
    "set": lambda j: {decode(x) for x in j["items"]},
    "frozenset": lambda j: frozenset(decode(x) for x in j["items"]),
    "complex": lambda j: complex(*(decode(x) for x in j["items"])),
    "fraction": lambda j: Fraction(*(decode(x) for x in j["items"])),
    "bytes": lambda j: base64.b64decode(j["base64"], validate=True),
    "array": _array,
    "number": lambda j: _array(j)[()],
    "objects": _objects,
}
