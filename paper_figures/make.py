"""Compute, draw and save figures. The dataset behind a figure is cached by content: arguments, code and versions."""

from __future__ import annotations

import hashlib
import importlib
import json
import os
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from gradproof.experiments.engine.store import code_version, versions
from gradproof.theory import registry
from gradproof.theory.errors import GradproofError, UnknownClaim


@dataclass(frozen=True)
class Made:
    """The files of one figure, and whether its dataset was taken from the cache."""

    stem: str
    files: tuple[Path, ...]
    cached: bool


def module_of(stem: str) -> ModuleType | None:
    """The figure module of a paper, or ``None`` where it has none."""
    name = f"gradproof.paper_figures.{registry.stems()[stem]}.{stem}"
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
            raise UnknownClaim(f"no paper {name!r}; papers are {', '.join(sorted(known))}")
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
    import matplotlib.pyplot as plt
    import xarray as xr

    module = module_of(stem)
    if module is None:
        raise UnknownClaim(f"no figure for {stem}")
    key = hashlib.sha256(json.dumps([stem, budget, code_version(), _source(module), versions()]).encode()).hexdigest()
    data_file = folder / f"{stem}.nc"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise GradproofError(
            f"cannot write figures to {folder}: {error.strerror}; choose another folder with -o"
        ) from None
    cached = not fresh and data_file.exists() and _key(data_file) == key
    if cached:
        with xr.open_dataset(data_file, engine="h5netcdf") as opened:
            data = opened.load()
    else:
        data = module.compute(budget=budget)
        data.attrs = {**data.attrs, "key": key, "figure": stem, "budget": budget, "versions": json.dumps(versions())}
        _write(data, data_file)
    with matplotlib.rc_context(STYLE):
        drawn = module.draw(data)
    files = [folder / f"{stem}.pdf", folder / f"{stem}.png"]
    drawn.savefig(files[0], metadata={"Keywords": key[:16], "CreationDate": None})
    drawn.savefig(files[1], dpi=200)
    plt.close(drawn)
    return Made(stem, (*files, data_file), cached)


#: A paper's column width, vector fonts, and colours that colour-blind readers can tell apart (Okabe and Ito).
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
STYLE: dict[str, Any] = {
    "font.size": 8,
    "axes.labelsize": 8,
    "axes.titlesize": 8,
    "legend.fontsize": 7,
    "xtick.labelsize": 7,
    "ytick.labelsize": 7,
    "pdf.fonttype": 42,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.alpha": 0.25,
    "lines.linewidth": 1.2,
    "figure.constrained_layout.use": True,
}


def _source(module: ModuleType) -> str:
    return hashlib.sha256(Path(str(module.__file__)).read_bytes()).hexdigest()


def _key(path: Path) -> str:
    import xarray as xr

    try:
        with xr.open_dataset(path, engine="h5netcdf") as data:
            return str(data.attrs.get("key", ""))
    except (OSError, ValueError):
        return ""


def _write(data: Any, path: Path) -> None:
    """Write the dataset whole or not at all."""
    part = path.with_suffix(f".nc.part-{os.getpid()}")
    try:
        data.to_netcdf(part, engine="h5netcdf")
        part.replace(path)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise GradproofError(f"cannot write {path}: {error.strerror or error}") from None
