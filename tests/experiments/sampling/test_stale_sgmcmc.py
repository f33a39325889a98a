"""The claims on stale gradients: all evidence good, all controls caught, false variants refuted; the queue is right."""

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
import sympy as sp

from gradproof.experiments.engine.check import certifier_of
from gradproof.experiments.engine.verify import plan, run_task
from gradproof.experiments.sampling.stale_sgmcmc import measures, methods
from gradproof.theory import registry
from gradproof.theory.errors import DomainError, ParameterError, ProofRejected
from gradproof.theory.evidence import Level, Outcome
from gradproof.theory.proof import check
from gradproof.theory.sampling import stale_sgmcmc as paper

CLAIMS = registry.claims("stale-sgmcmc")


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda c: c.id)
def test_evidence_and_controls(claim):
    rows = {t.check.name: (t.check.level, run_task(t).verdict) for t in plan([claim])}
    assert all(v.outcome.good for _, v in rows.values()), {k: str(v) for k, (_, v) in rows.items()}
    levels = {level for level, _ in rows.values()}
    assert Level.CONTROL in levels
    assert len(levels - {Level.CONTROL}) >= 2 or (
        claim.confidence == "recalled" and "one kind of evidence" in claim.remark
    )


@pytest.mark.parametrize("factor", [sp.Rational(99, 100), sp.Rational(101, 100)])
@pytest.mark.parametrize("claim", CLAIMS, ids=lambda c: c.id)
def test_one_percent_off_is_refuted(claim, factor):
    if claim is paper.ORDERS and factor < 1:
        pytest.skip("a smaller exponent is true")
    mutant = claim.with_bound(claim.expression * factor)
    outcomes = {
        run_task(replace(t, claim=mutant, context=replace(t.context, claim=mutant))).verdict.outcome
        for t in plan([claim])
        if t.check.level is Level.EXACT
    }
    assert outcomes == {Outcome.REFUTED}


def test_certificates():
    make = certifier_of(paper.STABILITY)
    check(make(tau=2, a=Fraction(3, 5)))
    with pytest.raises(DomainError, match="a_max"):
        make(tau=2, a=Fraction(5, 8))
    for bad in (
        {"tau": Fraction(5, 2), "a": Fraction(1, 2)},
        {"tau": -1, "a": 1},
        {"tau": "x", "a": 1},
        {"a": 1},
        {"tau": 1, "b": 1, "a": 1},
    ):
        with pytest.raises(ParameterError) as caught:
            make(**bad)
        assert "\n" not in str(caught.value)
    proof = make(tau=1, a=Fraction(1, 2))
    broken = proof.statement.target.copy()
    key = next(k for k in broken.quadratic if k[0].startswith("y"))
    broken.quadratic[key] = -broken.quadratic[key]
    with pytest.raises(ProofRejected):
        check(replace(proof, statement=replace(proof.statement, target=broken)))


def test_the_bracket_contains_the_threshold():
    for tau in (0, 3, 9):
        found = measures.threshold(tau)
        assert found.low <= paper.STABILITY.bound(tau=tau) <= found.high
        assert found.high - found.low < Fraction(1, 10**17)


@pytest.mark.parametrize("random", [False, True])
def test_the_step_reads_the_right_age(random):
    method = methods.stale(lambda x: x, 0.1, 2, sigma=1.0, random=random)
    history = np.array([[[[1.0], [10.0], [100.0]]]])
    state = methods.State(history, np.zeros((1, 1, 1)))
    noise = methods.Draw(np.ones((1, 1, 1)), 2 * np.ones((1, 1, 1)), np.array([[[[1]]]]))
    new = method.step(state, noise)
    expected = 1 - 0.1 * (10 if random else 100) + np.sqrt(0.2) + 0.1 * 2
    assert new.history.ravel() == pytest.approx([expected, 1, 10])
    assert new.total.item() == pytest.approx(expected)
    first = method.init(np.full((1, 1, 1), 3.0))
    assert first.history.ravel() == pytest.approx([3, 3, 3])


@pytest.mark.slow
def test_averages_for_six_delays():
    tasks = plan([paper.INDEPENDENT], budget="full")
    (task,) = [t for t in tasks if t.check.name == "averages_for_six_delays"]
    assert run_task(task).verdict.outcome is Outcome.CONSISTENT
