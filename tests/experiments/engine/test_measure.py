"""Measures: the engine alone sees the bound, a control breaks what it names, and every check has a power."""

import math
from dataclasses import replace
from fractions import Fraction as F

import flint
import numpy as np
import pytest
import sympy as sp

from gradproof.experiments.engine.check import Context
from gradproof.experiments.engine.judge import judge
from gradproof.experiments.engine.measure import (
    Bracket,
    Enclosed,
    Holds,
    Measured,
    Sample,
    Supremum,
    around,
    cases,
    rounded,
)
from gradproof.experiments.engine.values import interval_of
from gradproof.theory.assumption import Assumption
from gradproof.theory.claim import Claim
from gradproof.theory.errors import ParameterError
from gradproof.theory.evidence import Level, Outcome, Relation
from gradproof.theory.paper import Paper
from gradproof.theory.parameter import Parameter

L, GAMMA = Parameter("L", "smoothness"), Parameter("gamma", "step size")
STEP = Assumption("step_size", "short steps", sp.Le(GAMMA.symbol, 1 / L.symbol))
SMOOTH = Assumption("smooth", "f is L-smooth")


def claim(relation=Relation.LE, expression=L.symbol / 2, **more):
    return Claim(
        id="test.claim", paper=Paper(key="test", authors=("Me",), title="T", year=2026, family="own"), title="t", statement="s",
        parameters=(L, GAMMA), assumptions=(STEP, SMOOTH), quantity="q", relation=relation, expression=expression, **more,
    )  # fmt: skip


def verdict(function, where, of=None, *, level=Level.EXACT, **role):
    of = of or claim()
    made = Measured(of, function, where, **role)
    level = Level.CONTROL if made.control else level
    return judge(level, of.relation, made.evidence(Context(of, scope="here")))


GIVEN = cases(L=[F(1), F(2)], gamma=[F(1, 2)]).guaranteeing("smooth")


ONCE = cases(L=[F(1)], gamma=[F(1, 2)]).guaranteeing("smooth")


def test_the_engine_sets_what_a_measure_returns_beside_the_bound():
    v = verdict(lambda L: L / 4, GIVEN)
    assert (v.outcome, v.tightness, v.resolution, v.n) == (Outcome.CONFIRMED, 0.5, 2.0, 2)
    assert verdict(lambda L: L * F(51, 100), GIVEN).outcome is Outcome.REFUTED


@pytest.mark.parametrize("expression", [1 / (L.symbol - 1), sp.sqrt(L.symbol - 2)])
def test_a_bound_that_is_no_number_decides_nothing(expression):
    v = verdict(lambda L: L / 4, GIVEN, claim(expression=expression))
    assert v.outcome is Outcome.UNDECIDED
    assert "the bound is no real number" in v.reason


def test_parameters_come_from_the_measure_before_the_case():
    v = verdict(lambda L: (L / 4, {"L": F(1, 2)}), cases(L=[F(1)], gamma=[F(1, 2)]).guaranteeing("smooth"))
    assert v.worst.parameters == {"L": F(1, 2), "gamma": F(1, 2)}
    assert v.tightness == 1


def test_a_case_must_satisfy_every_assumption():
    assert "nothing guarantees smooth" in verdict(lambda L: L / 4, cases(L=[F(1)], gamma=[F(1)])).reason
    long = verdict(lambda L: L / 4, cases(L=[F(1)], gamma=[F(2)]).guaranteeing("smooth"))
    assert long.outcome is Outcome.UNDECIDED
    assert "step_size" in long.reason


@pytest.mark.parametrize(
    ("where", "drops", "outcome", "says"),
    [
        (cases(L=[F(1)], gamma=[F(3)]).guaranteeing("smooth"), "step_size", Outcome.CONFIRMED, "caught"),
        (cases(L=[F(1)], gamma=[F(1)]).guaranteeing("smooth"), "step_size", Outcome.MISSED, "which holds"),
        (cases(L=[F(1)], gamma=[F(3)]), "step_size", Outcome.UNDECIDED, "nothing guarantees smooth"),
        (cases(L=[F(1)], gamma=[F(1)]), "smooth", Outcome.CONFIRMED, "caught"),
        (cases(L=[F(1)], gamma=[F(1)]).guaranteeing("smooth"), "smooth", Outcome.MISSED, "guarantees"),
        (cases(L=[F(1)], gamma=[F(3)]), "smooth", Outcome.MISSED, "breaks more than it names"),
    ],
)
def test_a_control_breaks_the_assumption_that_it_names_and_no_other(where, drops, outcome, says):
    v = verdict(lambda L: L, where, drops=drops)
    assert v.outcome is outcome
    assert says in v.reason


