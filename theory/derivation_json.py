"""Derivations as JSON. A file is data from a stranger: sizes and depths are limited, nothing is evaluated.

Part of the trusted kernel. A dataclass is written as an object with its name under ``is``, fields at their defaults are left
out, and what is read back is built by the declared types alone.
"""

from __future__ import annotations

import json
import types
import typing
from collections.abc import Mapping
from dataclasses import MISSING, fields, is_dataclass
from functools import lru_cache
from typing import Any

from gradproof.theory import derivation as d
from gradproof.theory.errors import ProofFormatError
from gradproof.theory.field import Interval
from gradproof.theory.proof_json import read_untrusted

FORMAT = "gradproof-derivation-1"
MAX_BYTES = 4 * 2**20
MAX_TEXT = 20_000  # characters of one coefficient or statement
MAX_ITEMS = 2_000  # of one list or object
_CLASSES = {
    c.__name__: c
    for c in (*d.Step.__subclasses__(), d.Case, d.Split, d.Formal, d.Method, d.Class, d.Call, d.Law, d.Sequence, d.Number, d.Use,
              d.Minimum, d.AtAverage, d.Mean, d.Limit, d.Infimum, d.Threshold, Interval)
}  # fmt: skip


def write_derivation(derivation: d.Derivation, claim: str) -> str:
    """Text that ``read_derivation`` reads back to an equal derivation; ``claim`` is the id of the claim that it proves."""
    formal, tree = _plain(derivation.formal), _plain(derivation.tree)
    return json.dumps({"format": FORMAT, "claim": claim, "formal": formal, "tree": tree}, indent=1)


def read_derivation(words: str) -> tuple[str, d.Derivation]:
    """The claim's id and the derivation of a file.

    Raises:
        ProofFormatError: what is wrong with the file.
    """
    data = read_untrusted(words, "a derivation", MAX_BYTES)
    if not isinstance(data, dict) or data.get("format") != FORMAT:
        shown = data.get("format") if isinstance(data, dict) else type(data).__name__
        raise ProofFormatError(f"not a derivation: format is {str(shown)[:60]!r}, needs {FORMAT!r}")
    if set(data) != {"format", "claim", "formal", "tree"}:
        raise ProofFormatError(f"a derivation has format, claim, formal and tree, found {sorted(data)}"[:200])
    claim = _text(data["claim"], "claim")
    return claim, d.Derivation(
        _built(d.Formal, data["formal"], "formal"), _built(d.Case | d.Split, data["tree"], "tree")
    )


def _plain(x: Any) -> Any:
    if is_dataclass(x) and not isinstance(x, type):
        out: dict[str, Any] = {"is": type(x).__name__}
        for f in fields(x):
            value = getattr(x, f.name)
            default = (
                f.default
                if f.default is not MISSING
                else f.default_factory()
                if f.default_factory is not MISSING
                else MISSING
            )
            if default is MISSING or value != default:
                out[f.name] = _plain(value)
        return out
    if isinstance(x, Mapping):
        return {k: _plain(v) for k, v in x.items()}
    if isinstance(x, tuple):
        return [_plain(v) for v in x]
    return x


@lru_cache(maxsize=64)
def _hints(cls: type) -> dict[str, Any]:
    return typing.get_type_hints(cls)


def _text(x: Any, where: str) -> str:
    if not isinstance(x, str) or len(x) > MAX_TEXT or not x.isprintable():
        raise ProofFormatError(
            f"{where} must be a printable text of at most {MAX_TEXT} characters, found {str(x)[:60]!r}"
        )
    return x


def _built(kind: Any, x: Any, where: str) -> Any:
    """A value of the declared type, or an error that says where."""
    origin, args = typing.get_origin(kind), typing.get_args(kind)
    if kind is str:
        return _text(x, where)
    if kind is bool or kind is int:
        if type(x) is not kind:
            raise ProofFormatError(f"{where} must be {kind.__name__}, found {str(x)[:60]!r}")
        return x
    if kind is type(None):
        if x is not None:
            raise ProofFormatError(f"{where} must be null, found {str(x)[:60]!r}")
        return None
    if origin in (typing.Union, types.UnionType):
        return _one_of(args, x, where)
    if kind is d.Step:
        return _one_of(tuple(d.Step.__subclasses__()), x, where)
    if origin is tuple:
        items = _listed(x, where)
        if args[-1] is Ellipsis:
            return tuple(_built(args[0], v, f"{where}[{i}]") for i, v in enumerate(items))
        if len(items) != len(args):
            raise ProofFormatError(f"{where} needs {len(args)} entries, found {len(items)}")
        return tuple(_built(a, v, f"{where}[{i}]") for i, (a, v) in enumerate(zip(args, items, strict=True)))
    if origin is not None and issubclass(origin, Mapping):
        if not isinstance(x, dict) or len(x) > MAX_ITEMS:
            raise ProofFormatError(f"{where} must be an object of at most {MAX_ITEMS} entries, found {str(x)[:60]!r}")
        return {_text(k, f"{where}: a name"): _built(args[1], v, f"{where}.{k[:40]}") for k, v in x.items()}
    return _object(kind, x, where)


def _object(kind: Any, x: Any, where: str) -> Any:
    if not is_dataclass(kind) or not isinstance(x, dict) or x.get("is") != _called(kind):
        raise ProofFormatError(f"{where} must be of the kind {_called(kind)}, found {str(x)[:60]!r}")
    known = {f.name: f for f in fields(kind)}
    for name in x:
        if name != "is" and name not in known:
            raise ProofFormatError(f"{where}: {_called(kind)} has no entry {name[:40]!r}")
    for name, f in known.items():
        if name not in x and f.default is MISSING and f.default_factory is MISSING:
            raise ProofFormatError(f"{where}: {_called(kind)} needs the entry {name!r}")
    make: Any = kind
    hints = _hints(make)
    return make(**{n: _built(hints[n], v, f"{where}.{n}") for n, v in x.items() if n != "is"})


def _called(kind: Any) -> str:
    return str(getattr(kind, "__name__", kind))


def _listed(x: Any, where: str) -> list[Any]:
    if not isinstance(x, list) or len(x) > MAX_ITEMS:
        raise ProofFormatError(f"{where} must be a list of at most {MAX_ITEMS} entries, found {str(x)[:60]!r}")
    return x


def _one_of(kinds: tuple[Any, ...], x: Any, where: str) -> Any:
    """Objects by their name, lists by their length, else by being null or not."""
    chosen: list[Any]
    if isinstance(x, dict):
        chosen = [k for k in kinds if _called(k) == x.get("is") and _CLASSES.get(_called(k)) is k]
    elif isinstance(x, list):
        tuples = [k for k in kinds if typing.get_origin(k) is tuple]
        chosen = [k for k in tuples if typing.get_args(k)[-1] is Ellipsis or len(typing.get_args(k)) == len(x)]
    else:
        chosen = [k for k in kinds if k is type(None)] if x is None else []
    if len(chosen) != 1:
        raise ProofFormatError(f"{where} is of no known kind: {str(x)[:60]!r}")
    return _built(chosen[0], x, where)
