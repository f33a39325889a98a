"""A derivation as a paper would print it: each step one line of mathematics and what it rests on.

Nothing here decides anything. The lines are set from the very steps that the checker ran, after it accepted them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import sympy as sp
from sympy.parsing.sympy_parser import parse_expr

from gradproof.theory import derivation as d
from gradproof.theory.arguments import of_type
from gradproof.theory.claim import Claim
from gradproof.theory.derivation import DerivationRejected, derivation_of
from gradproof.theory.evidence import Relation
from gradproof.theory.facts import FACTS, Fact
from gradproof.theory.field import _NAME, Interval
from gradproof.theory.text import plain
from gradproof.theory.tie import Accepted, check_derivation

Sums = dict[str, sp.Expr]  # LaTeX of a value, a square or an inner product -> its coefficient

#: How a call of a member reads, by the member's kind.
_GRAPH = {"operator": r"{g} \in {m}({x})", "compressor": r"{m}({x}) = {g}",
          "indicator": r"{x} \in {m},\ {g} \in N_{{{m}}}({x})"}  # fmt: skip
#: How an axiom of a member reads.
_AXIOM = {"interpolation": "interpolation of", "descent": "smoothness of", "lipschitz": "the Lipschitz condition of",
          "bounded": "bounded subgradients of", "lower": "the lower bound of", "pl": "the Polyak-Lojasiewicz inequality of",
          "diameter": "the diameter of", "symmetry": "symmetry of", "spectrum": "the spectrum of", "value": "the value of",
          "monotone": "monotonicity of", "cocoercive": "cocoercivity of", "contraction": "contraction by",
          "normal-cone": "the normal cone of"}  # fmt: skip
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
        out += ["", f"{CHECKED} checked by machine; {CITED} granted by an assumption of the claim or a fact cited"]
        return "\n".join(out)

    def _repr_html_(self) -> str:
        from gradproof.markup import proof_html

        return proof_html(self)


CHECKED, CITED = "■", "†"  # a shape for each, so that no colour has to be told apart


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


# --- symbols ----------------------------------------------------------------------------------------------------------


class Words:
    """The names of a method in LaTeX: ``x'`` is ``x_{k+1}``; what does not move carries no index."""

    def __init__(self, method: d.Method, symbols: Mapping[str, str], case: d.Case | None = None) -> None:
        self.method, self.case, self.symbols = method, case, dict(symbols)
        self.fixed = {*method.fixed, *method.fixed_values}
        self.powers = dict(case.powers) if case else {}
        self.minima = dict(case.minima) if case else {}
        self.sample: dict[sp.Symbol, Any] = {}  # a point of the case, where coefficients show their signs
        for i in case.domain if case else ():
            low = self.number(i.low).subs(self.sample)
            high = self.number(i.high).subs(self.sample) if i.high else low + 2
            at = low + (high - low) * sp.Rational(4, 7)
            self.sample[sp.Symbol(i.name, positive=True)] = at

    def number(self, text: str, index: str = "k") -> sp.Expr:
        """A coefficient at an index, powers written out."""

        def value(name: str) -> sp.Expr:
            if name in ("k", "N"):
                return sp.sympify(index if name == "k" else name, {"k": k, "N": N, "i": sp.Symbol("i", positive=True)})
            if name in self.powers:
                return sp.Pow(self.number(self.powers[name]), N, evaluate=False)
            return sp.Symbol(f"{name}_{index}" if name in self.method.sequences else name, positive=True)

        k, N = sp.Symbol("k", positive=True), sp.Symbol("N", positive=True)
        # the checker has read the text: names, whole numbers and + - * / ^ ( ); a prefix keeps names from meaning anything to sympy
        names = {f"n_{n}": value(n) for n in _NAME.findall(text)}
        return parse_expr(_NAME.sub(lambda m: f"n_{m[0]}", text).replace("^", "**"), names)

    def latex(self, x: sp.Expr, factor: bool = False) -> str:
        names = {s: self.symbols[s.name] for s in x.free_symbols if s.name in self.symbols}
        names |= {
            s: f"{self.parameter(a)}_{{{s.name.removeprefix(a + '_')}}}"
            for a in self.method.sequences
            for s in x.free_symbols
            if s.name.startswith(f"{a}_")
        }
        out = sp.latex(x, symbol_names=names, order="rev-lex")
        return rf"\left({out}\right)" if factor and x.is_Add else out

    def parameter(self, name: str) -> str:
        return self.symbols.get(name) or sp.latex(sp.Symbol(name))

    def name(self, name: str, index: str) -> str:
        """A vector or a value at an index."""
        plain_name = name.removesuffix("'")
        at = {"k": "k+1", "0": "1", "N": "N+1"}.get(index, f"{index}+1") if name != plain_name else index
        core, tilde = plain_name.removesuffix("~"), plain_name.endswith("~")
        starred = core.endswith("*")
        base = sp.latex(sp.Symbol(core.removesuffix("*"))) if core != "1" else "1"
        if tilde:
            base = rf"\tilde {base}" if len(base) == 1 else rf"\widetilde{{{base}}}"
        if starred:
            return f"{base}_\\star"
        if name in self.fixed or core == "1":
            return base
        stem, _, below = base.partition("_")
        return f"{stem}_{{{below.strip('{}')},{at}}}" if below else f"{base}_{{{at}}}"

    def vector(self, v: d.Vec, index: str) -> str:
        """A linear combination, 0 where it is empty."""
        return self.sum({self.name(n, index): sp.factor(self.number(c, index)) for n, c in v.items()})

    def sum(self, terms: Sums) -> str:
        """Summands with their signs, those of sign + first."""
        shown: list[tuple[bool, str]] = []
        for atom, c in terms.items():
            minus = self.negative(c)
            c = self.tidy(-c if minus else c)
            size = "" if c == 1 and atom != "1" else self.latex(c, factor=True)
            shown.append((minus, size if atom == "1" and size else f"{size}\\,{atom}" if size else atom))
        shown.sort(key=lambda s: s[0])
        out = " ".join(("- " if minus else "+ ") + text for minus, text in shown)
        return out.removeprefix("+ ").replace("- ", "-", 1) if out.startswith("- ") else out.removeprefix("+ ") or "0"

    def negative(self, c: sp.Expr) -> bool:
        """Its sign at a point of the case; a guess where it has other names."""
        value = c.subs({**dict.fromkeys(c.free_symbols, sp.Integer(3)), **self.sample})
        return bool(value < 0) if value.is_number and value != 0 else bool(c.could_extract_minus_sign())

    def tidy(self, c: sp.Expr) -> sp.Expr:
        """The same number with factors that are positive at the point of the case."""
        out = sp.Integer(1)
        for factor in sp.Mul.make_args(c):
            base, power = factor.as_base_exp()
            turn = base.is_Add and power.is_Integer and self.negative(base)
            out = out * (-base) ** power * (-1) ** (power % 2) if turn else out * factor
        return out

    def order(self, sums: Sums, sign: str = r"\le") -> str:
        """``positive terms <= negative terms``."""
        sums = {a: c for a, c in sums.items() if sp.expand(c) != 0}
        low = {a: c for a, c in sums.items() if not self.negative(c)}
        high = {a: -c for a, c in sums.items() if self.negative(c)}
        return f"{self.sum(low)} {sign} {self.sum(high)}"

    def terms(self, terms: d.Terms, index: str) -> Sums:
        """A form as a sum of values, squares and inner products."""
        out: Sums = {}
        what: list[Any]
        for c, *what in terms:
            if len(what) == 1:
                atom = self.value(what[0], index)
            else:
                u, v = (self.vector(w, index) for w in what)
                atom = rf"\|{u}\|^2" if u == v else rf"\langle {u},\ {v}\rangle"
            if atom != r"\|0\|^2" and atom != "0":
                out[atom] = out.get(atom, sp.Integer(0)) + self.number(c, index)
        return {a: c for a, c in out.items() if sp.expand(c) != 0}

    def value(self, name: str, index: str) -> str:
        if name not in self.minima:
            return self.name(name, index)
        m = self.minima[name]
        return rf"\min_{{i {_below(m.upto)}}} {self.summed(self.terms(m.quantity, 'i'))}"

    def summed(self, terms: Sums) -> str:
        """As a factor."""
        return self.sum(terms) if len(terms) == 1 else rf"\left({self.sum(terms)}\right)"

    def quantity(self, formal: d.Formal) -> str:
        """What the claim's left-hand side is in the derivation."""
        q = formal.quantity
        if isinstance(q, d.Minimum):
            return rf"\min_{{i {_below(q.upto)}}} {self.summed(self.terms(q.quantity, 'i'))}"
        if isinstance(q, d.Mean):
            return rf"\frac1{{{q.upto}}} \sum_{{i {_below(q.upto)}}} {self.summed(self.terms(q.quantity, 'i'))}"
        if isinstance(q, d.AtAverage):
            w, over = self.latex(self.number(q.weight, "k")), rf"\sum_{{k {_below(q.upto)}}}"
            return rf"{q.value}\bigl(\textstyle{over} {w} x_k / {over} {w}\bigr) - f_\star"
        if isinstance(q, d.Infimum):
            return rf"\min_{{{self.interval(q.over)}}} {self.latex(self.number(q.value))}"
        return self.sum(self.terms(q, formal.at))

    def interval(self, i: Interval) -> str:
        name, low, closed = self.parameter(i.name), self.latex(self.number(i.low)), (i.closed_low, i.closed_high)
        if not i.high:
            return f"{name} {_SIGN[not closed[0]]} {low}".replace(r"\le", r"\ge").replace("<", ">")
        return f"{low} {_SIGN[not closed[0]]} {name} {_SIGN[not closed[1]]} {self.latex(self.number(i.high))}"


