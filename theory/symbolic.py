"""Evidence that computer algebra gives: identities and inequalities that hold for all parameters.

Each decides itself: proved; refuted, with a point where it fails in exact arithmetic; or undecided.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import islice, product

import sympy as sp

from gradproof.theory.arguments import fields_of_type
from gradproof.theory.decimals import decimal
from gradproof.theory.definedness import element, named, unshown
from gradproof.theory.errors import DomainError, ProofFormatError, ProofRejected
from gradproof.theory.evidence import Outcome
from gradproof.theory.field import Functions, Interval

_DIGITS = 50  # precision of a refuting evaluation
_NONZERO = sp.Float("1e-25", _DIGITS)  # far above the error of 50-digit arithmetic on a formula of this size


@dataclass(frozen=True)
class Identity:
    """``expression == 0`` for all values that its symbols' assumptions allow, or on a domain.

    Args:
        domain: parameters in intervals; every symbol is one of them. The expression must be shown to have a value on all of
            it (``1/x`` has none at 0), else it is undecided. Without a domain the conditions under which it has one are
            part of what is proved, and ``decide`` says them. What sympy cancels while the formula is written (``x/x``) is not
            seen.
    """

    expression: sp.Expr
    what: str = ""
    domain: tuple[Interval, ...] = ()

    def __post_init__(self) -> None:
        if isinstance(self.expression, int | Fraction):
            object.__setattr__(self, "expression", sp.sympify(self.expression))
        fields_of_type(self)

    def decide(self) -> tuple[Outcome, str]:
        """The outcome and its reason; of an identity that is proved, where it holds, or empty text for everywhere."""
        name = self.what or "identity"
        e = self.expression
        try:
            symbols = named(e)
            if self.domain:
                field = Functions(self.domain)
                for s in symbols.values():
                    element(s, field)
        except ProofFormatError as error:
            return Outcome.UNDECIDED, f"{name}: {error}"
        point = self._nonzero_point(e)
        if point:
            return Outcome.REFUTED, f"{name} fails at {point}"
        where = ", ".join(map(str, unshown(e, self.domain)))
        if where and self.domain:
            return Outcome.UNDECIDED, f"{name}: it is not shown that {where[:200]} on the whole domain"
        for reduce in (sp.expand, lambda x: sp.cancel(sp.together(x)), sp.radsimp, sp.simplify):
            e = reduce(e)
            if e == 0:
                return Outcome.PROVED, where and f"where {where}"
        return Outcome.UNDECIDED, f"{name}: computer algebra leaves {str(e)[:200]}"

    def _nonzero_point(self, e: sp.Expr) -> str:
        """A point of the statement where the expression is certainly not zero, or empty text."""
        for values in self._points(e):
            try:
                value = decimal(e.subs(values), _DIGITS)
            except DomainError:
                continue
            if value.is_number and value.is_finite and abs(value) > _NONZERO:
                return ", ".join(f"{s} = {v}" for s, v in values.items()) + f": {sp.N(value, 6)} is left"
        return ""

    def _points(self, e: sp.Expr) -> Iterator[dict[sp.Symbol, sp.Expr]]:
        symbols = sorted(e.free_symbols, key=str)
        if self.domain:
            for at in islice(sample(Functions(self.domain)), 3):
                point = {s: sp.Rational(at[s.name].numerator, at[s.name].denominator) for s in symbols}
                if all(map(_admits, point, point.values())):
                    yield point
            return
        for shift in range(3):
            # integers whose differences change too, or what vanishes with n - f - 1 is never seen
            values = {
                s: sp.Integer(2 + k + shift * (k + 1))
                if s.is_integer
                else sp.Rational(2 * k + shift + 1, 2 * k + shift + 4)
                for k, s in enumerate(symbols)
            }
            point = {s: -v if s.is_nonpositive else v for s, v in values.items()}
            if all(map(_admits, point, point.values())):
                yield point


def _admits(s: sp.Symbol, value: sp.Expr) -> bool:
    """Whether the symbol's assumptions hold at a number; of matrices, numbers are those of size one."""
    facts = {key: fact for key, fact in s.assumptions0.items() if key != "commutative"}
    return all(getattr(value, f"is_{key}", None) in (fact, None) for key, fact in facts.items())


@dataclass(frozen=True)
class Inequality:
    """A rational function is >= 0 (or > 0) on a domain of parameters; see ``theory.field`` for how that is decided.

    A symbol of the expression is the parameter of its name; a text is read as coefficients of proofs are. What is no
    rational function of the parameters, or has no value on a part of the domain, is undecided. Square roots are removed
    first, by the substitution that the caller makes (``alpha = 1 - q^2``).
    """

    expression: sp.Expr | str
    domain: tuple[Interval, ...]
    strict: bool = False
    what: str = ""

    def __post_init__(self) -> None:
        fields_of_type(self)

    def decide(self) -> tuple[Outcome, str]:
        """The outcome and, unless proved, its reason."""
        name = self.what or "inequality"
        try:
            field = Functions(self.domain)
            written = isinstance(self.expression, str)
            e = field.defined(self.expression) if written else element(sp.sympify(self.expression), field)
            if field.positive(e) if self.strict else field.nonnegative(e):
                return Outcome.PROVED, ""
            for values in sample(field):
                value = field.at(e, values)
                if value < 0 or (self.strict and value == 0):
                    where = ", ".join(f"{k} = {v}" for k, v in values.items())
                    return Outcome.REFUTED, f"{name} fails at {where}: the value is {value}"
        except (ProofFormatError, ProofRejected) as error:
            return Outcome.UNDECIDED, f"{name}: {error}"
        return Outcome.UNDECIDED, f"{name}: the sign of {field.show(e)[:200]} is not shown on the domain"


def sample(field: Functions, most: int = 400) -> Iterator[dict[str, Fraction]]:
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
