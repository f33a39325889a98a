r"""The nuclear-norm program of low-rank recovery, with its dual.

$\min\mathrm{tr}Z$ over $Z \succeq 0$ with $\langle A_i, Z\rangle = y_i$.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from gradproof.solvers.low_rank.matrices import Array
from gradproof.solvers.semidefinite import minimise
from gradproof.theory.errors import GradproofError, ParameterError


class NotSolved(GradproofError):
    """The solver returned no point."""


@dataclass(frozen=True)
class NuclearNorm:
    """A solution of the program and of its dual.

    Args:
        Z: (n, n), satisfies the measurements up to rounding; positive semidefinite up to the solver's feasibility.
        nu: (m,) with ``sum nu_i A_i <= I``, scaled so that it is feasible up to rounding.
        value: tr Z. dual: ``<y, nu>``, at most the least trace.
        error: distance of ``value`` from the optimum, by the solver's own account.
    """

    Z: Array
    nu: Array
    value: float
    dual: float
    error: float


def nuclear_norm(A: Any, y: Any) -> NuclearNorm:
    """Solve both programs.

    Args:
        A: (m, n, n) symmetric. y: (m,), the measurements of some positive semidefinite matrix.

    Raises:
        ParameterError: shapes that do not fit, or measurements that no symmetric matrix has.
        NotSolved: the solver returned no point.
    """
    A, y = np.asarray(A, float), np.asarray(y, float)
    if A.ndim != 3 or A.shape[1] != A.shape[2] or y.shape != A.shape[:1] or not _symmetric(A):
        raise ParameterError(f"A has shape {A.shape} and y {y.shape}; give (m, n, n) symmetric matrices and (m,)")
    unit = _power_of_two(np.abs(A).max(initial=0.0))  # that of Z follows; the solver's tolerances are absolute
    A, y, n = A / unit, y / unit, A.shape[1]
    rows, columns = np.triu_indices(n)
    weight = np.where(rows == columns, 1.0, np.sqrt(2.0))
    left, sizes, right = np.linalg.svd(A[:, rows, columns] * weight)
    rank = int((sizes > len(y) * 2.0**-50 * sizes[0]).sum())
    base = right[:rank].T @ ((left[:, :rank].T @ y) / sizes[:rank])
    if not np.linalg.norm(A[:, rows, columns] * weight @ base - y) <= 1e-8 * np.linalg.norm(y):
        raise ParameterError("no symmetric matrix has these measurements; are they consistent?")

    size = _power_of_two(float(np.linalg.norm(base)))
    base, y = base / size, y / size

    def symmetric(v: Array) -> Array:
        out = np.zeros((*v.shape[:-1], n, n))
        out[..., rows, columns] = out[..., columns, rows] = v / weight
        return out

    Z, free = symmetric(base), symmetric(right[rank:])
    error = 0.0
    if len(free):
        found = minimise(np.trace(free, axis1=1, axis2=2), [(Z, free)])
        if not found.solved:
            raise NotSolved(
                f"the nuclear-norm program ended with {found.status}; are the measurements those of some Z >= 0?"
            )
        Z, error = Z + np.tensordot(found.y, free, 1), found.error
    best = minimise(-y, [(np.eye(n), -A)])
    if not best.solved:
        raise NotSolved(f"the dual of the nuclear-norm program ended with {best.status}")
    nu = feasible(A, best.y)
    return NuclearNorm(Z * size, nu / unit, float(np.trace(Z)) * size, float(y @ nu) * size, error * size)


def feasible(A: Array, nu: Array) -> Array:
    """A multiple of nu with ``sum nu_i A_i <= I``, by a margin that covers the rounding of the eigenvalue."""
    top = float(np.linalg.eigvalsh(np.tensordot(nu, A, 1))[-1])
    return nu / max(1.0, top) * (1 - len(nu) * A.shape[1] * 2.0**-50)


def _symmetric(A: Array) -> bool:
    return bool(np.abs(A - A.transpose(0, 2, 1)).max(initial=0.0) <= 1e-8 * np.abs(A).max(initial=0.0))


def _power_of_two(x: float) -> float:
    """The least one above x: a division by it rounds nothing. 1 for 0."""
    return float(2.0 ** np.frexp(x)[1]) if x else 1.0
