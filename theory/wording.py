"""The names, numbers and forms of a derivation in LaTeX."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sympy as sp
from sympy.parsing.sympy_parser import parse_expr

from gradproof.theory import derivation as d
from gradproof.theory.field import _NAME, Interval

Sums = dict[str, sp.Expr]  # LaTeX of a value, a square or an inner product -> its coefficient


class Words:
    """The names of a method in LaTeX: ``x'`` is ``x_{k+1}``; what does not move carries no index."""

    def __init__(self, method: d.Method, symbols: Mapping[str, str], case: d.Case | None = None) -> None:
        self.method, self.case, self.symbols = method, case, dict(symbols)
        self.fixed = {*method.fixed, *method.fixed_values}
        self.powers = dict(case.powers) if case else {}
        self.minima = dict(case.minima) if case else {}
        self.sample: dict[sp.Symbol, Any] = {}  # a point of the case, where coefficients show their signs
        for i in case.domain if case else ():
            low = self.number(i.low or "0").subs(self.sample)
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
        return rf"\min_{{i {below(m.upto)}}} {self.summed(self.terms(m.quantity, 'i'))}"

    def summed(self, terms: Sums) -> str:
        """As a factor."""
        return self.sum(terms) if len(terms) == 1 else rf"\left({self.sum(terms)}\right)"

    def quantity(self, formal: d.Formal) -> str:
        """What the claim's left-hand side is in the derivation."""
        q = formal.quantity
        if isinstance(q, d.Minimum):
            return rf"\min_{{i {below(q.upto)}}} {self.summed(self.terms(q.quantity, 'i'))}"
        if isinstance(q, d.Limit):
            return rf"\lim_k {self.summed(self.terms(q.quantity, 'k'))}"
        if isinstance(q, d.Mean):
            return rf"\frac1{{{q.upto}}} \sum_{{i {below(q.upto)}}} {self.summed(self.terms(q.quantity, 'i'))}"
        if isinstance(q, d.AtAverage):
            w, over = self.latex(self.number(q.weight, "k")), rf"\sum_{{k {below(q.upto)}}}"
            return rf"{q.value}\bigl(\textstyle{over} {w} x_k / {over} {w}\bigr) - f_\star"
        if isinstance(q, d.Infimum):
            return rf"\min_{{{self.interval(q.over)}}} {self.latex(self.number(q.value))}"
        if isinstance(q, d.Threshold):
            return rf"\sup\{{{self.interval(q.over)}: {self.sum(self.terms(q.quantity, formal.at))} < 0\}}"
        return self.sum(self.terms(q, formal.at))

    def interval(self, i: Interval) -> str:
        if not i.low:
            return rf"{self.parameter(i.name)} \in \mathbb R"
        name, low, closed = self.parameter(i.name), self.latex(self.number(i.low)), (i.closed_low, i.closed_high)
        if not i.high:
            return f"{name} {_SIGN[not closed[0]]} {low}".replace(r"\le", r"\ge").replace("<", ">")
        return f"{low} {_SIGN[not closed[0]]} {name} {_SIGN[not closed[1]]} {self.latex(self.number(i.high))}"


_SIGN = {False: r"\le", True: "<"}


def below(upto: str) -> str:
    return "< N" if upto == "N" else r"\le N"
