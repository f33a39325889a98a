"""Derivations and errata as pages of the report: formulas are typeset, links resolve, nothing passes as markup."""

import re
from pathlib import Path

import pytest
from markupsafe import Markup

from gradproof.report import notes
from gradproof.report.site import build
from gradproof.theory import registry

REPO = Path(__file__).parents[3]


def rendered(monkeypatch, text, **pages):
    monkeypatch.setattr(notes, "sources", lambda: {"docs/derivations/mine.md": text})
    return str(notes.render("docs/derivations/mine.md", pages).body)


def test_every_note_of_the_checkout_is_installed():
    here = [*(REPO / "docs/derivations").glob("*.md"), REPO / "docs/errata.md"]
    assert {str(p.relative_to(REPO)): p.read_text() for p in here} == notes.sources()


@pytest.mark.parametrize("name", notes.sources())
def test_all_formulas_can_be_read(name):
    note = notes.render(name, {})
    assert "derived here" in note.title or name == "docs/errata.md"
    assert "<code>\\" not in note.body  # what a formula that cannot be read is shown as
    assert "$" not in re.sub(r"<code>.*?</code>|alttext=\"[^\"]*\"", "", note.body)


def test_a_formula_that_cannot_be_read_is_shown_as_its_source(monkeypatch):
    assert r"<code>\frac{</code>" in rendered(monkeypatch, "# T\n\nsee $\\frac{$ here")


def test_formulas_in_dollars_and_nothing_else(monkeypatch):
    body = rendered(
        monkeypatch, "# T\n\n$x^2$ and $x_1 \\le\nx_2$, y_1.\n\n$$y^2$$\n\ninside $$z^2$$ too, `x_1` is code"
    )
    assert "<msup><mi>x</mi><mn>2</mn></msup>" in body
    assert "<msub><mi>x</mi><mn>1</mn></msub>" in body
    assert ", y_1." in body
    assert body.count('display="block"') == 2
    assert "<code>x_1</code>" in body


def test_markup_is_escaped(monkeypatch):
    body = rendered(monkeypatch, "# T\n\n<script>alert(1)</script> [x](javascript:alert(1)) `<b>` $<i>$")
    assert "<script" not in body
    assert "<b>" not in body
    assert "<i>" not in body
    assert 'href="javascript' not in body


def test_a_note_links_to_what_it_names(monkeypatch):
    text = (
        "# T\n\nsee docs/errata.md, `mine.rate`, mine.rate; not docs/none.md, mine.rates, not-mine.rate or mine.rate/c."
    )
    pages = {"docs/errata.md": "../errata.html", "mine.rate": "../claims/mine.rate.html"}
    body = rendered(monkeypatch, text, **pages)
    assert '<a href="../errata.html">docs/errata.md</a>' in body
    assert '<code><a href="../claims/mine.rate.html">mine.rate</a></code>' in body
    assert body.count("<a ") == 3


def test_an_address_cannot_leave_its_attribute():
    assert notes.linked(Markup("a.b"), {"a.b": '"><script>'}) == '<a href="&#34;&gt;&lt;script&gt;">a.b</a>'


def test_what_stands_in_a_tag_is_left_alone():
    assert notes.linked(Markup('<math alttext="a.b">'), {"a.b": "x"}) == '<math alttext="a.b">'


def test_titles_are_no_links_within_links(ledger, tmp_path):
    site = build(tmp_path / "r", ledger=ledger, targets=["ef21"], figures=tmp_path / "none")
    for file in site.folder.rglob("*.html"):
        assert not re.search(r"<a [^>]*>(?:(?!</a>).)*<a ", file.read_text(), re.DOTALL), file


def test_the_report_has_the_notes_that_its_claims_cite_and_no_others(ledger, tmp_path):
    site = build(tmp_path / "r", ledger=ledger, targets=["ef21"], figures=tmp_path / "none")
    assert [p.name for p in (site.folder / "derivations").iterdir()] == ["ef21.html"]
    claim = (site.folder / "claims/ef21.sharp-threshold.html").read_text()
    assert 'href="../derivations/ef21.html"' in claim
    assert '"../papers/ef21.html"' in (site.folder / "derivations/ef21.html").read_text()


def test_what_a_note_cites_comes_with_it(ledger, tmp_path):
    site = build(tmp_path / "r", ledger=ledger, targets=["laplacian-smoothing"], figures=tmp_path / "none")
    found = {str(p.relative_to(site.folder)) for p in site.folder.rglob("*.html")}
    assert {"derivations/laplacian_smoothing.html", "errata.html"} <= found
    # the errata are of all papers, and name the derivations of others
    assert "derivations/krum.html" in found


def test_no_claim_cites_a_note_that_is_not_there():
    for claim in registry.claims():
        texts = [claim.where, claim.remark, claim.statement, claim.false_as_published, claim.title]
        for name in re.findall(r"docs/[\w/-]+\.md", " ".join(map(str, texts))):
            assert name in notes.sources(), claim.id
