"""What a claim states, as a hash: evidence, counterexamples and rows of a ledger belong to a statement, not to an id."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import sympy as sp

from gradproof.theory.claim import Claim

#: the order of their arguments says nothing, and may differ between processes
_UNORDERED = (sp.Add, sp.Mul, sp.Max, sp.Min, sp.And, sp.Or, sp.FiniteSet, sp.Union, sp.Intersection)


def statement_of(claim: Claim) -> str:
    """Hash of all that decides whether the claim is true: 16 hexadecimal digits, the same in every process.

    Id, quantity, relation, bound, parameters with domains and sizes, assumptions, ``tight``, and whether it is known to be
    false. Title, remarks, source and the words for a parameter are left out: they may be improved without new evidence.
    """
    kept = vars(claim).get("_statement")
    if kept is None:
        kept = hashlib.sha256(json.dumps(_content(claim)).encode()).hexdigest()[:16]
        object.__setattr__(claim, "_statement", kept)  # frozen: it cannot change; a part of a second for a long bound
    return str(kept)


def _content(c: Claim) -> list[Any]:
    parameters = [[p.name, structure(p.domain), p.size] for p in c.parameters]
    assumptions = [[a.name, a.statement, "" if a.relation is None else structure(a.relation)] for a in c.assumptions]
    return [c.id, c.quantity, c.relation.value, structure(c.expression), parameters, assumptions, c.tight,
            bool(c.false_as_published)]  # fmt: skip


def structure(expression: Any) -> str:
    """The tree of a sympy expression as text that does not depend on the process (as the numbers of dummies do).

    >>> x, y = sp.symbols("x y")
    >>> structure(x + 2 * y) == structure(2 * y + x), structure(x < y) == structure(x <= y)
    (True, False)
    """
    if not isinstance(expression, sp.Basic):
        return repr(expression)
    if isinstance(expression, sp.Symbol):
        facts = expression.assumptions0
        shown = "".join(k[0] for k in ("positive", "nonnegative", "integer", "real") if facts.get(k))
        return f"{type(expression).__name__}:{expression.name}:{shown}"
    if isinstance(expression, sp.Float):
        return str(sp.srepr(expression))
    if not expression.args:
        return f"{type(expression).__name__}:{expression}"
    inner = [structure(a) for a in expression.args]
    if isinstance(expression, _UNORDERED):
        inner.sort()
    return f"{type(expression).__name__}({','.join(inner)})"
