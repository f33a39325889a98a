"""A second checker of derivations, written apart from ``theory.rules`` and ``theory.tie``.

The steps are checked for all parameters, in flint, from the meaning of the axioms and rules. The tie to the claim is checked at
points: the claim's own ``bound`` against the conclusion at rational parameters of each case, and the claim's domain against the
cases at rational points of it, corners included. It knows nothing of words and facts: which assumption grants what, and which
method is registered for a claim, is ``theory.tie``'s alone.
"""

from __future__ import annotations

import math
import random
import re
from collections.abc import Mapping
from fractions import Fraction
from typing import Any

import flint
import sympy as sp

from gradproof.solvers.exact.derivation_case import PLACES, Case, Form, refuse
from gradproof.solvers.exact.derivation_steps import conclusion
from gradproof.solvers.exact.ratio import Ring
from gradproof.theory import derivation as d
from gradproof.theory.claim import Claim
from gradproof.theory.decimals import decimal
from gradproof.theory.errors import DomainError, GradproofError
from gradproof.theory.evidence import Relation
from gradproof.theory.field import Interval

_NAME = re.compile(r"[A-Za-z_][A-Za-z_0-9]*")
POINTS = 6  # per case, at which the bound is compared
TRIES = 1500  # random points of the claim's domain


def check(derivation: d.Derivation, claim: Claim) -> int:
    """The number of cases of a derivation that proves the claim.

    Raises:
        GradproofError: what is wrong.
    """
    f = derivation.formal
    if isinstance(f.quantity, d.Threshold) != (claim.relation is Relation.IFF) or (
        isinstance(f.quantity, d.Infimum) and claim.relation is not Relation.EQ
    ):
        refuse(f"the relation {claim.relation.value} is not what a derivation proves")
    found = _cases(derivation.tree)
    counts = {"1": sp.S.Naturals, "0": sp.S.Naturals0}
    for p in claim.parameters:
        if p.name == f.horizon and p.domain != sp.S.Naturals and {p.domain} != {counts.get(c.first) for c in found}:
            refuse(f"{f.horizon} counts from elsewhere")
    own = {p.name for p in claim.parameters if p.name != f.horizon}
    for case in found:
        _names(f, case, own)
    for number, case in enumerate(found):
        work = Case(f.method, case)
        form, under, since = conclusion(work)
        if under or since:
            refuse("the conclusion does not hold for all k, or under a hypothesis")
        exact = list(case.steps)[-1] in work.exact
        if not isinstance(f.quantity, d.Infimum) and exact != (claim.relation in (Relation.EQ, Relation.IFF)):
            refuse("an equality is proved of what states one, and of no other")
        _compare(work, form, f, claim, random.Random(f"{claim.id} {number}"))
    _cover(derivation, claim, random.Random(claim.id))
    return len(found)


def _names(f: d.Formal, case: d.Case, own: set[str]) -> None:
    """Every name has one meaning, and what is given is a parameter of the claim or a root."""
    taken = {*own, *f.method.roots, *case.roots, *case.lets}
    loose = [n.interval for n in f.method.numbers]
    loose += [f.quantity.over] if isinstance(f.quantity, d.Infimum | d.Threshold) else []
    if any(i not in case.domain or i.name in taken for i in loose):
        refuse("a number of the method is restricted, or named like a parameter")
    if not set(f.method.reads) <= own - {*f.stands, *f.method.laws}:
        refuse("what is read is no parameter")
    roots = [*f.method.roots, *case.roots]
    free = [i.name for i in case.domain] + [*case.powers, *f.method.sequences, "k"]
    values = [*f.method.values, *f.method.fixed_values, *case.minima, "1"]
    vectors = [*f.method.step, *f.method.outputs, *f.method.fixed, *case.defines]
    lists = (free, [*roots, *case.lets], values, vectors)
    if any(len(set(x)) < len(x) for x in lists) or own & {
        *roots,
        *case.lets,
        *case.powers,
        *f.method.sequences,
        "k",
        "N",
    }:
        refuse("a name has two meanings")
    if {"N", *case.given} & set(free) or not set(case.given) <= own | {*roots, "N"}:
        refuse("what is given is no parameter of the claim")
    if any(x.since not in (0, 1) for x in f.method.calls.values()) or any(
        "[" in x or "'" in x for x in (*values, *vectors)
    ):
        refuse("a call begins late, or a name looks like an indexed one")


