"""What the pages show, taken from the registry and a ledger; nothing is computed anew and nothing is judged here."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import sympy as sp

from gradproof.experiments.engine.check import checks_of
from gradproof.experiments.engine.options import BUDGETS
from gradproof.experiments.engine.store import Ledger, Row, code_of
from gradproof.report.findings import Asked, Findings, Found
from gradproof.report.numbers import MeasuredView, measured, slug
from gradproof.summary import ClaimSummary, select
from gradproof.theory.claim import Claim
from gradproof.theory.derivation import derivation_of
from gradproof.theory.errors import GradproofError
from gradproof.theory.evidence import Level, Outcome, Relation
from gradproof.theory.paper import Paper
from gradproof.theory.proof_json import read_proof, statement_digest
from gradproof.theory.proof_text import formal
from gradproof.theory.statement import statement_of
from gradproof.theory.text import printable
from gradproof.theory.tie import Accepted
from gradproof.theory.written import WrittenProof, written_out

#: A proof longer than this stays in the ledger; the page then says so and how to make it again.
LARGEST_PROOF = 1_000_000
ALL_PROOFS = 1_000_000  # of all proof files together, so that the folder can be sent by mail; the shortest come first
_MORE = 6_000  # characters of a formal statement on the page; the file has all of it
SHOWN = 12  # terms, points and names of each kind; the file has all of them


@dataclass
class ProofPage:
    """One proof of the ledger: what it states, and the file that holds it (empty where it is not written)."""

    text: str
    formal: str
    size: int
    file: str = ""
    axioms: tuple[str, ...] = ()
    uses: int = 0
    digest: str = ""
    problem: str = ""
    content: str = ""


@dataclass
class Evidence:
    """One row of the ledger as the page shows it."""

    row: Row
    measured: MeasuredView | None
    anchor: str
    proofs: list[ProofPage] = field(default_factory=list)
    own: dict[str, str] = field(default_factory=dict)  # what it was made with, where other rows of the claim differ


VIOLATED = "violated without it"
KNOWN_FALSE = "known-false"


@dataclass(frozen=True)
class Need:
    """What is known of one assumption, and where it is shown."""

    verdict: str
    why: str = ""
    measured: MeasuredView | None = None
    link: str = ""


@dataclass(frozen=True)
class Variant:
    """A stronger statement, the row that refuted it if there is one, and how many checks were run on it."""

    what: str
    caught: Row | None
    checks: int
    factor: bool


@dataclass(frozen=True)
class Folded:
    """Rows that say nothing of the claim as it stands at the budget shown, and why."""

    label: str
    rows: tuple[Row, ...]


@dataclass
class Entry:
    """One page: a claim with its current rows of one budget. ``known`` is false where only the ledger has heard of it.

    ``stale``: there is evidence, but none of it is current.
    """

    claim: Claim
    slug: str
    summary: ClaimSummary
    known: bool
    stale: bool
    folded: list[Folded]
    file: str = ""
    budget: str = ""  # that of the rows shown
    mutants: list[Row] = field(default_factory=list)
    found: list[Found] = field(default_factory=list)
    earlier: list[Found] = field(default_factory=list)  # found for another statement under the same id
    asked: dict[str, Asked] = field(default_factory=dict)
    evidence: list[Evidence] = field(default_factory=list)
    controls: list[Evidence] = field(default_factory=list)

    @property
    def verdict(self) -> str:
        """The outcome, ``unchecked``, or ``known-false`` where the claim is false as published and was refuted."""
        if not self.summary.rows:
            return "unchecked"
        known = self.claim.false_as_published and self.summary.outcome is Outcome.REFUTED
        return KNOWN_FALSE if known else self.summary.outcome.value

    @property
    def needs(self) -> list[Need]:
        """Each assumption: violated without it, not needed here, unknown, or not tried; and what shows it."""
        return [self._need(a.name) for a in self.claim.assumptions]

    def _need(self, name: str) -> Need:
        controls = [e for e in self.controls if e.row.drops == name]
        for e in controls:
            if e.row.verdict.outcome.good:
                return Need(VIOLATED, e.row.check.replace("_", " "), e.measured, f"#{e.anchor}")
        for k, f in enumerate(self.found, 1):
            if f.violated and f.drop == (name,):
                return Need(VIOLATED, "a search found an instance", f.measured, f"#found-{k}")
        if name in self.asked:
            verdict = {"needed": VIOLATED}.get(self.asked[name].verdict, self.asked[name].verdict)
            return Need(verdict, self.asked[name].evidence)
        if controls:
            return Need("unknown", "its control did not see the bound fail", None, f"#{controls[0].anchor}")
        return Need("not tried")

    @property
    def variants(self) -> list[Variant]:
        """Each variant of the claim that its checks were tried on, those that survived first."""
        rows: dict[str, list[Row]] = {}
        for r in self.mutants:
            if r.level is not Level.CONTROL:
                rows.setdefault(r.claim, []).append(r)
        if not rows or not self.known:
            return []
        from gradproof.experiments.attack.mutants import mutants_of

        made = mutants_of(self.claim)
        statements = {m.claim.id: statement_of(m.claim) for m in made}
        rows = {n: now for n, found in rows.items() if (now := [r for r in found if r.statement == statements.get(n)])}
        said = {m.claim.id: m.what for m in made}
        order = {name: k for k, name in enumerate(said)}
        found = []
        for name in sorted(rows, key=lambda n: order.get(n, len(order))):
            refuted = [r for r in rows[name] if r.verdict.outcome is Outcome.REFUTED]
            text = said.get(name, name.partition("~")[2])
            found.append(Variant(text, refuted[0] if refuted else None, len(rows[name]), "factor" in name))
        return sorted(found, key=lambda v: v.caught is not None)

    @property
    def runs(self) -> dict[str, str]:
        """What the rows were made with: seeds, budgets, backends, versions; for repeating them. The code is each row's own."""
        made = [_made_with(r) for r in self.summary.rows]
        return {k: "; ".join(sorted({m[k] for m in made} - {""})) for k in (made[0] if made else ()) if k != "code"}

    @property
    def written(self) -> WrittenProof | None:
        """The derivation that the ledger's current row says was accepted."""
        row = next((e.row for e in self.evidence if e.row.check == "derivation"), None)
        found = derivation_of(self.claim) if self.known and row and row.verdict.outcome is Outcome.PROVED else None
        return written_out(self.claim, found, Accepted(row.verdict.given, ())) if found and row else None

    @property
    def proof_count(self) -> int:
        return sum(len(e.proofs) for e in (*self.evidence, *self.controls))


