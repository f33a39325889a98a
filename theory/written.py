"""A derivation as a paper would print it: each step one line of mathematics and what it rests on.

Nothing here decides anything. The lines are set from the very steps that the checker ran, after it accepted them.
"""

from __future__ import annotations

import html
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from gradproof.theory import derivation as d
from gradproof.theory.arguments import of_type
from gradproof.theory.claim import Claim
from gradproof.theory.derivation import DerivationRejected, derivation_of
from gradproof.theory.evidence import Relation
from gradproof.theory.facts import FACTS, Fact
from gradproof.theory.text import plain
from gradproof.theory.tie import Accepted, check_derivation
from gradproof.theory.wording import Words
from gradproof.theory.written_steps import WRITE, Said, Writing, descent

#: How a call of a member reads, by the member's kind.
_GRAPH = {"operator": r"{g} \in {m}({x})", "compressor": r"{m}({x}) = {g}",
          "indicator": r"{x} \in {m},\ {g} \in N_{{{m}}}({x})"}  # fmt: skip
#: How a constant of a member reads; "mu" of a function is told apart by its value.
_CONSTANT = {"M": "subgradients of norm $\\le {c}$", "PL": "Polyak-Lojasiewicz with ${c}$", "lower": "bounded below by ${c}$",
             "D": "of diameter $\\le {c}$", "q2": "relative squared error $\\le {c}$", "beta": "${c}$-cocoercive"}  # fmt: skip


@dataclass(frozen=True)
class Line:
    """One line: ``says`` and ``because`` are texts with formulas between dollars.

    Args:
        label: the number of a step, or what a line of the setting speaks of.
        checked: the machine checked it; False where it is granted by an assumption or a cited fact.
    """

    label: str
    says: str
    because: str
    checked: bool


@dataclass(frozen=True)
class Part:
    """The steps on one part of the claim's domain."""

    heading: str
    lines: tuple[Line, ...]


@dataclass(frozen=True)
class WrittenProof:
    """A checked derivation for readers: in a notebook it shows as a page, with ``print`` as plain text."""

    claim: Claim
    setting: tuple[Line, ...]
    parts: tuple[Part, ...]
    accepted: Accepted

    @property
    def facts(self) -> tuple[Fact, ...]:
        """The facts that it cites; everything else was checked."""
        return tuple(FACTS[name] for name in self.accepted.facts)

    def __str__(self) -> str:
        out = [f"{self.claim.id}: {self.claim.title}", "", f"  {plain(f'${self.claim.latex}$')}", "", "setting"]
        out += [_plain_line(line) for line in self.setting]
        for part in self.parts:
            out += ["", plain(part.heading)]
            out += [_plain_line(line) for line in part.lines]
        if self.facts:
            out += ["", "facts cited, not checked"]
            out += [f"  {CITED} {f.name}: {plain(f.statement)} [{f.reference}]" for f in self.facts]
        if self.accepted.unused:
            out += ["", f"assumptions that no step uses: {', '.join(self.accepted.unused)}"]
        out += ["", _LEGEND]
        return "\n".join(out)

    def _repr_html_(self) -> str:
        claim = self.claim
        out = [f"<b>{html.escape(claim.id)}</b>: {html.escape(claim.title)}<p>$$ {html.escape(claim.latex)} $$</p>"]
        out += ["<h4>Setting</h4>", _table(self.setting)]
        for part in self.parts:
            out += [f"<h4>{html.escape(part.heading)}</h4>", _table(part.lines)]
        if self.facts:
            facts = (
                f"<li><b>{f.name}</b>: {html.escape(f.statement)} <small>{html.escape(f.reference)}</small></li>"
                for f in self.facts
            )
            out += ["<h4>Cited, not checked</h4>", f"<ul>{''.join(facts)}</ul>"]
        if self.accepted.unused:
            out.append(f"<p>No step uses: {html.escape(', '.join(self.accepted.unused))}.</p>")
        return f"<div>{''.join(out)}<p><small>{_LEGEND}</small></p></div>"


