"""The axioms of the kernel: inequalities that every member of a class satisfies at given points.

Part of the trusted kernel. Each axiom builds its own inequality ``form <= 0`` (or ``form == 0``) from the points that a
statement declares, so a proof can name an axiom but cannot misquote it.

A point of a *function* is (x, g, f): argument, (sub)gradient, value. A point of an *operator* is (x, g = A x). A point
of a *compressor* is (x = input, g = output). Vectors are linear in named basis vectors; a name ending in ``~`` is the
deviation of a worker's vector from the weighted mean over workers, so it is orthogonal, on average, to the others.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from gradproof.theory.errors import ProofRejected

Coefficient = Any  # Fraction, or an element of Q(parameters)
Vector = Mapping[str, Coefficient]
ONE = "1"  # the constant term of a value


def _add(mine: dict[Any, Coefficient], theirs: Mapping[Any, Coefficient], scale: Coefficient) -> None:
    for key, c in theirs.items():
        total = mine.get(key, 0) + scale * c
        if total == 0:
            mine.pop(key, None)
        else:
            mine[key] = total


@dataclass
class Form:
    """``sum c_ab <a, b> + sum c_f f + constant``; keys of ``quadratic`` are sorted pairs, ``<a, b>`` counted once."""

    quadratic: dict[tuple[str, str], Coefficient] = field(default_factory=dict)
    linear: dict[str, Coefficient] = field(default_factory=dict)

    def add(self, other: Form, scale: Coefficient = 1) -> Form:
        """In place: ``self += scale * other``; entries that cancel are removed."""
        _add(self.quadratic, other.quadratic, scale)
        _add(self.linear, other.linear, scale)
        return self

    def copy(self) -> Form:
        return Form(dict(self.quadratic), dict(self.linear))


def is_deviation(name: str) -> bool:
    """True for the deviation part of a worker's vector."""
    return name.endswith("~")


def combine(*terms: tuple[Coefficient, Vector]) -> dict[str, Coefficient]:
    """Linear combination of vectors (or of values)."""
    out: dict[str, Coefficient] = {}
    for scale, vector in terms:
        for name, c in vector.items():
            total = out.get(name, 0) + scale * c
            if total == 0:
                out.pop(name, None)
            else:
                out[name] = total
    return out


def inner(a: Vector, b: Vector) -> Form:
    """``<a, b>``, averaged over the workers where deviations occur."""
    form: dict[tuple[str, str], Coefficient] = {}
    for m, cm in a.items():
        for n, cn in b.items():
            if is_deviation(m) != is_deviation(n):
                continue  # deviations average to zero
            key = (m, n) if m <= n else (n, m)
            total = form.get(key, 0) + cm * cn
            if total == 0:
                form.pop(key, None)
            else:
                form[key] = total
    return Form(form)


def square(a: Vector) -> Form:
    """``||a||^2``, averaged over the workers where deviations occur."""
    return inner(a, a)


@dataclass(frozen=True)
class Point:
    """What a statement says of a member at one place."""

    name: str
    x: Vector
    g: Vector
    f: Vector = field(default_factory=dict)


@dataclass(frozen=True)
class Member:
    """A function, operator or compressor of a class, with the points at which the statement speaks of it.

    Args:
        kind: one of ``KINDS``.
        constants: class constants by name; see ``KINDS`` for which are required.
        average: True for a family of workers, whose vectors are scaled by 1/(n w_i) and averaged with weights w_i.
        mean_of: name of the family whose weighted mean this function is; gradients are then tied to it.
    """

    name: str
    kind: str
    constants: Mapping[str, Any]
    points: tuple[Point, ...]
    average: bool = False
    mean_of: str = ""

    def point(self, name: str) -> Point:
        for p in self.points:
            if p.name == name:
                return p
        raise ProofRejected(f"member {self.name} has no point {name!r}")


