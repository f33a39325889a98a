"""A case of a derivation as a Coq file that ends in its conclusion for all N.

The method is a section: sequences of vectors with their recursion, members of classes, the points that they pass through at
every k. Each kernel proof becomes a theorem about free vectors, applied at k; induction and telescoping are lemmas of
``Gradproof.v``. What a step concludes is written as ``theory.rules`` computes it.
"""

from __future__ import annotations

from typing import Any

from gradproof.theory import derivation as d
from gradproof.theory import proof as kernel
from gradproof.theory.axioms import ONE, Form, is_deviation
from gradproof.theory.rocq.parametric import HEAD, Export, Theorem, coq_kind, point_hypothesis
from gradproof.theory.rocq.setting import AT, INDEX, Setting
from gradproof.theory.rocq.text import Identifiers, NotExported, comment
from gradproof.theory.rules import run_each
from gradproof.theory.workings import NEXT, Assertion, Workings


def derived(method: d.Method, case: d.Case, name: str, words: str) -> str:
    """The Coq file of one case, whose derivation has been accepted.

    Args:
        name: of the theorem that ends it.
        words: what it is about, for a comment.

    Raises:
        NotExported: it has a part that is not exported yet.
    """
    for what, found in _not_exported(method, case).items():
        if found:
            raise NotExported(f"{what} are not exported yet")
    return _Section(Workings(method, case), name).text(words)


def _not_exported(method: d.Method, case: d.Case) -> dict[str, bool]:
    """What a file cannot say yet -> whether the case has it."""
    steps = case.steps.values()
    sums = [s for s in steps if isinstance(s, d.Combine)]
    return {
        "numbers that are given by a recursion": bool(method.sequences),
        "numbers of a method that may be any in an interval": bool(method.numbers),
        "parameters that are read of an instance": bool(method.reads),
        "counts that begin at 0": case.first == "0",
        "signs that a relation of the claim states": bool(case.positive),
        "zero vectors and constants in a sum of conclusions": any(
            s.nulls or not all(v for _, v in s.squares) for s in sums
        ),
        "roots times a constant": any(not v for s in steps if isinstance(s, d.Inequality) for _, v, _ in s.roots),
    }


