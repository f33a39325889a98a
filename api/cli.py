"""The command line: ``gradproof verify | list | show | bound | certify | check | export | figures | ...``.

Exit codes: 0 all as claimed, 1 something refuted or missed (or a proof rejected), 2 usage, 3 undecided only, 4 a crash of ours.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import textwrap
from pathlib import Path

import click

import gradproof
from gradproof import proof_commands
from gradproof.arguments import SECONDS, SEED, ExistingOrNew, decimals
from gradproof.one_line import one_line, values_of
from gradproof.output import strict_json, users_prints_aside
from gradproof.theory.errors import GradproofError
from gradproof.theory.text import printable

ANSWER = 20  # seconds for the decimals of one bound


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(gradproof.__version__, prog_name="gradproof")
def main() -> None:
    """Check the convergence theory of gradient methods by machine."""


for command in (proof_commands.certify, proof_commands.check, proof_commands.export):
    main.add_command(command)


@main.command()
@click.argument("targets", nargs=-1, metavar="[CLAIM|PAPER|FILE.py]...")
@click.option("--budget", type=click.Choice(["quick", "full", "gpu"]), default="quick", show_default=True)
@click.option("--jobs", type=click.IntRange(min=1), default=None, help="Worker processes [default: every core].")
@click.option("--backend", type=click.Choice(["numpy", "jax", "torch", "cupy"]), default="numpy", show_default=True)
@click.option("--seed", type=SEED, default=0, show_default=True)
@click.option("--ledger", type=ExistingOrNew(path_type=Path), default=None, help="Ledger file [default: the user's].")
@click.option("--fresh", is_flag=True, help="Repeat checks that the ledger already has.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object on standard output.")
@click.option("--details", is_flag=True, help="Also a line a check: what was done and what came out.")
@one_line
def verify(targets: tuple[str, ...], budget: str, jobs: int | None, backend: str, seed: int, ledger: Path | None,
           fresh: bool, as_json: bool, details: bool) -> None:  # fmt: skip
    """Confront claims with their evidence: all of them, or those of the named claims, papers and files.

    Finished checks are kept in the ledger as they finish; a run that was stopped goes on where it was.
    """
    from gradproof import summary, tables
    from gradproof.experiments.engine.store import Ledger

    book = Ledger(ledger)
    if book.set_aside is not None:
        click.echo(
            f"warning: the ledger was corrupted; it is kept as {book.set_aside} and a new one is begun", err=True
        )
    with tables.progress(as_json) as on_row, users_prints_aside(as_json):
        found = summary.verify(
            *targets, ledger=book, budget=budget, jobs=jobs, backend=backend, seed=seed, fresh=fresh, on_row=on_row
        )
    if as_json:
        click.echo(strict_json(found.as_json()))
    else:
        tables.show_summary(found, details=details)
    sys.exit(found.exit_code)


@main.command("list")
@click.argument("names", nargs=-1, metavar="[CLAIM|PAPER]...")
@click.option("--json", "as_json", is_flag=True)
@one_line
def list_(names: tuple[str, ...], as_json: bool) -> None:
    """List the claims: id, title, and how far the source was verified."""
    from gradproof import tables
    from gradproof.theory import registry

    claims = registry.select(list(names))
    if as_json:
        rows = [
            {"id": c.id, "title": c.title, "paper": c.paper.key, "family": c.paper.family, "confidence": c.confidence}
            for c in claims
        ]
        click.echo(json.dumps(rows, indent=1))
    else:
        tables.show_claims(claims)


@main.command()
@click.argument("claim_id", metavar="CLAIM")
@click.option(
    "--proof",
    is_flag=True,
    help="Its derivation, checked now and written out; with --json as `gradproof check` reads it.",
)
@click.option("--json", "as_json", is_flag=True)
@one_line
def show(claim_id: str, proof: bool, as_json: bool) -> None:
    """Show a claim: statement, assumptions, parameters, bound, source."""
    from gradproof.summary import claim_json
    from gradproof.theory import registry

    c = registry.claim(claim_id)
    if proof:
        from gradproof.theory.derivation import derivation_of
        from gradproof.theory.derivation_json import write_derivation
        from gradproof.theory.written import written_proof

        written, derivation = written_proof(c), derivation_of(c)
        assert derivation is not None
        text = write_derivation(derivation, c.id) if as_json else str(written)
    else:
        text = json.dumps(claim_json(c), indent=1) if as_json else c.show()
    if not as_json:
        width = shutil.get_terminal_size().columns if sys.stdout.isatty() else sys.maxsize
        text = "\n".join(
            textwrap.fill(line, width, subsequent_indent=" " * (11 if proof else 4)) for line in text.splitlines()
        )
    click.echo(text)


@main.command()
@click.argument("claim_id", metavar="CLAIM")
@click.argument("values", nargs=-1, metavar="NAME=VALUE...")
@click.option("--drop", multiple=True, metavar="ASSUMPTION", help="Evaluate although this assumption is broken.")
@click.option("--json", "as_json", is_flag=True)
@one_line
def bound(claim_id: str, values: tuple[str, ...], drop: tuple[str, ...], as_json: bool) -> None:
    """Evaluate a claim's bound exactly. Values are integers, fractions 3/4, decimals (read exactly), or lists 1,1,1,100."""
    from gradproof.experiments.engine.deadline import TimedOut, deadline
    from gradproof.theory import registry
    from gradproof.theory.errors import DomainError

    c = registry.claim(claim_id)
    given = values_of(values)
    try:
        with deadline(ANSWER):
            number, decimal, exact = decimals(c.bound(drop=drop, **given))
    except TimedOut as error:
        raise DomainError(f"{c.id}: the bound {error} at these numbers; give less extreme ones") from None
    if as_json:
        shown = {k: [str(x) for x in v] if isinstance(v, tuple) else str(v) for k, v in given.items()}
        click.echo(
            json.dumps(
                {
                    "claim": c.id,
                    "relation": c.relation.value,
                    "bound": number,
                    "exact": exact,
                    "values": shown,
                }
            )
        )
    else:
        click.echo(decimal + (f"  (exactly {exact})" if exact and len(exact) <= 100 else ""))


