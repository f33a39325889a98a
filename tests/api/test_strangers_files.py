"""Strangers' machines and files: locales, folders, backends, pipes, disks that are full, programs that print."""

import ast
import json
import os
import subprocess
import sys
import textwrap
from pathlib import Path

import matplotlib.pyplot as plt
import pytest
import xarray as xr
from click.testing import CliRunner

from gradproof import tables
from gradproof.cli import main
from gradproof.experiments.engine import files
from gradproof.paper_figures import make
from gradproof.report.findings import read

HEAD = """
from fractions import Fraction
from gradproof import Claim, Paper, Relation, cases, check, measure, register, Level, own_claim, experiment
import sympy as sp
"""
CLAIM = """
C = Claim(id="mine.a", paper=Paper(key="mine", authors=("me",), title="t", year=2026, family="own"), title="t", statement="s",
          parameters=(), assumptions=(), quantity="x", relation=Relation.LE, expression=1)
register(C)
"""
HALF = """
@measure(C, cases())
def half():
    return Fraction(1, 2)
"""


def run(*args, cwd, env=None, **more):
    command = [sys.executable, "-m", "gradproof", *map(str, args)]
    env = {k: v for k, v in os.environ.items() if k not in ("MPLBACKEND",)} | {"PYTHONSAFEPATH": "1"} | (env or {})
    return subprocess.run(command, capture_output=True, cwd=cwd, env=env, timeout=300, **more)


def file(folder, text, name="mine.py"):
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(HEAD + textwrap.dedent(text), encoding="utf-8")
    return folder / name


# --- JSON ------------------------------------------------------------------------------------------------------------

PRINTS = """
import os, sys
print("the file prints")
os.write(1, b"and so does its C code\\n")
keep = sys.stdout
@measure(C, cases())
def half():
    print("the measure prints")
    keep.write("also to what it kept\\n")
    os.write(1, b"and its C code\\n")
    return Fraction(1, 2)
"""


