"""A proof at rational numbers as data for ``Kernel.v``, whose check is proved sound there: coqc computes it."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from gradproof.theory.axioms import ONE, Form, Member, Vector
from gradproof.theory.field import field_over
from gradproof.theory.proof import Proof, Use
from gradproof.theory.proof_json import statement_digest
from gradproof.theory.rocq.squares import squares_of
from gradproof.theory.rocq.text import NotExported, comment

_AXIOMS = {
    "interpolation": "Interpolation",
    "descent": "Descent",
    "lipschitz": "Lipschitz",
    "bounded": "Bounded",
    "lower": "Lower",
    "pl": "PolyakLojasiewicz",
    "normal-cone": "NormalCone",
    "diameter": "Diameter",
    "indicator-value": "IndicatorValue",
    "symmetry": "Symmetry",
    "value": "Value",
    "monotone": "Monotone",
    "cocoercive": "Cocoercive",
    "contraction": "Contraction",
}
_HEAD = """Require Import Reals QArith List PArith Gradproof Kernel.
Import ListNotations.
Open Scope positive_scope.
Open Scope Q_scope."""


def numeric(proof: Proof, name: str) -> str:
    """A Coq file whose theorem is the statement of a proof without parameters, which the kernel has accepted.

    Raises:
        NotExported: it has a family of workers.
    """
    s = proof.statement
    for m in s.members:
        if m.average:
            raise NotExported(f"families of workers in a proof at rational numbers are not exported yet: {m.name}")
    field = field_over(())
    data = _Data(
        {n: i + 1 for i, n in enumerate(sorted(s.vectors))}, {n: i + 1 for i, n in enumerate(sorted(s.values))}
    )
    indices = {m.name: i for i, m in enumerate(s.members)}
    points = {m.name: {p.name: i for i, p in enumerate(m.points)} for m in s.members}
    premises = {p.name: i for i, p in enumerate(s.premises)}

    def use(u: Use) -> str:
        if u.axiom == "premise":
            return f"Premise {premises[u.member]} {_q(u.multiplier)}"
        axiom = f"(Spectrum {_list(map(_q, u.weights))})" if u.axiom == "spectrum" else _AXIOMS[u.axiom]
        at = "; ".join(str(points[u.member][p]) for p in u.points)
        return f"Ax {axiom} {indices[u.member]} [{at}]%nat {_q(u.multiplier)}"

    squares = [f"({_q(d)}, {data.vector(v)})" for d, v in squares_of(proof, field)]
    members = [f"({data.kind(m)}, {_list(data.points(m))})" for m in s.members]
    forms = [f"({'true' if p.equality else 'false'}, {data.form(p.form)})" for p in s.premises]
    where = [comment(f"vector {i}: {n}") for n, i in data.vectors.items()]
    where += [comment(f"value {i}: {n}") for n, i in data.values.items()]
    return "\n".join(
        [
            comment(s.text or "a quadratic inequality"),
            comment(f"statement {statement_digest(s)}"),
            *where,
            _HEAD,
            f"Definition st : statement := St\n  {_list(members)}\n  {_list(forms)}\n  {data.form(s.target)}.",
            f"Definition pf : proof := Pf\n  {_list(map(use, proof.uses))}\n  {_list(squares)}.",
            f"Theorem {name} : forall (E : space) (vec : positive -> E) (value : positive -> R) (models : list model),",
            "  assumptions vec value st models -> (eval vec value (s_target st) <= 0)%R.",
            "Proof. intros E vec value models. apply check_sound with (p := pf). vm_compute. reflexivity. Qed.",
            f"Print Assumptions {name}.\n",
        ]
    )


class _Data:
    def __init__(self, vectors: Mapping[str, int], values: Mapping[str, int]) -> None:
        self.vectors, self.values = vectors, values

    def vector(self, v: Vector) -> str:
        entries = sorted((self.vectors[n], c) for n, c in v.items() if c != 0)
        return _list(f"({i}%positive, {_q(c)})" for i, c in entries)

    def key(self, name: str) -> str:
        return "K1" if name == ONE else f"KF {self.values[name]}"

    def form(self, f: Form) -> str:
        values = sorted((0 if n == ONE else self.values[n], c) for n, c in f.linear.items())
        entries = [("K1" if i == 0 else f"KF {i}", c) for i, c in values]
        pairs = sorted((*sorted((self.vectors[a], self.vectors[b])), c) for (a, b), c in f.quadratic.items())
        entries += [(f"KG {i} {j}", c) for i, j, c in pairs]
        return _list(f"({k}, {_q(c)})" for k, c in entries)

    def kind(self, m: Member) -> str:
        def given(name: str) -> str:
            return f"(Some {_q(m.constants[name])})" if name in m.constants else "None"

        if m.kind == "function":
            low = f"(Some ({self.key(m.constants['lower'])}))" if "lower" in m.constants else "None"
            return f"Function {given('mu')} {given('L')} {given('M')} {given('PL')} {low}"
        if m.kind == "indicator":
            return f"Indicator {given('D')}"
        if m.kind == "quadratic":
            return f"Quadratic {_q(m.constants['mu'])} {_q(m.constants['L'])}"
        if m.kind == "operator":
            return f"Operator {given('mu')} {given('beta')} {given('L')}"
        return f"Compressor {_q(m.constants['q2'])}"

    def points(self, m: Member) -> list[str]:
        return [f"Pt {self.vector(p.x)} {self.vector(p.g)} {self.form(Form({}, dict(p.f)))}" for p in m.points]


def _q(c: Any) -> str:
    q = Fraction(c)
    return f"({q.numerator} # {q.denominator})"


def _list(items: Any) -> str:
    return "[" + ";\n   ".join(items) + "]"
