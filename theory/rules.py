"""The rules of a derivation: each computes its conclusion from earlier ones, by exact arithmetic in Q(parameters, N, k, ...).

Part of the trusted kernel. ``Workings`` reads the text of one case into forms over indexed names (``x[k]``, ``g[k+1]``, ``f[N]``),
in which ``x[k+1]`` is always written out by the method's own recursion: a step of another method has another form.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from gradproof.theory import derivation as d
from gradproof.theory import proof as kernel
from gradproof.theory.axioms import ONE, Form, Member, Point, combine, inner
from gradproof.theory.derivation import DerivationRejected, Terms, Vec
from gradproof.theory.errors import GradproofError
from gradproof.theory.field import QQ, Functions, Interval, _parse

NEXT = {"k": "k+1", "0": "1", "N": "N+1"}
PREVIOUS = {after: before for before, after in NEXT.items()}
ENDS = ("N", "N+1")  # where a sum may end
REACH = ("", "k<N", "k<N+1")  # the k for which steps hold

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


def reject(text: str) -> Any:
    raise DerivationRejected(text)


@dataclass(frozen=True)
class Assertion:
    """``form <= 0`` for all k >= since, where every hypothesis is <= 0."""

    form: Form
    hypotheses: tuple[Form, ...] = ()
    since: int = 0


def move(c: Any, images: Iterable[Any], to: Functions) -> Any:
    """A rational function at images of its parameters in another field."""
    values, parts = list(images), []
    for poly in (c.numer, c.denom):
        total = to.zero
        for powers, q in poly.terms():
            term = to.one * to._field(q)
            for image, power in zip(values, powers, strict=True):
                term = term * image**power if power else term
            total = total + term
        parts.append(total)
    return parts[0] / parts[1] if parts[1] != 0 else reject("a denominator vanishes")


class Workings:
    """One case of a derivation in its field: names, forms, conclusions, the kernel proofs and what was used."""

    def __init__(self, method: d.Method, case: d.Case) -> None:
        self.method, self.case = method, case
        self.used: set[str] = set()
        self.known: dict[str, Assertion | dict[str, Any]] = {}
        self.proofs: dict[str, kernel.Proof] = {}
        self._declare_names()
        if case.reach not in REACH:
            reject(f"steps hold for all k, or for k<N or k<N+1, not {case.reach!r}")
        index, horizon = Interval("k", "0", "", True), Interval("N", "1", "", True)
        if "N" in case.given:
            end = f"{case.given['N']}{' + 1' * (case.reach == 'k<N+1')}" if case.reach else ""
            order: tuple[Interval, ...] = (Interval("k", "0", end, True),)
        elif case.reach:  # k = 0 and N = 1 are among them
            order = (index, Interval("N", "k+1" if case.reach == "k<N" else "k", "", True))
        else:
            order = (horizon, index)
        low = self._power_ends(case)
        numbers = [Interval(a, s.low, "", True) for a, s in method.sequences.items()]
        powers = [Interval(p, low[p], "", True) for p in case.powers]
        self.field = Functions((*case.domain, *order, *powers, *numbers))
        self.one, self.zero = self.field.one, self.field.zero
        self.names = {i.name: self.field[i.name] for i in self.field.domain}
        for name, text in [*case.given.items(), *case.lets.items()]:
            if name not in self.names:
                self.names[name] = self.read(text)
                self.constant(self.names[name], "N" if name != "N" else "")
        k, N = self.names["k"], self.names["N"]
        self.number = {"k": k, "k+1": k + 1, "0": self.zero, "1": self.one, "N": N, "N+1": N + 1}
        self.base = {p: self.read(b) for p, b in case.powers.items()}
        for p, b in self.base.items():
            self.constant(b)
            self.nonnegative(b, f"the base of {p}")
            if low[p] != "0":
                self.nonnegative(b - 1, f"the base of {p}, less 1,")
        self.images = self._images()

    # --- names and numbers -------------------------------------------------------------------------------------------

    def _declare_names(self) -> None:
        m, c = self.method, self.case
        kinds = [i.name for i in c.domain], list(c.powers), list(m.sequences), ["k"]
        flat = [n for names in kinds for n in names]
        if len(set(flat)) != len(flat) or ({"N"} | set(c.given)) & set(flat) - {"N"} or "N" in flat:
            reject("parameters, given ones, powers, sequences, k and N must have different names")
        if set(c.roots) & set(m.roots) or set(c.lets) & (set(m.roots) | set(c.roots) | set(m.sequences)):
            reject("a root or let is defined twice")
        if set(c.powers) & (set(c.lets) | set(c.roots) | set(m.roots)) or set(m.sequences) & set(c.given):
            reject("a power or sequence is called like a parameter")
        vectors = [*m.step, *m.outputs, *m.fixed, *c.defines]
        values = [*m.values, *m.fixed_values, *c.minima, ONE]
        if len(set(vectors)) != len(vectors) or len(set(values)) != len(values):
            reject("a vector or value of the method has two meanings")
        for name in (*vectors, *values):
            if name.endswith("'") or "[" in name or "(" in name:
                reject(f"a vector or value cannot be called {name!r}")
        for name, call in m.calls.items():
            if call.member not in m.members or name.endswith("'"):
                reject(f"call {name!r} is of no member")
            if (m.members[call.member].kind in ("function", "quadratic")) and not m.members[call.member].average and not call.f:
                reject(f"{call.member} is a function, so call {name!r} needs its value")

    def _power_ends(self, case: d.Case) -> dict[str, str]:
        """base^N >= base where the base is at least 1, for N >= 1: the interval's lower end, shown after."""
        probe = Functions(case.domain) if case.domain else None
        ends = {}
        for p, b in case.powers.items():
            try:
                at_least_one = probe is not None and probe.nonnegative(probe.read(b) - 1) and probe.read(b) != 1
            except GradproofError:
                at_least_one = False
            ends[p] = b if at_least_one else "0"
        return ends

    def _images(self) -> dict[str, dict[str, Any]]:
        """index -> names that move with k, at that index; a sequence at N is its closed form, which is checked."""
        out: dict[str, dict[str, Any]] = {i: {"k": n} for i, n in self.number.items()}
        N = self.names["N"]
        grown = {p: self.names[p] * b for p, b in self.base.items()}
        for a, s in self.method.sequences.items():
            start, closed = self.read(s.start), self.read(s.closed)
            if not self.free(closed, "k", *self.method.sequences) or not self.free(start, "k", "N", *self.base):
                reject(f"the start of {a} is a number, its closed form is written in N and powers")
            follow = lambda value, at, s=s, a=a: self.read(s.next, more={a: value, "k": at})  # noqa: E731
            if self.replaced(closed, {"N": self.zero, **dict.fromkeys(self.base, self.one)}) != start:
                reject(f"the closed form of {a} does not begin at its start")
            if self.replaced(closed, {"N": N + 1, **grown}) != follow(closed, N):
                reject(f"the closed form of {a} does not satisfy its recursion")
            self.nonnegative(start - self.read(s.low), f"{a}_0, less its lower end,")
            self.nonnegative(self.read(s.next) - self.read(s.low), f"{a}_(k+1), less its lower end,")
            out["0"][a], out["N"][a], out["k"][a] = start, closed, self.names[a]
            out["1"][a], out["N+1"][a] = follow(start, self.zero), follow(closed, N)
            out["k+1"][a] = follow(self.names[a], self.names["k"])
        return out

    def read(self, text: str, index: str = "k", more: Mapping[str, Any] | None = None) -> Any:
        names = {**self.names, **(self.images[index] if index != "k" else {}), **(more or {})}
        return self.field.admit(_parse(text, lambda n: self.field._field(QQ(int(n))), names))

    def replaced(self, c: Any, images: Mapping[str, Any]) -> Any:
        return self.field.admit(move(c, [images.get(i.name, self.names[i.name]) for i in self.field.domain], self.field))

    def free(self, c: Any, *names: str) -> bool:
        return not {str(s) for s in c.as_expr().free_symbols} & set(names)

    def constant(self, c: Any, horizon: str = "N") -> None:
        if not self.free(c, "k", horizon, *self.case.powers, *self.method.sequences):
            reject(f"{self.field.brief(c)} must not depend on k or N")

    def nonnegative(self, c: Any, what: str) -> None:
        if self.field.nonnegative(c):
            return
        known = [self.read(e) for e in self.case.knows]
        if self._multiple(c, known):
            return
        for text, squares in self.case.squares.items():
            if self.read(text) == c:
                parts = [(self.read(w), self.read(r)) for w, r in squares]
                total = self.zero
                for w, r in parts:
                    total = total + w * r * r
                if total == c and all(self.field.nonnegative(w) or self._multiple(w, known) for w, _ in parts):
                    return
        reject(f"{what} is not shown to be >= 0: {self.field.brief(c)}")

    def _multiple(self, c: Any, known: list[Any]) -> bool:
        return any(e != 0 and self.field.nonnegative(c / e) for e in known)

    # --- vectors, values, forms --------------------------------------------------------------------------------------

    def vec(self, v: Vec, index: str) -> dict[str, Any]:
        return combine(*((self.read(c, index), self.symbol(n, index)) for n, c in v.items()))

    def symbol(self, name: str, index: str) -> dict[str, Any]:
        m, plain = self.method, name.removesuffix("'")
        if name in m.fixed:
            return {name: self.one}
        if name != plain:
            index = NEXT.get(index) or reject(f"{name} lies too far ahead")
        recursion = m.step.get(plain) or self.case.defines.get(plain)
        if recursion is not None:
            if index in PREVIOUS:
                return self.vec(recursion, PREVIOUS[index])
            if index == "0" and plain in self.case.defines:
                return {}
            if index == "0" and plain in m.start:
                return self.vec(m.start[plain], "0")
        elif plain not in m.outputs:
            reject(f"the method has no vector {plain!r}")
        return {f"{plain.removesuffix('~')}[{index}]" + "~" * plain.endswith("~"): self.one}

    def value(self, name: str, index: str) -> str:
        m, plain = self.method, name.removesuffix("'")
        if name == ONE or name in m.fixed_values:
            return name
        if name in self.case.minima:
            least = self.case.minima[name]
            return self.functional("min", least.quantity, least.upto)
        if plain not in m.values or (name != plain and index not in NEXT):
            reject(f"the method has no value {name!r} at {index}")
        return f"{plain}[{NEXT[index] if name != plain else index}]"

    def form(self, terms: Terms, index: str) -> Form:
        out = Form()
        for c, *what in terms:
            if len(what) == 1:
                out.add(Form({}, {self.value(what[0], index): self.one}), self.read(c, index))
            else:
                out.add(inner(self.vec(what[0], index), self.vec(what[1], index)), self.read(c, index))
        return out

    def functional(self, kind: str, terms: Terms, upto: str, weight: str = "") -> str:
        """The name of a value that stands for a sum, a minimum or a value at an average, over k < upto."""
        if upto not in ENDS:
            reject("a sum ends at N or N+1")
        f = self.form(terms, "k")
        parts = sorted([*((f"<{a}, {b}>", c) for (a, b), c in f.quadratic.items()), *f.linear.items()], key=lambda p: p[0])
        shown = "; ".join(f"{name}: {self.field.show(c)}" for name, c in parts)
        return f"{kind}(k<{upto}) {self.field.show(self.read(weight)) if weight else ''} * ({shown})"

    # --- conclusions -------------------------------------------------------------------------------------------------

    def run(self) -> Assertion:
        """Every step in order; the last conclusion."""
        last: Any = None
        for name, step in self.case.steps.items():
            try:
                last = self.known[name] = _RULES[type(step)](self, step)
                self.proofs |= {name: self.proofs.pop("")} if "" in self.proofs else {}
            except (GradproofError, KeyError) as error:
                raise DerivationRejected(f"step {name}: {error}") from error
        if not isinstance(last, Assertion):
            reject("the last step is no inequality")
        return last

    def earlier(self, name: str, bare: bool = True) -> Assertion:
        a = self.known.get(name)
        if not isinstance(a, Assertion):
            reject(f"there is no earlier inequality {name!r}")
        return reject(f"{name} holds only under a hypothesis") if bare and a.hypotheses else a

    def same(self, a: Form, b: Form, what: str) -> None:
        rest = a.copy().add(b, -self.one)
        for key, c in [*rest.quadratic.items(), *rest.linear.items()]:
            reject(f"{what}: {self.field.brief(c)} times {key} is left")

    def sums(self, total: Callable[[str], Any], term: Any, nothing: Any, what: str) -> None:
        """total(0) = 0 and total(k+1) = total(k) + term, for numbers or forms."""
        plus = (lambda a, b: a.copy().add(b)) if isinstance(term, Form) else (lambda a, b: a + b)
        if total("0") != nothing or total("k+1") != plus(total("k"), term):
            reject(f"{what} is not the sum of its terms")


