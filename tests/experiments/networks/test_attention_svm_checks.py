"""attention-svm: all evidence good, all controls caught, false variants refuted, reference values of runs and paths."""

from fractions import Fraction

import numpy as np
import pytest
import sympy as sp

from gradproof.experiments.networks.attention_svm.directions import local_run, normalised_run, plain_run
from gradproof.experiments.networks.attention_svm.instances import late_input, layer
from gradproof.experiments.networks.attention_svm.methods import correlation
from gradproof.experiments.networks.attention_svm.paths import factored_point, latest, path_point
from gradproof.solvers.max_margin import constraints, exact_frobenius
from gradproof.solvers.separable_ode import euler_sums
from gradproof.theory import registry
from gradproof.theory.evidence import Outcome, Relation

CLAIMS = registry.claims("attention-svm")
SHARP = [c for c in CLAIMS if c.tight]


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda c: c.id)
def test_evidence_and_controls(claim, confront):
    confront(claim)


@pytest.mark.parametrize("claim", SHARP, ids=lambda c: c.id)
def test_one_percent_too_good_is_refuted(claim, outcomes):
    factor = sp.Rational(99, 100) if claim.relation is Relation.LE else sp.Rational(101, 100)
    assert Outcome.REFUTED in outcomes(claim, claim.with_bound(claim.expression * factor))


def test_wrong_rates_are_refuted(outcomes):
    path = registry.claim("attention-svm.path-finite-R")
    R, Xi = path.parameter("R").symbol, path.parameter("Xi").symbol
    assert Outcome.REFUTED in outcomes(path, path.with_bound(1 - sp.exp(-R * Xi)))
    smooth = registry.claim("attention-svm.smooth")
    assert Outcome.REFUTED in outcomes(smooth, smooth.with_bound(sp.Rational(38, 100) * smooth.expression))


def test_what_the_path_pays_for_inputs_tokens_and_spread(outcomes):
    """The logarithm without the 2, without one of n, T - 1, kappa: all too good."""
    path = registry.claim("attention-svm.path-finite-R")
    n, T, kappa, R, Xi = (path.parameter(k).symbol for k in ("n", "T", "kappa", "R", "Xi"))
    for inside in (n * (T - 1) * kappa, 2 * (T - 1) * kappa, 2 * n * kappa, 2 * n * (T - 1)):
        assert Outcome.REFUTED in outcomes(path, path.with_bound(1 - sp.log(inside) / (R * Xi)))


def test_directions_of_plain_descent_and_from_a_local_start():
    for steps, wanted in ((100, 0.9857), (1000, 0.9959), (8000, 0.9978)):
        assert float(plain_run("A", steps).correlation[0, 0, -1]) == pytest.approx(wanted, abs=1e-4)
    local = local_run(20_000)
    assert float(local.second[0, 0, -1]) == pytest.approx(0.99999993, abs=1e-8)
    assert float(local.correlation[0, 0, -1]) == pytest.approx(-0.894, abs=1e-3)
    assert float(local_run(20_000, 0.0).correlation[0, 0, -1]) == pytest.approx(0.99994, abs=1e-5)


def test_the_layer_with_a_late_input():
    p = late_input(3, 3, 4)
    G = constraints(p.X, p.z, p.gamma.argmax(axis=1))
    assert exact_frobenius([[int(v) for v in g.ravel()] for g in G]).norm_squared == 1
    W = latest(p, 20.0)
    assert np.linalg.norm(W) <= 20
    assert p.excess(W) <= p.excess(np.diag([20.0, *[0.0] * 5]))
    assert ((G * W).sum(axis=(1, 2))[1:] > 40).all()
    # and no further: one unit in the sixth digit less, and the loss is larger
    W[0, 0] *= 1 - 1e-6
    assert p.excess(W) > p.excess(np.diag([20.0, *[0.0] * 5]))


def test_the_margin_of_the_flow_at_fifty():
    low, high = euler_sums(lambda m: 1 / (2 + 2 * m.cosh()), Fraction(85), 4000)
    assert low < Fraction("4.3352316") < high
    assert high - low < Fraction(1, 500)


def test_reference_values_of_runs_and_paths():
    assert [float(normalised_run(k, 4000).correlation[0, 0, -1]) for k in "AB"] == pytest.approx(
        [0.9999989, 0.999743], abs=1e-6
    )
    values = [float(correlation(path_point(k, 10.0), layer(k).svm.W)) for k in "AB"]
    assert values == pytest.approx([0.9995975, 0.9930313], abs=2e-6)
    W = factored_point("A", 20.0)
    found = [float(correlation(W, V)) for V in (layer("A").svm_nuclear.W, layer("A").svm.W)]
    assert found == pytest.approx([0.99987, 0.870], abs=1e-3)


def test_the_two_gradient_formulas_agree_before_saturation():
    p = layer("B", logistic=True).problem
    W = np.random.default_rng(0).standard_normal((5, 4, 4)) / 3
    assert p.gradient(W) == pytest.approx(p.naive_gradient(W), abs=1e-14)
