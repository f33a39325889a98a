"""What notebooks show, and what goes into papers and pandas."""

import xml.etree.ElementTree as ET
from dataclasses import replace

import pytest

import gradproof
from gradproof.experiments.engine.store import Ledger
from gradproof.export import frame, latex, tex
from gradproof.theory.evidence import Outcome, Verdict
from gradproof.theory.proof_json import read_proof

EVIL = "<script>alert(1)</script> & more"


@pytest.fixture
def found(tmp_path):
    return gradproof.verify("ef21.young-optimal", "ef21.sharp-threshold", ledger=tmp_path / "l.sqlite")


def test_a_frame_has_one_row_a_check(found, tmp_path):
    table = found.to_pandas()
    assert len(table) == sum(len(s.rows) for s in found) >= 2
    assert set(table.columns) >= {"claim", "check", "outcome", "tightness", "measured", "bound", "seed", "finished"}
    assert set(frame(Ledger(tmp_path / "l.sqlite")).claim) == {"ef21.young-optimal", "ef21.sharp-threshold"}
    assert list(frame([]).columns)[:2] == ["claim", "check"]


def test_latex(found):
    text = latex(gradproof.claim("ef21.nonconvex-am"))
    assert text.count(r"\begin{") == text.count(r"\end{")
    assert r"\mathbb E" in text
    table = found.to_latex()
    assert table.count(r"\\") == 1 + len(found)
    assert "proved" in table
    assert tex(r"50% of_#") == r"50\% of\_\#"


def test_every_object_renders_and_nothing_hostile_gets_through(found):
    row = next(r for s in found for r in s.rows if r.verdict.proofs)
    proof = read_proof(row.verdict.proofs[0])
    verdict = Verdict(outcome=Outcome.REFUTED, reason=EVIL, tightness=1.5)
    claim = gradproof.claim("ef21.pl")
    evil = replace(claim, title=EVIL, quantity=EVIL, statement=EVIL)
    for thing in (found, verdict, claim, evil, proof, replace(proof, statement=replace(proof.statement, text=EVIL))):
        html = thing._repr_html_()
        assert "<script" not in html
        ET.fromstring(f"<div>{html.replace('<br>', '').replace('&mdash;', '-')}</div>")
    assert "refuted" in verdict._repr_html_()
    assert claim._repr_latex_().startswith("$")


def test_a_ledger_says_what_it_holds(tmp_path, found):
    assert "checks of 2 claims" in Ledger(tmp_path / "l.sqlite")._repr_html_()
    assert "empty" in Ledger(tmp_path / "other.sqlite")._repr_html_()
