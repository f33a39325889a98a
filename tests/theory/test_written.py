"""Proofs for readers: every accepted derivation is written out, and what is cited is told apart from what was checked."""

import json

import pytest
from click.testing import CliRunner

from gradproof.cli import main
from gradproof.mathml import prose
from gradproof.theory import registry
from gradproof.theory.derivation import DerivationRejected, derivation_of
from gradproof.theory.derivation_json import read_derivation
from gradproof.theory.tie import Accepted
from gradproof.theory.written import written_out, written_proof

DERIVED = [c for c in registry.claims() if derivation_of(c) is not None]


@pytest.mark.parametrize("claim", DERIVED, ids=str)
def test_every_line_can_be_set(claim):
    proof = written_out(claim, derivation_of(claim), Accepted((), ()))
    lines = [*proof.setting, *(line for part in proof.parts for line in part.lines)]
    for text in (t for line in lines for t in (line.says, line.because)):
        assert "<code>" not in prose(text)  # a formula that cannot be read is shown as its source
        assert text.count("$") % 2 == 0
    for part in proof.parts:
        assert [line.label for line in part.lines] == [f"({k})" for k in range(1, len(part.lines))] + [""]


def test_a_proof_reads_like_one():
    text = str(written_proof(registry.claim("gd.pl")))
    assert "x_(k+1) = x_k - gamma g_k" in text
    assert "f_(k+1) - f_star <= (1 - 2 gamma mu (1 - (L gamma)/2)) (f_k - f_star)" in text
    assert "induction from k = 0 over (1)" in text


def test_facts_and_assumptions_are_told_apart_from_what_was_checked():
    proof = written_proof(registry.claim("gd.contraction"))
    granted = {line.because: line.says for line in proof.setting if not line.checked}
    assert set(granted) == {"strongly-convex, smooth", "fermat"}
    assert [f.name for f in proof.facts] == ["fermat"]
    assert all(line.checked for part in proof.parts for line in part.lines)
    page = proof._repr_html_()
    assert page.count('<tr class="cited">') == 2
    assert "Nocedal" in page


def test_a_claim_without_a_derivation_says_so():
    without = next(c for c in registry.claims() if derivation_of(c) is None)
    with pytest.raises(DerivationRejected, match="has no derivation"):
        written_proof(without)


def test_the_command_prints_it_and_writes_what_check_reads(tmp_path):
    run = CliRunner().invoke
    assert "induction" in run(main, ["show", "gd.pl", "--proof"]).output
    result = run(main, ["show", "gd.pl", "--proof", "--json"])
    assert read_derivation(result.output)[0] == "gd.pl"
    assert json.loads(result.output)["format"]
    path = tmp_path / "pl.json"
    path.write_text(result.output)
    checked = run(main, ["check", str(path)])
    assert checked.exit_code == 0
    assert "accepted by two checkers, given no fact" in checked.output
    found = json.loads(run(main, ["check", "--json", str(path)]).output)
    assert found["given"] == []
    assert found["assumptions"]["standing"] == "are the claim's"
    assert "gd.pl: Function value under the Polyak-Lojasiewicz inequality" in checked.output
    path.write_text(result.output.replace('"gd.pl"', '"gd.contraction"'))
    refused = run(main, ["check", str(path)])
    assert refused.exit_code == 1
    assert "another method or quantity" in refused.stderr
    none = run(main, ["show", "sgld.lmc-exact", "--proof"])
    assert none.exit_code != 0
    assert len(none.output.strip().splitlines()) == 1
