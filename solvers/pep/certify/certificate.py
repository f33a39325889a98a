"""From floating-point multipliers to a proof: round, restore the linear equations exactly, let the kernel decide."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction

import numpy as np
from scipy.linalg import qr

from gradproof.solvers.exact import fast_check
from gradproof.solvers.exact.definite import ldl
from gradproof.solvers.exact.linear import from_flint, to_flint
from gradproof.solvers.pep.model.expressions import exact
from gradproof.solvers.pep.solve.answer import Answer
from gradproof.solvers.pep.solve.assemble import Instance, pair, template
from gradproof.solvers.pep.solve.recession import null_part
from gradproof.solvers.pep.solve.relaxation import Scaling, Solution
from gradproof.theory.axioms import ONE, Form
from gradproof.theory.errors import GradproofError, ProofRejected
from gradproof.theory.field import Rationals
from gradproof.theory.proof import Accepted, Proof, axiom_form, check

PLAIN_UP_TO = 24  # basis vectors up to which the plain kernel checks; beyond, the fast one
_DROPS = 8  # times that multipliers which come out negative are left out
BITS = 46  # significant bits of a rounded multiplier


class CertificateUnavailable(GradproofError):
    """No certificate was found; the text says how far it got. Nothing is said about the bound."""


@dataclass(frozen=True, eq=False)
class Certificate:
    """A rational upper bound and the proof of it, already accepted by the kernel.

    Attributes:
        bound: ``metric <= bound`` (times ``per``, if the worst case was measured by something).
        proof: what the kernel accepted; ``proof_json.write_proof(proof)`` can be checked elsewhere.
        gap: relative distance to the primal value of the solver (a float, for information).
    """

    bound: Fraction
    proof: Proof
    accepted: Accepted = field(repr=False)
    gap: float


def distance(worst: Answer, bound: Fraction) -> float:
    """Of a bound to the solver's primal value, relative to it."""
    return float(bound - exact(worst.primal)) / max(abs(worst.primal), 1e-300)


def target_of(worst: Answer, bound: Fraction) -> Form:
    """``metric - bound * per``, or ``metric - bound``."""
    target = worst.metric.form.copy()
    return target.add(worst.per.form if worst.per is not None else Form({}, {ONE: Fraction(1)}), -bound)


def checked(worst: Answer, proof: Proof) -> Accepted:
    return (check if len(worst.arrays.vectors) <= PLAIN_UP_TO else fast_check.check)(proof)


def prove(worst: Answer, solution: Solution, scaling: Scaling, *, fixed: Fraction | None = None) -> Certificate:
    """Round a solution with a margin and submit it to the kernel.

    Raises:
        ProofRejected: by the kernel, or because the equations cannot be restored.
    """
    instances = worst.arrays.instances
    size = np.abs(worst.arrays.quadratic * np.outer(scaling.vectors, scaling.vectors)).max(axis=(1, 2), initial=0)
    size = np.maximum(size, np.abs(worst.arrays.linear * scaling.values).max(axis=1, initial=0))
    weight = np.abs(solution.multipliers) * size
    keep = np.flatnonzero(
        (weight > 1e-3 * solution.margin * scaling.metric / max(len(instances), 1))
        & (worst.arrays.equal | (solution.multipliers > 0))
    )
    rows = {int(k): linear_part(worst, instances[k]) for k in keep}
    right = right_side(worst, fixed)
    for _ in range(_DROPS):
        near = _onto_equations(worst, solution.multipliers[keep], size[keep], keep, fixed)
        multipliers = {int(k): rounded(x) for k, x in zip(keep, near, strict=True)}
        restore(multipliers, {k: rows[k] for k in multipliers}, right, {k: weight[k] for k in multipliers})
        negative = [k for k, x in multipliers.items() if x < 0 and not worst.arrays.equal[k]]
        if not negative:
            break
        keep = keep[~np.isin(keep, negative)]  # they are zero but for the solver's error
    spectra = [[[rounded(x) for x in row] for row in w] for w in solution.spectra]
    return submit(worst, multipliers, spectra, fixed)


