"""A measure's own code, run with every value that it makes passed through a watcher.

The source file is parsed, each operation, call, constant and loaded value is wrapped, and the functions that the measure can
reach get the rewritten code for as long as :func:`watched` lasts: methods, properties and closures too, since their code is
exchanged in place. Only what a user wrote, and the instances of this library, are rewritten; NumPy, SciPy and the standard
library stay as they are, and a watcher says what they may be asked. A function whose source is not at hand, or is not what
was loaded, is not rewritten: :func:`watched` then says so.
"""

from __future__ import annotations

import ast
import functools
import linecache
import operator
import sys
import sysconfig
import threading
import types
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache
from typing import Any, Protocol

WATCHER = "__gradproof_watcher__"
_OPERATORS: dict[str, Callable[[Any, Any], Any]] = {
    "Add": operator.add, "Sub": operator.sub, "Mult": operator.mul, "Div": operator.truediv, "FloorDiv": operator.floordiv,
    "Mod": operator.mod, "Pow": operator.pow, "MatMult": operator.matmul,
}  # fmt: skip
#: name of an operator, with an i in front where it is in place -> what it does
OPERATIONS = _OPERATORS | {f"i{n}": getattr(operator, f"i{f.__name__}") for n, f in _OPERATORS.items()}
_PLACES = tuple(sysconfig.get_paths()[k] for k in ("stdlib", "platstdlib", "purelib", "platlib"))
#: this library's own code that a watcher trusts: exact arithmetic itself, solvers, statements
_TRUSTED = ("gradproof.theory", "gradproof.solvers", "gradproof.experiments.engine", "gradproof.experiments.attack",
            "gradproof.experiments.instances.exact", "gradproof.experiments.instances.interpolated",
            "gradproof.experiments.instances.source", "gradproof.experiments.instances.tape")  # fmt: skip


class Watcher(Protocol):
    """What rewritten code asks about each value."""

    def literal(self, x: Any) -> Any:
        """A number written in the source."""

    def seen(self, x: Any) -> Any:
        """A value read from a name, an attribute, an item, or an iterator."""

    def binary(self, name: str, a: Any, b: Any) -> Any:
        """``a <operator> b``."""

    def call(self, function: Any, /, *args: Any, **kwargs: Any) -> Any:
        """``function(*args, **kwargs)``."""

    def each(self, x: Any) -> Any:
        """What a loop runs over."""


class _Rewriter(ast.NodeTransformer):
    def _ask(self, what: str, *args: ast.expr) -> ast.Call:
        return ast.Call(ast.Attribute(ast.Name(WATCHER, ast.Load()), what, ast.Load()), list(args), [])

    def visit_Constant(self, node: ast.Constant) -> ast.expr:
        kind = type(node.value)
        return self._ask("literal", node) if kind is float or kind is complex else node

    def visit_Name(self, node: ast.Name) -> ast.expr:
        return self._ask("seen", node) if isinstance(node.ctx, ast.Load) else node

    def _loaded(self, node: Any) -> ast.expr:
        self.generic_visit(node)
        return self._ask("seen", node) if isinstance(node.ctx, ast.Load) else node

    visit_Attribute = visit_Subscript = _loaded

    def visit_BinOp(self, node: ast.BinOp) -> ast.expr:
        self.generic_visit(node)
        name = type(node.op).__name__
        if name not in _OPERATORS:
            return node
        return self._ask("binary", ast.Constant(name), node.left, node.right)

    def visit_AugAssign(self, node: ast.AugAssign) -> ast.stmt:
        name = type(node.op).__name__
        simple = not any(isinstance(n, ast.Call | ast.NamedExpr | ast.Yield | ast.Await) for n in ast.walk(node.target))
        if name not in _OPERATORS or not simple:
            self.generic_visit(node)
            return node
        read = ast.parse(ast.unparse(node.target), mode="eval").body
        value = self._ask("binary", ast.Constant("i" + name), self.visit(read), self.visit(node.value))
        self.generic_visit(node.target)
        return ast.Assign([node.target], value)

    def visit_Call(self, node: ast.Call) -> ast.expr:
        if isinstance(node.func, ast.Name) and node.func.id in ("super", "locals", "globals", "vars"):
            return node  # they look at the frame that calls them
        self.generic_visit(node)
        asked = self._ask("call", node.func, *node.args)
        asked.keywords = node.keywords
        return asked

    def visit_For(self, node: ast.For) -> ast.stmt:
        self.generic_visit(node)
        node.iter = self._ask("each", node.iter)
        return node

    def visit_comprehension(self, node: ast.comprehension) -> ast.comprehension:
        self.generic_visit(node)
        node.iter = self._ask("each", node.iter)
        return node

    def visit_MatchValue(self, node: ast.MatchValue) -> ast.MatchValue:
        return node

    def visit_JoinedStr(self, node: ast.JoinedStr) -> ast.JoinedStr:
        return node

    def _function(self, node: Any) -> Any:
        node.body = [self.visit(s) for s in node.body]
        node.decorator_list = [self.visit(d) for d in node.decorator_list]
        self.visit(node.args)
        return node

    visit_FunctionDef = visit_AsyncFunctionDef = _function

    def visit_arguments(self, node: ast.arguments) -> ast.arguments:
        node.defaults = [self.visit(d) for d in node.defaults]
        node.kw_defaults = [d and self.visit(d) for d in node.kw_defaults]
        return node

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AnnAssign:
        node.value = node.value and self.visit(node.value)
        return node


