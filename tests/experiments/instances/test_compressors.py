"""Compressors contract as they say, on every array library."""

import array_api_strict
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from gradproof.experiments.instances import compressors as C
from gradproof.theory.errors import ParameterError

# squares of smaller entries would underflow
entries = st.floats(-1e6, 1e6).map(lambda v: v if abs(v) > 1e-60 else 0.0)
vectors = hnp.arrays(np.float64, (3, 6), elements=entries)
DETERMINISTIC = [C.TopK(1), C.TopK(4), C.ScaledSign(), C.Scalar(0.3), C.Scalar(1.6), C.NearestPowerOfTwo()]


@pytest.mark.parametrize("c", DETERMINISTIC, ids=str)
@settings(deadline=None)  # the first call imports
@given(x=vectors)
def test_contraction(c, x):
    lost, whole = ((c(x) - x) ** 2).sum(-1), (x**2).sum(-1)
    assert (lost <= (1 - c.alpha(6)) * whole * (1 + 1e-13)).all()


@pytest.mark.parametrize("c", DETERMINISTIC, ids=str)
@settings(deadline=None)  # the first call imports
@given(x=vectors, k=st.integers(-8, 8), t=st.floats(0.1, 10))
def test_homogeneity_is_what_it_says(c, x, k, t):
    assert np.array_equal(c(2.0**k * x), 2.0**k * c(x))  # powers of two scale without rounding
    if c.homogeneous:
        assert np.allclose(c(t * x), t * c(x), rtol=1e-13, atol=0) or isinstance(c, C.TopK)  # rounding may make ties


def test_rounding_to_powers_of_two_is_not_homogeneous():
    c = C.NearestPowerOfTwo()
    assert c(np.array([1.4])) == 1
    assert c(1.5 * np.array([1.4])) == 2  # 2.1
    assert c.homogeneous is False
    assert np.array_equal(c(np.array([3.0, -0.75, 0.0, 1.0, 6.0])), [4, -1, 0, 1, 8])


def test_top_k_breaks_ties_towards_the_lowest_index():
    x = np.array([[1.0, -1.0, 1.0, 1.0], [0.0, 2.0, -3.0, 2.0]])
    assert np.array_equal(C.TopK(1)(x), [[1, 0, 0, 0], [0, 0, -3, 0]])
    assert np.array_equal(C.TopK(2)(x), [[1, -1, 0, 0], [0, 2, -3, 0]])
    assert np.array_equal(C.TopK(4)(x), x)


def test_rand_k_keeps_k_entries_each_equally_often():
    u = np.random.default_rng(0).random((20000, 5))
    kept = C.RandK(2)(np.ones((20000, 5)), u)
    assert (kept.sum(-1) == 2).all()
    # binomial(20000, 2/5): five standard deviations
    assert abs(kept.mean(0) - 0.4).max() < 5 * np.sqrt(0.24 / 20000)


def test_bernoulli_sends_all_or_nothing():
    c = C.Bernoulli(0.25, C.TopK(1))
    y = c(np.array([[3.0, 1.0], [3.0, 1.0]]), np.array([0.24, 0.26]))
    assert np.array_equal(y, [[3, 0], [0, 0]])
    assert c.alpha(2) == 0.125


def test_per_client():
    c = C.PerClient((C.TopK(1), C.Scalar(0.5)))
    assert np.array_equal(c(np.array([[3.0, 1.0], [4.0, 2.0]])), [[3, 0], [2, 1]])
    assert c.alpha_i(2) == (0.5, 0.75)
    with pytest.raises(ParameterError, match="one a client"):
        c(np.zeros((3, 2)))


@pytest.mark.parametrize("c", [*DETERMINISTIC[:3], DETERMINISTIC[3]], ids=str)
def test_any_array_library(c):
    x = np.random.default_rng(1).standard_normal((2, 6))
    y = c(array_api_strict.asarray(x))
    assert isinstance(y, type(array_api_strict.asarray(x)))
    assert np.array_equal(np.asarray(y), c(x))


@pytest.mark.parametrize(
    "make",
    [lambda: C.TopK(0), lambda: C.Scalar(2.5), lambda: C.Bernoulli(0, C.TopK(1)), lambda: C.Bernoulli(0.5, C.RandK(1))],
)
def test_arguments_outside_the_domain(make):
    with pytest.raises(ParameterError):
        make()
    with pytest.raises(ParameterError, match="uniform random numbers"):
        C.RandK(1)(np.zeros(3))
