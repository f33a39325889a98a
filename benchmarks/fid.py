"""The Frechet distance of Gaussians beside scipy's ``sqrtm`` and torchmetrics: time, and error against an exact value.

    python benchmarks/fid.py [--json] [--large]

One BLAS thread, process time, medians, the variants interleaved in one process. Covariances are whole numbers, C2 = A C1 A with A
positive definite, so that the distance is ``tr C1 + tr C2 - 2 tr(A C1)`` without rounding. ``half``: C1 has half its rank, as the
statistics of a small sample have. Errors are relative to ``tr C1 + tr C2``; ``within``: the error that is reported beside the value
here holds. torchmetrics gets samples that have these moments up to rounding, and computes from its own sums.
"""

from __future__ import annotations

import os

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[_name] = "1"

import argparse
import json
import statistics
import time
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from scipy.linalg import sqrtm
from torchmetrics.image.fid import FrechetInceptionDistance

from gradproof.solvers.gaussian import bures

torch.set_num_threads(1)


class Features(torch.nn.Module):
    """What takes a batch of features for images."""

    def __init__(self, d: int) -> None:
        super().__init__()
        self.num_features = d

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x


def instance(d: int, rank: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, float]:
    """C1, C2 of whole numbers and the exact value; every product stays below 2^53."""
    B = rng.integers(-2, 3, (d, rank)).astype(float)
    G = rng.integers(-1, 2, (d, d)) * (rng.random((d, d)) < 4 / d)
    C1, A = B @ B.T, (G @ G.T + np.eye(d)).astype(float)
    C2 = A @ C1 @ A
    assert np.abs(A).sum(1).max() ** 2 * np.abs(C1).max() * d < 2**53
    return C1, C2, float(np.trace(C1) + np.trace(C2) - 2 * np.sum(A * C1))


def plain(C1: np.ndarray, C2: np.ndarray) -> float:
    """As in most scripts: the real part of the root of the product."""
    root = sqrtm(C1 @ C2)
    return float(np.trace(C1) + np.trace(C2) - 2 * np.trace(root.real))


def peer(C1: np.ndarray, C2: np.ndarray) -> Callable[[], float]:
    """A metric that was fed samples with these moments, of which ``compute`` alone is timed."""
    d = len(C1)
    metric = FrechetInceptionDistance(feature=Features(d), input_img_size=(d,), compute_with_cache=False)
    for C, real in ((C1, True), (C2, False)):
        w, V = np.linalg.eigh(C)
        root = V * np.sqrt(np.maximum(w, 0))
        n = 2 * d
        rows = np.concatenate([root.T, -root.T]) * np.sqrt((n - 1) / 2)  # mean 0, covariance C
        metric.update(torch.from_numpy(rows), real=real)
    metric.orig_dtype = torch.float64

    def compute() -> float:
        return float(metric.compute())

    return compute


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", action="store_true", help="one JSON object on the last line")
    parser.add_argument("--large", action="store_true", help="also 1024 features (minutes)")
    options = parser.parse_args()
    warnings.simplefilter("ignore")  # of singular products
    out: dict[str, Any] = {}
    rng = np.random.default_rng(0)
    print(f"{'features':>8} {'rank':>5} {'variant':>13} {'ms':>9} {'times ours':>11} {'error':>9}")
    for d, repeats in [(64, 7), (256, 5), (512, 3)] + [(1024, 1)] * options.large:
        for kind, rank in (("full", d), ("half", d // 2)):
            C1, C2, exact = instance(d, rank, rng)
            variants: dict[str, Callable[[], Any]] = {
                "bures": lambda C1=C1, C2=C2: bures(C1, C2),
                "sqrtm": lambda C1=C1, C2=C2: plain(C1, C2),
                "torchmetrics": peer(C1, C2),
            }
            spent: dict[str, list[float]] = {name: [] for name in variants}
            found: dict[str, Any] = {}
            for _ in range(repeats):
                for name, f in variants.items():
                    start = time.process_time()
                    found[name] = f()
                    spent[name].append(time.process_time() - start)
            value, error = found["bures"]
            out[f"within_{kind}_{d}"] = bool(abs(value - exact) <= error)
            found["bures"], size = value, float(np.trace(C1) + np.trace(C2))
            ours = statistics.median(spent["bures"])
            for name, seconds in spent.items():
                off, took = abs(found[name] - exact) / size, statistics.median(seconds)
                print(f"{d:>8} {kind:>5} {name:>13} {1e3 * took:>9.2f} {took / ours:>11.2f} {off:>9.1e}")
                out[f"error_{name}_{kind}_{d}"] = off
                if name != "bures":
                    out[f"speedup_vs_{name}_{kind}_{d}"] = took / ours
    if not all(v for k, v in out.items() if k.startswith("within")):
        raise SystemExit("an error is larger than the bound that is reported beside it")
    if options.json:
        worst = max(v for k, v in out.items() if k.startswith("error_bures"))
        head = {
            "speedup_vs_sqrtm": out["speedup_vs_sqrtm_full_512"], "speedup_vs_peer": out["speedup_vs_torchmetrics_full_512"],
            "error": worst,
            "error_vs_peer_half": out["error_bures_half_512"] / out["error_torchmetrics_half_512"],
        }  # fmt: skip
        print(json.dumps(head | out))


if __name__ == "__main__":
    main()
