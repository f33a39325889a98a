"""Reflecting birth-and-death chains: hitting times, climbs of the potential, and laws at all times.

Sites 0..L; from 0 to 1 surely, from k >= 1 to k + 1 with probability 1/(1 + rho_k), else to k - 1. A chain is the list of the
L - 1 ratios rho_1..rho_{L-1} on the way to L; its potential is V_0 = 0, V_i = sum_{k<=i} log rho_k. O(L) throughout.
Source: first-step equations; docs/derivations/train_longer.md.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from gradproof.theory.errors import DomainError, ParameterError

Array = Any

#: sites of a block, whose products of ratios are kept as plain floats; fewer where those would overflow
BLOCK = 512
LARGEST = 1e300


def crossing_times(rho: Sequence[Any]) -> list[Any]:
    """Expected times to cross from k to k + 1, k = 0..L-1: m_0 = 1, m_k = 1 + rho_k (1 + m_{k-1}).

    Args:
        rho: L - 1 exact numbers (or balls, whose result encloses the times).

    Raises:
        DomainError: a ratio is not positive.
    """
    m: list[Any] = [1]
    for r in _positive(rho):
        m.append(1 + r * (1 + m[-1]))
    return m


def hitting_time(rho: Sequence[Any]) -> Any:
    """Expected time to reach L from 0, exact for exact ratios: L + 2 sum_{a<b<L} e^{V_b - V_a}.

    Raises:
        DomainError: a ratio is not positive.
    """
    total: Any = 1
    inner: Any = 0
    for r in _positive(rho):
        inner = r * (1 + inner)
        total = total + 1 + 2 * inner
    return total


def highest_climbs(rho: Sequence[Any]) -> list[Any]:
    """e^{max_{a<=i} (V_i - V_a)} for i = 0..L-1, exact: W_0 = 1, W_i = max(rho_i W_{i-1}, 1)."""
    W: list[Any] = [1]
    for r in _positive(rho):
        W.append(max(r * W[-1], 1))
    return W


def barrier(V: Array) -> Any:
    """max_{a<=b} (V_b - V_a) of potentials V, (..., L), shape (...); a number for one list."""
    V = np.asarray(V)
    if V.ndim == 0 or V.shape[-1] == 0:
        raise ParameterError("a potential has one site at least, along its last axis")
    return (V - np.minimum.accumulate(V, axis=-1)).max(axis=-1)


def log_hitting_time(rho: Array) -> tuple[Any, Any]:
    """log E T_L from float ratios (..., L - 1), and a bound on its rounding error, both (...).

    All terms are positive: nothing cancels, as it does when the linear system of the chain is solved. Products of ratios are taken
    within blocks, and blocks are joined in logarithms, so that times beyond the range of floats are no obstacle. The bound
    counts one rounding 2^-53 for each operation on the way, and is relative for the time itself.

    Raises:
        DomainError: a ratio is not positive and finite.
        ParameterError: no array of floats.
    """
    rho = np.asarray(rho)
    if rho.dtype != np.float64 or rho.ndim == 0:
        raise ParameterError(
            f"ratios are an array of float64, (..., L - 1), got {rho.dtype}; use hitting_time for exact ones"
        )
    if not ((rho > 0) & (rho < np.inf)).all():
        raise DomainError("a ratio is not positive and finite")
    lead, L = rho.shape[:-1], rho.shape[-1] + 1
    size = min(BLOCK, L)
    while True:
        blocks = -(-L // size)
        R = np.empty((*lead, blocks * size))
        R[..., 0] = R[..., L:] = 1  # beyond L: ratios of 1, whose terms are left out below
        R[..., 1:L] = rho
        R = R.reshape(*lead, blocks, size)
        into = R[..., 0].copy()  # the ratio that leads into the block
        R[..., 0] = 1
        with np.errstate(over="ignore", under="ignore", divide="ignore", invalid="ignore"):
            np.cumprod(R, axis=-1, out=R)  # e^{V} within the block
            before = 1 / R
            np.cumsum(before, axis=-1, out=before)  # sums of e^{-V}
            inside = np.einsum("...i,...i->...", R[..., 1:], before[..., :-1])
        if (inside < LARGEST).all() and (before[..., -1] < LARGEST).all():  # then no product is subnormal either
            break
        if size == 1:
            raise DomainError("a ratio is beyond the range of floats")
        size = max(size // 8, 1)
    whole = R.sum(-1)
    if beyond := blocks * size - L:
        last = R[..., -1, :]
        whole[..., -1] = last[..., : size - beyond].sum(-1)
        keep = max(size - beyond - 1, 0)
        inside[..., -1] = np.einsum("...i,...i->...", last[..., 1 : 1 + keep], before[..., -1, :keep])
    with np.errstate(divide="ignore"):
        A, P, Q, step, end = map(np.log, (inside, whole, before[..., -1], into, R[..., -1]))
    step[..., 1:] += end[..., :-1]
    height = np.cumsum(step, axis=-1)  # V at the beginning of each block
    climbed = np.logaddexp.accumulate(Q - height, axis=-1)[..., :-1]
    carried = np.concatenate([np.full((*lead, 1), -np.inf), climbed + height[..., 1:]], axis=-1) + P
    pairs = np.logaddexp.reduce(np.logaddexp(A, carried), axis=-1)
    value = np.logaddexp(np.log(L), np.log(2) + pairs)
    largest = 1 + np.abs(height).max(-1) + np.abs(P).max(-1) + np.abs(Q).max(-1) + np.abs(value)
    error = 2.0**-53 * (4 * size + 8 * (blocks + 2) * largest)
    return value[()], error[()]


# --- laws ------------------------------------------------------------------------------------------------------------------


def transition(rho: Array) -> np.ndarray:
    """Transition matrix on the sites 0..L, reflecting at both ends, (..., L + 1, L + 1), from ratios (..., L - 1)."""
    rho = np.asarray(rho, float)
    L = rho.shape[-1] + 1
    P = np.zeros((*rho.shape[:-1], L + 1, L + 1))
    inner = np.arange(1, L)
    P[..., 0, 1] = P[..., L, L - 1] = 1
    P[..., inner, inner + 1] = 1 / (1 + rho)
    P[..., inner, inner - 1] = rho / (1 + rho)
    return P


def mean_distances(rho: Array, doublings: int) -> tuple[np.ndarray, np.ndarray]:
    """E X_t from 0 for t = 2^0, ..., 2^doublings on sites 0..L, and bounds on the relative rounding errors, (doublings + 1,).

    By repeated squaring of the transition matrix: all entries are nonnegative, so that one squaring doubles the relative error and
    adds L + 2 roundings.
    """
    P = transition(rho)
    sites = np.arange(P.shape[-1])
    means, errors, error = [], [], 4 * 2.0**-53
    for k in range(doublings + 1):
        if k:
            P = P @ P
            error = 2 * error + error**2 + (len(sites) + 1) * 2.0**-53
        means.append(P[..., 0, :] @ sites)
        errors.append(error + (len(sites) + 1) * 2.0**-53)
    return np.stack(means, axis=-1), np.asarray(errors)


def _positive(rho: Sequence[Any]) -> Iterator[Any]:
    for r in rho:
        if not r > 0:
            raise DomainError(f"a ratio is {r}; all of them must be positive")
        yield r
