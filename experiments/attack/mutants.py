"""Mutants: false variants of a claim, made automatically and run through the claim's own checks.

A mutant that the checks refute is caught. A survivor says that the bound is not tight on what was tried, or that the checks
have a hole; its reason is recorded beside it.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import sympy as sp

from gradproof.experiments.attack.attached import experiments_of
from gradproof.experiments.attack.falsify import finish
from gradproof.experiments.attack.search import Search
from gradproof.experiments.engine.cases import Cases
from gradproof.experiments.engine.check import Check, Context, checks_of
from gradproof.experiments.engine.judge import describe, judge
from gradproof.experiments.engine.measure import Measured, Taken
from gradproof.experiments.engine.measure import confront as set_beside
from gradproof.experiments.engine.options import read_budget, read_seed
from gradproof.experiments.engine.store import Ledger
from gradproof.experiments.engine.verify import run_task, task_of
from gradproof.theory.arguments import listed, of_type
from gradproof.theory.claim import Claim
from gradproof.theory.evidence import Level, Outcome, Relation, Verdict

UNSEEN = "no check measures what was changed"
SEARCHED, SEARCH_SECONDS = 120, 10.0  # instances and seconds that a search spends on a mutant that the checks let pass
FACTORS = (sp.Rational(99, 100), sp.Rational(9, 10), sp.Rational(1, 2))


@dataclass(frozen=True)
class Mutant:
    """A variant of a claim that says more than the claim.

    ``false`` is True where exact knowledge makes it false: the bound is attained and the mutant's is smaller there, or the claim
    is an equality (or an exact threshold) and the mutant has another right-hand side.
    """

    claim: Claim
    kind: str  # factor, term, exponent, index, assumption
    what: str
    false: bool = False


@dataclass(frozen=True)
class MutantResult:
    """How a claim's checks met one mutant."""

    mutant: Mutant
    caught: bool
    by: str  # the evidence that caught it: level/check
    reason: str
    tightness: float | None
    seconds: float

    def as_json(self) -> dict[str, Any]:
        return {
            "claim": self.mutant.claim.id.split("~")[0], "mutant": self.mutant.claim.id, "kind": self.mutant.kind,
            "what": self.mutant.what, "known_false": self.mutant.false, "caught": self.caught, "by": self.by,
            "reason": self.reason, "tightness": self.tightness, "seconds": self.seconds,
        }  # fmt: skip


def mutants_of(claim: Claim) -> list[Mutant]:
    """All mutants of a claim: a smaller factor, a term dropped, an exponent or an index shifted, an assumption weakened.

    A claim that is known to be false has none: it is itself what its checks must catch.
    """
    if claim.false_as_published:
        return []
    e = claim.expression
    smaller = claim.relation is not Relation.GE
    found: list[tuple[str, str, Claim]] = []
    if e != 0:
        for f in FACTORS:
            factor = f if smaller else 1 / f
            found.append(("factor", f"bound times {factor}", claim.with_bound(e * factor, suffix=f"factor-{factor}")))
    found += _terms(claim)
    found += _shifts(claim)
    found += _weakened(claim)
    unique: dict[Any, Mutant] = {}
    for kind, what, variant in found:
        relations = tuple(a.relation for a in variant.assumptions)
        same = variant.expression == e and kind != "assumption"
        if not same and not variant.expression.has(sp.nan, sp.zoo):
            unique.setdefault((variant.expression, relations), Mutant(variant, kind, what, _known_false(claim, kind)))
    return list(unique.values())


def _known_false(claim: Claim, kind: str) -> bool:
    """An equality has one right-hand side; a bound that is attained cannot be moved by a factor."""
    if claim.relation in (Relation.EQ, Relation.IFF):
        return kind != "assumption"
    return claim.tight and kind == "factor"


def _terms(claim: Claim) -> Iterator[tuple[str, str, Claim]]:
    terms = sp.Add.make_args(sp.expand(claim.expression))
    if len(terms) < 2:
        terms = sp.Add.make_args(claim.expression)
    if not 2 <= len(terms) <= 6:
        return
    for k, t in enumerate(terms):
        gone = t.is_nonnegative if claim.relation is not Relation.GE else t.is_nonpositive
        if gone is False:  # dropping it would weaken the claim, not strengthen it
            continue
        rest = sp.Add(*(x for j, x in enumerate(terms) if j != k))
        yield "term", f"without {t}", claim.with_bound(rest, suffix=f"term-{k + 1}")


def _shifts(claim: Claim) -> Iterator[tuple[str, str, Claim]]:
    e = claim.expression
    counts = [p for p in claim.parameters if not p.size and p.domain.is_subset(sp.S.Integers)]
    for p in counts:
        if p.symbol in e.free_symbols:
            yield (
                "index",
                f"{p.name} -> {p.name} + 1",
                claim.with_bound(e.subs(p.symbol, p.symbol + 1), suffix=f"index-{p.name}"),
            )
    powers = sorted((x for x in e.atoms(sp.Pow) if x.free_symbols), key=str)
    for k, x in enumerate(powers[:6]):
        base, power = x.args
        for shift, name in ((1, "plus"), (-1, "minus")):
            if power.is_Integer and power + shift in (0, power):
                continue
            changed = e.xreplace({x: base ** (power + shift)})
            yield (
                "exponent",
                f"{x} -> {base ** (power + shift)}",
                claim.with_bound(changed, suffix=f"exponent-{k + 1}-{name}"),
            )


