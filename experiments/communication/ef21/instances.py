"""Instances on which the claims of EF21 are tried, and what a run of EF21 on them gives."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from typing import Any

import numpy as np
import sympy as sp

from gradproof.experiments.communication.ef21 import methods
from gradproof.experiments.engine.backend import backend as array_library
from gradproof.experiments.engine.draws import Draws
from gradproof.experiments.engine.run import run, start
from gradproof.experiments.instances import data
from gradproof.experiments.instances.compressors import Compressor, TopK
from gradproof.experiments.instances.finite_sums import LeastSquares, Logistic, Problem, sine_least_squares
from gradproof.theory.communication import ef21
from gradproof.theory.evidence import Measurement, Relation

#: Rounding in a value that sums some hundred terms through a dozen operations, relative.
ROUNDING = 2.0**-44

#: The problems of the quick runs.
RUNS = ("breast_cancer", "sine")

Array = Any


@dataclass(frozen=True)
class Constants:
    L: float
    L_i: tuple[float, ...]
    L_AM: float
    L_QM: float

    @classmethod
    def of(cls, problem: Problem) -> Constants:
        L_i = np.asarray(problem.L_i)
        return cls(problem.L, tuple(map(float, L_i)), float(L_i.mean()), float(np.sqrt((L_i**2).mean())))

    def steps(self, alpha: float) -> dict[str, float]:
        """The step sizes of the claims, and 9/10 of the threshold."""
        at = (self.L, self.L_i, alpha)
        return {
            "qm": float(ef21.step_size_qm(*at)),
            "am": float(ef21.step_size_am(*at)),
            "root": float(ef21.step_size_root(*at)),
            "sharp": 0.9 * float(ef21.step_size_sharp(*at)),
        }


@lru_cache(maxsize=4)
def breast_cancer(n: int = 10) -> Logistic:
    """Logistic regression with the nonconvex regulariser on real data, Top1 with alpha = 1/30."""
    return data.logistic("breast_cancer", n)


@lru_cache(maxsize=1)
def breast_cancer_squares() -> LeastSquares:
    """Least squares without regulariser on real data: convex, and Polyak-Lojasiewicz with a small constant."""
    A, b = data.split(data.breast_cancer(), 10, order="norm")
    return LeastSquares(A, b, 0.0)


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

    def G(self, mean: float | None = None, weights: Array | None = None) -> Array:
        """(mean/n) sum |e_i|^2/L_i, mean = L_AM unless given; or (1/n) sum |e_i|^2 weights_i."""
        w = (self.at.L_AM if mean is None else mean) / np.asarray(self.at.L_i) if weights is None else weights
        return (self.e2 * w).mean(axis=-1)

    def average(self, name: str) -> Array:
        """(1/T) sum over t < T of |grad f(x^t)|^2, one a seed."""
        return self.grad2[list(self.gammas).index(name), :, :-1].mean(axis=-1)


def trace(
    problem: Problem,
    T: int,
    *,
    compressor: Compressor | None = None,
    gammas: dict[str, float] | None = None,
    x0: Array | None = None,
    method: Any = None,
    alpha: float | None = None,
    at: Constants | None = None,
    seeds: int = 1,
    draw: Callable[[Draws], Array] | None = None,
    stream: Array | None = None,
    backend: str = "numpy",
) -> Trace:
    """Run EF21 (or ``method(problem, gammas)``), by default with Top1 and all step sizes of the claims, from x0 = 0.

    ``draw`` makes the random numbers of a step from the keys ``stream`` (setting, seed, 2).
    """
    compressor = compressor or TopK(1)
    at = at or Constants.of(problem)
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
    """The two standard runs of the quick budget, shared by the checks: 200 and 300 steps, four step sizes."""
    if name == "breast_cancer":
        return trace(breast_cancer(), 200, backend=backend)
    return trace(sine(), 300, x0=np.ones(5), backend=backend)


def lyapunov(t: Trace, name: str, weight: Array) -> tuple[Array, Array, Array]:
    """V = f + (1/n) sum weight_i |e_i|^2 along one setting: V^t, V^{t+1}, and |grad f(x^t)|^2, each (T,)."""
    k = list(t.gammas).index(name)
    V = t.f[k, 0] + (t.e2[k, 0] * weight).mean(axis=-1)
    return V[:-1], V[1:], t.grad2[k, 0, :-1]


def closest(
    measured: Array, bound: Array, error: Array, *, what: str = "", relation: Relation | None = None, **parameters: Any
) -> Measurement:
    """Of many measurements of <=, the one that leaves least room; NaN anywhere wins."""
    room = np.asarray(bound - error - measured, float).ravel()
    k = int(np.argmax(np.isnan(room))) if np.isnan(room).any() else int(np.argmin(room))
    pick = [float(np.broadcast_to(v, np.shape(measured)).ravel()[k]) for v in (measured, bound, error)]
    return Measurement(
        measured=pick[0],
        bound=pick[1],
        error=pick[2],
        error_source="rounding",
        what=what,
        relation=relation,
        parameters=parameters | {"step": k},
        n=room.size,
    )


def at_most(
    measured: Any, bound: Any, *, error: float | None = None, n: int = 1, what: str = "", **parameters: Any
) -> Measurement:
    """A float measurement of <= whose error is rounding."""
    m = float(measured)
    return Measurement(
        measured=m,
        bound=float(bound),
        error=abs(m) * 2.0**-40 if error is None else float(error),
        error_source="rounding",
        relation=Relation.LE,
        what=what,
        parameters=parameters,
        n=n,
    )


# --- exact runs ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class ExactTrace:
    """EF21 on f_i = sum_j h_ij x_j^2/2 with C_i(v) = r_i v in rational arithmetic; lists over t = 0..T."""

    L: sp.Rational
    L_i: tuple[sp.Rational, ...]
    x: list[list[Fraction]]
    f: list[sp.Rational]
    grad2: list[sp.Rational]
    e2: list[list[sp.Rational]]

    @property
    def L_AM(self) -> sp.Rational:
        return sum(self.L_i, sp.Integer(0)) / len(self.L_i)

    def average(self) -> sp.Rational:
        """(1/T) sum over t < T of |grad f(x^t)|^2."""
        return sum(self.grad2[:-1], sp.Integer(0)) / (len(self.grad2) - 1)

    def G(self, t: int, mean: Any) -> sp.Rational:
        """(mean/n) sum |e_i|^2/L_i at step t."""
        return mean * sum((e / l for e, l in zip(self.e2[t], self.L_i, strict=True)), sp.Integer(0)) / len(self.L_i)


def exact_ef21(h: Sequence[Sequence[Any]], r: Sequence[Any], gamma: Any, T: int) -> ExactTrace:
    """Run from x = (1, ..., 1), g_i = C_i(grad f_i(x)); h of shape (n, d)."""
    H = [[Fraction(v) for v in row] for row in h]
    R = [Fraction(v) for v in r]
    step, n, d = Fraction(gamma), len(H), len(H[0])
    mean = [sum((H[i][j] for i in range(n)), Fraction(0)) / n for j in range(d)]
    x = [Fraction(1)] * d
    g = [[R[i] * H[i][j] * x[j] for j in range(d)] for i in range(n)]
    out = ExactTrace(_q(max(map(abs, mean))), tuple(_q(max(map(abs, row))) for row in H), [], [], [], [])
    for t in range(T + 1):
        out.x.append(x)
        out.f.append(_q(sum((mean[j] * x[j] ** 2 for j in range(d)), Fraction(0)) / 2))
        out.grad2.append(_q(sum(((mean[j] * x[j]) ** 2 for j in range(d)), Fraction(0))))
        out.e2.append([_q(sum(((g[i][j] - H[i][j] * x[j]) ** 2 for j in range(d)), Fraction(0))) for i in range(n)])
        if t < T:
            x = [x[j] - step * sum((g[i][j] for i in range(n)), Fraction(0)) / n for j in range(d)]
            g = [[g[i][j] + R[i] * (H[i][j] * x[j] - g[i][j]) for j in range(d)] for i in range(n)]
    return out


def _q(x: Fraction) -> sp.Rational:
    return sp.Rational(x.numerator, x.denominator)
