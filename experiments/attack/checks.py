"""A claim's own checks as a search: with other seeds they measure other instances, and controls measure beyond an assumption."""

from __future__ import annotations

import math
import time
import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np

from gradproof.experiments.attack.decide import Decision, ratio
from gradproof.experiments.attack.finding import Finding
from gradproof.experiments.engine.check import Check, Context, Evidence, checks_of
from gradproof.experiments.engine.judge import DEFAULT_LEVEL, judge
from gradproof.theory.claim import Claim
from gradproof.theory.evidence import Level, Measurement, Outcome, Relation
from gradproof.theory.statement import statement_of

ROUNDS = {"quick": 12, "full": 100, "gpu": 100}
#: A violation of a statistical error bar may be chance, the more so after many rounds: as many fresh seeds must repeat it.
REPEATS = 3


def usable(claim: Claim, drop: frozenset[str], budget: str) -> list[Check]:
    """The checks that measure the claim; where an assumption is dropped, the controls that give it up."""
    all_ = checks_of(claim, budget)
    if drop:
        return [c for c in all_ if c.level is Level.CONTROL and c.drops in drop]
    return [c for c in all_ if c.level in (Level.EXACT, Level.EMPIRICAL)]


def search_checks(
    claim: Claim, *, drop: frozenset[str] = frozenset(), budget: str = "quick", seed: int = 0, seconds: float = 45.0
) -> Finding:
    """Run the claim's checks again and again with other seeds, until one measures a violation or the budget is spent.

    A check that uses no random numbers runs once.
    """
    start = time.perf_counter()
    live = usable(claim, drop, budget)
    before: dict[str, str] = {}
    best: tuple[bool, float, Check, int, Measurement] | None = None
    tried, failed, why, names = 0, 0, "", sorted(c.name for c in live)
    common: dict[str, Any] = {
        "claim": claim.id, "drop": tuple(sorted(drop)), "seed": seed, "title": claim.title, "relation": claim.relation.value,
        "statement": statement_of(claim),
    }  # fmt: skip
    for k in range(ROUNDS[budget]):
        for c in list(live):
            if k and time.perf_counter() - start > seconds:
                live = []
                break
            try:
                found = measure(c, claim, seed + k, budget)
            except Exception as error:  # a check that cannot run is no evidence
                failed, why = failed + 1, f"{c.name}: {type(error).__name__}: {error}"
                live.remove(c)
                continue
            tried += len(found)
            print_ = repr([(str(m.measured), str(m.bound), m.parameters) for m in found])
            if before.get(c.name) == print_:
                live.remove(c)  # it draws nothing
                continue
            before[c.name] = print_
            for m in found:
                r = beyond(m, claim)
                if broken(m, claim) and repeats(m, c, claim, seed + k, budget):
                    return Finding(
                        **common, experiment=c.name, violated=True, measurement=m, ratio=r, how=_how(m, c, seed + k),
                        choices=(seed + k,), tried=tried, failed=failed, seconds=time.perf_counter() - start,
                    )  # fmt: skip
                own = m.relation in (None, claim.relation)  # the claim's own quantity goes before what it implies
                if best is None or (own, r) > best[:2]:
                    best = (own, r, c, seed + k, m)
        if not live:
            break
    effort: dict[str, Any] = {
        "tried": tried, "failed": failed, "seconds": time.perf_counter() - start,
        "out_of_time": time.perf_counter() - start > seconds,
    }  # fmt: skip
    note = f"the instances are those of the checks {', '.join(names)}" if names else _nothing(claim, drop)
    note += f"; {why}" if why else ""
    if best is None:
        return Finding(**common, experiment="", note=note, **effort)
    _, r, c, used, m = best
    return Finding(
        **common, experiment=c.name, measurement=m, ratio=r, how=_how(m, c, used), choices=(used,), note=note, **effort
    )


def _nothing(claim: Claim, drop: frozenset[str]) -> str:
    if drop:
        known = sorted({c.drops for c in checks_of(claim, "gpu") if c.level is Level.CONTROL})
        return f"no control of {claim.id} gives up {', '.join(sorted(drop))}; its controls give up: {', '.join(known) or 'nothing'}"
    return f"{claim.id} has no check that measures it"


def measure(check: Check, claim: Claim, seed: int, budget: str) -> list[Measurement]:
    """What a check measures with one seed."""
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        evidence: Sequence[Evidence] = check.run(Context(claim, budget, seed, scope=check.name))
    return [m for m in evidence if isinstance(m, Measurement)]


def broken(m: Measurement, claim: Claim) -> bool:
    """Beyond the bound by more than the measurement's error, by the rules of the judge."""
    return judge(Level.EXACT, claim.relation, [m]).outcome is Outcome.REFUTED


def beyond(m: Measurement, claim: Claim) -> float:
    """measured/bound; > 1 is beyond. An equality that holds within its error is met."""
    relation = m.relation or claim.relation
    r = ratio(relation, float(m.measured), float(m.bound))
    return min(r, 1.0) if relation in (Relation.EQ, Relation.IFF) and not broken(m, claim) else r


def repeats(m: Measurement, check: Check, claim: Claim, seed: int, budget: str) -> bool:
    """Is a violation no chance? Statistical error bars are met again with fresh seeds; an e-value must beat many tests."""
    if m.e_value is not None:
        return m.e_value >= 100 * ROUNDS[budget] / (m.level or DEFAULT_LEVEL)
    if not m.error_source.startswith("stat"):
        return True
    fresh = (measure(check, claim, seed + 1000 + k, budget) for k in range(REPEATS))
    return all(any(broken(x, claim) for x in ms) for ms in fresh)


def _how(m: Measurement, c: Check, seed: int) -> str:
    sort = (
        "exact arithmetic"
        if m.error_source == "exact"
        else f"with an error of {float(m.error):.2g}, from {m.error_source}"
    )
    return f"the check {c.name} with seed {seed}: {sort}" + (
        f", e-value {m.e_value:.3g}" if m.e_value is not None else ""
    )


def replay_check(claim: Claim, name: str, seed: int, drop: frozenset[str], budget: str = "quick") -> Decision | None:
    """The measurement that goes farthest beyond the bound when a check runs with one seed; ``None`` if there is none."""
    found = next((c for c in usable(claim, drop, budget) if c.name == name), None)
    ms = measure(found, claim, seed, budget) if found is not None else []
    if found is None or not ms:
        return None
    m = max(ms, key=lambda m: (broken(m, claim), beyond(m, claim) if not math.isnan(float(m.measured)) else 0.0))
    return Decision(m, broken(m, claim), _how(m, found, seed))
