"""Small made-up claims and methods, of which false derivations are made for testing checkers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sympy as sp

from gradproof.solvers.exact.derivation_attacks import Attack
from gradproof.theory import derivation as d
from gradproof.theory.assumption import Assumption
from gradproof.theory.claim import Claim
from gradproof.theory.evidence import Relation
from gradproof.theory.field import Interval
from gradproof.theory.paper import Paper
from gradproof.theory.parameter import COUNT, Parameter

PAPER = Paper(key="toy", authors=("Nobody",), year=2026, family="classical", title="False claims")
N = Parameter("N", "number of steps", COUNT)
a = Parameter("a", "a number")
b = Parameter("b", "another number")
ONE: d.Terms = (("1", "1"),)


def square(c: str, *names: str, **vector: str) -> d.Term:
    v = dict.fromkeys(names, "1") | vector
    return (c, v, v)


X, C, G = square("1", "x"), square("1", "c"), square("1", "g")


def toy_claim(
    bound: Any, *parameters: Parameter, relation: Relation = Relation.LE, assumes: tuple[Assumption, ...] = ()
) -> Claim:
    return Claim(
        id="toy.claim",
        paper=PAPER,
        title="A false claim",
        statement="false",
        parameters=parameters,
        assumptions=assumes,
        quantity="q",
        relation=relation,
        expression=sp.sympify(bound),
    )


def toy_method(step: Mapping[str, d.Vec] | None = None, **more: Any) -> d.Method:
    """x' = x/2 beside fixed vectors c, e and values f* and v; ``more`` replaces fields."""
    fields = {"step": step or {"x": {"x": "1/2"}}, "members": {}, "outputs": ("g",), "calls": {}, "values": ("f",)}
    return d.Method(**(fields | {"fixed": ("c", "x*"), "fixed_values": ("f*",)} | more))  # type: ignore[arg-type]


def assumed_to_be(name: str, relation: Any = None) -> Assumption:
    return Assumption(name, f"it is {name}", relation)


def forgery(
    name: str,
    claim: Claim,
    quantity: Any,
    tree: d.Case | d.Split | Mapping[str, d.Step],
    method: d.Method | None = None,
    initial: d.Terms = (X,),
    **formal: Any,
) -> Attack:
    words = {"quantity": claim.quantity} | {f"assumption {x.name}": x.statement for x in claim.assumptions}
    side = d.Formal(
        **({"method": method or toy_method(), "quantity": quantity, "initial": initial, "words": words} | formal)
    )
    return Attack(name, d.Derivation(side, d.Case((), tree) if isinstance(tree, Mapping) else tree), claim)


def one_step(target: d.Terms, index: str = "N", **more: Any) -> dict[str, d.Step]:
    return {"step": d.Inequality(target, index=index, **more)}


def negated(terms: d.Terms) -> d.Terms:
    return tuple((f"-({t[0]})", *t[1:]) for t in terms)  # type: ignore[misc]


HALF = d.Inequality((square("1", "x'"), square("-1/4", "x")))
ALL_OF_A = (Interval("a"),)
PIECE = (Interval("a", "0", "1"),)
A_SIGN = {"step": d.Inequality((square("a", "c"), square("-1", "c")), signs=(("1 - a", {"c": "1"}),), index="N")}


def one_case(domain: tuple[Interval, ...], steps: Mapping[str, d.Step], **more: Any) -> d.Case:
    return d.Case(domain, steps, **more)
