"""The worst-case instance: a concrete low-dimensional function and the points at which the method meets it."""

from __future__ import annotations

from collections.abc import Mapping as MappingOf
from dataclasses import dataclass

import numpy as np

from gradproof.solvers.pep.model.expressions import PepError, Scalar, Vector
from gradproof.solvers.pep.model.problem import Mapping
from gradproof.solvers.pep.solve.answer import Answer
from gradproof.solvers.pep.solve.assemble import pair
from gradproof.theory.axioms import ONE

RANK = 1e-7  # eigenvalues of the Gram matrix below this fraction of the largest are the solver's noise


@dataclass(frozen=True, eq=False)
class Interpolant:
    """A member of F(mu, L) through data (x_i, g_i, f_i), evaluated anywhere.

    For finite L it is the smallest smooth extension, min over weights w of a quadratic (Taylor, Hendrickx, Glineur
    2017, after Drori 2018); for L = inf the largest of the affine (or quadratic) minorants.

    Attributes:
        x, g: (P, d). f: (P,). mu, L: curvature bounds, L = inf for nonsmooth functions.
    """

    x: np.ndarray
    g: np.ndarray
    f: np.ndarray
    mu: float
    L: float

    def __call__(self, at: np.ndarray) -> float:
        return self.value_and_gradient(at)[0]

    def gradient(self, at: np.ndarray) -> np.ndarray:
        """(d,) -> (d,)"""
        return self.value_and_gradient(at)[1]

    def value_and_gradient(self, at: np.ndarray) -> tuple[float, np.ndarray]:
        """Value and (sub)gradient at one point of shape (d,)."""
        at = np.asarray(at, float)
        if self.mu == self.L:
            step = at - self.x[0]
            return float(self.f[0] + self.g[0] @ step + self.L / 2 * step @ step), self.g[0] + self.L * step
        g = self.g - self.mu * self.x
        f = self.f - self.mu / 2 * np.sum(self.x**2, axis=1)
        shift = self.mu / 2 * at @ at
        if not np.isfinite(self.L):
            pieces = f + np.sum(g * (at - self.x), axis=1)
            k = int(np.argmax(pieces))
            return float(pieces[k] + shift), g[k] + self.mu * at
        size = self.L - self.mu
        centres, heights = self.x - g / size, f - np.sum(g**2, axis=1) / (2 * size)
        w = _simplex_quadratic(size * centres @ centres.T, heights - size * centres @ at)
        residual = at - w @ centres
        return float(size / 2 * residual @ residual + w @ heights + shift), size * residual + self.mu * at


def _simplex_quadratic(P: np.ndarray, q: np.ndarray) -> np.ndarray:
    """argmin w'Pw/2 + q'w over the simplex."""
    import clarabel
    from scipy import sparse

    n = len(q)
    scale = max(np.abs(P).max(), np.abs(q).max(), 1e-300)
    settings = clarabel.DefaultSettings()
    settings.verbose = False
    settings.tol_gap_abs = settings.tol_gap_rel = settings.tol_feas = 1e-12
    A = sparse.csc_matrix(np.vstack([np.ones((1, n)), -np.eye(n)]))
    out = clarabel.DefaultSolver(
        sparse.csc_matrix(np.triu(P) / scale),
        q / scale,
        A,
        np.concatenate([[1.0], np.zeros(n)]),
        [clarabel.ZeroConeT(1), clarabel.NonnegativeConeT(n)],
        settings,
    ).solve()
    w = np.maximum(np.array(out.x), 0)
    return w / w.sum()


@dataclass(frozen=True, eq=False)
class WorstInstance:
    """Coordinates of every vector and every value of a problem at its worst case.

    Attributes:
        dimension: of the space in which the instance lives.
        vectors: basis vector -> (d,) coordinates. values: function value -> float.
    """

    dimension: int
    vectors: MappingOf[str, np.ndarray]
    values: MappingOf[str, float]

    @classmethod
    def of(cls, worst: Answer, rank: float = RANK) -> WorstInstance:
        """Factor the Gram matrix of a worst case."""
        if worst.written is not None:
            how, found = worst.written.how, cls.of(worst.written.answer, rank)
            origin = np.zeros(found.dimension)
            vectors = {
                v: sum((float(c) * found.vectors[u] for u, c in b.items()), origin) for v, b in how.basis.items()
            }
            values = {v: found.values.get(v, 0.0) * float(how.values.get(v, 1)) for v in worst.problem.values}
            return cls(found.dimension, vectors, values)
        if worst.arrays.null:
            raise PepError("there is no worst-case instance: the value is approached along instances without bound")
        gram = worst.solution.gram
        if not np.isfinite(gram).all():
            raise PepError(f"there is no worst-case instance: {worst.reason or 'the Gram matrix is not finite'}")
        d = np.sqrt(np.maximum(np.diag(gram), 1e-300))
        spectrum, basis = np.linalg.eigh(gram / np.outer(d, d))
        keep = spectrum > rank * spectrum.max(initial=0)
        coordinates = d[:, None] * basis[:, keep][:, ::-1] * np.sqrt(spectrum[keep][::-1])
        vectors = dict(zip(worst.arrays.vectors, coordinates, strict=True))
        vectors |= {v: np.zeros(int(keep.sum())) for v in worst.arrays.fixed}
        values = dict(zip(worst.arrays.values, map(float, worst.solution.values), strict=True))
        for a in worst.arrays.loose:  # any vector with the right inner products will do
            known = [(x, values.pop(pair(*sorted((a, b))), 0.0)) for b, x in vectors.items()]
            vectors[a] = np.linalg.lstsq(
                np.array([x for x, _ in known]), np.array([c for _, c in known]), rcond=10 * rank
            )[0]
        return cls(int(keep.sum()), vectors, values)

    def at(self, expression: Vector | Scalar) -> np.ndarray | float:
        """Coordinates of a vector expression, or the number that a scalar expression is."""
        if isinstance(expression, Vector):
            return sum((float(c) * self.vectors[v] for v, c in expression.terms.items()), np.zeros(self.dimension))
        form = expression.form
        total = sum(float(c) * (1.0 if v == ONE else self.values[v]) for v, c in form.linear.items())
        return float(total + sum(float(c) * self.vectors[a] @ self.vectors[b] for (a, b), c in form.quadratic.items()))

    def data(self, f: Mapping) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Points (P, d), gradients or outputs (P, d) and values (P,) at which the mapping is known."""
        return (
            np.array(
                [self.at(s.x + f.centre if f.cls.kind == "quadratic" and not f.is_one else s.x) for s in f.samples]
            ),
            np.array([self.at(s.g) for s in f.samples]),
            np.array([self.at(s.f) for s in f.samples]),
        )

    def function(self, f: Mapping) -> Interpolant:
        """The worst function itself, to run the method on.

        Raises:
            PepError: for operators, compressors, sets and quadratics, whose data are in ``data``.
        """
        if f.cls.kind != "function" or "mu" not in f.cls.constants:
            raise PepError(
                f"{f.name} is a {type(f.cls).__name__}: only functions of F(mu, L) are interpolated; see data()"
            )
        x, g, values = self.data(f)
        L = f.cls.constants.get("L")
        return Interpolant(x, g, values, float(f.cls.constants["mu"]), np.inf if L is None else float(L))
