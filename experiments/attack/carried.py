"""What a counterexample's program carries, so that it decides on any machine: the claim, the measure, and what they use.

A claim of a file travels as that file, with the modules beside it that it imports; a claim of a notebook or a prompt as the
text of its statement, of the measure, and of the functions and constants that the measure names. A claim of the library needs
nothing: the library has it.
"""

from __future__ import annotations

import ast
import inspect
import tempfile
import textwrap
import types
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import sympy as sp

from gradproof.experiments.attack.experiment import Experiment
from gradproof.experiments.attack.instrument import is_ours, names_of
from gradproof.experiments.attack.literals import literal
from gradproof.theory.claim import LIBRARY, Claim

Sources = Mapping[str, str]  # file name -> text; the first is the one that states the claim


def carried(claim: Claim, made: Experiment) -> tuple[dict[str, str], str]:
    """The sources that state the claim and measure it, and why there are none; neither for a claim of the library."""
    if claim.file == LIBRARY:
        return {}, ""
    path = Path(claim.file)
    base = claim.id.split("~")[0] == claim.id
    try:
        if base and path.is_file() and not is_test(claim, made):
            return _files(path), ""
        return {"stated.py": _statement(claim, made)}, ""
    except (OSError, ValueError, TypeError, SyntaxError) as error:
        return {}, f"{type(error).__name__}: {error}"


def is_test(claim: Claim, made: Experiment) -> bool:
    """Is the claim stated inside a function of its file, so that running the file would not state it?"""
    function = inspect.unwrap(made.measure) if callable(made.measure) else None
    return "<locals>" in getattr(function, "__qualname__", "<locals>")


def _files(path: Path) -> dict[str, str]:
    found = {path.name: path.read_text(encoding="utf-8")}
    waiting = [path.name]
    while waiting:
        for name in _imported(found[waiting.pop()]):
            beside = path.parent / f"{name}.py"
            if beside.name not in found and beside.is_file():
                found[beside.name] = beside.read_text(encoding="utf-8")
                waiting.append(beside.name)
    return found


def _imported(text: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            yield from (a.name.partition(".")[0] for a in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.partition(".")[0]


# --- a statement without a file ----------------------------------------------------------------------------------------


def _statement(claim: Claim, made: Experiment) -> str:
    """A file that states the claim and attaches the measure. Raises ``ValueError`` where something has no text."""
    imports = {
        "import sympy",
        "from gradproof import experiment, own_claim",
        "from gradproof.theory.parameter import Parameter",
    }
    lines = _defined(made.measure, imports)
    parameters = "".join(
        f"        {p.name!r}: Parameter({p.name!r}, {p.meaning!r}, {_formula(p.domain)}, size={p.size!r}),\n"
        for p in claim.parameters
    )
    assumptions = "".join(f"        {a.name!r}: {_assumption(a)!r},\n" for a in claim.assumptions)
    drawn = "".join(f", {n}=None" for n in made.draws)
    most = f", at_most={_formula(made.at_most)}" if made.at_most is not None else ""
    return "\n".join(
        [
            *sorted(imports),
            "",
            *lines,
            "",
            "CLAIM = own_claim(",
            f"    {claim.id!r},",
            f"    {claim.title!r},",
            f"    parameters={{\n{parameters}    }},",
            f"    assumptions={{\n{assumptions}    }},",
            f"    quantity={claim.quantity!r},",
            f"    relation={claim.relation.value!r},",
            f"    bound={_formula(claim.expression)},",
            ")",
            f"experiment(CLAIM, name={made.name!r}{most}{drawn})({made.measure.__name__})",
            "",
        ]
    )


def _formula(x: sp.Basic) -> str:
    return f"eval({sp.srepr(x)!r}, vars(sympy))"


def _assumption(a: Any) -> Any:
    if a.relation is None:
        return a.statement
    return (a.statement, f"{a.relation.lhs} {a.relation.rel_op} {a.relation.rhs}")


def _defined(measure: Any, imports: set[str]) -> list[str]:
    """The text of a function and of all that it names, what is used first in front."""
    if not isinstance(measure, types.FunctionType):
        raise ValueError(f"{measure!r} is no function with a text")
    done: dict[str, str] = {}
    _define(measure.__name__, measure, imports, done, set())
    return list(done.values())


def _define(name: str, x: Any, imports: set[str], done: dict[str, str], open_: set[int]) -> None:
    if name in done or id(x) in open_:
        return
    open_ = open_ | {id(x)}
    if isinstance(x, types.ModuleType):
        imports.add(f"import {x.__name__} as {name}" if x.__name__ != name else f"import {name}")
    elif isinstance(x, types.FunctionType) and is_ours(x) and not x.__module__.startswith("gradproof."):
        space = inspect.getclosurevars(x)
        for n, v in {**space.globals, **space.nonlocals}.items():
            if n in names_of(x.__code__) or n in x.__code__.co_freevars:
                _define(n, v, imports, done, open_)
        done[name] = _text(name, x)
    elif isinstance(x, types.FunctionType | types.BuiltinFunctionType | type | np.ufunc) and _importable(x):
        module = getattr(x, "__module__", None) or "numpy"
        imports.add(f"from {module} import {x.__name__}" + (f" as {name}" if x.__name__ != name else ""))
    elif isinstance(x, type):
        done[name] = textwrap.dedent(inspect.getsource(x))
    else:
        done[name] = f"{name} = {literal(x, imports)}"


def _importable(x: Any) -> bool:
    import importlib

    try:
        module = importlib.import_module(getattr(x, "__module__", None) or "numpy")
    except ImportError:
        return False
    return getattr(module, x.__name__, None) is x and (module.__name__ == "gradproof" or not _local(module))


def _local(module: types.ModuleType) -> bool:
    """A module that another machine does not have."""
    file = getattr(module, "__file__", None) or ""
    return module.__name__ == "__main__" or (
        not module.__name__.startswith("gradproof")
        and bool(file)
        and "site-packages" not in file
        and "lib/python" not in file
    )


def _text(name: str, x: types.FunctionType) -> str:
    tree = ast.parse(textwrap.dedent(inspect.getsource(x))).body[0]
    if not isinstance(tree, ast.FunctionDef):
        raise ValueError(f"{name} is no function with a text of its own")
    tree.name, tree.decorator_list = name, []
    return ast.unparse(tree)


@contextmanager
def unpacked(sources: Sources) -> Iterator[str]:
    """The sources as files, in a folder that lasts as long as the block; yields the path of the first."""
    import sys

    with tempfile.TemporaryDirectory(prefix="counterexample-") as folder:
        for name, text in sources.items():
            (Path(folder) / Path(name).name).write_text(text, encoding="utf-8")
        sys.path.insert(0, folder)
        try:
            yield str(Path(folder) / next(iter(sources)))
        finally:
            sys.path.remove(folder)