def _onto_equations(
    worst: Answer, chosen: np.ndarray, size: np.ndarray, keep: np.ndarray, fixed: Fraction | None
) -> np.ndarray:
    """The multipliers with the solver's residual (and what was left out) spread over all of them.

    What is left for ``restore`` is rounding; it would otherwise land on a few, and on the slack with their full weight.
    A change is charged by the geometric mean of what it does to the slack (``size``) and to the multiplier: charged by
    the multiplier alone it would land on the largest, which move the slack most; by the slack alone, it would turn
    signs.
    """
    E, right = worst.arrays.linear[keep].T, worst.objective.linear
    if fixed is not None:
        E = np.concatenate([E, worst.arrays.constant[keep][None]])
        right = np.append(right, worst.objective.constant - float(fixed))
    if not E.size:
        return chosen
    ease = np.sqrt(np.abs(chosen) / np.where(size > 0, size, 1.0))
    for _ in range(2):
        chosen = chosen + ease * np.linalg.lstsq(E * ease, right - E @ chosen, rcond=1e-12)[0]
    return chosen


def rounded(x: float) -> Fraction:
    """The float to ``BITS`` significant bits."""
    if x == 0:
        return Fraction(0)
    shift = BITS - math.frexp(x)[1]
    scaled = round(math.ldexp(x, shift))
    return Fraction(scaled, 1) * (Fraction(1, 2**shift) if shift >= 0 else Fraction(2**-shift))


def exact_form(worst: Answer, instance: Instance) -> Form:
    """The inequality of an instance, built by the kernel."""
    if instance.axiom == "per":
        assert worst.per is not None
        return worst.per.form
    return axiom_form(worst.problem.statement(Form()), instance.use(Fraction(1)), Rationals())[0]


def form_linear(worst: Answer, form: Form) -> dict[str, Fraction]:
    """Coefficients of the values, of the constant, and of the inner products of loose vectors."""
    loose, fixed = set(worst.arrays.loose), set(worst.arrays.fixed)
    products = {
        pair(a, b): c
        for (a, b), c in form.quadratic.items()
        if (a in loose or b in loose) and a not in fixed and b not in fixed
    }
    return dict(form.linear) | products | null_part(worst.arrays.null, form.quadratic, loose | fixed)


def linear_part(worst: Answer, instance: Instance) -> dict[str, Fraction]:
    """Exact coefficients of the function values and of the constant in an instance."""
    problem = worst.problem
    if worst.arrays.loose or worst.arrays.null:
        return form_linear(worst, exact_form(worst, instance)) | (
            {ONE: Fraction(-1)} if instance.axiom == "per" else {}
        )
    if instance.axiom in ("premise", "per"):
        return dict(exact_form(worst, instance).linear) | ({ONE: Fraction(-1)} if instance.axiom == "per" else {})
    m = next(m for m in problem.mappings if m.name == instance.member)
    samples = {s.label: s for s in m.samples}
    total: dict[str, Fraction] = {}
    for name, c in template(m, instance.axiom, len(instance.points)).linear.items():
        if name == ONE:
            terms = {ONE: Fraction(1)}
        elif name == "lower":
            terms = {m.lower_name: Fraction(1)}
        else:
            terms = dict(samples[instance.points[int(name[1:])]].f.form.linear)
        for value, x in terms.items():
            total[value] = total.get(value, Fraction(0)) + c * x
    return total


def right_side(worst: Answer, fixed: Fraction | None) -> dict[str, Fraction]:
    """What the linear parts must sum to: the metric's, and (for a fixed bound) the constant."""
    right = form_linear(worst, worst.metric.form)
    constant = right.pop(ONE, Fraction(0))
    if fixed is not None:
        right[ONE] = constant - fixed
    return right


