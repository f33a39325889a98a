"""Shared by the tests of the two papers' claims."""

from dataclasses import replace

import pytest

from gradproof.experiments.engine.verify import plan, run_task
from gradproof.theory.evidence import Level


@pytest.fixture
def outcomes():
    """A function that runs a claim's checks, controls and slow ones apart, on a false variant and returns their outcomes."""

    def run(claim, variant, leave_out=()):
        tasks = [t for t in plan([claim]) if t.check.level is not Level.CONTROL and t.check.name not in leave_out]
        tasks = [replace(t, claim=variant, context=replace(t.context, claim=variant)) for t in tasks]
        return {run_task(t).verdict.outcome for t in tasks}

    return run
