"""Sensing: what a ten times smaller start gains, and descent's end beside the nuclear-norm program."""

from collections.abc import Iterator
from fractions import Fraction as F
from functools import cache
from typing import Any

import numpy as np

from gradproof.experiments.engine.backend import backend as array_library
from gradproof.experiments.engine.backend import to_numpy
from gradproof.experiments.engine.draws import Draws
from gradproof.experiments.engine.measure import Sample, around, cases, measure
from gradproof.experiments.engine.run import run
from gradproof.experiments.landscape.small_init.instances import EPS, Measurements, measurements
from gradproof.experiments.landscape.small_init.methods import draw_sensing, factored_descent
from gradproof.solvers.low_rank import NuclearNorm, nuclear_norm
from gradproof.theory.landscape import small_init as paper

MU = 0.1


def window(alpha: float, share: float = 4.0) -> int:
    """Steps in proportion to log(1/alpha): a start of size alpha has escaped after about a quarter of them."""
    return int(np.ceil(share * np.log(1 / alpha) / MU))


SIZES = {"n": 16, "k": 16, "r": 2, "m": 110}
SENSED = cases(alpha=[F(1, 10), F(1, 100), F(1, 1000)], at=[SIZES], seeds=12, share=4.0, diagonal=False)


def error_ratio(
    alpha: F, n: int, k: int, r: int, m: int, seeds: int, share: float, diagonal: bool, keys: Any, backend: str
) -> Any:
    r"""$\|UU^\top - M\|_F$ from $\alpha G$, over that from $10\alpha G$, after the same steps; fresh $M$, $A_i$ and $G$ a seed."""
    on, words = array_library(backend), keys("sensing", seeds=seeds)[0]
    G = Draws(words, 0).normal((n, k), slot=2) / np.sqrt(k)
    starts = np.array([float(alpha), float(10 * alpha)])[:, None, None, None] * G
    with on.scope():
        problem = draw_sensing(on, words, n, r, m, diagonal=diagonal)
        steps = window(float(alpha), share)
        out = run(factored_descent(problem, MU), on.asarray(starts), steps, at=[steps], record={"U": lambda s: s.U})
    U = out.U.values[:, :, 0]
    errors = np.linalg.norm(U @ U.swapaxes(2, 3) - to_numpy(problem.M), axis=(2, 3))
    return Sample(errors[0] / errors[1])


HELD = ("gaussian_sensing", "finite_window")
measure(paper.SENSING, SENSED.guaranteeing(*HELD), name="error_of_a_smaller_start")(error_ratio)
LONGER = cases(
    alpha=[F(1, 10), F(1, 100), F(1, 1000)],
    at=[SIZES, {"n": 40, "k": 40, "r": 3, "m": 480}],
    seeds=32,
    share=6.0,
    diagonal=False,
)
measure(paper.SENSING, LONGER.guaranteeing(*HELD), budget="full", name="error_of_a_smaller_start_in_larger_problems")(
    error_ratio
)
LARGE = cases(
    alpha=[F(1, 10), F(1, 1000)], at=[{"n": 200, "k": 200, "r": 5, "m": 10_000}], seeds=12, share=4.0, diagonal=False
)
measure(paper.SENSING, LARGE.guaranteeing(*HELD), budget="gpu", name="error_of_a_smaller_start_in_high_dimension")(
    error_ratio
)


# --- beside the nuclear-norm program -----------------------------------------------------------------------------------


@cache
def program(problem: Measurements) -> NuclearNorm:
    """The nuclear-norm program of a problem."""
    return nuclear_norm(problem.A, problem.y)


def descend(problem: Measurements, alpha: float, steps: int, k: int = 16, seed: int = 0) -> np.ndarray:
    """U (n, k) after gradient descent from alpha G."""
    *_, last = iterates(problem, alpha, steps, k, seed)
    return last


def iterates(problem: Measurements, alpha: float, steps: int, k: int = 16, seed: int = 0) -> Iterator[np.ndarray]:
    """U_0 = alpha G, U_1, ..., (n, k) each."""
    n, m = len(problem.M), len(problem.A)
    A = problem.A.reshape(m, n * n)
    U = alpha * np.random.default_rng([seed, n, k]).normal(size=(n, k)) / np.sqrt(k)
    yield U
    for _ in range(steps):
        U = U - MU * ((A.T @ (A @ (U @ U.T - problem.M).ravel())) / m).reshape(n, n) @ U
        yield U


ENDS = cases(alpha=[1.0, 0.1, 0.01, 0.001], steps=300, m=[60, 110], scale=1.0)


@measure(paper.NUCLEAR_NORM, ENDS.guaranteeing("psd", "dual_feasible"))
def trace_at_the_end(alpha: float, steps: int, m: int, scale: float) -> Any:
    r"""$\mathrm{tr}UU^\top$ where descent ends, with the $\nu$ of the program whose measurements are those of $M$."""
    problem = measurements(m=m)
    return trace_beside_dual(problem, descend(problem, alpha, steps), scale * program(problem).nu)


def trace_beside_dual(problem: Measurements, U: np.ndarray, nu: np.ndarray, sign: float = 1.0) -> Any:
    r"""tr Z and $\langle\mathcal A(Z),\nu\rangle$ of Z = UU', or of its negative."""
    Z = sign * U @ U.T
    terms = np.tensordot(problem.A, Z, 2) * nu
    sizes = np.tensordot(np.abs(problem.A), np.abs(U) @ np.abs(U).T, 2) @ np.abs(nu)
    error = 2 * Z.size * EPS * (float(np.sum(U * U)) + float(sizes))
    return around(float(np.trace(Z)), error), {"dual": float(terms.sum())}
