"""A problem in the units that it asks for: the sizes of all vectors and values are found first, and divided out.

A class constant, a radius or a step size fixes how large points, gradients and values are: with an L a gradient at distance
R is of size L R, a value of size L R^2. In the logarithms of the sizes these are linear equations, solved by weighted least
squares: class constants weigh most, then premises with a constant, then steps, and what nothing fixes keeps its declared
size. The same problem in other units has the same equations, moved, so that the program that is solved is the same one.
Units are powers of two: nothing is rounded on the way in or out, and proofs translate.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from collections.abc import Mapping as MappingOf
from dataclasses import replace
from fractions import Fraction

import numpy as np

from gradproof.solvers.pep.model.expressions import Constraint, Scalar, Vector
from gradproof.solvers.pep.model.problem import Mapping, Model
from gradproof.solvers.pep.solve.assemble import form_arrays
from gradproof.solvers.pep.solve.rewritten import Rewritten
from gradproof.theory.axioms import AXIOMS, ONE, Form

NATURAL = 1e3  # weight of what class constants say,
OWN = 3e1  # of premises with a constant, and of what a point or a gradient is of,
WEAK = 1.0  # of steps,
DECLARED = 1e-2  # and of declared sizes
NEAR = 3.0  # bits: sizes that are so near to one do a solver no harm
BORDER = 0.377  # where between two powers of two sizes are rounded up: no simple number lies there
OF_POINTS = frozenset({"diameter"})  # axioms that are squares of points,
OF_GRADIENTS = frozenset(
    {"bounded", "pl", "spectrum", "lipschitz", "contraction"}
)  # of gradients; the others are values

Unknown = tuple[str, str]
Row = tuple[dict[Unknown, float], float, float]  # coefficients, right-hand side, weight


def in_units(problem: Model, metric: Scalar, per: Scalar | None) -> Rewritten | None:
    """The problem in its own units; None if all sizes are near one already."""
    for m in problem.mappings:
        if m.cls.needs_lower:
            m.lower_bound()
    rows = [*_mappings(problem), *_premises(problem, per), *_form(metric.form, "metric", WEAK, constant=False)]
    declared = {("vector", v): math.log2(s) for v, s in problem.vectors.items()}
    declared |= {("value", f): math.log2(s) for f, s in problem.values.items()}
    forms = [metric, *(() if per is None else (per,)), *(c.scalar for c in problem.premises.values())]
    one = Fraction(1)
    near = all(abs(_bits(_height(x))) <= NEAR for x in forms)
    if near and all(abs(x) <= NEAR for x in (*(row[1] for row in rows), *declared.values())):
        return None  # sizes of one satisfy all equations nearly
    bits = _least_squares(rows, declared)
    if near and all(abs(bits[u]) <= NEAR for u in declared):
        return None
    d = {v: _two(bits["vector", v]) for v in problem.vectors}
    e = {f: _two(bits["value", f]) for f in problem.values}
    now = problem.snapshot()
    scale = {}
    for m in now.mappings:
        x, g = _two(bits.get(("x", m.name), 0.0)), _two(bits.get(("g", m.name), 0.0))
        g = x if m.cls.kind == "compressor" else g
        scale[m.name] = x, g
        e |= {f: x * g for s in m.samples for f in s.f.form.linear}
        e |= {m.lower_name: x * g} if m.lower_name else {}
    for m in now.mappings:
        x, g = scale[m.name]
        m.cls = m.cls.in_units(x, g)
        m.samples = [
            replace(s, x=_vector(s.x, d, x), g=_vector(s.g, d, g), f=_scalar(s.f, d, e, x * g)) for s in m.samples
        ]
        m._by_point = {}
        m._centre = None if m._centre is None else _vector(m._centre, d, x)
    now.vectors, now.values = dict.fromkeys(d, 1.0), dict.fromkeys(e, 1.0)
    height = {name: _height(_scalar(c.scalar, d, e, one)) for name, c in problem.premises.items()}
    now.premises = {
        name: Constraint(_scalar(c.scalar, d, e, height[name]), c.equality) for name, c in problem.premises.items()
    }
    top = _height(_scalar(metric, d, e, one))
    below = one if per is None else _height(_scalar(per, d, e, one))
    weights = {("premise", name): top / h for name, h in height.items()}
    for name, (x, g) in scale.items():
        for axiom in AXIOMS:
            weights[axiom, name] = top / (x * x if axiom in OF_POINTS else g * g if axiom in OF_GRADIENTS else x * g)
    return Rewritten(
        now,
        _scalar(metric, d, e, top),
        None if per is None else _scalar(per, d, e, below),
        {v: {v: c} for v, c in d.items()},
        top / below,
        e,
        weights,
    )


def _vector(x: Vector, d: MappingOf[str, Fraction], unit: Fraction) -> Vector:
    return Vector({v: c * d[v] / unit for v, c in x.terms.items()}, x.owner)


def _scalar(x: Scalar, d: MappingOf[str, Fraction], e: MappingOf[str, Fraction], unit: Fraction) -> Scalar:
    quadratic = {(a, b): c * d[a] * d[b] / unit for (a, b), c in x.form.quadratic.items()}
    return Scalar(Form(quadratic, {f: c * e.get(f, 1) / unit for f, c in x.form.linear.items()}), x.owner)


def _height(x: Scalar) -> Fraction:
    """The largest coefficient but for the constant, to a power of two."""
    terms = [*x.form.quadratic.values(), *(c for f, c in x.form.linear.items() if f != ONE)]
    return _two(max(map(_bits, terms))) if terms else Fraction(1)


def metric_size(metric: Scalar, problem: Model) -> float:
    """What the metric can be at vectors and values of their sizes, to a power of two."""
    vectors, values = tuple(problem.vectors), tuple(problem.values)
    q, a, _ = form_arrays(metric.form, vectors, values)
    d, e = np.array(list(problem.vectors.values())), np.array(list(problem.values.values()))
    largest = max(float(np.abs(q * np.outer(d, d)).max(initial=0)), float(np.abs(a * e).max(initial=0)))
    return power(math.log2(largest)) if largest > 0 else 1.0


def _bits(c: Fraction) -> float:
    """Binary logarithm of the absolute value, for numbers that a float does not hold, too."""
    return math.log2(abs(c.numerator)) - math.log2(c.denominator)


def _two(bits: float) -> Fraction:
    return Fraction(2) ** math.floor(bits + BORDER)


def power(bits: float) -> float:
    """The power of two near a number of so many bits."""
    return math.ldexp(1.0, math.floor(bits + BORDER))


def _mappings(problem: Model) -> Iterator[Row]:
    """Of each mapping's points, gradients and values with its units, and of the units with its constants."""
    gradients: dict[str, str] = {}  # vector -> the first mapping that has it in a gradient
    for m in problem.mappings:
        for s in m.samples:
            for v in s.g.terms:
                gradients.setdefault(v, m.name)
    for m in problem.mappings:
        x, g, f = ((letter, m.name) for letter in "xgf")
        for v, c in _largest(s.x.terms for s in m.samples).items():
            yield {("vector", v): 1, x: -1}, -_bits(c), WEAK if v in gradients else OWN
        for v, c in _largest(s.g.terms for s in m.samples).items():
            yield {("vector", v): 1, g: -1}, -_bits(c), OWN if gradients[v] == m.name else WEAK
        if m.valued and m.cls.kind != "indicator":
            names = {v for s in m.samples for v in s.f.form.linear} | ({m.lower_name} if m.lower_name else set())
            for v in sorted(names):
                yield {("value", v): 1, f: -1}, 0.0, OWN
            yield {f: 1, x: -1, g: -1}, 0.0, NATURAL
        yield from _constants(m, x, g)


