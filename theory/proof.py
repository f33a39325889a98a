"""The trusted kernel: what a proof is, and when it is accepted.

A *statement* declares basis vectors and values, members of classes with the points at which they are spoken of,
premises, and a target ``form``; it says that ``target <= 0`` for all such members. A *proof* adds nonnegative
multipliers of axiom instances and premises, and squares, such that

    sum of multiplier * (axiom form)  ==  target + (sum of squares)

identically. As every axiom form is <= 0, the target is. The check is exact arithmetic over Q or Q(parameters); it uses
no solver, no floating point, and only the standard library and (for parameters) sympy's polynomial rings.
"""

from __future__ import annotations

import html
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

from gradproof.theory.axioms import AXIOMS, KINDS, ONE, Coefficient, Form, Member, Point, Vector, is_deviation
from gradproof.theory.errors import ProofRejected
from gradproof.theory.field import Field, Functions, Interval, field_over


@dataclass(frozen=True)
class Premise:
    """A form assumed to be <= 0 (or == 0), such as an initial condition."""

    name: str
    form: Form
    equality: bool = False


@dataclass(frozen=True)
class Statement:
    """``target <= 0`` for all members of the declared classes. ``text`` is for readers and is not checked."""

    vectors: tuple[str, ...]
    values: tuple[str, ...]
    members: tuple[Member, ...]
    target: Form
    premises: tuple[Premise, ...] = ()
    domain: tuple[Interval, ...] = ()
    text: str = ""


@dataclass(frozen=True)
class Use:
    """An axiom at points of a member (or a premise, with ``axiom = "premise"``), times a multiplier."""

    axiom: str
    member: str
    points: tuple[str, ...]
    multiplier: Coefficient
    weights: tuple[Coefficient, ...] = ()


@dataclass(frozen=True)
class Block:
    """``sum_ab matrix[a][b] <vectors[a], vectors[b]>`` with a positive semidefinite matrix; 1 x 1 is a plain square."""

    vectors: tuple[Vector, ...]
    matrix: tuple[tuple[Coefficient, ...], ...]


@dataclass(frozen=True)
class Proof:
    """A statement with the multipliers and squares that prove it.

    ``blocks = None`` leaves the slack to the kernel, which computes it and decides its positive semidefiniteness.
    """

    statement: Statement
    uses: tuple[Use, ...]
    blocks: tuple[Block, ...] | None = None

    def at(self, **values: Any) -> Proof:
        """The proof of a parametric statement at one rational point of its domain.

        Raises:
            ProofRejected: the point lies outside the domain.
        """
        field = field_over(self.statement.domain)
        if not isinstance(field, Functions):
            return self
        point = {k: field_over(()).read(v) for k, v in values.items()}
        wrong = field.contains(point)
        if wrong:
            raise ProofRejected(f"the proof does not cover this point: {wrong}")
        where = ", ".join(f"{k} = {v}" for k, v in point.items())
        moved = map_coefficients(self, lambda c: field.at(c, point))
        return replace(moved, statement=replace(moved.statement, domain=(), text=f"{self.statement.text} [{where}]"))

    def __repr__(self) -> str:
        return f"<Proof of {self.statement.text or 'a quadratic inequality'!r}: {len(self.uses)} axiom instances>"

    def _repr_html_(self) -> str:
        s = self.statement
        return (
            f"<b>proof</b> of: {html.escape(s.text) or 'a quadratic inequality'}<br>{len(self.uses)} axiom instances, "
            f"{'slack decided by the kernel' if self.blocks is None else f'{len(self.blocks)} squares'}"
            + (f"<br>for all {html.escape('; '.join(map(str, s.domain)))}" if s.domain else "")
        )


@dataclass(frozen=True)
class Accepted:
    """What the kernel answers: the statement it accepted, and what was used."""

    statement: Statement
    axioms: tuple[str, ...]


# --- the check -------------------------------------------------------------------------------------------------------


def check(proof: Proof) -> Accepted:
    """Accept a proof, or raise.

    Raises:
        ProofRejected: with the first step that fails.
    """
    field = field_over(proof.statement.domain)
    proof = map_coefficients(proof, field.admit)
    statement = proof.statement
    _check_statement(statement, field)
    total = Form()
    for number, use in enumerate(proof.uses):
        form, equality = axiom_form(statement, use, field)
        if not equality and not field.nonnegative(use.multiplier):
            shown = field.brief(use.multiplier)
            raise ProofRejected(f"multiplier {number} ({use.axiom} of {use.member}) is not shown to be >= 0: {shown}")
        total.add(form, use.multiplier)
    slack = total.add(statement.target, -1)
    if slack.linear:
        name, c = next(iter(slack.linear.items()))
        raise ProofRejected(f"the function values do not cancel: {field.brief(c)} times {name} is left")
    if proof.blocks is None:
        _check_semidefinite(slack.quadratic, statement.vectors, field)
    else:
        for number, block in enumerate(proof.blocks):
            _check_block(number, block, statement, field)
            slack.add(_block_form(block), -1)
        if slack.quadratic:
            (a, b), c = next(iter(slack.quadratic.items()))
            raise ProofRejected(f"the identity fails: {field.brief(c)} times <{a}, {b}> is left")
    return Accepted(statement, tuple(sorted({u.axiom for u in proof.uses})))


