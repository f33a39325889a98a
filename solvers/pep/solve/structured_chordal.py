"""Gradient descent's program in its local basis: one 3 x 3 cone a step, solved by a sparse interior-point method.

An inequality between neighbours speaks of x_k, g_k, g_{k+1} alone, so the Gram matrix is needed on these windows only; a
matrix that is positive semidefinite on every window, with equal overlaps, can be completed (the windows are the cliques
of a chordal graph: Grone, Johnson, Sa, Wolkowicz 1984). Unknown are |x_k|^2, <x_k, g_k>, |g_k|^2, <g_k, g_{k+1}> and f_k;
the overlaps hold by sharing them. Time and memory grow linearly in N.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np
from scipy import sparse

from gradproof.solvers.pep.model.expressions import PepError
from gradproof.solvers.pep.solve.structured_model import STAR, Descent, form_coefficients

_SQRT2 = np.sqrt(2.0)


@dataclass(frozen=True, eq=False)
class Chordal:
    """What the solver returned, for L = 1: values, and multipliers of the pairs and of the other rows."""

    primal: float
    dual: float
    multipliers: np.ndarray  # of the pairs, the normaliser, and for smallest-gradient t <= |g_k|^2 and the infimum
    residual: float
    iterations: int
    status: str


class _Entries:
    """Triplets of a sparse matrix, collected in arrays."""

    def __init__(self) -> None:
        self.rows: list[np.ndarray] = []
        self.columns: list[np.ndarray] = []
        self.values: list[np.ndarray] = []

    def add(self, rows: np.ndarray, columns: np.ndarray, values: np.ndarray | float) -> None:
        self.rows.append(rows)
        self.columns.append(columns)
        self.values.append(values if isinstance(values, np.ndarray) else np.full(len(rows), values))

    def matrix(self, shape: tuple[int, int]) -> sparse.csc_matrix:
        values, rows, columns = (np.concatenate(v) for v in (self.values, self.rows, self.columns))
        return sparse.csc_matrix((values, (rows, columns)), shape=shape)


def solve(descent: Descent, *, tolerance: float = 1e-11, margin: float = 0.0, max_iter: int = 200) -> Chordal:
    """Solve to Clarabel's ``tolerance``, with every window of the slack at least ``margin`` times the identity.

    Raises:
        PepError: the solver is not installed.
    """
    try:
        import clarabel
    except ImportError:
        raise PepError("the solver Clarabel is not installed; run `pip install clarabel`") from None
    A, b, q, cones, (first, count), scale = _program(descent, margin)
    settings = clarabel.DefaultSettings()
    settings.verbose = False
    settings.max_iter = max_iter
    settings.tol_gap_abs = settings.tol_gap_rel = settings.tol_feas = tolerance
    settings.chordal_decomposition_enable = False  # done already
    settings.presolve_enable = False
    settings.equilibrate_enable = False  # the data are scaled
    cone_objects = [
        clarabel.ZeroConeT(cones[0]),
        clarabel.NonnegativeConeT(cones[1]),
        *[clarabel.PSDTriangleConeT(cones[3])] * cones[2],
    ]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        solver = clarabel.DefaultSolver(sparse.csc_matrix((len(q), len(q))), q, A, b, cone_objects, settings)
        out = solver.solve()
    value = descent.sizes[3]
    z = np.asarray(out.z)[first : first + count]
    residual = max(float(out.r_prim), float(out.r_dual))
    return Chordal(
        -float(out.obj_val) * value,
        -float(out.obj_val_dual) * value,
        z * scale,
        residual,
        int(out.iterations),
        str(out.status),
    )


def _program(
    descent: Descent, margin: float
) -> tuple[sparse.csc_matrix, np.ndarray, np.ndarray, tuple[int, int, int, int], tuple[int, int], np.ndarray]:
    """Clarabel's A, b, q; the sizes of its cones; where the multipliers sit; and what turns them into multipliers."""
    N, h, measure, nonconvex = descent.N, descent.h, descent.measure, descent.nonconvex
    x, g, f, value = descent.sizes
    k, every = np.arange(N), np.arange(N + 1)
    # columns: |g_k|^2, f_k, <g_k, g_{k+1}>, then |x_k|^2 and <x_k, g_k>, or t
    Q, V, S = every, N + 1 + every, 2 * N + 2 + k
    P, R = 3 * N + 2 + every, 4 * N + 3 + every
    t = 3 * N + 2
    columns = 3 * N + 3 if nonconvex else 5 * N + 4
    entries = _Entries()
    row = 0
    if not nonconvex:  # |x_{k+1}|^2 = |x_k|^2 - 2 h <x_k, g_k> + h^2 |g_k|^2
        entries.add(k, P[1:], (x[1:] / x[:-1]) ** 2)
        entries.add(k, P[:-1], -1.0)
        entries.add(k, R[:-1], 2 * h * g[:-1] / x[:-1])
        entries.add(k, Q[:-1], -((h * g[:-1] / x[:-1]) ** 2))
        row = N
    first = row
    pairs = descent.chain
    sizes = np.append(f, 0.0)
    row_size = np.maximum(sizes[pairs[:, 0]], sizes[pairs[:, 1]])
    at = row + np.arange(len(pairs))
    i, j = pairs.T
    for index, sign in ((j, 1.0), (i, -1.0)):
        real = index != STAR
        entries.add(at[real], V[index[real]], sign * f[index[real]] / row_size[real])
    _quadratic_parts(entries, descent, pairs, at, row_size, (Q, R, P, S))
    row += len(pairs)
    b_value = 1.0
    if nonconvex:
        entries.add(np.array([row]), V[:1], 1.0)
        b_value = 1.0 / value
        below = row + 1 + every
        entries.add(below, np.full(N + 1, t), 1.0)
        entries.add(below, Q, -1.0)
        entries.add(np.array([row + N + 2] * 2), np.array([V[N], Q[N]]), np.array([-1.0, 0.5]))
        others = N + 3
    else:
        entries.add(np.array([row]), P[:1], 1.0)
        others = 1
    b = np.zeros(row + others)
    b[row] = b_value
    count = len(pairs) + others
    row += others
    scale = np.append(value / row_size, np.full(others, value if not nonconvex else 1.0))
    if nonconvex:
        scale[: len(pairs)] = 1.0
    # windows of the Gram matrix, upper triangle by columns
    q = np.zeros(columns)
    if nonconvex:
        parts = [(Q[:-1], 1.0), (S, _SQRT2), (Q[1:], 1.0)]
        windows, width = N, 2
        diagonal = [Q[:-1], Q[1:]]
    elif measure == "distance":
        parts = [(P[:-1], 1.0), (R[:-1], _SQRT2), (Q[:-1], 1.0)]
        windows, width = N, 2
        diagonal = [P[:-1], Q[:-1]]
    else:
        parts = [
            (P[:-1], 1.0),
            (R[:-1], _SQRT2),
            (Q[:-1], 1.0),
            (R[1:], _SQRT2 * x[1:] / x[:-1]),
            (S, _SQRT2),
            (Q[1:], 1.0),
        ]
        windows, width = N, 3
        diagonal = [P[:-1], Q[:-1], Q[1:]]
    size = len(parts)
    for place, (column, c) in enumerate(parts):
        entries.add(row + size * k + place, column, -c * np.ones(N))
    if width == 3:  # <x_k, g_{k+1}> = <x_{k+1}, g_{k+1}> + h <g_k, g_{k+1}>
        entries.add(row + size * k + 3, S, -_SQRT2 * h * g[:-1] / x[:-1])
    for column in diagonal:
        np.add.at(q, column, margin)
    if nonconvex:
        q[t] = 1.0
    else:
        target = {"function-value": V[N], "distance": P[N], "gradient": Q[N]}[measure]
        q[target] += {"function-value": f[N], "distance": x[N] ** 2, "gradient": g[N] ** 2}[measure] / value
    if measure == "distance":  # the value and the gradient at x_N are not spoken of
        for column in (V[N], Q[N], R[N]):
            entries.add(np.array([row + size * windows]), column[None], 1.0)
            row += 1
    total = row + size * windows
    A = entries.matrix((total, columns))
    b = np.concatenate([b, np.zeros(total - len(b))])
    if measure == "distance":
        order = np.r_[total - 3 : total, 0 : total - 3]
        A, b, first = A[order], b[order], first + 3
    zero = first
    return A.tocsc(), b, -q, (zero, count, windows, width), (first, count), scale