@pytest.mark.parametrize("jobs", [1, 2])
def test_what_users_print_is_no_part_of_the_json(tmp_path, jobs):
    path = file(tmp_path, CLAIM + PRINTS + PRINTS.replace("half", "again"))
    done = run("verify", path, "--json", "--jobs", jobs, "--ledger", tmp_path / "l.sqlite", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["exit_code"] == 0
    assert done.stderr.count(b"the measure prints") == 2
    for said in (b"the file prints", b"and so does its C code", b"also to what it kept", b"and its C code"):
        assert said in done.stderr


@pytest.mark.parametrize("command", ["falsify", "mutants", "necessity", "power"])
def test_every_command_that_runs_their_code_prints_json_alone(tmp_path, command):
    path = file(tmp_path, """
        print("the file prints")
        c = own_claim("mine.b", parameters={"x": ("m", sp.Interval(0, 1))}, bound="x", quantity="x",
                      assumptions={"small": "x <= 1/2"})
        @experiment(c)
        def itself(x):
            print("so does the measure")
            return x
    """)  # fmt: skip
    more = {"power": ("--jobs", "1")}.get(command, ())
    limit = ("--seconds", "1", "-o", tmp_path / "found") if command in ("falsify", "necessity") else ()
    ledger = () if command == "falsify" else ("--ledger", tmp_path / "l.sqlite")
    done = run(command, path, "--json", *limit, *ledger, *more, cwd=tmp_path)
    strict(done.stdout)
    assert b"the file prints" in done.stderr
    assert b"so does the measure" in done.stderr


def strict(text):
    def refuse(name):
        raise AssertionError(f"{name} is no JSON")

    return json.loads(text, parse_constant=refuse)


def test_infinite_numbers_are_texts(tmp_path):
    path = file(tmp_path, CLAIM.replace("expression=1", "expression=0") + """
from gradproof import Enclosed, Measurement
@check(C, level=Level.EXACT)
def endless(ctx):
    yield Measurement(measured=1.0, bound=0.0, low=0.5, high=float("inf"), source="truncation", parameters={"x": float("nan")})
""")  # fmt: skip
    done = run("verify", path, "--json", "--jobs", 1, "--ledger", tmp_path / "l.sqlite", cwd=tmp_path)
    (row,) = strict(done.stdout)["claims"][0]["evidence"]
    assert row["worst"]["high"] == "inf"
    assert row["worst"]["parameters"]["x"] == "nan"


# --- modules beside the file -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_module_beside_the_file_is_found_also_by_workers(tmp_path, jobs):
    (tmp_path / "my_constants.py").write_text("HALF = 0.5\n")
    (tmp_path / "my_package").mkdir()
    (tmp_path / "my_package" / "__init__.py").write_text("")
    (tmp_path / "my_package" / "late.py").write_text("ONE = 1\n")
    path = file(tmp_path, "from my_constants import HALF\n" + CLAIM + """
@measure(C, cases())
def half():
    return Fraction(HALF)
@measure(C, cases())
def imported_later():
    from my_package.late import ONE
    return Fraction(ONE)
""")  # fmt: skip
    (tmp_path / "elsewhere").mkdir()
    args = ("--json", "--jobs", jobs, "--ledger", tmp_path / "l.sqlite")
    done = run("verify", path, *args, cwd=tmp_path / "elsewhere")
    assert done.returncode == 0, done.stderr
    assert len(json.loads(done.stdout)["claims"][0]["evidence"]) == 2
    again = json.loads(run("verify", path, *args, cwd=tmp_path / "elsewhere").stdout)["claims"][0]["evidence"]
    assert all(r["cached"] for r in again)
    (tmp_path / "my_constants.py").write_text("HALF = 0.25\n")  # evidence belongs to the code that it was made with
    again = json.loads(run("verify", path, *args, cwd=tmp_path / "elsewhere").stdout)["claims"][0]["evidence"]
    assert not any(r["cached"] for r in again)


def test_two_folders_may_have_a_module_of_one_name(tmp_path):
    paths = []
    for k in (1, 3):
        folder = tmp_path / f"folder{k}"
        paths.append(file(folder, "from helpers import value\n" + CLAIM.replace("mine.a", f"mine.a{k}") + """
@measure(C, cases())
def measured():
    return Fraction(value(), 2)
"""))  # fmt: skip
        (folder / "helpers.py").write_text(f"def value():\n    return {k}\n")
    done = run("verify", *paths, "--json", "--jobs", 1, "--ledger", tmp_path / "l.sqlite", cwd=tmp_path)
    assert [c["outcome"] for c in json.loads(done.stdout)["claims"]] == ["confirmed", "refuted"]


# --- locales ---------------------------------------------------------------------------------------------------------

OLD = {"LC_ALL": "C", "LANG": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}
GREEK = """
    c = own_claim("mine.greek", title="Die größte Krümmung λ ≤ μ", bound="\N{MICRO SIGN}/2", quantity="λ", parameters={
        "\N{MICRO SIGN}": ("Krümmung", sp.Interval(1, 2))})
    @experiment(c)
    def gemessen(μ):
        "größer als erlaubt"
        return μ
"""


def test_a_locale_without_utf8_is_no_traceback_and_its_files_are_utf8(tmp_path):
    path = file(tmp_path, GREEK)
    ledger = ("--ledger", tmp_path / "l.sqlite")
    done = run("falsify", path, "--seconds", 5, "-o", tmp_path / "found", cwd=tmp_path, env=OLD)
    assert done.returncode == 1, done.stderr
    assert b"violated" in done.stdout
    saved = {f.suffix: f.read_bytes().decode("utf-8") for f in (tmp_path / "found").iterdir()}
    assert "'μ'" in saved[".py"]
    (program,) = (tmp_path / "found").glob("*.py")
    replayed = subprocess.run([sys.executable, program], capture_output=True, env=os.environ | OLD, timeout=100)
    assert replayed.returncode == 0, replayed.stderr
    report = ("report", path, "-o", tmp_path / "site", "--counterexamples", tmp_path / "found", *ledger)
    details = ("verify", path, "--details", "--jobs", 1, *ledger)
    for command in (details, ("verify", tmp_path / "größe.py"), ("bound", "ef21.pl", "λ=1"), report):
        done = run(*command, cwd=tmp_path, env=OLD)
        assert b"Traceback" not in done.stdout + done.stderr, (command, done.stderr)
        assert done.returncode in (0, 1, 2)
    assert "größte" in (tmp_path / "site" / "claims" / "mine.greek.html").read_bytes().decode("utf-8")


def opens_text(call):
    """Does it read or write text, in an encoding that it does not name?"""
    name = getattr(call.func, "attr", getattr(call.func, "id", ""))
    if name not in ("read_text", "write_text", "open") or any(k.arg == "encoding" for k in call.keywords):
        return False
    if name != "open":
        return True
    modes = [a.value for a in call.args if isinstance(a, ast.Constant) and isinstance(a.value, str)]
    numbers = isinstance(getattr(call.func, "value", None), ast.Name) and call.func.value.id == "os"
    foreign = isinstance(getattr(call.func, "value", None), ast.Name) and call.func.value.id in ("Image", "Interval")
    sets = isinstance(getattr(call.func, "value", None), ast.Attribute) and call.func.value.attr == "Interval"
    return not (numbers or foreign or sets or any("b" in m for m in modes))


def test_no_file_is_opened_in_the_locale_s_encoding():
    assert opens_text(ast.parse("path.write_text('x')").body[0].value)
    assert opens_text(ast.parse("open(path)").body[0].value)
    root = Path(tables.__file__).resolve().parent.parent
    for room in ("api", "theory", "solvers", "experiments", "paper_figures", "docs"):
        for path in (root / room).rglob("*.py"):
            tree = ast.parse(path.read_bytes())
            bad = [n.lineno for n in ast.walk(tree) if isinstance(n, ast.Call) and opens_text(n)]
            assert not bad, f"{path}: lines {bad}"


# --- figures ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "backend", ["module://no_such_package.backend_inline", pytest.param("nonsense", marks=pytest.mark.slow)]
)
def test_figures_are_drawn_whatever_matplotlib_is_told(tmp_path, backend):
    (tmp_path / "matplotlibrc").write_text("text.usetex: True\nbackend: TkAgg\nfont.size: 40\nsavefig.format: pgf\n")
    env = {"MPLBACKEND": backend, "DISPLAY": "", "MATPLOTLIBRC": str(tmp_path / "matplotlibrc")}
    done = run("figures", "atomo", "-o", tmp_path / "figures", cwd=tmp_path, env=env)
    assert done.returncode == 0, done.stderr
    assert {f.name for f in (tmp_path / "figures").iterdir()} >= {"atomo.pdf", "atomo.png", "atomo.nc"}
    content = (tmp_path / "figures" / "atomo.pdf").read_bytes()
    assert content.startswith(b"%PDF")
    assert b"/Type3" not in content.replace(b" ", b"")  # the house embeds TrueType


