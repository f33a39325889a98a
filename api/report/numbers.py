"""A measurement as text: what a page shows of a number, its bound and its error."""

from __future__ import annotations

import ast
import hashlib
import math
import operator
import re
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from gradproof.theory.evidence import Measurement, Relation


@dataclass(frozen=True)
class MeasuredView:
    """The measurement nearest to its bound, in a reader's numbers."""

    what: str
    measured: str
    bound: str
    relation: str
    violated: bool
    error: str
    parameters: tuple[tuple[str, str], ...]
    ratio: float | None  # measured / bound, where that has a meaning
    test: str
    seed: int | None
    n: int


def slug(name: str) -> str:
    """A file name for any id: ids of the library stay as they are, others get a hash.

    >>> slug("ef21.pl")
    'ef21.pl'
    >>> slug("../x").startswith("x-")
    True
    """
    plain = re.sub(r"[^A-Za-z0-9._-]+", "-", name).strip(".-")[:80]
    return plain if plain == name else f"{plain}-{hashlib.sha256(name.encode()).hexdigest()[:8]}".lstrip("-")


def measured(m: Measurement, relation: Relation) -> MeasuredView:
    """A measurement as text, with the ratio of its bar."""
    r = m.relation or relation
    a, b = _float(m.measured), _float(m.bound)
    ratio = None
    if a is not None and b is not None and a >= 0 and b > 0 and r in (Relation.LE, Relation.GE):
        ratio = a / b if r is Relation.LE else (b / a if a > 0 else None)
    low, high = _float(m.low), _float(m.high)
    error = "exact arithmetic"
    if m.source != "exact":
        ends = low is not None and high is not None and math.isfinite(low) and math.isfinite(high)
        if not ends or m.level is not None or a is None:
            error = f"in [{number(m.low)}, {number(m.high)}]"
        else:
            assert low is not None
            assert high is not None
            error = f"± {number(max(high - a, a - low))} ({m.source})"
    test = f"{m.test}, each limit fails with probability {number(m.level / 2)} at most" if m.level else ""
    parameters = tuple((k, number(v)) for k, v in m.parameters.items())
    over = _over(m, r)
    sign = {"<=": "≤>", ">=": "≥<", "==": "=≠", "iff": "=≠"}[r.value][over]
    return MeasuredView(m.what or "measured", number(m.measured), number(m.bound), sign, over, error, parameters, ratio,
                        test, m.seed, m.n)  # fmt: skip


def _over(m: Measurement, relation: Relation) -> bool:
    """Is the relation broken by more than the error? For the sign on the page; the verdict is the ledger's."""
    low, high, bound = _float(m.low), _float(m.high), _float(m.bound)
    if low is None or high is None or bound is None or math.isnan(low + high + bound):
        return False
    slack = 1e-15 * abs(bound)
    above, below = low > bound + slack, high < bound - slack
    return {Relation.LE: above, Relation.GE: below}.get(relation, above or below)


def number(v: Any) -> str:
    """Six digits of a number beside its exact form where that is short; any other value as text.

    >>> number("1/3"), number(0.25), number("sqrt(2)"), number("top-k")
    ('1/3 = 0.333333', '0.25', 'sqrt(2) = 1.41421', 'top-k')
    """
    if isinstance(v, list | tuple):
        return "(" + ", ".join(number(x) for x in v[:8]) + (", …" if len(v) > 8 else "") + ")"
    if isinstance(v, bool) or v is None:
        return str(v)
    value = _float(v)
    if value is None:
        return str(v)[:200]
    short = f"{value:.6g}"
    if not isinstance(v, str) or v == short or re.fullmatch(r"[-+]?\d+(\.\d*)?(e[-+]?\d+)?", v):
        return short
    return f"{v} = {short}" if len(v) <= 24 else short


def _float(v: Any) -> float | None:
    """A number, also one that the ledger keeps as the text of an exact number; ``None`` for anything else."""
    try:
        return float(v)
    except (TypeError, ValueError):
        pass
    if isinstance(v, str) and re.fullmatch(r"-?\d{1,4000}/\d{1,4000}", v):
        try:
            return float(Fraction(v))
        except (ZeroDivisionError, OverflowError):
            return None
    if not isinstance(v, str) or len(v) > 200:
        return None
    try:
        return _value(ast.parse(v, mode="eval").body)
    except (SyntaxError, ValueError, ArithmeticError, RecursionError, MemoryError, TypeError):
        return None


_OPERATIONS = {ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv,
               ast.Pow: operator.pow}  # fmt: skip


def _value(node: ast.expr) -> float:
    """Arithmetic with square roots in floats. A ledger may come from a stranger: nothing else is read."""
    match node:
        case ast.Constant(value=int() | float() as v):
            return float(v)
        case ast.UnaryOp(op=ast.USub(), operand=x):
            return -_value(x)
        case ast.BinOp(left=x, op=op, right=y) if type(op) in _OPERATIONS:
            return float(_OPERATIONS[type(op)](_value(x), _value(y)))
        case ast.Call(func=ast.Name(id="sqrt"), args=[x], keywords=[]):
            return math.sqrt(_value(x))
    raise ValueError("not a number")
