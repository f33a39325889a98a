"""The tie between a derivation and a claim: its conclusion is the claim's quantity, relation and bound, on its whole domain.

Part of the trusted kernel. What is compared: the words that the formal side stands for; each constant of a member with
what the assumption that grants it says (``MEANING``); the last conclusion of every case with the claim's expression, as
forms; and the cases' domains with the domain and relations that the claim states.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import sympy as sp

from gradproof.theory import derivation as d
from gradproof.theory.axioms import ONE, Form
from gradproof.theory.claim import Claim
from gradproof.theory.errors import GradproofError
from gradproof.theory.evidence import Relation
from gradproof.theory.facts import FACTS
from gradproof.theory.field import QQ, Functions, Interval, _parse
from gradproof.theory.parameter import COUNT
from gradproof.theory.rules import Workings, move, reject

#: What an assumption of that name lets a method say of a member: constant -> the values that it may have.
MEANING: dict[str, dict[str, tuple[str, ...]]] = {
    "smooth": {"L": ("L",), "mu": ("-L",)},
    "convex": {"mu": ("0",)},
    "strongly-convex": {"mu": ("mu",)},
    "each": {"L": ("L",), "mu": ("mu",)},
    "pl": {"PL": ("mu",), "lower": ("f*",)},
    "lower-bounded": {"lower": ("f*",)},
    "lipschitz": {"M": ("M",), "L": ("L",)},
    "nonexpansive": {"L": ("1",)},
    "contraction": {"L": ("1/c",)},
    "composite": {"mu": ("0",)},
    "projection": {"mu": ("0",)},
    "diameter": {"D": ("D",)},
    "mixing": {"mu": ("w",), "L": ("1",)},
    "monotone": {"mu": ("0",)},
    "strongly-monotone": {"mu": ("mu",)},
    "cocoercive": {"beta": ("beta",)},
    "relative-error": {"q2": ("epsilon^2",)},
    "smooth_f": {"L": ("L",), "mu": ("-L",)},
    "smooth_fi": {"L": ("L_AM",)},
    "contractive": {"q2": ("1 - alpha",)},
}


@dataclass(frozen=True)
class Accepted:
    """What stands behind an accepted derivation: facts that it used, assumptions used, assumptions that nothing used."""

    facts: tuple[str, ...]
    unused: tuple[str, ...]
    used: tuple[str, ...] = ()


@dataclass(frozen=True)
class Known:
    """``value >= 0`` (or ``> 0``) on a part of the claim's domain, and the assumption that states it, if one does."""

    value: Any
    strict: bool
    by: str = ""


def check_derivation(derivation: d.Derivation, claim: Claim) -> Accepted:
    """Accept a derivation of exactly this claim.

    Raises:
        GradproofError: in one line, what is wrong.
    """
    _check_words(derivation.formal, claim)
    base, known = _stated(claim, derivation.formal)
    structural = {a.name for a in claim.assumptions if a.structural}
    used: set[str] = set(derivation.formal.by)
    for case, more in _leaves(derivation.tree, base):
        used |= _check_case(derivation.formal, case, claim, base, [*known, *more])
    missing = used - set(FACTS) - {a.name for a in claim.assumptions}
    if missing:
        reject(f"the claim does not assume {', '.join(sorted(missing))}, and no fact is called so")
    if {a.name for a in claim.assumptions} & set(FACTS):
        reject("an assumption is called like a fact")
    for a in sorted(used & structural):
        if f"assumption {a}" not in derivation.formal.words:
            reject(f"the derivation uses assumption {a}, of which its formal side has no words")
    assumed = tuple(a.name for a in claim.assumptions)
    wrong = [a for a in used if a in assumed and a not in structural and a not in {k.by for k in known}]
    if wrong:
        reject(f"assumption {wrong[0]} is a relation between parameters, not a property of a member")
    return Accepted(
        tuple(sorted(used & set(FACTS))),
        tuple(a for a in assumed if a not in used),
        tuple(a for a in assumed if a in used),
    )