# --- the rules --------------------------------------------------------------------------------------------------------


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
        premise(f"step {name}", a.form, c)
    for name, c in s.laws.items():
        form, equality = _law(w, name, s.index)
        premise(f"law {name}", form, c, equality)
    for number, (name, v, c) in enumerate(s.nulls):
        null = w.known.get(name)
        if not isinstance(null, dict) or not isinstance(step := w.case.steps[name], d.Invariant | d.Vanish):
            return reject(f"there is no earlier zero vector {name!r}")
        premise(f"null {number}", inner(w.vec(step.vector, s.index), w.vec(v, s.index)), c, True)
    for number, (text, v) in enumerate(s.signs):
        c = w.read(text, s.index)
        w.nonnegative(c, f"sign {number}")
        u = w.vec(v, s.index)
        premise(f"sign {number}", Form().add(inner(u, u) if v else Form({}, {ONE: w.one}), -c), "1")
    members: dict[str, tuple[set[str], dict[str, Point]]] = {}
    for u in s.uses:
        constants, points = members.setdefault(u.member, (set(), {}))
        constants |= set(NEEDS.get(u.axiom, ()))
        for p in u.points:
            points[p], start = _point(w, u.member, p, s.index)
            since = max(since, start)
        uses.append(kernel.Use(u.axiom, u.member, u.points, w.read(u.multiplier, s.index), tuple(w.read(c, s.index) for c in u.weights)))
    declared = tuple(_member(w, name, constants, points) for name, (constants, points) in members.items())
    target = w.form(s.target, s.index)
    blocks = None if s.squares is None else tuple(kernel.Block((w.vec(v, s.index),), ((w.read(c, s.index),),)) for c, v in s.squares)
    used_values = {n for f in (target, *(p.form for p in premises)) for n in f.linear} | {n for m in declared for p in m.points for n in p.f}
    used_values |= {m.constants["lower"] for m in declared if "lower" in m.constants}
    names = {n for f in (target, *(p.form for p in premises)) for key in f.quadratic for n in key}
    names |= {n for m in declared for p in m.points for v in (p.x, p.g) for n in v}
    for last in (False, True):  # the order of elimination may decide whether a pivot's sign is seen
        vectors = tuple(sorted(names, reverse=last))
        statement = kernel.Statement(vectors, tuple(sorted(used_values - {ONE})), declared, target, tuple(premises), w.field.domain)
        proof = kernel.Proof(statement, tuple(uses), blocks)
        try:
            kernel.check(proof)
            w.proofs[""] = proof
            return Assertion(target, tuple(hypotheses), since)
        except GradproofError as error:
            why = error
    raise why


