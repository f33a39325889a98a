"""A claim's bound, compiled twice: for floats, where the search runs, and for exact numbers, where it is decided."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

import flint
import sympy as sp

from gradproof.experiments.instances.exact import FUNCTIONS, Exact
from gradproof.theory.claim import Claim, evaluate


def _rational(p: int, q: int = 1) -> Exact:
    return Exact(flint.fmpq(p, q))


def _undefined() -> Exact:
    raise ValueError("no piece of the bound applies")


_SPACE: dict[str, Any] = FUNCTIONS | {
    "undefined": _undefined,
    "Max": lambda *xs: max(xs),
    "Min": lambda *xs: min(xs),
    "Abs": abs,
    "floor": math.floor,
    "ceiling": math.ceil,
    "Rational": _rational,
    "pi": None,
}


def compile_exact(expression: sp.Expr, symbols: tuple[Any, ...]) -> Callable[..., Any]:
    """The expression as a function of exact numbers."""
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
            return "PI"
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
        if isinstance(e, sp.exp | sp.log | sp.Max | sp.Min | sp.Abs | sp.floor | sp.ceiling | sp.Function):
            return f"{type(e).__name__}({', '.join(map(show, e.args))})"
        return text.doprint(e)

    names = {s: f"x{k}" for k, s in enumerate(symbols)}
    source = f"lambda {', '.join(names.values())}: {show(sp.sympify(expression))}"
    pi = Exact(flint.arb.pi())
    return eval(source, _SPACE | {"PI": pi})  # the text is made above, from a sympy expression


@lru_cache(maxsize=256)
def _compiled(expression: sp.Expr, parameters: tuple[Any, ...]) -> tuple[Callable[..., Any], Callable[..., Any]]:
    symbols = tuple(p.symbol for p in parameters)
    return sp.lambdify(symbols, expression, "math"), compile_exact(expression, symbols)


def bound_in_floats(claim: Claim, values: Mapping[str, Any]) -> float:
    """The bound in double precision; NaN where it cannot be evaluated."""
    try:
        if any(p.size for p in claim.parameters):
            return float(evaluate(claim.expression, claim.read(values), claim.parameters))
        f, _ = _compiled(claim.expression, claim.parameters)
        return float(f(*(float(values[p.name]) for p in claim.parameters)))
    except OverflowError:
        return math.inf
    except (ArithmeticError, ValueError, TypeError):
        return math.nan


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
