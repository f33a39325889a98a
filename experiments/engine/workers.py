"""Worker processes, one item at a time each. Every wait of the parent has an end, and no worker outlives the parent.

The parent kills a worker whose deadline has passed (``deadline``) and goes on with a new one. A worker whose pipe to the parent
closes ends itself at once, from a thread of its own; on Linux the kernel also kills it, should it sit in C code.
"""

from __future__ import annotations

import atexit
import os
import pickle
import queue
import signal
import sys
import threading
import time
import warnings
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from multiprocessing import Pipe
from multiprocessing.connection import Connection, wait
from typing import Any, Protocol, TypeVar

from gradproof.experiments.engine.deadline import TimedOut, announce_to, timed_out

T = TypeVar("T")
R = TypeVar("R")

WORKER_DIED = "its worker process died"

#: BLAS and numba threads of a worker process, where they are read when a library is first imported.
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"), "1")

START = 300.0  #: seconds that a worker may take before it begins its first item: all is imported in them
GRACE = 2.0  #: seconds past its deadline in which a worker may end an item by itself, before it is killed
LOOK = 0.5  #: seconds between two looks at the processes: a pipe stays open while a child of a dead worker holds it


@dataclass(frozen=True)
class Failed:
    """The outcome of an item that gave no result, and why."""

    reason: str
    seconds: float = field(default=0.0, compare=False)  # that it took, where the parent ended it


class Process(Protocol):
    """What is used of ``multiprocessing.Process``."""

    @property
    def pid(self) -> int | None: ...
    def is_alive(self) -> bool: ...
    def terminate(self) -> None: ...
    def join(self, timeout: float | None = None) -> None: ...


@dataclass
class Worker:
    """A process and the item that it has."""

    process: Process
    pipe: Connection
    item: int | None = None
    since: float = 0.0
    until: float = 0.0  # killed then, as past ``limit`` seconds
    limit: float | None = None
    owner: int = field(default_factory=os.getpid)

    def give(self, item: int, message: bytes) -> None:
        self.item, self.since, self.limit = item, time.monotonic(), None
        self.until = self.since + START
        with suppress(OSError):  # it has died; so says the next look at it
            self.pipe.send_bytes(message)

    def end(self) -> None:
        """Kill it, and what it has started."""
        if os.getpid() != self.owner:
            return  # a copy of the parent
        pid = self.process.pid
        if pid is not None and hasattr(os, "killpg"):
            for kill in (os.killpg, os.kill) if self.process.is_alive() else (os.killpg,):
                with suppress(OSError):  # it has no group of its own yet, or has ended
                    kill(pid, signal.SIGKILL)
        else:
            self.process.terminate()
        self.process.join(10)
        self.pipe.close()


def run_in_workers(
    start: Callable[[], Worker], message: Callable[[int], bytes], items: Iterable[int], jobs: int
) -> Iterator[tuple[int, Any]]:
    """(item, outcome) as they finish, each item once. An item whose worker dies is tried once more, after all others and alone:
    it may have been another's memory that killed it. One that is past its deadline is not.
    """
    lost = yield from _once(start, message, deque(items), jobs)
    for i in (yield from _once(start, message, deque(lost), 1)):
        yield i, Failed(WORKER_DIED)


