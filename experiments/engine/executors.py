"""Where the pieces of a sweep run: here, in processes, on a Dask cluster, on SLURM.

Every executor keeps the same promise: each item is answered exactly once, an item that raises or takes its worker down is
answered by ``Failed`` and harms no other, and a worker computes with one BLAS thread.
"""

from __future__ import annotations

import os
import warnings
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol, TypeVar

from gradproof.theory.errors import ParameterError

T = TypeVar("T")
R = TypeVar("R")

WORKER_DIED = "its worker process died"

#: BLAS and numba threads of a worker process, where they are read when a library is first imported.
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"), "1")


@dataclass(frozen=True)
class Failed:
    """The outcome of an item that gave no result, and why."""

    reason: str


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
    """Worker processes of one machine (loky); ``jobs`` of them, every core if ``None``."""

    jobs: int | None = None

    def __post_init__(self) -> None:
        if self.jobs is not None and self.jobs < 1:
            raise ParameterError(f"jobs={self.jobs} must be at least 1; leave it out to use every core")

    def run(self, function: Callable[[T], R], items: Sequence[T]) -> Iterator[tuple[int, R | Failed]]:
        jobs = min(self.jobs or os.cpu_count() or 1, len(items))
        waiting = deque(range(len(items)))
        while waiting:
            suspects = yield from _until_a_worker_dies(function, items, waiting, jobs)
            for i in suspects:  # one of them took its worker down: alone, the guilty one is known
                if (yield from _until_a_worker_dies(function, items, deque([i]), 1)):
                    yield i, Failed(WORKER_DIED)


def _until_a_worker_dies(
    function: Callable[[T], R], items: Sequence[T], waiting: deque[int], jobs: int
) -> Generator[tuple[int, R | Failed], None, list[int]]:
    """Yield outcomes and empty ``waiting``. When a worker dies, return the items that were with the workers."""
    from joblib.externals.loky import ProcessPoolExecutor

    # loky replaces a worker that has grown by 300 MB, between two items; it would say so once a time
    warnings.filterwarnings("ignore", message="A worker stopped while some jobs", category=UserWarning)
    # idle workers end by themselves after the timeout: those of a killed sweep, too
    pool = ProcessPoolExecutor(max_workers=jobs, env=ONE_THREAD, timeout=300)
    running: dict[Any, int] = {}
    suspects: list[int] = []
    broken = False
    try:
        while running or (waiting and not broken):
            try:
                # few at a time: what is with the workers when one dies must be run again
                while waiting and len(running) < 2 * jobs and not broken:
                    running[pool.submit(guarded, function, items[waiting[0]])] = waiting[0]
                    waiting.popleft()
            except BrokenProcessPool:
                broken = True
            for future in wait(running, return_when=FIRST_COMPLETED).done:
                i, error = running.pop(future), future.exception()
                if isinstance(error, BrokenProcessPool):
                    broken = True
                    suspects.append(i)
                else:
                    yield i, future.result() if error is None else _failed(error)
    finally:
        pool.shutdown(wait=False, kill_workers=True)
    return suspects


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
    except Exception as error:
        return _failed(error)


def _each(function: Callable[[T], R], items: Sequence[T]) -> list[R | Failed]:
    return [guarded(function, item) for item in items]


def _failed(error: BaseException) -> Failed:
    # by name: the classes belong to libraries that need not be installed
    died = isinstance(error, BrokenProcessPool) or type(error).__name__ in ("KilledWorker", "UncompletedJobError")
    return Failed(WORKER_DIED if died else f"{type(error).__name__}: {error}")
