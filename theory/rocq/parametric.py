"""A proof with parameters as a Coq theorem that tactics close: each axiom by its lemma, signs on the domain, one identity."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from gradproof.theory.axioms import ONE, Form, Member, inner, is_deviation
from gradproof.theory.field import Functions, Interval, field_over
from gradproof.theory.proof import Proof, Statement, Use, axiom_form, map_coefficients
from gradproof.theory.proof_json import statement_digest
from gradproof.theory.rocq.signs import Hints, Signs
from gradproof.theory.rocq.squares import squares_of
from gradproof.theory.rocq.text import Identifiers, NotExported, Writer, comment

HEAD = "Require Import Reals Lra Lia Psatz Gradproof.\nOpen Scope R_scope.\n"
MODELS = {
    "function": "func E",
    "indicator": "E -> Prop",
    "quadratic": "E -> E",
    "operator": "E -> E -> Prop",
    "compressor": "E -> E",
}


@dataclass(frozen=True)
class Theorem:
    """A theorem for every inner product space ``E``: variables with types, named hypotheses, a conclusion, a proof."""

    name: str
    variables: tuple[tuple[str, str], ...]
    hypotheses: tuple[tuple[str, str], ...]
    conclusion: str
    proof: tuple[str, ...]
    before: str = ""  # a lemma for it

    def __str__(self) -> str:
        names = " ".join(n for n, _ in (*self.variables, *self.hypotheses))
        return "\n".join(
            [
                self.before,
                f"Theorem {self.name} : forall (E : space)",
                *(f"  ({n} : {t})" for n, t in self.variables),
                *(f"  ({n} : {t})" for n, t in self.hypotheses),
                f"  , {self.conclusion} <= 0.",
                "Proof.",
                f"  intros E {names}.",
                *(f"  {line}" for line in self.proof),
                "Qed.\n",
            ]
        )


def parametric(proof: Proof, name: str) -> str:
    """A Coq file whose theorem is the statement of a proof with parameters, which the kernel has accepted.

    Raises:
        NotExported: it has a part that is not exported yet.
    """
    s = proof.statement
    head = [comment(s.text or "a quadratic inequality"), comment(f"statement {statement_digest(s)}"), HEAD]
    return "\n".join([*head, str(theorem(proof, name)), f"Print Assumptions {name}.\n"])


def theorem(proof: Proof, name: str) -> Theorem:
    """The theorem alone; see ``parametric``."""
    return Export(proof).theorem(name)


def coq_kind(m: Any) -> str:
    """How a member, or a class of a method, is modelled.

    A family of workers is one map on the space of all workers' vectors, with the weighted inner product; the vectors that all
    workers share lie in it, and deviations are orthogonal to those.
    """
    return "operator" if m.kind == "function" and m.average else str(m.kind)


def class_hypotheses(m: Member, member: str, number: Any, lower: str) -> list[tuple[str, str]]:
    """What it means in Coq that a member belongs to its class: (constant, proposition)."""
    c = m.constants
    said = {
        "function": {"mu": "curved {m} {c}", "L": "smooth {m} {c}", "M": "bounded_subgradients {m} {c}"},
        "indicator": {"D": "diameter {m} {c}"},
        "operator": {
            "mu": "strongly_monotone {m} {c}",
            "beta": "cocoercive {m} {c}",
            "L": "lipschitz_operator {m} {c}",
        },
        "compressor": {"q2": "contractive {m} {c}"},
        "quadratic": {},
    }[coq_kind(m)]
    out = [(k, text.format(m=member, c=number(c[k]))) for k, text in said.items() if k in c]
    if m.kind == "quadratic":
        out.append(("Q", f"symmetric {member} {number(c['mu'])} {number(c['L'])}"))
    if "lower" in c:
        out.append(("low", f"bounded_below {member} {lower}"))
    if "PL" in c:
        out.append(("PL", f"polyak_lojasiewicz {member} {number(c['PL'])} {lower}"))
    return out


def point_hypothesis(kind: str, member: str, x: str, g: str, f: str) -> str:
    """What it means in Coq that a member passes through a point."""
    return {
        "function": f"at_point {member} {x} {g} {f}",
        "indicator": f"normal {member} {x} {g} /\\ {f} = 0",
        "quadratic": f"{member} {x} = {g} /\\ 2 * {f} = ip {x} {g}",
        "operator": f"{member} {x} {g}",
        "compressor": f"{member} {x} = {g}",
    }[kind]


def used_intervals(field: Functions, coefficients: list[Any]) -> tuple[Interval, ...]:
    """The part of the domain on which the coefficients depend, through the ends of intervals, too."""
    used = {str(s) for c in coefficients for s in c.as_expr().free_symbols}
    kept: list[Interval] = []
    for d in reversed(field.domain):
        if d.name in used:
            kept.insert(0, d)
            used |= set(re.findall(r"[A-Za-z_][A-Za-z_0-9]*", d.low + " " + d.high))
    return tuple(kept)


class Export:
    """Writes one proof as a theorem; ``signs.domain`` is the part of the domain that it speaks of."""

    def __init__(self, proof: Proof, hints: Hints | None = None) -> None:
        field = field_over(proof.statement.domain)
        if not isinstance(field, Functions):
            raise NotExported("a proof without parameters is exported as data")
        self.field, self.proof = field, map_coefficients(proof, field.admit)
        self.s: Statement = self.proof.statement
        self.vectors, self.values, self.members = Identifiers("v_"), Identifiers("f_"), Identifiers("m_")
        self.writer = Writer({d.name: f"p_{d.name}" for d in self.s.domain}, self.vectors, self.values)
        self.forms = [axiom_form(self.s, u, field) for u in self.proof.uses]
        self.squares = squares_of(self.proof, field)
        self.hints = hints or Hints()
        self.signs = Signs(field, self.writer, used_intervals(field, self.coefficients()), self.hints)

    def theorem(self, name: str) -> Theorem:
        s, w = self.s, self.writer
        variables = [(w.parameters[d.name], "R") for d in self.signs.domain]
        variables += [(self.vectors(v), "E") for v in s.vectors] + [(self.values(v), "R") for v in s.values]
        variables += [(self.members(m.name), MODELS[coq_kind(m)]) for m in s.members]
        proof = [*self.signs.introduction(), *self.denominators(), *self.ranges(), *self.multipliers()]
        for k, use in enumerate(self.proof.uses):
            proof += self.instance(k, use)
        for k, (_, v) in enumerate(self.squares):
            proof += self.square(k, v)
        before, last = self.identity(name)
        return Theorem(name, tuple(variables), tuple(self.hypotheses()), w.form(s.target), (*proof, *last), before)

    def orthogonal(self) -> list[tuple[str, str]]:
        """Pairs in the order of forms: a vector that all workers share, and a deviation."""
        names = sorted(self.s.vectors)
        pairs = [(a, b) for i, a in enumerate(names) for b in names[i + 1 :]]
        return [(a, b) for a, b in pairs if is_deviation(a) != is_deviation(b)]

    def hypotheses(self) -> list[tuple[str, str]]:
        w, out = self.writer, []
        for d in self.signs.domain:
            x = w.parameters[d.name]
            out.append((f"D_{d.name}_low", f"{w.end(d.low)} {'<=' if d.closed_low else '<'} {x}"))
            if d.high:
                out.append((f"D_{d.name}_high", f"{x} {'<=' if d.closed_high else '<'} {w.end(d.high)}"))
        for a, b in self.orthogonal():
            out.append((f"O_{self.vectors(a)}_{self.vectors(b)}", f"ip {self.vectors(a)} {self.vectors(b)} = 0"))
        out += [(f"K_{i}", f"0 <= {w.number(e)}") for i, e in enumerate(self.hints.known)]
        for i, m in enumerate(self.s.members):
            member = self.members(m.name)
            lower = w.value({m.constants["lower"]: 1}) if "lower" in m.constants else ""
            out += [(f"C{i}_{k}", text) for k, text in class_hypotheses(m, member, w.number, lower)]
            for j, p in enumerate(m.points):
                text = point_hypothesis(coq_kind(m), member, w.vector(p.x), w.vector(p.g), w.value(p.f))
                out.append((f"A{i}_{j}", text))
        out += [(f"X{i}", f"{w.form(p.form)} {'=' if p.equality else '<='} 0") for i, p in enumerate(self.s.premises)]
        return out

    def coefficients(self) -> list[Any]:
        forms = [self.s.target, *(p.form for p in self.s.premises), *(f for f, _ in self.forms)]
        found: list[Any] = [c for f in forms for c in (*f.quadratic.values(), *f.linear.values())]
        found += [c for u in self.proof.uses for c in (u.multiplier, *u.weights)]
        found += [x for d, v in self.squares for x in (d, *v.values())]
        for m in self.s.members:
            found += [c for k, c in m.constants.items() if k != "lower"]
            found += [c for p in m.points for v in (p.x, p.g, p.f) for c in v.values()]
        found += [*self.hints.known]
        return [self.field.admit(c) for c in found]

    def denominators(self) -> list[str]:
        """Every irreducible factor of a denominator is positive, or its negative is."""
        all_ = self.coefficients()
        for m in self.s.members:
            if m.kind == "function" and {"mu", "L"} <= set(m.constants):
                all_.append(1 / (m.constants["L"] - m.constants["mu"]))
        return self.signs.nonzero("Z", all_)

    def ranges(self) -> list[str]:
        """``mu < L``, ``0 < L`` and ``0 <= mu + L`` of the members, as the lemmas ask for them."""
        out = []
        used = {(u.axiom, u.member) for u in self.proof.uses}
        for i, m in enumerate(self.s.members):
            mu, L = m.constants.get("mu"), m.constants.get("L")
            axioms = {axiom for axiom, member in used if member == m.name}
            if mu is not None and L is not None and axioms & {"interpolation", "spectrum"}:
                out += self.signs.positive(f"W{i}", L - mu)
                out.append(f"assert (B{i} : {self.writer.number(mu)} < {self.writer.number(L)}).")
                gap, width = f"({self.writer.number(L)} - {self.writer.number(mu)})", self.writer.number(L - mu)
                out.append(f"{{ apply Rminus_gt_0_lt; unfold Rgt. replace {gap} with {width}")
                out.append(f"  by rational. exact W{i}. }}")
            if coq_kind(m) == "function" and L is not None and axioms & {"lipschitz", "lower"}:
                out += self.signs.positive(f"Y{i}", L)
            if coq_kind(m) == "function" and "lipschitz" in axioms and mu is not None and L is not None:
                sum_ = f"{self.writer.number(mu)} + {self.writer.number(L)}"
                out += self.signs.nonnegative(f"V{i}'", mu + L)
                out.append(f"assert (V{i} : 0 <= {sum_}).")
                out.append(f"{{ replace ({sum_}) with {self.writer.number(mu + L)} by rational. exact V{i}'. }}")
        return out

    def instance(self, k: int, use: Use) -> list[str]:
        """``G{k}``: the axiom's inequality, in exactly the inner products and values that the kernel has it in."""
        form, equality = self.forms[k]
        relation = "=" if equality else "<="
        if use.axiom == "premise":
            number = next(i for i, p in enumerate(self.s.premises) if p.name == use.member)
            return [f"pose proof X{number} as G{k}."]
        i, m = next((i, m) for i, m in enumerate(self.s.members) if m.name == use.member)
        at = [f"A{i}_{[p.name for p in m.points].index(x)}" for x in use.points]
        out = [*self.lemma(k, use, i, m, at), f"assert (G{k} : {self.writer.form(form)} {relation} 0)."]
        value = f"match type of I{k} with {'?a = 0' if equality else '?a <= 0'} => "
        value += f"match goal with |- {'?b = 0' if equality else '?b <= 0'} => "
        names = [n for p in use.points for v in (m.point(p).x, m.point(p).g) for n in v]
        out.append(
            f"{{ expand_in I{k}; {self.orient(names, f'I{k}')}{value}replace b with a by rational; exact I{k} end end. }}"
        )
        return out

    def lemma(self, k: int, use: Use, i: int, m: Member, at: list[str]) -> list[str]:
        kind = coq_kind(m)
        fn, number = self.members(m.name), self.writer.number
        blanks = " ".join(["_"] * 3 * len(at)) + " " + " ".join(at)
        if use.axiom == "interpolation" and "L" in m.constants:
            mu, L = number(m.constants["mu"]), number(m.constants["L"])
            t = number(1 / (2 * (m.constants["L"] - m.constants["mu"])))
            return [
                f"assert (U{k} : 2 * ({L} - {mu}) * {t} = 1) by rational.",
                f"pose proof (interpolation_t {fn} {mu} {L} {t} B{i} U{k} C{i}_mu C{i}_L {blanks}) as I{k}.",
            ]
        if use.axiom == "lower" and "L" not in m.constants:
            return [f"pose proof (lower_value {fn} _ C{i}_low {blanks}) as I{k}."]
        of_function = {
            "interpolation": f"interpolation_nonsmooth {fn} _ C{i}_mu",
            "descent": f"descent {fn} _ C{i}_L",
            "lipschitz": f"lipschitz {fn} _ _ Y{i} V{i} C{i}_mu C{i}_L",
            "bounded": f"bounded {fn} _ C{i}_M",
            "lower": f"lower {fn} _ _ Y{i} C{i}_L C{i}_low",
            "pl": f"pl {fn} _ _ C{i}_PL",
        }
        if kind == "function":
            return [f"pose proof ({of_function[use.axiom]} {blanks}) as I{k}."]
        if use.axiom in ("monotone", "cocoercive", "lipschitz"):
            constant = {"monotone": "mu", "cocoercive": "beta", "lipschitz": "L"}[use.axiom]
            return [f"pose proof (Rle_minus _ _ (C{i}_{constant} _ _ _ _ {' '.join(at)})) as I{k}."]
        x = [self.writer.vector(m.point(p).x) for p in use.points]
        if use.axiom == "contraction":
            return [f"pose proof (Rle_minus _ _ (C{i}_q2 {x[0]})) as I{k}; rewrite {at[0]} in I{k}."]
        if use.axiom == "normal-cone":
            return [f"pose proof (proj2 (proj1 {at[1]}) _ (proj1 (proj1 {at[0]}))) as I{k}."]
        if use.axiom == "diameter":
            return [f"pose proof (Rle_minus _ _ (C{i}_D _ _ (proj1 (proj1 {at[0]})) (proj1 (proj1 {at[1]})))) as I{k}."]
        if use.axiom == "indicator-value":
            return [f"pose proof (proj2 {at[0]}) as I{k}."]
        if use.axiom == "spectrum":
            return self.spectrum(k, use, i, m, at)
        if use.axiom == "symmetry":
            return [
                f"pose proof (Rminus_diag_eq _ _ (s_sym _ _ _ C{i}_Q {x[1]} {x[0]})) as I{k}.",
                f"rewrite (proj1 {at[0]}), (proj1 {at[1]}) in I{k}.",
            ]
        if use.axiom == "value":
            return [f"pose proof (Rminus_diag_eq _ _ (proj2 {at[0]})) as I{k}."]
        raise NotExported(f"the axiom {use.axiom} of a {m.kind} is not exported yet")

    def spectrum(self, k: int, use: Use, i: int, m: Member, at: list[str]) -> list[str]:
        """(Q - mu)(L - Q) >= 0 at the weighted sum of the points, where Q is linear."""
        w = self.writer
        argument, image = "zero", "zero"
        out = [f"assert (J{k} : {self.members(m.name)} zero = zero) by exact (symmetric_zero _ _ _ C{i}_Q)."]
        for c, p, a in zip(use.weights, use.points, at, strict=True):
            x, g = w.vector(m.point(p).x), w.vector(m.point(p).g)
            argument, image = f"(add (scal {w.number(c)} {x}) {argument})", f"(add (scal {w.number(c)} {g}) {image})"
            out.append(f"apply (symmetric_combine _ _ _ C{i}_Q {w.number(c)} _ _ _ _ (proj1 {a})) in J{k}.")
        out.append(
            f"pose proof (Rge_le _ _ (Ropp_0_le_ge_contravar _ (spectrum _ _ _ B{i} C{i}_Q {argument}))) as I{k}."
        )
        out.append(f"rewrite J{k} in I{k}; clear J{k}.")
        return out

    def multipliers(self) -> list[str]:
        out = []
        for k, (use, (_, equality)) in enumerate(zip(self.proof.uses, self.forms, strict=True)):
            out += [] if equality else self.signs.nonnegative(f"N{k}", use.multiplier)
        for k, (d, _) in enumerate(self.squares):
            out += self.signs.nonnegative(f"R{k}", d)
        return out

    def square(self, k: int, v: dict[str, Any]) -> list[str]:
        return [
            f"assert (Q{k} : 0 <= {self.writer.form(inner(v, v))}).",
            f"{{ pose proof (sq_pos {self.writer.vector(v)}) as I. expand_in I; {self.orient(v, 'I')}",
            "  match type of I with 0 <= ?a => match goal with |- 0 <= ?b => replace b with a by rational; exact I end end. }",
        ]

    def orient(self, names: Iterable[str], hypothesis: str) -> str:
        """Inner products in the order in which forms have them; those of a shared vector and a deviation vanish."""
        chosen = sorted(set(names))
        pairs = [(a, b) for i, a in enumerate(chosen) for b in chosen[i + 1 :]]
        swaps = [f"rewrite ?(ip_sym {self.vectors(b)} {self.vectors(a)}) in {hypothesis}; " for a, b in pairs]
        mixed = [(a, b) for a, b in pairs if is_deviation(a) != is_deviation(b)]
        return "".join(swaps + [f"rewrite ?O_{self.vectors(a)}_{self.vectors(b)} in {hypothesis}; " for a, b in mixed])

    def identity(self, name: str) -> tuple[str, list[str]]:
        """The target is the sum of the instances with their multipliers, less the squares: coefficient by coefficient.

        The lemma says it for any coefficients; what is left for each is an identity of rational functions of the parameters.
        """
        w = self.writer
        parts = [(1, f, w.number(u.multiplier)) for u, (f, _) in zip(self.proof.uses, self.forms, strict=True)]
        parts += [(-1, inner(v, v), w.number(d)) for d, v in self.squares]
        basis: dict[Any, str] = {}
        symbols: list[str] = []
        sums: dict[Any, list[str]] = {}

        def shown(f: Form, letter: str) -> tuple[str, dict[Any, str]]:
            """A form with letters for its coefficients, in the order of ``Writer.form``."""
            terms, mine = [], {}
            for i, key in enumerate([*f.quadratic, *f.linear]):
                mine[key] = f"{letter}_{i}"
                if key == ONE:
                    terms.append(mine[key])
                else:
                    terms.append(f"{mine[key]} * {basis.setdefault(key, f'b_{len(basis)}')}")
            symbols.extend(mine.values())
            return f"({' + '.join(terms) or '0'})", mine

        target, of_target = shown(self.s.target, "t")
        abstract, concrete, why = "0", "0", "(Rle_refl 0)"
        for k, (sign, form, number) in enumerate(parts):
            text, mine = shown(form, f"c{k}")
            symbols.append(f"l{k}")
            for key, c in mine.items():
                sums.setdefault(key, []).append(f"{'+' if sign > 0 else '-'} l{k} * {c}")
            abstract += f" {'+' if sign > 0 else '-'} l{k} * {text}"
            concrete += f"\n    {'+' if sign > 0 else '-'} {number} * {w.form(form)}"
            if sign < 0:
                q = k - len(self.proof.uses)
                why = f"(sub_np _ _ {why} (mul_nn _ _ R{q} Q{q}))"
            elif self.forms[k][1]:
                why = f"(add_np _ _ {why} (mul_zero {number} _ G{k}))"
            else:
                why = f"(add_np _ _ {why} (mul_np _ _ N{k} G{k}))"
        equations = [f"{of_target.get(key, '0')} = 0 {' '.join(terms)}" for key, terms in sums.items()]
        equations += [f"{c} = 0" for key, c in of_target.items() if key not in sums]
        lemma = f"Lemma {name}_identity ({' '.join([*symbols, *basis.values()])} : R) :\n  "
        lemma += " ->\n  ".join([*equations, f"{target} = {abstract}"]) + ".\nProof.\n  intros"
        lemma += "".join(f" e{i}" for i in range(len(equations))) + ".\n"
        lemma += f"  transitivity ({abstract}\n    " + "\n    ".join(
            f"+ (({of_target.get(key, '0')}) - (0 {' '.join(terms)}))" + ("" if key == ONE else f" * {basis[key]}")
            for key, terms in [*sums.items(), *((k, []) for k in of_target if k not in sums)]
        )
        lemma += ").\n  - ring.\n  - rewrite " + ", ".join(f"(Rminus_diag_eq _ _ e{i})" for i in range(len(equations)))
        lemma += ".\n    ring.\nQed.\n"
        last = [
            f"assert (K : {w.form(self.s.target)} = {concrete}) by (apply {name}_identity; rational).",
            f"rewrite K. exact {why}.",
        ]
        return lemma, last
