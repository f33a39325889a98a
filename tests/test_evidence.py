"""The evidence of the library: no measure sees a bound, no control says more than it breaks, no check is blind, and nothing is
proved that its derivation does not end in."""

import ast
import importlib
import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import sympy as sp

from gradproof.experiments.engine.check import checks_of
from gradproof.experiments.engine.power import BLIND
from gradproof.theory import registry
from gradproof.theory.errors import GradproofError
from gradproof.theory.evidence import Level, Relation

FAMILIES = ("classical", "communication", "landscape", "limits", "sampling", "adaptive", "privacy", "networks")


def _papers():
    root = Path(importlib.import_module("gradproof.experiments").__path__[0])
    return [
        (f.relative_to(root).as_posix(), ast.parse(f.read_text()))
        for family in FAMILIES
        for f in (root / family).rglob("*.py")
    ]


def test_no_evidence_reads_a_bound():
    found = {
        name
        for name, tree in _papers()
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "bound"
    }
    assert found == set()


def test_no_measure_reads_the_formula_of_a_claim():
    """Only derivations and proofs do, which end in it."""
    for name, tree in _papers():
        proofs = {
            node
            for f in ast.walk(tree)
            if isinstance(f, ast.FunctionDef) and any(ast.unparse(d).startswith("check(") for d in f.decorator_list)
            for node in ast.walk(f)
        } | {
            node
            for f in ast.walk(tree)
            if isinstance(f, ast.FunctionDef) and f.name == "same_bound"
            for node in ast.walk(f)
        }
        if name.endswith("derivations.py"):
            continue
        read = [
            n for n in ast.walk(tree) if isinstance(n, ast.Attribute) and n.attr == "expression" and n not in proofs
        ]
        assert not read, f"{name}:{read[0].lineno}"


def test_measurements_and_controls_are_made_by_the_engine_alone():
    for name, tree in _papers():
        if name.endswith("searches.py"):  # searches of an exact solver, which the engine of attacks asks
            continue
        called = {n.func.id for n in ast.walk(tree) if isinstance(n, ast.Call) and isinstance(n.func, ast.Name)}
        assert not called & {"Measurement", "control", "e_value", "judge"}, name


def test_what_is_not_measured_is_an_argument():
    for claim in registry.claims():
        for c in checks_of(claim, "gpu"):
            assert c.measured is not None or c.level in (Level.SYMBOLIC, Level.CERTIFIED), c.id


def test_a_control_names_an_assumption_or_another_method():
    for claim in registry.claims():
        names = {a.name for a in claim.assumptions}
        for c in checks_of(claim, "gpu"):
            if c.level is Level.CONTROL:
                assert c.drops in names or (c.measured.instead and not c.drops), c.id


@pytest.fixture(scope="module")
def verified(tmp_path_factory):
    """``gradproof verify --json`` of the whole library."""
    ledger = tmp_path_factory.mktemp("power") / "ledger.sqlite"
    run = subprocess.run(
        [sys.executable, "-m", "gradproof", "verify", "--json", "--jobs", "2", "--ledger", str(ledger)],
        capture_output=True, text=True, check=False, env={**os.environ, "GRADPROOF_LEDGER": str(ledger)},
    )  # fmt: skip
    assert run.returncode == 0, run.stderr[-2000:]
    return json.loads(run.stdout)


@pytest.mark.slow
def test_every_numeric_check_would_refute_its_claim_at_some_factor(verified):
    numeric = [
        (c["claim"], e)
        for c in verified["claims"]
        for e in c["evidence"]
        if e["level"] in ("exact", "empirical") and e["outcome"] != "refuted"
    ]
    assert len(numeric) > 300
    blind = [
        f"{name} / {e['check']}" for name, e in numeric if e["resolution"] is not None and not e["resolution"] <= BLIND
    ]
    assert not blind
    assert verified["power"]["blind"] == 0


@pytest.mark.slow
def test_every_tight_claim_has_a_check_that_sees_one_percent(verified):
    assert verified["power"]["tight_claims_seeing_1_percent"] == verified["power"]["tight_claims"] > 40


def _variants(claim):
    """Statements that the evidence of the claim cannot prove."""
    flip = {Relation.LE: Relation.GE, Relation.GE: Relation.LE, Relation.EQ: Relation.LE, Relation.IFF: Relation.GE}
    yield "relation", replace(claim, relation=flip[claim.relation])
    if claim.expression != 0:
        yield "bound", replace(claim, expression=sp.S.Zero)
    counts = [
        p for p in claim.parameters if not p.size and p.name in ("N", "T", "K", "t", "n") and claim.expression != 0
    ]
    for p in counts:
        yield (
            f"bound beyond {p.name} = 10",
            replace(claim, expression=sp.Piecewise((claim.expression, p.symbol <= 10), (0, True))),
        )
    dropped = {c.drops for c in checks_of(claim, "gpu") if c.level is Level.CONTROL and c.drops}
    for name in sorted(dropped):
        yield f"without {name}", replace(claim, assumptions=tuple(a for a in claim.assumptions if a.name != name))


@pytest.mark.slow
def test_no_false_variant_of_a_claim_keeps_its_proof():
    from gradproof.theory.derivation import derivation_of
    from gradproof.theory.tie import check_derivation

    proved = [c for c in registry.claims() if derivation_of(c) is not None]
    assert len(proved) >= 20
    for claim in proved:
        check_derivation(derivation_of(claim), claim)
        for what, variant in _variants(claim):
            with pytest.raises(GradproofError):
                _ = what, check_derivation(derivation_of(claim), variant)
