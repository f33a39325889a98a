"""Quantum communication: all evidence good, all controls caught, false variants refuted, reference values."""

from dataclasses import replace
from fractions import Fraction as F

import flint
import numpy as np
import pytest
import sympy as sp

from gradproof.experiments.engine.verify import plan, run_task
from gradproof.experiments.limits.quantum_communication import instances as data
from gradproof.experiments.limits.quantum_communication import measures_communication as sent
from gradproof.experiments.limits.quantum_communication import methods
from gradproof.experiments.limits.quantum_communication.instances import CARD
from gradproof.theory import registry
from gradproof.theory.evidence import Level, Outcome, Relation
from gradproof.theory.limits import quantum_communication as paper

CLAIMS = registry.claims("quantum-communication")


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda c: c.id)
def test_evidence_and_controls(claim, confront):
    confront(claim)


#: factors of the bound that the measures refute; sums of terms and bounds that are not attained need a larger one
FACTORS = {paper.SHOTS: F(1, 8), paper.SGD: F(1, 4), paper.LINEAR_UPPER: F(1, 3), paper.MAJORITY: F(9, 10)}


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda c: c.id)
def test_a_wrong_constant_is_refuted_by_measures(claim):
    factor = FACTORS.get(claim, F(101, 100) if claim.relation is Relation.GE else F(99, 100))
    mutant = claim.with_bound(claim.expression * sp.Rational(factor.numerator, factor.denominator))
    level = Level.EMPIRICAL if claim is paper.SGD else Level.EXACT
    tasks = [t for t in plan([claim]) if t.check.level is level]
    outcomes = [
        run_task(replace(t, claim=mutant, context=replace(t.context, claim=mutant))).verdict.outcome for t in tasks
    ]
    assert Outcome.REFUTED in outcomes


@pytest.mark.parametrize(
    ("claim", "old", "new"),
    [
        (paper.LINEAR_UPPER, lambda s: s["gamma"], lambda s: sp.sqrt(s["gamma"])),
        (paper.LINEAR_LOWER, lambda s: s["gamma"], lambda s: s["gamma"] ** 2),
        (paper.MARGIN_DIMENSION, lambda s: s["gamma"], lambda s: sp.sqrt(s["gamma"])),
        (paper.ACCESS_CODE, lambda s: s["k"], lambda s: s["k"] ** 2),
        (paper.FREQUENCIES, lambda s: sp.Integer(3), lambda s: sp.Integer(2)),
        (paper.HOLEVO, lambda s: s["n"], lambda s: sp.sqrt(s["n"])),
    ],
    ids=lambda x: getattr(x, "id", ""),
)
def test_a_wrong_exponent_is_refuted_by_measures(claim, old, new):
    symbols = {p.name: p.symbol for p in claim.parameters}
    mutant = claim.with_bound(claim.expression.subs(old(symbols), new(symbols)))
    tasks = [t for t in plan([claim]) if t.check.level is Level.EXACT]
    outcomes = [
        run_task(replace(t, claim=mutant, context=replace(t.context, claim=mutant))).verdict.outcome for t in tasks
    ]
    assert Outcome.REFUTED in outcomes


def test_reference_values_of_shots_and_bits():
    assert data.hoeffding(0.1, 0.05) == 738
    assert float(data.failure(738, F(0), F(1, 10))) == pytest.approx(0.007165329, abs=1e-9)
    assert [data.sketch_bits(0.1, 0.05), data.sketch_bits(0.25, 0.01)] == [1474, 356]
    with flint.ctx.workprec(128):
        assert float(data.majority_error(F(1, 10), 1474)) == pytest.approx(0.0076520035, abs=1e-10)
        assert float(data.majority_error(F(1, 4), 356)) == pytest.approx(0.0013319084, abs=1e-10)
        assert float(data.majority_error(F(1, 50), 356)) == pytest.approx(0.42565762, abs=1e-8)


def test_reference_values_of_codes_ensembles_and_frequencies():
    assert data.answers(data.anticommuting(2), (1, -1)) == pytest.approx(0.853553391, abs=1e-9)
    value, error = data.entropy(data.shifts(3))
    assert value == pytest.approx(1.222289718, abs=1e-9)
    assert error < 1e-10
    tangent = F(np.tan(0.35)).limit_denominator(1000)  # the reflection of half the angle 0.7
    mixer = (tangent.numerator, tangent.denominator)
    found = [len(data.frequencies([3**j for j in range(L)], (F(1, 2), F(-1, 2)), mixer)) for L in (1, 2, 4)]
    assert found == [3, 9, 81]


@pytest.mark.parametrize("k", [2, 3, 4, 5, 7])
def test_strings_anticommute(k):
    A = [data.matrix(P) for P in data.anticommuting(k)]
    for i in range(k):
        for j in range(i):
            assert not (A[i] @ A[j] + A[j] @ A[i]).any()


def test_bases_measure_and_pairs_are_orthogonal():
    assert sent.guessing_in_two_bases(1)[0] == F(1, 2)
    states = data.superdense(2)
    assert states @ states.conj().T == pytest.approx(np.eye(16), abs=1e-15)


def test_the_estimate_is_unbiased_and_its_noise_is_the_stated_one():
    uniform = np.random.default_rng(0).uniform(size=(4000, 8, 20))
    g = methods.estimate(CARD.circuit, CARD.psi, np.broadcast_to(CARD.theta, (4000, 4)), uniform)
    error = g - CARD.circuit.gradient(CARD.theta, CARD.psi)
    plus, minus = CARD.losses
    variance = (2 - plus**2 - minus**2) / 20
    assert np.abs(error.mean(axis=0)) == pytest.approx(0, abs=4 * np.sqrt(variance.max() / 4000))
    assert (error**2).mean(axis=0) == pytest.approx(variance, rel=0.15)


@pytest.mark.slow
@pytest.mark.parametrize("claim", [paper.SGD, paper.LINEAR_UPPER, paper.PARAMETER_SHIFT], ids=lambda c: c.id)
def test_full_budget(claim):
    full = [t for t in plan([claim], budget="full") if t.check.budget == "full"]
    assert full
    for t in full:
        assert run_task(t).verdict.outcome is Outcome.CONSISTENT
