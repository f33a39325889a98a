"""What a check computes with, as a hash: evidence is taken from the ledger only if none of it has changed.

A function of a module counts with that module and all that the module imports (``sources``); one of a notebook cell, of a
prompt or of a script with its own source and what it names, followed recursively. In both, what it closes over and its
defaults count by value, and so do the versions of the numeric libraries that are imported anywhere in the sources.

Where there is no source (code typed at a bare prompt, a module edited after it was loaded) there is no fingerprint: such a
check always runs, and its row is kept under a key of its own that nothing finds again.
"""

from __future__ import annotations

import dataclasses
import enum
import functools
import hashlib
import inspect
import re
import sys
import types
from collections.abc import Callable, Iterator, Mapping
from fractions import Fraction
from pathlib import Path
from typing import Any

import sympy as sp

from gradproof.experiments.engine.sources import (
    ChangedSinceLoaded,
    Import,
    closure_of,
    files_of,
    find,
    imports_of,
    is_local_file,
    is_ours,
    is_remembered,
)
from gradproof.experiments.engine.versions import NUMERIC, version_of
from gradproof.theory.claim import Claim
from gradproof.theory.statement import statement_of, structure

_ADDRESS = re.compile(r" at 0x[0-9a-fA-F]+")


def fingerprint_of(function: Callable[..., Any], *more: Any) -> str | None:
    """Hash of everything that functions compute with: 16 hexadecimal digits, the same in every process.

    Args:
        more: what else has a part in it: the function that judges what the first returns, the cases that it is called on.

    Returns:
        ``None`` where it cannot be known: a function has no source, or a module was edited after it had been loaded.
    """
    content = _Content({str(getattr(f, "__module__", "")).partition(".")[0] for f in (function, *more)})
    try:
        for f in (function, *more):
            content.add(f)
        return content.digest()
    except (_NoSource, ChangedSinceLoaded, OSError, RecursionError):
        return None


class _NoSource(Exception):
    pass


class _Content:
    """What has been met so far: texts in the order met, files and other packages."""

    def __init__(self, own: set[str]) -> None:
        self.own = own  # packages of the functions themselves, which count wherever they are installed
        self.texts: list[str] = []
        self.files: set[tuple[str, str]] = set()
        self.packages: set[str] = set()
        self.seen: dict[int, Any] = {}  # keeps what it has seen, or its number would be given to another object

    def digest(self) -> str:
        """The hash of all of it."""
        packages = set(self.packages)
        digests = []
        for path, module in self.files:
            found = closure_of(path, module)
            digests.append(found.digest)
            packages |= found.packages
        numeric = sorted(f"{name} {version_of(NUMERIC[name])}" for name in packages & set(NUMERIC))
        whole = "\0".join([*self.texts, "files", *sorted(digests), "versions", *numeric])
        return hashlib.sha256(whole.encode(errors="surrogatepass")).hexdigest()[:16]

    def add(self, x: Any) -> None:
        """A value, by what it is; objects of other packages by their type and how they print."""
        if x is None or (
            isinstance(x, bool | int | float | complex | str | bytes | Fraction) and not isinstance(x, enum.Enum)
        ):
            self.texts.append(f"{type(x).__name__} {x!r}")
        elif isinstance(x, sp.Basic):
            self.texts.append(structure(x))
        elif isinstance(x, type | types.GenericAlias):
            self._class(x)
        elif id(x) in self.seen:
            self.texts.append("again")
        else:
            self.seen[id(x)] = x
            self._object(x)

    def _object(self, x: Any) -> None:
        if isinstance(x, Claim):
            self.texts.append(f"claim {statement_of(x)}")
        elif isinstance(x, types.FunctionType):
            self._function(x)
        elif isinstance(x, types.MethodType):
            self.add(x.__func__)
            self.add(x.__self__)
        elif isinstance(x, functools.partial):
            self._all("partial", [x.func, x.args, x.keywords])
        elif isinstance(x, types.ModuleType):
            self._take((x.__name__, ()))
        elif isinstance(x, property):
            self._all("property", [x.fget, x.fset])
        elif isinstance(x, functools.cached_property):
            self._all("property", [x.func])
        elif isinstance(x, staticmethod | classmethod):
            self._all(type(x).__name__, [x.__func__])
        elif isinstance(x, enum.Enum):
            self._class(type(x))
            self.texts.append(x.name)
        elif isinstance(x, list | tuple):
            if type(x) not in (list, tuple):
                self._class(type(x))
            self._all(type(x).__name__, list(x))
        elif isinstance(x, set | frozenset):
            self._all("set", sorted(x, key=repr))
        elif isinstance(x, Mapping):
            self._all("mapping", [part for k in sorted(x, key=repr) for part in (k, x[k])])
        elif callable(getattr(x, "tobytes", None)) and hasattr(x, "dtype"):
            self._array(x)
        elif hasattr(x, "__wrapped__"):  # functools.cache, and decorators that are objects
            self._class(type(x))
            self.add(x.__wrapped__)
        else:
            self._instance(x)

    def _all(self, name: str, parts: list[Any]) -> None:
        self.texts.append(f"{name} {len(parts)}")
        for part in parts:
            self.add(part)

    def _array(self, x: Any) -> None:
        if x.dtype.kind == "O":
            self._all("array", [x.shape, x.tolist()])
        else:
            self.texts.append(f"array {x.dtype} {x.shape} {hashlib.sha256(x.tobytes()).hexdigest()}")

    def _instance(self, x: Any) -> None:
        kind = type(x)
        self._class(kind)
        if dataclasses.is_dataclass(x):
            self._all("fields", [getattr(x, f.name, None) for f in dataclasses.fields(x)])
        elif _is_own(kind) and hasattr(x, "__dict__"):
            kept = {k: v for k, v in vars(x).items() if not isinstance(vars(kind).get(k), functools.cached_property)}
            self.add(kept)  # without what is computed once and kept: it says nothing new
        else:
            self.texts.append(_ADDRESS.sub("", repr(x)))

    # --- functions and classes ----------------------------------------------------------------------------------------

    def _function(self, f: types.FunctionType) -> None:
        code = f.__code__
        home = _home(f)
        if home is not None and not (is_remembered(home[0]) or home[1].partition(".")[0] in self.own or is_ours(*home)):
            self.packages.add(home[1].partition(".")[0])
            self.texts.append(f"function {home[1]}.{f.__qualname__}")
            return
        if home is not None:
            self.files.add(home)
            self.texts.append(f"function {f.__qualname__}:{code.co_firstlineno}")
        else:
            self._from_source(f)
        for name, cell in zip(code.co_freevars, f.__closure__ or (), strict=True):
            self.texts.append(f"closes over {name}")
            try:
                self.add(cell.cell_contents)
            except ValueError:  # not yet bound
                self.texts.append("unbound")
        self._all("defaults", [*(f.__defaults__ or ()), f.__kwdefaults__ or {}])
        if hasattr(f, "__wrapped__"):
            self.add(f.__wrapped__)

    def _from_source(self, f: types.FunctionType) -> None:
        try:
            source = inspect.getsource(f)
        except (OSError, TypeError):
            raise _NoSource(f.__qualname__) from None
        self.texts.append(source)
        for imported in imports_of(source):
            self._take(imported)
        for name in sorted(set(_names(f.__code__))):
            if name in f.__globals__:
                self.texts.append(f"names {name}")
                value = f.__globals__[name]
                if isinstance(value, types.ModuleType):
                    self._take((value.__name__, _taken_from(value.__name__, f.__code__)))
                else:
                    self.add(value)

    def _class(self, kind: Any) -> None:
        self.texts.append(f"class {getattr(kind, '__qualname__', kind)}")
        if not isinstance(kind, type) or kind.__module__ == "builtins":
            return
        if kind.__module__ != "__main__" and find(kind.__module__) is not None:
            self._take((kind.__module__, ()))
            return
        if id(kind) in self.seen:
            return
        self.seen[id(kind)] = kind
        for base in kind.__bases__:
            self._class(base)
        for name, member in sorted(vars(kind).items()):
            if name in _OF_EVERY_CLASS or name.startswith(("_abc", "__dataclass", "__annot")):
                continue
            self.texts.append(f"member {name}")
            if isinstance(member, types.FunctionType) and not _has_source(member):  # written by dataclass or NamedTuple
                self.texts.append(member.__code__.co_code.hex())
            elif isinstance(member, types.MemberDescriptorType | types.GetSetDescriptorType):
                continue
            else:
                self.add(member)

    def _take(self, imported: Import) -> None:
        self.files |= set(files_of([imported], self.packages))


