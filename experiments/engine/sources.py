"""Which source files a module depends on: its imports, followed without importing anything.

The standard library and site-packages are left out, except gradproof and the package of the module itself. A name that a
package only hands on (``from gradproof import check``) counts as an import of the module that has it.
"""

from __future__ import annotations

import ast
import hashlib
import importlib
import os
import re
import sys
import sysconfig
import textwrap
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from importlib.machinery import ModuleSpec
from pathlib import Path
from typing import Any

Import = tuple[str, tuple[str, ...]]  # module, names taken from it


class ChangedSinceLoaded(Exception):
    """A module was edited after this process had loaded it: what runs here is not what its file says."""


@dataclass(frozen=True)
class Source:
    """A source file: hash of its text, what it imports, and the names that it hands on: name -> import."""

    digest: str
    imports: tuple[Import, ...]
    exports: dict[str, Import]


@dataclass(frozen=True)
class Closure:
    """All that a module depends on: hash of all sources, and the other packages imported anywhere in them."""

    digest: str
    packages: frozenset[str]


#: names every array library; the one that a run uses is part of the key of that run
_BACKENDS = "gradproof.experiments.engine.backend"

_READ: dict[str, tuple[tuple[int, int], Source]] = {}
_CLOSED: dict[tuple[str, str], tuple[dict[str, tuple[int, int]], Closure]] = {}
_LOADED: dict[str, tuple[Any, tuple[int, int]]] = {}  # module -> its spec, and its file when it was first looked at
_GIVEN: dict[str, bytes] = {}  # path -> what was run under that name, whatever the file says now


def remember(path: str, content: bytes) -> None:
    """The text that was run as a file: functions of it are keyed by this text, also when the file changes later."""
    _GIVEN[path] = content
    _READ.pop(path, None)


def is_remembered(path: str) -> bool:
    """Was the file run by ``load_file``?"""
    return path in _GIVEN


def stand_beside(file: str) -> None:
    """Make the modules beside a user's file importable, before all others, as they are where Python runs the file itself.

    A module of the same name that was imported for a file in another folder is imported anew.
    """
    folder = Path(file).resolve().parent
    if sys.path[:1] != [str(folder)]:
        sys.path[:] = [str(folder), *(p for p in sys.path if p != str(folder))]
    _FOLDERS.add(folder)
    importlib.invalidate_caches()
    theirs = {name for name, module in sys.modules.items() if "." not in name and _home(module) in _FOLDERS - {folder}}
    names = {n for n in theirs if (folder / f"{n}.py").exists() or (folder / n).is_dir()}
    for loaded in [n for n in sys.modules if n.partition(".")[0] in names]:
        del sys.modules[loaded]
    for found in [n for n in _SPECS if n.partition(".")[0] in names]:
        del _SPECS[found]
    for name in names:
        _LOADED.pop(name, None)
    _CLOSED.clear()
    _is_local.cache_clear()


_FOLDERS: set[Path] = set()  # of users' files


def _home(module: Any) -> Path | None:
    """The folder on the path in which a top-level module was found."""
    file = getattr(module, "__file__", None)
    if not file:
        return None
    path = Path(file)
    return path.parent.parent if path.stem == "__init__" else path.parent


def closure_of(path: str, module: str = "") -> Closure:
    """Everything that a file imports, directly or not, and the file itself.

    Args:
        path: the file. module: the name under which it was loaded, if it can be imported.

    Raises:
        ChangedSinceLoaded: one of the files is no longer what this process has loaded.
        OSError: a file cannot be read.
    """
    kept = _CLOSED.get((path, module))
    if kept is not None and all(_stamp(p) == s for p, s in kept[0].items()):
        return kept[1]
    stamps: dict[str, tuple[int, int]] = {}
    digests: list[str] = []
    packages: set[str] = set()
    own = module.partition(".")[0]
    waiting = [(path, module)]
    while waiting:
        file, name = waiting.pop()
        if file in stamps:
            continue
        stamps[file] = _stamp(file)
        if sys.modules.get(name) is not None:
            _as_loaded(name, stamps[file])
        source = _read(file, _package(file, name))
        digests.append(source.digest)
        found_here: set[str] = set()
        for imported in source.imports:
            waiting += _resolve(imported, own, found_here)
        packages |= found_here if name != _BACKENDS else set()
    whole = hashlib.sha256("".join(sorted(digests)).encode()).hexdigest()
    found = Closure(whole, frozenset(packages))
    _CLOSED[path, module] = stamps, found
    return found


