"""Shared by the tests of the papers' claims."""

import pytest

from gradproof.experiments.engine.verify import plan, run_task
from gradproof.mutants import run_mutants
from gradproof.theory.evidence import Level


@pytest.fixture
def confront():
    """A function that runs all quick checks of a claim, asserts that all are good, and returns the levels seen."""

    def run(claim):
        rows = [(t.check, run_task(t).verdict) for t in plan([claim])]
        assert all(v.outcome.good for _, v in rows), {c.name: str(v) for c, v in rows}
        levels = {c.level for c, _ in rows}
        assert Level.CONTROL in levels
        kinds = levels - {Level.CONTROL}
        assert len(kinds) >= 2 or "one kind of evidence" in claim.remark, f"{claim.id} has {kinds} and no reason"

    return run


@pytest.fixture
def false_variants_are_caught(tmp_path):
    """A function that runs all mutants of a tight claim and asserts that the scaled bounds, known to be false, are refuted."""

    def run(claim):
        results = run_mutants([claim], ledger=tmp_path / "l.sqlite")
        assert results
        assert all(r.caught for r in results if r.mutant.kind == "factor"), [str(r) for r in results if not r.caught]

    return run
