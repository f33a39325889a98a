"""The exact optimum as a rational, or a proof of a tight bound: facial reduction on the numerical kernel of the slack.

At the optimum the slack S is singular: it vanishes on the range of every worst-case Gram matrix. If that range has a
rational basis V, then ``S(lambda) V = 0`` are exact linear equations; solved together with the equations of the function
values they leave S singular exactly where it must be, and the rest of it can be rounded.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np
from flint import fmpq, fmpq_mat
from scipy.linalg import qr

from gradproof.solvers.pep.certify import Certificate, exact_form, linear_part, right_side, rounded, submit
from gradproof.solvers.pep.relaxation import Scaling, solve_dual
from gradproof.theory.axioms import Form
from gradproof.theory.errors import ProofRejected

if TYPE_CHECKING:
    from gradproof.solvers.pep.solve import WorstCase

TOLERANCES = (1e-4, 1e-5, 1e-6, 1e-7, 1e-8)  # how far a rational basis entry may be from the float
MAX_DIMENSION = 80


def prove_on_face(worst: WorstCase, scaling: Scaling, bound: Fraction) -> Certificate:
    """Prove ``bound`` where it is the exact optimum.

    Raises:
        ProofRejected: the face has no simple rational basis, or the multipliers on it are not found.
    """
    if worst.arrays.spectra:
        raise ProofRejected("the exact optimum over quadratics is not searched for")
    if len(scaling.vectors) > MAX_DIMENSION:
        raise ProofRejected(f"{len(scaling.vectors)} basis vectors; the exact optimum is searched for up to {MAX_DIMENSION}")
    why = ProofRejected("no candidate face")
    for tolerance in (1e-12, 1e-10):
        solution = solve_dual(worst.arrays, worst.objective, scaling, tolerance=tolerance)
        if solution.status not in ("Solved", "AlmostSolved", "InsufficientProgress"):
            continue
        size = np.maximum(np.abs(worst.arrays.quadratic * np.outer(scaling.vectors, scaling.vectors)).max(axis=(1, 2), initial=0),
                          np.abs(worst.arrays.linear * scaling.values).max(axis=1, initial=0))
        weight = np.abs(solution.multipliers) * size / scaling.metric
        forms: dict[int, Form] = {}
        for floor in (1e-6, 1e-4):
            support = [int(k) for k in np.argsort(-weight) if weight[k] > floor
                       and (worst.arrays.equal[k] or solution.multipliers[k] > 0)]
            for V in _faces(worst, scaling, solution.gram, solution.multipliers):
                try:
                    multipliers = _on_face(worst, support, solution.multipliers, V, bound, forms)
                    return submit(worst, multipliers, [], bound)
                except ProofRejected as error:
                    why = error
    raise why


def _faces(worst: WorstCase, scaling: Scaling, gram: np.ndarray, multipliers: np.ndarray) -> Iterator[list[list[Fraction]]]:
    """Candidate rational bases (columns as lists): of the range of the Gram matrix, then of the kernel of the slack."""
    d = scaling.vectors
    slack = (np.einsum("k,kab->ab", multipliers, worst.arrays.quadratic) - worst.objective.quadratic) * np.outer(d, d)
    seen = set()
    for matrix, sign in ((gram / np.outer(d, d), 1), (slack / scaling.metric, -1)):
        values, vectors = np.linalg.eigh(matrix * sign)
        size = np.abs(values).max(initial=1e-300)
        for threshold in (1e-4, 1e-6):
            keep = values > threshold * size if sign > 0 else values > -threshold * size
            if not keep.any() or keep.all():
                continue
            basis = vectors[:, keep]
            _, _, pivot = qr(basis.T, mode="economic", pivoting=True)
            rows = np.sort(pivot[: basis.shape[1]])
            natural = d[:, None] * basis
            echelon = natural @ np.linalg.inv(natural[rows])
            for tolerance in TOLERANCES:
                columns = [[simplest(echelon[i, j], tolerance * max(abs(echelon[i, j]), tolerance)) if i not in rows
                            else Fraction(int(rows[j] == i)) for i in range(len(d))] for j in range(basis.shape[1])]
                key = tuple(map(tuple, columns))
                if key not in seen:
                    seen.add(key)
                    yield columns


def _on_face(worst: WorstCase, support: list[int], multipliers: np.ndarray, V: list[list[Fraction]], bound: Fraction,
             forms: dict[int, Form]) -> dict[int, Fraction]:
    """Multipliers on the support with exact equations and ``S V = 0``; free ones keep their rounded values."""
    index = {v: i for i, v in enumerate(worst.arrays.vectors)}
    n = len(index)
    for k in support:
        if k not in forms:
            forms[k] = exact_form(worst, worst.arrays.instances[k])
    columns = [[x for v in V for x in _apply(forms[k], v, index, n)] for k in support]
    target = worst.metric.form.copy()
    right = [x for v in V for x in _apply(target, v, index, n)]
    linear = [linear_part(worst, worst.arrays.instances[k]) for k in support]
    goal = right_side(worst, bound)
    for name in sorted({v for row in linear for v in row} | set(goal)):
        for column, row in zip(columns, linear, strict=True):
            column.append(row.get(name, Fraction(0)))
        right.append(goal.get(name, Fraction(0)))
    columns.append(right)
    entries = [fmpq(c[i].numerator, c[i].denominator) for i in range(len(right)) for c in columns]
    reduced, rank = fmpq_mat(len(right), len(columns), entries).rref()
    pivots = []
    for i in range(rank):
        pivots.append(next(j for j in range(len(columns)) if reduced[i, j] != 0))
    if pivots and pivots[-1] == len(support):
        raise ProofRejected("the multipliers cannot vanish on the face and satisfy the equations at this bound")
    free = [j for j in range(len(support)) if j not in set(pivots)]
    chosen = {j: rounded(multipliers[support[j]]) for j in free}
    for i, j in enumerate(pivots):
        value = _fraction(reduced[i, len(support)])
        for q in free:
            if reduced[i, q] != 0:
                value -= _fraction(reduced[i, q]) * chosen[q]
        chosen[j] = value
    return {support[j]: x for j, x in chosen.items()}


def _apply(form: Form, v: list[Fraction], index: dict[str, int], n: int) -> list[Fraction]:
    """The symmetric matrix of the form times a vector."""
    out = [Fraction(0)] * n
    for (a, b), c in form.quadratic.items():
        if a not in index or b not in index:
            continue  # inner products of loose vectors are among the linear equations
        i, j = index[a], index[b]
        out[i] += c * v[j] / 2
        out[j] += c * v[i] / 2
    return out


def simplest(x: float, radius: float) -> Fraction:
    """The rational with the least denominator in ``[x - radius, x + radius]`` (Stern-Brocot)."""
    low, high = Fraction(x) - Fraction(radius), Fraction(x) + Fraction(radius)
    if low <= 0 <= high:
        return Fraction(0)
    if high < 0:
        return -simplest(-x, radius)
    parts: list[int] = []
    while True:
        whole = low.numerator // low.denominator
        if whole == low or whole + 1 <= high:
            parts.append(whole if whole == low else whole + 1)
            break
        parts.append(whole)
        low, high = 1 / (high - whole), 1 / (low - whole)
    value = Fraction(parts[-1])
    for part in reversed(parts[:-1]):
        value = part + 1 / value
    return value


def _fraction(x: fmpq) -> Fraction:
    return Fraction(int(x.p), int(x.q))
