"""The measures of a claim as searches: cases are drawn instead of listed, and decided by the errors that the values carry.

Parameters of the claim that the measure itself names are drawn between the least and the greatest that is listed (beyond an
assumption that is dropped), all else among what is listed. So every measure of the library can be searched.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Any

import sympy as sp

from gradproof.experiments.attack.decide import Decision
from gradproof.experiments.attack.experiment import Experiment
from gradproof.experiments.attack.ranges import draw_parameter, respects
from gradproof.experiments.engine.cases import Case, Cases
from gradproof.experiments.engine.check import Check, Context, checks_of
from gradproof.experiments.engine.judge import describe, state
from gradproof.experiments.engine.measure import Measured, confront
from gradproof.experiments.engine.power import excess
from gradproof.experiments.engine.verify import bound_to_50_digits
from gradproof.experiments.instances.source import Source, built
from gradproof.theory.claim import Claim
from gradproof.theory.evidence import Level, Measurement, Relation

SEEDS = 1000  # a measure that asks for random numbers is taken with one of so many seeds
REPEATS = 3  # a statistical violation must show with so many fresh seeds
COARSE = 64  # denominators of fractions that are drawn where fractions are listed


class Unmeasurable(ValueError):
    """A drawn case that the measure, or the claim's domain, does not cover."""


def searches_of(claim: Claim, drop: frozenset[str] = frozenset(), budget: str = "quick") -> list[Experiment]:
    """An experiment for each measure of the claim; where a structural assumption is dropped, for the controls that break it."""
    structural = {a.name for a in claim.assumptions if a.structural}
    found = []
    for c in checks_of(replace(claim, id=claim.id.split("~")[0]), budget):  # a variant is searched as the claim is
        measured = c.measured
        if not isinstance(measured, Measured) or not isinstance(measured.cases, Cases) or measured.instead:
            continue
        fits = c.drops in drop if c.level is Level.CONTROL else not drop & structural
        if fits and c.level is not Level.CERTIFIED:
            found.append(_experiment(c, measured, budget, drop))
    return found


def _experiment(check: Check, measured: Measured, budget: str, given_up: frozenset[str]) -> Experiment:
    where = measured.cases
    assert isinstance(where, Cases)
    used = frozenset(inspect.signature(measured.function).parameters)

    def case(drop: frozenset[str]) -> Any:
        return _drawn(measured.claim, where, used, drop)

    def seed() -> Any:
        return _seeds(SEEDS if measured.random else 1)

    def run(case: Case, seed: int) -> tuple[Any, dict[str, Any]]:
        m = _nearest(_taken(measured.claim, case, seed, given_up))
        return _favourable(m), {
            p.name: m.parameters[p.name] for p in measured.claim.parameters if p.name in m.parameters
        }

    def _taken(claim: Claim, case: Case, seed: int, drop: frozenset[str]) -> list[Measurement]:
        variant = replace(claim, assumptions=tuple(a for a in claim.assumptions if a.name not in drop))
        made = replace(measured, drops="", instead="")
        context = Context(claim, budget, seed, scope=check.name)
        evidence = list(confront(variant, made, list(made.take_one(case, context)), seed=seed))
        ms = [e for e in evidence if isinstance(e, Measurement)]
        if not ms:
            raise Unmeasurable(
                getattr(evidence[0], "reason", "it measures nothing") if evidence else "it measures nothing"
            )
        return ms

    def decide(_: Experiment, claim: Claim, instance: Mapping[str, Any], drop: frozenset[str]) -> Decision:
        m = _nearest(_taken(claim, instance["case"], instance["seed"], drop))
        violated = state(m) == "broken" and _survives(claim, m)
        if violated and m.level is not None:  # one of many tests may fail by chance: fresh numbers must fail as well
            fresh = (_nearest(_taken(claim, instance["case"], SEEDS + k, drop)) for k in range(REPEATS))
            violated = all(state(again) == "broken" for again in fresh)
        return Decision(
            m, violated, f"the value of {check.name} and its own error ({m.source}): {describe(m, 'nearest')}"
        )

    return Experiment(measured.claim, check.name, {"case": case, "seed": seed}, run, replay=decide)


def _nearest(ms: Sequence[Measurement]) -> Measurement:
    return max(ms, key=excess)


def _survives(claim: Claim, m: Measurement) -> bool:
    """Is a violation one of the bound to 50 digits, too?"""
    digits = bound_to_50_digits(claim, m)
    if digits is None:
        return True
    low, high = (sp.Rational(x) if isinstance(x, float) and abs(x) < float("inf") else x for x in (m.low, m.high))
    return state(replace(m, bound=digits, low=low, high=high)) == "broken"


def _favourable(m: Measurement) -> Any:
    """The end of [low, high] that is best for the claim; the middle, or the bound itself within the error, of an equality."""
    if m.relation is Relation.LE:
        return m.low
    if m.relation is Relation.GE:
        return m.high
    return m.bound if state(m) == "held" else m.measured


@built
def _seeds(draw: Source, count: int) -> int:
    return draw.integer(0, count - 1)


@built
def _drawn(draw: Source, claim: Claim, where: Cases, used: frozenset[str], drop: frozenset[str]) -> Case:
    """A case that need not be listed; a listed one where the list was put together of several.

    Only parameters that the measure itself names (``used``) take other values than those listed: what is merely passed to the claim
    says something about the instance, which would stop being true.
    """
    if where.steps is None:
        return draw.pick(where.rows)
    values: dict[str, Any] = {}
    for axis, entries in where.axes.items():
        listed: list[Any] = [e.get(axis) for e in entries]
        kind = _kind(claim, axis, listed) if axis in used else None
        if kind is None:
            values |= draw.pick(list(entries))
            continue
        known = {k: float(v) for k, v in values.items() if isinstance(v, int | float | Fraction | sp.Number)}
        limits = float(min(listed)), float(max(listed))
        values[axis] = kind(draw_parameter(draw, claim, axis, known, drop, limits if not drop else None))
    if not respects(claim, {k: v for k, v in values.items() if _is_scalar(claim, k)}, drop):
        draw.reject()
    found = where.case(values)
    return found if found is not None else draw.reject()


def _is_scalar(claim: Claim, name: str) -> bool:
    return any(p.name == name and not p.size for p in claim.parameters)


def _kind(claim: Claim, name: str, listed: Sequence[Any]) -> Any:
    """How a parameter is drawn: as numbers of the kind that is listed; ``None`` for what is no scalar parameter of the claim."""
    if not _is_scalar(claim, name) or None in listed or len(set(map(str, listed))) < 2:
        return None
    if all(isinstance(x, int) and not isinstance(x, bool) for x in listed):
        return lambda x: round(x)
    if all(isinstance(x, int | Fraction) for x in listed):
        return lambda x: Fraction(x).limit_denominator(COARSE)
    if all(isinstance(x, int | sp.Rational) for x in listed):
        return lambda x: sp.Rational(Fraction(x).limit_denominator(COARSE))
    if all(isinstance(x, int | float) for x in listed):
        return float
    return None