def _once(
    start: Callable[[], Worker], message: Callable[[int], bytes], waiting: deque[int], jobs: int
) -> Generator[tuple[int, Any], None, list[int]]:
    """Yield outcomes; return the items whose worker died."""
    workers: list[Worker] = []
    lost: list[int] = []

    def end_all() -> None:
        while workers:
            workers.pop().end()

    atexit.register(end_all)  # a generator that is never closed would leave them
    try:
        while waiting or any(w.item is not None for w in workers):
            finished: list[tuple[int, Any]] = []
            for w in _look(workers):
                gone = False
                for kind, content in _messages(w):
                    if kind == "until":
                        w.limit = content[1] if content else None
                        w.until = time.monotonic() + content[0] + GRACE if content else float("inf")
                    elif kind == "done" and w.item is not None:
                        finished.append((w.item, content))
                        w.item = None
                    elif kind == "gone":
                        gone = True
                if gone and w.item is not None:
                    lost.append(w.item)
                elif not gone and w.item is not None and time.monotonic() > w.until:
                    gone = True
                    if w.limit is None:
                        lost.append(w.item)  # it never began
                    else:
                        finished.append((w.item, Failed(timed_out(w.limit), time.monotonic() - w.since)))
                if gone:
                    workers.remove(w)
                    w.end()
            # workers go on before the outcomes are looked at, which may take the caller's time
            while waiting and (free := _free(workers, start, jobs)):
                i = waiting.popleft()
                if isinstance(free, Failed):
                    finished.append((i, free))
                    continue
                try:
                    free.give(i, message(i))
                except Exception as error:  # what cannot be sent
                    finished.append((i, failed(error)))
            yield from finished
    finally:
        atexit.unregister(end_all)
        end_all()
    return lost


def _free(workers: list[Worker], start: Callable[[], Worker], jobs: int) -> Worker | Failed | None:
    """One without an item, a new one while there are fewer than ``jobs``, or why there is none at all."""
    for w in workers:
        if w.item is None:
            return w
    if len(workers) == jobs:
        return None
    try:
        workers.append(start())
    except OSError as error:  # too many processes, or no memory: go on with those that there are
        return None if workers else Failed(f"no worker process can be started: {error}")
    return workers[-1]


def _look(workers: Sequence[Worker]) -> list[Worker]:
    """Wait until one of the busy workers says something, or for a moment. All of them are then to be looked at."""
    busy = [w for w in workers if w.item is not None]
    if busy:
        left = min(w.until for w in busy) - time.monotonic()
        wait([w.pipe for w in busy], timeout=max(0.0, min(left, LOOK)))
    return busy


def _messages(w: Worker) -> Iterator[tuple[str, Any]]:
    """What a worker has said, and ``gone`` if it has ended."""
    ended = not w.process.is_alive()  # before the pipe is read: what it said last is read, too
    try:
        while w.pipe.poll():
            kind, content = pickle.loads(w.pipe.recv_bytes())
            if kind == "done":
                try:
                    content = pickle.loads(content)
                except Exception as error:
                    content = failed(error)
            yield kind, content
    except (EOFError, OSError):
        ended = True
    if ended:
        yield "gone", None


def failed(error: BaseException) -> Failed:
    """An exception as the outcome of its item."""
    if isinstance(error, TimedOut):
        return Failed(str(error), error.seconds)
    return Failed(f"{type(error).__name__}: {error}")


# --- two ways to start one -----------------------------------------------------------------------------------------------


def spawned() -> Worker:
    """A fresh interpreter, to which a function and an item are sent; ``packed`` makes the message."""
    from joblib.externals.loky.backend.process import LokyProcess

    ours, theirs = Pipe()
    process = LokyProcess(target=_serve, args=(theirs, _unpacked, *_parent()), env=ONE_THREAD, daemon=False)
    process.start()
    theirs.close()
    return Worker(process, ours)


def packed(function: Callable[[T], R], item: T) -> bytes:
    """A call as bytes; functions of notebooks and prompts travel by value."""
    from joblib.externals.loky.backend.reduction import dumps

    return bytes(dumps((function, item)))


def _unpacked(message: bytes) -> Any:
    function, item = pickle.loads(message)
    return function(item)


def can_fork() -> bool:
    """May a copy of this process go on computing? Not on other systems than Linux, nor once a library with threads or devices
    of its own, which a copy has not, is loaded.
    """
    return sys.platform == "linux" and not {"jax", "torch", "cupy"} & sys.modules.keys()


