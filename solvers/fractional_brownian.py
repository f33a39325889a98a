"""Fractional Brownian motion on a grid, exactly in law, by circulant embedding.

Source: Davies, Harte (1987), Biometrika 74(1); the embedding is nonnegative for every Hurst exponent: Dietrich, Newsam (1997).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from gradproof.theory.errors import DomainError, ParameterError


def covariance(n: int, hurst: float) -> np.ndarray:
    """Autocovariance of the increments at lags 0..n: (|k+1|^2H - 2|k|^2H + |k-1|^2H)/2."""
    k = np.arange(n + 1, dtype=float)
    return (np.abs(k + 1) ** (2 * hurst) - 2 * k ** (2 * hurst) + np.abs(k - 1) ** (2 * hurst)) / 2


def increments(hurst: float, normals: Any) -> np.ndarray:
    """n increments of variance 1 out of 2n standard normal numbers, (..., 2n) -> (..., n).

    Raises:
        DomainError: ``hurst`` is outside (0, 1].
        ParameterError: an odd number of normal numbers, or none.
    """
    z = np.asarray(normals, float)
    n, odd = divmod(z.shape[-1], 2)
    if not 0 < hurst <= 1:
        raise DomainError(f"hurst = {hurst} is outside (0, 1]")
    if odd or n < 1:
        raise ParameterError(f"2n normal numbers make n increments, got {z.shape[-1]}")
    r = covariance(n, hurst)
    spectrum = np.fft.rfft(np.concatenate([r, r[-2:0:-1]])).real  # of the circulant of size 2n
    spectrum = np.maximum(spectrum, 0.0)  # nonnegative, but for rounding
    # independent normal coefficients of a real signal: two real ones, and n - 1 complex ones
    half = np.empty((*z.shape[:-1], n + 1), complex)
    half[..., 0], half[..., n] = z[..., 0], z[..., n]
    half[..., 1:n] = (z[..., 1:n] + 1j * z[..., n + 1 :]) / np.sqrt(2)
    return np.fft.irfft(half * np.sqrt(2 * n * spectrum), n=2 * n, axis=-1)[..., :n]


def paths(hurst: float, normals: Any) -> np.ndarray:
    """V_0 = 0, ..., V_n with E(V_a - V_b)^2 = |a - b|^(2 hurst), (..., 2n) -> (..., n + 1)."""
    x = increments(hurst, normals)
    return np.concatenate([np.zeros((*x.shape[:-1], 1)), np.cumsum(x, axis=-1)], axis=-1)
