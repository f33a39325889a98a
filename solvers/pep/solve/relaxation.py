"""The dual semidefinite program of a worst case, written straight into Clarabel's arrays.

    minimise   tau = c_0 - sum lambda_k c_k
    subject to sum lambda_k a_k = a_0,   S = sum lambda_k A_k - A_0 >= margin * I,   lambda >= 0,

where instance k says <A_k, G> + a_k . F + c_k <= 0 and the metric is <A_0, G> + a_0 . F + c_0. A positive ``margin``
keeps the slack S away from singular, so that rounded multipliers still prove a bound.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np
from scipy import sparse

from gradproof.solvers.pep.model.expressions import PepError
from gradproof.solvers.pep.solve.assemble import Arrays

SQRT2 = np.sqrt(2.0)


@dataclass(frozen=True, eq=False)
class Objective:
    """The metric ``<quadratic, G> + linear . F + constant``."""

    quadratic: np.ndarray
    linear: np.ndarray
    constant: float


@dataclass(frozen=True, eq=False)
class Scaling:
    """Expected sizes: of basis vectors (n,), of function values (p,), and of the metric."""

    vectors: np.ndarray
    values: np.ndarray
    metric: float = 1.0


@dataclass(frozen=True, eq=False)
class Solution:
    """What the solver returned, in the problem's own units."""

    status: str
    dual: float
    primal: float
    multipliers: np.ndarray  # (m,) inequalities, then equalities, in the order of the arrays
    spectra: tuple[np.ndarray, ...]  # multiplier matrices of quadratics
    gram: np.ndarray  # (n, n)
    values: np.ndarray  # (p,)
    equality_residual: float
    primal_residual: float
    primal_error: float  # what the primal residual can be worth in the metric, first order
    dual_error: float  # the same for the dual equations, and for the eigenvalues of S below zero
    iterations: int
    margin: float  # the slack was asked to be (was made, if tau was fixed) at least this in scaled units


def triangle(n: int) -> tuple[np.ndarray, np.ndarray]:
    """Row and column indices of the upper triangle, column by column (Clarabel's order)."""
    column, row = np.tril_indices(n)
    return row, column


def pack(a: np.ndarray) -> np.ndarray:
    """Symmetric matrices (..., n, n) to vectors whose dot product is the trace product."""
    r, c = triangle(a.shape[-1])
    return a[..., r, c] * np.where(r == c, 1.0, SQRT2)


def unpack(v: np.ndarray, n: int) -> np.ndarray:
    """Inverse of ``pack`` for one vector."""
    r, c = triangle(n)
    out = np.zeros((n, n))
    out[r, c] = v / np.where(r == c, 1.0, SQRT2)
    out[c, r] = out[r, c]
    return out