def _law(w: Workings, name: str, index: str) -> tuple[Form, bool]:
    law = w.method.laws.get(name) or reject(f"the method has no law {name!r}")
    if law.index not in ("0", "k"):
        reject(f"law {name} holds at every k or at 0")
    w.used |= set(law.by)
    return w.form(law.terms, index if law.index == "k" else law.index), law.equality


def _combine(w: Workings, s: d.Combine) -> Assertion:
    out, since, hypotheses = Form(), 0, []
    for name, text in s.steps.items():
        a, c = w.earlier(name, bare=False), w.read(text, s.index)
        w.nonnegative(c, f"the multiplier of {name}")
        out.add(a.form, c)
        since, hypotheses = max(since, a.since), hypotheses + [h for h in a.hypotheses if h not in hypotheses]
    for name, text in s.laws.items():
        (form, equality), c = _law(w, name, s.index), w.read(text, s.index)
        if not equality:
            w.nonnegative(c, f"the multiplier of {name}")
        out.add(form, c)
    for text, v in s.squares:
        c, u = w.read(text, s.index), w.vec(v, s.index)
        w.nonnegative(c, "the weight of a square")
        out.add(inner(u, u), -c)
    return Assertion(out, tuple(hypotheses), since)


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
    return Assertion(out)


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
    w.nonnegative(rho, "rho_k")
    base = w.base[s.power] if s.power else w.one
    closed = w.read(s.closed)
    if not w.free(closed, "N", *w.base) or not w.free(rho, "N", *w.base):
        reject("rho_k and the closed form are written in k")
    if w.read(s.closed, s.start) * (base if s.start == "1" else 1) != 1 or rho * closed != w.read(s.closed, "k+1") * base:
        reject("the closed form does not satisfy the recurrence of the product of rho_k")
    factor = w.read(s.closed, "N") * (w.names[s.power] if s.power else w.one)
    return Assertion(w.form(s.potential, "N").add(w.form(s.potential, s.start), -factor))


