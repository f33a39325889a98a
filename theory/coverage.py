"""Whether the cases of a derivation cover the domain that a claim states.

Part of the trusted kernel. What the claim states is a list of inequalities, from the parameters' sets and the assumptions that
are relations; a split adds one on each side. Each bound of a case's domain must follow from one of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import sympy as sp

from gradproof.theory import derivation as d
from gradproof.theory.claim import Claim
from gradproof.theory.errors import GradproofError
from gradproof.theory.field import Functions, Interval
from gradproof.theory.reading import Numbers, text, written
from gradproof.theory.workings import Workings, move, reject

MAX_SPLITS = 8  # on the way to one case


@dataclass(frozen=True)
class Known:
    """``value >= 0`` (or ``> 0``) on a part of the claim's domain, and the assumption that states it, if one does."""

    value: Any
    strict: bool
    by: str = ""


@dataclass(frozen=True)
class Stated:
    """The field of the claim's parameters, each over its own set, and what the claim says of them."""

    base: Functions
    known: tuple[Known, ...]
    relations: tuple[tuple[sp.Expr, bool, str], ...]  # what is >= 0 or > 0, as an expression, for relations with roots
    whole: frozenset[str] = frozenset()  # parameters that are whole numbers


def stated(claim: Claim, formal: d.Formal) -> Stated:
    """The claim's domain, without the parameters that stand for forms."""
    intervals, ends = [], []
    for p in claim.parameters:
        if p.name in formal.stands:
            continue
        try:
            low, high = p.domain.inf, p.domain.sup
        except NotImplementedError:  # a set that is given by a rule
            return reject(f"the domain of {p.name} is no interval with rational ends")
        if not p.size and (low, high) == (-sp.oo, sp.oo):
            intervals.append(Interval("N" if p.name == formal.horizon else p.name, ""))
            continue
        if p.size or not low.is_Rational or not (high.is_Rational or high is sp.oo):
            return reject(f"the domain of {p.name} is no interval with rational ends")
        closed = bool(low in p.domain), bool(high in p.domain)
        end = "" if high is sp.oo or all(closed) else written(high)
        name = "N" if p.name == formal.horizon else p.name
        intervals.append(Interval(name, written(low), end, closed[0], bool(end) and closed[1]))
        ends.append((name, low, high, closed))
    base = Functions(tuple(intervals) or (Interval("N", "1", "", True),))
    numbers = Numbers(base, {i.name: base[i.name] for i in base.domain}, horizon=formal.horizon)
    known, relations = [], []
    whole = frozenset(p.name for p in claim.parameters if not p.size and p.domain.is_subset(sp.S.Integers))
    for name, low, high, closed in ends:
        known.append(Known(base[name] - base.read(written(low)), not closed[0]))
        if high is not sp.oo:
            known.append(Known(base.read(written(high)) - base[name], not closed[1]))
    for a in claim.assumptions:
        r = a.relation
        if not isinstance(r, sp.Le | sp.Lt | sp.Ge | sp.Gt):
            continue
        strict = isinstance(r, sp.Lt | sp.Gt)
        # between numbers >= 0 the squares stand in the same relation
        for value in (r.gts - r.lts, r.gts**2 - r.lts**2) if r.lts.is_nonnegative else (r.gts - r.lts,):
            try:
                known.append(Known(numbers.read(value), strict, a.name))
                known += _at_least_one(known[-1], whole)
            except GradproofError:
                relations.append((value, strict, a.name))
    return Stated(base, tuple(known), tuple(relations), whole)


def _at_least_one(k: Known, whole: frozenset[str]) -> list[Known]:
    """``value >= 1`` where ``value > 0`` is a whole number."""
    names, value = {str(s) for s in k.value.as_expr().free_symbols}, k.value
    plain = value.denom == 1 and all(c.denominator == 1 for _, c in value.numer.terms())
    return [Known(value - 1, False, k.by)] if k.strict and plain and names <= whole else []


