"""What goes where: results to standard output, what a user's own code prints beside JSON to standard error.

JSON is strict: an infinite number, or one that is none, is the text ``"inf"``, ``"-inf"`` or ``"nan"``.
"""

from __future__ import annotations

import io
import json
import math
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, redirect_stdout
from typing import Any


def settle() -> None:
    """A terminal that cannot show a character gets a question mark, and the command goes on."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")


@contextmanager
def users_prints_aside(aside: bool) -> Iterator[None]:
    """What is printed in this block goes to standard error, if ``aside``: by Python, by C code, and by worker processes."""
    if not aside:
        yield
        return
    sys.stdout.flush()
    try:
        out, err = sys.stdout.fileno(), sys.stderr.fileno()
    except (OSError, ValueError):  # a stream that is no file of the system's: that of a test, or of a notebook
        with redirect_stdout(sys.stderr):
            yield
        return
    kept = os.dup(out)
    os.dup2(err, out)
    try:
        with redirect_stdout(sys.stderr):
            yield
    finally:
        sys.stdout.flush()  # what a user's code wrote to the stream that it had kept for itself
        if sys.__stdout__ is not None:
            sys.__stdout__.flush()
        os.dup2(kept, out)
        os.close(kept)


def strict_json(data: Any) -> str:
    """JSON that every reader takes."""
    return json.dumps(_strict(data), allow_nan=False, indent=1)


def _strict(x: Any) -> Any:
    if isinstance(x, float) and not math.isfinite(x):
        return str(float(x))
    if isinstance(x, Mapping):
        return {str(k): _strict(v) for k, v in x.items()}
    if isinstance(x, list | tuple):
        return [_strict(v) for v in x]
    return x
