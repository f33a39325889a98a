"""Water filling beside cvxpy with Clarabel: time, objective and feasibility, in one process, interleaved.

python benchmarks/sparsification.py [--json]
"""

from __future__ import annotations

import os

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[variable] = "1"

import argparse
import json
import statistics
import time

import cvxpy as cp
import numpy as np

from gradproof.solvers.sparsification import minimal_variance


def by_cvxpy(lam: np.ndarray, s: float) -> np.ndarray:
    """The program as a user would write it."""
    p = cp.Variable(lam.size)
    scale = lam**2 / (lam @ lam)
    problem = cp.Problem(cp.Minimize(scale @ cp.inv_pos(p)), [cp.sum(p) <= s, p <= 1])
    problem.solve(solver=cp.CLARABEL)
    return np.asarray(p.value)


def seconds(call, repeats: int) -> float:
    start = time.process_time()
    for _ in range(repeats):
        call()
    return (time.process_time() - start) / repeats


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    rng = np.random.default_rng(0)
    heads = f"{'k':>8} {'cvxpy s':>10} {'ours s':>10} {'ratio':>8} {'objective cvxpy/ours':>22}"
    print(f"{heads} {'excess cvxpy':>13} {'excess ours':>12}")
    result = {}
    for k in (1_000, 10_000):
        lam = rng.standard_normal(k) * np.exp(rng.standard_normal(k))
        s = k / 20
        by_cvxpy(lam[:50], 5.0)  # imports and caches outside the timing
        theirs, ours = [], []
        for _ in range(5):
            theirs.append(seconds(lambda lam=lam, s=s: by_cvxpy(lam, s), 1))
            ours.append(seconds(lambda lam=lam, s=s: minimal_variance(lam, s), 200))
        p = np.clip(by_cvxpy(lam, s), 1e-12, None)
        best = minimal_variance(lam, s)
        excess = [max(float(q.sum() - s), float(q.max() - 1), 0.0) for q in (p, best.p)]
        ratio = statistics.median(t / o for t, o in zip(theirs, ours, strict=True))
        relative = float((lam**2 / p).sum()) / best.second_moment
        row = f"{k:>8} {statistics.median(theirs):>10.4f} {statistics.median(ours):>10.2e} {ratio:>8.0f}"
        print(f"{row} {relative:>22.12f} {excess[0]:>13.1e} {excess[1]:>12.1e}")
        result |= {f"speedup_vs_cvxpy_k{k}": ratio, f"excess_ours_k{k}": excess[1], f"excess_cvxpy_k{k}": excess[0]}
    if arguments.json:
        print(json.dumps({"speedup_vs_cvxpy": result["speedup_vs_cvxpy_k10000"], **result}))


if __name__ == "__main__":
    main()