def imports_of(source: str) -> list[Import]:
    """What the source of a function or a cell imports."""
    try:
        return [i for node in _statements(ast.parse(_as_block(source))) for i in _imports_in(node, "")]
    except SyntaxError:
        return []  # a lambda within a call: it cannot import


def files_of(imported: Iterable[Import], packages: set[str]) -> list[tuple[str, str]]:
    """(file, module) of imports; other packages are added to ``packages``."""
    return [f for i in imported for f in _resolve(i, "", packages)]


# --- which files an import reaches ------------------------------------------------------------------------------------


def _resolve(imported: Import, own: str, packages: set[str], depth: int = 0) -> Iterator[tuple[str, str]]:
    module, names = imported
    top = module.partition(".")[0]
    if not _is_ours(top, own):
        packages.add(top)
        return
    spec = find(module)
    if spec is None:
        return
    file = _file(spec)
    if spec.submodule_search_locations is None:  # a module
        if file:
            yield file, module
        return
    exports = _read(file, module).exports if file else {}
    whole = not names or "*" in names  # a package: only what is taken from it counts
    for name in names:
        if find(f"{module}.{name}") is not None:
            yield from _resolve((f"{module}.{name}", ()), own, packages, depth + 1)
        elif name in exports and depth < 20:
            yield from _resolve(exports[name], own, packages, depth + 1)
        else:
            whole = True
    if whole and file:
        yield file, module


_SPECS: dict[str, ModuleSpec] = {}


def find(name: str) -> ModuleSpec | None:
    """Where a module is, found without importing its parents; ``None`` if it is nowhere."""
    if name in _SPECS:
        return _SPECS[name]
    loaded = getattr(sys.modules.get(name), "__spec__", None)
    spec = loaded if isinstance(loaded, ModuleSpec) else None
    if spec is None:
        parent = name.rpartition(".")[0]
        path = None
        if parent:
            above = find(parent)
            if above is None or above.submodule_search_locations is None:
                return None
            path = list(above.submodule_search_locations)
        for finder in sys.meta_path:
            search = getattr(finder, "find_spec", None)
            try:
                spec = search(name, path) if search is not None else None
            except (ImportError, ValueError, AttributeError):
                spec = None
            if spec is not None:
                break
    if spec is not None:
        _SPECS[name] = spec  # a module that is not there yet may come
    return spec


def _file(spec: ModuleSpec) -> str:
    return spec.origin if spec.origin and spec.origin.endswith(".py") and spec.has_location else ""


def _is_ours(top: str, own: str) -> bool:
    if top in ("gradproof", own):
        return True
    return top not in sys.stdlib_module_names and _is_local(top)


@cache
def _is_local(top: str) -> bool:
    spec = find(top)
    if spec is None:
        return False
    where = [_file(spec)] if _file(spec) else list(spec.submodule_search_locations or ())
    return bool(where) and all(is_local_file(w) for w in where)


def is_ours(path: str, module: str) -> bool:
    """Does the text of a file count, or only the version of the library that it belongs to?"""
    return module.partition(".")[0] == "gradproof" or is_local_file(path)


@cache
def is_local_file(path: str) -> bool:
    """Is it neither of the standard library nor installed from a registry?"""
    inside = Path(path).resolve()
    return not any(inside.is_relative_to(p) for p in _elsewhere()) and not {"site-packages", "dist-packages"} & set(
        inside.parts
    )


@cache
def _elsewhere() -> tuple[Path, ...]:
    return tuple(Path(sysconfig.get_paths()[k]).resolve() for k in ("stdlib", "platstdlib", "purelib", "platlib"))


# --- one file ---------------------------------------------------------------------------------------------------------


def _stamp(path: str) -> tuple[int, int]:
    if path in _GIVEN:
        return hash(_GIVEN[path]), len(_GIVEN[path])
    stat = os.stat(path)
    return stat.st_mtime_ns, stat.st_size


