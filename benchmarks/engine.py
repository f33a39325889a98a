"""Run-steps a second of EF21 with TopK, all step sizes at once, against the loop over runs and workers of papers' code.

Both sides compute the same trajectories in float64 (checked), on one BLAS thread, interleaved in one process; medians of
process time. Prints a table; with ``--json`` also one JSON object on the last line.
"""

from __future__ import annotations

import os

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[_name] = "1"

import argparse
import json
import time
from collections.abc import Callable
from typing import Any

import numpy as np
from scipy.special import expit

from gradproof.experiments.communication.ef21 import methods
from gradproof.experiments.engine.backend import backend
from gradproof.experiments.engine.run import run, start
from gradproof.experiments.instances.compressors import TopK
from gradproof.experiments.instances.finite_sums import Logistic, Quadratics

Gradient = Callable[[int, np.ndarray], np.ndarray]


def loop(gradient: Gradient, n: int, x0: np.ndarray, gamma: float, K: int, steps: int) -> np.ndarray:
    """EF21 as papers' code has it: one run, one worker after the other."""

    def top(v: np.ndarray) -> np.ndarray:
        out = np.zeros_like(v)
        keep = np.argpartition(np.abs(v), -K)[-K:]
        out[keep] = v[keep]
        return out

    x = x0.copy()
    g = [top(gradient(i, x)) for i in range(n)]
    for _ in range(steps):
        x = x - gamma * np.mean(g, axis=0)
        g = [g[i] + top(gradient(i, x) - g[i]) for i in range(n)]
    return x


def logistic(n: int = 20, m: int = 1600, d: int = 123) -> tuple[Logistic, Gradient]:
    rng = np.random.default_rng(0)
    A, b = rng.standard_normal((n, m, d)) / np.sqrt(d), np.sign(rng.standard_normal((n, m)))
    P = Logistic(A, b, 0.001)

    def gradient(i: int, x: np.ndarray) -> np.ndarray:
        sigma = expit(-b[i] * (A[i] @ x))
        return -(A[i].T @ (b[i] * sigma)) / m + 0.001 * 2 * x / (1 + x * x) ** 2

    return P, gradient


def quadratics(n: int = 10, d: int = 20) -> tuple[Quadratics, Gradient]:
    B = np.random.default_rng(1).standard_normal((n, d, d))
    H = B @ B.transpose(0, 2, 1) / d
    return Quadratics(H), lambda i, x: H[i] @ x


def gemm_peak(size: int = 1024) -> float:
    """GFLOP/s of a square float64 product on one thread, the best of several."""
    a = np.random.default_rng(0).standard_normal((size, size))
    return 2 * size**3 / min(_seconds(lambda: a @ a) for _ in range(9)) / 1e9


def _seconds(function: Callable[[], Any]) -> float:
    begin = time.process_time()
    function()
    return time.process_time() - begin


def compare(P: Any, gradient: Gradient, S: int, K: int, steps: int, loop_steps: int, repeats: int) -> dict[str, float]:
    """Run-steps a second of both sides, and how far apart their end points are."""
    gammas = np.geomspace(0.01, 0.5, S) / P.L_i.max()
    x0 = np.ones(P.d)
    method = methods.ef21(P, gammas, TopK(K))
    record = {"x": lambda s: s.x}

    def batched(T: int) -> np.ndarray:
        return run(method, start(x0, settings=S), T, record=record, every=T).x.values[:, 0, -1]

    few = min(S, 4)
    ours = batched(loop_steps)[:few]
    theirs = np.stack([loop(gradient, P.n, x0, g, K, loop_steps) for g in gammas[:few]])
    t_batch, t_loop = [], []
    for _ in range(repeats):
        t_batch.append(_seconds(lambda: batched(steps)))
        t_loop.append(_seconds(lambda: loop(gradient, P.n, x0, gammas[0], K, loop_steps)))
    rate, baseline = S * steps / np.median(t_batch), loop_steps / np.median(t_loop)
    return {"rate": rate, "baseline": baseline, "speedup": rate / baseline, "apart": float(np.abs(ours - theirs).max())}


def on_other(name: str, P: Any, S: int, K: int, steps: int) -> float:
    """Run-steps a second on another backend, compilation left out."""
    on = backend(name)
    gammas, Q = on.asarray(np.geomspace(0.01, 0.5, S) / P.L_i.max()), on.move(P)
    with on.scope():
        method = methods.ef21(Q, gammas, TopK(K))
    x0 = on.asarray(start(np.ones(P.d), settings=S))

    def go(T: int) -> float:
        return _seconds(lambda: run(method, x0, T, record={"x": lambda s: s.x}, every=T))

    go(1), go(steps)
    # two lengths, so that tracing and compiling, which every call to run repeats on JAX, drop out
    return (
        S
        * 2
        * steps
        / max(np.median([go(3 * steps) for _ in range(3)]) - np.median([go(steps) for _ in range(3)]), 1e-9)
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--backends", nargs="*", default=[], help="also time these, e.g. torch jax")
    args = parser.parse_args()
    out: dict[str, float] = {}
    P, gradient = logistic()
    big = compare(P, gradient, 64, 6, 12, 60, args.repeats)
    peak = gemm_peak()
    flops = 2 * 2 * P.n * P.m * P.d  # the two products of a gradient
    out["speedup_logistic_f64"] = big["speedup"]
    Q, gradient = quadratics()
    toy = compare(Q, gradient, 1000, 1, 60, 300, args.repeats)
    out["speedup_toy"] = toy["speedup"]
    out["fraction_of_peak_gemm"] = big["rate"] * flops / 1e9 / peak
    print("EF21 + TopK in float64, run-steps a second (one BLAS thread)")
    for name, r in (("logistic n=20 m=1600 d=123, S=64", big), ("quadratics n=10 d=20, S=1000", toy)):
        print(
            f"{name:34s} loop {r['baseline']:9.0f}  batched {r['rate']:9.0f}  x{r['speedup']:.1f}  apart {r['apart']:.1e}"
        )
        assert r["apart"] < 1e-9, "the two sides do not compute the same thing"
    print(
        f"products: {big['rate'] * flops / 1e9:.1f} GFLOP/s of {peak:.1f} of a square GEMM: {out['fraction_of_peak_gemm']:.0%}"
    )
    for name in args.backends:
        rates = {"logistic": on_other(name, P, 64, 6, 6), "toy": on_other(name, Q, 1000, 1, 60)}
        print(f"{name}: logistic {rates['logistic']:.0f}, quadratics {rates['toy']:.0f} run-steps a second")
        out |= {f"{name}_{k}": v for k, v in rates.items()}
    if args.json:
        print(json.dumps(out))


if __name__ == "__main__":
    main()
