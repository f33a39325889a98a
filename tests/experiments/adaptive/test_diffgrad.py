"""diffGrad: every claim's evidence and controls, the published bound refuted, reference traces, mutants, purity."""

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
import sympy as sp

from gradproof.experiments.adaptive.diffgrad import convnet, instances, measures, methods, networks
from gradproof.experiments.engine.draws import keys
from gradproof.experiments.engine.run import run, start
from gradproof.experiments.engine.verify import plan, run_task
from gradproof.solvers.exact.balls import ball
from gradproof.theory import registry
from gradproof.theory.adaptive import diffgrad
from gradproof.theory.evidence import Level, Outcome

CLAIMS = registry.claims("diffgrad")


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda c: c.id)
def test_evidence_and_controls(claim):
    rows = [run_task(t) for t in plan([claim])]
    for row in rows:
        wanted = row.verdict.outcome is Outcome.REFUTED if claim.false_as_published else row.verdict.outcome.good
        assert wanted or (row.level is Level.CONTROL and row.verdict.outcome.good), f"{row.check}: {row.verdict}"
    levels = {row.level for row in rows}
    assert Level.CONTROL in levels
    assert len([row for row in rows if row.level is not Level.CONTROL]) >= 2


@pytest.mark.parametrize("factor", [sp.Rational(99, 100), sp.Rational(101, 100)])
@pytest.mark.parametrize("claim", [c for c in CLAIMS if c.relation.value in ("==", "iff")], ids=lambda c: c.id)
def test_equalities_one_percent_off_are_refuted(claim, factor):
    mutant = claim.with_bound(claim.expression * factor)
    tasks = [t for t in plan([claim]) if t.check.level is Level.EXACT]
    rows = [run_task(replace(t, claim=mutant, context=replace(t.context, claim=mutant))) for t in tasks]
    assert Outcome.REFUTED in {r.verdict.outcome for r in rows}


@pytest.mark.parametrize(
    "claim", [c for c in CLAIMS if c.relation.value == "<=" and not c.false_as_published], ids=lambda c: c.id
)
def test_bounds_one_percent_smaller_are_refuted(claim):
    mutant = claim.with_bound(claim.expression * sp.Rational(99, 100))
    tasks = [t for t in plan([claim]) if t.check.level is Level.EXACT]
    rows = [run_task(replace(t, claim=mutant, context=replace(t.context, claim=mutant))) for t in tasks]
    assert Outcome.REFUTED in {r.verdict.outcome for r in rows}


@pytest.mark.parametrize(
    ("name", "variant", "last", "tolerance"),
    [
        ("F1", "diffgrad", -0.3000711663, 1e-6),
        ("F1", "adam", 0.2001149320, 1e-6),
        ("F2", "diffgrad", -0.6429626925, 1e-6),
        ("F2", "adam", 9.0135e-5, 1e-6),
        ("F2 published gradient", "diffgrad", -0.8121445901, 1e-6),
        ("F2 published gradient", "adam", 1.7732e-4, 1e-6),
        ("F3", "diffgrad", 0.01356512, 1e-3),  # the gradient is discontinuous
        ("F3", "adam", 5.1014e-4, 1e-3),
    ],
)
def test_reference_traces(name, variant, last, tolerance):
    assert methods.synthetic_path(name, variant)[-1] == pytest.approx(last, abs=tolerance)


@pytest.mark.parametrize(("name", "x20"), [("F1", -0.1181352408), ("F2", -0.4196186967), ("F3", -0.06170063528)])
def test_reference_step_twenty(name, x20):
    assert methods.synthetic_path(name, "diffgrad")[20] == pytest.approx(x20, abs=1e-9)


def test_gradients_are_derivatives():
    x = np.concatenate([np.linspace(-1.3, -0.91, 7), np.linspace(-0.89, 1.2, 40)]) + 1e-4
    h = 1e-6
    for name, (f, gradient) in methods.SYNTHETIC.items():
        gap = np.abs((f(x + h) - f(x - h)) / (2 * h) - gradient(x)).max()
        assert (gap < 1e-6) == ("published" not in name), name
    assert methods.f2(np.asarray(-0.9 + 1e-12)) - methods.f2(np.asarray(-0.9)) == pytest.approx(-0.0147, abs=1e-4)


