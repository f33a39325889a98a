"""How large the exact value of an expression becomes, told before it is computed: powers, sums and binomials of huge numbers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sympy as sp

from gradproof.theory.errors import DomainError

#: digits of an exact number that can still be computed with, and terms of a sum
MAX_BITS, MAX_TERMS = 200_000, 100_000


def affordable(expression: Any, table: Mapping[Any, Any], *, exact: bool) -> None:
    """Can the expression be evaluated at these numbers?

    Raises:
        DomainError: an exact power or binomial has too many digits, or a sum (also of floats) has too many terms.
    """
    if not any(_large(v) for v in table.values()):
        return
    table = {k: sp.sympify(v) for k, v in table.items()}
    kinds = (sp.Sum, sp.Product, sp.harmonic, sp.Pow, sp.binomial, sp.factorial) if exact else (sp.Sum, sp.Product)
    for part in sorted(expression.atoms(*kinds), key=sp.count_ops):  # what is inside comes before what it is inside of
        if isinstance(part, sp.Sum | sp.Product | sp.harmonic):
            for count in _counts(part):
                terms = count.xreplace(table)
                if terms.is_number and terms > MAX_TERMS:
                    raise DomainError(
                        f"the bound is a sum of {_short(terms)} terms; more than {MAX_TERMS} are not added up"
                    )
            continue
        if exact and _bits(part, table) > MAX_BITS:
            values = ", ".join(f"{k} = {_short(v)}" for k, v in table.items() if k in part.free_symbols)
            raise DomainError(
                f"the bound has more digits than can be computed with: {_short(part)} at {values}; "
                "give smaller numbers, or, in Python, a float among them"
            )


def _counts(part: Any) -> list[Any]:
    """The number of terms, in each direction."""
    if isinstance(part, sp.harmonic):
        return [part.args[0]]
    return [limit[2] - limit[1] for limit in part.limits if len(limit) == 3]


def _large(v: Any) -> bool:
    return (isinstance(v, sp.Rational) and max(abs(v.p), v.q) > 1000) or (isinstance(v, float) and abs(v) > 1000)


def _bits(part: Any, table: Mapping[Any, Any]) -> float:
    """Digits, to the base 2, of a power, a binomial or a factorial at these numbers."""
    if isinstance(part, sp.Pow):
        exponent = part.exp.xreplace(table)
        if not exponent.is_Rational or abs(exponent) <= 1:
            return 0
        base = part.base.xreplace(table)
        if not base.is_Rational or base in (-1, 0, 1):
            return 0
        return float(abs(exponent) * max(abs(base.p).bit_length(), base.q.bit_length()))
    count = part.args[-1].xreplace(table)
    if isinstance(part, sp.binomial) and count.is_number:
        count = sp.Min(count, part.args[0].xreplace(table) - count)
    if not count.is_Rational or count <= 1000:
        return 0
    return float(count * abs(part.args[0].xreplace(table).p).bit_length()) if count < 10**9 else float("inf")


def _short(x: Any) -> str:
    try:
        text = str(x)
    except ValueError:  # more digits than Python prints
        return "a number of thousands of digits"
    return text if len(text) <= 60 else text[:57] + "..."