def solve_dual(
    arrays: Arrays,
    objective: Objective,
    scaling: Scaling,
    *,
    margin: float = 0.0,
    fixed: float | None = None,
    tolerance: float = 1e-9,
    max_iter: int = 200,
) -> Solution:
    """Solve the dual program; with ``fixed``, keep tau at that value and make the margin as large as possible (at most 1).

    Raises:
        PepError: the solver is not installed.
    """
    try:
        import clarabel
    except ImportError:
        raise PepError("the solver Clarabel is not installed; run `pip install clarabel`") from None
    d, e, unit = scaling.vectors, scaling.values, scaling.metric
    n, m = len(d), len(arrays.instances)
    A = arrays.quadratic * np.outer(d, d)
    a = arrays.linear * e
    norm = np.maximum(np.abs(A).max(axis=(1, 2), initial=0), np.abs(a).max(axis=1, initial=0))
    norm = np.where(norm > 0, norm, np.maximum(np.abs(arrays.constant), 1e-300))  # 0 <= M^2 is of the size of M^2
    A, a, c = A / norm[:, None, None], a / norm[:, None], arrays.constant / norm
    A0, a0 = objective.quadratic * np.outer(d, d) / unit, objective.linear * e / unit
    spectral = [_spectral_columns(low * d, high * d, n) for _, low, high in arrays.spectra]

    inequality = np.flatnonzero(~arrays.equal)
    columns = m + sum(s.shape[1] for s in spectral) + (fixed is not None)
    free = [] if fixed is None else [-pack(np.eye(n))[:, None]]  # the margin as a variable
    psd = np.concatenate([pack(A).T, *spectral, *free], axis=1)
    equations = np.concatenate([a.T, np.zeros((len(e), columns - m))], axis=1)
    rhs = [a0]
    if fixed is not None:
        equations = np.concatenate([equations, np.concatenate([c, np.zeros(columns - m)])[None]])
        rhs.append(np.array([(objective.constant - fixed) / unit]))
    rows = [sparse.csc_matrix(equations)]
    rows.append(
        sparse.csc_matrix(
            (-np.ones(len(inequality)), (np.arange(len(inequality)), inequality)), shape=(len(inequality), columns)
        )
    )
    rhs.append(np.zeros(len(inequality)))
    cones = [clarabel.ZeroConeT(len(equations)), clarabel.NonnegativeConeT(len(inequality))]
    rows.append(sparse.csc_matrix(-psd))
    rhs.append(-pack(A0 + margin * np.eye(n)))
    cones.append(clarabel.PSDTriangleConeT(n))
    start = m
    for (_, low, _high), s in zip(arrays.spectra, spectral, strict=True):
        size = s.shape[1]
        rows.append(
            sparse.csc_matrix((-np.ones(size), (np.arange(size), start + np.arange(size))), shape=(size, columns))
        )
        rhs.append(-pack(margin * np.eye(len(low))))
        cones.append(clarabel.PSDTriangleConeT(len(low)))
        start += size
    q = np.concatenate([-c, np.zeros(columns - m)])
    if fixed is not None:
        q = np.zeros(columns)
        q[-1] = -1.0
        rows.append(sparse.csc_matrix(([1.0], ([0], [columns - 1])), shape=(1, columns)))
        rhs.append(np.ones(1))
        cones.append(clarabel.NonnegativeConeT(1))
    settings = clarabel.DefaultSettings()
    settings.verbose = False
    settings.max_iter = max_iter
    settings.tol_gap_abs = settings.tol_gap_rel = settings.tol_feas = tolerance
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        solver = clarabel.DefaultSolver(
            sparse.csc_matrix((columns, columns)),
            q,
            sparse.vstack(rows, format="csc"),
            np.concatenate(rhs),
            cones,
            settings,
        )
        out = solver.solve()
    x, z = np.array(out.x), np.array(out.z)
    tail = len(equations) + len(inequality)
    gram = unpack(z[tail : tail + n * (n + 1) // 2], n)
    values = -z[: len(e)]
    matrices, start = [], m
    for _, low, _high in arrays.spectra:
        size = len(low) * (len(low) + 1) // 2
        matrices.append(unpack(x[start : start + size], len(low)) * unit)
        start += size
    slack = np.einsum("k,kab->ab", x[:m], A) - A0
    ends = np.cumsum([m, *(s.shape[1] for s in spectral)])
    for s, low_, high_ in zip(spectral, ends, ends[1:], strict=False):
        slack = slack + unpack(s @ x[low_:high_], n)
    deficit = max(0.0, -float(np.linalg.eigvalsh(slack).min(initial=0))) * float(np.trace(gram))
    violation = np.einsum("kab,ab->k", A, gram) + a @ values + c
    violation[arrays.equal] = np.abs(violation[arrays.equal])
    deficit += float(np.maximum(-x[:m], 0)[~arrays.equal] @ np.abs(violation[~arrays.equal]))
    return Solution(
        status=str(out.status),
        dual=objective.constant - unit * float(c @ x[:m]),
        primal=objective.constant + unit * float(np.sum(A0 * gram) + a0 @ values),
        multipliers=x[:m] / norm * unit,
        spectra=tuple(matrices),
        gram=gram * np.outer(d, d),
        values=values * e,
        equality_residual=float(np.abs(a.T @ x[:m] - a0).max(initial=0)),
        primal_residual=float(violation.max(initial=0)),
        primal_error=unit * float(np.abs(x[:m]) @ np.maximum(violation, 0)),
        dual_error=unit * (deficit + float(np.abs(a.T @ x[:m] - a0) @ np.abs(values))),
        iterations=int(out.iterations),
        margin=margin if fixed is None else float(x[-1]),
    )


def interior(
    A: np.ndarray, A0: np.ndarray, equations: np.ndarray, right: np.ndarray, free: np.ndarray, tied: bool
) -> tuple[np.ndarray, float]:
    """A point of ``{x : sum x_k A_k - A_0 >= t I, equations x = right, x_k >= t unless free}`` with the largest t <= 1.

    If not ``tied``, the x_k are only asked to be nonnegative.

    Args:
        A: (m, n, n). equations: (r, m). free: (m,) bool.
    """
    import clarabel

    m, n = len(A), A0.shape[0]
    bounded = np.flatnonzero(~free)
    sign = np.zeros((len(bounded), m + 1))
    sign[np.arange(len(bounded)), bounded] = -1
    sign[:, m] = float(tied)
    psd = -np.concatenate([pack(A).T.reshape(-1, m), -pack(np.eye(n))[:, None]], axis=1)
    rows = [np.concatenate([equations, np.zeros((len(equations), 1))], axis=1), sign, np.eye(m + 1)[-1:], psd]
    cones = [clarabel.ZeroConeT(len(equations)), clarabel.NonnegativeConeT(len(bounded) + 1)]
    cones += [clarabel.PSDTriangleConeT(n)] if n else []
    settings = clarabel.DefaultSettings()
    settings.verbose = False
    settings.tol_gap_abs = settings.tol_gap_rel = settings.tol_feas = 1e-10
    out = clarabel.DefaultSolver(
        sparse.csc_matrix((m + 1, m + 1)),
        -np.eye(m + 1)[-1],
        sparse.csc_matrix(np.vstack(rows)),
        np.concatenate([right, np.zeros(len(bounded)), np.ones(1), -pack(A0)]),
        cones,
        settings,
    ).solve()
    x = np.array(out.x)
    return x[:m], float(x[m])


def rescaled(base: Scaling, solution: Solution, metric: float) -> Scaling:
    """Sizes read off a solution: the next solve then has a Gram matrix of unit diagonal and a metric near one.

    What vanishes at the solution keeps 1 % of the size that ``base`` gives it, relative to the others.
    """
    vectors = np.sqrt(np.maximum(np.diag(solution.gram), 0)) / base.vectors
    values = np.abs(solution.values) / base.values
    return Scaling(
        base.vectors * np.maximum(vectors, max(1e-2 * vectors.max(initial=0), 1e-12)),
        base.values * np.maximum(values, 1e-2 * max(values.max(initial=0), vectors.max(initial=1e-6) ** 2)),
        metric if metric > 0 else 1.0,
    )


def _spectral_columns(low: np.ndarray, high: np.ndarray, n: int) -> np.ndarray:
    """Columns of ``-sum W_ij <low_i, high_j>`` for W in packed coordinates."""
    count = len(low)
    r, c = triangle(count)
    outer = -np.einsum("ia,jb->ijab", low, high)
    outer = outer + np.swapaxes(outer, 2, 3)  # symmetrise the form ...
    outer = (outer + np.swapaxes(outer, 0, 1)) / 4  # ... and W
    weight = np.where(r == c, 1.0, SQRT2)
    return (pack(outer[r, c]) * weight[:, None]).T
