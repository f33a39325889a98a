"""Why a problem has no worst case: rays in exact arithmetic, and a check of them that solves nothing.

A *contradiction* is a combination of inequalities of the classes and premises, with multipliers >= 0, that says
"a positive number is <= 0": no members satisfy the premises. A *recession* is a start that satisfies all inequalities
and a direction in which one may go for ever while the metric grows: nothing bounds it. Inner products are given as sums
``sum w <r, a> <r, b>`` over rows r with weights w >= 0, so that they are those of vectors by construction.

Farkas (1902), in the form for cones: Ben-Tal, Nemirovski (2001), section 2.4. The inequalities are built by the kernel's
axioms; nothing else of the kernel is used, and no solver.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import cached_property
from typing import Any

from gradproof.solvers.exact.definite import ldl
from gradproof.theory.axioms import AXIOMS, ONE, Form, Member, combine, inner
from gradproof.theory.errors import ProofFormatError, ProofRejected
from gradproof.theory.field import Rationals
from gradproof.theory.proof import Proof, Statement, Use, axiom_form, check, not_semidefinite
from gradproof.theory.proof_json import read_proof, read_untrusted, write_proof

FORMAT = "gradproof-ray-1"
MAX_BYTES = 64 * 2**20

#: What is asked of data for them to belong to a member: axiom, and the constants with which the class has it
NEEDED: dict[str, tuple[tuple[str, frozenset[str]], ...]] = {
    "function": (
        ("interpolation", frozenset({"mu"})),
        ("bounded", frozenset({"M"})),
        ("lower", frozenset({"lower"})),
        ("pl", frozenset({"PL", "lower"})),
    ),
    "indicator": (("normal-cone", frozenset()), ("diameter", frozenset({"D"})), ("indicator-value", frozenset())),
    "quadratic": (("symmetry", frozenset()), ("value", frozenset())),  # and the matrix inequality
    "operator": (
        ("monotone", frozenset({"mu"})),
        ("cocoercive", frozenset({"beta"})),
        ("lipschitz", frozenset({"L"})),
    ),
    "compressor": (("contraction", frozenset()),),
}


@dataclass(frozen=True)
class Moments:
    """Inner products ``<a, b> = sum weight * row[a] * row[b]`` of all vectors, and the values; what is missing is zero."""

    rows: tuple[tuple[Fraction, Mapping[str, Fraction]], ...] = ()
    values: Mapping[str, Fraction] = field(default_factory=dict)

    @cached_property
    def products(self) -> dict[tuple[str, str], Fraction]:
        """``<a, b>`` for a <= b, those that are not zero."""
        found: dict[tuple[str, str], Fraction] = {}
        for w, row in self.rows:
            for a, b in itertools.combinations_with_replacement(sorted(row), 2):
                found[a, b] = found.get((a, b), Fraction(0)) + w * row[a] * row[b]
        return found

    def of(self, form: Form, *, constant: bool) -> Fraction:
        """The value of a form, with its constant or without."""
        products = self.products
        total = sum((c * products[pair] for pair, c in form.quadratic.items() if pair in products), Fraction(0))
        for v, c in form.linear.items():
            if v == ONE:
                total += c * int(constant)
            else:
                total += c * self.values.get(v, 0)
        return total


@dataclass(frozen=True)
class Contradiction:
    """``sum multiplier * inequality`` is a positive constant plus squares; the statement's target plays no part."""

    statement: Statement
    uses: tuple[Use, ...]


@dataclass(frozen=True)
class Recession:
    """From ``start`` in the ``direction`` everything stays allowed, and the statement's target grows for ever."""

    statement: Statement
    direction: Moments
    start: Moments = Moments()


Ray = Contradiction | Recession


def check_ray(ray: Ray) -> None:
    """Accept a ray, or raise.

    Raises:
        ProofRejected: with what fails.
    """
    s = ray.statement
    for form in (s.target, *(p.form for p in s.premises)):
        if {v for pair in form.quadratic for v in pair} - {*s.vectors} or {*form.linear} - {*s.values, ONE}:
            raise ProofRejected("a form of the statement has a vector or a value that is not declared")
    check(Proof(replace(s, target=Form(), premises=()), ()))  # the members are well formed
    if isinstance(ray, Contradiction):
        _check_contradiction(ray)
    else:
        _check_recession(ray)


def _check_contradiction(ray: Contradiction) -> None:
    total = Form()
    for use in ray.uses:
        form, equality = axiom_form(ray.statement, use, Rationals())
        if use.multiplier < 0 and not equality:
            raise ProofRejected(f"the multiplier of {use.axiom} of {use.member} is negative: {use.multiplier}")
        total.add(form, use.multiplier)
    constant = total.linear.pop(ONE, Fraction(0))
    if total.linear:
        raise ProofRejected(f"the values do not cancel: {next(iter(total.linear))} is left")
    if not constant > 0:
        raise ProofRejected(f"the inequalities add up to {constant} <= 0, which is no contradiction")
    index = {v: k for k, v in enumerate(ray.statement.vectors)}
    rows: list[dict[int, Any]] = [{} for _ in index]
    for (a, b), c in total.quadratic.items():
        i, j = index[a], index[b]
        rows[i][j] = rows[j][i] = c if i == j else c / 2
    why = not_semidefinite(rows, Rationals())
    if why:
        raise ProofRejected(f"what the inequalities add up to is not a sum of squares: {why}")


