"""attention-svm: all evidence good, all controls caught, false variants refuted, reference values of runs and paths."""

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
import sympy as sp

from gradproof.experiments.networks.attention_svm.instances import LINEAR, LOCAL, A, B, late_input, layer
from gradproof.experiments.networks.attention_svm.measures_runs import iterates, late
from gradproof.experiments.networks.attention_svm.methods import correlation, factored, on_the_path
from gradproof.solvers.max_margin import constraints, frobenius
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


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda c: c.id)
def test_the_opposite_relation_is_refuted(claim, outcomes):
    opposite = {Relation.LE: Relation.GE, Relation.GE: Relation.LE, Relation.EQ: Relation.LE}[claim.relation]
    bound = claim.expression * sp.Rational(9, 10) if claim.relation is Relation.EQ else claim.expression
    assert Outcome.REFUTED in outcomes(claim, replace(claim.with_bound(bound), relation=opposite))


def test_wrong_rates_are_refuted(outcomes):
    path, smooth, step = (registry.claim(f"attention-svm.{k}") for k in ("path-finite-R", "smooth", "descent"))
    R, Xi = path.parameter("R").symbol, path.parameter("Xi").symbol
    assert Outcome.REFUTED in outcomes(path, path.with_bound(1 - sp.exp(-R * Xi)))
    assert Outcome.REFUTED in outcomes(smooth, smooth.with_bound(sp.Rational(38, 100) * smooth.expression))
    eta, g2 = step.parameter("eta").symbol, step.parameter("g2").symbol
    assert Outcome.REFUTED in outcomes(step, step.with_bound(-eta * g2))


def test_what_the_path_pays_for_inputs_tokens_and_spread(outcomes):
    """The logarithm without the 2, without one of n, T - 1, kappa: all too good."""
    path, margin = registry.claim("attention-svm.path-finite-R"), registry.claim("attention-svm.path-margin")
    n, T, kappa, R, Xi = (path.parameter(k).symbol for k in ("n", "T", "kappa", "R", "Xi"))
    for inside in (n * (T - 1) * kappa, 2 * (T - 1) * kappa, 2 * n * kappa, 2 * n * (T - 1)):
        assert Outcome.REFUTED in outcomes(path, path.with_bound(1 - sp.log(inside) / (R * Xi)))
    for inside in ((T - 1) * kappa, n * kappa, n * (T - 1)):
        assert Outcome.REFUTED in outcomes(margin, margin.with_bound(R * Xi - sp.log(inside)))


def test_what_the_direction_pays(outcomes):
    """One over the square of the norm, or the logarithm of tokens and inputs left out: both too good."""
    claim = registry.claim("attention-svm.gd-direction")
    Xi, rho = claim.parameter("Xi").symbol, claim.parameter("rho").symbol
    assert Outcome.REFUTED in outcomes(claim, claim.with_bound(1 - 1 / (Xi * rho) ** 2 / 100))
    assert Outcome.REFUTED in outcomes(claim, claim.with_bound(claim.expression * sp.Rational(11, 10)))


def after(layer, steps, eta, matrix, **how):
    return float(correlation(iterates(layer, eta, steps, **how)[-1], matrix))


def test_directions_of_plain_descent_and_from_a_local_start():
    for steps, wanted in ((100, 0.9857), (1000, 0.9959), (8000, 0.9978)):
        assert after(A, steps, 1 / A.smoothness, A.svm.W) == pytest.approx(wanted, abs=1e-4)
    second = frobenius(constraints(LOCAL.problem.X, LOCAL.problem.z, [1])).W
    start = (5.0, 0.0, 0.0, 0.0)
    assert after(LOCAL, 20_000, 1.0, second, start=start) == pytest.approx(0.99999993, abs=1e-8)
    assert after(LOCAL, 20_000, 1.0, LOCAL.svm.W, start=start) == pytest.approx(-0.894, abs=1e-3)
    assert after(LOCAL, 20_000, 1.0, LOCAL.svm.W) == pytest.approx(0.99994, abs=1e-5)


def test_the_layer_with_a_late_input():
    found = late_input(3, 3, 4)
    assert found.exact.norm_squared == 1
    W, most = late(found, 20.0), found.problem.excess(np.diag([20.0, *[0.0] * 5]))
    assert np.linalg.norm(W) <= 20
    assert found.problem.excess(W) <= most
    assert ((found.G * W).sum(axis=(1, 2))[1:] > 40).all()
    # and no further: one unit in the sixth digit less, and the loss is larger
    W[0, 0] *= 1 - 1e-6
    assert found.problem.excess(W) > most


def test_the_margin_of_the_flow_at_fifty():
    low, high = euler_sums(lambda m: 1 / (2 + 2 * m.cosh()), Fraction(85), 4000)
    assert low < Fraction("4.3352316") < high
    assert high - low < Fraction(1, 500)


def test_reference_values_of_matrices_runs_and_paths():
    assert [k.exact.norm_squared for k in LINEAR] == [Fraction(38, 119), Fraction(1, 2)]
    assert [k.smoothness for k in LINEAR] == pytest.approx([20 / 3, 3.5844005])
    assert [k.svm_nuclear.upper for k in LINEAR] == pytest.approx([0.7844752, 0.9855986], abs=1e-6)
    found = [after(k, 4000, 0.05, k.svm.W, normalised=True) for k in LINEAR]
    assert found == pytest.approx([0.9999989, 0.999743], abs=1e-6)
    values = [float(correlation(on_the_path(k, 10.0), k.svm.W)) for k in LINEAR]
    assert values == pytest.approx([0.9995975, 0.9930313], abs=2e-6)
    W = factored(A, 20.0)
    assert [float(correlation(W, V)) for V in (A.svm_nuclear.W, A.svm.W)] == pytest.approx([0.99987, 0.870], abs=1e-3)


def test_the_two_gradient_formulas_agree_before_saturation():
    p = layer("B", "logistic").problem
    W = np.random.default_rng(0).standard_normal((5, *B.svm.W.shape)) / 3
    assert p.gradient(W) == pytest.approx(p.gradient(W, naive=True), abs=1e-14)