def _check_words(formal: d.Formal, claim: Claim) -> None:
    """The formal side was read from this quantity and from assumptions of this wording."""
    if formal.words.get("quantity") != claim.quantity:
        reject(f"the derivation is of {formal.words.get('quantity', 'no stated quantity')!r}, not of {claim.quantity!r}")
    for a in claim.assumptions:
        if a.structural and formal.words.get(f"assumption {a.name}", a.statement) != a.statement:
            reject(f"the derivation reads assumption {a.name} in other words than the claim")
    if formal.at not in ("N", "1"):
        reject(f"a quantity is read at N or at 1, not at {formal.at!r}")
    counts = [p.name for p in claim.parameters if p.name == formal.horizon]
    if counts and claim.parameter(formal.horizon).domain != COUNT:
        reject(f"{formal.horizon} must run over 1, 2, 3, ...")
    if formal.at == "N" and not counts:
        reject(f"the claim has no parameter {formal.horizon}, so its quantity is not read at N")
    if claim.false_as_published:
        reject("the claim is false as published")


# --- one case ---------------------------------------------------------------------------------------------------------


def _check_case(formal: d.Formal, case: d.Case, claim: Claim, base: Functions, known: list[Known]) -> set[str]:
    w = Workings(formal.method, case)
    own = {p.name for p in claim.parameters if p.name != formal.horizon}
    if own & {"k", "N", *case.powers, *formal.method.sequences, *case.lets, *case.roots, *formal.method.roots}:
        reject("a parameter of the claim is named like an index, a power, a root or a sequence")
    for name, member in formal.method.members.items():
        for constant, (text, assumption) in member.constants.items():
            meant = MEANING.get(assumption, {}).get(constant, ())
            texts = {text} if constant == "lower" else {w.read(text)}
            if not texts & (set(meant) if constant == "lower" else {w.read(t) for t in meant if _readable(w, t)}):
                reject(f"no assumption says {constant} = {text} of {name} (bound to {assumption!r})")
    covered = _check_domain(formal, case, claim, base, known, w)
    last = w.run()
    if last.hypotheses or last.since:
        reject("the conclusion holds only under a hypothesis")
    q = formal.quantity
    if isinstance(q, d.Minimum):
        left = Form({}, {w.functional("min", q.quantity, q.upto): w.one})
    elif isinstance(q, d.AtAverage):
        left = Form({}, {w.functional("value at the average", ((q.weight, q.value),), q.upto): w.one, "f*": -w.one})
    else:
        left = w.form(q, formal.at)
    for coefficient, terms in _linear(claim.expression, formal, claim):
        left.add(w.form(terms, "0"), -_number(coefficient, w, formal))
    if claim.relation not in (Relation.LE, Relation.GE):
        reject(f"a derivation proves <= or >=, not {claim.relation.value}")
    w.same(last.form, left if claim.relation is Relation.LE else Form().add(left, -w.one), "the conclusion is not the claim")
    return (w.used | covered) - {""}


def _readable(w: Workings, text: str) -> bool:
    try:
        w.read(text)
    except GradproofError:
        return False
    return True


def _linear(e: sp.Expr, formal: d.Formal, claim: Claim) -> Iterator[tuple[sp.Expr, d.Terms]]:
    """The bound as coefficients times forms: ``initial`` times it, or a linear combination of stand-ins."""
    symbols = {claim.parameter(p).symbol: terms for p, terms in formal.stands.items()}
    if not symbols:
        yield e, formal.initial
        return
    rest = e.subs(dict.fromkeys(symbols, 0))
    yield rest, formal.initial
    for s, terms in symbols.items():
        slope = sp.expand(sp.diff(e, s))
        if slope.free_symbols & set(symbols):
            reject(f"the bound is not linear in {s}")
        yield slope, terms


