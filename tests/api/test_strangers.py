"""What strangers do: no input is a silent success, and no fault of ours looks like a verdict."""

import subprocess
import sys
from pathlib import Path

import pytest

import gradproof
from gradproof.theory.errors import GradproofError

HEAD = """
from fractions import Fraction
import sys
from gradproof import Claim, Paper, Relation, cases, check, instead, measure, register, Level
C = Claim(id="mine.a", paper=Paper(key="mine", authors=("me",), title="t", year=2026, family="own"), title="t", statement="s",
          parameters=(), assumptions=(), quantity="x", relation=Relation.LE, expression=1)
register(C)
@measure(C, cases())
def too_large():
    return Fraction(2)
"""


def verify(tmp_path, text, *more):
    path = tmp_path / "mine.py"
    path.write_text(text)
    command = [sys.executable, "-m", "gradproof", "verify", str(path), "--jobs", "1", *more]
    return subprocess.run(command, capture_output=True, text=True)


@pytest.mark.parametrize(
    "leaves",
    [
        "@measure(C, cases())\ndef leaves():\n    sys.exit(0)\n",
        "@check(C, level=Level.SYMBOLIC)\ndef leaves(ctx):\n    sys.exit(0)\n    yield None\n",
        "@measure(C, cases())\ndef leaves():\n    raise SystemExit\n",
    ],
)
def test_a_check_that_leaves_the_program_hides_nothing(tmp_path, leaves):
    done = verify(tmp_path, HEAD + leaves)
    assert done.returncode == 1
    assert "refuted" in done.stdout
    assert "SystemExit" in done.stdout


@pytest.mark.parametrize("end", ["sys.exit(0)", "import os\nos._exit(0)", "from os import _exit as end\nend(0)"])
def test_a_file_that_leaves_the_program_is_an_error(tmp_path, end):
    done = verify(tmp_path, HEAD + end + "\n")
    assert done.returncode == 2
    assert "SystemExit" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_a_file_without_a_claim_is_an_error(tmp_path):
    done = verify(tmp_path, "x = 1\n")
    assert done.returncode == 2
    assert "states no claim" in done.stderr


def test_targets_may_be_paths_and_lists_and_nothing_else(tmp_path):
    path = tmp_path / "mine.py"
    path.write_text(HEAD)
    ledger = tmp_path / "l.sqlite"
    assert len(gradproof.verify(path, ledger=ledger)) == 1
    claim = gradproof.claim("ef21.young-optimal")
    assert [s.claim.id for s in gradproof.verify([claim], ledger=ledger)] == [claim.id]
    assert len(gradproof.verify([], ledger=ledger)) == 0
    for wrong in (None, 3, object()):
        with pytest.raises(TypeError, match="names no claim"):
            gradproof.verify(wrong, ledger=ledger)


def test_an_unknown_name_is_one_line(tmp_path):
    with pytest.raises(GradproofError):
        gradproof.verify("no.such-claim", ledger=tmp_path / "l.sqlite")


def test_a_crash_of_ours_is_no_verdict(tmp_path, monkeypatch):
    from click.testing import CliRunner

    from gradproof import summary
    from gradproof.cli import main

    def breaks(*args, **kwargs):
        raise RuntimeError("a fault")

    monkeypatch.setattr(summary, "verify", breaks)
    result = CliRunner().invoke(main, ["verify", "ef21", "--ledger", str(Path(tmp_path) / "l.sqlite")])
    assert result.exit_code == 4
    assert "fault of gradproof" in result.output
