"""Mutants of claims: what is made, what is caught, and that known-false ones are caught without exception."""

import json
from pathlib import Path

import pytest
import sympy as sp
from click.testing import CliRunner

import gradproof
from gradproof.cli import main
from gradproof.experiments.attack.mutants import Takings, confront, mutants_of, run_mutants
from gradproof.experiments.engine.store import Ledger
from gradproof.experiments.engine.verify import load_file
from gradproof.theory import registry
from gradproof.theory.evidence import Relation

EXAMPLES = Path(__file__).parents[3] / "examples"


def test_mutants_say_more_than_the_claim():
    (claim,) = load_file(str(EXAMPLES / "true_and_tight.py"))
    made = mutants_of(claim)
    assert {m.kind for m in made} == {"factor", "index", "exponent", "assumption"}
    assert len({(m.claim.expression, tuple(a.relation for a in m.claim.assumptions)) for m in made}) == len(made)
    at = {"gamma": 1, "L": 1, "N": 2, "R2": 3}
    for m in made:
        if m.kind in ("factor", "index"):
            assert m.claim.bound(**at) < claim.bound(**at)
        if m.kind == "assumption":
            wider = at | {"gamma": sp.Rational(105, 100)}
            assert m.claim.bound(**wider) == m.claim.bound(**wider, drop=["step"])
            with pytest.raises(gradproof.GradproofError):
                claim.bound(**wider)
        assert m.false == (m.kind == "factor")


def test_a_term_is_dropped_from_a_sum_only():
    kinds = [m.what for m in mutants_of(gradproof.claim("ef21.nonconvex-am")) if m.kind == "term"]
    assert any("G0" in w for w in kinds)
    assert not [m for m in mutants_of(gradproof.claim("ef21.cloning")) if m.kind == "term"]


def test_mutants_of_a_lower_bound_are_larger():
    claim = gradproof.own_claim(
        "mut.lower", parameters={"x": "a number"}, quantity="q", bound="x", relation=Relation.GE.value
    )
    assert all(m.claim.bound(x=1) > 1 for m in mutants_of(claim) if m.kind == "factor")


@pytest.mark.slow
def test_all_known_false_mutants_of_the_tight_example_are_caught(tmp_path):
    results = run_mutants(load_file(str(EXAMPLES / "true_and_tight.py")), ledger=tmp_path / "l.sqlite")
    assert [r for r in results if r.mutant.false]
    assert all(r.caught for r in results if r.mutant.false), [str(r) for r in results if not r.caught]


@pytest.mark.slow
@pytest.mark.parametrize("family", sorted({c.paper.family for c in registry.claims()}))
def test_no_mutant_that_is_false_by_exact_knowledge_survives_in_the_library(family, tmp_path):
    claims = [c for c in registry.claims() if c.paper.family == family]
    book = Ledger(tmp_path / "l.sqlite")
    results = [confront(c, m, book, Takings("quick", 0)) for c in claims for m in mutants_of(c) if m.false]
    assert results
    assert [f"{r.mutant.claim.id}: {r.mutant.what}" for r in results if not r.caught] == []


def test_what_is_false_by_exact_knowledge():
    equality = gradproof.claim("atomo.moments")
    assert {m.false for m in mutants_of(equality) if m.kind != "assumption"} == {True}
    lower = gradproof.claim("sgd-stability.batch-monotone")
    assert lower.tight
    assert all(m.false == (m.kind == "factor") for m in mutants_of(lower))
    assert not any(m.false for m in mutants_of(gradproof.claim("fista.classical")))


def test_a_mutant_that_the_checks_miss_is_searched(tmp_path):
    claim = gradproof.claim("gd.function-contraction")
    long_step = [m for m in mutants_of(claim) if m.what == "(-L*gamma + 1)**2 -> (-L*gamma + 1)**3"]
    result = confront(claim, long_step[0], Ledger(tmp_path / "l.sqlite"), Takings("quick", 0))
    assert result.caught
    assert result.by == "search/exact_worst_case"
    wider = [m for m in mutants_of(claim) if m.kind == "assumption" and "step" in m.what]
    result = confront(claim, wider[0], Ledger(tmp_path / "l.sqlite"), Takings("quick", 0))
    assert not result.caught
    assert "a search of" in result.reason


def test_survivors_have_a_reason_and_the_ledger_has_the_rows(tmp_path):
    ledger = Ledger(tmp_path / "l.sqlite")
    (claim,) = load_file(str(EXAMPLES / "true_and_loose.py"))
    only = [m for m in mutants_of(claim) if m.what == "bound times 99/100"]
    assert only
    assert not only[0].false
    result = confront(claim, only[0], ledger, Takings("quick", 0))
    assert not result.caught
    assert "not tight" in result.reason
    rows = ledger.rows(only[0].claim.id)
    assert len(rows) == 1
    assert rows[0].verdict.outcome.value == "consistent"
    assert confront(claim, only[0], ledger, Takings("quick", 0)).reason == result.reason  # from the ledger


def test_a_claim_of_the_library_through_its_own_checks():
    results = run_mutants([gradproof.claim("ef21.young-optimal")])
    assert results
    assert all(r.caught for r in results if r.mutant.false)


def test_the_command(tmp_path):
    result = CliRunner().invoke(
        main, ["mutants", "ef21.young-optimal", "--json", "--ledger", str(tmp_path / "l.sqlite")]
    )
    assert result.exit_code == 0, result.output
    rows = json.loads(result.output)
    assert {"mutant", "caught", "by", "reason", "known_false"} <= set(rows[0])
