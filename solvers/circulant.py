"""Laplacian smoothing: solves with the periodic matrix ``A_sigma = I - sigma L``, its spectrum and its trace formulas.

L is the periodic second difference, ``(L x)_i = x_{i+1} - 2 x_i + x_{i-1}`` with indices modulo n; for n = 2 both neighbours
coincide and ``L = [[-2, 2], [2, -2]]``. A_sigma is circulant and symmetric with eigenvalues in [1, 1 + 4 sigma].

Two solvers: batched real FFT (any array library, O(n log n)), and two one-pole recursions (NumPy arrays, O(n), indifferent
to prime n): ``A_sigma^-1 = (r / sigma) C' C`` with C the periodic filter ``y_i = g_i + r y_{i-1}``.
Source: Osher et al. (2022), arXiv:1806.06317; the formulas are derived in docs/derivations/laplacian_smoothing.md.
"""

from __future__ import annotations

import importlib.util
import math
from functools import lru_cache
from typing import Any

import numpy as np
from array_api_compat import array_namespace, device, is_jax_array, is_numpy_array
from scipy.signal import lfilter

from gradproof.theory.errors import DomainError, ParameterError

Array = Any

#: The recursions lose about ``sqrt(sigma)`` units of rounding, the FFT ``log n``; "auto" leaves the recursions here.
MAX_SIGMA_SWEEPS = 1e4


def periodic_laplacian(n: int) -> np.ndarray:
    """The matrix L, shape (n, n), integer entries; ``[[0]]`` for n = 1.

    Raises:
        DomainError: n < 1.
    """
    _check_size(n)
    eye = np.eye(n, dtype=np.int64)
    return np.roll(eye, 1, axis=0) + np.roll(eye, -1, axis=0) - 2 * eye


def spectrum(n: int, sigma: float) -> np.ndarray:
    """Eigenvalues ``1 + 4 sigma sin^2(pi j / n)`` of A_sigma for j = 0..n-1, shape (n,), in the order of the FFT."""
    _check_size(n)
    _check_sigma(sigma)
    return 1 + 4 * sigma * np.sin(np.pi * np.arange(n) / n) ** 2


def decay(sigma: float) -> float:
    """Ratio r of the one-pole filters, ``(2 sigma + 1 - sqrt(4 sigma + 1)) / (2 sigma)``, without cancellation; in [0, 1)."""
    _check_sigma(sigma)
    return 2 * sigma / (2 * sigma + 1 + math.sqrt(4 * sigma + 1))


def green(n: int, sigma: float) -> np.ndarray:
    """First row of ``A_sigma^-1``, shape (n,): ``(r^j + r^(n-j)) / ((1 - r^n) sqrt(1 + 4 sigma))``; positive, sums to 1."""
    _check_size(n)
    r, j = decay(sigma), np.arange(n)
    return (r**j + r ** (n - j)) / (_one_minus_power(sigma, n) * math.sqrt(1 + 4 * sigma))


def beta1(n: int, sigma: float) -> float:
    """``Tr(A_sigma^-1) / n`` in closed form."""
    _check_size(n)
    q, s = decay(sigma) ** n, math.sqrt(1 + 4 * sigma)
    return (1 + q) / (_one_minus_power(sigma, n) * s)


def beta2(n: int, sigma: float) -> float:
    """``Tr(A_sigma^-2) / n`` in closed form: the factor by which smoothing scales the variance of white noise."""
    _check_size(n)
    q, s2 = decay(sigma) ** n, 1 + 4 * sigma
    return beta1(n, sigma) * (s2 + 1) / (2 * s2) + 2 * n * q / (s2 * _one_minus_power(sigma, n) ** 2)


def worst_variance_ratio(n: int, sigma: float, kappa: float) -> float:
    """Largest ``Tr(A^-1 S A^-1) / Tr(S)`` over covariances S with condition number at most kappa.

    A linear-fractional function of the eigenvalues of S is largest at a vertex of their box, with the m largest
    eigenvalues of S on the m largest of A^-2, for some m: all n + 1 vertices are compared.

    Raises:
        DomainError: n < 1, sigma < 0 or kappa < 1.
    """
    if not kappa >= 1:
        raise DomainError(f"a condition number is at least 1, got kappa = {kappa}; use 1 for white noise")
    a = np.sort(spectrum(n, sigma) ** -2.0)[::-1]
    head = np.concatenate([[0.0], np.cumsum(a)])
    m = np.arange(n + 1)
    return float(np.max((kappa * head + (head[-1] - head)) / (kappa * m + n - m)))


