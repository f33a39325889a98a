"""A second checker of derivations, written apart from ``theory.rules`` and ``theory.tie``.

The steps are checked for all parameters, in flint, from the meaning of the axioms and rules. The tie to the claim is checked at
points: the claim's own ``bound`` against the conclusion at rational parameters of each case, and the claim's domain against the
cases at rational points of it, corners included. It knows nothing of words and facts: which assumption grants what, and which
method is registered for a claim, is ``theory.tie``'s alone.
"""

from __future__ import annotations

import random
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
from gradproof.theory.errors import DomainError, GradproofError
from gradproof.theory.evidence import Relation
from gradproof.theory.field import Interval

POINTS = 6  # per case, at which the bound is compared
TRIES = 400  # random points of the claim's domain


def check(derivation: d.Derivation, claim: Claim) -> int:
    """The number of cases of a derivation that proves the claim.

    Raises:
        GradproofError: what is wrong.
    """
    f = derivation.formal
    if claim.relation not in ((Relation.EQ,) if isinstance(f.quantity, d.Infimum) else (Relation.LE, Relation.GE)):
        refuse(f"the relation {claim.relation.value} is not what a derivation proves")
    if any(p.name == f.horizon and p.domain != sp.S.Naturals for p in claim.parameters):
        refuse(f"{f.horizon} must count from 1")
    found = _cases(derivation.tree)
    own = {p.name for p in claim.parameters if p.name != f.horizon}
    for case in found:
        _names(f, case, own)
    for number, case in enumerate(found):
        work = Case(f.method, case)
        form, under, since = conclusion(work)
        if under or since:
            refuse("the conclusion does not hold for all k, or under a hypothesis")
        _compare(work, form, f, claim, random.Random(f"{claim.id} {number}"))
    _cover(derivation, claim, random.Random(claim.id))
    return len(found)


def _names(f: d.Formal, case: d.Case, own: set[str]) -> None:
    """Every name has one meaning, and what is given is a parameter of the claim or a root."""
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
    elif isinstance(q, d.Mean):
        end = w.names["N"] if q.upto == "N" else w.names["N"] + w.one
        left = {(("sum", q.upto, str(w.one), w.label(q.quantity)),): w.one / end}
    elif isinstance(q, d.AtAverage):
        weight = str(w.scalar(q.weight, ("k", 0)))
        left = {(("mean", q.upto, weight, q.value),): w.one, (("f*", "", 0),): -w.one}
    else:
        left = w.form(q, place)
    sign = flint.fmpq(-1 if claim.relation is Relation.GE else 1)
    sides = [w.form(t, ("0", 0)) for t in (f.initial, *f.stands.values())]
    drop = [a.name for a in claim.assumptions]
    compared = 0
    for _ in range(10 * POINTS):
        point, steps = _point(w, rng)
        numbers = {
            p.name: steps if p.name == f.horizon else _fraction(w, p.name, point)
            for p in claim.parameters
            if p.name not in f.stands
        }
        unit = [dict.fromkeys(f.stands, 0)] + [{x: int(x == p) for x in f.stands} for p in f.stands]
        try:
            bounds = [_simple(claim.bound(drop=drop, **numbers, **u)) for u in unit]
        except DomainError:
            continue  # a case may reach beyond the claim's domain
        if not all(b.is_Rational for b in bounds):
            refuse(f"the bound is irrational at a rational point of the case: {bounds}"[:200])
        if isinstance(q, d.Infimum):
            low, at, high = (
                w.ring.at(w.scalar(x, ("0", 0)), point) if x else None for x in (q.over.low, q.at, q.over.high)
            )
            there = w.put(w.scalar(q.value, ("0", 0)), {q.over.name: w.scalar(q.at, ("0", 0))})
            inside = low is not None and at is not None and low < at and (high is None or at < high)
            if not inside or not _is(w.ring.at(there, point), bounds[0]):
                refuse(f"the value is not the bound at {q.over.name} = {q.at}")
        slopes = [bounds[0], *(b - bounds[0] for b in bounds[1:])]
        if isinstance(q, d.Infimum):
            slopes = [-slopes[0]]
        for key in {*proved, *left, *(key for side in sides for key in side)}:
            want = w.ring.at(left.get(key, w.zero), point)
            for c, side in zip(slopes, sides, strict=True):
                want -= flint.fmpq(int(c.p), int(c.q)) * w.ring.at(side.get(key, w.zero), point)
            if w.ring.at(proved.get(key, w.zero), point) != sign * want:
                refuse(f"the conclusion is not the claim at {numbers}: the coefficient of {key}"[:300])
        compared += 1
        if compared == POINTS:
            return
    refuse("too few points of the case lie in the claim's domain")


