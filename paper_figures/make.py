"""Compute, draw and save figures. The dataset behind a figure is cached by content: arguments, code and versions.

The code that counts is the figure's own: its module, every module of this package that it imports (directly or not), and
the modules of its paper. A change elsewhere leaves the figure as it is; ``explain`` names what made one stale.
"""

from __future__ import annotations

import ast
import hashlib
import importlib
import importlib.util
import json
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import product
from pathlib import Path
from types import ModuleType
from typing import Any

from gradproof.experiments.engine.datasets import DamagedDataset, read_dataset, write_dataset
from gradproof.experiments.engine.datasets import check as check_dataset
from gradproof.experiments.engine.files import whole, write_whole
from gradproof.experiments.engine.options import read_budget
from gradproof.experiments.engine.versions import versions
from gradproof.paper_figures.style import Drawing, in_style
from gradproof.theory import registry
from gradproof.theory.arguments import of_type, shown
from gradproof.theory.errors import GradproofError, UnknownClaim


@dataclass(frozen=True)
class Made:
    """The files of one figure, and whether its dataset was taken from the cache."""

    stem: str
    files: tuple[Path, ...]
    cached: bool
    stale: tuple[str, ...] = ()  # what changed since the files were made; empty if nothing, or if there were none


def name_of(stem: str) -> str:
    """The name of a paper's figure module, whether it is there or not."""
    return f"gradproof.paper_figures.{registry.stems()[stem]}.{stem}"


def exists(stem: str) -> bool:
    """Has the paper a figure module? It is not imported."""
    return _file_of(name_of(stem)) is not None


def module_of(stem: str) -> ModuleType | None:
    """The figure module of a paper, or ``None`` where it has none."""
    name = name_of(stem)
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name and name.startswith(error.name):
            return None
        raise


def stems(names: list[str]) -> list[str]:
    """Stems of the papers named (by key or stem) that have a figure; all of them for an empty list.

    Raises:
        UnknownClaim: no such paper, or it has no figure.
    """
    known = registry.stems()
    chosen = [n.replace("-", "_") for n in names] or list(known)
    for name in chosen:
        if name not in known:
            raise UnknownClaim(f"no paper {shown(name)}; papers are {', '.join(sorted(known))}")
    found = [s for s in chosen if module_of(s) is not None]
    if names and len(found) < len(chosen):
        raise UnknownClaim(f"no figure for {', '.join(s for s in chosen if s not in found)}")
    return found


def figure(stem: str, folder: Path, *, budget: str = "quick", fresh: bool = False) -> Made:
    """Write ``<stem>.pdf``, ``<stem>.png`` and ``<stem>.nc`` into ``folder``.

    Raises:
        GradproofError: the folder cannot be written.
    """
    import matplotlib

    matplotlib.use("Agg")
    module = module_of(stem)
    if module is None:
        raise UnknownClaim(f"no figure for {stem}")
    now = inputs(stem, budget)
    key = hashlib.sha256(json.dumps(now, sort_keys=True).encode()).hexdigest()
    data_file = folder / f"{stem}.nc"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise GradproofError(
            f"cannot write figures to {folder}: {error.strerror}; choose another folder with -o"
        ) from None
    attributes = _attributes(data_file)
    stale = tuple(_differences(attributes, now))
    cached = not fresh and attributes.get("key") == key
    if cached:
        data = read_dataset(data_file)
    else:
        data = module.compute(budget=budget)
        data.attrs = {**data.attrs, "key": key, "figure": stem, "budget": budget, "versions": json.dumps(versions()),
                      "inputs": json.dumps(now)}  # fmt: skip
        _write(data, data_file)
    drawn = draw(stem, data)
    files = [folder / f"{stem}.pdf", folder / f"{stem}.png"]
    written = numbers(stem, data)
    try:
        with in_style(), whole(files[0]) as part:
            drawn.figure.savefig(part, format="pdf", metadata={"Keywords": key[:16], "CreationDate": None})
        write_whole(files[1], drawn.png(dpi=200))
        if written:
            files.append(folder / f"{stem}.tex")
            write_whole(files[-1], written)
    except OSError as error:
        raise GradproofError(f"cannot write the figure of {stem} to {folder}: {error.strerror or error}") from None
    return Made(stem, (*files, data_file), cached, stale)


