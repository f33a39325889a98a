"""One case of a derivation in its field Q(parameters, N, k, ...): its text read into numbers, vectors and forms.

Part of the trusted kernel. A form is over indexed names (``x[k]``, ``g[k+1]``, ``f[N]``), in which ``x[k+1]`` is always
written out by the method's own recursion: a step of another method has another form.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from gradproof.theory import derivation as d
from gradproof.theory import proof as kernel
from gradproof.theory.axioms import ONE, Form, combine, inner
from gradproof.theory.coefficient import parse
from gradproof.theory.derivation import DerivationRejected, Terms, Vec
from gradproof.theory.errors import GradproofError
from gradproof.theory.field import QQ, Functions, Interval

NEXT = {"k": "k+1", "0": "1", "N": "N+1"}
PREVIOUS = {after: before for before, after in NEXT.items()}
ENDS = ("N", "N+1")  # where a sum may end
REACH = ("", "k<N", "k<N+1")  # the k for which steps hold


def reject(text: str) -> Any:
    raise DerivationRejected(text)


@dataclass(frozen=True)
class Assertion:
    """``form <= 0`` (or ``== 0``) for all k >= since, where every hypothesis is <= 0."""

    form: Form
    hypotheses: tuple[Form, ...] = ()
    since: int = 0
    equality: bool = False


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
        self.laws: set[str] = set()  # those of the method that steps use
        self.known: dict[str, Assertion | dict[str, Any]] = {}
        self.proofs: dict[str, kernel.Proof] = {}
        self._declare_names()
        if case.reach not in REACH:
            reject(f"steps hold for all k, or for k<N or k<N+1, not {case.reach!r}")
        if case.first not in ("0", "1") or (case.first == "0" and (case.reach or "N" in case.given)):
            reject("N counts from 1, or from 0 where steps hold for all k")
        index, horizon = Interval("k", "0", "", True), Interval("N", case.first, "", True)
        if "N" in case.given:
            end = f"{case.given['N']}{' + 1' * (case.reach == 'k<N+1')}" if case.reach else ""
            order: tuple[Interval, ...] = (Interval("k", "0", end, True),)
        elif case.reach:  # k = 0 and N = 1 are among them
            order = (index, Interval("N", "k+1" if case.reach == "k<N" else "k", "", True))
        else:
            order = (horizon, index)
        low = self._power_ends(case)
        numbers = [Interval(a, s.low, "", True) for a, s in method.sequences.items()]
        powers = [Interval(p, low[p], "", bool(low[p])) for p in case.powers]
        self.field = Functions((*case.domain, *order, *powers, *numbers))
        self.one, self.zero = self.field.one, self.field.zero
        self.names = {i.name: self.field[i.name] for i in self.field.domain}
        for name, text in [*case.given.items(), *case.lets.items()]:
            if name not in self.names:
                self.names[name] = self.read(text)
                self.constant(self.names[name], "N" if name != "N" else "")
        for text in case.positive:
            self.field.assume_positive(self.read(text))
        k, N = self.names["k"], self.names["N"]
        self.number = {"k": k, "k+1": k + 1, "0": self.zero, "1": self.one, "N": N, "N+1": N + 1}
        self.base = {p: self.read(b) for p, b in case.powers.items()}
        for p, b in self.base.items():
            self.constant(b)
            if low[p]:
                self.nonnegative(b, f"the base of {p}")
        self.images = self._images()

    # --- names and numbers -------------------------------------------------------------------------------------------

    def _declare_names(self) -> None:
        m, c = self.method, self.case
        free = [*(i.name for i in c.domain), *c.powers, *m.sequences, "k", "N"]
        defined = [*m.roots, *c.roots, *c.lets]
        once = len(set(free)) == len(free) and len(set(defined)) == len(defined)
        if not once or set(c.given) & (set(free) - {"N"}) or set(defined) & {*c.powers, *m.sequences, "k", "N"}:
            reject("a parameter, root, let, power or sequence has two meanings")
        vectors = [*m.step, *m.outputs, *m.fixed, *c.defines]
        values = [*m.values, *m.fixed_values, *c.minima, ONE]
        if len(set(vectors)) != len(vectors) or len(set(values)) != len(values):
            reject("a vector or value of the method has two meanings")
        for name in (*vectors, *values):
            if name.endswith("'") or "[" in name or "(" in name:
                reject(f"a vector or value cannot be called {name!r}")
        for name, call in m.calls.items():
            if call.member not in m.members or name.endswith("'") or call.since not in (0, 1):
                reject(f"call {name!r} is of no member, or does not begin at 0 or 1")
            if (
                (m.members[call.member].kind in ("function", "quadratic"))
                and not m.members[call.member].average
                and not call.f
            ):
                reject(f"{call.member} is a function, so call {name!r} needs its value")

    def _power_ends(self, case: d.Case) -> dict[str, str]:
        """The lower end of base^N: the base (1 if N may be 0) where that is at least 1, else 0; none for a base of any sign."""
        probe = Functions(case.domain) if case.domain else None
        ends = {}
        for p, b in case.powers.items():
            ends[p] = "0"
            try:
                base = probe.read(b) if probe is not None else None
            except GradproofError:
                continue
            if probe is None or base is None:
                continue
            if base != 1 and probe.nonnegative(base - probe.one):
                ends[p] = b if case.first == "1" else "1"
            elif not probe.nonnegative(base) and not self._by_hand(b):
                ends[p] = ""
        return ends

    def _by_hand(self, base: str) -> bool:
        """Whether the case says itself why an expression is >= 0."""
        return base in self.case.squares or bool(self.case.knows)

    def _images(self) -> dict[str, dict[str, Any]]:
        """index -> names that move with k, at that index; a sequence at N is its closed form, which is checked."""
        out: dict[str, dict[str, Any]] = {i: {"k": n} for i, n in self.number.items()}
        N = self.names["N"]
        grown = {p: self.names[p] * b for p, b in self.base.items()}
        for a, s in self.method.sequences.items():
            start, closed = self.read(s.start), self.read(s.closed)
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
        return self.field.admit(parse(text, lambda n: self.field._field(QQ(int(n))), names))

    def replaced(self, c: Any, images: Mapping[str, Any]) -> Any:
        return self.field.admit(
            move(c, [images.get(i.name, self.names[i.name]) for i in self.field.domain], self.field)
        )

    def free(self, c: Any, *names: str) -> bool:
        return not {str(s) for s in c.as_expr().free_symbols} & set(names)

    def constant(self, c: Any, horizon: str = "N") -> None:
        if not self.free(c, "k", horizon, *self.case.powers, *self.method.sequences):
            reject(f"{self.field.brief(c)} must not depend on k or N")

    def nonnegative(self, c: Any, what: str) -> None:
        if self.field.nonnegative(c):
            return
        known = [self.read(e) for e in (*self.case.knows, *self.case.positive)]
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
        what: list[Any]
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
        parts = sorted(
            [*((f"<{a}, {b}>", c) for (a, b), c in f.quadratic.items()), *f.linear.items()], key=lambda p: p[0]
        )
        shown = "; ".join(f"{name}: {self.field.show(c)}" for name, c in parts)
        return f"{kind}(k<{upto}) {self.field.show(self.read(weight)) if weight else ''} * ({shown})"

    def summed(self, terms: Terms, upto: str, weight: str) -> Form:
        """The sum of a weight times a form over k < upto; a weight without k stands before it."""
        w = self.read(weight)
        if self.free(w, "k", *self.method.sequences):
            return Form({}, {self.functional("sum", terms, upto, "1"): w})
        return Form({}, {self.functional("sum", terms, upto, weight): self.one})

    # --- conclusions -------------------------------------------------------------------------------------------------

    def earlier(self, name: str, bare: bool = True) -> Assertion:
        a = self.known.get(name)
        if not isinstance(a, Assertion):
            return reject(f"there is no earlier inequality {name!r}")
        if bare and a.hypotheses:
            reject(f"{name} holds only under a hypothesis")
        return a

    def same(self, a: Form, b: Form, what: str) -> None:
        rest = a.copy().add(b, -self.one)
        for key, c in [*rest.quadratic.items(), *rest.linear.items()]:
            reject(f"{what}: {self.field.brief(c)} times {key} is left")

    def sums(self, total: Callable[[str], Any], term: Any, nothing: Any, what: str) -> None:
        """total(0) = 0 and total(k+1) = total(k) + term, for numbers or forms."""
        plus = (lambda a, b: a.copy().add(b)) if isinstance(term, Form) else (lambda a, b: a + b)
        if total("0") != nothing or total("k+1") != plus(total("k"), term):
            reject(f"{what} is not the sum of its terms")
