"""One case of a derivation for the second checker: its numbers, vectors and forms, in flint.

An iterate is an atom (name, base, shift) with base k, 0 or N, so that the recursion is unrolled from any place.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import flint

from gradproof.solvers.exact.ratio import Ratio, Ring
from gradproof.theory import derivation as d
from gradproof.theory.errors import ProofRejected
from gradproof.theory.field import Interval

Place = tuple[str, int]  # k, 0 or N, and how many steps after
Form = dict[Any, Ratio]  # (atom, atom) or (value,) -> coefficient
PLACES: dict[str, Place] = {
    "k": ("k", 0),
    "k+1": ("k", 1),
    "0": ("0", 0),
    "1": ("0", 1),
    "N": ("N", 0),
    "N+1": ("N", 1),
}


def refuse(text: str) -> Any:
    raise ProofRejected(text)


class Case:
    """Conclusions as (form, hypotheses, first k); zero vectors as a function of the place."""

    def __init__(self, method: d.Method, case: d.Case) -> None:
        self.m, self.case = method, case
        k, N = Interval("k", "0", "", True), Interval("N", case.first, "", True)
        if case.first != "1" and (case.first != "0" or case.reach or "N" in case.given):
            refuse("N begins at 0 or 1, and at 1 where steps hold below it")
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
            ends[p] = "0"
            try:
                value = first.read(base, first.gens)
            except ProofRejected:
                continue
            if first.sign(value - first.one) == 2:
                ends[p] = base if case.first == "1" else "1"
            elif value and (first.sign(value) or -9) < 0 and base not in case.squares and not case.knows:
                ends[p] = ""
        sequences = [Interval(a, s.low, "", True) for a, s in method.sequences.items()]
        self.ring = Ring((*case.domain, *order, *(Interval(p, e, "", bool(e)) for p, e in ends.items()), *sequences))
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
            if ends[p]:
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
        self.exact: set[str] = set()  # steps that conclude an equality

    def put(self, c: Ratio, images: Mapping[str, Ratio]) -> Ratio:
        return self.ring.substituted(c, [images.get(i.name, self.ring.gens[i.name]) for i in self.ring.domain])

    def need(self, c: Ratio, what: str) -> None:
        """c >= 0 on the domain, or by what the case says of its sign."""
        if not c or (self.case.positive and self.signed(c) >= 0) or self._shown(c):
            return
        for text, squares in self.case.squares.items():
            if self.ring.read(text, self.names) == c:
                total = self.zero
                for w, r in squares:
                    weight, root = self.ring.read(w, self.names), self.ring.read(r, self.names)
                    if weight and not self._shown(weight):
                        refuse(f"{what}: the weight {w} is not shown to be >= 0")
                    total = total + weight * root * root
                if total == c:
                    return
        refuse(f"{what} is not shown to be >= 0: {str(c)[:120]}")

    def _shown(self, c: Ratio) -> bool:
        """c >= 0 by its sign, or as a positive multiple of what the case knows."""
        known = [self.ring.read(e, self.names) for e in (*self.case.knows, *self.case.positive)]
        return (self.ring.sign(c) or -9) >= 0 or any(e and (self.ring.sign(c / e) or -9) > 0 for e in known)

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
        self.poles(c, text)
        return c

    def poles(self, c: Ratio, text: str) -> None:
        """The denominator does not vanish; what the case says is positive is divided out first."""
        den = c.den
        for e in self.case.positive:
            p = self.ring.read(e, self.names).num
            while not p.is_constant() and not den.is_constant() and divmod(den, p)[1].is_zero():
                den = den // p
        rest = Ratio(den, self.one.num)
        if self.ring._of_orthant(rest) not in (2, -2) and self.ring.sign(rest) not in (2, -2):
            refuse(f"{text[:60]} may have a pole")

    def signed(self, c: Ratio) -> int:
        """The sign on the domain, with what the case says is positive divided out."""
        num, den, turn = c.num, c.den, 1
        for e in self.case.positive:
            known = self.ring.read(e, self.names)
            p, way = known.num, self.ring.sign(Ratio(known.den, self.one.num)) or -9
            if abs(way) != 2:
                refuse(f"the sign of the denominator of {e} is not shown")
            for side in range(2):
                while (
                    not p.is_constant()
                    and not (num, den)[side].is_constant()
                    and divmod((num, den)[side], p)[1].is_zero()
                ):
                    num, den = (num // p, den) if side == 0 else (num, den // p)
                    turn = turn if way > 0 else -turn
        s = self.ring.sign(Ratio(num, den))
        return -9 if s is None else s * turn

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
            return (
                {}
                if plain in self.case.defines
                else self.vector(self.m.start[plain], place)
                if plain in self.m.start
                else {(plain, base, 0): self.one}
            )
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
        what: list[Any]
        for c, *what in terms:
            one: Form = (
                {self.value(what[0], place): self.one}
                if len(what) == 1
                else self.product(self.vector(what[0], place), self.vector(what[1], place))
            )
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

    def before(self, name: str) -> tuple[Form, list[Form], int]:
        found = self.done.get(name)
        return found if isinstance(found, tuple) else refuse(f"no earlier inequality {name!r}")

    def bare(self, name: str) -> tuple[Form, int]:
        form, under, since = self.before(name)
        return refuse(f"{name} holds under a hypothesis") if under else (form, since)
