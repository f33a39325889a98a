"""Solves with A_sigma = I - sigma L: scipy's ``solve_circulant`` against the batched real FFT and the one-pole sweeps.

    python benchmarks/circulant.py [--json]

Medians of process time, one BLAS thread, the variants interleaved in one process. ``speedup_vs_solve_circulant`` is the
ratio of ``solve_circulant`` to ``smooth`` as users call it (method "auto") on a batch of 8 vectors of 10^6 entries.
"""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

import json
import math
import statistics
import sys
import time
from collections.abc import Callable
from unittest import mock

import numpy as np
from scipy.linalg import solve_circulant

from gradproof.solvers import circulant

SIGMA = 1.0
HEADLINE = (8, 10**6)
SIZES = [(32, 1024), (32, 65_536), HEADLINE, (32, 10_007)]  # the last: a prime, where FFTs are slow
GROWTH = [10**5, 10**6, 10**7]
REPEATS = 5


def uncompiled(g: np.ndarray) -> np.ndarray:
    """The sweeps as they run where numba is not installed."""
    with mock.patch.object(circulant, "has_numba", return_value=False):
        return circulant.smooth(g, SIGMA, method="sweeps")


def times(g: np.ndarray, repeats: int = REPEATS) -> tuple[dict[str, float], dict[str, float]]:
    """Median seconds of each variant, and its largest deviation from ``solve_circulant``."""
    column = np.zeros(g.shape[-1])
    column[[0, 1, -1]] = 1 + 2 * SIGMA, -SIGMA, -SIGMA
    variants: dict[str, Callable[[], np.ndarray]] = {
        "solve_circulant": lambda: solve_circulant(column, g, baxis=-1, outaxis=-1),
        "fft": lambda: circulant.smooth(g, SIGMA, method="fft"),
        "sweeps (scipy)": lambda: uncompiled(g),
    }
    if circulant.has_numba():
        variants["sweeps (numba)"] = lambda: circulant.smooth(g, SIGMA, method="sweeps")
    variants["auto"] = lambda: circulant.smooth(g, SIGMA)
    reference = variants["solve_circulant"]()
    error = {name: float(np.max(np.abs(f() - reference))) for name, f in variants.items()}  # also warms up
    spent: dict[str, list[float]] = {name: [] for name in variants}
    for _ in range(repeats):
        for name, f in variants.items():
            start = time.process_time()
            f()
            spent[name].append(time.process_time() - start)
    return {name: statistics.median(t) for name, t in spent.items()}, error


def main() -> None:
    rng = np.random.default_rng(0)
    result: dict[str, object] = {"numba": circulant.has_numba()}
    print(f"{'batch x n':>14} {'variant':>18} {'ms':>10} {'ratio':>8} {'deviation':>10}")
    for batch, n in SIZES:
        seconds, error = times(rng.normal(size=(batch, n)))
        for name, s in seconds.items():
            ratio = seconds["solve_circulant"] / s if s else math.inf
            print(f"{batch:>4} x {n:>7} {name:>18} {1e3 * s:>10.3f} {ratio:>8.1f} {error[name]:>10.1e}")
        if (batch, n) == HEADLINE:
            result |= {
                "speedup_vs_solve_circulant": seconds["solve_circulant"] / seconds["auto"],
                "speedup_fft": seconds["solve_circulant"] / seconds["fft"],
                "speedup_sweeps_scipy": seconds["solve_circulant"] / seconds["sweeps (scipy)"],
                "speedup_sweeps_numba": (
                    seconds["solve_circulant"] / seconds["sweeps (numba)"] if circulant.has_numba() else None
                ),
                "deviation": error["auto"],
            }
    spent = []
    for n in GROWTH:
        g = rng.normal(size=(1, n))
        circulant.smooth(g, SIGMA)
        repeated = []
        for _ in range(REPEATS):
            start = time.process_time()
            circulant.smooth(g, SIGMA)
            repeated.append(time.process_time() - start)
        spent.append(statistics.median(repeated))
        print(f"   1 x {n:>8} auto {1e3 * spent[-1]:.3f} ms, {1e9 * spent[-1] / n:.2f} ns an entry")
    slope = float(np.polyfit(np.log(GROWTH), np.log(spent), 1)[0])
    print(f"growth of auto: n^{slope:.2f}")
    result |= {"growth_exponent": slope}
    if "--json" in sys.argv[1:]:
        print(json.dumps(result))


if __name__ == "__main__":
    main()
