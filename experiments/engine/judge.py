"""From evidence to a verdict. The rules of the house, in one place.

A relation ``measured <= bound`` is *held* if ``measured + error <= bound``, *broken* if ``measured - error > bound``,
and otherwise too close to call. Nothing here has a tolerance of its own: the error comes with the measurement.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import sympy as sp

from gradproof.experiments.engine.check import Evidence, Undecided
from gradproof.theory.errors import GradproofError
from gradproof.theory.evidence import Level, Measurement, Outcome, Relation, Verdict
from gradproof.theory.proof import Proof
from gradproof.theory.proof import check as kernel_check
from gradproof.theory.proof_json import write_proof
from gradproof.theory.symbolic import Identity, Inequality

DEFAULT_LEVEL = 1e-6  # error rate of a statistical refutation, unless the measurement states another


def judge(level: Level, relation: Relation, evidence: Iterable[Evidence], *, known_false: bool = False) -> Verdict:
    """The verdict of one check.

    Args:
        level: of the check; a control is judged by whether the bound is violated.
        relation: of the claim; a measurement may carry its own.
        known_false: the claim is one that must be refuted; its controls must hold, or its checks refute anything.
    """
    if known_false and level is Level.CONTROL:
        return _repaired(judge(Level.EXACT, relation, evidence))
    items = list(evidence)
    if not items:
        return Verdict(outcome=Outcome.UNDECIDED, reason="the check measured nothing")
    given_up = [e for e in items if isinstance(e, Undecided)]
    if given_up:
        return Verdict(outcome=Outcome.UNDECIDED, reason=given_up[0].reason, n=len(items))
    measurements = [e for e in items if isinstance(e, Measurement)]
    arguments = [e for e in items if isinstance(e, Proof | Identity | Inequality)]
    if len(measurements) + len(arguments) != len(items):
        odd = next(e for e in items if not isinstance(e, Measurement | Proof | Identity | Inequality))
        return Verdict(
            outcome=Outcome.UNDECIDED, reason=f"the check returned {type(odd).__name__}, which is no evidence"
        )
    if level is Level.CONTROL:
        return _judge_control(relation, measurements, arguments)
    failed = _argue(arguments)
    if failed is not None:
        return failed
    if not measurements:
        texts = tuple(write_proof(p) for p in arguments if isinstance(p, Proof))
        # at the level "exact" an identity is a special case or a step of the claim: true, but not a proof of the claim
        outcome = Outcome.PROVED if level in (Level.SYMBOLIC, Level.CERTIFIED) else Outcome.CONFIRMED
        return Verdict(outcome=outcome, reason=_count(arguments), n=len(arguments), proofs=texts)
    return _judge_measurements(level, relation, measurements, arguments)


def _argue(arguments: list[Any]) -> Verdict | None:
    """None if every proof, identity and inequality is accepted, else the verdict of the first refuted, or undecided, one."""
    open_: Verdict | None = None
    for a in arguments:
        if isinstance(a, Proof):
            try:
                kernel_check(a)
                continue
            except GradproofError as error:
                outcome, reason = Outcome.UNDECIDED, f"the kernel refuses the proof: {error}"
        else:
            outcome, reason = a.decide()
        if outcome is Outcome.REFUTED:
            return Verdict(outcome=outcome, reason=reason, n=len(arguments))
        if outcome is not Outcome.PROVED and open_ is None:
            open_ = Verdict(outcome=outcome, reason=reason, n=len(arguments))
    return open_


def _count(arguments: list[Any]) -> str:
    names = ((Proof, "proof"), (Identity, "identity"), (Inequality, "inequality"))
    plural = {"identity": "identities", "inequality": "inequalities", "proof": "proofs"}
    parts = []
    for kind, name in names:
        n = sum(isinstance(a, kind) for a in arguments)
        if n:
            parts.append(f"{n} {name if n == 1 else plural[name]}")
    return f"{' and '.join(parts)} accepted by exact arithmetic"


def _judge_measurements(level: Level, relation: Relation, ms: list[Measurement], arguments: list[Any]) -> Verdict:
    states = [(_state(m, relation), m) for m in ms]
    tight = tightness(relation, ms)
    worst = max((m for _, m in states), key=lambda m: _closeness(m, relation))
    for wanted in ("broken", "nan", "close"):
        found = next((m for s, m in states if s == wanted), None)
        if found is None:
            continue
        if wanted == "broken":
            return Verdict(
                outcome=Outcome.REFUTED,
                reason=describe(found, relation),
                tightness=tight,
                n=len(ms),
                worst=found,
            )
        why = "it is not a number" if wanted == "nan" else "within its error of the bound"
        return Verdict(
            outcome=Outcome.UNDECIDED,
            reason=describe(found, relation, why),
            tightness=tight,
            n=len(ms),
            worst=found,
        )
    good = Outcome.CONSISTENT if level is Level.EMPIRICAL else Outcome.CONFIRMED
    levels = {m.level for m in ms if m.level is not None}
    n = sum(m.n for m in ms)
    reason = f"holds in {len(ms)} measurement{'s' * (len(ms) > 1)}" + (f" ({n} numbers)" if n > len(ms) else "")
    if levels:
        reason += f", tested at level {max(levels):.3g}"
    texts = tuple(write_proof(p) for p in arguments if isinstance(p, Proof))
    return Verdict(outcome=good, reason=reason, tightness=tight, n=len(ms), worst=worst, proofs=texts)


def _judge_control(relation: Relation, ms: list[Measurement], arguments: list[Any]) -> Verdict:
    """Every measurement must violate its bound; an argument in a control must be refused by the kernel."""
    for a in arguments:
        if _argue([a]) is None:
            return Verdict(
                outcome=Outcome.MISSED, reason="a proof of a false statement was accepted", n=len(ms) + len(arguments)
            )
    for m in ms:
        state = _state(m, relation)
        if state == "nan":
            return Verdict(
                outcome=Outcome.UNDECIDED, reason=describe(m, relation, "it is not a number"), n=len(ms), worst=m
            )
        if state != "broken":
            return Verdict(
                outcome=Outcome.MISSED, reason=describe(m, relation, "the bound is not violated"), n=len(ms), worst=m
            )
    if not ms:
        return Verdict(outcome=Outcome.CONFIRMED, reason="caught: the kernel refuses it", n=len(arguments))
    mildest = min(ms, key=lambda m: _closeness(m, relation))
    return Verdict(outcome=Outcome.CONFIRMED, reason="caught: " + describe(mildest, relation), n=len(ms), worst=mildest)


def _repaired(verdict: Verdict) -> Verdict:
    """The control of a claim that is known to be false: with the error repaired, the same check must not refute it."""
    if verdict.outcome is Outcome.REFUTED:
        return replace(
            verdict, outcome=Outcome.MISSED, reason=f"refuted although the error is repaired: {verdict.reason}"
        )
    if verdict.outcome.good:
        return replace(verdict, outcome=Outcome.CONFIRMED, reason=f"the repaired statement {verdict.reason}")
    return verdict


def _state(m: Measurement, default: Relation) -> str:
    """``held``, ``broken``, ``close`` or ``nan``."""
    relation = m.relation or default
    measured, bound, error = m.measured, m.bound, m.error
    if any(_is_nan(v) for v in (measured, bound, error)) or _sign(error) < 0:
        return "nan"
    if m.e_value is not None:  # a random quantity: only the test decides
        if math.isnan(m.e_value):
            return "nan"
        return "broken" if m.e_value >= 1 / (m.level or DEFAULT_LEVEL) else "held"
    if isinstance(measured, float) and math.isinf(measured):
        over = measured > 0
        return {Relation.LE: "broken" if over else "held", Relation.GE: "held" if over else "broken"}.get(
            relation, "broken"
        )
    if relation in (Relation.EQ, Relation.IFF):
        return "held" if _sign(abs(measured - bound) - error) <= 0 else "broken"
    gap = bound - measured if relation is Relation.LE else measured - bound
    if _sign(gap - error) >= 0:
        return "held"
    return "broken" if _sign(gap + error) < 0 else "close"


def _sign(x: Any) -> int:
    """Sign of an exact or float number; exact algebraic numbers are decided by sympy, not by rounding."""
    if isinstance(x, sp.Basic):
        if x.is_Float:
            return int(float(x) > 0) - int(float(x) < 0)
        s = sp.sign(x)
        if s.is_Integer:
            return int(s)
        s = sp.sign(sp.simplify(x))
        if s.is_Integer:
            return int(s)
        raise GradproofError(f"the sign of {x} cannot be decided exactly")
    return int(x > 0) - int(x < 0)


def _is_nan(x: Any) -> bool:
    return x is sp.nan or x != x


def tightness(relation: Relation, ms: Iterable[Measurement]) -> float | None:
    """sup of measured/bound (bound/measured for ``>=``); None where no bound is positive.

    Above 1 only if the bound is violated: a ratio that exceeds 1 within the error of its measurement counts as 1.
    """
    ratios = []
    for m in ms:
        r = m.relation or relation
        most = math.inf if _state(m, relation) == "broken" else 1.0
        if r is Relation.LE and float(m.bound) > 0:
            ratios.append(min(float(m.measured) / float(m.bound), most))
        elif r is Relation.GE and float(m.measured) > 0:
            ratios.append(min(float(m.bound) / float(m.measured), most))
        elif r in (Relation.EQ, Relation.IFF):
            ratios.append(1.0)  # an equality that holds is attained
    return max(ratios) if ratios else None


def _closeness(m: Measurement, default: Relation) -> float:
    """How near (or how far beyond) its bound a measurement is; larger is nearer."""
    relation = m.relation or default
    measured, bound = float(m.measured), float(m.bound)
    if math.isnan(measured) or math.isnan(bound):
        return math.inf
    if relation in (Relation.EQ, Relation.IFF):
        return abs(measured - bound)
    top, bottom = (measured, bound) if relation is Relation.LE else (bound, measured)
    return top / bottom if bottom > 0 else (math.inf if top > bottom else -math.inf)


_SIGNS = {Relation.LE: ("<=", ">"), Relation.GE: (">=", "<"), Relation.EQ: ("==", "!="), Relation.IFF: ("==", "!=")}


def describe(m: Measurement, default: Relation, said: str = "") -> str:
    """One line: the number beside its bound, and where. Without ``said`` the bound is violated, and the sign says so."""
    held, broken = _SIGNS[m.relation or default]
    where = ", ".join(f"{k}={_short(v)}" for k, v in list(m.parameters.items())[:6])
    measured, bound = _apart(m.measured, m.bound)
    error = f" +- {float(m.error):.2g} ({m.error_source})" if m.error_source != "exact" else ""
    test = f", e-value {m.e_value:.3g}" if m.e_value is not None else ""
    relation = f"against {held} {bound}{test}: {said}" if said else f"{broken} {bound}{test}"
    return f"{m.what or 'measured'} {measured}{error} {relation}" + (f" at {where}" if where else "")


def _apart(x: Any, y: Any) -> tuple[str, str]:
    """Two numbers as text; the first as the second and their difference where six digits do not tell them apart."""
    short = _short(x), _short(y)
    if short[0] != short[1] or x == y:
        return short
    try:
        gap = float(x - y)
    except (TypeError, ValueError):
        return short
    return f"{short[1]} {'-' if gap < 0 else '+'} {abs(gap):.2g}", short[1]


def _short(v: Any) -> str:
    if isinstance(v, str | bool):
        return str(v)
    try:
        return f"{float(v):.6g}"
    except (TypeError, ValueError):
        return str(v)[:40]