def restore(
    multipliers: dict[int, Fraction],
    rows: dict[int, dict[str, Fraction]],
    right: dict[str, Fraction],
    weight: dict[int, float],
) -> None:
    """Change as few and as large multipliers as possible so that ``sum multiplier * row == right`` exactly, in place.

    Raises:
        ProofRejected: if the rows cannot reach the right-hand side.
    """
    free_constant = ONE not in right
    names = sorted({v for row in rows.values() for v in row if not (free_constant and v == ONE)} | set(right))
    if not names:
        return
    order = list(multipliers)
    if not order:
        raise ProofRejected("all multipliers are zero")
    E = np.array([[float(rows[k].get(v, 0)) for k in order] for v in names])
    scaled = E * np.array([max(weight[k], 1e-300) for k in order])
    scaled /= np.maximum(np.abs(scaled).max(axis=1, keepdims=True), 1e-300)  # an equation among small ones counts, too
    _, R, pivot = qr(scaled, mode="economic", pivoting=True)
    diagonal = np.abs(np.diag(R))
    rank = int(np.sum(diagonal > 1e-9 * diagonal.max(initial=0)))
    basic = [order[p] for p in pivot[:rank]]
    _, _, row_pivot = qr(E[:, pivot[:rank]].T, mode="economic", pivoting=True)
    used = [names[p] for p in row_pivot[:rank]]
    matrix = to_flint([[rows[k].get(v, Fraction(0)) for k in basic] for v in used])
    fixed = [k for k in order if k not in set(basic)]
    rhs = [
        right.get(v, Fraction(0)) - sum((multipliers[k] * rows[k].get(v, 0) for k in fixed), Fraction(0)) for v in used
    ]
    try:
        x = from_flint(matrix.solve(to_flint([[v] for v in rhs])))
    except ZeroDivisionError:
        raise ProofRejected("the equations of the function values are singular on the chosen multipliers") from None
    for i, k in enumerate(basic):
        multipliers[k] = x[i][0]
    if any(sum(multipliers[k] * rows[k].get(v, 0) for k in order) != right.get(v, 0) for v in names):
        _restore_exactly(multipliers, rows, right, names, [order[p] for p in pivot])


def _restore_exactly(
    multipliers: dict[int, Fraction],
    rows: dict[int, dict[str, Fraction]],
    right: dict[str, Fraction],
    names: list[str],
    order: list[int],
) -> None:
    """The same by exact elimination, where floats do not show which equations are independent."""
    table = [[rows[k].get(v, Fraction(0)) for k in order] + [right.get(v, Fraction(0))] for v in names]
    echelon, rank = to_flint(table).rref()
    reduced = from_flint(echelon)[:rank]
    basic = [next(j for j, x in enumerate(row) if x) for row in reduced]
    if basic and basic[-1] == len(order):
        raise ProofRejected("the equations of the function values contradict each other on the chosen multipliers")
    free = [j for j in range(len(order)) if j not in set(basic)]
    for row, j in zip(reduced, basic, strict=True):
        multipliers[order[j]] = row[-1] - sum((row[q] * multipliers[order[q]] for q in free if row[q]), Fraction(0))


def submit(
    worst: Answer, multipliers: dict[int, Fraction], spectra: Sequence[list[list[Fraction]]], fixed: Fraction | None
) -> Certificate:
    """Write the proof down and let the kernel check it.

    Raises:
        ProofRejected: by the kernel.
    """
    instances = worst.arrays.instances
    tau, uses = fixed, []
    constant = worst.metric.form.linear.get(ONE, Fraction(0))
    if tau is None:
        tau = constant - sum(
            (x * linear_part(worst, instances[k]).get(ONE, 0) for k, x in multipliers.items()), Fraction(0)
        )
    for k, x in multipliers.items():
        if x != 0 and instances[k].axiom != "per":
            uses.append(instances[k].use(x))
    for (instance, _, _), w in zip(worst.arrays.spectra, spectra, strict=True):
        uses += [instance.use(d, tuple(v)) for d, v in _squares(w)]
    proof = Proof(worst.problem.statement(target_of(worst, tau), worst.text), tuple(uses))
    return Certificate(tau, proof, checked(worst, proof), distance(worst, tau))


def _squares(w: list[list[Fraction]]) -> list[tuple[Fraction, list[Fraction]]]:
    """``w = sum d v v^T`` (of the symmetric part); raises if a pivot is negative."""
    n = len(w)
    try:
        lower, diagonal = ldl([[(w[i][j] + w[j][i]) / 2 for j in range(n)] for i in range(n)])
    except ValueError as error:
        raise ProofRejected(f"the multiplier matrix of a quadratic: {error}") from None
    return [(d, [row[k] for row in lower]) for k, d in enumerate(diagonal) if d]
