"""Claims of one's own: state a claim in a few lines, attach instances and a measured quantity, and get the checks.

``own_claim`` writes a :class:`Claim` from short texts. ``experiment`` attaches to a claim (own or built in) how instances
are drawn and what is measured on them; verify, falsify, mutants and necessity follow from that.
"""

from __future__ import annotations

import keyword
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date
from typing import Any

import sympy as sp
from sympy.parsing.sympy_parser import parse_expr, rationalize, standard_transformations

from gradproof.experiments.attack.evidence import attach as attach_experiment
from gradproof.experiments.attack.experiment import Experiment
from gradproof.theory.arguments import listed, of_type, shown
from gradproof.theory.assumption import Assumption
from gradproof.theory.claim import Claim
from gradproof.theory.errors import ParameterError
from gradproof.theory.evidence import Relation
from gradproof.theory.paper import Paper
from gradproof.theory.parameter import COUNT, POSITIVE, Parameter, spelt
from gradproof.theory.registry import register

_COUNTS = re.compile(r"\b(number|count) of\b")


def own_claim(
    id: str,
    title: str = "",
    *,
    parameters: Mapping[str, str | tuple[str, sp.Set] | Parameter],
    bound: str | sp.Expr,
    quantity: str,
    assumptions: Mapping[str, str | tuple[str, str]] | None = None,
    relation: str = "<=",
    statement: str = "",
    paper: Paper | None = None,
    tight: bool = False,
) -> Claim:
    """State and register a claim.

    Args:
        id: ``key.name``, e.g. ``mine.gd-rate``; the key groups your claims.
        title: one line, in words.
        parameters: name -> meaning, or (meaning, domain), or a ``Parameter``. The domain is the positive numbers, and
            1, 2, 3, ... where the meaning says "number of".
        bound: the right-hand side in the parameters, as text (``"L*R**2/(4*N + 2)"``; decimals are read exactly) or sympy.
        quantity: the left-hand side, in LaTeX or words.
        assumptions: name -> words, or a relation between parameters (``"gamma <= 1/L"``), or (words, relation).
        relation: ``<=``, ``>=``, ``==``, or ``iff``: a property holds exactly up to the bound, which is either measured itself,
            or, with the name of an argument as quantity, met from both sides (see :func:`experiment`).
        statement: the whole statement, where the title and the bound do not say it.
        paper: the source; by default your own.
        tight: the bound is attained by some instance.

    Raises:
        ParameterError: a text cannot be read, or uses a symbol that is no parameter.
    """
    for name, text in {
        "id": id,
        "title": title,
        "quantity": quantity,
        "relation": relation,
        "statement": statement,
    }.items():
        of_type(text, str, f"{name} of a claim", "a text")
    of_type(paper, (Paper, type(None)), "the paper of a claim", "a Paper")
    key = id.split(".")[0]
    for name, given in {"parameters": parameters, "assumptions": {} if assumptions is None else assumptions}.items():
        if not isinstance(given, Mapping) or not all(isinstance(k, str) for k in given):
            raise ParameterError(f"{shown(id)}: {name} is a dictionary name -> meaning, got {shown(given)}")
    if relation not in {r.value for r in Relation}:
        raise ParameterError(f"{id}: relation {shown(relation)} is none of {', '.join(r.value for r in Relation)}")
    ps = tuple(_parameter(name, p) for name, p in parameters.items())
    if len({p.name for p in ps}) < len(ps):
        raise ParameterError(
            f"{id}: two parameters have one name, as Python reads names: {', '.join(p.name for p in ps)}"
        )
    symbols = {p.name: p.symbol for p in ps} | {p.size: sp.Symbol(p.size, positive=True) for p in ps if p.size}
    claim = Claim(
        id=id,
        paper=paper or Paper(key=key, authors=("own claim",), title=key, year=date.today().year, family="own"),
        title=title or id,
        statement=statement,
        parameters=ps,
        assumptions=tuple(_assumption(name, a, symbols, id) for name, a in (assumptions or {}).items()),
        quantity=spelt(quantity) if quantity.isidentifier() else quantity,
        relation=Relation(relation),
        expression=_parse(bound, symbols, f"{id}: the bound"),
        confidence="own",
        tight=tight,
    )
    if not statement:
        claim = replace(claim, statement=f"{claim.title}: ${claim.latex}$")
    register(claim)
    return claim


