"""A small primal-dual interior-point method for dual programs whose inequalities are of low rank.

    minimise   b . lam   subject to   E^T lam = c,   S = sum lam_k A_k - C >= 0,   lam >= 0,

with A_k = U_k D_k U_k^T, U_k (n, r) and r small. The Schur complement tr(A_k G A_l S^-1) is then a sum over blocks of
(D U^T G U D) o (U^T S^-1 U): O(m^2 r^2) after three products. The equations are eliminated by an orthonormal basis of
their null space, so they hold to rounding in every iteration. The last iterations only centre: rounding multipliers
to rationals then cannot leave the cone.

HKM direction, Mehrotra's predictor and corrector: Helmberg, Rendl, Vanderbei, Wolkowicz (1996); Mehrotra (1992).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.linalg import cho_factor, cho_solve, cholesky, eigvalsh, qr, solve_triangular
from scipy.linalg.lapack import dtrtri

_TO_BOUNDARY = 0.95  # share of the step to the boundary of the cone
_CENTRED = 0.3  # |G^(1/2) S G^(1/2) / mu - 1| at which an iterate counts as centred


@dataclass(frozen=True, eq=False)
class LowRank:
    """The data: factors (m, n, r) and their small middles (m, r, r), b (m,), E (m, f), c (f,), C (n, n).

    The multipliers marked in ``free`` (m,), those of equalities, may have any sign.
    """

    factors: np.ndarray
    middles: np.ndarray
    b: np.ndarray
    E: np.ndarray
    c: np.ndarray
    C: np.ndarray
    free: np.ndarray | None = None


@dataclass(frozen=True, eq=False)
class Interior:
    """A dual feasible interior point and how far it is from optimal.

    Attributes:
        multipliers: lam (m,).
        distances: s (m,), of the inequalities from equality at the primal solution.
        slack: S (n, n), positive definite.
        gram: G (n, n), the primal matrix.
        bound: b . lam.
        gap: <G, S> + lam . s and what the residual of S is worth, relative to ``bound``.
        primal_residual: of the primal constraints.
        mu: the barrier parameter, <G, S> and lam . s over their number.
        iterations: Newton systems solved (two an iteration).
        status: ``solved`` or the reason why not.
    """

    multipliers: np.ndarray
    distances: np.ndarray
    slack: np.ndarray
    gram: np.ndarray
    bound: float
    gap: float
    primal_residual: float
    mu: float
    iterations: int
    status: str


def _step(half: np.ndarray, direction: np.ndarray) -> float:
    """Largest t with ``X + t direction`` positive semidefinite; ``half`` is the inverse of X's Cholesky factor."""
    smallest = eigvalsh(half @ direction @ half.T, subset_by_index=(0, 0), check_finite=False)[0]
    return np.inf if smallest >= 0 else -1.0 / smallest


def _step_positive(x: np.ndarray, dx: np.ndarray, bounded: np.ndarray) -> float:
    negative = (dx < 0) & bounded
    return float((-x[negative] / dx[negative]).min()) if negative.any() else np.inf


