"""A claim: one statement of a paper as frozen, typed data that can be evaluated, typeset and taken apart."""

from __future__ import annotations

import difflib
import html
import math
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import lru_cache
from typing import Any

import sympy as sp

from gradproof.theory.arguments import fields_of_type, listed, of_type, shown
from gradproof.theory.assumption import Assumption
from gradproof.theory.decimals import decimal
from gradproof.theory.errors import DomainError, ParameterError
from gradproof.theory.evidence import Relation
from gradproof.theory.paper import Paper
from gradproof.theory.parameter import Parameter, is_array, pretty_set, spelt
from gradproof.theory.size import affordable
from gradproof.theory.text import plain

#: Rounding slack for relations between floats: 2^-40 of the size of the two sides. Sixteen-digit inputs pushed through
#: a step-size formula of a dozen operations lose at most a few units of 2^-52.
ROUNDING = 2.0**-40

CONFIDENCE = {
    "verified": "checked symbolically or numerically for this library",
    "derived": "derived for this library",
    "recalled": "source not verified",
    "own": "its author's own",
}


LIBRARY, PROMPT = "", "<prompt>"


def _stated_in() -> str:
    """The file whose execution states a claim now: that of the nearest module that is being run."""
    frame = sys._getframe(1)
    while frame is not None and frame.f_code.co_name != "<module>":
        frame = frame.f_back  # type: ignore[assignment]
    name = frame.f_globals.get("__name__", "__main__") if frame is not None else "__main__"
    if name == "__main__":
        return PROMPT
    return LIBRARY if name.partition(".")[0] == "gradproof" else frame.f_code.co_filename


