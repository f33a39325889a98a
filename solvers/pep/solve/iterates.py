"""The same problem with its iterates as the vectors, in units in which they are of size one.

Written in the start and the gradients, the last iterate of a contracting method is a small difference of large vectors,
and its square a sum of terms that cancel: at a value of 1e-8 a solver is left with the digits beyond the eighth. With
the iterates themselves as the vectors nothing cancels, and each has its own size. That size is read off trial runs of
the method on members of the class that need no solver, f(x) = c ||x||^2 / 2. The change is exact, an invertible rational map
of the vectors, and the multipliers are the same: a proof for one problem is one for the other.

Where nothing changes if a constant is added to f, its value at the minimiser is put at zero, and where nothing changes if
<u, x> is added to f and taken from h, u is: the values are then as small as the squares of the distances.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import replace
from fractions import Fraction

import numpy as np

from gradproof.solvers.pep.model.expressions import Constraint, Scalar, Vector
from gradproof.solvers.pep.model.problem import Mapping as Member
from gradproof.solvers.pep.model.problem import Model
from gradproof.solvers.pep.solve.assemble import point_arrays
from gradproof.solvers.pep.solve.rewritten import Rewritten
from gradproof.solvers.pep.solve.units import metric_size, power
from gradproof.theory.axioms import Form, combine, inner

CURVATURES = (0.0, 0.1, 0.3, 0.6, 1.0)  # of the trial functions, as shares of the way from mu to L
DIFFERENCES = frozenset({"interpolation", "monotone", "cocoercive", "lipschitz"})
SEEN = 1e-12  # a vector smaller than this on all trials, relative to the largest, keeps the size it was declared with


def by_iterates(problem: Model, metric: Scalar, per: Scalar | None) -> Rewritten | None:
    """The problem with its iterates as vectors; None if there are none to take."""
    basis = _basis(problem)
    if basis is None:
        return None
    forms = [x.form for x in (metric, per, *(c.scalar for c in problem.premises.values())) if x is not None]
    for v in [u for u in problem.vectors if _is_tilt(u, problem, forms)]:
        basis = {k: {} if k == v else {u: c for u, c in b.items() if u != v} for k, b in basis.items()}
    zero = _constants(problem, forms)
    now = problem.snapshot()
    now.values = {v: size for v, size in problem.values.items() if v not in zero}
    now.vectors = {next(reversed(b)): problem.vectors[v] for v, b in basis.items() if b} | _points(problem, basis)
    now.premises = {
        name: Constraint(_scalar(c.scalar, basis, zero), c.equality) for name, c in problem.premises.items()
    }
    for m in now.mappings:
        m.samples = [
            replace(s, x=_vector(s.x, basis), g=_vector(s.g, basis), f=_scalar(s.f, basis, zero)) for s in m.samples
        ]
        m._by_point = {}
    metric, per = _scalar(metric, basis, zero), None if per is None else _scalar(per, basis, zero)
    _measure(now)
    unit = Fraction(metric_size(metric, now))
    return Rewritten(now, metric / unit, per, basis, unit)


def _basis(problem: Model) -> dict[str, dict[str, Fraction]] | None:
    """Each point takes the place of the last vector that it is made of, where no other point has.

    The last term of each combination is the vector in whose place it stands.
    """
    order = {v: k for k, v in enumerate(problem.vectors)}
    points: dict[str, tuple[str, Mapping[str, Fraction]]] = {}
    for m in problem.mappings:
        for s in m.samples:
            if len(s.x.terms) > 1:
                points.setdefault(max(s.x.terms, key=order.__getitem__), (f"{m.name}@{s.label}", s.x.terms))
    if not points or any(name in order for name, _ in points.values()):
        return None
    basis: dict[str, dict[str, Fraction]] = {}
    for v in problem.vectors:
        if v not in points:
            basis[v] = {v: Fraction(1)}
            continue
        name, terms = points[v]
        rest = combine(*((-c / terms[v], basis[u]) for u, c in terms.items() if u != v))
        basis[v] = {**rest, name: 1 / terms[v]}
    return basis


def _points(problem: Model, basis: Mapping[str, Mapping[str, Fraction]]) -> dict[str, float]:
    """The sizes of the points that are vectors now: that of the largest vector that they were made of."""
    names = {list(b)[-1] for b in basis.values() if b} - set(problem.vectors)
    return {
        f"{m.name}@{s.label}": power(math.log2(max(abs(float(c)) * problem.vectors[u] for u, c in s.x.terms.items())))
        for m in problem.mappings
        for s in m.samples
        if f"{m.name}@{s.label}" in names
    }


def _constants(problem: Model, forms: list[Form]) -> set[str]:
    """The values at minimisers that may be put at zero, one of a function."""
    zero = set()
    for m in problem.mappings:
        own = {v for s in m.samples for v in s.f.form.linear}
        lowest = [v for s in m.samples if not s.x.terms for v in s.f.form.linear]
        shifts = all(sum((f.linear.get(v, Fraction(0)) for v in own), Fraction(0)) == 0 for f in forms)
        if lowest and shifts and _differences_only(m):
            zero.add(lowest[0])
    return zero


def _differences_only(m: Member) -> bool:
    """The axioms of the mapping speak of differences of its values and gradients."""
    return {axiom for axiom, _ in m.cls.axioms} <= DIFFERENCES and not m.lower_name


def _is_tilt(u: str, problem: Model, forms: list[Form]) -> bool:
    """The vector occurs as ``<u, x>`` added to functions only, which cancels in everything that is asked."""
    if any(u in pair for form in forms for pair in form.quadratic):
        return False
    tilts: dict[str, dict[str, Fraction]] = {}  # of the values
    for m in problem.mappings:
        shares = {s.g.terms.get(u, Fraction(0)) for s in m.samples}
        if any(u in s.x.terms for s in m.samples) or len(shares) > 1:
            return False
        share = shares.pop() if shares else Fraction(0)
        if share and not _differences_only(m):
            return False
        for s in m.samples:
            tilts |= {v: combine((share * c, s.x.terms)) for v, c in s.f.form.linear.items()}
    return not any(combine(*((c, tilts.get(v, {})) for v, c in form.linear.items())) for form in forms)


def _vector(x: Vector, basis: Mapping[str, Mapping[str, Fraction]]) -> Vector:
    return Vector(combine(*((c, basis[v]) for v, c in x.terms.items())), x.owner)


def _scalar(x: Scalar, basis: Mapping[str, Mapping[str, Fraction]], zero: set[str]) -> Scalar:
    form = Form({}, {v: c for v, c in x.form.linear.items() if v not in zero})
    for (a, b), c in x.form.quadratic.items():
        form.add(inner(basis[a], basis[b]), c)
    return Scalar(form, x.owner)


def _measure(problem: Model) -> None:
    """Give the vectors and values the sizes that they have on the trials, in place."""
    vectors, values = tuple(problem.vectors), tuple(problem.values)
    tables = [point_arrays(m, vectors, values) for m in problem.mappings]
    declared, heights = np.array(list(problem.vectors.values())), np.array(list(problem.values.values()))
    size, value = np.zeros(len(vectors)), np.zeros(len(values))
    for trial in _trials(problem, tables, declared):
        size = np.maximum(size, np.linalg.norm(trial, axis=1))
        for m, (X, _, F) in zip(problem.mappings, tables, strict=True):
            square = _steepness(m, X, F, declared, heights) * np.linalg.norm(X @ trial, axis=1) ** 2
            value = np.maximum(value, (square[:, None] * (F != 0)).max(axis=0, initial=0))
    problem.vectors = dict(zip(vectors, map(float, np.where(size > SEEN * declared, size, declared)), strict=True))
    problem.values = dict(zip(values, map(float, np.where(value > SEEN**2 * heights, value, heights)), strict=True))


def _steepness(m: Member, X: np.ndarray, F: np.ndarray, declared: np.ndarray, heights: np.ndarray) -> float:
    """What a value of the mapping is for each squared distance: its L, or what the declared sizes say."""
    if {"L", "beta"} & set(m.cls.constants):
        return m.gradient_scale
    distance = float(np.abs(X * declared).max(initial=0))
    return float(np.abs(F * heights).max(initial=0)) / distance**2 if distance > 0 else 0.0


def _trials(
    problem: Model, tables: list[tuple[np.ndarray, np.ndarray, np.ndarray]], declared: np.ndarray
) -> Iterator[np.ndarray]:
    """Coordinates (n, dimension) of the vectors where all gradients are ``c x``, for some curvatures c.

    The largest vector has its declared size.
    """
    for share in CURVATURES:
        rows = [G - _curvature(m, share) * X for m, (X, G, _) in zip(problem.mappings, tables, strict=True)]
        _, spectrum, basis = np.linalg.svd(np.concatenate(rows) * declared)
        spectrum = np.append(spectrum, np.zeros(len(basis) - len(spectrum)))
        null = basis[spectrum <= 1e-12 * max(1.0, spectrum.max(initial=0))].T
        largest = np.linalg.norm(null, axis=1).max(initial=0)
        if largest > 0:
            yield declared[:, None] * null / largest


def _curvature(m: Member, share: float) -> float:
    mu, L = (float(m.cls.constants.get(name, 0)) for name in ("mu", "L"))
    return mu + share * max(L - mu, 0.0)
