"""Verdicts: all six, each for its reason, and no way for a bad number to pass."""

import math
from dataclasses import replace
from fractions import Fraction

import pytest
import sympy as sp

from gradproof.experiments.engine.check import Undecided
from gradproof.experiments.engine.judge import judge, tightness
from gradproof.theory.communication.ef21 import proofs
from gradproof.theory.evidence import Level, Measurement, Outcome, Relation
from gradproof.theory.symbolic import Identity

x = sp.Symbol("x", positive=True)


def outcome(level, *evidence, relation=Relation.LE):
    return judge(level, relation, evidence).outcome


def m(measured, bound, error=0, **more):
    low, high = (measured - error, measured + error) if error else (measured, measured)
    source = "rounding" if error else "exact"
    return Measurement(measured=measured, bound=bound, low=low, high=high, source=source, **more)


@pytest.mark.parametrize(
    ("measurement", "expected"),
    [
        (m(0.5, 1.0, 0.1), Outcome.CONFIRMED),
        (m(1.5, 1.0, 0.1), Outcome.REFUTED),
        (m(0.95, 1.0, 0.1), Outcome.UNDECIDED),
        (m(1.05, 1.0, 0.1), Outcome.UNDECIDED),
        (m(sp.Rational(1, 3), sp.Rational(1, 3)), Outcome.CONFIRMED),
        (m(sp.sqrt(2), sp.sqrt(3)), Outcome.CONFIRMED),
        (m(sp.sqrt(2) + sp.sqrt(3), sp.sqrt(5 + 2 * sp.sqrt(6))), Outcome.CONFIRMED),
        (m(sp.sqrt(3), sp.sqrt(2)), Outcome.REFUTED),
        (m(math.nan, 1.0), Outcome.UNDECIDED),
        (m(1.0, math.nan), Outcome.UNDECIDED),
        (m(0.5, 1.0, math.nan), Outcome.UNDECIDED),
        (m(0.5, 1.0, -0.1), Outcome.UNDECIDED),
        (m(sp.nan, 1), Outcome.UNDECIDED),
        (m(math.inf, 1.0), Outcome.REFUTED),
    ],
)
def test_upper_bounds(measurement, expected):
    assert outcome(Level.EXACT, measurement) is expected


def test_one_bad_measurement_decides():
    good = m(0.5, 1.0)
    assert outcome(Level.EXACT, good, m(2.0, 1.0), m(math.nan, 1.0)) is Outcome.REFUTED
    assert outcome(Level.EXACT, good, m(math.nan, 1.0)) is Outcome.UNDECIDED
    assert outcome(Level.EMPIRICAL, good) is Outcome.CONSISTENT


def test_lower_bounds_and_equalities():
    assert outcome(Level.EXACT, m(2.0, 1.0), relation=Relation.GE) is Outcome.CONFIRMED
    assert outcome(Level.EXACT, m(0.5, 1.0), relation=Relation.GE) is Outcome.REFUTED
    assert outcome(Level.EXACT, m(1.0, 1.05, 0.1), relation=Relation.EQ) is Outcome.CONFIRMED
    assert outcome(Level.EXACT, m(1.0, 1.2, 0.1), relation=Relation.IFF) is Outcome.REFUTED
    assert outcome(Level.EXACT, m(2.0, 1.0, relation=Relation.GE)) is Outcome.CONFIRMED


def test_nothing_measured_and_given_up_are_undecided():
    assert outcome(Level.EXACT) is Outcome.UNDECIDED
    v = judge(Level.EXACT, Relation.LE, [m(0.1, 1.0), Undecided("solver stopped")])
    assert (v.outcome, v.reason) == (Outcome.UNDECIDED, "solver stopped")
    assert judge(Level.EXACT, Relation.LE, [True]).outcome is Outcome.UNDECIDED


def test_proofs_and_identities():
    assert outcome(Level.SYMBOLIC, proofs.summed(), Identity(x - x)) is Outcome.CHECKED
    assert outcome(Level.SYMBOLIC, Identity(x - 2)) is Outcome.REFUTED
    broken = replace(proofs.summed(), uses=())
    assert outcome(Level.SYMBOLIC, broken) is Outcome.UNDECIDED
    assert outcome(Level.CONTROL, broken) is Outcome.CONFIRMED
    assert outcome(Level.CONTROL, proofs.summed()) is Outcome.MISSED


def test_a_refuted_identity_outweighs_one_that_is_left_open():
    f = sp.Function("f")
    left_open, false = Identity(f(x) - f(2 * x)), Identity(x - 2 * x)
    assert outcome(Level.SYMBOLIC, left_open) is Outcome.UNDECIDED
    assert outcome(Level.SYMBOLIC, left_open, false) is outcome(Level.SYMBOLIC, false, left_open) is Outcome.REFUTED


