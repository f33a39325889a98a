"""Where the pieces of a sweep run: here, in processes, on a Dask cluster, on SLURM.

Every executor keeps the same promise: each item is answered exactly once, an item that raises or takes its worker down is
answered by ``Failed`` and harms no other, and a worker computes with one BLAS thread.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol, TypeVar

from gradproof.experiments.engine.workers import WORKER_DIED, Failed, failed, forked, packed, run_in_workers, spawned
from gradproof.theory.errors import ParameterError

T = TypeVar("T")
R = TypeVar("R")


class Executor(Protocol):
    """Applies a function to items, in any order and place."""

    def run(self, function: Callable[[T], R], items: Sequence[T]) -> Iterator[tuple[int, R | Failed]]:
        """(index of the item, outcome), as they finish; each index once."""
        ...


@dataclass(frozen=True)
class Serial:
    """One after the other in this process."""

    def run(self, function: Callable[[T], R], items: Sequence[T]) -> Iterator[tuple[int, R | Failed]]:
        for i, item in enumerate(items):
            yield i, guarded(function, item)


@dataclass(frozen=True)
class Processes:
    """Worker processes of one machine; ``jobs`` of them, every core if ``None``."""

    jobs: int | None = None

    def __post_init__(self) -> None:
        if self.jobs is not None and self.jobs < 1:
            raise ParameterError(f"jobs={self.jobs} must be at least 1; leave it out to use every core")

    def run(self, function: Callable[[T], R], items: Sequence[T]) -> Iterator[tuple[int, R | Failed]]:
        jobs = min(self.jobs or os.cpu_count() or 1, len(items))
        call = partial(guarded, function)
        yield from run_in_workers(spawned, lambda i: packed(call, items[i]), range(len(items)), jobs)


@dataclass(frozen=True)
class Forked:
    """One after the other in one copy of this process, which has all that this one has, functions of a notebook included.

    What an item prints is seen; what it changes in memory, only by the items after it. Where ``workers.can_fork`` allows it.
    """

    def run(self, function: Callable[[T], R], items: Sequence[T]) -> Iterator[tuple[int, R | Failed]]:
        copy = partial(forked, partial(guarded, function), items)
        yield from run_in_workers(copy, lambda i: str(i).encode(), range(len(items)), 1)


@dataclass(frozen=True)
class Dask:
    """The cluster behind a ``dask.distributed.Client``; an item whose worker dies is repeated elsewhere by Dask."""

    client: Any

    def run(self, function: Callable[[T], R], items: Sequence[T]) -> Iterator[tuple[int, R | Failed]]:
        from distributed import as_completed

        index = {self.client.submit(guarded, function, item, pure=False): i for i, item in enumerate(items)}
        finished = as_completed(list(index))
        try:
            for future in finished:
                error = future.exception()
                yield index.pop(future), future.result() if error is None else _failed(error)
                future.release()
        finally:
            if index:
                self.client.cancel(list(index))


@dataclass(frozen=True)
class Slurm:
    """A job array through a ``submitit`` executor, configured by the user (``submitit.AutoExecutor``, partition, time)."""

    executor: Any

    def run(self, function: Callable[[T], R], items: Sequence[T]) -> Iterator[tuple[int, R | Failed]]:
        from submitit.helpers import as_completed

        index = {job: i for i, job in enumerate(self.executor.map_array(partial(guarded, function), items))}
        try:
            for job in as_completed(list(index)):
                i, error = index.pop(job), job.exception()
                yield i, job.result() if error is None else _failed(error)
        finally:
            for job in index:
                job.cancel()


@dataclass(frozen=True)
class Chunked:
    """Sends ``size`` items at a time to another executor: for many small items, where sending one costs more than it."""

    executor: Executor
    size: int

    def __post_init__(self) -> None:
        if self.size < 1:
            raise ParameterError(f"size={self.size} must be at least 1")

    def run(self, function: Callable[[T], R], items: Sequence[T]) -> Iterator[tuple[int, R | Failed]]:
        chunks = [range(a, min(a + self.size, len(items))) for a in range(0, len(items), self.size)]
        lost: list[int] = []
        for c, outcomes in self.executor.run(partial(_each, function), [[items[i] for i in c] for c in chunks]):
            if isinstance(outcomes, Failed):
                lost += chunks[c]  # one of them took the others with it
            else:
                yield from zip(chunks[c], outcomes, strict=True)
        for k, outcome in self.executor.run(function, [items[i] for i in lost]):
            yield lost[k], outcome


def executor_for(jobs: int | None) -> Executor:
    """This process for one job, worker processes for more; every core if ``None``."""
    return Serial() if (jobs or os.cpu_count() or 1) == 1 else Processes(jobs)


def guarded(function: Callable[[T], R], item: T) -> R | Failed:
    """The function's value under one BLAS thread, or what it raised."""
    from threadpoolctl import threadpool_limits

    try:
        with threadpool_limits(1):
            return function(item)
    except (Exception, SystemExit) as error:
        return failed(error)


def _each(function: Callable[[T], R], items: Sequence[T]) -> list[R | Failed]:
    return [guarded(function, item) for item in items]


def _failed(error: BaseException) -> Failed:
    # by name: the classes belong to libraries that need not be installed
    return Failed(WORKER_DIED) if type(error).__name__ in ("KilledWorker", "UncompletedJobError") else failed(error)