def leaves(
    tree: d.Case | d.Split, base: Functions, depth: int = 0, whole: frozenset[str] = frozenset()
) -> Iterator[tuple[d.Case, list[Known]]]:
    """The cases, each with what the splits above say on its side."""
    if isinstance(tree, d.Case):
        yield tree, []
        return
    if depth > MAX_SPLITS:
        reject(f"more than {MAX_SPLITS} splits on the way to a case")
    on = base.admit(text(tree.on, base, {i.name: base[i.name] for i in base.domain}))  # defined everywhere
    for side, here in ((tree.low, Known(-on, False)), (tree.high, Known(on, True))):
        for case, more in leaves(side, base, depth + 1, whole):
            yield case, [here, *_at_least_one(here, whole), *more]


def _terms(c: Any) -> int:
    return len(c.numer.terms()) + len(c.denom.terms())


class _Shown:
    """Inequalities that follow from what is known, over a field whose signs are sure."""

    def __init__(self, field: Functions, known: list[Known], used: set[str]) -> None:
        self.field, self.known, self.used = field, known, used

    def __call__(self, value: Any, strict: bool) -> bool:
        if self.field.positive(value) or (not strict and self.field.nonnegative(value)):
            return True
        for s in (k for k in self.known if k.strict or not strict):
            if value == s.value:
                self.used.add(s.by)
                return True
        # a positive multiple of what is known, or more than it; the simplest first
        for s in sorted(self.known, key=lambda s: _terms(s.value)):
            ratio = value / s.value if s.value != 0 and (s.strict or not strict) else None
            if (ratio is not None and _terms(ratio) <= _terms(value) and self.field.positive(ratio)) or any(
                self.field.positive(value - x) or ((s.strict or not strict) and self.field.nonnegative(value - x))
                for x in self._without_denominator(s.value)
            ):
                self.used.add(s.by)
                return True
        if strict and self.field.nonnegative(value) and self._not_zero(value):
            return True
        if value.denom != 1 and self.field.positive(self.field._field(value.denom)):
            return self(self.field._field(value.numer), strict)
        return False

    def _without_denominator(self, value: Any) -> list[Any]:
        """The value, and its numerator where the denominator is positive: both have its sign."""
        whole = self.field._field(value.denom)
        more = value.denom != 1 and self.field.positive(whole)
        return [value, self.field._field(value.numer)] if more else [value]

    def _not_zero(self, value: Any) -> bool:
        """Whether a parameter cannot be zero, as what is known would be negative there."""
        gens = [self.field[i.name] for i in self.field.domain]
        if value not in gens:
            return False
        for s in self.known:
            try:
                there = move(s.value, [self.field.zero if g == value else g for g in gens], self.field)
            except GradproofError:
                continue
            if self.field.positive(-there):
                self.used.add(s.by)
                return True
        return False

    def below(self, low: Any, high: Any, strict: bool) -> bool:
        """low <= high (or <), directly or between the squares where the lower one is >= 0."""
        squares = self.field.nonnegative(low) and self.field.nonnegative(high)
        return self(high - low, strict) or (squares and self(high**2 - low**2, strict))

    def inside(self, i: Interval, x: Any, names: Mapping[str, Any], power: int = 1) -> bool:
        """x lies in the interval; with ``power = 2`` its nonnegative root does."""
        ends = [(i.low, True, i.closed_low)] if i.low else []
        ends += [(i.high, False, i.closed_high)] if i.high else []
        for words, lower, closed in ends:
            end = text(words, self.field, names)
            if power == 2 and not self.field.nonnegative(end):
                return False
            pair = (end**power, x) if lower else (x, end**power)
            if not self.below(*pair, not closed):
                return False
        return True