def _number(e: sp.Expr, w: Workings, formal: d.Formal) -> Any:
    """The claim's expression in the case's field: Max, Min, roots and powers by what is known on the domain."""
    if e.is_Rational:
        return w.field.read(f"{e.p}/{e.q}" if e.p >= 0 else f"-{-e.p}/{e.q}")
    if e.is_Symbol:
        name = "N" if e.name == formal.horizon else e.name
        return w.names[name] if name in w.names else reject(f"the case has no parameter {e.name}")
    if isinstance(e, sp.Max | sp.Min):
        sign, args = (1 if isinstance(e, sp.Max) else -1), [_number(a, w, formal) for a in e.args]
        best = [a for a in args if all(w.field.nonnegative((a - b) * sign) for b in args)]
        return best[0] if best else reject(f"which is larger in {e} is not shown on the domain")
    half = [a for a in sp.Mul.make_args(e) if a.is_Pow and abs(a.exp) == sp.Rational(1, 2)]
    if half:
        value = _number(sp.Mul(*(a.base ** (2 * a.exp) for a in half)), w, formal)
        root = next((r if r * r == value else 1 / r for r in _roots(w) if r != 0 and value in (r * r, 1 / (r * r))), None)
        root = w.zero if value == 0 else root
        return reject(f"{e} is not declared as a root") if root is None else root * _number(e / sp.Mul(*half), w, formal)
    if e.is_Add or e.is_Mul:
        args = [_number(a, w, formal) for a in e.args]
        out = args[0]
        for a in args[1:]:
            out = out + a if e.is_Add else out * a
        return out
    if e.is_Pow:
        if e.exp.is_Integer:
            return w.field.admit(_number(e.base, w, formal) ** int(e.exp))
        if e.exp.is_Rational and e.exp.q == 2:
            root = _number(sp.sqrt(e.base), w, formal)
            return w.field.admit(root ** int(e.exp.p))
        N = next((s for s in e.exp.free_symbols if s.name == formal.horizon), None)
        if N is not None and (a := e.exp.coeff(N, 1)).is_Integer and (b := sp.expand(e.exp - a * N)).is_Integer:
            return _power(_number(e.base, w, formal), int(a), int(b), w) or reject(f"{e} is not declared as a power")
    return reject(f"{e} is not understood")


def _power(base: Any, a: int, b: int, w: Workings) -> Any:
    """base^(aN + b) by a declared power P = v^N with base^a = v^m."""
    if base == 1:
        return base
    for p, v in w.base.items():
        for m in (1, 2, -1, -2):
            if v != 0 and base != 0 and v**m == base**a:
                return w.field.admit(w.names[p] ** m * base**b)
        if v == 0 == base and a == 1 and b == 0:
            return w.names[p]
    return None


def _roots(w: Workings) -> list[Any]:
    """Names that are known to be nonnegative roots."""
    return [w.names[r] for r in (*w.method.roots, *w.case.roots) if r in w.names]


# --- the domain -------------------------------------------------------------------------------------------------------


def _stated(claim: Claim, formal: d.Formal) -> tuple[Functions, list[Known]]:
    """The field of the claim's parameters, each over its own domain, and what the claim says of them besides."""
    intervals, known = [], []
    parameters = [p for p in claim.parameters if p.name not in formal.stands]
    for p in parameters:
        low, high = p.domain.inf, p.domain.sup
        if p.size or not low.is_Rational or not (high.is_Rational or high is sp.oo):
            return reject(f"the domain of {p.name} is no interval with rational ends")
        closed = bool(low in p.domain), bool(high in p.domain)
        end = "" if high is sp.oo or all(closed) else _written(high)
        intervals.append(Interval("N" if p.name == formal.horizon else p.name, _written(low), end, closed[0], bool(end) and closed[1]))
    base = Functions(tuple(intervals) or (Interval("N", "1", "", True),))
    for p, i in zip(parameters, intervals, strict=True):
        x = base[i.name]
        known.append(Known(x - base.read(i.low), not i.closed_low))
        if p.domain.sup is not sp.oo:
            known.append(Known(base.read(_written(p.domain.sup)) - x, p.domain.sup not in p.domain))
    for a in claim.assumptions:
        r = a.relation
        if isinstance(r, sp.Le | sp.Lt | sp.Ge | sp.Gt):
            forms = [r.gts - r.lts, r.gts**2 - r.lts**2] if r.lts.is_nonnegative else [r.gts - r.lts]
            for value in forms:  # between numbers >= 0 the squares stand in the same relation
                try:
                    known.append(Known(_rational(value, base, formal), isinstance(r, sp.Lt | sp.Gt), a.name))
                except (GradproofError, sp.PolynomialError):
                    continue  # what is not rational is not used; the domain is then wider than need be
    return base, known


