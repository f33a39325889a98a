"""``gradproof check`` on a stranger's file: a deadline that holds, everything printed, nothing accepted that says nothing."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from fractions import Fraction as F
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from gradproof import checking
from gradproof.cli import main
from gradproof.theory.axioms import ONE, Form, Member, Point
from gradproof.theory.errors import GradproofError, ProofFormatError
from gradproof.theory.field import Functions, Interval
from gradproof.theory.proof import Premise, Proof, Statement, Use
from gradproof.theory.proof_json import read_proof, write_proof
from gradproof.theory.proof_text import formal


def run(*args: object) -> Result:
    return CliRunner().invoke(main, [str(a) for a in args])


def saved(folder: Path, proof: Proof) -> Path:
    file = folder / "proof.json"
    file.write_text(write_proof(proof), encoding="utf-8")
    return file


def gradient_step(bound: F) -> Proof:
    """f1 - f* <= bound after a gradient step from |x0|^2 <= 4, with what an indicator of value 1 adds to it."""
    one = F(1)
    points = (
        Point("x*", {}, {}, {"f*": one}),
        Point("x0", {"x0": one}, {"g0": one}, {"f0": one}),
        Point("x1", {"x0": one, "g0": -one}, {"g1": one}, {"f1": one}),
    )
    f = Member("f", "function", {"mu": F(0), "L": one}, points)
    i = Member("i", "indicator", {}, (Point("a", {}, {}, {ONE: one}),))
    uses = [Use("interpolation", "f", p, F(1, 2)) for p in (("x*", "x0"), ("x*", "x1"), ("x0", "x1"))]
    uses.append(Use("premise", "start", (), F(1, 6)))
    extra = () if bound == F(2, 3) else (Use("indicator-value", "i", ("a",), F(2, 3) - bound),)
    start = Premise("start", Form({("x0", "x0"): one}, {ONE: F(-4)}))
    target = Form({}, {"f1": one, "f*": -one, ONE: -bound})
    text = f"one gradient step: f1 - f* <= {bound} if |x0|^2 <= 4"
    s = Statement(("x0", "g0", "g1"), ("f*", "f0", "f1"), (f, i) if extra else (f,), target, (start,), (), text)
    return Proof(s, (*uses, *extra))


def test_a_false_statement_from_a_contradiction_is_rejected(tmp_path: Path) -> None:
    assert run("check", saved(tmp_path, gradient_step(F(2, 3)))).exit_code == 0
    result = run("check", saved(tmp_path, gradient_step(F(1, 10**9))), "--json")
    assert result.exit_code == 1
    assert result.output.startswith("rejected: ")
    assert result.output.count("\n") == 1
    assert "indicator-value i at a: together they say 1 <= 0" in result.output


@pytest.mark.parametrize("equality", [False, True])
def test_a_premise_that_cannot_be_is_rejected(tmp_path: Path, equality: bool) -> None:
    premise = Premise("p", Form({}, {ONE: F(1)}), equality)
    false = Proof(Statement((), (), (), Form({}, {ONE: F(5)}), (premise,)), (Use("premise", "p", (), F(5)),))
    assert run("check", saved(tmp_path, false)).exit_code == 1


def test_premises_that_were_not_shown_to_hold_together_are_said(tmp_path: Path) -> None:
    forms = (Form({("x", "x"): F(1)}), Form({("x", "y"): F(-1)}, {ONE: F(1)}))
    premises = tuple(Premise(f"p{k}", form) for k, form in enumerate(forms))
    open_ = Proof(Statement(("x", "y"), (), (), forms[0].copy(), premises), (Use("premise", "p0", (), F(1)),))
    result = run("check", saved(tmp_path, open_))
    assert result.exit_code == 0
    assert "careful: its premises and members were not shown to hold together" in result.output


def long_proof() -> Proof:
    vectors = tuple(f"x{k}" for k in range(40))
    points = tuple(Point(f"p{k}", {v: F(1)}, {v: F(2)}, {}) for k, v in enumerate(vectors))
    member = Member("f", "function", {"L": F(1)}, points)
    return Proof(Statement(vectors, (), (member,), Form({(v, v): F(-1) for v in vectors})), ())


def test_everything_is_printed_or_said_to_be_left_out(tmp_path: Path) -> None:
    file = saved(tmp_path, long_proof())
    whole = formal(read_proof(file.read_text()).statement)
    assert "p39" in whole
    cut = run("check", file).output
    assert "p39" not in cut
    assert "and at 28 more points (--full shows them)" in cut
    assert whole in run("check", file, "--full").output
    found = json.loads(run("check", file, "--json").output)
    assert found["formal"] == whole
    assert found["assumptions"]["standing"] == "hold together"


def slow() -> str:
    """Sixty multipliers whose sum has a denominator of degree 60 in four parameters; each alone is small."""
    domain = tuple(Interval(n) for n in "abcd")
    form = Form({("x", "x"): Functions(domain).one})
    empty = Proof(Statement(("x",), (), (), form, (Premise("p", form),), domain), ())
    data = json.loads(write_proof(empty))
    data["uses"] = [
        {"axiom": "premise", "member": "p", "points": [], "multiplier": f"1/(a + {k}*b + {k * k + 1}*c + d + {k})"}
        for k in range(60)
    ]
    return json.dumps(data)


def test_a_check_that_takes_too_long_is_ended_in_one_line(tmp_path: Path) -> None:
    file = tmp_path / "slow.json"
    file.write_text(slow())
    start = time.monotonic()
    result = run("check", file, "--timeout", 6)
    assert time.monotonic() - start < 20
    assert result.exit_code == 3
    assert result.output == "undecided: nothing is decided after 6 s; --timeout gives it longer\n"


@pytest.mark.skipif(not hasattr(__import__("signal"), "setitimer"), reason="no such timer here")
def test_a_child_without_a_parent_ends_itself_in_c_code() -> None:
    code = (
        "import sys; from gradproof import checking; checking._GRACE = 0.5\n"
        "checking._answers = lambda text, most: iter([10 ** (10 ** 9) % 7])\n"  # one call into C that takes minutes
        "checking.read_file = lambda file: ''; checking._child('f', '0.5', '0')\n"
    )
    start = time.monotonic()
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, timeout=60, check=False)
    assert time.monotonic() - start < 30
    assert ended.returncode < 0  # by the signal


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_no_child_outlives_its_parent(tmp_path: Path) -> None:
    file = tmp_path / "slow.json"
    file.write_text(slow())
    parent = subprocess.Popen([sys.executable, "-m", "gradproof", "check", str(file)])

    def alive() -> list[str]:
        found = []
        for process in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):
                if b"gradproof.checking" in (line := (process / "cmdline").read_bytes()) and str(file).encode() in line:
                    found.append(process.name)
        return found

    assert _until(lambda: bool(alive()))
    time.sleep(3)  # it has begun
    parent.kill()
    parent.wait()
    assert _until(lambda: not alive())


def _until(holds: Callable[[], bool], seconds: float = 20) -> bool:
    end = time.monotonic() + seconds
    while not holds() and time.monotonic() < end:
        time.sleep(0.1)
    return holds()


@pytest.mark.parametrize("seconds", ["nan", "inf", "-1", "0", "1e300"])
def test_an_odd_timeout_is_a_usage_error(tmp_path: Path, seconds: str) -> None:
    result = run("check", tmp_path / "proof.json", "--timeout", seconds)
    assert result.exit_code == 2
    assert "Traceback" not in result.output


def test_the_folder_of_a_strangers_file_is_not_searched_for_code(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = saved(tmp_path, gradient_step(F(2, 3)))
    for module in ("sympy", "json", "gradproof", "flint"):
        (tmp_path / f"{module}.py").write_text("raise SystemExit(0)")
    monkeypatch.chdir(tmp_path)
    assert run("check", file.name).exit_code == 0


def test_a_crash_of_the_child_is_a_fault_of_ours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    (tmp_path / "python").write_text("#!/bin/sh\necho broken >&2\nexit 1\n")
    os.chmod(tmp_path / "python", 0o755)
    result = run("check", tmp_path / "proof.json")
    assert result.exit_code == 4
    assert "broken" in result.output
    (tmp_path / "python").write_text("#!/bin/sh\nkill -9 $$\n")
    result = run("check", tmp_path / "proof.json")
    assert result.exit_code == 3
    assert "signal 9" in result.output


@pytest.mark.parametrize("name", ["a\x1b[2Jb.json", "a\nb.json", "a\u202eb.json"])
def test_the_name_of_a_file_is_printed_on_one_line(tmp_path: Path, name: str) -> None:
    result = run("check", tmp_path / name)
    assert result.exit_code == 2
    assert result.output.count("\n") == 1
    assert result.output.rstrip("\n").isprintable()


def test_files_beyond_the_limit_are_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gradproof.theory.proof_json.MAX_BYTES", 10**5)
    if Path("/dev/zero").exists():
        with pytest.raises(ProofFormatError, match="larger than the limit"):
            checking.read_file(Path("/dev/zero"))
    (tmp_path / "large").write_bytes(b" " * (10**5 + 1))
    with pytest.raises(ProofFormatError, match="larger than the limit"):
        checking.read_file(tmp_path / "large")
    (tmp_path / "binary").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ProofFormatError, match="not a text file"):
        checking.read_file(tmp_path / "binary")
    with pytest.raises(GradproofError, match="cannot read"):
        checking.read_file(tmp_path)


def test_words_of_a_file_are_escaped(tmp_path: Path) -> None:
    proof = gradient_step(F(2, 3))
    proof = replace(proof, statement=replace(proof.statement, text="fine\r\u2028\x1b[2J\u202e\u2066x\u0338"))
    output = run("check", saved(tmp_path, proof)).output
    assert all(line.isprintable() for line in output.split("\n"))
    assert "fine\\r\\u2028\\x1b[2J\\u202e\\u2066x\\u0338" in output