def solve(data: LowRank, *, gap: float = 1e-11, centring: int = 4, max_iter: int = 60) -> Interior:
    """Solve to the relative ``gap``, then take up to ``centring`` pure centring steps.

    Raises:
        numpy.linalg.LinAlgError: the equations contradict each other.
    """
    m, n, r = data.factors.shape
    f = data.E.shape[1]
    bounded = np.ones(m, bool) if data.free is None else ~data.free
    count = n + int(bounded.sum())
    orthogonal, upper = qr(data.E)
    null, onto = orthogonal[:, f:], solve_triangular(upper[:f], orthogonal[:, :f].T).T  # E^T onto = 1
    particular = onto @ data.c
    U = np.ascontiguousarray(data.factors.transpose(1, 0, 2).reshape(n, m * r))
    UD = np.ascontiguousarray((data.factors @ data.middles).transpose(1, 0, 2).reshape(n, m * r))

    def adjoint(X: np.ndarray) -> np.ndarray:  # <A_k, X> for symmetric X
        return np.einsum("ij,ij->j", X @ U, UD).reshape(m, r).sum(axis=1)

    def combine(lam: np.ndarray) -> np.ndarray:  # sum lam_k A_k
        return (UD * np.repeat(lam, r)) @ U.T

    lam = particular + null @ (null.T @ (np.ones(m) - particular))
    lam = np.where(bounded, np.maximum(lam, 1e-2), 0.0)  # equations are restored by the first full step
    S, G, s = np.eye(n), n * np.eye(n), bounded * 1.0  # a Gram matrix of unit diagonal has eigenvalues up to n
    iterations, centred, status = 0, 0, "the iteration limit was reached"
    for _ in range(max_iter):
        mu = (np.vdot(G, S) + s @ lam) / count
        equations = onto @ (data.c - data.E.T @ lam)  # least change onto them
        dual_residual = combine(lam) - data.C - S
        feasible = np.abs(equations).max() <= 1e-10 and np.abs(dual_residual).max() <= 1e-11 * max(1.0, np.abs(S).max())
        need = data.b - s - adjoint(G)
        primal_residual = float(np.abs(null.T @ need).max(initial=0))
        bound = float(data.b @ lam)
        done = feasible and count * mu <= gap * max(abs(bound), 1e-300)
        if done:
            status = "solved"
            if centred >= centring or (centred and primal_residual <= 1e-3 * mu):
                break
        try:
            chol_S, chol_G = cholesky(S, lower=True), cholesky(G, lower=True)
        except np.linalg.LinAlgError:
            status = status if status == "solved" else "an iterate left the cone to rounding"
            break
        half_S, half_G = (dtrtri(chol, lower=1)[0] for chol in (chol_S, chol_G))
        inverse = half_S.T @ half_S
        M = _blocks((UD.T @ (G @ UD)) * (U.T @ (inverse @ U)), r)
        ratio = np.where(bounded, s / np.where(bounded, lam, 1.0), 0.0)
        M[np.diag_indices(m)] += ratio
        reduced = null.T @ (M @ null)
        scale = 1.0 / np.sqrt(np.maximum(np.diag(reduced), 1e-300))
        jacobi = reduced * np.outer(scale, scale)
        factor = _factor(jacobi)
        if factor is None:
            status = status if status == "solved" else "the Schur complement is singular to rounding"
            break
        correction = _symmetric(G @ dual_residual @ inverse)

        def newton(target: float, second: np.ndarray, second_s: np.ndarray) -> tuple[np.ndarray, ...]:
            X = target * inverse - G - second  # noqa: B023
            t = np.where(bounded, (target - second_s) / np.where(bounded, lam, 1.0) - s, 0.0)  # noqa: B023
            g = scale * (null.T @ (adjoint(X - correction) + t - need - M @ equations))  # noqa: B023
            y = cho_solve(factor, g)  # noqa: B023
            for _ in range(6):
                y = y + cho_solve(factor, g - jacobi @ y)  # noqa: B023
            dlam = null @ (scale * y) + equations  # noqa: B023
            dS = combine(dlam) + dual_residual  # noqa: B023
            return dlam, dS, X - _symmetric(G @ dS @ inverse), t - ratio * dlam  # noqa: B023

        zero, zero_s = np.zeros((n, n)), np.zeros(m)
        if done:
            dlam, dS, dG, ds = newton(mu, zero, zero_s)
            centred += 1
        else:
            dlam, dS, dG, ds = newton(0.0, zero, zero_s)
            primal = min(1.0, _step(half_G, dG), _step_positive(s, ds, bounded))
            dual = min(1.0, _step(half_S, dS), _step_positive(lam, dlam, bounded))
            affine = np.vdot(G + primal * dG, S + dual * dS) + (s + primal * ds) @ (lam + dual * dlam)
            sigma = min(1.0, max((affine / (count * mu)) ** 3, 1e-3))
            dlam, dS, dG, ds = newton(sigma * mu, _symmetric(dG @ dS @ inverse), dlam * ds)
            iterations += 1
        iterations += 1
        primal = min(1.0, _TO_BOUNDARY * min(_step(half_G, dG), _step_positive(s, ds, bounded)))
        dual = min(1.0, _TO_BOUNDARY * min(_step(half_S, dS), _step_positive(lam, dlam, bounded)))
        if max(primal, dual) < 1e-8:
            status = status if status == "solved" else "the steps became too short"
            break
        G, s = _symmetric(G + primal * dG), s + primal * ds
        lam, S = lam + dual * dlam, _symmetric(S + dual * dS)
        if dual == 1.0:
            S = _symmetric(combine(lam) - data.C)
    bound = float(data.b @ lam)
    total = float(np.vdot(G, S) + s @ lam + np.abs(combine(lam) - data.C - S).max(initial=0) * np.abs(G).sum())
    residual = float(np.abs(null.T @ (data.b - adjoint(G) - s)).max(initial=0))
    relative = total / max(abs(bound), 1e-300)
    return Interior(lam, s, S, G, bound, relative, residual, total / count, iterations, status)


def _blocks(X: np.ndarray, r: int) -> np.ndarray:
    """Sums over the r x r blocks of an (m r, m r) matrix."""
    halfway = sum((X[:, k::r] for k in range(1, r)), X[:, ::r].copy())
    return sum((halfway[k::r] for k in range(1, r)), halfway[::r].copy())


def _symmetric(X: np.ndarray) -> np.ndarray:
    return 0.5 * (X + X.T)


def _factor(matrix: np.ndarray) -> tuple[np.ndarray, bool] | None:
    for ridge in (0.0, *(10.0**k for k in range(-15, -5))):
        try:
            return cho_factor(matrix + ridge * np.eye(len(matrix)), lower=True)
        except np.linalg.LinAlgError:
            continue
    return None