CHECKED, CITED = "■", "†"  # a shape for each, so that no colour has to be told apart
_LEGEND = f"{CHECKED} checked by machine; {CITED} granted by an assumption of the claim or a fact cited"


def _table(lines: Iterable[Line]) -> str:
    rows = (
        f'<tr class="{"checked" if of.checked else "cited"}"><td>{CHECKED if of.checked else CITED}</td><td>{of.label}</td>'
        f"<td>{html.escape(of.says)}<br><small>{html.escape(of.because)}</small></td></tr>"
        for of in lines
    )
    return f"<table>{''.join(rows)}</table>"


def _plain_line(line: Line) -> str:
    mark = CHECKED if line.checked else CITED
    return f"  {mark} {line.label:>3}  {plain(line.says)}" + (
        f"\n         {plain(line.because)}" if line.because else ""
    )


def written_proof(claim: Claim) -> WrittenProof:
    """The derivation of a claim, checked now and written out.

    Raises:
        DerivationRejected: the claim has no derivation, or the checker refuses it.
    """
    of_type(claim, Claim, "whose proof is written out", "a Claim")
    derivation = derivation_of(claim)
    if derivation is None:
        raise DerivationRejected(
            f"{claim.id} has no derivation; `gradproof verify {claim.id}` says what evidence it has"
        )
    return written_out(claim, derivation, check_derivation(derivation, claim))


def written_out(claim: Claim, derivation: d.Derivation, accepted: Accepted) -> WrittenProof:
    """A derivation that was accepted, written out."""
    symbols = {p.name: p.typeset for p in claim.parameters}
    parts = tuple(
        _part(derivation.formal, case, symbols, claim, number, len(found))
        for found in [list(_leaves(derivation.tree))]
        for number, case in enumerate(found, 1)
    )
    return WrittenProof(claim, tuple(_setting(derivation.formal, symbols)), parts, accepted)


def _leaves(tree: d.Case | d.Split) -> Iterator[d.Case]:
    if isinstance(tree, d.Case):
        yield tree
    else:
        yield from _leaves(tree.low)
        yield from _leaves(tree.high)


# --- the setting ------------------------------------------------------------------------------------------------------


def _by(names: tuple[str, ...]) -> str:
    return ", ".join(n for n in names if n)


def _setting(formal: d.Formal, symbols: Mapping[str, str]) -> Iterator[Line]:
    m, w = formal.method, Words(formal.method, symbols)
    for name, member in m.members.items():
        family = "a family of workers, by average: " if member.average else ""
        by = _by(tuple(dict.fromkeys(a for _, a in member.constants.values())))
        yield Line("", f"${w.parameter(name)}$: {family}{', '.join([member.kind, *_constants(w, member)])}", by, not by)
    for state, v in m.start.items():
        yield Line("", f"${w.name(state, '0')} = {w.vector(v, '0')}$", "", True)
    for state, v in m.step.items():
        yield Line("", f"${w.name(state, 'k+1')} = {w.vector(v, 'k')}$", "", True)
    for call in m.calls.values():
        x, g = w.vector(call.x, "k"), w.vector(call.g, "k")
        kind = m.members[call.member].kind
        says = _GRAPH.get(kind, r"{g} \in \partial {m}({x})").format(x=x, g=g, m=w.parameter(call.member))
        value = f", ${w.parameter(call.member)}({x}) = {w.name(call.f, 'k')}$" if call.f else ""
        since = f" for k >= {call.since}" if call.since else ""
        yield Line("", f"${says}${value}{since}", _by(call.by), not call.by)
    for law in m.laws.values():
        index, sign = law.index, "=" if law.equality else r"\le"
        because = "; ".join(x for x in (law.says, _by(law.by)) if x)
        yield Line("", f"${w.order(w.terms(law.terms, index), sign)}$", because, False)
    for number in m.numbers:
        yield Line("", f"any ${w.interval(number.interval)}$", _by(number.by), not number.by)
    for name, terms in m.reads.items():
        yield Line("", f"${w.parameter(name)} = {w.sum(w.terms(terms, '0'))}$", "", True)
    for root, radicand in m.roots.items():
        yield Line("", rf"${w.parameter(root)} = \sqrt{{{w.latex(w.number(radicand))}}}$", "", True)
    for a, s in m.sequences.items():
        start, after = w.latex(w.number(s.start)), w.latex(w.number(s.next))
        yield Line("", f"${w.parameter(a)}_0 = {start},\\ {w.parameter(a)}_{{k+1}} = {after}$", "", True)
    for name, terms in formal.stands.items():
        yield Line("", f"${w.parameter(name)} = {w.sum(w.terms(terms, '0'))}$", "", True)
    left, q = formal.words.get("quantity", ""), w.quantity(formal)
    start = w.sum(w.terms(formal.initial, "0"))
    measure = f", in units of ${start}$" if start != "1" else ""
    yield Line("", f"${left}$ is read as ${q}$" + measure, _by(formal.by), not formal.by)


