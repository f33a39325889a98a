"""Regularised Newton steps with a searched radius beside scipy's trust-region Newton and Newton-CG, on the same functions.

    python benchmarks/trust_region.py [--json]

Values, gradients and Hessians are the same functions for all; each method stops at the same value. Process time in medians, one
BLAS thread, the variants interleaved; evaluations of f count what scipy's ``nfev`` counts. ``time_vs_trust_exact`` is the geometric
mean over the problems of the ratio of the time of ``trust-exact`` to ours: above 1 the search is faster.
"""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import json
import math
import statistics
import sys
import time
from typing import Any

import numpy as np
from scipy.optimize import minimize

from gradproof.experiments.adaptive.gradient_normalized_smoothness import problems
from gradproof.experiments.adaptive.gradient_normalized_smoothness.methods import walk
from gradproof.experiments.engine.backend import backend

REPEATS = 5
PEERS = ("trust-exact", "trust-ncg", "Newton-CG")
MAKERS = {
    "log-sum-exp 12x4": problems.small_lse,
    "log-sum-exp 400x100": lambda on: problems.published_lse(on, size=100, rows=400),
    "breast_cancer": problems.regression,
    "Rosenbrock p=4": problems.powers_of_rosenbrock,
    "Chebyshev n=10, p=4": problems.powers_of_chebyshev,
}


class Reached(Exception):
    """The target is reached."""


def peer(start: problems.Start, method: str) -> dict[str, Any]:
    """scipy's method, ended where the value is that of the target."""
    count, problem = {"iterations": 0, "evaluations": 0}, start.problem

    def value(x: np.ndarray) -> float:
        count["evaluations"] += 1
        return float(problem.value(x[None])[0, 0])

    def after(intermediate_result: Any) -> None:
        count["iterations"] += 1
        if intermediate_result.fun <= start.until:
            raise Reached

    gradient, hessian = (lambda x: problem.gradient(x[None])[0]), (lambda x: problem.hessian(x[None])[0])
    try:
        end = minimize(value, start.x0, jac=gradient, hess=hessian, method=method, callback=after,
                       options={"maxiter": 5000} | ({"xtol": 1e-12} if method == "Newton-CG" else {"gtol": 1e-14}))  # fmt: skip
        return count | {"reached": bool(end.fun <= start.until)}
    except Reached:
        return count | {"reached": True}


def ours(start: problems.Start) -> dict[str, Any]:
    found = walk(start.problem, start.x0, lambda f, g: f <= start.until)
    return {
        "iterations": len(found.gamma),
        "evaluations": found.trials + 1,
        "reached": bool(found.f[-1] <= start.until),
    }


def main() -> None:
    result: dict[str, Any] = {}
    ratios = []
    print(f"{'problem':>22} {'method':>14} {'steps':>6} {'values':>7} {'ms':>9} {'ratio':>7}  reached")
    for name, make in MAKERS.items():
        start = make(backend("numpy"))
        runs = {"search": lambda s=start: ours(s)} | {m: lambda s=start, m=m: peer(s, m) for m in PEERS}
        spent: dict[str, list[float]] = {m: [] for m in runs}
        for _ in range(REPEATS):
            for m, run in runs.items():
                begin = time.process_time()
                run()
                spent[m].append(time.process_time() - begin)
        seconds = {m: statistics.median(t) for m, t in spent.items()}
        for m, run in runs.items():
            said, ratio = run(), seconds[m] / seconds["search"]
            steps = f"{said['iterations']:>6} {said['evaluations']:>7}"
            print(f"{name:>22} {m:>14} {steps} {1e3 * seconds[m]:>9.2f} {ratio:>7.2f}  {said['reached']}")
            key = f"{name}, {m}".replace(" ", "_")
            result |= {f"{key}_{k}": v for k, v in said.items()} | {f"{key}_time_ratio": ratio}
        ratios.append(math.log(seconds["trust-exact"] / seconds["search"]))
    result["time_vs_trust_exact"] = math.exp(statistics.fmean(ratios))
    print(f"geometric mean of the time of trust-exact over ours: {result['time_vs_trust_exact']:.2f}")
    if "--json" in sys.argv[1:]:
        print(json.dumps(result))


if __name__ == "__main__":
    main()
