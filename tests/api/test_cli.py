"""The command line: answers, exit codes, one-line errors."""

import json
import subprocess
import sys

import pytest
from click.testing import CliRunner

from gradproof.cli import main
from gradproof.experiments.engine.store import Ledger


def run(*args):
    return CliRunner().invoke(main, [str(a) for a in args])


GOOD = ("gamma=1/10", "L=1", "L_AM=2", "alpha=3/4", "T=10", "f0=3", "f_inf=0", "G0=1")


def test_bound():
    assert json.loads(run("bound", "ef21.nonconvex-am", *GOOD, "--json").output)["exact"] == "31/5"
    assert run("bound", "ef21.nonconvex-am", *GOOD).output == "6.2  (exactly 31/5)\n"
    assert json.loads(run("bound", "ef21.cloning", "L_i=1,1,1,100", "--json").output)["bound"] == pytest.approx(
        25.75 * 2**0.5
    )


@pytest.mark.parametrize(
    ("args", "text"),
    [
        (("bound", "ef21.noncovex-am"), "did you mean ef21.nonconvex-am"),
        (("show", "ef22"), "did you mean"),
        (("verify", "nothing-like-it"), "no claim or paper"),
        (("verify", "none.py"), "cannot read none.py"),
        (("bound", "ef21.nonconvex-am", "alpha=0.1"), "needs gamma"),
        (("bound", "ef21.nonconvex-am", *GOOD[1:], "gamma=-1"), "gamma = -1 is outside (0, inf)"),
        (("bound", "ef21.nonconvex-am", *GOOD[1:], "gamma=1"), "assumes step_size"),
        (("bound", "ef21.nonconvex-am", "gamma"), "name=value"),
        (("bound", "ef21.nonconvex-am", "gamma=x"), "not a number"),
        (("bound", "ef21.nonconvex-am", "T=1", "T=2"), "given twice"),
        (("certify", "ef21.sharp-threshold", "alpha=1/2", "L=1", "L_AM=1", "gamma=1"), "rational sqrt(1 - alpha)"),
        (("certify", "ef21.sharp-threshold", "alpha=3/4"), "needs L, L_AM, gamma, alpha"),
        (("certify", "ef21.compressors"), "has no certifier"),
        (("certify", "ef21.sharp-threshold", "alpha=1,2", "L=1/4", "L_AM=3/4", "gamma=1"), "alpha = 1, 2 is a list"),
        (("bound", "laplacian-smoothing.pointwise-dimension", "n=1", "n_neg=3"), "assumes at_most_all_negative"),
        (("bound", "gd.contraction", "mu=1", "L=3", "gamma=1/3", "N=1e400"), "more digits than can be computed with"),
        (("check", "none.json"), "cannot read none.json"),
        (("verify", "ef21", "--ledger", "/dev/null/x"), "choose another with --ledger"),
        (("figures", "ef99"), "no paper 'ef99'"),
    ],
)
def test_errors_are_one_line_and_exit_with_2(args, text):
    result = run(*args)
    assert result.exit_code == 2
    assert text in result.output
    assert result.output.count("\n") == 1
    assert result.output.startswith("error: ")


def test_usage_errors_exit_with_2():
    assert run("verify", "--budget", "huge").exit_code == 2
    assert run("verify", "--jobs", "0").exit_code == 2
    for command in ("verify", "falsify", "mutants", "necessity"):
        for seed in (2**63, -1):
            assert run(command, "ef21.young-optimal", "--seed", seed).exit_code == 2
    for seconds in ("nan", "inf"):
        assert run("falsify", "ef21.young-optimal", "--seconds", seconds).exit_code == 2


def test_list_and_show():
    assert "ef21.sharp-threshold" in run("list").output
    assert {c["paper"] for c in json.loads(run("list", "ef21", "--json").output)} == {"ef21"}
    shown = run("show", "ef21.nonconvex-am").output
    for part in ("smooth_f", "L_AM", "Richtárik", "E||grad f(x^t)||^2 <= "):
        assert part in shown
    assert not set("$\\") & set(shown)
    assert json.loads(run("show", "ef21.pl", "--json").output)["relation"] == "<="


def test_a_cell_counts_what_says_less_apart():
    from gradproof import Level, verify

    (found,) = verify("laplacian-smoothing.descent", jobs=1)
    said = [r.verdict.outcome.value for r in found.evidence if r.level is Level.SYMBOLIC]
    assert sorted(said) == ["checked", "proved"]
    assert found.cell(Level.SYMBOLIC) == "proved 1+1"


