"""Small dense semidefinite programs in the form of linear matrix inequalities, solved by Clarabel directly."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Solution:
    """What the solver returned.

    Args:
        y: the variables, shape (m,); NaN unless the solver finished.
        primal, dual: objective values; NaN unless the solver finished.
        error: distance of the values from the optimum; inf where the solver failed.
        status: the solver's own word.
    """

    y: Array
    primal: float
    dual: float
    error: float
    status: str

    @property
    def solved(self) -> bool:
        """Full accuracy, or reduced accuracy: ``error`` says how much of it there is."""
        return self.status in ("Solved", "AlmostSolved")


def minimise(
    c: Array,
    blocks: Sequence[tuple[Array, Array]],
    A: Array | None = None,
    b: Array | None = None,
    *,
    tolerance: float = 1e-11,
) -> Solution:
    """Minimise c.y subject to F0 + sum_j y_j F_j >= 0 (semidefinite) for each block, and A y <= b.

    Args:
        c: shape (m,).
        blocks: pairs F0 of shape (k, k) and F of shape (m, k, k), symmetric.
        A, b: shapes (r, m) and (r,); optional.
        tolerance: gap and feasibility asked of the solver.

    The error is |primal - dual| plus what the residuals can hide. The iterate (y, s, z) lies inside the cones, so weak
    duality gives dual - |stationarity||y*| <= optimum <= primal + |feasibility||z*|; the unknown optimal y*, z* are
    taken to be at most twice as long as the computed ones.
    """
    import clarabel
    from scipy import sparse

    rows, rhs, cones = [], [], []
    if A is not None and b is not None and len(b):
        rows.append(np.asarray(A, float))
        rhs.append(np.asarray(b, float))
        cones.append(clarabel.NonnegativeConeT(len(b)))
    for F0, F in blocks:
        rows.append(-_svec(np.asarray(F, float)).T)
        rhs.append(_svec(np.asarray(F0, float)))
        cones.append(clarabel.PSDTriangleConeT(F0.shape[0]))
    settings = clarabel.DefaultSettings()
    settings.verbose = False
    settings.max_threads = 1
    settings.tol_gap_abs = settings.tol_gap_rel = settings.tol_feas = tolerance
    m = len(c)
    matrix, offset = np.vstack(rows), np.concatenate(rhs)
    result = clarabel.DefaultSolver(
        sparse.csc_matrix((m, m)),
        np.asarray(c, float),
        sparse.csc_matrix(matrix),
        offset,
        cones,
        settings,
    ).solve()
    status = str(result.status)
    if status not in ("Solved", "AlmostSolved"):
        nan = float("nan")
        return Solution(np.full(m, nan), nan, nan, float("inf"), status)
    y, slack, z = np.array(result.x), np.array(result.s), np.array(result.z)
    stationarity = np.linalg.norm(np.asarray(c, float) + matrix.T @ z)
    feasibility = np.linalg.norm(matrix @ y + slack - offset)
    hidden = 2 * (stationarity * np.linalg.norm(y) + feasibility * np.linalg.norm(z))
    error = float(abs(result.obj_val - result.obj_val_dual) + hidden)
    return Solution(y, result.obj_val, result.obj_val_dual, error, status)


def _svec(M: Array) -> Array:
    """Upper triangles by columns, off-diagonal entries times sqrt(2): (..., k, k) -> (..., k(k+1)/2)."""
    k = M.shape[-1]
    cols, rows = np.tril_indices(k)
    return M[..., rows, cols] * np.where(rows == cols, 1.0, np.sqrt(2.0))
