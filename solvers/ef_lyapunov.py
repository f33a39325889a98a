"""Error feedback on smooth functions: best Lyapunov functions, spectral radii, and averages of smoothness constants.

Setting of ``docs/derivations/ef21.md``: n workers, f = (1/n) sum f_i is L-smooth, f_i is L_i-smooth, the compressor
contracts with E|C(x) - x|^2 <= q^2 |x|^2, q = sqrt(1 - alpha); x+ = x - gamma g, g = mean of g_i,
g_i+ = g_i + C_i(grad f_i(x+) - g_i). With w_i = L_i / sum L_j, all quadratic forms split into the weighted mean part
(Delta, e, u) and the weighted deviation part (e~, u~) of errors e_i = g_i - grad f_i(x) and increments
u_i = grad f_i(x+) - grad f_i(x).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gradproof.solvers import semidefinite
from gradproof.theory.errors import ParameterError


@dataclass(frozen=True)
class LyapunovResult:
    """An optimum over Lyapunov functions V = f - f_inf + c sum_i w_i |e_i/(n w_i)|^2.

    Args:
        value: the optimum; NaN where the solver failed.
        error: bound on |value - optimum| from primal and dual values; inf where the solver failed.
        c: weight of the distortion.
        multipliers: weights of |u|^2 <= L^2 |Delta|^2 and of its weighted sum over workers with L_AM.
        status: the solver's word.
    """

    value: float
    error: float
    c: float
    multipliers: tuple[float, float]
    status: str


def lyapunov_sdp(*, L: float, L_AM: float, q: float) -> LyapunovResult:
    """Largest gamma for which some V of the family never increases: 1/gamma is minimised over c and two multipliers.

    Args:
        L, L_AM: smoothness of f, and arithmetic mean of the L_i; 0 < L <= L_AM.
        q: sqrt(1 - alpha), in (0, 1).

    Raises:
        ParameterError: outside these ranges.
    """
    _check(L, L_AM, q)
    # scale-free: L_AM = 1, so that gamma is in units of 1/L_AM
    solution = semidefinite.minimise(np.array([0.0, 0.0, 0.0, 1.0]), *_one_step(L / L_AM, q, gamma=None))
    t = solution.primal
    return LyapunovResult(
        value=1 / (t * L_AM),
        error=solution.error / (t * t * L_AM) if solution.solved else float("inf"),
        c=solution.y[0] / L_AM,
        multipliers=(solution.y[1] / L_AM, solution.y[2] / L_AM),
        status=solution.status,
    )


def best_delta(gamma: float, *, L: float, L_AM: float, q: float) -> LyapunovResult:
    """Largest delta with V+ <= V - delta |grad f(x)|^2 for some V of the family, at the step size gamma.

    Above the stability threshold no V of the family works: the value is then negative, or NaN if the solver says so.
    Arguments and errors as in ``lyapunov_sdp``; gamma > 0.
    """
    _check(L, L_AM, q)
    if not gamma > 0:
        raise ParameterError(f"gamma={gamma} must be positive; give a step size below 2/L")
    scaled = gamma * L_AM
    solution = semidefinite.minimise(np.array([0.0, 0.0, 0.0, -1.0]), *_one_step(L / L_AM, q, gamma=scaled))
    return LyapunovResult(
        value=-solution.primal / L_AM,
        error=solution.error / L_AM if solution.solved else float("inf"),
        c=solution.y[0] / L_AM,
        multipliers=(solution.y[1] / L_AM, solution.y[2] / L_AM),
        status=solution.status,
    )


def _one_step(L: float, q: float, gamma: float | None) -> tuple[Any, Any, Any]:
    """Blocks and signs of the one-step inequality, in units L_AM = 1; variables (c, mu_f, mu, t).

    gamma None: t = 1/gamma and the mean part is a form in (Delta, e, u) with grad f = -t Delta - e.
    gamma given: t = delta and it is a form in (grad f, e, u) with Delta = -gamma (grad f + e).
    Weight 1 stands on f(x+) <= f(x) + <(grad f(x) + grad f(x+))/2, Delta> + (L/4)|Delta|^2 - |u|^2/(4L).
    """
    if gamma is None:
        Delta, e, u = np.eye(3)
        fixed = _sym(-e + u / 2, Delta)
        of_t = -np.outer(Delta, Delta)
    else:
        p, e, u = np.eye(3)
        Delta = -gamma * (p + e)
        fixed = _sym(p + u / 2, Delta)
        of_t = np.outer(p, p)
    DD, ee, uu = np.outer(Delta, Delta), np.outer(e, e), np.outer(u, u)
    fixed = fixed + L / 4 * DD - uu / (4 * L)
    mean = np.stack([q * q * np.outer(e - u, e - u) - ee, L * L * DD - uu, DD - uu, of_t])
    E, U = np.eye(2)
    EE, UU = np.outer(E, E), np.outer(U, U)
    zero = np.zeros((2, 2))
    deviation = np.stack([q * q * np.outer(E - U, E - U) - EE, zero, -UU, zero])
    signs = -np.eye(4)[:3]
    return [(-fixed, -mean), (zero, -deviation)], signs, np.zeros(3)


def _sym(a: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.float64]:
    return (np.outer(a, b) + np.outer(b, a)) / 2


def _check(L: float, L_AM: float, q: float) -> None:
    if not 0 < L <= L_AM:
        raise ParameterError(
            f"need 0 < L <= L_AM, got L={L}, L_AM={L_AM}; the mean of the L_i always bounds L from above"
        )
    if not 0 < q < 1:
        raise ParameterError(
            f"q={q} must lie in (0, 1); q = sqrt(1 - alpha), and without compression use gradient descent"
        )


# --- linear iterations -----------------------------------------------------------------------------------------------


def iteration_matrix(gamma: float, *, q: float, h: ArrayLike, s: ArrayLike) -> NDArray[np.float64]:
    """EF21 on f_i = h_i x^2/2 with C_i(x) = (1 + s_i q) x, |s_i| <= 1: the matrix of (x, g_1, ..., g_n), (n+1, n+1)."""
    h, s = np.atleast_1d(np.asarray(h, float)), np.atleast_1d(np.asarray(s, float))
    n = len(h)
    M = np.zeros((n + 1, n + 1))
    M[0, 0], M[0, 1:] = 1.0, -gamma / n
    M[1:] = ((1 + s * q) * h)[:, None] * M[0]
    M[np.arange(1, n + 1), np.arange(1, n + 1)] -= s * q
    return M


def spectral_radius(gamma: float, *, q: float, h: ArrayLike, s: ArrayLike) -> float:
    """Spectral radius of ``iteration_matrix``."""
    return float(np.abs(np.linalg.eigvals(iteration_matrix(gamma, q=q, h=h, s=s))).max())


def stability_threshold(*, q: float, h: ArrayLike, s: ArrayLike, upper: float, tolerance: float = 1e-13) -> float:
    """Step size at which the spectral radius first exceeds 1, by bisection on (0, upper].

    The mean of h must be positive (else no step size is stable). Returns ``upper`` where that one is still stable.
    ``tolerance`` is relative.
    """
    if not float(np.mean(np.asarray(h, float))) > 0:
        raise ParameterError(f"mean curvature {np.mean(np.asarray(h, float))} must be positive for a stable step size")
    low, high = 0.0, float(upper)
    if spectral_radius(high, q=q, h=h, s=s) <= 1:
        return high
    while high - low > tolerance * high:
        middle = (low + high) / 2
        if spectral_radius(middle, q=q, h=h, s=s) <= 1:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def sharp_instance(L: float, L_AM: float) -> tuple[tuple[float, float], tuple[int, int]]:
    """Curvatures h = (L + L_AM, L - L_AM) and signs s = (1, -1) of the two workers on which EF21's threshold is attained."""
    return (L + L_AM, L - L_AM), (1, -1)


