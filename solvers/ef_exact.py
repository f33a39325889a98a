"""Error feedback on separable quadratics in rational arithmetic: runs, linear iterations, second moments, thresholds.

Worker i is f_i(x) = sum_j h_ij x_j^2/2; EF21 is x+ = x - gamma g, g_i+ = g_i + C_i(grad f_i(x+) - g_i), g the mean of the g_i.
Numbers given are ints, fractions or sympy rationals; results are ``Fraction``.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from gradproof.solvers.exact.linear import to_flint
from gradproof.theory.errors import ParameterError

Array = Any
Rows = Sequence[Sequence[Any]]  # h_ij: worker i is f_i = sum_j h_ij x_j^2/2


def fractions(values: Any) -> Array:
    """Ints, fractions and sympy rationals as an array of ``Fraction``."""
    return np.vectorize(lambda v: Fraction(str(v)), otypes=[object])(np.asarray(values, dtype=object))


@dataclass(frozen=True, eq=False)
class ExactTrace:
    """EF21 on f_i = sum_j h_ij x_j^2/2 in rational arithmetic; lists over t = 0..T."""

    x: list[Array]
    f: list[Fraction]
    grad2: list[Fraction]
    e2: list[Array]

    def average(self) -> Fraction:
        """(1/T) sum over t < T of |grad f(x^t)|^2."""
        return sum(self.grad2[:-1], Fraction(0)) / (len(self.grad2) - 1)

    def V(self, weights: Any) -> list[Any]:
        """f + (1/n) sum weights_i |e_i|^2 at every step."""
        n = len(self.e2[0])
        return [
            f + sum(w * e for w, e in zip(weights, e2, strict=True)) / n for f, e2 in zip(self.f, self.e2, strict=True)
        ]


def exact_ef21(h: Rows, C: Any, gamma: Any, T: int, weights: Any = None) -> ExactTrace:
    """Run from x = (1, ..., 1) and g_i = C(grad f_i(x)/(n w_i)); EF21-W with ``weights`` w, which else are 1/n.

    ``C``: a function of one worker's vector, or the numbers r_i of C_i(v) = r_i v.
    """
    H, (step,) = fractions(h), fractions([gamma])
    w = fractions([Fraction(1, len(H))] * len(H) if weights is None else weights)[:, None]
    scale, mean = 1 / (len(H) * w), H.sum(axis=0) / len(H)
    gains = None if callable(C) else fractions(C)[:, None]

    def send(v: Array) -> Array:
        return gains * v if gains is not None else np.array([C(row) for row in v], dtype=object)

    x = fractions([1] * H.shape[1])
    g = send(H * x * scale)
    out = ExactTrace([], [], [], [])
    for _ in range(T + 1):
        out.x.append(x)
        out.f.append((mean * x * x).sum() / 2)
        out.grad2.append(((mean * x) ** 2).sum())
        out.e2.append(((g / scale - H * x) ** 2).sum(axis=1))
        x = x - step * (w * g).sum(axis=0)
        g = g + send(H * x * scale - g)
    return out


def iteration(h: Sequence[Any], r: Sequence[Any], gamma: Any) -> Array:
    """EF21 on f_i = h_i x^2/2 with C_i(v) = r_i v: the matrix of (x, g_1, ..., g_n), (n + 1, n + 1), in fractions."""
    h, r, (step,) = fractions(h), fractions(r), fractions([gamma])
    M = fractions(np.zeros((len(h) + 1, len(h) + 1), int))
    M[0, 0], M[0, 1:] = Fraction(1), -step / len(h)
    for i in range(len(h)):
        M[i + 1] = r[i] * h[i] * M[0]
        M[i + 1, i + 1] += 1 - r[i]
    return M


def mean_square_gradient(
    h: Sequence[Any], law: Sequence[tuple[Any, Sequence[Any]]], gamma: Any, T: int, g: Sequence[Any], noise: Any = 0
) -> Fraction:
    """(1/T) sum over t < T of E|f'(x^t)|^2 from x = 1 and the states g, by the recursion of the second moments.

    ``law``: probabilities and gains r_i of C_i(v) = r_i v, drawn anew in each step; ``noise`` the variance added to each g_i.
    """
    maps = [(Fraction(str(p)), iteration(h, r, gamma)) for p, r in law]
    state = fractions([1, *g])
    S, added, total = np.outer(state, state), np.diag(fractions([0] + [noise] * len(h))), Fraction(0)
    for _ in range(T):
        total += S[0, 0]
        S = sum(p * M.dot(S).dot(M.T) for p, M in maps) + added
    return Fraction(total * (sum(fractions(h)) / len(h)) ** 2 / T)


def characteristic(h: Sequence[Any], r: Sequence[Any], gamma: Any) -> list[Fraction]:
    """Coefficients of the characteristic polynomial of ``iteration``, highest degree first."""
    found = to_flint(iteration(h, r, gamma).tolist()).charpoly()
    return [Fraction(int(c.p), int(c.q)) for c in reversed(found.coeffs())]


def bisect(holds: Callable[[Fraction], bool], low: Any, high: Any, halvings: int = 40) -> tuple[Fraction, Fraction]:
    """Ends between which an exactly decided property changes: it holds at the first and fails at the second."""
    low, high = Fraction(low), Fraction(high)
    if not holds(low) or holds(high):
        raise ParameterError(f"the property does not change from true to false between {low} and {high}")
    for _ in range(halvings):
        middle = (low + high) / 2
        low, high = (middle, high) if holds(middle) else (low, middle)
    return low, high


def top1(v: Array) -> Array:
    """The entry of largest size, ties to the lowest index."""
    keep = max(range(len(v)), key=lambda j: (abs(v[j]), -j))
    return fractions([v[j] if j == keep else 0 for j in range(len(v))])


def nearest_power_of_two(v: Array) -> Array:
    """Each entry to the nearest power of two (ties up); not positively homogeneous."""

    def near(a: Fraction) -> Fraction:
        mantissa, exponent = math.frexp(float(abs(a)))
        size = Fraction(2) ** (exponent - (mantissa < 0.75)) if a else Fraction(0)
        return -size if a < 0 else size

    return fractions([near(a) for a in v])
