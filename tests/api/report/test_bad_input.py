"""Ledgers that are empty, partial, corrupted or foreign, folders that cannot be written: the page, or one line, says so."""

import sqlite3

import pytest
from click.testing import CliRunner

from gradproof.cli import main
from gradproof.experiments.engine.datasets import write_dataset
from gradproof.experiments.engine.store import Ledger
from gradproof.report import build, model
from gradproof.theory import registry
from gradproof.theory.claim import Claim
from gradproof.theory.errors import GradproofError, LedgerError
from gradproof.theory.evidence import Level, Measurement, Outcome, Relation
from gradproof.theory.paper import Paper

from .conftest import row  # isort: skip
from .test_site import broken_links  # isort: skip


@pytest.mark.parametrize(
    ("column", "value"),
    [("worst", "{broken"), ("outcome", "splendid"), ("level", "hearsay"), ("proofs", "7"), ("versions", "null"),
     ("worst", '{"x": 1}')],
)  # fmt: skip
def test_a_row_that_cannot_be_read_is_named_and_the_others_are_shown(ledger, tmp_path, column, value):
    with sqlite3.connect(ledger.path) as db:
        db.execute(f"UPDATE evidence SET {column} = ? WHERE claim = 'ef21.sgd'", (value,))
    made = build(tmp_path / "site", ledger=ledger)
    assert "0.5 ≤ 1" in (made.folder / "claims/ef21.nonconvex-am.html").read_text()
    assert broken_links(made.folder) == []
    assert len(made.problems) == 1
    assert "ef21.sgd / a_check" in made.index.read_text()


def test_a_corrupted_ledger_is_one_line_and_left_as_it_is(tmp_path):
    path = tmp_path / "l.sqlite"
    path.write_bytes(b"SQLite format 3\x00" + b"garbage " * 500)
    before = path.read_bytes()
    result = CliRunner().invoke(main, ["report", "ef21.pl", "--ledger", str(path), "-o", str(tmp_path / "site")])
    assert result.exit_code == 2
    assert "cannot be read" in result.output
    assert len(result.output.splitlines()) == 1
    assert path.read_bytes() == before
    assert [f.name for f in tmp_path.iterdir()] == ["l.sqlite"]


def test_a_foreign_database_is_left_alone(tmp_path):
    path = tmp_path / "thesis.sqlite"
    with sqlite3.connect(path) as db:
        db.execute("CREATE TABLE chapters (title TEXT)")
    before = path.read_bytes()
    with pytest.raises(LedgerError, match="not a ledger"):
        build(tmp_path / "site", ledger=path)
    assert path.read_bytes() == before
    assert not (tmp_path / "site").exists()


def test_a_ledger_of_another_installation(tmp_path):
    book = Ledger(tmp_path / "l.sqlite")
    for k in range(3):
        book.put(row(f"elsewhere.c{k}", worst=Measurement(measured=1, bound=2)))
    book.put(row("elsewhere.c0~factor-1/2", outcome=Outcome.REFUTED))
    made = build(tmp_path / "site", ledger=book)
    page = (made.folder / "claims/elsewhere.c0.html").read_text()
    assert "This installation has no claim" in page
    assert "factor-1/2" in page
    assert "3 of the claims are known to the ledger but not to this installation" in made.index.read_text()
    assert broken_links(made.folder) == []


@pytest.mark.parametrize("where", ["file", "file/below", "/proc/gradproof-report"])
def test_a_folder_that_cannot_be_written_is_one_line(tmp_path, where):
    (tmp_path / "file").write_text("here already")
    target = where if where.startswith("/") else str(tmp_path / where)
    with pytest.raises(GradproofError, match="choose another folder with -o"):
        build(target, ledger=tmp_path / "l.sqlite", targets=["ef21.pl"])
    result = CliRunner().invoke(main, ["report", "ef21.pl", "-o", target])
    assert result.exit_code == 2
    assert result.output.count("\n") == 1
    assert (tmp_path / "file").read_text() == "here already"