def _written(x: sp.Expr) -> str:
    return f"{x.p}/{x.q}" if x.p >= 0 else f"-{-x.p}/{x.q}"


def _rational(e: sp.Expr, base: Functions, formal: d.Formal) -> Any:
    num, den = (sp.Poly(part, *e.free_symbols) if e.free_symbols else part for part in sp.fraction(sp.together(e)))
    values = []
    for part in (num, den):
        if not isinstance(part, sp.Poly):
            values.append(base.read(_written(part)))
            continue
        total = base.zero
        for powers, c in part.terms():
            term = base.read(_written(c)) if c.is_Rational else reject(f"{e} is not rational")
            for s, power in zip(part.gens, powers, strict=True):
                term = term * _generator(base, "N" if str(s) == formal.horizon else str(s)) ** power
            total = total + term
        values.append(total)
    return values[0] / values[1]


def _generator(base: Functions, name: str) -> Any:
    return base[name] if name in {i.name for i in base.domain} else reject(f"{name} is no parameter of the claim")


def _leaves(tree: d.Case | d.Split, base: Functions, depth: int = 0) -> Iterator[tuple[d.Case, list[Known]]]:
    """The cases, each with what the splits above say on its side."""
    if isinstance(tree, d.Case):
        yield tree, []
        return
    if depth > 8:
        reject("more than 8 splits on the way to a case")
    on = _text(tree.on, base, {i.name: base[i.name] for i in base.domain})
    for side, here in ((tree.low, Known(-on, False)), (tree.high, Known(on, True))):
        for case, more in _leaves(side, base, depth + 1):
            yield case, [here, *more]


def _text(text: str, field: Functions, names: Mapping[str, Any]) -> Any:
    return _parse(text, lambda n: field._field(QQ(int(n))), names)


