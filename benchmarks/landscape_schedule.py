"""The least cost of averaging times: by monotone choices, against plain dynamic programming in Python and a dense one in NumPy.

    python benchmarks/landscape_schedule.py [--json] [--large]

Process time, medians; the sides of a ratio alternate in one process. Every time comes with the relative difference of
the costs found, and all sides have block costs by prefix sums.
"""

from __future__ import annotations

import os

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[_name] = "1"

import argparse
import json
import statistics
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from gradproof.solvers.averaging_times import best_schedule, cost


def seconds(f: Callable[[], Any]) -> tuple[float, Any]:
    start = time.process_time()
    result = f()
    return time.process_time() - start, result


def plain(T: int, R: int, beta: float) -> float:
    """Least cost of at most R blocks, the loops of the textbook: O(R T^2)."""
    G, W = [0.0], [0.0]
    for t in range(T):
        G.append(G[-1] + t / (t + beta - 1))
        W.append(W[-1] + 1 / (t + beta - 1))
    least = G[:]
    for _ in range(R - 1):
        values = [0.0] * (T + 1)
        for j in range(1, T + 1):
            w, best = W[j], least[0]
            for i in range(1, j):
                value = least[i] - G[i] + i * (W[i] - w)
                if value < best:
                    best = value
            values[j] = best + G[j]
        least = values
    return least[T]


def dense(T: int, R: int, beta: float) -> float:
    """The same with all block costs in one table: O(T^2) memory."""
    t = np.arange(T)
    G, W = (np.concatenate([[0.0], np.cumsum(x / (t + beta - 1))]) for x in (t, np.ones(T)))
    i = np.arange(T + 1)[:, None]
    blocks = G[None, :] - G[:, None] - i * (W[None, :] - W[:, None])
    blocks[i > i.T] = np.inf
    least = blocks[0].copy()
    for _ in range(R - 1):
        least = np.min(least[:, None] + blocks, axis=0)
    return float(least[T])


def schedules(large: bool = False) -> dict[str, float | None]:
    """Key ``speedup_schedule_dp``; ``large``: also T = 10^5, R = 100."""
    out: dict[str, float | None] = {}
    T, R, beta = 2000, 20, 20.0
    best_schedule(T, R, beta)
    sides: dict[str, list[tuple[float, float]]] = {"plain Python": [], "dense NumPy": [], "monotone choices": []}
    for _ in range(3):
        sides["plain Python"].append(seconds(lambda: plain(T, R, beta)))
        sides["dense NumPy"].append(seconds(lambda: dense(T, R, beta)))
        for _ in range(7):
            took, best = seconds(lambda: best_schedule(T, R, beta))
            sides["monotone choices"].append((took, best.cost))
    reference = cost(T, best.taus, beta)
    print(f"{f'T = {T}, R = {R}':36}{'seconds':>12}{'difference':>14}")
    medians = {}
    for name, runs in sides.items():
        medians[name] = statistics.median(t for t, _ in runs)
        difference = max(abs(c / reference - 1) for _, c in runs)
        print(f"{name:36}{medians[name]:12.4g}{difference:14.2g}")
        if not difference < 1e-9:
            raise SystemExit(f"{name} found another cost than that of the best schedule")
    quick = medians["monotone choices"]
    faster, denser = medians["plain Python"] / quick, medians["dense NumPy"] / quick
    out |= {"speedup_schedule_dp": faster, "speedup_schedule_dp_vs_dense": denser}
    out["schedule_dp_seconds"] = quick
    for T, R in [(10_000, 50)] + [(100_000, 100)] * large:
        took, best = seconds(lambda T=T, R=R: best_schedule(T, R, beta))
        print(f"{f'monotone choices, T = {T}, R = {R}':36}{took:12.4g}{best.error / best.cost:14.2g}")
        out[f"schedule_dp_seconds_T{T}_R{R}"] = took
    print(f"{faster:.0f} times faster than plain Python, {denser:.1f} than the dense table")
    return out


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", action="store_true", help="one JSON object on the last line")
    parser.add_argument("--large", action="store_true", help="also T = 10^5, R = 100 (half a minute)")
    options = parser.parse_args()
    out = schedules(options.large)
    if options.json:
        print(json.dumps(out))


if __name__ == "__main__":
    main()