def test_a_notebook_s_backend_that_is_not_there_is_no_traceback(tmp_path):
    code = "import gradproof; print(gradproof.draw('atomo'))"
    env = os.environ | {"MPLBACKEND": "module://no_such_package.backend_inline"}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, env=env, cwd=tmp_path, timeout=100)
    assert b"<Drawing" in done.stdout, done.stderr


def test_a_damaged_dataset_is_computed_again(tmp_path, monkeypatch):
    module, computed = make.module_of("atomo"), []

    def compute(budget):
        computed.append(budget)
        return xr.Dataset({"x": ("step", [1.0, 2.0])})

    monkeypatch.setattr(module, "compute", compute)
    monkeypatch.setattr(module, "draw", lambda data: plt.figure(figsize=(1, 1)))
    for damage in (False, False, True):
        if damage:
            content = bytearray((tmp_path / "atomo.nc").read_bytes())
            content[len(content) // 2] ^= 1
            (tmp_path / "atomo.nc").write_bytes(content)
        make.figure("atomo", tmp_path)
    assert computed == ["quick", "quick"]  # the first time, and when it was damaged


# --- brackets --------------------------------------------------------------------------------------------------------


def test_brackets_in_names_are_shown(tmp_path):
    claim = CLAIM.replace("mine.a", "mine.[bold]a[/]:star:").replace('title="t", st', 'title="[red]t[/red] [0, 1]", st')
    path = file(tmp_path, claim + HALF.replace("half", "too_large").replace("1, 2", "2"))  # fmt: skip
    for more in ((), ("--details",)):
        done = run("verify", path, "--jobs", 1, "--ledger", tmp_path / "l.sqlite", *more, cwd=tmp_path)
        assert done.returncode == 1, done.stderr
        assert done.stdout.count(b"mine.[bold]a[/]:star:") == 2  # in the table, and where it says what is bad


# --- files whole or not there ----------------------------------------------------------------------------------------


def no_room(*args):
    raise OSError(28, "No space left on device")


CERTIFY = ("certify", "ef21.sharp-threshold", "alpha=3/4", "L=1", "L_AM=1", "gamma=1/4")


@pytest.mark.parametrize("before", [None, "what was there"])
def test_a_full_disk_leaves_no_half_proof(tmp_path, monkeypatch, before):
    path = tmp_path / "proof.json"
    if before is not None:
        path.write_text(before)
    monkeypatch.setattr(files.os, "fsync", no_room)
    result = CliRunner().invoke(main, [*CERTIFY, "-o", str(path)])
    assert result.exit_code == 2, result.output
    assert result.output == f"error: cannot write {path}: No space left on device\n"
    assert {f.name: f.read_text() for f in tmp_path.iterdir()} == ({} if before is None else {"proof.json": before})


def test_a_device_that_is_full_is_one_line_and_stays_a_device():
    if not Path("/dev/full").exists():
        pytest.skip("this system has no /dev/full")
    result = CliRunner().invoke(main, [*CERTIFY, "-o", "/dev/full"])
    assert result.exit_code == 2
    assert result.output == "error: cannot write /dev/full: No space left on device\n"
    assert Path("/dev/full").is_char_device()


def test_a_proof_goes_where_a_link_leads(tmp_path):
    (tmp_path / "link.json").symlink_to(tmp_path / "proof.json")
    assert CliRunner().invoke(main, [*CERTIFY, "-o", str(tmp_path / "link.json")]).exit_code == 0
    assert (tmp_path / "link.json").is_symlink()
    assert CliRunner().invoke(main, ["check", str(tmp_path / "proof.json")]).exit_code == 0


@pytest.mark.parametrize("command", ["figures", "report", "falsify", "necessity"])
def test_a_full_disk_is_one_line_from_every_writer(tmp_path, monkeypatch, command):
    path = file(tmp_path, """
        c = own_claim("mine.full", parameters={"x": ("m", sp.Interval(0, 1))}, bound="x/2", quantity="x",
                      assumptions={"small": "x <= 1/2"})
        @experiment(c)
        def itself(x):
            return x
    """)  # fmt: skip
    out = tmp_path / "out"
    args = {"figures": ("atomo",), "report": ("ef21.pl", "--ledger", str(tmp_path / "l.sqlite")),
            "falsify": (str(path), "--seconds", "2"),
            "necessity": (str(path), "--seconds", "1", "--ledger", str(tmp_path / "l.sqlite"))}[command]  # fmt: skip
    monkeypatch.setattr(files.os, "fsync", no_room)
    result = CliRunner().invoke(main, [command, *args, "-o", str(out)])
    assert "No space left on device" in result.output
    assert "Traceback" not in result.output
    assert result.exit_code in (1, 2)
    assert [f for f in out.rglob("*") if f.is_file()] == []


# --- what may lie in a folder ----------------------------------------------------------------------------------------


def test_pipes_and_links_among_counterexamples_neither_hang_nor_leak(tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("a secret")
    found = tmp_path / "found"
    path = file(tmp_path, """
        c = own_claim("mine.leak", parameters={"x": ("m", sp.Interval(0, 1))}, bound="x/2", quantity="x")
        @experiment(c)
        def itself(x):
            return x
    """)  # fmt: skip
    assert CliRunner().invoke(main, ["falsify", str(path), "--seconds", "2", "-o", str(found)]).exit_code == 1
    (good,) = found.glob("*.json")
    os.mkfifo(found / "pipe.json")
    (found / "link.json").symlink_to(good)
    (found / "folder.json").mkdir()
    program = good.with_suffix(".py")
    program.unlink()
    program.symlink_to(secret)
    assert {p.partition(":")[0] for p in read(found).problems} == {"pipe.json", "link.json", "folder.json", good.name}
    program.unlink()
    os.mkfifo(program)
    assert len(read(found).problems) == 4
    program.unlink()
    figures = tmp_path / "figures"
    figures.mkdir()
    (figures / "ef21.png").symlink_to(secret)
    os.mkfifo(figures / "ef21.pdf")
    args = ["report", "ef21.pl", str(path), "-o", str(tmp_path / "site"), "--counterexamples", str(found),
            "--figures", str(figures), "--ledger", str(tmp_path / "l.sqlite")]  # fmt: skip
    result = CliRunner().invoke(main, args)
    assert result.exit_code == 0, result.output
    assert result.output.count("warning: ") == 5
    assert not any(b"a secret" in f.read_bytes() for f in (tmp_path / "site").rglob("*") if f.is_file())


def test_what_is_saved_replaces_a_link_and_writes_nowhere_else(tmp_path):
    kept = tmp_path / "kept"
    kept.write_text("mine")
    path = file(tmp_path, """
        c = own_claim("mine.link", parameters={"x": ("m", sp.Interval(0, 1))}, bound="x/2", quantity="x")
        @experiment(c)
        def itself(x):
            return x
    """)  # fmt: skip
    found = tmp_path / "found"
    found.mkdir()
    (found / "mine_link.json").symlink_to(kept)
    os.mkfifo(found / "mine_link.py")
    assert CliRunner().invoke(main, ["falsify", str(path), "--seconds", "2", "-o", str(found)]).exit_code == 1
    assert kept.read_text() == "mine"
    assert all(f.is_file() and not f.is_symlink() for f in found.iterdir())


# --- crashes ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "fault", [RuntimeError, RecursionError, MemoryError, KeyError, AssertionError, UnicodeDecodeError]
)
def test_a_fault_of_ours_is_exit_code_4_in_every_command(tmp_path, monkeypatch, fault):
    from gradproof.theory import registry

    def breaks(*args, **kwargs):
        raise fault("utf-8", b"", 0, 1, "a fault") if fault is UnicodeDecodeError else fault("a fault")

    for name in ("claim", "select", "papers", "stems"):
        monkeypatch.setattr(registry, name, breaks)
    for args in (["list"], ["show", "x"], ["bound", "x"], ["certify", "x"], ["figures"], ["falsify", "x"], ["verify", "x"],
                 ["mutants", "x"], ["necessity", "x"], ["report"], ["power", "x"]):  # fmt: skip
        if args[0] in ("verify", "power", "mutants", "necessity", "report"):
            args += ["--ledger", str(tmp_path / "l.sqlite")]
        result = CliRunner().invoke(main, args)
        assert result.exit_code == 4, (args, result.output)
        assert "fault of gradproof" in result.output
