"""Shared by the tests of experiments: backends, of which a missing one skips or fails the test, and a claim with its checks."""

import os

import pytest

from gradproof.experiments.engine.backend import BackendUnavailable, backend
from gradproof.experiments.engine.verify import plan, run_task
from gradproof.theory.evidence import Level


@pytest.fixture
def on_backend():
    """The backend of a name; without its library a skipped test, or a failed one if GRADPROOF_ALL_EXTRAS is set."""

    def get(name):
        try:
            return backend(name)
        except BackendUnavailable as error:
            if os.environ.get("GRADPROOF_ALL_EXTRAS"):
                pytest.fail(f"no test of a backend may be skipped here: {error}")
            pytest.skip(str(error))

    return get


@pytest.fixture
def confront():
    """A function that runs all quick checks of a claim, asserts that all are good and controlled, of two kinds or with a reason.

    But for the derivation, which tests/theory/test_derivation.py gives to both checkers, for every claim that has one.
    """

    def run(claim):
        tasks = plan([claim])
        rows = [(t.check, run_task(t).verdict) for t in tasks if t.check.name != "derivation"]
        assert all(v.outcome.good for _, v in rows), {c.name: str(v) for c, v in rows}
        levels = {t.check.level for t in tasks}
        assert Level.CONTROL in levels
        kinds = levels - {Level.CONTROL}
        assert len(kinds) >= 2 or "one kind of evidence" in claim.remark, f"{claim.id} has {kinds} and no reason"

    return run
