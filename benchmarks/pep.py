"""Worst cases of gradient descent, side by side with PEPit and with a vectorised cvxpy model, in one process.

    python benchmarks/pep.py            # a table
    python benchmarks/pep.py --json     # and one JSON object on the last line
    python benchmarks/pep.py --quick    # without the large sizes (N = 100, the largest N in 60 s)

Times are medians of process time (one BLAS thread), the contestants interleaved. Errors are relative, against closed forms.
"gradproof" is what ``gradient_descent`` does unasked: for short steps an explicit function and the multipliers it
determines, both checked, without any program; "chordal program" solves the semidefinite program in its local form. At N = 100
PEPit is stopped after five minutes, and the ratios to it are then lower bounds.
"""

from __future__ import annotations

import os

for _variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[_variable] = "1"

import argparse
import json
import random
import resource
import statistics
import subprocess
import sys
import time
import warnings
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from scipy import sparse

from gradproof.solvers.exact import fast_check
from gradproof.solvers.pep import Problem, SmoothConvex
from gradproof.solvers.pep.certify.structured import gradient_descent, sweep

MISSING = "not installed"


def closed_form(N: int, h: float, mu: float = 0.0) -> float:
    """max of f(x_N) - f_* per ||x_0 - x_*||^2 with L = 1, for a step h (conjectured and observed exact)."""
    short = 1 / (2 * N * h + 1) if mu == 0 else mu / (mu - 1 + (1 - mu * h) ** (-2 * N))
    return 0.5 * max(short, (1 - h) ** (2 * N))


def closed_form_nonconvex(N: int, h: float) -> float:
    """min |grad f(x_k)|^2 per f(x_0) - inf f, for h <= sqrt(3)."""
    return 4 / (N * h * min(4 - h, 4 - h * h) + 2)


def with_pepit(N: int, h: float) -> float:
    from PEPit import PEP
    from PEPit.functions import SmoothConvexFunction

    problem = PEP()
    f = problem.declare_function(SmoothConvexFunction, L=1.0)
    x_star = f.stationary_point()
    f_star = f(x_star)
    x = problem.set_initial_point()
    problem.set_initial_condition((x - x_star) ** 2 <= 1)
    for _ in range(N):
        x = x - h * f.gradient(x)
    problem.set_performance_metric(f(x) - f_star)
    return float(problem.solve(verbose=0))


def with_cvxpy(N: int, h: float, solver: str) -> float:
    """One PSD variable and one sparse matrix of all N^2 inequalities: what a competent user writes by hand."""
    import cvxpy as cp

    n = N + 2  # x_0 - x_*, g_0 .. g_N
    x, g = np.zeros((N + 2, n)), np.zeros((N + 2, n))  # the last row is the minimiser
    x[: N + 1, 0] = 1.0
    for k in range(N + 1):
        x[k, 1 : k + 1] = -h
        g[k, k + 1] = 1.0
    i, j = (a.ravel() for a in np.meshgrid(np.arange(N + 2), np.arange(N + 2), indexing="ij"))
    i, j = i[i != j], j[i != j]
    dx, dg = x[i] - x[j], g[i] - g[j]
    forms = np.einsum("ka,kb->kab", g[j], dx) + 0.5 * np.einsum("ka,kb->kab", dg, dg)
    forms = (forms + forms.transpose(0, 2, 1)) / 2
    values = sparse.csr_matrix(
        (np.r_[np.ones(len(j)), -np.ones(len(i))], (np.r_[np.arange(len(j)), np.arange(len(i))], np.r_[j, i])),
        shape=(len(i), N + 2),
    )
    G, f = cp.Variable((n, n), PSD=True), cp.Variable(N + 2)
    matrix = sparse.csr_matrix(forms.reshape(len(i), n * n))
    constraints = [matrix @ cp.vec(G, order="C") + values @ f <= 0, G[0, 0] <= 1, f[N + 1] == 0]
    problem = cp.Problem(cp.Maximize(f[N]), constraints)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        problem.solve(solver=solver)
    return float(problem.value)