def gather(ledger: Ledger | None, targets: Iterable[str] = (), *, findings: Findings | None = None,
           skipped: list[str] | None = None, budget: str = "") -> list[Entry]:  # fmt: skip
    """An entry for each claim asked for; with no target, for each in the registry or in the ledger.

    Args:
        findings: what searches left.
        skipped: rows of the ledger that cannot be read are named here.
        budget: whose rows are shown; by default the one that has current rows on most claims, the larger of two.
    """
    rows: dict[str, list[Row]] = {}
    skipped = [] if skipped is None else skipped
    for row in ledger.rows(skipped=skipped) if ledger is not None else []:
        rows.setdefault(row.claim, []).append(row)
    targets = list(targets)
    chosen = {c.key: (c, file) for claims, file in select(targets) for c in claims}
    mutants: dict[str, list[Row]] = {}
    for name in [n for n in rows if "~" in n]:
        mutants.setdefault(name.split("~")[0], []).extend(rows.pop(name))
    codes = {key: _codes(c) if c.id in rows else {} for key, (c, _) in chosen.items()}
    current = {key: [r for r in rows.get(c.id, ()) if _is_current(r, c, codes[key])] for key, (c, _) in chosen.items()}
    budget = budget or _most_used(current.values())
    entries = [
        _entry(c, rows.get(c.id, []), current[key], mutants.get(c.id, []), codes[key], budget, file)
        for key, (c, file) in chosen.items()
    ]
    if not targets:
        known = {c.id for c, _ in chosen.values()}
        foreign = {name: [*found, *mutants.get(name, [])] for name, found in rows.items() if name not in known}
        entries += [_foreign(_stranger(name), found) for name, found in foreign.items()]
    seen: dict[str, int] = {}
    for e in entries:  # two ids that differ in case only are one file on some systems
        count = seen[e.slug.lower()] = seen.get(e.slug.lower(), 0) + 1
        e.slug += f"-{count}" if count > 1 else ""
        if findings is not None:
            now = statement_of(e.claim) if e.known else None
            for f in findings.found.get(e.claim.id, []):
                (e.found if f.statement == now else e.earlier).append(f)
            e.asked = findings.needs.get((e.claim.id, now or ""), {})
    _limit_proofs([p for e in entries for shown in (*e.evidence, *e.controls) for p in shown.proofs if p.file])
    return entries


def _limit_proofs(proofs: list[ProofPage]) -> None:
    files: set[str] = set()
    total = 0
    for p in sorted(proofs, key=lambda p: p.size):
        total += 0 if p.file in files else p.size
        if total > ALL_PROOFS:
            p.file, p.content = "", ""
            p.problem = f"this proof of {p.size / 1e3:.0f} kB stays in the ledger, to keep the report small"
        else:
            files.add(p.file)


Codes = dict[tuple[str, Level, str], str]  # check, level, drops -> fingerprint of what it computes with now


def _codes(claim: Claim) -> Codes:
    return {(c.name, c.level, c.drops): code_of(c) for c in checks_of(claim, BUDGETS[-1])}


def _is_current(row: Row, claim: Claim, codes: Codes) -> bool:
    return row.statement == statement_of(claim) and _has_code(row, codes)


def _has_code(row: Row, codes: Codes) -> bool:
    """Was it run by the check as it is? Never known of code without a source."""
    return bool(row.code) and codes.get((row.check, row.level, row.drops)) == row.code


