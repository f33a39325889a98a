"""A second checker of derivations, written apart from ``theory.rules`` and ``theory.tie``.

The steps are checked for all parameters, in flint, from the meaning of the axioms and rules: an iterate is an atom (name, base,
shift) with base k, 0 or N, so that the recursion is unrolled from any place. The tie to the claim is checked at points: the claim's own
``bound`` against the conclusion at rational parameters of each case, and the claim's domain against the cases at rational points of it,
corners included. It knows nothing of words and facts: which assumption grants what is ``theory.tie``'s alone.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any

import flint
import sympy as sp

from gradproof.solvers.exact.ratio import Ratio, Ring
from gradproof.theory import derivation as d
from gradproof.theory.claim import Claim
from gradproof.theory.errors import DomainError, GradproofError, ProofRejected
from gradproof.theory.evidence import Relation
from gradproof.theory.field import Interval

Place = tuple[str, int]  # k, 0 or N, and how many steps after
Form = dict[Any, Ratio]  # (atom, atom) or (value,) -> coefficient
PLACES: dict[str, Place] = {"k": ("k", 0), "k+1": ("k", 1), "0": ("0", 0), "1": ("0", 1), "N": ("N", 0), "N+1": ("N", 1)}
POINTS = 6  # per case, at which the bound is compared
TRIES = 400  # random points of the claim's domain


def refuse(text: str) -> Any:
    raise ProofRejected(text)


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
    for number, case in enumerate(found):
        work = Case(f.method, case)
        form, under, since = work.run()
        if under or since:
            refuse("the conclusion does not hold for all k, or under a hypothesis")
        _compare(work, form, f, claim, random.Random(f"{claim.id} {number}"))
    _cover(derivation, claim, random.Random(claim.id))
    return len(found)


def _cases(tree: d.Case | d.Split) -> list[d.Case]:
    return [tree] if isinstance(tree, d.Case) else _cases(tree.low) + _cases(tree.high)


# --- the steps of one case --------------------------------------------------------------------------------------------


class Case:
    """Conclusions as (form, hypotheses, first k); zero vectors as a function of the place."""

    def __init__(self, method: d.Method, case: d.Case) -> None:
        self.m, self.case = method, case
        k, N = Interval("k", "0", "", True), Interval("N", "1", "", True)
        if "N" in case.given:
            more = f"({case.given['N']}){' + 1' * (case.reach == 'k<N+1')}" if case.reach else ""
            order = [Interval("k", "0", more, True)]
        elif case.reach:
            order = [k, Interval("N", "k + 1" if case.reach == "k<N" else "k", "", True)]
        else:
            order = [N, k]
        first = Ring(case.domain)
        ends = {}
        for p, base in case.powers.items():
            try:
                above = first.sign(first.read(base, first.gens) - first.one) == 2
            except ProofRejected:
                above = False
            ends[p] = base if above else "0"
        sequences = [Interval(a, s.low, "", True) for a, s in method.sequences.items()]
        self.ring = Ring((*case.domain, *order, *(Interval(p, e, "", True) for p, e in ends.items()), *sequences))
        self.one, self.zero = self.ring.one, self.ring.zero
        self.names = dict(self.ring.gens)
        for name, text in [*case.given.items(), *case.lets.items()]:
            self.names.setdefault(name, self.ring.read(text, self.names))
        roots = {**method.roots, **case.roots}
        for r in roots:
            if r in case.given and self.names[r] * self.names[r] != self.ring.read(roots[r], self.names):
                refuse(f"{r} is not a root")
        self.bases = {p: self.ring.read(b, self.names) for p, b in case.powers.items()}
        for p, b in self.bases.items():
            self.need(b, f"the base of {p}")
        self.closed = {}
        for a, s in method.sequences.items():
            self.closed[a] = self.ring.read(s.closed, self.names)
            grown = {"N": self.names["N"] + self.one} | {p: self.names[p] * b for p, b in self.bases.items()}
            start = self.ring.read(s.start, self.names)
            if self.put(self.closed[a], {"N": self.zero} | dict.fromkeys(self.bases, self.one)) != start:
                refuse(f"{a} does not begin so")
            follows = self.ring.read(s.next, {**self.names, a: self.closed[a], "k": self.names["N"]})
            if self.put(self.closed[a], grown) != follows:
                refuse(f"{a} does not go on so")
            low = self.ring.read(s.low, self.names)
            self.need(start - low, f"{a} at 0")
            self.need(self.ring.read(s.next, self.names) - low, f"{a} at k + 1")
        self.done: dict[str, Any] = {}

    def put(self, c: Ratio, images: Mapping[str, Ratio]) -> Ratio:
        return self.ring.substituted(c, [images.get(i.name, self.ring.gens[i.name]) for i in self.ring.domain])

    def need(self, c: Ratio, what: str) -> None:
        """c >= 0 on the domain, or by what the case says of its sign."""
        if (self.ring.sign(c) or -9) >= 0 or not c:
            return
        known = [self.ring.read(e, self.names) for e in self.case.knows]
        if any(e and (self.ring.sign(c / e) or -9) > 0 for e in known):
            return
        for text, squares in self.case.squares.items():
            if self.ring.read(text, self.names) == c:
                total = self.zero
                for w, r in squares:
                    weight, root = self.ring.read(w, self.names), self.ring.read(r, self.names)
                    if (self.ring.sign(weight) or -9) < 0:
                        refuse(f"{what}: the weight {w} is not shown to be >= 0")
                    total = total + weight * root * root
                if total == c:
                    return
        refuse(f"{what} is not shown to be >= 0: {str(c)[:120]}")

    def scalar(self, text: str, place: Place) -> Ratio:
        base, shift = place
        k = {"k": self.names["k"], "0": self.zero, "N": self.names["N"]}[base]
        here = dict(self.names) | {"k": k}
        for a, s in self.m.sequences.items():
            value = {"k": self.names[a], "0": self.ring.read(s.start, self.names), "N": self.closed[a]}[base]
            for i in range(shift):
                value = self.ring.read(s.next, {**self.names, a: value, "k": k + self.ring.number(flint.fmpq(i))})
            here[a] = value
        here["k"] = k + self.ring.number(flint.fmpq(shift))
        c = self.ring.read(text, here)
        if self.ring._of_orthant(Ratio(c.den, self.one.num)) not in (2, -2) and self.ring.sign(Ratio(c.den, self.one.num)) not in (2, -2):
            refuse(f"{text[:60]} may have a pole")
        return c

    def vector(self, v: d.Vec, place: Place) -> dict[Any, Ratio]:
        out: dict[Any, Ratio] = {}
        for name, text in v.items():
            c = self.scalar(text, place)
            for atom, e in self.atom(name, place).items():
                out[atom] = out.get(atom, self.zero) + c * e
        return {atom: c for atom, c in out.items() if c}

    def atom(self, name: str, place: Place) -> dict[Any, Ratio]:
        if name in self.m.fixed:
            return {(name, "", 0): self.one}
        plain, (base, shift) = name.rstrip("'"), place
        shift += len(name) - len(plain)
        rule = self.m.step.get(plain) or self.case.defines.get(plain)
        if rule and shift > 0:
            return self.vector(rule, (base, shift - 1))
        if rule and base == "0":
            return {} if plain in self.case.defines else self.vector(self.m.start[plain], place) if plain in self.m.start else {(plain, base, 0): self.one}
        if not rule and plain not in self.m.outputs:
            refuse(f"no vector {name!r}")
        return {(plain, base, shift): self.one}

    def value(self, name: str, place: Place) -> Any:
        if name == "1" or name in self.m.fixed_values:
            return ((name, "", 0),)
        if name in self.case.minima:
            least = self.case.minima[name]
            return (("min", least.upto, "", self.label(least.quantity)),)
        plain = name.rstrip("'")
        if plain not in self.m.values:
            refuse(f"no value {name!r}")
        return ((plain, place[0], place[1] + len(name) - len(plain)),)

    def label(self, terms: d.Terms) -> str:
        return str(sorted((str(key), str(c)) for key, c in self.form(terms, ("k", 0)).items()))

    def product(self, u: Mapping[Any, Ratio], v: Mapping[Any, Ratio]) -> Form:
        out: Form = {}
        for a, x in u.items():
            for b, y in v.items():
                if a[0].endswith("~") == b[0].endswith("~"):
                    key = (a, b) if a <= b else (b, a)
                    out[key] = out.get(key, self.zero) + x * y
        return out

    def form(self, terms: d.Terms, place: Place) -> Form:
        parts = []
        for c, *what in terms:
            one: Form = {self.value(what[0], place): self.one} if len(what) == 1 else self.product(self.vector(what[0], place), self.vector(what[1], place))  # type: ignore[arg-type]
            parts.append((self.scalar(c, place), one))
        return self.sum(*parts)

    def sum(self, *parts: tuple[Ratio, Form]) -> Form:
        out: Form = {}
        for c, f in parts:
            for key, e in f.items():
                out[key] = out.get(key, self.zero) + c * e
        return {key: c for key, c in out.items() if c}

    def equal(self, a: Form, b: Form, what: str) -> None:
        left = self.sum((self.one, a), (-self.one, b))
        if left:
            refuse(f"{what}: {str(next(iter(left.items())))[:200]} is left")

    def run(self) -> tuple[Form, list[Form], int]:
        last: Any = None
        for name, step in self.case.steps.items():
            last = self.done[name] = _RULES[type(step)](self, step)
        return last if isinstance(last, tuple) else refuse("the last step is no inequality")

    def before(self, name: str) -> tuple[Form, list[Form], int]:
        found = self.done.get(name)
        return found if isinstance(found, tuple) else refuse(f"no earlier inequality {name!r}")

    def bare(self, name: str) -> tuple[Form, int]:
        form, under, since = self.before(name)
        return refuse(f"{name} holds under a hypothesis") if under else (form, since)


def _inequality(w: Case, s: d.Inequality) -> tuple[Form, list[Form], int]:
    place, since = PLACES[s.index], 0
    under = [w.form(t, place) for t, _ in s.assumes]
    parts = [(w.scalar(c, place), f, False) for f, (_, c) in zip(under, s.assumes, strict=True)]
    for name, c in s.steps.items():
        f, more, first = w.before(name)
        since, under = max(since, first), under + [h for h in more if h not in under]
        parts.append((w.scalar(c, place), f, False))
    for name, c in s.laws.items():
        law = w.m.laws[name]
        parts.append((w.scalar(c, place), w.form(law.terms, place if law.index == "k" else PLACES[law.index]), law.equality))
    for name, v, c in s.nulls:
        zero = w.done[name]
        if isinstance(zero, tuple) or (isinstance(w.case.steps[name], d.Vanish) and s.index == "N" and w.case.reach == "k<N"):
            refuse(f"{name} is no zero vector here")
        parts.append((w.scalar(c, place), w.product(zero(place), w.vector(v, place)), True))
    for text, v in s.signs:
        c = w.scalar(text, place)
        w.need(c, f"the sign {text}")
        u = w.vector(v, place)
        parts.append((w.one, w.sum((-c, w.product(u, u) if v else {(("1", "", 0),): w.one})), False))
    for name, v, c in s.roots:
        u = w.vector(v, place)
        gap = w.names[name] * w.names[name] - w.ring.read({**w.m.roots, **w.case.roots}[name], w.names)
        parts.append((w.scalar(c, place), w.sum((gap, w.product(u, u))), True))
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
            points.append((w.vector(call.x, at), w.vector(call.g, at), {w.value(call.f, at): w.one} if call.f else None))
        f, equality = _axiom(w, use, member, points, place)
        parts.append((w.scalar(use.multiplier, place), f, equality))
    for c, _, equality in parts:
        if not equality and (w.ring.sign(c) or -9) < 0 and c:
            refuse(f"a multiplier is not shown to be >= 0: {str(c)[:120]}")
    target = w.form(s.target, place)
    slack = w.sum(*((c, f) for c, f, _ in parts), (-w.one, target))
    for weight, v in s.squares or ():
        c, u = w.scalar(weight, place), w.vector(v, place)
        if (w.ring.sign(c) or -9) < 0 and c:
            refuse(f"the weight of a square is not shown to be >= 0: {str(c)[:120]}")
        slack = w.sum((w.one, slack), (-c, w.product(u, u)))
    if any(len(key) == 1 for key in slack) or (s.squares is not None and slack):
        refuse(f"the identity fails: {str(next(iter(slack)))[:100]} is left")
    _semidefinite(w, slack)
    return target, under, since


def _axiom(w: Case, use: d.Use, member: d.Class, points: list, place: Place) -> tuple[Form, bool]:
    """The inequality ``form <= 0`` (or ``== 0``) that an axiom says of these points of a member."""
    constants = {n: w.scalar(t, ("k", 0)) if n != "lower" else t for n, (t, _) in member.constants.items()}
    kind, one, two = member.kind, w.one, w.ring.number(flint.fmpq(2))
    for n in ("L", "M", "D", "PL", "beta"):
        if n in constants and use.axiom in _SPEAKS[n] and w.ring.sign(constants[n]) != 2:
            refuse(f"{n} of {use.member} is not shown to be positive")

    def minus(u: Mapping, v: Mapping) -> dict:
        return {key: c for key in {*u, *v} if (c := u.get(key, w.zero) - v.get(key, w.zero))}

    def inner(u: Mapping, v: Mapping) -> Form:
        return w.product(u, v)

    if kind == "function" and not member.average and any(f is None for *_, f in points):
        refuse(f"a point of {use.member} has no value")
    if use.axiom == "interpolation" and kind == "function" and not member.average:
        (x, _, f), (y, h, e) = points
        g, mu, dx = points[0][1], constants["mu"], minus(x, y)
        base = [(one, e), (-one, f), (one, inner(h, dx))]
        if "L" not in constants:
            return w.sum(*base, (mu / two, inner(dx, dx))), False
        L, dg = constants["L"], minus(g, h)
        if w.ring.sign(L - mu) != 2:
            refuse("mu < L is not shown")
        c = one / (two * (one - mu / L)) if L else refuse("L is zero")
        return w.sum(*base, (c / L, inner(dg, dg)), (c * mu, inner(dx, dx)), (-two * c * mu / L, inner(dg, dx))), False
    if use.axiom == "descent" and kind == "function" and not member.average:
        (x, g, f), (y, _, e) = points
        dx = minus(y, x)
        return w.sum((one, e), (-one, f), (-one, inner(g, dx)), (-constants["L"] / two, inner(dx, dx))), False
    if use.axiom == "lipschitz" and kind in ("function", "operator"):
        if kind == "function" and not member.average and (w.ring.sign(constants["mu"] + constants["L"]) or -9) < 0:
            refuse("the gradient is not shown to be Lipschitz")
        (x, g, _), (y, h, _) = points
        dx, dg = minus(x, y), minus(g, h)
        return w.sum((one, inner(dg, dg)), (-constants["L"] * constants["L"], inner(dx, dx))), False
    if use.axiom == "contraction" and kind == "compressor":
        (x, g, _), q2 = points[0], constants["q2"]
        w.need(q2, "q2")
        return w.sum((one, inner(minus(g, x), minus(g, x))), (-q2, inner(x, x))), False
    if member.average:
        refuse(f"{use.axiom} does not hold for a family")
    if use.axiom == "bounded" and kind == "function":
        g = points[0][1]
        return w.sum((one, inner(g, g)), (-constants["M"] * constants["M"], {(("1", "", 0),): one})), False
    if use.axiom == "lower" and kind == "function":
        _, g, f = points[0]
        square = (one / (two * constants["L"]), inner(g, g)) if "L" in constants else (one, {})
        return w.sum((one, {w.value(constants["lower"], place): one}), (-one, f), square), False
    if use.axiom == "pl" and kind == "function":
        _, g, f = points[0]
        PL = constants["PL"]
        return w.sum((two * PL, f), (-two * PL, {w.value(constants["lower"], place): one}), (-one, inner(g, g))), False
    if use.axiom == "normal-cone" and kind == "indicator":
        (x, _, _), (y, h, _) = points
        return w.sum((one, inner(h, minus(x, y)))), False
    if use.axiom == "diameter" and kind == "indicator":
        dx = minus(points[0][0], points[1][0])
        return w.sum((one, inner(dx, dx)), (-constants["D"] * constants["D"], {(("1", "", 0),): one})), False
    if use.axiom == "monotone" and kind == "operator":
        dx, dg = minus(points[0][0], points[1][0]), minus(points[0][1], points[1][1])
        return w.sum((-one, inner(dg, dx)), (constants["mu"], inner(dx, dx))), False
    if use.axiom == "cocoercive" and kind == "operator":
        dx, dg = minus(points[0][0], points[1][0]), minus(points[0][1], points[1][1])
        return w.sum((-one, inner(dg, dx)), (constants["beta"], inner(dg, dg))), False
    if use.axiom == "spectrum" and kind == "quadratic":
        low: dict = {}
        high: dict = {}
        for c, (x, g, _) in zip((w.scalar(t, place) for t in use.weights), points, strict=True):
            for key in {*x, *g}:
                a, b = x.get(key, w.zero), g.get(key, w.zero)
                low[key] = low.get(key, w.zero) + c * (b - constants["mu"] * a)
                high[key] = high.get(key, w.zero) + c * (constants["L"] * a - b)
        return w.sum((-one, inner(low, high))), False
    return refuse(f"{use.axiom} is no axiom of a {kind} that this checker knows")


_SPEAKS = {
    "L": ("interpolation", "descent", "lipschitz", "lower"),
    "M": ("bounded",),
    "D": ("diameter",),
    "PL": ("pl",),
    "beta": ("cocoercive",),
}


def _semidefinite(w: Case, form: Form) -> None:
    """Completing squares, a variable with a positive coefficient at a time."""
    left = dict(form)
    while left:
        atoms = sorted({a for key in left for a in key})
        chosen = next((a for a in atoms if (w.ring.sign(left.get((a, a), w.zero)) or 0) > 0), None)
        if chosen is None:
            refuse(f"the slack is not shown to be a sum of squares: {str(next(iter(left.items())))[:160]}")
        pivot = left[chosen, chosen]
        row = {a: left.get((chosen, a) if chosen <= a else (a, chosen), w.zero) / w.ring.number(flint.fmpq(2)) for a in atoms if a != chosen}
        row = {a: c / pivot for a, c in row.items() if c} | {chosen: w.one}
        left = w.sum((w.one, left), (-pivot, w.product(row, row)))
        if any(chosen in key for key in left):
            refuse("a square does not remove its variable")


def _combine(w: Case, s: d.Combine) -> tuple[Form, list[Form], int]:
    place, parts, under, since = PLACES[s.index], [], [], 0
    for name, c in s.steps.items():
        f, more, first = w.before(name)
        w.need(w.scalar(c, place), f"the multiplier of {name}")
        parts.append((w.scalar(c, place), f))
        under, since = under + [h for h in more if h not in under], max(since, first)
    for name, c in s.laws.items():
        law = w.m.laws[name]
        if not law.equality:
            w.need(w.scalar(c, place), f"the multiplier of {name}")
        parts.append((w.scalar(c, place), w.form(law.terms, place if law.index == "k" else PLACES[law.index])))
    for c, v in s.squares:
        w.need(w.scalar(c, place), "a weight")
        u = w.vector(v, place)
        parts.append((-w.scalar(c, place), w.product(u, u)))
    return w.sum(*parts), under, since


def _instantiate(w: Case, s: d.Instantiate) -> tuple[Form, list[Form], int]:
    form, since = w.bare(s.step)
    if s.index not in ("0", "N") or (since and s.index == "0") or (w.case.reach == "k<N" and s.index == "N"):
        refuse("it does not hold there")
    images = {"k": w.zero if s.index == "0" else w.names["N"]}
    images |= {a: w.scalar(a, (s.index, 0)) for a in w.m.sequences}
    parts = []
    for key, c in form.items():
        at = [(n, s.index, shift) if base == "k" else (n, base, shift) for n, base, shift, *_ in key] if all(len(x) == 3 for x in key) else list(key)
        if len(key) == 1:
            one: Form = {tuple(at): w.one}
        else:
            one = w.product(*({x: w.one} if x[1] == "" else w.atom(x[0] + "'" * x[2], (x[1], 0)) for x in at))
        parts.append((w.put(c, images), one))
    return w.sum(*parts), [], 0


def _invariant(w: Case, s: d.Invariant) -> Callable[[Place], dict[Any, Ratio]]:
    ratio, now, after = w.scalar(s.ratio, ("k", 0)), w.vector(s.vector, ("k", 0)), w.vector(s.vector, ("k", 1))
    if w.vector(s.vector, ("0", 0)) or any(after.get(key, w.zero) != ratio * now.get(key, w.zero) for key in {*now, *after}):
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
    w.need(rho, "rho")
    w.equal(form, w.sum((w.one, w.form(s.potential, ("k", 1))), (-rho, w.form(s.potential, ("k", 0)))), "the step is another")
    base = w.bases[s.power] if s.power else w.one
    first = w.scalar(s.closed, ("0", start)) * (base if start else w.one)
    if first != w.one or w.scalar(s.closed, ("k", 0)) * rho != w.scalar(s.closed, ("k", 1)) * base:
        refuse("the closed form is not the product")
    factor = w.scalar(s.closed, ("N", 0)) * (w.names[s.power] if s.power else w.one)
    return w.sum((w.one, w.form(s.potential, ("N", 0))), (-factor, w.form(s.potential, ("0", start)))), [], 0


def _induct_hypothesis(w: Case, s: d.InductHypothesis) -> tuple[Form, list[Form], int]:
    step, under, since = w.before(s.step)
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
    want = w.sum((w.one, w.form(s.potential, ("k", 1))), (-w.one, w.form(s.potential, k)), (weight, w.form(s.quantity, k)), (w.one, w.form(s.rest, k)))
    w.equal(form, want, "the step is another")
    w.equal(w.form(s.total, ("0", 0)), {}, "the total does not begin at 0")
    grown = w.sum((w.one, w.form(s.total, k)), (w.one, w.form(s.rest, k)))
    w.equal(w.form(s.total, ("k", 1)), grown, "the total is no sum")
    end = {"N": ("N", 0), "N+1": ("N", 1)}[s.upto]
    summed: Form = {(("sum", s.upto, str(weight), w.label(s.quantity)),): w.one} if s.quantity else {}
    return w.sum((w.one, summed), (w.one, w.form(s.total, end)), (w.one, w.form(s.potential, end)), (-w.one, w.form(s.potential, ("0", 0)))), [], 0


def _least(w: Case, s: d.Least) -> tuple[Form, list[Form], int]:
    least = w.case.minima[s.minimum]
    last = {"N": -1, "N+1": 0}[least.upto]  # the largest index below the end, less N
    reach = {"": None, "k<N": -1, "k<N+1": 0}[w.case.reach]
    base, shift = PLACES[s.index]
    if (base == "N" and shift > last) or (base == "k" and (reach is None or reach + shift > last)) or (base == "0" and shift):
        refuse("the index is not below the end of the minimum")
    return w.sum((w.one, {w.value(s.minimum, ("k", 0)): w.one}), (-w.one, w.form(least.quantity, PLACES[s.index]))), [], 0


_RULES: dict[type, Callable[[Case, Any], Any]] = {
    d.Inequality: _inequality, d.Combine: _combine, d.Instantiate: _instantiate, d.Invariant: _invariant, d.Vanish: _vanish,
    d.Induct: _induct, d.InductHypothesis: _induct_hypothesis, d.Sum: _sum, d.Least: _least,
}  # fmt: skip


# --- the tie to the claim, at points ----------------------------------------------------------------------------------


def _compare(w: Case, conclusion: Form, f: d.Formal, claim: Claim, rng: random.Random) -> None:
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
        return refuse("values at averages are not read")
    else:
        left = w.form(q, place)
    sign = flint.fmpq(-1 if claim.relation is Relation.GE else 1)
    sides = [w.form(t, ("0", 0)) for t in (f.initial, *f.stands.values())]
    drop = [a.name for a in claim.assumptions]
    for _ in range(POINTS):
        point, steps = _point(w, rng)
        numbers = {p.name: steps if p.name == f.horizon else _fraction(w, p.name, point) for p in claim.parameters if p.name not in f.stands}
        unit = [dict.fromkeys(f.stands, 0)] + [{x: int(x == p) for x in f.stands} for p in f.stands]
        bounds = [_simple(claim.bound(drop=drop, **numbers, **u)) for u in unit]
        if not all(b.is_Rational for b in bounds):
            refuse(f"the bound is irrational at a rational point of the case: {bounds}"[:200])
        slopes = [bounds[0], *(b - bounds[0] for b in bounds[1:])]
        if isinstance(q, d.Infimum):
            slopes = [-slopes[0]]
        for key in {*conclusion, *left, *(key for side in sides for key in side)}:
            want = w.ring.at(left.get(key, w.zero), point)
            for c, side in zip(slopes, sides, strict=True):
                want -= flint.fmpq(int(c.p), int(c.q)) * w.ring.at(side.get(key, w.zero), point)
            if w.ring.at(conclusion.get(key, w.zero), point) != sign * want:
                refuse(f"the conclusion is not the claim at {numbers}: the coefficient of {key}"[:300])


def _point(w: Case, rng: random.Random) -> tuple[list[Any], int]:
    """A rational point of the case: parameters inside their intervals, N, and the powers that they make."""
    steps, names, values = rng.randint(1, 4), {}, []
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
                high = w.ring.at(w.ring.read(i.high, plain), values + [flint.fmpq(0)] * (len(w.ring.domain) - len(values)))
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
            numbers[p.name] = rng.randint(1, 4) if p.domain == sp.S.Naturals else rng.choice([*small, *(1 / x for x in numbers.values() if x)])
        try:
            claim.bound(**numbers, **{s: 1 for s in f.stands})
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
    num, den = (sum(sp.Rational(int(q.p), int(q.q)) * sp.prod(v ** int(n) for v, n in zip(values.values(), powers, strict=False)) for powers, q in p.terms()) for p in (c.num, c.den))
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
        if n in here and sp.simplify(_exact(text, {m: v for m, v in here.items() if m not in case.given}) - here[n]) != 0:
            return f"{n} is not {text}"
    for i in case.domain:
        if isinstance(f.quantity, d.Infimum) and i == f.quantity.over:
            continue
        x, low = here[i.name], _exact(i.low, here)
        high = _exact(i.high, here) if i.high else sp.oo
        if not (low < x or (i.closed_low and sp.simplify(low - x) == 0)) or not (x < high or (i.closed_high and sp.simplify(high - x) == 0)):
            return f"{i.name} = {x} is not in {i}"
    return ""
