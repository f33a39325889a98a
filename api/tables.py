"""What the command line prints: the table of verdicts, the list of claims, live progress."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from gradproof.experiments.engine.store import Row
from gradproof.summary import Summary, show_factor, stands
from gradproof.theory.claim import Claim
from gradproof.theory.evidence import Level, Outcome
from gradproof.theory.text import plain

STYLE = {
    Outcome.PROVED: "bold green",
    Outcome.CERTIFIED: "green",
    Outcome.CHECKED: "cyan",
    Outcome.CONFIRMED: "green",
    Outcome.CONSISTENT: "cyan",
    Outcome.REFUTED: "bold red",
    Outcome.MISSED: "bold red",
    Outcome.UNDECIDED: "yellow",
}


def _console(stderr: bool = False) -> Console:
    console = Console(stderr=stderr, highlight=False, soft_wrap=False, emoji=False)
    if not console.is_terminal:
        console = Console(stderr=stderr, highlight=False, width=240, emoji=False)  # a file has room: nothing is cut
    return console


@contextmanager
def progress(quiet: bool = False) -> Iterator[Callable[[Row, int, int], None]]:
    """A live bar on stderr; without a terminal, a line for each bad row only."""
    console = _console(stderr=True)
    if quiet or not console.is_terminal:
        yield lambda row, done, planned: None
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("verifying", total=None)

        def on_row(row: Row, done: int, planned: int) -> None:
            bar.update(
                task, completed=done, total=planned, description=escape(f"{row.claim}: {row.check}"[:60].ljust(60))
            )

        yield on_row


def track(items: Sequence[str], what: str) -> Iterator[str]:
    """Iterate with a live bar on stderr."""
    console = _console(stderr=True)
    if not console.is_terminal:
        yield from items
        return
    with Progress(
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), console=console
    ) as bar:
        task = bar.add_task(what, total=len(items))
        for item in items:
            bar.update(task, description=escape(f"{what}: {item}"))
            yield item
            bar.advance(task)


#: a terminal of so many columns has room for a column a kind of evidence
WIDE = 130


def show_summary(found: Summary, *, details: bool = False) -> None:
    """One line a claim, then what is bad and why, then the count of verdicts."""
    console = _console()
    wide = console.width >= WIDE
    kinds = [v.value + "s" * (v is Level.CONTROL) for v in Level] if wide else ["evidence", "controls"]
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2 if wide else 1, 0, 0))
    for head in ("claim", "verdict", *kinds):
        table.add_column(head, no_wrap=True)
    for head in ("tightness" if wide else "tight", "sees"):
        table.add_column(head, justify="right", no_wrap=True)
    if wide:
        table.add_column("", no_wrap=True, overflow="ignore")
    for s in found:
        style = STYLE[s.outcome] if not s.as_claimed or s.outcome.good else STYLE[Outcome.CONFIRMED]
        verdict = f"[{style}]{s.outcome.value}[/]" if s.rows else "[dim]no check[/]"
        if wide:
            table.add_row(escape(s.claim.id), verdict, *map(escape, s.cells[2:-1]), f"[dim]{escape(s.note)}[/]")
        else:
            caught = s.cell(Level.CONTROL).removeprefix("caught ")
            table.add_row(escape(s.claim.id), verdict, s.letters, escape(caught), *map(escape, s.cells[-3:-1]))
    console.print(table)
    if not wide:
        console.print("[dim]evidence: s symbolic, c certified, e exact, r runs; controls: caught of all[/]")
        for note in dict.fromkeys(s.note for s in found if s.note):
            names = [s.claim.id for s in found if s.note == note]
            text = ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
            console.print(f"[dim]{escape(f'{note}: {text}')}[/]")
    for s in found:
        for r in s.rows:
            bad = not stands(s.claim, r)
            if bad or details:
                style = STYLE[r.verdict.outcome]
                text = (
                    f"  [{style}]{r.verdict.outcome.value:10}[/] {escape(f'{s.claim.id} / {r.check}')} ({r.level.value}"
                )
                console.print(f"{text}, {r.seconds:.1f} s): ", end="")
                console.print(
                    f"{r.verdict.reason} -- {plain(r.summary)}" if details else r.verdict.reason, markup=False
                )
    counts = [
        f"{n} {o.value}" for o in Outcome if (n := sum(s.outcome is o for s in found if s.rows and s.outcome.good))
    ]
    known = sum(s.as_claimed and not s.outcome.good for s in found)
    counts += [f"{known} refuted as known"] if known else []
    counts += [
        f"{n} {o.value}"
        for o in Outcome
        if not o.good and (n := sum(s.outcome is o for s in found if s.rows and not s.as_claimed))
    ]
    rows = [r for s in found for r in s.rows]
    cached = sum(r.cached for r in rows)
    work = f"{len(rows)} check{'s' * (len(rows) != 1)}, {sum(r.seconds for r in rows):.0f} s of work"
    line = f"{len(found)} claim{'s' * (len(found) != 1)}: {', '.join(counts) or 'no checks'}; {work}"
    console.print(line + (f", {cached} taken from the ledger (--fresh repeats them)" if cached else ""))


def show_power(found: Summary) -> None:
    """A line a check, the weakest first, and what is counted."""
    console = _console()
    for x, claim, row in found.resolutions:
        console.print(f"{show_factor(x) or '-':>9}  {claim} / {row.check}", markup=False)
    counts = found.power
    console.print(
        f"{counts['numeric_checks']} numeric checks, {counts['blind']} blind; "
        f"{counts['tight_claims_seeing_1_percent']} of {counts['tight_claims']} tight claims have a check that sees 1 %"
    )


def show_claims(claims: Sequence[Claim]) -> None:
    """Id, title and how the statement came here, one line a claim."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for head in ("claim", "title", "statement"):
        table.add_column(head, no_wrap=head == "claim")
    for c in claims:
        table.add_row(
            escape(c.id),
            escape(plain(c.title)),
            "false" if c.false_as_published else c.standing if c.confidence == "recalled" else c.confidence,
        )
    _console().print(table)
    if not claims:
        print("no claims", file=sys.stderr)
