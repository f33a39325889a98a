"""The commands that make, re-check and export proofs."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import click

from gradproof.arguments import SECONDS, ExistingOrNew
from gradproof.one_line import LONGEST, one_line, values_of
from gradproof.output import strict_json
from gradproof.theory.errors import GradproofError
from gradproof.theory.text import plain, printable

MOST = 12  # terms, points and names of a statement, unless all are asked for


@click.command()
@click.argument("claim_id", metavar="CLAIM")
@click.argument("values", nargs=-1, metavar="NAME=VALUE...")
@click.option(
    "-o", "--output", type=ExistingOrNew(dir_okay=False, path_type=Path), default=None, help="Write the proof here."
)
@click.option("--json", "as_json", is_flag=True)
@one_line
def certify(claim_id: str, values: tuple[str, ...], output: Path | None, as_json: bool) -> None:
    """Make a proof of a claim at given rational parameters, have the kernel check it, and write it as JSON."""
    from gradproof.experiments.engine.check import certifier_of
    from gradproof.experiments.engine.files import write_output
    from gradproof.theory import registry
    from gradproof.theory.proof import check as kernel_check
    from gradproof.theory.proof_json import statement_digest, write_proof

    c = registry.claim(claim_id)
    made = certifier_of(c)(**values_of(values))
    proof, facts = made if isinstance(made, tuple) else (made, {})
    accepted = kernel_check(proof)
    if output is not None:
        try:
            write_output(output, write_proof(proof))
        except OSError as error:
            raise GradproofError(f"cannot write {output}: {error.strerror}") from None
    if as_json:
        result = {"claim": c.id, "accepted": True, "statement": accepted.statement.text,
                  "digest": statement_digest(accepted.statement), "axioms": list(accepted.axioms),
                  "file": str(output) if output else None}  # fmt: skip
        click.echo(strict_json(result | {k: str(v) if not isinstance(v, float) else v for k, v in facts.items()}))
    else:
        for name, value in facts.items():
            click.echo(f"{name} = {value}")
        click.echo(f"accepted: {plain(accepted.statement.text)}" + (f"\nwritten to {output}" if output else ""))


@click.command()
@click.argument("file", type=ExistingOrNew(path_type=Path))
@click.option("--full", is_flag=True, help="Print every term, point and name of a long statement.")
@click.option("--timeout", type=SECONDS, default=120.0, show_default=True, metavar="SECONDS",
              help="Give up after that time: exit code 3.")  # fmt: skip
@click.option("--rocq", is_flag=True, help="Have coqc check a .v file, or the export of a proof.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object, with the whole statement.")
@one_line
def check(file: Path, full: bool, timeout: float, rocq: bool, as_json: bool) -> None:
    """Re-check a proof file, or a derivation of a claim of the library, by exact arithmetic, and print what it proves.

    Also looks for an example of what the statement assumes, or a contradiction in it: then it says nothing, and is rejected.
    With --rocq the proof assistant decides; exit code 3 where there is none.
    """
    from gradproof.checking import OutOfTime, check_file

    if rocq:
        _check_coq(file, timeout, as_json)
        return
    try:
        found = check_file(file, seconds=timeout, most=None if full or as_json else MOST)
    except OutOfTime as error:
        click.echo(f"undecided: {printable(error, LONGEST)}", err=True)
        sys.exit(3)
    if as_json:
        click.echo(json.dumps({"accepted": True} | found))
        return
    if found["kind"] == "derivation":
        click.echo(f"accepted by two checkers, given {', '.join(found['given']) or 'no fact'}\n{found['formal']}")
        click.echo(f"statement {found['digest']}")
        return
    click.echo(f"accepted, by {', '.join(found['axioms']) or 'no axiom'}\n{found['formal']}")
    standing, reason = found["assumptions"]["standing"], printable(found["assumptions"]["reason"], LONGEST)
    if standing != "hold together":
        click.echo(f"careful: its premises and members {standing} ({reason}); it says nothing if they cannot")
    described = plain(printable(found["statement"], LONGEST)) or "nothing"
    whose = (
        "which the file describes (unchecked) as"
        if found["kind"] == "proof"
        else "which, for the data of the certificate, says"
    )
    click.echo(f"{whose}: {described}\nstatement {found['digest']}")


def _check_coq(file: Path, timeout: float, as_json: bool) -> None:
    from gradproof import rocq
    from gradproof.checking import OutOfTime, read_file
    from gradproof.theory.proof import check as kernel_check
    from gradproof.theory.proof_json import read_proof

    text = read_file(file)
    if file.suffix != ".v":
        proof = read_proof(text)
        kernel_check(proof)
        text = rocq.coq_text(proof, "proved")
    try:
        found = rocq.check_coq(text, seconds=timeout)
    except OutOfTime as error:
        click.echo(f"undecided: {printable(error, LONGEST)}", err=True)
        sys.exit(3)
    if as_json:
        click.echo(json.dumps({"accepted": True} | found))
        return
    click.echo(f"accepted by coqc: {', '.join(found['theorems'])}  ({found['seconds']} s)")
    click.echo(f"resting on {', '.join(found['axioms']) or 'no axiom'}")


@click.command()
@click.argument("target", metavar="CLAIM|PROOF.json")
@click.option(
    "-o", "--output", type=ExistingOrNew(file_okay=False, path_type=Path), default=Path("rocq"), show_default=True
)
@click.option("--json", "as_json", is_flag=True)
@one_line
def export(target: str, output: Path, as_json: bool) -> None:
    """Write a proof, or a claim's derivation, as files for the proof assistant Rocq (Coq), with the library that they import.

    What has a part that no Coq file is written for is refused, with the reason.
    """
    from gradproof import rocq
    from gradproof.checking import read_file
    from gradproof.theory import registry
    from gradproof.theory.proof import check as kernel_check
    from gradproof.theory.proof_json import read_proof

    if target.endswith(".json"):
        proof = read_proof(read_file(Path(target)))
        kernel_check(proof)
        name = rocq.file_stem(Path(target).stem)
        texts = {f"{name}.v": rocq.coq_text(proof, name)}
    else:
        texts = rocq.claim_texts(registry.claim(target))
    try:
        files = [str(f) for f in rocq.write_files(texts, output)]
    except OSError as error:
        raise GradproofError(f"cannot write to {output}: {error.strerror}; choose another folder with -o") from None
    click.echo(json.dumps({"target": target, "files": files}) if as_json else "\n".join(files))
