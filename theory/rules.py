"""The rules of a derivation: each computes its conclusion from earlier ones, or has it checked by the kernel.

Part of the trusted kernel.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from gradproof.theory import derivation as d
from gradproof.theory import proof as kernel
from gradproof.theory.axioms import ONE, Form, Member, Point, combine, inner
from gradproof.theory.derivation import DerivationRejected, Terms
from gradproof.theory.errors import GradproofError
from gradproof.theory.workings import ENDS, NEXT, Assertion, Workings, reject

#: axiom -> the constants that it speaks of; a step declares no others, so that it needs no assumption that it does not use
NEEDS: dict[str, tuple[str, ...]] = {
    "interpolation": ("mu", "L"),
    "descent": ("L",),
    "lipschitz": ("mu", "L"),
    "bounded": ("M",),
    "lower": ("lower", "L"),
    "pl": ("PL", "lower"),
    "diameter": ("D",),
    "symmetry": ("mu", "L"),
    "spectrum": ("mu", "L"),
    "value": ("mu", "L"),
    "monotone": ("mu",),
    "cocoercive": ("beta",),
    "contraction": ("q2",),
}


def _inequality(w: Workings, s: d.Inequality) -> Assertion:
    if s.index not in NEXT:
        reject("a step is read at k, 0 or N")
    since, hypotheses = 0, [w.form(t, s.index) for t, _ in s.assumes]
    premises, uses = [], []

    def premise(name: str, form: Form, multiplier: str, equality: bool = False) -> None:
        premises.append(kernel.Premise(name, form, equality))
        uses.append(kernel.Use("premise", name, (), w.read(multiplier, s.index)))

    for number, (form, (_, c)) in enumerate(zip(hypotheses, s.assumes, strict=True)):
        premise(f"assumed {number}", form, c)
    for name, c in s.steps.items():
        a = w.earlier(name, bare=False)
        since, hypotheses = max(since, a.since), hypotheses + [h for h in a.hypotheses if h not in hypotheses]
        premise(f"step {name}", a.form, c, a.equality)
    for name, c in s.laws.items():
        form, equality = _law(w, name, s.index)
        premise(f"law {name}", form, c, equality)
    for number, (name, v, c) in enumerate(s.nulls):
        premise(f"null {number}", _null(w, name, v, s.index), c, True)
    for number, (text, v) in enumerate(s.signs):
        c = w.read(text, s.index)
        w.nonnegative(c, f"sign {number}")
        u = w.vec(v, s.index)
        premise(f"sign {number}", Form().add(inner(u, u) if v else Form({}, {ONE: w.one}), -c), "1")
    for number, (name, v, c) in enumerate(s.roots):
        radicand = {**w.method.roots, **w.case.roots}.get(name) or reject(f"there is no root {name!r}")
        u = w.vec(v, s.index)
        square = inner(u, u) if v else Form({}, {ONE: w.one})
        premise(f"root {number}", Form().add(square, w.read(name) ** 2 - w.read(radicand)), c, True)
    members: dict[str, tuple[set[str], dict[str, Point]]] = {}
    for use in s.uses:
        constants, points = members.setdefault(use.member, (set(), {}))
        constants |= set(NEEDS.get(use.axiom, ()))
        for p in use.points:
            points[p], start = _point(w, use.member, p, s.index)
            since = max(since, start)
        uses.append(
            kernel.Use(
                use.axiom,
                use.member,
                use.points,
                w.read(use.multiplier, s.index),
                tuple(w.read(c, s.index) for c in use.weights),
            )
        )
    declared = tuple(_member(w, name, constants, points) for name, (constants, points) in members.items())
    target = w.form(s.target, s.index)
    blocks = (
        None
        if s.squares is None
        else tuple(kernel.Block((w.vec(v, s.index),), ((w.read(c, s.index),),)) for c, v in s.squares)
    )
    used_values = {n for f in (target, *(p.form for p in premises)) for n in f.linear} | {
        n for m in declared for p in m.points for n in p.f
    }
    used_values |= {m.constants["lower"] for m in declared if "lower" in m.constants}
    names = {n for f in (target, *(p.form for p in premises)) for key in f.quadratic for n in key}
    names |= {n for m in declared for p in m.points for v in (p.x, p.g) for n in v}
    for last in (False, True):  # the order of elimination may decide whether a pivot's sign is seen
        vectors = tuple(sorted(names, reverse=last))
        statement = kernel.Statement(
            vectors, tuple(sorted(used_values - {ONE})), declared, target, tuple(premises), w.field.domain
        )
        proof = kernel.Proof(statement, tuple(uses), blocks)
        try:
            kernel.check(proof)
            w.proofs[""] = proof
            return Assertion(target, tuple(hypotheses), since)
        except GradproofError as error:
            why = error
    raise why


def _null(w: Workings, name: str, v: d.Vec, index: str) -> Form:
    """``<zero, v> == 0`` for a vector that an earlier step shows to be zero."""
    null = w.known.get(name)
    if not isinstance(null, dict) or not isinstance(step := w.case.steps[name], d.Invariant | d.Vanish):
        return reject(f"there is no earlier zero vector {name!r}")
    if isinstance(step, d.Vanish) and index == "N" and w.case.reach == "k<N":
        reject(f"{name} does not hold at N")
    return inner(w.vec(step.vector, index), w.vec(v, index))


def _law(w: Workings, name: str, index: str) -> tuple[Form, bool]:
    if name in w.method.reads:
        return w.form(w.method.reads[name], "0").add(Form({}, {ONE: w.names[name]}), -w.one), True
    law = w.method.laws.get(name) or reject(f"the method has no law {name!r}")
    if not law.by and not law.says:
        reject(f"nothing grants law {name}")
    if law.index not in ("0", "k"):
        reject(f"law {name} holds at every k or at 0")
    w.used |= set(law.by)
    w.laws.add(name)
    return w.form(law.terms, index if law.index == "k" else law.index), law.equality


def _combine(w: Workings, s: d.Combine) -> Assertion:
    out, since, exact = Form(), 0, not s.squares
    hypotheses: list[Form] = []
    for name, text in s.steps.items():
        a, c = w.earlier(name, bare=False), w.read(text, s.index)
        if not a.equality:
            w.nonnegative(c, f"the multiplier of {name}")
        exact = exact and a.equality
        out.add(a.form, c)
        since, hypotheses = max(since, a.since), hypotheses + [h for h in a.hypotheses if h not in hypotheses]
    for name, text in s.laws.items():
        (form, equality), c = _law(w, name, s.index), w.read(text, s.index)
        if not equality:
            w.nonnegative(c, f"the multiplier of {name}")
        exact = exact and equality
        out.add(form, c)
    for text, v in s.squares:
        c, u = w.read(text, s.index), w.vec(v, s.index)
        w.nonnegative(c, "the weight of a square")
        out.add(inner(u, u) if v else Form({}, {ONE: w.one}), -c)
    for name, v, text in s.nulls:
        out.add(_null(w, name, v, s.index), w.read(text, s.index))
    return Assertion(out, tuple(hypotheses), since, exact)


def _point(w: Workings, member: str, name: str, index: str) -> tuple[Point, int]:
    """A call as a point of a kernel member, and the first k at which it exists."""
    plain = name.removesuffix("'")
    call = w.method.calls.get(plain) or reject(f"the method has no call {plain!r}")
    if call.member != member:
        reject(f"call {plain!r} is one of {call.member}, not of {member}")
    at = index if name == plain else NEXT[index]
    fixed = all(n in w.method.fixed for n in (*call.x, *call.g)) and (not call.f or call.f in w.method.fixed_values)
    start = 0 if fixed else max(call.since - (name != plain) - (index == "N"), 0)
    if start and index == "0":
        reject(f"call {name!r} does not exist at k = 0")
    w.used |= set(call.by)
    return Point(name, w.vec(call.x, at), w.vec(call.g, at), {w.value(call.f, at): w.one} if call.f else {}), start


def _member(w: Workings, name: str, needed: set[str], points: Mapping[str, Point]) -> Member:
    mine = w.method.members.get(name) or reject(f"the method has no member {name!r}")
    if mine.kind == "quadratic":
        needed = {"mu", "L"}
    constants: dict[str, Any] = {}
    for constant in sorted(needed & set(mine.constants)):
        text, assumption = mine.constants[constant]
        constants[constant] = text if constant == "lower" else w.read(text)
        w.used.add(assumption)
    return Member(name, mine.kind, constants, tuple(points.values()), mine.average)


def _instantiate(w: Workings, s: d.Instantiate) -> Assertion:
    a = w.earlier(s.step)
    if s.index not in ("0", "N") or (s.index == "0" and a.since) or (s.index == "N" and w.case.reach == "k<N"):
        reject(f"{s.step} does not hold at {s.index}")
    after = {"[k]": s.index, "[k+1]": NEXT[s.index]}
    image = w.images[s.index]

    def moved(name: str) -> dict[str, Any]:
        for old, new in after.items():
            plain = name.removesuffix("~").removesuffix(old)
            if name.removesuffix("~") != plain:
                whole = plain + "~" * name.endswith("~")
                return {f"{plain}[{new}]": w.one} if name in a.form.linear else w.symbol(whole, new)
        return {name: w.one}

    out = Form()
    for (u, v), c in a.form.quadratic.items():
        out.add(inner(moved(u), moved(v)), w.replaced(c, image))
    for n, c in a.form.linear.items():
        out.add(Form({}, moved(n)), w.replaced(c, image))
    return Assertion(out, equality=a.equality)


def _invariant(w: Workings, s: d.Invariant) -> dict[str, Any]:
    now, after, ratio = (w.vec(s.vector, "k"), w.vec(s.vector, "k+1"), w.read(s.ratio))
    if w.vec(s.vector, "0"):
        reject("the vector is not zero at k = 0")
    if combine((w.one, after), (-ratio, now)):
        reject("the vector at k + 1 is not the ratio times that at k")
    return now


def _vanish(w: Workings, s: d.Vanish) -> dict[str, Any]:
    a, u = w.earlier(s.step), w.vec(s.vector, "k")
    if a.since:
        reject(f"{s.step} does not hold for all k")
    w.same(a.form, inner(u, u), "the step is not ||vector||^2 <= 0")
    return u


def _induct(w: Workings, s: d.Induct) -> Assertion:
    a, now, after, rho = w.earlier(s.step), w.form(s.potential, "k"), w.form(s.potential, "k+1"), w.read(s.rho)
    if s.start not in ("0", "1") or a.since > int(s.start):
        reject(f"the step does not hold from k = {s.start} on")
    w.same(a.form, after.add(now, -rho), "the step is not V_{k+1} <= rho_k V_k")
    if not a.equality:
        w.nonnegative(rho, "rho_k")
    if s.start == "1" and w.case.first == "0":
        reject("an induction from 1 on says nothing of N = 0")
    base = w.base[s.power] if s.power else w.one
    closed = w.read(s.closed)
    if (
        w.read(s.closed, s.start) * (base if s.start == "1" else 1) != 1
        or rho * closed != w.read(s.closed, "k+1") * base
    ):
        reject("the closed form does not satisfy the recurrence of the product of rho_k")
    factor = w.read(s.closed, "N") * (w.names[s.power] if s.power else w.one)
    return Assertion(w.form(s.potential, "N").add(w.form(s.potential, s.start), -factor), equality=a.equality)


def _induct_hypothesis(w: Workings, s: d.InductHypothesis) -> Assertion:
    step = w.earlier(s.step, bare=False)
    if w.case.first == "0":
        reject("an induction from 1 on says nothing of N = 0")
    w.same(w.earlier(s.base).form, w.form(s.claim, "1"), "the base is not the claim at k = 1")
    w.same(step.form, w.form(s.claim, "k+1"), "the step does not end in the claim at k + 1")
    for h in step.hypotheses:
        w.same(h, w.form(s.claim, "k"), "the step assumes more than the claim at k")
    return Assertion(w.form(s.claim, "N"))


def _sum(w: Workings, s: d.Sum) -> Assertion:
    a = w.earlier(s.step)
    if a.since or (s.upto == "N+1" and w.case.reach == "k<N"):
        reject(f"{s.step} does not hold for all k of the sum")
    want = w.form(s.potential, "k+1").add(w.form(s.potential, "k"), -w.one)
    want.add(w.form(s.quantity, "k"), w.read(s.weight)).add(w.form(s.rest, "k"))
    w.same(a.form, want, "the step is not V_{k+1} - V_k + w_k q_k + e_k <= 0")
    w.sums(lambda i: w.form(s.total, i), w.form(s.rest, "k"), Form(), "the total")
    out = w.form(s.total, s.upto if s.upto in ENDS else reject("a sum ends at N or N+1"))
    if s.quantity:
        out.add(w.summed(s.quantity, s.upto, s.weight))
    out.add(w.form(s.potential, s.upto)).add(w.form(s.potential, "0"), -w.one)
    return Assertion(out, equality=a.equality)


def _settle(w: Workings, s: d.Settle) -> Assertion:
    a, rho, rise = w.earlier(s.step), w.read(s.rho), w.read(s.rise)
    want = w.form(s.potential, "k+1").add(w.form(s.potential, "k"), -rho).add(Form({}, {ONE: rise}), -w.one)
    w.same(a.form, want, "the step is not V_{k+1} - rho V_k - rise == 0")
    if not a.equality or w.case.reach:
        reject("a limit is known of a recursion that is an equality at every k")
    for c in (rho, rise):
        if not w.free(c, "k", "N", *w.case.powers, *w.method.sequences):
            reject("rho and the rise must not depend on k")
    if not (w.field.positive(w.one - rho) and w.field.positive(w.one + rho)):
        reject(f"rho is not shown to lie between -1 and 1: {w.field.brief(rho)}")
    lim = w.functional("lim", s.potential, "N")
    return Assertion(Form({}, {lim: w.one}).add(Form({}, {ONE: w.one}), -rise / (w.one - rho)), equality=True)


def _weights(w: Workings, s: d.Average) -> Any:
    w.nonnegative(w.read(s.weight), "the weight")
    w.sums(lambda i: w.read(s.total, i), w.read(s.weight), w.zero, "the total weight")
    return w.read(s.total, s.upto if s.upto in ENDS else reject("a sum ends at N or N+1"))


def _least(w: Workings, s: d.Least) -> Assertion:
    minimum = w.case.minima.get(s.minimum) or reject(f"there is no minimum {s.minimum!r}")
    whole, reach = minimum.upto == "N+1", w.case.reach
    below = {
        "0": whole or w.case.first == "1",
        "N": whole,
        "k": reach == "k<N" or (whole and reach == "k<N+1"),
        "k+1": whole and reach == "k<N",
    }
    if not below.get(s.index):
        reject(f"{s.index} is not shown to be below the end of the minimum {s.minimum}")
    return Assertion(Form({}, {w.value(s.minimum, "k"): w.one}).add(w.form(minimum.quantity, s.index), -w.one))


def _average(w: Workings, s: d.Average) -> Assertion:
    call = next((c for c in w.method.calls.values() if c.f == s.value), None) or reject(
        f"no call has the value {s.value!r}"
    )
    member = w.method.members[call.member]
    mu, by = member.constants.get("mu", ("-1", ""))
    if member.kind != "function" or call.since or not w.field.nonnegative(w.read(mu)):
        reject(f"{call.member} is not shown to be convex")
    w.used |= {by, "jensen", *call.by}
    W = _weights(w, s)
    low = Form({}, {w.functional("value at the average", ((s.weight, s.value),), s.upto): W, "f*": -W})
    gap: Terms = (("1", s.value), ("-1", "f*"))
    return Assertion(low.add(w.summed(gap, s.upto, s.weight), -w.one))


_RULES: dict[type, Callable[[Workings, Any], Any]] = {
    d.Inequality: _inequality,
    d.Combine: _combine,
    d.Instantiate: _instantiate,
    d.Invariant: _invariant,
    d.Vanish: _vanish,
    d.Induct: _induct,
    d.InductHypothesis: _induct_hypothesis,
    d.Sum: _sum,
    d.Settle: _settle,
    d.Least: _least,
    d.Average: _average,
}


def run(w: Workings) -> Assertion:
    """Every step of a case in order; the last conclusion.

    Raises:
        DerivationRejected: at which step, and why.
    """
    last: Any = None
    for name, _ in run_each(w):
        last = w.known[name]
    return last if isinstance(last, Assertion) else reject("the last step is no inequality")


def run_each(w: Workings) -> Iterator[tuple[str, d.Step]]:
    """The steps of a case in order, each when its conclusion is known."""
    for name, step in w.case.steps.items():
        try:
            w.known[name] = _RULES[type(step)](w, step)
            w.proofs |= {name: w.proofs.pop("")} if "" in w.proofs else {}
        except (GradproofError, KeyError) as error:
            raise DerivationRejected(f"step {name}: {error}") from error
        yield name, step