def _check_recession(ray: Recession) -> None:
    s = ray.statement
    if any(m.average or m.mean_of for m in s.members) or s.domain:
        raise ProofRejected("rays are checked for single members at numbers, not for families or parameters")
    for what, moments, constant in (("direction", ray.direction, False), ("start", ray.start, True)):
        if any(w < 0 for w, _ in moments.rows):
            raise ProofRejected(f"a weight of the {what} is negative")
        for name, form, equality in inequalities(s):
            left = moments.of(form, constant=constant)
            if left > 0 or (equality and left != 0):
                raise ProofRejected(f"the {what} violates {name} by {float(left):.3g}")
        for m in s.members:
            if m.kind == "quadratic":
                _check_spectrum(m, moments, what)
    growth = ray.direction.of(s.target, constant=False)
    if not growth > 0:
        raise ProofRejected(f"the metric does not grow in the direction: it changes by {float(growth):.3g}")


def inequalities(s: Statement) -> Iterator[tuple[str, Form, bool]]:
    """All that data must satisfy to be those of members under the premises, but for the matrices of quadratics."""
    for p in s.premises:
        yield f"the premise {p.name}", p.form, p.equality
    for m in s.members:
        for axiom, constants in NEEDED[m.kind]:
            if constants <= set(m.constants):
                for points in itertools.permutations(m.points, AXIOMS[axiom].arity):
                    name = f"{axiom} {m.name}({', '.join(p.name for p in points)})"
                    yield name, AXIOMS[axiom].build(m, points, ()), AXIOMS[axiom].equality


def _check_spectrum(m: Member, moments: Moments, what: str) -> None:
    mu, L = m.constants["mu"], m.constants["L"]
    low = [combine((1, p.g), (-mu, p.x)) for p in m.points]
    high = [combine((L, p.x), (-1, p.g)) for p in m.points]

    matrix = [[(moments.of(inner(a, d).add(inner(c, b)), constant=False)) / 2 for b, d in zip(low, high, strict=True)]
              for a, c in zip(low, high, strict=True)]  # fmt: skip
    try:
        ldl(matrix)
    except ValueError as error:
        raise ProofRejected(f"the {what} violates the matrix inequality of {m.name}: {error}") from None


def write_ray(ray: Ray) -> str:
    """Text that ``read_ray`` reads back to an equal ray."""
    if isinstance(ray, Contradiction):
        data: dict[str, Any] = {
            "kind": "contradiction",
            "proof": json.loads(write_proof(Proof(ray.statement, ray.uses))),
        }
    else:
        data = {"kind": "recession", "proof": json.loads(write_proof(Proof(ray.statement, ())))}
        data |= {"direction": _moments_json(ray.direction), "start": _moments_json(ray.start)}
    return json.dumps({"format": FORMAT} | data, indent=1)


def read_ray(text: str) -> Ray:
    """Parse a ray: data from a stranger, so sizes and depths are limited and nothing is evaluated.

    Raises:
        ProofFormatError: what is wrong with the text.
    """
    data = read_untrusted(text, "a ray", MAX_BYTES)
    if not isinstance(data, dict) or data.get("format") != FORMAT:
        raise ProofFormatError(f"not a ray: its format is not {FORMAT!r}")
    proof = read_proof(json.dumps(data.get("proof")))
    kind = data.get("kind")
    if kind == "contradiction":
        return Contradiction(proof.statement, proof.uses)
    if kind != "recession":
        raise ProofFormatError(f"a ray is a contradiction or a recession, found {str(kind)[:40]!r}")
    try:
        return Recession(proof.statement, *(_moments(data[name], proof.statement) for name in ("direction", "start")))
    except (KeyError, TypeError, AttributeError, ValueError, ProofRejected) as error:
        if isinstance(error, ProofFormatError):
            raise
        raise ProofFormatError(f"not a ray: {type(error).__name__} {str(error)[:200]}") from None


def _moments_json(x: Moments) -> dict[str, Any]:
    return {
        "rows": [{"weight": str(w), "row": {v: str(c) for v, c in row.items()}} for w, row in x.rows],
        "values": {v: str(c) for v, c in x.values.items()},
    }


def _moments(data: Any, s: Statement) -> Moments:
    read = Rationals().read

    def numbers(entries: Any, known: tuple[str, ...]) -> dict[str, Fraction]:
        unknown = set(entries) - set(known)
        if unknown:
            raise ProofFormatError(f"{min(unknown)[:40]!r} is not declared")
        if not all(isinstance(c, str) for c in entries.values()):
            raise ProofFormatError("the numbers of a ray are given as text")
        return {v: read(c) for v, c in entries.items()}

    if not all(isinstance(r["weight"], str) for r in data["rows"]):
        raise ProofFormatError("the numbers of a ray are given as text")
    rows = tuple((read(r["weight"]), numbers(r["row"], s.vectors)) for r in data["rows"])
    return Moments(rows, numbers(data["values"], s.values))