def _constants(m: Mapping, x: Unknown, g: Unknown) -> Iterator[Row]:
    c = {name: _bits(value) for name, value in m.cls.constants.items() if value}
    if "L" in c:
        yield {g: 1, x: -1}, c["L"], NATURAL
    elif "beta" in c:
        yield {g: 1, x: -1}, -c["beta"], NATURAL
    elif "mu" in c:
        yield {g: 1, x: -1}, c["mu"], NATURAL
    if "M" in c:
        yield {g: 1}, c["M"], NATURAL
    if "D" in c:
        yield {x: 1}, c["D"], NATURAL
    if m.cls.kind == "compressor":
        yield {g: 1, x: -1}, 0.0, NATURAL


def _premises(problem: Model, per: Scalar | None) -> Iterator[Row]:
    for name, premise in problem.premises.items():
        form = premise.scalar.form
        yield from _form(form, name, OWN if form.linear.get(ONE) else WEAK)
    if per is not None:
        yield {("form", "per <= 1"): 1}, 0.0, OWN
        yield from _form(per.form, "per <= 1", OWN)


def _form(form: Form, name: str, weight: float, *, constant: bool = True) -> Iterator[Row]:
    """The terms of a form are of one size: its squares, values and constant; products of vectors without squares, too."""
    whole = ("form", name)
    squares = {a for a, b in form.quadratic if a == b}
    for (a, b), c in form.quadratic.items():
        if a == b:
            yield {("vector", a): 2, whole: -1}, -_bits(c), weight
        elif not squares & {a, b}:
            yield {("vector", a): 1, ("vector", b): 1, whole: -1}, -_bits(c), weight
    for v, c in form.linear.items():
        if v != ONE:
            yield {("value", v): 1, whole: -1}, -_bits(c), weight
        elif constant:
            yield {whole: 1}, _bits(c), weight


def _largest(combinations: Iterable[MappingOf[str, Fraction]]) -> dict[str, Fraction]:
    """The largest coefficient of each vector."""
    found: dict[str, Fraction] = {}
    for terms in combinations:
        for v, c in terms.items():
            found[v] = max(found.get(v, Fraction(0)), abs(c))
    return found


def _least_squares(rows: list[Row], declared: dict[Unknown, float]) -> dict[Unknown, float]:
    unknowns = list(dict.fromkeys([*declared, *(u for row in rows for u in row[0])]))
    at = {u: k for k, u in enumerate(unknowns)}
    normal, right = np.zeros((len(unknowns),) * 2), np.zeros(len(unknowns))
    for coefficients, value, weight in [*rows, *(({u: 1.0}, x, DECLARED) for u, x in declared.items())]:
        where, c = [at[u] for u in coefficients], np.array(list(coefficients.values()), float)
        normal[np.ix_(where, where)] += weight**2 * np.outer(c, c)
        right[where] += weight**2 * value * c
    normal[np.diag_indices(len(unknowns))] += 1e-8  # a unit of a mapping without points
    return dict(zip(unknowns, map(float, np.linalg.solve(normal, right)), strict=True))
