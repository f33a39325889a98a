"""A search that ends, whatever its measure does: in a copy of this process, which is killed when a measure does not return."""

from __future__ import annotations

import importlib
import pickle
from collections.abc import Callable
from dataclasses import replace

from gradproof.experiments.attack.finding import Finding
from gradproof.experiments.attack.search import Search
from gradproof.experiments.engine.deadline import TimedOut, deadline
from gradproof.experiments.engine.executors import Failed, Forked, Serial
from gradproof.experiments.engine.workers import can_fork
from gradproof.experiments.instances.tape import Rejected, play
from gradproof.theory.claim import LIBRARY

#: Seconds beyond its budget that a search has for its last evaluation, and seconds to make small and report what it found.
SPARE, REPORT = 10.0, 60.0
CUT_OFF = "cut off"


def in_time(s: Search, report: Callable[[Search], Finding], empty: Finding) -> Finding:
    """Run a search and report it; ``empty`` with a note, and ``how`` it came, if it had to be cut off.

    Where there can be no copy of this process (``workers.can_fork``), a measure that sits in C code is not ended.

    Raises:
        Exception: what the search raises.
    """

    def run(s: Search) -> Finding | Exception:
        try:
            with deadline(s.seconds + max(SPARE, s.seconds / 2)):
                s.run()
            with deadline(REPORT):
                return _sendable(report(s))
        except TimedOut as stop:
            return replace(empty, note=f"{stop}, in an evaluation after {s.tried} others", how=CUT_OFF)
        except Exception as error:  # the caller's to see, not the outcome of an item
            return error

    copies = can_fork()
    if copies and not s.made.random and s.made.replay is None:
        importlib.import_module(
            "gradproof.experiments.attack.trace"
        )  # once here: each copy would load the solvers anew
    ((_, outcome),) = (Forked() if copies else Serial()).run(run, [s])
    if isinstance(outcome, Exception):
        raise outcome
    if isinstance(outcome, Failed):
        return replace(empty, note=outcome.reason, how=CUT_OFF)
    if outcome.choices and (s.claim.file != LIBRARY or not outcome.instance):
        # drawn here once more: what came from the copy is of classes that are copies, too, if it could come at all
        try:
            return replace(outcome, instance=play(s.strategy, outcome.choices).value)
        except Rejected:
            pass
    return outcome


def _sendable(found: Finding) -> Finding:
    """Without its instance, where that is of a class that cannot be pickled."""
    try:
        pickle.dumps(found)
    except Exception:
        return replace(found, instance={})
    return found
