"""Worst case of EF21 with one worker over all smooth functions and all contractive compressors (performance estimation)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from gradproof.solvers import semidefinite
from gradproof.theory.errors import ParameterError


@dataclass(frozen=True)
class WorstCase:
    """Primal value (an instance), dual value (a proof), and the distance between them.

    Args:
        primal: lower bound on the worst case, attained by the instance of Gram matrix ``gram``.
        dual: upper bound on the worst case.
        error: duality gap plus feasibility residuals; inf where the solver failed.
        gram: inner products of (grad f(x_0), ..., grad f(x_{T-1}), g_0, ..., g_{T-2}), shape (2T-1, 2T-1).
        status: the solver's word; the values are NaN unless it is ``Solved`` or ``AlmostSolved``.
    """

    primal: float
    dual: float
    error: float
    gram: NDArray[np.float64]
    status: str

    @property
    def value(self) -> float:
        return (self.primal + self.dual) / 2


def pep(
    T: int,
    gamma: float,
    *,
    q: float,
    L: float = 1.0,
    c: float | None = None,
    metric: Literal["average", "min"] = "average",
) -> WorstCase:
    """Maximum of the average (or least) |grad f(x_t)|^2 over t < T, given f(x_0) - f_inf + c |g_0 - grad f(x_0)|^2 <= 1.

    x_{t+1} = x_t - gamma g_t and |g_{t+1} - grad f(x_{t+1})|^2 <= q^2 |g_t - grad f(x_{t+1})|^2: every contractive
    compressor with alpha = 1 - q^2. f runs over all L-smooth functions bounded below, in any dimension: with
    f_i - |grad_i|^2/(2L) >= f_inf, the pairwise conditions are necessary and sufficient for interpolation.

    Args:
        T: steps, >= 1. gamma: step size. q: in [0, 1]. L: smoothness.
        c: weight of the initial error; None starts exactly, g_0 = grad f(x_0).

    Raises:
        ParameterError: outside these ranges.
    """
    if T < 1 or not gamma > 0 or not 0 <= q <= 1 or not L > 0 or (c is not None and not c > 0):
        raise ParameterError(
            f"need T >= 1, gamma > 0, 0 <= q <= 1, L > 0, c > 0 or None; got {T=}, {gamma=}, {q=}, {L=}, {c=}"
        )
    exact = c is None
    # the Gram basis: gradients p_0..p_{T-1}, then g_0..g_{T-2}; an exact start identifies g_0 with p_0
    size = 2 * T - 1 - (1 if exact and T > 1 else 0)
    basis = np.eye(size)
    p = list(basis[:T])
    g = ([p[0]] + list(basis[T:]) if exact else list(basis[T:]))[: T - 1]
    x = [np.zeros(size)]
    for v in g:
        x.append(x[-1] - gamma * v)

    forms: list[NDArray[np.float64]] = []  # <form, G> + linear.f + tau t <= rhs
    linear: list[NDArray[np.float64]] = []
    rhs: list[float] = []

    def add(form: NDArray[np.float64], f: dict[int, float], bound: float = 0.0, tau: float = 0.0) -> None:
        row = np.zeros(T + 1)
        for i, a in f.items():
            row[i] = a
        row[T] = tau
        forms.append(form)
        linear.append(row)
        rhs.append(bound)

    for i in range(T):
        add(_sq(p[i]) / (2 * L), {i: -1.0})
        for j in range(T):
            if i != j:
                d = x[i] - x[j]
                form = _sym(p[i] + p[j], d) / 2 - L / 4 * _sq(d) + _sq(p[i] - p[j]) / (4 * L)
                add(form, {j: 1.0, i: -1.0})
    for t in range(1, T - 1):
        add(_sq(g[t] - p[t]) - q * q * _sq(g[t - 1] - p[t]), {})
    start = np.zeros((size, size)) if exact or T == 1 else (c or 0.0) * _sq(g[0] - p[0])
    add(start, {0: 1.0}, bound=1.0)
    average = metric == "average"
    if not average:
        for t in range(T):
            add(-_sq(p[t]), {}, tau=1.0)

    # variables: upper triangle of G, then f_0..f_{T-1}, then t (the least squared gradient norm)
    rows, cols = np.triu_indices(size)
    twice = np.where(rows == cols, 1.0, 2.0)
    A = np.hstack([np.array([F[rows, cols] * twice for F in forms]), np.array(linear)])
    if average:
        A = A[:, :-1]
        objective = np.concatenate([np.sum([_sq(v) for v in p], axis=0)[rows, cols] * twice / T, np.zeros(T)])
    else:
        objective = np.concatenate([np.zeros(len(rows) + T), [1.0]])
    F = np.zeros((A.shape[1], size, size))
    k = np.arange(len(rows))
    F[k, rows, cols] = F[k, cols, rows] = 1.0
    solution = semidefinite.minimise(-objective, [(np.zeros((size, size)), F)], A, np.array(rhs))
    G = np.full((size, size), np.nan)
    if solution.solved:
        G[rows, cols] = G[cols, rows] = solution.y[: len(rows)]
    return WorstCase(-solution.primal, -solution.dual, solution.error, G, solution.status)


def _sq(a: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.outer(a, a)


def _sym(a: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.float64]:
    return (np.outer(a, b) + np.outer(b, a)) / 2
