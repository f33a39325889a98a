"""What searches, controls and mutants found is shown with its numbers; what nobody asked is said to be open."""

import json
import subprocess
import sys
from dataclasses import replace

import pytest

import gradproof
from gradproof.experiments.attack.finding import Finding
from gradproof.experiments.engine.store import Ledger
from gradproof.necessity import NOT_NEEDED, Need, Needs
from gradproof.report import build, model
from gradproof.report.findings import LARGEST, read
from gradproof.theory.evidence import Level, Measurement, Outcome
from gradproof.theory.statement import statement_of

from .conftest import row  # isort: skip
from .test_site import EVIL, broken_links  # isort: skip

FOUND = Finding(
    claim="ef21.pl", experiment="one", drop=("contractive",), violated=True, how="exact rational arithmetic",
    measurement=Measurement(measured="5/2", bound="1/3", parameters={"G0": 0.25}), ratio=7.5, tried=9, seed=4,
    statement=statement_of(gradproof.claim("ef21.pl")),
    instance={"L": 0.5, "name": EVIL, "long": [1.0] * 200},
)  # fmt: skip


def page_of(made, name="ef21.pl"):
    return (made.folder / f"claims/{name}.html").read_text()


def test_a_saved_counterexample_is_shown_with_its_program(tmp_path):
    FOUND.save(tmp_path / "found")
    made = build(tmp_path / "site", ledger=tmp_path / "l.sqlite", targets=["ef21.pl"], findings=tmp_path / "found")
    page = page_of(made)
    for part in ("5/2 = 2.5 &gt; 1/3 = 0.333333", "7.5", "9 instances, seed 4", "without contractive", "of this instance",
                 "violated without it", "None to the claim itself is saved"):  # fmt: skip
        assert part in page, part
    assert "alert('x')" not in page
    assert broken_links(made.folder) == []
    saved = made.folder / "counterexamples/ef21_pl_without_contractive.py"
    assert saved.read_bytes() == (tmp_path / "found/ef21_pl_without_contractive.py").read_bytes()
    assert made.problems == ()


def test_the_program_on_the_page_replays_the_counterexample(tmp_path):
    found = gradproof.falsify_claim(gradproof.claim("ef21.nonconvex-am"), drop=["contractive"], evaluations=400)
    assert found.violated
    found.save(tmp_path / "found")
    made = build(tmp_path / "site", ledger=tmp_path / "l.sqlite", targets=["ef21"], findings=tmp_path / "found")
    program = next((made.folder / "counterexamples").glob("*.py"))
    ran = subprocess.run([sys.executable, str(program)], capture_output=True, text=True, timeout=120, check=False)
    assert ran.returncode == 0, ran.stderr
    assert "Measurement" in ran.stdout


def test_a_counterexample_to_the_claim_itself_is_announced_at_the_top(tmp_path):
    replace(FOUND, drop=()).save(tmp_path / "found")
    made = build(tmp_path / "site", ledger=tmp_path / "l.sqlite", targets=["ef21.pl"], findings=tmp_path / "found")
    page = page_of(made)
    assert page.index("A search saved a counterexample to this claim") < page.index("<h2>")
    assert "None to the claim itself" not in page


@pytest.mark.parametrize("statement", ["", "0" * 16])
def test_a_counterexample_to_an_earlier_statement_is_never_held_against_this_one(tmp_path, statement):
    replace(FOUND, drop=(), statement=statement).save(tmp_path / "found")
    replace(FOUND, statement=statement).save(tmp_path / "found")
    made = build(tmp_path / "site", ledger=tmp_path / "l.sqlite", targets=["ef21.pl"], findings=tmp_path / "found")
    page = page_of(made)
    assert page.count("For an earlier statement") == 2
    for red in ("A search saved a counterexample", "notice refuted", "violated without it", "5/2"):
        assert red not in page, red
    assert broken_links(made.folder) == []


def test_a_search_says_which_statement_it_was_made_for():
    c = gradproof.claim("ef21.nonconvex-am")
    found = gradproof.falsify_claim(c, drop=["contractive"], evaluations=50)
    assert found.as_json()["statement"] == statement_of(c)


