"""Many independent pieces of work, each kept as it finishes under a key of its content, resumed after a kill.

A piece is anything a function takes; its outcome is what the function returns, or ``Failed`` with the reason. Where the
pieces run is the executor's business, where outcomes are kept the store's.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Protocol, TypeVar

from gradproof.experiments.engine.content import Unkeepable, canonical, decode, encode
from gradproof.experiments.engine.datasets import DamagedDataset, read_dataset, write_dataset
from gradproof.experiments.engine.executors import WORKER_DIED, Executor, Failed, Serial
from gradproof.experiments.engine.files import write_whole
from gradproof.experiments.engine.fingerprint import fingerprint_of
from gradproof.experiments.engine.versions import versions
from gradproof.theory.errors import GradproofError, ParameterError

T = TypeVar("T")
R = TypeVar("R")

_ABSENT: Any = object()  # None may be a result


class StoreError(GradproofError):
    """A folder of results cannot be written."""


class Store(Protocol):
    """Where outcomes are kept, by key. ``put`` keeps all of an outcome or nothing, whenever the process is killed.

    What ``get`` gives is equal to what was put, type by type; ``put`` raises ``Unkeepable`` where it would not be.
    """

    def get(self, key: str, default: Any = None) -> Any: ...
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
        store: where an outcome is kept before it is yielded. One that cannot be kept as it is becomes ``Failed``, so that a sweep
            that is resumed gives what an undisturbed one does.
        executor: where pieces run; one after the other in this process if ``None``.
        fresh: run all pieces again, whatever the store has.

    Raises:
        GradproofError: the store cannot be written. What was kept before remains.
    """
    waiting: dict[str, T] = {}
    for key, piece in pieces.items():
        kept = _ABSENT if fresh else store.get(key, _ABSENT)
        if kept is _ABSENT:
            waiting[key] = piece
        else:
            yield key, kept
    keys = list(waiting)
    for i, outcome in (executor or Serial()).run(function, list(waiting.values())):
        try:
            store.put(keys[i], outcome)
        except Unkeepable as error:
            outcome = Failed(str(error))
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
        settings: numbers, texts, lists, arrays, dictionaries by name; none is called ``seed``.
        function: what will be done with a piece: when its source, or that of a module that it imports, changes, so do the keys
            (see ``fingerprint_of``; without a source they are new each time). Without it, change ``name`` when your code
            changes its meaning.

    Raises:
        ParameterError: a setting has a seed of its own, or a value without a key.
    """
    seeds, settings = list(seeds), [dict(s) for s in settings]
    for setting in settings:
        if "seed" in setting:
            raise ParameterError(
                f"a setting has seed={setting['seed']!r}; give all seeds as seeds=..., for every setting"
            )
    found = [{**setting, "seed": seed} for setting in settings for seed in seeds]
    code = "" if function is None else fingerprint_of(function) or uuid.uuid4().hex
    return {content_key(name, piece, code): piece for piece in found}


def content_key(*content: Any) -> str:
    """Hash of values: see :func:`gradproof.experiments.engine.content.canonical`."""
    return hashlib.sha256(json.dumps(canonical(content), sort_keys=True).encode()).hexdigest()


def progress_bar(outcomes: Iterable[tuple[str, R]], total: int, *, title: str = "sweep") -> Iterator[tuple[str, R]]:
    """Pass outcomes through and show how many have come, on terminals and in notebooks."""
    from rich.progress import track

    yield from track(outcomes, description=title, total=total)


#: how the reasons begin of failures that may pass: they are kept, to be seen, and their pieces run again
PASSING = (WORKER_DIED, "no worker process", "timed out after", "TimeoutError")


def may_pass(reason: str) -> bool:
    """Was there a failure for want of time, of memory or of a worker? Another time, or elsewhere, there may be enough."""
    return reason.startswith(PASSING) or "MemoryError" in reason


class Folder:
    """A folder of outcomes: ``<key>.nc`` for xarray's datasets and arrays, ``<key>.json`` for all else and for failures.

    A file appears under its name only when it is complete, and carries a checksum. One that cannot be read, or is not what
    was written, is renamed, never deleted, and its piece is run again.

    Raises:
        StoreError: the folder or a file cannot be written, or a key is no name of a file in it.
    """

    def __init__(self, path: Path | str) -> None:
        self.path = Path(path)
        try:
            self.path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StoreError(f"cannot use the folder {self.path}: {error.strerror}; choose another") from None

    def _file(self, key: str, kind: str) -> Path:
        if not re.fullmatch(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,199}", key):
            raise StoreError(
                f"the key {key[:60]!r} is no name of a file; use at most 200 letters, digits, dots, - and _"
            )
        return self.path / f"{key}.{kind}"

    def get(self, key: str, default: Any = None) -> Any:
        """What was kept under that key, or ``default``."""
        for kind, read in (("nc", read_dataset), ("json", _read_json)):
            file = self._file(key, kind)
            if file.exists():
                try:
                    found = read(file)
                except (OSError, ValueError, KeyError, TypeError, RecursionError, DamagedDataset):
                    file.replace(file.with_name(f"{file.name}.corrupt-{os.getpid()}"))
                else:
                    return default if isinstance(found, Failed) and may_pass(found.reason) else found
        return default

    def put(self, key: str, outcome: Any) -> None:
        """Keep a dataset, a value or a failure, and forget what was there before.

        Raises:
            Unkeepable: it would not come back as it is.
        """
        is_dataset = hasattr(outcome, "to_netcdf")
        file = self._file(key, "nc" if is_dataset else "json")
        try:
            if is_dataset:
                write_dataset(outcome, file)
            else:
                write_whole(file, _json(outcome))
            file.with_suffix(".json" if is_dataset else ".nc").unlink(missing_ok=True)
        except OSError as error:
            raise StoreError(
                f"cannot write {file}: {error.strerror or error}; what was written before is kept"
            ) from None

    def keys(self) -> set[str]:
        """Keys of all that is kept."""
        return {f.stem for f in self.path.iterdir() if f.suffix in (".nc", ".json") and not f.name.startswith(".")}


def _json(outcome: Any) -> str:
    if isinstance(outcome, Failed):
        content: dict[str, Any] = {"failed": outcome.reason}
    else:
        content = {"value": encode(outcome), "versions": versions()}
    return json.dumps(content | {"sha256": _digest(content)})


def _digest(content: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def _read_json(file: Path) -> Any:
    content = json.loads(file.read_bytes())
    if content.pop("sha256") != _digest(content):
        raise ValueError("its checksum differs")
    return Failed(content["failed"]) if "failed" in content else decode(content["value"])
