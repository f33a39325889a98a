"""The setting of a derivation's case in Coq: parameters, sequences with their recursion, members, points and laws."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from gradproof.theory import derivation as d
from gradproof.theory.axioms import Form, Member, is_deviation
from gradproof.theory.field import Interval
from gradproof.theory.rocq.parametric import MODELS, class_hypotheses, coq_kind, point_hypothesis
from gradproof.theory.rocq.signs import Hints, Signs
from gradproof.theory.rocq.text import Identifiers, Writer, comment, polynomial
from gradproof.theory.workings import NEXT, Workings

INDEX = {"k": "k", "k+1": "(S k)", "0": "O", "1": "1%nat", "N": "N", "N+1": "(S N)"}
AT = re.compile(r"(.*)\[(k|k\+1|0|1|N|N\+1)\](~?)")


class Setting:
    """Names and hypotheses of the section in which a case is stated."""

    def __init__(self, w: Workings, name: str) -> None:
        self.w, self.name = w, name
        plain = Writer({i.name: f"p_{i.name}" for i in w.case.domain}, str, str)
        self.powers = {p: f"({plain.number(b)} ^ N)" for p, b in w.base.items()}
        self.parameters = (
            {i.name: f"p_{i.name}" for i in w.case.domain} | self.powers | {"k": "(INR k)", "N": "(INR N)"}
        )
        self.moving, self.fixed = Identifiers("s_"), Identifiers("v_")
        self.moving_values, self.fixed_values = Identifiers("f_"), Identifiers("f_")
        self.members = Identifiers("m_")
        self.functionals: dict[str, str] = {
            w.functional("min", m.quantity, m.upto): f"least_{i}" for i, m in enumerate(w.case.minima.values())
        }
        self.writer = Writer(self.parameters, self.vector, self.value)
        self.before: list[str] = []
        self.steps: list[str] = []
        self.factors: list[Any] = []
        self.roots: dict[str, str] = {}
        self.used_calls: set[str] = set()
        self.used_laws: set[str] = set()
        self.constants: dict[str, dict[str, Any]] = {}

    # --- names ---------------------------------------------------------------------------------------------------------

    def vector(self, name: str) -> str:
        at = AT.fullmatch(name)
        return f"({self.moving(at[1] + at[3])} {INDEX[at[2]]})" if at else self.fixed(name)

    def value(self, name: str) -> str:
        if name in self.functionals:
            return self.functionals[name]
        at = AT.fullmatch(name)
        return f"({self.moving_values(at[1])} {INDEX[at[2]]})" if at else self.fixed_values(name)

    def raw(self, v: d.Vec, index: str) -> str:
        """A vector as the method says it, in which ``x'`` is not written out."""

        def at(name: str) -> str:
            if name in self.w.method.fixed:
                return self.fixed(name)
            plain = name.removesuffix("'")
            return f"({self.moving(plain)} {INDEX[index if name == plain else NEXT[index]]})"

        terms = [
            at(n) if c == "1" else f"(scal {self.writer.number(self.w.read(c, index))} {at(n)})" for n, c in v.items()
        ]
        out = terms[-1] if terms else "zero"
        for t in terms[-2::-1]:
            out = f"(add {t} {out})"
        return out

    def raw_value(self, name: str, index: str) -> str:
        return self.value(self.w.value(name, index)) if name else "0"

    @property
    def recursions(self) -> dict[str, str]:
        """Hypothesis -> what it says."""
        m, out = self.w.method, {}
        for name, v in m.start.items():
            out[f"start_{self.moving(name)}"] = f"{self.moving(name)} O = {self.raw(v, '0')}"
        for name in self.w.case.defines:
            out[f"start_{self.moving(name)}"] = f"{self.moving(name)} O = zero"
        for name, v in [*m.step.items(), *self.w.case.defines.items()]:
            out[f"step_{self.moving(name)}"] = f"forall k, {self.moving(name)} (S k) = {self.raw(v, 'k')}"
        return out

    @property
    def unroll(self) -> str:
        return f"repeat first [{' | '.join(f'rewrite {h}' for h in self.recursions)}]"

    def facts(self, k: bool = True) -> list[str]:
        """What is known of k, N and the powers: the ends of their intervals."""
        out = ["pose proof (pos_INR k) as Fk."] if k else []
        out += [f"pose proof nonzero_{i} as Fz{i}." for i in range(len(self.factors))]
        out += ["pose proof N_given as Fg."] if "N" in self.w.case.given else []
        out.append("assert (FN : 1 <= INR N) by (apply (le_INR 1); exact N_1).")
        if k and self.w.case.reach:
            bound = "INR k + 1 <= INR N" if self.w.case.reach == "k<N" else "INR k <= INR N"
            why = "rewrite <- S_INR; apply le_INR; exact Hk" if self.w.case.reach == "k<N" else "apply le_INR; exact Hk"
            out.append(f"assert (Fr : {bound}) by ({why}).")
        for i in self.w.field.domain:
            if i.name in self.powers:
                base = self.powers[i.name][1:-5]
                signs = self.signs_on(self.w.case.domain)
                lines = [*signs.introduction(), *signs.nonnegative("Fb", self.w.base[i.name])]
                if i.low == "0":
                    out += [f"assert (F_{i.name} : 0 <= {self.powers[i.name]}).", "{"]
                    out += [*lines, "apply pow_le; exact Fb. }"]
                else:
                    out += [f"assert (F_{i.name} : {self.writer.end(i.low)} <= {self.powers[i.name]}).", "{"]
                    out += [*signs.introduction(), *signs.nonnegative("Fb", self.w.base[i.name] - 1)]
                    less = self.writer.number(self.w.base[i.name] - 1)
                    out.append(
                        f"assert (Fc : 1 <= {base}) by (apply Rminus_le; replace (1 - {base}) with (- {less}) by rational; lra)."
                    )
                    out.append(
                        f"replace {self.writer.end(i.low)} with {base} by ring. apply pow_base; [exact Fc | exact N_1]. }}"
                    )
        return out

    def know(self, coefficients: Iterable[Any]) -> None:
        """Lemmas that the denominators are not zero, where they depend on the claim's parameters alone."""
        moving = {"k", "N", *self.powers}
        for c in coefficients:
            for f, _ in getattr(c, "denom", self.w.one.denom).factor_list()[1]:
                names = {str(s) for s in f.as_expr().free_symbols}
                if not names or names & moving or f in self.factors or -f in self.factors:
                    continue
                signs = self.signs_on(self.w.case.domain)
                self.steps += [
                    f"Lemma nonzero_{len(self.factors)} : {polynomial(f, self.parameters)} <> 0.",
                    "Proof.",
                    *signs.introduction(),
                    *signs.nonzero("Z", [self.w.one / self.w.field._field(f)]),
                    "exact Zn0.",
                    "Qed.",
                ]
                self.factors.append(f)

    def know_method(self) -> None:
        w, m = self.w, self.w.method
        vectors = [*m.step.values(), *w.case.defines.values(), *(v for c in m.calls.values() for v in (c.x, c.g))]
        for text in {c for v in vectors for c in v.values()}:
            self.know([w.read(text)])

    def signs(self) -> Signs:
        return self.signs_on(self.w.field.domain)

    def signs_on(self, domain: tuple[Interval, ...]) -> Signs:
        return Signs(self.w.field, self.writer, domain, self.hints())

    def hints(self) -> Hints:
        """Signs that the case shows by squares, or that a relation of the claim grants."""
        w = self.w
        squares = tuple(
            (w.read(c), tuple((w.read(a), w.read(b)) for a, b in parts)) for c, parts in w.case.squares.items()
        )
        return Hints(squares, tuple(w.read(e) for e in w.case.knows))

    def orient(self, forms: Iterable[Form], where: str = "") -> str:
        names = sorted({n for f in forms for key in f.quadratic for n in key})
        pairs = [(b, a) for i, a in enumerate(names) for b in names[i + 1 :]]
        return "".join(f"rewrite ?(ip_sym {self.vector(b)} {self.vector(a)}){where}; " for b, a in pairs)

    def same(self, forms: Iterable[Form]) -> str:
        """An equation of forms: recursions are written out, inner products put in order."""
        given = "rewrite ?N_given; " if "N" in self.w.case.given else ""
        return f"cbv beta; {self.unroll}; expand; indices; {given}{self.orient(forms)}rational"

    def setting(self) -> list[str]:
        w, m = self.w, self.w.method
        out = [f"Variable {self.parameters[p.name]} : R." for p in w.case.domain]
        for p in w.case.domain:
            x = self.parameters[p.name]
            out.append(f"Hypothesis D_{p.name}_low : {self.writer.end(p.low)} {'<=' if p.closed_low else '<'} {x}.")
            if p.high:
                out.append(
                    f"Hypothesis D_{p.name}_high : {x} {'<=' if p.closed_high else '<'} {self.writer.end(p.high)}."
                )
        out += ["Variable N : nat.", "Hypothesis N_1 : (1 <= N)%nat."]
        if "N" in w.case.given:
            out.append(f"Hypothesis N_given : INR N = {self.writer.number(w.names['N'])}.")
        for i, e in enumerate(self.hints().known):
            out.append(f"Hypothesis K_{i} : 0 <= {self.writer.number(e)}.")
        out += [f"Hypothesis root_{i} : {text}." for i, text in enumerate(self.roots.values())]
        out += [f"Variable {self.fixed(n)} : E." for n in m.fixed]
        out += [f"Variable {self.moving(n)} : nat -> E." for n in (*m.step, *w.case.defines, *m.outputs)]
        out += [f"Variable {self.fixed_values(n)} : R." for n in m.fixed_values]
        out += [f"Variable {self.moving_values(n)} : nat -> R." for n in m.values]
        out += [
            f"Variable {self.members(n)} : {MODELS[coq_kind(c)]}." for n, c in m.members.items() if n in self.constants
        ]
        if any(is_deviation(n) for n in (*m.step, *m.outputs)):
            out.append(comment("the vectors that all workers share; deviations are orthogonal to them"))
            out.append("Variable shared : E -> Prop.")
            for n in (*m.step, *w.case.defines, *m.outputs):
                x = self.moving(n)
                if is_deviation(n):
                    out.append(f"Hypothesis deviation_{x} : forall (k : nat) (u : E), shared u -> ip u ({x} k) = 0.")
                else:
                    out.append(f"Hypothesis shared_{x} : forall k : nat, shared ({x} k).")
            out += [f"Hypothesis shared_{self.fixed(n)} : shared {self.fixed(n)}." for n in m.fixed]
        for name, constants in self.constants.items():
            member = Member(name, m.members[name].kind, constants, (), m.members[name].average)
            lower = self.writer.value({constants["lower"]: w.one}) if "lower" in constants else ""
            for k, text in class_hypotheses(member, self.members(name), self.writer.number, lower):
                out.append(f"Hypothesis C_{self.members(name)}_{k} : {text}.")
        out += [f"Hypothesis {h} : {text}." for h, text in self.recursions.items()]
        for i, name in enumerate(m.calls):
            if name in self.used_calls:
                out.append(f"Hypothesis call_{i} : {self.call(m.calls[name])}.")
        for i, (name, law) in enumerate(m.laws.items()):
            if name in self.used_laws:
                relation = "=" if law.equality else "<="
                text = f"{self.writer.form(w.form(law.terms, law.index))} {relation} 0"
                out.append(f"Hypothesis law_{i} : forall k : nat, {text}.")
        for i, least in enumerate(w.case.minima.values()):
            upto = INDEX[least.upto]
            out.append(f"Variable least_{i} : R.")
            q = self.writer.form(w.form(least.quantity, "k"))
            out.append(f"Hypothesis least_of_{i} : forall k, (k < {upto})%nat -> least_{i} <= {q}.")
        return out

    def call(self, call: d.Call) -> str:
        kind = coq_kind(self.w.method.members[call.member])
        f = f"({self.raw_value(call.f, 'k')})" if call.f else "0"
        text = point_hypothesis(kind, self.members(call.member), self.raw(call.x, "k"), self.raw(call.g, "k"), f)
        return f"forall k : nat, {'(1 <= k)%nat -> ' if call.since else ''}{text}"

    def reach(self) -> str:
        return {"": "", "k<N": "(k < N)%nat -> ", "k<N+1": "(k <= N)%nat -> "}[self.w.case.reach]
