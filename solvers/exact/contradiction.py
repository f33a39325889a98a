"""Whether the premises and members of a statement can hold together: a theorem about nothing is no theorem.

A contradiction is a proof that the kernel accepts of ``c <= 0`` with a number c > 0, from the same statement. Agreement is
an example in exact numbers that satisfies every premise and every axiom at the declared points. Floats only propose either.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from fractions import Fraction
from itertools import combinations, islice, permutations

from gradproof.theory.axioms import AXIOMS, ONE, Coefficient, Form, Member
from gradproof.theory.errors import ProofRejected
from gradproof.theory.field import Field, Functions, field_over
from gradproof.theory.proof import Proof, Statement, Use, axiom_form, check
from gradproof.theory.symbolic import sample

#: axiom instances that are all looked at; of a statement with more, the premises and those that its proof uses
MOST_INSTANCES = 1200
MOST_VECTORS = 40
SAMPLES = 3  # points of a parametric domain

Row = tuple[Use, Form, bool]  # what a use says: form <= 0, or == 0


class Standing(Enum):
    """Whether what a statement assumes can be met."""

    AGREE = "hold together"
    CONTRADICT = "contradict each other"
    OPEN = "were not shown to hold together"


@dataclass(frozen=True)
class Assumed:
    """What is known of the premises and members of a statement; ``proof`` ends in a contradiction where there is one."""

    standing: Standing
    reason: str = ""
    proof: Proof | None = None


def assumed(statement: Statement, uses: Iterable[Use] = ()) -> Assumed:
    """Whether premises and members can hold together, in exact arithmetic.

    Args:
        uses: of a proof of the statement; its axiom instances are looked at first.
    """
    field = field_over(statement.domain)
    for m in statement.members:
        impossible = _impossible(m, statement, field)
        if impossible:
            return Assumed(Standing.CONTRADICT, impossible)
    doubtful = next((_doubtful(m, field) for m in statement.members if _doubtful(m, field)), "")
    if all(c == 0 or (not equal and field.nonnegative(-field.read(c))) for c, equal in _constants(statement)):
        return (
            Assumed(Standing.OPEN, doubtful)
            if doubtful
            else Assumed(Standing.AGREE, "with every vector and value zero")
        )
    if isinstance(field, Functions):
        return _sampled(statement, list(uses), field)
    found = _decide(statement, list(uses))
    return Assumed(Standing.OPEN, doubtful) if doubtful and found.standing is Standing.AGREE else found


# --- without a search -------------------------------------------------------------------------------------------------


def _impossible(m: Member, s: Statement, field: Field) -> str:
    """Why the class is empty (on a space of more than one point), or empty text."""
    mu = m.constants.get("mu")
    if mu is None:
        return ""
    L, beta = (m.constants.get(k) for k in ("L", "beta"))
    if m.kind == "operator" and L is not None and field.positive(mu - L):
        return (
            f"no operator is strongly monotone with mu = {field.brief(mu)} and Lipschitz with L = {field.brief(L)} < mu"
        )
    if m.kind == "operator" and beta is not None and field.positive(mu * beta - 1):
        return f"no operator is strongly monotone with mu = {field.brief(mu)} and cocoercive with beta = {field.brief(beta)} > 1/mu"
    L = next((o.constants.get("L") for o in s.members if o.name == m.mean_of), None)
    if L is not None and field.positive(mu - L):
        return f"no mean of functions with L = {field.brief(L)} is strongly convex with mu = {field.brief(mu)} > L"
    return ""


def _doubtful(m: Member, field: Field) -> str:
    """Why a reader may take the class for larger than it is, or empty text."""
    if m.kind != "function":
        return ""
    mu, L, PL = (m.constants.get(k) for k in ("mu", "L", "PL"))
    if mu is not None and "M" in m.constants and field.positive(mu):
        return f"no {m.name} on a whole space is strongly convex with gradients bounded by M; on a bounded set some are"
    if L is not None and PL is not None and field.positive(PL - L):
        return f"{m.name} can only be constant: its Polyak-Lojasiewicz constant exceeds its L"
    return ""


def _constants(s: Statement) -> Iterator[tuple[Coefficient, bool]]:
    """What a form may be where every vector and value is zero, and whether it must vanish there.

    An axiom's constant comes from the values at its points, from a lower bound that is a number, or is -M^2 or -D^2.
    """
    for p in s.premises:
        yield p.form.linear.get(ONE, 0), p.equality
    for m in s.members:
        if m.constants.get("lower") == ONE:
            yield 1, False
        for point in m.points:
            yield point.f.get(ONE, 0), True


def instances(statement: Statement) -> Iterator[Use]:
    """Every axiom at every choice of points of every member, and every premise, with multiplier 1."""
    for p in statement.premises:
        yield Use("premise", p.name, (), Fraction(1))
    for axiom_name, axiom in AXIOMS.items():
        for m in statement.members:
            names = tuple(p.name for p in m.points)
            if m.kind not in axiom.kinds or (m.average and not axiom.averaged):
                continue
            if axiom.arity >= 0:
                for chosen in permutations(names, axiom.arity):
                    yield Use(axiom_name, m.name, chosen, Fraction(1))
                continue
            for n in names:
                yield Use(axiom_name, m.name, (n,), Fraction(1), (Fraction(1),))
            for a, b in combinations(names, 2):
                for sign in (1, -1):
                    yield Use(axiom_name, m.name, (a, b), Fraction(1), (Fraction(1), Fraction(sign)))


def _contradiction(statement: Statement, uses: Sequence[Use]) -> Assumed | None:
    """The answer, if the uses add up to a positive number plus squares."""
    total = Form()
    field = field_over(statement.domain)
    for use in uses:
        total.add(axiom_form(statement, use, field)[0], use.multiplier)
    constant = total.linear.pop(ONE, Fraction(0))
    if total.linear or constant <= 0:
        return None
    uses = [replace(u, multiplier=u.multiplier / constant) for u in uses]
    proof = Proof(replace(statement, target=Form({}, {ONE: Fraction(1)}), text="a contradiction"), tuple(uses))
    try:
        check(proof)
    except ProofRejected:
        return None
    named = [f"{u.axiom} {u.member}{' at ' if u.points else ''}{', '.join(u.points)}" for u in uses]
    more = f" and {len(named) - 4} more" if len(named) > 4 else ""
    return Assumed(Standing.CONTRADICT, f"{'; '.join(named[:4])}{more}: together they say 1 <= 0", proof)


# --- with a search ----------------------------------------------------------------------------------------------------


def _rows(statement: Statement, uses: list[Use]) -> tuple[list[Row], bool]:
    """The inequalities, and whether they are all that there are."""
    field = field_over(())
    chosen = list(islice(instances(statement), MOST_INSTANCES + 1))
    whole = len(chosen) <= MOST_INSTANCES
    if not whole:
        premises = [u for u in chosen if u.axiom == "premise"]
        chosen = [*premises, *(replace(u, multiplier=Fraction(1)) for u in uses if u.axiom != "premise")]
        chosen = list(dict.fromkeys(chosen))[:MOST_INSTANCES]
    rows = []
    for use in chosen:
        try:
            form, equality = axiom_form(statement, use, field)
        except ProofRejected:  # the class does not have the constant that the axiom needs
            continue
        rows.append((use, form, equality))
    return rows, whole


def _decide(statement: Statement, uses: list[Use]) -> Assumed:
    rows, whole = _rows(statement, uses)
    for use, form, equality in rows:
        for sign in (1, -1) if equality else (1,):
            if form.linear.keys() <= {ONE} and sign * form.linear.get(ONE, 0) > 0:
                found = _contradiction(statement, [replace(use, multiplier=Fraction(sign))])
                if found:
                    return found
    if len({name for _, form, _ in rows for key in form.quadratic for name in key}) > MOST_VECTORS:
        return Assumed(Standing.OPEN, f"more than {MOST_VECTORS} vectors are not searched")
    from gradproof.solvers.exact.contradiction_search import Search  # floats, and only where they are needed

    search = Search(rows)
    try:
        for proposed in search.contradictions():
            found = _contradiction(statement, proposed)
            if found:
                return found
        whole = whole and all(m.kind != "quadratic" or not m.points for m in statement.members)
        if whole and search.example():
            return Assumed(Standing.AGREE, "in an example of exact numbers")
    except (ArithmeticError, ValueError) as error:  # LinAlgError among them
        return Assumed(Standing.OPEN, f"the search failed: {str(error)[:100]}")
    return Assumed(Standing.OPEN, "neither an example nor a contradiction was found")


def _sampled(statement: Statement, uses: list[Use], field: Functions) -> Assumed:
    """A statement with parameters, at a few points of its domain."""
    seen: list[tuple[str, Assumed]] = []
    for point in islice(sample(field), SAMPLES):
        at = Proof(statement, tuple(uses), ()).at(**point)
        where = ", ".join(f"{k} = {v}" for k, v in point.items())
        seen.append((where, assumed(at.statement, at.uses)))
    against = [(w, a) for w, a in seen if a.standing is Standing.CONTRADICT]
    if seen and len(against) == len(seen):
        where, worst = against[0]
        return Assumed(Standing.CONTRADICT, f"{worst.reason}, at {where} and wherever else was tried", worst.proof)
    if against:
        return Assumed(Standing.OPEN, f"they contradict each other at {against[0][0]}: {against[0][1].reason}")
    agree = next((w for w, a in seen if a.standing is Standing.AGREE), None)
    if agree is not None:
        return Assumed(Standing.AGREE, f"at {agree}")
    return Assumed(Standing.OPEN, seen[0][1].reason if seen else "no point of the domain was found")