#: kind -> (required constants, optional constants)
KINDS: dict[str, tuple[frozenset[str], frozenset[str]]] = {
    # mu: <= curvature (may be negative), L: >= |curvature|-side, M: ||g|| <= M, D: diameter, PL: Polyak-Lojasiewicz
    # constant, lower: name of a value below f
    "function": (frozenset(), frozenset({"mu", "L", "M", "PL", "lower"})),
    "indicator": (frozenset(), frozenset({"D"})),
    "quadratic": (frozenset({"mu", "L"}), frozenset()),  # f = <x, Qx>/2, mu I <= Q <= L I
    "operator": (frozenset(), frozenset({"mu", "beta", "L"})),  # mu-strongly monotone, beta-cocoercive, L-Lipschitz
    "compressor": (frozenset({"q2"}), frozenset()),  # E||C(x) - x||^2 <= q2 ||x||^2
}


def _constant(m: Member, name: str) -> Any:
    if name not in m.constants:
        raise ProofRejected(f"axiom needs the constant {name}, which the class of {m.name} does not have")
    return m.constants[name]


def _interpolation(m: Member, pts: tuple[Point, ...], w: tuple) -> Form:
    """f_i >= f_j + <g_j, x_i - x_j> + (curvature terms); Taylor, Hendrickx, Glineur (2017).

    Valid for every mu < L, negative mu included: apply the convex case to f - mu ||x||^2/2.
    """
    i, j = pts
    mu = _constant(m, "mu")
    dx, dg = combine((1, i.x), (-1, j.x)), combine((1, i.g), (-1, j.g))
    form = Form({}, combine((1, j.f), (-1, i.f))).add(inner(j.g, dx))
    if "L" not in m.constants:
        return form.add(square(dx), mu / 2)
    L = m.constants["L"]
    # 1/(2(1 - mu/L)) (|dg|^2/L + mu |dx|^2 - 2 (mu/L) <dg, dx>)
    scale = 1 / (2 * (L - mu))
    return form.add(square(dg), scale).add(square(dx), mu * L * scale).add(inner(dg, dx), -2 * mu * scale)


def _descent(m: Member, pts: tuple[Point, ...], w: tuple) -> Form:
    i, j = pts
    dx = combine((1, j.x), (-1, i.x))
    return Form({}, combine((1, j.f), (-1, i.f))).add(inner(i.g, dx), -1).add(square(dx), -_constant(m, "L") / 2)


def _lipschitz(m: Member, pts: tuple[Point, ...], w: tuple) -> Form:
    i, j = pts
    L = _constant(m, "L")
    return square(combine((1, i.g), (-1, j.g))).add(square(combine((1, i.x), (-1, j.x))), -L * L)


def _bounded(m: Member, pts: tuple[Point, ...], w: tuple) -> Form:
    M = _constant(m, "M")
    return square(pts[0].g).add(Form({}, {ONE: M * M}), -1)


def _lower(m: Member, pts: tuple[Point, ...], w: tuple) -> Form:
    """f_inf <= f_i - ||g_i||^2 / (2L) (without the square if the class has no L)."""
    form = Form({}, combine((1, {_constant(m, "lower"): 1}), (-1, pts[0].f)))
    return form.add(square(pts[0].g), 1 / (2 * m.constants["L"])) if "L" in m.constants else form


def _pl(m: Member, pts: tuple[Point, ...], w: tuple) -> Form:
    PL = _constant(m, "PL")
    return Form({}, combine((2 * PL, pts[0].f), (-2 * PL, {_constant(m, "lower"): 1}))).add(square(pts[0].g), -1)


def _normal_cone(m: Member, pts: tuple[Point, ...], w: tuple) -> Form:
    i, j = pts
    return inner(j.g, combine((1, i.x), (-1, j.x)))


def _diameter(m: Member, pts: tuple[Point, ...], w: tuple) -> Form:
    i, j = pts
    D = _constant(m, "D")
    return square(combine((1, i.x), (-1, j.x))).add(Form({}, {ONE: D * D}), -1)