def draw(stem: str, data: Any = None, *, budget: str = "quick") -> Drawing:
    """The figure of a paper, in the size and type of a paper's column; a notebook shows it.

    Args:
        stem: the paper's key or stem, ``sgd-stability`` or ``sgd_stability``.
        data: what the figure's ``compute`` returned; computed if ``None``.

    Raises:
        UnknownClaim: no such paper, or it has no figure.
    """
    import xarray as xr

    of_type(stem, str, "the stem of a figure", "the key or stem of a paper")
    of_type(data, (xr.Dataset, type(None)), "the data of a figure", "the dataset that its compute returns")
    read_budget(budget)
    (stem,) = stems([stem])
    module: Any = module_of(stem)
    with in_style():
        figure = module.draw(module.compute(budget=budget) if data is None else data)
    return Drawing(figure)


def explain(stem: str, folder: Path, *, budget: str | None = None) -> list[str]:
    """Which inputs of a figure changed since it was made; empty if it is current. Nothing is computed, and no figure imported.

    Args:
        budget: that the figure should have; any if ``None``.

    Raises:
        UnknownClaim: the paper has no figure.
    """
    if not exists(stem):
        raise UnknownClaim(f"no figure for {stem}")
    path = folder / f"{stem}.nc"
    if not path.exists():
        return [f"{path} has not been made"]
    found = _attributes(path)
    if not found.get("inputs"):
        return [f"{path} does not say what it was made from"]
    return _differences(found, inputs(stem, budget or str(found.get("budget", "quick"))))


def caption(stem: str) -> str:
    """What the figure shows: the first line of its module. Empty for a paper without a figure."""
    file = _file_of(name_of(stem))
    said = ast.get_docstring(ast.parse(file.read_bytes())) if file is not None else None
    return (said or "").partition("\n")[0]


def inputs(stem: str, budget: str) -> dict[str, str]:
    """What the numbers of a figure depend on: the budget, versions, and the hash of each source file that it can reach."""
    rooms = (f"gradproof.{room}.{registry.stems()[stem]}.{stem}" for room in ("theory", "experiments"))
    waiting = [name_of(stem), *(name for name in rooms if _file_of(name) is not None)]
    found: dict[str, str] = {}
    while waiting:
        name = waiting.pop()
        file = _file_of(name)
        if (
            file is None or name in found or name in (__name__, in_style.__module__)
        ):  # they draw and keep; they make no number
            continue
        found[name], imported = _read(file)
        waiting += imported
    return {"budget": budget} | dict(sorted(found.items())) | {f"version of {k}": v for k, v in versions().items()}


@cache
def _read(file: Path) -> tuple[str, tuple[str, ...]]:
    """Hash of a source, and what it imports."""
    content = file.read_bytes()
    return hashlib.sha256(content).hexdigest()[:16], tuple(_imports(content))


def _imports(content: bytes) -> Iterator[str]:
    """Names in ``gradproof`` that a source imports, and the modules that they may be."""
    for node in _statements(ast.parse(content)):
        if isinstance(node, ast.Import):
            yield from (a.name for a in node.names if a.name.startswith("gradproof."))
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("gradproof"):
            yield str(node.module)
            yield from (f"{node.module}.{a.name}" for a in node.names)


def _statements(tree: ast.Module) -> Iterator[ast.AST]:
    """Every statement, however deep; expressions, which are most of a tree, hold no import."""
    waiting: list[ast.AST] = [tree]
    while waiting:
        node = waiting.pop()
        yield node
        for name in ("body", "orelse", "finalbody", "handlers", "cases"):
            waiting += getattr(node, name, ())