def _is(x: Any, y: Any) -> bool:
    return bool(x == flint.fmpq(int(y.p), int(y.q)))


def _point(w: Case, rng: random.Random) -> tuple[list[Any], int]:
    """A rational point of the case: parameters inside their intervals, N, and the powers that they make."""
    steps = rng.randint(1, 4)
    names: dict[str, Any] = {}
    values: list[Any] = []
    for i in w.ring.domain:
        if i.name in w.bases:
            x = w.ring.at(w.bases[i.name], [*values, *[flint.fmpq(0)] * (len(w.ring.domain) - len(values))]) ** steps
        elif i.name in ("N", "k"):
            x = flint.fmpq(steps if i.name == "N" else 0)
        elif i.name in w.m.sequences:
            x = flint.fmpq(7)
        else:
            plain = {n: w.ring.number(v) for n, v in names.items()}
            low = w.ring.at(w.ring.read(i.low, plain), values + [flint.fmpq(0)] * (len(w.ring.domain) - len(values)))
            t = flint.fmpq(rng.randint(1, 40), rng.randint(1, 40))
            if i.high:
                high = w.ring.at(
                    w.ring.read(i.high, plain), values + [flint.fmpq(0)] * (len(w.ring.domain) - len(values))
                )
                x = low + (high - low) * t / (1 + t)
            else:
                x = low + t
            if "N" in w.case.given and i.name in w.case.given["N"]:  # N is an integer: a square less one, say
                x = flint.fmpq(rng.randint(2, 5))
        names[i.name] = x
        values.append(x)
    if "N" in w.case.given:
        whole = w.ring.at(w.names["N"], values)
        steps = int(whole.p) if whole.q == 1 else refuse("no integer N at a point of the case")
    return values, steps


def _fraction(w: Case, name: str, point: list[Any]) -> Any:
    if name not in w.names:
        return Fraction(1)  # the bound does not need it
    x = w.ring.at(w.names[name], point)
    return Fraction(int(x.p), int(x.q))


def _cover(derivation: d.Derivation, claim: Claim, rng: random.Random) -> None:
    """Random points of the claim's domain, of small numbers so that corners are among them, lie in one of the cases."""
    f, seen = derivation.formal, 0
    parameters = [p for p in claim.parameters if p.name not in f.stands]
    small = [Fraction(x) for x in ("0", "1/4", "1/3", "1/2", "1", "3/2", "2", "3", "-1", "-1/2")]
    for _ in range(TRIES):
        numbers: dict[str, Any] = {}
        for p in parameters:
            numbers[p.name] = (
                rng.randint(1, 4)
                if p.domain == sp.S.Naturals
                else rng.choice([*small, *(1 / x for x in numbers.values() if x)])
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
        if (
            n in here
            and sp.simplify(_exact(text, {m: v for m, v in here.items() if m not in case.given}) - here[n]) != 0
        ):
            return f"{n} is not {text}"
    for text in case.knows:
        if not sp.simplify(_exact(text, here)) >= 0:
            return f"{text} is negative"
    for i in case.domain:
        if isinstance(f.quantity, d.Infimum) and i == f.quantity.over:
            continue
        x, low = here[i.name], _exact(i.low, here)
        high = _exact(i.high, here) if i.high else sp.oo
        if not (low < x or (i.closed_low and sp.simplify(low - x) == 0)) or not (
            x < high or (i.closed_high and sp.simplify(high - x) == 0)
        ):
            return f"{i.name} = {x} is not in {i}"
    return ""
