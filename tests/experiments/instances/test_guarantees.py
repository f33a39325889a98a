"""What instances guarantee has the names that claims give it, and follows from their numbers."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import gradproof.testing as gt
from gradproof.experiments.instances import compressors as C
from gradproof.experiments.instances import finite_sums, graphs, minibatches, noise, targets
from gradproof.experiments.instances.functions import L1, FiniteSum, MaxAffine, Smooth
from gradproof.theory import registry

FEW = settings(max_examples=40)
ONE = np.ones((1, 1))


def smooth(*slopes, center=0.0):
    p = len(slopes)
    return Smooth(np.array(slopes)[:, None] * 1.0, np.arange(p - 1.0)[:, None], np.array([center]))


INSTANCES = [
    smooth(1, 2), smooth(0, 2), smooth(-1, 1), smooth(1, -1, 1), smooth(3),
    FiniteSum((smooth(1), smooth(2))), FiniteSum((smooth(1), smooth(2, center=1.0))), MaxAffine(ONE, ONE[0]), L1(1.0),
    C.TopK(1), C.RandK(1), C.RandK(1, unbiased=True), C.ScaledSign(), C.Scalar(0.5), C.Scalar(2.0), C.Bernoulli(0.5, C.TopK(1)),
    C.NearestPowerOfTwo(), C.PerClient((C.TopK(1), C.NearestPowerOfTwo())), C.Adversarial(0.5, 1),
    finite_sums.LeastSquares(ONE, ONE[0]), finite_sums.Logistic(ONE, ONE[0], lam=0.1), finite_sums.Logistic(ONE, ONE[0], ridge=1.0),
    finite_sums.Quadratics(np.array([[[2.0]], [[-1.0]]])), noise.TwoPoint(-1.0, 1.0, 0.5), noise.TwoPoint(0.0, 1.0, 0.5),
    noise.StudentT(3.0, 1.0), targets.GaussianTarget(ONE[0], ONE[0]),
    minibatches.Minibatches(finite_sums.Logistic(ONE, ONE[0]), 1),
    minibatches.PooledMinibatches(finite_sums.Logistic(ONE[None], ONE), 1),
]  # fmt: skip


@pytest.fixture(scope="module")
def structural():
    return {a.name for c in registry.claims() for a in c.assumptions if a.structural}


@pytest.mark.parametrize("instance", INSTANCES, ids=lambda i: type(i).__name__)
def test_guarantees_have_the_names_of_assumptions(instance, structural):
    assert isinstance(instance.guarantees, frozenset)
    assert instance.guarantees <= structural


def test_what_drawn_matrices_guarantee_has_the_names_of_assumptions(structural):
    assert structural >= graphs.GUARANTEES


def test_guarantees_follow_the_numbers():
    assert "strongly-convex" in smooth(1, 2).guarantees
    assert smooth(0, 2).guarantees >= {"smooth", "convex", "minimiser"}
    assert not smooth(0, 2).guarantees & {"strongly-convex", "pl"}
    assert not smooth(-1, 1).guarantees & {"convex", "lower-bounded"}  # it falls without end on the left
    assert "lower-bounded" in smooth(1, -1, 1).guarantees
    assert "interpolation" in FiniteSum((smooth(1), smooth(2))).guarantees
    assert "interpolation" not in FiniteSum((smooth(1), smooth(2, center=1.0))).guarantees
    assert "contractive" not in C.RandK(1, unbiased=True).guarantees
    assert "contractive" not in C.Scalar(2.0).guarantees
    assert "positively_homogeneous" not in C.PerClient((C.TopK(1), C.NearestPowerOfTwo())).guarantees
    assert "convex" not in finite_sums.Logistic(ONE, ONE[0], lam=0.1).guarantees
    assert "psd_hessians" not in finite_sums.Quadratics(np.array([[[2.0]], [[-1.0]]])).guarantees
    assert not noise.TwoPoint(0.0, 1.0, 0.5).guarantees


@FEW
@given(st.floats(-1, 1), st.data())
def test_convex_where_it_says_so(mu, data):
    f = data.draw(gt.smooth(mu, 1.0))
    x, y = data.draw(gt.points(f)), data.draw(gt.points(f))
    if "convex" in f.guarantees:
        assert (f.gradient(x) - f.gradient(y)) @ (x - y) >= -1e-9
        assert np.abs(f.gradient(f.minimizer)).max() <= 1e-9
    else:
        assert f.slopes.min() < 0


@FEW
@given(st.floats(0.01, 1), st.integers(1, 3), st.data())
def test_drawn_compressors_say_that_they_contract(alpha, d, data):
    compressor = data.draw(gt.compressors(alpha, dim=d))
    assert "contractive" in compressor.guarantees
    assert compressor.alpha(d) >= alpha * (1 - 1e-12)
