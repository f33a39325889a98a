"""Large problems: the dual program over the few inequalities that a worst case needs, and only as low-rank factors.

With N points there are N^2 inequalities, of which some multiple of N have multipliers. The program starts from those
between consecutive points and with the anchors (points without a gradient, such as minimisers); all others are evaluated
at its solution, the most violated are added, and so on until none is violated. Each inequality is of rank at most 4 in
the Gram matrix, whatever the method, so that the interior-point method never forms an (n, n) matrix for it.

Leaving inequalities out enlarges the worst case: the value is an upper bound whether or not the search is complete.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from scipy.linalg import qr, solve_triangular

from gradproof.solvers.pep.model.expressions import Scalar
from gradproof.solvers.pep.model.problem import Mapping, Model
from gradproof.solvers.pep.solve import interior_point
from gradproof.solvers.pep.solve.assemble import (
    SYMMETRIC,
    Chosen,
    Instance,
    axioms_of,
    every,
    form_arrays,
    point_arrays,
    template,
)
from gradproof.solvers.pep.solve.interior_point import LowRank
from gradproof.solvers.pep.solve.relaxation import Objective, Scaling, Solution, rescaled
from gradproof.theory.axioms import AXIOMS

LOOSE = 3  # vectors whose square occurs nowhere
RANK = 4  # of a premise at most: two points of an axiom have two vectors each
PER = "per"  # name of the normalisation ``per <= 1`` among the multipliers
VIOLATED = 1e-7  # relative to the size of an inequality, in units in which the Gram matrix has a diagonal of ones
ROUNDS = 24
_ROUGH = 1e-6  # gap of the solves that only choose inequalities


class NotLowRank(Exception):
    """The problem has parts that this program does not hold; the text says which."""


class Unreachable(NotLowRank):
    """To rounding no multipliers give the values of the metric: none do, or the sizes of the problem were misread."""


@dataclass(frozen=True, eq=False)
class Family:
    """One axiom of one mapping: a template over (x_i, g_i, x_j, g_j) and the tables of its points."""

    mapping: Mapping
    axiom: str
    arity: int
    points: tuple[np.ndarray, np.ndarray, np.ndarray]  # (count, n), (count, n), (count, p)
    quadratic: np.ndarray  # (2 arity, 2 arity)
    linear: np.ndarray  # (arity,)
    lower: np.ndarray  # (p,) coefficients of the infimum
    constant: float

    @property
    def key(self) -> tuple[str, str]:
        return self.mapping.name, self.axiom

    @property
    def count(self) -> int:
        return len(self.points[0])

    @property
    def equality(self) -> bool:
        return AXIOMS[self.axiom].equality

    def rows(self, at: Chosen) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Factors (K, n, rank), signs (K, rank), linear parts (K, p), constants (K,) at the chosen points."""
        X, G, F = self.points
        local = np.stack([table[k] for k in at for table in (X, G)], axis=2)  # (K, n, 2 arity)
        spectrum, basis = np.linalg.eigh(self.quadratic)
        keep = np.abs(spectrum) > 1e-12 * np.abs(spectrum).max(initial=1e-300)
        linear = sum((a * F[k] for a, k in zip(self.linear, at, strict=True)), np.zeros((len(at[0]), F.shape[1])))
        signs = np.tile(spectrum[keep], (len(at[0]), 1))
        return local @ basis[:, keep], signs, linear + self.lower, np.full(len(at[0]), self.constant)

    def squares(self, vector: int) -> np.ndarray:
        """The coefficients of one basis vector's square at all tuples of points."""
        X, G, _ = self.points
        columns = [t[:, vector] for t in (X, G)]
        out = np.zeros((self.count,) * self.arity)
        for r in range(self.arity):
            for q in range(self.arity):
                for a in range(2):
                    for b in range(2):
                        c = self.quadratic[2 * r + a, 2 * q + b]
                        out = out + c * _spread(np.outer(columns[a], columns[b]), r, q, self.arity)
        return np.where(np.abs(out) > 1e-13 * np.abs(self.quadratic).max(initial=1e-300), out, 0.0)

    def values(self, gram: np.ndarray, values: np.ndarray) -> np.ndarray:
        """The left-hand sides at all tuples of points: (count,) or (count, count)."""
        X, G, F = self.points
        products = [[a @ gram @ b.T for b in (X, G)] for a in (X, G)]
        shape = (self.count,) * self.arity
        f = F @ values
        out = np.full(shape, self.constant + self.lower @ values)
        for r in range(self.arity):
            out = out + self.linear[r] * (f[:, None] if (self.arity, r) == (2, 0) else f)
            for q in range(self.arity):
                for a in range(2):
                    for b in range(2):
                        c = self.quadratic[2 * r + a, 2 * q + b]
                        if c:
                            out = out + c * _spread(products[a][b], r, q, self.arity)
        return out