def _most_used(current: Iterable[Sequence[Row]]) -> str:
    count = Counter(b for rows in current for b in {r.budget for r in rows})
    return max(BUDGETS, key=lambda b: (count[b], BUDGETS.index(b))) if count else BUDGETS[0]


def _entry(claim: Claim, rows: Sequence[Row], current: Sequence[Row], mutants: Sequence[Row], codes: Codes, budget: str,
           file: str) -> Entry:  # fmt: skip
    shown = _last([r for r in current if r.budget == budget])
    keys = {r.key for r in shown}
    rest = [r for r in rows if r.key not in keys]
    stale = bool(rows) and not current
    tried = _last([r for r in mutants if r.budget == budget and _has_code(r, codes)])
    folded = _fold(claim, rest, current)
    summary = ClaimSummary(claim, tuple(shown))
    entry = Entry(claim, slug(claim.id), summary, True, stale, folded, Path(file).name, budget, tried)
    for k, r in enumerate(shown, 1):
        e = Evidence(r, measured(r.verdict.worst, claim.relation) if r.verdict.worst else None, f"check-{k}")
        e.proofs = [proof_page(text) for text in r.verdict.proofs]
        made = _made_with(r)
        differs = {k for o in shown for k, v in _made_with(o).items() if made[k] != v} - {"seed"}
        e.own = {k: v for k, v in made.items() if k == "code" or k in differs}
        (entry.controls if r.level is Level.CONTROL else entry.evidence).append(e)
    return entry


def _foreign(claim: Claim, rows: Sequence[Row]) -> Entry:
    """What the ledger has on a claim that is not installed: nothing of it can be called current."""
    folded = [Folded("the claim is not in this installation", tuple(_last(rows)))]
    return Entry(claim, slug(claim.id), ClaimSummary(claim, ()), False, False, folded)


def _fold(claim: Claim, rows: Sequence[Row], current: Sequence[Row]) -> list[Folded]:
    """Rows that are not shown as evidence, by why they are not."""
    now, keys = statement_of(claim), {r.key for r in current}
    groups: dict[str, list[Row]] = {}
    for r in rows:
        if r.key in keys:
            label = f"budget {r.budget}"
        elif r.statement != now:
            label = "another statement under this id" if r.statement else "an earlier version of the ledger"
        elif not r.code:
            label = "code without a source"
        else:
            label = "code that has changed"
        groups.setdefault(label, []).append(r)
    return [Folded(label, tuple(_last(found))) for label, found in sorted(groups.items())]


def _made_with(r: Row) -> dict[str, str]:
    versions = ", ".join(f"{k} {v}" for k, v in r.versions.items())
    return {"code": r.code, "seed": str(r.seed), "budget": r.budget, "backend": r.backend, "versions": versions}


def _last(rows: Sequence[Row]) -> list[Row]:
    """The last row of each check, budget, backend and seed."""
    last = {(r.claim, r.check, r.level, r.budget, r.backend, r.seed): r for r in rows}
    order = list(Level)
    return sorted(last.values(), key=lambda r: (order.index(r.level), r.check, r.budget, r.seed))


def _stranger(name: str) -> Claim:
    """A claim that the ledger speaks of and this installation does not have."""
    name = printable(name)
    key = name.split(".")[0]
    paper = Paper(key=key, authors=(), title=f"{key} (not in this installation)", year=0, family="unknown")
    return Claim(id=name, paper=paper, title=name, statement="", parameters=(), assumptions=(), quantity="",
                 relation=Relation.LE, expression=sp.Integer(0))  # fmt: skip


def proof_page(text: str) -> ProofPage:
    """What a proof of the ledger states. It was accepted when the check ran; it is not checked again here."""
    if len(text) > LARGEST_PROOF:
        return ProofPage("", "", len(text), problem=f"a proof of {len(text) / 1e6:.1f} MB stays in the ledger")
    try:
        proof = read_proof(text)
        compact = json.dumps(json.loads(text), separators=(",", ":"), ensure_ascii=False)
        said = formal(proof.statement, SHOWN)
        digest = statement_digest(proof.statement)
    except (GradproofError, ValueError, RecursionError) as error:
        return ProofPage("", "", len(text), problem=f"this proof cannot be read: {error}")
    more = "\n… (the file has the rest)" if len(said) > _MORE else ""
    axioms = tuple(sorted({u.axiom for u in proof.uses}))
    name = hashlib.sha256(compact.encode()).hexdigest()[:16]
    return ProofPage(proof.statement.text, said[:_MORE] + more, len(compact), f"{name}.json", axioms, len(proof.uses),
                     digest, content=compact)  # fmt: skip


#: in the order in which they are shown
VERDICTS = (
    *(o.value for o in Outcome if o.good), KNOWN_FALSE, *(o.value for o in Outcome if not o.good), "unchecked",
)  # fmt: skip


def counts(entries: Sequence[Entry]) -> list[tuple[str, int]]:
    """How many claims have each verdict, in the order of the verdicts, ``unchecked`` last."""
    found = [e.verdict for e in entries]
    return [(o, found.count(o)) for o in VERDICTS]
