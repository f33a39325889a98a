"""Gradient descent as data: which inequalities, in which units, and the size of everything at the worst case.

Floats work in units where L = 1 and ||x_0 - x_*|| = 1 (or f(x_0) - f_* = 1), with vectors and values divided by their
size on the expected worst function; that scaling decides how many digits of a tiny value survive. Multipliers do not
depend on the units of f, so the exact side (``structured_certificate``) reuses them with the rational gamma, mu, L.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property

import numpy as np

from gradproof.solvers.pep.model.expressions import PepError
from gradproof.solvers.pep.solve.interior_point import LowRank

STAR = -1  # index of the minimiser in a pair
MEASURES = {
    "function-value": r"$f(x_N) - f_* \le \tau\|x_0 - x_*\|^2$",
    "distance": r"$\|x_N - x_*\|^2 \le \tau\|x_0 - x_*\|^2$",
    "gradient": r"$\|\nabla f(x_N)\|^2 \le \tau\|x_0 - x_*\|^2$",
    "smallest-gradient": r"$\min_k \|\nabla f(x_k)\|^2 \le \tau(f(x_0) - \inf f)$",
}


@dataclass(frozen=True)
class Descent:
    """N steps ``x_{k+1} = x_k - gamma grad f(x_k)`` on functions with curvature in [mu, L], and what is measured."""

    N: int
    gamma: Fraction
    L: Fraction
    mu: Fraction
    measure: str

    def __post_init__(self) -> None:
        if not isinstance(self.measure, str) or self.measure not in MEASURES:
            raise PepError(f"measure = {self.measure!r} is not known; use one of {', '.join(map(repr, MEASURES))}")
        if isinstance(self.N, bool) or not isinstance(self.N, int | np.integer) or self.N < 1:
            raise PepError(f"N = {self.N!r}, needs an integer >= 1 (the number of steps)")
        object.__setattr__(self, "N", int(self.N))
        if self.L <= 0:
            raise PepError(f"L = {self.L}, needs L > 0")
        if self.gamma <= 0:
            raise PepError(f"gamma = {self.gamma}, needs gamma > 0 (the step size)")
        if self.mu >= self.L:
            raise PepError(f"mu = {self.mu} and L = {self.L}, needs mu < L; if they are equal f is one quadratic")
        if self.mu < 0 and self.measure != "smallest-gradient":
            raise PepError(f"mu = {self.mu}, needs mu >= 0 for {self.measure!r}; use measure='smallest-gradient'")

    @property
    def nonconvex(self) -> bool:
        """No minimiser is spoken of, only the infimum."""
        return self.measure == "smallest-gradient"

    @cached_property
    def h(self) -> float:
        return float(self.gamma * self.L)

    @cached_property
    def kappa(self) -> float:
        """mu / L."""
        return float(self.mu / self.L)

    @property
    def unit(self) -> Fraction:
        """The bound for L = 1, times this, is the bound."""
        return {"function-value": self.L, "distance": Fraction(1), "gradient": self.L**2, "smallest-gradient": self.L}[
            self.measure
        ]

    @cached_property
    def chain(self) -> np.ndarray:
        """The pairs (i, j), shape (m, 2), that make the relaxation tight for most step sizes."""
        k = np.arange(self.N)
        forward, backward = np.stack([k, k + 1], axis=1), np.stack([k + 1, k], axis=1)
        all_points = np.arange(self.N + 1)
        star = np.full(self.N + 1, STAR)
        from_star, to_star = np.stack([star, all_points], axis=1), np.stack([all_points, star], axis=1)
        if self.nonconvex:
            return np.concatenate([forward, backward])
        if self.measure == "distance":
            return np.concatenate([from_star[:-1], to_star[:-1]])
        if self.measure == "gradient":
            return np.concatenate([forward, from_star, backward, to_star])
        return np.concatenate([forward, from_star])

    @cached_property
    def sizes(self) -> tuple[np.ndarray, np.ndarray, np.ndarray, float]:
        """Sizes of x_k, g_k, f_k (each (N + 1,)) and of the measure, from two one-dimensional functions (L = 1).

        The worst function is L/2 x^2 for long steps, and for short ones mu/2 x^2 + (1 - mu) times a Huber function whose
        kink the iterates do not pass; the nonconvex worst case has gradients of equal size.
        """
        N, h, mu = self.N, self.h, max(self.kappa, 0.0)
        k = np.arange(N + 1)
        if self.nonconvex:
            rate = 4.0 / (N * h * max(min(4 - h, 4 - h * h), 0.05) + 2.0)
            return np.ones(N + 1), np.full(N + 1, np.sqrt(rate)), np.full(N + 1, rate), rate
        floor = 1e-300
        power = np.abs(1.0 - h) ** k
        long = (power, power, power**2 / 2)
        decay = (1.0 - mu * h) ** k if mu * h < 1 else np.full(N + 1, floor)
        b = h * np.cumsum(np.concatenate([[0.0], decay[:-1]])) * (1 - mu)  # x_k = decay_k - b_k c
        a, last = decay[-1], b[-1]
        if self.measure == "gradient":
            c = a / (last + 1)  # the kink is reached at the end
        else:
            c = max((a * (1 - mu) - mu * last * a) / ((1 - mu) * (2 * last + 1) - mu * last**2), floor)
        x = decay - b * c
        slope = mu * x + (1 - mu) * c
        short = (x, slope, mu / 2 * x**2 + (1 - mu) * (c * x - c**2 / 2))
        index = {"function-value": 2, "distance": 0, "gradient": 1}[self.measure]
        power_of = 1 if index == 2 else 2
        if self.measure == "distance":
            short = (decay, mu * decay + floor, mu * decay**2 + floor)
            if mu == 0.0:
                short = (decay, np.full(N + 1, 1.0 / (1 + N * h)), np.full(N + 1, 1.0 / (1 + N * h)))
        chosen = max((short, long), key=lambda s: s[index][-1])
        x, g, f = (np.maximum(np.abs(v), floor) for v in chosen)
        return x, g, f, float(chosen[index][-1] ** power_of)

    @property
    def lower(self) -> float:
        """The measure of the better of the two explicit functions, for L = 1; 0 if there is none (nonconvex)."""
        return 0.0 if self.nonconvex else self.sizes[3]


def form_coefficients(kappa: float) -> np.ndarray:
    """The interpolation inequality as a form in (x_i - x_j, g_i, g_j), for L = 1: shape (3, 3)."""
    v = np.array([-kappa, 1.0, -1.0])
    middle = np.outer(v, v) / (2 * (1 - kappa))
    middle[0, 0] += kappa / 2
    middle[0, 2] += 0.5
    middle[2, 0] += 0.5
    return middle


def vectors(descent: Descent) -> tuple[np.ndarray, np.ndarray]:
    """Iterates and gradients in the basis [g_0 .. g_N, x_N], scaled: each (N + 2, n), the last row is the minimiser.

    Backwards from x_N no digits cancel. For the smallest gradient only differences of iterates occur, and x_0 = 0.
    """
    N, h = descent.N, descent.h
    x_size, g_size = descent.sizes[:2]
    n = N + 1 if descent.nonconvex else N + 2
    g, x = np.zeros((N + 2, n)), np.zeros((N + 2, n))
    g[np.arange(N + 1), np.arange(N + 1)] = g_size
    if descent.nonconvex:
        x[1 : N + 1] = -h * np.cumsum(g[:N], axis=0)
    else:
        x[:N] = h * np.cumsum(g[N - 1 :: -1], axis=0)[::-1]
        x[: N + 1, N + 1] += x_size[N]
    return x, g


def low_rank(descent: Descent, pairs: np.ndarray) -> tuple[LowRank, np.ndarray]:
    """The dual program over all the Gram matrix, and the factors that turn its variables into multipliers.

    The variables are the multipliers of ``pairs``, then of the other rows in the order: normaliser, and for
    ``smallest-gradient`` the bounds t <= |g_k|^2 and the infimum.
    """
    N, kappa = descent.N, descent.kappa
    f_size, value = descent.sizes[2:]
    nonconvex = descent.nonconvex
    x, g = vectors(descent)
    n = x.shape[1]
    i, j = pairs.T
    sizes = np.append(f_size, 0.0)
    row_size = np.maximum(sizes[i], sizes[j])
    factors = np.stack([x[i] - x[j], g[i], g[j]], axis=2)
    middles = form_coefficients(kappa)[None] / row_size[:, None, None]
    local = (np.abs(i - j) == 1) | (i == STAR) | (j == STAR)
    if local.all():
        factors, middles = _rank_two(descent.h, pairs, x, g, middles)
    E = np.zeros((len(pairs), N + 2))
    np.add.at(E, (np.arange(len(pairs)), j), sizes[j] / row_size)
    np.add.at(E, (np.arange(len(pairs)), i), -sizes[i] / row_size)
    E = E[:, : N + 1]
    b, C = np.zeros(len(pairs)), np.zeros((n, n))
    rank = factors.shape[2]
    unit = np.zeros((rank, rank))
    unit[0, 0] = 1.0

    def rows(vectors: np.ndarray, sign: float) -> tuple[np.ndarray, np.ndarray]:
        padded = np.zeros((len(vectors), n, rank))
        padded[:, :, 0] = vectors
        return padded, np.repeat(sign * unit[None], len(vectors), axis=0)

    if not nonconvex:
        extra, middle = rows(x[:1], 1.0)
        factors, middles = np.concatenate([factors, extra]), np.concatenate([middles, middle])
        E, b = np.concatenate([E, np.zeros((1, N + 1))]), np.append(b, 1.0)
        c = np.zeros(N + 1)
        if descent.measure == "function-value":
            c[N] = f_size[N] / value
        else:
            last = x[N] if descent.measure == "distance" else g[N]
            C = np.outer(last, last) / value
        spoken = E.any(axis=0)  # the value at x_N is not, for the distance
        return LowRank(factors, middles, b, E[:, spoken], c[spoken], C), value * np.append(1.0 / row_size, 1.0)
    f0, below, infimum = rows(np.zeros((1, n)), 0.0), rows(g[: N + 1], -1.0 / value), rows(g[N : N + 1], 0.5 / value)
    factors = np.concatenate([factors, f0[0], below[0], infimum[0]])
    middles = np.concatenate([middles, f0[1], below[1], infimum[1]])
    E = np.concatenate([E, np.zeros((N + 3, N + 1))])
    m = len(pairs)
    E[m, 0], E[-1, N] = 1.0, -1.0
    t = np.zeros((len(E), 1))
    t[m + 1 : -1] = 1.0
    b = np.concatenate([b, [1.0 / value], np.zeros(N + 2)])
    c = np.append(np.zeros(N + 1), 1.0)
    return LowRank(factors, middles, b, np.concatenate([E, t], axis=1), c, C), np.ones(len(E))


def _rank_two(
    h: float, pairs: np.ndarray, x: np.ndarray, g: np.ndarray, middles: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Factors and middles of neighbours in (g_i, g_j), as x_i - x_{i+1} = h g_i, and of pairs with the minimiser."""
    i, j = pairs.T
    step = np.where(i == STAR, -1.0, np.where(j == STAR, 1.0, h * (j - i)))  # x_i - x_j as a multiple of the first
    other = np.maximum(i, j)
    star = (i == STAR) | (j == STAR)
    first = np.where(star[:, None], x[other], g[np.minimum(i, j)])
    change = np.zeros((len(pairs), 3, 2))  # (x_i - x_j, g_i, g_j) in (first, g_other)
    change[:, 0, 0] = step
    change[:, 1, 1] = (i == other) * 1.0
    change[:, 2, 1] = (j == other) * 1.0
    change[:, 1, 0] = (~star & (i != other)) * 1.0
    change[:, 2, 0] = (~star & (j != other)) * 1.0
    return np.stack([first, g[other]], axis=2), change.transpose(0, 2, 1) @ middles @ change