def _spread(table: np.ndarray, r: int, q: int, arity: int) -> np.ndarray:
    """``table[i_r, i_q]`` as an array over (i_0, i_1)."""
    if arity == 1:
        return np.diag(table)
    if r == q:
        return np.diag(table)[:, None] if r == 0 else np.diag(table)[None, :]
    return table if r == 0 else table.T


def families(problem: Model) -> list[Family]:
    """The axioms of all mappings.

    Raises:
        NotLowRank: a quadratic's matrix inequality.
    """
    for m in problem.mappings:
        m.member()  # declares lower bounds that a class needs
    vectors, values = tuple(problem.vectors), tuple(problem.values)
    found = []
    for m in problem.mappings:
        if m.cls.kind == "quadratic" and not m.is_one:
            raise NotLowRank(f"{m.name} is a quadratic, whose inequality is one of matrices")
        points = point_arrays(m, vectors, values)
        for axiom, arity in axioms_of(m):
            names = tuple(f"{letter}{k}" for k in range(arity) for letter in "xg")
            local = (*(f"f{k}" for k in range(arity)), "lower")
            quadratic, linear, constant = form_arrays(template(m, axiom, arity), names, local)
            lower = np.zeros(len(values))
            if m.lower_name:
                lower[values.index(m.lower_name)] = linear[-1]
            found.append(Family(m, axiom, arity, points, quadratic, linear[:-1], lower, constant))
    return found


def neighbours(family: Family, *, both: bool = False) -> Chosen:
    """Pairs of consecutive points, and of the anchors with all points; ``both`` adds the pairs the other way round."""
    count = family.count
    if family.arity == 1 or count < 6:
        return every(count, family.axiom, family.arity)
    anchors = np.flatnonzero(~family.points[1].any(axis=1))
    table = np.zeros((count, count), bool)
    k = np.arange(count - 1)
    table[k, k + 1] = table[anchors] = True
    if both:
        table[k + 1, k] = table[:, anchors] = True
    return _listed(table, family.axiom)


def _listed(table: np.ndarray, axiom: str) -> Chosen:
    if axiom in SYMMETRIC:
        table = np.triu(table | table.T)
    np.fill_diagonal(table, False)
    return tuple(np.nonzero(table))


@dataclass(frozen=True, eq=False)
class Premises:
    """Forms that are written once: low-rank factors (K, n, RANK), signs (K, RANK), linear (K, p), constants, equality."""

    factors: np.ndarray
    signs: np.ndarray
    linear: np.ndarray
    constant: np.ndarray
    equal: np.ndarray
    instances: tuple[Instance, ...]


def premises(problem: Model, per: Scalar | None) -> Premises:
    """The premises, then the normaliser as ``per - 1 <= 0``.

    Raises:
        NotLowRank: one of them is of too high a rank.
    """
    vectors, values = tuple(problem.vectors), tuple(problem.values)
    forms = [(c.scalar.form, c.equality, 0.0) for c in problem.premises.values()]
    if per is not None:
        forms.append((per.form, False, -1.0))
    instances = tuple(Instance("premise", name, ()) for name in problem.premises)
    if per is not None:
        instances = (*instances, Instance(PER, PER, ()))
    factors = np.zeros((len(forms), len(vectors), RANK))
    signs, linear = np.zeros((len(forms), RANK)), np.zeros((len(forms), len(values)))
    constant = np.zeros(len(forms))
    for k, (form, _, shift) in enumerate(forms):
        q, linear[k], c = form_arrays(form, vectors, values)
        constant[k] = c + shift
        used = np.flatnonzero(q.any(axis=0))
        spectrum, basis = np.linalg.eigh(q[np.ix_(used, used)])
        keep = np.abs(spectrum) > 1e-12 * np.abs(spectrum).max(initial=1e-300)
        if keep.sum() > RANK:
            raise NotLowRank(f"a premise is of rank {keep.sum()}, above {RANK}")
        factors[k, used, : keep.sum()] = basis[:, keep]
        signs[k, : keep.sum()] = spectrum[keep]
    return Premises(factors, signs, linear, constant, np.array([e for _, e, _ in forms], bool), instances)


