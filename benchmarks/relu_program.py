"""The convex program of a two-layer ReLU network: structured interior point beside cvxpy with Clarabel, in one process.

python benchmarks/relu_program.py [--json] [--quick]

n points, P = n sampled patterns, d = 10, weight decay 2% of the one that kills every neuron. Both values are held against the same
lower bound, which holds whatever rounding did; ours must come within a relative 1e-4 of it.
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

from gradproof.solvers.relu_program import Program, cone_norms, sample_patterns, train


def instance(n: int) -> Program:
    """Targets of a small network with noise."""
    rng = np.random.default_rng(0)
    X = rng.standard_normal((n, 10))
    y = np.maximum(X @ rng.standard_normal((10, 3)), 0) @ np.array([1.0, -1.0, 1.0]) + 0.3 * rng.standard_normal(n)
    patterns = sample_patterns(X, n, rng)
    largest = cone_norms(Program(X, y, 1.0, patterns), y)[0].max()
    return Program(X, y, 0.02 * float(largest), patterns)


def by_cvxpy(p: Program) -> float:
    """The program in matrix form, as a careful user would write it; the value that Clarabel reports."""
    P, d = p.patterns.U.shape
    V, W = cp.Variable((P, d)), cp.Variable((P, d))
    output = cp.sum(cp.multiply(p.S, (V - W) @ p.X.T), axis=0)
    size = cp.sum(cp.norm(V, 2, axis=1)) + cp.sum(cp.norm(W, 2, axis=1))
    cones = [cp.multiply(p.signs, B @ p.X.T) >= 0 for B in (V, W)]
    problem = cp.Problem(cp.Minimize(cp.sum_squares(output - p.y) / 2 + p.beta * size), cones)
    problem.solve(solver=cp.CLARABEL)
    return float(problem.value)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--quick", action="store_true", help="n = P = 100 instead of 500")
    arguments = parser.parse_args()
    n = 100 if arguments.quick else 500
    p = instance(n)
    by_cvxpy(instance(12))  # imports and caches outside the timing
    train(instance(12), gap=1e-4)
    ours = []

    def measure() -> None:
        start = time.process_time()
        found.append(train(p, gap=1e-4))
        ours.append(time.process_time() - start)

    found: list = []
    measure()
    start = time.process_time()
    value = by_cvxpy(p)
    theirs = time.process_time() - start
    measure()
    measure()
    best = found[0]
    ratio = theirs / statistics.median(ours)
    above = value / best.lower - 1
    print(
        f"{'n = P':>6} {'cvxpy s':>9} {'ours s':>8} {'ratio':>7} {'gap ours':>10} {'cvxpy above the bound':>22} {'steps':>6}"
    )
    print(
        f"{n:>6} {theirs:>9.2f} {statistics.median(ours):>8.2f} {ratio:>7.1f} {best.gap:>10.1e} {above:>22.1e} {best.iterations:>6}"
    )
    if arguments.json:
        print(json.dumps({
            "speedup_vs_cvxpy": ratio, "n": n, "relative_gap": best.gap, "seconds": statistics.median(ours),
            "seconds_cvxpy": theirs, "cvxpy_above_the_lower_bound": above,
        }))  # fmt: skip


if __name__ == "__main__":
    main()
