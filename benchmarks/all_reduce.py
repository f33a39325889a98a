"""Layered SGD's time model beside real processes of one machine that pass messages through pipes, in one run, interleaved.

Computing and loading are waits, as of a device; every message is sent and added up. The parts R, A_G, B and A_N are timed
alone, the two formulas add them up, and whole iterations are timed: ratios near one mean that the model holds here. Below one
where a worker loads as soon as its own message is gone, while its communicator still adds up; above one where the processes
have to share the cores.

python benchmarks/all_reduce.py [--json]
"""

from __future__ import annotations

import os

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[variable] = "1"

import argparse
import json
import multiprocessing
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from gradproof.solvers.all_reduce import Times, layered_iterations, makespan

N, G = 4, 2  # workers and groups: workers 2g and 2g + 1 have the communicator g
LENGTH = 400_000  # float64 entries of a gradient
COMPUTE = 0.04  # seconds
LOADS = {"loading is longer": 0.08, "the all-reduce is longer": 0.002}
ITERATIONS, REPEATS = 2, 15
PHASES = ("nothing", "A_N", "R", "A_G", "B", "flat", "layered")


def exchange(v: np.ndarray, rank: int, p: int, after: Any, before: Any) -> None:
    """All-reduce v in place on a ring of p processes (even): p - 1 rounds add up, p - 1 pass on."""
    shares = np.split(v, p)
    received = np.empty_like(shares[0])
    for step in range(2 * (p - 1)):
        mine, theirs = (rank - step) % p, (rank - 1 - step) % p

        def send(mine: int = mine) -> None:
            after.send_bytes(shares[mine])

        def receive() -> None:
            before.recv_bytes_into(received)

        for action in (send, receive) if rank % 2 == 0 else (receive, send):
            action()
        if step < p - 1:
            shares[theirs] += received
        else:
            shares[theirs][:] = received


def process(role: str, rank: int, pipes: dict[str, Any], barrier: Any, plan: list[tuple[str, float, int]]) -> None:
    """A worker or a communicator: goes through the plan (phase, time to load, how often), a barrier before and after each."""
    worker = role == "worker"
    v, total = np.empty(LENGTH), np.empty(LENGTH)

    def reduce() -> None:
        if worker:
            pipes["up"].send_bytes(v)
            return
        v[:] = 0
        for pipe in pipes["workers"]:
            pipe.recv_bytes_into(total)
            np.add(v, total, out=v)
        np.divide(v, N, out=v)

    def broadcast() -> None:
        if worker:
            pipes["up"].recv_bytes_into(v)
            return
        for pipe in pipes["workers"]:
            pipe.send_bytes(v)

    def ring(p: int) -> None:
        exchange(v, rank, p, pipes["after"], pipes["before"])

    def flat(load: float) -> None:
        if worker:
            time.sleep(COMPUTE)
            ring(N)
            np.divide(v, N, out=v)
            time.sleep(load)

    def layered(load: float) -> None:
        if worker:
            time.sleep(COMPUTE)
        reduce()
        time.sleep(load) if worker else ring(G)
        broadcast()

    alone: dict[str, Callable[[float], None]] = {
        "nothing": lambda load: None, "A_N": lambda load: ring(N) if worker else None, "R": lambda load: reduce(),
        "A_G": lambda load: None if worker else ring(G), "B": lambda load: broadcast(), "flat": flat, "layered": layered,
    }  # fmt: skip
    for phase, load, times in plan:
        v[:] = rank + 1 if worker else 0
        barrier.wait()
        for _ in range(times):
            alone[phase](load)
        barrier.wait()
        if (
            phase in ("flat", "layered") and worker
        ):  # the mean of 1, ..., N; from the second iteration on, of N equal numbers
            assert (v == (N + 1) / 2).all(), (phase, v[:3])


def start(plan: list[tuple[str, float, int]]) -> tuple[list[Any], Any]:
    """The processes, on two rings and with a pipe from each worker to its communicator."""
    context = multiprocessing.get_context()
    barrier = context.Barrier(N + G + 1)
    ring, inner = ([context.Pipe() for _ in range(p)] for p in (N, G))
    up = [context.Pipe() for _ in range(N)]
    started = []
    for i in range(N):
        pipes = {"after": ring[i][0], "before": ring[i - 1][1], "up": up[i][0]}
        started.append(context.Process(target=process, args=("worker", i, pipes, barrier, plan), daemon=True))
    for g in range(G):
        pipes = {"after": inner[g][0], "before": inner[g - 1][1], "workers": [up[2 * g][1], up[2 * g + 1][1]]}
        started.append(context.Process(target=process, args=("communicator", g, pipes, barrier, plan), daemon=True))
    for p in started:
        p.start()
    return started, barrier


def measured(plan: list[tuple[str, float, int]]) -> dict[tuple[str, float], list[float]]:
    """Seconds of each phase, once."""
    started, barrier = start(plan)
    found: dict[tuple[str, float], list[float]] = {}
    for phase, load, times in plan:
        barrier.wait(60)
        begin = time.perf_counter()
        barrier.wait(60)
        found.setdefault((phase, load), []).append((time.perf_counter() - begin) / times)
    for p in started:
        p.join()
    return found


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    plan = [
        (phase, load, ITERATIONS if phase in ("flat", "layered") else 1)
        for _ in range(REPEATS)
        for load in LOADS.values()
        for phase in PHASES
    ]
    found = measured(plan)
    result: dict[str, float] = {}
    print(f"{'':26} {'R':>7} {'A_G':>7} {'B':>7} {'A_N':>7} {'t_flat':>7} {'t_layered':>9}  measured/model")
    for name, load in LOADS.items():
        best = {
            phase: min(found[phase, load]) for phase in PHASES
        }  # of what the machine does besides, as little as can be
        waits = best["nothing"]
        part = {k: max(v - waits, 0.0) for k, v in best.items()}
        t = Times(COMPUTE, load, part["R"], part["A_G"], part["B"])
        layered = makespan(layered_iterations(2, t)) - makespan(layered_iterations(1, t))
        model = {"flat": COMPUTE + load + part["A_N"], "layered": layered}
        whole = {k: best[k] - waits / ITERATIONS for k in model}
        ratios = {k: whole[k] / model[k] for k in model}
        times = " ".join(f"{1000 * part[k]:7.1f}" for k in ("R", "A_G", "B", "A_N"))
        said = f"{times} {1000 * whole['flat']:7.1f} {1000 * whole['layered']:9.1f}"
        print(f"{name:26} {said}  flat {ratios['flat']:.2f}, layered {ratios['layered']:.2f} (ms)")
        short = "io" if load > COMPUTE else "all_reduce"
        result |= {f"measured_over_model_{k}_{short}": r for k, r in ratios.items()}
        result[f"speedup_layered_{short}"] = whole["flat"] / whole["layered"]
        result[f"speedup_layered_by_the_model_{short}"] = model["flat"] / model["layered"]
    if arguments.json:
        print(json.dumps(result))


if __name__ == "__main__":
    main()