def check_domain(formal: d.Formal, case: d.Case, claimed: Stated, more: list[Known], w: Workings) -> set[str]:
    """Every point of the claim's domain on this branch is one of the case; returns the relations that this used.

    Raises:
        DerivationRejected: a bound of the case is not stated, or a parameter is not covered.
    """
    used: set[str] = set()
    base, known = claimed.base, [*claimed.known, *more]
    above = {
        i.name: next((s for s in known if i.low and s.strict and s.value == base[i.name] - base.read(i.low)), None)
        for i in base.domain
    }
    used |= {s.by for i, s in zip(base.domain, above.values(), strict=True) if s is not None and i.closed_low}
    base = Functions(tuple(replace(i, closed_low=i.closed_low and above[i.name] is None) for i in base.domain))
    parameters = {i.name: base[i.name] for i in base.domain}
    roots = {**formal.method.roots, **case.roots}
    for name in case.given:
        if name not in parameters and name not in roots:
            reject(f"{name} is given but is no parameter of the claim")
    shown = _Shown(base, known, used)
    fixed = _fixed(case, parameters, base, shown)
    late = []
    for words, strict in [*((e, False) for e in case.knows), *((e, True) for e in case.positive)]:
        try:
            known_here = shown(text(words, base, parameters), strict)
        except GradproofError:
            late.append((words, strict))  # of roots
            continue
        if not known_here:
            reject(f"the claim does not state that {words} {'>' if strict else '>='} 0, on this part of its domain")
    # from here on in the parameters that are left, over the frame if there is one
    free = {n: g for n, g in parameters.items() if n not in fixed}
    known = [
        Known(move(s.value, [fixed.get(n, g) for n, g in parameters.items()], base), s.strict, s.by) for s in known
    ]
    shown = _Shown(base, known, used)
    if case.frame:
        for i in case.frame:
            if i.name not in free or not shown.inside(i, free[i.name], free):
                reject(f"the claim does not state that {i}, on this part of its domain")
        rest = tuple(i for i in base.domain if i.name in free and i.name not in {f.name for f in case.frame})
        frame = Functions((*case.frame, *rest))
        free = {i.name: frame[i.name] for i in frame.domain}
        at = [text(case.given[n], frame, free) if n in fixed else free[n] for n in parameters]
        shown = _Shown(frame, [Known(move(s.value, at, frame), s.strict, s.by) for s in claimed.known] + [
            Known(move(s.value, at, frame), s.strict, s.by) for s in more], used)  # fmt: skip
    values = free | {n: text(case.given[n], shown.field, free) for n in fixed}
    values |= {n: text(t, shown.field, values) for n, t in case.lets.items()}
    radicand = {}
    for r, t in roots.items():
        if r in case.given or r in {i.name for i in case.domain}:
            try:
                radicand[r] = text(t, shown.field, values)
            except GradproofError:
                continue
    _own_intervals(formal, case, claimed, shown, values, radicand, w, late)
    for name in parameters:  # what roots and lets give must be the parameter again
        if name in case.given and name not in fixed and not _gives_back(w, name, free, values, radicand):
            reject(f"{name} = {case.given[name]} does not cover every {name}")
    return used


def free_intervals(formal: d.Formal) -> list[Interval]:
    """Intervals of what is no parameter of the claim: numbers of the method, and the variable of a least value or threshold."""
    over = [formal.quantity.over] if isinstance(formal.quantity, d.Infimum | d.Threshold) else []
    return [*over, *(n.interval for n in formal.method.numbers)]


def _fixed(case: d.Case, parameters: Mapping[str, Any], base: Functions, shown: _Shown) -> dict[str, Any]:
    """Parameters that are given by other parameters of the claim: the claim must say so, on this branch."""
    fixed = {}
    for name, g in parameters.items():
        if name not in case.given:
            continue
        try:
            fixed[name] = text(case.given[name], base, {n: x for n, x in parameters.items() if n not in case.given})
        except GradproofError:
            continue  # by roots and lets
        if not (shown(g - fixed[name], False) and shown(fixed[name] - g, False)):
            reject(f"{name} = {case.given[name]} is not what the claim states on this part of its domain")
    return fixed


