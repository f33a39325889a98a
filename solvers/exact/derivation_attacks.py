"""False variants of derivations, for testing their checkers: every one must be rejected.

Two kinds. ``variants`` changes a derivation or its claim in one place, so that the two no longer fit: bound, relation, domain, an
assumption, the quantity, a step. ``forgeries`` are false claims with a derivation whose conclusion *is* the false claim: each needs
one particular check to be caught, and stands for it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import sympy as sp

from gradproof.theory import derivation as d
from gradproof.theory.assumption import Assumption
from gradproof.theory.claim import Claim
from gradproof.theory.errors import GradproofError
from gradproof.theory.evidence import Relation


@dataclass(frozen=True)
class Attack:
    """A derivation that does not prove the claim, and what is wrong with it.

    ``must`` is False where the claim is untouched, or is still true by its words: the changed steps may by luck still prove it.
    """

    name: str
    derivation: d.Derivation
    claim: Claim
    must: bool = True


def cases(tree: d.Case | d.Split) -> list[d.Case]:
    """All cases of a tree, from left to right."""
    return [tree] if isinstance(tree, d.Case) else [*cases(tree.low), *cases(tree.high)]


def each_case(derivation: d.Derivation, change: Callable[[d.Case], d.Case | None]) -> Iterator[d.Derivation]:
    """The derivation with one case changed, for every case that ``change`` does not answer with None."""

    def changed(tree: d.Case | d.Split, at: list[int]) -> d.Case | d.Split:
        if isinstance(tree, d.Case):
            at[0] -= 1
            return (change(tree) or tree) if at[0] == -1 else tree
        return replace(tree, low=changed(tree.low, at), high=changed(tree.high, at))

    for i, case in enumerate(cases(derivation.tree)):
        if change(case) is not None:
            yield replace(derivation, tree=changed(derivation.tree, [i]))


def unregistered(claim: Claim) -> Claim:
    """The same claim under an id of its own, so that its formal side is whatever a derivation says."""
    return replace(claim, id=f"{claim.id}-own")


# --- variants that no longer fit --------------------------------------------------------------------------------------


def variants(derivation: d.Derivation, claim: Claim, unused: tuple[str, ...]) -> Iterator[Attack]:
    """False or unproved variants; ``unused`` are the assumptions that the derivation does not need."""
    for name, changed in _claims(claim, derivation.formal, unused):
        yield Attack(name, derivation, changed)
    for name, changed in _loosened(claim, derivation.formal, unused, between_constants=False):
        yield Attack(name, derivation, changed)
    for name, changed in _loosened(claim, derivation.formal, unused, between_constants=True):
        yield Attack(name, derivation, changed, must=False)  # mu <= L of one function follows from what mu and L are
    for name, other in _derivations(derivation):
        yield Attack(name, other, claim, must=False)
    idle = {f"without the law {name}" for name in set(derivation.formal.method.laws) - _laws_used(derivation.tree)}
    for name, method in _methods(derivation.formal.method):
        formal = replace(derivation.formal, method=method)
        yield Attack(f"{name}, in the derivation", replace(derivation, formal=formal), claim)
        if not name.startswith("wider"):
            # half of every step may be as true; and so is what never uses the law
            must = name != HALF and name not in idle
            yield Attack(f"{name}, in the claim too", replace(derivation, formal=formal), unregistered(claim), must)
    halved = tuple((f"({t[0]})/2", *t[1:]) for t in derivation.formal.initial)
    if not derivation.formal.stands and not isinstance(derivation.formal.quantity, d.Infimum) and claim.expression != 0:
        formal = replace(derivation.formal, initial=halved)  # type: ignore[arg-type]
        yield Attack("the initial quantity halved", replace(derivation, formal=formal), unregistered(claim))


def _laws_used(tree: d.Case | d.Split) -> set[str]:
    """Names of the laws that some step has a multiplier for."""
    if isinstance(tree, d.Split):
        return _laws_used(tree.low) | _laws_used(tree.high)
    return {name for step in tree.steps.values() for name in getattr(step, "laws", {})}


def _loosened(
    claim: Claim, formal: d.Formal, unused: tuple[str, ...], *, between_constants: bool
) -> Iterator[tuple[str, Claim]]:
    """The claim with a relation of an assumption made a thousand times weaker, its words kept."""
    constants = {text for member in formal.method.members.values() for text, _ in member.constants.values()}
    for a in claim.assumptions:
        if a.name in unused or a.relation is None:
            continue
        names = set(map(str, a.relation.free_symbols))
        if names & set(formal.stands) or (names <= constants) is not between_constants:
            continue
        weaker = 1000 if isinstance(a.relation, sp.Le | sp.Lt) else sp.Rational(1, 1000)
        far = a.relation.func(a.relation.lhs, a.relation.rhs * weaker)
        if isinstance(far, sp.Rel) and far != a.relation:
            loosened = tuple(replace(b, relation=far) if b.name == a.name else b for b in claim.assumptions)
            yield f"assumption {a.name} loosened by 1000", replace(claim, assumptions=loosened)


def _claims(claim: Claim, formal: d.Formal, unused: tuple[str, ...]) -> Iterator[tuple[str, Claim]]:
    e = claim.expression
    horizon = [s for s in e.free_symbols if s.name == formal.horizon]
    if e != 0:
        yield "99 % of the bound", replace(claim, expression=e * sp.Rational(99, 100))
        yield "the bound is zero", replace(claim, expression=sp.Integer(0) * e)
    yield "the bound less one", replace(claim, expression=e - 1)
    for s in horizon:
        yield "one more step in the bound", replace(claim, expression=e.xreplace({s: s + 1}))
        yield "twice the steps in the bound", replace(claim, expression=e.xreplace({s: 2 * s}))
        first = claim.parameter(s.name).domain.inf - 1
        wrong = tuple(replace(p, domain=sp.Range(first, sp.oo)) if p.name == s.name else p for p in claim.parameters)
        yield "the steps count from 0", replace(claim, parameters=wrong, expression=e)
    for relation in Relation:
        if relation is not claim.relation:
            yield f"relation {relation.value}", replace(claim, relation=relation)
    yield "another quantity", replace(claim, quantity=f"2{claim.quantity}")
    yield "false as published", replace(claim, false_as_published="a counterexample")
    for a in claim.assumptions:
        if a.name in unused:
            continue
        rest = tuple(b for b in claim.assumptions if b.name != a.name)
        yield f"without assumption {a.name}", replace(claim, assumptions=rest)
        reworded = tuple(
            replace(b, statement=f"not: {b.statement}") if b.name == a.name else b for b in claim.assumptions
        )
        yield f"assumption {a.name} in other words", replace(claim, assumptions=reworded)
    for p in claim.parameters:
        if (
            p.name == formal.horizon
            or p.name in formal.stands
            or isinstance(p.domain, sp.FiniteSet)
            or p.domain.inf is -sp.oo
            or str(p.symbol) not in _needed(claim, formal)
        ):
            continue
        if not any(_is_above_another(p.symbol, a.relation) for a in claim.assumptions):
            below = sp.Interval(p.domain.inf - 1, p.domain.sup, False, p.domain.sup not in p.domain)
            wide = tuple(replace(q, domain=below) if q.name == p.name else q for q in claim.parameters)
            yield f"the domain of {p.name} reaches lower", _with_symbols(claim, wide)
        if p.domain.sup.is_finite:
            above = sp.Interval(p.domain.inf, p.domain.sup + 1, p.domain.inf not in p.domain)
            wide = tuple(replace(q, domain=above) if q.name == p.name else q for q in claim.parameters)
            yield f"the domain of {p.name} reaches higher", _with_symbols(claim, wide)


def _is_above_another(symbol: sp.Symbol, relation: Any) -> bool:
    """Whether an assumption keeps a multiple of the parameter above what is not negative, so that its domain need not."""
    if relation is None or not relation.lts.is_nonnegative:
        return False
    multiple = relation.gts / symbol
    return bool(multiple.is_number and multiple.is_positive)


def _needed(claim: Claim, formal: d.Formal) -> set[str]:
    """Parameters of which a wider domain is not proved: those of the bound or of the assumptions."""
    names = set(map(str, claim.expression.free_symbols))
    for a in claim.assumptions:
        if a.relation is not None:
            names |= set(map(str, a.relation.free_symbols))
    return names


def _with_symbols(claim: Claim, parameters: tuple[Any, ...]) -> Claim:
    """The claim with other parameters of the same names; their symbols carry other signs."""
    new = {p.name: p.symbol for p in parameters}

    def moved(e: Any) -> Any:
        return e.xreplace({s: new[s.name] for s in e.free_symbols if s.name in new})

    assumptions = tuple(
        a if a.relation is None else Assumption(a.name, a.statement, moved(a.relation)) for a in claim.assumptions
    )
    kept = tuple(a for a in assumptions if a.relation is None or isinstance(a.relation, sp.Rel))
    return replace(claim, parameters=parameters, expression=moved(claim.expression), assumptions=kept)


def _derivations(derivation: d.Derivation) -> Iterator[tuple[str, d.Derivation]]:
    tree = derivation.tree
    if isinstance(tree, d.Split):
        yield "only the first side of the split", replace(derivation, tree=tree.low)
        yield "only the second side of the split", replace(derivation, tree=tree.high)
        yield "the sides of the split swapped", replace(derivation, tree=replace(tree, low=tree.high, high=tree.low))
        yield "the split elsewhere", replace(derivation, tree=replace(tree, on=f"2*({tree.on}) + 1"))
    for name in dict.fromkeys(n for case in cases(tree) for n in case.steps):

        def without(case: d.Case, name: str = name) -> d.Case | None:
            left = {n: s for n, s in case.steps.items() if n != name}
            return replace(case, steps=left) if name in case.steps and left else None

        def last_first(case: d.Case, name: str = name) -> d.Case | None:
            if name not in case.steps or not _rests_on(case.steps[name]) & set(case.steps):
                return None
            return replace(case, steps={name: case.steps[name]} | {n: s for n, s in case.steps.items() if n != name})

        for other in each_case(derivation, without):
            yield f"step {name!r} dropped", other
        for other in each_case(derivation, last_first):
            yield f"step {name!r} first", other
        for what, change in _STEPS:

            def stepped(case: d.Case, name: str = name, change: Callable[[Any], Any] = change) -> d.Case | None:
                old = case.steps.get(name)
                new = None if old is None else change(old)
                return None if new is None or new == old else replace(case, steps={**case.steps, name: new})

            for other in each_case(derivation, stepped):
                yield f"step {name!r}: {what}", other
    for what, change_case in _CASES:
        for other in each_case(derivation, change_case):
            yield what, other


def _rests_on(step: Any) -> set[str]:
    """The earlier steps that a step names."""
    named = getattr(step, "steps", {})
    return {*named, getattr(step, "step", ""), getattr(step, "base", ""), *(n for n, *_ in getattr(step, "nulls", ()))}


def _doubled(text: str) -> str:
    return f"2*({text}) + 1"


_STEPS: tuple[tuple[str, Callable[[Any], Any]], ...] = (
    (
        "its last axiom dropped",
        lambda s: (
            replace(s, uses=s.uses[:-1])
            if isinstance(s, d.Inequality) and s.uses and s.uses[-1].multiplier != "0"
            else None
        ),
    ),
    (
        "a multiplier changed",
        lambda s: (
            replace(s, uses=(replace(s.uses[0], multiplier=_doubled(s.uses[0].multiplier)), *s.uses[1:]))
            if isinstance(s, d.Inequality) and s.uses
            else None
        ),
    ),
    (
        "a multiplier negated",
        lambda s: (
            replace(s, uses=(replace(s.uses[0], multiplier=f"-({s.uses[0].multiplier})"), *s.uses[1:]))
            if isinstance(s, d.Inequality) and s.uses
            else None
        ),
    ),
    ("read at 0 alone", lambda s: replace(s, index="0") if isinstance(s, d.Inequality) and s.index == "k" else None),
    ("another rho", lambda s: replace(s, rho=f"({s.rho})/2") if isinstance(s, d.Induct) else None),
    ("another closed form", lambda s: replace(s, closed="1/(k+1)") if isinstance(s, d.Induct) else None),
    (
        "a smaller total",
        lambda s: (
            replace(s, total=tuple((f"2*({t[0]})", *t[1:]) for t in s.total))
            if isinstance(s, d.Sum) and s.total
            else None
        ),
    ),
    ("another end", lambda s: replace(s, upto="N+1" if s.upto == "N" else "N") if isinstance(s, d.Sum) else None),
    ("its base is the step", lambda s: replace(s, base=s.step) if isinstance(s, d.InductHypothesis) else None),
    (
        "its hypothesis forgotten",
        lambda s: replace(s, assumes=()) if isinstance(s, d.Inequality) and s.assumes else None,
    ),
    ("its sign forgotten", lambda s: replace(s, signs=()) if isinstance(s, d.Inequality) and s.signs else None),
    (
        "a weight doubled",
        lambda s: replace(s, steps={n: _doubled(c) for n, c in s.steps.items()}) if isinstance(s, d.Combine) else None,
    ),
)


def _wider(case: d.Case) -> d.Case | None:
    """The first bounded interval taken to infinity: what the kernel must then prove on more is not true (or not shown)."""
    for i in case.domain:
        if i.high:
            moved = replace(i, high="", closed_high=False)
            return replace(case, domain=tuple(moved if j == i else j for j in case.domain))
    return None


def _narrower(case: d.Case) -> d.Case | None:
    i = next((i for i in case.domain if not i.high), None)
    if i is None:
        return None
    return replace(case, domain=tuple(replace(i, high=f"{i.low} + 1") if j == i else j for j in case.domain))


_CASES: tuple[tuple[str, Callable[[d.Case], d.Case | None]], ...] = (
    ("a case on a smaller domain", _narrower),
    ("a case without what is given", lambda c: replace(c, given={}) if c.given else None),
    (
        "a case with another power",
        lambda c: replace(c, powers={p: f"({b})/2" for p, b in c.powers.items()}, squares={}) if c.powers else None,
    ),
)


HALF = "half of every step"


def _methods(m: d.Method) -> Iterator[tuple[str, d.Method]]:
    half = {x: {n: f"({c})/2" for n, c in v.items()} for x, v in m.step.items()}
    if m.step:
        yield HALF, replace(m, step=half)
    if m.start:
        yield "a free start", replace(m, start={})
    if m.calls:
        yield "no calls", replace(m, calls={})
    for name in m.laws:
        yield f"without the law {name}", replace(m, laws={n: law for n, law in m.laws.items() if n != name})
    for name, member in m.members.items():
        for constant, (value, by) in member.constants.items():
            if constant == "lower":
                continue
            wide = f"({value}) - 1" if constant in ("mu", "PL", "beta") else f"2*({value}) + 1"
            changed = replace(member, constants={**member.constants, constant: (wide, by)})
            yield f"{constant} of {name} is that of a wider class", replace(m, members={**m.members, name: changed})
            bound = replace(member, constants={**member.constants, constant: (value, "another")})
            yield (
                f"{constant} of {name} by an assumption that is not there",
                replace(m, members={**m.members, name: bound}),
            )


def survivors(attacks: Iterator[Attack], check: Callable[[d.Derivation, Claim], Any]) -> list[str]:
    """Names of the attacks that a checker accepts. Whatever else than a ``GradproofError`` it raises is passed on."""
    accepted = []
    for a in attacks:
        try:
            check(a.derivation, a.claim)
        except GradproofError:
            continue
        accepted.append(f"{a.claim.id}: {a.name}")
    return accepted
