"""A second checker of proofs, written apart from the kernel and fast for large ones.

It accepts what ``theory.proof.check`` accepts, and was written from the meaning of the axioms rather than from that
code: numbers are flint rationals; an axiom adds a few coefficients to a sparse matrix W over the declared arguments and
gradients, and the slack is V^T W V, with V their coordinates, in one pass at the end; definiteness is decided by
integer congruence. A proof with parameters is small, and is left to the kernel.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from typing import Any

import flint

from gradproof.solvers.exact.definite import integer_matrix, is_positive_semidefinite
from gradproof.solvers.exact.fast_axioms import RULES, Row, Sums, accumulate, check_constants, pair, spectrum
from gradproof.theory import proof as kernel
from gradproof.theory.axioms import Form, Member
from gradproof.theory.errors import ProofRejected
from gradproof.theory.proof import Accepted, Block, Proof, Statement, Use

_SMALL = 6  # up to this size elimination beats congruence
_DENSE = 4  # coordinates a vector on average, from which matrix products beat sparse sums


def check(proof: Proof) -> Accepted:
    """Accept a proof, or raise.

    Raises:
        ProofRejected: with the first step that fails.
    """
    if proof.statement.domain:
        return kernel.check(proof)
    work = _Work(proof.statement)
    for number, use in enumerate(proof.uses):
        work.add(number, use)
    slack = work.slack()
    if proof.blocks is None:
        _semidefinite(slack, work.size)
    else:
        for number, block in enumerate(proof.blocks):
            work.subtract(slack, number, block)
        left = next((key for key, c in slack.items() if c != 0), None)
        if left is not None:
            raise ProofRejected(f"the identity fails at <{work.vectors[left[0]]}, {work.vectors[left[1]]}>")
    return Accepted(proof.statement, tuple(sorted({u.axiom for u in proof.uses})))


def slack(statement: Statement, uses: Iterable[Use]) -> dict[tuple[int, int], flint.fmpq]:
    """``sum of multiplier * (axiom form) - target`` over pairs i <= j of the statement's vectors, ``<i, j>`` counted once.

    Raises:
        ProofRejected: a use is not an instance, a multiplier is negative, or the function values do not cancel.
    """
    work = _Work(statement)
    for number, use in enumerate(uses):
        work.add(number, use)
    return {key: c for key, c in work.slack().items() if c != 0}


def accepts(proof: Proof) -> bool:
    """Whether ``check`` accepts."""
    try:
        check(proof)
    except ProofRejected:
        return False
    return True


def _rational(c: Any) -> flint.fmpq:
    if type(c) is Fraction:
        return flint.fmpq(c.numerator, c.denominator)
    if type(c) is int:
        return flint.fmpq(c)
    raise ProofRejected(f"a proof needs exact numbers, got {c!r}; use int or Fraction")


def _distinct(names: Sequence[str], what: str) -> None:
    if len(set(names)) != len(names):
        raise ProofRejected(f"a {what} is declared twice")


class _Work(Sums):
    """One check in progress: coordinates of the statement's vectors, and what the uses have added up to."""

    def __init__(self, statement: Statement) -> None:
        self.statement = statement
        self.vectors = statement.vectors
        self.size = len(statement.vectors)
        _distinct(statement.vectors, "vector")
        _distinct(statement.values, "value")
        _distinct([m.name for m in statement.members], "member")
        _distinct([p.name for p in statement.premises], "premise")
        self.vector_index = {name: i for i, name in enumerate(statement.vectors)}
        self.deviation = [name.endswith("~") for name in statement.vectors]
        if "1" in statement.values:
            raise ProofRejected("'1' is the constant, it cannot name a value")
        super().__init__(statement.values)
        self.atoms: list[Row] = []  # coordinates of x, then of g, of every point
        self.points: dict[tuple[str, str], int] = {}
        self.members = {m.name: m for m in statement.members}
        self.forms = {p.name: (self.form(p.form), p.equality) for p in statement.premises}
        self.target = self.form(statement.target)
        for m in statement.members:
            self.declare(m)
        for m in statement.members:
            if m.mean_of:
                self.check_mean(m)
        self.premises: dict[tuple[int, int], flint.fmpq] = {}  # over vectors

    # --- reading the statement ---------------------------------------------------------------------------------------

    def row(self, vector: Mapping[str, Any], index: Mapping[str, int], what: str) -> Row:
        found = [(name, _rational(c)) for name, c in vector.items()]
        for name, c in found:
            if c != 0 and name not in index:
                raise ProofRejected(f"{what} {name!r} is used but not declared")
        return [(index[name], c) for name, c in found if c != 0]

    def form(self, form: Form) -> tuple[dict[tuple[int, int], flint.fmpq], Row]:
        quadratic: dict[tuple[int, int], flint.fmpq] = {}
        for (a, b), value in form.quadratic.items():
            c = _rational(value)
            if c == 0:
                continue
            i, j = self.vector_index.get(a), self.vector_index.get(b)
            if i is None or j is None or a > b or self.deviation[i] != self.deviation[j]:
                raise ProofRejected(f"<{a}, {b}> is not an inner product of two declared vectors")
            accumulate(quadratic, pair(i, j), c)
        return quadratic, self.row(form.linear, self.value_index, "value")

    def declare(self, m: Member) -> None:
        constants = {k: _rational(c) for k, c in m.constants.items() if k != "lower"}
        self.constants[m.name] = constants
        check_constants(m, constants)
        if "lower" in m.constants and m.constants["lower"] not in self.value_index:
            raise ProofRejected(f"value {m.constants['lower']!r} is used but not declared")
        _distinct([p.name for p in m.points], f"point of {m.name}")
        for p in m.points:
            x, g = (self.row(v, self.vector_index, "vector") for v in (p.x, p.g))
            if not m.average and any(self.deviation[i] for i, _ in (*x, *g)):
                raise ProofRejected(f"{m.name} is no family of workers but has a worker's deviation at {p.name}")
            if m.average and m.kind == "function" and any(self.deviation[i] for i, _ in x):
                raise ProofRejected(f"the workers of {m.name} are evaluated at a common point")
            self.points[m.name, p.name] = len(self.functions)
            self.atoms += [x, g]
            self.functions.append(self.row(p.f, self.value_index, "value"))

    def check_mean(self, m: Member) -> None:
        family = self.members.get(m.mean_of)
        if family is None or not family.average:
            raise ProofRejected(f"{m.name} is the mean of {m.mean_of!r}, which is no family")
        for p in m.points:
            if (m.mean_of, p.name) not in self.points:
                raise ProofRejected(f"member {m.mean_of} has no point {p.name!r}")
            mine, theirs = 2 * self.points[m.name, p.name], 2 * self.points[m.mean_of, p.name]
            mean = {i: c for i, c in self.atoms[theirs + 1] if not self.deviation[i]}
            if dict(self.atoms[mine]) != dict(self.atoms[theirs]) or dict(self.atoms[mine + 1]) != mean:
                raise ProofRejected(f"{m.name} is not the mean of {m.mean_of} at {p.name}")

    # --- adding up ---------------------------------------------------------------------------------------------------

    def add(self, number: int, use: Use) -> None:
        multiplier = _rational(use.multiplier)
        weights = [_rational(w) for w in use.weights]
        if use.axiom == "premise":
            if use.member not in self.forms:
                raise ProofRejected(f"the statement has no premise {use.member!r}")
            (quadratic, linear), equality = self.forms[use.member]
            for key, c in quadratic.items():
                accumulate(self.premises, key, multiplier * c)
            self.value(linear, multiplier)
        else:
            equality = self.add_axiom(use, multiplier, weights)
        if multiplier < 0 and not equality:
            raise ProofRejected(f"multiplier {number} ({use.axiom} of {use.member}) is {multiplier}, needs >= 0")

    def add_axiom(self, use: Use, multiplier: flint.fmpq, weights: list[flint.fmpq]) -> bool:
        rule = RULES.get(use.axiom)
        if rule is None:
            raise ProofRejected(f"unknown axiom {use.axiom!r}")
        member = self.members.get(use.member)
        if member is None:
            raise ProofRejected(f"the statement has no member {use.member!r}")
        kinds, arity, families, equality, needs, apply = rule
        if member.kind not in kinds or (member.average and not families):
            raise ProofRejected(f"axiom {use.axiom} does not hold for {member.name}, of kind {member.kind}")
        if arity is not None and len(use.points) != arity:
            raise ProofRejected(f"axiom {use.axiom} speaks of {arity} points, got {len(use.points)}")
        for name in needs:
            if name not in member.constants:
                raise ProofRejected(f"axiom {use.axiom} needs the constant {name} of {member.name}")
        places = []
        for name in use.points:
            if (member.name, name) not in self.points:
                raise ProofRejected(f"member {member.name} has no point {name!r}")
            places.append(self.points[member.name, name])
        if use.axiom == "spectrum":
            spectrum(self, member, places, weights, multiplier)
        else:
            apply(self, member, places, multiplier)
        return equality

    def slack(self) -> dict[tuple[int, int], flint.fmpq]:
        """What the uses exceed the target by, over the declared vectors; the values must have cancelled."""
        quadratic, linear = self.target
        self.value(linear, flint.fmpq(-1))
        for i, c in self.linear.items():
            if c != 0:
                name = (*self.statement.values, "1")[i]
                raise ProofRejected(f"the function values do not cancel: {c} times {name} is left")
        slack = self.premises
        for key, c in quadratic.items():
            accumulate(slack, key, -c)
        if sum(map(len, self.atoms)) > _DENSE * len(self.atoms):
            self._dense(slack)
        else:
            self._sparse(slack)
        for i, j in [key for key in slack if self.deviation[key[0]] != self.deviation[key[1]]]:
            del slack[i, j]  # deviations average to zero
        return slack

    def _sparse(self, slack: dict[tuple[int, int], flint.fmpq]) -> None:
        for (a, b), c in self.quadratic.items():
            if c == 0:
                continue
            for i, ci in self.atoms[a]:
                scaled = c * ci
                for j, cj in self.atoms[b]:
                    accumulate(slack, pair(i, j), scaled * cj)

    def _dense(self, slack: dict[tuple[int, int], flint.fmpq]) -> None:
        used = sorted({a for key, c in self.quadratic.items() if c != 0 for a in key})
        if not used:
            return
        where = {a: k for k, a in enumerate(used)}
        rows = [[flint.fmpq(0)] * self.size for _ in used]
        for k, a in enumerate(used):
            for i, c in self.atoms[a]:
                rows[k][i] = c
        coordinates = flint.fmpq_mat(rows)
        table = [[flint.fmpq(0)] * len(used) for _ in used]
        for (a, b), c in self.quadratic.items():
            if c != 0:
                table[where[a]][where[b]] = c
        product = (coordinates.transpose() * flint.fmpq_mat(table) * coordinates).tolist()
        for i in range(self.size):
            for j in range(i, self.size):
                c = product[i][j] if i == j else product[i][j] + product[j][i]
                if c != 0:
                    accumulate(slack, (i, j), c)

    def subtract(self, slack: dict[tuple[int, int], flint.fmpq], number: int, block: Block) -> None:
        """Take a block from the slack, once its matrix is seen to be positive semidefinite."""
        size = len(block.vectors)
        if len(block.matrix) != size or any(len(r) != size for r in block.matrix):
            raise ProofRejected(f"square {number} has {size} vectors but not a {size} x {size} matrix")
        vectors = [self.row(v, self.vector_index, "vector") for v in block.vectors]
        if len({self.deviation[i] for v in vectors for i, _ in v}) > 1:
            raise ProofRejected(f"square {number} mixes means and deviations")
        matrix = [[_rational(c) for c in r] for r in block.matrix]
        if any(matrix[a][b] != matrix[b][a] for a in range(size) for b in range(a)):
            raise ProofRejected(f"the matrix of square {number} is not symmetric")
        if not _is_semidefinite(matrix):
            raise ProofRejected(f"the matrix of square {number} is not positive semidefinite")
        for a in range(size):
            for b in range(size):
                for i, ci in vectors[a]:
                    scaled = matrix[a][b] * ci
                    for j, cj in vectors[b]:
                        accumulate(slack, pair(i, j), -scaled * cj)