def _own_intervals(
    formal: d.Formal,
    case: d.Case,
    claimed: Stated,
    shown: _Shown,
    values: Mapping[str, Any],
    radicand: Mapping[str, Any],
    w: Workings,
    signs: list[tuple[str, bool]],
) -> None:
    """Each interval of the case: over the claim's parameters, or over those of the case where its ends speak of roots."""
    late = []
    for i in case.domain:
        if i in case.frame or i in free_intervals(formal):
            continue
        if i.name not in radicand and i.name not in values:
            reject(f"{i.name} is no parameter of the claim, root or let")
        try:
            ok = shown.inside(i, radicand.get(i.name, values.get(i.name)), values, 2 if i.name in radicand else 1)
        except GradproofError:
            late.append(i)
            continue
        if not ok:
            reject(f"the claim does not state that {i}, on this part of its domain")
    for r, t in {**formal.method.roots, **case.roots}.items():
        inside = r in {i.name for i in case.domain}  # then its interval has shown that its radicand is >= 0
        if not inside and r in w.names and (w.names[r] ** 2 != w.read(t) or not w.field.nonnegative(w.names[r])):
            reject(f"{r} is not the nonnegative root of {t}")
    if not late and not signs:
        return
    wide = {i.name: i for i in claimed.base.domain}
    for i in late:
        if i.name in radicand and i.name not in wide:
            if not shown(radicand[i.name], False):
                reject(f"{radicand[i.name]} is not shown to be >= 0")
            wide[i.name] = Interval(i.name, "0", "", True)
    domain = tuple(wide[i.name] if i in late and i.name in wide else i for i in case.domain)
    field = Functions(domain)
    names = {i.name: field[i.name] for i in domain}
    for n, t in case.given.items():
        names[n] = text(t, field, names)
    declared = {**formal.method.roots, **case.roots}
    roots = tuple((names[r], text(declared[r], field, names)) for r in radicand if r in names)
    numbers = Numbers(field, names, roots, horizon=formal.horizon)
    known = []
    for s in shown.known:
        missing = [i.name for i in shown.field.domain if i.name not in names and i.name != "N"]
        if (not missing and "N" in names) or not any(
            str(x) in missing or str(x) == "N" for x in s.value.as_expr().free_symbols
        ):
            at = [names.get(i.name, field.one) for i in shown.field.domain]
            known.append(Known(move(s.value, at, field), s.strict, s.by))
    for e, strict, by in claimed.relations:
        try:
            known.append(Known(numbers.read(e), strict, by))
        except GradproofError:
            continue  # a root that the case does not name
    there = _Shown(field, known, shown.used)
    for i in late:
        if i.name not in wide or not there.inside(i, names[i.name], names):
            reject(f"the claim does not state that {i}, on this part of its domain")
    for words, strict in signs:
        if not there(text(words, field, names), strict):
            reject(f"the claim does not state that {words} {'>' if strict else '>='} 0, on this part of its domain")


def _gives_back(
    w: Workings, name: str, free: Mapping[str, Any], values: Mapping[str, Any], radicand: Mapping[str, Any]
) -> bool:
    """Whether a given parameter, with roots and lets replaced by what they stand for, is itself: r^2 becomes its radicand."""
    c, parameter = w.names[name], free[name]
    parts = []
    for poly in (c.numer, c.denom):
        total: dict[frozenset[str], Any] = {}
        for powers, q in poly.terms():
            term, odd = parameter**0 * parameter.field(q), frozenset[str]()
            for i, power in zip(w.field.domain, powers, strict=True):
                if i.name in radicand:
                    term, odd = term * radicand[i.name] ** (power // 2), odd | {i.name} if power % 2 else odd
                elif power:
                    if i.name not in values:
                        return False
                    term = term * values[i.name] ** power
            total[odd] = total.get(odd, 0 * parameter) + term
        parts.append(total)
    num, den = parts
    return all(num.get(odd, 0 * parameter) == parameter * den.get(odd, 0 * parameter) for odd in {*num, *den})