def _as_loaded(module: str, stamp: tuple[int, int]) -> None:
    """Is the file what it was when the module's code was first looked at? A reload gives a module another spec."""
    spec = getattr(sys.modules[module], "__spec__", None)
    before = _LOADED.get(module)
    if before is None or before[0] is not spec:
        _LOADED[module] = spec, stamp
    elif before[1] != stamp:
        raise ChangedSinceLoaded(module)


def _read(path: str, package: str) -> Source:
    stamp = _stamp(path)
    kept = _READ.get(path)
    if kept is None or kept[0] != stamp:
        content = _GIVEN[path] if path in _GIVEN else Path(path).read_bytes()
        kept = _READ[path] = stamp, _parse(content, package)
    return kept[1]


def _package(path: str, module: str) -> str:
    """The package to which the relative imports of a file refer."""
    return module if Path(path).stem == "__init__" else module.rpartition(".")[0]


#: the house's files hold one import a line: to find these takes a tenth of the time that it takes to parse all
_LINE = re.compile(
    r"^[ \t]*(?:from[ \t]+[\w.]+[ \t]+import[ \t]+(?:\([^)]*\)|[^\n(]+)|import[ \t]+[^\n]+)", re.MULTILINE
)
_TYPES = re.compile(r"^if (?:typing\.)?TYPE_CHECKING:\n(?:[ \t]+[^\n]*\n|\n)+", re.MULTILINE)


def _parse(content: bytes, package: str) -> Source:
    digest = hashlib.sha256(content).hexdigest()
    text = content.decode("utf-8", errors="replace")
    house = package.partition(".")[0] == "gradproof"
    try:
        whole = _by_line(text) if house else list(_statements(ast.parse(text)))
        runs = _by_line(_TYPES.sub("", text)) if house else whole
    except SyntaxError:
        return Source(digest, (), {})
    attributes = {} if house else _attributes(whole)
    imports = []
    for module, names in dict.fromkeys(i for node in runs for i in _imports_in(node, package)):
        imports.append((module, names or attributes.get(module, ())))
    exports: dict[str, Import] = {}
    for node in whole:
        if isinstance(node, ast.ImportFrom):
            base = _base(node, package)
            exports |= {a.asname or a.name: (base, (a.name,)) for a in node.names}
    return Source(digest, tuple(imports), exports)


def _by_line(text: str) -> list[ast.AST]:
    found: list[ast.AST] = []
    for line in _LINE.findall(text):
        try:
            found += ast.parse(textwrap.dedent(line).strip()).body
        except SyntaxError:  # prose that begins like an import
            continue
    return found


def _statements(tree: ast.AST) -> Iterator[ast.AST]:
    """Every statement, however deep; expressions, which are most of a tree, hold no import."""
    waiting = [tree]
    while waiting:
        node = waiting.pop()
        yield node
        for name in ("body", "orelse", "finalbody", "handlers", "cases"):
            found = getattr(node, name, ())
            waiting += found if isinstance(found, list) else ()


def _imports_in(node: ast.AST, package: str) -> Iterator[Import]:
    if isinstance(node, ast.Import):
        yield from ((a.name, ()) for a in node.names)
    elif isinstance(node, ast.ImportFrom):
        base = _base(node, package)
        if base:
            yield base, tuple(a.name for a in node.names)


def _base(node: ast.ImportFrom, package: str) -> str:
    if not node.level:
        return node.module or ""
    parts = package.split(".")
    above = parts[: len(parts) - node.level + 1]
    return ".".join([*above, *([node.module] if node.module else [])])


def _attributes(statements: Iterable[ast.AST]) -> dict[str, tuple[str, ...]]:
    """What a file takes from modules that it imports whole: ``import gradproof`` and later ``gradproof.own_claim(...)``."""
    statements = list(statements)
    bound = {a.asname or a.name: a.name for n in statements if isinstance(n, ast.Import) for a in n.names
             if a.asname or "." not in a.name}  # fmt: skip
    found: dict[str, set[str]] = {}
    for node in ast.walk(statements[0]) if bound else ():
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in bound:
            found.setdefault(bound[node.value.id], set()).add(node.attr)
    return {k: tuple(sorted(v)) for k, v in found.items()}


def _as_block(source: str) -> str:
    return f"if True:\n{source}" if source[:1] in " \t" else source