_SIGN = {False: r"\le", True: "<"}


def _below(upto: str) -> str:
    return "< N" if upto == "N" else r"\le N"


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
        yield Line("", f"${w.order(w.terms(law.terms, index), sign)}$", _by(law.by), False)
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


# --- the steps --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Said:
    """What a step concludes, at an index where it holds at every k, and why."""

    at: Callable[[str], Sums]
    because: str
    index: str = "k"
    shown: str = ""  # in place of the form


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
    said: dict[str, _Said] = {}
    lines = []
    for name, step in case.steps.items():
        said[name] = s = _WRITE[type(step)](_Writing(w, formal.method, case, labels, said), step)
        shown = s.shown or _descent(w, case, name) or w.order(s.at(s.index))
        lines.append(Line(labels[name], f"${shown}$", s.because, True))
    last = lines[-1].label
    relation = claim.relation.latex if claim.relation is not Relation.IFF else "="
    lines.append(
        Line("", f"${claim.quantity} {relation} {claim.bound_latex}$", f"this is {last}, compared as forms", True)
    )
    return Part(heading, tuple(lines))


def _descent(w: Words, case: d.Case, name: str) -> str:
    """``V_{k+1} <= rho V_k`` for a step that an induction uses so."""
    for s in case.steps.values():
        if isinstance(s, d.Induct) and s.step == name:
            now, rho = w.terms(s.potential, "k"), w.number(s.rho)
            high = w.sum(now) if rho == 1 else w.latex(rho, factor=True) + r"\," + w.summed(now)
            return rf"{w.sum(w.terms(s.potential, 'k+1'))} \le {high}"
    return ""


