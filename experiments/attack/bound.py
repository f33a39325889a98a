"""A claim's bound, compiled twice: for floats, where the search runs, and for exact numbers, where it is decided.

What ``math`` has no function for (sums, products, harmonic numbers, Lambert's W) is computed exactly or in balls, and rounded
for the search; integers stay integers. Where neither can, sympy's own numerical evaluation answers the search alone.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

import flint
import numpy as np
import sympy as sp

from gradproof.experiments.instances.exact import FUNCTIONS, Exact, Inexact, precision
from gradproof.theory.claim import Claim, evaluate
from gradproof.theory.decimals import decimal
from gradproof.theory.errors import DomainError

MOST_TERMS = 100_000  # of a sum or a product
#: what ``math`` evaluates at floats as it is
_PLAIN = (sp.exp, sp.log, sp.Max, sp.Min, sp.Abs, sp.sin, sp.cos, sp.tan, sp.tanh, sp.sinh, sp.cosh, sp.atan, sp.floor,
          sp.ceiling, sp.sign, sp.Piecewise)  # fmt: skip


def _rational(p: int, q: int = 1) -> Exact:
    return Exact(flint.fmpq(p, q))


def _undefined() -> Exact:
    raise ValueError("no piece of the bound applies")


def _beyond(what: str) -> Exact:
    raise Inexact(f"{what} has no exact value and no ball here")


def _integer(x: Any) -> int:
    x = Exact.of(x)
    if not x.rational or x.v.q != 1:
        raise ValueError(f"{x} is no integer")
    return int(x.v.p)


def _terms(low: Any, high: Any) -> range:
    a, b = _integer(low), _integer(high)
    if b - a > MOST_TERMS:
        raise Inexact(f"a sum of {b - a} terms")
    return range(a, b + 1)


def _sum(term: Callable[[Exact], Any], low: Any, high: Any) -> Exact:
    return sum((Exact.of(term(Exact.of(k))) for k in _terms(low, high)), Exact.of(0))


def _product(term: Callable[[Exact], Any], low: Any, high: Any) -> Exact:
    found = Exact.of(1)
    for k in _terms(low, high):
        found = found * term(Exact.of(k))
    return found


def _natural(x: Exact) -> bool:
    return x.rational and x.v.q == 1 and 0 <= x.v.p <= MOST_TERMS


def _harmonic(n: Any, order: Any = 1) -> Exact:
    n = Exact.of(n)
    if _natural(n):
        return _sum(lambda k: _rational(1) / k ** Exact.of(order), 1, n)
    if Exact.of(order).sign() != 1 or Exact.of(order) != 1:
        raise Inexact("a harmonic number of another order")
    return _finite(flint.arb((n + 1).v).digamma() + flint.arb.const_euler())


def _factorial(n: Any) -> Exact:
    n = Exact.of(n)
    if _natural(n):
        return Exact.of(math.factorial(int(n)))
    return _gamma(n + 1)


def _binomial(n: Any, k: Any) -> Exact:
    n, k = Exact.of(n), Exact.of(k)
    if _natural(n) and k.rational and k.v.q == 1:
        return Exact.of(math.comb(int(n), int(k)) if k.v >= 0 else 0)
    return _gamma(n + 1) / (_gamma(k + 1) * _gamma(n - k + 1))


def _gamma(x: Any) -> Exact:
    x = Exact.of(x)
    if x.rational and x.v.q == 1 and x.v <= 0:
        raise ZeroDivisionError("a pole of the gamma function")
    return _finite(flint.arb(x.v).gamma())


def _lambert(x: Any, branch: Any = 0) -> Exact:
    x, k = Exact.of(x), _integer(branch)
    if x.rational and x.v == 0 and k == 0:
        return x
    return _finite(flint.arb(x.v).lambertw(k))


def _finite(v: Any) -> Exact:
    if not v.is_finite():
        raise ValueError("the bound is no finite number")
    return Exact(v)


def _arb(name: str) -> Callable[[Any], Exact]:
    return lambda x: _finite(getattr(flint.arb(Exact.of(x).v), name)())


_SPACE: dict[str, Any] = FUNCTIONS | {
    "undefined": _undefined,
    "beyond": _beyond,
    "Max": lambda *xs: max(xs),
    "Min": lambda *xs: min(xs),
    "Abs": abs,
    "sign": lambda x: Exact.of(Exact.of(x).sign()),
    "floor": math.floor,
    "ceiling": math.ceil,
    "Rational": _rational,
    "PI": lambda: Exact(flint.arb.pi()),
    "EULER": lambda: Exact(flint.arb.const_euler()),
    "total": _sum,
    "product": _product,
    "harmonic": _harmonic,
    "factorial": _factorial,
    "binomial": _binomial,
    "gamma": _gamma,
    "LambertW": _lambert,
    "asin": _arb("asin"),
    "acos": _arb("acos"),
    "erf": _arb("erf"),
    "erfc": _arb("erfc"),
    "zeta": _arb("zeta"),
    "loggamma": _arb("lgamma"),
    "digamma": _arb("digamma"),
}


def compile_exact(expression: sp.Expr, symbols: tuple[Any, ...]) -> Callable[..., Any]:
    """The expression as a function of exact numbers.

    It raises ``Inexact`` where a part of the expression has no exact value and no ball, ``ArithmeticError`` or
    ``ValueError`` where it is undefined.
    """
    text = sp.printing.lambdarepr.LambdaPrinter(
        {"fully_qualified_modules": False, "user_functions": {}, "allow_unknown_functions": True}
    )

    def show(e: sp.Basic) -> str:
        if e.is_Symbol:
            return names[e]
        if e.is_Rational:
            return f"Rational({e.p}, {e.q})"
        if e.is_Float:
            r = sp.Rational(str(e)) if len(str(e)) < 17 else sp.Rational(e)
            return f"Rational({r.p}, {r.q})"
        if e is sp.pi:
            return "PI()"
        if e is sp.EulerGamma:
            return "EULER()"
        if e.is_infinite:
            return "beyond('an infinite sum')"
        if e is sp.E:
            return "exp(Rational(1))"
        if e.is_Add:
            return "(" + " + ".join(map(show, e.args)) + ")"
        if e.is_Mul:
            return "(" + " * ".join(map(show, e.args)) + ")"
        if e.is_Pow:
            base, power = e.args
            if power == sp.Rational(1, 2):
                return f"sqrt({show(base)})"
            if power == sp.Rational(-1, 2):
                return f"(Rational(1) / sqrt({show(base)}))"
            return f"({show(base)} ** {show(power)})"
        if isinstance(e, sp.Sum | sp.Product):
            name, inner = "total" if isinstance(e, sp.Sum) else "product", e.function
            ends = []
            for index, *limits in e.limits:  # the first is the innermost
                names[index] = f"k{len(names)}"
                ends.append((names[index], limits))
            body = show(inner)
            for index_, limits in ends:
                body = f"{name}(lambda {index_}: {body}, {', '.join(map(show, limits))})"
            return body
        if isinstance(e, sp.Piecewise):
            text_ = "undefined()"
            for value, condition in reversed(e.args):
                text_ = show(value) if condition == sp.true else f"({show(value)} if {show(condition)} else {text_})"
            return text_
        if isinstance(e, sp.Rel):
            return f"({show(e.lhs)} {e.rel_op} {show(e.rhs)})"
        if isinstance(e, sp.And | sp.Or):
            return "(" + (" and " if isinstance(e, sp.And) else " or ").join(map(show, e.args)) + ")"
        if e in (sp.true, sp.false):
            return str(bool(e))
        if isinstance(e, sp.Function) and type(e).__name__ not in _SPACE:
            return f"beyond('the function {type(e).__name__}')"
        if isinstance(e, sp.exp | sp.log | sp.Max | sp.Min | sp.Abs | sp.floor | sp.ceiling | sp.Function):
            return f"{type(e).__name__}({', '.join(map(show, e.args))})"
        return text.doprint(e)

    names = {s: f"x{k}" for k, s in enumerate(symbols)}
    source = f"lambda {', '.join(names.values())}: {show(sp.sympify(expression))}"
    return eval(source, dict(_SPACE))  # the text is made above, from a sympy expression


@lru_cache(maxsize=256)
def _compiled(expression: sp.Expr, parameters: tuple[Any, ...]) -> tuple[Callable[..., Any], Callable[..., Any]]:
    symbols = tuple(p.symbol for p in parameters)
    exactly = compile_exact(expression, symbols)
    special = expression.has(sp.Sum, sp.Product) or any(
        not isinstance(f, _PLAIN) for f in expression.atoms(sp.Function, sp.Max, sp.Min)
    )
    if not special:
        return sp.lambdify(symbols, expression, "math"), exactly

    def rounded(*values: Any) -> float:
        try:
            with precision(128):
                return Exact.of(exactly(*map(Exact.of, values))).approximate()
        except Inexact:  # no function of exact numbers, or no ball that is small enough
            return _numerically(expression, dict(zip(symbols, values, strict=True)))

    return rounded, exactly


def _numerically(expression: sp.Expr, values: Mapping[Any, Any]) -> float:
    """Sympy's own evaluation, to 30 digits; NaN where it is no real number, or its digits are not found."""
    try:
        found = decimal(expression.subs({s: sp.Rational(v) for s, v in values.items()}).doit(), 30)
    except DomainError:
        return math.nan
    return float(found) if found.is_real else math.nan