@main.command()
@click.argument("names", nargs=-1, metavar="[PAPER]...")
@click.option(
    "-o", "--output", type=ExistingOrNew(file_okay=False, path_type=Path), default=Path("figures"), show_default=True
)
@click.option("--budget", type=click.Choice(["quick", "full", "gpu"]), default="quick", show_default=True)
@click.option("--fresh", is_flag=True, help="Compute again although nothing changed.")
@click.option("--explain", is_flag=True, help="Only say which inputs changed since each figure was made.")
@one_line
def figures(names: tuple[str, ...], output: Path, budget: str, fresh: bool, explain: bool) -> None:
    """Draw the papers' figures: PDF, PNG, and the dataset behind each (netCDF)."""
    os.environ["MPLBACKEND"] = "agg"  # before matplotlib is imported: the caller's may need a screen, or a notebook
    from gradproof import tables
    from gradproof.paper_figures import make

    if explain:
        for stem in make.stems(list(names)):
            reasons = make.explain(stem, output, budget=budget)
            click.echo(f"{stem}: " + ("\n  ".join(["stale", *reasons]) if reasons else "current"))
        return
    for stem in tables.track(make.stems(list(names)), "figures"):
        done = make.figure(stem, output, budget=budget, fresh=fresh)
        click.echo("  ".join(str(p) for p in done.files) + ("  (unchanged)" if done.cached else ""))