def _cases(tree: d.Case | d.Split) -> list[d.Case]:
    return [tree] if isinstance(tree, d.Case) else _cases(tree.low) + _cases(tree.high)


# --- the tie to the claim, at points ----------------------------------------------------------------------------------


def _compare(w: Case, proved: Form, f: d.Formal, claim: Claim, rng: random.Random) -> None:
    """The conclusion is ``quantity - bound * initial`` at rational points of the case, by the claim's own evaluation."""
    q, place = f.quantity, PLACES[f.at]
    if isinstance(q, d.Infimum):
        left: Form = {(("1", "", 0),): -w.scalar(q.value, ("0", 0))}
    elif isinstance(q, d.Minimum):
        left = {(("min", q.upto, "", w.label(q.quantity)),): w.one}
    elif isinstance(q, d.Limit):
        left = {(("lim", "", "", w.label(q.quantity)),): w.one}
    elif isinstance(q, d.Mean):
        end = w.names["N"] if q.upto == "N" else w.names["N"] + w.one
        left = {(("sum", q.upto, str(w.one), w.label(q.quantity)),): w.one / end}
    elif isinstance(q, d.AtAverage):
        weight = str(w.scalar(q.weight, ("k", 0)))
        left = {(("mean", q.upto, weight, q.value),): w.one, (("f*", "", 0),): -w.one}
    elif isinstance(q, d.Threshold):
        t = w.scalar(q.factor, ("0", 0))
        w.equal(proved, w.sum((w.one, w.form(q.quantity, place)), (-t, w.form(f.initial, ("0", 0)))), "the quantity")
        if not case_ends_with(w, q.over) or w.bases or w.m.sequences:
            refuse("the variable of a threshold is the last of the case")
        left = {}
    else:
        left = w.form(q, place)
    sign = flint.fmpq(-1 if claim.relation is Relation.GE else 1)
    sides = [w.form(t, ("0", 0)) for t in (f.initial, *f.stands.values())]
    drop = [a.name for a in claim.assumptions]
    compared = 0
    # the bound is affine in what stands for forms: it is read at a point of their domains, one further in each, and off both
    domains = {name: claim.parameter(name).domain for name in f.stands}
    base = {name: 0 if 0 in domain else domain.inf + 1 for name, domain in domains.items()}
    whole = {p.name for p in claim.parameters if p.domain.is_subset(sp.S.Integers)}
    off = {name: sp.Integer(2) if name in whole else sp.Rational(1, 2) for name in f.stands}
    for _ in range(10 * POINTS):
        point, steps = _point(w, rng, whole)
        numbers = {
            p.name: steps if p.name == f.horizon else _fraction(w, p.name, point)
            for p in claim.parameters
            if p.name not in f.stands
        }
        unit = [base] + [{x: v + int(x == p) for x, v in base.items()} for p in f.stands]
        unit.append({x: v + off[x] for x, v in base.items()})
        try:
            *bounds, elsewhere = [_simple(claim.bound(drop=drop, **numbers, **u)) for u in unit]
        except DomainError:
            continue  # a case may reach beyond the claim's domain
        if not all(b.is_Rational or any(isinstance(x, flint.arb) for x in point) for b in bounds):
            refuse(f"the bound is irrational at a rational point of the case: {bounds}"[:200])
        if isinstance(q, d.Infimum):
            low, at, high = (
                _at(w, w.scalar(x, ("0", 0)), point) if x else None for x in (q.over.low, q.at, q.over.high)
            )
            there = w.put(w.scalar(q.value, ("0", 0)), {q.over.name: w.scalar(q.at, ("0", 0))})
            inside = low is not None and at is not None and low < at and (high is None or at < high)
            if not inside or not _is(_at(w, there, point), bounds[0]):
                refuse(f"the value is not the bound at {q.over.name} = {q.at}")
        if isinstance(q, d.Threshold):
            _turns(w, q, point, bounds[0], rng)
            compared += 1
            if compared == POINTS:
                return
            continue
        slopes = [b - bounds[0] for b in bounds[1:]]
        if not _is(_number(bounds[0] + sum(b * off[x] for b, x in zip(slopes, f.stands, strict=True))), elsewhere):
            refuse(f"the bound is not linear in {', '.join(f.stands)}")
        slopes = [bounds[0] - sum(c * v for c, v in zip(slopes, base.values(), strict=True)), *slopes]
        if isinstance(q, d.Infimum):
            slopes = [-slopes[0]]
        for key in {*proved, *left, *(key for side in sides for key in side)}:
            want = _at(w, left.get(key, w.zero), point)
            for c, side in zip(slopes, sides, strict=True):
                want -= _number(c) * _at(w, side.get(key, w.zero), point)
            if not _same(_at(w, proved.get(key, w.zero), point), sign * want):
                refuse(f"the conclusion is not the claim at {numbers}: the coefficient of {key}"[:300])
        compared += 1
        if compared == POINTS:
            return
    refuse("too few points of the case lie in the claim's domain")


