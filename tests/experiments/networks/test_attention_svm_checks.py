"""attention-svm: all evidence good, all controls caught, false variants refuted, reference values of runs and paths."""

import numpy as np
import pytest
import sympy as sp

from gradproof.experiments.networks.attention_svm.directions import normalised_run
from gradproof.experiments.networks.attention_svm.instances import layer
from gradproof.experiments.networks.attention_svm.methods import correlation
from gradproof.experiments.networks.attention_svm.paths import factored_point, path_point
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
    assert Outcome.REFUTED in outcomes(smooth, smooth.with_bound(smooth.expression / 20))


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