@dataclass(frozen=True)
class _Writing:
    w: Words
    method: d.Method
    case: d.Case
    labels: Mapping[str, str]
    said: Mapping[str, _Said]

    def times(self, text: str, index: str) -> str:
        c = self.w.tidy(sp.factor(self.w.number(text, index)))
        return "" if c == 1 else f" times ${self.w.latex(c)}$"

    def sources(self, steps: Mapping[str, str], laws: Mapping[str, str], index: str) -> list[str]:
        return [f"{self.labels[n]}{self.times(c, index)}" for n, c in steps.items()] + [
            f"{' and '.join(self.method.laws[n].by) or n}{self.times(c, index)}" for n, c in laws.items()
        ]


def _inequality(t: _Writing, s: d.Inequality) -> _Said:
    w, parts = t.w, []
    for use in s.uses:
        if w.number(use.multiplier, s.index) == 0:
            continue
        points = ", ".join(_point(t, p, s.index) for p in use.points)
        axiom, times = _AXIOM.get(use.axiom, f"{use.axiom} of"), t.times(use.multiplier, s.index)
        parts.append(f"{axiom} ${w.parameter(use.member)}$ at ${points}${times}")
    parts += t.sources(s.steps, s.laws, s.index)
    parts += [f"{t.labels[n]} against ${w.vector(v, s.index)}${t.times(c, s.index)}" for n, v, c in s.nulls]
    for text, v in s.signs:
        square = rf" times $\|{w.vector(v, s.index)}\|^2$" if v else ""
        parts.append(f"${w.latex(w.number(text, s.index))} \\ge 0${square}")
    radicands = {**t.method.roots, **t.case.roots}
    parts += [f"${w.parameter(n)}^2 = {w.latex(w.number(radicands[n]))}$" for n, _, _ in s.roots]
    parts += [f"the hypothesis ${w.order(w.terms(f, s.index))}${t.times(c, s.index)}" for f, c in s.assumes]
    if s.squares:
        left = "squares of " + ", ".join(f"${w.vector(v, s.index)}$" for _, v in s.squares)
    else:
        left = "a sum of squares" if s.squares is None else "nothing"
    return _Said(lambda i: w.terms(s.target, i), f"sum of {'; '.join(parts)}; left over: {left}", s.index)


def _point(t: _Writing, name: str, index: str) -> str:
    plain_name = name.removesuffix("'")
    after = {"k": "k+1", "0": "1", "N": "N+1"}[index] if name != plain_name else index
    return t.w.vector(t.method.calls[plain_name].x, after)