@cache
def _file_of(name: str) -> Path | None:
    try:
        spec = importlib.util.find_spec(name)
    except (ModuleNotFoundError, ValueError):
        return None
    return Path(spec.origin) if spec is not None and spec.origin and spec.origin.endswith(".py") else None


def _differences(attributes: dict[str, Any], now: dict[str, str]) -> list[str]:
    try:
        before = json.loads(str(attributes["inputs"]))
    except (KeyError, ValueError):
        return []
    out = []
    for name in sorted({*before, *now}):
        old, new = before.get(name), now.get(name)
        if old == new:
            continue
        if name == "budget" or name.startswith("version of "):
            out.append(f"{name}: {old or 'none'} -> {new or 'none'}")
        else:
            out.append(f"{name}: {'removed' if new is None else 'new' if old is None else 'changed'}")
    return out


_DIGITS = ("Zero", "One", "Two", "Three", "Four", "Five", "Six", "Seven", "Eight", "Nine")


def numbers(stem: str, data: Any) -> str:
    r"""A LaTeX file with one ``\newcommand`` for each number that the dataset reports; empty text if it reports none.

    Reported are the variables of at most 12 entries, each entry named by its coordinates, and the numeric attributes. Their
    units, where given, are comments.
    """
    values: dict[str, tuple[Any, str]] = {}
    for k, v in data.data_vars.items():
        if v.size > _MOST:
            continue
        for at in product(*(range(n) for n in v.shape)):
            where = [_label(v, d, i) for d, i in zip(v.dims, at, strict=True)]
            values["_".join([str(k), *where])] = v.values[at].item(), str(v.attrs.get("units", ""))
    values |= {str(k): (v, "") for k, v in data.attrs.items() if isinstance(v, int | float) and not isinstance(v, bool)}
    lines = [
        rf"\newcommand{{\{command(stem, name)}}}{{{_number(value)}}}" + (f"  % {unit}" if unit else "")
        for name, (value, unit) in sorted(values.items())
        if isinstance(value, int | float)
    ]
    return "\n".join([f"% numbers of {stem}, written by gradproof figures", *lines, ""]) if lines else ""


_MOST = 12  # entries of a variable whose numbers a paper would quote


def _label(variable: Any, dim: Any, index: int) -> str:
    """The coordinate of an entry: a text stands for itself, a number behind the name of its dimension."""
    if dim not in variable.coords:
        return f"{dim}_{index + 1}"
    value = variable.coords[dim].values[index]
    if isinstance(value, str):
        return value
    return f"{dim}_{value:g}".replace(".", " point ").replace("-", " minus ").replace("+", "")


def command(stem: str, name: str) -> str:
    """The name of a LaTeX command: letters only, words capitalised, digits spelt.

    >>> command("ef21", "max_ratio")
    'EfTwoOneMaxRatio'
    """
    words = re.findall(r"[A-Za-z]+|\d", f"{stem}_{name}")
    return "".join(_DIGITS[int(w)] if w.isdigit() else w[0].upper() + w[1:] for w in words)


def _number(value: float) -> str:
    if isinstance(value, int) or (math.isfinite(value) and value == int(value) and abs(value) < 1e6):
        return str(int(value))
    mantissa, _, exponent = f"{value:.4g}".partition("e")
    return rf"\ensuremath{{{mantissa} \times 10^{{{int(exponent)}}}}}" if exponent else mantissa


def _attributes(path: Path) -> dict[str, Any]:
    """What a dataset says about itself, without its numbers; nothing if it cannot be read, or is damaged."""
    import h5netcdf

    if not path.exists():
        return {}
    try:
        check_dataset(path)
        with h5netcdf.File(path, "r") as data:
            return dict(data.attrs)
    except (OSError, ValueError, DamagedDataset):
        return {}


def _write(data: Any, path: Path) -> None:
    """Write the dataset whole or not at all."""
    try:
        write_dataset(data, path)
    except OSError as error:
        raise GradproofError(f"cannot write {path}: {error.strerror or error}") from None