def _false_claim():
    paper = Paper(key="squares", authors=("A. Nonymous",), title="Squares", year=2026, family="own")
    return Claim(id="squares.all", paper=paper, title="Squares", statement="s", parameters=(), assumptions=(), quantity="x^2",
                 relation=Relation.LE, expression=1, false_as_published="<i>wrong</i> at $x = 2$; true for $x \\le 1$")  # fmt: skip


@pytest.mark.parametrize(
    ("outcome", "verdict"), [(Outcome.REFUTED, "known-false"), (Outcome.CONFIRMED, "missed"), (Outcome.UNDECIDED, "undecided")]
)  # fmt: skip
def test_a_statement_known_to_be_false_has_a_verdict_of_its_own(tmp_path, outcome, verdict):
    registry.register(_false_claim())
    book = Ledger(tmp_path / "l.sqlite")
    book.put(row("squares.all", outcome=outcome, worst=Measurement(measured=4, bound=1)))
    book.put(row("squares.all", "small", level=Level.CONTROL, drops="large x"))
    entry = model.gather(book, ["squares.all"])[0]
    assert entry.verdict == verdict
    made = build(tmp_path / "site", ledger=book, targets=["squares.all"])
    page = (made.folder / "claims/squares.all.html").read_text()
    assert "This statement is false as published." in page
    assert "&lt;i&gt;wrong&lt;/i&gt; at <math" in page
    assert "holds once repaired" in page
    assert ("refuted, as known" in page) is (verdict == "known-false")
    assert f'data-verdict="{verdict}"' in made.index.read_text()
    assert "<h2>Mutants</h2>" not in page


def test_a_stale_figure_is_marked_with_what_changed(tmp_path):
    import json

    import xarray as xr

    from gradproof.paper_figures import make

    figures = tmp_path / "figures"
    figures.mkdir()
    (figures / "ef21.png").write_bytes(b"\x89PNG")
    inputs = make.inputs("ef21", "full")
    for changed, said in (({}, False), ({"version of numpy": "0.1", "gradproof.theory.claim": "0"}, True)):
        data = xr.Dataset(attrs={"budget": "full", "inputs": json.dumps(inputs | changed)})
        write_dataset(data, figures / "ef21.nc")
        made = build(tmp_path / "site", ledger=tmp_path / "l.sqlite", targets=["ef21"], figures=figures)
        for page in ("papers/ef21.html", "claims/ef21.pl.html"):
            text = (made.folder / page).read_text()
            assert ("This figure is stale" in text) is said
            assert ("gradproof.theory.claim: changed" in text) is said
            assert "communication saved by the arithmetic mean" in text  # its caption


def test_a_paper_without_a_figure_says_so(tmp_path):
    made = build(tmp_path / "site", ledger=tmp_path / "l.sqlite", targets=["ef21", "gd"], figures=tmp_path)
    assert "was not made when the report was written" in (made.folder / "papers/ef21.html").read_text()
    assert "This paper has no figure" in (made.folder / "papers/gd.html").read_text()


def test_beyond_a_limit_figures_come_without_pdf(tmp_path, monkeypatch):
    from gradproof.report import site

    monkeypatch.setattr(site, "ALL_FIGURES", 40)
    (tmp_path / "figures").mkdir()
    for stem in ("ef21", "krum"):  # the pictures first: 24 of 40 bytes, which leave room for one PDF
        for kind in ("png", "pdf"):
            (tmp_path / f"figures/{stem}.{kind}").write_bytes(b"0123456789ab")
    made = build(
        tmp_path / "site", ledger=tmp_path / "l.sqlite", targets=["ef21", "krum"], figures=tmp_path / "figures"
    )
    assert sorted(p.name for p in (made.folder / "figures").iterdir()) == ["ef21.pdf", "ef21.png", "krum.png"]
    assert broken_links(made.folder) == []
