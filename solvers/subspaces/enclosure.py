"""Exact answers for small n: the attracted line for n = 2 between rationals, spectra of ``A_sigma^{-1} B`` in closed form."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any

import sympy as sp

from gradproof.solvers.circulant import periodic_laplacian
from gradproof.solvers.subspaces.invariant import exact_symmetric
from gradproof.solvers.subspaces.pointwise import check_step
from gradproof.theory.errors import DomainError, ParameterError


def stable_slope_enclosure(
    eta: Any, schedule: Callable[[int], Any] | Sequence[Any], steps: int, *, bits: int = 256
) -> tuple[Fraction, Fraction]:
    """Rationals (low, high) between which lies the slope of ``E^s = {x : x_2 = slope * x_1}`` for ``B = diag(1, -1)``.

    With ``a = (1+2s)/(1+4s), b = 2s/(1+4s), s = sigma_k`` the slopes of consecutive steps obey ``m_k = phi_k(m_{k+1})``,
    ``phi(m) = ((1 - eta a) m + eta b) / (1 + eta a - eta b m)``, and f(x_k) >= 0 on E^s says |m_k| <= 1. Each phi is
    monotone on [-1, 1] and maps it into its interior, so the images of [-1, 1] are nested. Rounded outward to ``bits`` bits.

    Args:
        eta: exact, in (0, 2). schedule: exact sigma_k >= 0. steps: the width contracts geometrically with it.

    Raises:
        ParameterError: floats among the numbers. DomainError: eta or a sigma outside its range.
    """
    h = _exact(eta, "eta")
    check_step(h, 1)
    if steps < 1:
        raise DomainError(f"steps = {steps}: look at least one step ahead")
    low, high = Fraction(-1), Fraction(1)
    unit = 1 << bits
    for k in reversed(range(steps)):
        s = _exact(schedule(k) if callable(schedule) else schedule[k], f"sigma_{k}")
        if s < 0:
            raise DomainError(f"sigma_{k} = {s}: A_sigma is positive definite for sigma >= 0")
        a, b = (1 + 2 * s) / (1 + 4 * s), 2 * s / (1 + 4 * s)
        ends = sorted(((1 - h * a) * m + h * b) / (1 + h * a - h * b * m) for m in (low, high))
        low, high = Fraction(_floor(ends[0] * unit), unit), Fraction(-_floor(-ends[1] * unit), unit)
    return low, high


def characteristic_factors(B: Any, sigma: Any, *, generator: Any = None) -> list[tuple[sp.Poly, int]]:
    """Irreducible factors, with multiplicities, of ``det(B - x A_sigma)``: its roots are the eigenvalues of ``A_sigma^{-1} B``.

    Args:
        B: symmetric, exact, (n, n) with n <= 6. sigma: an exact number >= 0 or a sympy symbol.
        generator: G in ``A_sigma = I + sigma G``; the periodic Laplacian by default.

    Raises:
        DomainError: n > 6 or sigma < 0. ParameterError: B or sigma not exact, B not symmetric.
    """
    exact = exact_symmetric(B, "B")
    n = exact.nrows()
    if n > 6:
        raise DomainError(
            f"symbolic spectra are given for n <= 6, got n = {n}; use numpy.linalg.eigvals for larger matrices"
        )
    s = sigma if isinstance(sigma, sp.Expr) and not sigma.is_number else sp.sympify(_exact(sigma, "sigma"))
    if s.is_number and s < 0:
        raise DomainError(f"sigma = {s}: A_sigma is positive definite for sigma >= 0")
    g = exact_symmetric(-periodic_laplacian(n) if generator is None else generator, "the generator", size=n)
    x = sp.Symbol("x", real=True)
    _, factors = sp.factor_list((_sympy(exact) - x * (sp.eye(n) + s * _sympy(g))).det(method="berkowitz"), x)
    return [(sp.Poly(f, x), m) for f, m in factors if sp.Poly(f, x).degree() > 0]


def symbolic_spectrum(B: Any, sigma: Any, *, generator: Any = None) -> dict[sp.Expr, int]:
    """Eigenvalues of ``A_sigma^{-1} B`` with multiplicities: exact real algebraic numbers, or radicals in a symbol sigma.

    Arguments and errors as ``characteristic_factors``; besides,

    Raises:
        ParameterError: a factor of degree 4 or more with a symbol sigma, where radicals would fill pages.
    """
    found: dict[sp.Expr, int] = {}
    for p, multiplicity in characteristic_factors(B, sigma, generator=generator):
        if p.degree() > 2 and p.free_symbols_in_domain == set():
            roots = p.real_roots()
        elif p.degree() <= 3:
            roots = list(sp.roots(p))
        else:
            raise ParameterError(
                f"a factor of degree {p.degree()} in a symbolic sigma has no readable roots; use characteristic_factors, "
                "or give sigma as a number"
            )
        for root in roots:
            found[root] = found.get(root, 0) + multiplicity
    return found


def _sympy(m: Any) -> sp.Matrix:
    return sp.Matrix([[sp.Rational(int(c.p), int(c.q)) for c in row] for row in m.tolist()])


def _exact(x: Any, name: str) -> Fraction:
    if isinstance(x, bool | float):
        raise ParameterError(f"{name} = {x!r}: a certified answer needs an exact number; write Fraction('{x}')")
    try:
        return Fraction(int(x.p), int(x.q)) if hasattr(x, "p") else Fraction(x)
    except (TypeError, ValueError):
        raise ParameterError(f"{name} = {x!r} is not an exact number; use int or Fraction") from None


def _floor(x: Fraction) -> int:
    return x.numerator // x.denominator
