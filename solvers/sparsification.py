"""Independent sparsification: the keeping probabilities of least variance, or of least density, exactly.

An estimator keeps entry i with probability p_i and divides it by p_i, so it is unbiased with second moment
``sum lam_i^2 / p_i``. Two programs, each the other's inverse, both solved by ``p_i = min(1, c |lam_i|)``:

    least variance:  min sum lam_i^2 / p_i   subject to  sum p_i <= s, 0 < p_i <= 1
    least density:   min sum p_i             subject to  sum lam_i^2 / p_i <= (1 + eps) ||lam||^2, 0 < p_i <= 1

Exact input (ints and fractions) gives exact output; arrays of floats are solved in O(N) plus a sort of the entries that may
be kept for certain. Sources: Wang et al. (2018), arXiv:1806.04090; Wangni et al. (2018), arXiv:1710.09854.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from gradproof.theory.errors import DomainError, ParameterError


@dataclass(frozen=True)
class Sparsification:
    """Optimal keeping probabilities.

    Args:
        p: probabilities in the order of the input, shape (N,); 0 where the entry is 0.
        kept: how many entries are kept for certain by the threshold.
        second_moment: ``sum lam_i^2 / p_i``.
        density: ``sum p_i``, the expected number of entries sent.
        dual: a lower bound of the optimal value (variance program) or density (density program), from the multiplier;
            equal to the optimum up to rounding, and exactly for exact input.
    """

    p: Any
    kept: int
    second_moment: Any
    density: Any
    dual: Any


def minimal_variance(lam: Any, s: Any) -> Sparsification:
    """Probabilities of least second moment with ``sum p_i <= s``.

    Args:
        lam: coefficients, shape (N,), exact numbers or floats.
        s: expected number of entries sent, > 0; with ``s`` at least the number of nonzeros nothing is dropped.

    Raises:
        ParameterError: empty, NaN or infinite coefficients, or all zero.
        DomainError: s is not positive.
    """
    a = _magnitudes(lam)
    s = _positive(s, "s", exact=isinstance(a, list))
    if isinstance(a, list):
        top, tails = _sorted_exact(a)
        nonzero = sum(x > 0 for x in top)
        if s >= nonzero:
            return _all_kept(a, nonzero)
        k = next(k for k in range(nonzero) if top[k] * (s - k) <= tails[k])
        scale = (s - k) / tails[k]
        p = [min(Fraction(1), scale * x) if x else Fraction(0) for x in a]
        head = sum((x * x for x in top[:k]), Fraction(0))
        nu = 1 / scale**2
        dual = sum((x * x + nu if scale * x >= 1 else 2 * x / scale for x in a if x), Fraction(0)) - nu * s
        return Sparsification(p, k, head + tails[k] ** 2 / (s - k), sum(p), dual)
    return _minimal_variance_floats(a, s)


def _minimal_variance_floats(a: np.ndarray, s: float) -> Sparsification:
    nonzero = int(np.count_nonzero(a))
    if s >= nonzero:
        return _all_kept(a, nonzero)
    # the entries that may be kept for certain are among the s largest
    m = min(a.size, math.floor(s) + 1)
    cut = np.partition(a, a.size - m)
    top = np.sort(cut[a.size - m :])[::-1]
    tails = cut[: a.size - m].sum() + np.cumsum(top[::-1])[::-1]  # tails[k] = sum of the entries from the (k+1)-th on
    k = int(np.argmax(top * (s - np.arange(m)) <= tails))
    scale = (s - k) / tails[k]
    p = np.minimum(a * scale, 1.0)
    head = float(top[:k] @ top[:k])
    nu = 1 / scale**2
    sure = a * scale >= 1
    dual = float(a[sure] @ a[sure] + nu * sure.sum() + 2 * a[~sure].sum() / scale - nu * s)
    return Sparsification(p, k, head + float(tails[k]) ** 2 / (s - k), float(p.sum()), dual)


def minimal_density(g: Any, eps: Any) -> Sparsification:
    """Probabilities of least ``sum p_i`` with ``sum g_i^2 / p_i <= (1 + eps) ||g||^2``.

    Args:
        g: gradient, shape (d,), exact numbers or floats.
        eps: allowed relative increase of the second moment, > 0.

    Raises:
        ParameterError: empty, NaN or infinite entries, or all zero.
        DomainError: eps is not positive.
    """
    a = _magnitudes(g)
    eps = _positive(eps, "eps", exact=isinstance(a, list))
    if isinstance(a, list):
        top, tails = _sorted_exact(a)
        squares = [x * x for x in top]
        norm2 = sum(squares, Fraction(0))
        rest = norm2
        for k in range(len(top)):
            if top[k] * tails[k] <= eps * norm2 + rest:
                break
            rest -= squares[k]
        scale = tails[k] / (eps * norm2 + rest)
        p = [min(Fraction(1), scale * x) for x in a]
        nu = scale**2
        dual = (
            sum((1 + nu * x * x if scale * x >= 1 else 2 * scale * x for x in a), Fraction(0)) - nu * (1 + eps) * norm2
        )
        return Sparsification(p, k, sum((x * x / q for x, q in zip(a, p, strict=True) if x), Fraction(0)), sum(p), dual)
    return _minimal_density_floats(a, eps)


def _minimal_density_floats(a: np.ndarray, eps: float) -> Sparsification:
    top = np.sort(a)[::-1]
    tails = np.cumsum(top[::-1])[::-1]
    rests = np.cumsum((top**2)[::-1])[::-1]
    norm2 = float(rests[0])
    k = int(np.argmax(top * tails <= eps * norm2 + rests))
    scale = float(tails[k] / (eps * norm2 + rests[k]))
    p = np.minimum(a * scale, 1.0)
    nu = scale**2
    sure = a * scale >= 1
    dual = float(sure.sum() + nu * (a[sure] @ a[sure]) + 2 * scale * a[~sure].sum() - nu * (1 + eps) * norm2)
    kept = a > 0
    return Sparsification(p, k, float((a[kept] ** 2 / p[kept]).sum()), float(p.sum()), dual)


def greedy(g: Any, kappa: Any, *, rescalings: int | None = None) -> tuple[np.ndarray, int]:
    """Rescale ``p_i = min(kappa d |g_i| / ||g||_1, 1)`` until its sum is ``kappa d``; Wangni et al., Algorithm 3.

    Args:
        g: gradient, shape (d,), exact numbers or floats.
        kappa: target density in (0, 1).
        rescalings: stop after so many (the paper uses 2); until it ends, after at most d, if ``None``.

    Returns:
        The probabilities, shape (d,), fractions for exact input, and the number of rescalings made.

    Raises:
        ParameterError: empty, NaN or infinite entries, or all zero.
        DomainError: kappa is not in (0, 1), or rescalings < 0.
    """
    magnitudes = _magnitudes(g)
    if not 0 < kappa < 1:
        raise DomainError(f"kappa = {kappa} must lie in (0, 1): it is the target density")
    if rescalings is not None and rescalings < 0:
        raise DomainError(f"rescalings = {rescalings} must be at least 0")
    exact = isinstance(magnitudes, list)
    a = np.array(magnitudes, dtype=object if exact else float)
    one: Any = Fraction(1) if exact else 1.0
    d = a.size
    total = (Fraction(kappa) if exact else kappa) * d
    if total >= np.count_nonzero(a):
        return np.where(a > 0, one, 0 * one), 0
    p = np.minimum(total * a / a.sum(), one)
    slack = 0 if exact else 4 * np.finfo(float).eps * d  # the sum is met up to rounding
    limit = d if rescalings is None else rescalings
    for done in range(limit):
        free = p < 1
        factor = (total - d + int(free.sum())) / p[free].sum()
        if factor <= 1 + slack:
            return p, done
        p[free] = np.minimum(factor * p[free], one)
    return p, limit


def _magnitudes(values: Any) -> Any:
    """|values| as a float array, or as a list of fractions if every entry is exact."""
    if not hasattr(values, "dtype"):
        items: Sequence[Any] = list(values)
        if items and all(isinstance(v, int | Fraction) and not isinstance(v, bool) for v in items):
            exact = [abs(Fraction(v)) for v in items]
            if not any(exact):
                raise ParameterError("every coefficient is zero; there is nothing to send")
            return exact
        values = items
    try:
        a = np.abs(np.asarray(values, dtype=float))
    except (TypeError, ValueError):
        raise ParameterError(f"coefficients must be numbers, got {str(values)[:60]}") from None
    if a.ndim != 1 or a.size == 0:
        raise ParameterError(f"need a vector of coefficients, shape (N,), got shape {a.shape}")
    if not np.isfinite(a).all():
        raise ParameterError("a coefficient is NaN or infinite; remove it first")
    if not a.any():
        raise ParameterError("every coefficient is zero; there is nothing to send")
    return a


def _positive(value: Any, name: str, *, exact: bool) -> Any:
    if not value > 0 or value == math.inf:
        raise DomainError(f"{name} = {value} must be positive and finite")
    return Fraction(value) if exact else float(value)


def _sorted_exact(a: list[Fraction]) -> tuple[list[Fraction], list[Fraction]]:
    top = sorted(a, reverse=True)
    tails = [Fraction(0)] * (len(a) + 1)
    for k in range(len(a) - 1, -1, -1):
        tails[k] = tails[k + 1] + top[k]
    return top, tails


def _all_kept(a: Any, nonzero: int) -> Sparsification:
    if isinstance(a, list):
        square = sum((x * x for x in a), Fraction(0))
        return Sparsification([Fraction(int(x > 0)) for x in a], nonzero, square, Fraction(nonzero), square)
    square_ = float(a @ a)
    return Sparsification((a > 0).astype(float), nonzero, square_, float(nonzero), square_)
