r"""Gradient estimators of expectations, composed site by site: exactly, as lists of outcomes, or drawn, as arrays.

A program is a function of an *interpreter* and of dual numbers (a value and its tangent). It makes its random choices by
``on.flip(strategy, p, k)`` and ``on.normal(strategy, mu, sigma, k)``, k the rest of the program, and ends in a dual number::

    def program(on, t):
        return on.flip("mvd", sigmoid(t[0]), lambda z: on.flip("enum", sigmoid(t[1] + t[2] * z), lambda y: (z + y) * t[0]))

``Exact()`` gives the estimator's law, [(probability, value, tangent)], of which ``mean`` and ``variance`` are sums; ``Drawn(...)``
gives draws of it. Both use the same formulas of the strategies (Becker et al. 2024, arXiv:2406.15742, Section 4).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from gradproof.theory.arguments import shown
from gradproof.theory.errors import ParameterError

Number = Any  # an int, Fraction, float, sympy expression, or an array of any library
FLIPS = ("enum", "reinforce", "mvd", "straight-through")
NORMALS = ("reparam", "reinforce", "mvd")
MOST_OUTCOMES = 2_000_000


@dataclass(frozen=True, eq=False)
class Dual:
    """A number and its derivatives along D directions. Arithmetic is that of differentiation; numbers are constants."""

    value: Number
    slope: tuple[Number, ...]

    __array_ufunc__ = None  # NumPy's arrays leave the arithmetic to this class

    def _with(self, other: Any, value: Number, mine: Number, its: Number) -> Dual:
        """A function of the two with these partial derivatives."""
        if not isinstance(other, Dual):
            return Dual(value, tuple(mine * a for a in self.slope))
        return Dual(value, tuple(mine * a + its * b for a, b in zip(self.slope, other.slope, strict=True)))

    def __add__(self, other: Any) -> Dual:
        return self._with(other, self.value + plain(other), 1, 1)

    def __sub__(self, other: Any) -> Dual:
        return self._with(other, self.value - plain(other), 1, -1)

    def __mul__(self, other: Any) -> Dual:
        return self._with(other, self.value * plain(other), plain(other), self.value)

    def __truediv__(self, other: Any) -> Dual:
        ratio = self.value / plain(other)
        if not isinstance(other, Dual):
            return Dual(ratio, tuple(a / other for a in self.slope))
        return self._with(other, ratio, 1 / other.value, -ratio / other.value)

    def __neg__(self) -> Dual:
        return self * -1

    def __pow__(self, n: int) -> Dual:
        return Dual(self.value**n, tuple(n * self.value ** (n - 1) * a for a in self.slope))

    def __rsub__(self, other: Any) -> Dual:
        return -self + other

    def __rtruediv__(self, other: Any) -> Dual:
        ratio = other / self.value
        return Dual(ratio, tuple(-ratio / self.value * a for a in self.slope))

    __radd__ = __add__
    __rmul__ = __mul__


def plain(x: Any) -> Number:
    """The value of a dual number; a number itself."""
    return x.value if isinstance(x, Dual) else x


def inputs(values: Iterable[Number]) -> list[Dual]:
    """Parameters: each has the derivative 1 along its own direction."""
    values = list(values)
    return [Dual(v, tuple(0 * v + int(i == j) for j in range(len(values)))) for i, v in enumerate(values)]


def _library(x: Number) -> Any:
    """Where exp, log and cos of a number are found."""
    if type(x).__module__.startswith("sympy"):
        import sympy

        return sympy
    if isinstance(x, int | float | Fraction):
        return math
    from array_api_compat import array_namespace

    return array_namespace(x)


def exp(x: Any) -> Any:
    """Of a dual number, a number or an array."""
    value = _library(plain(x)).exp(plain(x))
    return Dual(value, tuple(value * a for a in x.slope)) if isinstance(x, Dual) else value


def log(x: Any) -> Any:
    """Of a dual number, a number or an array."""
    value = _library(plain(x)).log(plain(x))
    return Dual(value, tuple(a / x.value for a in x.slope)) if isinstance(x, Dual) else value


def sin(x: Any) -> Any:
    """Of a dual number, a number or an array."""
    xp = _library(plain(x))
    return Dual(xp.sin(x.value), tuple(xp.cos(x.value) * a for a in x.slope)) if isinstance(x, Dual) else xp.sin(x)


def sigmoid(x: Any) -> Any:
    """1/(1 + exp(-x))."""
    return 1 / (1 + exp(-x))


# --- strategies, on duals ---------------------------------------------------------------------------------------------


def _lifted(x: Any, like: Dual) -> Dual:
    return x if isinstance(x, Dual) else Dual(x, tuple(0 * a for a in like.slope))


def _enum(p: Dual, one: Dual, zero: Dual) -> Dual:
    return p * one + (1 - p) * zero


def _reinforce(p: Dual, b: Number, drawn: Dual, baseline: Number = 0) -> Dual:
    """b/p - (1 - b)/(1 - p) is the derivative of log p(b) in p."""
    score = b / p.value - (1 - b) / (1 - p.value)
    return Dual(
        drawn.value,
        tuple(a + (drawn.value - baseline) * score * dp for a, dp in zip(drawn.slope, p.slope, strict=True)),
    )


def _mvd(p: Dual, b: Number, drawn: Dual, other: Dual) -> Dual:
    jump = (2 * b - 1) * (drawn.value - other.value)
    return Dual(drawn.value, tuple(a + jump * dp for a, dp in zip(drawn.slope, p.slope, strict=True)))


def _known(strategy: str, known: tuple[str, ...]) -> None:
    if strategy not in known:
        raise ParameterError(f"strategy {shown(strategy)} is none of {', '.join(known)}")


# --- exactly ----------------------------------------------------------------------------------------------------------

Outcome = tuple[Number, Dual]  # probability, and the estimator's value and tangent
Law = list[Outcome]


class Exact:
    """The law of an estimator over flips, as a list; its length doubles a site, and is squared where both branches are run."""

    def flip(self, strategy: str, p: Dual, k: Callable[[Any], Any], baseline: Number = 0) -> Law:
        """A bit that is 1 with probability p. ``straight-through``, which is biased, hands the rest a bit with p's tangent.

        Raises:
            ParameterError: an unknown strategy, or more than ``MOST_OUTCOMES``.
        """
        _known(strategy, FLIPS)
        weight = {1: p.value, 0: 1 - p.value}
        if strategy == "straight-through":
            return [(weight[b] * q, a) for b in (1, 0) for q, a in self._rest(k, Dual(b, p.slope), p)]
        rest = {b: self._rest(k, b, p) for b in (1, 0)}
        if strategy == "reinforce":
            return [(weight[b] * q, _reinforce(p, b, a, baseline)) for b in (1, 0) for q, a in rest[b]]
        if len(rest[1]) * len(rest[0]) > MOST_OUTCOMES:
            raise ParameterError(
                f"{len(rest[1])} times {len(rest[0])} outcomes are more than {MOST_OUTCOMES}; use fewer sites"
            )
        if strategy == "enum":
            return [(q * r, _enum(p, a, c)) for q, a in rest[1] for r, c in rest[0]]
        return [(weight[b] * q * r, _mvd(p, b, a, c)) for b in (1, 0) for q, a in rest[b] for r, c in rest[1 - b]]

    def normal(self, strategy: str, mu: Any, sigma: Any, k: Callable[[Any], Any]) -> Law:
        """There is no list of the outcomes of a normal draw.

        Raises:
            ParameterError: always.
        """
        raise ParameterError("a normal draw has no list of outcomes; use Drawn, or quadrature")

    @staticmethod
    def _rest(k: Callable[[Any], Any], b: Any, p: Dual) -> Law:
        out = k(b)
        return out if isinstance(out, list) else [(1, _lifted(out, p))]


def mean(law: Law) -> Dual:
    """E v and E d."""
    return Dual(sum(q * a.value for q, a in law), tuple(_means(law)))


def variance(law: Law) -> tuple[Number, ...]:
    """The variance of each coordinate of d; its sum is the total variance."""
    return tuple(sum(q * (a.slope[j] - m) ** 2 for q, a in law) for j, m in enumerate(_means(law)))


def _means(law: Law) -> list[Number]:
    return [sum(q * a.slope[j] for q, a in law) for j in range(len(law[0][1].slope))]


# --- drawn ------------------------------------------------------------------------------------------------------------


class Drawn:
    """Draws of an estimator, all at once; the program sees arrays of bits.

    Args:
        uniform: slot -> an array of independent uniform numbers in [0, 1); each random choice takes a slot of its own.
    """

    def __init__(self, uniform: Callable[[int], Number]) -> None:
        self._uniform, self._slot = uniform, 0

    def _next(self) -> Number:
        self._slot += 1
        return self._uniform(self._slot - 1)

    def flip(self, strategy: str, p: Dual, k: Callable[[Any], Any], baseline: Number = 0) -> Dual:
        """As ``Exact.flip``, on arrays: reruns of the rest draw anew."""
        _known(strategy, FLIPS)
        u = self._next()
        b = _library(u).astype(u < p.value, u.dtype)
        if strategy == "straight-through":
            return _lifted(k(Dual(b, tuple(dp + 0 * b for dp in p.slope))), p)
        if strategy == "enum":
            return _enum(p, _lifted(k(0 * b + 1), p), _lifted(k(0 * b), p))
        drawn = _lifted(k(b), p)
        return _reinforce(p, b, drawn, baseline) if strategy == "reinforce" else _mvd(p, b, drawn, _lifted(k(1 - b), p))

    def normal(self, strategy: str, mu: Any, sigma: Any, k: Callable[[Any], Any]) -> Dual:
        """x ~ N(mu, sigma^2). ``mvd`` is for mu: its sigma is a number.

        Raises:
            ParameterError: an unknown strategy, or ``mvd`` with a sigma that has derivatives.
        """
        _known(strategy, NORMALS)
        u, turn = self._next(), self._next()
        xp = _library(u)
        radius = xp.sqrt(-2 * xp.log(1 - u))  # of Rayleigh's law; with an angle, Box and Muller's normal number
        z, at, wide = radius * xp.cos(2 * math.pi * turn), plain(mu), plain(sigma)
        if strategy == "reparam":
            return k(mu + sigma * z)
        like = mu if isinstance(mu, Dual) else sigma
        drawn = _lifted(k(at + wide * z), like)
        m, s = _lifted(mu, like), _lifted(sigma, like)
        if strategy == "reinforce":
            score = zip(drawn.slope, m.slope, s.slope, strict=True)
            return Dual(drawn.value, tuple(a + drawn.value / wide * (z * dm + (z * z - 1) * ds) for a, dm, ds in score))
        if isinstance(sigma, Dual):
            raise ParameterError("mvd is for the mean of a normal draw; give a number as its standard deviation")
        up, down = (plain(k(at + sign * wide * radius)) for sign in (1, -1))
        jump = (up - down) / (wide * math.sqrt(2 * math.pi))
        return Dual(drawn.value, tuple(a + jump * dm for a, dm in zip(drawn.slope, m.slope, strict=True)))


def gradient(program: Callable[[Any, Sequence[Dual]], Any], at: Iterable[Number]) -> Dual:
    """Objective and its exact gradient, by enumeration of every site whatever its strategy."""
    enumerated = _Enumerated()
    out = program(enumerated, ts := inputs(at))
    return _lifted(out, ts[0])


class _Enumerated:
    """Every flip enumerated: one dual number."""

    def flip(self, strategy: str, p: Dual, k: Callable[[Any], Any], baseline: Number = 0) -> Dual:
        return _enum(p, _lifted(k(1), p), _lifted(k(0), p))
