"""Evidence that computer algebra gives: identities and inequalities that hold for all parameters.

Each decides itself: proved; refuted, with a point where it fails in exact arithmetic; or undecided.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import product

import sympy as sp

from gradproof.theory.arguments import fields_of_type
from gradproof.theory.errors import ProofFormatError, ProofRejected
from gradproof.theory.evidence import Outcome
from gradproof.theory.field import Functions, Interval

_DIGITS = 50  # precision of a refuting evaluation
_NONZERO = sp.Float("1e-25", _DIGITS)  # far above the error of 50-digit arithmetic on a formula of this size


@dataclass(frozen=True)
class Identity:
    """``expression == 0`` identically in its symbols."""

    expression: sp.Expr
    what: str = ""

    def __post_init__(self) -> None:
        if isinstance(self.expression, int | Fraction):
            object.__setattr__(self, "expression", sp.sympify(self.expression))
        fields_of_type(self)

    def decide(self) -> tuple[Outcome, str]:
        """The outcome and, unless proved, its reason."""
        name = self.what or "identity"
        e = self.expression
        point = self._nonzero_point(e)
        if point:
            return Outcome.REFUTED, f"{name} fails at {point}"
        for reduce in (sp.expand, lambda x: sp.cancel(sp.together(x)), sp.radsimp, sp.simplify):
            e = reduce(e)
            if e == 0:
                return Outcome.PROVED, ""
        return Outcome.UNDECIDED, f"{name}: computer algebra leaves {str(e)[:200]}"

    @staticmethod
    def _nonzero_point(e: sp.Expr) -> str:
        """A point where the expression is certainly not zero, or empty text."""
        symbols = sorted(e.free_symbols, key=str)
        for shift in range(3):
            # integers whose differences change too, or what vanishes with n - f - 1 is never seen
            values = {
                s: sp.Integer(2 + k + shift * (k + 1))
                if s.is_integer
                else sp.Rational(2 * k + shift + 1, 2 * k + shift + 4)
                for k, s in enumerate(symbols)
            }
            value = sp.N(e.subs(values), _DIGITS)
            if value.is_number and value.is_finite and abs(value) > _NONZERO:
                return ", ".join(f"{s} = {v}" for s, v in values.items()) + f": {sp.N(value, 6)} is left"
        return ""


@dataclass(frozen=True)
class Inequality:
    """A rational function is >= 0 (or > 0) on a domain of parameters; see ``theory.field`` for how that is decided.

    Square roots are removed first, by the substitution that the caller makes (``alpha = 1 - q^2``).
    """

    expression: sp.Expr | str
    domain: tuple[Interval, ...]
    strict: bool = False
    what: str = ""

    def __post_init__(self) -> None:
        fields_of_type(self)

    def decide(self) -> tuple[Outcome, str]:
        """The outcome and, unless proved, its reason."""
        field = Functions(self.domain)
        name = self.what or "inequality"
        try:
            text = self.expression if isinstance(self.expression, str) else str(sp.together(self.expression))
            e = field.read(text)
            if field.positive(e) if self.strict else field.nonnegative(e):
                return Outcome.PROVED, ""
            for values in _sample(field):
                value = field.at(e, values)
                if value < 0 or (self.strict and value == 0):
                    where = ", ".join(f"{k} = {v}" for k, v in values.items())
                    return Outcome.REFUTED, f"{name} fails at {where}: the value is {value}"
        except (ProofFormatError, ProofRejected) as error:
            return Outcome.UNDECIDED, f"{name}: {error}"
        return Outcome.UNDECIDED, f"{name}: the sign of {field.show(e)[:200]} is not shown on the domain"


def _sample(field: Functions, most: int = 400) -> Iterator[dict[str, Fraction]]:
    """Rational points of a domain, coarse to fine."""
    for count, fractions in enumerate(
        product((Fraction(1, 2), Fraction(1, 9), Fraction(8, 9)), repeat=len(field.domain))
    ):
        if count == most:
            return
        values: dict[str, Fraction] = {}
        for d, t in zip(field.domain, fractions, strict=True):
            low = field.end(d.low, values)
            values[d.name] = low + (field.end(d.high, values) - low) * t if d.high else low + t / (1 - t)
        if not field.contains(values):
            yield values
