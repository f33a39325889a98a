"""What notebooks show, and what goes into papers and pandas."""

import xml.etree.ElementTree as ET
from dataclasses import replace

import pytest

import gradproof
from gradproof.experiments.attack.finding import Finding
from gradproof.experiments.engine.store import Ledger
from gradproof.export import frame, latex
from gradproof.markup import tex
from gradproof.mutants import Mutant, MutantResult, MutantResults
from gradproof.necessity import Need, Needs
from gradproof.theory.evidence import Measurement, Outcome, Verdict
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
    evil = replace(claim, title=EVIL, quantity=EVIL, statement=EVIL, remark=EVIL, false_as_published=EVIL)
    finding = Finding(claim=EVIL, experiment="e", violated=True, measurement=Measurement(measured=2, bound=1),
                      instance={EVIL: EVIL})  # fmt: skip
    missed = replace(finding, violated=False, note=EVIL)
    needs = Needs([Need(EVIL, EVIL, EVIL, EVIL)])
    mutants = MutantResults([MutantResult(Mutant(evil, EVIL, EVIL), True, EVIL, EVIL, None, 0.0)])
    hostile = replace(proof, statement=replace(proof.statement, text=EVIL))
    for thing in (found, found[0], finding, missed, needs, mutants, verdict, claim, evil, proof, hostile):
        html = thing._repr_html_()
        assert "<script" not in html
        ET.fromstring(f"<div>{html.replace('<br>', '').replace('&mdash;', '-')}</div>")
    assert "refuted" in verdict._repr_html_()
    assert claim._repr_latex_().startswith("$")


def test_notebooks_typeset_the_mathematics_of_texts():
    """Jupyter typesets what stands between dollars: titles, meanings and worst cases put it there."""
    from gradproof.experiments.classical import _gallery

    claim = gradproof.claim("class-imbalance.gf-two-sided")
    assert r"at most of order $1/(\pi_k t)$" in claim._repr_html_()
    assert r"[Gradient flow: the loss of a class is at most of order $1/(\pi_k t)$]" in latex(claim)
    _gallery.index()
    entry = next(e for e in _gallery.REGISTRY.values() if e.claim.id == "gd.contraction")
    html = entry.worst_case(entry.settings[0])._repr_html_()
    assert r"$\|x" in html
    ET.fromstring(f"<div>{html}</div>")


def test_a_ledger_says_what_it_holds(tmp_path, found):
    assert "checks of 2 claims" in Ledger(tmp_path / "l.sqlite")._repr_html_()
    assert "empty" in Ledger(tmp_path / "other.sqlite")._repr_html_()


def test_tables_for_papers_escape_and_frames_have_the_rows():
    claim = gradproof.claim("ef21.pl")
    needs = Needs([Need("a_b", "50%", "needed", "x < $y_1$ & z^2")])
    mutants = MutantResults(
        [MutantResult(Mutant(claim, "factor", "bound times 1/2", True), False, "", "why #1", 0.5, 0.1)]
    )
    for thing, words in ((needs, (r"a\_b", r"50\%", "$y_1$", r"\&")), (mutants, ("SURVIVED", r"\#1"))):
        text = thing.latex
        assert text.count(r"\begin{") == text.count(r"\end{") == 1
        assert all(w in text for w in words), text
        assert len(thing.to_pandas()) == 1
    assert mutants.to_pandas().known_false.all()


def test_the_claims_of_a_ledger_in_latex_and_a_verdict_in_words(found):
    assert "■ proved" in found._repr_html_()
    assert "ef21.young-optimal: proved" in found[0]._repr_html_()


def test_what_a_prompt_prints_can_be_read(found, tmp_path):
    assert repr(gradproof.claim("ef21.pl")).startswith("<Claim ef21.pl: ")
    lines = repr(found).splitlines()
    assert lines[0].split()[:2] == ["claim", "verdict"]
    assert lines[0].split()[-1] == "note"
    assert [line.split()[:2] for line in lines[1:]] == [
        ["ef21.young-optimal", "proved"],
        ["ef21.sharp-threshold", "certified"],
    ]
    assert "caught 4/4" in repr(found[1])
    row = next(r for s in found for r in s.rows if r.verdict.proofs)
    proof = read_proof(row.verdict.proofs[0])
    finding = Finding(claim="a.b", experiment="e", violated=True, measurement=Measurement(measured=2, bound=1))
    for thing in (
        gradproof.claim("ef21.pl"),
        found,
        *found,
        row,
        row.verdict,
        proof,
        finding,
        Needs([]),
        MutantResults([]),
    ):
        assert len(repr(thing)) < 1000, type(thing)
    assert str(tmp_path) in repr(Ledger(tmp_path / "l.sqlite"))