def smooth(g: Array, sigma: Any, *, axis: int = -1, method: str = "auto") -> Array:
    """``A_sigma^-1 g`` along one axis: array type in, array type out; leading axes are a batch.

    Args:
        g: real floating array, (..., n) for ``axis = -1``.
        sigma: smoothing strength >= 0; for ``method="fft"`` also an array that broadcasts against the batch axes. Inside
            ``jax.jit`` it is not checked.
        method: ``fft`` (any array library), ``sweeps`` (NumPy only; compiled where numba is installed), or ``auto``:
            sweeps for one sigma <= 1e4 on NumPy float64 arrays, else fft.

    Raises:
        ParameterError: unknown method, or g is not a real floating array.
        DomainError: sigma negative or not finite, or no entry along the axis.
    """
    xp = array_namespace(g)
    if not xp.isdtype(g.dtype, "real floating"):
        raise ParameterError(f"smooth needs a real floating array, got dtype {g.dtype}; convert it where you call")
    if g.ndim == 0:
        raise ParameterError("smooth needs at least one axis; give a vector of n entries")
    _check_size(g.shape[axis])
    scalar = not getattr(sigma, "ndim", 0)
    if is_jax_array(sigma) and _is_traced(sigma):
        return _smooth_fft(xp, g, sigma, axis)
    if scalar:
        _check_sigma(float(sigma))
    elif bool(xp.any(~(xp.isfinite(sigma) & (sigma >= 0)))):
        raise DomainError(
            "sigma has an entry that is negative or not finite; A_sigma is positive definite for sigma >= 0"
        )
    if method == "auto":
        fast = scalar and is_numpy_array(g) and g.dtype == np.float64 and sigma <= MAX_SIGMA_SWEEPS
        method = "sweeps" if fast else "fft"
    if method == "fft":
        return _smooth_fft(xp, g, float(sigma) if scalar else sigma, axis)
    if method == "sweeps" and is_numpy_array(g) and scalar:
        return _smooth_sweeps(g, float(sigma), axis)
    if method == "sweeps":
        raise ParameterError('method="sweeps" works on NumPy arrays with one sigma; use method="fft"')
    raise ParameterError(f"method {method!r} is none of auto, fft, sweeps")


def has_numba() -> bool:
    """Whether the compiled sweeps are available (``pip install gradproof[fast]``)."""
    return importlib.util.find_spec("numba") is not None


# --- the two solvers -----------------------------------------------------------------------------------------------------


def _is_traced(x: Any) -> bool:
    import jax

    return isinstance(x, jax.core.Tracer)


def _smooth_fft(xp: Any, g: Array, sigma: Any, axis: int) -> Array:
    rows = xp.moveaxis(g, axis, -1)
    n = rows.shape[-1]
    wave = 4 * xp.sin(xp.arange(n // 2 + 1, dtype=g.dtype, device=device(g)) * (math.pi / n)) ** 2
    lam = 1 + (sigma[..., None] if getattr(sigma, "ndim", 0) else sigma) * wave
    out = xp.fft.irfft(xp.fft.rfft(rows) / lam, n=n)
    return xp.moveaxis(xp.astype(out, g.dtype, copy=False), -1, axis)


def _smooth_sweeps(g: np.ndarray, sigma: float, axis: int) -> np.ndarray:
    moved = np.ascontiguousarray(np.moveaxis(g, axis, -1))
    n = moved.shape[-1]
    r = decay(sigma)
    rows = moved.reshape(-1, n).astype(np.float64, copy=False)
    gain = r / sigma if sigma > 0 else 1.0
    # r^m below one unit of rounding: what is further away than m entries does not reach a float64
    reach = n if r == 0 or n * math.log(r) > -37.5 else math.ceil(-37.5 / math.log(r))
    closing = 1 / _one_minus_power(sigma, n)
    if r == 0:
        out = rows.copy()
    elif has_numba():
        out = np.empty_like(rows)
        _compiled_sweeps()(rows, out, r, gain, reach, closing)
    else:
        out = _filter(_filter(rows, r, reach, closing)[:, ::-1], r, reach, closing)[:, ::-1] * gain
    return np.moveaxis(out.reshape(moved.shape).astype(g.dtype, copy=False), -1, axis)


def _filter(rows: np.ndarray, r: float, reach: int, closing: float) -> np.ndarray:
    """Periodic solution of ``y_i = g_i + r y_{i-1}``: the value before the first entry is a truncated geometric sum."""
    before = rows[:, -reach:] @ (r ** np.arange(reach - 1, -1, -1)) * closing
    return lfilter([1.0], [1.0, -r], rows, axis=-1, zi=r * before[:, None])[0]


@lru_cache(maxsize=1)
def _compiled_sweeps() -> Any:
    from numba import njit

    @njit(cache=True, fastmath={"contract"})
    def one(g, out, r, gain, reach, closing):  # type: ignore[no-untyped-def]
        n = g.shape[0]
        y = 0.0
        for i in range(n - reach, n):
            y = y * r + g[i]
        y *= closing
        for i in range(n):
            y = y * r + g[i]
            out[i] = y
        y = 0.0
        for i in range(reach - 1, -1, -1):
            y = y * r + out[i]
        y *= closing * gain
        for i in range(n - 1, -1, -1):
            y = y * r + gain * out[i]
            out[i] = y

    @njit(cache=True, fastmath={"contract"})
    def sweeps(rows, out, r, gain, reach, closing):  # type: ignore[no-untyped-def]
        for b in range(rows.shape[0]):
            one(rows[b], out[b], r, gain, reach, closing)

    return sweeps


# --- checks of input -----------------------------------------------------------------------------------------------------


def _check_size(n: int) -> None:
    if n < 1:
        raise DomainError(f"n = {n}: a vector has at least one entry")


def _check_sigma(sigma: float) -> None:
    if not (sigma >= 0 and math.isfinite(sigma)):
        raise DomainError(
            f"sigma = {sigma}: A_sigma is positive definite for finite sigma >= 0 (0 is plain gradient descent)"
        )


def _one_minus_power(sigma: float, n: int) -> float:
    """``1 - r^n`` without cancellation for large sigma, where r is near 1."""
    return -math.expm1(n * math.log1p(-2 / (math.sqrt(1 + 4 * sigma) + 1))) if sigma > 0 else 1.0
