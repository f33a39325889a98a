"""A case of a derivation as a Coq file that ends in its conclusion for all N.

The method is a section: sequences of vectors with their recursion, members of classes, the points that they pass through at
every k. Each kernel proof becomes a theorem about free vectors, applied at k; induction and telescoping are lemmas of
``Gradproof.v``. What a step concludes is written as ``theory.rules`` computes it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from gradproof.theory import derivation as d
from gradproof.theory import proof as kernel
from gradproof.theory.axioms import ONE, Form, is_deviation
from gradproof.theory.field import Interval
from gradproof.theory.rocq.numeric import refuse_families
from gradproof.theory.rocq.parametric import HEAD, MODELS, Export, Theorem, class_hypotheses, point_hypothesis
from gradproof.theory.rocq.signs import Hints, Signs
from gradproof.theory.rocq.text import Identifiers, NotExported, Writer, comment
from gradproof.theory.rules import run_each
from gradproof.theory.workings import NEXT, Assertion, Workings

_INDEX = {"k": "k", "k+1": "(S k)", "0": "O", "1": "1%nat", "N": "N", "N+1": "(S N)"}
_AT = re.compile(r"(.*)\[(k|k\+1|0|1|N|N\+1)\]")


def derived(method: d.Method, case: d.Case, name: str, words: str) -> str:
    """The Coq file of one case, whose derivation has been accepted.

    Args:
        name: of the theorem that ends it.
        words: what it is about, for a comment.

    Raises:
        NotExported: it has a part that is not exported yet.
    """
    if case.given.get("N"):
        raise NotExported("a number of steps that is given by a parameter is not exported yet")
    if method.sequences:
        raise NotExported("numbers that are given by a recursion are not exported yet")
    if any(m.average for m in method.members.values()):
        raise NotExported("families of workers by average are not exported yet")
    return _Section(Workings(method, case), name).text(words)


class _Section:
    def __init__(self, w: Workings, name: str) -> None:
        self.w, self.name = w, name
        for vector in (*w.method.step, *w.method.outputs, *w.method.fixed):
            if is_deviation(vector):
                raise NotExported("deviations of workers are not exported yet")
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
        self.used_calls: set[str] = set()
        self.used_laws: set[str] = set()
        self.constants: dict[str, dict[str, Any]] = {}

    # --- names ---------------------------------------------------------------------------------------------------------

    def vector(self, name: str) -> str:
        at = _AT.fullmatch(name)
        return f"({self.moving(at[1])} {_INDEX[at[2]]})" if at else self.fixed(name)

    def value(self, name: str) -> str:
        if name in self.functionals:
            return self.functionals[name]
        at = _AT.fullmatch(name)
        return f"({self.moving_values(at[1])} {_INDEX[at[2]]})" if at else self.fixed_values(name)

    def raw(self, v: d.Vec, index: str) -> str:
        """A vector as the method says it, in which ``x'`` is not written out."""

        def at(name: str) -> str:
            if name in self.w.method.fixed:
                return self.fixed(name)
            plain = name.removesuffix("'")
            return f"({self.moving(plain)} {_INDEX[index if name == plain else NEXT[index]]})"

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
        return f"cbv beta; {self.unroll}; expand; indices; {self.orient(forms)}rational"

    # --- the file ------------------------------------------------------------------------------------------------------

    def text(self, words: str) -> str:
        w, last = self.w, ""
        for name, step in run_each(w):
            last = self.statement(name)
            rule = getattr(self, f"_{type(step).__name__.lower()}", None)
            if rule is None:
                raise NotExported(f"the rule {type(step).__name__} is not exported yet")
            rule(name, step)
        conclusion = w.known[list(w.case.steps)[-1]]
        assert isinstance(conclusion, Assertion)
        reach = "" if not w.case.reach else " N_1" if w.case.reach == "k<N" else " (Nat.le_0_l N)"
        end = [
            f"Theorem {self.name} : {self.writer.form(conclusion.form)} <= 0.",
            f"Proof. exact ({last} O{reach}). Qed.",
            "End Case.",
            f"Print Assumptions {self.name}.\n",
        ]
        return "\n".join(
            [
                comment(words),
                HEAD,
                *self.before,
                "Section Case.",
                "Context {E : space}.",
                *self.setting(),
                "",
                *self.steps,
                *end,
            ]
        )

    def setting(self) -> list[str]:
        w, m = self.w, self.w.method
        out = [f"Variable {self.parameters[i.name]} : R." for i in w.case.domain]
        for i in w.case.domain:
            x = self.parameters[i.name]
            out.append(f"Hypothesis D_{i.name}_low : {self.writer.end(i.low)} {'<=' if i.closed_low else '<'} {x}.")
            if i.high:
                out.append(
                    f"Hypothesis D_{i.name}_high : {x} {'<=' if i.closed_high else '<'} {self.writer.end(i.high)}."
                )
        out += ["Variable N : nat.", "Hypothesis N_1 : (1 <= N)%nat."]
        for i, e in enumerate(self.hints().known):
            out.append(f"Hypothesis K_{i} : 0 <= {self.writer.number(e)}.")
        out += [f"Variable {self.fixed(n)} : E." for n in m.fixed]
        out += [f"Variable {self.moving(n)} : nat -> E." for n in (*m.step, *w.case.defines, *m.outputs)]
        out += [f"Variable {self.fixed_values(n)} : R." for n in m.fixed_values]
        out += [f"Variable {self.moving_values(n)} : nat -> R." for n in m.values]
        out += [f"Variable {self.members(n)} : {MODELS[c.kind]}." for n, c in m.members.items() if n in self.constants]
        for name, constants in self.constants.items():
            kind = m.members[name].kind
            member = kernel.Member(name, kind, constants, ())
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
                out.append(f"Hypothesis law_{i} : forall k : nat, {self.reach(law.index == 'k')}{text}.")
        for i, least in enumerate(w.case.minima.values()):
            upto = _INDEX[least.upto]
            out.append(f"Variable least_{i} : R.")
            q = self.writer.form(w.form(least.quantity, "k"))
            out.append(f"Hypothesis least_of_{i} : forall k, (k < {upto})%nat -> least_{i} <= {q}.")
        return out

    def call(self, call: d.Call) -> str:
        kind = self.w.method.members[call.member].kind
        f = f"({self.raw_value(call.f, 'k')})" if call.f else "0"
        text = point_hypothesis(kind, self.members(call.member), self.raw(call.x, "k"), self.raw(call.g, "k"), f)
        return f"forall k : nat, {'(1 <= k)%nat -> ' if call.since else ''}{text}"

    def reach(self, needed: bool = True) -> str:
        return {"": "", "k<N": "(k < N)%nat -> ", "k<N+1": "(k <= N)%nat -> "}[self.w.case.reach] if needed else ""

    def statement(self, name: str) -> str:
        return f"concluded_{list(self.w.case.steps).index(name)}"

    def lemma(self, name: str, proof: list[str]) -> None:
        a = self.w.known[name]
        assert isinstance(a, Assertion)
        since = "(1 <= k)%nat -> " if a.since else ""
        hypotheses = "".join(f"{self.writer.form(h)} <= 0 -> " for h in a.hypotheses)
        self.steps += [
            f"Lemma {self.statement(name)} : forall k : nat, {since}{self.reach()}{hypotheses}{self.writer.form(a.form)} <= 0.",
            "Proof.",
            "  intros k" + " Hs" * bool(a.since) + " Hk" * bool(self.w.case.reach)
            + "".join(f" H{i}" for i in range(len(a.hypotheses))) + ".",
            *(f"  {line}" for line in proof),
            "Qed.",
        ]  # fmt: skip

    # --- rules -----------------------------------------------------------------------------------------------------------

    def _inequality(self, name: str, s: d.Inequality) -> None:
        self.from_kernel(name, self.w.proofs[name], s.index)

    def _combine(self, name: str, s: d.Combine) -> None:
        """A sum of conclusions is a kernel proof whose slack is the squares, too."""
        w, a = self.w, self.w.known[name]
        assert isinstance(a, Assertion)
        premises, uses = [], []
        for step, c in s.steps.items():
            premises.append(kernel.Premise(f"step {step}", w.earlier(step, bare=False).form))
            uses.append(kernel.Use("premise", f"step {step}", (), w.read(c, s.index)))
        for law, c in s.laws.items():
            premises.append(
                kernel.Premise(
                    f"law {law}", w.form(w.method.laws[law].terms, self.at(law, s.index)), w.method.laws[law].equality
                )
            )
            uses.append(kernel.Use("premise", f"law {law}", (), w.read(c, s.index)))
        total = Form()
        for p, u in zip(premises, uses, strict=True):
            total.add(p.form, u.multiplier)
        blocks = tuple(kernel.Block((w.vec(v, s.index),), ((w.read(c, s.index),),)) for c, v in s.squares)
        forms = [a.form, *(p.form for p in premises)]
        vectors = {n for f in forms for key in f.quadratic for n in key} | {n for b in blocks for n in b.vectors[0]}
        values = {n for f in forms for n in f.linear} - {ONE}
        statement = kernel.Statement(
            tuple(sorted(vectors)), tuple(sorted(values)), (), a.form, tuple(premises), w.field.domain
        )
        self.from_kernel(name, kernel.Proof(statement, tuple(uses), blocks), s.index)

    def at(self, law: str, index: str) -> str:
        return index if self.w.method.laws[law].index == "k" else self.w.method.laws[law].index

    def from_kernel(self, name: str, proof: kernel.Proof, index: str) -> None:
        """A kernel proof as a theorem about free vectors, applied to the method's at k."""
        refuse_families(proof.statement.members, proof.statement.vectors)
        algebra = f"{self.name}_{self.statement(name)}"
        export = Export(proof, self.hints())
        theorem: Theorem = export.theorem(algebra)
        self.before.append(str(theorem))
        s = proof.statement
        arguments = [self.parameters[i.name] for i in export.signs.domain]
        arguments += [self.vector(v) for v in s.vectors] + [self.value(v) for v in s.values]
        arguments += [self.members(m.name) for m in s.members]
        lines = [*self.facts(), f"apply ({algebra} E {' '.join(arguments)})."]
        for hypothesis, _ in theorem.hypotheses:
            lines += self.hypothesis(hypothesis, s, index)
        self.lemma(name, lines)

    def hypothesis(self, hypothesis: str, s: kernel.Statement, index: str) -> list[str]:
        """The proof of one hypothesis of the theorem about free vectors."""
        letter, rest = hypothesis[0], hypothesis[1:]
        if letter == "K":
            return [f"{{ exact K_{rest}. }}"]
        if letter == "D":
            return ["{ first [assumption | lra]. }"]
        if letter == "C":
            i, constant = rest.split("_", 1)
            m = s.members[int(i)]
            self.constants.setdefault(m.name, {}).update(m.constants)
            return [f"{{ exact C_{self.members(m.name)}_{constant}. }}"]
        if letter == "A":
            i, j = map(int, rest.split("_"))
            m = s.members[i]
            return self.point(m, m.points[j], index)
        premise = s.premises[int(rest)]
        kind, number = premise.name.split(" ", 1)
        if kind == "assumed":
            return [f"{{ exact H{number}. }}"]
        if kind == "step":
            a = self.w.earlier(number, bare=False)
            more = " Hs" * bool(a.since) + " Hk" * bool(self.w.case.reach)
            more += "".join(f" H{self.hypotheses_of(s).index(h)}" for h in a.hypotheses)
            return [f"{{ exact ({self.statement(number)} k{more}). }}"]
        if kind == "law":
            self.used_laws.add(number)
            i, law = list(self.w.method.laws).index(number), self.w.method.laws[number]
            at = _INDEX[index] if law.index == "k" else "O"
            more = " ltac:(lia)" * bool(law.index == "k" and self.w.case.reach)
            return [f"{{ exact (law_{i} {at}{more}). }}"]
        if kind == "sign":
            return self.sign(premise)
        if kind == "null":
            return self.null(premise, index)
        raise NotExported(f"a premise of the kind {kind!r} is not exported yet")

    def hypotheses_of(self, s: kernel.Statement) -> list[Form]:
        return [p.form for p in s.premises if p.name.startswith("assumed ")]

    def sign(self, premise: kernel.Premise) -> list[str]:
        """``-c ||u||^2 <= 0``, or ``-c <= 0``: the sign of c on the domain."""
        entries = [*premise.form.quadratic.items(), *premise.form.linear.items()]
        if len(entries) != 1:
            raise NotExported("the sign of a coefficient of a sum is not exported yet")
        ((key, c),) = entries
        signs = self.signs()
        lines = ["{", *signs.introduction(), *signs.nonnegative("Sg", -c)]
        shown = self.writer.number(-c)
        what = "1" if key == ONE else f"sq {self.vector(key[0])}"
        lines += [f"assert (Sq : 0 <= {what}) by ({'lra' if key == ONE else 'apply sq_pos'}).", "unfold sq in Sq."]
        b = what.replace("sq ", "ip ") + (f" {self.vector(key[0])}" if key != ONE else "")
        lines.append(f"replace {self.writer.form(premise.form)} with (- ({shown} * ({b}))) by rational.")
        return [*lines, "pose proof (mul_nn _ _ Sg Sq). lra. }"]

    def null(self, premise: kernel.Premise, index: str) -> list[str]:
        """``<zero, v> == 0`` for a vector that an earlier step shows to be zero."""
        step = self.inequality_of(premise)
        zero, other, _ = step.nulls[int(premise.name.split(" ")[1])]
        vanishing = self.w.case.steps[zero]
        assert isinstance(vanishing, d.Invariant | d.Vanish)
        v = self.w.vec(other, index)
        at = _INDEX[index] + " Hk" * bool(isinstance(vanishing, d.Vanish) and self.w.case.reach)
        return [
            "{",
            f"pose proof (null_form _ {self.writer.vector(v)} ({self.statement(zero)} {at})) as Z.",
            "match type of Z with ?a = 0 => match goal with |- ?b = 0 =>",
            f"  replace b with a; [exact Z | {self.same([premise.form])}] end end. }}",
        ]

    def inequality_of(self, premise: kernel.Premise) -> d.Inequality:
        for name, step in self.w.case.steps.items():
            if isinstance(step, d.Inequality) and any(p is premise for p in self.w.proofs[name].statement.premises):
                return step
        raise NotExported("a zero vector in a sum of conclusions is not exported yet")

    def point(self, m: Any, p: Any, index: str) -> list[str]:
        plain = p.name.removesuffix("'")
        self.used_calls.add(plain)
        self.constants.setdefault(m.name, {})
        call = self.w.method.calls[plain]
        at = _INDEX[index if p.name == plain else NEXT[index]]
        where = index if p.name == plain else NEXT[index]
        fn, kind = self.members(m.name), m.kind
        shape = point_hypothesis(kind, fn, "x", "g", "f")
        x, g, f = self.writer.vector(p.x), self.writer.vector(p.g), self.writer.value(p.f)
        since = ""
        if call.since:
            since = " ltac:(lia)"
        number = list(self.w.method.calls).index(plain)
        raw_f = self.raw_value(call.f, where) if call.f else "0"
        return [
            f"{{ refine (by_eq3 (fun x g f => {shape}) _ {x} _ {g} ({raw_f}) {f} (call_{number} {at}{since}) _ _ _).",
            f"  {{ {self.unroll}; vectors. }}",
            f"  {{ {self.unroll}; vectors. }}",
            "  { ring. } }",
        ]

    def _invariant(self, name: str, s: d.Invariant) -> None:
        now = self.writer.vector(self.w.vec(s.vector, "k"))
        ratio = self.writer.number(self.w.read(s.ratio))
        raw = self.raw(s.vector, "k")
        self.steps += [
            f"Lemma {self.statement(name)} : forall k : nat, {now} = zero.",
            "Proof.",
            f"  assert (A : forall k : nat, {raw} = zero).",
            f"  {{ induction k as [|k IH]; [{self.unroll}; vectors|].",
            f"    pose proof (pos_INR k) as Fk. transitivity (scal {ratio} {raw});",
            f"    [{self.unroll}; vectors | rewrite IH; vectors]. }}",
            f"  intros k. rewrite <- (A k). {self.unroll}; vectors.",
            "Qed.",
        ]

    def _vanish(self, name: str, s: d.Vanish) -> None:
        now = self.writer.vector(self.w.vec(s.vector, "k"))
        a = self.w.earlier(s.step)
        hk = " Hk" * bool(self.w.case.reach)
        self.steps += [
            f"Lemma {self.statement(name)} : forall k : nat, {self.reach()}{now} = zero.",
            "Proof.",
            f"  intros k{hk}. pose proof (pos_INR k) as Fk. apply sq_zero. pose proof ({self.statement(s.step)} k{hk}) as H.",
            "  match type of H with ?a <= 0 => match goal with |- ?b <= 0 =>",
            f"    replace b with a; [exact H | {self.same([a.form])}] end end.",
            "Qed.",
        ]

    def _least(self, name: str, s: d.Least) -> None:
        number = list(self.w.case.minima).index(s.minimum)
        a = self.w.earlier(name)
        self.lemma(
            name,
            [
                *self.facts(),
                f"pose proof (least_of_{number} {_INDEX[s.index]} ltac:(lia)) as H. apply Rle_minus in H. revert H.",
                f"match goal with |- ?a <= 0 -> ?b <= 0 => replace a with b; [trivial | {self.same([a.form])}] end.",
            ],
        )

    def function_of_k(self, text: str) -> str:
        return f"(fun k : nat => {text})"

    def _induct(self, name: str, s: d.Induct) -> None:
        w = self.w
        now, after = w.form(s.potential, "k"), w.form(s.potential, "k+1")
        rho, closed = w.read(s.rho), w.read(s.closed)
        base = self.writer.number(w.base[s.power]) if s.power else "1"
        first = s.start == "1"
        if w.case.reach and first:
            raise NotExported("induction from 1 below N is not exported yet")
        a, out = w.earlier(s.step), w.earlier(name)
        V, r, c = (
            self.function_of_k(t) for t in (self.writer.form(now), self.writer.number(rho), self.writer.number(closed))
        )
        forms = [now, after, a.form, out.form, w.form(s.potential, s.start)]
        signs = self.signs_on(tuple(i for i in w.field.domain if i.name not in self.powers))
        k = "intros k Hs. " if first else "intros k Hk. "
        sign = [
            f"{{ {k}cbv beta. {' '.join(self.facts())}",
            *signs.introduction(),
            *signs.nonnegative("Sg", rho),
            "exact Sg. }",
        ]
        given = (" Hs" if a.since else "") + (" ltac:(lia)" if w.case.reach else "")
        lines = [
            "clear k Hk." if w.case.reach else "clear k.",
            f"pose proof (induct{'_from_1' if first else ''} {V} {r} {c} {base} N{' N_1' if first else ''}) as H.",
            "match type of H with ?a -> _ => assert (H1 : a) end.",
            *sign,
            "specialize (H H1); clear H1. match type of H with ?a -> _ => assert (H2 : a) end.",
            f"{{ {k}cbv beta. {' '.join(self.facts())} pose proof ({self.statement(s.step)} k{given}) as A. revert A.",
            f"  match goal with |- ?a <= 0 -> ?b <= 0 => replace b with a; [trivial | {self.same(forms)}] end. }}",
            "specialize (H H2); clear H2. match type of H with ?a -> _ => assert (H3 : a) end.",
            "{ cbv beta; indices; rational. }",
            "specialize (H H3); clear H3. match type of H with ?a -> _ => assert (H4 : a) end.",
            f"{{ {k}cbv beta; {' '.join(self.facts())} indices; rational. }}",
            "specialize (H H4); clear H4. revert H. cbv beta.",
            *self.facts(k=False),
            f"match goal with |- ?a <= 0 -> ?b <= 0 => replace b with a; [trivial | {self.same(forms)}] end.",
        ]
        self.lemma(name, lines)

    def _inducthypothesis(self, name: str, s: d.InductHypothesis) -> None:
        w = self.w
        base, step, out = w.earlier(s.base), w.earlier(s.step, bare=False), w.earlier(name)
        now, after = w.form(s.claim, "k"), w.form(s.claim, "k+1")
        forms = [base.form, step.form, out.form, now, after]
        hk = " Hk" * bool(w.case.reach)
        if hk:
            raise NotExported("induction below N is not exported yet")
        swap = "match goal with |- ?a <= 0 -> ?b <= 0 => replace b with a; [trivial | " + self.same(forms) + "] end."
        given = " Hs" if step.since else ""
        hypotheses = " A" * len(step.hypotheses)
        self.lemma(
            name,
            [
                f"pose proof (induct_hypothesis {self.function_of_k(self.writer.form(now))} N N_1) as H.",
                "match type of H with ?a -> _ => assert (H1 : a) end.",
                f"{{ cbv beta. generalize ({self.statement(s.base)} O). {' '.join(self.facts())} {swap} }}",
                "specialize (H H1); clear H1. match type of H with ?a -> _ => assert (H2 : a) end.",
                f"{{ clear k; intros k Hs A. cbv beta in *. {' '.join(self.facts())}",
                f"  generalize ({self.statement(s.step)} k{given}{hypotheses}). {swap} }}",
                f"specialize (H H2); clear H2. revert H. cbv beta. {' '.join(self.facts())} {swap}",
            ],
        )

    def _sum(self, name: str, s: d.Sum) -> None:
        w = self.w
        now, after, rest, total = (
            w.form(s.potential, "k"), w.form(s.potential, "k+1"), w.form(s.rest, "k"), w.form(s.total, "k"),
        )  # fmt: skip
        a, out = w.earlier(s.step), w.earlier(name)
        quantity = w.form(s.quantity, "k")
        q = self.function_of_k(
            f"{self.writer.number(w.read(s.weight))} * {self.writer.form(quantity)}" if s.quantity else "0"
        )
        end = _INDEX[s.upto]
        if s.quantity:
            self.functionals[w.functional("sum", s.quantity, s.upto, s.weight)] = f"(total {q} {end})"
        V, e, T = (self.function_of_k(self.writer.form(f)) for f in (now, rest, total))
        forms = [now, after, rest, total, quantity, a.form, w.form(s.total, "k+1"), w.form(s.potential, "0"),
                 w.form(s.potential, s.upto), w.form(s.total, s.upto)]  # fmt: skip
        reach = " ltac:(lia)" if w.case.reach else ""
        rule = f"telescope {V} {q} {e} {T}" if s.quantity else f"telescope_rest {V} {e} {T}"
        facts = " ".join(f for f in self.facts() if not f.startswith("assert (Fr"))
        lines = [
            f"pose proof ({rule} {end}) as H.",
            "match type of H with ?a -> _ => assert (H1 : a) end.",
            f"{{ {'clear k Hk' if w.case.reach else 'clear k'}; intros k Hk. cbv beta.",
            f"  {facts} generalize ({self.statement(s.step)} k{reach}).",
            f"  match goal with |- ?a <= 0 -> ?b <= 0 => replace b with a; [trivial | {self.same(forms)}] end. }}",
            "specialize (H H1); clear H1. match type of H with ?a -> _ => assert (H2 : a) end.",
            f"{{ {self.same(forms)}. }}",
            "specialize (H H2); clear H2. match type of H with ?a -> _ => assert (H3 : a) end.",
            f"{{ {'clear k Hk' if w.case.reach else 'clear k'}; intros k. cbv beta. {facts} {self.same(forms)}. }}",
            "specialize (H H3); clear H3. revert H. cbv beta.",
            *self.facts(),
            f"match goal with |- ?a <= 0 -> ?b <= 0 => replace b with a; [trivial | {self.same([*forms, out.form])}] end.",
        ]
        self.lemma(name, lines)