@main.command()
@click.argument("targets", nargs=-1, required=True, metavar="CLAIM|PAPER|FILE.py...")
@click.option("--drop", multiple=True, metavar="ASSUMPTION", help="Search where this assumption need not hold.")
@click.option("--budget", type=click.Choice(["quick", "full"]), default="quick", show_default=True)
@click.option("--seconds", type=SECONDS, default=None, help="Cap on the time for each claim.")
@click.option("--seed", type=SEED, default=0, show_default=True)
@click.option(
    "-o",
    "--output",
    type=ExistingOrNew(file_okay=False, path_type=Path),
    default=Path("counterexamples"),
    show_default=True,
)
@click.option("--json", "as_json", is_flag=True)
@one_line
def falsify(targets: tuple[str, ...], drop: tuple[str, ...], budget: str, seconds: float | None, seed: int, output: Path,
            as_json: bool) -> None:  # fmt: skip
    """Search for a counterexample; what is found is replayed exactly, made small and saved.

    Exit code 1 if one is found, 3 if more than 1 % of the instances could not be measured, else 0 (which says what was tried,
    never that a claim is true).
    """
    from gradproof import falsify as falsify_

    findings = []
    with users_prints_aside(as_json):
        groups = falsify_.groups(targets)
    for claims, file in groups:
        for c in claims:
            with users_prints_aside(as_json):
                found = falsify_.falsify_claim(c, drop=drop, budget=budget, seed=seed, seconds=seconds, file=file)
            findings.append(found)
            if not as_json:
                click.echo(found)
            if found.violated:
                try:
                    saved = found.save(output)
                except OSError as error:  # what was found stands
                    click.echo(f"error: cannot save to {printable(output)}: {error.strerror}", err=True)
                else:
                    if not as_json:
                        click.echo(f"  saved as {saved[0]} and {saved[1]}")
    if as_json:
        click.echo(strict_json([f.as_json() for f in findings]))
    sys.exit(1 if any(f.violated for f in findings) else 3 if any(f.undecided for f in findings) else 0)


@main.command()
@click.argument("targets", nargs=-1, metavar="[CLAIM|PAPER|FILE.py]...")
@click.option("--budget", type=click.Choice(["quick", "full", "gpu"]), default="quick", show_default=True)
@click.option("--jobs", type=click.IntRange(min=1), default=None, help="Worker processes [default: every core].")
@click.option("--ledger", type=ExistingOrNew(path_type=Path), default=None, help="Ledger file [default: the user's].")
@click.option("--json", "as_json", is_flag=True, help="One JSON object on standard output.")
@one_line
def power(targets: tuple[str, ...], budget: str, jobs: int | None, ledger: Path | None, as_json: bool) -> None:
    """By which factor would a bound have to be wrong before each numeric check refutes it? The weakest first.

    Exit code 1 if a check is blind (a factor of 1000 would pass), or a tight claim has no check that sees one percent.
    """
    from gradproof import summary, tables
    from gradproof.experiments.engine.store import Ledger

    with tables.progress(as_json) as on_row, users_prints_aside(as_json):
        found = summary.verify(*targets, ledger=Ledger(ledger), budget=budget, jobs=jobs, on_row=on_row)
    counts = found.power
    if as_json:
        rows = [{"claim": c, "check": r.check, "resolution": summary.plain_factor(x)} for x, c, r in found.resolutions]
        click.echo(strict_json(counts | {"checks": rows}))
    else:
        tables.show_power(found)
    sighted = counts["tight_claims_seeing_1_percent"] == counts["tight_claims"]
    sys.exit(0 if not counts["blind"] and sighted else 1)


@main.command()
@click.argument("targets", nargs=-1, required=True, metavar="CLAIM|PAPER|FILE.py...")
@click.option("--budget", type=click.Choice(["quick", "full"]), default="quick", show_default=True)
@click.option("--seed", type=SEED, default=0, show_default=True)
@click.option("--ledger", type=ExistingOrNew(path_type=Path), default=None, help="Ledger file [default: the user's].")
@click.option("--fresh", is_flag=True, help="Repeat what the ledger already has.")
@click.option("--json", "as_json", is_flag=True)
@one_line
def mutants(targets: tuple[str, ...], budget: str, seed: int, ledger: Path | None, fresh: bool, as_json: bool) -> None:
    """Run false variants of claims through the claims' own checks: which are caught, by what, and why others survive.

    Exit code 1 if a mutant that is false by exact knowledge survives, else 0.
    """
    from gradproof import falsify as falsify_
    from gradproof import mutants as mutants_

    def show(r: mutants_.MutantResult) -> None:
        if not as_json:
            verdict = "caught  " if r.caught else "SURVIVED" if r.mutant.false else "survives"
            click.echo(f"{verdict}  {r.mutant.claim.id}: {r.mutant.what}; {r.by + ': ' if r.by else ''}{r.reason}")

    with users_prints_aside(as_json):
        claims = [c for group, _ in falsify_.groups(targets) for c in group]
        results = mutants_.run_mutants(claims, ledger=ledger, budget=budget, seed=seed, fresh=fresh, on_result=show)
    if as_json:
        click.echo(strict_json([r.as_json() for r in results]))
    else:
        sure = [r for r in results if r.mutant.false]
        caught = sum(r.caught for r in results)
        click.echo(
            f"{caught} of {len(results)} mutants caught; of those that are false by exact knowledge "
            f"{sum(r.caught for r in sure)} of {len(sure)}"
        )
    sys.exit(1 if any(r.mutant.false and not r.caught for r in results) else 0)


