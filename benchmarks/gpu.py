"""Achieved FLOP/s and bandwidth of the engine's main loops against what the device itself gives, on any backend.

Measures the device first (a square product, and a sum of two arrays), then a step of EF21 on logistic loss (products), a
smoothing solve (memory), the random numbers (integer work), and the runs of SGD stability. Names the device; sizes fit a
laptop unless ``--large``. ``--json``: one JSON object on the last line.
"""

from __future__ import annotations

import argparse
import json
import platform
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from gradproof.experiments.communication.ef21 import methods
from gradproof.experiments.engine.backend import Backend, backend
from gradproof.experiments.engine.draws import Draws, keys
from gradproof.experiments.engine.run import run, start
from gradproof.experiments.instances.compressors import TopK
from gradproof.experiments.instances.finite_sums import Logistic
from gradproof.experiments.landscape.sgd_stability import methods as networks
from gradproof.solvers.circulant import smooth


def device_name(on: Backend) -> str:
    """What the arrays of the backend are computed on."""
    if on.name == "torch" and on.device == "cuda":
        return on.xp.cuda.get_device_name()
    if on.name == "jax":
        import jax

        return str(jax.devices()[0])
    if on.name == "cupy":
        return on.xp.cuda.runtime.getDeviceProperties(0)["name"].decode()
    return f"CPU, {platform.machine()}"


def wait(on: Backend, x: Any) -> None:
    """Until the device has finished."""
    if on.name == "torch" and on.device == "cuda":
        on.xp.cuda.synchronize()
    elif on.name == "jax":
        x.block_until_ready()
    elif on.name == "cupy":
        on.xp.cuda.Device().synchronize()


def seconds(on: Backend, function: Callable[[], Any], repeats: int = 5) -> float:
    """Median wall time; the first call, which compiles or loads, is left out."""
    taken = []
    with on.scope():
        for _ in range(repeats + 1):
            begin = time.perf_counter()
            wait(on, function())
            taken.append(time.perf_counter() - begin)
    return float(np.median(taken[1:]))


def limits(on: Backend, size: int) -> dict[str, float]:
    """GFLOP/s of a square float64 product, GB/s of ``a + b`` (two reads and a write)."""
    rng = np.random.default_rng(0)
    square = on.asarray(rng.standard_normal((size, size)))
    line = on.asarray(rng.standard_normal(16 * size * size))
    return {
        "gemm_gflops": 2 * size**3 / seconds(on, lambda: square @ square) / 1e9,
        "add_gbs": 3 * 8 * line.shape[0] / seconds(on, lambda: line + line) / 1e9,
    }


def ef21_gflops(on: Backend, n: int, m: int, d: int, S: int, steps: int) -> float:
    """Of the two products of a gradient, in a run of EF21 with TopK on logistic loss, S settings at once."""
    rng = np.random.default_rng(0)
    P = Logistic(rng.standard_normal((n, m, d)) / np.sqrt(d), np.sign(rng.standard_normal((n, m))), 1e-3)
    moved, gammas = on.move((P, np.geomspace(0.01, 0.5, S)))
    with on.scope():
        method = methods.ef21(moved, gammas, TopK(max(d // 20, 1)))
    x0 = on.asarray(start(np.zeros(d), settings=S))

    def go(T: int) -> float:
        record = {"f": lambda s: s.x[..., 0]}
        begin = time.perf_counter()
        run(method, x0, T, record=record, at=[T])  # brings the record to the host: it is finished
        return time.perf_counter() - begin

    go(1)
    # two lengths, so that what a run costs once (on JAX, compiling) drops out
    extra = np.median([go(3 * steps) for _ in range(3)]) - np.median([go(steps) for _ in range(3)])
    return 4 * n * m * d * S * 2 * steps / max(float(extra), 1e-9) / 1e9


def smoothing_gbs(on: Backend, batch: int, n: int) -> float:
    """One read and one write of the vectors, by time."""
    g = on.asarray(np.random.default_rng(0).standard_normal((batch, n)))
    return 2 * 8 * batch * n / seconds(on, lambda: smooth(g, 1.0)) / 1e9


def draws_per_second(on: Backend, count: int) -> float:
    """Millions of uniform numbers a second."""
    words = on.asarray(keys("benchmark", settings=range(8), seeds=range(8)))
    return count / seconds(on, lambda: Draws(words, 3).uniform((count // 64,))) / 1e6


def training_steps(on: Backend, settings: int, steps: int) -> float:
    """Steps a second of SGD on two-layer networks, all step sizes at once."""
    problem = networks.one_neuron_teacher(np.random.default_rng(0))
    etas = np.geomspace(0.01, 0.2, settings)

    def go(T: int) -> float:
        begin = time.perf_counter()
        networks.train(problem, etas, 5, T, T, np.random.default_rng(1), on.name)
        return time.perf_counter() - begin

    go(1)
    extra = np.median([go(3 * steps) for _ in range(3)]) - np.median([go(steps) for _ in range(3)])
    return settings * 2 * steps / max(float(extra), 1e-9)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--backend", default="torch", help="numpy, torch, jax or cupy")
    parser.add_argument("--large", action="store_true", help="sizes that fill a GPU")
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    on, big = backend(args.backend), args.large
    found: dict[str, Any] = {"backend": on.name, "device": device_name(on)}
    found |= limits(on, 8192 if big else 1024)
    found["ef21_gflops"] = ef21_gflops(on, *((1000, 128, 1000, 64, 20) if big else (20, 400, 123, 64, 5)))
    found["ef21_of_gemm"] = found["ef21_gflops"] / found["gemm_gflops"]
    found["smoothing_gbs"] = smoothing_gbs(on, *((256, 10**6) if big else (32, 65_536)))
    found["smoothing_of_add"] = found["smoothing_gbs"] / found["add_gbs"]
    found["million_draws_per_s"] = draws_per_second(on, 2**27 if big else 2**20)
    found["training_steps_per_s"] = training_steps(on, 4096 if big else 64, 100)
    print(f"{on.name} on {found['device']}, float64")
    for key, value in list(found.items())[2:]:
        print(f"{key:22s} {value:12.4g}")
    if args.json:
        print(json.dumps(found))


if __name__ == "__main__":
    main()