def test_the_necessity_table_says_what_is_known_and_what_is_not(tmp_path):
    names = [a.name for a in gradproof.claim("ef21.nonconvex-am").assumptions]
    book = Ledger(tmp_path / "l.sqlite")
    worst = Measurement(measured=9.0, bound=2.0)
    book.put(row("ef21.nonconvex-am", "loud", level=Level.CONTROL, drops=names[0], worst=worst))
    book.put(row("ef21.nonconvex-am", "deaf", level=Level.CONTROL, drops=names[1], outcome=Outcome.MISSED))
    now = statement_of(gradproof.claim("ef21.nonconvex-am"))
    Needs([Need("ef21.nonconvex-am", names[2], NOT_NEEDED, EVIL, statement=now)]).save(tmp_path / "found")
    entry = model.gather(book, ["ef21.nonconvex-am"], findings=read(tmp_path / "found"))[0]
    verdicts = [n.verdict for n in entry.needs]
    assert verdicts == ["violated without it", "unknown", "not needed here", "not tried", "not tried"]
    made = build(tmp_path / "site", ledger=book, targets=["ef21.nonconvex-am"], findings=tmp_path / "found")
    page = page_of(made, "ef21.nonconvex-am")
    assert "9 &gt; 2" in page
    assert "2 were not tried: <code>gradproof necessity ef21.nonconvex-am</code>" in page
    assert "alert('x')" not in page
    assert broken_links(made.folder) == []


def test_mutants_are_named_in_words_and_survivors_come_first(tmp_path):
    book = Ledger(tmp_path / "l.sqlite")
    book.put(row("ef21.pl"))
    book.put(row("ef21.pl~factor-99/100", outcome=Outcome.REFUTED, reason="too small"))
    book.put(row("ef21.pl~factor-1/2"))
    entry = model.gather(book, ["ef21.pl"])[0]
    assert [(v.what, v.caught is None) for v in entry.variants] == [
        ("bound times 1/2", True), ("bound times 99/100", False)]  # fmt: skip
    page = page_of(build(tmp_path / "site", ledger=book, targets=["ef21.pl"]))
    assert "<b>1 of 2 caught</b>; the nearest to the claim that was caught: bound times 99/100" in page


def test_what_was_not_run_names_the_command_that_runs_it(tmp_path):
    page = page_of(
        build(tmp_path / "site", ledger=tmp_path / "l.sqlite", targets=["ef21.nonconvex-am"]), "ef21.nonconvex-am"
    )
    for command in ("verify", "mutants", "necessity", "falsify"):
        assert f"<code>gradproof {command} ef21.nonconvex-am</code>" in page, command


@pytest.mark.parametrize(
    "content",
    [b"{", b"[1]", b'{"claim": "ef21.pl"}', b"\xff\xfe", b"[" * 50_000, b"null",
     json.dumps(FOUND.as_json() | {"relation": "~"}).encode(), b" " * (LARGEST + 1)],
)  # fmt: skip
def test_a_file_that_is_no_finding_is_named_and_left_out(tmp_path, content):
    (tmp_path / "found").mkdir()
    (tmp_path / "found/odd.json").write_bytes(content)
    FOUND.save(tmp_path / "found")
    made = build(tmp_path / "site", ledger=tmp_path / "l.sqlite", targets=["ef21.pl"], findings=tmp_path / "found")
    assert len(made.problems) == 1
    assert "odd.json" in made.problems[0]
    assert "odd.json" in made.index.read_text()
    assert "without contractive" in page_of(made)


def test_a_finding_cannot_write_outside_the_report(tmp_path):
    FOUND.save(tmp_path / "found")
    found = tmp_path / "found" / "ef21_pl_without_contractive.json"
    found.rename(tmp_path / "found" / "..x y&<b>.json")
    made = build(tmp_path / "site", ledger=tmp_path / "l.sqlite", targets=["ef21.pl"], findings=tmp_path / "found")
    names = [p.name for p in (made.folder / "counterexamples").iterdir()]
    assert len(names) == 1
    assert names[0].startswith("x-y-b")
    assert broken_links(made.folder) == []


def test_an_entry_given_twice_is_a_problem_not_a_finding(tmp_path):
    (tmp_path / "a.json").write_text('{"claim": "ef21.pl", "claim": "other", "violated": true}')
    (problem,) = read(tmp_path).problems
    assert "'claim' is given twice" in problem