def forked(function: Callable[[T], R], items: Sequence[T]) -> Worker:
    """A copy of this process, with all that it has loaded and defined; the message is the number of an item."""
    ours, theirs = Pipe()

    def child() -> None:
        ours.close()
        with open(os.devnull, "rb") as nothing:  # two processes cannot share a terminal's input
            os.dup2(nothing.fileno(), 0)
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        _serve(theirs, lambda number: function(items[int(number)]), *parent)

    parent = _parent()
    process = _Fork(child)
    theirs.close()
    return Worker(process, ours)


class _Fork:
    """A copy of this process that calls ``target`` and ends. Unlike a process of ``multiprocessing`` it may be made in one that
    is daemonic, as the workers of Dask are.
    """

    def __init__(self, target: Callable[[], None]) -> None:
        _flush()
        with warnings.catch_warnings():
            warnings.simplefilter(
                "ignore", DeprecationWarning
            )  # threads: those of a linear-algebra library, see can_fork
            self.pid: int = os.fork()
        self._ended = False
        if self.pid == 0:
            try:
                target()
            finally:
                os._exit(1)

    def is_alive(self) -> bool:
        if not self._ended:
            try:
                self._ended = os.waitpid(self.pid, os.WNOHANG)[0] != 0
            except ChildProcessError:  # someone else has waited for it
                self._ended = True
        return not self._ended

    def terminate(self) -> None:
        if self.is_alive():
            os.kill(self.pid, signal.SIGKILL)

    def join(self, timeout: float | None = None) -> None:
        end = time.monotonic() + (float("inf") if timeout is None else timeout)
        while self.is_alive() and time.monotonic() < end:
            time.sleep(0.001)


# --- in the worker -------------------------------------------------------------------------------------------------------


def _parent() -> tuple[int, bool]:
    """This process, and whether a child may be tied to the life of the thread that starts it, as the kernel does it."""
    return os.getpid(), threading.current_thread() is threading.main_thread()


def _serve(pipe: Connection, work: Callable[[bytes], Any], parent: int, tied: bool) -> None:
    if hasattr(os, "setpgid"):
        os.setpgid(
            0, 0
        )  # its own group, so that it can be ended with all that it starts; a Ctrl-C is the parent's to handle
    signal.signal(signal.SIGINT, lambda *_: None)
    if tied and sys.platform == "linux":
        _die_with(parent)
    inbox: queue.SimpleQueue[bytes] = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(pipe, inbox), daemon=True).start()

    one_at_a_time = threading.Lock()

    def say(kind: str, content: Any) -> None:
        with one_at_a_time:
            pipe.send_bytes(pickle.dumps((kind, content)))

    announce_to(lambda until: say("until", until))
    while True:
        message = inbox.get()
        say("until", None)  # begun
        try:
            outcome = work(message)
        except BaseException as error:  # SystemExit and the like are the item's
            outcome = failed(error)
        _flush()
        say("done", _bytes(outcome))


def _bytes(outcome: Any) -> bytes:
    try:
        return pickle.dumps(outcome)
    except Exception:  # of a class that has no address
        from joblib.externals.loky.backend.reduction import dumps

        try:
            return bytes(dumps(outcome))
        except Exception as error:
            return pickle.dumps(failed(error))


def _listen(pipe: Connection, inbox: queue.SimpleQueue[bytes]) -> None:
    while True:
        try:
            inbox.put(pipe.recv_bytes())
        except (EOFError, OSError):  # the parent is gone
            if hasattr(os, "killpg") and os.getpgrp() == os.getpid():
                os.killpg(0, signal.SIGKILL)
            os._exit(1)


def _die_with(parent: int) -> None:
    """Have the kernel kill this process when its parent ends."""
    import ctypes

    set_death_signal = 1
    ctypes.CDLL(None).prctl(set_death_signal, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:  # too late
        os._exit(1)


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        with suppress(AttributeError, OSError, ValueError):  # none, or closed
            stream.flush()
