"""Small dense semidefinite programs in the form of linear matrix inequalities, solved by Clarabel directly; and conic programs.

Whether the solver reaches a tolerance near rounding depends on the last bits of a machine's linear algebra. So nothing here asks
whether it did: the point at which it stopped comes back with the error that it has.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Solution:
    """What the solver returned.

    Args:
        y: the variables, shape (m,); NaN where the solver found no point, or that the program has none.
        primal, dual: objective values; NaN there, too.
        error: distance of the values from the optimum, whatever made the solver stop; inf there.
        status: the solver's own word.
    """

    y: Array
    primal: float
    dual: float
    error: float
    status: str

    @property
    def solved(self) -> bool:
        """There is a point: ``error`` says how accurate it is."""
        return bool(np.isfinite(self.error))


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
    y, slack, z = np.array(result.x), np.array(result.s), np.array(result.z)
    primal, dual = float(np.asarray(c, float) @ y), -float(offset @ z)
    stationarity = np.linalg.norm(np.asarray(c, float) + matrix.T @ z)
    feasibility = np.linalg.norm(matrix @ y + slack - offset)
    hidden = 2 * (stationarity * np.linalg.norm(y) + feasibility * np.linalg.norm(z))
    error = float(abs(primal - dual) + hidden)
    if "Infeasible" in status or not np.isfinite(error):  # y or z is then a ray, or nothing
        nan = float("nan")
        return Solution(np.full(m, nan), nan, nan, float("inf"), status)
    return Solution(y, primal, dual, error, status)


def solve_anyway(problem: Any) -> None:
    """Solve a cvxpy problem by Clarabel for the best point that it reaches; the caller proves what that is worth.

    Asks for less, until the solver says that it has it; the variables are None where it never does.
    """
    import cvxpy as cp

    for tolerance in (1e-8, 1e-6, 1e-4):
        settings = {"tol_gap_abs": tolerance, "tol_gap_rel": tolerance, "tol_feas": tolerance}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # that it may be inaccurate
            try:
                problem.solve(solver=cp.CLARABEL, **settings)
            except cp.error.SolverError:
                continue
        if problem.status in (cp.OPTIMAL, cp.OPTIMAL_INACCURATE):
            return


def _svec(M: Array) -> Array:
    """Upper triangles by columns, off-diagonal entries times sqrt(2): (..., k, k) -> (..., k(k+1)/2)."""
    k = M.shape[-1]
    cols, rows = np.tril_indices(k)
    return M[..., rows, cols] * np.where(rows == cols, 1.0, np.sqrt(2.0))