def bound_in_floats(claim: Claim, values: Mapping[str, Any]) -> float:
    """The bound in double precision; NaN where it cannot be evaluated."""
    try:
        if any(p.size for p in claim.parameters):
            return float(evaluate(claim.expression, claim.read(values), claim.parameters))
        f, _ = _compiled(claim.expression, claim.parameters)
        return float(f(*(_plain(values[p.name]) for p in claim.parameters)))
    except OverflowError:
        return math.inf
    except (ArithmeticError, ValueError, TypeError):
        return math.nan


def _plain(x: Any) -> Any:
    """An integer as it is, all else as a float."""
    return int(x) if isinstance(x, int | np.integer) and abs(int(x)) < 2**53 else float(x)


def bound_exactly(claim: Claim, values: Mapping[str, Any]) -> Exact:
    """The bound as an exact number or a ball. ``values`` holds exact numbers."""
    if any(p.size for p in claim.parameters):
        plain = {
            n: tuple(sp.Rational(*_pq(x)) for x in v) if isinstance(v, list | tuple) else sp.Rational(*_pq(v))
            for n, v in values.items()
        }
        found = sp.nsimplify(evaluate(claim.expression, claim.read(plain), claim.parameters))
        return Exact.of(compile_exact(found, ())())
    _, f = _compiled(claim.expression, claim.parameters)
    return Exact.of(f(*(Exact.of(values[p.name]) for p in claim.parameters)))


def _pq(x: Any) -> tuple[int, int]:
    f = Exact.of(x).fraction()
    return f.numerator, f.denominator
