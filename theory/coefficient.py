"""The text of a coefficient: read without evaluating anything, and refused before it would become large.

Part of the trusted kernel. Values are rationals or elements of a field of rational functions.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from fractions import Fraction
from math import comb
from typing import Any

from gradproof.theory.errors import ProofFormatError

MAX_TEXT = 100_000  # characters of one coefficient
MAX_DEPTH = 64  # nesting of brackets in one coefficient
MAX_POWER = 64
MAX_DIGITS = 4000  # of one integer; Python writes up to 4300
MAX_TERMS = 2000  # of a polynomial that a product, a power or a common denominator makes
MAX_DEGREE = 400  # of a numerator or denominator
MAX_COMMON = 40  # degree of a common denominator that a sum needs

_TOKEN = re.compile(r"\s*(?:([0-9]+)|([A-Za-z_][A-Za-z_0-9]*)|(\*\*|[-+*/^()]))")


def _size(value: Any) -> int:
    """A rough size in bits, so that a nest of powers in a stranger's file is refused before it is multiplied out."""
    if isinstance(value, Fraction):
        return value.numerator.bit_length() + value.denominator.bit_length()
    terms = [*value.numer.terms(), *value.denom.terms()]
    return 512 * (len(terms) - 2) + sum(int(abs(c.numerator)).bit_length() for _, c in terms)


def _terms(value: Any) -> tuple[int, int]:
    """Terms of the numerator and of the denominator."""
    return (1, 1) if isinstance(value, Fraction) else (len(value.numer), len(value.denom))


def _degrees(value: Any) -> tuple[int, int]:
    if isinstance(value, Fraction):
        return 0, 0
    return _degree(value.numer), _degree(value.denom)


def _degree(poly: Any) -> int:
    return max((sum(powers) for powers in poly), default=0)


def refuse_sum(a: Any, b: Any, text: str) -> None:
    """Before two quotients are brought to a common denominator."""
    if isinstance(a, Fraction) or isinstance(b, Fraction) or a.denom == b.denom:
        return
    (n, d), (m, e) = _terms(a), _terms(b)
    if (n * e + m * d > MAX_TERMS and d * e > 1) or _degrees(a)[1] + _degrees(b)[1] > MAX_COMMON:
        raise ProofFormatError(f"a common denominator in coefficient {text[:60]!r} is too large to write out")


def refuse_product(a: Any, b: Any, text: str) -> None:
    """Before a product or quotient is written out."""
    (n, d), (m, e) = _terms(a), _terms(b)
    most = max(n * m, n * e, d * m, d * e)
    if _size(a) + _size(b) > MAX_TEXT or most > MAX_TERMS or max(_degrees(a)) + max(_degrees(b)) > MAX_DEGREE:
        raise ProofFormatError(f"a product in coefficient {text[:60]!r} is too large to write out")


def refuse_power(base: Any, exponent: int, text: str) -> None:
    """Before a power is written out: n terms have (n + k - 1 choose k) in their k-th power."""
    most = max(comb(n + exponent - 1, exponent) for n in _terms(base) if n) if base else 1
    if _size(base) * exponent > MAX_TEXT or most > MAX_TERMS or max(_degrees(base)) * exponent > MAX_DEGREE:
        raise ProofFormatError(f"a power in coefficient {text[:60]!r} is too large to write out")


def parse(text: str, number: Any, names: Mapping[str, Any], divisor: Callable[[Any], None] | None = None) -> Any:
    """Recursive descent: + - * / ^ brackets, integers, declared names. Nothing is evaluated; ``divisor`` may refuse one."""
    if len(text) > MAX_TEXT:
        raise ProofFormatError(f"a coefficient of {len(text)} characters is longer than {MAX_TEXT}")
    tokens: list[str] = []
    at = 0
    stripped = text.rstrip()
    while at < len(stripped):
        match = _TOKEN.match(stripped, at)
        if not match:
            raise ProofFormatError(f"unreadable coefficient {text[:60]!r} at character {at}")
        tokens.append(match.group().strip())
        at = match.end()
    position = 0

    def peek() -> str:
        return tokens[position] if position < len(tokens) else ""

    def take() -> str:
        nonlocal position
        position += 1
        return tokens[position - 1] if position <= len(tokens) else ""

    def total(depth: int) -> Any:
        value = product(depth)
        while peek() in ("+", "-"):
            plus, term = take() == "+", product(depth)
            refuse_sum(value, term, text)
            value = value + term if plus else value - term
        return value

    def product(depth: int) -> Any:
        value = signed(depth)
        while peek() in ("*", "/"):
            times, factor = take() == "*", signed(depth)
            refuse_product(value, factor, text)
            if not times and factor == 0:
                raise ProofFormatError(f"division by zero in coefficient {text[:60]!r}")
            if not times and divisor is not None:
                divisor(factor)
            value = value * factor if times else value / factor
        return value

    def signed(depth: int) -> Any:
        if depth > MAX_DEPTH:
            raise ProofFormatError(f"coefficient {text[:60]!r} is nested deeper than {MAX_DEPTH}")
        if peek() == "-":
            take()
            return -signed(depth + 1)
        return power(depth)

    def power(depth: int) -> Any:
        base = atom(depth)
        if peek() in ("^", "**"):
            take()
            exponent = take()
            if not exponent.isdigit() or len(exponent) > 3 or int(exponent) > MAX_POWER:
                raise ProofFormatError(
                    f"bad exponent {exponent[:20]!r} in coefficient {text[:60]!r}; use 0..{MAX_POWER}"
                )
            refuse_power(base, int(exponent), text)
            return base ** int(exponent)
        return base

    def atom(depth: int) -> Any:
        token = take()
        if token.isdigit():
            if len(token) > MAX_DIGITS:
                raise ProofFormatError(f"a number of {len(token)} digits in a coefficient; the limit is {MAX_DIGITS}")
            return number(int(token))
        if token == "(":
            value = total(depth + 1)
            if take() != ")":
                raise ProofFormatError(f"unbalanced brackets in coefficient {text[:60]!r}")
            return value
        if token in names:
            return names[token]
        raise ProofFormatError(f"unknown name {token[:40]!r} in coefficient {text[:60]!r}")

    value = total(0)
    if position != len(tokens):
        raise ProofFormatError(f"unreadable coefficient {text[:60]!r}")
    return value