def test_controls_must_violate():
    assert outcome(Level.CONTROL, m(2.0, 1.0)) is Outcome.CONFIRMED
    assert outcome(Level.CONTROL, m(0.5, 1.0)) is Outcome.MISSED
    assert outcome(Level.CONTROL, m(1.05, 1.0, 0.1)) is Outcome.MISSED
    assert outcome(Level.CONTROL, m(2.0, 1.0), m(0.5, 1.0)) is Outcome.MISSED
    assert outcome(Level.CONTROL, m(math.inf, 1.0)) is Outcome.CONFIRMED
    assert outcome(Level.CONTROL, m(math.nan, 1.0)) is Outcome.UNDECIDED


def test_a_random_quantity_is_decided_by_its_e_value():
    assert outcome(Level.EMPIRICAL, m(1.2, 1.0, e_value=3.0, level=1e-6)) is Outcome.CONSISTENT
    assert outcome(Level.EMPIRICAL, m(1.2, 1.0, e_value=2e6, level=1e-6)) is Outcome.REFUTED
    assert outcome(Level.EMPIRICAL, m(0.2, 1.0, e_value=math.nan, level=1e-6)) is Outcome.UNDECIDED


def test_tightness():
    assert tightness([m(0.25, 1.0, relation=Relation.LE), m(0.5, 1.0, relation=Relation.LE)]) == 0.5
    assert tightness([m(4.0, 1.0, relation=Relation.GE)]) == 0.25
    assert tightness([m(0.0, 0.0, relation=Relation.EQ)]) == 1.0
    assert tightness([m(0.0, 0.0, relation=Relation.LE)]) is None


def test_the_reason_names_the_instance():
    v = judge(Level.EXACT, Relation.LE, [m(2.0, 1.0, 0.1, parameters={"gamma": 0.5}, what="average")])
    assert v.reason == "average 2 +- 0.1 (rounding) > 1 at gamma=0.5"
    assert v.worst.measured == 2.0


@pytest.mark.parametrize(
    ("level", "measurement", "reason"),
    [
        (Level.EXACT, m(1.05, 1.0, 0.1), "measured 1.05 +- 0.1 (rounding) against <= 1: within its error of the bound"),
        (Level.EXACT, m(math.nan, 1.0), "measured nan against <= 1: it is not a number"),
        (Level.CONTROL, m(0.5, 1.0), "measured 0.5 against <= 1: the bound is not violated"),
        (Level.CONTROL, m(2.0, 1.0), "caught: measured 2 > 1"),
        (Level.EXACT, m(0.5, 1.0, relation=Relation.GE), "measured 0.5 < 1"),
        (Level.EXACT, m(0.5, 1.0, relation=Relation.IFF), "measured 0.5 != 1"),
        (Level.EXACT, m(1.0 + 1e-9, 1.0), "measured 1 + 1e-09 > 1"),
        (Level.EXACT, m(1 + sp.Rational(1, 10**20), 1), "measured 1 + 1e-20 > 1"),
    ],
)  # fmt: skip
def test_the_reason_says_which_way_the_numbers_stand(level, measurement, reason):
    """What is broken is written as it is, never as the relation that does not hold; digits tell the two numbers apart."""
    assert judge(level, Relation.LE, [measurement]).reason == reason


@pytest.mark.parametrize(
    ("level", "measurement", "expected"),
    [
        (Level.EXACT, m(1.5, 1.0), Outcome.REFUTED),
        (Level.EXACT, m(0.5, 1.0), Outcome.CONFIRMED),  # not refuted: the summary calls this missed
        (Level.CONTROL, m(0.5, 1.0), Outcome.CONFIRMED),  # repaired: holds
        (Level.CONTROL, m(1.5, 1.0), Outcome.MISSED),  # a check that refutes anything
        (Level.CONTROL, m(math.nan, 1.0), Outcome.UNDECIDED),
        (Level.CONTROL, m(1.05, 1.0, 0.1), Outcome.UNDECIDED),
    ],
)
def test_a_statement_known_to_be_false_has_controls_that_hold(level, measurement, expected):
    assert judge(level, Relation.LE, [measurement], known_false=True).outcome is expected


@pytest.mark.parametrize(
    ("measurement", "expected"),
    [
        (m(1.05, 1.0, 0.1), 1.0),  # above the bound within its error only
        (m(1.05, 1.0, 0.01), 1.05),  # violated
        (m(0.9, 1.0, 0.2), 0.9),
        (
            Measurement(measured=1.02, bound=1.0, low=0.98, high=1.2, level=1e-6),
            0.98,
        ),  # a sample mean that does not refute
        (Measurement(measured=1.4, bound=1.0, low=1.3, high=1.5, level=1e-6), 1.3),
    ],
)
def test_tightness_exceeds_one_only_where_the_bound_is_violated(measurement, expected):
    assert tightness([replace(measurement, relation=Relation.LE)]) == pytest.approx(expected)


def test_a_fraction_beside_a_float_of_sympy_is_described():
    near = Measurement(measured=Fraction(1, 3) + Fraction(1, 10**9), bound=sp.Float("0.333333333333333"))
    assert "0.333333 + 1e-09" in judge(Level.EXACT, Relation.LE, [near]).reason
