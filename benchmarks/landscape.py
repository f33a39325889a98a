"""Exact solvers of the landscape papers and of averaging times, beside what a user would take instead: time, and both errors.

    python benchmarks/landscape.py [--json]

One BLAS thread, medians of process time, both sides interleaved in one process.

``speedup_hitting_times``: the expected time to reach site 10^5 of a birth-and-death chain, against SciPy's banded solver on the
linear system of the chain, in a rough potential in which the latter still has right digits. The errors are absolute errors of
log E T, that is relative errors of E T, against ball arithmetic. ``speedup_schedule_dp``: benchmarks/landscape_schedule.py.
"""

from __future__ import annotations

import os

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[variable] = "1"

import argparse
import json
import math
import statistics
import time
from collections.abc import Callable
from typing import Any

import flint
import numpy as np
from landscape_schedule import schedules
from scipy.linalg import solve_banded

from gradproof.solvers import birth_death

SITES = 100_000
#: deviation of log rho: flat, the benchmark, and Sinai's potential
ROUGHNESS = {"flat": 0.0, "mild": 0.02, "sinai": 1.0}


def seconds(call: Callable[[], Any], repeats: int) -> tuple[float, Any]:
    start = time.process_time()
    for _ in range(repeats):
        result = call()
    return (time.process_time() - start) / repeats, result


def by_banded(rho: np.ndarray) -> float:
    """E T_L from (I - P) h = 1 as a user would write it: three diagonals, LAPACK."""
    bands = np.ones((3, rho.size + 1))
    right = 1 / (1 + rho)
    bands[0, 1] = -1
    bands[0, 2:] = -right[:-1]
    bands[2, :-1] = right - 1
    return float(solve_banded((1, 1), bands, np.ones(rho.size + 1))[0])


def off(log_time: float, exact: flint.arb) -> float:
    """Distance of a logarithm from the exact one."""
    with flint.ctx.workprec(128):
        return float(abs(exact - flint.arb(log_time)).upper())


def hitting_times() -> dict[str, float | None]:
    """Key ``speedup_hitting_times``."""
    rng = np.random.default_rng(0)
    out: dict[str, float | None] = {}
    heads = ("potential", "log E T", "banded s", "ours s", "ratio", "error banded", "error ours", "bound ours")
    print("".join(f"{head:>13}" for head in heads))
    for name, roughness in ROUGHNESS.items():
        rho = np.exp(roughness * rng.standard_normal(SITES - 1))
        theirs, ours = [], []
        for _ in range(9):
            took, time_banded = seconds(lambda rho=rho: by_banded(rho), 5)
            theirs.append(took)
            took, (value, bound) = seconds(lambda rho=rho: birth_death.log_hitting_time(rho), 5)
            ours.append(took)
        with flint.ctx.workprec(128):
            exact = flint.arb(birth_death.hitting_time([flint.arb(x) for x in rho.tolist()])).log()
        ratio = statistics.median(t / o for t, o in zip(theirs, ours, strict=True))
        error = off(float(value), exact)
        banded = (
            off(math.log(time_banded), exact) if time_banded > 0 else math.inf
        )  # a time that is not positive has no right digit
        print(
            f"{name:>13}{value:>13.4f}{statistics.median(theirs):>13.2e}{statistics.median(ours):>13.2e}{ratio:>13.2f}",
            end="",
        )
        print(f"{banded:>13.1e}{error:>13.1e}{bound:>13.1e}")
        out |= {
            f"ratio_hitting_times_{name}": ratio, f"error_ours_{name}": error, f"bound_ours_{name}": float(bound),
            f"error_banded_{name}": banded if math.isfinite(banded) else None,
        }  # fmt: skip
    return {
        "speedup_hitting_times": out["ratio_hitting_times_mild"], "error_hitting_times": out["error_ours_mild"],
        "error_hitting_times_banded": out["error_banded_mild"], **out,
    }  # fmt: skip


#: one function a key; each prints its table
KEYS: tuple[Callable[[], dict[str, float | None]], ...] = (hitting_times, schedules)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", action="store_true", help="one JSON object on the last line")
    options = parser.parse_args()
    out: dict[str, float | None] = {}
    for function in KEYS:
        out |= function()
    if options.json:
        print(json.dumps(out))


if __name__ == "__main__":
    main()