def _check_domain(formal: d.Formal, case: d.Case, claim: Claim, base: Functions, known: list[Known], w: Workings) -> set[str]:
    """Every point of the claim's domain (in this branch) is one of the case; returns the relations that this used."""
    used: set[str] = set()
    above = [s.value for s in known if s.strict]  # splits that leave the closed end of a parameter out
    base = Functions(tuple(replace(i, closed_low=i.closed_low and base[i.name] - base.read(i.low) not in above) for i in base.domain))
    parameters = [i.name for i in base.domain]
    gens = {n: base[n] for n in parameters}

    def implied(value: Any, strict: bool) -> bool:
        if base.positive(value) or (not strict and base.nonnegative(value)):
            return True
        for s in known:  # a positive multiple of what is known, or more than it
            if s.value != 0 and (s.strict or not strict) and base.positive(value / s.value):
                used.add(s.by)
                return True
            more = value - s.value
            if base.positive(more) or (base.nonnegative(more) and (s.strict or not strict)):
                used.add(s.by)
                return True
        return False

    def below(low: Any, high: Any, strict: bool) -> bool:
        """Directly, or between the squares where the lower one is >= 0."""
        positive = base.nonnegative(low) and base.nonnegative(high)
        return implied(high - low, strict) or (positive and implied(high**2 - low**2, strict))

    # parameters that are given by other parameters of the claim: the claim must say so, on this branch
    inside = {i.name for i in case.domain}
    fixed = {}
    for name in parameters:
        if name in case.given:
            try:
                fixed[name] = _text(case.given[name], base, {n: g for n, g in gens.items() if n not in case.given})
            except GradproofError:
                continue
            if not (implied(gens[name] - fixed[name], False) and implied(fixed[name] - gens[name], False)):
                reject(f"{name} = {case.given[name]} is not what the claim states on this part of its domain")
    for text in case.knows:
        if not implied(_text(text, base, gens), False):
            reject(f"the claim does not state that {text} >= 0, on this part of its domain")
    known = [Known(move(s.value, [fixed.get(n, gens[n]) for n in parameters], base), s.strict, s.by) for s in known]
    frame = list(case.frame or case.domain)
    if not {i.name for i in frame} <= set(parameters) - set(fixed):
        reject("the frame of a case speaks of the claim's own parameters")
    for i in frame:
        names = {n: g for n, g in gens.items() if n not in fixed}
        ends = [(_text(i.low, base, names), gens[i.name], not i.closed_low)]
        ends += [(gens[i.name], _text(i.high, base, names), not i.closed_high)] if i.high else []
        if not all(below(*end) for end in ends):
            reject(f"the claim does not state that {i}, on this part of its domain")
    frame += [i for i in base.domain if i.name not in {f.name for f in frame} and i.name not in fixed and (i.name == "N" or case.frame)]
    F = Functions(tuple(frame) or (Interval("N", "1", "", True),))
    values = {i.name: F[i.name] for i in frame}
    values |= {n: _text(case.given[n], F, values) for n in fixed}
    radicand = {r: _text(t, F, values) for r, t in {**formal.method.roots, **case.roots}.items() if _speaks(t, F, values)}
    values |= {n: F.admit(_text(t, F, values)) for n, t in case.lets.items()}
    for i in case.domain:
        if i in frame:
            continue
        image, power = (radicand[i.name], 2) if i.name in radicand else (values.get(i.name), 1)
        if image is None:
            reject(f"{i.name} is no parameter of the claim, root or let")
        for end, sign, closed in ((i.low, 1, i.closed_low), (i.high, -1, i.closed_high)):
            if not end:
                continue
            e = F.admit(_text(end, F, values))
            if power == 2 and not F.nonnegative(e):
                reject(f"the ends of the root {i.name} must be >= 0")
            gap = (image - e**power) * sign
            if not (F.nonnegative(gap) if closed else F.positive(gap)):
                reject(f"the claim does not state that {i}, on this part of its domain")
    for r, text in {**formal.method.roots, **case.roots}.items():
        if r in inside and r not in radicand:
            reject(f"the root {r} is not defined on this case")
        if r in inside and not F.nonnegative(radicand[r]):
            reject(f"{r} is the root of what is not shown to be >= 0")
        if r not in inside and r in w.names and (w.names[r] ** 2 != w.read(text) or not w.field.nonnegative(w.names[r])):
            reject(f"{r} is not the nonnegative root of {text}")
    for name in parameters:  # by roots and lets: put back, they must give the parameter again
        if name in case.given and name not in fixed and not _gives_back(w.names[name], F[name], w, values, radicand):
            reject(f"{name} = {case.given[name]} does not cover every {name}")
        if name not in case.given and name != "N" and name not in inside and name in w.names:
            reject(f"{name} is a parameter of the claim; a case has it in its domain, or gives it")
    for name in case.given:
        if name not in parameters and name not in formal.method.roots and name not in case.roots:
            reject(f"{name} is given but is no parameter of the claim")
    return used


def _speaks(text: str, F: Functions, values: Mapping[str, Any]) -> bool:
    try:
        F.admit(_text(text, F, values))
    except GradproofError:
        return False
    return True


def _gives_back(c: Any, parameter: Any, w: Workings, values: Mapping[str, Any], radicand: Mapping[str, Any]) -> bool:
    """Whether c, with its roots and lets replaced by what they stand for, is the parameter: r^2 becomes its radicand."""
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

