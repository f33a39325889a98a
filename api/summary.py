"""From rows of evidence to one line a claim: what a table, a notebook and the exit code show."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gradproof.experiments.engine.power import BLIND
from gradproof.experiments.engine.store import Ledger, Row
from gradproof.experiments.engine.verify import load_file
from gradproof.experiments.engine.verify import verify as run
from gradproof.export import frame, latex, plain_factor, row_json
from gradproof.markup import html_table, marked, text_table
from gradproof.theory import registry
from gradproof.theory.arguments import of_type, shown
from gradproof.theory.claim import CONFIDENCE, Claim
from gradproof.theory.errors import ParameterError, UnknownClaim
from gradproof.theory.evidence import Level, Outcome, Relation
from gradproof.theory.parameter import pretty_set

#: strongest first among the good ones; a bad one overrides them all
_BAD = (Outcome.REFUTED, Outcome.MISSED, Outcome.UNDECIDED)
_GOOD = tuple(o for o in Outcome if o.good)  # strongest first


def stands(claim: Claim, row: Row) -> bool:
    """Is the row as it should be? A claim that is known to be false must be refuted; all else must be good."""
    if claim.false_as_published and row.level is not Level.CONTROL:
        return row.verdict.outcome is Outcome.REFUTED
    return row.verdict.outcome.good


def strongest(outcomes: Iterable[Outcome]) -> Outcome:
    """One outcome for several: the worst bad one if there is any, else the strongest good one."""
    found = set(outcomes)
    for o in (*_BAD, *_GOOD):
        if o in found:
            return o
    return Outcome.UNDECIDED


@dataclass(frozen=True)
class ClaimSummary:
    """Everything the ledger says about one claim."""

    claim: Claim
    rows: tuple[Row, ...]

    @property
    def evidence(self) -> list[Row]:
        """Rows that are not controls."""
        return [r for r in self.rows if r.level is not Level.CONTROL]

    @property
    def controls(self) -> list[Row]:
        return [r for r in self.rows if r.level is Level.CONTROL]

    @property
    def outcome(self) -> Outcome:
        """The verdict on the claim: a failed control is reported even where the evidence is good.

        A claim that is known to be false is *refuted* if all its checks refute it, and *missed* if one lets it pass.
        """
        if self.claim.false_as_published:
            bad = [_of(r) if not _of(r).good else Outcome.MISSED for r in self.rows if not stands(self.claim, r)]
            return strongest(bad) if bad or not self.evidence else Outcome.REFUTED
        return strongest(
            [*(r.verdict.outcome for r in self.evidence), *(o for o in map(_of, self.controls) if not o.good)]
        )

    @property
    def as_claimed(self) -> bool:
        """Good, or refuted where the claim is known to be false."""
        return self.outcome.good or (bool(self.claim.false_as_published) and self.outcome is Outcome.REFUTED)

    @property
    def kinds(self) -> list[Level]:
        """Kinds of evidence that speak for it, strongest first."""
        return [
            v
            for v in Level
            if v is not Level.CONTROL and any(r.level is v and stands(self.claim, r) for r in self.rows)
        ]

    @property
    def tightness(self) -> float | None:
        """sup of measured/bound over exact and empirical checks; 1 means that the bound is attained."""
        found = [r.verdict.tightness for r in self.evidence if r.verdict.tightness is not None]
        return max(found) if found else None

    @property
    def sees(self) -> float | None:
        """The smallest factor by which a wrong bound would have been refuted by one of the checks; None without a number."""
        found = [r.verdict.resolution for r in self.evidence if r.verdict.resolution is not None]
        return min(found) if found else None

    @property
    def scope(self) -> str:
        """Where certificates hold, if the verdict is *certified*."""
        found = dict.fromkeys(r.verdict.scope for r in self.evidence if r.verdict.scope)
        return "; ".join(found) if self.outcome is Outcome.CERTIFIED else ""

    @property
    def given(self) -> tuple[str, ...]:
        """The facts that a proof of the claim uses."""
        return tuple(dict.fromkeys(f for r in self.evidence for f in r.verdict.given))

    @property
    def complete(self) -> bool:
        """A claim without a control is incomplete."""
        return bool(self.controls)

    @property
    def note(self) -> str:
        """What a reader must know besides the verdict."""
        notes = []
        if self.claim.false_as_published:
            notes.append("known to be false")
        if self.scope:
            notes.append(self.scope)
        if self.outcome is Outcome.PROVED and self.given:
            notes.append(f"given {', '.join(self.given)}")
        if self.claim.confidence == "recalled":
            notes.append(CONFIDENCE["recalled"])
        if not self.rows:
            notes.append("no check")
        elif not self.complete:
            notes.append("no control")
        return ", ".join(notes)

    @property
    def shown(self) -> str:
        """The verdict as a word; ``no check`` where none was run."""
        return self.outcome.value if self.rows else "no check"

    def _repr_html_(self) -> str:
        rows = (
            [
                r.check,
                r.level.value + (f": {r.drops}" if r.drops else ""),
                marked(r.verdict.outcome.value),
                r.verdict.reason,
            ]
            for r in self.rows
        )
        title = f"{self.claim.id}: {self.shown}" + (f"; {self.note}" if self.note else "")
        return html_table(["check", "kind", "verdict", "because"], rows, title=title)

    @property
    def cells(self) -> list[str]:
        """One row of the table of verdicts."""
        return [
            self.claim.id,
            self.shown,
            *map(self.cell, Level),
            show_tightness(self),
            show_factor(self.sees),
            self.note,
        ]

    @property
    def letters(self) -> str:
        """Kinds of evidence and their numbers in little room: ``s1 c2 e3 r1``."""
        letters = {Level.SYMBOLIC: "s", Level.CERTIFIED: "c", Level.EXACT: "e", Level.EMPIRICAL: "r"}
        counted = ((letter, sum(r.level is v for r in self.rows)) for v, letter in letters.items())
        return " ".join(f"{letter}{n}" for letter, n in counted if n)

    def __repr__(self) -> str:
        said = [f"{v.value} {self.cell(v)}" for v in Level if self.cell(v)]
        return f"<ClaimSummary {self.claim.id}: {self.shown}{'; ' * bool(said)}{', '.join(said)}>"

    def cell(self, level: Level) -> str:
        """``confirmed 2``, ``caught 3/3`` or empty: what one column of the table shows. ``proved 1+2``: two more checks that do not
        say so much.
        """
        rows = [r for r in self.rows if r.level is level]
        if not rows:
            return ""
        if level is Level.CONTROL:
            return f"caught {sum(_of(r).good for r in rows)}/{len(rows)}"
        shown = strongest(map(_of, rows))
        said = sum(_of(r) is shown for r in rows)
        return f"{shown.value} {said}" + (f"+{len(rows) - said}" if said < len(rows) else "")

    def as_json(self) -> dict[str, Any]:
        return {
            "claim": self.claim.id,
            "title": self.claim.title,
            "relation": self.claim.relation.value,
            "outcome": self.outcome.value,
            "as_claimed": self.as_claimed,
            "kinds": [k.value for k in self.kinds],
            "controls": len(self.controls),
            "scope": self.scope,
            "given": list(self.given),
            "tightness": self.tightness,
            "resolution": plain_factor(self.sees),
            "confidence": self.claim.confidence,
            "note": self.note,
            "evidence": [row_json(r) for r in self.rows],
        }


def _of(row: Row) -> Outcome:
    return row.verdict.outcome


def claim_json(c: Claim) -> dict[str, Any]:
    """A claim as JSON values."""
    return {
        "id": c.id,
        "title": c.title,
        "statement": c.statement,
        "latex": c.latex,
        "bound": str(c.expression),
        "relation": c.relation.value,
        "tight": c.tight,
        "confidence": c.confidence,
        "source": c.paper.citation,
        "where": c.where,
        "remark": c.remark,
        "false_as_published": c.false_as_published,
        "parameters": [
            {"name": p.name, "meaning": p.meaning, "domain": pretty_set(p.domain), "vector": bool(p.size)}
            for p in c.parameters
        ],
        "assumptions": [
            {"name": a.name, "statement": a.statement, "relation": "" if a.structural else str(a.relation)}
            for a in c.assumptions
        ],
    }


_HEADS = ("claim", "verdict", *(v.value for v in Level), "tightness", "sees", "note")


class Summary(list[ClaimSummary]):
    """Summaries of several claims; renders as a table in Jupyter."""

    @property
    def exit_code(self) -> int:
        """0 all as claimed (what is known to be false refuted), 1 something else refuted or missed, 3 undecided only."""
        outcomes = {s.outcome for s in self if not s.as_claimed}
        if outcomes & {Outcome.REFUTED, Outcome.MISSED}:
            return 1
        return 3 if Outcome.UNDECIDED in outcomes else 0

    def as_json(self) -> dict[str, Any]:
        counts = {o.value: sum(s.outcome is o for s in self) for o in Outcome}
        claims = [s.as_json() for s in self]
        return {"exit_code": self.exit_code, "counts": counts, "power": self.power, "claims": claims}

    @property
    def power(self) -> dict[str, int]:
        """How many numeric checks there are, how many are blind, and how many tight claims have a check that sees 1 %."""
        numeric = [r for s in self for r in s.evidence if r.level in (Level.EXACT, Level.EMPIRICAL)]
        tight = [s for s in self if s.claim.tight and not s.claim.false_as_published]
        return {
            "numeric_checks": len(numeric),
            # what refutes its claim sees that it is false, by whatever factor
            "blind": sum(x > BLIND and r.verdict.outcome is not Outcome.REFUTED for x, _, r in self.resolutions),
            "tight_claims": len(tight),
            "tight_claims_seeing_1_percent": sum(s.sees is not None and s.sees <= ONE_PERCENT for s in tight),
        }

    @property
    def resolutions(self) -> list[tuple[float, str, Row]]:
        """(resolution, claim, row) of every check that has one, the weakest first."""
        found = [(x, s.claim.id, r) for s in self for r in s.evidence if (x := r.verdict.resolution) is not None]
        return sorted(found, key=lambda t: (-t[0], t[1], t[2].check))

    def __repr__(self) -> str:
        return text_table(_HEADS, (s.cells for s in self))

    def _repr_html_(self) -> str:
        return html_table(_HEADS, ([s.cells[0], marked(s.shown), *s.cells[2:]] for s in self))

    def to_pandas(self) -> Any:
        """One row a check: see ``gradproof.export.frame``."""
        return frame(self)

    def to_latex(self) -> str:
        """A table for a paper: see ``gradproof.export.latex``."""
        return latex(self)


def show_tightness(s: ClaimSummary) -> str:
    """Tightness as text; ``=`` for an equality that holds."""
    if s.tightness is None:
        return ""
    if s.claim.relation in (Relation.EQ, Relation.IFF) and s.tightness == 1.0:
        return "" if s.outcome is Outcome.REFUTED else "="
    return f"{s.tightness:.3g}" if s.tightness < 0.9995 or s.tightness > 1 else "1"


#: A bound that is 1 % too good is refuted.
ONE_PERCENT = 1.0101


def show_factor(x: float | None) -> str:
    """A resolution as text: ``1 %`` for a factor 1.01, ``exact`` where every other bound is refuted, else the factor."""
    if x is None:
        return ""
    if x - 1 < 1e-6:
        return "exact"
    return f"{100 * (x - 1):.2g} %" if x < 2 else f"x {x:.3g}"


def select(targets: Iterable[str]) -> list[tuple[list[Claim], str]]:
    """Claims named by ids, paper keys and files, each group with the file that it came from (or an empty text).

    Raises:
        UnknownClaim: a name is not known, or a file states no claim.
    """
    names = [t for t in targets if not t.endswith(".py")]
    files = [t for t in targets if t.endswith(".py")]
    groups: list[tuple[list[Claim], str]] = [(registry.select(names), "")] if names or not files else []
    for f in files:
        stated = load_file(f)
        if not stated:
            raise UnknownClaim(f"{f} states no claim; state one with own_claim(...) or register(...)")
        groups.append((stated, str(Path(f).resolve())))
    return groups


def flat(targets: Iterable[Any]) -> Iterator[str | Claim]:
    """Claims, and texts for names and paths; lists of them are taken apart."""
    for t in targets:
        if isinstance(t, str | Claim):
            yield t
        elif isinstance(t, os.PathLike):
            yield os.fspath(t)
        elif isinstance(t, list | tuple | set | frozenset):
            yield from flat(t)
        else:
            raise TypeError(
                f"{shown(t)} names no claim; give ids, paper keys, claims, paths of .py files, or lists of these"
            )


def verify(*targets: Any, ledger: Ledger | Path | str | None = None, budget: str = "quick",
           jobs: int | None = 1, seed: int = 0, backend: str = "numpy", fresh: bool = False,
           on_row: Callable[[Row, int, int], None] | None = None) -> Summary:  # fmt: skip
    """Confront claims with their checks and return one summary a claim.

    Args:
        targets: claim ids, paper keys, claims, paths of ``.py`` files, or lists of these; everything if none is given.
        ledger: a ledger, or the path of one; the user's default ledger if ``None``.
        budget: ``quick``, ``full`` or ``gpu``.
        jobs: worker processes; ``None`` uses every core. With 1, checks run in a copy of this process: what they change in
            memory is not seen here.
        fresh: repeat what the ledger already has.

    Raises:
        UnknownClaim: a target is not known, or a file states no claim.
        TypeError: a target is nothing that names claims.
        LedgerError: the ledger cannot be used.
    """
    of_type(jobs, (int, type(None)), "jobs", "a number of worker processes, or None")
    of_type(fresh, bool, "fresh", "True or False")
    of_type(backend, str, "backend", "the name of an array library")
    of_type(on_row, (Callable, type(None)), "on_row", "a function of a row and two counts")
    if jobs is not None and jobs < 1:
        raise ParameterError(f"jobs={jobs} must be at least 1; None uses every core")
    kept = ledger if isinstance(ledger, Ledger) else Ledger(ledger)
    named = list(flat(targets))
    given = [t for t in named if isinstance(t, Claim)]
    groups = [(given, "")] if given else []
    names = [t for t in named if isinstance(t, str)]
    if names or not targets:
        groups += select(names)
    found = Summary()
    for claims, file in _one_file_each(groups):
        rows = run(
            claims,
            ledger=kept,
            budget=budget,
            jobs=jobs,
            seed=seed,
            backend=backend,
            fresh=fresh,
            file=file,
            on_row=on_row,
        )
        found.extend(ClaimSummary(c, tuple(r for r in rows if r.claim == c.id)) for c in claims)
    return found


def _one_file_each(groups: Iterable[tuple[list[Claim], str]]) -> Iterator[tuple[list[Claim], str]]:
    """Groups in which an id says which claim is meant: two files may state the same one."""
    for claims, file in groups:
        for stated in dict.fromkeys(c.file for c in claims):
            yield [c for c in claims if c.file == stated], file


def show(name: str) -> Claim:
    """The claim of that id; it renders itself in Jupyter."""
    return registry.claim(name)