@main.command()
@click.argument("targets", nargs=-1, required=True, metavar="CLAIM|PAPER|FILE.py...")
@click.option("--budget", type=click.Choice(["quick", "full"]), default="quick", show_default=True)
@click.option("--seconds", type=SECONDS, default=None, help="Cap on one search.")
@click.option("--seed", type=SEED, default=0, show_default=True)
@click.option("--ledger", type=ExistingOrNew(path_type=Path), default=None, help="Ledger file [default: the user's].")
@click.option(
    "-o",
    "--output",
    type=ExistingOrNew(file_okay=False, path_type=Path),
    default=Path("counterexamples"),
    show_default=True,
    help="Where the report looks for it.",
)
@click.option("--latex", is_flag=True, help="Print a LaTeX table.")
@click.option("--markdown", is_flag=True, help="Print a Markdown table.")
@click.option("--json", "as_json", is_flag=True)
@one_line
def necessity(targets: tuple[str, ...], budget: str, seconds: float | None, seed: int, ledger: Path | None, output: Path,
              latex: bool, markdown: bool, as_json: bool) -> None:  # fmt: skip
    """For every assumption of the claims: needed (with an instance), not needed here, or unknown."""
    from gradproof import falsify as falsify_
    from gradproof import necessity as necessity_

    rows = necessity_.Needs()
    with users_prints_aside(as_json or latex or markdown):
        for claims, file in falsify_.groups(targets):
            rows += necessity_.necessity(claims, budget=budget, seed=seed, seconds=seconds, ledger=ledger, file=file)
    try:
        rows.save(output)
    except OSError as error:
        raise GradproofError(f"cannot write to {output}: {error.strerror}; choose another folder with -o") from None
    if as_json:
        click.echo(strict_json([n.as_json() for n in rows]))
    elif latex or markdown:
        click.echo(rows.latex if latex else rows.markdown)
    else:
        click.echo(rows)


@main.command()
@click.argument("targets", nargs=-1, metavar="[CLAIM|PAPER|FILE.py]...")
@click.option(
    "-o",
    "--output",
    type=ExistingOrNew(path_type=Path),
    default=Path("report"),
    show_default=True,
    help="New or a report.",
)
@click.option("--ledger", type=ExistingOrNew(path_type=Path), default=None, help="Ledger file [default: the user's].")
@click.option(
    "--figures",
    type=ExistingOrNew(path_type=Path),
    default=Path("figures"),
    show_default=True,
    help="From `figures -o`.",
)
@click.option(
    "--counterexamples",
    type=ExistingOrNew(path_type=Path),
    default=Path("counterexamples"),
    show_default=True,
    help="From `falsify -o` and `necessity -o`.",
)
@click.option(
    "--budget", type=click.Choice(["quick", "full", "gpu"]), default=None, help="Whose rows [default: most used]."
)
@one_line
def report(targets: tuple[str, ...], output: Path, ledger: Path | None, figures: Path, counterexamples: Path,
           budget: str | None) -> None:  # fmt: skip
    """Write what the ledger says as a folder of HTML pages: no network, no server; open its index.html."""
    from gradproof.report import build

    made = build(output, ledger=ledger, targets=targets, figures=figures, findings=counterexamples, budget=budget or "")
    for problem in made.problems:
        click.echo(f"warning: {problem}", err=True)
    click.echo(f"{made.index}  ({made.claims} claims, {made.files} files, {made.size / 1e6:.1f} MB)")


if __name__ == "__main__":
    main()