def test_certify_then_check(tmp_path):
    path = tmp_path / "proof.json"
    made = run("certify", "ef21.sharp-threshold", "alpha=3/4", "L=1/4", "L_AM=3/4", "gamma=1", "-o", path, "--json")
    assert json.loads(made.output)["accepted"]
    checked = run("check", path, "--json")
    assert checked.exit_code == 0
    assert json.loads(checked.output)["digest"] == json.loads(made.output)["digest"]
    assert "then " in run("check", path).output


def _proof(tmp_path):
    path = tmp_path / "proof.json"
    run("certify", "ef21.sharp-threshold", "alpha=3/4", "L=1/4", "L_AM=3/4", "gamma=1", "-o", path)
    return path, path.read_text()


def test_an_edited_proof_is_rejected(tmp_path):
    path, text = _proof(tmp_path)
    data = json.loads(text)
    data["uses"][0]["multiplier"] = "2"
    path.write_text(json.dumps(data))
    result = run("check", path)
    assert result.exit_code == 1
    assert result.output.startswith("rejected: ")
    assert result.output.count("\n") == 1


@pytest.mark.parametrize(
    "spoil",
    [
        lambda t: t[: len(t) // 2],
        lambda t: "",
        lambda t: "[" * 100000,
        lambda t: "{}",
        lambda t: "[1, 2]",
        lambda t: t.replace('"3/4"', "0.75"),
        lambda t: t.replace('"3/4"', '"' + "9" * 5000 + '"'),
        lambda t: t.replace('"uses": [', '"uses": ["x", '),
        lambda t: t.replace("gradproof-proof-1", "gradproof-proof-9"),
        lambda t: t.replace('"vectors"', '"victors"', 1),
    ],
)
def test_a_file_that_is_no_proof_is_refused_in_one_line(tmp_path, spoil):
    path, text = _proof(tmp_path)
    path.write_text(spoil(text))
    result = run("check", path)
    assert result.exit_code in (1, 2)
    assert result.output.count("\n") == 1
    assert result.exception is None or isinstance(result.exception, SystemExit)


def test_what_a_file_says_of_itself_is_printed_on_one_line_without_control_characters(tmp_path):
    path, text = _proof(tmp_path)
    data = json.loads(text)
    data["statement"]["text"] = "fine\n\x1b[2Jaccepted" + "x" * 10**5
    path.write_text(json.dumps(data))
    good = run("check", path)
    assert good.exit_code == 0
    assert "\x1b" not in good.output
    assert "fine\\n\\x1b[2Jaccepted" in good.output
    data["uses"][0]["axiom"] = "\x1b" * 10**5
    path.write_text(json.dumps(data))
    bad = run("check", path)
    assert bad.exit_code == 1
    assert bad.output.count("\n") == 1
    assert len(bad.output) < 10**3


def test_a_corrupted_ledger_is_kept_aside(tmp_path):
    ledger = tmp_path / "l.sqlite"
    Ledger(ledger)
    content = ledger.read_bytes()
    ledger.write_bytes(content[:100] + b"x" * 200 + content[300:])
    result = run("verify", "ef21.young-optimal", "--ledger", ledger, "--jobs", 1, "--json")
    assert "kept as" in result.stderr
    assert len(list(tmp_path.glob("l.sqlite.corrupt-*"))) == 1
    assert json.loads(result.stdout)["exit_code"] == result.exit_code


FILE = """
from fractions import Fraction
from gradproof import Claim, Paper, Relation, around, cases, instead, measure, register
C = Claim(id="mine.a", paper=Paper(key="mine", authors=("me",), title="t", year=2026, family="own"), title="t", statement="s",
          parameters=(), assumptions=(), quantity="x", relation=Relation.LE, expression=1)
register(C)
@measure(C, cases())
def a():
    return {evidence}
def b():
    return Fraction({control})
instead(C, "another method", b, cases())
"""


@pytest.mark.parametrize(
    ("evidence", "control", "code"),
    [
        ("Fraction(1, 2)", 2.0, 0),
        ("Fraction(3, 2)", 2.0, 1),
        ("Fraction(1, 2)", 0.5, 1),
        ("1 / 0", 2.0, 3),
        ("around(float('nan'), 0.0)", 2.0, 3),
        ("1 / 0", 0.5, 1),
    ],
)
def test_exit_codes(tmp_path, evidence, control, code):
    path = tmp_path / "mine.py"
    path.write_text(FILE.format(evidence=evidence, control=control))
    command = [sys.executable, "-m", "gradproof", "verify", str(path), "--jobs", "1"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == code, done.stdout + done.stderr
    assert "mine.a" in done.stdout
