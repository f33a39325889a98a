"""Which points of a sublevel set of a quadratic turn a pulled gradient step towards its minimiser, and how many they are.

With f(x) = (x - x*)'A(x - x*)/2, E = {z: f(z) <= f(x)}, g = -grad f(x) and n = x* - x: a point z of E improves the direction at
strength lam if the angle between g + lam (z - x) and n is at most that between g and n; I_lam is the set of such z. As lam -> 0 it
grows to the part of E on one side of the plane through x with normal u, the part of n orthogonal to g; an affine map makes this a
ball cut by a plane at distance h from its centre.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np

from gradproof.theory.errors import ParameterError

Array = Any


class Share(NamedTuple):
    """A fraction of n independent points, and its binomial standard error."""

    value: float
    error: float
    n: int


@dataclass(frozen=True)
class View:
    """What the quadratic looks like from x, centred at its minimiser: exact for exact entries.

    A: (d, d), symmetric positive definite; x: (d,) the worker relative to x*.
    """

    A: Array
    x: Array

    @property
    def g(self) -> Array:
        """The negative gradient (d,)."""
        return -(self.A @ self.x)

    @property
    def n(self) -> Array:
        """The Newton direction (d,)."""
        return -self.x

    @property
    def u(self) -> Array:
        """The part of the Newton direction orthogonal to the gradient (d,)."""
        return self.n - self.g * ((self.g @ self.n) / (self.g @ self.g))

    def limits(self, z: Array) -> tuple[Array, Array, Array]:
        """(reach, spread, ahead) of points z (..., d) relative to x*: with ``ahead = <z - x, n> >= 0`` a point improves iff
        ``lam * spread <= reach``."""
        w = z - self.x
        gn, gg, wn, gw = self.g @ self.n, self.g @ self.g, w @ self.n, w @ self.g
        return 2 * gn * (wn * gg - gn * gw), gn**2 * (w * w).sum(axis=-1) - wn**2 * gg, wn


def view(A: Array, x: Array, xs: Array) -> View:
    """The quadratic from x.

    Raises:
        ParameterError: shapes that do not fit, A that is not symmetric positive definite, or x = x*.
    """
    A, x, xs = (np.asarray(v) for v in (A, x, xs))
    if A.ndim != 2 or A.shape[0] != A.shape[1] or x.shape != A.shape[:1] or xs.shape != x.shape:
        raise ParameterError(f"need A (d, d), x (d,) and xs (d,), got {A.shape}, {x.shape} and {xs.shape}")
    if not (A == A.T).all() or not np.linalg.eigvalsh(A.astype(float))[0] > 0:
        raise ParameterError("A must be symmetric and positive definite")
    if not (x != xs).any():
        raise ParameterError("x is the minimiser: there is no direction to improve")
    return View(A, x - xs)


# --- the share -------------------------------------------------------------------------------------------------------


def height2(A: Array, x: Array, xs: Array) -> Any:
    """h^2, the squared distance of the plane from the centre of the ball in radii; exact for exact entries, 0 where u = 0."""
    v = view(A, x, xs)
    u, exact = v.u, v.A.dtype == object
    if exact:
        from gradproof.solvers.exact.linear import from_flint, to_flint

        column = to_flint([list(map(Fraction, row)) for row in v.A]).solve(to_flint([[Fraction(c)] for c in u]))
        inverse = np.array([row[0] for row in from_flint(column)], dtype=object)
    else:
        inverse = np.linalg.solve(v.A.astype(float), u)
    top, bottom = (u @ u) ** 2, (v.g @ v.n) * (u @ inverse)
    return top / bottom if bottom else top


def share_beyond(h2: Any, d: int) -> float:
    """Share of a ball in d dimensions on the larger side of a plane at squared distance h2 (radii) from its centre."""
    from scipy.special import betainc

    return float(0.5 * (1 + betainc(0.5, (d + 1) / 2, float(h2))))


def share_exactly(h: Fraction, d: int) -> Fraction:
    """The same for a rational distance and odd d, where (1 - t^2)^((d-1)/2) is a polynomial: its integral, term by term.

    Raises:
        ParameterError: d is even, or h outside [0, 1].
    """
    if d % 2 == 0 or not 0 <= h <= 1:
        raise ParameterError(f"need an odd dimension and 0 <= h <= 1, got d={d} and h={h}")
    term, part, whole, power = Fraction(1), Fraction(0), Fraction(0), (d - 1) // 2
    for k in range(power + 1):
        part, whole = part + term * h ** (2 * k + 1) / (2 * k + 1), whole + term / (2 * k + 1)
        term = -term * (power - k) / (k + 1)
    return (1 + part / whole) / 2


def fraction(A: Array, x: Array, xs: Array) -> float:
    """lim Vol(I_lam)/Vol(E) as lam -> 0, of A (d, d), x (d,), xs (d,): 0 where the gradient points at the minimiser.

    Raises:
        ParameterError: see ``view``.
    """
    h2 = float(height2(A, x, xs))
    return share_beyond(h2, len(np.asarray(x))) if h2 > 0 else 0.0


# --- points ----------------------------------------------------------------------------------------------------------


def uniform(A: Array, x: Array, xs: Array, M: int, rng: np.random.Generator) -> Array:
    """M points of E (M, d), uniform by volume."""
    v = view(A, x, xs)
    values, vectors = np.linalg.eigh(v.A.astype(float))
    d, radius = len(v.x), float(np.sqrt(v.x @ v.A @ v.x))
    ball = rng.standard_normal((M, d))
    ball *= rng.random((M, 1)) ** (1 / d) / np.linalg.norm(ball, axis=1, keepdims=True)
    return np.asarray(xs, float) + radius * (ball / np.sqrt(values)) @ vectors.T


def improves(A: Array, x: Array, xs: Array, z: Array, lam: float) -> Array:
    """Whether points z (..., d) of E improve the angle at x; ``lam = 0`` is the limit of small, ``inf`` that of large pulls."""
    v = view(A, x, xs)
    reach, spread, ahead = v.limits(np.asarray(z) - np.asarray(xs))
    if lam == 0:
        return reach > 0
    if np.isinf(lam):
        return (spread <= 0) & (ahead >= 0)
    return (lam * spread <= reach) & (v.g @ v.n + lam * ahead >= 0)


def mc_fraction(A: Array, x: Array, xs: Array, lam: float, M: int, rng: np.random.Generator | None = None) -> Share:
    """Vol(I_lam)/Vol(E) from M uniform points, with its binomial standard error.

    Raises:
        ParameterError: see ``view``; or M < 1.
    """
    if M < 1:
        raise ParameterError(f"M = {M} points; give at least one")
    rng = np.random.default_rng(0) if rng is None else rng
    share = float(improves(A, x, xs, uniform(A, x, xs, M, rng), lam).mean())
    return Share(share, float(np.sqrt(share * (1 - share) / M)), M)


# --- large angles ----------------------------------------------------------------------------------------------------


def tangent(A: Array, x: Array, xs: Array) -> float:
    """tan of the angle between -grad f(x) and the Newton direction."""
    v = view(A, x, xs)
    g, n = v.g.astype(float), v.n.astype(float)
    along = float(g @ n) / float(np.linalg.norm(n))
    return float(np.linalg.norm(g - along * n / np.linalg.norm(n))) / along


def width(A: Array, x: Array, xs: Array) -> float:
    """max over z in E of |z_perp|/(|x| + |z_par|), parts across and along the Newton direction, x* = 0.

    Exact in two dimensions; an upper bound (|z_par| is dropped) in more. Where the tangent is at least this, at least half of E
    improves the angle at every strength of the pull.
    """
    v = view(A, x, xs)
    A, x = v.A.astype(float), v.x.astype(float)
    rho, length, inverse = float(x @ A @ x), float(np.linalg.norm(x)), np.linalg.inv(A)
    unit = x / length
    across = np.eye(len(x)) - np.outer(unit, unit)
    widest = float(np.sqrt(rho * np.linalg.eigvalsh(across @ inverse @ across)[-1])) / length
    if len(x) != 2:
        return widest
    side = np.array([-unit[1], unit[0]])
    alpha, beta, gamma = (float(p @ inverse @ q) for p, q in ((side, side), (side, unit), (unit, unit)))
    free = float(np.sqrt(rho * (alpha - beta**2 / gamma))) / length
    if free >= abs(beta) / gamma:
        return free
    second, first = rho * gamma - length**2, rho * abs(beta)  # >= 0 by Kantorovich's inequality
    return float(rho * alpha / (first + np.sqrt(first**2 - second * rho * alpha)))
