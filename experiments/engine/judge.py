"""From evidence to a verdict. The rules of the house, in one place.

A measurement says that the truth lies in [low, high]. ``quantity <= bound`` *holds* if high <= bound, is *broken* if low > bound,
and is otherwise too close to call; a sample can only break it. An equality or a threshold holds if the bound lies in [low, high]:
how much that says is the check's resolution. Nothing here has a tolerance of its own.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

import sympy as sp

from gradproof.experiments.engine.check import Blank, Certificate, Derived, Evidence, Undecided, Unmeasured
from gradproof.experiments.engine.power import BLIND, excess, resolution
from gradproof.theory.arguments import as_float, digits, quotient
from gradproof.theory.definedness import unshown
from gradproof.theory.errors import GradproofError
from gradproof.theory.evidence import Level, Measurement, Outcome, Relation, Verdict
from gradproof.theory.proof import Proof
from gradproof.theory.proof import check as kernel_check
from gradproof.theory.proof_json import write_proof
from gradproof.theory.symbolic import Identity, Inequality
from gradproof.theory.tie import check_derivation

DEFAULT_LEVEL = 1e-6  # error rate of a statistical refutation, unless the measurement states another

#: share of cases that may remain unmeasured before the check is undecided
UNMEASURED = 0.01


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
    for kind, outcome in ((Undecided, Outcome.UNDECIDED), (Blank, Outcome.MISSED)):
        found = [e for e in items if isinstance(e, kind)]
        if found:
            return Verdict(outcome=outcome, reason=found[0].reason, n=len(items))
    odd = [
        e
        for e in items
        if not isinstance(e, Measurement | Derived | Certificate | Proof | Identity | Inequality | Unmeasured)
    ]
    if odd:
        return Verdict(
            outcome=Outcome.UNDECIDED, reason=f"the check returned {type(odd[0]).__name__}, which is no evidence"
        )
    derived = [e for e in items if isinstance(e, Derived)]
    if derived:
        return _derived(derived)
    ms = [m if m.relation else replace(m, relation=relation) for m in items if isinstance(m, Measurement)]
    arguments = [e for e in items if isinstance(e, Certificate | Proof | Identity | Inequality)]
    lost = [e for e in items if isinstance(e, Unmeasured)]
    if level is Level.CONTROL:
        verdict = _judge_control(ms, arguments)
    else:
        verdict = _argue(arguments) or (
            _judge_measurements(level, ms, arguments) if ms else _accepted(level, arguments)
        )
    return _with_unmeasured(verdict, lost, len(items))


def _derived(items: Sequence[Derived]) -> Verdict:
    """Proved, if the derivation ends in exactly the claim."""
    facts: list[str] = []
    unused: list[str] = []
    for e in items:
        try:
            accepted = check_derivation(e.derivation, e.claim)
        except GradproofError as error:
            return Verdict(outcome=Outcome.UNDECIDED, reason=f"the derivation is refused: {error}", n=len(items))
        facts += accepted.facts
        unused += accepted.unused
    reason = "a derivation ends in the claim" + (f", given {', '.join(facts)}" if facts else "")
    reason += f"; it does not use the assumption {', '.join(unused)}" if unused else ""
    return Verdict(outcome=Outcome.PROVED, reason=reason, n=len(items), given=tuple(dict.fromkeys(facts)))


def _with_unmeasured(verdict: Verdict, lost: Sequence[Unmeasured], cases: int) -> Verdict:
    """Unmeasured cases are said, and above one in a hundred they decide, unless the check refutes."""
    if not lost:
        return verdict
    said = f"{len(lost)} of {cases} cases could not be measured ({lost[0].reason})"
    if verdict.outcome is not Outcome.REFUTED and (len(lost) > UNMEASURED * cases or len(lost) == cases):
        return replace(verdict, outcome=Outcome.UNDECIDED, reason=said)
    return replace(verdict, reason=f"{verdict.reason}; {said}")


def _argue(arguments: list[Any]) -> Verdict | None:
    """None if every proof, identity and inequality is accepted, else the verdict of the first refuted, or undecided, one."""
    open_: Verdict | None = None
    for a in arguments:
        if isinstance(a, Proof | Certificate):
            try:
                kernel_check(_proof(a))
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


def _proof(a: Proof | Certificate) -> Proof:
    return a.proof if isinstance(a, Certificate) else a


def _accepted(level: Level, arguments: list[Any]) -> Verdict:
    """Arguments that are all accepted: a certificate at its settings, or parts of an argument; a proof of the claim is neither."""
    proofs = [a for a in arguments if isinstance(a, Proof | Certificate)]
    certified = level is Level.CERTIFIED and bool(proofs)
    conditions = dict.fromkeys(
        str(c) for a in arguments if isinstance(a, Identity) for c in unshown(a.expression, a.domain)
    )
    return Verdict(
        outcome=Outcome.CERTIFIED if certified else Outcome.CHECKED,
        reason=_count(arguments) + (f", where {', '.join(conditions)}" if conditions else ""),
        n=len(arguments),
        scope=_scope(proofs) if certified else "",
        proofs=tuple(write_proof(_proof(p)) for p in proofs),
    )


def _scope(proofs: Sequence[Proof | Certificate]) -> str:
    """Where certificates hold: ``at 3 settings, N <= 4``; ``for all L, gamma at N <= 5``."""
    at = [dict(p.at) for p in proofs if isinstance(p, Certificate)]
    free = sorted({i.name for p in proofs for i in _proof(p).statement.domain})
    every = f"for all {', '.join(free)}" if free else ""
    settings = len({tuple(sorted((k, str(v)) for k, v in a.items())) for a in at}) or len(proofs)
    sizes = {k: [a[k] for a in at] for k in (at[0] if at else {}) if all(k in a and _whole(a[k]) for a in at)}
    limits = [f"{k} = {v[0]}" if len(set(v)) == 1 else f"{k} <= {max(v)}" for k, v in sizes.items() if k[0] in "NTKn"]
    if every:
        return f"{every} at {', '.join(limits)}" if limits else every
    return ", ".join([f"at {settings} setting{'s' * (settings > 1)}", *limits])


def _whole(x: Any) -> bool:
    return not isinstance(x, float | str) and x == int(x)


def _count(arguments: list[Any]) -> str:
    names = ((Proof | Certificate, "proof"), (Identity, "identity"), (Inequality, "inequality"))
    plural = {"identity": "identities", "inequality": "inequalities", "proof": "proofs"}
    parts = []
    for kind, name in names:
        n = sum(isinstance(a, kind) for a in arguments)
        if n:
            parts.append(f"{n} {name if n == 1 else plural[name]}")
    return f"{' and '.join(parts)} accepted by exact arithmetic"


def _judge_measurements(level: Level, ms: list[Measurement], arguments: list[Any]) -> Verdict:
    states = [(state(m), m) for m in ms]
    sees = resolution(ms)
    cases = sum(m.counted for m in ms)  # of many numbers of one case several may be kept, and the first counts
    common: dict[str, Any] = {"tightness": tightness(ms), "resolution": sees, "n": cases}
    for wanted in ("broken", "nan", "close"):
        found = next((m for s, m in states if s == wanted), None)
        if found is None:
            continue
        outcome = Outcome.REFUTED if wanted == "broken" else Outcome.UNDECIDED
        why = {"broken": "", "nan": "it is not a number", "close": "within its error of the bound"}[wanted]
        return Verdict(outcome=outcome, reason=describe(found, why), worst=found, **common)
    worst = max(ms, key=excess)
    if sees is not None and sees > BLIND:
        reason = f"blind: a bound wrong by a factor of {BLIND:g} would pass; {describe(worst, 'it holds')}"
        return Verdict(outcome=Outcome.MISSED, reason=reason, worst=worst, **common)
    good = Outcome.CONSISTENT if level is Level.EMPIRICAL else Outcome.CONFIRMED
    levels = {m.level for m in ms if m.level is not None}
    n = sum(m.n for m in ms if m.counted)
    reason = f"holds in {cases} measurement{'s' * (cases > 1)}" + (f" ({n} numbers)" if n > cases else "")
    if levels:
        tests = sorted({m.test for m in ms if m.test})
        reason += f", tested at level {max(levels):.3g}" + (f" by {', '.join(tests)}" if tests else "")
    texts = tuple(write_proof(_proof(p)) for p in arguments if isinstance(p, Proof | Certificate))
    return Verdict(outcome=good, reason=reason, worst=worst, proofs=texts, **common)


def _judge_control(ms: list[Measurement], arguments: list[Any]) -> Verdict:
    """Every measurement must violate its bound; an argument in a control must be refused by the kernel."""
    for a in arguments:
        if _argue([a]) is None:
            return Verdict(
                outcome=Outcome.MISSED, reason="a proof of a false statement was accepted", n=len(ms) + len(arguments)
            )
    for m in ms:
        found = state(m)
        if found == "nan":
            return Verdict(outcome=Outcome.UNDECIDED, reason=describe(m, "it is not a number"), n=len(ms), worst=m)
        if found != "broken":
            return Verdict(outcome=Outcome.MISSED, reason=describe(m, "the bound is not violated"), n=len(ms), worst=m)
    if not ms:
        return Verdict(outcome=Outcome.CONFIRMED, reason="caught: the kernel refuses it", n=len(arguments))
    mildest = min(ms, key=excess)
    cases = sum(m.counted for m in ms)
    return Verdict(outcome=Outcome.CONFIRMED, reason="caught: " + describe(mildest), n=cases, worst=mildest)


def _repaired(verdict: Verdict) -> Verdict:
    """The control of a claim that is known to be false: with the error repaired, the same check must not refute it."""
    if verdict.outcome is Outcome.REFUTED:
        return replace(
            verdict, outcome=Outcome.MISSED, reason=f"refuted although the error is repaired: {verdict.reason}"
        )
    if verdict.outcome.good:
        return replace(verdict, outcome=Outcome.CONFIRMED, reason=f"the repaired statement {verdict.reason}")
    return verdict


def state(m: Measurement) -> str:
    """``held``, ``broken``, ``close`` or ``nan``."""
    low, high, bound = m.low, m.high, m.bound
    if any(_is_nan(v) for v in (low, high, bound)) or _sign(high - low) < 0:
        return "nan"
    if m.e_value is not None:  # a random quantity: the test decides
        return "nan" if math.isnan(m.e_value) else "broken" if m.e_value >= 1 / (m.level or DEFAULT_LEVEL) else "held"
    if m.relation in (Relation.EQ, Relation.IFF):
        return "held" if _at_most(low, bound) and _at_most(bound, high) else "broken"
    if m.relation is Relation.GE:
        low, high, bound = _negative(high), _negative(low), _negative(bound)
    if not _at_most(low, bound):
        return "broken"
    return "held" if m.level is not None or _at_most(high, bound) else "close"


def _at_most(x: Any, y: Any) -> bool:
    if _infinite(x) or _infinite(y):
        return float(x) <= float(y)
    return _sign(x - y) <= 0


def _negative(x: Any) -> Any:
    return -x


def _infinite(x: Any) -> bool:
    return isinstance(x, float) and math.isinf(x)


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


def tightness(ms: Iterable[Measurement]) -> float | None:
    """sup of measured/bound (bound/measured for ``>=``); None where no bound is positive.

    Of a random quantity the limit of the test is taken, not the mean. Above 1 only if the bound is violated: a ratio that exceeds 1
    within the error of its measurement counts as 1.
    """
    ratios = []
    for m in ms:
        most = math.inf if state(m) == "broken" else 1.0
        measured = m.measured if m.level is None else m.low if m.relation is Relation.LE else m.high
        if m.relation is Relation.LE and as_float(m.bound) > 0:
            ratios.append(min(quotient(measured, m.bound), most))
        elif m.relation is Relation.GE and as_float(measured) > 0:
            ratios.append(min(quotient(m.bound, measured), most))
        elif m.relation in (Relation.EQ, Relation.IFF):
            ratios.append(1.0)  # an equality that holds is attained
    return max(ratios) if ratios else None


_SIGNS = {Relation.LE: ("<=", ">"), Relation.GE: (">=", "<"), Relation.EQ: ("==", "!="), Relation.IFF: ("==", "!=")}


def describe(m: Measurement, said: str = "") -> str:
    """One line: the number beside its bound, and where. Without ``said`` the bound is violated, and the sign says so."""
    held, broken = _SIGNS[m.relation or Relation.LE]
    where = ", ".join(f"{k}={_short(v)}" for k, v in list(m.parameters.items())[:6])
    measured, bound = _apart(m.measured, m.bound)
    relation = f"against {held} {bound}: {said}" if said else f"{broken} {bound}"
    return f"{m.what or 'measured'} {measured}{_error(m)} {relation}" + (f" at {where}" if where else "")


def _error(m: Measurement) -> str:
    if m.e_value is not None:
        return f" (e-value {m.e_value:.3g})"
    if m.source == "exact":
        return ""
    if m.level is not None or math.isinf(as_float(m.low)) or math.isinf(as_float(m.high)):
        return f" in [{as_float(m.low):.6g}, {as_float(m.high):.6g}] ({m.test or m.source})"
    return f" +- {as_float(m.error):.2g} ({m.source})"


def _apart(x: Any, y: Any) -> tuple[str, str]:
    """Two numbers as text; the first as the second and their difference where six digits do not tell them apart."""
    short = _short(x), _short(y)
    if short[0] != short[1]:
        return short
    try:
        gap = as_float(x - y)  # not x == y: a Fraction cannot be compared with sympy's Float
    except (TypeError, ValueError):
        return short
    if not abs(gap) > 0:
        return short
    return f"{short[1]} {'-' if gap < 0 else '+'} {abs(gap):.2g}", short[1]


def _short(v: Any) -> str:
    if isinstance(v, str | bool):
        return str(v)
    try:
        return digits(v, 6)
    except (TypeError, ValueError):
        return str(v)[:40]