@dataclass(frozen=True, eq=False)
class Found:
    """The inequalities chosen, the solution in the order families, premises, normaliser, and its units."""

    chosen: dict[tuple[str, str], Chosen]
    solution: Solution
    scaling: Scaling
    missing: str  # empty if no inequality is violated at the solution
    order: np.ndarray | None = None  # where the inequalities of the arrays stand in this order

    def sorted(self, solution: Solution) -> Solution:
        """A solution with its multipliers in the order of the arrays."""
        return replace(solution, multipliers=solution.multipliers[self.order])


class Program:
    """One problem as families of inequalities; solved for any choice of them.

    Raises:
        NotLowRank: the problem is not one for this program.
    """

    def __init__(self, problem: Model, metric: Scalar, per: Scalar | None) -> None:
        self.families = families(problem)
        self.premises = premises(problem, per)
        self.objective = Objective(*form_arrays(metric.form, tuple(problem.vectors), tuple(problem.values)))
        self.loose = self._loose()

    def _loose(self) -> list[int]:
        """Indices of the vectors whose square occurs nowhere: their inner products are values (see ``Arrays``)."""
        size = np.abs(self.objective.quadratic).max(axis=0, initial=0)
        seen = np.abs(np.diag(self.objective.quadratic)) > 0
        parts = [f.rows(neighbours(f, both=True))[:2] for f in self.families]
        for factors, signs in [*parts, (self.premises.factors, self.premises.signs)]:
            squares = np.abs(np.einsum("kir,kr->ki", factors**2, signs)).max(axis=0, initial=0)
            seen |= squares > 1e-13 * max(np.abs(signs).max(initial=0), size.max(initial=0))
        candidates = [int(v) for v in np.flatnonzero(~seen)]
        for family in self.families:
            candidates = [v for v in candidates if not family.squares(v).any()]
        if len(candidates) > LOOSE:
            raise NotLowRank(f"the squares of {len(candidates)} vectors occur nowhere")
        return candidates

    def instances(self, found: Found) -> list[Instance]:
        """The chosen inequalities in the order of the solution's multipliers."""
        listed = []
        for f in self.families:
            labels = [s.label for s in f.mapping.samples]
            places = zip(*found.chosen[f.key], strict=True)
            listed += [Instance(f.axiom, f.mapping.name, tuple(labels[k] for k in at)) for at in places]
        return listed + list(self.premises.instances)

    def search(self, scaling: Scaling, gap: float) -> Found:
        """Solve, look at all inequalities, add the violated ones, until there is none.

        Raises:
            Unreachable: no multipliers give the function values of the metric, as far as floats tell.
        """
        for both in (False, True):
            chosen = {f.key: neighbours(f, both=both) for f in self.families}
            try:
                out = self.solve(chosen, scaling, 1e-3)
            except Unreachable:
                if both:
                    raise
                continue
            if out.status == "Solved":
                break
        scaling = rescaled(scaling, out, abs(out.dual))
        asked, missing = gap, ""
        for left in reversed(range(ROUNDS)):
            for wanted in (asked, 10 * asked, 100 * asked):
                out = self.solve(chosen, scaling, wanted)
                if out.status == "Solved":
                    break
            new, worst = self._violated(out, chosen, scaling)
            missing = f"inequalities are violated by {worst:.1e} of their size" if new else ""
            if new and left:
                asked = max(gap, _ROUGH)
                chosen = {
                    k: tuple(np.concatenate([a, b]) for a, b in zip(v, new[k], strict=True)) if k in new else v
                    for k, v in chosen.items()
                }
            elif asked == gap:
                break
            else:
                asked = gap
        return Found(chosen, out, scaling, missing)

    def violation(self, found: Found, scaling: Scaling) -> float:
        """The largest violation among the inequalities that were left out, relative to their size in these units."""
        return self._violated(found.solution, found.chosen, scaling)[1]

    def _violated(
        self, out: Solution, chosen: dict[tuple[str, str], Chosen], scaling: Scaling
    ) -> tuple[dict[tuple[str, str], Chosen], float]:
        """For each point its most violated inequality that is not yet chosen, and the largest violation."""
        found, largest = {}, 0.0
        for family in self.families:
            if family.arity == 1:
                continue
            excess = family.values(out.gram, out.values) / self._size(family, scaling)
            excess[chosen[family.key]] = 0.0
            if family.axiom in SYMMETRIC:
                excess[chosen[family.key][::-1]] = 0.0
            np.fill_diagonal(excess, 0.0)
            i, j = np.arange(family.count), excess.argmax(axis=1)
            bad = excess[i, j] > VIOLATED
            if bad.any():
                table = np.zeros((family.count,) * 2, bool)
                table[i[bad], j[bad]] = True
                found[family.key] = _listed(table, family.axiom)
                largest = max(largest, float(excess.max()))
        return found, largest

    def _size(self, family: Family, scaling: Scaling) -> np.ndarray:
        X, G, F = family.points
        x, g = (np.linalg.norm(t * scaling.vectors, axis=1) for t in (X, G))
        T = np.abs(family.quadratic)
        i = T[0, 0] * x**2 + 2 * T[0, 1] * x * g + T[1, 1] * g**2
        j = T[2, 2] * x**2 + 2 * T[2, 3] * x * g + T[3, 3] * g**2
        f = np.abs(F) @ scaling.values
        own = np.maximum((i + f)[:, None], (j + f)[None, :])
        both = np.stack([x, g])
        return np.maximum(own, 2 * both.T @ T[:2, 2:] @ both) + 1e-300

    def solve(self, chosen: dict[tuple[str, str], Chosen], scaling: Scaling, gap: float) -> Solution:
        """The program over the chosen inequalities, to a relative gap; the last steps centre if the gap is small."""
        parts = [f.rows(chosen[f.key]) for f in self.families]
        factors, signs = _compressed([p[:2] for p in parts] + [(self.premises.factors, self.premises.signs)])
        linear = np.concatenate([p[2] for p in parts] + [self.premises.linear])
        constant = np.concatenate([p[3] for p in parts] + [self.premises.constant])
        free = np.concatenate(
            [np.full(len(p[3]), f.equality) for p, f in zip(parts, self.families, strict=True)] + [self.premises.equal]
        )
        d, e, unit = scaling.vectors, scaling.values, scaling.metric
        factors, linear = factors * d[:, None], linear * e
        A0, a0 = self.objective.quadratic * np.outer(d, d) / unit, self.objective.linear * e / unit
        for v in self.loose:  # inner products with it become values, twice the entry of the form
            linear = np.concatenate([linear, 2 * np.einsum("kr,kr,kir->ki", factors[:, v], signs, factors)], axis=1)
            a0 = np.append(a0, 2 * A0[v])
            factors[:, v] = 0.0
        kept = np.delete(np.arange(len(d)), self.loose)
        factors, A0 = factors[:, kept], A0[np.ix_(kept, kept)]
        inner = np.swapaxes(factors, 1, 2) @ factors
        norm = np.sqrt(np.maximum(np.einsum("ka,kab,kb,kab->k", signs, inner, signs, inner), 0))
        norm = np.maximum(norm, np.abs(linear).max(axis=1, initial=0))
        norm = np.where(norm > 0, norm, np.maximum(np.abs(constant), 1e-300))
        signs, linear, constant = signs / norm[:, None], linear / norm[:, None], constant / norm
        spoken = _independent(linear, a0)
        middles = signs[:, :, None] * np.eye(signs.shape[1])
        data = LowRank(factors, middles, -constant, linear[:, spoken], a0[spoken], A0, free if free.any() else None)
        out = interior_point.solve(data, gap=gap, centring=4 if gap < _ROUGH else 0)
        products = np.einsum("kir,kr,kir->k", out.gram @ factors, signs, factors)
        values = np.linalg.lstsq(linear, data.b - products - out.distances, rcond=None)[0]
        left = products + linear @ values - data.b
        excess = np.where(free, np.abs(left), np.maximum(left, 0.0))
        balance = np.abs(linear.T @ out.multipliers - a0)
        gram = np.zeros((len(d),) * 2)
        gram[np.ix_(kept, kept)] = out.gram
        for v, products in zip(self.loose, values[len(e) :].reshape(-1, len(d)), strict=True):
            gram[v] = gram[:, v] = products
        return Solution(
            status="Solved" if out.status == "solved" else out.status,
            dual=self.objective.constant + unit * out.bound,
            primal=self.objective.constant + unit * float(np.vdot(A0, out.gram) + a0 @ values),
            multipliers=out.multipliers / norm * unit,
            spectra=(),
            gram=gram * np.outer(d, d),
            values=values[: len(e)] * e,
            equality_residual=float(balance.max(initial=0)),
            primal_residual=float(excess.max(initial=0)),
            primal_error=unit * float(np.abs(out.multipliers) @ excess),
            dual_error=unit * float(balance @ np.abs(values)),
            iterations=out.iterations,
            margin=0.0,
        )

    def ladder(self, found: Found, gaps: tuple[float, ...]) -> Iterator[Solution]:
        """Solutions at growing gaps, the centred ones first: the further from the boundary, the safer to round."""
        short = []
        for gap in gaps:
            out = self.solve(found.chosen, found.scaling, gap)
            if out.status == "Solved":
                yield found.sorted(out)
            elif np.isfinite(out.multipliers).all():
                short.append(out)
        yield from map(found.sorted, short)  # an iteration that stopped for lack of digits may have enough of them


