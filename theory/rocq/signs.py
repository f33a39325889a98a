"""Signs of coefficients on a domain as Coq proofs.

A parameter is the image of an orthant variable ``t >= 0`` (or ``t > 0``), as in ``theory.field``; in these variables a
coefficient becomes a quotient of products of polynomials whose coefficients are all positive, of even powers, and of
polynomials that have positive coefficients once they are multiplied by a power of ``1 + sum of t`` (Polya).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from gradproof.theory.field import Functions, Interval
from gradproof.theory.rocq.text import NotExported, Writer, polynomial, rational

_MOST = 14  # the power of 1 + sum of t that is tried


@dataclass(frozen=True)
class Hints:
    """Signs that need more than the domain: sums of squares with weights, and what the hypotheses ``K_i`` say is >= 0."""

    squares: tuple[tuple[Any, tuple[tuple[Any, Any], ...]], ...] = ()
    known: tuple[Any, ...] = ()


class Signs:
    """Assertions ``0 < c`` and ``0 <= c`` under a domain, closed by the tactics ``pos`` and ``nn`` of ``Gradproof.v``."""

    def __init__(self, field: Functions, writer: Writer, domain: tuple[Interval, ...], hints: Hints) -> None:
        self.hints = hints
        self.field, self.writer, self.domain = field, writer, domain
        self.names = [d.name for d in domain]
        self.orthant = {d.name: f"t_{d.name}" for d in field.domain}

    def introduction(self) -> list[str]:
        """The orthant variables ``t_x`` with ``T_x: 0 <= t_x`` and ``E_x: p_x = ...``."""
        out = []
        for d in self.domain:
            x, t, low = self.writer.parameters[d.name], f"t_{d.name}", self.writer.end(d.low)
            names = f"[{t} [T_{d.name} E_{d.name}]]"
            op = "<=" if d.closed_low else "<"
            if not d.high:
                out.append(f"assert (exists {t}, 0 {op} {t} /\\ {x} = {low} + {t}) as {names}.")
                out.append(f"{{ exists ({x} - {low}). split; [lra | ring]. }}")
                continue
            high = self.writer.end(d.high)
            if d.closed_high:
                image = f"{high} - ({high} - {low}) * {t} / (1 + {t})"
                out.append(f"assert (exists {t}, 0 <= {t} /\\ {x} = {image}) as {names}.")
                out.append(
                    f"{{ exists (({high} - {x}) / ({x} - {low})). split; [apply div_nn; lra | apply orthant_high; lra]. }}"
                )
            else:
                image = f"{low} + ({high} - {low}) * {t} / (1 + {t})"
                sign = "apply div_nn; lra" if d.closed_low else "apply Rdiv_lt_0_compat; lra"
                out.append(f"assert (exists {t}, 0 {op} {t} /\\ {x} = {image}) as {names}.")
                out.append(f"{{ exists (({x} - {low}) / ({high} - {x})). split; [{sign} | apply orthant_low; lra]. }}")
        return out

    def nonnegative(self, name: str, c: Any) -> list[str]:
        return self._assertion(name, c, strict=False)

    def positive(self, name: str, c: Any) -> list[str]:
        return self._assertion(name, c, strict=True)

    def nonzero(self, name: str, coefficients: Iterable[Any]) -> list[str]:
        """Every irreducible factor of a denominator is positive, or its negative is, and so it is not zero."""
        factors: list[Any] = []
        for c in coefficients:
            for f, _ in c.denom.factor_list()[1]:
                if not f.is_ground and f not in factors and -f not in factors:
                    factors.append(f)
        out = []
        for k, f in enumerate(factors):
            c, shown = self.field._field(f), polynomial(f, self.writer.parameters)
            out += self.positive(f"{name}{k}", c if self.field._sign(f) == ">" else -c)
            out.append(f"assert ({name}n{k} : {shown} <> 0) by (clear - {name}{k}; lra).")
        return out

    def _assertion(self, name: str, c: Any, strict: bool) -> list[str]:
        relation, text = ("<" if strict else "<="), self.writer.number(c)
        goal = f"assert ({name} : 0 {relation} {text})"
        if c == 0:
            return [f"{goal} by lra."]
        image = self.field._on_orthant(c.numer) / self.field._on_orthant(c.denom)
        top, bottom = self._manifest(image.numer), self._manifest(image.denom)
        if top is None or bottom is None or top[1] != bottom[1]:
            hinted = None if strict else self._hinted(name, c)
            if hinted is not None:
                return hinted
            raise NotExported(f"the sign of {self.field.brief(c)} is decided in a way that is not exported yet")
        end = "apply Rdiv_lt_0_compat; pos" if strict else "apply div_nn; [nn | pos]"
        back = " ".join(f"rewrite ?E_{n};" for n in reversed(self.names))
        return [
            f"{goal}.",
            f"{{ replace {text} with ({top[0]} / {bottom[0]}).",
            f"  {{ {end}. }}",
            f"  {back} field; repeat split; nonzero. }}",
        ]

    def _hinted(self, name: str, c: Any) -> list[str] | None:
        number, goal = self.writer.number, f"assert ({name} : 0 <= {self.writer.number(c)})."
        for i, e in enumerate(self.hints.known):
            if e != 0 and self.field.nonnegative(c / e):
                product = f"({number(c / e)} * {number(e)})"
                return [
                    *self.nonnegative(f"{name}a", c / e),
                    goal,
                    f"{{ replace {number(c)} with {product} by rational. apply Rmult_le_pos; [exact {name}a | exact K_{i}]. }}",
                ]
        for value, parts in self.hints.squares:
            if value == c:
                lines = [line for i, (w, _) in enumerate(parts) for line in self.nonnegative(f"{name}w{i}", w)]
                total = " + ".join(f"{number(w)} * {number(r)} ^ 2" for w, r in parts)
                return [*lines, goal, f"{{ replace {number(c)} with ({total}) by rational. nn. }}"]
        return None

    def _manifest(self, p: Any) -> tuple[str, bool] | None:
        """The absolute value as text whose sign is plain, and whether the polynomial is its negative."""
        if _one_sign(p):
            negative = p.LC < 0
            return polynomial(-p if negative else p, self.orthant), negative
        k, factors = p.factor_list()
        negative, parts = k < 0, [] if abs(k) == 1 else [rational(abs(k))]
        for f, power in factors:
            if power % 2 == 0 and not _one_sign(f):
                parts.append(f"{polynomial(f, self.orthant)} ^ 2" + (f" ^ {power // 2}" if power > 2 else ""))
                continue
            shown = self._lifted(f)
            if shown is None:
                return None
            negative ^= shown[1] and power % 2 == 1
            parts.append(shown[0] if power == 1 else f"{shown[0]} ^ {power}")
        return f"({' * '.join(parts)})", negative

    def _lifted(self, f: Any) -> tuple[str, bool] | None:
        lift = f.ring.one + sum((g for i, g in enumerate(f.ring.gens) if f.degree(g) > 0), f.ring.zero)
        product = f
        for m in range(_MOST):
            if _one_sign(product):
                negative = product.LC < 0
                text = polynomial(-product if negative else product, self.orthant)
                return (text if m == 0 else f"({text} / {polynomial(lift, self.orthant)} ^ {m})"), negative
            product = product * lift
        return None


def _one_sign(p: Any) -> bool:
    coefficients = [c for _, c in p.terms()]
    return all(c > 0 for c in coefficients) or all(c < 0 for c in coefficients)