@dataclass(frozen=True, kw_only=True)
class Claim:
    """``quantity relation expression`` for every instance that satisfies the assumptions.

    Args:
        id: ``paper.name``, ASCII, e.g. ``ef21.nonconvex-am``.
        paper: the source.
        title: one line, in words.
        statement: the whole statement in words and LaTeX (mathematics between dollars).
        parameters: what ``expression`` and the assumptions depend on.
        assumptions: named hypotheses; relations among them are checked on evaluation.
        quantity: LaTeX of the left-hand side.
        relation: how the quantity stands to the bound.
        expression: the bound, a sympy expression in ``p.symbol`` for p in ``parameters``.
        where: theorem, lemma or section in the source.
        confidence: ``verified``, ``derived`` or ``recalled``; ``own`` for a statement that the user makes.
        remark: what a reader should know besides (corrections, conventions).
        tight: the bound is attained by some instance.
        false_as_published: for a statement that was published and is false: why, and what is true instead. Its checks must
            refute it, and its controls must hold once the error is repaired.
        file: the user's file that states it; empty for a claim of the library, ``<prompt>`` for one of a notebook, a script or
            a test. Found by itself, kept by ``replace``, and no part of what is claimed.
    """

    id: str
    paper: Paper
    title: str
    statement: str
    parameters: tuple[Parameter, ...]
    assumptions: tuple[Assumption, ...]
    quantity: str
    relation: Relation
    expression: sp.Expr
    where: str = ""
    confidence: str = "verified"
    remark: str = ""
    tight: bool = False
    false_as_published: str = ""
    file: str = field(default_factory=lambda: _stated_in(), compare=False, repr=False)

    def __post_init__(self) -> None:
        if isinstance(self.expression, int | float | Fraction):
            object.__setattr__(self, "expression", sp.sympify(self.expression))
        fields_of_type(self)
        if not self.id.isprintable():
            raise ParameterError(f"claim id {shown(self.id)} has characters that cannot be printed on one line")
        if self.confidence not in CONFIDENCE:
            raise ParameterError(f"{self.id}: confidence {shown(self.confidence)} is none of {', '.join(CONFIDENCE)}")
        if self.id.split(".")[0] != self.paper.key:
            raise ParameterError(f"claim id {shown(self.id)} must start with its paper's key, {shown(self.paper.key)}")
        why = no_real_number(self.expression, plainly=self.file == LIBRARY)
        if why:
            raise ParameterError(
                f"{self.id}: the bound {shown(self.expression)} {why}; state a real, finite expression"
            )
        known = {str(p.name) for p in self.parameters} | {p.size for p in self.parameters if p.size}
        used = {str(s) for s in self.expression.free_symbols if not isinstance(s, sp.Indexed)}
        for a in self.assumptions:
            if a.relation is not None:
                used |= {str(s) for s in a.relation.free_symbols if not isinstance(s, sp.Indexed)}
        if used - known:
            raise ParameterError(f"{self.id}: no parameter declares the symbol(s) {', '.join(sorted(used - known))}")

    # --- taking it apart -------------------------------------------------------------------------------------------

    def parameter(self, name: str) -> Parameter:
        """The parameter of that name. Raises ``ParameterError`` with the nearest name."""
        of_type(name, str, "the name of a parameter", "a text")
        for p in self.parameters:
            if p.name == spelt(name):
                return p
        raise ParameterError(f"{self.id} has no parameter {shown(name)}; {self._did_you_mean(name)}")

    def assumption(self, name: str) -> Assumption:
        """The assumption of that name. Raises ``ParameterError`` with those that exist."""
        of_type(name, str, "the name of an assumption", "a text")
        for a in self.assumptions:
            if a.name == name:
                return a
        raise ParameterError(
            f"{self.id} has no assumption {shown(name)}; it has {', '.join(a.name for a in self.assumptions)}"
        )

    @property
    def standing(self) -> str:
        """How far the statement was verified, in words."""
        return "refuted by this library" if self.false_as_published else CONFIDENCE[self.confidence]

    @property
    def key(self) -> tuple[str, str]:
        """File and id: under what the claim, its checks and its experiments are registered."""
        return self.file, self.id

    def with_bound(self, expression: Any, *, suffix: str = "mutant") -> Claim:
        """The same statement with another bound: how mutants are made."""
        of_type(suffix, str, "the suffix of a variant", "a text")
        return replace(self, id=f"{self.id}~{suffix}", expression=expression)

    # --- evaluating it ---------------------------------------------------------------------------------------------

    def bound(self, /, *, drop: Any = (), **values: Any) -> Any:
        """Evaluate the bound.

        Args:
            drop: names of assumptions that need not hold (used by controls).
            values: one value a parameter. Ints, fractions and sympy numbers give an exact sympy number; a float among
                them gives a float; float arrays broadcast.

        Raises:
            ParameterError: a parameter is missing, unknown, or not a number.
            DomainError: a value is outside its domain, an assumption between parameters is broken, or the bound is no real
                number there (or one of more digits than can be computed with).
        """
        dropped = _names(drop)
        numbers = self.read(values)
        self._check_assumptions(numbers, dropped)
        value = evaluate(self.expression, numbers, self.parameters)
        if isinstance(value, complex) or (isinstance(value, sp.Basic) and not _real(value)):
            raise DomainError(f"{self.id}: the bound is no real number at {_at(numbers)}")
        return value

    def read(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Check names, types and single-parameter domains; return the numbers (lengths of vectors included)."""
        sizes = {p.size for p in self.parameters if p.size}
        names = [p.name for p in self.parameters]
        values = {spelt(name): value for name, value in values.items()}
        for name in values:
            if name not in names and name not in sizes:
                raise ParameterError(f"{self.id} has no parameter {name!r}; {self._did_you_mean(name)}")
        missing = [p for p in self.parameters if p.name not in values and p.name not in sizes]
        if missing:
            needs = "; ".join(f"{p.name} ({plain(p.meaning)})" for p in missing)
            raise ParameterError(f"{self.id} needs {needs}")
        numbers = {p.name: p.read(values[p.name]) for p in self.parameters if p.name in values}
        for p in self.parameters:
            if p.size:
                length = len(numbers[p.name])
                given = numbers.get(p.size, values.get(p.size, length))
                if given != length:
                    raise DomainError(f"{p.name} has {length} entries but {p.size} = {given}; give one entry for each")
                numbers[p.size] = sp.Integer(length)
        return numbers

    def _check_assumptions(self, numbers: Mapping[str, Any], drop: frozenset[str]) -> None:
        for name in drop:
            self.assumption(name)
        for a in self.assumptions:
            if a.relation is None or a.name in drop:
                continue
            holds, lhs, rhs = self._relation_at(a, numbers)
            if not holds:
                raise DomainError(
                    f"{self.id} assumes {a.name}: {_said(a.relation)}, but {_short(a.relation.lhs)} = {_num(lhs)} and "
                    f"{_short(a.relation.rhs)} = {_num(rhs)}; change the parameters, or drop the assumption"
                )

    def assumption_holds(self, name: str, /, **values: Any) -> bool:
        """Does the relation of that assumption hold at these parameters?

        Raises:
            ParameterError: the claim has no such assumption, or it is structural, so that parameters do not tell.
        """
        a = self.assumption(name)
        if a.structural:
            raise ParameterError(f"{self.id}: {name} is structural; an instance tells, not the parameters")
        return self._relation_at(a, self.read(values))[0]

    def _relation_at(self, a: Assumption, numbers: Mapping[str, Any]) -> tuple[bool, Any, Any]:
        lhs = evaluate(a.relation.lhs, numbers, self.parameters)
        rhs = evaluate(a.relation.rhs, numbers, self.parameters)
        return _relation_holds(a.relation, lhs, rhs), lhs, rhs

    def _did_you_mean(self, name: str) -> str:
        names = [p.name for p in self.parameters]
        near = difflib.get_close_matches(name, names, n=1, cutoff=0.5)
        return f"did you mean {near[0]}?" if near else f"it has {', '.join(names)}"

    # --- showing it ------------------------------------------------------------------------------------------------

    @property
    def latex(self) -> str:
        """LaTeX of ``quantity relation bound``."""
        if self.relation is Relation.IFF:
            return f"{self.quantity} = {self.bound_latex}"
        return f"{self.quantity} {self.relation.latex} {self.bound_latex}"

    @property
    def bound_latex(self) -> str:
        """LaTeX of the bound, in the parameters' own symbols."""
        names = {p.symbol: p.typeset for p in self.parameters if not p.size}
        names |= {p.symbol.label: p.typeset for p in self.parameters if p.size}
        return sp.latex(self.expression, symbol_names=names)

    def _repr_latex_(self) -> str:
        return f"$\\displaystyle {self.latex}$"

    def _repr_html_(self) -> str:
        rows = "".join(
            f"<tr><td>${html.escape(p.typeset)}$</td><td><code>{html.escape(p.name)}</code></td><td>{html.escape(pretty_set(p.domain))}"
            f"</td><td>{_html(p.meaning)}</td></tr>"
            for p in self.parameters
        )
        notes = [
            self.statement,
            self.remark,
            self.false_as_published and f"False as published. {self.false_as_published}",
        ]
        said = "".join(f"<p>{_html(n)}</p>" for n in notes if n)
        need = "".join(f"<li><b>{html.escape(a.name)}</b>: {_html(a.statement)}</li>" for a in self.assumptions)
        return (
            f"<div><b>{html.escape(self.id)}</b> &mdash; {_html(self.title)}<br>{html.escape(self.paper.citation)}"
            f"{', ' + _html(self.where) if self.where else ''}<p>$$ {html.escape(self.latex)} $$</p>{said}<ul>{need}</ul>"
            f"<table>{rows}</table></div>"
        )

    def show(self) -> str:
        """The claim as plain text, its bound as it is typed: statement, assumptions, parameters, bound, source."""
        relation = "=" if self.relation is Relation.IFF else self.relation.value
        formula = f"{plain(f'${self.quantity}$')} {relation} {self.expression}"
        lines = [f"{self.id}: {self.title}", "", self.statement, "", f"  {formula}", "", "assumptions"]
        lines += [f"  {a.name}: {a.statement}" for a in self.assumptions] or ["  none"]
        lines += ["parameters"] + [f"  {p.name}: {p.meaning}" for p in self.parameters]
        lines += [
            "source",
            f"  {self.paper.citation}{', ' + self.where if self.where else ''} [{self.standing}]",
        ]
        if self.false_as_published:
            lines += ["false as published", f"  {self.false_as_published}"]
        if self.remark:
            lines += ["remark", f"  {self.remark}"]
        return plain("\n".join(lines))

    def __str__(self) -> str:
        return self.id

    def __repr__(self) -> str:
        return f"<Claim {self.id}: {plain(self.title)}>"


def no_real_number(bound: sp.Basic, *, plainly: bool = False) -> str:
    """Why an expression is a bound nowhere; empty if it may be one.

    Args:
        plainly: look only for what is written in it. Asking what the whole may be is a third of the time in which the library
            loads, and a test has asked it of the library's claims.
    """
    if bound.has(sp.nan):
        return "is not a number"
    if bound.has(sp.zoo) or bound in (sp.oo, -sp.oo):
        return "is infinite"
    if isinstance(bound, sp.Expr) and (bound.has(sp.I) or (not plainly and bound.is_real is False)):
        return "is not real"
    return ""


# --- evaluation ------------------------------------------------------------------------------------------------------


def evaluate(expression: sp.Basic, numbers: Mapping[str, Any], parameters: tuple[Parameter, ...]) -> Any:
    """Value of an expression: exact when every number in it is exact, else by compiled float arithmetic."""
    arrays = any(is_array(v) for v in numbers.values())
    flat = [x for v in numbers.values() for x in (v if isinstance(v, tuple) else (v,))]
    lengths = {p.size: len(numbers[p.name]) for p in parameters if p.size}
    if not arrays and not any(isinstance(x, float) for x in flat):
        expanded = _expand(expression, lengths)
        table: dict[Any, Any] = {}
        for p in parameters:
            if p.size:
                table |= {p.symbol[k + 1]: x for k, x in enumerate(numbers[p.name])}
            else:
                table[p.symbol] = numbers[p.name]
        affordable(expanded, table, exact=True)
        value = expanded.xreplace(table)  # numbers in all places at once: ``subs`` takes a hundred times as long
        value = sp.nsimplify(value) if expanded.has(sp.Float) else value
        return value.doit() if value.has(sp.Sum, sp.Product) else value  # limits that were parameters are numbers now
    if not arrays:
        affordable(expression, {p.symbol: numbers[p.name] for p in parameters if not p.size}, exact=False)
    # entries of vectors count from 1, as in the formulas
    args = [(math.nan, *map(float, numbers[p.name])) if p.size else _to_float(numbers[p.name]) for p in parameters]
    args += list(lengths.values())
    try:
        return _compile(expression, parameters, "numpy" if arrays else "math")(*args)
    except (
        NameError,
        TypeError,
        NotImplementedError,
    ) as error:  # sums to a parameter, functions that math does not have
        if arrays or lengths:
            raise
        table = {p.symbol: v if getattr(v, "is_Rational", False) else sp.Rational(v) for p in parameters
                 if (v := numbers[p.name]) is not None}  # fmt: skip
        found = decimal(expression.xreplace(table).doit(), 30)
        if not found.is_real:
            raise DomainError(f"the bound has no real value at these parameters: {error}") from None
        return float(found)
    except (ZeroDivisionError, OverflowError, ValueError) as error:
        raise DomainError(
            f"the bound cannot be evaluated in floating point at {_at(numbers)}: {error}; give exact numbers"
        ) from None


def _real(value: Any) -> bool:
    if value.has(sp.nan, sp.zoo):
        return False
    return bool(value.is_Rational or decimal(value, 15).is_extended_real or value.is_extended_real)


def _names(drop: Any) -> frozenset[str]:
    """Names of assumptions that are given up: a collection of texts."""
    return frozenset(listed(drop, str, "drop", "names of assumptions"))


def _at(numbers: Mapping[str, Any]) -> str:
    return ", ".join(f"{k} = {_num(v)}" for k, v in numbers.items())


def _expand(expression: sp.Basic, lengths: Mapping[str, int]) -> Any:
    """Write sums and products over vector entries out."""
    known = {s: lengths[s.name] for s in expression.free_symbols if isinstance(s, sp.Symbol) and s.name in lengths}
    return expression.subs(known).doit() if known else expression


@lru_cache(maxsize=1024)
def _compile(expression: sp.Basic, parameters: tuple[Parameter, ...], module: str) -> Callable[..., Any]:
    lengths = dict.fromkeys(p.size for p in parameters if p.size)
    sizes = {s.name: s for s in expression.free_symbols if isinstance(s, sp.Symbol) and s.name in lengths}
    args = [p.symbol for p in parameters] + [sizes.get(n, sp.Symbol(n)) for n in lengths]
    return sp.lambdify(args, expression, modules=module, cse=not lengths)


def _to_float(x: Any) -> Any:
    return x if is_array(x) else float(x)


def _relation_holds(relation: sp.Basic, lhs: Any, rhs: Any) -> bool:
    difference = rhs - lhs if isinstance(relation, sp.Le | sp.Lt) else lhs - rhs
    strict = isinstance(relation, sp.Lt | sp.Gt)
    if isinstance(relation, sp.Eq):
        difference = -abs(difference)
    if is_array(difference):
        return bool((difference >= -ROUNDING * (abs(lhs) + abs(rhs))).all())
    if isinstance(difference, float):
        # a strict relation between floats cannot be told from equality within rounding: it must hold outright
        return difference > 0 if strict else difference >= -ROUNDING * (abs(float(lhs)) + abs(float(rhs)))
    if difference.is_Rational:
        difference = difference.p
    return bool(difference > 0) if strict else bool(difference >= 0)


def _num(x: Any) -> str:
    if is_array(x):
        return "an array"
    if isinstance(x, tuple):
        return "(" + ", ".join(_num(v) for v in x[:6]) + (", ...)" if len(x) > 6 else ")")
    return str(x) if getattr(x, "is_Rational", False) else f"{float(x):.9g}"


def _html(text: str) -> str:
    """Text for a notebook, which typesets what stands between dollars."""
    return html.escape(text)


@lru_cache(maxsize=4096)  # who looks for points of a domain meets the same refusal thousands of times
def _said(expression: sp.Basic) -> str:
    return str(expression)


def _short(expression: sp.Basic) -> str:
    text = _said(expression)
    return text if len(text) <= 40 else "the right-hand side"
