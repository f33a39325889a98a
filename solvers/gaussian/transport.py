"""Distances between Gaussian laws, in floats with an error bound, and rigorously between rational covariances.

Bures: B2(A, B) = tr(A + B - 2 (A^{1/2} B A^{1/2})^{1/2}), the squared Wasserstein-2 distance of centred Gaussians. For any
laws with these means and covariances W2^2 >= |m - n|^2 + B2(A, B) (Gelbrich 1990).
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import flint
import numpy as np

from gradproof.solvers.exact.balls import ball, enclose
from gradproof.solvers.exact.linear import to_flint
from gradproof.solvers.gaussian.moments import EPS, read, semidefinite, symmetric
from gradproof.theory.errors import DomainError, ParameterError


def bures(A: Any, B: Any) -> tuple[float, float]:
    """B2(A, B) and a bound on its rounding error; A, B: (d, d) positive semidefinite.

    Raises:
        ParameterError: NaN, shapes that do not fit, or not symmetric.
        DomainError: not positive semidefinite (beyond rounding).
    """
    A, B = (_covariance(x, name) for x, name in ((A, "A"), (B, "B")))
    if A.shape != B.shape:
        raise ParameterError(f"covariances of shapes {A.shape} and {B.shape} cannot be compared")
    # singular values of Ra' Rb for A = Ra Ra', B = Rb Rb': no square root of a rounded product is taken
    (Ra, ea), (Rb, eb) = _root(A), _root(B)
    cross = float(np.linalg.svd(Ra.T @ Rb, compute_uv=False).sum())
    scale = float(np.trace(A) + np.trace(B))
    moved = ea * float(np.linalg.norm(Rb)) + eb * float(np.linalg.norm(Ra)) + 8 * len(A) * EPS * scale
    return max(scale - 2 * cross, 0.0), 2 * float(np.sqrt(len(A))) * moved


def wasserstein(m: Any, A: Any, n: Any, B: Any) -> tuple[float, float]:
    """Squared Wasserstein-2 distance of N(m, A) and N(n, B), and its rounding error. Errors as ``bures``."""
    value, error = bures(A, B)
    gap = _difference(m, n, A)
    return value + float(gap @ gap), error + 4 * len(gap) * EPS * float(gap @ gap)


def kullback_leibler(m: Any, A: Any, n: Any, B: Any) -> float:
    """KL(N(m, A) | N(n, B)) in nats.

    Raises:
        ParameterError: NaN, shapes that do not fit, or not symmetric.
        DomainError: a covariance is not positive definite beyond rounding.
    """
    A, B = (_covariance(x, name) for x, name in ((A, "A"), (B, "B")))
    if A.shape != B.shape:
        raise ParameterError(f"covariances of shapes {A.shape} and {B.shape} cannot be compared")
    gap = _difference(m, n, A)
    for x in (A, B):
        values = np.linalg.eigvalsh(x)
        # not beyond rounding: two negative eigenvalues leave the determinant positive, and a zero comes out as +-1e-17
        if not values[0] > 16 * len(x) * EPS * values[-1]:
            raise DomainError("a covariance is not positive definite: the divergence is infinite or undefined")
    log_a, log_b = (float(np.linalg.slogdet(x)[1]) for x in (A, B))
    inverse = np.linalg.inv(B)
    return float((np.trace(inverse @ A) - len(A) + gap @ inverse @ gap + log_b - log_a) / 2)


def bures_between(A: Any, B: Any, *, width: Fraction = Fraction(1, 10**20)) -> tuple[Fraction, Fraction]:
    """Rational ``(low, high)`` around B2 of rational covariances, by ball arithmetic.

    tr (A^{1/2} B A^{1/2})^{1/2} is the sum of the roots of the eigenvalues of A B; those are isolated zeros of an exact
    characteristic polynomial.

    Raises:
        ParameterError: floats, or shapes that do not fit.
        DomainError: not positive semidefinite.
    """
    A, B = read(A, "A", 2), read(B, "B", 2)
    if A.dtype != object or B.dtype != object or A.shape != B.shape or A.shape[0] != A.shape[1]:
        raise ParameterError("a rigorous distance needs two square matrices of ints and fractions, of equal shape")
    if not all((x == x.T).all() and semidefinite(x) for x in (A, B)):
        raise DomainError("a covariance must be symmetric positive semidefinite")
    characteristic = to_flint((A @ B).tolist()).charpoly().numer()
    trace = np.trace(A) + np.trace(B)

    def value() -> flint.arb:
        total = ball(trace)
        found: Any = characteristic.complex_roots()
        for root, multiplicity in found:
            # the eigenvalues of A B are real and >= 0; a zero's ball may reach below
            real = root.real if root.real.lower() >= 0 else flint.arb(0).union(root.real.upper())
            total -= 2 * multiplicity * real.sqrt()
        return total

    low, high = enclose(value, width=width)
    return max(low, Fraction(0)), high


def _difference(m: Any, n: Any, A: Any) -> np.ndarray:
    """m - n, both of the dimension of A."""
    means = [read(v, name, 1).astype(float) for v, name in ((m, "m"), (n, "n"))]
    if any(v.shape != np.shape(A)[:1] for v in means):
        raise ParameterError(
            f"means of {means[0].size} and {means[1].size} entries do not fit covariances of shape {np.shape(A)}"
        )
    return means[0] - means[1]


def _covariance(values: Any, name: str) -> np.ndarray:
    A = read(values, name, 2).astype(float)
    if A.shape[0] != A.shape[1]:
        raise ParameterError(f"{name} of shape {A.shape} is no symmetric matrix")
    return symmetric(A, name)


def _root(A: np.ndarray) -> tuple[np.ndarray, float]:
    """R with R R' = A, and how far the rounding of A moves it: delta/sqrt(least eigenvalue), or sqrt(delta) near zero."""
    w, V = np.linalg.eigh(A)
    delta = 16 * len(A) * EPS * max(w[-1], 0.0)
    if w[0] < -delta:
        raise DomainError(f"a covariance has the eigenvalue {w[0]:.3g} < 0")
    least = max(float(w[0]), float(delta))
    return V * np.sqrt(np.maximum(w, 0)), float(np.sqrt(len(A)) * delta / np.sqrt(least)) if delta else 0.0