def test_a_control_that_does_not_violate_the_bound_is_missed():
    where = cases(L=[F(1)], gamma=[F(3)]).guaranteeing("smooth")
    assert verdict(lambda L: L / 4, where, drops="step_size").outcome is Outcome.MISSED
    assert verdict(lambda L: L / 4, GIVEN, instead="another method").outcome is Outcome.MISSED
    assert verdict(lambda L: L, GIVEN, instead="another method").outcome is Outcome.CONFIRMED


def test_a_blind_check_is_missed():
    assert verdict(lambda L: F(1, 10**4), GIVEN).outcome is Outcome.MISSED
    equal = claim(Relation.EQ)
    assert verdict(lambda L: around(float(L) / 2, 10.0), GIVEN, equal).outcome is Outcome.MISSED
    v = verdict(lambda L: around(float(L) / 2, 0.01), GIVEN, equal)
    assert v.outcome is Outcome.CONFIRMED
    assert 1.005 < v.resolution < 1.02


def test_a_bound_of_zero_has_no_multiples_but_may_be_met_exactly():
    zero = claim(Relation.EQ, expression=sp.S.Zero)
    assert verdict(lambda L: F(0), GIVEN, zero).resolution == 1
    assert verdict(lambda L: around(0.0, 1e-9), GIVEN, zero).resolution is None
    assert verdict(lambda L: F(1, 10**9), GIVEN, zero).outcome is Outcome.REFUTED


@pytest.mark.parametrize("wrong", [sp.Rational(1, 3), sp.Rational(100, 101), sp.Rational(3, 2)])
def test_the_resolution_tells_which_false_bounds_are_refuted(wrong):
    of = claim(Relation.EQ, expression=wrong * L.symbol / 2)
    assert verdict(lambda L: around(float(L) / 2, 0.004), GIVEN, of).outcome is Outcome.REFUTED


def test_samples_are_tested_and_see_what_their_limits_see():
    def draws(rng, L):
        return Sample(rng.random(4000) * float(L), at_most=float(L))

    for relation in Relation:
        if relation is Relation.IFF:
            continue
        v = verdict(draws, GIVEN, claim(relation), level=Level.EMPIRICAL)
        assert v.outcome is Outcome.CONSISTENT
        assert 1 < v.resolution < 1.2
        assert "e-process" in v.reason
    low = claim(expression=L.symbol / 3)
    assert verdict(draws, GIVEN, low, level=Level.EMPIRICAL).outcome is Outcome.REFUTED
    high = claim(Relation.GE, expression=2 * L.symbol / 3)
    assert verdict(draws, GIVEN, high, level=Level.EMPIRICAL).outcome is Outcome.REFUTED


def test_a_sample_without_an_upper_end_cannot_see_a_lower_bound():
    v = verdict(lambda rng: Sample(rng.exponential(size=100)), GIVEN, claim(Relation.GE), level=Level.EMPIRICAL)
    assert v.outcome is Outcome.MISSED


@pytest.mark.parametrize("law", ["", "normal", "square of normal"])
def test_limits_of_a_sample_cover_the_mean(law):
    rng, level, missed = np.random.default_rng(5), 0.1, 0
    for _ in range(400):
        x = rng.standard_normal(30)
        x, mean = (x, 0.0) if law == "normal" else (x**2, 1.0) if law else (rng.random(30), 0.5)
        found = Sample(
            x, at_least=-math.inf if law == "normal" else 0.0, at_most=1.0 if not law else None, law=law
        ).interval(level)
        missed += not found.low <= mean <= found.high
    assert missed <= 400 * level + 3 * math.sqrt(400 * level)


def test_thresholds():
    iff = claim(Relation.IFF)
    assert verdict(lambda L: Bracket(L * F(49, 100), L * F(51, 100)), GIVEN, iff).resolution == pytest.approx(
        51 / 49, rel=0.02
    )
    assert verdict(lambda L: Bracket(L * F(51, 100), L), GIVEN, iff).outcome is Outcome.REFUTED

    def sides(L):
        for at in (F(1, 4), F(49, 100), F(51, 100), F(3)):
            yield Holds(at < F(1, 2), L * at)

    assert verdict(sides, GIVEN, iff).resolution == pytest.approx(50 / 49)  # the worse of 51/50 and 50/49
    assert verdict(lambda L: Holds(True, L), GIVEN, iff).outcome is Outcome.REFUTED
    assert verdict(lambda L: Holds(True, L / 3), GIVEN, iff).outcome is Outcome.MISSED  # sees one side only


def test_the_supremum_of_a_tight_claim_equals_its_bound():
    assert verdict(lambda L: Supremum(L / 4), GIVEN).outcome is Outcome.CONFIRMED
    assert verdict(lambda L: Supremum(L / 4), GIVEN, claim(tight=True)).outcome is Outcome.REFUTED


