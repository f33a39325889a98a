"""The rules, for the second checker of derivations: each answers its conclusion, hypotheses and the first k."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import flint

from gradproof.solvers.exact.derivation_axioms import axiom
from gradproof.solvers.exact.derivation_case import PLACES, Case, Form, Place, refuse
from gradproof.solvers.exact.ratio import Ratio
from gradproof.theory import derivation as d


def conclusion(w: Case) -> tuple[Form, list[Form], int]:
    """That of the last step.

    Raises:
        GradproofError: which step fails.
    """
    last: Any = None
    for name, step in w.case.steps.items():
        last = w.done[name] = _RULES[type(step)](w, step)
        if isinstance(last, tuple) and _is_equality(w, step):
            w.exact.add(name)
    return last if isinstance(last, tuple) else refuse("the last step is no inequality")


def _is_equality(w: Case, s: d.Step) -> bool:
    if isinstance(s, d.Combine):
        return not s.squares and set(s.steps) <= w.exact and all(n in w.m.reads or w.m.laws[n].equality for n in s.laws)
    return isinstance(s, d.Settle) or (isinstance(s, d.Induct | d.Sum | d.Instantiate) and s.step in w.exact)


def _null(w: Case, name: str, v: d.Vec, index: str) -> Form:
    zero = w.done[name]
    late = isinstance(w.case.steps[name], d.Vanish) and index == "N" and w.case.reach == "k<N"
    if isinstance(zero, tuple) or late:
        refuse(f"{name} is no zero vector here")
    return w.product(zero(PLACES[index]), w.vector(v, PLACES[index]))


def _law(w: Case, name: str, place: Place) -> tuple[Form, bool]:
    if name in w.m.reads:
        one: Form = {(("1", "", 0),): w.one}
        return w.sum((w.one, w.form(w.m.reads[name], ("0", 0))), (-w.names[name], one)), True
    law = w.m.laws[name]
    if not (law.by or law.says):
        refuse(f"law {name} rests on nothing")
    return w.form(law.terms, place if law.index == "k" else PLACES[law.index]), law.equality


def _inequality(w: Case, s: d.Inequality) -> tuple[Form, list[Form], int]:
    place, since = PLACES[s.index], 0
    under = [w.form(t, place) for t, _ in s.assumes]
    parts = [(w.scalar(c, place), f, False) for f, (_, c) in zip(under, s.assumes, strict=True)]
    for name, c in s.steps.items():
        f, more, first = w.before(name)
        since, under = max(since, first), under + [h for h in more if h not in under]
        parts.append((w.scalar(c, place), f, name in w.exact))
    for name, c in s.laws.items():
        parts.append((w.scalar(c, place), *_law(w, name, place)))
    for name, v, c in s.nulls:
        parts.append((w.scalar(c, place), _null(w, name, v, s.index), True))
    for text, v in s.signs:
        at_least = w.scalar(text, place)
        w.need(at_least, f"the sign {text}")
        u = w.vector(v, place)
        parts.append((w.one, w.sum((-at_least, w.product(u, u) if v else {(("1", "", 0),): w.one})), False))
    for name, v, c in s.roots:
        u = w.vector(v, place)
        gap = w.names[name] * w.names[name] - w.ring.read({**w.m.roots, **w.case.roots}[name], w.names)
        parts.append((w.scalar(c, place), w.sum((gap, w.product(u, u) if v else {(("1", "", 0),): w.one})), True))
    for use in s.uses:
        member, points = w.m.members[use.member], []
        for p in use.points:
            call = w.m.calls[p.rstrip("'")]
            if call.member != use.member:
                refuse(f"{p} is no point of {use.member}")
            at = (place[0], place[1] + len(p) - len(p.rstrip("'")))
            moving = any(n not in w.m.fixed for n in (*call.x, *call.g)) or (call.f and call.f not in w.m.fixed_values)
            lacking = call.since - at[1] - (at[0] == "N") if moving else 0
            if lacking > 0 and at[0] == "0":
                refuse(f"{p} does not exist at 0")
            since = max(since, lacking)
            points.append(
                (w.vector(call.x, at), w.vector(call.g, at), {w.value(call.f, at): w.one} if call.f else None)
            )
        f, equality = axiom(w, use, member, points, place)
        parts.append((w.scalar(use.multiplier, place), f, equality))
    for m, _, equality in parts:
        if not equality and (w.ring.sign(m) or -9) < 0 and m:
            refuse(f"a multiplier is not shown to be >= 0: {str(m)[:120]}")
    target = w.form(s.target, place)
    slack = w.sum(*((c, f) for c, f, _ in parts), (-w.one, target))
    for weight, v in s.squares or ():
        m, u = w.scalar(weight, place), w.vector(v, place)
        if (w.ring.sign(m) or -9) < 0 and m:
            refuse(f"the weight of a square is not shown to be >= 0: {str(m)[:120]}")
        slack = w.sum((w.one, slack), (-m, w.product(u, u)))
    if any(len(key) == 1 for key in slack) or (s.squares is not None and slack):
        refuse(f"the identity fails: {str(next(iter(slack)))[:100]} is left")
    _semidefinite(w, slack)
    return target, under, since


ORDERS = 60  # squares tried, over all orders in which variables may be removed


def _semidefinite(w: Case, form: Form) -> None:
    """Completing squares, a variable with a positive coefficient at a time, in whichever order ends."""
    stuck = _completed(w, dict(form), [ORDERS])
    if stuck is not None:
        refuse(f"the slack is not shown to be a sum of squares: {str(next(iter(stuck.items())))[:160]}")


def _completed(w: Case, left: Form, budget: list[int]) -> Form | None:
    """What is left where no order ends; nothing if one does."""
    if not left:
        return None
    atoms, stuck = sorted({a for key in left for a in key}), left
    for chosen in atoms:
        if budget[0] <= 0:
            break
        if (w.ring.sign(left.get((chosen, chosen), w.zero)) or 0) <= 0:
            continue
        budget[0] -= 1
        pivot = left[chosen, chosen]
        row = {
            a: left.get((chosen, a) if chosen <= a else (a, chosen), w.zero) / w.ring.number(flint.fmpq(2))
            for a in atoms
            if a != chosen
        }
        row = {a: c / pivot for a, c in row.items() if c} | {chosen: w.one}
        rest = w.sum((w.one, left), (-pivot, w.product(row, row)))
        if any(chosen in key for key in rest):
            refuse("a square does not remove its variable")
        found = _completed(w, rest, budget)
        if found is None:
            return None
        stuck = found
    return stuck


def _combine(w: Case, s: d.Combine) -> tuple[Form, list[Form], int]:
    place, since = PLACES[s.index], 0
    parts: list[tuple[Ratio, Form]] = []
    under: list[Form] = []
    for name, c in s.steps.items():
        f, more, first = w.before(name)
        if name not in w.exact:
            w.need(w.scalar(c, place), f"the multiplier of {name}")
        parts.append((w.scalar(c, place), f))
        under, since = under + [h for h in more if h not in under], max(since, first)
    for name, c in s.laws.items():
        f, equality = _law(w, name, place)
        if not equality:
            w.need(w.scalar(c, place), f"the multiplier of {name}")
        parts.append((w.scalar(c, place), f))
    for c, v in s.squares:
        w.need(w.scalar(c, place), "a weight")
        u = w.vector(v, place)
        parts.append((-w.scalar(c, place), w.product(u, u) if v else {(("1", "", 0),): w.one}))
    for name, v, c in s.nulls:
        parts.append((w.scalar(c, place), _null(w, name, v, s.index)))
    return w.sum(*parts), under, since


def _instantiate(w: Case, s: d.Instantiate) -> tuple[Form, list[Form], int]:
    form, since = w.bare(s.step)
    if s.index not in ("0", "N") or (since and s.index == "0") or (w.case.reach == "k<N" and s.index == "N"):
        refuse("it does not hold there")
    images = {"k": w.zero if s.index == "0" else w.names["N"]}
    images |= {a: w.scalar(a, (s.index, 0)) for a in w.m.sequences}
    parts = []
    for key, c in form.items():
        at = (
            [(n, s.index, shift) if base == "k" else (n, base, shift) for n, base, shift, *_ in key]
            if all(len(x) == 3 for x in key)
            else list(key)
        )
        if len(key) == 1:
            one: Form = {tuple(at): w.one}
        else:
            one = w.product(*({x: w.one} if x[1] == "" else w.atom(x[0] + "'" * x[2], (x[1], 0)) for x in at))
        parts.append((w.put(c, images), one))
    return w.sum(*parts), [], 0


def _invariant(w: Case, s: d.Invariant) -> Callable[[Place], dict[Any, Ratio]]:
    ratio, now, after = w.scalar(s.ratio, ("k", 0)), w.vector(s.vector, ("k", 0)), w.vector(s.vector, ("k", 1))
    if w.vector(s.vector, ("0", 0)) or any(
        after.get(key, w.zero) != ratio * now.get(key, w.zero) for key in {*now, *after}
    ):
        refuse("the vector is not zero for all k")
    return lambda place: w.vector(s.vector, place)


def _vanish(w: Case, s: d.Vanish) -> Callable[[Place], dict[Any, Ratio]]:
    (form, since), u = w.bare(s.step), w.vector(s.vector, ("k", 0))
    if since:
        refuse("the vector vanishes from a later k on")
    w.equal(form, w.product(u, u), "the step is not the vector's square")
    return lambda place: w.vector(s.vector, place)


def _induct(w: Case, s: d.Induct) -> tuple[Form, list[Form], int]:
    form, since = w.bare(s.step)
    rho, start = w.scalar(s.rho, ("k", 0)), {"0": 0, "1": 1}[s.start]
    if since > start:
        refuse("the step does not hold from the start on")
    if s.step not in w.exact:
        w.need(rho, "rho")
    if start and w.case.first == "0":
        refuse("N may be 0")
    w.equal(
        form,
        w.sum((w.one, w.form(s.potential, ("k", 1))), (-rho, w.form(s.potential, ("k", 0)))),
        "the step is another",
    )
    base = w.bases[s.power] if s.power else w.one
    first = w.scalar(s.closed, ("0", start)) * (base if start else w.one)
    if first != w.one or w.scalar(s.closed, ("k", 0)) * rho != w.scalar(s.closed, ("k", 1)) * base:
        refuse("the closed form is not the product")
    factor = w.scalar(s.closed, ("N", 0)) * (w.names[s.power] if s.power else w.one)
    return w.sum((w.one, w.form(s.potential, ("N", 0))), (-factor, w.form(s.potential, ("0", start)))), [], 0


def _induct_hypothesis(w: Case, s: d.InductHypothesis) -> tuple[Form, list[Form], int]:
    step, under, since = w.before(s.step)
    if w.case.first == "0":
        refuse("N may be 0")
    w.equal(w.bare(s.base)[0], w.form(s.claim, ("0", 1)), "the base is another")
    w.equal(step, w.form(s.claim, ("k", 1)), "the step is another")
    for h in under:
        w.equal(h, w.form(s.claim, ("k", 0)), "the hypothesis is another")
    if since > 1:
        refuse("the step begins too late")
    return w.form(s.claim, ("N", 0)), [], 0


def _sum(w: Case, s: d.Sum) -> tuple[Form, list[Form], int]:
    form, since = w.bare(s.step)
    if since or (s.upto == "N+1" and w.case.reach == "k<N"):
        refuse("the step does not hold for the whole sum")
    k, weight = ("k", 0), w.scalar(s.weight, ("k", 0))
    want = w.sum(
        (w.one, w.form(s.potential, ("k", 1))),
        (-w.one, w.form(s.potential, k)),
        (weight, w.form(s.quantity, k)),
        (w.one, w.form(s.rest, k)),
    )
    w.equal(form, want, "the step is another")
    w.equal(w.form(s.total, ("0", 0)), {}, "the total does not begin at 0")
    grown = w.sum((w.one, w.form(s.total, k)), (w.one, w.form(s.rest, k)))
    w.equal(w.form(s.total, ("k", 1)), grown, "the total is no sum")
    end = {"N": ("N", 0), "N+1": ("N", 1)}[s.upto]
    summed = _summed(w, s.quantity, s.upto, weight) if s.quantity else {}
    return (
        w.sum(
            (w.one, summed),
            (w.one, w.form(s.total, end)),
            (w.one, w.form(s.potential, end)),
            (-w.one, w.form(s.potential, ("0", 0))),
        ),
        [],
        0,
    )


def _summed(w: Case, terms: d.Terms, upto: str, weight: Ratio) -> Form:
    moving = {"k", *w.m.sequences}
    if not any(e and i.name in moving for p in (weight.num, weight.den) for powers, _ in p.terms()
               for e, i in zip(powers, w.ring.domain, strict=False)):  # fmt: skip
        return {(("sum", upto, str(w.one), w.label(terms)),): weight}
    return {(("sum", upto, str(weight), w.label(terms)),): w.one}


def _settle(w: Case, s: d.Settle) -> tuple[Form, list[Form], int]:
    (form, since), rho, rise = w.bare(s.step), w.scalar(s.rho, ("k", 0)), w.scalar(s.rise, ("k", 0))
    one: Form = {(("1", "", 0),): w.one}
    want = w.sum((w.one, w.form(s.potential, ("k", 1))), (-rho, w.form(s.potential, ("k", 0))), (-rise, one))
    w.equal(form, want, "the step is another")
    if since or s.step not in w.exact or w.case.reach or any(w.ring.sign(w.one - c) != 2 for c in (rho, -rho)):
        refuse("the recursion is not shown to settle")
    if any(w.scalar(c, ("k", 1)) != w.scalar(c, ("k", 0)) for c in (s.rho, s.rise)) or w.bases or w.m.sequences:
        refuse("rho and the rise move")
    lim: Form = {(("lim", "", "", w.label(s.potential)),): w.one}
    return w.sum((w.one, lim), (-rise / (w.one - rho), one)), [], 0


def _least(w: Case, s: d.Least) -> tuple[Form, list[Form], int]:
    least = w.case.minima[s.minimum]
    last = {"N": -1, "N+1": 0}[least.upto]  # the largest index below the end, less N
    reach = {"": None, "k<N": -1, "k<N+1": 0}[w.case.reach]
    base, shift = PLACES[s.index]
    if (
        (base == "N" and shift > last)
        or (base == "k" and (reach is None or reach + shift > last))
        or (base == "0" and (shift or (last < 0 and w.case.first == "0")))
    ):
        refuse("the index is not below the end of the minimum")
    return (
        w.sum((w.one, {w.value(s.minimum, ("k", 0)): w.one}), (-w.one, w.form(least.quantity, PLACES[s.index]))),
        [],
        0,
    )


def _average(w: Case, s: d.Average) -> tuple[Form, list[Form], int]:
    call = next(c for c in w.m.calls.values() if c.f == s.value)
    member, k = w.m.members[call.member], ("k", 0)
    mu = w.scalar(member.constants["mu"][0], k) if "mu" in member.constants else -w.one
    if member.kind != "function" or member.average or call.since or (mu and (w.ring.sign(mu) or -9) < 0):
        refuse(f"{call.member} is not shown to be convex")
    weight = w.scalar(s.weight, k)
    w.need(weight, "a weight")
    total = w.scalar(s.total, {"N": ("N", 0), "N+1": ("N", 1)}[s.upto])
    if w.scalar(s.total, ("0", 0)) or w.scalar(s.total, ("k", 1)) != w.scalar(s.total, k) + weight:
        refuse("the total is no sum")
    gap: d.Terms = (("1", s.value), ("-1", "f*"))
    mean: Form = {(("mean", s.upto, str(weight), s.value),): total, (("f*", "", 0),): -total}
    return w.sum((w.one, mean), (-w.one, _summed(w, gap, s.upto, weight))), [], 0


_RULES: dict[type, Callable[[Case, Any], Any]] = {
    d.Inequality: _inequality, d.Combine: _combine, d.Instantiate: _instantiate, d.Invariant: _invariant, d.Vanish: _vanish,
    d.Settle: _settle, d.Induct: _induct, d.InductHypothesis: _induct_hypothesis, d.Sum: _sum, d.Least: _least, d.Average: _average,
}  # fmt: skip
