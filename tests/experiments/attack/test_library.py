"""Every claim of the library can be searched: none that is true falls, all that are known to be false do."""

import json
import subprocess
import sys
from fractions import Fraction as F

import numpy as np
import pytest
import sympy as sp

import gradproof
from gradproof.experiments.attack.attached import experiments_of
from gradproof.experiments.attack.falsify import falsify_claim, replay
from gradproof.experiments.engine.measure import Sample, cases, measure
from gradproof.theory import registry
from gradproof.theory.assumption import Assumption
from gradproof.theory.claim import Claim
from gradproof.theory.evidence import Relation
from gradproof.theory.paper import Paper
from gradproof.theory.parameter import Parameter

CLAIMS = registry.claims()


@pytest.mark.slow
@pytest.mark.parametrize("claim", CLAIMS, ids=str)
def test_only_what_is_known_to_be_false_falls(claim):
    found = falsify_claim(claim, seconds=4)
    assert found.violated == bool(claim.false_as_published), found
    assert found.measurement is not None, found
    if found.undecided:  # the solver fails at more than one in a hundred of the drawn parameters, and it says so
        assert "could not be measured" in str(found)
    elif not found.violated:
        assert "no counterexample found" in str(found)


@pytest.mark.parametrize("id", ["atomo.moments", "ef21.young-optimal", "sgd-stability.trace"])
def test_the_measures_of_a_claim_are_searched(id):
    found = falsify_claim(gradproof.claim(id), seconds=5)
    assert not found.violated
    assert found.measurement is not None
    assert 0 < found.ratio <= 1 + 1e-9


def test_a_control_is_an_instance_without_the_assumption_and_replays(tmp_path):
    claim = gradproof.claim("ef21.distortion")
    found = falsify_claim(claim, drop=["contractive"], seconds=10)
    assert found.violated
    assert found.ratio > 1
    assert replay(claim, choices=found.choices, experiment=found.experiment, drop=["contractive"]).violated
    paths = found.save(tmp_path)
    assert json.loads(paths[0].read_text())["violated"]
    done = subprocess.run([sys.executable, paths[1]], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_an_assumption_that_nothing_gives_up_is_said_to_be_so():
    found = falsify_claim(gradproof.claim("atomo.moments"), drop=["unit_atoms"], seconds=5)
    assert not found.violated
    assert found.measurement is None
    assert "gives up unit_atoms; its controls give up: independent" in found.note


def _squares(function, where, *, relation=Relation.LE, name="x"):
    """A claim ``x^2 <= 1`` with one measure."""
    with registry.capture():
        paper = Paper(key="squares", authors=("A. Nonymous",), title="On squares", year=2026, family="own")
        x = Parameter("x", "a number", domain=sp.S.Reals)
        claim = Claim(
            id=f"squares.{name}", paper=paper, title="x^2 <= 1", statement="x^2 <= 1", parameters=(x,),
            assumptions=(Assumption("unit", "$x\\le1$", sp.Le(x.symbol, 1)),), quantity="x^2", relation=relation,
            expression=sp.Integer(1),
        )  # fmt: skip
        registry.register(claim)
        measure(claim, where)(function)
    STATED[claim.id] = claim
    return claim


STATED = {}


def test_a_measure_is_searched_between_the_parameters_that_are_listed():
    def cube(x):
        """$x^2$, but for a bump between two listed values."""
        return x * x + (1 if F(2, 5) < x < F(3, 5) else 0)

    found = falsify_claim(_squares(cube, cases(x=[F(0), F(1, 4), F(1)]), name="bump"), seconds=20)
    assert found.violated
    assert 0.4 < float(found.measurement.parameters["x"]) < 0.6
    assert replay(STATED[found.claim], choices=found.choices, experiment="cube").violated


def test_a_dropped_relation_is_overstepped():
    def square(x):
        return x * x

    claim = _squares(square, cases(x=[F(0), F(1, 2), F(1)]), name="beyond")
    assert not falsify_claim(claim, seconds=5).violated
    assert falsify_claim(claim, drop=["unit"], seconds=20).violated


def test_another_seed_may_find_what_the_first_did_not():
    def late(x, rng):
        return sp.Rational(2 if rng.random() < 0.2 else 0)

    assert falsify_claim(_squares(late, cases(x=[F(1)]), name="late"), seconds=20).violated


def test_a_single_outlier_of_a_test_is_no_violation():
    def outlier(x, seed):
        return Sample(np.full(100, 2.0 if seed == 5 else 0.5))

    assert not falsify_claim(_squares(outlier, cases(x=[F(1)]), name="outlier"), seconds=20).violated

    def steady(x, seed):
        return Sample(np.full(100, 2.0))

    assert falsify_claim(_squares(steady, cases(x=[F(1)]), name="steady"), seconds=20).violated


def test_a_measure_that_fails_is_an_answer():
    def broken(x):
        return 1 / 0

    found = falsify_claim(_squares(broken, cases(x=[F(1)]), name="broken"), seconds=5)
    assert found.measurement is None
    assert found.undecided
    assert "ZeroDivisionError" in str(found)


# --- the gallery: worst cases of the exact solver ----------------------------------------------------------------------------


def test_a_bound_of_the_gallery_that_is_one_percent_too_small_falls_to_a_rational_instance():
    claim = gradproof.claim("gd.function-value")
    small = claim.with_bound(claim.expression * sp.Rational(99, 100), suffix="small")
    found = falsify_claim(small, seconds=40)
    assert found.violated
    assert found.experiment == "exact_worst_case"
    m = found.measurement
    assert isinstance(m.measured, sp.Rational)
    assert m.error == 0
    assert isinstance(m.parameters["x0"], list)  # the start, in rational coordinates
    at = {k: v for k, v in found.instance.items() if k != "given_up"}
    assert small.bound(**at) < m.measured <= claim.bound(**at)
    assert replay(small, found.instance, experiment="exact_worst_case").violated
    assert not replay(claim, found.instance, experiment="exact_worst_case").violated


def test_a_class_without_rational_instances_refutes_nothing():
    claim = gradproof.claim("gd.pl")
    made = next(e for e in experiments_of(claim) if e.name == "exact_worst_case")
    small = claim.with_bound(claim.expression / 100, suffix="small")
    at = {"given_up": (), "mu": 0.5, "L": 1.0, "gamma": 1.0, "N": 1}
    decision = made.replay(made, small, at, frozenset())
    assert float(decision.measurement.measured) > decision.measurement.bound
    assert not decision.violated
    assert "refutes nothing" in decision.how


def test_without_its_assumption_the_gallery_has_an_instance():
    found = falsify_claim(gradproof.claim("gd.contraction"), drop=["strongly-convex"], seconds=30)
    assert found.violated
    assert found.ratio > 1
