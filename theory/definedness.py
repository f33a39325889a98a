"""Where a sympy expression has a value, and whether its symbols are what a domain says: by symbol objects, never by text."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import sympy as sp

from gradproof.theory.errors import ProofFormatError
from gradproof.theory.field import Functions, Interval

#: assumptions of a symbol that say no more than that it is a real number; a whole number is said by its name
_REAL = {"commutative": True, "complex": True, "real": True, "finite": True, "hermitian": True, "imaginary": False,
         "infinite": False, "antihermitian": False, "integer": True, "rational": True, "algebraic": True,
         "irrational": False, "noninteger": False, "transcendental": False}  # fmt: skip
_SIGN = {("positive", True): ">", ("negative", True): "<", ("nonnegative", True): ">=", ("nonpositive", True): "<=",
         ("zero", False): "!=", ("nonzero", True): "!=", ("positive", False): "<=", ("negative", False): ">=",
         ("nonnegative", False): "<", ("nonpositive", False): ">"}  # fmt: skip


def named(e: sp.Basic) -> dict[str, sp.Symbol]:
    """The free symbols by name.

    Raises:
        ProofFormatError: two of them have one name, one is a dummy, or a number, an infinity or a matrix stands where a
            real expression should.
    """
    if not isinstance(e, sp.Expr):
        raise ProofFormatError(f"{str(e)[:60]} is no expression")
    if e.has(sp.nan, sp.zoo) or e in (sp.oo, -sp.oo):
        raise ProofFormatError(f"{str(e)[:60]} is no number")
    found: dict[str, sp.Symbol] = {}
    for s in e.free_symbols:
        if found.setdefault(s.name, s) is not s and found[s.name] != s:
            raise ProofFormatError(f"two symbols are called {s.name[:40]!r}; give them one object, or two names")
    return found


def element(e: sp.Expr, field: Functions) -> Any:
    """A rational function of the parameters, as an element of their field.

    Raises:
        ProofFormatError: it is none, it has no value on a part of the domain, or a symbol is not a parameter of the domain.
    """
    parameters = named(e)
    for name, s in parameters.items():
        _agrees(name, s, field)
    return _element(e, field)


def _element(e: sp.Expr, field: Functions) -> Any:
    if e.is_Rational:
        return field.read(Fraction(int(e.p), int(e.q)))
    if isinstance(e, sp.Symbol):
        return field[e.name]
    if e.is_Add or e.is_Mul:
        args = [_element(a, field) for a in e.args]
        out = args[0]
        for a in args[1:]:
            out = field.sum(out, a) if e.is_Add else field.product(out, a)
        return out
    if e.is_Pow and e.exp.is_Integer:
        base, exponent = _element(e.base, field), int(e.exp)
        if exponent < 0:
            if not field.nonzero(base):
                raise ProofFormatError(f"{str(e)[:60]} is not shown to have a value on the whole domain")
            base = 1 / base
        return field.power(base, abs(exponent))
    raise ProofFormatError(f"{str(e)[:60]} is no rational function of the parameters")


def _agrees(name: str, s: sp.Symbol, field: Functions) -> None:
    """A symbol's assumptions, by which sympy may have simplified, hold on the whole domain."""
    if type(s) is not sp.Symbol:
        raise ProofFormatError(f"{s} is a {type(s).__name__}: no domain can speak of it; use a Symbol")
    if name not in {d.name for d in field.domain}:
        raise ProofFormatError(f"the domain has no parameter {name[:40]!r}")
    x = field[name]
    for key, value in sorted(s.assumptions0.items(), key=lambda item: (not item[1], "_" in item[0])):
        fact = key.removeprefix("extended_")
        if _REAL.get(fact) is value:
            continue
        sign = _SIGN.get((fact, value))
        if sign is None or not holds(x, sign, field):
            raise ProofFormatError(
                f"the symbol {name} is assumed {'' if value else 'not '}{fact}, the domain does not say so"
            )


def holds(x: Any, sign: str, field: Functions) -> bool:
    """Whether an element has the sign ``>``, ``>=``, ``<``, ``<=`` or ``!=`` on the whole domain."""
    if sign == "!=":
        return field.positive(x) or field.positive(-x)
    return (field.nonnegative if "=" in sign else field.positive)(x if ">" in sign else -x)


# --- what else has a value only somewhere -------------------------------------------------------------------------


