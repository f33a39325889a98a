"""Shared by the tests of experiments: backends, of which a missing one skips or fails the test, and a claim with its checks."""

import os
from functools import cache

import pytest

from gradproof.experiments.engine.backend import BackendUnavailable, backend
from gradproof.experiments.engine.check import Context, checks_of
from gradproof.experiments.engine.judge import judge
from gradproof.experiments.engine.measure import confront as set_beside
from gradproof.experiments.engine.verify import plan, run_task
from gradproof.theory.evidence import Level, Outcome


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


@cache
def _taken(claim, name):
    """What a check measures, which no bound has a part in: once for all of them."""
    (check,) = [c for c in checks_of(claim, "quick") if c.name == name]
    return list(check.measured.take(Context(claim, scope=name)))


@pytest.fixture
def refuted():
    """A function that tells whether the quick measures of a claim would refute it with another bound; runs come last."""

    def by_a_measure(claim, bound):
        wrong = claim.with_bound(bound)
        return any(
            judge(level, claim.relation, set_beside(wrong, c.measured, _taken(claim, c.name))).outcome
            is Outcome.REFUTED
            for level in (Level.EXACT, Level.EMPIRICAL)
            for c in checks_of(claim, "quick")
            if c.level is level
        )

    return by_a_measure