# --- averages of smoothness constants --------------------------------------------------------------------------------


def cloning_mean_square(L_i: Sequence[Any], N_i: Sequence[int]) -> Any:
    """M^2 = (N/n^2) sum L_i^2/N_i, N = sum N_i; exact for ints, fractions and sympy numbers."""
    n, N = len(L_i), sum(N_i)
    return N * sum((_exact(l) ** 2 / k for l, k in zip(L_i, N_i, strict=True)), start=Fraction(0)) / (n * n)


def best_cloning(L_i: Sequence[Any], N_max: int) -> tuple[tuple[int, ...], Any]:
    """Integers N_i >= 1 with sum N_i <= N_max that minimise M(N_1..N_n), and the least M^2.

    For each total N the optimum is greedy: sum L_i^2/N_i is separable and convex, so the next copy goes to the client
    whose term falls most (Fox 1966). Ties go to the first client.
    """
    n = len(L_i)
    if N_max < n:
        raise ParameterError(f"N_max={N_max} is below the number of clients, {n}; every client needs one copy")
    counts = [1] * n
    best, value = tuple(counts), cloning_mean_square(L_i, counts)
    for _ in range(N_max - n):
        gains = [_exact(l) ** 2 / (k * (k + 1)) for l, k in zip(L_i, counts, strict=True)]
        counts[gains.index(max(gains))] += 1
        candidate = cloning_mean_square(L_i, counts)
        if candidate < value:
            best, value = tuple(counts), candidate
    return best, value


def L_rf(L_i: Sequence[Any], supports: Sequence[Collection[int]]) -> Any:
    """(1/n) max_j sum over clients i with j in J_i of L_i: the smoothness constant when features are rare.

    Args:
        L_i: constants of the n clients. supports: J_i, the coordinates on which f_i depends.

    Raises:
        ParameterError: lengths differ, or a support is empty.
    """
    if len(L_i) != len(supports) or not all(len(J) for J in supports):
        raise ParameterError(f"need one nonempty support a client, got {len(supports)} for {len(L_i)} constants")
    load: dict[int, Any] = {}
    for l, J in zip(L_i, supports, strict=True):
        for j in set(J):
            load[j] = load.get(j, 0) + l
    return _exact(max(load.values())) / len(L_i)


def _exact(x: Any) -> Any:
    return Fraction(x) if isinstance(x, int) else x


def overlap(supports: Sequence[Collection[int]]) -> tuple[int, int]:
    """(c, r): most clients sharing a coordinate, and most coordinates of a client."""
    count: dict[int, int] = {}
    for J in supports:
        for j in set(J):
            count[j] = count.get(j, 0) + 1
    return max(count.values()), max(len(set(J)) for J in supports)