def case_ends_with(w: Case, over: Interval) -> bool:
    """Whether the last parameter of the case is this one, from a lower end on."""
    return w.case.domain[-1:] == (over,) and not over.high


def _turns(w: Case, q: d.Threshold, point: list[Any], bound: Any, rng: random.Random) -> None:
    """The factor is negative at points below the bound and positive at points above."""
    place = [i.name for i in w.ring.domain].index(q.over.name)
    low, end = _at(w, w.scalar(q.over.low, ("0", 0)), point), _number(bound)
    if not low < end:
        refuse("the bound is not above the lower end")
    for share in (
        flint.fmpq(rng.randint(1, 99), 100),
        flint.fmpq(999, 1000),
        flint.fmpq(1001, 1000),
        flint.fmpq(rng.randint(11, 99), 10),
    ):
        t = low + (end - low) * share
        there = [t if i == place else x for i, x in enumerate(point)]
        value = _at(w, w.scalar(q.factor, ("0", 0)), there)
        if not (value < 0 if share < 1 else value > 0):
            refuse(f"the factor does not change its sign at the bound: it is {value} at {t}")


def _is(x: Any, y: Any) -> bool:
    return _same(x, _number(y))


def _number(x: Any) -> Any:
    """A sympy number as a fraction, or as a ball around it."""
    return flint.fmpq(int(x.p), int(x.q)) if x.is_Rational else _ball(x)


def _ball(x: Any) -> Any:
    middle = flint.arb(str(decimal(x, 80)))
    return middle + abs(middle) * flint.arb(0, "1e-70")


def _same(x: Any, y: Any) -> bool:
    """Equal fractions, or balls of 50 digits that meet."""
    if not isinstance(x - y, flint.arb):
        return bool(x == y)
    return bool(abs(x - y) < flint.arb("1e-50") * (1 + abs(x)))


def _at(w: Case, c: Any, point: list[Any]) -> Any:
    """A coefficient at a point of fractions, or of balls where a root is irrational."""
    if not any(isinstance(x, flint.arb) for x in point):
        return w.ring.at(c, point)
    flint.ctx.prec = 300
    num, den = (
        sum(
            (flint.arb(q) * math.prod((x ** int(e) for x, e in zip(point, powers, strict=False)), start=flint.arb(1)))
            for powers, q in p.terms()
        )
        for p in (c.num, c.den)
    )
    return num / den


