"""Max-margin matrices: least norm subject to ``<G_c, W> >= 1`` for all c, with certificates of both answers.

Frobenius norm: the least-distance program is a nonnegative least-squares problem (Lawson, Hanson 1974, ch. 23), whose residual is
zero exactly if no W separates; the multipliers then prove it. Nuclear norm: a conic program, bounded from both sides. For rational
data the Frobenius solution is made exact from its active constraints.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from gradproof.solvers.exact.least_squares import nonnegative_least_squares, nonnegative_least_squares_in_floats
from gradproof.solvers.exact.rounding import exact_number, whole_number
from gradproof.theory.errors import GradproofError, ParameterError

EPS = float(np.finfo(float).eps)


class Inseparable(GradproofError):
    """No matrix has margin one: ``multipliers`` (m,), nonnegative of sum 1, with ``sum multipliers_c G_c`` zero up to ``size``."""

    def __init__(self, multipliers: np.ndarray, size: float) -> None:
        self.multipliers, self.size = multipliers, size
        super().__init__(
            f"no W separates: a convex combination of the {len(multipliers)} constraints has norm {size:.1e}; select other tokens"
        )


@dataclass(frozen=True, eq=False)
class MaxMargin:
    """W (p, q) of least norm with multipliers (m,), and bounds of that norm that hold whatever rounding did.

    ``lower <= least norm <= upper``; the margin is 1/norm.
    """

    W: np.ndarray
    multipliers: np.ndarray
    lower: float
    upper: float

    @property
    def norm(self) -> float:
        """The upper bound: the norm of a feasible matrix."""
        return self.upper


def constraints(X: Any, z: Any, alpha: Sequence[int]) -> np.ndarray:
    """``(x_{i alpha_i} - x_it) z_i'`` for all i and t != alpha_i, shape (n (T - 1), d, d).

    Args:
        X: tokens (n, T, d). z: queries (n, d). alpha: selected token of each input.

    Raises:
        ParameterError: shapes that do not fit, a single token, NaN, or a selection out of range.
    """
    X, z = np.asarray(X, float), np.asarray(z, float)
    if X.ndim != 3 or 0 in X.shape or z.shape != (X.shape[0], X.shape[2]) or len(alpha) != len(X):
        raise ParameterError(
            f"need tokens (n, T, d), queries (n, d) and n selections, got {X.shape}, {z.shape}, {len(alpha)}"
        )
    if X.shape[1] < 2:
        raise ParameterError("a single token leaves nothing to select; give T >= 2")
    if not (np.isfinite(X).all() and np.isfinite(z).all()):
        raise ParameterError("a token or a query has a NaN or an infinity")
    alpha = [whole_number(a, "selection") for a in alpha]
    if max(alpha) >= X.shape[1]:
        raise ParameterError(f"selections {tuple(alpha)} must lie in 0..{X.shape[1] - 1}")
    rows = [np.outer(X[i, a] - X[i, t], z[i]) for i, a in enumerate(alpha) for t in range(X.shape[1]) if t != a]
    return np.array(rows)


def frobenius(G: np.ndarray) -> MaxMargin:
    """Least Frobenius norm subject to ``<G_c, W> >= 1``; G is (m, p, q).

    Raises:
        Inseparable: with a certificate.
        ParameterError: no constraint, or NaN.
    """
    flat = _flat(G)
    m, size = flat.shape
    target = np.zeros(size + 1)
    target[size] = 1
    u, distance = nonnegative_least_squares_in_floats(np.vstack([flat.T, np.ones(m)]), target)
    scale = float(np.linalg.norm(flat, axis=1).max())
    # the distance is 1/sqrt(1 + ||W||^2): below this W is not representable, and u is a certificate to rounding
    if distance <= 1e-10 or u.sum() <= 0:
        share = u / u.sum() if u.sum() > 0 else np.full(m, 1 / m)
        raise Inseparable(share, float(np.linalg.norm(share @ flat)) / max(scale, 1e-300))
    lam = u / (1 - u.sum())
    W = lam @ flat
    margin = float((flat @ W).min())
    if margin <= 0:
        raise Inseparable(u / u.sum(), float(np.linalg.norm(u @ flat) / u.sum()) / max(scale, 1e-300))
    rounding = (size + m + 8) * EPS
    upper = float(np.linalg.norm(W)) / margin * (1 + 4 * rounding * scale * float(np.linalg.norm(W)) / margin)
    # weak duality at any multiplier, best along its ray: (sum lam)/||sum lam G||
    lower = float(lam.sum()) / (float(np.linalg.norm(W)) + rounding * float(lam @ np.linalg.norm(flat, axis=1)))
    return MaxMargin((W / margin).reshape(G.shape[1:]), lam, lower * (1 - rounding), upper)


def nuclear(G: np.ndarray) -> MaxMargin:
    """Least nuclear norm subject to ``<G_c, W> >= 1``, by Clarabel, with bounds from scaled points.

    Raises:
        Inseparable: with a certificate.
        GradproofError: the solver stopped early.
    """
    import cvxpy as cp

    frobenius(G)  # separability does not depend on the norm
    flat = _flat(G)
    W = cp.Variable(G.shape[1:])
    rows = flat @ cp.vec(W, order="C") >= 1
    problem = cp.Problem(cp.Minimize(cp.normNuc(W)), [rows])
    problem.solve(solver=cp.CLARABEL)
    if problem.status != cp.OPTIMAL:
        raise GradproofError(f"Clarabel stopped with status {problem.status} on the nuclear norm; rescale the tokens")
    found = np.asarray(W.value)
    margin = float((flat @ found.ravel()).min())
    if margin <= 0:
        raise GradproofError("Clarabel's matrix has no positive margin; rescale the tokens")
    found = found / margin
    lam = np.maximum(np.asarray(rows.dual_value), 0)
    top = float(np.linalg.norm((lam @ flat).reshape(G.shape[1:]), 2))
    rounding = 16 * (flat.shape[1] + len(flat)) * EPS
    upper = float(np.linalg.svd(found, compute_uv=False).sum()) * (1 + rounding)
    return MaxMargin(found, lam, float(lam.sum()) / top * (1 - rounding) if top > 0 else 0.0, upper)


def _flat(G: np.ndarray) -> np.ndarray:
    G = np.asarray(G, float)
    if G.ndim != 3 or 0 in G.shape or not np.isfinite(G).all():
        raise ParameterError(f"need finite constraints of shape (m, p, q) with m >= 1, got shape {G.shape}")
    return G.reshape(len(G), -1)


# --- exactly -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class ExactMargin:
    """Rational multipliers, W flattened, and ``||W||_F^2 = sum multipliers``."""

    multipliers: tuple[Fraction, ...]
    W: tuple[Fraction, ...]
    norm_squared: Fraction


def _exact_rows(G: Sequence[Sequence[Any]]) -> list[list[Fraction]]:
    rows = [[exact_number(v, "G") for v in row] for row in G]
    if not rows or not rows[0] or any(len(row) != len(rows[0]) for row in rows):
        raise ParameterError(
            f"need at least one constraint, rows of one length, got lengths {[len(r) for r in rows][:6]}"
        )
    return rows


def exact_frobenius(G: Sequence[Sequence[Any]]) -> ExactMargin:
    """The same in rationals, rows of G flattened.

    Raises:
        Inseparable: with a certificate.
    """
    rows, multipliers, residual = _least_distance(G)
    if not any(residual):
        share = np.array([float(v) for v in multipliers]) / float(sum(multipliers))
        raise Inseparable(share, 0.0)
    lam = [v / residual[-1] for v in multipliers]
    W = [-v / residual[-1] for v in residual[:-1]]
    if any(sum((a * b for a, b in zip(row, W, strict=True)), Fraction(0)) < 1 for row in rows):
        raise GradproofError("a margin is below one in exact arithmetic: a fault of the least-squares solver")
    return ExactMargin(tuple(lam), tuple(W), sum(lam, Fraction(0)))


def exact_inseparable(G: Sequence[Sequence[Any]]) -> tuple[Fraction, ...]:
    """Nonnegative rational multipliers of sum 1 of a vanishing combination: proof that no W separates.

    Raises:
        ParameterError: some W separates.
    """
    _, multipliers, residual = _least_distance(G)
    if any(residual):
        raise ParameterError("these constraints are separable; exact_frobenius gives the matrix")
    return tuple(multipliers)


def _least_distance(G: Sequence[Sequence[Any]]) -> tuple[list[list[Fraction]], list[Fraction], list[Fraction]]:
    """Rows; u >= 0 with ``sum u_c (G_c, 1)`` nearest to ``(0, 1)``; and what is left of ``(0, 1)``: zero iff no W separates."""
    rows = _exact_rows(G)
    target = [Fraction(0)] * len(rows[0]) + [Fraction(1)]
    lifted = [[*row, Fraction(1)] for row in rows]
    multipliers = nonnegative_least_squares(lifted, target)
    combined = [
        sum((u * row[j] for u, row in zip(multipliers, lifted, strict=True)), Fraction(0)) for j in range(len(target))
    ]
    return rows, multipliers, [t - c for t, c in zip(target, combined, strict=True)]
