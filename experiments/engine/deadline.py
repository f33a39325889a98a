"""Deadlines that hold: a signal ends what runs in Python, the parent process what does not."""

from __future__ import annotations

import math
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

#: Seconds between two signals, for a body that catches the first ones.
AGAIN = 0.05
FOREVER = 1e8


class TimedOut(BaseException):
    """A body ran past its deadline of ``seconds``. Not an ``Exception``: a measure that handles those must not handle this."""

    def __init__(self, seconds: float) -> None:
        super().__init__(seconds)
        self.seconds = seconds

    def __str__(self) -> str:
        return timed_out(self.seconds)


def timed_out(seconds: float) -> str:
    """The reason that a row gives."""
    return f"timed out after {seconds:g} s"


#: (seconds left, seconds asked for) of the nearest deadline, or None. Who sets it kills this process when it has passed.
Announce = Callable[[tuple[float, float] | None], None]
_announce: Announce | None = None
_pending: list[tuple[float, float]] = []  # (when, seconds asked for), of the bodies that run now in a worker process


def announce_to(parent: Announce | None) -> None:
    """From now on, tell each deadline of this process to its parent, which can end what no signal can."""
    global _announce
    _announce = parent
    _pending.clear()  # a copy of a process has none of its deadlines


def watched() -> bool:
    """Does a parent keep the deadlines of this process?"""
    return _announce is not None


@contextmanager
def deadline(seconds: float) -> Iterator[None]:
    """Give the body so many seconds.

    In the main thread a signal raises ``TimedOut`` in the body, again and again until it ends. What catches that too, or sits
    in C code, is ended with its process by the parent, if it is a worker of ours (``workers``). In another thread of a process
    that is no worker there is no deadline. A timer and a handler that the caller has set go on as if nothing had happened.

    Raises:
        TimedOut: in the body.
    """
    seconds = min(seconds, FOREVER)
    if _announce is None:
        with _alarm(seconds):
            yield
        return
    mine = (time.monotonic() + seconds, seconds)
    _pending.append(mine)
    _tell_the_nearest()
    try:
        with _alarm(seconds):
            yield
    finally:
        _pending.remove(mine)
        _tell_the_nearest()


def _tell_the_nearest() -> None:
    if _announce is not None:
        when, seconds = min(_pending, default=(math.inf, math.inf))
        _announce((when - time.monotonic(), seconds) if _pending else None)


@contextmanager
def _alarm(seconds: float) -> Iterator[None]:
    if threading.current_thread() is not threading.main_thread() or not hasattr(signal, "setitimer"):
        yield
        return
    left, every = signal.getitimer(signal.ITIMER_REAL)
    begun = time.monotonic()
    mine, theirs = begun + seconds, begun + left if left else math.inf
    armed, rung = True, False

    def arm() -> None:
        signal.setitimer(signal.ITIMER_REAL, max(min(mine, theirs) - time.monotonic(), 1e-6), AGAIN)

    def ring(number: int, frame: Any) -> None:
        nonlocal theirs, rung
        now = time.monotonic()
        theirs_rings = now >= theirs
        if theirs_rings:
            theirs = now + every if every else math.inf
        if now < mine:
            arm()
        if theirs_rings:
            _handle(before, number, frame)
        if armed and now >= mine:
            rung = True
            raise TimedOut(seconds)

    before = signal.signal(signal.SIGALRM, ring)
    try:
        try:
            arm()
            yield
        finally:
            armed = False
        if rung:
            raise TimedOut(seconds)
    except (Exception, SystemExit):
        if rung:  # whatever the body made of it
            raise TimedOut(seconds) from None
        raise
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, signal.SIG_DFL if before is None else before)
        if theirs < math.inf:
            signal.setitimer(signal.ITIMER_REAL, max(theirs - time.monotonic(), 1e-6), every)


def _handle(handler: Any, number: int, frame: Any) -> None:
    """What the caller's handler would have done with its own alarm."""
    if callable(handler):
        handler(number, frame)
    elif handler == signal.SIG_DFL:
        signal.signal(number, signal.SIG_DFL)
        os.kill(os.getpid(), number)