def experiment(
    claim: Claim,
    *,
    needs: tuple[str, ...] = (),
    name: str = "",
    at_most: str | float | sp.Expr | None = None,
    **draws: Any,
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Attach to a claim how instances are drawn, and (the decorated function) what is measured on one.

    The arguments of the function are drawn by name: from ``draws``; else, if the name is a parameter of the claim, from its
    domain and the assumptions that relate it to other parameters; ``rng`` is a NumPy generator (the measured quantity is then
    random, and its expectation is what the claim bounds).

    Args:
        claim: the claim that speaks of these instances.
        needs: assumptions that the claim needs: for each a control is registered, which must find a violation without it.
        name: of the check; by default the function's.
        at_most: a random quantity lies between 0 and this (text in the parameters, or a number): needed where the claim bounds
            its expectation from below.
        draws: name -> a Hypothesis strategy; or a function of other names (and of ``drop``, the set of assumptions that
            need not hold) that returns a strategy, or the value itself.

    The function returns the measured quantity; or (quantity, {parameter: value}) for parameters that the instance determines;
    or a ``Measurement``, whose error is then taken off. For ``relation="iff"`` with the name of an argument as quantity it
    returns whether the property holds there: True up to the bound, False beyond it.

    Raises:
        ParameterError: a name is neither given nor a parameter, or names depend on each other in a circle.
    """

    of_type(claim, Claim, "the claim of an experiment", "a Claim")
    of_type(name, str, "the name of an experiment", "a text")
    listed(needs, str, "needs", "names of assumptions")

    def attach(function: Callable[..., Any]) -> Callable[..., Any]:
        of_type(function, Callable, "an experiment", "a function")
        symbols = {p.name: p.symbol for p in claim.parameters if not p.size}
        most = None if at_most is None else _parse(at_most, symbols, f"{claim.id}: at_most")
        drawn = {spelt(k): v for k, v in draws.items()}
        called = name or getattr(function, "__name__", type(function).__name__)
        made = Experiment(claim, called, drawn, function, at_most=most)
        made.order  # noqa: B018 -- names are checked now, not at the first run
        attach_experiment(made, needs)
        return function

    return attach


def _parameter(name: str, given: str | tuple[str, sp.Set] | Parameter) -> Parameter:
    if isinstance(given, Parameter):
        return given
    if keyword.iskeyword(name):
        raise ParameterError(
            f"{name!r} is a word of Python's own and cannot be an argument; call the parameter {name}_ or lam"
        )
    if not isinstance(given, str) and not (isinstance(given, tuple) and len(given) == 2):
        raise ParameterError(f"parameter {name}: give its meaning, or (meaning, domain), got {shown(given)}")
    meaning, domain = given if isinstance(given, tuple) else (given, COUNT if _COUNTS.search(given) else POSITIVE)
    if not isinstance(domain, sp.Set):
        raise ParameterError(
            f"parameter {name}: its domain {shown(domain)} is no set; give a sympy set such as Interval(0, 1) or "
            "Interval.open(0, oo)"
        )
    return Parameter(name, meaning, domain)


def _assumption(name: str, given: str | tuple[str, str], symbols: Mapping[str, Any], where: str) -> Assumption:
    words, relation = given if isinstance(given, tuple) else (given, "")
    if not relation and re.search("[<>]|==", words) and "$" not in words:
        relation = words
    if not relation:
        return Assumption(name, words)
    parts = re.split(r"(<=|>=|==|<|>)", relation)
    if len(parts) != 3:
        raise ParameterError(
            f"{where}: assumption {name}: {relation!r} is not of the form 'a <= b'; write a chain as two assumptions, and "
            "mathematics in words between dollars"
        )
    left, right = (_parse(p, symbols, f"{where}: assumption {name}") for p in (parts[0], parts[2]))
    make = {"<=": sp.Le, ">=": sp.Ge, "<": sp.Lt, ">": sp.Gt, "==": sp.Eq}[parts[1]]
    formal = make(left, right, evaluate=False)
    return Assumption(name, f"${sp.latex(formal)}$" if words == relation else words, formal)


def _parse(text: str | sp.Expr, symbols: Mapping[str, Any], where: str) -> sp.Expr:
    if isinstance(text, sp.Expr):
        return text
    if isinstance(text, str):
        text = re.sub(r"\w+", lambda m: spelt(m[0]) if m[0].isidentifier() else m[0], text)  # names, not numbers
    if isinstance(text, int | float) and not isinstance(text, bool) and math.isfinite(text):
        return sp.Rational(str(text))
    if not isinstance(text, str):
        raise ParameterError(f"{where} is {shown(text)}; give a formula, as text or in sympy")
    functions = {
        n: getattr(sp, n) for n in (
            "sqrt", "exp", "log", "Max", "Min", "Abs", "sin", "cos", "pi", "floor", "ceiling", "Sum", "Product", "harmonic",
            "factorial", "binomial", "gamma", "LambertW",
        )
    }  # fmt: skip
    functions |= {"max": sp.Max, "min": sp.Min, "abs": sp.Abs}
    try:
        found = parse_expr(
            text.replace("^", "**"), local_dict=functions | dict(symbols),
            transformations=(*standard_transformations, rationalize),
        )  # fmt: skip
    except Exception as error:  # the parser raises what Python's does
        raise ParameterError(f"{where} cannot be read: {shown(text)}: {shown(str(error))}") from None
    if not isinstance(found, sp.Expr):
        raise ParameterError(f"{where} is no formula: {shown(text)}")
    known = (*functions.values(), sp.Max, sp.Min)
    foreign = sorted({type(x).__name__ for x in found.atoms(sp.Function) if type(x) not in known})
    if foreign:
        raise ParameterError(
            f"{where} uses the function {', '.join(map(_cut, foreign))}; it may use {', '.join(sorted(functions))}"
        )
    unknown = sorted(str(s) for s in found.free_symbols if s not in symbols.values() and str(s) not in symbols)
    if unknown:
        raise ParameterError(
            f"{where} uses {', '.join(map(_cut, unknown))}, which is no parameter; declare it in parameters"
        )
    return found


def _cut(name: str) -> str:
    return name if len(name) <= 80 else name[:77] + "..."
