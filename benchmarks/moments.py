"""Stability thresholds: time against the dense generalised eigenproblem, growth, and the cost of a certified bracket.

    python benchmarks/moments.py [--json] [--large]

One BLAS thread, process time, medians; the two sides of the ratio alternate in one process. Every time comes with the
accuracy that it was measured at: the relative difference to the dense value, or the relative error bound of the solver.
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
import scipy.linalg

from gradproof.solvers.moments import accepts, certify_threshold, stability_threshold


def seconds(f: Callable[[], Any]) -> tuple[float, Any]:
    start = time.process_time()
    result = f()
    return time.process_time() - start, result


def features(n: int, d: int) -> np.ndarray:
    return np.random.default_rng([n, d]).standard_normal((n, d))


def dense_generalised(G: np.ndarray) -> float:
    """2 / lambda_max(D, C) for B = 1 from the d^2 x d^2 matrices, by LAPACK: the textbook way."""
    n, d = G.shape
    H = G.T @ G / n
    C = (np.kron(H, np.eye(d)) + np.kron(np.eye(d), H)) / 2
    squares = np.einsum("ia,ib->iab", G, G).reshape(n, d * d)
    D = squares.T @ squares / n
    return 2 / float(scipy.linalg.eigh(D, C, eigvals_only=True, subset_by_index=[d * d - 1, d * d - 1])[0])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", action="store_true", help="one JSON object on the last line")
    parser.add_argument("--large", action="store_true", help="also n = 6000, d = 3000 (a minute)")
    options = parser.parse_args()
    out: dict[str, float] = {}
    print(f"{'case':44}{'seconds':>12}{'accuracy':>12}")

    G = features(120, 60)
    stability_threshold(G, batch_size=1)
    dense, fast = [], []
    for _ in range(3):
        took, exact = seconds(lambda: dense_generalised(G))
        dense.append(took)
        for _ in range(15):
            took, threshold = seconds(lambda: stability_threshold(G, batch_size=1))
            fast.append(took)
    difference = abs(threshold.value / exact - 1)
    slow, quick = statistics.median(dense), statistics.median(fast)
    out["speedup_vs_dense_d60"] = slow / quick
    out["difference_to_dense_d60"] = difference
    print(f"{'dense generalised eigenproblem, 120 x 60':44}{slow:12.4g}{'':>12}")
    print(f"{'this solver, 120 x 60':44}{quick:12.4g}{difference:12.2g}   {slow / quick:.0f} times faster")

    sizes = [(400, 200, 5), (2000, 1000, 3)] + [(6000, 3000, 1)] * options.large
    for n, d, repeats in sizes:
        G = features(n, d)
        for B in (1, 4) if d <= 1000 else (1,):
            runs = [seconds(lambda G=G, B=B: stability_threshold(G, batch_size=B)) for _ in range(repeats)]
            took, threshold = statistics.median(t for t, _ in runs), runs[-1][1]
            case, accuracy = f"{threshold.method}, {n} x {d}, B = {B}", threshold.error / threshold.value
            print(f"{case:44}{took:12.4g}{accuracy:12.2g}")
            if B == 1:
                out[f"seconds_n{n}_d{d}"] = took
                out[f"error_n{n}_d{d}"] = accuracy

    G = features(200, 100)
    runs = [seconds(lambda: certify_threshold(G, batch_size=1, halfwidth=1e-10)) for _ in range(3)]
    took, bracket = statistics.median(t for t, _ in runs), runs[-1][1]
    if not (accepts(bracket.stable) and accepts(bracket.unstable)):
        raise SystemExit("a certificate that was handed out is not accepted")
    out["bracket_halfwidth_n200_d100"] = bracket.halfwidth
    out["bracket_seconds"] = took
    print(f"{'certified bracket, 200 x 100':44}{took:12.4g}{bracket.halfwidth:12.2g}")
    if options.json:
        print(json.dumps(out))


if __name__ == "__main__":
    main()