def test_of_many_numbers_the_one_whose_error_reaches_over_the_bound_is_not_left_out():
    """The bound is 1/2: of these numbers the second is nearer to it, and the first is too uncertain."""
    v = verdict(lambda: around(np.array([0.3, 0.4, 0.1]), np.array([0.25, 0.01, 0.01])), ONCE)
    assert v.outcome is Outcome.UNDECIDED
    assert (v.worst.measured, v.worst.n) == (pytest.approx(0.3), 3)
    v = verdict(lambda: around(np.array([0.3, 0.4, 0.1]), np.array([0.15, 0.01, 0.01])), ONCE)
    assert (v.outcome, v.n) == (Outcome.CONFIRMED, 1)
    assert "1 measurement (3 numbers)" in v.reason


def test_arrays_are_one_measurement_an_entry():
    where = cases(gamma=[0.5]).guaranteeing("smooth")

    def along(gamma):
        scale = np.linspace(1, 2, 50)
        return rounded(scale / 4, 4), {"L": scale}

    v = verdict(along, where)
    assert v.outcome is Outcome.CONFIRMED
    assert v.worst.n == 50

    def beyond(gamma):
        scale = np.linspace(1, 2, 50)
        return rounded(np.where(np.arange(50) == 7, scale, scale / 4), 4), {"L": scale}

    v = verdict(beyond, where)
    assert v.outcome is Outcome.REFUTED
    assert v.worst.parameters["L"] == pytest.approx(np.linspace(1, 2, 50)[7])


@pytest.mark.parametrize("value", [0.25, np.float64(0.25), np.array([0.25]), True, "x", None, sp.nan, sp.Float(0.25)])
def test_what_is_no_quantity_is_not_measured(value):
    assert verdict(lambda L: value, GIVEN).outcome is Outcome.UNDECIDED


def test_unmeasured_cases_are_said_and_above_one_percent_decide():
    def fails(L):
        if L in bad:
            raise ZeroDivisionError("no number")
        return L / 4

    many = cases(L=[F(k) for k in range(1, 201)], gamma=[F(1, 1000)]).guaranteeing("smooth")
    bad = {F(3)}
    v = verdict(fails, many)
    assert v.outcome is Outcome.CONFIRMED
    assert "1 of 200 cases could not be measured (ZeroDivisionError: no number" in v.reason
    bad = {F(3), F(4), F(5)}
    assert verdict(fails, many).outcome is Outcome.UNDECIDED

    def leaves(L):
        raise SystemExit(0)

    assert verdict(leaves, GIVEN).outcome is Outcome.UNDECIDED


def test_errors_have_sources_and_order():
    with pytest.raises(ParameterError, match="none of rounding"):
        Enclosed(0, 1, "a guess")
    with pytest.raises(ParameterError, match="empty"):
        Enclosed(1, 0, "rounding")
    with pytest.raises(ParameterError, match="below at_least"):
        Sample([-1.0, 2.0])
    with pytest.raises(ParameterError, match="must be >= 0"):
        around(1.0, -1.0)
    assert interval_of(F(1, 3), 1e-6).low == F(1, 3)
    assert interval_of(flint.fmpq(1, 3), 1e-6).high == F(1, 3)


def test_cases():
    where = cases(law={"a": 1, "b": 2}, size=[{"n": 3, "f": 0}, {"n": 5, "f": 1}])
    assert [c.name for c in where.where(lambda law, n: law * n < 7)] == [
        "law=a, n=3, f=0",
        "law=a, n=5, f=1",
        "law=b, n=3, f=0",
    ]
    assert [c.values["m"] for c in where.let(m=lambda n, f: n - f)] == [3, 4, 3, 4]
    assert len(where + cases(law=[3], n=[1], f=[0])) == 5
    with pytest.raises(ParameterError, match="the engine fills"):
        cases(rng=[1])
    with pytest.raises(ParameterError, match="no values"):
        cases(L=[])


def test_every_case_has_random_numbers_of_its_own():
    seen = []
    verdict(lambda rng, L: seen.append(rng.random()) or L / 4, GIVEN)
    verdict(lambda rng, L: seen.append(rng.random()) or L / 4, GIVEN)
    assert seen[0] != seen[1]
    assert seen[:2] == seen[2:]


def test_a_measure_taken_once_serves_every_variant_of_the_claim():
    of = claim()
    calls = []
    made = Measured(of, lambda L: calls.append(L) or L / 2, GIVEN)
    from gradproof.experiments.engine.measure import confront

    taken = list(made.take(Context(of)))
    for factor, outcome in ((1, Outcome.CONFIRMED), (sp.Rational(99, 100), Outcome.REFUTED), (2, Outcome.CONFIRMED)):
        variant = replace(of, expression=of.expression * factor)
        assert judge(Level.EXACT, of.relation, confront(variant, made, taken)).outcome is outcome
    assert len(calls) == 2