def _codes(code: types.CodeType) -> Iterator[types.CodeType]:
    yield code
    for c in code.co_consts:
        if isinstance(c, types.CodeType):
            yield from _codes(c)


@lru_cache(maxsize=256)
def _rewritten(file: str, text: str) -> dict[types.CodeType, types.CodeType]:
    """Code of each function in a file -> the same, rewritten."""
    try:
        before = list(_codes(compile(text, file, "exec", dont_inherit=True)))
        after = list(
            _codes(
                compile(ast.fix_missing_locations(_Rewriter().visit(ast.parse(text))), file, "exec", dont_inherit=True)
            )
        )
    except (SyntaxError, ValueError, RecursionError):
        return {}
    if [(c.co_name, c.co_freevars) for c in before] != [(c.co_name, c.co_freevars) for c in after]:
        return {}
    return {b: a for b, a in zip(before, after, strict=True) if b.co_name != "<module>"}


def ours(module: str, file: str) -> bool:
    """Is this code a user's, or that of an instance or a method of this library?"""
    if module.partition(".")[0] == "gradproof":
        return module.startswith(("gradproof.experiments.", "gradproof.testing")) and not module.startswith(_TRUSTED)
    return not (file.startswith((*_PLACES, "<frozen")) or "site-packages" in file or "dist-packages" in file)


def is_ours(function: types.FunctionType) -> bool:
    """Is the function of a user, or of an instance of this library?"""
    return ours(function.__module__ or "", function.__code__.co_filename)


_KNOWN: dict[types.CodeType, types.CodeType | None] = {}


def rewrite(function: types.FunctionType) -> types.CodeType | None:
    """The rewritten code of a function; ``None`` where its source is not at hand."""
    code = function.__code__
    if code not in _KNOWN:
        text = "".join(linecache.getlines(code.co_filename, function.__globals__))
        _KNOWN[code] = _rewritten(code.co_filename, text).get(code) if text else None
    return _KNOWN[code]


# --- which functions a measure reaches -----------------------------------------------------------------------------------


def names_of(code: types.CodeType) -> set[str]:
    """Global names and attributes that code uses, nested functions included."""
    return {n for c in _codes(code) for n in c.co_names}


def _functions(cls: type) -> Iterator[types.FunctionType]:
    for base in filter(_ours, cls.__mro__):
        for v in vars(base).values():
            yield from _behind(v)


def _ours(cls: type) -> bool:
    module = sys.modules.get(cls.__module__)
    return cls.__module__ != "builtins" and ours(cls.__module__, getattr(module, "__file__", None) or "")


def _behind(v: Any) -> Iterator[types.FunctionType]:
    """The functions that a member of a class runs."""
    if isinstance(v, types.FunctionType):
        yield v
    elif isinstance(v, staticmethod | classmethod):
        yield from _behind(v.__func__)
    elif isinstance(v, property):
        yield from (f for f in (v.fget, v.fset) if isinstance(f, types.FunctionType))
    elif isinstance(v, functools.cached_property):
        yield from _behind(v.func)


