"""Which assumptions carry a claim: violated without it, not needed here, or unknown."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from gradproof.experiments.attack.attached import experiments_of
from gradproof.experiments.attack.experiment import Experiment
from gradproof.experiments.attack.falsify import falsify_claim
from gradproof.experiments.attack.finding import Finding, tree
from gradproof.experiments.engine.check import Check, Context, checks_of
from gradproof.experiments.engine.files import write_whole
from gradproof.experiments.engine.options import read_budget, read_seed
from gradproof.experiments.engine.store import Ledger, Row
from gradproof.experiments.engine.verify import run_task, task_of
from gradproof.experiments.engine.versions import versions
from gradproof.experiments.instances.tape import Rejected, play
from gradproof.theory.arguments import listed
from gradproof.theory.claim import Claim
from gradproof.theory.evidence import Level
from gradproof.theory.statement import statement_of

NEEDED = "needed"  # an instance violates the bound without it
NOT_NEEDED = "not needed here"  # a search without it was exhausted, and found nothing
UNKNOWN = "unknown"  # nothing attached to the claim can give it up
FORMAT = "gradproof necessity 1"  # of the files that ``Needs.save`` writes and the report reads


@dataclass(frozen=True)
class Need:
    """What is known of one assumption of one claim."""

    claim: str
    assumption: str
    verdict: str
    evidence: str
    finding: Finding | None = None
    statement: str = ""  # hash of the statement that was asked about

    def as_json(self) -> dict[str, Any]:
        found = self.finding.as_json() if self.finding is not None and self.finding.violated else None
        return {"claim": self.claim, "assumption": self.assumption, "verdict": self.verdict, "evidence": self.evidence,
                "counterexample": found}  # fmt: skip


def save(needs: Iterable[Need], folder: Path) -> list[Path]:
    """Write ``<claim>_necessity.json`` for each claim, and each counterexample beside it, for the report to show."""
    needs = list(needs)
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for claim in dict.fromkeys(n.claim for n in needs):
        rows = [n for n in needs if n.claim == claim]
        data = {"format": FORMAT, "claim": claim, "needs": [n.as_json() | {"counterexample": None} for n in rows],
                "statement": rows[0].statement, "versions": versions()}  # fmt: skip
        path = folder / (re.sub(r"\W+", "_", claim) + "_necessity.json")
        write_whole(path, json.dumps(data, indent=1))
        written.append(path)
        for n in rows:
            written += n.finding.save(folder) if n.finding is not None and n.finding.violated else ()
    return written


def necessity(
    claims: Claim | Iterable[Claim], *, budget: str = "quick", seed: int = 0, seconds: float | None = None,
    ledger: Ledger | Path | str | None = None, file: str = "",
) -> list[Need]:  # fmt: skip
    """For every assumption of every claim: search for a violation without it, or ask the claim's controls.

    Args:
        seconds: cap on one search; by default the budget's.
    """
    claims = [claims] if isinstance(claims, Claim) else listed(claims, Claim, "what is asked about", "claims")
    seed, budget = read_seed(seed), read_budget(budget)
    book = ledger if isinstance(ledger, Ledger) else Ledger(ledger)
    return [
        replace(_need(c, a.name, budget, seed, seconds, book, file), statement=statement_of(c))
        for c in claims
        if not c.false_as_published  # what is violated anyway needs nothing
        for a in c.assumptions
    ]


def _need(
    claim: Claim, assumption: str, budget: str, seed: int, seconds: float | None, book: Ledger, file: str
) -> Need:
    controls = [c for c in checks_of(claim, budget) if c.level is Level.CONTROL and c.drops == assumption]
    if controls:
        caught = [r for r in (_row(c, claim, budget, seed, book, file) for c in controls) if r.verdict.outcome.good]
        if caught:
            return Need(claim.id, assumption, NEEDED, f"{caught[0].check}: {caught[0].verdict.reason}")
    made = experiments_of(claim, frozenset({assumption}))
    if not any(gives_up(e, assumption) for e in made):
        why = "no control gives it up" if not made else "the experiment draws the same instances without it"
        return Need(claim.id, assumption, UNKNOWN, why)
    found = falsify_claim(claim, drop=(assumption,), budget=budget, seed=seed, seconds=seconds, file=file)
    if found.violated and found.measurement is not None:
        at = ", ".join(
            named_number(k, v)
            for k, v in {**found.instance, **found.measurement.parameters}.items()
            if isinstance(v, int | float)
        )
        return Need(claim.id, assumption, NEEDED, f"measured/bound {found.ratio:.4g} at {at}", found)
    if found.undecided:  # what lies beyond the assumption may be what failed
        return Need(claim.id, assumption, UNKNOWN, found.gaps or found.note, found)
    effort = f"search exhausted: {found.tried} instances, best measured/bound {found.ratio:.4g}"
    if found.out_of_time:
        return Need(claim.id, assumption, UNKNOWN, f"stopped by the clock after {found.tried} instances", found)
    return Need(claim.id, assumption, NOT_NEEDED, effort, found)


def _row(check: Check, claim: Claim, budget: str, seed: int, book: Ledger, file: str) -> Row:
    """What a control found, from the ledger where it is there."""
    context = Context(claim, budget, seed, scope=check.name)
    task = task_of(check, claim, context, file)
    row = book.get(task.key)
    if row is None:
        row = run_task(task)
        book.put(row)
    return row


def gives_up(made: Experiment, assumption: str, tries: int = 60) -> bool:
    """Are other instances drawn when the assumption is dropped? Else a search without it would say nothing."""
    strategies = made.instances(), made.instances(drop=frozenset({assumption}))
    for k in range(tries):
        drawn = []
        for strategy in strategies:
            try:
                played = play(strategy, (), random.Random(k))
                drawn.append((played.choices, json.dumps(tree(played.value), default=str)))
            except Rejected:
                drawn.append(((), ""))
        if drawn[0] != drawn[1]:
            return True
    return False


def named_number(name: str, value: float) -> str:
    shown = f"{value:.4g}" if isinstance(value, float) else str(value)
    # 1 - 2^-52 is not 1: where few digits look like the number without being it, all are shown
    return f"{name}={shown if float(shown) == value or len(shown) >= 5 else repr(value)}"


def strongest_caught(results: Sequence[Any]) -> dict[str, str]:
    """For each claim the strongest false variant that was caught, from the results of ``run_mutants``."""
    strongest: dict[str, tuple[float, str]] = {}
    for r in results:
        if r.caught:
            base = r.mutant.claim.id.split("~")[0]
            rank = 0.0 if "factor-99/100" in r.mutant.claim.id or "factor-100/99" in r.mutant.claim.id else 1.0
            if base not in strongest or rank < strongest[base][0]:
                strongest[base] = rank, r.mutant.what
    return {k: v for k, (_, v) in strongest.items()}
