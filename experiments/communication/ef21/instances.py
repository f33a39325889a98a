"""Instances on which the claims of EF21 are tried, and what a run of EF21 on them gives."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Self

import numpy as np

from gradproof.experiments.communication.ef21 import methods
from gradproof.experiments.engine.backend import backend as array_library
from gradproof.experiments.engine.draws import Draws
from gradproof.experiments.engine.run import run, start
from gradproof.experiments.instances import data
from gradproof.experiments.instances.compressors import Compressor, TopK
from gradproof.experiments.instances.finite_sums import LeastSquares, Logistic, Problem, sine_least_squares
from gradproof.theory.communication import ef21

Array = Any


@dataclass(frozen=True)
class Constants:
    L: float
    L_i: tuple[float, ...]
    L_AM: float
    L_QM: float

    @classmethod
    def of(cls, problem: Problem) -> Self:
        L_i = np.asarray(problem.L_i)
        return cls(problem.L, tuple(map(float, L_i)), float(L_i.mean()), float(np.sqrt((L_i**2).mean())))

    def steps(self, alpha: float) -> dict[str, float]:
        """The step sizes of the claims, and 9/10 of the threshold."""
        at = (self.L, self.L_i, alpha)
        sizes = {"qm": ef21.step_size_qm, "am": ef21.step_size_am, "root": ef21.step_size_root}
        return {k: float(f(*at)) for k, f in sizes.items()} | {"sharp": 0.9 * float(ef21.step_size_sharp(*at))}


@lru_cache(maxsize=4)
def breast_cancer(n: int = 10) -> Logistic:
    """Logistic regression with the nonconvex regulariser on real data, Top1 with alpha = 1/30."""
    return data.logistic("breast_cancer", n)


@lru_cache(maxsize=2)
def breast_cancer_squares(n: int = 10) -> LeastSquares:
    """Least squares without regulariser on real data: convex, and Polyak-Lojasiewicz with a small constant."""
    return LeastSquares(*data.split(data.breast_cancer(), n, order="norm"), 0.0)


@lru_cache(maxsize=1)
def rare_breast_cancer() -> tuple[Logistic, list[set[int]]]:
    """breast_cancer whose client i sees features 3i, ..., 3i + 5 only (cyclically), without regulariser; and supports."""
    A, b = data.split(data.breast_cancer(), 10, order="norm")
    supports = [{(3 * i + k) % 30 for k in range(6)} for i in range(10)]
    mask = np.array([[j in J for j in range(30)] for J in supports])
    return Logistic(A * mask[:, None, :], b, 0.0), supports


@lru_cache(maxsize=1)
def sine() -> LeastSquares:
    """Ten clients with L_i = (1, ..., 1, 100)."""
    return sine_least_squares((1.0,) * 9 + (100.0,))


@dataclass(frozen=True, eq=False)
class Trace:
    """A run of EF21 for several step sizes: arrays (setting, seed, T + 1), ``e2`` with a last axis of clients."""

    problem: Problem
    at: Constants
    alpha: float
    gammas: dict[str, float]
    grad2: Array
    g2: Array
    f: Array
    e2: Array

    @property
    def T(self) -> int:
        return self.grad2.shape[-1] - 1

    @property
    def arithmetic(self) -> Array:
        """The weights L_AM/L_i of the errors, (n,)."""
        return self.at.L_AM / np.asarray(self.at.L_i)

    def G(self, weights: Array | None = None) -> Array:
        """(1/n) sum weights_i |e_i|^2, with L_AM/L_i unless given."""
        return (self.e2 * (self.arithmetic if weights is None else weights)).mean(axis=-1)

    def average(self, name: str) -> Array:
        """(1/T) sum over t < T of |grad f(x^t)|^2, one a seed."""
        return self.grad2[list(self.gammas).index(name), :, :-1].mean(axis=-1)

    def parameters(self, name: str, weights: Array | None = None) -> dict[str, Any]:
        """Those of the claims on the average gradient: constants, f and the distortion at the start; all f here are >= 0."""
        k = list(self.gammas).index(name)
        known = {"gamma": self.gammas[name], "L": self.at.L, "L_AM": self.at.L_AM, "L_QM": self.at.L_QM, "T": self.T}
        start = {"f0": float(self.f[k, 0, 0]), "f_inf": 0.0, "G0": float(self.G(weights)[k, 0, 0])}
        return known | start | {"alpha": self.alpha}


def trace(
    problem: Problem, T: int, *, compressor: Compressor | None = None, gammas: dict[str, float] | None = None,
    x0: Array | None = None, method: Any = None, alpha: float | None = None, seeds: int = 1,
    draw: Callable[[Draws], Array] | None = None, stream: Array | None = None, backend: str = "numpy",
) -> Trace:  # fmt: skip
    """Run EF21 (or ``method(problem, gammas)``), by default with Top1 and all step sizes of the claims, from x0 = 0.

    ``draw`` makes the random numbers of a step from the keys ``stream`` (setting, seed, 2).
    """
    compressor, at = compressor or TopK(1), Constants.of(problem)
    alpha = compressor.alpha(problem.d) if alpha is None else alpha
    gammas = gammas or at.steps(alpha)
    values = np.array(list(gammas.values()))
    on = array_library(backend)
    moved, step_sizes, words = on.move((problem, values, stream))
    with on.scope():
        algorithm = method(moved, step_sizes) if method else methods.ef21(moved, step_sizes, compressor)
    record = {"grad2": methods.grad2, "g2": methods.step2, "f": methods.value(moved), "e2": methods.errors2}
    first = start(np.zeros(problem.d) if x0 is None else x0, settings=len(values), seeds=seeds)
    numbers = (lambda t: draw(Draws(words, t))) if draw else None
    out = run(algorithm, on.asarray(first), T, record=record, draw=numbers)
    return Trace(problem, at, alpha, gammas, out.grad2.values, out.g2.values, out.f.values, out.e2.values)


@lru_cache(maxsize=4)
def quick(name: str, backend: str = "numpy") -> Trace:
    """The standard runs on ``breast_cancer`` and ``sine``, shared by the measures: 200 and 300 steps, four step sizes."""
    if name == "breast_cancer":
        return trace(breast_cancer(), 200, backend=backend)
    return trace(sine(), 300, x0=np.ones(5), backend=backend)
