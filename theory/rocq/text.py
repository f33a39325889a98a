"""Numbers, vectors and forms as Coq text."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any

from gradproof.theory.axioms import ONE, Form, Vector
from gradproof.theory.errors import GradproofError

_SIGNS = {"+": "p", "*": "s", "~": "d", "'": "q", "[": "_", "]": "", "_": "_", "-": "m", "(": "_", ")": ""}
_LONGEST = 40  # characters of an identifier


class NotExported(GradproofError):
    """The proof has a part that no Coq file is written for; the text says which."""


def comment(text: str) -> str:
    """A Coq comment of one line: inside, comments nest and quotes must match."""
    inside = text.replace("(*", "( *").replace("*)", "* )").replace('"', "'")
    return f"(* {inside} *)"


class Identifiers:
    """A Coq identifier for every name of one kind, no two alike; ``x[k+1]`` becomes ``v_x_kp1``."""

    def __init__(self, prefix: str) -> None:
        self.prefix = prefix
        self._given: dict[str, str] = {}

    def __call__(self, name: str) -> str:
        if name not in self._given:
            readable = "".join(c if c.isascii() and c.isalnum() else _SIGNS.get(c, "") for c in name)
            identifier = f"{self.prefix}{readable[:_LONGEST]}"
            taken = set(self._given.values())
            number, plain = 1, identifier
            while identifier in taken:
                number += 1
                identifier = f"{plain}_{number}"
            self._given[name] = identifier
        return self._given[name]


def rational(c: Any) -> str:
    q = Fraction(int(c.numerator), int(c.denominator))
    return f"({q.numerator})" if q.denominator == 1 else f"({q.numerator} / {q.denominator})"


def polynomial(p: Any, names: Mapping[str, str]) -> str:
    """A sympy ring element; ``names`` maps its symbols to Coq terms."""
    symbols = [str(s) for s in p.ring.symbols]
    terms = []
    for powers, k in p.terms():
        factors = [] if k == 1 and any(powers) else [rational(k)]
        factors += [names[s] if e == 1 else f"{names[s]} ^ {e}" for s, e in zip(symbols, powers, strict=True) if e]
        terms.append(" * ".join(factors))
    return f"({' + '.join(terms) or '0'})"


def factored(p: Any, names: Mapping[str, str]) -> str:
    if p.is_zero:
        return "0"
    k, factors = p.factor_list()
    parts = [] if k == 1 and factors else [rational(k)]
    parts += [polynomial(f, names) if e == 1 else f"{polynomial(f, names)} ^ {e}" for f, e in factors]
    return " * ".join(parts)


class Writer:
    """Writes coefficients, vectors and forms, given what parameters, vectors and values are called in Coq."""

    def __init__(
        self, parameters: Mapping[str, str], vector: Callable[[str], str], value: Callable[[str], str]
    ) -> None:
        self.parameters, self.vector_name, self.value_name = parameters, vector, value

    def number(self, c: Any) -> str:
        if isinstance(c, int | Fraction):
            return rational(c)
        top = factored(c.numer, self.parameters)
        if c.denom.is_ground:
            return f"({top})" if c.denom == 1 else f"({top} / {rational(c.denom.LC)})"
        return f"({top} / ({factored(c.denom, self.parameters)}))"

    def vector(self, v: Vector) -> str:
        terms = [
            self.vector_name(n) if c == 1 else f"(scal {self.number(c)} {self.vector_name(n)})"
            for n, c in v.items()
            if c != 0
        ]
        if not terms:
            return "zero"
        out = terms[-1]
        for t in terms[-2::-1]:
            out = f"(add {t} {out})"
        return out

    def value(self, v: Vector) -> str:
        return self.form(Form({}, dict(v)))

    def form(self, f: Form) -> str:
        """Inner products are written with the names in the order of their text, as in the kernel's keys."""
        terms = [
            f"{self.number(c)} * ip {self.vector_name(a)} {self.vector_name(b)}" for (a, b), c in f.quadratic.items()
        ]
        terms += [
            self.number(c) if n == ONE else f"{self.number(c)} * {self.value_name(n)}" for n, c in f.linear.items()
        ]
        return f"({' + '.join(terms) or '0'})"

    def end(self, text: str) -> str:
        """An end of an interval: an expression in earlier parameters."""
        spaced = text.replace("**", "^")
        return f"({re.sub(r'[A-Za-z_][A-Za-z_0-9]*', lambda m: self.parameters[m.group()], spaced)})"