def axiom_form(statement: Statement, use: Use, field: Field) -> tuple[Form, bool]:
    """The inequality that a use stands for, and whether it is an equality."""
    if use.axiom == "premise":
        for p in statement.premises:
            if p.name == use.member:
                return p.form, p.equality
        raise ProofRejected(f"the statement has no premise {use.member!r}")
    axiom = AXIOMS.get(use.axiom)
    if axiom is None:
        raise ProofRejected(f"unknown axiom {use.axiom!r}; the kernel has {', '.join(AXIOMS)}")
    member = next((m for m in statement.members if m.name == use.member), None)
    if member is None:
        raise ProofRejected(f"the statement has no member {use.member!r}")
    if member.kind not in axiom.kinds or (member.average and not axiom.averaged):
        raise ProofRejected(
            f"axiom {use.axiom} does not hold for {member.name}, a {'family: ' * member.average}{member.kind}"
        )
    if axiom.arity not in (-1, len(use.points)):
        raise ProofRejected(f"axiom {use.axiom} speaks of {axiom.arity} points, got {len(use.points)}")
    if use.axiom == "lipschitz" and member.kind == "function" and not member.average:
        mu, L = member.constants.get("mu"), member.constants.get("L")
        if mu is None or L is None or not field.nonnegative(mu + L):
            raise ProofRejected(f"the gradient of {member.name} is Lipschitz only if its curvature lies in [-L, L]")
    return axiom.build(member, tuple(member.point(p) for p in use.points), use.weights), axiom.equality


def _check_statement(s: Statement, field: Field) -> None:
    for kind, names in (
        ("vector", s.vectors),
        ("value", s.values),
        ("member", [m.name for m in s.members]),
        ("premise", [p.name for p in s.premises]),
    ):
        if len(set(names)) != len(names):
            raise ProofRejected(f"the statement declares a {kind} twice")
    if ONE in s.values:
        raise ProofRejected(f"{ONE!r} is the constant, it cannot name a value")
    vectors, values = frozenset(s.vectors), frozenset(s.values) | {ONE}
    for form in (s.target, *(p.form for p in s.premises)):
        for a, b in form.quadratic:
            if a not in vectors or b not in vectors or a > b or is_deviation(a) != is_deviation(b):
                raise ProofRejected(f"<{a}, {b}> is not an inner product of two declared vectors")
        _known(form.linear, values, "value")
    for m in s.members:
        _check_member(m, s, vectors, values, field)


def _known(names: Mapping[str, Any], known: frozenset[str], what: str) -> None:
    for name in names:
        if name not in known:
            raise ProofRejected(f"{what} {name!r} is used but not declared")


def _check_member(m: Member, s: Statement, vectors: frozenset[str], values: frozenset[str], field: Field) -> None:
    if m.kind not in KINDS:
        raise ProofRejected(f"{m.name} is of unknown kind {m.kind!r}; the kernel has {', '.join(KINDS)}")
    required, optional = KINDS[m.kind]
    if m.average:
        required, optional = (frozenset({"L"}), frozenset()) if m.kind == "function" else (required, optional)
    given = frozenset(m.constants)
    if not required <= given or not given <= required | optional:
        raise ProofRejected(
            f"{m.name} ({m.kind}) has constants {sorted(given)}, needs {sorted(required)}, may have {sorted(optional)}"
        )
    for name in ("L", "M", "D", "PL", "beta"):
        if name in m.constants and not field.positive(m.constants[name]):
            raise ProofRejected(f"{m.name}: {name} is not shown to be positive")
    if "q2" in m.constants and not field.nonnegative(m.constants["q2"]):
        raise ProofRejected(f"{m.name}: q2 is not shown to be nonnegative")
    if (
        m.kind in ("function", "quadratic")
        and {"mu", "L"} <= given
        and not field.positive(m.constants["L"] - m.constants["mu"])
    ):
        raise ProofRejected(f"{m.name}: mu < L is not shown")
    if "lower" in m.constants:
        _known({m.constants["lower"]: 1}, values, "value")
    if len({p.name for p in m.points}) != len(m.points):
        raise ProofRejected(f"{m.name} declares a point twice")
    for p in m.points:
        _known(p.x, vectors, "vector")
        _known(p.g, vectors, "vector")
        _known(p.f, values, "value")
        if not m.average and any(is_deviation(n) for n in (*p.x, *p.g)):
            raise ProofRejected(f"{m.name} is not a family of workers but has a worker's deviation at {p.name}")
    if m.average and m.kind == "function" and any(is_deviation(n) for p in m.points for n in p.x):
        raise ProofRejected(f"the workers of {m.name} are evaluated at a common point")
    if m.mean_of:
        family = next((o for o in s.members if o.name == m.mean_of and o.average), None)
        if family is None:
            raise ProofRejected(f"{m.name} is the mean of {m.mean_of!r}, which is no family")
        for p in m.points:
            q = family.point(p.name)
            mean = {k: c for k, c in q.g.items() if not is_deviation(k)}
            if dict(p.x) != dict(q.x) or dict(p.g) != mean:
                raise ProofRejected(f"{m.name} is not the mean of {m.mean_of} at {p.name}")