def _indicator_value(m: Member, pts: tuple[Point, ...], w: tuple) -> Form:
    return Form({}, dict(pts[0].f))


def _symmetry(m: Member, pts: tuple[Point, ...], w: tuple) -> Form:
    i, j = pts
    return inner(i.x, j.g).add(inner(j.x, i.g), -1)


def _spectrum(m: Member, pts: tuple[Point, ...], w: tuple) -> Form:
    """-<sum w (g - mu x), sum w (L x - g)> <= 0: (Q - mu)(L - Q) is positive semidefinite."""
    if len(w) != len(pts):
        raise ProofRejected(f"spectrum needs one weight for each of its {len(pts)} points, got {len(w)}")
    mu, L = m.constants["mu"], m.constants["L"]
    low = combine(*((c, combine((1, p.g), (-mu, p.x))) for c, p in zip(w, pts, strict=True)))
    high = combine(*((c, combine((L, p.x), (-1, p.g))) for c, p in zip(w, pts, strict=True)))
    return Form().add(inner(low, high), -1)


def _quadratic_value(m: Member, pts: tuple[Point, ...], w: tuple) -> Form:
    p = pts[0]
    return Form({}, combine((2, p.f))).add(inner(p.x, p.g), -1)


def _monotone(m: Member, pts: tuple[Point, ...], w: tuple) -> Form:
    i, j = pts
    dx, dg = combine((1, i.x), (-1, j.x)), combine((1, i.g), (-1, j.g))
    return Form().add(inner(dg, dx), -1).add(square(dx), _constant(m, "mu"))


def _cocoercive(m: Member, pts: tuple[Point, ...], w: tuple) -> Form:
    i, j = pts
    dx, dg = combine((1, i.x), (-1, j.x)), combine((1, i.g), (-1, j.g))
    return Form().add(inner(dg, dx), -1).add(square(dg), _constant(m, "beta"))


def _contraction(m: Member, pts: tuple[Point, ...], w: tuple) -> Form:
    p = pts[0]
    return square(combine((1, p.g), (-1, p.x))).add(square(p.x), -m.constants["q2"])


@dataclass(frozen=True)
class Axiom:
    """One kind of inequality: which classes have it, at how many points, and how it is built."""

    kinds: frozenset[str]
    arity: int  # number of points; -1 for any number
    build: Callable[[Member, tuple[Point, ...], tuple], Form]
    equality: bool = False
    averaged: bool = False  # may be used for a family of workers


AXIOMS: dict[str, Axiom] = {
    "interpolation": Axiom(frozenset({"function"}), 2, _interpolation),
    "descent": Axiom(frozenset({"function"}), 2, _descent),
    "lipschitz": Axiom(frozenset({"function", "operator"}), 2, _lipschitz, averaged=True),
    "bounded": Axiom(frozenset({"function"}), 1, _bounded),
    "lower": Axiom(frozenset({"function"}), 1, _lower),
    "pl": Axiom(frozenset({"function"}), 1, _pl),
    "normal-cone": Axiom(frozenset({"indicator"}), 2, _normal_cone),
    "diameter": Axiom(frozenset({"indicator"}), 2, _diameter),
    "indicator-value": Axiom(frozenset({"indicator"}), 1, _indicator_value, equality=True),
    "symmetry": Axiom(frozenset({"quadratic"}), 2, _symmetry, equality=True),
    "spectrum": Axiom(frozenset({"quadratic"}), -1, _spectrum),
    "value": Axiom(frozenset({"quadratic"}), 1, _quadratic_value, equality=True),
    "monotone": Axiom(frozenset({"operator"}), 2, _monotone),
    "cocoercive": Axiom(frozenset({"operator"}), 2, _cocoercive),
    "contraction": Axiom(frozenset({"compressor"}), 1, _contraction, averaged=True),
}
