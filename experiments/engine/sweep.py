"""Many independent pieces of work, each kept as it finishes under a key of its content, resumed after a kill.

A piece is anything a function takes; its outcome is what the function returns, or ``Failed`` with the reason. Where the
pieces run is the executor's business, where outcomes are kept the store's.
"""

from __future__ import annotations

import hashlib
import json
import os
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Protocol, TypeVar

from gradproof.experiments.engine.executors import Executor, Failed, Serial
from gradproof.experiments.engine.fingerprint import fingerprint_of
from gradproof.experiments.engine.versions import versions
from gradproof.theory.errors import GradproofError

T = TypeVar("T")
R = TypeVar("R")


class StoreError(GradproofError):
    """A folder of results cannot be written."""


class Store(Protocol):
    """Where outcomes are kept, by key. ``put`` keeps all of an outcome or nothing, whenever the process is killed."""

    def get(self, key: str) -> Any: ...
    def put(self, key: str, outcome: Any) -> None: ...


def sweep(
    function: Callable[[T], R],
    pieces: Mapping[str, T],
    store: Store,
    *,
    executor: Executor | None = None,
    fresh: bool = False,
) -> Iterator[tuple[str, R | Failed]]:
    """Every key once with its outcome: first those that the store has, then the others as they finish.

    Args:
        function: what to do with a piece; it and the pieces must be picklable unless they run in this process.
        pieces: key -> piece; see ``pieces_of`` for keys made of content.
        store: where an outcome is kept before it is yielded.
        executor: where pieces run; one after the other in this process if ``None``.
        fresh: run all pieces again, whatever the store has.

    Raises:
        GradproofError: the store cannot be written. What was kept before remains.
    """
    waiting: dict[str, T] = {}
    for key, piece in pieces.items():
        kept = None if fresh else store.get(key)
        if kept is None:
            waiting[key] = piece
        else:
            yield key, kept
    keys = list(waiting)
    for i, outcome in (executor or Serial()).run(function, list(waiting.values())):
        store.put(keys[i], outcome)
        yield keys[i], outcome


def pieces_of(
    name: str,
    settings: Iterable[Mapping[str, Any]],
    *,
    seeds: Iterable[int] = (0,),
    function: Callable[..., Any] | None = None,
) -> dict[str, dict[str, Any]]:
    """One piece a setting and seed, ``{**setting, "seed": seed}``, keyed by name, content and what the function computes with.

    Args:
        name: what the sweep computes.
        settings: JSON values by name.
        function: what will be done with a piece: when its source, or that of a module that it imports, changes, so do the keys
            (see ``fingerprint_of``; without a source they are new each time). Without it, change ``name`` when your code
            changes its meaning.
    """
    seeds = list(seeds)
    found = [{**setting, "seed": seed} for setting in settings for seed in seeds]
    code = "" if function is None else fingerprint_of(function) or uuid.uuid4().hex
    return {content_key(name, piece, code): piece for piece in found}


def content_key(*content: Any) -> str:
    """Hash of JSON values."""
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def progress_bar(outcomes: Iterable[tuple[str, R]], total: int, *, title: str = "sweep") -> Iterator[tuple[str, R]]:
    """Pass outcomes through and show how many have come, on terminals and in notebooks."""
    from rich.progress import track

    yield from track(outcomes, description=title, total=total)


class Folder:
    """A folder of outcomes: ``<key>.nc`` for an ``xarray.Dataset``, ``<key>.json`` for JSON values and failures.

    A file appears under its name only when it is complete. One that cannot be read is renamed, never deleted, and its
    piece is run again.

    Raises:
        StoreError: the folder or a file cannot be written.
    """

    def __init__(self, path: Path | str) -> None:
        self.path = Path(path)
        try:
            self.path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StoreError(f"cannot use the folder {self.path}: {error.strerror}; choose another") from None

    def get(self, key: str) -> Any:
        """What was kept under that key, or ``None``."""
        for file, read in ((self.path / f"{key}.nc", _read_dataset), (self.path / f"{key}.json", _read_json)):
            if file.exists():
                try:
                    return read(file)
                except (OSError, ValueError, KeyError, TypeError):
                    file.replace(file.with_name(f"{file.name}.corrupt-{os.getpid()}"))
        return None

    def put(self, key: str, outcome: Any) -> None:
        """Keep a dataset, a JSON value or a failure, and forget what was there before."""
        is_dataset = hasattr(outcome, "to_netcdf")
        file = self.path / f"{key}.{'nc' if is_dataset else 'json'}"
        unfinished = file.with_name(f".{file.name}.{os.getpid()}")
        try:
            if is_dataset:
                outcome.to_netcdf(unfinished, engine="h5netcdf")
            else:
                unfinished.write_text(json.dumps(_plain(outcome)))
            with unfinished.open("rb") as written:
                os.fsync(written.fileno())
            unfinished.replace(file)
        except OSError as error:
            unfinished.unlink(missing_ok=True)
            raise StoreError(
                f"cannot write {file}: {error.strerror or error}; what was written before is kept"
            ) from None
        file.with_suffix(".json" if is_dataset else ".nc").unlink(missing_ok=True)

    def keys(self) -> set[str]:
        """Keys of all that is kept."""
        return {f.stem for f in self.path.iterdir() if f.suffix in (".nc", ".json")}


def _plain(outcome: Any) -> dict[str, Any]:
    return {"failed": outcome.reason} if isinstance(outcome, Failed) else {"value": outcome, "versions": versions()}


def _read_json(file: Path) -> Any:
    content = json.loads(file.read_text())
    return Failed(content["failed"]) if "failed" in content else content["value"]


def _read_dataset(file: Path) -> Any:
    import xarray as xr

    return xr.load_dataset(file, engine="h5netcdf")