# --- squares ---------------------------------------------------------------------------------------------------------


def _block_form(block: Block) -> Form:
    form: dict[tuple[str, str], Coefficient] = {}
    for a, u in enumerate(block.vectors):
        for b, v in enumerate(block.vectors):
            c = block.matrix[a][b]
            if c == 0:
                continue
            for m, cm in u.items():
                for n, cn in v.items():
                    key = (m, n) if m <= n else (n, m)
                    form[key] = form.get(key, 0) + c * cm * cn
    return Form({k: c for k, c in form.items() if c != 0})


def _check_block(number: int, block: Block, statement: Statement, field: Field) -> None:
    size = len(block.vectors)
    if len(block.matrix) != size or any(len(row) != size for row in block.matrix):
        raise ProofRejected(f"square {number} has {size} vectors but not a {size} x {size} matrix")
    vectors = frozenset(statement.vectors)
    for v in block.vectors:
        _known(v, vectors, "vector")
    if len({is_deviation(n) for v in block.vectors for n in v}) > 1:
        raise ProofRejected(f"square {number} mixes means and deviations")
    rows = [{b: block.matrix[a][b] for b in range(size) if block.matrix[a][b] != 0} for a in range(size)]
    if any(rows[b].get(a, 0) != c for a in range(size) for b, c in rows[a].items()):
        raise ProofRejected(f"the matrix of square {number} is not symmetric")
    why = not_semidefinite(rows, field)
    if why:
        raise ProofRejected(f"square {number}: {why}")


def _check_semidefinite(form: Mapping[tuple[str, str], Coefficient], vectors: tuple[str, ...], field: Field) -> None:
    index = {name: i for i, name in enumerate(vectors)}
    rows: list[dict[int, Coefficient]] = [{} for _ in vectors]
    for (a, b), c in form.items():
        i, j = index[a], index[b]
        if i == j:
            rows[i][i] = c
        else:
            rows[i][j] = rows[j][i] = c / 2
    why = not_semidefinite(rows, field)
    if why:
        raise ProofRejected(f"the slack is not a sum of squares: {why}")


def not_semidefinite(rows: list[dict[int, Coefficient]], field: Field) -> str:
    """Empty text if the symmetric matrix (sparse rows) is positive semidefinite, else why not. LDL^T in place."""
    for i in range(len(rows)):
        row = {j: c for j, c in rows[i].items() if j >= i}
        pivot = row.pop(i, 0)
        if pivot == 0:
            if row:
                return f"pivot {i} is zero in a nonzero row"
            continue
        if not field.nonnegative(pivot):
            return f"pivot {i} is not shown to be positive: {field.brief(pivot)}"
        for j, cj in row.items():
            ratio = cj / pivot
            target = rows[j]
            target.pop(i, None)
            for k, ck in row.items():
                if k >= j:
                    value = target.get(k, 0) - ratio * ck
                    if value == 0:
                        target.pop(k, None)
                    else:
                        target[k] = value
    return ""


def map_coefficients(proof: Proof, f: Callable[[Coefficient], Coefficient]) -> Proof:
    """Apply ``f`` to every coefficient."""

    def linear(v: Vector) -> dict[str, Coefficient]:
        moved = {k: f(c) for k, c in v.items()}
        return {k: c for k, c in moved.items() if c != 0}

    def form(x: Form) -> Form:
        moved = {k: f(c) for k, c in x.quadratic.items()}
        return Form({k: c for k, c in moved.items() if c != 0}, linear(x.linear))

    s = proof.statement
    members = tuple(
        replace(
            m,
            constants={k: c if k == "lower" else f(c) for k, c in m.constants.items()},
            points=tuple(Point(p.name, linear(p.x), linear(p.g), linear(p.f)) for p in m.points),
        )
        for m in s.members
    )
    statement = replace(
        s, members=members, target=form(s.target), premises=tuple(replace(p, form=form(p.form)) for p in s.premises)
    )
    uses = tuple(replace(u, multiplier=f(u.multiplier), weights=tuple(map(f, u.weights))) for u in proof.uses)
    blocks = (
        None
        if proof.blocks is None
        else tuple(
            Block(tuple(map(linear, b.vectors)), tuple(tuple(map(f, r)) for r in b.matrix)) for b in proof.blocks
        )
    )
    return Proof(statement, uses, blocks)


def rational(x: Any) -> Fraction:
    """An exact number as a ``Fraction``; floats are refused."""
    return field_over(()).read(x)
