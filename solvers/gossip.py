"""Averaging on graphs: mixing matrices, their spectral gap between certified rationals, and D-PSGD on quadratics exactly.

A mixing matrix is symmetric and doubly stochastic. Matrices are NumPy arrays: of floats, or of dtype object holding
``Fraction``; exact input gives exact output. Source of the method: Lian et al. (2017), arXiv:1705.09056.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
from scipy.linalg import solve_discrete_lyapunov
from scipy.optimize import brentq

from gradproof.solvers.exact.definite import integer_matrix, is_positive_definite, is_positive_semidefinite
from gradproof.solvers.exact.linear import from_flint, to_flint
from gradproof.theory.errors import DomainError, ParameterError

Matrix = Any

# --- matrices ------------------------------------------------------------------------------------------------------------


def ring(n: int, w: Any = Fraction(1, 3)) -> Matrix:
    """n >= 3 nodes in a ring, weight w to each neighbour and 1 - 2w to itself."""
    if n < 3 or not 0 <= w <= Fraction(1, 2):
        raise DomainError(f"a ring needs n >= 3 and 0 <= w <= 1/2, got n = {n}, w = {w}")
    W = np.full((n, n), 0 * w, dtype=object)
    for i in range(n):
        W[i, i] = 1 - 2 * w
        W[i, (i + 1) % n], W[i, i - 1] = w, w
    return W


def complete(n: int) -> Matrix:
    """All weights 1/n."""
    if n < 1:
        raise DomainError(f"n = {n} must be at least 1")
    return np.full((n, n), Fraction(1, n), dtype=object)


def lazy_complete(n: int, a: Fraction) -> Matrix:
    """(1 - a) I + a J: all eigenvalues but the one are 1 - a."""
    return (1 - a) * np.array([[Fraction(int(i == j)) for j in range(n)] for i in range(n)]) + a * complete(n)


def metropolis(n: int, edges: Iterable[tuple[int, int]]) -> Matrix:
    """Weights 1/(1 + max degree) an edge, the rest to itself: symmetric and doubly stochastic for every graph.

    Raises:
        DomainError: n < 1.
        ParameterError: an edge that is a loop or leaves 0..n-1.
    """
    if n < 1:
        raise DomainError(f"n = {n} must be at least 1")
    pairs = {(min(e), max(e)) for e in edges}
    if any(i == j or i < 0 or j >= n for i, j in pairs):
        raise ParameterError(f"edges must join two different nodes of 0..{n - 1}")
    degree = [sum(i in e for e in pairs) for i in range(n)]
    W = np.full((n, n), Fraction(0), dtype=object)
    for i, j in pairs:
        W[i, j] = W[j, i] = Fraction(1, 1 + max(degree[i], degree[j]))
    for i in range(n):
        W[i, i] = 1 - sum(W[i])
    return W


def torus(rows: int, columns: int) -> Matrix:
    """A grid whose ends are joined, Metropolis weights."""
    at = lambda i, j: (i % rows) * columns + j % columns  # noqa: E731
    edges = [(at(i, j), at(i + a, j + b)) for i in range(rows) for j in range(columns) for a, b in ((0, 1), (1, 0))]
    return metropolis(rows * columns, [e for e in edges if e[0] != e[1]])


def exponential(n: int) -> Matrix:
    """Every node joined to those at distance 1, 2, 4, ... around a ring, Metropolis weights."""
    hops = [1 << k for k in range(max(n - 1, 1).bit_length()) if 1 << k < n]
    return metropolis(n, [(i, (i + d) % n) for i in range(n) for d in hops])


def check_mixing(W: Matrix) -> Matrix:
    """The matrix, if it is a mixing matrix.

    Raises:
        ParameterError: empty, not square, or with entries that are not finite.
        DomainError: not symmetric, not doubly stochastic (floats: beyond rounding), or with negative entries.
    """
    W = np.asarray(W)
    if W.ndim != 2 or W.shape[0] != W.shape[1] or not W.size:
        raise ParameterError(f"a mixing matrix is square and not empty, got shape {W.shape}")
    floats = W.astype(float)
    if not np.isfinite(floats).all():
        raise ParameterError("the mixing matrix has entries that are not finite")
    slack: Any = 0 if W.dtype == object else 4 * len(W) * np.finfo(float).eps  # a sum of n numbers of total size one
    if (abs(W - W.T) > slack).any():
        raise DomainError("the matrix is not symmetric; W = (A + A')/2 of a doubly stochastic A is")
    if (W < 0).any():
        raise DomainError("the matrix has a negative weight; Metropolis weights are nonnegative")
    if (abs(W.sum(axis=1) - 1) > slack).any():
        raise DomainError("rows do not sum to one; give the rest to the node itself, as Metropolis weights do")
    return W


def components(W: Matrix) -> list[list[int]]:
    """Connected components of the graph of positive weights, each sorted."""
    left, found = set(range(len(W))), []
    while left:
        front, seen = [min(left)], {min(left)}
        while front:
            i = front.pop()
            new = {j for j in left - seen if W[i, j] > 0}
            seen |= new
            front += new
        found.append(sorted(seen))
        left -= seen
    return found


@dataclass(frozen=True)
class Gap:
    """Rationals ``low <= s <= high`` around s = max(|lambda_2|, |lambda_n|), proved in exact arithmetic."""

    low: Fraction
    high: Fraction


def second_eigenvalue(W: Matrix) -> Gap:
    """Enclosure of s for a rational mixing matrix.

    Below: a Rayleigh quotient of a rational vector orthogonal to the ones. Above: high I - (W - J) and high I + (W - J) are
    proved positive definite by integer arithmetic. Where s is a fraction with a small denominator, both are s itself.

    Raises:
        DomainError: not a mixing matrix; not connected, or bipartite without self-weights (s = 1: no consensus), with the
            nodes that show it.
        ParameterError: floats (exact numbers are needed), or a bound that could not be proved.
    """
    W = check_mixing(W)
    if W.dtype != object:
        raise ParameterError("a certified gap needs exact weights; give fractions")
    n = len(W)
    parts = components(W)
    if len(parts) > 1:
        raise DomainError(
            f"the graph has {len(parts)} components, one of them {parts[0]}: there is no consensus, s = 1"
        )
    values, vectors = np.linalg.eigh(W.astype(float))
    if values[0] < -1 + 1e-9:  # 1 + lambda_n is then decided exactly
        signs = np.where(vectors[:, 0] > 0, 1, -1)
        if (W @ signs == -signs).all():
            even = np.nonzero(signs > 0)[0].tolist()
            raise DomainError(
                f"the graph is bipartite ({even} against the rest) without self-weights: s = 1, no consensus"
            )
    M = W - Fraction(1, n)
    if n == 1 or not M.any():
        return Gap(Fraction(0), Fraction(0))
    worst = int(np.argmax(np.abs(np.linalg.eigvalsh(M.astype(float)))))
    v = [Fraction(x).limit_denominator(10**9) for x in np.linalg.eigh(M.astype(float))[1][:, worst].tolist()]
    u = np.array(v, dtype=object) - sum(v) / n
    low = abs(u @ M @ u) / (u @ u)
    identity = np.array([[Fraction(int(i == j)) for j in range(n)] for i in range(n)], dtype=object)

    def around(x: Fraction) -> list[Any]:
        return [integer_matrix((x * identity + sign * M).tolist()) for sign in (1, -1)]

    simple = Fraction(float(low)).limit_denominator(1000)
    if abs(simple - low) < Fraction(1, 10**9):  # perhaps s is this very number
        both = around(simple)
        if any(m.det() == 0 for m in both) and all(map(is_positive_semidefinite, both)):
            return Gap(simple, simple)
    high = Fraction(float(low)).limit_denominator(10**15) + Fraction(1, 10**11)
    if not all(map(is_positive_definite, around(high))):
        raise ParameterError(f"s <= {float(high):.12g} could not be proved for this matrix")
    return Gap(low, high)


# --- quadratics ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Averages:
    """Averages over the first K iterates of D-PSGD, and the variance of the mean at the end."""

    gradient: Any  # E ||grad f(mean x)||^2
    mean_gradient: Any  # E ||(1/n) sum grad f_i(x_i)||^2
    consensus: Any  # (1/n) sum E ||x_i - mean x||^2


def quadratic_run(W: Matrix, h: Any, b: Any, gamma: Any, sigma2: Any, K: int, x0: Any) -> Averages:
    """Exact averages for f_i = h_i (x - b_i)^2 / 2 in one dimension, started at x0, noise of variance sigma2 a node.

    The mean m+ = A m + gamma h b and the covariance S+ = A S A' + gamma^2 sigma2 I with A = W - gamma diag(h); O(K n^3). The
    matrix need not be a mixing matrix, so that controls can run.

    Args:
        W: (n, n). h: a number or (n,). b: (n,). x0: a number, or (n,) for nodes apart. All exact for exact averages.

    Raises:
        ParameterError: shapes that do not fit, entries that are not finite, or K < 1.
        DomainError: sigma2 < 0.
    """
    if K < 1:
        raise ParameterError(f"K = {K} must be at least 1")
    W, h, b = _quadratics(W, h, b, gamma, sigma2, x0)
    n = len(b)
    A, push = W - gamma * np.diag(h), gamma * h * b
    eye = np.diag(0 * h + 1)
    m, S = 0 * b + x0, 0 * A
    sums: list[Any] = [0, 0, 0]
    for _ in range(K):
        mean = m.sum() / n
        slope = h.sum() / n * mean - (h * b).sum() / n
        sums[0] += slope**2 + (h.sum() / n) ** 2 * S.sum() / n**2
        sums[1] += ((h * (m - b)).sum() / n) ** 2 + h @ S @ h / n**2
        sums[2] += ((m - mean) ** 2).sum() / n + (np.trace(S) - S.sum() / n) / n
        m, S = A @ m + push, A @ S @ A.T + gamma**2 * sigma2 * eye
    return Averages(*(x / K for x in sums))


def _quadratics(W: Any, h: Any, b: Any, gamma: Any, sigma2: Any, x0: Any) -> tuple[Any, Any, Any]:
    """W (n, n), h (n,) and b (n,) as arrays; see ``quadratic_run``."""
    W, b = np.asarray(W), np.asarray(b)
    n = b.shape[0] if b.ndim == 1 else 0
    if not n or W.shape != (n, n) or np.shape(h) not in ((), (n,)) or np.shape(x0) not in ((), (n,)):
        raise ParameterError(
            f"need W (n, n), b (n,), h and x0 a number or (n,), got {W.shape}, {b.shape}, {np.shape(h)}, {np.shape(x0)}"
        )
    if not all(np.isfinite(np.asarray(v).astype(float)).all() for v in (W, h, b, gamma, sigma2, x0)):
        raise ParameterError("an entry is not finite; W, h, b, gamma, sigma2 and x0 must be")
    if sigma2 < 0:
        raise DomainError(f"sigma2 = {sigma2} is a variance; it must be at least 0")
    return W, np.broadcast_to(np.asarray(h), (n,)), b


def stationary(W: Matrix, h: Any, b: Any, gamma: Any, sigma2: Any) -> tuple[Any, Any]:
    """Mean (n,) and covariance (n, n) of the stationary law on the same quadratics; exact for exact input.

    Raises:
        ParameterError: shapes that do not fit, or entries that are not finite.
        DomainError: sigma2 < 0, or the step is beyond stability; names the eigenvalue.
    """
    W, h, b = _quadratics(W, h, b, gamma, sigma2, 0)
    n = len(b)
    A = W - gamma * np.diag(h)
    radius = max(abs(np.linalg.eigvals(A.astype(float))))
    if radius >= 1 - 1e-12:  # nearer to one, neither floats nor the question are meaningful
        raise DomainError(
            f"no stationary law: W - gamma h has an eigenvalue of absolute value {radius:.6g}; shorten the step"
        )
    if A.dtype != object:
        mean = np.linalg.solve(np.eye(n) - A, gamma * h * b)
        return mean, solve_discrete_lyapunov(A, gamma**2 * sigma2 * np.eye(n))
    eye = np.array([[Fraction(int(i == j)) for j in range(n)] for i in range(n)], dtype=object)
    mean = _solve(eye - A, gamma * h * b)
    big = np.kron(eye, eye) - np.kron(A, A)
    return mean, _solve(big, gamma**2 * sigma2 * eye.ravel()).reshape(n, n)


def _solve(A: Matrix, right: Any) -> Any:
    """A^-1 right for rationals."""
    rows = [[Fraction(x) for x in row] for row in A.tolist()]
    x = to_flint(rows).solve(to_flint([[Fraction(y)] for y in right.tolist()]))
    return np.array([row[0] for row in from_flint(x)], dtype=object)


def largest_stable_step(
    W: Matrix, h: Any = Fraction(1), *, width: Fraction = Fraction(1, 10**9)
) -> tuple[Fraction, Fraction]:
    """Step sizes, 2 width apart in the unit 1/(largest curvature), the lower stable (or 0) and the upper not.

    Stable: is |eigenvalue of W - gamma diag(h)| < 1 for all?

    Below, both 1 +- (W - gamma h) are proved positive definite by integer arithmetic; above, a rational vector does not shrink.

    Args:
        W: a rational mixing matrix. h: curvatures > 0, a fraction or (n,).

    Raises:
        DomainError: a curvature is not positive.
        ParameterError: one of the sides could not be proved.
    """
    n = len(W)
    curvatures = np.broadcast_to(np.asarray(h), (n,))
    unit = max(map(Fraction, curvatures.tolist()))
    if not min(curvatures) > 0:
        raise DomainError(f"curvatures must be positive, got {min(curvatures)}; a flat node is stable at every step")
    H = np.diag([Fraction(v) / unit for v in curvatures.tolist()])
    eye = np.array([[Fraction(int(i == j)) for j in range(n)] for i in range(n)], dtype=object)

    def least(gamma: float) -> float:
        return float(np.linalg.eigvalsh(W.astype(float) - gamma * H.astype(float))[0])

    top = 4 / float(min(np.diag(H)))
    middle = Fraction(brentq(lambda g: least(g) + 1, -1e-6, top, xtol=1e-14)).limit_denominator(10**12)
    low, high = max(middle - width, Fraction(0)), middle + width
    matrices = [eye + sign * (W - low * H) for sign in (1, -1)] if low > 0 else []
    v = [Fraction(x).limit_denominator(10**8) for x in np.linalg.eigh((W - high * H).astype(float))[1][:, 0].tolist()]
    moved = (W - high * H) @ np.array(v)
    if not all(is_positive_definite(integer_matrix(m.tolist())) for m in matrices) or moved @ moved < sum(
        x * x for x in v
    ):
        raise ParameterError(
            f"no bracket of width {float(2 * width / unit):g} around {float(middle / unit):.12g} could be proved"
        )
    return low / unit, high / unit


def common_average(h: float, gamma: float, n: int, sigma2: float, K: int, gap2: float) -> float:
    """Average of E ||grad f(mean x_k)||^2 over k < K for a common curvature h: a closed form, the same for every graph.

    ``gap2``: (mean x_0 - mean b)^2. With r = 1 - gamma h the mean squared gap is r^2k gap2 + v (1 - r^2k), v stationary.

    Raises:
        DomainError: h, gamma <= 0, or gamma h = 2 (no stationary variance); n or K < 1, sigma2 or gap2 < 0, or NaN.
    """
    if not (h > 0 and gamma > 0) or gamma * h == 2:
        raise DomainError(f"need h, gamma > 0 and gamma h != 2, got h = {h}, gamma = {gamma}")
    if not (n >= 1 and K >= 1 and sigma2 >= 0 and gap2 >= 0):
        raise DomainError(
            f"need n, K >= 1 and sigma2, gap2 >= 0, got n = {n}, K = {K}, sigma2 = {sigma2}, gap2 = {gap2}"
        )
    r2 = (1 - gamma * h) ** 2
    share = np.expm1(K * np.log(r2)) / (K * (r2 - 1)) if r2 else 1 / K  # (1/K) sum r^2k
    v = gamma * sigma2 / (n * h * (2 - gamma * h))
    return float(h * h * (share * gap2 + v * (1 - share)))
