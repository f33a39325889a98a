"""Proposals, in floats, for a contradiction among forms or for an example that satisfies them; see ``contradiction``.

An example is verified here, in exact numbers; a contradiction is a list of uses that the kernel still has to accept.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np

from gradproof.solvers.exact.definite import integer_matrix, is_positive_semidefinite
from gradproof.solvers.exact.linear import project
from gradproof.theory.axioms import ONE, Form
from gradproof.theory.proof import Use

_CLEAR = 1e-6  # of the floats, before an exact attempt is worth it


class Search:
    """Gram matrices G and values v with every form <= 0, or multipliers that show that there are none."""

    def __init__(self, rows: Sequence[tuple[Use, Form, bool]]) -> None:
        self.rows = rows
        self.vectors = sorted({n for _, form, _ in rows for key in form.quadratic for n in key})
        self.values = sorted({n for _, form, _ in rows for n in form.linear if n != ONE})
        where = {n: i for i, n in enumerate(self.vectors)}
        k = len(self.vectors)
        self.A = np.zeros((len(rows), k, k))
        self.b = np.zeros((len(rows), len(self.values)))
        self.c = np.zeros(len(rows))
        for i, (_, form, _) in enumerate(rows):
            for (m, n), x in form.quadratic.items():
                self.A[i, where[m], where[n]] += float(x) / 2
                self.A[i, where[n], where[m]] += float(x) / 2
            self.b[i] = [float(form.linear.get(n, 0)) for n in self.values]
            self.c[i] = float(form.linear.get(ONE, 0))
        self.unit = _unit(self.A, self.b, self.c)  # of G and v
        self.A *= self.unit
        self.b *= self.unit
        self.size = np.maximum(np.abs(self.A).max(axis=(1, 2), initial=0), np.abs(self.b).max(axis=1, initial=0))
        self.size = np.maximum(np.maximum(self.size, np.abs(self.c)), 1e-300)
        self.equal = np.array([equality for _, _, equality in rows], dtype=bool)

    def contradictions(self) -> Iterator[list[Use]]:
        """Uses whose forms may add up to a positive number plus squares; the values cancel exactly."""
        everything = np.arange(len(self.rows))
        plain = self._multipliers(everything, inside=False) if self.rows else None
        if plain is None:
            return
        used = np.flatnonzero(np.abs(plain) > 1e-5 * np.abs(plain).max())
        for rows, inside in ((everything, True), (used, True), (used, False)):
            y = self._multipliers(rows, inside=inside)
            for bits in () if y is None else (12, 24, 48):
                found = self._rounded(y / self.size, bits)
                if found:
                    yield found

    def _multipliers(self, rows: np.ndarray, *, inside: bool) -> np.ndarray | None:
        """Of the scaled rows, zero elsewhere; ``inside`` keeps the slack off the boundary of the cone."""
        import cvxpy as cp

        A, b = self.A[rows] / self.size[rows, None, None], self.b[rows] / self.size[rows, None]
        c, equal = self.c[rows] / self.size[rows], self.equal[rows]
        y, margin = cp.Variable(len(rows)), cp.Variable()
        conditions = [cp.norm1(y) <= 1, c @ y >= margin]
        if self.values:
            conditions.append(b.T @ y == 0)
        if (~equal).any():
            conditions.append(y[np.flatnonzero(~equal)] >= 0)
        basis = _span(A)
        d = basis.shape[1]
        if d:
            flat = np.einsum("ka,ikl,lb->iab", basis, A, basis).reshape(len(rows), -1)
            slack = cp.reshape(flat.T @ y, (d, d), order="C")
            conditions.append((slack + slack.T) / 2 - (margin if inside else 0) * np.eye(d) >> 0)
        if _optimum(cp.Problem(cp.Maximize(margin), conditions), failed=-np.inf) < _CLEAR:
            return None
        full = np.zeros(len(self.rows))
        full[rows] = y.value
        return full

    def _rounded(self, weights: np.ndarray, bits: int) -> list[Use] | None:
        relevant = np.abs(weights) * self.size
        keep = [int(i) for i in np.flatnonzero(relevant > 1e-7 * relevant.max())]
        scale = Fraction(2) ** (bits - int(np.ceil(np.log2(np.abs(weights[keep]).max()))))
        point = [Fraction(round(Fraction(float(weights[i])) * scale)) / scale for i in keep]
        rows = [[Fraction(self.rows[i][1].linear.get(n, 0)) for i in keep] for n in self.values]
        exact = project([r for r in rows if any(r)], [Fraction(0)] * sum(any(r) for r in rows), point)
        if exact is None or any(x < 0 and not self.equal[i] for x, i in zip(exact, keep, strict=True)):
            return None
        return [replace(self.rows[i][0], multiplier=x) for x, i in zip(exact, keep, strict=True) if x]

    def example(self) -> bool:
        """Whether rounded numbers satisfy every form exactly, with a positive semidefinite Gram matrix."""
        import cvxpy as cp

        k, values = len(self.vectors), len(self.values)
        G, v, worst = cp.Variable((max(k, 1), max(k, 1)), PSD=True), cp.Variable(max(values, 1)), cp.Variable()
        conditions = [worst >= -1, cp.trace(G) <= 1e6, cp.norm1(v) <= 1e6, G >> -worst * np.eye(max(k, 1)) * 1e-3]
        for i in range(len(self.rows)):
            form = self.c[i] / self.size[i]
            if k:
                form = form + cp.trace((self.A[i] / self.size[i]) @ G)
            if values:
                form = form + (self.b[i] / self.size[i]) @ v
            if np.any(self.A[i]) or np.any(self.b[i]):
                conditions.append(form == 0 if self.equal[i] else form <= worst)
            elif self.c[i] > 0 or (self.equal[i] and self.c[i] != 0):
                return False
        if _optimum(cp.Problem(cp.Minimize(worst), conditions), failed=np.inf) > -_CLEAR:
            return False
        return self._satisfied(self.unit * np.asarray(G.value), self.unit * np.asarray(v.value))

    def _satisfied(self, G: np.ndarray, v: np.ndarray) -> bool:
        k = len(self.vectors)
        pairs = [(a, b) for a in range(k) for b in range(a, k)]
        names = [(self.vectors[a], self.vectors[b]) for a, b in pairs]
        unknown = [*((G[a, b] + G[b, a]) / 2 for a, b in pairs), *v[: len(self.values)]]
        step = Fraction(2) ** (int(np.floor(np.log2(self.unit))) - 40)
        point = [round(Fraction(float(x)) / step) * step for x in unknown]

        def row(form: Form) -> list[Fraction]:
            products = [Fraction(form.quadratic.get(n, 0)) for n in names]
            return [*products, *(Fraction(form.linear.get(n, 0)) for n in self.values)]

        equalities = [form for _, form, equality in self.rows if equality]
        exact = project(list(map(row, equalities)), [-Fraction(form.linear.get(ONE, 0)) for form in equalities], point)
        if exact is None:
            return False
        for _, form, equality in self.rows:
            products = (a * x for a, x in zip(row(form), exact, strict=True) if a)
            total = sum(products, Fraction(form.linear.get(ONE, 0)))
            if total > 0 or (equality and total != 0):
                return False
        gram = [[exact[pairs.index((min(a, b), max(a, b)))] for b in range(k)] for a in range(k)]
        return not k or is_positive_semidefinite(integer_matrix(gram))


def _unit(A: np.ndarray, b: np.ndarray, c: np.ndarray) -> float:
    """The size of squared norms and values at which constants and the rest of the forms are alike."""
    rest = np.maximum(np.abs(A).max(axis=(1, 2), initial=0), np.abs(b).max(axis=1, initial=0))
    both = (rest > 0) & (c != 0)
    return float(np.exp(np.mean(np.log(np.abs(c[both]) / rest[both])))) if both.any() else 1.0


def _span(A: np.ndarray) -> np.ndarray:
    """Orthonormal columns that span the ranges of all matrices."""
    if not A.size:
        return np.zeros((A.shape[1], 0))
    left, singular, _ = np.linalg.svd(np.concatenate(list(A), axis=1), full_matrices=False)
    return left[:, singular > 1e-9 * max(singular.max(), 1e-300)]


def _optimum(problem: Any, *, failed: float) -> float:
    """The value in floats, or ``failed`` where the solver has none: then nothing is proposed."""
    import cvxpy as cp

    try:
        problem.solve(solver=cp.CLARABEL)
    except (cp.SolverError, ValueError, ArithmeticError):
        return failed
    return float(problem.value) if problem.status in ("optimal", "optimal_inaccurate") else failed
