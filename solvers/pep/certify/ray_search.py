"""From a solver's suspicion that there is no worst case to an exact ray, or to none.

A solver that answers "infeasible" may be right, or out of digits. The ray is therefore looked for by bounded programs that
do have an interior: a direction of trace at most one along which the metric grows, and multipliers that add up to a
contradiction. What they find is rounded on its face, as a proof is, and only the exact check decides.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction

import numpy as np
from scipy.linalg import qr

from gradproof.solvers.exact.definite import ldl
from gradproof.solvers.exact.linear import project
from gradproof.solvers.exact.rays import Contradiction, Moments, Ray, Recession, check_ray
from gradproof.solvers.exact.rounding import simplest_near
from gradproof.solvers.pep.certify.certificate import prove, rounded
from gradproof.solvers.pep.model.expressions import PepError, Scalar
from gradproof.solvers.pep.model.problem import Model
from gradproof.solvers.pep.solve.answer import Answer
from gradproof.solvers.pep.solve.assemble import Arrays, Instance
from gradproof.solvers.pep.solve.programs import whole
from gradproof.solvers.pep.solve.relaxation import Objective, Scaling, Solution, solve_dual
from gradproof.solvers.pep.solve.rewritten import Rewritten
from gradproof.theory.axioms import ONE, Form
from gradproof.theory.errors import GradproofError, ProofRejected
from gradproof.theory.field import Rationals
from gradproof.theory.proof import Premise, Statement, axiom_form

PER = "per <= 1"
GROWS = 1e-6  # growth of the metric along a direction of trace one, in its own units, that is looked at more closely
NOISE = 10.0  # times what the residuals of the inequalities can be worth in the metric
RANKS = (1e-3, 1e-5, 1e-7)  # eigenvalues below this share of the largest are zero, in turn
TIGHT = (1e-3, 1e-5, 1e-7)  # an inequality this near to equality, relative to its size, is an equality, in turn
SIMPLE = (1e-2, 1e-4, 1e-6)  # distances of a rational entry of a basis from its float, in turn
BOXES = (1e2, 1e5)  # how far from the origin a start is looked for, in units of the sizes
MAX_VECTORS = 80


class _WithRay(PepError):
    def __init__(self, text: str, ray: Ray) -> None:
        super().__init__(text)
        self.ray = ray

    def of(self, how: Rewritten, statement: Statement) -> _WithRay:
        """The same of the problem that was rewritten; its ray is checked, too."""
        ray = how.ray(self.ray, statement)
        check_ray(ray)
        return type(self)(str(self), ray)


class Unbounded(_WithRay):
    """The worst case is infinite.

    Attributes:
        ray: the start and the direction that show it, accepted by ``gradproof.solvers.exact.rays.check_ray``.
    """

    ray: Recession


class Contradictory(_WithRay):
    """No member of the classes satisfies the premises.

    Attributes:
        ray: the multipliers that show it, accepted by ``gradproof.solvers.exact.rays.check_ray``.
    """

    ray: Contradiction


def find_ray(worst: Answer) -> Ray | None:
    """A ray of the problem that the exact check accepts.

    Args:
        worst: an answer, good or not, whose arrays hold all inequalities.
    """
    if len(worst.problem.vectors) > MAX_VECTORS:
        return None
    try:
        return _recession(worst) or _contradiction(worst)
    except np.linalg.LinAlgError:
        return None


def refuse_with_ray(worst: Answer) -> None:
    """Say that there is no worst case, if an exact ray shows it.

    Raises:
        Unbounded, Contradictory: with the ray.
    """
    ray = find_ray(worst)
    if ray is not None:
        raise _refusal(worst, ray)


def _refusal(worst: Answer, ray: Ray) -> PepError:
    if isinstance(ray, Contradiction):
        return Contradictory(
            "the premises contradict each other, no member of the class satisfies them all; relax one", ray
        )
    advice = "add an initial condition (per=...), or check the step sizes and the class"
    if worst.exact_class:
        return Unbounded(f"the worst case is unbounded: no multiple of the premises bounds the metric; {advice}", ray)
    return Unbounded(
        "the bound is unbounded: the inequalities of the class, which are necessary only, bound the metric by no "
        f"multiple of the premises; {advice}",
        ray,
    )


# --- directions ------------------------------------------------------------------------------------------------------


def asked(problem: Model, metric: Scalar, per: Scalar | None) -> Statement:
    """The problem as a statement whose target is the metric, with ``per <= 1`` among the premises."""
    s = problem.statement(metric.form)
    if per is None:
        return s
    return replace(s, premises=(*s.premises, Premise(PER, per.form.copy().add(Form({}, {ONE: Fraction(1)}), -1))))


def _recession(worst: Answer) -> Recession | None:
    statement = asked(worst.problem, worst.metric, worst.per)
    arrays, objective, scaling = whole(worst.problem, worst.metric, worst.per)
    homogeneous = replace(arrays, constant=np.zeros(len(arrays.constant)))
    found = _inside(homogeneous, objective, scaling, 1.0, None)
    if not found.primal / scaling.metric > max(GROWS, NOISE * found.primal_error / scaling.metric):  # NaN, too
        return None
    centre = _inside(homogeneous, objective, scaling, 1.0, found.primal / 2)
    for direction in _rational(statement, homogeneous, scaling, centre, constant=False):
        if not _accepted(Recession(replace(statement, premises=()), direction)):
            continue
        for start in _start(statement, arrays, objective, scaling):
            ray = Recession(statement, direction, start)
            if _accepted(ray):
                return ray
    return None


def _accepted(ray: Ray) -> bool:
    try:
        check_ray(ray)
    except ProofRejected:
        return False
    return True


def _start(statement: Statement, arrays: Arrays, objective: Objective, scaling: Scaling) -> Iterator[Moments]:
    """The origin, or points that satisfy everything to rounding."""
    if not (arrays.constant > 0).any() and not arrays.constant[arrays.equal].any():
        yield Moments()
        return
    for box in BOXES:
        found = _inside(arrays, objective, scaling, box, -np.inf)
        yield from _rational(statement, arrays, scaling, found, constant=True)


def _inside(arrays: Arrays, objective: Objective, scaling: Scaling, box: float, least: float | None) -> Solution:
    """The largest metric within the box; or, with ``least``, a central point where it is at least that."""
    n, p = len(arrays.vectors), len(arrays.values)
    forms = [(np.diag(1 / scaling.vectors**2), np.zeros(p), -box * max(n, 1) ** (box != 1))]
    for j in range(p):
        for sign in (-1.0, 1.0):
            forms.append((np.zeros((n, n)), sign * np.eye(p)[j] / scaling.values[j], -box))
    if least is not None and np.isfinite(least):
        forms.append((-objective.quadratic, -objective.linear, least - objective.constant))
    at = int(np.count_nonzero(~arrays.equal))
    many = [at] * len(forms)
    rows = Arrays(
        arrays.vectors,
        arrays.values,
        (*arrays.instances[:at], *(Instance("box", str(k), ()) for k in range(len(forms))), *arrays.instances[at:]),
        np.insert(arrays.equal, many, False),
        np.insert(arrays.quadratic, many, [f[0] for f in forms], axis=0),
        np.insert(arrays.linear, many, [f[1] for f in forms], axis=0),
        np.insert(arrays.constant, many, [f[2] for f in forms]),
        arrays.spectra,
    )
    if least is None:
        own = replace(objective, constant=0.0)
    else:
        own = Objective(np.zeros((n, n)), np.zeros(p), 0.0)
    return solve_dual(rows, own, scaling)


def _rational(
    statement: Statement, arrays: Arrays, scaling: Scaling, found: Solution, *, constant: bool
) -> Iterator[Moments]:
    """Moments near the solution that satisfy its tight inequalities exactly; ``constant``: with their constants."""
    if not np.isfinite(found.gram).all() or not np.isfinite(found.values).all():
        return
    forms = [_form(statement, i) for i in arrays.instances]
    d = scaling.vectors
    size = _sizes_of(arrays, scaling)
    left = np.einsum("kab,ab->k", arrays.quadratic, found.gram) + arrays.linear @ found.values + arrays.constant
    extent = max(float(np.abs(found.gram / np.outer(d, d)).max(initial=0)), 1.0)  # of the box, for a direction
    spectrum, basis = np.linalg.eigh(found.gram / np.outer(d, d))
    seen = set()
    for rank, tight, simple in ((r, t, s) for t in TIGHT for r in RANKS for s in SIMPLE):
        V = _basis(basis[:, spectrum > rank * extent], d, simple)
        near = arrays.equal | (np.abs(left) <= tight * size * extent)
        key = (tuple(map(tuple, V)), near.tobytes())
        if key in seen:
            continue
        seen.add(key)
        point = _near(arrays, near, V, found, scaling)
        if point is None:
            continue
        moments = _onto(arrays, [f for f, k in zip(forms, near, strict=True) if k], V, *point, constant=constant)
        if moments is not None:
            yield moments


def _form(statement: Statement, instance: Instance) -> Form:
    """The inequality of an instance, with its constant."""
    if instance.axiom == "per":
        return statement.premises[-1].form
    return axiom_form(statement, instance.use(Fraction(1)), Rationals())[0]


def _basis(floats: np.ndarray, d: np.ndarray, simple: float) -> list[list[Fraction]]:
    """Rational columns (as lists) with the same span, each with a leading one that the others do not have."""
    rank = floats.shape[1]
    if rank == 0:
        return []
    if rank == len(d):
        return [[Fraction(int(i == j)) for i in range(rank)] for j in range(rank)]
    _, _, order = qr(floats.T, mode="economic", pivoting=True)
    pivots = [int(k) for k in order[:rank]]
    natural = d[:, None] * floats
    echelon = natural @ np.linalg.inv(natural[pivots])
    return [
        [
            Fraction(int(pivots[r] == i))
            if i in pivots
            else simplest_near(float(echelon[i, r]), simple * float(d[i] / d[pivots[r]]))
            for i in range(len(d))
        ]
        for r in range(rank)
    ]  # fmt: skip


def _near(
    arrays: Arrays, near: np.ndarray, V: list[list[Fraction]], found: Solution, scaling: Scaling
) -> tuple[np.ndarray, np.ndarray] | None:
    """The upper triangle of H and the values in floats, on the equations; and their sizes. None if H is not positive."""
    r = len(V)
    floats = np.array([[float(c) for c in v] for v in V]).reshape(r, len(arrays.vectors)).T  # (n, r)
    inverse = np.linalg.pinv(floats / scaling.vectors[:, None]) / scaling.vectors if r else floats.T
    H = inverse @ found.gram @ inverse.T
    i, j = np.triu_indices(r)
    rows = (floats.T @ arrays.quadratic[near] @ floats)[:, i, j] * np.where(i == j, 1.0, 2.0)
    E = np.concatenate([rows, arrays.linear[near]], axis=1)
    lengths = np.sqrt(np.maximum(np.diag(H), 1e-300))
    weights = np.append(lengths[i] * lengths[j], scaling.values)
    point = np.append(H[i, j], found.values)
    for _ in range(2):
        point = point + weights * np.linalg.lstsq(E * weights, -arrays.constant[near] - E @ point, rcond=1e-12)[0]
    correlation = np.zeros((r, r))
    correlation[i, j] = correlation[j, i] = (point / weights)[: len(i)]
    if np.linalg.eigvalsh(correlation).min(initial=1.0) <= 0:
        return None
    return point, weights


def _onto(
    arrays: Arrays,
    tight: list[Form],
    V: list[list[Fraction]],
    floats: np.ndarray,
    weights: np.ndarray,
    *,
    constant: bool,
) -> Moments | None:
    """``G = V H V^T`` and values near the floats at which the tight forms vanish exactly; None where H has a negative part."""
    r, names = len(V), arrays.values
    entries = [(i, j) for i in range(r) for j in range(i, r)]
    place = {pair: k for k, pair in enumerate(entries)}
    where = {f: len(entries) + k for k, f in enumerate(names)}
    shares = {v: [(i, V[i][k]) for i in range(r) if V[i][k]] for k, v in enumerate(arrays.vectors)}
    equations, right = [], []
    for form in tight:
        row = [Fraction(0)] * (len(entries) + len(names))
        for (a, b), c in form.quadratic.items():
            for i, x in shares[a]:
                for j, y in shares[b]:
                    row[place[min(i, j), max(i, j)]] += c * x * y
        for f, c in form.linear.items():
            if f != ONE:
                row[where[f]] += c
        value = -form.linear.get(ONE, Fraction(0)) if constant else Fraction(0)
        if any(row) or value:
            equations.append(row)
            right.append(value)
    point = [rounded(float(x)) for x in floats]
    exact = project(equations, right, point, weights) if equations else point
    if exact is None:
        return None
    matrix = [[Fraction(0)] * r for _ in range(r)]
    for (i, j), x in zip(entries, exact, strict=False):
        matrix[i][j] = matrix[j][i] = x
    try:
        lower, diagonal = ldl(matrix)
    except ValueError:
        return None
    rows = []
    for k, w in enumerate(diagonal):
        if w:
            combined = [
                sum((V[i][a] * lower[i][k] for i in range(k, r)), Fraction(0)) for a in range(len(arrays.vectors))
            ]
            rows.append((w, {v: c for v, c in zip(arrays.vectors, combined, strict=True) if c}))
    return Moments(tuple(rows), {f: exact[k] for f, k in where.items() if exact[k]})


# --- contradictions --------------------------------------------------------------------------------------------------


def _contradiction(worst: Answer) -> Contradiction | None:
    """Multipliers that prove ``0 <= -1``: with all inequalities, then with the few that do it alone."""
    if worst.per is not None:
        return None
    own = replace(worst, metric=Scalar(Form()), bound=-1.0, primal=-1.0)
    arrays, scaling = worst.arrays, replace(worst.scaling, metric=1.0)
    for few in (False, True):
        if few:
            arrays, scaling = _few(arrays, scaling)
        own = replace(own, arrays=arrays, objective=_nothing(arrays))
        found = solve_dual(arrays, own.objective, scaling, fixed=-1.0)
        if not np.isfinite(found.multipliers).all():
            continue
        try:
            proof = prove(own, found, scaling, fixed=Fraction(-1)).proof
            ray = Contradiction(asked(worst.problem, worst.metric, None), proof.uses)
            check_ray(ray)
        except (GradproofError, ValueError):
            continue
        return ray
    return None


def _nothing(arrays: Arrays) -> Objective:
    n, p = len(arrays.vectors), len(arrays.values)
    return Objective(np.zeros((n, n)), np.zeros(p), 0.0)


def _few(arrays: Arrays, scaling: Scaling) -> tuple[Arrays, Scaling]:
    """The inequalities with the least multipliers that add up to a constant of one, and what they speak of."""
    d = scaling.vectors
    size = _sizes_of(arrays, scaling)
    asked = replace(
        arrays,
        values=(*arrays.values, ONE),
        linear=np.concatenate([arrays.linear, arrays.constant[:, None]], axis=1),
        constant=np.where(arrays.equal, 0.0, -size),
    )
    own = replace(_nothing(asked), linear=np.eye(len(asked.values))[-1])
    found = solve_dual(asked, own, Scaling(d, np.append(scaling.values, 1.0)))
    weight = np.abs(found.multipliers) * size
    keep = weight > 1e-5 * weight.max(initial=0)
    if not keep.any() or arrays.spectra:
        return arrays, scaling
    vectors = np.flatnonzero(np.abs(arrays.quadratic[keep]).max(axis=(0, 1)) > 0)
    values = np.flatnonzero(np.abs(arrays.linear[keep]).max(axis=0) > 0)
    few = replace(
        arrays,
        vectors=tuple(arrays.vectors[k] for k in vectors),
        values=tuple(arrays.values[k] for k in values),
        instances=tuple(i for i, k in zip(arrays.instances, keep, strict=True) if k),
        equal=arrays.equal[keep],
        quadratic=arrays.quadratic[keep][:, vectors][:, :, vectors],
        linear=arrays.linear[keep][:, values],
        constant=arrays.constant[keep],
    )
    return few, Scaling(d[vectors], scaling.values[values])


def _sizes_of(arrays: Arrays, scaling: Scaling) -> np.ndarray:
    """Of the inequalities, in units of the sizes."""
    d = scaling.vectors
    size = np.maximum(
        np.abs(arrays.quadratic * np.outer(d, d)).max(axis=(1, 2), initial=0),
        np.abs(arrays.linear * scaling.values).max(axis=1, initial=0),
    )
    return np.where(size > 0, size, 1.0)