def _induct_hypothesis(w: Workings, s: d.InductHypothesis) -> Assertion:
    step = w.earlier(s.step, bare=False)
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
    for t in (*s.rest, *s.total):
        if len(t) != 2 or t[1] not in (ONE, *w.method.fixed_values, *w.case.minima):
            reject("the rest of a sum consists of constants and values that do not move")
    w.sums(lambda i: w.form(s.total, i), w.form(s.rest, "k"), Form(), "the total")
    out = w.form(s.total, s.upto if s.upto in ENDS else reject("a sum ends at N or N+1"))
    if s.quantity:
        out.add(Form({}, {w.functional("sum", s.quantity, s.upto, s.weight): w.one}))
    return Assertion(out.add(w.form(s.potential, s.upto)).add(w.form(s.potential, "0"), -w.one))


def _weights(w: Workings, s: d.Average) -> Any:
    w.nonnegative(w.read(s.weight), "the weight")
    w.sums(lambda i: w.read(s.total, i), w.read(s.weight), w.zero, "the total weight")
    return w.read(s.total, s.upto if s.upto in ENDS else reject("a sum ends at N or N+1"))


def _least(w: Workings, s: d.Least) -> Assertion:
    minimum = w.case.minima.get(s.minimum) or reject(f"there is no minimum {s.minimum!r}")
    whole, reach = minimum.upto == "N+1", w.case.reach
    below = {"0": True, "N": whole, "k": reach == "k<N" or (whole and reach == "k<N+1"), "k+1": whole and reach == "k<N"}
    if not below.get(s.index):
        reject(f"{s.index} is not shown to be below the end of the minimum {s.minimum}")
    return Assertion(Form({}, {w.value(s.minimum, "k"): w.one}).add(w.form(minimum.quantity, s.index), -w.one))


def _average(w: Workings, s: d.Average) -> Assertion:
    call = next((c for c in w.method.calls.values() if c.f == s.value), None) or reject(f"no call has the value {s.value!r}")
    member = w.method.members[call.member]
    mu, by = member.constants.get("mu", ("-1", ""))
    if member.kind != "function" or call.since or not w.field.nonnegative(w.read(mu)):
        reject(f"{call.member} is not shown to be convex")
    w.used |= {by, "jensen", *call.by}
    W = _weights(w, s)
    low = Form({}, {w.functional("value at the average", ((s.weight, s.value),), s.upto): W, "f*": -W})
    gap: Terms = (("1", s.value), ("-1", "f*"))
    return Assertion(low.add(Form({}, {w.functional("sum", gap, s.upto, s.weight): w.one}), -w.one))


_RULES: dict[type, Callable[[Workings, Any], Any]] = {
    d.Inequality: _inequality,
    d.Combine: _combine,
    d.Instantiate: _instantiate,
    d.Invariant: _invariant,
    d.Vanish: _vanish,
    d.Induct: _induct,
    d.InductHypothesis: _induct_hypothesis,
    d.Sum: _sum,
    d.Least: _least,
    d.Average: _average,
}
