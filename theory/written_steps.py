"""What each step of a derivation concludes, and what it rests on, in LaTeX and words."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import sympy as sp

from gradproof.theory import derivation as d
from gradproof.theory.wording import Sums, Words, below

#: How an axiom of a member reads.
_AXIOM = {"interpolation": "interpolation of", "descent": "smoothness of", "lipschitz": "the Lipschitz condition of",
          "bounded": "bounded subgradients of", "lower": "the lower bound of", "pl": "the Polyak-Lojasiewicz inequality of",
          "diameter": "the diameter of", "symmetry": "symmetry of", "spectrum": "the spectrum of", "value": "the value of",
          "monotone": "monotonicity of", "cocoercive": "cocoercivity of", "contraction": "contraction by",
          "normal-cone": "the normal cone of"}  # fmt: skip


@dataclass(frozen=True)
class Said:
    """What a step concludes, at an index where it holds at every k, and why."""

    at: Callable[[str], Sums]
    because: str
    index: str = "k"
    shown: str = ""  # in place of the form
    equality: bool = False


def descent(w: Words, case: d.Case, name: str, sign: str) -> str:
    """``V_{k+1} <= rho V_k`` for a step that an induction uses so."""
    for s in case.steps.values():
        if isinstance(s, d.Induct) and s.step == name:
            now, rho = w.terms(s.potential, "k"), w.number(s.rho)
            high = w.sum(now) if rho == 1 else w.latex(rho, factor=True) + r"\," + w.summed(now)
            return rf"{w.sum(w.terms(s.potential, 'k+1'))} {sign} {high}"
    return ""


@dataclass(frozen=True)
class Writing:
    w: Words
    method: d.Method
    case: d.Case
    labels: Mapping[str, str]
    said: Mapping[str, Said]

    def times(self, text: str, index: str) -> str:
        c = self.w.tidy(sp.factor(self.w.number(text, index)))
        return "" if c == 1 else f" times ${self.w.latex(c)}$"

    def law(self, name: str) -> str:
        if name in self.method.reads:
            return f"what ${self.w.parameter(name)}$ is"
        return " and ".join(self.method.laws[name].by) or name

    def sources(self, steps: Mapping[str, str], laws: Mapping[str, str], index: str) -> list[str]:
        return [f"{self.labels[n]}{self.times(c, index)}" for n, c in steps.items()] + [
            f"{self.law(n)}{self.times(c, index)}" for n, c in laws.items()
        ]


def _inequality(t: Writing, s: d.Inequality) -> Said:
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
    return Said(lambda i: w.terms(s.target, i), f"sum of {'; '.join(parts)}; left over: {left}", s.index)


def _point(t: Writing, name: str, index: str) -> str:
    plain_name = name.removesuffix("'")
    after = {"k": "k+1", "0": "1", "N": "N+1"}[index] if name != plain_name else index
    return t.w.vector(t.method.calls[plain_name].x, after)


def _combine(t: Writing, s: d.Combine) -> Said:
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
            if name in t.method.reads:
                add({**w.terms(t.method.reads[name], "0"), "1": -w.number(name)}, w.number(c, index))
                continue
            law = t.method.laws[name]
            add(w.terms(law.terms, index if law.index == "k" else law.index), w.number(c, index))
        for c, v in s.squares:
            add(w.terms(((c, v, v) if v else (c, "1"),), index), sp.Integer(-1))
        for n, v, c in s.nulls:
            zero = t.case.steps[n].vector  # type: ignore[attr-defined]
            add(w.terms(((c, zero, v),), index), sp.Integer(1))
        return {a: c for a, c in out.items() if sp.expand(c) != 0}

    parts = t.sources(s.steps, s.laws, s.index)
    parts += [rf"$-\|{w.vector(v, s.index)}\|^2 \le 0${t.times(c, s.index)}" for c, v in s.squares if v]
    parts += [f"${w.latex(w.number(c, s.index))} \\ge 0$" for c, v in s.squares if not v]
    for n, v, c in s.nulls:
        parts.append(f"{t.labels[n]} against ${w.vector(v, s.index)}${t.times(c, s.index)}")
    laws = all(n in t.method.reads or t.method.laws[n].equality for n in s.laws)
    exact = not s.squares and laws and all(t.said[n].equality for n in s.steps)
    because = f"sum of {'; '.join(parts)}" if parts else "by the recursion"
    return Said(at, because, s.index, equality=exact)


def _instantiate(t: Writing, s: d.Instantiate) -> Said:
    earlier = t.said[s.step]
    by = f"{t.labels[s.step]} at $k = {s.index}$"
    return Said(lambda _: earlier.at(s.index), by, s.index, equality=earlier.equality)


def _invariant(t: Writing, s: d.Invariant) -> Said:
    by = f"it is 0 at $k = 0$, and each step multiplies it by ${t.w.latex(t.w.number(s.ratio))}$"
    return Said(lambda _: {}, by, shown=f"{t.w.vector(s.vector, 'k')} = 0")


def _vanish(t: Writing, s: d.Vanish) -> Said:
    return Said(
        lambda _: {}, f"its square is at most 0 by {t.labels[s.step]}", shown=f"{t.w.vector(s.vector, 'k')} = 0"
    )


def _induct(t: Writing, s: d.Induct) -> Said:
    w = t.w

    factor = w.number(s.closed, "N") * (w.number(s.power) if s.power else 1)
    end, start = (w.terms(s.potential, i) for i in ("N", s.start))

    def at(_: str) -> Sums:
        return {a: end.get(a, 0) - factor * start.get(a, 0) for a in {**end, **start}}

    high = w.sum(start) if factor == 1 else w.latex(factor, factor=True) + r"\," + w.summed(start)
    by = f"induction from $k = {s.start}$ over {t.labels[s.step]}"
    exact = t.said[s.step].equality
    return Said(at, by, "N", rf"{w.sum(end)} {'=' if exact else chr(92) + 'le'} {high}", exact)


def _induct_hypothesis(t: Writing, s: d.InductHypothesis) -> Said:
    return Said(
        lambda _: t.w.terms(s.claim, "N"), f"induction: {t.labels[s.base]} begins, {t.labels[s.step]} goes on", "N"
    )


def _sum(t: Writing, s: d.Sum) -> Said:
    w = t.w

    def at(_: str) -> Sums:
        out = dict(w.terms(s.total, s.upto))
        if s.quantity:
            size = w.number(s.weight, "k")
            weight = "" if size == 1 else w.latex(size, factor=True)
            inner = w.summed(w.terms(s.quantity, "k"))
            out[rf"\sum_{{k {below(s.upto)}}} {weight}\,{inner}"] = sp.Integer(1)
        for i, sign in ((s.upto, 1), ("0", -1)):
            for atom, c in w.terms(s.potential, i).items():
                out[atom] = out.get(atom, sp.Integer(0)) + sign * c
        return out

    by = f"sum of {t.labels[s.step]} over $k {below(s.upto)}$"
    return Said(at, by, "N", equality=t.said[s.step].equality)


def _settle(t: Writing, s: d.Settle) -> Said:
    w = t.w
    value = sp.factor(w.number(s.rise) / (1 - w.number(s.rho)))

    def at(_: str) -> Sums:
        return {rf"\lim_k {w.summed(w.terms(s.potential, 'k'))}": sp.Integer(1), "1": -value}

    return Said(at, f"the fixed point of {t.labels[s.step]}, whose factor lies between -1 and 1", "N", equality=True)


def _least(t: Writing, s: d.Least) -> Said:
    w, quantity = t.w, t.case.minima[s.minimum].quantity

    def at(i: str) -> Sums:
        out = {w.value(s.minimum, "k"): sp.Integer(1)}
        index = i if s.index == "k" else s.index
        for atom, c in w.terms(quantity, index).items():
            out[atom] = out.get(atom, sp.Integer(0)) - c
        return out

    return Said(at, "a minimum is below each of its values")


def _average(t: Writing, s: d.Average) -> Said:
    w = t.w

    def at(_: str) -> Sums:
        weight = w.latex(w.number(s.weight, "k"), factor=True)
        total = w.number(s.total, s.upto)
        value = w.name(s.value, "k")
        mean = rf"f\bigl(\textstyle\sum_{{k {below(s.upto)}}} {weight} x_k / {w.latex(total, factor=True)}\bigr)"
        sums = rf"\sum_{{k {below(s.upto)}}} {weight}\left({value} - f_\star\right)"
        return {mean: total, r"f_\star": -total, sums: sp.Integer(-1)}

    return Said(at, "Jensen's inequality", "N")


WRITE: dict[type, Callable[[Writing, Any], Said]] = {
    d.Inequality: _inequality,
    d.Combine: _combine,
    d.Instantiate: _instantiate,
    d.Invariant: _invariant,
    d.Vanish: _vanish,
    d.Induct: _induct,
    d.InductHypothesis: _induct_hypothesis,
    d.Sum: _sum,
    d.Settle: _settle,
    d.Least: _least,
    d.Average: _average,
}