def _weakened(claim: Claim) -> Iterator[tuple[str, str, Claim]]:
    for k, a in enumerate(claim.assumptions):
        if a.relation is None or isinstance(a.relation, sp.Eq):
            continue
        looser = sp.Rational(11, 10) if isinstance(a.relation, sp.Le | sp.Lt) else sp.Rational(9, 10)
        if a.relation.rhs == 0 or any(s.is_nonnegative is None for s in a.relation.rhs.free_symbols):
            continue  # a multiple of the right-hand side is weaker only where that is positive
        relation = a.relation.func(a.relation.lhs, a.relation.rhs * looser, evaluate=False)
        assumptions = list(claim.assumptions)
        assumptions[k] = replace(a, relation=relation)
        variant = replace(claim, id=f"{claim.id}~weaker-{a.name}", assumptions=tuple(assumptions))
        yield "assumption", f"{a.name} only within a factor {looser}", variant


def run_mutants(
    claims: Claim | Iterable[Claim],
    *,
    ledger: Ledger | Path | str | None = None,
    budget: str = "quick",
    seed: int = 0,
    fresh: bool = False,
    on_result: Callable[[MutantResult], None] | None = None,
) -> list[MutantResult]:
    """Run every mutant of the claims through the claims' checks; each finished check is kept in the ledger.

    A mutant counts as caught when a check that is not a control comes out refuted (or a proof no longer fits), while on the
    claim itself the same check does not.
    """
    claims = [claims] if isinstance(claims, Claim) else listed(claims, Claim, "what is varied", "claims")
    of_type(fresh, bool, "fresh", "True or False")
    of_type(on_result, (Callable, type(None)), "on_result", "a function of a result")
    seed, budget = read_seed(seed), read_budget(budget)
    book = ledger if isinstance(ledger, Ledger) else Ledger(ledger)
    results: list[MutantResult] = []
    takings = Takings(budget, seed)
    for claim in claims:
        for mutant in mutants_of(claim):
            result = confront(claim, mutant, book, takings, fresh=fresh)
            results.append(result)
            if on_result is not None:
                on_result(result)
    return results


class Takings:
    """What the measures of claims returned, taken once for all variants: a measure knows nothing of the bound."""

    def __init__(self, budget: str, seed: int) -> None:
        self.budget, self.seed = budget, seed
        self._taken: dict[str, list[Taken]] = {}

    def verdict(self, check: Check, claim: Claim, variant: Claim) -> Verdict | None:
        """The verdict of a measure on a variant of its claim; ``None`` for a check that is no measure on listed cases."""
        made = check.measured
        if not isinstance(made, Measured) or not isinstance(made.cases, Cases) or check.level is Level.CERTIFIED:
            return None
        key = f"{claim.file}/{check.id}"
        if key not in self._taken:
            self._taken[key] = list(made.take(Context(claim, self.budget, self.seed, scope=check.name)))
        evidence = set_beside(variant, made, self._taken[key], seed=self.seed if made.random else None)
        return judge(check.level, variant.relation, evidence)


def confront(claim: Claim, mutant: Mutant, book: Ledger, takings: Takings, *, fresh: bool = False) -> MutantResult:
    """Run one mutant through the checks of its claim, up to the first that refutes it."""
    start = time.perf_counter()
    best: float | None = None
    seen: list[tuple[Level, Verdict]] = []
    for c in checks_of(claim, takings.budget):
        if c.level is Level.CONTROL:
            continue
        verdict = takings.verdict(c, claim, mutant.claim)
        if verdict is None:
            task = task_of(c, mutant.claim, Context(mutant.claim, takings.budget, takings.seed, scope=c.name))
            row = None if fresh else book.get(task.key)
            if row is None:
                row = run_task(task)
                book.put(row)
            verdict = row.verdict
        seen.append((c.level, verdict))
        if verdict.tightness is not None:
            best = max(best or 0.0, verdict.tightness)
        if verdict.outcome is Outcome.REFUTED:
            by = f"{c.level.value}/{c.name}"
            return MutantResult(mutant, True, by, verdict.reason, best, time.perf_counter() - start)
    by, reason = _searched(claim, mutant, takings.seed)
    if not by:
        why = _why(seen, best)
        reason = reason if reason and why == UNSEEN else "; ".join(filter(None, (why, reason)))
    return MutantResult(mutant, bool(by), by, reason, best, time.perf_counter() - start)


def _searched(claim: Claim, mutant: Mutant, seed: int) -> tuple[str, str]:
    """What the searches attached to the claim find, where they are none of its checks: (by, reason)."""

    known = {c.name for c in checks_of(claim, "quick")}
    tried = []
    for e in experiments_of(claim):
        if e.name in known:
            continue
        found = finish(
            Search(e, mutant.claim, random.Random(f"{mutant.claim.id}/{seed}"), SEARCHED, SEARCH_SECONDS).run(),
            seed=seed,
        )
        if found.violated and found.measurement is not None:
            m = found.measurement
            m = replace(m, parameters={k: v for k, v in m.parameters.items() if not isinstance(v, str | list)})
            return f"search/{e.name}", describe(m)
        tried.append(f"a search of {found.tried} instances came to measured/bound {found.ratio:.4g}")
    return "", "; ".join(tried)


def _why(rows: list[tuple[Level, Verdict]], tightness: float | None) -> str:
    """Why a mutant survived."""
    if not rows:
        return "the claim has no check"
    undecided = [v for _, v in rows if v.outcome is Outcome.UNDECIDED]
    if len(undecided) == len(rows):
        return f"undecided: {undecided[0].reason}"
    if all(level in (Level.SYMBOLIC, Level.CERTIFIED) for level, _ in rows):
        return "the proofs do not speak of what was changed"
    if tightness is not None and tightness < 1:
        return f"bound not tight on what was tried: measured/bound at most {tightness:.3g} even for the mutant"
    return UNSEEN
