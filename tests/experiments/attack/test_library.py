"""Every claim of the library can be searched: none that is true falls, all that are known to be false do."""

import json
import subprocess
import sys

import pytest
import sympy as sp

import gradproof
from gradproof.experiments.attack.checks import search_checks, usable
from gradproof.experiments.attack.experiment import experiments_of
from gradproof.experiments.attack.falsify import falsify_claim, replay
from gradproof.experiments.engine.check import check, control
from gradproof.theory import registry
from gradproof.theory.claim import Claim
from gradproof.theory.evidence import Level, Measurement, Relation
from gradproof.theory.paper import Paper

CLAIMS = registry.claims()


@pytest.mark.slow
@pytest.mark.parametrize("claim", CLAIMS, ids=str)
def test_only_what_is_known_to_be_false_falls(claim):
    found = falsify_claim(claim, seconds=4)
    assert found.violated == bool(claim.false_as_published), found
    assert found.measurement is not None, found
    if not found.violated:
        assert "no counterexample found" in str(found)


@pytest.mark.parametrize("id", ["atomo.moments", "ef21.young-optimal", "sgd-stability.trace"])
def test_the_checks_of_a_claim_are_run_with_many_seeds(id):
    found = falsify_claim(gradproof.claim(id), seconds=5)
    assert not found.violated
    assert found.measurement is not None
    assert 0 < found.ratio <= 1 + 1e-9
    assert "the instances are those of the checks" in found.note


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


def _squares(measured, error=0, source="exact", false=False, name="x"):
    """A claim ``x^2 <= 1`` whose check measures what a function of the seed says."""
    with registry.capture():
        paper = Paper(key="squares", authors=("A. Nonymous",), title="On squares", year=2026, family="own")
        claim = Claim(
            id=f"squares.{name}", paper=paper, title="x^2 <= 1", statement="x^2 <= 1", parameters=(), assumptions=(),
            quantity="x^2", relation=Relation.LE, expression=sp.Integer(1),
        )  # fmt: skip
        registry.register(claim)

        @check(claim, level=Level.EXACT)
        def drawn(ctx):
            """A number that depends on the seed."""
            yield Measurement(measured=measured(ctx.seed), bound=ctx.claim.bound(), error=error, error_source=source)

        @control(claim, drops="nothing")
        def large(ctx):
            yield Measurement(measured=4, bound=ctx.claim.bound())

    return claim


def test_another_seed_may_find_what_the_first_did_not():
    found = search_checks(_squares(lambda seed: 2 if seed == 5 else seed / 10, name="later"))
    assert found.violated
    assert found.choices == (5,)
    assert [c.name for c in usable(_squares(lambda seed: 0, name="usable"), frozenset({"nothing"}), "quick")] == [
        "large"
    ]


def test_a_single_outlier_beyond_a_statistical_error_is_no_violation():
    noisy = _squares(
        lambda seed: 2 if seed == 5 else 0.5 + seed % 10 / 100, error=0.1, source="statistical", name="outlier"
    )
    assert not search_checks(noisy).violated
    steady = _squares(lambda seed: 2 + seed / 100, error=0.1, source="statistical", name="steady")
    assert search_checks(steady).violated


def test_a_check_that_draws_nothing_runs_once_more_and_no_check_is_an_answer():
    calls = []
    claim = _squares(lambda seed: calls.append(seed) or 1, name="fixed")
    found = search_checks(claim)
    assert len(calls) == 2
    assert found.ratio == 1
    broken = _squares(lambda seed: 1 / 0, name="broken")
    found = search_checks(broken)
    assert found.measurement is None
    assert "ZeroDivisionError" in found.note


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
    (made,) = experiments_of(claim)
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
