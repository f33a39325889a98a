"""Shared by the tests of the papers' claims."""

import pytest

from gradproof.experiments.attack.mutants import run_mutants


@pytest.fixture
def false_variants_are_caught(tmp_path):
    """A function that runs all mutants of a tight claim and asserts that the scaled bounds, known to be false, are refuted."""

    def run(claim):
        results = run_mutants([claim], ledger=tmp_path / "l.sqlite")
        assert results
        assert all(r.caught for r in results if r.mutant.kind == "factor"), [str(r) for r in results if not r.caught]

    return run
