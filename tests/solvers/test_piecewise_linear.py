"""Losses on the line under random shifts: values, minimisers, the Gaussian case by quadrature, and what is refused."""

from fractions import Fraction as F

import pytest
from scipy.stats import norm

from gradproof.solvers import newsvendor
from gradproof.solvers.piecewise_linear import (
    Histogram,
    PiecewiseLinear,
    bowl,
    fair_sign,
    least_expected_bowl,
    valley,
)
from gradproof.theory.errors import ParameterError


def test_a_piecewise_linear_function():
    f = PiecewiseLinear((F(-1), F(0), F(2)), (F(-3), F(-1), F(1), F(5)))
    assert [f(w) for w in (-2, -1, 0, 1, 2, 3)] == [4, 1, 0, 1, 2, 7]
    assert f.expected(0, fair_sign(2)) == 3
    shifted = PiecewiseLinear((F(1),), (F(-2), F(1)))  # the kink is not at 0
    assert [shifted(w) for w in (-1, 0, 1, 2)] == [2, 0, -2, -1]


def test_the_best_bias_under_two_points():
    for c, p, dbar in ((F(3), F(1), F(1)), (F(3, 2), F(2), F(1, 4))):
        V, law = valley(c, p), fair_sign(dbar)
        assert V.least_expected(law) == (p * dbar, dbar, dbar)
        assert V.expected(0, law) == (1 + c) * p * dbar / 2
    assert valley(1, 1).least_expected(fair_sign(1)) == (1, -1, 1)  # symmetric: no bias is needed


def test_the_best_bias_with_two_curvatures():
    assert least_expected_bowl(1, 4, [F(1, 2), F(-1, 2)]) == (F(1, 5), F(3, 10), F(3, 10))
    assert (bowl(F(1, 2), 1, 4) + bowl(F(-1, 2), 1, 4)) / 2 == F(5, 16)  # without a bias; the gain is 9/80
    assert F(5, 16) - F(1, 5) == F(9, 80)
    assert least_expected_bowl(2, 2, [F(1), F(-1)]).low == 0


def test_a_histogram_is_a_newsvendor():
    law = Histogram((F(-1), F(0), F(2)), (F(1, 2), F(1, 2)))
    assert law.quantile(F(1, 4)) == F(-1, 2)
    best = -law.quantile(F(1, 4))
    assert law.expected_valley(best, 3, 1) == 1
    assert all(law.expected_valley(best + e, 3, 1) > 1 for e in (F(-1, 100), F(1, 100)))


@pytest.mark.parametrize(("c", "s"), [(3, 1), (F(3, 2), 2), (9, F(1, 4))])
def test_the_best_bias_under_a_gaussian_shift(c, s):
    low, high = newsvendor.best_bias(F(c), F(s))
    quantile = float(s) * norm.ppf(float(c / (1 + F(c))))
    assert float(low) <= quantile <= float(high)
    below, above = newsvendor.expected_loss(F(quantile), F(c), F(2), F(s))
    assert float(below) == pytest.approx(2 * float((1 + c) * s) * norm.pdf(quantile / float(s)), rel=1e-12)
    assert 0 <= above - below < F(1, 10**40)


def test_values_of_the_gaussian_case():
    low, high = newsvendor.best_bias(F(3), F(1), halfwidth=F(1, 10**13))
    assert f"{float(low):.11f}" == f"{float(high):.11f}" == "0.67448975020"
    gain = newsvendor.expected_loss(F(0), F(3), F(1), F(1))[0] - newsvendor.expected_loss(low, F(3), F(1), F(1))[1]
    assert f"{float(gain):.12f}" == "0.324662830869"


def test_what_is_refused():
    with pytest.raises(ParameterError, match="increasing kinks"):
        PiecewiseLinear((F(1), F(0)), (F(0), F(1), F(2)))
    with pytest.raises(ParameterError, match="no minimum"):
        PiecewiseLinear((F(0),), (F(1), F(2))).least_expected(fair_sign(1))
    with pytest.raises(ParameterError, match="sum 1"):
        Histogram((F(0), F(1)), (F(1, 2),))
    with pytest.raises(ParameterError, match="need c, p, s > 0"):
        newsvendor.expected_loss(F(0), F(0), F(1), F(1))
    with pytest.raises(newsvendor.NotBracketed):
        newsvendor.best_bias(F(3), F(1), halfwidth=F(1, 10**30))