def timed(contestants: dict[str, Callable[[], float]], repeats: dict[str, int]) -> dict[str, tuple[float, float]]:
    """Median process time (s) and last value of each, run in turns."""
    times: dict[str, list[float]] = {name: [] for name in contestants}
    values: dict[str, float] = {}
    for turn in range(max(repeats.values())):
        for name, run in contestants.items():
            if turn < repeats[name]:
                began = time.process_time()
                values[name] = run()
                times[name].append(time.process_time() - began)
    return {name: (statistics.median(times[name]), values[name]) for name in contestants}


def show(name: str, text: str) -> None:
    print(f"{name:<48}  {text}", flush=True)


def pepit_installed() -> bool:
    try:
        import PEPit  # noqa: F401
    except ImportError:
        return False
    return True


def n40(pepit: bool) -> dict[str, Any]:
    h, N = 1.0, 40
    truth = closed_form(N, h)
    contestants: dict[str, Callable[[], float]] = {
        "gradproof": lambda: gradient_descent(N, h).bound,
        "gradproof, chordal program": lambda: gradient_descent(N, h, solver="chordal").bound,
        "cvxpy + SCS": lambda: with_cvxpy(N, h, "SCS"),
        "cvxpy + Clarabel": lambda: with_cvxpy(N, h, "CLARABEL"),
    }
    if pepit:
        contestants["PEPit"] = lambda: with_pepit(N, h)
    gradient_descent(5, h)  # imports and first calls outside the timing
    gradient_descent(5, h, solver="chordal")
    with_cvxpy(3, h, "SCS")
    with_cvxpy(3, h, "CLARABEL")
    if pepit:
        with_pepit(2, h)
    repeats = {"gradproof": 21, "gradproof, chordal program": 21, "cvxpy + SCS": 5, "cvxpy + Clarabel": 3, "PEPit": 3}
    found = timed(contestants, {name: repeats[name] for name in contestants})
    for name, (seconds, value) in found.items():
        show(f"N = 40, f_N - f_*: {name}", f"{seconds * 1e3:10.2f} ms   error {abs(value / truth - 1):.1e}")
    cvxpy = min(found["cvxpy + SCS"][0], found["cvxpy + Clarabel"][0])
    result: dict[str, Any] = {}
    for name, suffix in (("gradproof", ""), ("gradproof, chordal program", "_chordal")):
        seconds, value = found[name]
        result |= {
            f"speedup_vs_pepit_n40{suffix}": found["PEPit"][0] / seconds if pepit else None,
            f"speedup_vs_cvxpy_n40{suffix}": cvxpy / seconds,
            f"seconds_n40{suffix}": seconds,
            f"relative_error_n40{suffix}": abs(value / truth - 1),
        }
    return result


def certificates(instances: int) -> dict[str, Any]:
    """Random instances at N = 40: convex, strongly convex, nonconvex in turn; multipliers of the interior-point method."""
    from gradproof.solvers.pep.certify.structured_certificate import prove

    rng = random.Random(40)
    gaps, seconds, failed = [], [], 0
    for k in range(instances):
        h = Fraction(rng.randint(10, 148), 100)
        mu = Fraction(rng.randint(1, 50), 100)
        measure, low = (("function-value", Fraction(0)), ("function-value", mu), ("smallest-gradient", Fraction(-1)))[
            k % 3
        ]
        truth = closed_form_nonconvex(40, float(h)) if k % 3 == 2 else closed_form(40, float(h), float(low))
        solved = gradient_descent(40, h, 1, low, measure=measure, solver="interior")
        began = time.process_time()
        proved = prove(solved.descent, solved.pairs, solved.raw, solved.bound)
        good = proved is not None and fast_check.accepts(proved[1])
        seconds.append(time.process_time() - began)
        gap = float(proved[0]) / truth - 1 if proved is not None and good else np.inf
        failed += not gap <= 1e-9
        gaps.append(gap)
    show(f"certificates, N = 40, {instances} random instances",
                 f"{instances - failed} within 1e-9, worst gap {max(gaps):.1e}, "
                 f"{statistics.median(seconds) * 1e3:.0f} ms (at most {max(seconds) * 1e3:.0f}) beyond the solve")  # fmt: skip
    return {
        "certified_gap_n40": max(gaps),
        "certify_seconds_n40": statistics.median(seconds),
        "certify_seconds_max_n40": max(seconds),
        "certified_share_n40": 1 - failed / instances,
    }