_OF_EVERY_CLASS = {"__module__", "__qualname__", "__dict__", "__weakref__", "__doc__", "__firstlineno__", "__static_attributes__",
                   "__match_args__", "__parameters__", "__orig_bases__"}  # fmt: skip


def _home(f: types.FunctionType) -> tuple[str, str] | None:
    """The file of a function and the module's name, where the file holds what was run; ``None`` for cells and scripts."""
    file, name = f.__code__.co_filename, str(f.__globals__.get("__name__", "__main__"))
    if is_remembered(file):
        return file, ""
    if name == "__main__" or not file.endswith(".py"):
        return None
    module = sys.modules.get(name)
    of_module = getattr(module, "__file__", None) if module is not None else f.__globals__.get("__file__")
    if of_module is None or not (of_module == file or Path(of_module).resolve() == Path(file).resolve()):
        return None
    return (file, name if module is not None else "") if Path(file).exists() else None


def _is_own(kind: type) -> bool:
    """Is a class of the project's, the user's or a notebook's own?"""
    if kind.__module__ == "__main__" or kind.__module__.partition(".")[0] == "gradproof":
        return True
    file = getattr(sys.modules.get(kind.__module__), "__file__", None)
    return kind.__module__ != "builtins" and (file is None or is_local_file(file))


def _has_source(f: types.FunctionType) -> bool:
    try:
        return bool(inspect.getsource(f))
    except (OSError, TypeError):
        return False


def _names(code: types.CodeType) -> Iterator[str]:
    """Global names (and attributes) that a function uses, inner functions included."""
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from _names(constant)


def _taken_from(module: str, code: types.CodeType) -> tuple[str, ...]:
    """What a function may take of a package that it names: the modules of that name, and what the package hands on."""
    spec = find(module)
    if spec is None or spec.submodule_search_locations is None or module.partition(".")[0] in sys.stdlib_module_names:
        return ()
    init = sys.modules.get(module)
    return tuple(n for n in sorted(set(_names(code))) if find(f"{module}.{n}") is not None or _hands_on(init, n))


def _hands_on(package: Any, name: str) -> bool:
    lazy = getattr(package, "_LAZY", {})
    return name in lazy if isinstance(lazy, Mapping) and lazy else name in getattr(package, "__dict__", {})
