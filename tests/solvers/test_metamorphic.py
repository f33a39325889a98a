"""The same problem in other words has the same answer: other orders, units and bases, other last bits, threads and kernels."""

import importlib
import inspect
import json
import os
import pkgutil
import re
import subprocess
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest
from threadpoolctl import threadpool_limits

from gradproof import solvers

HERE = Path(__file__).parent / "metamorphic"
sys.path.insert(0, str(HERE))
from cases import CASES  # noqa: E402
from moves import Between, Case, Move, about, as_json, differences, read_json, too_wide, units  # noqa: E402

QUICK = [name for name, case in CASES.items() if not case.slow]
SLOW = [name for name, case in CASES.items() if case.slow]
SEEDS = range(2)

#: Public functions that no case calls: they build a problem, read one, name one of its parts, or call another one.
PARTS = {
    "circulant": {"has_numba"},
    "ef_exact": {"iteration", "bisect", "top1", "nearest_power_of_two"},
    "ef_lyapunov": {"iteration_matrix", "sharp_instance", "cloning_mean_square", "L_rf", "overlap"},
    "gossip": {"ring", "complete", "lazy_complete", "torus", "exponential"},
    "lyapunov": {"best_rate", "quadratic"},
    "order_statistics": {
        "select", "selected", "exact_outcomes", "least_score", "outcomes_under_attack", "colluders", "search_attack",
    },
    "pep": {"decimal", "line_search", "linear_minimiser", "project", "proximal"},
    "periodic_regret": {"sigmoid"},
    "relu_program": {"data_matrix", "in_general_position", "lower_bound", "upper_bound", "sample_patterns"},
    "semidefinite": {"solve_anyway"},
    "separable_ode": {"invert", "euler_sums", "loss_between"},
    "subspaces": {"characteristic_factors", "exact_symmetric"},
}  # fmt: skip


def moved(name):
    """What is said otherwise after a move; and the answers must say something, before and after."""
    case = CASES[name]
    first = case.solve(**case.data)
    assert not too_wide(case, first)
    found = {}
    for what, move in case.moves.items():
        for seed in SEEDS:
            data = move.change(case.data, np.random.default_rng(seed))
            then = case.solve(**data)
            if apart := differences(case, first, then, move) + too_wide(case, then):
                found[f"{what}, {seed}"] = apart
    return found


@pytest.mark.parametrize("name", QUICK)
def test_moves(name):
    assert moved(name) == {}


@pytest.mark.slow
@pytest.mark.parametrize("name", SLOW)
def test_moves_of_larger_problems(name):
    assert moved(name) == {}


def test_one_thread_and_two():
    apart = {}
    for name in QUICK:
        case = CASES[name]
        answers = []
        for threads in (1, 2):
            with threadpool_limits(threads):
                answers.append(case.solve(**case.data))
        if found := differences(case, *answers):
            apart[name] = found
    assert apart == {}


def narrowed() -> dict[str, str]:
    """An environment in which NumPy finds none of the instructions that it would choose here."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that a library to print it nicely is missing
        found = np.show_config(mode="dicts")["SIMD Extensions"].get("found", [])
    return os.environ | {"NPY_DISABLE_CPU_FEATURES": " ".join(found)}


def test_numpy_without_its_dispatch():
    child = subprocess.run(
        [sys.executable, str(HERE / "cases.py")],
        env=narrowed(),
        capture_output=True,
        text=True,
        timeout=300,
        check=True,
    )
    there = json.loads(child.stdout)
    assert sorted(there) == sorted(QUICK)
    apart = {}
    for name in QUICK:
        case = CASES[name]
        here = read_json(as_json(case.solve(**case.data)))
        if found := differences(case, here, read_json(there[name])):
            apart[name] = found
    assert apart == {}


# --- the test itself ---------------------------------------------------------------------------------------------------------


def test_every_public_solver_is_here():
    files = [set(re.findall(r"\w+", path.read_text(encoding="utf-8"))) for path in HERE.glob("cases*.py")]
    left_out, named = {}, 0
    for module in pkgutil.iter_modules(solvers.__path__):
        room = importlib.import_module(f"gradproof.solvers.{module.name}")
        own = {
            k for k, v in vars(room).items() if inspect.isfunction(v) and v.__module__ == room.__name__ and k[0] != "_"
        }
        public = {k for k in getattr(room, "__all__", own) if inspect.isfunction(getattr(room, k))}
        named += len(public)
        words = set().union(*(found for found in files if module.name in found))  # not another solver's
        if missing := public - words - PARTS.get(module.name, set()):
            left_out[module.name] = missing
    assert left_out == {}
    assert named > 80


@pytest.mark.parametrize(
    ("first", "second", "move", "apart"),
    [
        (about(1.0, 1e-3), about(1.001, 0.0), None, False),
        (about(1.0, 1e-4), about(1.001, 0.0), None, True),
        (True, False, None, True),
        (about(1.0, 1e-9), about(4.0, 1e-9), units({}, x=2), False),
        (about(1.0, 1e-9), about(1.0, 1e-9), units({}, x=2), True),
        (3, 12, units({}, x=2), False),
        (about(1.0), about(1.0 + 1e-14), Move(lambda d, rng: d, inexact=True), False),
        (about(1.0), about(1.0 + 1e-14), Move(lambda d, rng: d), True),
        (about(1.0), about(float("nan")), None, True),
        (about(float("nan")), about(1.0), None, True),
    ],
)
def test_what_counts_as_the_same(first, second, move, apart):
    case = Case(dict, {})
    assert bool(differences(case, {"x": first}, {"x": second}, move)) == apart


def test_an_answer_that_says_nothing_is_no_answer():
    case = Case(dict, {}, width=1e-3)
    assert not too_wide(case, {"x": about(1.0, 4e-4), "y": True})
    assert too_wide(case, {"x": about(1.0, 6e-4)})
    assert too_wide(case, {"x": Between(0.0, float("inf"))})
    assert too_wide(case, {"x": about(float("nan"), 1.0)})
