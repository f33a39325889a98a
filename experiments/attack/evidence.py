"""A search as a check of ``gradproof verify``: what it yields is judged as any other evidence is."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

from gradproof.experiments.attack.experiment import Experiment
from gradproof.experiments.attack.finding import UNMEASURED
from gradproof.experiments.attack.search import Candidate, Search, judge_candidate
from gradproof.experiments.attack.shrink import shrink
from gradproof.experiments.engine.check import Check, Context, Evidence, Undecided, checks_of, register
from gradproof.theory.arguments import as_float
from gradproof.theory.claim import Claim
from gradproof.theory.evidence import Level, Measurement, Relation

#: evaluations and seconds of one check: ``verify`` runs many
CHECK_EVALUATIONS = {"quick": 3_000, "full": 10_000, "gpu": 10_000}
CHECK_SECONDS = {"quick": 12.0, "full": 60.0, "gpu": 60.0}
FRESH = 20  # instances looked at besides the nearest, where those are all within rounding of the bound


@dataclass(frozen=True)
class Attached:
    """An experiment as what a check measures: the search, without an assumption where the check is a control."""

    made: Experiment
    drops: str = ""
    instead: str = ""
    random: bool = True

    def evidence(self, ctx: Context) -> Iterator[Evidence]:
        """What the search finds."""
        return as_evidence(self.made, ctx, frozenset({self.drops}) if self.drops else frozenset())


def attach(made: Experiment, needs: tuple[str, ...] = ()) -> None:
    """Make an experiment one of its claim's: a check, and a control for each assumption in ``needs``.

    Raises:
        ParameterError: an assumption is unknown.
    """
    for assumption in needs:
        made.claim.assumption(assumption)
    register(_check(made, made.name, Level.EMPIRICAL, ""), made.claim)
    for assumption in needs:
        register(_check(made, f"{made.name}_without_{assumption}", Level.CONTROL, assumption), made.claim)


def _check(made: Experiment, name: str, level: Level, drops: str) -> Check:
    return Check(made.claim.id, name, level, made.measure, drops=drops, measured=Attached(made, drops))


def attached(claim: Claim) -> list[Experiment]:
    """The experiments attached to a claim (or to the claim that it is a variant of), in their order."""
    base = replace(claim, id=claim.id.split("~")[0])
    found = [c.measured for c in checks_of(base) if c.level is Level.EMPIRICAL]
    return [m.made for m in found if isinstance(m, Attached)]


def as_evidence(made: Experiment, ctx: Context, drop: frozenset[str] = frozenset()) -> Iterator[Evidence]:
    """What a check yields: the violation if one is confirmed, else the instances nearest to the bound, replayed."""
    seed = int(ctx.rng("search", *sorted(drop)).integers(2**32))
    search = Search(
        made, ctx.claim, random.Random(seed), CHECK_EVALUATIONS[ctx.budget], CHECK_SECONDS[ctx.budget], drop
    ).run()
    if search.found is not None:
        yield shrink(search)[1].measurement
        return
    if not search.elite:
        yield Undecided(
            f"no instance could be drawn and measured ({search.rejected} rejected; {search.why_failed or search.gave_up})"
        )
        return
    if search.failed > UNMEASURED * search.tried and not drop:
        yield Undecided(f"{search.failed} of {search.tried} instances could not be measured ({search.why_failed})")
        return
    near = list(islice(_decided(search, ctx, drop, search.elite), 3))
    if not near:  # all within rounding of the bound: a fresh one says at least that the claim holds elsewhere
        fresh = (search.evaluate(corner=search.rng.random()) for _ in range(FRESH))
        near = list(islice(_decided(search, ctx, drop, (c for c in fresh if c is not None)), 1))
    yield from near
    if not near:
        yield Undecided(
            f"the {len(search.elite)} instances nearest to the bound, and others, are all within rounding of it"
        )


def _decided(search: Search, ctx: Context, drop: frozenset[str], tried: Iterable[Candidate]) -> Iterator[Measurement]:
    """Those of the instances that rounding leaves on one side of the bound."""
    for c in tried:
        decision = judge_candidate(search.made, ctx.claim, c.instance, drop, seconds=3.0)
        m = decision.measurement
        if m.measured != m.measured:
            continue
        if drop or m.error == 0 or decision.violated or _held(search.made.relation(ctx.claim), m):
            yield m


def _held(relation: Relation, m: Any) -> bool:
    gap = as_float(m.bound) - as_float(m.measured)
    gap = -gap if relation is Relation.GE else -abs(gap) if relation is Relation.EQ else gap
    return gap - as_float(m.error) >= 0 or (relation is Relation.EQ and -gap <= as_float(m.error))
