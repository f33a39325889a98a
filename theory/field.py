"""The numbers of a proof: rationals, or rational functions of parameters whose signs are proved on a domain.

Part of the trusted kernel. A domain is a list of parameters, each in an interval whose ends are rational functions of
the parameters before it. A rational function is shown to be nonnegative by substituting, for each parameter, a map
from an orthant ``t >= 0`` (or ``t > 0``) onto its interval, and reading off signs of coefficients; where that is not
enough the polynomial is factored, and a univariate factor is decided by counting its real roots (Sturm).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property, lru_cache
from math import prod
from typing import Any

from sympy import QQ, ZZ, Poly, Symbol, oo
from sympy.polys.fields import FracField

from gradproof.theory.coefficient import MAX_DIGITS, parse, refuse_power, refuse_product, refuse_sum
from gradproof.theory.errors import ProofFormatError, ProofRejected

MAX_PARAMETERS = 16
MAX_IMAGE = 20_000  # terms of a polynomial whose sign is looked for
RESERVED = frozenset({"inf", "oo", "nan", "zoo"})  # a reader would take the parameter for it

_NAME = re.compile(r"[A-Za-z_][A-Za-z_0-9]*")


@dataclass(frozen=True)
class Interval:
    """One parameter of a domain: ``low < name < high``, with closed ends where stated; ``high = ""`` means infinity.

    With ``low = ""`` and ``high = ""`` it is any real number.
    """

    name: str
    low: str = "0"
    high: str = ""
    closed_low: bool = False
    closed_high: bool = False

    def __str__(self) -> str:
        left, right = "[" if self.closed_low else "(", "]" if self.closed_high else ")"
        return f"{self.name} in {left}{self.low or '-inf'}, {self.high or 'inf'}{right}"


class Rationals:
    """The field Q: numbers are ``Fraction``."""

    domain: tuple[Interval, ...] = ()
    zero, one = Fraction(0), Fraction(1)

    def read(self, x: Any) -> Fraction:
        """A coefficient from text, or from an exact number. Floats are refused: a proof holds no rounded numbers."""
        if isinstance(x, str):
            if len(x) < MAX_DIGITS and re.fullmatch(r"-?[0-9]+(/0*[1-9][0-9]*)?", x):
                return Fraction(x)
            return parse(x, Fraction, {})
        if isinstance(x, bool | float):
            raise ProofFormatError(f"a proof needs exact numbers, got {x!r}; use int or Fraction")
        if isinstance(x, int | Fraction):
            return Fraction(x)
        try:
            return Fraction(int(x.p), int(x.q))  # sympy and flint rationals
        except AttributeError:
            raise ProofFormatError(f"a proof needs exact numbers, got {x!r}; use int or Fraction") from None

    def show(self, c: Fraction) -> str:
        return _written(c)

    def brief(self, c: Fraction) -> str:
        """For messages: the beginning of a long number."""
        return _brief(c)

    def admit(self, c: Any) -> Fraction:
        """The same number as a ``Fraction``. Floats (and ints, whose quotients are floats) must not reach the sums."""
        if type(c) not in (int, Fraction):
            raise ProofRejected(f"a proof needs exact numbers, got {c!r}; use int or Fraction")
        return Fraction(c)

    def nonnegative(self, c: Fraction) -> bool:
        return c >= 0

    def positive(self, c: Fraction) -> bool:
        return c > 0


@lru_cache(maxsize=64)
def _decided(domain: tuple[Interval, ...]) -> dict[Any, str | None]:
    """Signs of polynomials on a domain, of which nothing else is assumed: the same ones come again and again."""
    return {}


class Functions:
    """The field Q(parameters), with signs decided on a domain."""

    def __init__(self, domain: tuple[Interval, ...]) -> None:
        self.domain = tuple(domain)
        names = [d.name for d in self.domain]
        if len(set(names)) != len(names) or not 0 < len(names) <= MAX_PARAMETERS:
            raise ProofFormatError(f"a domain needs 1 to {MAX_PARAMETERS} distinct parameters, got {str(names)[:80]}")
        for name in names:
            if not _NAME.fullmatch(name) or name in RESERVED:
                raise ProofFormatError(f"a parameter cannot be called {name[:40]!r}; use letters, digits and _")
        # fractions of polynomials over Z are the same field, with cheaper common factors than over Q
        self._field = FracField([Symbol(n) for n in names], ZZ)
        self.zero, self.one = self._field.zero, self._field.one
        self._names = dict(zip(names, self._field.gens, strict=True))
        self._assumed: dict[Any, str] = {}  # signs of irreducible polynomials that are known from elsewhere
        self._signs = _decided(self.domain)
        self._orthant = self._parametrise()
        self._refuse_empty()

    def __getitem__(self, name: str) -> Any:
        """The generator of that name."""
        return self._names[name]

    def read(self, x: Any) -> Any:
        if isinstance(x, str):
            return parse(x, lambda k: self._field(QQ(int(k))), self._names)
        if isinstance(x, bool | float):
            raise ProofFormatError(f"a proof needs exact numbers, got {x!r}; use int, Fraction or a parameter")
        if isinstance(x, int):
            return self._field(QQ(x))
        if isinstance(x, Fraction):
            return self._field(QQ(x.numerator, x.denominator))
        if getattr(x, "field", None) == self._field:
            return x
        raise ProofFormatError(f"{x!r} is not an element of Q({', '.join(self._names)})")

    def show(self, c: Any) -> str:
        return _written(c.as_expr()).replace("**", "^")

    def brief(self, c: Any) -> str:
        return _brief(c.as_expr())

    def admit(self, c: Any) -> Any:
        """The same coefficient in this field; refused if inexact, or if its denominator may vanish on the domain."""
        try:
            c = self.read(c)
        except ProofFormatError as error:
            raise ProofRejected(str(error)) from None
        if self._sign(c.denom) not in (">", "<"):
            raise ProofRejected(f"the denominator of {self.show(c)} is not shown to be nonzero on the domain")
        return c

    def nonnegative(self, c: Any) -> bool:
        num, den = self._sign(c.numer), self._sign(c.denom)
        return num == "0" or (num in (">", ">=") and den == ">") or (num in ("<", "<=") and den == "<")

    def positive(self, c: Any) -> bool:
        num, den = self._sign(c.numer), self._sign(c.denom)
        return num in (">", "<") and num == den

    def assume_positive(self, c: Any) -> None:
        """Take it that c > 0 on the domain: for irreducible numerators over denominators of a sign that is shown."""
        den, poly = self._sign(c.denom), c.numer
        if den not in (">", "<"):
            raise ProofRejected(f"the sign of the denominator of {self.brief(c)} is not shown")
        self._signs = {}  # what is decided from here on rests on this
        self._assumed[_primitive(poly)] = ">" if (den == ">") == (poly.LC > 0) else "<"

    def nonzero(self, c: Any) -> bool:
        return self._sign(c.numer) in (">", "<")

    # --- arithmetic that refuses what would be large --------------------------------------------------------------

    def sum(self, a: Any, b: Any) -> Any:
        refuse_sum(a, b, "of a sum")
        return a + b

    def product(self, a: Any, b: Any) -> Any:
        refuse_product(a, b, "of a product")
        return a * b

    def power(self, base: Any, exponent: int) -> Any:
        refuse_power(base, exponent, "of a power")
        return base**exponent

    def defined(self, text: str) -> Any:
        """A text as ``read`` has it, in which no divisor may vanish on the domain."""

        def divisor(c: Any) -> None:
            if not self.nonzero(c):
                raise ProofFormatError(f"the divisor {self.brief(c)} is not shown to be nonzero on the domain")

        return parse(text, lambda k: self._field(QQ(int(k))), self._names, divisor)

    # --- signs -----------------------------------------------------------------------------------------------------

    def _parametrise(self) -> dict[str, tuple[Any, bool]]:
        """For each parameter: its expression in orthant variables of the same names, and whether 0 is excluded."""
        found: dict[str, tuple[Any, bool]] = {}
        for d in self.domain:
            t = self._names[d.name]
            if not d.low:  # t - 1/t takes every real value for t > 0
                if d.high or d.closed_low or d.closed_high:
                    raise ProofFormatError(f"{d}: an interval without a lower end must be the whole line")
                found[d.name] = (t - 1 / t, True)
                continue
            earlier = {k: v[0] for k, v in found.items()}
            low = parse(d.low, lambda k: self._field(QQ(int(k))), earlier)
            if not d.high:
                found[d.name] = (low + t, not d.closed_low)
                continue
            high = parse(d.high, lambda k: self._field(QQ(int(k))), earlier)
            if d.closed_low and d.closed_high:
                raise ProofFormatError(f"{d}: a bounded interval closed at both ends is not supported; split it")
            if d.closed_high:  # t = 0 is the upper end, t -> inf the lower
                found[d.name] = (high - (high - low) * t / (1 + t), False)
            else:
                found[d.name] = (low + (high - low) * t / (1 + t), not d.closed_low)
        return found

    def _refuse_empty(self) -> None:
        """A statement for all values of an empty interval says nothing."""
        images = {d.name: image for d, image in zip(self.domain, self._images, strict=True)}
        for d in self.domain:
            if d.high:
                low, high = (parse(end, lambda k: self._field(QQ(int(k))), images) for end in (d.low, d.high))
                width = high - low
                signs = {self._orthant_sign(width.numer), self._orthant_sign(width.denom)}
                if signs not in ({">"}, {"<"}):
                    raise ProofFormatError(f"{d}: the lower end is not shown to be below the upper end")

    @cached_property
    def _strict(self) -> tuple[bool, ...]:
        return tuple(self._orthant[d.name][1] for d in self.domain)

    @cached_property
    def _images(self) -> tuple[Any, ...]:
        return tuple(self._orthant[d.name][0] for d in self.domain)

    def _sign(self, poly: Any) -> str | None:
        """``>``, ``>=``, ``0``, ``<=``, ``<`` on the domain, or None if undecided."""
        if poly not in self._signs:
            self._signs[poly] = self._decide(poly)
        return self._signs[poly]

    def _decide(self, poly: Any) -> str | None:
        if poly.is_zero:
            return "0"
        direct = self._sign_on_orthant(poly)
        if direct is not None:
            return direct
        coefficient, factors = poly.factor_list()
        signs = [">" if coefficient > 0 else "<"]
        for factor, power in factors:
            known = self._assumed.get(_primitive(factor)) if self._assumed else None
            if known is not None and factor.LC < 0:
                known = known.translate(str.maketrans("<>", "><"))
            s = known or self._sign_on_orthant(factor)
            if power % 2 == 0:
                s = ">" if s in (">", "<") else ">="
            if s is None:
                return None
            signs.append(s)
        negative = sum(s in ("<", "<=") for s in signs) % 2
        strict = all(s in (">", "<") for s in signs)
        return ("<" if negative else ">") + ("" if strict else "=")

    def _sign_on_orthant(self, poly: Any) -> str | None:
        try:
            value = self._on_orthant(poly)
        except _TooLarge:
            return None
        num, den = (self._orthant_sign(p) for p in (value.numer, value.denom))
        if num is None or den not in (">", "<"):
            return None
        return num if den == ">" else num.translate(str.maketrans("<>", "><"))

    def _on_orthant(self, poly: Any) -> Any:
        """The polynomial in the orthant variables, as one numerator over one denominator that are reduced at the end."""
        terms, ring = poly.terms(), self._field.ring
        tops = [max(powers[i] for powers, _ in terms) for i in range(len(self._images))]
        tables = [(_powers(x.numer, top), _powers(x.denom, top)) for x, top in zip(self._images, tops, strict=True)]
        total: dict[Any, Any] = {}
        for powers, coefficient in terms:
            term = ring(coefficient)
            for (over, under), power, top in zip(tables, powers, tops, strict=True):
                term = _within(_within(term, over[power]), under[top - power])
            for monomial, c in term.terms():
                total[monomial] = total.get(monomial, 0) + c
            if len(total) > MAX_IMAGE:
                raise _TooLarge
        denominator = ring.one
        for (_, under), top in zip(tables, tops, strict=True):
            denominator = _within(denominator, under[top])
        return self._field(ring.from_dict({m: c for m, c in total.items() if c})) / self._field(denominator)

    def _orthant_sign(self, poly: Any) -> str | None:
        """Sign of a polynomial in the orthant variables, from the signs of its coefficients (or its real roots)."""
        if poly.is_zero:
            return "0"
        terms = poly.terms()
        if all(c > 0 for _, c in terms) or all(c < 0 for _, c in terms):
            interior = any(all(s or not p for s, p in zip(self._strict, powers, strict=True)) for powers, _ in terms)
            return (">" if terms[0][1] > 0 else "<") + ("" if interior else "=")
        used = [i for i in range(len(self._strict)) if any(powers[i] for powers, _ in terms)]
        if len(used) == 1:
            return self._univariate_sign(poly, used[0])
        coefficient, factors = poly.factor_list()
        if len(factors) == 1 and factors[0][1] == 1:
            return None
        negative, strict = coefficient < 0, True
        for factor, power in factors:
            s = self._orthant_sign(factor)
            if power % 2 == 0:
                s = ">" if s in (">", "<") else ">="
            if s is None:
                return None
            negative ^= s in ("<", "<=")
            strict &= s in (">", "<")
        return ("<" if negative else ">") + ("" if strict else "=")

    def _univariate_sign(self, poly: Any, index: int) -> str | None:
        p = Poly(poly.as_expr(), poly.ring.symbols[index])
        at_zero = p.eval(0) == 0
        if p.count_roots(0, oo) != int(at_zero):
            return None
        positive = p.LC() > 0
        strict = self._strict[index] or not at_zero
        return (">" if positive else "<") + ("" if strict else "=")

    def at(self, c: Any, values: Mapping[str, Fraction]) -> Fraction:
        """Value of a coefficient at a point of the domain, as a ``Fraction``."""
        num, den = (
            sum(
                (
                    int(k) * prod(values[d.name] ** e for d, e in zip(self.domain, powers, strict=True) if e)
                    for powers, k in poly.terms()
                ),
                Fraction(0),
            )
            for poly in (c.numer, c.denom)
        )
        if den == 0:
            raise ProofRejected(f"the denominator of {self.show(c)} vanishes at {dict(values)}")
        return num / den

    @staticmethod
    def end(text: str, values: Mapping[str, Fraction]) -> Fraction:
        """An end of an interval, at given values of the earlier parameters."""
        return parse(text, Fraction, values)

    def contains(self, values: Mapping[str, Fraction]) -> str:
        """Empty text if the point lies in the domain, else what is wrong."""
        rationals = Rationals()
        for d in self.domain:
            if d.name not in values:
                return f"needs {d.name}"
            x, low = values[d.name], self.end(d.low, values)
            high = self.end(d.high, values) if d.high else None
            if x < low or (x == low and not d.closed_low):
                return f"{d.name} = {rationals.show(x)} is outside {d}"
            if high is not None and (x > high or (x == high and not d.closed_high)):
                return f"{d.name} = {rationals.show(x)} is outside {d}"
        return ""


Field = Rationals | Functions


def field_over(domain: tuple[Interval, ...]) -> Field:
    """The field in which a proof with that domain is written."""
    return Functions(tuple(domain)) if domain else Rationals()


class _TooLarge(Exception):
    """A sign that is not looked for: the polynomial would have more than ``MAX_IMAGE`` terms."""


def _primitive(poly: Any) -> Any:
    """The polynomial without its content, with a positive leading coefficient."""
    plain = poly.primitive()[1]
    return -plain if plain.LC < 0 else plain


def _within(a: Any, b: Any) -> Any:
    """The product of two polynomials, unless it may be large."""
    if len(a) * len(b) > MAX_IMAGE:
        raise _TooLarge
    return a * b


def _powers(poly: Any, top: int) -> list[Any]:
    """The powers 0..top."""
    out = [poly.ring.one]
    for _ in range(top):
        out.append(_within(out[-1], poly))
    return out


def _written(value: Any) -> str:
    try:
        return str(value)
    except ValueError:
        raise ProofFormatError(f"a number of more than {MAX_DIGITS} digits is too long to be written") from None


def _brief(value: Any) -> str:
    try:
        return str(value)[:200]
    except ValueError:
        return f"a number of more than {MAX_DIGITS} digits"
