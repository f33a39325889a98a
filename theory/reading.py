"""A claim's sympy expressions read into the field of a derivation: Max, Min, roots and powers by what is known there.

Part of the trusted kernel.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import sympy as sp

from gradproof.theory.coefficient import parse
from gradproof.theory.derivation import DerivationRejected
from gradproof.theory.field import QQ, Functions
from gradproof.theory.workings import Workings, reject


@dataclass(frozen=True)
class Numbers:
    """A field with the names that an expression may use.

    Args:
        names: parameter -> element.
        roots: (element, what it is the nonnegative square root of).
        powers: element P -> v, where P stands for v^N.
        horizon: the claim's name for N.
    """

    field: Functions
    names: Mapping[str, Any]
    roots: tuple[tuple[Any, Any], ...] = ()
    powers: tuple[tuple[Any, Any], ...] = ()
    horizon: str = "N"

    @staticmethod
    def of(w: Workings, horizon: str) -> Numbers:
        """All that one case of a derivation knows."""
        declared = {**w.method.roots, **w.case.roots}
        roots = tuple((w.names[r], w.read(t)) for r, t in declared.items() if r in w.names)
        return Numbers(w.field, w.names, roots, tuple((w.names[p], v) for p, v in w.base.items()), horizon)

    def read(self, e: sp.Expr) -> Any:
        """The expression as an element of the field.

        Raises:
            DerivationRejected: it is not understood, or which argument is larger is not shown.
        """
        if e.is_Rational:
            return self.field.read(written(e))
        if e.is_Symbol:
            name = "N" if e.name == self.horizon else e.name
            return self.names[name] if name in self.names else reject(f"there is no parameter {e.name} here")
        if isinstance(e, sp.Max | sp.Min):
            sign, args = (1 if isinstance(e, sp.Max) else -1), [self.read(a) for a in e.args]
            best = [a for a in args if all(self.field.nonnegative((a - b) * sign) for b in args)]
            return best[0] if best else reject(f"which is larger in {e} is not shown on the domain")
        half = [a for a in sp.Mul.make_args(e) if a.is_Pow and abs(a.exp) == sp.Rational(1, 2)]
        if half:
            squares = [a.base ** (2 * a.exp) for a in half]
            try:
                roots = [self._root(a) for a in squares]
            except DerivationRejected:  # not each alone, but their product
                roots = [self._root(sp.Mul(*squares))]
            out = self.read(e / sp.Mul(*half))
            for r in roots:
                out = out * r
            return out
        if e.is_Add or e.is_Mul:
            args = [self.read(a) for a in e.args]
            out = args[0]
            for a in args[1:]:
                out = out + a if e.is_Add else out * a
            return out
        if e.is_Pow and e.exp.is_Integer:
            return self.field.admit(self.read(e.base) ** int(e.exp))
        if e.is_Pow and e.exp.is_Rational and e.exp.q in (2, 4):
            root = self._root(e.base)
            return self.field.admit((root if e.exp.q == 2 else self._root_of(root, e)) ** int(e.exp.p))
        if e.is_Pow:
            N = next((s for s in e.exp.free_symbols if s.name == self.horizon), None)
            if N is not None and (a := e.exp.coeff(N, 1)).is_Integer and (b := sp.expand(e.exp - a * N)).is_Integer:
                return self._power(self.read(e.base), int(a), int(b), e)
        return reject(f"{e} is not understood")

    def _root(self, radicand: sp.Expr) -> Any:
        return self._root_of(self.read(radicand), radicand)

    def _root_of(self, value: Any, radicand: sp.Expr) -> Any:
        """A declared root or its inverse, times the root of a square."""
        if value == 0:
            return value
        for r, square in [(self.field.one, self.field.one), *((r, s) for r, s in self.roots if r != 0)]:
            for root, ratio in ((r, value / square), (1 / r, value * square)):
                if (plain := self._plain_root(ratio)) is not None:
                    return root * plain
        return reject(f"the root of {radicand} is not declared")

    def _plain_root(self, value: Any) -> Any:
        """The nonnegative root of a square of a rational function, or None."""
        parts = []
        for poly in (value.numer, value.denom):
            c, factors = poly.factor_list()
            root = sp.sqrt(sp.Rational(int(c.numerator), int(c.denominator)))
            if not root.is_Rational or any(power % 2 for _, power in factors):
                return None
            out = self.field.read(written(root))
            for factor, power in factors:
                out = out * self.field._field(factor) ** (power // 2)
            parts.append(out)
        root = parts[0] / parts[1]
        signs = [s for s in (root, -root) if self.field.nonnegative(s)]
        return signs[0] if signs else None

    def _power(self, base: Any, a: int, b: int, e: sp.Expr) -> Any:
        """base^(aN + b), by a declared power P = v^N with base^a = v^m."""
        if base == 1:
            return base
        for P, v in self.powers:
            if v == 0 == base and (a, b) == (1, 0):
                return P
            for m in (1, 2, -1, -2):
                if v != 0 and base != 0 and v**m == base**a:
                    return self.field.admit(P**m * base**b)
        return reject(f"{e} is not declared as a power")


def written(x: sp.Expr) -> str:
    return f"{x.p}/{x.q}" if x.p >= 0 else f"-{-x.p}/{x.q}"


def text(words: str, field: Functions, names: Mapping[str, Any]) -> Any:
    """A coefficient of a derivation in any field."""
    return parse(words, lambda n: field._field(QQ(int(n))), names)
