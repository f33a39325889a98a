"""Facial reduction: a worst case that is approached along instances without bound, written so that it has an interior.

Let (G, F) be a direction along which every inequality allows to go for ever and the metric does not fall. Then every
feasible slack vanishes on the range of G, and a multiplier is zero where its inequality becomes slack: no dual solution
is interior, solvers lose digits and nothing can be rounded. With a rational basis V of the range, ``S V = 0`` are linear
equations, and the slack is needed on a complement only. The direction is found by the same program with another metric.
Borwein, Wolkowicz (1981).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction

import numpy as np
from scipy.linalg import qr

from gradproof.solvers.exact.rounding import simplest_near
from gradproof.solvers.pep.solve.assemble import Arrays, Instance, pair
from gradproof.solvers.pep.solve.relaxation import Objective, Scaling, Solution, solve_dual

RANGE = 1e-4  # eigenvalues of the direction below this share of the largest are zero
SLACK = 1e-4  # of the size of an inequality
SIMPLE = (1e-2, 1e-3, 1e-5)  # distances of a rational entry of the basis from its float, in turn
ROUNDS = 3


def confined(
    arrays: Arrays, objective: Objective, scaling: Scaling, simple: float
) -> tuple[Arrays, Objective, Scaling] | None:
    """The same program on the face that its directions of recession leave, or None if there are none.

    Args:
        simple: how far an entry of a rational basis may be from its float, in units of the vectors' sizes.
    """
    now, changed = (arrays, objective, scaling), False
    for _ in range(ROUNDS):
        direction = _direction(*now)
        if direction is None:
            break
        reduced = _reduced(*now, direction, simple)
        if reduced is None:
            return None
        now, changed = reduced, True
    return now if changed else None


def _direction(arrays: Arrays, objective: Objective, scaling: Scaling) -> Solution | None:
    """The direction of largest trace, if there is one."""
    n, p = len(arrays.vectors), len(arrays.values)
    if n == 0:
        return None
    trace = np.diag(1 / scaling.vectors**2)
    at = int(np.count_nonzero(~arrays.equal))
    rows = Arrays(
        arrays.vectors,
        arrays.values,
        (*arrays.instances[:at], *(Instance(name, name, ()) for name in ("trace", "metric")), *arrays.instances[at:]),
        np.insert(arrays.equal, at, (False, False)),
        np.insert(arrays.quadratic, [at, at], [trace, -objective.quadratic], axis=0),
        np.insert(arrays.linear, [at, at], [np.zeros(p), -objective.linear], axis=0),
        np.insert(np.zeros(len(arrays.instances)), [at, at], [-1.0, 0.0]),
        arrays.spectra,
    )
    found = solve_dual(rows, Objective(trace, np.zeros(p), 0.0), replace(scaling, metric=1.0), tolerance=1e-9)
    return found if np.isfinite(found.gram).all() and 0.9 <= found.primal <= 1.1 else None


def _reduced(
    arrays: Arrays, objective: Objective, scaling: Scaling, direction: Solution, simple: float
) -> tuple[Arrays, Objective, Scaling] | None:
    d = scaling.vectors
    A = arrays.quadratic * np.outer(d, d)
    size = np.maximum(
        np.abs(A).max(axis=(1, 2), initial=0), np.abs(arrays.linear * scaling.values).max(axis=1, initial=0)
    )
    size = np.where(size > 0, size, 1.0)
    left = (np.einsum("kab,ab->k", arrays.quadratic, direction.gram) + arrays.linear @ direction.values) / size
    stays = arrays.equal | (left > -SLACK)
    spectrum, basis = np.linalg.eigh(direction.gram / np.outer(d, d))
    basis = d[:, None] * basis[:, spectrum > RANGE * spectrum.max()]
    rank = basis.shape[1]
    _, _, order = qr((basis / d[:, None]).T, mode="economic", pivoting=True)
    pivots, rest = order[:rank], np.sort(order[rank:])
    echelon = basis @ np.linalg.inv(basis[pivots])
    exact = [_column(echelon[:, r], pivots, r, simple * d / d[pivots[r]]) for r in range(rank)]
    V = np.array([[float(c) for c in column] for column in exact]).T
    if any(np.abs(side @ V).max(initial=0) > 1e-9 for _, *sides in arrays.spectra for side in sides):
        return None  # the multiplier matrix of a quadratic would have to lie on a face, too
    null = tuple(
        {v: c for v, c in zip(arrays.vectors, column, strict=True) if c} for column in exact
    )  # with the earlier ones
    first = len(arrays.null)
    names, columns, sizes, own = [], [], [], []
    products, metric = arrays.quadratic[stays] @ V, objective.quadratic @ V  # (k, n, r)
    length = np.array([np.abs(V[:, r] / d).max() for r in range(rank)])
    for r in range(rank):
        for b in (*rest, *pivots[: r + 1]):
            names.append(pair(f"#{first + r}", arrays.vectors[b]))
            columns.append(2 * products[:, b, r])
            own.append(2 * metric[b, r])
            sizes.append(length[r] * d[b])
    linear = np.concatenate([arrays.linear[stays], np.array(columns).reshape(len(names), -1).T], axis=1)
    target, width = np.concatenate([objective.linear, own]), np.concatenate([scaling.values, sizes])
    kept = _independent(linear * width / size[stays][:, None])
    values = (*arrays.values, *names)
    return (
        replace(
            arrays,
            vectors=tuple(arrays.vectors[k] for k in rest),
            values=tuple(values[k] for k in kept),
            instances=tuple(i for i, s in zip(arrays.instances, stays, strict=True) if s),
            equal=arrays.equal[stays],
            quadratic=arrays.quadratic[stays][:, rest][:, :, rest],
            linear=linear[:, kept],
            constant=arrays.constant[stays],
            spectra=tuple((i, low[:, rest], high[:, rest]) for i, low, high in arrays.spectra),
            null=(*arrays.null, *null),
        ),
        Objective(objective.quadratic[np.ix_(rest, rest)], target[kept], objective.constant),
        Scaling(d[rest], width[kept], scaling.metric),
    )


def _column(entries: np.ndarray, pivots: np.ndarray, r: int, near: np.ndarray) -> list[Fraction]:
    return [
        Fraction(int(pivots[r] == i)) if i in pivots else simplest_near(float(x), float(near[i]))
        for i, x in enumerate(entries)
    ]


def _independent(linear: np.ndarray) -> np.ndarray:
    """Columns that determine the others, in their order."""
    if not linear.size:
        return np.arange(linear.shape[1])
    _, R, order = qr(linear, mode="economic", pivoting=True)
    diagonal = np.abs(np.diag(R))
    return np.sort(order[: int((diagonal > 1e-10 * diagonal.max(initial=0)).sum())])


def null_part(
    null: tuple[Mapping[str, Fraction], ...], quadratic: Mapping[tuple[str, str], Fraction], skipped: set[str]
) -> dict[str, Fraction]:
    """Coefficients of the inner products with the vectors on which the slack vanishes."""
    found: dict[str, Fraction] = {}
    for r, v in enumerate(null):
        for (a, b), c in quadratic.items():
            for p, q in ((a, b), (b, a)):  # <a, b> once is half of each
                if p in v and q not in skipped:
                    name = pair(f"#{r}", q)
                    found[name] = found.get(name, Fraction(0)) + c * v[p]
    return {k: c for k, c in found.items() if c}