def large_certificate() -> dict[str, Any]:
    began = time.process_time()
    certificate = gradient_descent(1000, Fraction(3, 4)).certify()
    seconds = time.process_time() - began
    gap = float(certificate.bound) / closed_form(1000, 0.75) - 1
    show("certificate, N = 1000", f"{seconds:.2f} s with the solve, gap {gap:.1e}")
    worst = gradient_descent(40, 1)
    began = time.process_time()
    exact = worst.exact()
    exact_seconds = time.process_time() - began
    show("exact optimum, N = 40", f"{exact.bound} in {exact_seconds:.2f} s, gap {exact.gap}")
    return {"certify_seconds_n1000": seconds, "certified_gap_n1000": gap, "exact_optimum_n40": str(exact.bound),
            "exact_seconds_n40": exact_seconds}  # fmt: skip


def sweeps(pepit: bool) -> dict[str, Any]:
    N = 10
    gammas = [Fraction(k, 100) for k in range(10, 150, 2)]
    ours: dict[str, float] = {}
    errors: dict[str, float] = {}
    for solver in ("auto", "chordal"):
        began = time.process_time()
        found = sweep(N, gammas, solver=solver)
        ours[solver] = (time.process_time() - began) / len(gammas)
        errors[solver] = max(abs(w.bound / closed_form(N, float(g)) - 1) for w, g in zip(found, gammas, strict=True))
    theirs = None
    if pepit:
        few = gammas[:: len(gammas) // 5]
        began = time.process_time()
        for g in few:
            with_pepit(N, float(g))
        theirs = (time.process_time() - began) / len(few)
        show("sweep of step sizes, N = 10: PEPit", f"{1 / theirs:.1f} a second")
    for solver, name in (("auto", "gradproof"), ("chordal", "gradproof, chordal program")):
        show(f"sweep of step sizes, N = 10: {name}", f"{1 / ours[solver]:.0f} a second, error {errors[solver]:.1e}")
    return {
        "sweep_speedup_n10": theirs / ours["auto"] if theirs else None,
        "sweep_speedup_n10_chordal": theirs / ours["chordal"] if theirs else None,
        "sweep_error_n10": errors["auto"],
    }


def strongly_convex() -> dict[str, Any]:
    began = time.process_time()
    worst = gradient_descent(200, 1, 1, Fraction(1, 10))
    certificate = worst.certify()
    seconds = time.process_time() - began
    truth = closed_form(200, 1.0, 0.1)
    value, error = float(certificate.bound), abs(float(certificate.bound) / truth - 1)
    show("mu = L/10, N = 200, certified", f"value {value:.6e}, error {error:.1e}, {seconds:.2f} s")
    return {"strongly_convex_error_n200": error, "strongly_convex_value_n200": value,
            "strongly_convex_float_error_n200": abs(worst.bound / truth - 1)}  # fmt: skip


def general(N: int, h: float) -> float:
    """The same as anyone writes it down: expressions, no knowledge of the method."""
    problem = Problem()
    f = problem.function(SmoothConvex(1))
    x_star, x0 = f.minimiser(), problem.point("x0")
    x = x0
    for _ in range(N):
        x = x - h * f.gradient(x)
    return problem.worst_case(f(x) - f(x_star), per=(x0 - x_star) ** 2).bound


def pepit_within(N: int, h: float, limit: float) -> tuple[float, float | None]:
    """Process time and value of PEPit in a process of its own; at the limit it is stopped, and the value is None.

    The time is what the solve took, or what it had used up when it was stopped: then a lower bound.
    """
    program = (
        f"import sys; sys.path[:0] = {[str(Path(__file__).parent)]!r}; import pep; print(pep.with_pepit({N}, {h}))"
    )
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    try:
        done = subprocess.run([sys.executable, "-W", "ignore", "-c", program],
                              capture_output=True, text=True, check=True, timeout=limit)  # fmt: skip
        value = float(done.stdout.split()[-1])
    except subprocess.TimeoutExpired:
        value = None
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, value


def no_local_form(pepit: bool, limit: float = 300.0) -> dict[str, Any]:
    """The whole Gram matrix, all pairs looked at: what a method without a local form needs."""
    N, h = 100, 1.0
    contestants: dict[str, Callable[[], float]] = {
        "all_pairs_n100": lambda: gradient_descent(N, h, solver="all-pairs").bound,
        "general_n100": lambda: general(N, h),
    }
    names = {
        "all_pairs_n100": "gradproof, all pairs",
        "general_n100": "gradproof, general problem with its expressions",
    }
    found = timed(contestants, dict.fromkeys(contestants, 3))
    result: dict[str, Any] = {}
    theirs = None
    if pepit:
        theirs, value = pepit_within(N, h, limit)
        if value is None:
            show("N = 100: PEPit", f"not solved after {theirs:.0f} s, stopped; the ratios are lower bounds")
        else:
            show("N = 100: PEPit", f"{theirs:.2f} s, error {abs(value / closed_form(N, h) - 1):.1e}")
        result |= {"pepit_n100_seconds": theirs, "pepit_n100_finished": value is not None}
    for key, (seconds, value) in found.items():
        error = abs(value / closed_form(N, h) - 1)
        ratio = f", {theirs / seconds:.0f} x PEPit" if theirs else ""
        show(f"N = 100: {names[key]}", f"{seconds:.2f} s, error {error:.1e}{ratio}")
        result |= {f"{key}_speedup": theirs / seconds if theirs else None, f"{key}_seconds": seconds}
        result[f"{key}_error"] = error
    return result


def largest(limit: float = 60.0) -> dict[str, Any]:
    """The largest N, by doubling, for which the chordal program is solved to 1e-6 within the limit."""
    reached, N, seconds, memory = 0, 5_000, 0.0, 0.0
    while seconds * 2.5 < limit:
        began = time.process_time()
        worst = gradient_descent(N, 1, solver="chordal", tolerance=1e-12)
        seconds = time.process_time() - began
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
        error = abs(worst.bound / closed_form(N, 1.0) - 1)
        show(f"N = {N}: chordal program", f"{seconds:.1f} s, error {error:.1e}, {memory:.1f} GiB, {worst.status.value}")
        if seconds > limit or not error <= 1e-6:
            break
        reached, N = N, 2 * N
    began = time.process_time()
    large = gradient_descent(100_000, 1, solver="explicit")
    seconds = time.process_time() - began
    error = abs(large.bound / closed_form(100_000, 1.0) - 1)
    show(f"N = 100000: {large.solver}", f"{seconds:.2f} s, error {error:.1e}")
    return {"largest_n_60s": reached, "largest_n_memory_gib": memory}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="print one JSON object on the last line")
    parser.add_argument("--quick", action="store_true", help="leave out the large sizes")
    parser.add_argument("--instances", type=int, default=150, help="random instances to certify")
    args = parser.parse_args()
    pepit = pepit_installed()
    if not pepit:
        show("PEPit", MISSING)
    result = n40(pepit)
    result |= sweeps(pepit)
    result |= certificates(args.instances)
    result |= large_certificate()
    result |= strongly_convex()
    if not args.quick:
        result |= no_local_form(pepit)
        result |= largest()
    if args.json:
        print(json.dumps(result))


if __name__ == "__main__":
    main()