def _combine(t: _Writing, s: d.Combine) -> _Said:
    w = t.w

    def at(i: str) -> Sums:
        out: Sums = {}
        index = i if s.index == "k" else s.index

        def add(terms: Sums, c: sp.Expr) -> None:
            for atom, value in terms.items():
                out[atom] = sp.factor(out.get(atom, sp.Integer(0)) + c * value)

        for name, c in s.steps.items():
            add(t.said[name].at(i if s.index == "k" else t.said[name].index), w.number(c, index))
        for name, c in s.laws.items():
            law = t.method.laws[name]
            add(w.terms(law.terms, index if law.index == "k" else law.index), w.number(c, index))
        for c, v in s.squares:
            add(w.terms(((c, v, v),), index), sp.Integer(-1))
        return {a: c for a, c in out.items() if sp.expand(c) != 0}

    parts = t.sources(s.steps, s.laws, s.index)
    parts += [rf"$-\|{w.vector(v, s.index)}\|^2 \le 0${t.times(c, s.index)}" for c, v in s.squares]
    return _Said(at, f"sum of {'; '.join(parts)}", s.index)


def _instantiate(t: _Writing, s: d.Instantiate) -> _Said:
    earlier = t.said[s.step]
    return _Said(lambda _: earlier.at(s.index), f"{t.labels[s.step]} at $k = {s.index}$", s.index)


def _invariant(t: _Writing, s: d.Invariant) -> _Said:
    by = f"it is 0 at $k = 0$, and each step multiplies it by ${t.w.latex(t.w.number(s.ratio))}$"
    return _Said(lambda _: {}, by, shown=f"{t.w.vector(s.vector, 'k')} = 0")


def _vanish(t: _Writing, s: d.Vanish) -> _Said:
    return _Said(
        lambda _: {}, f"its square is at most 0 by {t.labels[s.step]}", shown=f"{t.w.vector(s.vector, 'k')} = 0"
    )


def _induct(t: _Writing, s: d.Induct) -> _Said:
    w = t.w

    factor = w.number(s.closed, "N") * (w.number(s.power) if s.power else 1)
    end, start = (w.terms(s.potential, i) for i in ("N", s.start))

    def at(_: str) -> Sums:
        return {a: end.get(a, 0) - factor * start.get(a, 0) for a in {**end, **start}}

    high = w.sum(start) if factor == 1 else w.latex(factor, factor=True) + r"\," + w.summed(start)
    by = f"induction from $k = {s.start}$ over {t.labels[s.step]}"
    return _Said(at, by, "N", rf"{w.sum(end)} \le {high}")


def _induct_hypothesis(t: _Writing, s: d.InductHypothesis) -> _Said:
    return _Said(
        lambda _: t.w.terms(s.claim, "N"), f"induction: {t.labels[s.base]} begins, {t.labels[s.step]} goes on", "N"
    )


def _sum(t: _Writing, s: d.Sum) -> _Said:
    w = t.w

    def at(_: str) -> Sums:
        out = dict(w.terms(s.total, s.upto))
        if s.quantity:
            size = w.number(s.weight, "k")
            weight = "" if size == 1 else w.latex(size, factor=True)
            inner = w.summed(w.terms(s.quantity, "k"))
            out[rf"\sum_{{k {_below(s.upto)}}} {weight}\,{inner}"] = sp.Integer(1)
        for i, sign in ((s.upto, 1), ("0", -1)):
            for atom, c in w.terms(s.potential, i).items():
                out[atom] = out.get(atom, sp.Integer(0)) + sign * c
        return out

    return _Said(at, f"sum of {t.labels[s.step]} over $k {_below(s.upto)}$", "N")


def _least(t: _Writing, s: d.Least) -> _Said:
    w, quantity = t.w, t.case.minima[s.minimum].quantity

    def at(i: str) -> Sums:
        out = {w.value(s.minimum, "k"): sp.Integer(1)}
        index = i if s.index == "k" else s.index
        for atom, c in w.terms(quantity, index).items():
            out[atom] = out.get(atom, sp.Integer(0)) - c
        return out

    return _Said(at, "a minimum is below each of its values")


def _average(t: _Writing, s: d.Average) -> _Said:
    w = t.w

    def at(_: str) -> Sums:
        weight = w.latex(w.number(s.weight, "k"), factor=True)
        total = w.number(s.total, s.upto)
        value = w.name(s.value, "k")
        mean = rf"f\bigl(\textstyle\sum_{{k {_below(s.upto)}}} {weight} x_k / {w.latex(total, factor=True)}\bigr)"
        sums = rf"\sum_{{k {_below(s.upto)}}} {weight}\left({value} - f_\star\right)"
        return {mean: total, r"f_\star": -total, sums: sp.Integer(-1)}

    return _Said(at, "Jensen's inequality", "N")


_WRITE: dict[type, Callable[[_Writing, Any], _Said]] = {
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