@dataclass(frozen=True)
class Condition:
    """``expression sign 0``, without which something in a formula has no (real) value."""

    expression: sp.Expr
    sign: str

    def __str__(self) -> str:
        return f"{self.expression} {self.sign} 0"


_FUNCTIONS: Mapping[Any, Callable[..., list[tuple[sp.Expr, str]]]] = {
    sp.log: lambda x, *b: [(x, ">"), *((y, ">") for y in b)],
    sp.LambertW: lambda x, *k: [(x + sp.exp(-1), ">=")],
    sp.asin: lambda x: [(1 - x**2, ">=")],
    sp.acos: lambda x: [(1 - x**2, ">=")],
    sp.atanh: lambda x: [(1 - x**2, ">")],
    sp.acosh: lambda x: [(x - 1, ">=")],
    sp.tan: lambda x: [(sp.cos(x), "!=")],
    sp.sec: lambda x: [(sp.cos(x), "!=")],
    sp.cot: lambda x: [(sp.sin(x), "!=")],
    sp.csc: lambda x: [(sp.sin(x), "!=")],
    sp.coth: lambda x: [(x, "!=")],
    sp.gamma: lambda x: [(x, ">")],
    sp.loggamma: lambda x: [(x, ">")],
    sp.digamma: lambda x: [(x, ">")],
    sp.polygamma: lambda n, x: [(x, ">")],
    sp.factorial: lambda x: [(x + 1, ">")],
    sp.harmonic: lambda x, *m: [(x + 1, ">")],
    sp.Mod: lambda x, m: [(m, "!=")],
}  # fmt: skip


def conditions(e: sp.Expr) -> Iterator[Condition]:
    """What has to hold for each part of an expression to have a real value; where a Piecewise guards it, nothing is asked."""
    if isinstance(e, sp.Piecewise | sp.Limit):
        return
    if isinstance(e, sp.Pow):
        whole, up = e.exp.is_integer, e.exp.is_nonnegative
        if not whole and not (e.base.is_nonnegative or e.base == sp.E):
            yield Condition(e.base, ">=" if up else ">")
        elif not up and e.base != sp.E and not e.base.is_nonzero:
            yield Condition(e.base, "!=")
    else:
        for kind, asks in _FUNCTIONS.items():
            if isinstance(e, kind):
                yield from (Condition(x, sign) for x, sign in asks(*e.args))
    for a in e.args:
        if isinstance(a, sp.Expr):
            yield from conditions(a)


def unshown(e: sp.Expr, domain: tuple[Interval, ...] = ()) -> list[Condition]:
    """The conditions that neither the symbols' assumptions nor the domain show, in irreducible factors."""
    left = [c for c in dict.fromkeys(conditions(e)) if not _shown(c, domain)]
    parts = [p for c in left for p in (_parts(c.expression) if c.sign == "!=" else [c])]
    return [c for c in dict.fromkeys(parts) if not _shown(c, domain)]


def _parts(e: sp.Expr) -> list[Condition]:
    """Factors that must not vanish; up to their sign, so that each is asked once."""
    numerator = sp.fraction(sp.together(e))[0]
    try:
        factors = [f for f, _ in sp.factor_list(numerator)[1]]
    except sp.PolynomialError:
        factors = [numerator]
    return [Condition(-f if f.could_extract_minus_sign() else f, "!=") for f in factors]


def _shown(c: Condition, domain: tuple[Interval, ...]) -> bool:
    x = c.expression
    assumed = {
        ">": x.is_positive,
        ">=": x.is_nonnegative,
        "!=": x.is_nonzero,
        "<": x.is_negative,
        "<=": x.is_nonpositive,
    }
    if assumed[c.sign]:
        return True
    try:
        intervals = domain or assumed_domain(x)
        if not intervals:
            return False
        field = Functions(intervals)
        return holds(element(x, field), c.sign, field)
    except ProofFormatError:
        return False


def assumed_domain(e: sp.Expr) -> tuple[Interval, ...]:
    """What the symbols' assumptions say as half-lines; none if one of them may be negative."""
    intervals = []
    for s in sorted(e.free_symbols, key=lambda s: s.name):
        least = 1 if s.is_integer and s.is_positive else 0
        if not s.is_nonnegative:
            return ()
        intervals.append(Interval(s.name, str(least), closed_low=bool(least) or not s.is_positive))
    return tuple(intervals)
