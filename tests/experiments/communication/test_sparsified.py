"""The claims of the two papers on sparsification: all evidence good, all controls caught, false variants refuted."""

from dataclasses import replace
from fractions import Fraction

import pytest
import sympy as sp

from gradproof.experiments.communication import _sparse as sparse
from gradproof.experiments.communication.atomo.measures import SLANTED
from gradproof.experiments.engine.verify import plan, run_task
from gradproof.theory import registry
from gradproof.theory.evidence import Level, Outcome, Relation

CLAIMS = registry.claims("atomo") + registry.claims("gradient-sparsification")


def _outcomes(claim):
    tasks = plan([claim])
    return {t.check.name: (t.check.level, run_task(t)) for t in tasks}


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda c: c.id)
def test_evidence_and_controls(claim):
    rows = _outcomes(claim)
    said = {k: str(r.verdict) for k, (_, r) in rows.items()}
    for level, row in rows.values():
        known = claim.false_as_published and level is not Level.CONTROL
        assert row.verdict.outcome is Outcome.REFUTED if known else row.verdict.outcome.good, said
    levels = {level for level, _ in rows.values()}
    assert Level.CONTROL in levels
    assert len(levels - {Level.CONTROL}) >= 2 or claim.confidence == "recalled" or claim.false_as_published


def _refuted(variant, claim):
    """Does a numeric check of the claim refute the variant?"""
    tasks = [t for t in plan([claim]) if t.check.level is not Level.CONTROL and t.check.measured]
    rows = (run_task(replace(t, claim=variant, context=replace(t.context, claim=variant))) for t in tasks)
    return any(row.verdict.outcome is Outcome.REFUTED for row in rows)


@pytest.mark.parametrize("factor", [sp.Rational(99, 100), sp.Rational(101, 100)])
@pytest.mark.parametrize("claim", [c for c in CLAIMS if c.relation.value in ("==", "iff")], ids=lambda c: c.id)
def test_equalities_one_percent_off_are_refuted(claim, factor):
    assert _refuted(claim.with_bound(claim.expression * factor), claim)


@pytest.mark.parametrize("claim", [c for c in CLAIMS if c.relation.value in ("<=", ">=")], ids=lambda c: c.id)
def test_inequalities_that_are_too_strong_are_refuted(claim):
    better = sp.Rational(99, 100) if claim.tight else sp.Rational(1, 2)
    assert _refuted(
        claim.with_bound(claim.expression * (better if claim.relation is Relation.LE else 1 / better)), claim
    )
    other = Relation.GE if claim.relation is Relation.LE else Relation.LE
    assert _refuted(replace(claim, id=f"{claim.id}~flipped", relation=other), claim)


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda c: c.id)
def test_another_power_of_the_bound_is_refuted(claim):
    assert _refuted(claim.with_bound(claim.expression ** sp.Rational(3, 2)), claim) or _refuted(
        claim.with_bound(sp.sqrt(claim.expression)), claim
    )


@pytest.mark.parametrize("law", [sparse.independently, sparse.together])
def test_the_estimator_is_unbiased(law):
    """Over all outcomes, for atoms that are not orthogonal, dependent or not."""
    lam, p = (Fraction(5), Fraction(3), Fraction(1)), (Fraction(1), Fraction(1, 2), Fraction(1, 4))
    mean, _ = sparse.exact_moments(lam, p, SLANTED[:3], law)
    assert mean == [sum(c * a[j] for c, a in zip(lam, SLANTED[:3], strict=True)) for j in (0, 1)]