def _compressed(parts: list[tuple[np.ndarray, np.ndarray]]) -> tuple[np.ndarray, np.ndarray]:
    """All forms with orthonormal factors (m, n, rank) and signs (m, rank), in as low a common rank as they allow."""
    found = []
    for factors, signs in parts:
        basis, small = np.linalg.qr(factors)
        spectrum, turn = np.linalg.eigh((small * signs[:, None, :]) @ np.swapaxes(small, 1, 2))
        order = np.argsort(-np.abs(spectrum), axis=1)
        spectrum = np.take_along_axis(spectrum, order, axis=1)
        found.append((basis @ np.take_along_axis(turn, order[:, None, :], axis=2), spectrum))
    rank = 1
    for _, spectrum in found:
        large = np.abs(spectrum) > 1e-13 * np.abs(spectrum).max(axis=1, initial=1e-300, keepdims=True)
        rank = max(rank, int(large.sum(axis=1).max(initial=0)))
    factors, signs = (np.concatenate([_padded(part[k], rank) for part in found]) for k in range(2))
    return factors, signs


def _padded(a: np.ndarray, rank: int) -> np.ndarray:
    out = np.zeros((*a.shape[:-1], rank))
    kept = min(rank, a.shape[-1])
    out[..., :kept] = a[..., :kept]
    return out


def _independent(linear: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Columns of ``linear`` that determine the others.

    Raises:
        Unreachable: ``right`` does not respect the dependence, so no multipliers reach it.
    """
    _, R, order = qr(linear, mode="economic", pivoting=True)
    diagonal = np.abs(np.diag(R))
    rank = int((diagonal > 1e-10 * diagonal.max(initial=0)).sum())
    if rank < linear.shape[1]:
        rest = solve_triangular(R[:rank, :rank], R[:rank, rank:]).T @ right[order[:rank]]
        if np.abs(rest - right[order[rank:]]).max() > 1e-8 * max(np.abs(right).max(), 1e-300):
            raise Unreachable("the function values of the metric are no combination of those of the inequalities")
    return np.sort(order[:rank])
