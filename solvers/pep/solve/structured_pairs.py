"""Which inequalities? Solve with neighbours, look at all pairs, add the violated ones, and solve again."""

from __future__ import annotations

import numpy as np

from gradproof.solvers.pep.solve import interior_point
from gradproof.solvers.pep.solve.interior_point import Interior, LowRank
from gradproof.solvers.pep.solve.structured_model import STAR, Descent, form_coefficients, low_rank, vectors

_VIOLATED = 1e-6  # in units of the function values concerned
_ROUNDS = 16
_ROUGH = 1e-8  # gap of the solves that only choose inequalities


def complete(descent: Descent, gap: float) -> tuple[np.ndarray, Interior, np.ndarray, str]:
    """Pairs enough that no inequality is violated at the optimum, its solution, the scale of its multipliers.

    The text is empty if no pair is violated: then more inequalities would not change the value.
    """
    pairs = descent.chain
    if descent.measure == "distance":  # the pairs with the minimiser are enough for every step size
        return pairs, *_solve(descent, pairs, gap)[1:], ""
    reached, rough = gap, gap  # once a pair is missing, the solves that only choose more need few digits
    for _ in range(_ROUNDS):
        data, out, scale = _solve(descent, pairs, rough)
        violation = _violations(descent, data, out)
        violation[tuple(pairs.T)] = 0.0
        reached = float(violation.max())
        if reached <= _VIOLATED:
            if rough == gap:
                return pairs, out, scale, ""
            rough = gap
            continue
        i = np.arange(descent.N + 2)
        j = violation.argmax(axis=1)  # the worst of each point: more varied than the worst of all
        chosen = violation[i, j] > _VIOLATED
        new = np.stack([i[chosen], j[chosen]], axis=1)
        new[new == descent.N + 1] = STAR
        rough = _ROUGH
        pairs = np.concatenate([pairs, new])
    return pairs, out, scale, f"inequalities were still violated by {reached:.1e} after {_ROUNDS} rounds"


def _solve(descent: Descent, pairs: np.ndarray, gap: float) -> tuple[LowRank, Interior, np.ndarray]:
    data, scale = low_rank(descent, pairs)
    return data, interior_point.solve(data, gap=gap, centring=4 if gap < _ROUGH else 0), scale


def _violations(descent: Descent, data: LowRank, out: Interior) -> np.ndarray:
    """How much each pair (i, j) violates its inequality, (N + 2, N + 2), over the size of the values concerned."""
    x, g = vectors(descent)
    f_size = descent.sizes[2]
    m, n, r = data.factors.shape
    U = data.factors.transpose(1, 0, 2).reshape(n, m * r)
    UD = (data.factors @ data.middles).transpose(1, 0, 2).reshape(n, m * r)
    products = ((out.gram @ U) * UD).sum(axis=0).reshape(m, r).sum(axis=1)
    values = np.linalg.lstsq(data.E, data.b - products - out.distances, rcond=None)[0]
    f = np.append(values[: descent.N + 1] * f_size, 0.0)
    xx, xg, gg = x @ out.gram @ x.T, x @ out.gram @ g.T, g @ out.gram @ g.T
    M = form_coefficients(descent.kappa)
    square_x, square_g, own = np.diag(xx), np.diag(gg), np.diag(xg)
    form = f[None, :] - f[:, None]
    form = form + M[0, 0] * (square_x[:, None] + square_x[None, :] - 2 * xx)
    form = form + 2 * M[0, 1] * (own[:, None] - xg.T)  # <x_i - x_j, g_i>
    form = form + 2 * M[0, 2] * (xg - own[None, :])  # <x_i - x_j, g_j>
    form = form + M[1, 1] * square_g[:, None] + M[2, 2] * square_g[None, :] + 2 * M[1, 2] * gg
    size = np.append(f_size, 0.0)
    form = form / np.maximum(np.maximum(size[:, None], size[None, :]), 1e-300)
    np.fill_diagonal(form, 0.0)
    if descent.nonconvex:
        form[-1, :] = form[:, -1] = 0.0
    return form
