"""Walsh-Hadamard transforms: products with ``scipy.linalg.hadamard``, a plain loop of butterflies, and the transform here.

    python benchmarks/walsh.py [--json]

Medians of process time, one BLAS thread, the variants interleaved in one process; the matrix of ``hadamard`` is made once, in
floats, before the clock starts. ``speedup_vs_hadamard_n12`` is the ratio of that product to ``walsh.transform`` for 32 tables (the
gradients of a network of 32 parameters) of 2^12 entries.
"""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

import json
import statistics
import sys
import time
from collections.abc import Callable

import numpy as np
from scipy.linalg import hadamard

from gradproof.solvers import walsh

SIZES = [(1, 8), (1, 12), (32, 12), (32, 14)]  # tables, bits; the matrix of 14 bits would take 2 GB
HEADLINE, LARGEST_MATRIX = (32, 12), 12
REPEATS = 7


def butterflies(table: np.ndarray) -> np.ndarray:
    """Pairs of entries in a Python loop, as in a textbook."""
    out = table.tolist()
    for row in out:
        half = 1
        while half < len(row):
            for start in range(0, len(row), 2 * half):
                for j in range(start, start + half):
                    row[j], row[j + half] = row[j] + row[j + half], row[j] - row[j + half]
            half *= 2
    return np.array(out)


def times(tables: np.ndarray) -> tuple[dict[str, float], dict[str, float]]:
    """Median seconds of each variant, and its largest relative deviation from the loop."""
    n = tables.shape[-1].bit_length() - 1
    variants: dict[str, Callable[[], np.ndarray]] = {
        "plain loop": lambda: butterflies(tables),
        "transform": lambda: walsh.transform(tables),
    }
    if n <= LARGEST_MATRIX:
        H = hadamard(2**n).astype(float)
        variants["hadamard product"] = lambda: tables @ H
    reference = butterflies(tables)
    error = {name: float(np.max(np.abs(f() - reference)) / np.max(np.abs(reference))) for name, f in variants.items()}
    spent: dict[str, list[float]] = {name: [] for name in variants}
    for _ in range(REPEATS):
        for name, f in variants.items():
            repeats = 1 if name == "plain loop" else 20  # the clock of a process is coarse
            start = time.process_time()
            for _ in range(repeats):
                f()
            spent[name].append((time.process_time() - start) / repeats)
    return {name: statistics.median(t) for name, t in spent.items()}, error


def main() -> None:
    rng = np.random.default_rng(0)
    result: dict[str, float] = {}
    print(f"{'tables x 2^n':>14} {'variant':>18} {'ms':>10} {'ratio':>9} {'deviation':>10}")
    for p, n in SIZES:
        seconds, error = times(rng.normal(size=(p, 2**n)))
        for name, s in seconds.items():
            print(
                f"{p:>9} x 2^{n:<2} {name:>18} {1e3 * s:>10.3f} {s / seconds['transform']:>9.1f} {error[name]:>10.1e}"
            )
        if "hadamard product" in seconds and n == LARGEST_MATRIX:
            key = "speedup_vs_hadamard_n12" + ("" if (p, n) == HEADLINE else f"_{p}_table")
            result[key] = seconds["hadamard product"] / seconds["transform"]
        result[f"speedup_vs_loop_{p}x{n}"] = seconds["plain loop"] / seconds["transform"]
        result[f"deviation_{p}x{n}"] = error["transform"]
    if "--json" in sys.argv[1:]:
        print(json.dumps(result))


if __name__ == "__main__":
    main()
