"""The same problem in other vectors or other units, and the way back: an exact change, so that proofs translate."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction

from gradproof.solvers.exact.rays import Contradiction, Moments, Ray, Recession
from gradproof.solvers.pep.model.expressions import Scalar
from gradproof.solvers.pep.model.problem import Model
from gradproof.theory.axioms import combine
from gradproof.theory.proof import Proof, Statement, Use


@dataclass(frozen=True, eq=False)
class Rewritten:
    """A problem in other vectors or units.

    Attributes:
        basis: each vector of the original as a combination of the new ones.
        unit: the worst case of the original in units of the new one's.
        values: the units of the values that have one other than 1; those put at zero are not among the new problem's.
        weights: (axiom, member) -> the multiplier of the original in units of the new one's, where it is not ``unit``.
    """

    problem: Model
    metric: Scalar
    per: Scalar | None
    basis: Mapping[str, Mapping[str, Fraction]]
    unit: Fraction
    values: Mapping[str, Fraction] = field(default_factory=dict)
    weights: Mapping[tuple[str, str], Fraction] = field(default_factory=dict)

    def weight(self, axiom: str, member: str) -> Fraction:
        """The factor of a multiplier."""
        return self.weights.get((axiom, member), self.unit)

    def proof(self, found: Proof, statement: Statement) -> Proof:
        """The proof of the original ``statement``: its inequalities are the same ones."""
        return Proof(statement, tuple(map(self._use, found.uses)))

    def _use(self, use: Use) -> Use:
        return replace(use, multiplier=use.multiplier * self.weight(use.axiom, use.member))

    def ray(self, found: Ray, statement: Statement) -> Ray:
        """The ray of the original ``statement``."""
        if isinstance(found, Contradiction):
            return Contradiction(statement, tuple(map(self._use, found.uses)))
        return Recession(statement, self._moments(found.direction), self._moments(found.start))

    def _moments(self, x: Moments) -> Moments:
        rows = []
        for w, row in x.rows:
            moved = {v: sum((c * row.get(u, 0) for u, c in b.items()), Fraction(0)) for v, b in self.basis.items()}
            rows.append((w, combine((1, {v: c for v, c in moved.items() if c}))))
        return Moments(tuple(rows), {f: c * self.values.get(f, 1) for f, c in x.values.items()})
