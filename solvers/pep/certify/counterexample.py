"""Certified counterexamples from the primal side: a rational instance on which the metric is at least a given number.

The primal problem is solved with every inequality kept a little distance from equality, the points are rounded to
rationals, and all inequalities are checked exactly. By the interpolation theorems of the classes the rational data then
belong to a member, so the metric's value on them is a true lower bound on the worst case, whatever the solver did.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np

from gradproof.solvers.pep.certify.certificate import exact_form
from gradproof.solvers.pep.certify.instance import WorstInstance
from gradproof.solvers.pep.solve.answer import Answer
from gradproof.solvers.pep.solve.relaxation import solve_dual
from gradproof.theory.axioms import ONE, Form
from gradproof.theory.errors import GradproofError

DISTANCES = (1e-8, 1e-7, 1e-6, 1e-5, 1e-4)  # kept from equality, relative to the size of each inequality
BITS = 44  # of a rounded coordinate, relative to the largest of its vector


class NoCounterexample(GradproofError):
    """No rational instance was found; nothing is said about whether one exists."""


@dataclass(frozen=True)
class Counterexample:
    """An instance in exact coordinates.

    Attributes:
        value: of the metric (over ``per``, if the worst case was measured by something): a proved lower bound.
        vectors: basis vector -> coordinates. values: function value -> number.
        margin: smallest distance of an inequality from equality, >= 0, in the units in which it was solved.
    """

    value: Fraction
    vectors: Mapping[str, tuple[Fraction, ...]]
    values: Mapping[str, Fraction]
    margin: Fraction


def counterexample(worst: Answer) -> Counterexample:
    """A rational instance near the worst case.

    Raises:
        NoCounterexample: the inequalities are not sufficient for the class, hold as equalities, or rounding broke one.
    """
    if worst.written is not None and worst.written.how.weights:  # the same vectors in other units
        how, own = worst.written.how, counterexample(worst.written.answer)
        shifted = {v: tuple(how.basis[v][v] * c for c in x) for v, x in own.vectors.items()}
        return Counterexample(
            own.value * how.unit, shifted, {v: how.values[v] * c for v, c in own.values.items()}, own.margin
        )
    if worst.written is not None:
        raise NoCounterexample(
            "the program was solved in other coordinates than the problem's; use worst_case(..., solver='clarabel')"
        )
    arrays = worst.arrays
    if worst.searched is not None:
        raise NoCounterexample(
            "the low-rank program holds only the inequalities that matter, an instance has to satisfy all; "
            "use worst_case(..., solver='clarabel')"
        )
    if arrays.null:
        raise NoCounterexample("the worst case is approached along instances without bound")
    if not worst.exact_class:
        raise NoCounterexample(
            "the inequalities of the class are necessary only: data that satisfy them need not be a member's"
        )
    if arrays.equal.any() or arrays.spectra:
        raise NoCounterexample("equality constraints and matrix inequalities leave no room for rounding")
    size = np.maximum(
        np.abs(arrays.quadratic).max(axis=(1, 2), initial=0), np.abs(arrays.linear).max(axis=1, initial=0)
    )
    empty = size == 0  # such as a normal vector 0 at a point of a set
    forms = [exact_form(worst, i) for i in arrays.instances]
    why = "no distance from equality was tried"
    for distance in DISTANCES:
        moved = replace(arrays, constant=arrays.constant + np.where(empty, 0.0, distance * size))
        solution = solve_dual(moved, worst.objective, worst.scaling, tolerance=min(1e-9, distance / 10))
        if not np.isfinite(solution.gram).all() or "Infeasible" in solution.status:
            why = f"the solver answers {solution.status} at distance {distance:g}"
            continue
        found = WorstInstance.of(replace(worst, solution=solution), rank=1e-12)
        vectors = {v: _rounded(x) for v, x in found.vectors.items()}
        unit = Fraction(1, 2**BITS)
        values = {v: unit * round(x / unit) for v, x in found.values.items()}
        left = [evaluate(f, vectors, values) for f, i in zip(forms, arrays.instances, strict=True) if i.axiom != "per"]
        if max(left, default=Fraction(0)) > 0:
            why = f"rounding broke an inequality at distance {distance:g}"
            continue
        value = evaluate(worst.metric.form, vectors, values)
        if worst.per is not None:
            measure = evaluate(worst.per.form, vectors, values)
            if measure <= 0:
                why = "the initial condition is zero on the instance"
                continue
            value /= measure
        return Counterexample(value, vectors, values, -max(left, default=Fraction(0)))
    raise NoCounterexample(f"no rational instance near {worst.primal:.9g} was found: {why}")


def evaluate(form: Form, vectors: Mapping[str, tuple[Fraction, ...]], values: Mapping[str, Fraction]) -> Fraction:
    """The value of a form on exact coordinates."""
    total = sum((c * (Fraction(1) if v == ONE else values[v]) for v, c in form.linear.items()), Fraction(0))
    for (a, b), c in form.quadratic.items():
        total += c * sum((p * q for p, q in zip(vectors[a], vectors[b], strict=True)), Fraction(0))
    return total


def _rounded(x: np.ndarray) -> tuple[Fraction, ...]:
    shift = BITS - int(np.frexp(np.abs(x).max(initial=1e-30))[1])
    return tuple(Fraction(round(Fraction(float(c)) * Fraction(2) ** shift)) / Fraction(2) ** shift for c in x)