def _root(w: Case, name: str, names: Mapping[str, Any]) -> Any:
    """The root of that name where what it is the root of is already known at the point, else None."""
    radicand = {**w.m.roots, **w.case.roots}.get(name)
    if radicand is None:
        return None
    known = {n: w.ring.number(v) for n, v in names.items() if isinstance(v, flint.fmpq)}
    for n, text in w.case.given.items():
        if n not in known and set(_NAME.findall(text)) <= set(known):
            known[n] = w.ring.read(text, known)
    try:
        x = w.ring.at(w.ring.read(radicand, known), [flint.fmpq(1)] * len(w.ring.domain))
    except (GradproofError, TypeError):
        return None
    if x < 0:
        return None
    root = sp.sqrt(sp.Rational(int(x.p), int(x.q)))
    flint.ctx.prec = 300
    return flint.fmpq(int(root.p), int(root.q)) if root.is_Rational else flint.arb(x).sqrt()


def _point(w: Case, rng: random.Random, whole: set[str]) -> tuple[list[Any], int]:
    """A point of the case: parameters inside their intervals, whole where they must be, N, and the powers that they make."""
    steps = rng.randint(1, 4)
    names: dict[str, Any] = {}
    values: list[Any] = []
    for i in w.ring.domain:
        if i.name in w.bases:
            x = _at(w, w.bases[i.name], [*values, *[flint.fmpq(0)] * (len(w.ring.domain) - len(values))]) ** steps
        elif i.name in ("N", "k"):
            x = flint.fmpq(steps if i.name == "N" else 0)
        elif i.name in w.m.sequences:
            x = flint.fmpq(7)
        elif (root := _root(w, i.name, names)) is not None:
            x = root
        else:
            after = [flint.fmpq(0)] * (len(w.ring.domain) - len(values))
            low = _at(w, w.ring.read(i.low or "0", w.ring.gens), values + after)
            t = flint.fmpq(rng.randint(1, 40), rng.randint(1, 40))
            high = _at(w, w.ring.read(i.high, w.ring.gens), values + after) if i.high else None
            x = low + t if high is None else low + (high - low) * t / (1 + t)
            if isinstance(x, flint.arb):  # a fraction beside it
                near = Fraction(x.mid().str(60, radius=False)).limit_denominator(10**6)
                x = flint.fmpq(near.numerator, near.denominator)
            part_of_whole = any(n in whole and i.name in _NAME.findall(text) for n, text in w.case.given.items())
            if (i.name in whole or part_of_whole) and not i.high:
                x = flint.fmpq(-(-int(low.p) // int(low.q)) + rng.randint(0 if i.closed_low else 1, 6))
            if "N" in w.case.given and i.name in w.case.given["N"]:  # N is an integer: a square less one, say
                x = flint.fmpq(rng.randint(2, 5))
        names[i.name] = x
        values.append(x)
    if "N" in w.case.given:
        count = w.ring.at(w.names["N"], values)
        steps = int(count.p) if count.q == 1 else refuse("no integer N at a point of the case")
    return values, steps


def _fraction(w: Case, name: str, point: list[Any]) -> Any:
    if name not in w.names:
        return Fraction(1)  # the bound does not need it
    x = _at(w, w.names[name], point)
    return Fraction(int(x.p), int(x.q)) if isinstance(x, flint.fmpq) else _recognised(x)


def _recognised(x: Any) -> Fraction:
    """The fraction of a small denominator inside a ball."""
    return Fraction(x.mid().str(60, radius=False)).limit_denominator(10**6)


def _cover(derivation: d.Derivation, claim: Claim, rng: random.Random) -> None:
    """Random points of the claim's domain, of small numbers so that corners are among them, lie in one of the cases."""
    f, seen = derivation.formal, 0
    parameters = [
        (p, p.domain in (sp.S.Naturals, sp.S.Naturals0) or isinstance(p.domain, sp.Range))
        for p in claim.parameters
        if p.name not in f.stands
    ]
    small = [Fraction(x) for x in ("0", "1/4", "1/3", "1/2", "1", "3/2", "2", "3", "-1", "-1/2")]
    apart = [Fraction(x) for x in ("1/40", "1/9", "7", "20", "60")]
    for attempt in range(TRIES):
        some = [*small, *apart] if attempt > TRIES // 3 and not seen else small
        numbers: dict[str, Any] = {}
        for p, counts in parameters:
            numbers[p.name] = (
                rng.randint(int(p.domain.inf), 4) + rng.choice((0, 0, 3))
                if counts
                else rng.choice([*some, *(Fraction(1) / x for x in numbers.values() if x)])
            )
        try:
            claim.bound(**numbers, **dict.fromkeys(f.stands, 1))
        except (DomainError, ZeroDivisionError):
            continue
        except GradproofError:
            return
        seen += 1
        values = {("N" if n == f.horizon else n): sp.Rational(x.numerator, x.denominator) for n, x in numbers.items()}
        tree = derivation.tree
        while isinstance(tree, d.Split):
            tree = tree.high if _exact(tree.on, values) > 0 else tree.low
        where = _inside(tree, f, values)
        if where:
            refuse(f"the case does not hold {numbers}: {where}"[:300])
        if seen >= 25:
            return
    if parameters and seen == 0:
        refuse("no point of the claim's domain was found")


def _some(i: Interval, here: Mapping[str, Any]) -> Any:
    """A point of an interval of which a case has all."""
    return (_exact(i.low, here) if i.low else sp.Integer(-1)) + sp.Rational(1, 3)


def _exact(text: str, values: Mapping[str, Any]) -> Any:
    ring = Ring([Interval(n) for n in values])
    c = ring.read(text, ring.gens)
    num, den = (
        sum(
            sp.Rational(int(q.p), int(q.q))
            * sp.prod(v ** int(n) for v, n in zip(values.values(), powers, strict=False))
            for powers, q in p.terms()
        )
        for p in (c.num, c.den)
    )
    return _simple(num / den)


def _simple(x: Any) -> Any:
    x = sp.sympify(x)
    return x if x.is_Rational else sp.simplify(x)


def _inside(case: d.Case, f: d.Formal, values: dict[str, Any]) -> str:
    """Empty if a point of the claim's domain is one of the case, else what is wrong."""
    here = dict(values)
    for r, text in {**f.method.roots, **case.roots}.items():
        here[r] = sp.sqrt(_exact(text, here))
    for n, text in case.lets.items():
        here[n] = _exact(text, here)
    for n, text in case.given.items():
        if n in here and sp.simplify(_exact(text, {m: v for m, v in here.items() if m != n}) - here[n]) != 0:
            return f"{n} is not {text}"
    for text in case.knows + case.positive:
        if not sp.simplify(_exact(text, here)) >= 0:
            return f"{text} is negative"
    for text in case.positive:
        if sp.simplify(_exact(text, here)) == 0:
            return f"{text} is zero"
    for i in case.domain:
        if isinstance(f.quantity, d.Infimum | d.Threshold) and i == f.quantity.over:
            continue
        if any(i == n.interval for n in f.method.numbers):
            here[i.name] = _some(i, here)
            continue
        if not i.low:
            continue
        x, low = here[i.name], _exact(i.low, here)
        high = _exact(i.high, here) if i.high else sp.oo
        if not (low < x or (i.closed_low and sp.simplify(low - x) == 0)) or not (
            x < high or (i.closed_high and sp.simplify(high - x) == 0)
        ):
            return f"{i.name} = {x} is not in {i}"
    return ""