def reached(measure: Callable[..., Any], values: Mapping[str, Any]) -> list[types.FunctionType]:
    """All functions of the user's and of this library's instances that a run can come to, the measure first."""
    found: dict[int, types.FunctionType] = {}
    seen: set[int] = set()
    waiting: list[Any] = [*values.values(), measure]
    while waiting:
        x = waiting.pop()
        if id(x) in seen or isinstance(x, str | bytes | int | float | complex | type(None)):
            continue
        seen.add(id(x))
        if isinstance(x, types.FunctionType):
            if not is_ours(x):
                continue
            found[id(x)] = x
            waiting += [x.__globals__[n] for n in names_of(x.__code__) if n in x.__globals__]
            waiting += [c.cell_contents for c in x.__closure__ or () if _filled(c)]
            waiting += [*(x.__defaults__ or ()), *(x.__kwdefaults__ or {}).values(), getattr(x, "__wrapped__", None)]
        elif isinstance(x, types.MethodType):
            waiting += [x.__func__, x.__self__]
        elif isinstance(x, functools.partial):
            waiting += [x.func, *x.args, *x.keywords.values()]
        elif isinstance(x, types.ModuleType):
            if ours(x.__name__, getattr(x, "__file__", None) or "<frozen"):
                waiting += [v for v in vars(x).values() if isinstance(v, types.FunctionType | type)]
        elif isinstance(x, type):
            waiting += _functions(x)
        elif isinstance(x, list | tuple | set | frozenset):
            waiting += list(x)[:10_000]
        elif isinstance(x, dict):
            waiting += x.values()
        else:
            waiting += _functions(type(x))
            waiting += (
                vars(x).values() if hasattr(x, "__dict__") and _ours(type(x)) else [getattr(x, "__wrapped__", None)]
            )
    return list(found.values())


def _filled(cell: types.CellType) -> bool:
    try:
        cell.cell_contents  # noqa: B018 -- asked whether it is there
    except ValueError:
        return False
    return True


class _InThread:
    """A watcher that watches the thread which asked for it: others that run the same functions meanwhile see nothing of it."""

    def __init__(self, watcher: Watcher) -> None:
        self._watcher = watcher
        self._thread = threading.get_ident()

    def rest(self) -> None:
        """Watch nothing any more. What was made in the run, or still runs elsewhere, goes on as it was written."""
        self._thread = 0

    def literal(self, x: Any) -> Any:
        return self._watcher.literal(x) if threading.get_ident() == self._thread else x

    def seen(self, x: Any) -> Any:
        return self._watcher.seen(x) if threading.get_ident() == self._thread else x

    def each(self, x: Any) -> Any:
        return self._watcher.each(x) if threading.get_ident() == self._thread else x

    def binary(self, name: str, a: Any, b: Any) -> Any:
        return self._watcher.binary(name, a, b) if threading.get_ident() == self._thread else OPERATIONS[name](a, b)

    def call(self, function: Any, /, *args: Any, **kwargs: Any) -> Any:
        if threading.get_ident() == self._thread:
            return self._watcher.call(function, *args, **kwargs)
        return function(*args, **kwargs)


_ONE = threading.RLock()  # code is exchanged in place: one run is watched at a time


@contextmanager
def watched(watcher: Watcher, measure: Callable[..., Any], values: Mapping[str, Any]) -> Iterator[frozenset[int]]:
    """Within the block, what the measure reaches asks the watcher about each value.

    Yields:
        The ids of the rewritten code; empty where the source of the measure itself is not at hand.
    """
    changed: list[tuple[types.FunctionType, types.CodeType]] = []
    spaces: dict[int, dict[str, Any]] = {}
    codes: set[int] = set()
    inner = inspect_function(measure)
    own = _InThread(watcher)
    _ONE.acquire()
    try:
        for f in reached(measure, values):
            new = rewrite(f)
            if new is None:
                continue
            changed.append((f, f.__code__))
            spaces[id(f.__globals__)] = f.__globals__
            codes |= {id(c) for c in _codes(new)}
            f.__code__ = new
        for space in spaces.values():
            space[WATCHER] = own
        first = inner is not None and id(inner.__code__) in codes
        yield frozenset(codes) if first else frozenset()
    finally:
        for f, old in changed:
            f.__code__ = old
        own.rest()
        _ONE.release()


def inspect_function(measure: Any) -> types.FunctionType | None:
    """The Python function that a measure is, below partial application and binding."""
    while not isinstance(measure, types.FunctionType):
        below = (
            getattr(measure, "func", None)
            or getattr(measure, "__func__", None)
            or type(measure).__dict__.get("__call__")
        )
        if below is None or isinstance(measure, type):
            return None
        measure = below
    return measure
