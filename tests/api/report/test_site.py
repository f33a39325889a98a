"""The folder that the report writes: complete, escaped, linked, and safe for what was in the folder before."""

import json
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from click.testing import CliRunner

from gradproof.cli import main
from gradproof.experiments.engine.store import Ledger
from gradproof.report import build, model, numbers
from gradproof.theory import registry
from gradproof.theory.claim import Claim
from gradproof.theory.errors import GradproofError
from gradproof.theory.evidence import Level, Outcome, Relation
from gradproof.theory.paper import Paper

from .conftest import row  # isort: skip


class Links(HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.found, self.ids = [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.found += [v for k, v in attrs if k in ("href", "src")]
        self.ids += [v for k, v in attrs if k == "id"]


def broken_links(folder: Path) -> list[str]:
    bad = []
    pages = {page.resolve(): Links(page.read_text()) for page in folder.rglob("*.html")}
    for page, links in pages.items():
        assert len(links.ids) == len(set(links.ids)), page
        for link in links.found:
            if link.startswith(("https://arxiv.org/abs/", "data:")):
                continue
            target, _, anchor = link.partition("#")
            file = (page.parent / target).resolve() if target else page
            if not file.is_file() or (anchor and anchor not in pages[file].ids):
                bad.append(f"{page}: {link}")
    return bad


def test_every_verdict_is_shown_and_every_link_resolves(ledger, tmp_path):
    made = build(tmp_path / "site", ledger=ledger)
    assert made.claims == len(registry.claims()) + 1
    assert broken_links(made.folder) == []
    index = made.index.read_text()
    for word in ("confirmed", "refuted", "undecided", "missed", "consistent", "unchecked"):
        assert f'data-verdict="{word}"' in index
    pl = (made.folder / "claims/ef21.pl.html").read_text()
    assert "violated at &lt;here&gt;" in pl
    assert "bound times 1/2" in pl
    assert "the mutant is caught" in pl
    assert "survived" in pl
    am = (made.folder / "claims/ef21.nonconvex-am.html").read_text()
    for part in (
        "solver gap",
        "1/3 = 0.333333",
        "0.5 ≤ 1",
        "caught",
        "violated without it",
        "stream 3",
        "<math",
    ):
        assert part in am, part
    assert "no current evidence" in index
    assert "not in this installation" in index
    assert "from elsewhere" in (made.folder / "claims/stranger.claim.html").read_text()
    data = json.loads((made.folder / "report.json").read_text())
    assert {c["claim"] for c in data["claims"]} >= {"ef21.pl", "stranger.claim"}
    assert set(data["files"]) == {str(f.relative_to(made.folder)) for f in made.folder.rglob("*") if f.is_file()}


def test_evidence_of_other_code_does_not_mix_with_newer(tmp_path):
    book = Ledger(tmp_path / "l.sqlite")
    book.put(row("ef21.pl", "old", code="1" * 16, outcome=Outcome.REFUTED, finished=1.0))
    book.put(row("ef21.pl", "new", finished=2.0))
    entry = model.gather(book, ["ef21.pl"])[0]
    assert [r.check for r in entry.summary.rows] == ["new"]
    assert [(f.label, [r.check for r in f.rows]) for f in entry.folded] == [("code that has changed", ["old"])]
    assert (entry.stale, entry.verdict) == (False, "confirmed")


def test_evidence_that_is_not_current_gives_no_verdict(tmp_path):
    book = Ledger(tmp_path / "l.sqlite")
    book.put(row("ef21.pl", "gone", code="1" * 16))
    book.put(row("ef21.sgd", statement="2" * 16, outcome=Outcome.REFUTED, reason="another bound"))
    book.put(row("ef21.cloning", statement="", code="3" * 16))
    entries = {e.claim.id: e for e in model.gather(book, ["ef21"])}
    said = {name: (e.verdict, e.stale, [f.label for f in e.folded]) for name, e in entries.items() if e.folded}
    assert said == {
        "ef21.pl": ("unchecked", True, ["code that has changed"]),
        "ef21.sgd": ("unchecked", True, ["another statement under this id"]),
        "ef21.cloning": ("unchecked", True, ["an earlier version of the ledger"]),
    }
    made = build(tmp_path / "site", ledger=book, targets=["ef21"])
    page = (made.folder / "claims/ef21.sgd.html").read_text()
    assert "none that is current" in page
    assert page.index("Other rows of the ledger") < page.index("another bound")
    assert 'data-verdict="refuted"' not in made.index.read_text()


def test_one_budget_is_shown_and_the_others_are_folded_away(tmp_path):
    book = Ledger(tmp_path / "l.sqlite")
    for name in ("ef21.pl", "ef21.sgd"):
        book.put(row(name))
    book.put(row("ef21.pl", "long", budget="full", outcome=Outcome.REFUTED, reason="only after long runs"))
    entries = {e.claim.id: e for e in model.gather(book, ["ef21"])}
    assert {e.budget for e in entries.values()} == {"quick"}  # it covers more claims
    assert [r.budget for r in entries["ef21.pl"].summary.rows] == ["quick"]
    assert [f.label for f in entries["ef21.pl"].folded] == ["budget full"]
    full = {e.claim.id: e for e in model.gather(book, ["ef21"], budget="full")}
    assert (full["ef21.pl"].verdict, full["ef21.sgd"].verdict) == ("refuted", "unchecked")
    page = (build(tmp_path / "site", ledger=book, targets=["ef21"]).folder / "claims/ef21.pl.html").read_text()
    assert "<summary>1: budget full</summary>" in page


def test_an_empty_ledger_says_what_to_do(tmp_path):
    made = build(tmp_path / "site", ledger=tmp_path / "none.sqlite")
    assert "has no evidence on these claims yet" in made.index.read_text()
    assert "gradproof verify ef21.pl" in (made.folder / "claims/ef21.pl.html").read_text()
    assert broken_links(made.folder) == []


def test_proofs_are_saved_and_pass_the_kernel(tmp_path):
    path = tmp_path / "proof.json"
    args = ["certify", "ef21.sharp-threshold", "alpha=3/4", "L=1/4", "L_AM=3/4", "gamma=1", "-o", str(path)]
    assert CliRunner().invoke(main, args).exit_code == 0
    book = Ledger(tmp_path / "l.sqlite")
    proofs = (path.read_text(), "{broken", "[" * 5000)
    book.put(row("ef21.sharp-threshold", level=Level.CERTIFIED, outcome=Outcome.PROVED, proofs=proofs))
    made = build(tmp_path / "site", ledger=book, targets=["ef21.sharp-threshold"])
    files = list((made.folder / "proofs").glob("*.json"))
    assert len(files) == 1
    checked = CliRunner().invoke(main, ["check", str(files[0])])
    assert checked.exit_code == 0
    assert "accepted" in checked.output
    page = (made.folder / "claims/ef21.sharp-threshold.html").read_text()
    assert page.count("this proof cannot be read") == 2
    assert files[0].name in page
    assert "then " in page


def test_a_proof_that_is_too_long_stays_in_the_ledger():
    shown = model.proof_page("x" * (model.LARGEST_PROOF + 1))
    assert "stays in the ledger" in shown.problem
    assert not shown.file


def test_the_proofs_together_are_limited(monkeypatch):
    pages = [model.ProofPage("", "", size, file=f"{size}.json", content="x") for size in (900, 100, 100, 500)]
    monkeypatch.setattr(model, "ALL_PROOFS", 700)
    model._limit_proofs(pages)
    assert [p.file for p in pages] == ["", "100.json", "100.json", "500.json"]
    assert "stays in the ledger" in pages[0].problem


EVIL = "<script>alert('x')</script> & \"quoted\" $\\text{<b>}$"


@pytest.fixture
def evil():
    paper = Paper(key="evil", authors=(EVIL,), title=EVIL, year=2026, family="own", venue=EVIL)
    claim = Claim(id="evil.</a><img src=x>", paper=paper, title=EVIL, statement=EVIL, parameters=(), assumptions=(),
                  quantity=r"\text{<script>alert(2)</script>}", relation=Relation.LE, expression=1, remark=EVIL)  # fmt: skip
    registry.register(claim)
    yield claim
    registry.forget(claim)


def test_markup_in_texts_is_escaped(evil, tmp_path):
    book = Ledger(tmp_path / "l.sqlite")
    book.put(row(evil.id, EVIL, reason=EVIL, drops=EVIL, level=Level.CONTROL))
    book.put(row("../../" + EVIL, reason=EVIL))
    made = build(tmp_path / "site", ledger=book)
    ours = len(re.findall(r"<script", (made.folder / "about.html").read_text()))
    for page in made.folder.rglob("*.html"):
        text = page.read_text()
        assert len(re.findall(r"<script", text)) == ours, page
        assert "<img" not in text
        assert "<b>}" not in text
    assert broken_links(made.folder) == []
    assert not list(tmp_path.glob("*.html"))


def test_a_folder_with_other_things_is_left_alone(tmp_path):
    (tmp_path / "thesis.tex").write_text("years")
    with pytest.raises(GradproofError, match="holds no report"):
        build(tmp_path, ledger=tmp_path / "l.sqlite", targets=["ef21.pl"])
    assert CliRunner().invoke(main, ["report", "-o", str(tmp_path)]).exit_code == 2
    assert {p.name for p in tmp_path.iterdir()} == {"thesis.tex"}


def test_an_older_report_is_replaced_whole(ledger, tmp_path):
    site = tmp_path / "site"
    build(site, ledger=ledger)
    (site / "mine.txt").write_text("kept")
    build(site, ledger=ledger, targets=["ef21.pl"])
    assert [p.name for p in (site / "claims").iterdir()] == ["ef21.pl.html"]
    assert (site / "mine.txt").exists()
    assert broken_links(site) == []


def test_a_manifest_cannot_remove_what_is_outside(ledger, tmp_path):
    site, victim = tmp_path / "site", tmp_path / "victim"
    build(site, ledger=ledger, targets=["ef21.pl"])
    victim.write_text("alive")
    data = json.loads((site / "report.json").read_text())
    (site / "report.json").write_text(json.dumps(data | {"files": ["../victim", *data["files"]]}))
    build(site, ledger=ledger, targets=["ef21.pl"])
    assert victim.exists()


def test_figures_are_shown_where_they_were_made(ledger, tmp_path):
    (tmp_path / "figures").mkdir()
    (tmp_path / "figures/ef21.png").write_bytes(b"\x89PNG")
    made = build(tmp_path / "site", ledger=ledger, figures=tmp_path / "figures")
    assert "figures/ef21.png" in (made.folder / "claims/ef21.pl.html").read_text()
    assert broken_links(made.folder) == []


def test_a_file_of_ones_own_claims(tmp_path):
    mine = tmp_path / "mine.py"
    mine.write_text(
        "from gradproof import *\nfrom gradproof import Claim, Paper, Relation, register\n"
        "register(Claim(id='mine.a', paper=Paper(key='mine', authors=('me',), title='t', year=2026, family='own'), title='t',"
        "statement='s', parameters=(), assumptions=(), quantity='x', relation=Relation.LE, expression=1))\n"
    )
    result = CliRunner().invoke(main, ["report", str(mine), "-o", str(tmp_path / "site")])
    assert result.exit_code == 0, result.output
    page = (tmp_path / "site/claims/mine.a.html").read_text()
    assert "gradproof verify mine.py" in page
    assert str(tmp_path) not in page
    registry.forget_file(str(mine.resolve()))


@pytest.mark.parametrize(
    ("text", "shown"),
    [("1/3", "1/3 = 0.333333"), ("2*sqrt(2)", "2*sqrt(2) = 2.82843"), ("nan", "nan"), ("__import__('os')", "__import__('os')"),
     ("9**9**9**9", "9**9**9**9"), (True, "True"), ([1, 2.5], "(1, 2.5)"), ("(((((", "(((((")],
)  # fmt: skip
def test_numbers_of_a_ledger_are_read_but_never_run(text, shown):
    assert numbers.number(text) == shown


def test_every_verdict_is_counted_and_has_a_mark():
    from gradproof.markup import MARKS

    assert {o.value for o in Outcome} <= set(model.VERDICTS)
    assert set(model.VERDICTS) == set(MARKS)