def _constants(w: Words, member: d.Class) -> Iterator[str]:
    """``$L$-smooth``, ``convex``, ..."""
    for c, (value, _) in member.constants.items():
        latex = r"f_\star" if value == "f*" else w.latex(w.number(value))
        if c in _CONSTANT:
            yield _CONSTANT[c].format(c=latex)
        elif c == "L":
            yield f"${latex}$-{'smooth' if member.kind in ('function', 'quadratic') else 'Lipschitz'}"
        elif c == "mu" and member.kind in ("function", "quadratic"):
            if not value.startswith("-"):
                yield "convex" if value == "0" else f"${latex}$-strongly convex"
        elif c == "mu":
            yield "monotone" if value == "0" else f"${latex}$-strongly monotone"
        else:
            yield f"${c} = {latex}$"


def _part(formal: d.Formal, case: d.Case, symbols: Mapping[str, str], claim: Claim, number: int, of: int) -> Part:
    w = Words(formal.method, symbols, case)
    domain = ",\\quad ".join(w.interval(i) for i in case.domain)
    where = [f"${w.parameter(n)} = {w.latex(w.number(v))}$" for n, v in (*case.given.items(), *case.lets.items())]
    where += [rf"${w.parameter(n)} = \sqrt{{{w.latex(w.number(v))}}}$" for n, v in case.roots.items()]
    where += [f"${w.name(n, 'k+1')} = {w.vector(v, 'k')}$, ${w.name(n, '0')} = 0$" for n, v in case.defines.items()]
    heading = ("The proof" if of == 1 else f"Case {number} of {of}") + (f", for ${domain}$" if domain else "")
    heading += f"; with {', '.join(where)}" if where else ""
    if case.reach:
        heading += f"; steps hold for ${case.reach.replace('<', ' < ')}$"
    labels = {name: f"({i})" for i, name in enumerate(case.steps, 1)}
    said: dict[str, Said] = {}
    lines = []
    for name, step in case.steps.items():
        said[name] = s = WRITE[type(step)](Writing(w, formal.method, case, labels, said), step)
        sign = "=" if s.equality else r"\le"
        shown = s.shown or descent(w, case, name, sign) or w.order(s.at(s.index), sign)
        lines.append(Line(labels[name], f"${shown}$", s.because, True))
    last = lines[-1].label
    relation = claim.relation.latex if claim.relation is not Relation.IFF else "="
    because = f"this is {last}, compared as forms"
    if isinstance(formal.quantity, d.Threshold):
        factor = w.latex(w.number(formal.quantity.factor))
        because = (
            f"by {last} the quantity is ${factor}$ times what is positive, which is negative below and positive above"
        )
    lines.append(Line("", f"${claim.quantity} {relation} {claim.bound_latex}$", because, True))
    return Part(heading, tuple(lines))
