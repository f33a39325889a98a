"""Rational functions over Q with signs on a domain, in flint: the numbers of the second checker of derivations.

Written apart from ``theory.field``: another parser (Python's grammar, of which only sums, products, quotients and powers are read),
other arithmetic, and signs by bisection of the orthant (Vincent) in the place of Sturm's sequences.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from typing import Any

import flint

from gradproof.theory.errors import ProofRejected
from gradproof.theory.field import Interval

MAX_EXPONENT = 64
DEPTH = 6  # bisections of the orthant in one variable; in several there is one a variable


class Ratio:
    """num / den in lowest terms, the leading coefficient of den is 1."""

    __slots__ = ("den", "num")

    def __init__(self, num: Any, den: Any) -> None:
        if den.is_zero():
            raise ProofRejected("a denominator is zero")
        if not den.is_constant():
            g = num.gcd(den)
            num, den = num // g, den // g
        c = den.leading_coefficient()
        self.num, self.den = num / c, den / c

    def __add__(self, o: Ratio) -> Ratio:
        return Ratio(self.num * o.den + o.num * self.den, self.den * o.den)

    def __sub__(self, o: Ratio) -> Ratio:
        return Ratio(self.num * o.den - o.num * self.den, self.den * o.den)

    def __mul__(self, o: Ratio) -> Ratio:
        return Ratio(self.num * o.num, self.den * o.den)

    def __truediv__(self, o: Ratio) -> Ratio:
        return Ratio(self.num * o.den, self.den * o.num)

    def __neg__(self) -> Ratio:
        return Ratio(-self.num, self.den)

    def __pow__(self, n: int) -> Ratio:
        return Ratio(self.num**n, self.den**n)

    def __eq__(self, o: object) -> bool:
        return isinstance(o, Ratio) and self.num == o.num and self.den == o.den

    def __hash__(self) -> int:
        return hash(str(self))

    def __bool__(self) -> bool:
        return not self.num.is_zero()

    def __str__(self) -> str:
        return f"({self.num})/({self.den})"


class Ring:
    """Rational functions of named parameters, each in an interval."""

    def __init__(self, domain: Sequence[Interval]) -> None:
        self.domain = tuple(domain)
        names = tuple(i.name for i in domain) or ("_",)
        self.ctx = flint.fmpq_mpoly_ctx.get(names, "lex")
        self.one = self.number(1)
        self.zero = self.number(0)
        self.gens = {n: Ratio(g, self.one.num) for n, g in zip(names, self.ctx.gens(), strict=True)}
        self.open: list[bool] = []
        images: dict[str, Ratio] = {}
        for i in self.domain:
            t = self.gens[i.name]
            if not i.low:  # the whole line
                if i.high:
                    raise ProofRejected(f"{i} has an upper end alone")
                images[i.name] = t - self.one / t
                self.open.append(True)
                continue
            low = self.read(i.low, images)
            if not i.high:
                images[i.name] = low + t
                self.open.append(not i.closed_low)
                continue
            width = self.read(i.high, images) - low
            if self._of_orthant(width) != 2:
                raise ProofRejected(f"{i} is not shown to be an interval")
            share = t / (self.one + t)
            images[i.name] = low + width * (self.one - share) if i.closed_high else low + width * share
            self.open.append(not i.closed_high if i.closed_high else not i.closed_low)
        self.images = [images[i.name] for i in self.domain]
        self._decided: dict[str, int | None] = {}

    def number(self, x: Any) -> Ratio:
        one = self.ctx.from_dict({(0,) * self.ctx.nvars(): 1})
        return Ratio(one * flint.fmpq(x.numerator, x.denominator) if hasattr(x, "numerator") else one * x, one)

    def read(self, text: str, names: Mapping[str, Ratio]) -> Ratio:
        """A coefficient; nothing is evaluated but + - * / ^ of integers and names."""
        try:
            tree = ast.parse(text.replace("^", "**").strip(), mode="eval").body
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            raise ProofRejected(f"unreadable coefficient {text[:60]!r}") from None

        def value(node: ast.expr) -> Ratio:
            if isinstance(node, ast.Constant) and type(node.value) is int:
                return self.number(flint.fmpq(node.value))
            if isinstance(node, ast.Name) and node.id in names:
                return names[node.id]
            if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
                return -value(node.operand)
            if isinstance(node, ast.BinOp):
                left = value(node.left)
                if isinstance(node.op, ast.Pow):
                    n = node.right.value if isinstance(node.right, ast.Constant) else None
                    if type(n) is not int or not 0 <= n <= MAX_EXPONENT:
                        raise ProofRejected(f"bad exponent in {text[:60]!r}")
                    return left**n
                right = value(node.right)
                for kind, f in _OPERATIONS.items():
                    if isinstance(node.op, kind):
                        return f(left, right)
            raise ProofRejected(f"unreadable coefficient {text[:60]!r}")

        return value(tree)

    def substituted(self, c: Ratio, images: Sequence[Ratio]) -> Ratio:
        """c at images of all parameters, in order."""
        total = []
        for poly in (c.num, c.den):
            value = self.zero
            for powers, q in poly.terms():
                term = self.number(q)
                for image, n in zip(images, powers, strict=False):
                    if n:
                        term = term * image ** int(n)
                value = value + term
            total.append(value)
        return total[0] / total[1]

    def at(self, c: Ratio, values: Sequence[Any]) -> Any:
        """c at rational values of all parameters."""
        num, den = (
            sum((q * _product(values, powers) for powers, q in p.terms()), flint.fmpq(0)) for p in (c.num, c.den)
        )
        return num / den

    # --- signs -----------------------------------------------------------------------------------------------------------

    def sign(self, c: Ratio) -> int | None:
        """2 positive, 1 nonnegative, 0 zero, -1 nonpositive, -2 negative on the whole domain; None if undecided."""
        key = str(c)
        if key not in self._decided:
            self._decided[key] = (
                self._of_orthant(self.substituted(c, self.images)) if self.domain else self._of_orthant(c)
            )
        return self._decided[key]

    def _of_orthant(self, c: Ratio) -> int | None:
        num, den = self._of_polynomial(c.num), self._of_polynomial(c.den)
        if num is None or den not in (2, -2):
            return None
        return num if den == 2 else -num

    def _of_polynomial(self, p: Any) -> int | None:
        plain = self._by_coefficients(p)
        if plain is not None:
            return plain
        constant, factors = p.factor()
        total = 2 if constant > 0 else -2
        for f, n in factors:
            s = self._by_coefficients(f)
            s = self._bisected(f, DEPTH) if s is None else s
            if n % 2 == 0:
                s = 2 if s in (2, -2) else 1
            if s is None:
                return None
            total = (1 if (total > 0) == (s > 0) else -1) * (2 if abs(total) == abs(s) == 2 else 1)
        return total

    def _by_coefficients(self, p: Any) -> int | None:
        if p.is_zero():
            return 0
        terms = list(p.terms())
        up = [q > 0 for _, q in terms]
        if not (all(up) or not any(up)):
            return None
        # strictly, if a monomial of variables that exclude 0 occurs
        strict = (
            any(all(o or not n for o, n in zip(self.open, powers, strict=False)) for powers, _ in terms)
            or not self.domain
        )
        return (2 if strict else 1) * (1 if up[0] else -1)

    def _bisected(self, p: Any, depth: int) -> int | None:
        """The sign on t >= 0 of a variable t from those on [0, 1] and on [1, oo): t = 1/(1 + u), t = 1 + u."""
        used = [i for i in range(len(self.domain)) if any(powers[i] for powers, _ in p.terms())]
        if depth == 0 or not used:
            return None
        i = used[depth % len(used)]
        gens = list(self.ctx.gens())
        one = self.one.num
        degree = int(p.degrees()[i])
        far = p.compose(*(g + one if j == i else g for j, g in enumerate(gens)))
        near = 0 * one
        for powers, q in p.terms():
            term = q * one
            for j, n in enumerate(powers):
                term = term * ((gens[i] + one) ** (degree - int(n)) if j == i else gens[j] ** int(n))
            near = near + term
        found = []
        for part in (far, near):
            s = self._closed(part, i)
            found.append(self._bisected(part, depth - 1) if s is None else s)
        if None in found or (found[0] > 0) != (found[1] > 0):  # type: ignore[operator]
            return None
        return 1 if found[0] > 0 else -1  # type: ignore[operator]

    def _closed(self, p: Any, i: int) -> int | None:
        """By coefficients, where the halves share the point 1, so that strictness is not claimed."""
        s = self._by_coefficients(p)
        return None if s is None else (1 if s > 0 else -1 if s < 0 else 0)


def _product(values: Sequence[Any], powers: Sequence[int]) -> Any:
    out = flint.fmpq(1)
    for v, n in zip(values, powers, strict=False):
        out = out * v ** int(n)
    return out


_OPERATIONS = {
    ast.Add: lambda a, b: a + b,
    ast.Sub: lambda a, b: a - b,
    ast.Mult: lambda a, b: a * b,
    ast.Div: lambda a, b: a / b,
}