# --- semidefiniteness --------------------------------------------------------------------------------------------


def _semidefinite(form: Mapping[tuple[int, int], flint.fmpq], size: int) -> None:
    """The quadratic form, split into its connected parts, has no negative direction."""
    parent = list(range(size))

    def root(i: int) -> int:
        while parent[i] != i:
            parent[i] = parent[parent[i]]
            i = parent[i]
        return i

    entries = {key: c for key, c in form.items() if c != 0}
    for i, j in entries:
        parent[root(i)] = root(j)
    parts: dict[int, list[int]] = {}
    for i in sorted({i for key in entries for i in key}):
        parts.setdefault(root(i), []).append(i)
    zero = flint.fmpq(0)
    for part in parts.values():
        matrix = [[entries.get(pair(i, j), zero) / (1 if i == j else 2) for j in part] for i in part]
        if not _is_semidefinite(matrix):
            raise ProofRejected("the slack is not a sum of squares")


def _is_semidefinite(matrix: list[list[flint.fmpq]]) -> bool:
    if len(matrix) > _SMALL:
        return is_positive_semidefinite(integer_matrix(matrix))
    work = [list(row) for row in matrix]
    for k in range(len(work)):
        pivot = work[k][k]
        rest = range(k + 1, len(work))
        if pivot < 0 or (pivot == 0 and any(work[k][j] != 0 for j in rest)):
            return False
        if pivot != 0:
            for i in rest:
                ratio = work[i][k] / pivot
                if ratio != 0:
                    for j in rest:
                        work[i][j] -= ratio * work[k][j]
    return True
