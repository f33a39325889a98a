"""The exact optimum as a rational, or a proof of a tight bound: facial reduction on the numerical kernel of the slack.

At the optimum the slack S is singular: it vanishes on the range of every worst-case Gram matrix. If that range has a
rational basis V, then ``S(lambda) V = 0`` are exact linear equations; solved together with the equations of the function
values they leave S singular exactly where it must be, and the rest of it can be rounded.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

import numpy as np
from scipy.linalg import qr

from gradproof.solvers.exact.linear import from_flint, to_flint
from gradproof.solvers.exact.rounding import simplest_near
from gradproof.solvers.pep.certify.certificate import Certificate, exact_form, linear_part, right_side, rounded, submit
from gradproof.solvers.pep.solve.answer import Answer
from gradproof.solvers.pep.solve.relaxation import Scaling, Solution, interior, solve_dual
from gradproof.theory.axioms import Form
from gradproof.theory.errors import ProofRejected

TOLERANCES = (1e-4, 1e-5, 1e-6, 1e-7, 1e-8, 1e-10, 1e-12)  # how far a rational basis entry may be from the float
MAX_DIMENSION = 80


def prove_on_face(worst: Answer, scaling: Scaling, bound: Fraction) -> Certificate:
    """Prove ``bound`` where it is the exact optimum.

    Raises:
        ProofRejected: the face has no simple rational basis, or the multipliers on it are not found.
    """
    if worst.arrays.spectra:
        raise ProofRejected("the exact optimum over quadratics is not searched for")
    if len(scaling.vectors) > MAX_DIMENSION:
        raise ProofRejected(
            f"{len(scaling.vectors)} basis vectors; the exact optimum is searched for up to {MAX_DIMENSION}"
        )
    why: ProofRejected | None = None
    for tolerance in (1e-12, 1e-10):
        solution = solve_dual(worst.arrays, worst.objective, scaling, tolerance=tolerance)
        if solution.status not in ("Solved", "AlmostSolved", "InsufficientProgress"):
            continue
        size = np.maximum(
            np.abs(worst.arrays.quadratic * np.outer(scaling.vectors, scaling.vectors)).max(axis=(1, 2), initial=0),
            np.abs(worst.arrays.linear * scaling.values).max(axis=1, initial=0),
        )
        weight = np.abs(solution.multipliers) * size / scaling.metric
        forms: dict[int, Form] = {}
        for floor in (1e-6, 1e-4):
            support = [
                int(k)
                for k in np.argsort(-weight)
                if weight[k] > floor and (worst.arrays.equal[k] or solution.multipliers[k] > 0)
            ]
            gram = _polished(worst, scaling, support, solution)
            for V in _faces(worst, scaling, gram, solution.multipliers):
                for tied in (True, False):
                    try:
                        multipliers = _on_face(worst, scaling, support, V, bound, forms, tied)
                        return submit(worst, multipliers, [], bound)
                    except ProofRejected as error:
                        why = why or error
    raise why or ProofRejected("no candidate face")


def _polished(worst: Answer, scaling: Scaling, support: list[int], solution: Solution) -> np.ndarray:
    """The Gram matrix ``G = X X^T`` after Newton steps on the optimality conditions in (multipliers, X, values):
    ``S X = 0``, the equations of the multipliers, and equality in the supporting inequalities.

    An interior-point method leaves errors of about the square root of its tolerance; rational reconstruction needs more.
    """
    d, e = scaling.vectors, scaling.values
    spectrum, basis = np.linalg.eigh(solution.gram / np.outer(d, d))
    keep = spectrum > 1e-5 * spectrum.max(initial=1e-300)
    X, F = basis[:, keep] * np.sqrt(spectrum[keep]), solution.values / e
    A, a, c = (
        worst.arrays.quadratic[support] * np.outer(d, d),
        worst.arrays.linear[support] * e,
        worst.arrays.constant[support],
    )
    size = np.maximum(np.abs(A).max(axis=(1, 2), initial=0), np.abs(a).max(axis=1, initial=1e-300))
    A, a, c = A / size[:, None, None], a / size[:, None], c / size
    A0, a0 = worst.objective.quadratic * np.outer(d, d) / scaling.metric, worst.objective.linear * e / scaling.metric
    x = solution.multipliers[support] / scaling.metric * size
    best, least = X, np.inf
    for _ in range(8):
        S, AX = np.einsum("k,kij->ij", x, A) - A0, A @ X
        residual = np.concatenate([(S @ X).ravel(), a.T @ x - a0, np.einsum("kir,ir->k", AX, X) + a @ F + c])
        error = float(np.abs(residual).max(initial=0))
        if error < least:
            best, least = X, error
        flat = AX.reshape(len(x), -1)
        jacobian = np.block(
            [
                [flat.T, np.kron(S, np.eye(X.shape[1])), np.zeros((X.size, len(F)))],
                [a.T, np.zeros((len(F), X.size + len(F)))],
                [np.zeros((len(x), len(x))), 2 * flat, a],
            ]
        )
        step = np.linalg.lstsq(jacobian, -residual, rcond=1e-10)[0]
        x, X, F = x + step[: len(x)], X + step[len(x) : len(x) + X.size].reshape(X.shape), F + step[len(x) + X.size :]
    return d[:, None] * best @ best.T * d


def _faces(
    worst: Answer, scaling: Scaling, gram: np.ndarray, multipliers: np.ndarray
) -> Iterator[list[list[Fraction]]]:
    """Candidate rational bases (columns as lists): of the range of the Gram matrix, then of the kernel of the slack."""
    d = scaling.vectors
    slack = (np.einsum("k,kab->ab", multipliers, worst.arrays.quadratic) - worst.objective.quadratic) * np.outer(d, d)
    seen = set()
    for matrix, sign in ((gram / np.outer(d, d), 1), (slack / scaling.metric, -1)):
        values, vectors = np.linalg.eigh(matrix * sign)
        size = np.abs(values).max(initial=1e-300)
        for threshold in (1e-4, 1e-6):
            keep = values > threshold * size if sign > 0 else values > -threshold * size
            if not keep.any():
                continue
            basis = vectors[:, keep]
            _, _, pivot = qr(basis.T, mode="economic", pivoting=True)
            rows = np.sort(pivot[: basis.shape[1]])
            natural = d[:, None] * basis
            echelon = natural @ np.linalg.inv(natural[rows])
            for tolerance in TOLERANCES:
                columns = [
                    [
                        simplest_near(echelon[i, j], tolerance * max(abs(echelon[i, j]), 1e-2 * d[i] / d[rows[j]]))
                        if i not in rows
                        else Fraction(int(rows[j] == i))
                        for i in range(len(d))
                    ]
                    for j in range(basis.shape[1])
                ]
                key = tuple(map(tuple, columns))
                if key not in seen:
                    seen.add(key)
                    yield columns


def _on_face(
    worst: Answer,
    scaling: Scaling,
    support: list[int],
    V: list[list[Fraction]],
    bound: Fraction,
    forms: dict[int, Form],
    tied: bool,
) -> dict[int, Fraction]:
    """Multipliers on the support with exact equations and ``S V = 0``, rounded from the interior of the face.

    Multipliers that come out negative are zero on the whole face (up to rounding), and are left out in a second round.
    """
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
    echelon, rank = to_flint(list(zip(*columns, strict=True))).rref()
    reduced = from_flint(echelon)
    pivots = []
    for i in range(rank):
        pivots.append(next(j for j in range(len(columns)) if reduced[i][j] != 0))
    if pivots and pivots[-1] == len(support):
        raise ProofRejected("the multipliers cannot vanish on the face and satisfy the equations at this bound")
    free = [j for j in range(len(support)) if j not in set(pivots)]
    chosen = {
        j: rounded(x)
        for j, x in zip(free, _inside(worst, scaling, support, columns, V, tied)[free] if free else (), strict=True)
    }
    for i, j in enumerate(pivots):
        value = reduced[i][len(support)]
        for q in free:
            if reduced[i][q] != 0:
                value -= reduced[i][q] * chosen[q]
        chosen[j] = value
    negative = [j for j, x in chosen.items() if x < 0 and not worst.arrays.equal[support[j]]]
    if negative and len(negative) < len(support):
        return _on_face(worst, scaling, [k for j, k in enumerate(support) if j not in negative], V, bound, forms, tied)
    return {support[j]: x for j, x in chosen.items()}


def _inside(
    worst: Answer,
    scaling: Scaling,
    support: list[int],
    columns: list[list[Fraction]],
    V: list[list[Fraction]],
    tied: bool,
) -> np.ndarray:
    """Multipliers in the relative interior of the face: the slack off V (tied: the multipliers too) as large as possible."""
    d, e = scaling.vectors, scaling.values
    A = worst.arrays.quadratic[support] * np.outer(d, d)
    size = np.maximum(
        np.abs(A).max(axis=(1, 2), initial=0), np.abs(worst.arrays.linear[support] * e).max(axis=1, initial=0)
    )
    size = np.where(size > 0, size, 1.0)
    equations = np.array([[float(x) for x in c] for c in columns[:-1]]).T / size * scaling.metric
    right = np.array([float(x) for x in columns[-1]])
    height = np.maximum(np.abs(equations).max(axis=1, initial=0), 1e-300)
    keep = np.abs(equations).max(axis=1, initial=0) > 0
    leading = {next(i for i, x in enumerate(v) if x == 1 and all(w[i] == 0 for w in V if w is not v)) for v in V}
    rest = [i for i in range(len(d)) if i not in leading]  # S V = 0 makes this principal block decide
    A0 = worst.objective.quadratic * np.outer(d, d) / scaling.metric
    x, margin = interior(
        (A / size[:, None, None])[:, rest][:, :, rest],
        A0[np.ix_(rest, rest)],
        (equations / height[:, None])[keep],
        (right / height)[keep],
        worst.arrays.equal[support],
        tied,
    )
    if not margin > (1e-9 if rest else -1e-9):
        raise ProofRejected(f"the face has no interior: margin {margin:.2g}")
    return x / size * scaling.metric


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