def test_by_reference_is_half_a_step_of_adam():
    changes = methods.implementation([Fraction(3), Fraction(-1), Fraction(5)], by_reference=True)
    assert changes == [3, 0, 0]
    assert methods.implementation([Fraction(3), Fraction(-1), Fraction(5)], by_reference=False) == [3, 4, 6]
    aliased = instances.path("aliased").x.values
    assert not np.allclose(aliased, instances.path("diffgrad").x.values, rtol=1e-6)


def test_steps_are_pure_and_batched():
    method = methods.synthetic_method("F2", "diffgrad")
    both = run(method, np.array([-1.0, 0.4]).reshape(2, 1, 1), 30, record={"x": lambda s: s.x[..., 0]}).x.values
    for k, x0 in enumerate((-1.0, 0.4)):
        assert (both[k, 0] == run(method, start([x0]), 30, record={"x": lambda s: s.x[..., 0]}).x.values[0, 0]).all()


def test_average_regret_of_runs():
    assert instances.average_regret_of("diffgrad", 3000) == pytest.approx(0.070520907, abs=1e-6)
    assert instances.average_regret_of("adam", 3000) < 0.02


def test_the_gradient_of_the_network_is_that_of_its_loss():
    rng = np.random.default_rng(0)
    X, Y = networks.digits()[:2]
    x, u = 0.3 * rng.standard_normal((2, networks.SIZE))
    batch = rng.integers(0, len(X), 16)
    h = 1e-6
    slope = (networks.loss(x + h * u, X[batch], Y[batch]) - networks.loss(x - h * u, X[batch], Y[batch])) / (2 * h)
    assert slope == pytest.approx(networks.gradient(x, batch) @ u, rel=1e-6)


def test_networks_by_reference_are_adams_with_half_the_step():
    found = networks.train(np.random.default_rng(0), keys("digits", settings=[0], seeds=range(3)), steps=60)
    assert (found.last_step["aliased"] == found.last_step["adam, half the step"]).all()
    assert all((v < 1.5).all() for v in found.test_loss.values())
    assert not np.allclose(found.test_loss["diffgrad"], found.test_loss["aliased"], rtol=1e-6)


def test_convolutional_networks_in_small():
    """The measure of the greatest budget, and its control: with a copy of the gradient the steps are longer."""
    pytest.importorskip("torch")
    sizes = {"seeds": 2, "channels": 2, "steps": 4}
    value, at = measures.convolutional_networks_on_digits("reference", 0, **sizes)
    assert (value.low <= at["adam"] / 2).all()
    assert (at["adam"] / 2 <= value.high).all()
    ends = {kept: convnet.train(kept, **sizes) for kept in ("copy", "reference", "half of adam")}
    assert (ends["copy"].step > ends["copy"].adam / 2).mean() > 0.9
    assert (ends["reference"].test_loss != ends["copy"].test_loss).all()
    assert np.allclose(ends["half of adam"].step, ends["half of adam"].adam / 2)


@pytest.mark.parametrize(
    ("place", "value"), [("-0.6429186", "0.0001198"), ("0.5880535", "0.4653181"), ("0", "0.85")], ids=str
)
def test_stated_minima_of_the_second_function(place, value):
    half, z = Fraction(1, 2 * 10**7), Fraction(place)  # seven digits are stated
    assert measures.difference_in_balls(z - half).high < 0 < measures.difference_in_balls(z + half).low
    found = measures.enclosed(lambda: measures.f2_ball(ball(z)))
    assert abs(found.low - Fraction(value)) <= half


@pytest.mark.slow
def test_digits_at_full_budget():
    (task,) = [t for t in plan([diffgrad.ALIASING_BUG], budget="full") if t.check.name == "networks_on_digits"]
    assert run_task(task).verdict.outcome is Outcome.CONSISTENT