class _Section(Setting):
    """The rules: each states and proves what a step concludes."""

    # --- the file ------------------------------------------------------------------------------------------------------

    def text(self, words: str) -> str:
        w, last = self.w, ""
        self.know_method()
        for name, step in run_each(w):
            reached = w.known[name]
            if isinstance(reached, Assertion):
                self.know([*reached.form.quadratic.values(), *reached.form.linear.values()])
            last = self.statement(name)
            rule = getattr(self, f"_{type(step).__name__.lower()}", None)
            if rule is None:
                raise NotExported(f"the rule {type(step).__name__} is not exported yet")
            rule(name, step)
        conclusion = w.known[list(w.case.steps)[-1]]
        assert isinstance(conclusion, Assertion)
        if conclusion.equality:
            raise NotExported("conclusions that are equalities are not exported yet")
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
        if letter == "O":
            return [self.orthogonal(s, rest)]
        if letter == "K":
            return [f"{{ exact K{rest}. }}"]
        if letter == "D":
            return ["{ first [assumption | lra]. }"]
        if letter == "C":
            which, constant = rest.split("_", 1)
            m = s.members[int(which)]
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
            at = INDEX[index] if law.index == "k" else "O"
            return [f"{{ exact (law_{i} {at}). }}"]
        if kind == "sign":
            return self.sign(premise, index)
        if kind == "root":
            return self.root(premise, index)
        if kind == "null":
            return self.null(premise, index)
        raise NotExported(f"a premise of the kind {kind!r} is not exported yet")

    def orthogonal(self, s: kernel.Statement, names: str) -> str:
        """A vector that all workers share, times a deviation."""
        plain = Identifiers("v_")
        shown = {v: plain(v) for v in s.vectors}
        a, b = next((a, b) for a in s.vectors for b in s.vectors if f"_{shown[a]}_{shown[b]}" == names)
        deviation, shared = (a, b) if is_deviation(a) else (b, a)
        swap = "rewrite ip_sym; " if is_deviation(a) else ""
        return f"{{ {swap}apply deviation_{self.sequence(deviation)}; apply shared_{self.sequence(shared)}. }}"

    def sequence(self, name: str) -> str:
        at = AT.fullmatch(name)
        return self.moving(at[1] + at[3]) if at else self.fixed(name)

    def hypotheses_of(self, s: kernel.Statement) -> list[Form]:
        return [p.form for p in s.premises if p.name.startswith("assumed ")]

    def sign(self, premise: kernel.Premise, index: str) -> list[str]:
        """``-c ||u||^2 <= 0``, or ``-c <= 0``: the sign of c on the domain."""
        text, vector = self.inequality_of(premise).signs[int(premise.name.split(" ")[1])]
        c, u, signs = self.w.read(text, index), self.w.vec(vector, index), self.signs()
        square = f"sq {self.writer.vector(u)}" if vector else "1"
        return [
            *("{", *signs.introduction(), *signs.nonnegative("Sg", c)),
            f"apply (le0_neg _ ({self.writer.number(c)} * {square})); [expand; {self.orient([premise.form])}rational|].",
            f"apply (mul_nn _ _ Sg). {'apply sq_pos' if vector else 'lra'}. }}",
        ]

    def root(self, premise: kernel.Premise, index: str) -> list[str]:
        """``(root^2 - radicand) ||u||^2 == 0``."""
        name, vector, _ = self.inequality_of(premise).roots[int(premise.name.split(" ")[1])]
        root, radicand = self.w.read(name), self.w.read({**self.w.method.roots, **self.w.case.roots}[name])
        shown = f"{self.writer.number(root)} ^ 2", self.writer.number(radicand)
        self.roots[name] = f"{shown[0]} = {shown[1]}"
        square = f"sq {self.writer.vector(self.w.vec(vector, index))}"
        return [
            f"{{ apply (eq0_root _ ({shown[0]}) {shown[1]} ({square})); [expand; {self.orient([premise.form])}rational|].",
            f"  exact root_{list(self.roots).index(name)}. }}",
        ]

    def null(self, premise: kernel.Premise, index: str) -> list[str]:
        """``<zero, v> == 0`` for a vector that an earlier step shows to be zero."""
        step = self.inequality_of(premise)
        zero, other, _ = step.nulls[int(premise.name.split(" ")[1])]
        vanishing = self.w.case.steps[zero]
        assert isinstance(vanishing, d.Invariant | d.Vanish)
        v = self.w.vec(other, index)
        at = INDEX[index] + " ltac:(lia)" * bool(self.w.case.reach)
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
        at = INDEX[index if p.name == plain else NEXT[index]]
        where = index if p.name == plain else NEXT[index]
        fn, kind = self.members(m.name), coq_kind(m)
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
        reach = "(k <= N)%nat -> " if self.w.case.reach else ""
        hk = " Hk" if reach else ""
        facts = " ".join(self.facts())
        if reach:
            facts = " ".join(f for f in self.facts() if not f.startswith("assert (Fr"))
            facts += " assert (Fr : INR k + 1 <= INR N) by (rewrite <- S_INR; apply le_INR; exact Hk)."
        self.steps += [
            f"Lemma {self.statement(name)} : forall k : nat, {reach}{now} = zero.",
            "Proof.",
            f"  assert (A : forall k : nat, {reach}{raw} = zero).",
            f"  {{ induction k as [|k IH]{'; intros Hk' if reach else ''}; [{self.unroll}; vectors|].",
            f"    {facts} transitivity (scal {ratio} {raw});",
            f"    [{self.unroll}; vectors | rewrite IH{' by lia' if reach else ''}; vectors]. }}",
            f"  intros k{hk}. pose proof (pos_INR k) as Fk. rewrite <- (A k{hk}). {self.unroll}; vectors.",
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
                f"pose proof (least_of_{number} {INDEX[s.index]} ltac:(lia)) as H. apply Rle_minus in H. revert H.",
                f"apply le0_eq. {self.same([a.form])}.",
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
        self.know([rho, closed])
        a, out = w.earlier(s.step), w.earlier(name)
        V, r, c = (
            self.function_of_k(t) for t in (self.writer.form(now), self.writer.number(rho), self.writer.number(closed))
        )
        forms = [now, after, a.form, out.form, w.form(s.potential, s.start)]
        signs = self.signs_on(tuple(i for i in w.field.domain if i.name not in self.powers))
        k = "intros k Hs Hk. " if first else "intros k Hk. "
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
            f"  apply le0_eq. {self.same(forms)}. }}",
            "specialize (H H2); clear H2. match type of H with ?a -> _ => assert (H3 : a) end.",
            "{ cbv beta; indices; rational. }",
            "specialize (H H3); clear H3. match type of H with ?a -> _ => assert (H4 : a) end.",
            f"{{ {k}cbv beta; {' '.join(self.facts())} indices; rational. }}",
            "specialize (H H4); clear H4. revert H. cbv beta.",
            *self.facts(k=False),
            f"apply le0_eq. {self.same(forms)}.",
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
        swap = "apply le0_eq. " + self.same(forms) + "."
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
        end = INDEX[s.upto]
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
            f"  apply le0_eq. {self.same(forms)}. }}",
            "specialize (H H1); clear H1. match type of H with ?a -> _ => assert (H2 : a) end.",
            f"{{ {self.same(forms)}. }}",
            "specialize (H H2); clear H2. match type of H with ?a -> _ => assert (H3 : a) end.",
            f"{{ {'clear k Hk' if w.case.reach else 'clear k'}; intros k. cbv beta. {facts} {self.same(forms)}. }}",
            "specialize (H H3); clear H3. revert H. cbv beta.",
            *self.facts(),
            f"apply le0_eq. {self.same([*forms, out.form])}.",
        ]
        self.lemma(name, lines)
