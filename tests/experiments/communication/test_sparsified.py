"""The claims of the two papers on sparsification: all evidence good, all controls caught, false variants refuted."""

from dataclasses import replace

import pytest
import sympy as sp

from gradproof.experiments.engine.verify import plan, run_task
from gradproof.theory import registry
from gradproof.theory.evidence import Level, Outcome

CLAIMS = registry.claims("atomo") + registry.claims("gradient-sparsification")


def _outcomes(claim):
    tasks = plan([claim])
    return {t.check.name: (t.check.level, run_task(t)) for t in tasks}


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda c: c.id)
def test_evidence_and_controls(claim):
    rows = _outcomes(claim)
    assert all(row.verdict.outcome.good for _, row in rows.values()), {k: str(r.verdict) for k, (_, r) in rows.items()}
    levels = {level for level, _ in rows.values()}
    assert Level.CONTROL in levels
    assert len(levels - {Level.CONTROL}) >= 2 or claim.confidence == "recalled"


@pytest.mark.parametrize("factor", [sp.Rational(99, 100), sp.Rational(101, 100)])
@pytest.mark.parametrize("claim", [c for c in CLAIMS if c.relation.value == "=="], ids=lambda c: c.id)
def test_equalities_one_percent_off_are_refuted(claim, factor):
    mutant = claim.with_bound(claim.expression * factor)
    outcomes = set()
    for t in plan([claim]):
        if t.check.level is not Level.CONTROL:
            outcomes.add(run_task(replace(t, claim=mutant, context=replace(t.context, claim=mutant))).verdict.outcome)
    assert Outcome.REFUTED in outcomes