def _quadratic_parts(
    entries: _Entries,
    descent: Descent,
    pairs: np.ndarray,
    at: np.ndarray,
    row_size: np.ndarray,
    columns: tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray],
) -> None:
    """The forms of the pairs in |g|^2, <x, g>, |x|^2 and <g_k, g_{k+1}>."""
    Q, R, P, S = columns
    x, g = descent.sizes[:2]
    h, M = descent.h, form_coefficients(descent.kappa)
    i, j = pairs.T
    for star, sign, own in ((i == STAR, -1.0, 2), (j == STAR, 1.0, 1)):  # x_i - x_j = sign * x, own gradient
        if star.any():
            p, rows = np.maximum(i, j)[star], at[star]
            entries.add(rows, P[p], M[0, 0] * x[p] ** 2 / row_size[star])
            entries.add(rows, R[p], 2 * sign * M[0, own] * x[p] * g[p] / row_size[star])
            entries.add(rows, Q[p], M[own, own] * g[p] ** 2 / row_size[star])
    for near, sign, low, high in (((j == i + 1) & (i != STAR), 1.0, 1, 2), ((j == i - 1) & (j != STAR), -1.0, 2, 1)):
        if near.any():
            p, rows = np.minimum(i, j)[near], at[near]
            step = sign * h  # x_i - x_j = step * g_low
            entries.add(
                rows, Q[p], (M[0, 0] * step**2 + 2 * M[0, low] * step + M[low, low]) * g[p] ** 2 / row_size[near]
            )
            entries.add(rows, S[p], 2 * (M[0, high] * step + M[low, high]) * g[p] * g[p + 1] / row_size[near])
            entries.add(rows, Q[p + 1], M[high, high] * g[p + 1] ** 2 / row_size[near])
