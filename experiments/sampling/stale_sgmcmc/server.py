"""A parameter server with processes on this machine: standard library and pipes, nothing emulated.

The server applies each gradient when it arrives, and sends the point that it made back to the worker that it came from. Run as a
script, this file is the worker.
"""

from __future__ import annotations

import contextlib
import pickle
import selectors
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, BinaryIO

import numpy as np

WORKER = [sys.executable, "-P", __file__]


@dataclass(frozen=True, eq=False)
class Served:
    """What a run of the server left.

    Attributes:
        delays: age of the gradient of each update, (L,), from the stamps that workers sent back. held: age of the point that each
            worker holds at the end, (P,). mean: of the points after each update, (d,).
    """

    delays: np.ndarray
    held: np.ndarray
    mean: np.ndarray


def send(pipe: BinaryIO, message: Any) -> None:
    pickle.dump(message, pipe, protocol=5)
    pipe.flush()


def serve(
    task: dict[str, Any], x0: np.ndarray, h: float, workers: int, updates: int, rng: np.random.Generator
) -> Served:
    """Langevin steps x - h g + sqrt(2 h) z with the gradients as they arrive.

    Args:
        task: what ``gradient_of`` makes a gradient of, the same for all workers but for the key ``rest``: pauses in seconds, one a
            worker. x0: (d,).
    """  # fmt: skip
    rest = task.get("rest", [0.0] * workers)
    delays: list[int] = []
    processes = [subprocess.Popen(WORKER, stdin=subprocess.PIPE, stdout=subprocess.PIPE) for _ in range(workers)]
    x, total = x0.copy(), 0 * x0
    try:
        ready = selectors.DefaultSelector()
        pipes: list[tuple[Any, Any]] = [(p.stdin, p.stdout) for p in processes]
        for k, (to, back) in enumerate(pipes):
            ready.register(back, selectors.EVENT_READ, k)
            send(to, task | {"rest": rest[k]})
        for to, back in pipes:
            pickle.load(back)  # it has started
            send(to, (0, x))
        held = np.zeros(workers, int)  # the version that each worker has read
        while len(delays) < updates:
            for key, _ in ready.select(timeout=60):
                to, back = pipes[key.data]
                version, g = pickle.load(back)
                delays.append(len(delays) - version)
                x = x - h * g + (2 * h) ** 0.5 * rng.standard_normal(x.shape)
                total += x
                held[key.data] = len(delays)
                send(to, (len(delays), x))
                if len(delays) == updates:
                    break
    finally:
        for p in processes:
            p.kill()
            p.wait()
            for pipe in (p.stdin, p.stdout):
                pipe.close()  # type: ignore[union-attr]
    return Served(np.array(delays), updates - held, total / updates)


def gradient_of(task: dict[str, Any]) -> Callable[[np.ndarray], np.ndarray]:
    """x -> lam x, or of logistic regression with ``rows``, ``targets`` and ``prior``."""
    if "rows" not in task:
        return lambda x: task["lam"] * x
    rows, targets = task["rows"], task["targets"]
    return lambda x: task["prior"] * x - rows.T @ (targets / (1 + np.exp(targets * (rows @ x))))


def work(incoming: BinaryIO, outgoing: BinaryIO) -> None:
    """Read a point and its version, send its gradient and that version, until the server ends this process."""
    task = pickle.load(incoming)
    gradient = gradient_of(task)
    send(outgoing, "ready")
    while True:
        version, x = pickle.load(incoming)
        g = gradient(x)
        time.sleep(task["rest"])
        send(outgoing, (version, g))


if __name__ == "__main__":
    with contextlib.suppress(EOFError, BrokenPipeError, KeyboardInterrupt):
        work(sys.stdin.buffer, sys.stdout.buffer)
