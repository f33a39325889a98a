"""SGD on several workers that are averaged now and then: scalar recursions, in the numbers that are given (exact or floats).

Steps ``eta_t = 2/(mu (t + beta))`` for t = 0..T-1; N workers with noise of variance sigma2 each. ``taus`` as in
``averaging_times``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any

from gradproof.solvers.averaging_times import blocks, cost
from gradproof.theory.errors import ParameterError

Number = Any


def _exact(x: Number) -> Number:
    return Fraction(x) if isinstance(x, int) else x


def steps(mu: Number, beta: Number) -> Callable[[int], Number]:
    """eta_t = 2/(mu (t + beta))."""
    mu, beta = _exact(mu), _exact(beta)
    return lambda t: 2 / (mu * (t + beta))


def bound(
    T: int, taus: Sequence[int], beta: Number, L: Number, mu: Number, sigma2: Number, N: int, a0: Number
) -> Number:
    """Bound on E F(mean x^T) - F* for a schedule: its cost S enters linearly.

    Args:
        T: steps. taus: times of the averagings. beta: offset of the steps, >= 2 L/mu. L, mu: curvatures. sigma2: variance of a
            worker's noise. N: workers. a0: F(x^0) - F*.

    Raises:
        ParameterError: beta < 2 L/mu, or no schedule.
    """
    _short(beta, L, mu)
    beta, mu, L, sigma2 = _exact(beta), _exact(mu), _exact(L), _exact(sigma2)
    start = (beta - 1) * (beta - 2) * a0
    noise = 2 * L * sigma2 * T / (N * mu**2)
    spread = 4 * L**2 * sigma2 / mu**3 * (_exact(N) - 1) / N * cost(T, taus, beta)
    return (start + noise + spread) / ((T + beta - 1) * (T + beta - 2))


def recursion_bound(
    T: int, taus: Sequence[int], beta: Number, L: Number, mu: Number, sigma2: Number, N: int, a0: Number
) -> Number:
    """The same from the recursions of error and spread themselves: never above ``bound``.

    Raises:
        ParameterError: as ``bound``.
    """
    _short(beta, L, mu)
    eta = steps(mu, beta)
    a, L, mu, sigma2, N_ = map(_exact, (a0, L, mu, sigma2, N))
    for start, end in blocks(T, taus):
        V = 0 * a
        for t in range(start, end):
            e = eta(t)
            a = (1 - e * mu) * a + e * L**2 / 2 * V + e**2 * L * sigma2 / (2 * N_)
            V = (1 - e * mu) ** 2 * V + e**2 * sigma2 * (N_ - 1) / N_
    return a


def exact_quadratic(
    T: int,
    step: Callable[[int], Number],
    curvatures: Sequence[Number],
    x0: Sequence[Number],
    variances: Sequence[Number],
    N: int,
) -> Number:
    """E F(mean x^T) for F = sum_j h_j x_j^2/2 with additive noise, whatever the schedule.

    Args:
        step: t -> eta_t. curvatures, x0, variances: h_j, the start, and the variance of one worker's noise, an entry each.
    """
    total: Number = 0
    for h, x, v in zip(curvatures, x0, variances, strict=True):
        second = _exact(x) ** 2
        for t in range(T):
            e = step(t)
            second = (1 - e * h) ** 2 * second + e**2 * v / _exact(N)
        total = total + _exact(h) * second / 2
    return total


def relative_quadratic(
    T: int, taus: Sequence[int], step: Callable[[int], Number], h: Number, x0: Number, sigma2: Number, c: Number, N: int
) -> Number:
    """E F(mean x^T) for F = h x^2/2 with noise of variance sigma2 + c (F')^2 at each worker's own point.

    From P = E x_i^2 and C = E x_i x_j, i != j: only P feels the noise, and an averaging makes both P/N + (1 - 1/N) C.

    Args:
        taus: times of the averagings. step: t -> eta_t. h, x0: curvature and start. c: relative part of the variance. N: workers.
    """
    h, sigma2, c = _exact(h), _exact(sigma2), _exact(c)
    own = _exact(N) ** -1
    P = C = _exact(x0) ** 2
    times = set(taus)
    for t in range(T):
        if t in times:
            P = C = P * own + C * (1 - own)
        e = step(t)
        shrink = (1 - e * h) ** 2
        P, C = (shrink + c * (e * h) ** 2) * P + e**2 * sigma2, shrink * C
    return h * (P * own + C * (1 - own)) / 2


def fedac_quadratic(
    T: int, taus: Sequence[int], ac: Any, h: Number, x0: Number, sigma2: Number, c: Number, N: int
) -> tuple[Number, Number]:
    """E F(mean w^T) and E F(mean v^T) of FedAC for F = h x^2/2, noise of variance sigma2 + c (F')^2 at each worker's u.

    From the second moments (ww, wv, vv) of a worker and across two workers: a step is linear in both, noise enters the first alone.

    Args:
        taus: times of the averagings. ac: ``eta``, ``gamma``, ``alpha``, ``b``. h, x0: curvature and start, w = v. N: workers.
    """
    own, times = 1 / _exact(N), set(taus)
    turn, part = 1 / _exact(ac.alpha), 1 / _exact(ac.b)
    u = (part, 1 - part)
    w = tuple((1 - turn) * e + (turn - ac.gamma * h) * y for e, y in zip((1, 0), u, strict=True))
    v = tuple((1 - ac.eta * h) * y for y in u)

    def moment(p: Sequence[Number], a: Sequence[Number], b: Sequence[Number]) -> Number:
        return a[0] * b[0] * p[0] + (a[0] * b[1] + a[1] * b[0]) * p[1] + a[1] * b[1] * p[2]

    P = C = (_exact(x0) ** 2,) * 3
    for t in range(T):
        if t in times:
            P = C = tuple(own * p + (1 - own) * q for p, q in zip(P, C, strict=True))
        noise = sigma2 + c * h**2 * moment(P, u, u)
        kicks = (ac.gamma**2, ac.gamma * ac.eta, ac.eta**2)
        pairs = ((w, w), (w, v), (v, v))
        P = tuple(moment(P, *pair) + k * noise for pair, k in zip(pairs, kicks, strict=True))
        C = tuple(moment(C, *pair) for pair in pairs)
    ends = [h * (own * p + (1 - own) * q) / 2 for p, q in zip(P, C, strict=True)]
    return ends[0], ends[2]


def consensus_exact(
    T: int,
    taus: Sequence[int],
    step: Callable[[int], Number],
    curvatures: Sequence[Number],
    variances: Sequence[Number],
    N: int,
) -> Number:
    """V_T = (1/N) sum E|x_i - mean x|^2 after T steps on the same F, before the last averaging."""
    total: Number = 0
    start = blocks(T, taus)[-1][0]
    for h, v in zip(curvatures, variances, strict=True):
        V = 0 * _exact(h)
        for t in range(start, T):
            e = step(t)
            V = (1 - e * h) ** 2 * V + e**2 * v * (_exact(N) - 1) / N
        total = total + V
    return total


def _short(beta: Number, L: Number, mu: Number) -> None:
    if not 0 < mu <= L:
        raise ParameterError(f"need 0 < mu <= L, got mu={mu}, L={L}")
    if beta * mu < 2 * L:
        raise ParameterError(f"beta={beta} must be at least 2 L/mu = {2 * L / mu}, or the first steps exceed 1/L")
